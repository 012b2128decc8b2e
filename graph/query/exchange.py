"""One HTTP exchange on a connection that somebody else opened: a request is read, a response is written, no more.

It knows no routes. h11 reads and writes the protocol (RFC 9112); this moves the bytes.
"""

from __future__ import annotations

import asyncio

import h11

PIECE = 1 << 16


class Exchange:
    """The answering end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a fresh connection."""
        self._reader, self._writer = reader, writer
        self._protocol = h11.Connection(h11.SERVER)

    async def request(self) -> h11.Request:
        """Return the request without its body.

        Raises:
            ConnectionResetError: the other side has gone.
            h11.RemoteProtocolError: this is no HTTP.
        """
        event = await self._event()
        if not isinstance(event, h11.Request):
            raise ConnectionResetError
        return event

    async def body(self, most: int) -> bytes | None:
        """Return the body of the request, or None where it has more than ``most`` bytes."""
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > most:
                return None
        return bytes(body)

    async def gone(self) -> None:
        """Return when the other side does not wait for the response any more."""
        await self._reader.read(1)

    async def respond(self, status: int, content_type: str, body: bytes) -> None:
        """Send the whole response; the connection is of no use after it."""
        length = str(len(body))
        headers = [("Content-Type", content_type), ("Content-Length", length), ("Connection", "close")]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            self._writer.write(self._protocol.send(event) or b"")
        await self._writer.drain()

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            self._protocol.receive_data(await self._reader.read(PIECE))
        return event
