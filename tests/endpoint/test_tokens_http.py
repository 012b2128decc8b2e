"""No one in: every token that is not the right one × every writing route, attempts that are counted, what is said."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.endpoint.contributing import BASE, CLUB, SETTINGS, Writer, contributors, publication, token, writer
from tests.endpoint.serving import Served, serving

TURTLE, UPDATE = {"Content_Type": "text/turtle"}, {"Content_Type": "application/sparql-update"}
FORM = {"Content_Type": "application/x-www-form-urlencoded"}
GRAPH = f"{BASE}graph/ngo-x/matrix"
DATA = f"GRAPH <{GRAPH}> {{ <http://e/s> <http://e/p> 1 }}"


@dataclass(frozen=True)
class Route:
    """One way to write the graph of an NGO."""

    method: str
    path: str
    headers: dict[str, str]
    body: str = CLUB.format(name="matrix")


ROUTES = {
    "PUT direct": Route("PUT", "/graph/ngo-x/matrix", TURTLE),
    "PUT indirect": Route("PUT", f"/graphs?graph={GRAPH}", TURTLE),
    "POST direct": Route("POST", "/graph/ngo-x/matrix", TURTLE),
    "POST indirect": Route("POST", f"/graphs?graph={GRAPH}", TURTLE),
    "PATCH direct": Route("PATCH", "/graph/ngo-x/matrix", UPDATE, "INSERT DATA { <http://e/s> <http://e/p> 2 }"),
    "PATCH indirect": Route("PATCH", f"/graphs?graph={GRAPH}", UPDATE, "INSERT DATA { <http://e/s> <http://e/p> 3 }"),
    "update": Route("POST", "/update", UPDATE, f"INSERT DATA {{ {DATA} }}"),
    "update form": Route("POST", "/update", FORM, f"update=DELETE+DATA+%7B+{DATA.replace(' ', '+')}+%7D"),
    "DELETE direct": Route("DELETE", "/graph/ngo-x/matrix", {}, ""),
    "PUT again": Route("PUT", "/graph/ngo-x/matrix", TURTLE),
    "DELETE indirect": Route("DELETE", f"/graphs?graph={GRAPH}", {}, ""),
    "POST new": Route("POST", "/graphs", TURTLE),
}
ADDRESSES = itertools.count(1)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(publication(tmp_path_factory.mktemp("matrix"))) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(matrix: Served) -> dict[str, str]:
    """One token of each kind, by its kind."""
    revoked = token(matrix, "ngo-x/*")
    found = contributors(matrix).of_token(revoked)
    assert found is not None
    contributors(matrix).revoke(found.id)
    return {
        "none": "", "wrong": f"Bearer hk_{'a' * 43}", "malformed": "Bearer hk_é", "of another scheme": "Basic aGs6aGs=",
        "empty": "Bearer", "two": f"Bearer {token(matrix, 'ngo-x/*')}, Bearer x", "revoked": f"Bearer {revoked}",
        "expired": f"Bearer {token(matrix, 'ngo-x/*', days=1, ago=2)}",
        "of another graph": f"Bearer {token(matrix, 'ngo-y/clubs', 'ngo-x')}",
    }  # fmt: skip


KINDS = {
    "none": 401, "wrong": 401, "malformed": 401, "of another scheme": 401, "empty": 401, "two": 401, "revoked": 401,
    "expired": 401, "of another graph": 403,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ROUTES)
def test_no_one_in(matrix: Served, tokens: dict[str, str], kind: str, name: str) -> None:
    route, before = ROUTES[name], matrix.get("/graphs").headers["X-Hamkor-Release"]
    # each from another address: attempts are counted by it
    headers = {**route.headers, "X_Forwarded_For": f"192.0.2.{next(ADDRESSES) % 250}"}
    if tokens[kind]:
        headers["Authorization"] = tokens[kind].encode()  # type: ignore[assignment]  # httpx takes bytes as they are
    answer = Writer(matrix).send(route.method, route.path, route.body, **headers)
    assert answer.status_code == KINDS[kind]
    if answer.status_code == 401:
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith('Bearer realm="hamkor"')
        assert ("invalid_token" in challenge) is (kind != "none")
    assert matrix.get("/graphs").headers["X-Hamkor-Release"] == before
    assert matrix.get("/graph/ngo-x/matrix").status_code == 404


def test_the_right_token_lets_in_everywhere(matrix: Served) -> None:
    right = writer(matrix, "ngo-x/*")
    for name, route in ROUTES.items():
        answer = right.send(route.method, route.path, route.body, **route.headers)
        assert answer.status_code in (200, 201, 204), (name, answer.text)


def test_a_revoked_token_is_refused_within_a_second(matrix: Served) -> None:
    secret = token(matrix, "ngo-z/*")
    one = Writer(matrix, secret)
    assert one.put("/graph/ngo-z/a", CLUB.format(name="z")).status_code == 201
    found = contributors(matrix).of_token(secret)
    assert found is not None
    contributors(matrix).revoke(found.id)
    time.sleep(1)
    assert one.put("/graph/ngo-z/a", CLUB.format(name="y")).status_code == 401


def test_a_token_that_was_just_made_is_good(matrix: Served) -> None:
    assert writer(matrix, "ngo-new/*").put("/graph/ngo-new/a", CLUB.format(name="new")).status_code == 201


def test_many_attempts_are_too_many_but_not_for_who_has_a_token(matrix: Served) -> None:
    address = {"X_Forwarded_For": "198.51.100.7"}
    bad, good = Writer(matrix, "hk_" + "b" * 43), writer(matrix, "ngo-x/*")
    statuses = [bad.put("/graph/ngo-x/a", "", **address).status_code for _ in range(15)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    refused = bad.put("/graph/ngo-x/a", "", **address)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert good.put("/graph/ngo-x/a", CLUB.format(name="a"), **address).status_code in (201, 204)
    assert bad.put("/graph/ngo-x/a", "", X_Forwarded_For="198.51.100.8").status_code == 401


def test_many_writes_are_too_many(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = SETTINGS.replace("writes_per_minute = 100000", "writes_per_minute = 3\nrequire_if_match = true")
    with serving(publication(tmp_path_factory.mktemp("few"), settings=settings, shapes="")) as served:
        one, other = writer(served, "ngo-x/*"), writer(served, "ngo-y/*")
        assert one.put("/graph/ngo-x/a", CLUB.format(name="a")).status_code == 201
        assert one.put("/graph/ngo-x/a", CLUB.format(name="b")).status_code == 428
        assert one.put("/graph/ngo-x/a", CLUB.format(name="b"), If_Match="*").status_code == 204
        assert one.send("DELETE", "/graph/ngo-x/a", If_Match="*").status_code == 204
        late = one.put("/graph/ngo-x/b", CLUB.format(name="b"))
        assert late.status_code == 429
        assert int(late.headers["Retry-After"]) > 0
        assert other.put("/graph/ngo-y/a", CLUB.format(name="c")).status_code == 201


def test_no_token_is_ever_written_down(matrix: Served) -> None:
    secret = token(matrix, "ngo-x/*")
    Writer(matrix, secret).put("/graph/ngo-x/log", "<")
    Writer(matrix, secret).put("/graph/other", CLUB.format(name="x"))
    files = [each for each in matrix.folder.rglob("*") if each.is_file() and each.stat().st_size < 1 << 20]
    assert not [each for each in files if secret[3:].encode() in each.read_bytes()]
