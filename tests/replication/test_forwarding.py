"""What a copy hands on to its publisher, byte by byte: over real sockets, to a publisher that says what it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from endpoint.http.problems import ProblemError
from endpoint.replication.publisher_forward import PublisherForward
from endpoint.sparql.exchanges import ClientGoneError, Delivery, Exchange, Headers, Message
from graph.model.errors import HamkorError, QueryLimitError, SettingError
from graph.model.publication import Publication, ReplicaOrigin
from graph.model.settings import LimitSettings, ReplicationSettings, Settings, read_settings
from tests.endpoint.serving import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
MIB = 1 << 20


@dataclass
class Told:
    """What the publisher got, and what the client did."""

    received: bytes = b""
    status: int = 0
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    error: Exception | None = None

    def sent(self, name: str) -> list[str]:
        """The values of a header that the publisher got."""
        lines = self.received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        fields = [line.split(": ", 1) for line in lines]
        return [value for key, value in fields if key.lower() == name]

    def got(self, name: bytes) -> list[bytes]:
        """The values of a header that the client got."""
        return [value for key, value in self.headers if key == name]


def way(url: str, folder: Path, **limits: float) -> PublisherForward:
    settings = Settings(
        replication=ReplicationSettings(publisher=url, forward=True),
        limits=LimitSettings(**limits),  # type: ignore[arg-type]
    )
    return PublisherForward(Publication(folder, settings, origin=ReplicaOrigin("file:///x")), Delivery(5))


def handed_on(
    folder: Path, answers: Sequence[bytes] = (OK,), *, method: str = "PUT", target: str = "/graph/a",
    headers: dict[str, str] | None = None, parts: Sequence[bytes] = (b"body",), breaks_off: bool = False,
    root: str = "", below: str = "/", waits: bool = False, at_once: bool = False, **limits: float,
) -> Told:  # fmt: skip
    """Hand a request on to a publisher that answers with some bytes, once, and ends; say what all have seen."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http", "method": method, "scheme": "https", "root_path": root, "path": root + path,
        "raw_path": (root + path).encode(), "query_string": query.encode(), "client": ("198.51.100.7", 1),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
    }  # fmt: skip
    body: list[Message] = [{"type": "http.request", "body": each, "more_body": True} for each in parts]
    body[-1]["more_body"] = breaks_off
    return asyncio.run(
        _asked(
            scope,
            body,
            Publisher(answers, waits=waits, at_once=at_once),
            lambda url: way(url + below, folder, **limits),
        )
    )


class Publisher:
    """Reads a request, or its beginning, and answers with some bytes; it may wait before it ends the connection."""

    def __init__(self, answers: Sequence[bytes], *, waits: bool, at_once: bool) -> None:
        self._answers, self._waits, self._at_once = answers, waits, at_once
        self.received, self.ended = b"", asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not _is_whole(self.received) and (part := await reader.read(MIB)):
            self.received += part
            if self._at_once:
                break
        for answer in self._answers:
            writer.write(answer)
            await writer.drain()
        if self._waits:
            await self.ended.wait()
        writer.close()


async def _asked(
    scope: dict[str, Any], body: list[Message], publisher: Publisher, opened: Callable[[str], PublisherForward]
) -> Told:
    told = Told()

    async def receive() -> Message:
        if not body:
            raise ProblemError("bad-request", "the body breaks off")  # as ``endpoint.gateway.arriving`` says it
        return body.pop(0)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            told.status, told.headers = message["status"], message["headers"]
        told.body += message.get("body", b"")

    async with await asyncio.start_server(publisher, "127.0.0.1", 0) as server:
        forward = opened(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        try:
            await forward.answer(Exchange(scope, receive, send, Delivery(5)), receive, send)
        except (HamkorError, ClientGoneError) as problem:
            told.error = problem
        publisher.ended.set()
    told.received = publisher.received
    return told


def _is_whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        return body.endswith(b"0\r\n\r\n")
    length = lowered.partition(b"content-length: ")[2].split(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


def kind_of(told: Told) -> str:
    assert isinstance(told.error, ProblemError), told
    return told.error.problem.kind


@pytest.mark.parametrize(
    ("target", "root", "below", "line"),
    [("/graph/ngo/a", "", "/", b"PUT /graph/ngo/a HTTP/1.1"),
     ("/graphs?graph=http%3A%2F%2Fe%2Fa&x=%20", "", "/", b"PUT /graphs?graph=http%3A%2F%2Fe%2Fa&x=%20 HTTP/1.1"),
     ("/graph/a%2Fb/%D0%B0", "", "/", b"PUT /graph/a%2Fb/%D0%B0 HTTP/1.1"),
     ("/graph/a", "/kg", "/", b"PUT /graph/a HTTP/1.1"),
     ("/graph/a", "/kg", "/data/kg/", b"PUT /data/kg/graph/a HTTP/1.1")],
)  # fmt: skip
def test_the_target_is_the_clients_byte_by_byte(
    tmp_path: Path, target: str, root: str, below: str, line: bytes
) -> None:
    assert handed_on(tmp_path, target=target, root=root, below=below).received.split(b"\r\n")[0] == line


def test_fields_for_one_connection_end_here_and_all_others_go_on(tmp_path: Path) -> None:
    told = handed_on(
        tmp_path,
        headers={
            "Host": "data.example", "Authorization": "Bearer t", "If-Match": '"x"', "Accept-Encoding": "br",
            "Via": "1.1 a",
            "Connection": "close, X-Mine", "X-Mine": "1", "Keep-Alive": "1", "TE": "trailers", "Upgrade": "h2c",
            "Proxy-Authorization": "p", "Expect": "100-continue", "Cookie": "a=b",
        },
        root="/kg",
    )  # fmt: skip
    kept = {"authorization": "Bearer t", "if-match": '"x"', "accept-encoding": "br", "cookie": "a=b"}
    assert {name: told.sent(name) for name in kept} == {name: [value] for name, value in kept.items()}
    gone = ("x-mine", "keep-alive", "te", "upgrade", "proxy-authorization", "expect", "user-agent", "accept")
    assert {name: told.sent(name) for name in gone} == {name: [] for name in gone}
    seen = {"for": "198.51.100.7", "proto": "https", "host": "data.example", "prefix": "/kg"}
    assert {name: told.sent(f"x-forwarded-{name}") for name in seen} == {name: [value] for name, value in seen.items()}
    assert told.sent("host")[0].startswith("127.0.0.1:")
    assert told.sent("connection") == ["close"]
    assert told.sent("via")[0].startswith("1.1 a, 1.1 hamkor-")


def test_an_answer_comes_back_as_it_is_and_redirects_are_not_followed(tmp_path: Path) -> None:
    told = handed_on(
        tmp_path,
        [b"HTTP/1.1 303 See Other\r\nLocation: /proposal/~x\r\nETag: \"a\"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
         b"Connection: x-hop\r\nX-Hop: 1\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
         b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"],
    )  # fmt: skip
    assert (told.status, told.body, told.error) == (303, b"abcde", None)
    assert told.got(b"location") == [b"/proposal/~x"]
    assert told.got(b"set-cookie") == [b"a=1", b"b=2"]
    assert told.got(b"content-encoding") == [b"gzip"]
    assert [told.got(name) for name in (b"connection", b"x-hop", b"transfer-encoding")] == [[], [], []]
    assert told.got(b"via")[0].startswith(b"1.1 hamkor-")


def test_an_answer_that_comes_before_the_body_has_ended_is_handed_back_at_once(tmp_path: Path) -> None:
    refused = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
    told = handed_on(tmp_path, [refused], parts=[b"a" * MIB] * 40, at_once=True)
    assert (told.status, told.body, told.error) == (401, b"no", None)
    assert told.got(b"connection") == [b"close"]
    assert len(told.received) < MIB


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_answers_without_a_body_end(tmp_path: Path, status: bytes) -> None:
    assert handed_on(tmp_path, [b"HTTP/1.1 " + status + b"\r\n\r\n"], method="DELETE", parts=[b""]).body == b""


def test_a_large_body_goes_on_piece_by_piece_and_keeps_its_length(tmp_path: Path) -> None:
    told = handed_on(tmp_path, headers={"Content-Length": "300000"}, parts=[b"a" * 100_000] * 3)
    assert told.sent("content-length") == ["300000"]
    assert told.received.endswith(b"\r\n\r\n" + b"a" * 300_000)


def test_a_body_without_a_length_is_chunked(tmp_path: Path) -> None:
    told = handed_on(tmp_path, parts=[b"abc", b"def"])
    assert told.sent("transfer-encoding") == ["chunked"]
    assert told.received.endswith(b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")


def test_a_body_that_breaks_off_is_never_whole_at_the_publisher(tmp_path: Path) -> None:
    told = handed_on(tmp_path, parts=[b"abc"], breaks_off=True)
    assert kind_of(told) == "bad-request"
    assert b"0\r\n\r\n" not in told.received


def test_a_body_that_is_too_large_is_no_longer_handed_on(tmp_path: Path) -> None:
    told = handed_on(tmp_path, parts=[b"a" * MIB, b"b"], upload_mb=1)
    assert isinstance(told.error, QueryLimitError)
    assert told.error.limit == "limits.upload_mb"


def test_where_the_publisher_is_away_nothing_was_written_and_its_said_when_to_come_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forward = way(f"http://127.0.0.1:{free_port()}/", tmp_path)

    async def ask() -> None:
        for _ in range(2):
            exchange = Exchange(
                {"type": "http", "method": "POST", "path": "/proposal/~secret", "raw_path": b"/proposal/~secret",
                 "query_string": b"", "headers": [(b"authorization", b"Bearer token")], "client": ("::1", 1)},
                _nothing, _dropped, Delivery(5),
            )  # fmt: skip
            with pytest.raises(ProblemError) as told:
                await forward.answer(exchange, _nothing, _dropped)
            assert (told.value.problem.kind, told.value.problem.headers) == ("publisher-away", {"Retry-After": "5"})

    with caplog.at_level(logging.INFO, "hamkor"):
        asyncio.run(ask())
    assert len(caplog.records) == 1
    assert not any(word in caplog.text for word in ("secret", "token", "Bearer"))


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _dropped(_: Message) -> None: ...


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_an_answer_that_is_none_is_told(tmp_path: Path, answer: bytes) -> None:
    told = handed_on(tmp_path, [answer])
    assert kind_of(told) == "publisher-silent"
    assert isinstance(told.error, ProblemError)
    assert told.error.problem.status == 502
    assert told.error.problem.headers == {"Retry-After": "5"}


def test_an_answer_that_does_not_come_ends_at_the_deadline(tmp_path: Path) -> None:
    assert kind_of(handed_on(tmp_path, [], waits=True, upload_seconds=0.1)) == "publisher-silent"


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    told = handed_on(tmp_path, [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"])
    assert (told.status, told.body) == (200, b"hi")
    assert isinstance(told.error, ClientGoneError)


@pytest.mark.parametrize(
    ("via", "goes_on"),
    [("1.1 nginx, 1.0 squid (x)", True),
     ("1.1 hamkor-00000001", True),
     ("1.1 hamkor-00000001, 1.1 nginx, HTTP/1.1 hamkor-00000002,1.1 hamkor-00000003, 2 hamkor-00000004", False)],
)  # fmt: skip
def test_copies_that_hand_on_to_one_another_are_recognised(tmp_path: Path, via: str, goes_on: bool) -> None:
    told = handed_on(tmp_path, headers={"Via": via})
    if goes_on:
        assert (told.status, told.error) == (200, None)
    else:
        assert kind_of(told) == "forwarding-loop"
        assert told.received == b""


@pytest.mark.parametrize(
    ("text", "words"),
    [("forward = true", "nobody whom the storage names"),
     ('forward = true\npublisher = "http://data.example/"', "without TLS"),
     ('forward = true\npublisher = "http://127.0.0.1.example/"', "without TLS")],
)  # fmt: skip
def test_tokens_go_to_whom_the_settings_name_and_not_in_the_open(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "hamkor.toml").write_text(f"[replication]\n{text}\n")
    with pytest.raises(SettingError, match=words):
        read_settings(tmp_path / "hamkor.toml")


@pytest.mark.parametrize("url", ["https://data.example/kg/", "http://127.0.0.1:8000/", "http://[::1]:8000/"])
def test_these_are_addresses_to_hand_on_to(tmp_path: Path, url: str) -> None:
    (tmp_path / "hamkor.toml").write_text(f'[replication]\nforward = true\npublisher = "{url}"\n')
    assert read_settings(tmp_path / "hamkor.toml").replication.forward
