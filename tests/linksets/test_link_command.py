"""hamkor link: from a table to an answer sheet, and from that to a linkset which the gate lets in."""

from __future__ import annotations

import csv
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner, Result

from endpoint.cli import main
from graph.model.errors import SourceError
from graph.model.publication import Publication
from graph.model.rdf_terms import OWL, SCHEMA, SKOS
from graph.parts.linking.candidate_search import Search
from graph.parts.linking.reconciliation import Reconciler
from graph.parts.linksets import matching
from graph.parts.linksets.answer_sheet import RowNames
from graph.parts.linksets.matching import Acceptance, Labels, Matcher, Matching, unfinished
from graph.releases.release import Release

BASE, OURS = "https://ngo-x.example/club/", "https://w3id.org/hamkor/"
TABLE = "Nomi,Shahar\nTermizdagi ota-onalar klubi,Termiz\nРодительский клуб в Ургенче,Ургенч\nBuxoro markazi,Buxoro\n"
SAME, PAGE, RELATED = OWL + "sameAs", SCHEMA + "sameAs", "http://purl.org/dc/terms/relation"
TERMEZ = "Termizdagi ota-onalar klubi"
PLAIN = Labels(lambda each: each.entity.names[0].text, lambda _: "")


def hamkor(publication: Publication, *arguments: str, folder: Path) -> Result:
    """What a command says, without a process of its own."""
    with chdir(folder):
        return CliRunner().invoke(
            main, [*arguments, "--publication", str(publication.root)], prog_name="hamkor", catch_exceptions=False
        )


def sheet(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_table_becomes_an_answer_sheet_and_that_a_linkset_that_passes_the_gate(
    flagship_release: Release, flagship_publication: Publication, tmp_path: Path
) -> None:
    (tmp_path / "clubs.csv").write_bytes(TABLE.encode("utf-8").replace("ʻ".encode(), b"'"))
    arguments = ("--column", "Nomi", "--type", "club", "--with", "city=Shahar", "--base", BASE)
    command = [str(Path(sys.executable).parent / "hamkor"), "link", "clubs.csv", *arguments]
    command += ["--publication", str(flagship_publication.root)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = sheet(tmp_path / "clubs-answers.csv")
    assert [row["match"] for row in rows] == ["club~termez", "club~urgench", ""]
    assert rows[0]["iri"] == f"{BASE}termizdagi-ota-onalar-klubi"
    assert "is there already" in hamkor(flagship_publication, "link", "clubs.csv", *arguments, folder=tmp_path).stderr

    run = hamkor(
        flagship_publication, "link", "--accept", "clubs-answers.csv", "--author", "NGO X", "--same", folder=tmp_path
    )  # fmt: skip
    assert run.stdout.startswith("2 links (2 owl:sameAs)"), run.stderr
    triples = {quad.triple for quad in ox.parse(path=str(tmp_path / "clubs-links.ttl"))}
    same, subject = ox.NamedNode(SAME), ox.NamedNode(f"{BASE}termizdagi-ota-onalar-klubi")
    assert ox.Triple(subject, same, ox.NamedNode(f"{OURS}id/club/termez")) in triples
    lines = (tmp_path / "clubs-links.sssom.tsv").read_text(encoding="utf-8").splitlines()
    said = {line[1:].partition(":")[0] for line in lines if line.startswith("#") and not line.startswith("# ")}
    assert {"curie_map", "mapping_set_id", "license", "mapping_date"} <= said
    header, first = (line.split("\t") for line in [each for each in lines if not each.startswith("#")][:2])
    row = dict(zip(header, first, strict=True))
    assert (row["predicate_id"], row["object_id"]) == ("owl:sameAs", "hamkor:id/club/termez")
    assert (row["mapping_justification"], row["author_label"]) == ("semapv:LexicalMatching", "NGO X")

    run = hamkor(
        flagship_publication, "publish", "clubs-links.ttl", "--graph", "ngo-x/l", "--dry-run", folder=tmp_path
    )  # fmt: skip
    assert run.exit_code == 0, run.stderr
    bad = (tmp_path / "clubs-links.ttl").read_text().replace("id/club/termez", "id/club/nowhere")
    (tmp_path / "bad.ttl").write_text(bad)
    run = hamkor(flagship_publication, "publish", "bad.ttl", "--graph", "ngo-x/l", "--dry-run", folder=tmp_path)
    assert run.exit_code == 1
    assert "thing of ours that is not there" in run.stderr


WRONG = {
    "no column": (("clubs.csv",), "name a table and its column"),
    "an unknown column": (("clubs.csv", "--column", "x"), "no column 'x'"),
    "an unknown type": (("clubs.csv", "--column", "Nomi", "--type", "ship"), "nothing here is of the type 'ship'"),
    "persons": (("clubs.csv", "--column", "Nomi", "--type", "person"), "persons are not linked"),
    "an unknown property": (("clubs.csv", "--column", "Nomi", "--with", "colour=Nomi"), "colour=Nomi is none"),
    "a base of ours": (("clubs.csv", "--column", "Nomi", "--base", f"{OURS}id/club/"), "named by this publication"),
    "nobody who answers": (("--accept", "clubs.csv"), "--author"),
    "no answer sheet": (("--accept", "clubs.csv", "--author", "X"), "no answer sheet"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_in_a_line(
    what: str, flagship_release: Release, flagship_publication: Publication, tmp_path: Path
) -> None:
    arguments, said = WRONG[what]
    (tmp_path / "clubs.csv").write_text(TABLE, encoding="utf-8")
    run = hamkor(flagship_publication, "link", *arguments, folder=tmp_path)
    assert run.exit_code == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr


class Interrupted(Exception):  # noqa: N818  it is none
    """Somebody pressed Ctrl-C."""


def test_an_interrupted_run_goes_on_where_it_stopped(
    flagship_reconciler: Reconciler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "PIECE", 2)
    table, answers = tmp_path / "t.csv", tmp_path / "answers.csv"
    table.write_text("Name\n" + "".join(f"Klub {n}\n" for n in range(7)), encoding="utf-8")
    wanted = Matching("Name", (), {}, "", BASE, OURS, "r1")

    def stop(rows: int, _: int) -> None:
        if rows == 4:
            raise Interrupted

    with pytest.raises(Interrupted):
        Matcher(wanted, flagship_reconciler, PLAIN).match(table, answers, stop)
    with answers.open("ab") as file:
        file.write(b"5,half a li")  # what was being written when the power went
    begun = unfinished(answers)
    assert begun is not None
    assert begun.rows == 4
    asked = list[int]()
    state = Matcher(wanted, flagship_reconciler, PLAIN).match(table, answers, lambda rows, _: asked.append(rows))
    assert (state.rows, unfinished(answers)) == (7, None)
    assert [row["row"] for row in sheet(answers)] == [str(n) for n in range(1, 8)]
    assert len({row["iri"] for row in sheet(answers)}) == 7


def test_a_sheet_that_was_begun_for_something_else_is_not_gone_on_with(
    flagship_reconciler: Reconciler, tmp_path: Path
) -> None:
    table, answers = tmp_path / "t.csv", tmp_path / "a.csv"
    table.write_text("Name,Other\nKlub,x\n")

    def stop(*_: int) -> None:
        raise Interrupted

    wanted = Matching("Name", (), {}, "", BASE, OURS, "r1")
    with pytest.raises(Interrupted):
        Matcher(wanted, flagship_reconciler, PLAIN).match(table, answers, stop)
    other = Matching("Other", (), {}, "", BASE, OURS, "r1")
    with pytest.raises(SourceError, match="begun for another table"):
        Matcher(other, flagship_reconciler, PLAIN).match(table, answers, lambda *_: None)


DECISIONS = {
    "a match is a page that says what is meant": (TERMEZ, "Termiz", "club~termez", "", PAGE),
    "the very same thing, and everything agrees": (TERMEZ, "Termiz", "club~termez", "same", SAME),
    "the very same thing, but the city differs": (TERMEZ, "Urgench", "club~termez", "same", PAGE),
    "the very same thing, but a word is missing": ("Termizdagi klub", "Termiz", "club~termez", "same", PAGE),
    "it has to do with it": (TERMEZ, "", "club~termez", "related", RELATED),
    "a concept is close": ("Children", "", "~scheme~topic~children", "", SKOS + "closeMatch"),
    "a concept is the same": ("Children", "", "~scheme~topic~children", "exact", SKOS + "exactMatch"),
    "a concept is broader": ("Children", "", "~scheme~topic~children", "broad", SKOS + "broadMatch"),
}  # fmt: skip


def accepted(search: Search, reconciler: Reconciler, path: Path, rows: list[dict[str, str]]) -> Acceptance:
    return Acceptance(written(path, rows), search, reconciler, RowNames("t", BASE, OURS))


@pytest.mark.parametrize("what", DECISIONS)
def test_the_property_is_the_strongest_that_can_be_answered_for(
    what: str, flagship_search: Search, flagship_reconciler: Reconciler, tmp_path: Path
) -> None:
    name, city, match, relation, predicate = DECISIONS[what]
    row = {"row": "1", "name": name, "given city": city, "match": match, "relation": relation, "id": "x"}
    (mapping,) = accepted(flagship_search, flagship_reconciler, tmp_path / "a.csv", [row]).mappings()
    assert mapping.predicate == predicate
    assert mapping.justification == "ManualMappingCuration"
    assert bool(mapping.remark) == (relation == "same" and predicate == PAGE)


def test_two_rows_are_never_both_the_very_same_thing_and_a_refusal_is_no_link(
    flagship_search: Search, flagship_reconciler: Reconciler, tmp_path: Path
) -> None:
    name = TERMEZ
    rows = [
        {"row": str(n), "name": name, "match": "club~termez", "relation": relation, "id": "x"}
        for n, relation in enumerate(("same", "same", "not"), 1)
    ]
    found = accepted(flagship_search, flagship_reconciler, tmp_path / "a.csv", rows).mappings()
    assert [each.predicate for each in found] == [PAGE] * 3
    assert [each.is_negative for each in found] == [False, False, True]
    assert len({each.subject for each in found}) == 3


BAD_CELLS = {
    "an id of nothing": ({"match": "club~nowhere"}, "nothing here has the id"),
    "an unknown relation": ({"match": "club~termez", "relation": "cousin"}, "'cousin' is no relation"),
}


@pytest.mark.parametrize("what", BAD_CELLS)
def test_a_bad_cell_is_named_with_line_and_column(
    what: str, flagship_search: Search, flagship_reconciler: Reconciler, tmp_path: Path
) -> None:
    cells, said = BAD_CELLS[what]
    row = {"row": "1", "name": "Klub", "match": "", "relation": "", "id": "x"} | cells
    with pytest.raises(SourceError, match=said) as refused:
        accepted(flagship_search, flagship_reconciler, tmp_path / "a.csv", [row]).mappings()
    assert refused.value.line == 2


@pytest.fixture
def names() -> RowNames:
    return RowNames("table.csv", BASE, OURS)


def test_rows_get_iris_of_their_own(names: RowNames) -> None:
    assert names.name(1, "", "Клуб № 1") == f"{BASE}klub-no-1"
    assert names.name(2, "", "Klub no 1") == f"{BASE}klub-no-1-2"
    assert names.name(3, "a b", "x") == f"{BASE}a%20b"
    assert names.name(4, "https://e.org/4", "x") == "https://e.org/4"
    with pytest.raises(SourceError, match="is the IRI of row 4 already"):
        names.name(5, "https://e.org/4", "x")
