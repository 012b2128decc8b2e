"""What the front, the holder and its workers say to each other over a Unix socket: frames of a head and a body.

A frame is two big-endian lengths (head 4 bytes, body 8 bytes), the head as MessagePack, and the body as it is. It
knows no SPARQL and no sockets beyond sending and receiving all of a frame.
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
    """Worker to front: the answer is the body, or the spool file; ``last`` when the worker ends after it."""

    spool: str | None
    size: int
    last: bool


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Worker to front: no answer; ``kind`` says which error, the rest are its fields."""

    kind: Literal["syntax", "refused", "result", "engine"]
    problem: str
    line: int | None = None
    column: int | None = None
    last: bool = False


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """Holder to front: the worker is dead; ``signal`` is what killed it, 0 where it ended by itself."""

    signal: int


Frame = Ask | Hello | Answered | Failed | Ended
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


def pack(frame: Frame, body: bytes = b"") -> bytes:
    """Return a frame as bytes."""
    head = _encoder.encode(frame)
    return LENGTHS.pack(len(head), len(body)) + head + body


def unpack(head: bytes) -> Frame:
    """Return the frame whose head is given."""
    frame: Frame = _decoder.decode(head)
    return frame


def receive(connection: socket.socket) -> tuple[Frame, bytes] | None:
    """Return the next frame and its body, or None where the other side has closed.

    The other side sends a frame only after the one before it was answered, so nothing is read too far.
    """
    data = connection.recv(RECEIVED_BYTES)
    while 0 < len(data) < LENGTHS.size:
        data += _some(connection, LENGTHS.size - len(data))
    if not data:
        return None
    head_size, body_size = LENGTHS.unpack_from(data)
    end = LENGTHS.size + head_size + body_size
    parts, missing = [data], end - len(data)
    while missing > 0:
        parts.append(_some(connection, missing))
        missing -= len(parts[-1])
    whole = data if len(parts) == 1 else b"".join(parts)
    body_start = LENGTHS.size + head_size
    return unpack(whole[LENGTHS.size : body_start]), whole[body_start:end]


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
