"""Patches folded into the files that they correct: a build says the same before and after, and no patch is left."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from endpoint.cli import main
from graph.model.publication import Publication, open_publication
from graph.parts.proposals.folding import PatchFolding, difference
from graph.pipeline.build import build
from graph.sources.rdf_patches import PatchRow, patch_file, patches_of, read_patch, write_patch
from graph.sources.reader import read_source
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


def said(own: Publication) -> dict[str, set[bytes]]:
    """What the files say with their patches, by the graph: as a build has it."""
    patches, found = patches_of(own), dict[str, set[bytes]]()
    for file in own.sources():
        for each in patches.patched(read_source(file, base=BASE, limits=own.settings.limits)):
            found.setdefault(each.graph, set()).update(each.lines())
    for _, each in patches.added():
        found.setdefault(each.graph, set()).update(each.lines())
    return {graph: lines for graph, lines in found.items() if lines}


A_LABEL, IN_A = f'{A} {LABEL} "A \\"club\\""@en', f"<{BASE}graph/a>"
ODD = {
    "a file of another format says it too": (
        {"data/m.trig": f'{IN_A} {{ {A} {LABEL} "Клуб"@ru }}',
         "patches/1-p.rdfp": f'D {A} {LABEL} "Клуб"@ru {IN_A} .\n'},
        [], 1,
    ),
    "a graph of another format gets something": (
        {"patches/1-p.rdfp": f'A {OWN}id/j> {OWN}ns#p> "more" <{BASE}graph/j> .\n'}, [], 1,
    ),
    "a concept in one of several files of a graph": (
        {f"ontology/schemes/{name}.ttl": f'<{BASE}scheme/{name}> {LABEL} "{name}"@en .' for name in "xy"}
        | {"patches/1-p.rdfp": f'D {OWN}scheme/y> {LABEL} "y"@en <{BASE}graph/schemes> .\n'
                               f'A {OWN}scheme/y> {LABEL} "Y"@en <{BASE}graph/schemes> .\n'
                               f'A {OWN}scheme/x> {LABEL} "X"@ru <{BASE}graph/schemes> .\n'}, [], 0,
    ),
    "a later patch alone": (
        {"patches/1-p.rdfp": f'D {A_LABEL} {IN_A} .\nA {A} {LABEL} "Two"@en {IN_A} .\n',
         "patches/2-q.rdfp": f'D {A} {LABEL} "Two"@en {IN_A} .\nA {A} {LABEL} "Three"@en {IN_A} .\n'}, ["q"], 2,
    ),
    "a later patch that brings back what an earlier one takes": (
        {"patches/1-p.rdfp": f"D {A_LABEL} {IN_A} .\n", "patches/2-q.rdfp": f"A {A_LABEL} {IN_A} .\n"}, ["q"], 1,
    ),
    "what comes and goes in one patch": (
        {"patches/1-p.rdfp": f'A {A} {LABEL} "Two"@en {IN_A} .\nD {A} {LABEL} "Two"@en {IN_A} .\n'}, [], 0,
    ),
    "a patch of Windows in which something stays": (
        {"data/m.trig": f'{IN_A} {{ {A} {LABEL} "M" }}',
         "patches/1-p.rdfp": f'# by hand\r\nD  {A} {LABEL} "M"  {IN_A} . # no\r\nD {A_LABEL} {IN_A} .\r\n'}, [], 1,
    ),
    "patches without a number": (
        {"patches/p.rdfp": f"D {A_LABEL} {IN_A} .\n", "patches/q.rdfp": f'D {A} {LABEL} "Клуб"@ru {IN_A} .\n'}, [], 0,
    ),
    "a file of Windows gets something": (
        {"data/w.ttl": f'<{BASE}id/w> {LABEL} "W" .\r\n',
         "patches/1-p.rdfp": f'A <{BASE}id/w> {LABEL} "V" <{BASE}graph/w> .\n'},
        [], 0,
    ),
    "what stands more often than is tried": (
        {"data/w.ttl": "".join(f"<{BASE}id/w{n}> {LABEL} 1 .\n" for n in range(80)),
         "patches/1-p.rdfp": f'D <{BASE}id/w70> {LABEL} "1"^^{XSD}integer> <{BASE}graph/w> .\n'}, [], 0,
    ),
    "names with blanks and letters of others": (
        {"data/the ғ.ttl": f'<{BASE}id/w> {LABEL} "W" .',
         "patches/1 ў-p.rdfp": f'D <{BASE}id/w> {LABEL} "W" <{BASE}graph/the-ғ> .\n'},
        [], 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_whatever_lies_in_the_folder_says_the_same_when_patches_are_folded(tmp_path: Path, what: str) -> None:
    files, names, staying = ODD[what]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    own = open_publication(write(tmp_path / "below", FILES | files))
    before = said(own)
    done = CliRunner().invoke(main, ["--publication", str(own.root), "proposals", "export", "--fold", *names])
    assert done.exit_code == 0, done.output
    assert done.stderr.count("cannot be folded, and stays") == staying
    if done.stdout_bytes:
        applied(own.root, done.stdout_bytes)
    assert said(own) == before
    left = [row for path in own.patches() for row in read_patch(path, path.name)]
    assert len(left) == staying + (2 if what == "a later patch alone" else len(names) and 1)
    if "Windows" in what:
        assert not [path for path in (own.root / "data" / "w.ttl", *own.patches()) if path.exists()
                    and path.read_bytes().count(b"\n") != path.read_bytes().count(b"\r\n")]  # fmt: skip


def test_comments_beside_what_goes_stay(tmp_path: Path) -> None:
    text = f"<{BASE}id/a> {LABEL} 1 , # the first\n  2 , # the second\n  3 ; # the third\n  # more\n  a <{BASE}C> .\n"
    own = open_publication(write(tmp_path / "own", {"hamkor.toml": f'base = "{BASE}"\n', "data/a.ttl": text}))
    rows = [("a", f'D {A} {LABEL} "{number}"^^{XSD}integer>') for number in (2, 3)]
    write_patch(
        patch_file(
            own, "p", rows_of([*rows, ("a", f"D {A} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{BASE}C>")])
        )
    )
    folded = PatchFolding(own).fold(own.patches())
    after = next(each.after for each in folded.files if each.name == "data/a.ttl") or ""
    assert not folded.left
    assert [each for each in ("the first", "the second", "the third", "more") if f"# {each}\n" not in after] == []


def test_a_patch_for_git_holds_every_letter(tmp_path: Path) -> None:
    row = 'A <https://example.org/id/a> <https://example.org/p> "a\u2028b\x85c" <https://example.org/graph/a> .\n'
    own = open_publication(write(tmp_path / "own", FILES | {"patches/1-p.rdfp": row}))
    done = CliRunner().invoke(main, ["--publication", str(own.root), "proposals", "export", "--git", "p"])
    (own.root / "patches/1-p.rdfp").unlink()
    applied(own.root, done.stdout_bytes)
    assert (own.root / "patches/1-p.rdfp").read_bytes().decode() == row


def test_a_patch_that_is_no_utf_8_is_told_in_one_line(tmp_path: Path) -> None:
    own = write(tmp_path / "own", FILES | {"patches/1-p.rdfp": ""})
    (own / "patches/1-p.rdfp").write_bytes(b"# \xff\n")
    for option in ("--git", "--fold"):
        done = CliRunner().invoke(main, ["--publication", str(own), "proposals", "export", option])
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert "patches/1-p.rdfp" in done.stderr


def test_what_has_no_patch_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "own", FILES)
    done = CliRunner().invoke(main, ["--publication", str(folder), "proposals", "export", "--fold", "none"])
    assert done.exit_code == 2
    assert "there is no patch of the proposal 'none'" in done.output
