"""Withholding while the service runs: within seconds nothing answers with it, and no log has a name."""

from __future__ import annotations

import time
from pathlib import Path

from click.testing import CliRunner

from endpoint.cli import main
from tests.endpoint.serving import serving, write

BASE = "https://w3id.org/hamkor/"
MAYA = f"{BASE}id/person/maya-ganieva"
DATA = f"""
<{MAYA}> a <http://xmlns.com/foaf/0.1/Person> ; <http://xmlns.com/foaf/0.1/name> "Maya Ganieva" .
<{BASE}id/club/1> <http://www.w3.org/2000/01/rdf-schema#label> "Club, led by Maya Ganieva"@en , "Клуб"@ru .
"""
ALL = {"query": "SELECT * { ?s ?p ?o }"}


def test_what_is_withheld_leaves_a_running_service_and_its_log(tmp_path: Path) -> None:
    folder = write(tmp_path / "publication", {"hamkor.toml": "[log]\naccess = true\n", "data/a.ttl": DATA})
    with serving(folder) as running:
        first = running.release.id
        assert "Ganieva" in running.get("/sparql", "text/csv", params=ALL).text
        assert "Ganieva" in running.get(f"/release/{first}/sparql", "text/csv", params=ALL).text
        done = CliRunner().invoke(main, ["--publication", str(folder), "withhold", MAYA], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        end = time.monotonic() + 10
        while "Ganieva" in running.get("/sparql", "text/csv", params=ALL).text and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(1.1)  # the pages look once a second
        log = (folder / "stderr").stat().st_size
        for path in (f"/doc/{MAYA.removeprefix(f'{BASE}id/')}", f"/id/{MAYA.removeprefix(f'{BASE}id/')}"):
            answer = running.get(path, "text/html")
            assert (answer.status_code, "ganieva" in answer.text.lower()) == (410, False)
        assert "Ganieva" not in running.get("/sparql", "text/csv", params=ALL).text
        assert "Ganieva" not in running.get("/doc/club/1.ttl").text
        for path in (f"/release/{first}", f"/release/{first}/sparql?query=ASK%7B%7D", f"/release/{first}/doc/club/1"):
            assert running.get(path).status_code == 410
        said = (folder / "stderr").read_bytes()[log:].decode().lower()
        assert '"/doc/"' in said
        assert "ganieva" not in said


def test_nobody_without_a_token_finds_out_who_is_withheld_by_trying(tmp_path: Path) -> None:
    folder = write(tmp_path / "publication", {"data/a.ttl": DATA})
    with serving(folder) as running:
        kept = [
            running.request("POST", "/query", "text/html", data={"query": text}).headers["Location"]
            for text in (f"DESCRIBE <{MAYA}>", 'SELECT * { ?s ?p "Ganieva, Maya" }', "SELECT * { ?s ?p 12345 }")
        ]
        assert CliRunner().invoke(main, ["--publication", str(folder), "withhold", MAYA]).exit_code == 0
        time.sleep(1.1)
        assert [running.get(each[each.index("/query") :], "text/html").status_code for each in kept] == [404, 404, 200]
        shelf = (folder / ".hamkor/queries.sqlite").read_bytes()
        assert (b"Ganieva" in shelf, b"ganieva" in shelf, b"12345" in shelf) == (False, False, True)

        turtle = {"Content-Type": "text/turtle"}
        answers = {
            name: (
                running.request("POST", "/validate", "application/json", headers=turtle,
                                content=f'<http://e/1> <http://e/p> "{name}" .'),
                running.get(f"/doc/person/{name.replace(' ', '-')}-x"),
                running.get("/resource", params={"iri": f"http://e/{name.replace(' ', '-')}"}),
                running.get("/search.json", params={"q": name}),
                running.request("POST", "/query", "text/html", data={"query": f"ASK {{ ?s ?p '{name}' }}"}),
            )
            for name in ("Maya Ganieva", "Kaya Manieva")
        }  # fmt: skip
        ours, others = ([each.status_code for each in found] for found in answers.values())
        assert ours == others
        assert ours == [200, 404, 404, 200, 303]
        texts = [[each.text.replace(name, "").replace(name.replace(" ", "-"), "") for each in found[:4]]
                 for name, found in answers.items()]  # fmt: skip
        assert texts[0][0] == texts[1][0]
