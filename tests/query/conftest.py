"""A small store, and a listener on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox
import pytest
from query_material import DATA, Listener


@pytest.fixture(scope="session")
def store() -> ox.Store:
    store = ox.Store()
    store.load(DATA.encode(), format=ox.RdfFormat.TURTLE)
    graph = ox.NamedNode("http://example.org/g")
    store.load(DATA.encode(), format=ox.RdfFormat.TURTLE, to_graph=graph)
    return store


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()
