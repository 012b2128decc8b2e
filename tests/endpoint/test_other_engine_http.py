"""``hamkor serve`` before an engine of others: its answers, honest errors in time, a kill, and releases that come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest

from tests.endpoint.contributing import writer
from tests.endpoint.serving import Served, client, serving, write
from tests.query.engines_of_others import EngineProcess, InterposedEngine, oxigraph, running

BASE = "https://example.org/kb/"
QUERY_SECONDS = 6.0  # what must be answered is, however slow the machine; two of the tests wait so long
SETTINGS = """
base = "{base}"
[limits]
query_seconds = {seconds}
writes_per_minute = 1000
[engine]
kind = "sparql"
url = "{url}"
update_url = "{update}"
graph_store_url = "{store}"
"""
P = f"{BASE}ns#p"
DATA = "".join(f"<{BASE}id/{number}> <{P}> {number} .\n" for number in range(300))
FEW = f"SELECT ?o WHERE {{ ?s <{P}> ?o FILTER(?o = 7) }}"
"""No lookup of one thing: those need no engine."""
MADE = f"CONSTRUCT {{ ?s <{BASE}ns#q> ?o }} WHERE {{ ?s <{P}> ?o FILTER(?o = 7) }}"
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
JSON = "application/sparql-results+json"
HEAD = b"Content-Type: application/sparql-results+json\r\nConnection: close\r\n"
WHOLE = b'{"head":{"vars":["o"]},"results":{"bindings":[{"o":{"type":"literal","value":"7"}}]}}'


def faulty(status: bytes, body: bytes, *fields: bytes, length: int | None = None) -> bytes:
    """A response as the engine gives it where a query names a fault."""
    told = b"Content-Length: %d\r\n" % (len(body) if length is None else length)
    return b"HTTP/1.1 " + status + b"\r\n" + HEAD + told + b"".join(each + b"\r\n" for each in fields) + b"\r\n" + body


FAULTS = {
    "rows": faulty(b"200 OK", WHOLE, b"X-SPARQL-MaxRows: 1048576"),
    "anytime": faulty(b"200 OK", WHOLE, b"X-SQL-State: S1TAT", b"X-SQL-Message: Returning incomplete results"),
    "partial": faulty(b"206 Partial Content", WHOLE),
    "cut": faulty(b"200 OK", WHOLE[:60]),
    "words": faulty(b"500 SPARQL Request Failed", b"Virtuoso S1T00 Error SR171: Transaction timed out"),
    "broken": faulty(b"200 OK", WHOLE[:60], length=len(WHOLE)),
    "busy": faulty(b"503 Service Unavailable", b"busy"),
    "mute": b"",
}
TOLD = {
    "rows": (500, "engine-fault", "no more than 1048576 rows"),
    "anytime": (503, "limit", "limits.query_seconds"),
    "partial": (500, "engine-fault", "a part of the answer only"),
    "cut": (500, "engine-fault", "not whole"),
    "words": (503, "limit", "limits.query_seconds"),
    "broken": (503, "unavailable", "broke off"),
    "busy": (503, "unavailable", "cannot answer now"),
    "mute": (503, "limit", "limits.query_seconds"),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An Oxigraph in memory; it stops by itself what nobody waits for any more."""
    folder = tmp_path_factory.mktemp("engine")
    with running(oxigraph(None, folder / "log", "--timeout-s", str(int(QUERY_SECONDS) + 1))) as started:
        yield started


@pytest.fixture(scope="module")
def served(engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A publication whose queries run in that engine; where a query names a fault, it has it."""
    place = engine.dataset
    with closing(
        InterposedEngine(place.url, {f"urn:fault:{name}": each for name, each in FAULTS.items()})
    ) as interposed:
        settings = SETTINGS.format(
            base=BASE, seconds=QUERY_SECONDS, url=interposed.url, update=place.update_url, store=place.graph_store_url
        )
        folder = write(tmp_path_factory.mktemp("publication"), {"hamkor.toml": settings, "data/a.ttl": DATA})
        with serving(folder) as found:
            _until(lambda: found.get("/ready"))
            yield found


def _until(
    sent: Callable[[], httpx.Response], is_it: Callable[[httpx.Response], bool] = lambda _: True, status: int = 200
) -> httpx.Response:
    """Send until an answer comes with a status, and is the one that is waited for."""
    end = time.monotonic() + 120
    while (answer := sent()).status_code != status or not is_it(answer):
        assert time.monotonic() < end, answer.text
        time.sleep(0.1)
    return answer


def asked(served: Served, query: str, accept: str = JSON) -> httpx.Response:
    """Ask by GET."""
    return served.get("/sparql", accept, params={"query": query})


def count() -> str:
    """A query that counts all, and that nobody has asked before: what is kept needs no engine."""
    return f"SELECT (COUNT(*) AS ?n) WHERE {{ ?s <{P}> ?o FILTER(?o > -{time.monotonic_ns()}) }}"


def counted(answer: httpx.Response) -> int:
    """The number that an answer to ``count`` has."""
    return int(answer.json()["results"]["bindings"][0]["n"]["value"])


def by_engine(served: Served) -> int:
    """How many queries the engine has answered."""
    lines = served.get("/metrics").text.splitlines()
    return int(float(next(line for line in lines if line.startswith("hamkor_engine_queries")).split()[1]))


@pytest.mark.parametrize(
    ("query", "accept", "body"),
    [
        (FEW, JSON, '"value":"7"'),
        (FEW, "text/csv", "o\r\n7\r\n"),
        (FEW, "text/tab-separated-values", "?o\n7\n"),
        (FEW, "application/sparql-results+xml", "<literal"),
        ("ASK { ?s ?p ?o FILTER(?o = 7) }", JSON, '"boolean":true'),
        (MADE, "application/n-triples", f"<{BASE}id/7> <{BASE}ns#q> "),
        (MADE, "text/turtle", "7"),
        ("DESCRIBE ?s WHERE { ?s ?p ?o FILTER(?o = 7) }", "application/ld+json", f"{BASE}id/7"),
    ],
)  # fmt: skip
def test_the_engine_s_answer_comes_in_every_form_by_every_method(
    served: Served, query: str, accept: str, body: str
) -> None:
    before = by_engine(served)
    by_get = asked(served, query, accept)
    by_form = served.request("POST", "/sparql", accept, data={"query": f"{query} # form"})
    by_query = served.request(
        "POST", "/sparql", accept, content=f"{query} # query", headers={"Content-Type": "application/sparql-query"}
    )
    for answer in (by_get, by_form, by_query):
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith(accept)
        assert answer.headers["X-Hamkor-Release"] == served.get("/ready").json()["release"]
        assert body in answer.text
    assert by_engine(served) > before


@pytest.mark.parametrize("fault", FAULTS)
def test_what_the_engine_gives_by_halves_or_not_at_all_is_an_honest_error(served: Served, fault: str) -> None:
    status, kind, said = TOLD[fault]
    answer = asked(served, f"SELECT ?o WHERE {{ <urn:fault:{fault}> ?p ?o FILTER(?o > 7) }}")
    problem = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert problem["type"].endswith(kind)
    assert said in (problem["limit"] if kind == "limit" else problem["detail"])
    assert counted(asked(served, count())) == 300


def test_a_runaway_ends_at_the_deadline_and_costs_the_next_query_nothing(served: Served) -> None:
    began = time.monotonic()
    answer = asked(served, ENDLESS)
    assert time.monotonic() - began >= QUERY_SECONDS
    assert (answer.status_code, answer.json()["limit"]) == (503, "limits.query_seconds")
    assert counted(asked(served, count())) == 300


def test_readers_see_whole_releases_while_a_graph_is_put(served: Served) -> None:
    graph, sizes = f"{BASE}graph/put", {served.get("/ready").json()["release"]: 300}
    seen, wrong, done = list[tuple[str, int]](), list[str](), threading.Event()

    def read() -> None:
        with client(60) as reader:
            while not done.is_set():
                answer = reader.get(f"{served.url}/sparql", params={"query": count()})
                if answer.status_code == 200:
                    seen.append((answer.headers["X-Hamkor-Release"], counted(answer)))
                elif answer.status_code != 503 or "Retry-After" not in answer.headers:
                    wrong.append(answer.text)
                time.sleep(0.02)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for each in readers:
        each.start()
    try:
        put = writer(served, graph).put("/graph/put", f"<{BASE}id/new> <{P}> 1000 .")
        assert put.status_code == 201, put.text
        _until(lambda: asked(served, count()), lambda answer: counted(answer) == 301)
    finally:
        done.set()
        for each in readers:
            each.join()
    sizes[served.get("/ready").json()["release"]] = 301
    assert not wrong
    assert {release for release, _ in seen} == set(sizes)
    assert all(number == sizes[release] for release, number in seen)


def test_an_engine_that_is_killed_is_told_of_and_taken_up_again(served: Served, engine: EngineProcess) -> None:
    engine.kill()
    answer = asked(served, count())
    assert answer.status_code == 503
    assert "the SPARQL engine cannot be reached" in answer.json()["detail"]
    assert "Retry-After" in answer.headers
    ready = _until(lambda: served.get("/ready"), status=503)
    assert "the SPARQL engine" in ready.json()["detail"]
    page = served.client.get(f"{served.url}/id/7", follow_redirects=True)
    assert page.status_code == 200, "a page needs no engine"
    engine.start()  # empty: nobody may be told that there is nothing
    assert counted(_until(lambda: asked(served, count()))) == 301
    _until(lambda: served.get("/ready"))
