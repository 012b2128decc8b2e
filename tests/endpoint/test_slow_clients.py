"""Clients that read slowly, or not at all, or send half of what they promise: they hold nothing that others need."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from itertools import combinations
from tempfile import TemporaryFile

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from writing import Write

from endpoint.current import Snapshot
from endpoint.gateway import BODY_SECONDS
from endpoint.http.problems import ProblemError
from endpoint.sparql.exchanges import LEAST_RATE, PIECE, ClientGoneError, Delivery, Exchange, Message
from endpoint.sparql.protocol import LONG, QueryReader
from endpoint.things.representations import AT_A_TIME, WRITTEN_HERE, GraphDocuments, SharedFile, size_of
from endpoint.threads import HALF_LIFE, Threads, Turns
from graph.export.documents import write_graph
from graph.model.errors import EngineUnavailableError, FormatError, QuerySyntaxError
from graph.model.formats import N_TRIPLES, RDF_XML, TRIPLE_FORMATS
from graph.model.processes import Bounds
from graph.model.publication import open_publication
from graph.pipeline.build import build
from graph.query.sparql.guard import ReaderOptions
from tests.endpoint.serving import Served, client, serving, write

SEND_SECONDS = 1.0
LARGE = "".join(f'<http://e/{number}> <http://e/p> "{"x" * 200}" .\n' for number in range(40_000))
EVERYTHING = "/sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A publication with a graph that no socket's buffers hold."""
    files = {"hamkor.toml": f"[limits]\nsend_seconds = {SEND_SECONDS}", "data/large.nt": LARGE}
    with serving(write(tmp_path_factory.mktemp("large"), files)) as running:
        yield running


def asked(served: Served, path: str, address: str, accept: str = "application/n-triples") -> socket.socket:
    """A connection on which something has been asked for, and nothing is read."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.settimeout(60)
    head = (
        f"GET {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {address}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(head.encode())
    return connection


def length_until_closed(connection: socket.socket) -> int:
    size = 0
    while piece := connection.recv(1 << 20):
        size += len(piece)
    return size


def test_whoever_reads_nothing_stops_nobody_s_page_and_is_given_up(large: Served) -> None:
    paths = ("/graph/large", EVERYTHING, "/downloads/all.nq.gz", "/graph/large")
    with ExitStack() as stack:
        silent = [stack.enter_context(asked(large, paths[each % 4], f"198.51.100.{each // 8}")) for each in range(32)]
        time.sleep(0.5)
        with client(60) as other:
            for page in ("/", "/graphs", "/sparql?query=ASK%7B%7D"):
                answer = other.get(large.url + page, headers={"X-Forwarded-For": "203.0.113.1", "Accept": "text/html"})
                assert answer.status_code == 200
        for connection in silent[:2]:
            assert connection.recv(1, socket.MSG_PEEK)  # it has been made, and is being sent
        time.sleep(SEND_SECONDS + PIECE / LEAST_RATE + 1)
        for connection in silent[:2]:
            assert length_until_closed(connection) < len(LARGE)


def test_whoever_reads_slowly_gets_everything(large: Served) -> None:
    with asked(large, "/graph/large", "198.51.100.9") as connection:
        size, begun = 0, time.monotonic()
        while piece := connection.recv(1 << 18):
            size += len(piece)
            if time.monotonic() - begun < 2 * SEND_SECONDS:
                time.sleep(0.2)
    assert size > len(LARGE)


def sent(served: Served, head: str, body: bytes, address: str) -> socket.socket:
    """A connection on which a request has been sent, or a part of one."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), 60)
    connection.sendall(f"{head}\r\nHost: a\r\nX-Forwarded-For: {address}\r\nConnection: close\r\n\r\n".encode() + body)
    return connection


def status_of(connection: socket.socket) -> int:
    return int(connection.recv(1 << 16).split(b" ")[1])


def test_half_a_body_is_waited_for_some_seconds_and_no_more(large: Served) -> None:
    fields = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 2000000"
    begun = time.monotonic()
    with ExitStack() as stack:
        halves = [
            stack.enter_context(
                sent(large, f"POST {path} HTTP/1.1\r\n{fields}", b"x=" + b"x" * 500_000, f"192.0.2.{each}")
            )
            for path in ("/sparql", "/reconcile", "/query")
            for each in range(4)
        ]
        with client(60) as other:
            others = {"X-Forwarded-For": "203.0.113.1", "Accept": "text/html"}
            assert other.get(large.url + "/", headers=others).status_code == 200
            asked = {"query": "ASK {}"}
            assert other.post(large.url + "/sparql", data=asked, headers=others | {"Accept": "*/*"}).status_code == 200
        assert [status_of(each) for each in halves] == [408] * 12
    assert time.monotonic() - begun < BODY_SECONDS, "so long a body may take that comes bit by bit"


def test_half_a_document_keeps_nobody_else_from_sending_theirs(large: Served) -> None:
    head = "POST /validate HTTP/1.1\r\nContent-Type: text/turtle\r\nContent-Length: 2000"
    with ExitStack() as stack, client(60) as other:
        for address in range(8):
            for _ in range(3):
                stack.enter_context(sent(large, head, b"<urn:a> <urn:b> 1 .", f"198.51.100.{10 + address}"))
        time.sleep(0.3)
        headers = {"X-Forwarded-For": "203.0.113.1", "Content-Type": "text/turtle"}
        answer = other.post(large.url + "/validate", content="<urn:a> <urn:b> 1 .", headers=headers)
        assert answer.status_code == 200


def test_long_queries_of_one_client_are_read_in_turn_and_once(large: Served) -> None:
    text = "SELECT * { ?s ?p ?o FILTER(" + " || ".join(f"?o = {number}" for number in range(20_000)) + " }"
    form = "application/sparql-query"
    with ThreadPoolExecutor(8) as threads, client(60) as many, client(60) as other:

        def malformed(number: int) -> int:
            headers = {"X-Forwarded-For": "198.51.100.4", "Content-Type": form, "Accept": "text/html, */*;q=0.1"}
            return many.post(large.url + "/sparql", content=f"{text} #{number}", headers=headers).status_code

        waiting = [threads.submit(malformed, number) for number in range(8)]
        time.sleep(0.5)
        begun = time.monotonic()
        headers = {"X-Forwarded-For": "203.0.113.1", "Content-Type": form}
        assert other.post(large.url + "/sparql", content=f"{text} #mine", headers=headers).status_code == 400
        mine = time.monotonic() - begun
        assert not all(each.done() for each in waiting), "others' queries are not to be done first"
        assert [each.result() for each in waiting] == [400] * 8
        assert mine < (time.monotonic() - begun) * 0.7


@pytest.mark.parametrize("path", ["/", "/sparql?query=ASK%7B%7D", "/graph/large"])
@pytest.mark.parametrize("name", ["Accept-Language", "Authorization", "If-None-Match", "X-Odd"])
def test_header_fields_that_nobody_means_are_not_read(large: Served, path: str, name: str) -> None:
    answer = large.get(path, "*/*", headers={name: ", ".join(["uz-Latn;q=0.5"] * 8_000)})
    assert answer.status_code == 431


def test_the_next_turn_is_of_who_has_had_least_lately() -> None:
    async def order() -> list[str]:
        now, done = 0.0, list[str]()
        turns = Turns(1, lambda: now)

        async def work(client: str, seconds: float) -> None:
            nonlocal now
            async with turns.taken(client):
                await asyncio.sleep(0)
                now += seconds
                done.append(client)

        many = [work("flood", 1.0) for _ in range(4)]
        await asyncio.gather(work("once", 0.5), *many, work("new", 0.1), work("once", 0.1), work("new", 0.1))
        return done

    assert asyncio.run(order()) == ["once", "flood", "new", "new", "once", "flood", "flood", "flood"]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0.001, 5), st.floats(0, 20)), min_size=1, max_size=20))
def test_who_has_had_least_is_who_has_had_least_by_the_sum(had: list[tuple[str, float, float]]) -> None:
    now, sums = 0.0, dict.fromkeys("abcd", 0.0)
    turns = Turns(1, lambda: now)
    for who, seconds, pause in had:
        turns._count(who, seconds)
        sums[who] += seconds
        now += pause
        sums = {each: sum_ * 0.5 ** (pause / HALF_LIFE) for each, sum_ in sums.items()}
    for one, other in combinations("abcd", 2):
        if abs(sums[one] - sums[other]) > 1e-9:
            assert (turns._score(one) < turns._score(other)) == (sums[one] < sums[other])


def test_who_gives_up_waiting_loses_nobody_s_turn() -> None:
    async def after() -> str:
        turns = Turns(1)
        async with turns.taken("a"):
            waiting = [asyncio.ensure_future(turns.taken(each).__aenter__()) for each in ("b", "c")]
            await asyncio.sleep(0)
            waiting[0].cancel()
        async with asyncio.timeout(5):
            await waiting[1]
        return "c had its turn"

    assert asyncio.run(after()) == "c had its turn"


def test_a_large_graph_is_written_once_however_many_ask_for_it(large: Served) -> None:
    publication = open_publication(large.folder)
    documents = GraphDocuments(Snapshot(publication, large.release, None))
    with ThreadPoolExecutor(4) as threads:
        files = list(threads.map(lambda _: documents.document(publication.graph("large"), N_TRIPLES), range(4)))
    assert len({each._file for each in files}) == 1  # type: ignore[attr-defined]
    contents = [each.read().decode() for each in files]
    assert len(set(contents)) == 1
    assert sorted(contents[0].splitlines()) == sorted(LARGE.splitlines())


def test_what_a_process_writes_is_what_would_be_written_here(publication: Write) -> None:
    lines = (
        f'<http://e/{each}> <http://e/p> "{each}"@en--ltr , <http://e/{each // 7}> .' for each in range(WRITTEN_HERE)
    )
    ours = publication({"data/many.ttl": "\n".join(lines), "data/odd.nt": "<http://e/1> <http://e/1> <http://e/1> ."})
    documents = GraphDocuments(Snapshot(ours, build(ours), None))
    for form in TRIPLE_FORMATS:
        with documents.document(ours.graph("many"), form) as file, BytesIO() as here:
            write_graph(
                documents._release.read_graph(ours.graph("many")), here, form, documents._prefixes, directions=False
            )
            assert isinstance(file, SharedFile)
            assert file.read() == here.getvalue()
    with pytest.raises(FormatError):
        documents.document(ours.graph("odd"), RDF_XML)


def test_who_asks_for_a_document_that_others_have_made_is_not_kept_waiting_for_ever(publication: Write) -> None:
    ours = publication({
        "hamkor.toml": "[limits]\nquery_seconds = 0.1",
        "data/many.nt": "".join(f"<http://e/{each}> <http://e/1> <http://e/2> .\n" for each in range(WRITTEN_HERE + 1)),
    })  # fmt: skip
    documents = GraphDocuments(Snapshot(ours, build(ours), None))
    with ExitStack() as stack:
        for _ in range(AT_A_TIME):
            stack.enter_context(documents._taken(documents._at_work, ""))
        stack.enter_context(pytest.raises(ProblemError, match="is being made; ask again"))
        documents.document(ours.graph("many"), N_TRIPLES)
    with pytest.raises(FormatError):  # the process says so
        documents.document(ours.graph("many"), RDF_XML)
    assert size_of(documents.document(ours.graph("many"), N_TRIPLES)) > WRITTEN_HERE


def test_a_file_is_read_by_many_from_places_of_their_own() -> None:
    with TemporaryFile() as file:
        file.write(b"0123456789")
        one, other = SharedFile(file), SharedFile(file)
        assert (one.read(4), other.read(2), one.read()) == (b"0123", b"01", b"456789")
        one.close()
        assert other.seek(-3, 2) == 7
        assert (other.read(), other.read(1)) == (b"789", b"")


@pytest.mark.parametrize("path", ["/reconcile", "/sparql", "/graph/a", "/validate", "/query"])
def test_who_sends_more_than_is_read_is_told_that_the_connection_ends(large: Served, path: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with client(60) as sending:
        long = sending.post(large.url + path, content=b"query=" + b"x" * (70 << 20), headers=headers)
        assert long.status_code in (401, 413, 415)
        assert long.headers["Connection"] == "close"
        assert "Connection" not in sending.get(f"{large.url}/health").headers


def test_a_long_query_of_whoever_has_gone_is_not_read_and_others_are_read_once() -> None:
    options = ReaderOptions({}, "http://e/")
    long = "SELECT * { ?s ?p " + "?o ; ?p " * LONG
    reader = QueryReader(Bounds(60, 1024))
    with pytest.raises(EngineUnavailableError):
        reader.read(long, "a", options, has_gone=lambda: True)
    with pytest.raises(QuerySyntaxError) as first:
        reader.read(long, "a", options)
    with pytest.raises(QuerySyntaxError) as here:
        options.of(long)
    assert first.value == here.value
    with pytest.raises(QuerySyntaxError):  # it is known: nobody asks whether the client is there
        reader.read(long, "b", options, has_gone=lambda: True)
    good = f"ASK {{}} # {'x' * LONG}"
    assert reader.read(good, "a", options) == options.of(good)


def test_no_page_is_made_for_whoever_has_gone() -> None:
    made, received, sent = list[str](), list[Message](), list[Message]()

    async def receive() -> Message:
        return received.pop() if received else await asyncio.Event().wait() or {}

    async def send(message: Message) -> None:
        sent.append(message)

    async def asked(*, goes: bool) -> None:
        app = Flask("made")
        app.add_url_rule("/", view_func=lambda: made.append("page") or "page")
        scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [],
                 "server": ("a", 80), "http_version": "1.1", "scheme": "http", "client": ("b", 1)}  # fmt: skip
        exchange = Exchange(scope, receive, send, Delivery(1))
        threads = Threads(app, Delivery(1), count=1)
        async with exchange.watched():
            received.extend([{"type": "http.disconnect"}] * goes)
            await asyncio.sleep(0)
            await threads.answer(exchange, receive, send, 1, is_read=True)

    with pytest.raises(ClientGoneError):
        asyncio.run(asked(goes=True))
    assert not made
    asyncio.run(asked(goes=False))
    assert made == ["page"]
