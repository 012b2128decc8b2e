"""The files of docs/deploy/, each run by the program that it is for: nginx, Apache (for w3id.org), systemd."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.start import free_port
from tests.endpoint.conftest import served  # noqa: F401  a fixture
from tests.endpoint.serving import Served

FILES = Path(__file__).parents[2] / "docs" / "deploy"
Start = Callable[[str, str], str]


def program(name: str) -> str:
    """Return where a program is; skip where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed: the file for it is not tried")
    return found


@contextmanager
def running(command: list[str], port: int) -> Iterator[str]:
    """Run a server in the foreground until the block ends; its address."""
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, process.stderr and process.stderr.read()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture
def behind_nginx(served: Served, tmp_path: Path) -> Iterator[str]:  # noqa: F811
    nginx, port = program("nginx"), free_port()
    text = (FILES / "nginx.conf").read_text()
    text = re.sub(r"\n\s+ssl_certificate.*;", "", text).replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = text.replace("127.0.0.1:8000", served.url.removeprefix("http://"))
    folders = " ".join(
        f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"daemon off; pid {tmp_path}/pid; events {{}} http {{ access_log off; {folders}\n{text}\n}}"
    (tmp_path / "nginx.conf").write_text(whole)
    command = [nginx, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "errors")]
    with running(command, port) as address:
        yield f"{address}/kg"


@pytest.fixture
def w3id(tmp_path: Path) -> Iterator[str]:
    apache, port = program("apache2"), free_port()
    modules = Path("/usr/lib/apache2/modules")
    (tmp_path / "site" / "hamkor").mkdir(parents=True)
    shutil.copy(FILES / "w3id.htaccess", tmp_path / "site" / "hamkor" / ".htaccess")
    load = [
        f"LoadModule {name}_module {modules}/mod_{name}.so"
        for name in ("mpm_event", "rewrite", "authz_core", "dir", "negotiation", "mime")
        if (modules / f"mod_{name}.so").exists()
    ]
    (tmp_path / "apache.conf").write_text(
        "\n".join([
            f"ServerRoot {tmp_path}", f"Listen 127.0.0.1:{port}", "ServerName w3id.org", f"PidFile {tmp_path}/pid",
            f"ErrorLog {tmp_path}/errors", *load, f"DocumentRoot {tmp_path}/site", "AllowEncodedSlashes NoDecode",
            "TypesConfig /etc/mime.types", f"<Directory {tmp_path}/site>", "AllowOverride All", "Require all granted",
            "</Directory>",
        ])
    )  # fmt: skip
    tmp_path.chmod(0o755)
    with running([apache, "-f", str(tmp_path / "apache.conf"), "-D", "FOREGROUND"], port) as address:
        yield address


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/sparql?query=ASK%20%7B%7D", 200), ("/sparql", 200), ("/id/club/termez", 303),
     ("/doc/club/termez.ttl", 200), ("/doc/club/termez.html", 200), ("/id/nothing", 404)],
)  # fmt: skip
def test_below_a_path_behind_nginx(behind_nginx: str, path: str, status: int) -> None:
    answer = httpx.get(behind_nginx + path)
    assert answer.status_code == status
    own = [each for each in answer.headers.get_list("Link", split_commas=True) if "127.0.0.1" in each]
    assert all(f"<{behind_nginx}" in each for each in own), own


def test_a_page_behind_nginx_links_below_its_path_only(behind_nginx: str) -> None:
    page = httpx.get(behind_nginx + "/doc/club/termez.html").text
    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
    assert links
    assert [link for link in links if not link.startswith("/kg/")] == []


def test_a_redirect_behind_nginx_leads_to_a_document(behind_nginx: str) -> None:
    answer = httpx.get(behind_nginx + "/id/club/termez", headers={"Accept": "text/turtle"}, follow_redirects=True)
    assert answer.status_code == 200
    assert str(answer.url).startswith(f"{behind_nginx}/doc/club/termez")
    assert "<https://w3id.org/hamkor/id/club/termez>" in answer.text or "id/club/termez" in answer.text


@pytest.mark.parametrize("path", ["/id/club/termez", "/doc/club/termez.html", "/sparql"])
def test_no_client_of_nginx_can_rewrite_where_links_lead(behind_nginx: str, path: str) -> None:
    evil = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Proto": "ftp", "Forwarded": "host=evil.example",
            "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "203.0.113.9"}  # fmt: skip
    there, here = httpx.get(behind_nginx + path, headers=evil), httpx.get(behind_nginx + path)
    assert (there.status_code, there.headers.get("Location")) == (here.status_code, here.headers.get("Location"))
    assert "evil" not in there.text + str(there.headers)


@pytest.mark.parametrize("name", ["Ташкент", "a%2Fb", "%D0%A2%D0%B0", "a%20b"])
def test_names_arrive_behind_nginx_as_they_were_written(behind_nginx: str, served: Served, name: str) -> None:  # noqa: F811
    there = httpx.get(f"{behind_nginx}/id/{name}", headers={"Accept": "application/json"}).text
    here = served.get(f"/id/{name}", "application/json").text
    assert there.replace(behind_nginx, "") == here.replace(served.url, "")


@pytest.mark.parametrize(
    "path",
    ["", "ns", "id/club/termez", "doc/club/termez.ttl", "graph/clubs", "id/%D0%A2%D0%B0", "id/a%2Fb",
     "sparql?query=ASK%20%7B%7D"],
)  # fmt: skip
def test_w3id_sends_every_identifier_on_as_it_is(w3id: str, path: str) -> None:
    answer = httpx.get(f"{w3id}/hamkor/{path}")
    assert (answer.status_code, answer.headers.get("Location")) == (302, f"https://data.example.org/kg/{path}")


def test_the_unit_is_one_that_systemd_understands(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    unit = (FILES / "hamkor.service").read_text()
    (tmp_path / "hamkor.service").write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", unit))
    found = subprocess.run(
        [analyze, "verify", "--recursive-errors=no", str(tmp_path / "hamkor.service")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [line for line in found.stderr.splitlines() if "hamkor.service" in line and "User" not in line] == []
