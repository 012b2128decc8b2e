"""What README.md and docs/querying.md show is what happens: every command and every Python snippet, as written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/querying.md")
HERE = "http://127.0.0.1:8000"
CHANGING = re.compile(r"release \d{4}-\d\d-\d\dT\d{6}Z-[0-9a-f]{8}|[0-9a-f]{64}|[\d,]+ triples in \d+|\d+ warnings")


def blocks(kind: str) -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        found += [(page, block) for block in re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
    return found


def console() -> Iterator[tuple[str, str]]:
    """Yield each command of the console blocks with what it prints."""
    for _, block in blocks("console"):
        yield from split(block)


def split(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with what it prints."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        end = 1
        while lines[end - 1].rstrip().endswith(("=", "#>")) or lines[end - 1].lstrip().startswith("PREFIX"):
            end += 1
        yield "".join(lines[:end]).strip(), "".join(lines[end:])


def run_as_written(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a person types it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        shell=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "100"},
        capture_output=True,
        text=True,
    )


COMMANDS = list(console())


@pytest.fixture(scope="module")
def place(flagship_copied: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the publication, beside which another folder of data lies."""
    folder = flagship_copied(tmp_path_factory.mktemp("readme") / "hamkor")
    other = folder.parent / "our-data" / "data"
    other.mkdir(parents=True)
    (other / "ours.ttl").write_text("<https://e.org/a> <https://e.org/b> 1 .")
    return folder


@pytest.fixture(scope="module")
def address(place: Path) -> Iterator[str]:
    """The publication served, as ``make serve`` does, but on a free port."""
    with subprocess.Popen([hamkor(), "serve", "--port", "0"], cwd=place, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        for line in server.stderr:
            if found := re.search(r"http://[\d.:]+", line):
                yield found[0]
                break
        server.terminate()


def hamkor() -> str:
    return str(Path(sys.executable).parent / "hamkor")


def settled(text: str) -> str:
    """What may differ from run to run, taken out, and trailing blanks."""
    return "\n".join(line.rstrip() for line in CHANGING.sub("…", text).strip().splitlines())


@pytest.mark.parametrize(("command", "printed"), COMMANDS, ids=[command[:60] for command, _ in COMMANDS])
def test_a_command_prints_what_is_shown(command: str, printed: str, place: Path, address: str) -> None:
    if "serve" in command:
        pytest.skip("serving another folder is tested with the endpoint")
    run = run_as_written(command.replace(HERE, address), place)
    assert run.returncode == 0, run.stderr
    assert settled(run.stdout) == settled(printed)


@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_a_python_snippet_runs_and_prints_something(page: str, code: str, address: str, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", code.replace(HERE, address)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


def test_the_sparql_snippet_is_answered_to_another_endpoint_that_calls_us(address: str) -> None:
    ((_, text),) = blocks("sparql")
    inner = re.search(r"\{ (\?club a [^}]*) \}", text)
    assert inner is not None
    # what an engine sends for SERVICE: the inner pattern as a SELECT, by POST
    answer = httpx.post(
        f"{address}/sparql",
        content=f"SELECT * WHERE {{ {inner[1]} }}",
        headers={"Content-Type": "application/sparql-query", "Accept": "application/sparql-results+json"},
    )
    assert len(answer.json()["results"]["bindings"]) == 5


R_REQUESTS = {
    "read.csv asks for format=csv": ("format=csv&", {}, "text/csv"),
    "the package SPARQL asks for XML": (
        "",
        {"Accept": "application/sparql-results+xml"},
        "application/sparql-results+xml",
    ),
    "the package SPARQL with format csv sends no Accept": ("format=csv&", {"Accept": ""}, "text/csv"),
}


@pytest.mark.parametrize("request_of_r", R_REQUESTS.values(), ids=R_REQUESTS.keys())
def test_what_r_sends_is_answered(request_of_r: tuple[str, dict[str, str], str], address: str) -> None:
    extra, headers, expected = request_of_r
    ((_, code),) = blocks("r")
    query = re.search(r"query <- '(.*?)'", code, re.DOTALL)
    assert query is not None
    answer = httpx.get(f"{address}/sparql?{extra}query={quote(query[1], safe='')}", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(expected)
    assert "club/termez" in answer.text
