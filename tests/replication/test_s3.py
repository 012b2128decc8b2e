"""S3, spoken by moto's server: everything once, since it takes seconds to start."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from graph.model.errors import ForeignReleaseError, StorageAwayError
from graph.model.publication import Publication, open_publication
from graph.parts.replication.follow import Copy
from graph.parts.replication.object_storage import open_storage
from graph.parts.replication.push import Push
from graph.pipeline.write import Put, publish
from graph.releases.release import ReleasesFolder, current_release
from graph.releases.verification import prune, verify
from graph.sources.batches import Chunk
from tests.endpoint.serving import client, free_port

SERVER = Path(__file__).parents[2] / ".venv" / "s3" / "bin" / "moto_server"
GRAPH = "https://w3id.org/hamkor/graph/ngo/a"
START_SECONDS = 60


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A bucket, as a URL, and the process that has it."""
    if not SERVER.exists():
        pytest.skip("make test sets up moto's server in .venv/s3")
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([SERVER, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a key", "AWS_SECRET_ACCESS_KEY": "the secret of the key",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    try:
        end = time.monotonic() + START_SECONDS
        with client(10) as asking:
            while time.monotonic() < end:
                with suppress(httpx.TransportError):
                    asking.put(f"http://127.0.0.1:{port}/bucket")
                    break
                time.sleep(0.1)
        yield "s3://bucket/our/data", process
    finally:
        process.terminate()
        process.wait(10)


def test_releases_go_through_s3_as_through_a_folder(
    contributed: Publication, bucket: tuple[str, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    url, server = bucket
    (tmp_path / "copy").mkdir()
    copy, push = Copy(tmp_path / "copy", open_storage(url)), Push(contributed, open_storage(url))
    first = push.send()
    assert first.files > 10
    copy.take(copy.look())
    tag = copy.storage.read("current", 1 << 20)
    assert tag is not None
    assert copy.storage.read("current", 1 << 20, tag.tag) is None
    now = publish(contributed, [Put(GRAPH, (Chunk(GRAPH, b"<http://e/a> <http://e/p> <http://e/b> .\n"),))]).release
    assert push.send().files < first.files
    for known in ("", tag.tag):
        with pytest.raises(ForeignReleaseError, match="another publisher"):
            copy.storage.swap("current", b"{}", known)
    copy.take(copy.look())
    assert copy.current() == now.id
    assert verify(current_release(open_publication(copy.root))) == ()
    prune(ReleasesFolder(contributed.releases_folder), 1)
    assert push.prune() > 0
    server.terminate()
    server.wait(10)
    with pytest.raises(StorageAwayError) as told:
        copy.look()
    assert "secret" not in str(told.value)
    assert copy.current() == now.id
