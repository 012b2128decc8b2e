"""What several tests need: the flagship publication, built once, and publications written on the spot."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pyoxigraph as ox
import pytest
from writing import Write

from graph.model.publication import Publication, open_publication
from graph.pipeline.build import build
from graph.pipeline.write import Put, publish
from graph.releases.release import Patience, Release
from graph.sources.batches import Chunk
from tests.endpoint.serving import Served, serving

REPOSITORY = Path(__file__).resolve().parent.parent
PARTS = ("ontology", "shapes", "data", "hamkor.toml")
WHOLE = "HAMKOR_WHOLE" in os.environ
"""Whether tests that look at a sample look at everything; that takes some minutes more."""
FIRST = (
    "test_gateway.py", "test_reading.py", "test_whole.py", "test_crawl.py", "test_proposing.py",
    "test_service.py", "test_writing.py", "test_own_data.py", "test_lowered_bounds.py", "test_shapes.py",
    "test_external_engine.py", "test_w3c.py", "test_flagship_changes.py", "test_incremental.py",
    "test_publish_endures.py", "test_publish_equals_build.py", "test_withholding.py",
)  # fmt: skip
"""The files that take longest, in this order: begun last, each would leave the other processes without work.

The first three are begun together, and one of them alone needs the flagship: the others need not wait for its build.
"""
MEMORY_DISK, ROOM = Path("/dev/shm"), 4 << 30  # noqa: S108  pytest makes a folder of its own there
CONTRIBUTED_TO = {
    "hamkor.toml": "",
    "ontology/o.ttl": """@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        @prefix owl: <http://www.w3.org/2002/07/owl#> .
        <http://e/p> rdfs:subPropertyOf <http://e/q> . <http://e/q> a owl:ObjectProperty .""",
    "data/a.ttl": """@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix : <https://w3id.org/hamkor/id/> .
        :termez rdfs:label "Termez"@en ; :in <https://w3id.org/hamkor/doc#uz> .
        <https://w3id.org/hamkor/doc#uz> rdfs:label "O" .""",
}
CONTRIBUTED = ("https://w3id.org/hamkor/graph/ngo/a", "https://w3id.org/hamkor/graph/ngo/b")
FORM = b'<http://e/%d> <http://e/p> "05"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'


def pytest_configure(config: pytest.Config) -> None:
    """Let the folders of tests lie in memory, where there is room: a release is synced file by file, and disks wait."""
    if MEMORY_DISK.is_dir() and os.access(MEMORY_DISK, os.W_OK) and shutil.disk_usage(MEMORY_DISK).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))  # pytest's own variable


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while twelve thousand tests are collected, and among them no more when they run.

    Else all that wait were walked through each time, which took a seventh of the processor time of what makes many
    objects, such as validation.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; otherwise the order stays, and so it is the same in all processes."""
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))


@pytest.fixture(scope="session")
def flagship_built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's own publication with its release: built once, by whichever process comes first; for copies."""
    place = tmp_path_factory.getbasetemp()
    folder = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "flagship"
    folder.mkdir(exist_ok=True)
    for part in PARTS:
        with suppress(FileExistsError):
            (folder / part).symlink_to(REPOSITORY / part)
    build(open_publication(folder), patience=Patience(300))
    return folder


@pytest.fixture(scope="session")
def flagship_copied(flagship_built: Path) -> Callable[[Path], Path]:
    """A function that makes a new folder a flagship of its own, with a release; its files are files, and may change."""

    def copied(folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        for part in PARTS:
            copy(REPOSITORY / part, folder / part)
        copy(flagship_built / ".hamkor", folder / ".hamkor")
        return folder

    return copied


@pytest.fixture(scope="session")
def flagship_publication(flagship_built: Path, tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """The repository's own publication, with a folder for releases of its own."""
    folder = tmp_path_factory.mktemp("flagship") / "publication"
    copy(flagship_built, folder)
    return open_publication(folder)


@pytest.fixture(scope="session")
def flagship_release(flagship_publication: Publication) -> Release:
    """The flagship, read, entailed, validated and released; once a session."""
    return build(flagship_publication)


@pytest.fixture(scope="session")
def flagship(flagship_release: Release) -> ox.Store:
    """The store of the flagship's release, read-only; its default graph is the merge of the named graphs."""
    return flagship_release.store


@pytest.fixture(scope="session")
def flagship_served(flagship_publication: Publication) -> Iterator[Served]:
    """The flagship, served to whoever only reads; one server a session."""
    with serving(flagship_publication.root) as running:
        yield running


@pytest.fixture
def publication(tmp_path: Path) -> Write:
    """A function that writes files (relative name → content) into a folder and opens it as a publication."""

    def write(files: Mapping[str, str | bytes]) -> Publication:
        folder = tmp_path / "publication"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return open_publication(folder)

    return write


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, str]], Path]:
    """A function that gives the folder of a publication of some files, built at the first call; for copies."""
    place, folders = tmp_path_factory.mktemp("builds"), dict[str, Path]()

    def once(files: Mapping[str, str]) -> Path:
        folder = folders.setdefault(repr(sorted(files.items())), place / str(len(folders)))
        for name, content in () if folder.is_dir() else files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        build(open_publication(folder))
        return folder

    return once


@pytest.fixture
def built(
    built_once: Callable[[Mapping[str, str]], Path], tmp_path: Path
) -> Callable[[Mapping[str, str]], Publication]:
    """A function as ``publication`` is, whose publication has a release; the test may do with it what it likes."""

    def copied(files: Mapping[str, str]) -> Publication:
        copy(built_once(files), tmp_path / "publication")
        return open_publication(tmp_path / "publication")

    return copied


@pytest.fixture(scope="session")
def built_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publication of one triple, another at each build, by how many there were: built once, copied."""
    folder = tmp_path_factory.mktemp("built")
    data = folder / "publication" / "data"
    data.mkdir(parents=True)
    for number in range(4):
        (data / "a.nt").write_text(f"<http://e/1> <http://e/p> <http://e/{number}> .\n")
        build(open_publication(data.parent))
        copy(data.parent, folder / str(number + 1))
    return folder


@pytest.fixture
def after_builds(built_before: Path, tmp_path: Path) -> Callable[[int], Publication]:
    """A function that gives a publication after so many builds; the test may do with it what it likes."""

    def after(builds: int) -> Publication:
        copy(built_before / str(builds), tmp_path / "publication")
        return open_publication(tmp_path / "publication")

    return after


@pytest.fixture(scope="session")
def contributed_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publication of three releases: one built, two in which contributors have written; made once, copied."""
    folder = tmp_path_factory.mktemp("contributed") / "publication"
    for name, content in CONTRIBUTED_TO.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    opened = open_publication(folder)
    build(opened)
    for graph in CONTRIBUTED:
        lines = b"".join(FORM % number for number in range(20))
        publish(opened, [Put(graph, (Chunk(graph, lines),))])
    return folder


@pytest.fixture
def contributed(contributed_before: Path, tmp_path: Path) -> Publication:
    """A copy of that publication; the test may do with it what it likes."""
    copy(contributed_before, tmp_path / "publication")
    return open_publication(tmp_path / "publication")


def copy(folder: Path, to: Path) -> None:
    """Copy a folder with its links among releases."""
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of six megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)
