"""Never lies: every runaway is an honest error in time, three at a time, while others are answered."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from benchmarks.knowledge import Registry
from benchmarks.queries import TEMPLATES, lookup, prefixed
from benchmarks.runaways import RUNAWAYS
from endpoint.sparql.protocol import LONG
from tests.endpoint.watching import State, Watched, browser

DEADLINE = 2.0
GRACE = 8.0  # one second is the promise; the others are for a machine that others use, too
LIGHT = ("top-k", "path", "union", "roles-by-date")
#: How each may end: status → which limits it may name.
HONEST = {
    503: {"limits.query_seconds", "limits.query_memory_mb"},
    403: {"limits.result_mb"},
    413: {"limits.query_mb", "limits.query_nesting", "limits.query_tokens"},
}


@dataclass
class Visitor:
    """Another client, who asks lookups and light queries all the time."""

    served: Watched
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def typical(self) -> float:
        """The time that nine of ten answers had; what one had depends on what else the machine does."""
        return sorted(self.seconds)[len(self.seconds) * 9 // 10]

    def visit(self, stop: threading.Event) -> None:
        """Ask until told to stop."""
        known, draw = Registry.of(20_000, 1), random.Random(1)  # noqa: S311  the same each time
        with browser() as client:
            while not stop.is_set():
                for template in (lookup, lookup, lookup, TEMPLATES[draw.choice(LIGHT)]):
                    began = time.monotonic()
                    answer = asked(client, self.served, prefixed(template(known, draw)), "10.9.9.9")
                    self.seconds.append(time.monotonic() - began)
                    if answer.status_code != 200 or not answer.json()["results"]["bindings"]:
                        self.failures.append(answer.text)
                    time.sleep(0.01)


def asked(client: httpx.Client, served: Watched, query: str, who: str) -> httpx.Response:
    headers = {"X-Forwarded-For": who, "Content-Type": "application/sparql-query", "Accept": "application/json"}
    return client.post(f"{served.url}/sparql", content=query, headers=headers)


@contextmanager
def visitor(served: Watched) -> Iterator[Visitor]:
    """Another client at work until the block ends."""
    stop, found = threading.Event(), Visitor(served)
    thread = threading.Thread(target=found.visit, args=(stop,))
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def ends_honestly(served: Watched, name: str, who: str) -> None:
    """Send one runaway and judge how it ends."""
    with browser() as client:
        query, began = RUNAWAYS[name](), time.monotonic()
        answer = asked(client, served, query, who)
        seconds = time.monotonic() - began
    assert answer.headers["Content-Type"] == "application/problem+json", (name, answer.text[:500])
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["limit"] in HONEST[answer.status_code], (name, problem)
    assert problem["detail"], name
    assert problem["remedy"], name
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) > 0
    assert seconds < DEADLINE + GRACE, (name, seconds)


@pytest.fixture(scope="module")
def quiet(hurried: Watched) -> State:
    """What the service has when nobody asks, once every worker has worked, and a long query has been read.

    The process of which long queries are read in children (as uploads and validation are) begins with the first of
    them, and stays: it is no runaway that leaves it behind.
    """
    with visitor(hurried):
        time.sleep(1.0)
    assert asked(hurried.client, hurried, f"ASK {{}} #{' ' * LONG}", "10.0.1.1").status_code == 200
    return hurried.settled()


def test_every_runaway_three_at_a_time_is_an_honest_error_in_time_and_costs_nobody_else(
    hurried: Watched, quiet: State
) -> None:
    clients = [f"10.0.0.{number}" for number in range(3)]
    with visitor(hurried) as other, ThreadPoolExecutor(3) as pool:
        names = iter(RUNAWAYS)
        for three in zip(names, names, names, strict=True):
            list(pool.map(lambda pair: ends_honestly(hurried, *pair), zip(three, clients, strict=True)))
    assert other.failures == []
    assert len(other.seconds) > 30
    assert other.typical() < DEADLINE
    after = hurried.comes_back_to(quiet)
    assert after.memory < quiet.memory * 1.2 + (32 << 20), (quiet, after)


def test_one_client_s_runaways_all_at_once_leave_others_their_answers(hurried: Watched, quiet: State) -> None:
    names = [name for name in RUNAWAYS if name not in ("deep-nesting", "long-query")]
    with visitor(hurried) as other, ThreadPoolExecutor(len(names)) as pool, browser() as client:
        found = list(pool.map(lambda name: asked(client, hurried, RUNAWAYS[name](), "10.0.0.1").status_code, names))
    assert set(found) <= {503, 403}
    assert other.failures == []
    assert other.typical() < DEADLINE
    hurried.comes_back_to(quiet)


def test_a_page_of_a_runaway_is_an_honest_error_too(hurried: Watched, quiet: State) -> None:
    answer = hurried.get("/sparql", "text/html", params={"query": RUNAWAYS["cartesian-count"]()})
    assert answer.status_code == 503
    assert "limits.query_seconds" in answer.text
    hurried.comes_back_to(quiet)


def test_pages_of_runaways_leave_others_their_pages_and_answers(hurried: Watched, quiet: State) -> None:
    query = RUNAWAYS["cartesian-count"]()

    def page(number: int) -> int:
        headers = {"X-Forwarded-For": "10.0.0.1", "Accept": "text/html"}
        with browser() as client:
            return client.get(
                f"{hurried.url}/sparql", params={"query": f"{query} # {number}"}, headers=headers
            ).status_code

    with visitor(hurried) as other, ThreadPoolExecutor(12) as pool:
        runaways = [pool.submit(page, number) for number in range(12)]
        time.sleep(0.3)
        assert hurried.get("/health").status_code == 200
        assert hurried.get("/dataset", "text/html").status_code == 200
        assert not all(each.done() for each in runaways), "they are not to be waited for"
        assert {each.result() for each in runaways} == {503}
    assert other.failures == []
    hurried.comes_back_to(quiet)
