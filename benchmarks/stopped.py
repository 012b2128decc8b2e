"""One query that should be stopped: sent, and judged by what came back: an honest error, a whole answer, or neither.

It reads streams to their end without keeping them. It judges what is said, not how long it took.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from dataclasses import dataclass
from typing import Final, Literal

from benchmarks.queries import Query
from benchmarks.servers import Server

_PIECE: Final = 1 << 20
#: Up to this size an answer is read as JSON to tell whether it is whole; beyond, by its end.
_KEPT: Final = 4 << 20

Kind = Literal["error", "answer", "broken", "no end", "no response"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a query ended.

    Attributes:
        name: which query.
        kind: a whole error; a whole answer; a 200 whose body is not whole; still running when patience ended; no
            response at all.
        said: status and reason, shortly.
        seconds: from sending to the end.
    """

    name: str
    kind: Kind
    said: str
    seconds: float

    @property
    def honest(self) -> bool:
        """Whether the client was told the truth."""
        return self.kind in ("error", "answer")


def send(server: Server, query: Query, client: str, patience: float) -> Ending:
    """POST a query as a client with an address of its own and wait for its end, at most ``patience`` seconds."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=patience)
    headers = {
        "Content-Type": "application/sparql-query",
        "Accept": "application/sparql-results+json",
        "X-Forwarded-For": client,
    }

    def cut() -> None:  # a time-out of the socket begins anew with each byte: this one does not
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(patience, cut)
    timer.start()
    kind: Kind
    try:
        kind, said = _exchange(connection, server.path, query.text, headers)
    except (OSError, http.client.HTTPException) as problem:
        kind, said = "no response", type(problem).__name__
    finally:
        timer.cancel()
        connection.close()
    seconds = time.perf_counter() - began
    ended = kind in ("error", "answer") or seconds < patience
    return Ending(query.name, kind if ended else "no end", said, seconds)


def _exchange(
    connection: http.client.HTTPConnection, path: str, text: str, headers: dict[str, str]
) -> tuple[Kind, str]:
    """Send and read to the end."""
    with contextlib.suppress(
        BrokenPipeError, ConnectionResetError
    ):  # refused before all was sent: the response says why
        connection.request("POST", path, text.encode(), headers)
    response = connection.getresponse()
    body, size = bytearray(), 0
    try:
        while piece := response.read(_PIECE):
            size += len(piece)
            body += piece
            if size > _KEPT:
                del body[:-100]
    except (OSError, http.client.HTTPException):
        return "broken", f"{response.status}, broken off after {size / 2**20:.1f} MB"
    if response.status != http.client.OK:
        return "error", f"{response.status} {_reason(bytes(body))}"
    if _is_whole(bytes(body), size):
        return "answer", f"200, {size:,} bytes"
    return "broken", f"200, {size / 2**20:.1f} MB that do not end as JSON does"


def _is_whole(body: bytes, size: int) -> bool:
    if size > _KEPT:
        return body.rstrip().endswith(b"]}}")
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _reason(body: bytes) -> str:
    """What an error names: the limit or type of a problem document (RFC 9457), else the first words of a text."""
    try:
        problem = json.loads(body)
        return str(problem.get("limit") or problem["type"].rpartition("#")[2])
    except (ValueError, KeyError, TypeError, AttributeError):
        return " ".join(body[:200].decode(errors="replace").split())[:60]
