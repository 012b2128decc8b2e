"""A running service lets go of releases that are neither current nor asked for: descriptors, memory and locks."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.turnover import chunks, publication_in
from endpoint.current import IDLE_SECONDS
from graph.model.publication import Publication
from graph.pipeline.write import publish
from graph.releases.release import ReleasesFolder
from tests.endpoint.watching import Watched, until, watched

PUBLISHES = int(os.environ.get("HAMKOR_PUBLISHES", "8"))
THINGS = 50
RELEASE = re.compile(r"/releases/([0-9TZ-]+-[0-9a-f]{8})/")
MEMORY = 32 << 20
"""What caches and the allocators of threads take in the end; a release that is kept costs two to eight MiB."""
PAGES = ("/", "/doc/thing/7", "/search?q=7", "/sparql?query=ASK%7B%7D")


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Publication, Watched]]:
    """A publication, served, that can be published to."""
    publication = publication_in(tmp_path_factory.mktemp("turning") / "publication", THINGS)
    with watched(publication.root, workers=1) as running:
        yield publication, running


def visit(served: Watched, prefix: str = "") -> None:
    """See pages and programs' answers, so that everything is opened that a release has."""
    for page in PAGES:
        served.get(prefix + page, "text/html")


def held(served: Watched) -> Counter[str]:
    """How many descriptors the service has of which release; those of anything else stand under an empty string."""
    found = Counter[str]()
    for process in served.service.processes():
        descriptors = list[Path]()
        with suppress(OSError):  # it has ended meanwhile
            descriptors += Path(f"/proc/{process}/fd").iterdir()
        for descriptor in descriptors:
            with suppress(OSError):  # it has been closed meanwhile
                name = RELEASE.search(str(descriptor.readlink()))
                found[name[1] if name else ""] += 1
    return found


def others(served: Watched) -> dict[str, int]:
    """What the service has open that belongs to no release, and how often; numbers in names are left out."""
    found = Counter[str]()
    for process in served.service.processes():
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):
                found[re.sub(r"\d+", "#", str(descriptor.readlink()))] += 1
    return {name: count for name, count in found.items() if not RELEASE.search(name)}


def test_after_many_publishes_the_service_has_what_it_had(turning: tuple[Publication, Watched]) -> None:
    publication, served = turning
    visit(served)
    before, memory = held(served), served.settled().memory
    for number in range(1, PUBLISHES + 1):
        publish(publication, chunks(number, THINGS))
        time.sleep(0.4)
        visit(served)
    # a page may have asked for the one before, and each has a log more than the one before it
    until(
        lambda: len(held(served)) == len(before) and held(served)[""] <= before[""],
        IDLE_SECONDS + 10,
        lambda: f"held before: {dict(before)}; now: {dict(held(served))}, others: {others(served)}",
    )

    assert served.settled().memory < memory + MEMORY


def test_an_older_release_is_held_while_it_is_asked_for_and_no_longer(turning: tuple[Publication, Watched]) -> None:
    publication, served = turning
    older = ReleasesFolder(publication.releases_folder).ids()[0]
    visit(served, f"/release/{older}")
    assert older in held(served)
    until(lambda: older not in held(served), IDLE_SECONDS + 10, lambda: f"held: {dict(held(served))}")
