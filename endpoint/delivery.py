"""How a response leaves: piece by piece, each within a time, so that who reads slowly holds nothing for long.

A client has some seconds, and one more for each 32 KiB of a piece. It makes no response and knows no request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

PIECE = 1 << 17
LEAST_RATE = 1 << 15
"""Bytes a second: 256 kbit/s, less than a telephone has at the edge of a network."""

log = logging.getLogger("hamkor")
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


class TooSlowError(ConnectionError):
    """A client has not taken in time what was sent to it; its connection is given up."""


class ClientGoneError(ConnectionError):
    """A client has gone before anything was made for it; nothing is."""


@dataclass
class Delivery:
    """How patient one service is.

    Attributes:
        seconds: how long a client may take nothing (``limits.send_seconds``).
        given_up: how often a client was too slow.
    """

    seconds: float
    given_up: int = field(default=0)

    async def send(self, send: Send, message: Message) -> None:
        """Send a part of a body, in pieces.

        Raises:
            TooSlowError: the client does not take it at the least rate.
        """
        body: bytes = message.get("body", b"")
        more: bool = message.get("more_body", False)
        if len(body) <= PIECE and not more:
            await send(message)  # the server takes a response of one piece at once
            return
        view = memoryview(body)
        for start in range(0, len(body) or 1, PIECE):
            piece = bytes(view[start : start + PIECE])
            is_last = start + PIECE >= len(body)
            part = {"type": "http.response.body", "body": piece, "more_body": more or not is_last}
            try:
                async with asyncio.timeout(self.seconds + len(piece) / LEAST_RATE):
                    await send(part)
            except TimeoutError:
                self.given_up += 1
                raise TooSlowError(f"a client took nothing for {self.seconds:g} seconds") from None
