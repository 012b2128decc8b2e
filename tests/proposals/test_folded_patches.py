"""Patches folded into the files that they correct: a build says the same before and after, and no patch is left."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from endpoint.cli import main
from graph.model.publication import open_publication
from graph.parts.proposals.folding import PatchFolding, difference
from graph.pipeline.build import build
from graph.sources.rdf_patches import PatchRow, patch_file, write_patch
from tests.endpoint.serving import write

BASE, RDFS = "https://example.org/", "http://www.w3.org/2000/01/rdf-schema#"
TURTLE = r'''@base <https://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . # names
@prefix : <https://example.org/ns#> .

<id/a> a :Club ;            # the first "one"
  rdfs:label "A \"club\""@en , 'Клуб'@ru , """One
more"""@en ;
  :members 14 ; :of <id/b> , <id/c> ;
  :founded "2015-02"^^<http://www.w3.org/2001/XMLSchema#gYearMonth> .
<id/b> :members 14 . <id/b> rdfs:label "B" .
<id/c> :in [ :members 14 ] .
'''
TABLE = 'id,name,members\r\na,Alpha,14\r\nb,"Be, ta",15\r\n'
METADATA = """{"@context": "http://www.w3.org/ns/csvw", "url": "t.csv", "aboutUrl": "https://example.org/id/t-{id}",
  "tableSchema": {"columns": [
    {"name": "id", "titles": "id", "suppressOutput": true},
    {"name": "name", "titles": "name", "propertyUrl": "http://www.w3.org/2000/01/rdf-schema#label", "lang": "en"},
    {"name": "members", "titles": "members", "propertyUrl": "https://example.org/ns#members",
      "datatype": "integer"}]}}"""
FILES = {
    "hamkor.toml": f'base = "{BASE}"\n', "data/a.ttl": TURTLE, "data/n.nt": f"<{BASE}id/n> <{BASE}ns#p> \"1\" .",
    "data/t.csv": TABLE, "data/t.csv-metadata.json": METADATA,
    "data/j.jsonld": '{"@id": "https://example.org/id/j", "https://example.org/ns#p": "old"}',
}  # fmt: skip


def applied(folder: Path, text: bytes) -> None:
    subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], input=text, cwd=folder, check=True)


OWN, XSD = "<https://example.org/", "<http://www.w3.org/2001/XMLSchema#"
A, LABEL = f"{OWN}id/a>", f"<{RDFS}label>"
CHANGES = {
    "a text": [("a", f'D {A} {LABEL} "A \\"club\\""@en'), ("a", f'A {A} {LABEL} "The club"@en')],
    "a text of two lines": [("a", f'D {A} {LABEL} "One\\nmore"@en'), ("a", f'A {A} {LABEL} "Two"@en')],
    "a number that stands thrice": [("a", f'D {A} {OWN}ns#members> "14"^^{XSD}integer>'),
                                    ("a", f'A {A} {OWN}ns#members> "99"^^{XSD}integer>')],
    "a date": [("a", f'D {A} {OWN}ns#founded> "2015-02"^^{XSD}gYearMonth>'),
               ("a", f'A {A} {OWN}ns#founded> "2016"^^{XSD}gYear>')],
    "a thing": [("a", f"D {A} {OWN}ns#of> {OWN}id/b>"), ("a", f"A {A} {OWN}ns#of> {OWN}id/new>")],
    "one of several goes": [("a", f"D {A} {OWN}ns#of> {OWN}id/b>")],
    "the last of several goes": [("a", f"D {A} {OWN}ns#of> {OWN}id/c>")],
    "the only one goes": [("a", f'D {A} {OWN}ns#members> "14"^^{XSD}integer>')],
    "the last property goes": [("a", f'D {A} {OWN}ns#founded> "2015-02"^^{XSD}gYearMonth>')],
    "a whole statement goes": [("a", f'D {OWN}id/b> {LABEL} "B"')],
    "something comes": [("a", f'A {OWN}id/b> {LABEL} "Б"@ru'), ("new", f'A {OWN}id/x> {LABEL} "X"@en')],
    "a line": [("n", f'D {OWN}id/n> {OWN}ns#p> "1"'), ("n", f'A {OWN}id/n> {OWN}ns#p> "2"')],
    "a line goes and another comes": [("n", f'A {OWN}id/n> {OWN}ns#q> "3"')],
    "a cell": [("t", f'D {OWN}id/t-b> {LABEL} "Be, ta"@en'), ("t", f'A {OWN}id/t-b> {LABEL} "Beta"@en')],
    "a number in a cell": [("t", f'D {OWN}id/t-a> {OWN}ns#members> "14"^^{XSD}integer>'),
                           ("t", f'A {OWN}id/t-a> {OWN}ns#members> "20"^^{XSD}integer>')],
}  # fmt: skip


def rows_of(said: list[tuple[str, str]]) -> list[PatchRow]:
    return [PatchRow(f"{BASE}graph/{graph}", f"{text[2:]} .".encode(), text[0] == "A") for graph, text in said]


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_folded_says_the_same_and_leaves_no_patch(tmp_path: Path, what: str) -> None:
    folder = write(tmp_path / "own", FILES)
    own = open_publication(folder)
    write_patch(patch_file(own, "p", rows_of(CHANGES[what]), ("proposal",)))
    folded = PatchFolding(own).fold(own.patches())
    assert not folded.left
    before = build(own).manifest.digest
    applied(folder, "".join(part for each in folded.files for part in difference(each)).encode())
    assert not own.patches()
    assert build(own).manifest.digest == before
    if what != "a number that stands thrice":
        return
    assert (folder / "data" / "a.ttl").read_text() == TURTLE.replace(":members 14 ; :of", ":members 99 ; :of")


def test_all_at_once_and_what_cannot_be_folded_stays_in_its_patch_and_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "own", FILES)
    own = open_publication(folder)
    odd = [("j", f'D {OWN}id/j> {OWN}ns#p> "old"'), ("j", f'A {OWN}id/j> {OWN}ns#p> "new"')]
    write_patch(patch_file(own, "k7mwp3xq", rows_of([*CHANGES["a text"], *odd]), ("proposal",)))
    write_patch(patch_file(own, "second", rows_of([*CHANGES["a cell"], *CHANGES["something comes"]])))
    again = [("a", f'D {A} {LABEL} "The club"@en'), ("a", f'A {A} {LABEL} "The very club"@en')]
    write_patch(patch_file(own, "third", rows_of(again)))
    before = build(own).manifest.digest
    done = CliRunner().invoke(main, ["--publication", str(folder), "proposals", "export", "--fold"])
    assert done.exit_code == 0, done.output
    assert done.stderr.count("patches/0001-k7mwp3xq.rdfp: cannot be folded, and stays: ") == 2
    applied(folder, done.stdout_bytes)
    assert [each.name for each in own.patches()] == ["0001-k7mwp3xq.rdfp"]
    assert build(own).manifest.digest == before
    assert "The very club" in (folder / "data" / "a.ttl").read_text()
    assert '# the first "one"' in (folder / "data" / "a.ttl").read_text()
    assert (folder / "data" / "t.csv").read_bytes().count(b"\r\n") == 3


def test_what_has_no_patch_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "own", FILES)
    done = CliRunner().invoke(main, ["--publication", str(folder), "proposals", "export", "--fold", "none"])
    assert done.exit_code == 2
    assert "there is no patch of the proposal 'none'" in done.output
