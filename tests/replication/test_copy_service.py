"""A publisher and a copy as they run: what is published arrives, writes are sent back, and both say how they stand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from graph.model.publication import open_publication
from graph.pipeline.build import build
from graph.pipeline.write import Put, publish
from graph.releases.release import current_release
from graph.releases.verification import verify
from graph.sources.batches import Chunk
from tests.endpoint.serving import client, free_port

GRAPH = "https://w3id.org/hamkor/graph/ngo/a"
TOKEN = "a token for copies"  # noqa: S105  of these tests
SOON = 20.0


@contextmanager
def hamkor(*arguments: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the block ends."""
    environment = {**os.environ, "HAMKOR_REPLICATION_TOKEN": TOKEN, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", "from endpoint.cli import main; main()", *arguments]
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, stderr=stderr, env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def until(what: Callable[[], bool], seconds: float = SOON) -> float:
    """Wait until something is so; return how long that took."""
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        try:
            if what():
                return time.monotonic() - begun
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("it has not become so in time")


@dataclass(frozen=True)
class Fleet:
    """A publisher and its copy."""

    publisher: str
    copy: str
    root: Path
    client: httpx.Client

    def ready(self, url: str) -> dict[str, object]:
        found: dict[str, object] = self.client.get(f"{url}/ready").json()
        return found

    def publish(self, number: int) -> str:
        line = f'<http://e/new> <http://e/p> "{number}" .\n'.encode()
        return publish(open_publication(self.root), [Put(GRAPH, (Chunk(GRAPH, line),))]).release.id


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A publisher that sends to a folder, and a copy that begins in an empty one."""
    place, ports = tmp_path_factory.mktemp("fleet"), (free_port(), free_port())
    root, urls = place / "publisher", [f"http://127.0.0.1:{port}" for port in ports]
    (root / "data").mkdir(parents=True)
    (root / "data" / "a.ttl").write_text('<http://e/a> <http://www.w3.org/2000/01/rdf-schema#label> "A" .')
    (root / "hamkor.toml").write_text(
        f'[replication]\nto = "file://{place}/objects"\npublisher = "{urls[0]}/"\nserve = true\nseconds = 0.2\n'
        '[about.title]\nen = "Of the publisher"\n'
    )
    (place / "copy").mkdir()
    (place / "copy" / "hamkor.toml").write_text("[replication]\nseconds = 0.2\n[engine]\nworkers = 1\n")
    build(open_publication(root))
    served = ("serve", "--no-build", "--publication", str(root), "--port", str(ports[0]))
    follows = ("--follow", f"file://{place}/objects")
    copied = ("serve", "--publication", str(place / "copy"), "--port", str(ports[1]), *follows)
    with (
        hamkor(*served, log=place / "publisher.log"), hamkor(*copied, log=place / "copy.log"), client(10) as asking
    ):  # fmt: skip
        fleet = Fleet(*urls, root, asking)
        until(lambda: fleet.client.get(f"{urls[1]}/health").status_code == 200, 60)
        until(lambda: fleet.client.get(f"{urls[0]}/health").status_code == 200, 60)
        yield fleet


def test_what_is_published_is_served_by_the_copy_and_both_say_so(fleet: Fleet) -> None:
    now = fleet.publish(1)
    until(lambda: fleet.ready(fleet.copy)["release"] == now)
    until(lambda: fleet.ready(fleet.publisher)["replication"]["release"] == now)  # type: ignore[index]
    copy = fleet.ready(fleet.copy)["replication"]
    assert isinstance(copy, dict)
    assert (copy["role"], copy["release"], copy["latest"], copy["problem"]) == ("copy", now, now, None)
    assert copy["behind_seconds"] == 0
    assert copy["lag_seconds"] < SOON
    question = {"query": "ASK { <http://e/new> <http://e/p> '1' }"}
    until(lambda: fleet.client.get(f"{fleet.copy}/sparql", params=question).headers["X-Hamkor-Release"] == now)
    assert fleet.client.get(f"{fleet.copy}/sparql", params=question).json()["boolean"] is True
    page = fleet.client.get(f"{fleet.copy}/dataset", headers={"Accept": "text/html"}).text
    assert "Of the publisher" in page
    figures = fleet.client.get(f"{fleet.copy}/metrics").text
    assert "hamkor_replication_behind_seconds 0.0" in figures
    assert "hamkor_release_age_seconds" in figures
    assert 'hamkor_requests_total{route="/sparql"}' in figures


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/graph/ngo/a"), ("POST", "/graphs?default"), ("PATCH", "/graph/ngo/a"), ("POST", "/update"),
     ("DELETE", "/graph/ngo/a"), ("POST", "/validate"), ("POST", "/query")],
)  # fmt: skip
def test_what_is_written_to_a_copy_is_sent_to_the_publisher(fleet: Fleet, method: str, path: str) -> None:
    answer = fleet.client.request(method, fleet.copy + path, content=b"x", headers={"Content-Type": "text/turtle"})
    where = f"{fleet.publisher}{path.partition('?')[0]}"
    assert answer.status_code == 405
    assert answer.json()["publisher"] == where
    assert answer.json()["type"].endswith("#copy")
    assert f'<{where}>; rel="edit"' in answer.headers["Link"]
    assert "PUT" not in answer.headers["Allow"]


def test_queries_by_post_are_read_as_everywhere(fleet: Fleet) -> None:
    assert fleet.client.post(f"{fleet.copy}/sparql", data={"query": "ASK {}"}).json()["boolean"] is True


def test_a_publisher_gives_its_releases_to_copies_that_have_the_token(fleet: Fleet, tmp_path: Path) -> None:
    current = f"{fleet.publisher}/replication/current"
    assert fleet.client.get(current).status_code == 401
    assert fleet.client.get(current, headers={"Authorization": "Bearer x"}).status_code == 401
    allowed = {"Authorization": f"Bearer {TOKEN}"}
    found = fleet.client.get(current, headers=allowed)
    assert found.status_code == 200
    tag = {"If-None-Match": found.headers["ETag"]}
    assert fleet.client.get(current, headers=allowed | tag).status_code == 304
    release = found.json()["release"]
    record = fleet.client.get(f"{fleet.publisher}/replication/releases/{release}.json", headers=allowed).json()
    digest, size = next((each["sha256"], each["size"]) for each in record["files"].values() if each["size"] > 100)
    file = f"{fleet.publisher}/replication/files/{digest[:2]}/{digest}"
    part = fleet.client.get(file, headers=allowed | {"Range": "bytes=10-19"})
    assert (part.status_code, len(part.content), part.headers["Content-Range"]) == (206, 10, f"bytes 10-19/{size}")
    for path in ("files/ab/" + "ab" * 32, "files/ab/..%2F..%2Fhamkor.toml", "releases/x.json", "releases/..%2Fx"):
        assert fleet.client.get(f"{fleet.publisher}/replication/{path}", headers=allowed).status_code == 404
    with hamkor("fetch", f"{fleet.publisher}/", str(tmp_path / "mirror"), log=tmp_path / "log") as fetching:
        assert fetching.wait(60) == 0, (tmp_path / "log").read_text()
    assert verify(current_release(open_publication(tmp_path / "mirror"))) == ()
    assert current_release(open_publication(tmp_path / "mirror")).id == release


def test_a_copy_gives_its_releases_to_nobody_unless_it_is_told_to(fleet: Fleet) -> None:
    allowed = {"Authorization": f"Bearer {TOKEN}"}
    assert fleet.client.get(f"{fleet.copy}/replication/current", headers=allowed).status_code == 404


QUESTION = {"query": "SELECT ?o { <http://e/new> <http://e/p> ?o }"}
NOT_YET, NEVER = "2999-01-01T000000Z-00000000", "2001-01-01T000000Z-00000000"


def test_who_names_a_release_is_answered_from_it_or_not_at_all(fleet: Fleet) -> None:
    """By program and by page, whatever is current; and what is not here yet is no 404 on a copy."""
    before = fleet.publish(5)
    until(lambda: fleet.ready(fleet.copy)["release"] == before)
    now = fleet.publish(6)
    until(lambda: fleet.ready(fleet.copy)["release"] == now)
    for release, number in ((before, "5"), (now, "6")):
        for method in ("GET", "POST"):
            sent = {"params": QUESTION} if method == "GET" else {"data": QUESTION}
            answer = fleet.client.request(
                method, f"{fleet.copy}/sparql", headers={"Release": release, "Accept": "text/csv"}, **sent  # type: ignore[arg-type]
            )  # fmt: skip
            assert (answer.text.split(), answer.headers["X-Hamkor-Release"]) == (["o", number], release)
            assert "Release" in answer.headers["Vary"]
        page = fleet.client.get(f"{fleet.copy}/graph/ngo/a", headers={"Release": release, "Accept": "text/turtle"})
        assert page.headers["X-Hamkor-Release"] == release
        assert f'"{number}"' in page.text
    cases = {
        (fleet.copy, NOT_YET): 504, (fleet.publisher, NOT_YET): 404, (fleet.copy, NEVER): 404,
        (fleet.copy, "current"): 400, (fleet.copy, f"{now}, {before}"): 400,
    }  # fmt: skip
    got = {
        (url, release): fleet.client.get(f"{url}/sparql", params=QUESTION, headers={"Release": release}).status_code
        for url, release in cases
    }
    assert got == cases
    late = fleet.client.get(f"{fleet.copy}/release/{NOT_YET}/dataset")
    assert (late.status_code, late.headers["Retry-After"]) == (504, "1")
    assert fleet.client.get(f"{fleet.copy}/metrics", headers={"Release": NOT_YET}).status_code == 200


def test_two_services_on_one_folder_serve_the_same(fleet: Fleet, tmp_path: Path) -> None:
    port = free_port()
    with hamkor("serve", "--publication", str(fleet.root.parent / "copy"), "--port", str(port), log=tmp_path / "log"):
        second = f"http://127.0.0.1:{port}"
        until(lambda: fleet.client.get(f"{second}/ready").status_code == 200, 60)
        now = fleet.publish(8)
        for url in (fleet.copy, second):
            until(lambda url=url: fleet.ready(url)["release"] == now)  # type: ignore[misc]
