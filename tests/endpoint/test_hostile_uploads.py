"""Hostile uploads: refused in bounded memory, by a server that goes on answering; nothing of them is left."""

from __future__ import annotations

import gzip
import io
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from urllib.parse import urlsplit

import pytest

from endpoint.gateway import BODY_SECONDS
from tests.endpoint.contributing import BASE, CLUB, Writer, publication, writer
from tests.endpoint.watching import Watched, watched

MIB = 1 << 20
TRIPLE = b"<http://e/s> <http://e/p> <http://e/o> .\n"
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + f']><rdf:RDF {RDF}><rdf:Description rdf:about="http://e/s"><p xmlns="http://e/">&j;</p></rdf:Description></rdf:RDF>'
)
OUTSIDE = f'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rdf:RDF {RDF}>&x;</rdf:RDF>'


@cache
def bomb(size: int = 200 * MIB) -> bytes:
    """Much in little: so many bytes of a comment, compressed."""
    packed, zipped = io.BytesIO(), zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(size // MIB):
        packed.write(zipped.compress(b"#" * MIB))
    packed.write(zipped.flush())
    return packed.getvalue()


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(publication(tmp_path_factory.mktemp("attacked"))) as running:
        yield running


@pytest.fixture(scope="module")
def attacker(attacked: Watched) -> Writer:
    """Somebody with a good token and bad intentions; the process that works for them has begun."""
    found = writer(attacked, "ngo-x/*")
    assert found.put("/graph/ngo-x/first", CLUB.format(name="first")).status_code == 201
    return found


NT, TTL, XML, JSON = (
    {"Content_Type": each}
    for each in ("application/n-triples", "text/turtle", "application/rdf+xml", "application/ld+json")
)
ZIPPED = {**TTL, "Content_Encoding": "gzip"}
MANY_PREFIXES = f"@prefix a: <http://e/{'x' * 100_000}> . ".encode() + b"a: a: a: ; a:b a: , a:c . " * 30_000
ATTACKS: dict[str, tuple[bytes | Callable[[], bytes], dict[str, str], set[int]]] = {
    "a zip bomb": (bomb, ZIPPED, {413}),
    "a zip bomb in a zip bomb": (lambda: gzip.compress(bomb()), ZIPPED, {400, 413}),
    "no gzip": (b"<http://e/s> a <http://e/o> .", ZIPPED, {400}),
    "a torn gzip": (gzip.compress(TRIPLE * 1000)[:-9], {**NT, "Content_Encoding": "gzip"}, {400}),
    "too much": (TRIPLE * (3 * MIB // len(TRIPLE)), NT, {413}),
    "prefixes that grow": (MANY_PREFIXES, TTL, {413}),
    "entity expansion": (LAUGHS.encode(), XML, {400}),
    "an external entity": (OUTSIDE.encode(), XML, {400}),
    "a remote context": (b'{"@context": "http://127.0.0.1:9/c", "@id": "http://e/s", "p": 1}', JSON, {400}),
    "a remote context within": (b'{"@context": {"@import": "file:///etc/passwd"}, "@id": "http://e/s"}', JSON, {400}),
    "deep JSON": (b'{"http://e/p": ' * 100_000 + b"1" + b"}" * 100_000, JSON, {400}),
    "deep XML": (f"<rdf:RDF {RDF}>".encode() + b"<a xmlns='http://e/'>" * 50_000, XML, {400}),
    "deep triple terms": (b"<http://e/s> <http://e/p> " + b"<<( <http://e/s> <http://e/p> " * 50_000, TTL, {400}),
    "deep brackets": (b"<http://e/s> <http://e/p> " + b"[ <http://e/p> " * 200_000, TTL, {400, 413}),
    "deep lists": (b"<http://e/s> <http://e/p> " + b"( " * 400_000, TTL, {400, 413}),
    "blank nodes that look alike": (
        " ".join(f"_:n{one} <http://e/p> _:n{other} ." for one in range(120) for other in range(120)).encode(),
        TTL, {400, 413, 201},
    ),
    "no UTF-8": (b'<http://e/s> <http://e/p> "\xff\xfe" .', TTL, {400}),
    "a NUL": (b'<http://e/s> <http://e/p> "a\\u0000b" .', TTL, {400}),
    "another graph": (b"<http://e/s> <http://e/p> 1 <https://example.org/kb/graph/clubs> .".replace(b" 1 ", b' "1" '),
                      {"Content_Type": "application/n-quads"}, {400}),
    "a graph without a name": (b"_:g { <http://e/s> <http://e/p> 1 }", {"Content_Type": "application/trig"}, {400}),
    "a form without a boundary": (b"x", {"Content_Type": "multipart/form-data"}, {400}),
    "a form of many parts": (
        b"".join(b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.ttl"\r\n\r\n\r\n' for _ in range(5000)),
        {"Content_Type": "multipart/form-data; boundary=b"}, {400},
    ),
    "a form with a large field": (
        b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + b"x" * MIB + b"\r\n--b--\r\n",
        {"Content_Type": "multipart/form-data; boundary=b"}, {400},
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_and_harms_nobody(attacker: Writer, attacked: Watched, attack: str) -> None:
    made, headers, statuses = ATTACKS[attack]
    body = made() if callable(made) else made
    before, began = attacked.service.memory(), time.monotonic()
    answer = attacker.send("PUT", "/graph/ngo-x/attack", body, **headers)
    assert answer.status_code in statuses, answer.text[:300]
    assert time.monotonic() - began < 100
    assert attacked.service.memory() - before < 200 * MIB
    assert attacked.get("/health").status_code == 200
    assert attacker.ask(f"<{BASE}id/club/termez> ?p ?o")
    assert not list((attacked.folder / ".hamkor" / "uploads").iterdir())


@pytest.mark.parametrize("path", ["/graph/ngo-x/attack", "/validate", "/update"])
def test_a_body_without_a_length_ends_at_the_limit(attacker: Writer, attacked: Watched, path: str) -> None:
    before, sent = attacked.service.memory(), 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 1 << 30:
            sent += MIB
            yield TRIPLE * (MIB // len(TRIPLE))

    method = "PUT" if path.startswith("/graph") else "POST"
    with closing(raw(attacked)) as connection:
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        sent_as = f"Content-Type: application/n-triples\r\nAuthorization: Bearer {attacker.token}\r\n\r\n"
        connection.sendall(f"{head}{sent_as}".encode())
        connection.settimeout(15)
        try:
            for piece in endless():
                connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        except OSError:  # the server has closed, or reads no more
            pass
        answer = connection.recv(MIB)
    assert b" 413 " in answer.partition(b"\r\n")[0] or b" 415 " in answer.partition(b"\r\n")[0]
    assert sent < 100 * MIB
    assert attacked.service.memory() - before < 100 * MIB


def test_a_body_that_breaks_off_is_not_taken_for_a_whole(attacker: Writer, attacked: Watched) -> None:
    for length in (b"Content-Length: 500", b"Transfer-Encoding: chunked"):
        body = TRIPLE if b"Length" in length else b"%x\r\n%b\r\n" % (len(TRIPLE), TRIPLE)
        with closing(raw(attacked)) as connection:
            connection.sendall(
                b"PUT /graph/ngo-x/torn HTTP/1.1\r\nHost: x\r\nContent-Type: application/n-triples\r\n" + length
                + f"\r\nAuthorization: Bearer {attacker.token}\r\n\r\n".encode() + body
            )  # fmt: skip
            time.sleep(0.3)
        time.sleep(0.5)
        assert attacker.send("GET", "/graph/ngo-x/torn").status_code == 404


def test_slow_senders_stop_no_pages(attacked: Watched) -> None:
    slow = []
    for number in range(12):
        connection = raw(attacked)
        connection.sendall(
            b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: text/turtle\r\nContent-Length: 1000\r\n"
            + f"X-Forwarded-For: 203.0.113.{number}\r\n\r\n#".encode()
        )
        slow.append(connection)
    began = time.monotonic()
    assert attacked.get("/graphs").status_code == 200
    assert time.monotonic() - began < BODY_SECONDS, "it has waited until they were given up"
    for each in slow:
        each.close()


NAMES = (
    "ngo-x/../clubs", "ngo-x/..", "ngo-x/./a", "ngo-x//a", "ngo-x/%2e%2e/clubs", "ngo-x/%2E%2E%2Fclubs", "ngo-x/a%00b",
    "ngo-x/a%0d%0aX-Evil:%201", "ngo-x/a%5c..%5cb", "ngo-x/%2fetc%2fpasswd", "ngo-x/a%23b", "ngo-x/a%3fb", "ngo-x/",
    "ngo-x/" + "a" * 2000, "ngo-x/%ff", "ngo-x/a%20b",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("indirect", [False, True])
def test_tricks_in_names_of_graphs(attacker: Writer, attacked: Watched, name: str, indirect: bool) -> None:
    path = f"/graphs?graph={BASE}graph/{name}" if indirect else f"/graph/{name}"
    with closing(raw(attacked)) as connection:  # as it is: a client would tidy it up
        connection.sendall(
            f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/n-triples\r\n"
            f"Content-Length: {len(TRIPLE)}\r\nConnection: close\r\n"
            f"Authorization: Bearer {attacker.token}\r\n\r\n".encode()
            + TRIPLE
        )
        connection.settimeout(10)
        answer = b"".join(iter(lambda: connection.recv(MIB), b""))
    assert answer.split()[1] in (b"400", b"403", b"404"), answer[:300]
    assert b"\r\nx-evil" not in answer.lower()
    assert not list(attacked.folder.rglob("*evil*"))


def test_a_header_cannot_be_smuggled_into_an_answer(attacker: Writer) -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="a%0d%0aX-Evil: 1\tb.ttl"\r\n'
        b"Content-Type: text/turtle\r\n\r\n<\r\n--b--\r\n"
    )
    answer = attacker.send("POST", "/graph/ngo-x/form", form, Content_Type="multipart/form-data; boundary=b")
    assert answer.status_code == 400
    assert "X-Evil" not in answer.headers


def raw(served: Watched) -> socket.socket:
    """A connection to the server."""
    address = urlsplit(served.url)
    return socket.create_connection((address.hostname, address.port), timeout=10)


def test_a_report_lists_so_much_and_no_more(attacked: Watched) -> None:
    nameless = "".join(f"<http://e/{number}> a <{BASE}ns#Club> .\n" for number in range(6000))
    stranger = Writer(attacked)
    found = stranger.send("POST", "/validate", nameless, Accept="application/json", **TTL).json()
    assert (found["conforms"], len(found["results"]), found["results_in_all"]) == (False, 5000, 6000)
