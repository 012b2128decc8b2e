"""The page of ``/sparql`` with the editor, and the short links of queries."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from endpoint.sparql.shelf import FOLDER, is_installed
from tests.endpoint.serving import Served, serving, write

HTML = "text/html"
QUERY = """PREFIX hk: <https://w3id.org/hamkor/ns#>
SELECT ?club ?n { ?club hk:numberOfMembers ?n } ORDER BY DESC(?n) ?club LIMIT 2"""
with_editor = pytest.mark.skipif(not is_installed(), reason="the editor is not installed: npm ci in endpoint/yasgui")


@pytest.fixture
def served(flagship_served: Served) -> Served:
    return flagship_served


def keep(served: Served, query: str) -> str:
    """The path of the page of a query that is kept now."""
    answer = served.request("POST", "/query", HTML, data={"query": query})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"]).removeprefix(served.url)


@with_editor
def test_the_page_brings_the_editor_and_nothing_from_elsewhere(served: Served) -> None:
    page = served.get("/sparql", HTML)
    for address in re.findall(r'<(?:script|link rel="stylesheet")[^>]*(?:src|href)="([^"]*)"', page.text):
        assert address.startswith("/")
        assert served.get(address).status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy


@with_editor
def test_the_editor_knows_the_publication(served: Served) -> None:
    page = served.get("/sparql?ui=ru", HTML).text
    found = re.search(r'<script type="application/json" id="editor-settings">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    settings = json.loads(found[1])
    assert settings["endpoint"] == f"{served.url}/sparql"
    assert len(settings["examples"]) == 13
    assert settings["examples"][0]["label"].startswith("Какие")
    assert "https://w3id.org/hamkor/ns#ParentsClub" in settings["classes"]
    assert "https://w3id.org/hamkor/ns#numberOfMembers" in settings["properties"]
    assert settings["prefixes"]["hk"] == "https://w3id.org/hamkor/ns#"


def test_the_form_is_there_with_and_without_the_editor(served: Served) -> None:
    page = served.get("/sparql", HTML).text
    assert '<textarea id="query" name="query"' in page


@pytest.mark.parametrize("name", ["package.json", "../../../package.json", "yasgui.min.js.map", ".hidden"])
def test_nothing_else_of_the_package_is_served(served: Served, name: str) -> None:
    assert served.get(f"/static/editor/{name}").status_code == 404


def test_the_lock_file_names_no_address() -> None:
    lock = FOLDER.parents[3] / "package-lock.json"
    assert '"resolved"' not in lock.read_text()
    assert '"integrity"' in lock.read_text()


# Queries that are kept


def test_a_query_is_kept_under_a_short_link(served: Served) -> None:
    path = keep(served, QUERY)
    assert re.fullmatch(r"/query/~[a-z2-7]{12}", path)
    assert keep(served, QUERY.replace("\n", "\r\n")) == path


def test_its_page_shows_the_query_and_its_release(served: Served) -> None:
    page = served.get(keep(served, QUERY), HTML)
    assert page.status_code == 200
    assert "numberOfMembers ?n" in page.text
    assert served.release.id in page.text


def test_programs_are_sent_to_its_answer_in_that_release(served: Served) -> None:
    path = keep(served, QUERY)
    answer = served.get(path, "text/csv")
    assert answer.status_code == 303
    assert f"/release/{served.release.id}/sparql?" in answer.headers["Location"]
    followed = served.get(answer.headers["Location"].removeprefix(served.url), "text/csv")
    assert followed.text.splitlines() == [
        "club,n", "https://w3id.org/hamkor/id/club/urgench,142", "https://w3id.org/hamkor/id/club/namangan,25"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "printed"),
    [(QUERY, "urgench"), ("ASK { ?s ?p ?o }", "True"), ("CONSTRUCT { ?s a ?o } WHERE { ?s a ?o } LIMIT 3", "3")],
)
def test_the_python_of_its_page_runs(served: Served, query: str, printed: str) -> None:
    if "SELECT" in query:
        pytest.importorskip("pandas")
    page = served.get(keep(served, query), HTML).text
    found = re.search(r'aria-label="Python">(.*?)</pre>', page, re.DOTALL)
    assert found is not None
    code = found[1].replace("&#34;", '"').replace("&amp;", "&").replace("&quot;", '"')
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert printed in ran.stdout, ran.stderr


def test_the_curl_of_its_page_runs(served: Served) -> None:
    page = served.get(keep(served, QUERY), HTML).text
    found = re.search(r"curl -sL &#39;([^&]*)&#39;|curl -sL '([^']*)'", page)
    assert found is not None
    ran = subprocess.run(["curl", "-sL", found[1] or found[2]], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.startswith("club,n")


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("SELEKT *", 400), ("SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }", 403),
     ("#" * 21_000 + "\nASK {}", 413)],
)  # fmt: skip
def test_what_is_no_query_is_not_kept(served: Served, query: str, status: int) -> None:
    assert served.request("POST", "/query", "application/json", data={"query": query}).status_code == status


def test_an_unknown_link_is_a_404_that_says_so(served: Served) -> None:
    answer = served.get("/query/~aaaaaaaaaaaa", "application/json")
    assert answer.status_code == 404
    assert "no query is kept" in answer.json()["detail"]


def test_one_client_keeps_some_queries_a_minute_and_is_told_when_the_next(tmp_path: Path) -> None:
    files = {"hamkor.toml": "[limits]\nkept_queries_per_minute = 2", "data/a.ttl": "<http://e/1> <http://e/p> 1 ."}
    with serving(write(tmp_path, files)) as running:
        sent = [running.request("POST", "/query", data={"query": f"ASK {{ ?s ?p {number} }}"}) for number in range(3)]
        assert [each.status_code for each in sent] == [303, 303, 429]
        assert int(sent[-1].headers["Retry-After"]) > 0
        other = {"X-Forwarded-For": "198.51.100.7"}
        assert running.request("POST", "/query", data={"query": "ASK {}"}, headers=other).status_code == 303
