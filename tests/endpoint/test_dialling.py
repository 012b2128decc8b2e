"""Never dials: disguises of SERVICE, LOAD and FROM, sent to the server, aimed at a listener on loopback."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.endpoint.serving import Served
from tests.endpoint.watching import browser
from tests.query.query_material import Listener
from tests.query.test_disguises import DATASETS, UPDATES, aimed, disguises

COUNT = 240
WAYS = ("get", "form", "direct", "page", "update")


@pytest.fixture
def listener() -> Listener:
    return Listener()


def chosen() -> list[str]:
    """All updates and datasets, and an even choice of the rest, the same each time."""
    found = disguises()
    rest = random.Random(1).sample(found[: len(found) - len(UPDATES) - len(DATASETS)], COUNT)  # noqa: S311
    return [*UPDATES, *DATASETS, *rest]


def send(served: Served, query: str, way: str) -> int:
    """Send a query in one of the ways that there are; return the status."""
    url = f"{served.url}/sparql"
    with browser() as client:
        match way:
            case "get":
                return client.get(url, params={"query": query}).status_code
            case "form":
                return client.post(url, data={"query": query}).status_code
            case "direct":
                headers = {"Content-Type": "application/sparql-query"}
                return client.post(url, content=query, headers=headers).status_code
            case "page":
                return client.get(url, params={"query": query}, headers={"Accept": "text/html"}).status_code
            case _:
                return client.post(url, data={"update": query}).status_code


def test_no_disguise_makes_the_server_dial(served: Served, listener: Listener) -> None:
    queries = [aimed(each, listener) for each in chosen()]
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda pair: send(served, pair[1], WAYS[pair[0] % len(WAYS)]), enumerate(queries)))
    assert set(statuses) <= {200, 400, 403}
    assert len(statuses) > 200
    assert statuses.count(403) + statuses.count(400) > 150
    time.sleep(0.3)
    assert listener.dialled == 0
    listener.close()


@pytest.mark.parametrize("name", ["default-graph-uri", "named-graph-uri", "using-graph-uri"])
def test_no_parameter_makes_the_server_dial(served: Served, listener: Listener, name: str) -> None:
    for query in ("SELECT * { ?s ?p ?o }", "SELECT * { GRAPH ?g { ?s ?p ?o } }"):
        answer = served.get("/sparql", params={"query": query, name: listener.iri})
        assert answer.status_code == 200
        assert answer.json()["results"]["bindings"] == [] or name == "using-graph-uri"
    time.sleep(0.1)
    assert listener.dialled == 0
    listener.close()
