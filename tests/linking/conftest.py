"""The flagship, served on a real port: what links to it goes over HTTP."""

from __future__ import annotations

import pytest

from graph.parts.linking.candidate_search import Search
from graph.parts.linking.names_index import open_index
from graph.parts.linking.reconciliation import Reconciler
from graph.releases.release import Release
from tests.endpoint.serving import Served


@pytest.fixture(scope="session")
def flagship_search(flagship_release: Release) -> Search:
    """What searches the flagship's index of names."""
    index = open_index(flagship_release.folder)
    assert index is not None
    return Search(index, flagship_release.manifest.base)


@pytest.fixture(scope="session")
def flagship_reconciler(flagship_search: Search) -> Reconciler:
    """What reconciles against the flagship."""
    return Reconciler(flagship_search)


@pytest.fixture(scope="session")
def service(flagship_served: Served) -> Served:
    """The flagship, served."""
    return flagship_served
