"""Graphs are written over HTTP: what each method does, answers and refuses; what is written is what is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.endpoint.conftest import Served, serving
from tests.endpoint.contributing import BASE, CLUB, Writer, publication, writer


@pytest.fixture(scope="module")
def open_to_others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A publication with shapes to which others write."""
    with serving(publication(tmp_path_factory.mktemp("open"))) as running:
        yield running


@pytest.fixture(scope="module")
def ngo(open_to_others: Served) -> Writer:
    """An NGO with a place for its graphs."""
    return writer(open_to_others, "ngo-x/*")


def test_a_new_graph_is_created_and_can_be_read_at_once(ngo: Writer) -> None:
    answer = ngo.put("/graph/ngo-x/first", CLUB.format(name="nukus"))
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{ngo.served.url}/graph/ngo-x/first"
    assert "Club of nukus" in ngo.turtle("/graph/ngo-x/first")
    assert ngo.ask(f"<{BASE}id/club/nukus> ?p ?o")
    read = ngo.send("GET", "/graph/ngo-x/first")
    assert read.headers["X-Hamkor-Release"] == answer.headers["X-Hamkor-Release"]
