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

from graph.model.contributors import contributors_of
from graph.model.publication import open_publication
from graph.pipeline.build import build
from graph.pipeline.write import Put, publish
from graph.releases.release import current_release
from graph.releases.verification import verify
from graph.sources.batches import Chunk
from tests.endpoint.contributing import Writer
from tests.endpoint.serving import Served, client, free_port
from tests.proposals.proposing import Person, touched

GRAPH = "https://w3id.org/hamkor/graph/ngo/a"
TOKEN = "a token for copies"  # noqa: S105  of these tests
SOON = 90.0


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
        process.wait(60)


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
        '[about.title]\nen = "Of the publisher"\n[proposals]\nseconds = 0\n[limits]\nupload_mb = 1\n'
    )
    (place / "copy").mkdir()
    (place / "copy" / "hamkor.toml").write_text("[replication]\nseconds = 0.2\n[engine]\nworkers = 1\n")
    build(open_publication(root))
    served = ("serve", "--no-build", "--publication", str(root), "--port", str(ports[0]))
    follows = ("--follow", f"file://{place}/objects")
    copied = ("serve", "--publication", str(place / "copy"), "--port", str(ports[1]), *follows)
    with (
        hamkor(*served, log=place / "publisher.log"), hamkor(*copied, log=place / "copy.log"), client(60) as asking
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
     ("DELETE", "/graph/ngo/a"), ("POST", "/validate"), ("POST", "/query"), ("POST", "/my-data/thing")],
)  # fmt: skip
def test_what_is_written_to_a_copy_is_sent_to_the_publisher(fleet: Fleet, method: str, path: str) -> None:
    answer = fleet.client.request(method, fleet.copy + path, content=b"x", headers={"Content-Type": "text/turtle"})
    where = f"{fleet.publisher}{path.partition('?')[0]}"
    assert answer.status_code == 405
    assert answer.json()["publisher"] == where
    assert answer.json()["type"].endswith("#copy")
    assert f'<{where}>; rel="edit"' in answer.headers["Link"]
    assert "PUT" not in answer.headers["Allow"]


def test_who_wants_to_sign_in_at_a_copy_is_led_to_the_publisher(fleet: Fleet) -> None:
    page = fleet.client.get(f"{fleet.copy}/my-data", headers={"Accept": "text/html"}).text
    assert f'<a href="{fleet.publisher}/my-data">' in page
    assert '<input id="token"' not in page


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


@pytest.fixture(scope="module")
def forwarding(fleet: Fleet) -> Iterator[Served]:
    """A second service on the folder of the copy, which hands on what the publisher alone can answer."""
    folder, port = fleet.root.parent / "copy", free_port()
    settings = f'seconds = 0.2\nforward = true\npublisher = "{fleet.publisher}/"\n[engine]\nworkers = 1\n'
    (folder / "hamkor.toml").write_text(f"[replication]\n{settings}[log]\naccess = true\n")
    with hamkor("serve", "--publication", str(folder), "--port", str(port), log=folder / "log"):
        served = Served(f"http://127.0.0.1:{port}", folder, current_release(open_publication(folder)), fleet.client)
        until(lambda: fleet.client.get(f"{served.url}/ready").status_code == 200, 60)
        yield served


def publisher_of(fleet: Fleet) -> Served:
    return Served(fleet.publisher, fleet.root, current_release(open_publication(fleet.root)), fleet.client)


def token_of(fleet: Fleet, *graphs: str, reviews: bool = False) -> str:
    contributors = contributors_of(open_publication(fleet.root))
    return contributors.create(graphs, name="NGO X", contact="", days=1, reviews=reviews)[1]


def test_two_services_on_one_folder_serve_the_same(fleet: Fleet, forwarding: Served) -> None:
    now = fleet.publish(8)
    for url in (fleet.copy, forwarding.url):
        until(lambda url=url: fleet.ready(url)["release"] == now)  # type: ignore[misc]


def test_a_copy_hands_on_what_is_written_and_who_names_the_release_reads_it_there(
    fleet: Fleet, forwarding: Served
) -> None:
    """PUT, then PATCH with the entity tag that the copy gave, then DELETE; with a token of the publisher's."""
    ngo, path = Writer(forwarding, token_of(fleet, "ngo/b")), "/graph/ngo/b"
    made = ngo.put(path, "<http://e/b> <http://e/p> 1 .", If_None_Match="*")
    assert (made.status_code, made.headers["Via"][:11]) == (201, "1.1 hamkor-")
    assert made.headers["Location"] == f"{forwarding.url}{path}"
    release = made.headers["X-Hamkor-Release"]
    until(lambda: ngo.send("GET", path, Accept="text/turtle", Release=release).status_code == 200)
    tag = ngo.send("GET", path, Accept="text/turtle").headers["ETag"]
    update = "INSERT DATA { <http://e/b> <http://e/p> 2 }"
    change = {"Content_Type": "application/sparql-update"}
    assert ngo.send("PATCH", path, update, If_Match='"another"', **change).status_code == 412
    assert ngo.send("PATCH", path, update, If_Match=tag, **change).status_code < 300
    assert Writer(forwarding).put(path, "").status_code == 401
    assert Writer(forwarding, "x").put(path, "").status_code == 401
    assert ngo.put("/graph/ngo/c", "").status_code == 403
    assert "PUT" in ngo.send("OPTIONS", path).headers["Allow"]
    assert ngo.send("DELETE", path).status_code < 300
    assert Writer(publisher_of(fleet)).send("GET", path).status_code in (404, 410)


def test_bodies_go_on_in_pieces_and_no_further_than_the_publisher_takes_them(fleet: Fleet, forwarding: Served) -> None:
    ngo, path = Writer(forwarding, token_of(fleet, "ngo/b")), "/graph/ngo/b"
    lines = [b'<http://e/%d> <http://e/p> "%s" .\n' % (n, b"x" * 200) for n in range(2000)]
    assert ngo.send("PUT", path, iter(lines), Content_Type="application/n-triples").status_code < 300
    large = ngo.send("PUT", path, iter(lines * 4), Content_Type="application/n-triples")
    assert (large.status_code, large.json()["limit"]) == (413, "limits.upload_mb")
    assert Writer(publisher_of(fleet)).send("GET", path, Accept="text/turtle").text.count("http://e/p") == 2000


def test_a_proposal_is_made_looked_at_and_taken_back_by_way_of_a_copy(fleet: Fleet, forwarding: Served) -> None:
    person, reviewer = Person(forwarding), Person(forwarding)
    form = person.form("/propose?iri=http://e/a")
    secret = person.sent(touched(form, "A", "Another"))
    assert secret.startswith("/proposal/~")  # an address of the host that was asked
    assert "Another" in person.get(secret).text
    assert Person(publisher_of(fleet)).get(secret).status_code == 200
    reviewer.sign_in(token_of(fleet, reviews=True))
    assert "/proposals/" in reviewer.get("/proposals").text
    assert person.post(secret, {}, Origin="https://evil.example").status_code == 403
    assert person.post(secret, {}).headers["Location"] == f"{forwarding.url}{secret}"
    assert "Another" not in person.get(secret).text
    told = (forwarding.folder / "log").read_text()
    assert '"path": "/proposal/"' in told
    assert not any(each in told for each in (secret, "Bearer", "Traceback"))


def test_queries_that_are_kept_and_documents_that_are_checked_go_to_the_publisher(
    fleet: Fleet, forwarding: Served
) -> None:
    kept = fleet.client.post(f"{forwarding.url}/query", data={"query": "ASK {}"})
    assert kept.status_code in (201, 303)
    assert fleet.client.get(kept.headers["Location"]).headers["Location"].startswith(f"{forwarding.url}/")
    checked = Writer(forwarding).send("POST", "/validate", "<http://e/x> <http://e/p> 1 .", Content_Type="text/turtle")
    assert (checked.status_code, "Via" in checked.headers) == (200, True)


def test_what_only_reads_is_answered_by_the_copy_itself(fleet: Fleet, forwarding: Served) -> None:
    for path in ("/sparql?query=ASK{}", "/graphs", "/graph/ngo/a", "/dataset", "/validate"):
        assert "Via" not in fleet.client.get(forwarding.url + path).headers
    assert "Via" not in fleet.client.post(f"{forwarding.url}/sparql", data={"query": "ASK {}"}).headers
    assert fleet.client.request("TRACE", f"{forwarding.url}/graph/ngo/a").status_code == 405


def test_a_copy_whose_publisher_is_itself_says_so(fleet: Fleet, forwarding: Served) -> None:
    """What has come back to it bears its name."""
    name = fleet.client.options(f"{forwarding.url}/graph/ngo/a").headers["Via"]
    told = fleet.client.delete(f"{forwarding.url}/graph/ngo/a", headers={"Via": name})
    assert (told.status_code, told.json()["type"].partition("#")[2]) == (508, "forwarding-loop")
    assert fleet.publisher in told.json()["detail"]
