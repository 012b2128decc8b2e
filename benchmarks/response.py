"""One HTTP/1.1 response, read as its bytes come: where it ends, and whether it broke off before (RFC 9112 6 and 7).

It knows Content-Length, chunks and an end by closing; no trailers with a meaning, no compression. It is on the path of
every request that is timed, so it looks for the few things it needs instead of reading every field.
"""

from __future__ import annotations

from typing import Final

_LINE: Final = b"\r\n"
_LENGTH: Final = b"\r\ncontent-length:"


class BrokenResponseError(Exception):
    """The connection ended before the response did, or what came is no HTTP."""


class Response:
    """A response on its way; ``status`` and ``closes`` mean something once its head is whole."""

    __slots__ = ("_buffer", "_chunks", "_end", "_head", "_position", "closes", "head", "status")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head = -1
        #: Where the body ends in the buffer; -1: when the connection does.
        self._end = -1
        #: The pieces of a chunked body, None where the body is not chunked.
        self._chunks: list[bytes] | None = None
        self._position = 0
        self.head = b""
        self.status = 0
        self.closes = False

    def feed(self, piece: bytes) -> bool:
        """Take what has come (nothing: the connection has ended); True once the response is whole.

        Raises BrokenResponseError if it can no longer become whole.
        """
        if not piece:
            return self._closed()
        self._buffer += piece
        if self._head < 0 and not self._read_head():
            return False
        if self._chunks is not None:
            return self._read_chunks(self._chunks)
        return 0 <= self._end <= len(self._buffer)

    @property
    def empty(self) -> bool:
        """Whether nothing has come."""
        return not self._buffer

    def body(self) -> bytes:
        """What has come of the body."""
        if self._chunks is not None:
            return b"".join(self._chunks)
        return bytes(self._buffer[self._head :]) if self._head >= 0 else b""

    def _closed(self) -> bool:
        self.closes = True
        if self._head < 0 or self._chunks is not None or self._end >= 0:
            raise BrokenResponseError("the connection ended in the middle of a response")
        return True

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._head = self._position = end + 4
        self.head = bytes(self._buffer[:end])
        low = self.head.lower()
        try:
            self.status = int(self.head[9:12])
            self.closes = b"\r\nconnection: close" in low or low.startswith(b"http/1.0")
            if b"\r\ntransfer-encoding: chunked" in low:
                self._chunks = []
            elif (place := low.find(_LENGTH)) >= 0:
                self._end = self._head + int(low[place + len(_LENGTH) :].partition(_LINE)[0])
        except ValueError as problem:
            raise BrokenResponseError(f"no HTTP: {self.head[:100]!r}") from problem
        return True

    def _read_chunks(self, chunks: list[bytes]) -> bool:
        buffer = self._buffer
        while (line := buffer.find(_LINE, self._position)) >= 0:
            try:
                size = int(buffer[self._position : line].split(b";")[0], 16)
            except ValueError as problem:
                raise BrokenResponseError("what should be the size of a chunk is none") from problem
            after = line + 2 + size + 2
            if size == 0:
                return buffer.endswith(b"\r\n\r\n")
            if len(buffer) < after:
                return False
            chunks.append(bytes(buffer[line + 2 : after - 2]))
            self._position = after
        return False
