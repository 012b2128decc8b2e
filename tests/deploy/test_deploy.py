"""The files of docs/deploy/, each run by the program that it is for: nginx, Apache (for w3id.org), systemd.

Containerfile and compose.yaml are read only: what builds and starts containers is not there where tests run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import httpx
import pytest

from benchmarks.start import free_port
from endpoint.cli import main
from endpoint.gateway import KEPT_BY_PUBLISHER
from graph.parts.replication.object_storage import open_storage
from tests.endpoint.conftest import served  # noqa: F401  a fixture
from tests.endpoint.serving import Served
from tests.test_documentation import options_of

REPOSITORY = Path(__file__).parents[2]
FILES = REPOSITORY / "docs" / "deploy"
CONTAINERFILE = (REPOSITORY / "Containerfile").read_text(encoding="utf-8")
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
    whole = f"daemon off; pid {tmp_path}/pid; events {{}} http {{ access_log {tmp_path}/access; {folders}\n{text}\n}}"
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


@pytest.mark.parametrize("path", ["/proposal/~secret-word", "/%70roposal/~secret-word"])
def test_addresses_of_proposals_get_into_no_log_of_nginx(behind_nginx: str, tmp_path: Path, path: str) -> None:
    answer = httpx.get(behind_nginx + path)
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    httpx.get(f"{behind_nginx}/health")
    for _ in range(100):  # it writes when the answer has gone
        if "/kg/health" in (log := (tmp_path / "access").read_text()):
            break
        time.sleep(0.02)
    assert "/kg/health" in log
    assert "secret-word" not in log + (tmp_path / "errors").read_text()


def upstream(name: str) -> list[str]:
    """The addresses of an upstream of nginx-copies.conf."""
    block = re.search(rf"upstream {name} {{(.*?)}}", (FILES / "nginx-copies.conf").read_text(), re.DOTALL)
    assert block is not None
    return re.findall(r"server (\S+?)[ ;]", block[1])


@pytest.mark.parametrize(
    "path",
    ["/update", "/validate", "/query", "/query/~abc", "/propose", "/proposals", "/proposals/abc", "/proposal/~abc",
     "/graphs", "/graph/ngo/a"],
)  # fmt: skip
def test_what_only_a_publisher_answers_goes_past_copies_to_it(path: str) -> None:
    found = re.findall(r"location (=?) ?(/\S*) +{(.*?)}", (FILES / "nginx-copies.conf").read_text(), re.DOTALL)
    fitting = [each for each in found if path == each[1] or (not each[0] and path.startswith(each[1]))]
    _, _, body = max(fitting, key=lambda each: (each[0], len(each[1])))
    assert re.search(r"proxy_pass http://(hamkor_publisher|\$hamkor_writes);", body)
    assert path.startswith("/query/") or KEPT_BY_PUBLISHER.fullmatch(path)


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


# Containerfile and compose.yaml.


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    python = REPOSITORY / ".venv" / "s3" / "bin" / "python"
    if not python.exists():
        pytest.skip("make test sets up what reads YAML in .venv/s3")
    code = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"
    text = (FILES / "compose.yaml").read_bytes()
    found = subprocess.run([python, "-c", code], input=text, capture_output=True, check=True)
    services: dict[str, Any] = json.loads(found.stdout)["services"]
    return services


def hamkors(composed: dict[str, Any]) -> dict[str, Any]:
    """The services that run Hamkor."""
    return {name: each for name, each in composed.items() if "hamkor" in each["image"]}


def environment(service: dict[str, Any]) -> dict[str, str | None]:
    return {name: value if sign else None for name, sign, value in (e.partition("=") for e in service["environment"])}


def check_command(words: list[str]) -> None:
    """Make sure that Hamkor has a command, and its options."""
    command = main.get_command(click.Context(main), words[0])
    assert command is not None, words
    assert {word for word in words if word.startswith("--")} <= options_of(command) | {"--publication"}, words


def test_the_files_that_compose_names_are_there(composed: dict[str, Any]) -> None:
    build = composed["publisher"]["build"]
    assert (FILES / build["context"] / build["dockerfile"]).resolve() == REPOSITORY / "Containerfile"
    mounted = [each.split(":")[0] for service in composed.values() for each in service["volumes"]]
    beside = [each for each in mounted if each.startswith(".")]
    assert beside
    assert all((FILES / each).is_file() for each in beside)


def test_what_is_copied_into_the_image_is_there_and_not_ignored() -> None:
    let_in = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    sources = [word for line in re.findall(r"^COPY (?!--)(.*) \S+$", CONTAINERFILE, re.M) for word in line.split()]
    assert "requirements.lock" in sources
    for each in sources:
        assert (REPOSITORY / each).exists(), each
        assert each.split("/")[0] in let_in, each


def test_packages_are_installed_by_hash_and_nobody_is_root() -> None:
    assert "pip install --no-cache-dir --require-hashes -r requirements.lock" in CONTAINERFILE
    assert len(re.findall("pip install", CONTAINERFILE)) == 2  # the second is Hamkor itself, --no-deps
    root, _, after = CONTAINERFILE.partition("\nUSER ")
    assert int(after.split(":")[0]) > 0
    assert not re.search(r"^(USER|RUN)", after, re.M)
    assert "chown" in root


def test_commands_and_options_of_compose_are_hamkor_s(composed: dict[str, Any]) -> None:
    assert 'ENTRYPOINT ["hamkor"]' in CONTAINERFILE
    assert len(hamkors(composed)) == 4
    for service in hamkors(composed).values():
        check_command(service["command"])
        assert ("--follow" in service["command"]) == (service is not composed["publisher"])


def test_commands_for_containers_in_the_documentation_are_hamkor_s() -> None:
    text = (REPOSITORY / "docs" / "deployment.md").read_text(encoding="utf-8")
    section = text.partition("\n## In containers")[2].partition("\n## ")[0].replace("\n  ", " ")
    found = re.findall(r"(?:localhost/hamkor:[\d.]+|exec publisher hamkor) ([a-z][^`\n]*)", section)
    assert len(found) == 3
    for each in found:
        check_command(each.split())


def test_ports_agree_with_nginx(composed: dict[str, Any]) -> None:
    listening = {name: environment(each) for name, each in hamkors(composed).items()}
    addresses = {name: f"{each['HOST']}:{each['PORT']}" for name, each in listening.items()}
    assert [addresses.pop("publisher")] == upstream("hamkor_publisher")
    assert sorted(addresses.values()) == sorted(upstream("hamkor_copies"))


def test_credentials_come_from_the_environment_alone(composed: dict[str, Any]) -> None:
    for service in hamkors(composed).values():
        given = environment(service)
        assert "HAMKOR_REPLICATION_TOKEN" in given
        assert {name for name, value in given.items() if value is not None} == {"HOST", "PORT"}


def test_a_server_for_buckets_is_asked_for_and_all_take_the_same_storage(composed: dict[str, Any]) -> None:
    objects = composed["objects"]
    assert objects["profiles"] == ["bucket"]
    assert all("${AWS_" in each for each in objects["environment"])  # its credentials are those of the copies
    followed = [each["command"][-1] for each in hamkors(composed).values() if "--follow" in each["command"]]
    assert followed == ["${STORAGE:-file:///storage}"] * 3
    head = (FILES / "compose.yaml").read_text().partition("name:")[0]
    named = dict(re.findall(r"\b([A-Z_]+)=(\S+)", head))
    assert open_storage(named["STORAGE"]).url == named["STORAGE"]
    assert named["STORAGE"].split("/")[2] in objects["entrypoint"][-1]
    assert named["AWS_ENDPOINT_URL"].removeprefix("http://") in objects["entrypoint"][-1]
    passed_on = {*environment(composed["copy-1"])}
    assert {name for name in named if name.startswith("AWS_")} <= passed_on == {*environment(composed["copy-3"])}


def test_each_has_a_folder_of_its_own_and_only_the_publisher_writes_to_the_storage(composed: dict[str, Any]) -> None:
    assert "\nVOLUME /publication\n" in CONTAINERFILE
    folders = [each for service in hamkors(composed).values() for each in service["volumes"] if "/publication" in each]
    assert len(folders) == len(set(folders)) == 4
    writing = [name for name, each in hamkors(composed).items() if "storage:/storage" in each["volumes"]]
    assert writing == ["publisher"]


def test_images_have_versions(composed: dict[str, Any]) -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    images = [*re.findall(r"^FROM (\S+)", CONTAINERFILE, re.M), *(each["image"] for each in composed.values())]
    assert all(re.search(r":(?:RELEASE\.)?\d[\w.-]*$", each) for each in images), images
    assert {each["image"] for each in hamkors(composed).values()} == {f"localhost/hamkor:{version}"}


def test_the_health_check_tells_who_is_ready(composed: dict[str, Any], served: Served) -> None:  # noqa: F811
    found = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", CONTAINERFILE, re.M)
    assert found is not None
    command = json.loads(found[1])
    for service in hamkors(composed).values():
        assert service["healthcheck"]["test"] == ["CMD", *command]
    for port, is_ready in ((served.url.rpartition(":")[2], True), (str(free_port()), False)):
        done = subprocess.run(
            [sys.executable, *command[1:]], env={**os.environ, "PORT": port}, capture_output=True, check=False
        )
        assert (done.returncode == 0) == is_ready
