"""What the front, the holder and its workers say to each other over a Unix socket: frames of a head and a body.

A frame is two big-endian lengths (head 4 bytes, body 8 bytes), the head as MessagePack, the body as it is, and one
byte that ends it. A worker can be killed while it sends, and the holder then says so on the same connection: without
that byte, what the holder says could be taken for the end of an answer. It knows no SPARQL and no sockets beyond
sending and receiving all of a frame.
"""

from __future__ import annotations

import socket
import struct
from typing import Literal

import msgspec

from graph.formats import Format, format_named
from graph.query.engine import Dataset, QueryForm, QueryRequest

LENGTHS = struct.Struct(">IQ")
RECEIVED_BYTES = 65536
END, END_OF_ENDED = 0xFF, 0xFE
"""The last byte of a frame: ``Ended`` has another one, and none of its bytes is the one of the others."""


FailureKind = Literal["syntax", "refused", "format", "result", "memory", "full", "storage", "engine"]


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Front to worker: one query; its text is the body."""

    form: QueryForm
    format: str
    base: str
    dataset: Dataset
    clauses: Dataset
    uses_graphs: bool


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Worker to front, once: who it is and which release it answers from."""

    pid: int
    release: str


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """Worker to front: the answer is the body, or the spool file.

    ``last`` when the worker ends after it; ``columns`` where they answered it and not the engine.
    """

    spool: str | None
    digest: str
    last: bool
    columns: bool = False


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Worker to front: no answer; ``kind`` says which error, the rest are its fields."""

    kind: FailureKind
    problem: str
    line: int | None = None
    column: int | None = None
    last: bool = False
    form: str = ""


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """Holder to front: the worker is dead; ``signal`` is what killed it, 0 where it ended by itself.

    ``words`` is what the engine said at last, ASCII and short: no length in this frame may be a byte that ends another.
    """

    signal: int
    words: str = ""


Frame = Ask | Hello | Answered | Failed | Ended
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


def pack(frame: Frame, body: bytes = b"") -> bytes:
    """Return a frame as bytes."""
    head = _encoder.encode(frame)
    end = END_OF_ENDED if type(frame) is Ended else END
    return b"".join((LENGTHS.pack(len(head), len(body)), head, body, end.to_bytes()))


def length(data: bytes | bytearray) -> int:
    """Return how many bytes the frame has that ``data`` begins; at least ``LENGTHS.size`` bytes are there."""
    head_size, body_size = LENGTHS.unpack_from(data)
    return int(LENGTHS.size + head_size + body_size + 1)


def unpack(data: bytes | bytearray) -> tuple[Frame, bytes] | None:
    """Return a frame and its body from all its bytes, or None where its end is not its own."""
    if data[-1] not in (END, END_OF_ENDED):
        return None
    start = LENGTHS.size + LENGTHS.unpack_from(data)[0]
    try:
        frame: Frame = _decoder.decode(data[LENGTHS.size : start])
    except msgspec.DecodeError:
        return None
    if (data[-1] == END_OF_ENDED) is not (type(frame) is Ended):
        return None
    return frame, bytes(data[start:-1])


def receive(connection: socket.socket) -> tuple[Frame, bytes] | None:
    """Return the next frame and its body, or None where the other side has closed.

    The other side sends a frame only after the one before it was answered, so nothing is read too far.
    """
    data = connection.recv(RECEIVED_BYTES)
    while 0 < len(data) < LENGTHS.size:
        data += _some(connection, LENGTHS.size - len(data))
    if not data:
        return None
    parts, missing = [data], length(data) - len(data)
    while missing > 0:
        parts.append(_some(connection, missing))
        missing -= len(parts[-1])
    found = unpack(data if len(parts) == 1 else b"".join(parts))
    if found is None:
        raise ConnectionResetError
    return found


def ask(request: QueryRequest) -> bytes:
    """Return a query request as a packed frame."""
    head = Ask(request.form, request.format.name, request.base, request.dataset, request.clauses, request.uses_graphs)
    return pack(head, request.text.encode())


def asked(head: Ask, body: bytes) -> QueryRequest:
    """Return the query request that a frame carries."""
    form: Format | None = format_named(head.format)
    assert form is not None  # noqa: S101  the front sends names of ours
    return QueryRequest(body.decode(), head.form, form, head.base, head.dataset, head.clauses, head.uses_graphs)


def _some(connection: socket.socket, most: int) -> bytes:
    data = connection.recv(min(most, 1 << 20))
    if not data:
        raise ConnectionResetError
    return data
