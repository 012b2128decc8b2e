"""Which words of a reverse proxy are believed, and what becomes of those that are none of its."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest

from endpoint.http.problems import ProblemError
from endpoint.sparql.exchanges import Proxies
from tests.endpoint.serving import Served

NEAR = Proxies.of(("127.0.0.1", "::1", "10.0.0.0/8"))


def asked(headers: dict[str, str], peer: str = "127.0.0.1") -> dict[str, Any]:
    """The scope of a request as the application sees it."""
    sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "scheme": "http", "path": "/id/a", "raw_path": b"/id/a",
        "client": (peer, 1), "headers": [(b"host", b"inside:8000"), *sent],
    }  # fmt: skip
    NEAR.seen(scope)
    return scope


@pytest.mark.parametrize(
    ("header", "value", "key", "seen"),
    [("X-Forwarded-Proto", "https", "scheme", "https"),
     ("X-Forwarded-Proto", "http, HTTPS", "scheme", "https"),
     ("X-Forwarded-Host", "data.example", "headers", [(b"host", b"data.example")]),
     ("X-Forwarded-Host", "data.example:8443", "headers", [(b"host", b"data.example:8443")]),
     ("X-Forwarded-Host", "[2001:db8::1]:80", "headers", [(b"host", b"[2001:db8::1]:80")]),
     ("X-Forwarded-Prefix", "/kg", "path", "/kg/id/a"),
     ("X-Forwarded-Prefix", "/kg/", "root_path", "/kg"),
     ("X-Forwarded-Prefix", "/a/b-1", "raw_path", b"/a/b-1/id/a"),
     ("X-Forwarded-Prefix", "", "path", "/id/a"),
     ("X-Forwarded-Prefix", "/", "path", "/id/a"),
     ("X-Forwarded-For", "198.51.100.1", "client", ("198.51.100.1", 0)),
     ("X-Forwarded-For", "forged, 198.51.100.1:4711", "client", ("198.51.100.1", 0)),
     ("X-Forwarded-For", "[2001:db8::1]:80", "client", ("2001:db8::1", 0)),
     ("X-Forwarded-For", "unknown", "client", ("127.0.0.1", 1))],
)  # fmt: skip
def test_what_a_proxy_says_is_what_the_client_sent(header: str, value: str, key: str, seen: object) -> None:
    assert asked({header: value}).get(key) == seen


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", ""])
def test_these_are_configured(peer: str) -> None:
    assert asked({"X-Forwarded-Proto": "https"}, peer)["scheme"] == "https"


@pytest.mark.parametrize("peer", ["192.0.2.1", "11.0.0.1", "::2", "::ffff:192.0.2.1", "nonsense"])
def test_nobody_else_is_believed(peer: str) -> None:
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil",
            "X-Forwarded-For": "198.51.100.1", "Forwarded": "host=evil.example"}  # fmt: skip
    scope = asked(told, peer)
    assert (scope["scheme"], scope["path"], scope["client"][0]) == ("http", "/id/a", peer)
    assert scope["headers"] == [(b"host", b"inside:8000")]


def test_without_an_address_nobody_is_believed_not_even_a_socket_of_this_machine() -> None:
    assert not any(Proxies.of(()).include(peer) for peer in ("127.0.0.1", "::1", ""))


@pytest.mark.parametrize(
    ("header", "value"),
    [("X-Forwarded-Prefix", value) for value in
     ("https://evil.example", "//evil.example", "/a//evil.example", "kg", "/../x", "/a/..", "/a\\b", "/a?b", "/a#b",
      "/<script>", "/a b", "/a;b", '/"')]
    + [("X-Forwarded-Host", value) for value in
       ("evil.example/x", "a b", "a@b", "<script>", "a:b", "a/../b", ":80", "[::1")]
    + [("X-Forwarded-Proto", value) for value in ("javascript", "ftp", "https://evil.example/")],
)  # fmt: skip
def test_what_cannot_be_one_is_refused(header: str, value: str) -> None:
    with pytest.raises(ProblemError, match=header):
        asked({header: value})


def raw(served: Served, request: str, *, stops: bool = False) -> str:
    """The answer to a request that is sent letter by letter, and after which nothing more is sent where it stops."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        if stops:
            connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts).decode()


@pytest.mark.parametrize("path", ["/", "/sparql?query=ASK%7B%7D", "/health"])
@pytest.mark.parametrize("hosts", ["Host: a.example\nHost: b.example\n", "Host: a.example/b\n", "Host: a b\n"])
def test_a_request_has_one_host(served: Served, path: str, hosts: str) -> None:
    answer = raw(served, f"GET {path} HTTP/1.1\n{hosts}Connection: close\n\n")
    assert answer.startswith("HTTP/1.1 400 ")


BREAKS = {"no chunk": "zz\nabc\n", "a chunk longer than said": "3\nabcdef\n", "no end": "3\nabc\n5\nab"}


@pytest.mark.parametrize("broken", BREAKS)
@pytest.mark.parametrize("path", ["/sparql", "/release/{release}/sparql", "/update", "/graph/a", "/validate", "/query"])
def test_a_body_that_breaks_off_is_the_clients_fault(served: Served, path: str, broken: str) -> None:
    fields = "Host: a\nContent-Type: application/sparql-query\nTransfer-Encoding: chunked\nConnection: close\n"
    asked = f"POST {path.format(release=served.release.id)} HTTP/1.1\n{fields}\n{BREAKS[broken]}"
    assert re.match(r"HTTP/1.1 4\d\d ", raw(served, asked, stops=True))


@pytest.mark.parametrize(
    ("path", "accept"),
    [("/id/club/termez", "text/turtle"), ("/doc/club/termez", "text/html"), ("/sparql?query=ASK%7B%7D", "text/csv")],
)
def test_answers_that_follow_a_proxy_say_so_in_vary(served: Served, path: str, accept: str) -> None:
    headers = {"X-Forwarded-Prefix": "/kb", "X-Forwarded-Host": "data.example"}
    varying = {"X-Forwarded-Prefix", "X-Forwarded-Host"}
    answer = served.get(path, accept, headers=headers)
    assert varying <= {each.strip() for each in answer.headers["Vary"].split(",")}
    assert not varying & {each.strip() for each in served.get(path, accept).headers["Vary"].split(",")}


@pytest.mark.parametrize("path", ["/id/club/termez", "/sparql?query=ASK%7B%7D", "/graph/a", "/static/nothing"])
def test_a_prefix_with_a_host_in_it_is_an_error_with_words(served: Served, path: str) -> None:
    answer = served.get(path, "application/json", headers={"X-Forwarded-Prefix": "//evil.example"})
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "X-Forwarded-Prefix" in answer.json()["detail"]
