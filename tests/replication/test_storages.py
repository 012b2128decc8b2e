"""Storages by their URLs: whose they are, with whose credentials, and which certificates are believed; no network."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import obstore
import pytest

from endpoint.http.problems import ProblemError
from endpoint.sparql.exchanges import Delivery, Exchange, Message
from graph.model.errors import StorageAwayError
from graph.parts.replication.object_storage import open_storage
from tests.replication.test_forwarding import way

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl makes the keys")


def openssl(*arguments: str, folder: Path) -> str:
    return subprocess.run([str(OPENSSL), *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials of three clouds in the environment, under the names of their own tools."""
    key = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", folder=tmp_path)
    account = {
        "type": "service_account", "client_email": "copy@ours.example", "private_key_id": "1", "private_key": key,
        "token_uri": "https://oauth2.googleapis.com/token",
    }  # fmt: skip
    (tmp_path / "account.json").write_text(json.dumps(account))
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKOURS", "AWS_SECRET_ACCESS_KEY": "the secret", "AWS_REGION": "eu-central-1",
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "account.json"),
        "AZURE_STORAGE_ACCOUNT_NAME": "ours", "AZURE_STORAGE_ACCOUNT_KEY": "dGhlIHNlY3JldA==",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("url", "kind", "address", "who"),
    [("s3://bucket/our/data", "S3Store", "https://s3.eu-central-1.amazonaws.com/bucket/our/data/current?",
      "X-Amz-Credential=AKOURS/"),
     ("gs://bucket/our/data", "GCSStore", "https://storage.googleapis.com/bucket/our/data/current?",
      "X-Goog-Credential=copy@ours.example/"),
     ("az://container/our/data", "AzureStore", "https://ours.blob.core.windows.net/container/our/data/current?",
      "sig=")],
)  # fmt: skip
def test_a_url_is_that_clouds_storage_with_the_environments_credentials(
    url: str, kind: str, address: str, who: str
) -> None:
    """An address that is signed says where it leads and who has signed it, and nobody is asked for it."""
    store = open_storage(url)._control
    signed = unquote(obstore.sign(store, "GET", "current", timedelta(hours=1)))  # type: ignore[arg-type]
    assert type(store).__name__ == kind
    assert signed.startswith(address)
    assert who in signed
    assert "secret" not in signed


class Publisher(BaseHTTPRequestHandler):
    """Answers as a publisher's service does, in so far as it is asked here."""

    def do_GET(self) -> None:
        self.send_response(200)
        for name, value in {
            "Content-Length": "2",
            "ETag": '"x"',
            "Last-Modified": "Mon, 30 Nov 2026 10:00:00 GMT",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    do_DELETE = do_GET  # noqa: N815  the name that the library asks for

    def log_message(self, *_: object) -> None: ...


@contextmanager
def with_tls(folder: Path) -> Iterator[str]:
    """A service with a certificate of an authority of its own, ``ours.pem``; ``another.pem`` is another authority."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ours", "another"):
        openssl(
            "req",
            "-x509",
            *curve,
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.pem",
            "-subj",
            f"/CN={name}",
            folder=folder,
        )
    openssl("req", *curve, "-keyout", "own.key", "-out", "own.csr", "-subj", "/CN=localhost", folder=folder)
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    signing = ("-CA", "ours.pem", "-CAkey", "ours.key", "-CAcreateserial", "-extfile", "names")
    openssl("x509", "-req", "-in", "own.csr", *signing, "-out", "own.pem", folder=folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "own.pem", folder / "own.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://localhost:{server.server_port}/"
        server.shutdown()


def test_a_publisher_is_believed_by_the_authority_that_the_environment_names_and_by_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By who fetches releases from it, and by who hands on what is written, with a token."""
    with with_tls(tmp_path) as url:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ours.pem"))
        found = open_storage(url).read("current", 100)
        assert found is not None
        assert found.content == b"{}"
        assert asyncio.run(_written(url, tmp_path)) == 200
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "another.pem"))
        with pytest.raises(StorageAwayError, match=r"certificate is not trusted.*SSL_CERT_FILE"):
            open_storage(url).read("current", 100)
        with pytest.raises(ProblemError) as told:
            asyncio.run(_written(url, tmp_path))
        assert told.value.problem.kind == "publisher-away"


async def _written(url: str, folder: Path) -> int:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Message) -> None: ...

    scope = {"type": "http", "method": "DELETE", "path": "/graph/a", "raw_path": b"/graph/a", "query_string": b"",
             "headers": [], "client": ("::1", 1)}  # fmt: skip
    return await way(url, folder).answer(Exchange(scope, receive, send, Delivery(5)), receive, send)
