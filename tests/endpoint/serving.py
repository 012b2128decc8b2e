"""Publications served by the real server on a real port, as tests and their fixtures need it."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.start import free_port
from graph.model.publication import open_publication
from graph.pipeline.build import build
from graph.releases.release import Release

__all__ = ["BROWSER", "Served", "client", "free_port", "serving", "write"]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@dataclass(frozen=True)
class Served:
    """A publication that is being served."""

    url: str
    folder: Path
    release: Release
    client: httpx.Client

    def get(self, path: str, accept: str | None = None, **more: object) -> httpx.Response:
        """GET a path; without ``accept`` no Accept header is sent at all."""
        return self.request("GET", path, accept, **more)

    def request(self, method: str, path: str, accept: str | None = None, **more: object) -> httpx.Response:
        """Send any request."""
        request = self.client.build_request(method, self.url + path, **more)  # type: ignore[arg-type]
        del request.headers["Accept"]
        if accept is not None:
            request.headers["Accept"] = accept
        return self.client.send(request)


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def client(seconds: float) -> httpx.Client:
    """A client with connections of its own; it reads no certificates, which takes 20 ms: here is no TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.Client(timeout=seconds, trust_env=False, verify=context, headers={"Accept-Encoding": "identity"})


@contextmanager
def serving(folder: Path, *, workers: int = 1, module: str = "endpoint.server") -> Iterator[Served]:
    """Build and serve a publication until the block ends; ``module`` is what serves it."""
    release, port = build(open_publication(folder)), free_port()
    command = [sys.executable, "-m", module, str(folder), "127.0.0.1", str(port), str(workers)]
    root = Path(__file__).resolve().parents[2]
    with (folder / "stderr").open("wb") as log:  # no pipe: nobody reads here what the server says
        process = subprocess.Popen(command, cwd=root, stderr=log, env={**os.environ, "PYTHONPATH": str(root)})
    try:
        with client(60) as asking:
            served = Served(f"http://127.0.0.1:{port}", folder, release, asking)
            _wait(served, process)
            yield served
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait(served: Served, process: subprocess.Popen[bytes]) -> None:
    for _ in range(6000):
        try:
            if served.client.get(f"{served.url}/health").status_code == 200:
                return
        except httpx.TransportError:
            assert process.poll() is None, "the server ended"
        time.sleep(0.02)
    raise AssertionError("the server does not answer")
