"""What goes over the socket between front, holder and worker: whole frames, and never the half of one."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time

import pytest

from graph.model.errors import Quotation, packed
from graph.model.formats import RESULTS_JSON, TURTLE
from graph.model.settings import LimitSettings
from graph.query import frames
from graph.query.engine import Dataset, QueryRequest
from graph.query.frames import (
    Answered,
    Ask,
    Ended,
    Failed,
    Frame,
    Hello,
    WorkerConnection,
    ask,
    asked,
    length,
    pack,
    receive,
    unpack,
)

REQUEST = QueryRequest(
    "SELECT * WHERE { ?s ?p 'Oʻzbekiston 😀' }",
    "SELECT",
    RESULTS_JSON,
    "https://example.org/sparql",
    Dataset(("http://a/1", "http://a/2"), ("http://a/3",)),
    Dataset(("http://a/4",)),
    uses_graphs=False,
)
FRAMES = [
    (Hello(123, "release"), b""),
    (Answered(None, "0f", last=False), b"abc"),
    (Answered("/a/b", "", last=True), b""),
    (Failed("syntax", packed(Quotation("unexpected 'x'")), 3, 14, last=True), b""),
    (Ended(9), b""),
    (Answered(None, "ab" * 16, last=False), bytes(range(256)) * 1200),
]


@pytest.mark.parametrize(("frame", "body"), FRAMES, ids=lambda each: type(each).__name__)
def test_a_frame_and_its_body_arrive_as_they_were_sent(frame: Frame, body: bytes) -> None:
    packed = pack(frame, body)
    assert length(packed[:12]) == len(packed)
    assert unpack(packed) == (frame, body)


@pytest.mark.parametrize(
    "request_",
    [REQUEST, QueryRequest("ASK {}", "ASK", RESULTS_JSON, ""), QueryRequest("DESCRIBE <a:b>", "DESCRIBE", TURTLE, "")],
)
def test_a_request_arrives_with_all_that_it_says(request_: QueryRequest) -> None:
    head, body = unpack(ask(request_)) or (None, b"")
    assert isinstance(head, Ask)
    assert asked(head, body) == request_


@pytest.mark.parametrize("piece", [1, 7, 65_536])
def test_a_frame_is_received_whole_however_it_is_cut(piece: int) -> None:
    here, there = socket.socketpair()
    packed = pack(*FRAMES[-1]) if piece > 1 else pack(Answered(None, "", last=False), b"x" * 1000)

    def send() -> None:
        for start in range(0, len(packed), piece):
            there.sendall(packed[start : start + piece])
        there.close()

    threading.Thread(target=send).start()
    with here:
        assert receive(here) == unpack(packed)
        assert receive(here) is None


def test_a_connection_that_ends_inside_a_frame_is_an_error() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(pack(Answered(None, "0f", last=False), b"abc")[:-1])
        there.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            receive(here)


@pytest.mark.parametrize("ended", [Ended(0), Ended(6), Ended(9), Ended(64), Ended(6, "w" * frames.MOST)])
@pytest.mark.parametrize("body", [b"", b"\xff" * 200, b"{}" * 100], ids=["empty", "all ends", "text"])
def test_what_the_holder_says_of_a_dead_worker_never_completes_its_answer(ended: Ended, body: bytes) -> None:
    answer, said = pack(Answered(None, "", last=False), body), pack(ended)
    for missing in range(1, min(len(said), len(answer) - 12) + 1):
        received = answer[:-missing] + said
        assert unpack(received[: length(received)]) is None, missing


@pytest.mark.parametrize(("works", "counts"), [(True, True), (False, False)], ids=["works", "waits"])
def test_of_a_worker_the_time_counts_in_which_it_works(*, works: bool, counts: bool) -> None:
    loop = asyncio.new_event_loop()
    connection = WorkerConnection(loop, LimitSettings())
    loop.close()
    connection._pid = os.getpid()
    assert connection.worked() == 0
    end = (time.process_time if works else time.monotonic)() + 0.1
    while (time.process_time if works else time.monotonic)() < end:
        if not works:
            time.sleep(0.02)
    assert (connection.worked() >= 0.05) is counts
