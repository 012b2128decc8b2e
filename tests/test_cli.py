"""The command line: what each command does, its exit status, and one readable line for whatever goes wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from socket import create_server

import duckdb
import pyoxigraph as ox
import pytest
from click.testing import CliRunner, Result
from writing import Write

from endpoint.cli import ORDER, main
from graph.export.documents import SERIALISATIONS
from graph.model.formats import DATASET_FORMATS, GRAPH_FORMATS, RESULT_FORMATS, format_named
from graph.model.publication import Publication
from graph.pipeline.build import build
from graph.releases.release import Release, current_release

HAMKOR = Path(sys.executable).parent / "hamkor"
PREFIXES = "PREFIX : <http://e/> PREFIX hk: <https://w3id.org/hamkor/ns#> "
FILES = {
    "hamkor.toml": "",
    "data/clubs.ttl": """
        @prefix : <http://e/> .
        :a a :Club ; :name "Termez"@en , "Термез"@ru ; :members 01 ; :near :b , [ :name "a yard" ] .
        :b a :Club ; :name 'a "quoted" name' .
    """,
    "data/more.nq": '<http://e/a> <http://e/name> "Termez"@en <http://e/g> .\n',
    "data/queries.ttl": """
        @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        <https://w3id.org/hamkor/query/clubs> a sh:SPARQLSelectExecutable ; rdfs:label "All clubs"@en ;
            sh:select "SELECT ?club { ?club a <http://e/Club> } ORDER BY ?club" .
    """,
    "shapes/club.ttl": """
        @prefix : <http://e/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
        :Shape a sh:NodeShape ; sh:targetClass :Club ; sh:property :NameShape .
        :NameShape a sh:PropertyShape ; sh:path :name ; sh:minCount 1 ;
            sh:message "The name is missing."@en , "Названия нет."@ru , "Nomi yoʻq."@uz .
    """,
}
NAMELESS = "@prefix : <http://e/> . :c a :Club ."


def hamkor(*arguments: str | Path, **rest: object) -> subprocess.CompletedProcess[str]:
    """The installed command, in a process of its own."""
    command = [HAMKOR, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, **rest)  # type: ignore[call-overload,no-any-return]


def called(folder: Path | None, *arguments: str, text: str | None = None) -> Result:
    """The command in this process."""
    where = [] if folder is None else ["--publication", str(folder)]
    return CliRunner().invoke(main, [*where, *arguments], input=text, prog_name="hamkor", catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small publication with a release; nothing changes it."""
    root = tmp_path_factory.mktemp("publication")
    for name, content in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    assert called(root, "build").exit_code == 0
    return root


@pytest.mark.parametrize("command", ["", *ORDER])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_teaches(command: str, option: str) -> None:
    answer = called(None, *filter(None, (command,)), option)
    assert answer.exit_code == 0
    assert answer.output.startswith("Usage: ")
    assert re.search(r"^  +hamkor \w+", answer.output, re.MULTILINE), "help shows how it is called"


def test_the_installed_command_says_its_version() -> None:
    answer = hamkor("--version")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert re.fullmatch(r"hamkor, version \d+\.\d+\.\d+\n", answer.stdout)


def test_build_then_nothing_to_build_then_query(publication: Write) -> None:
    root = publication(FILES).root
    first = hamkor("build", cwd=root / "data")
    assert first.returncode == 0
    told = r"Release \S+\n  [\d,]+ triples in 5 named graphs, 0 warnings\n  digest [0-9a-f]{64}\n"
    assert re.match(told, first.stdout)
    assert "reading data/clubs.ttl" in first.stderr
    second = hamkor("--publication", root, "build")
    assert second.stdout.startswith("Nothing has changed since release ")
    quiet = hamkor("build", "--quiet", "--publication", root)
    assert re.fullmatch(r"\S+\n", quiet.stdout)
    assert (quiet.stderr, quiet.stdout.strip()) == ("", current_release(publication({})).id)
    answer = hamkor("query", "SELECT (COUNT(*) AS ?n) { ?c a <http://e/Club> }", "--format", "csv", cwd=root)
    assert (answer.returncode, answer.stdout.split(), answer.stderr) == (0, ["n", "2"], "")


@pytest.mark.parametrize(
    ("language", "message"),
    [("en", "The name is missing."), ("ru", "Названия нет."), ("uz", "Nomi yoʻq."), ("de", "The name is missing.")],
)
def test_violations_are_told_in_the_chosen_language_and_nothing_is_released(
    publication: Write, language: str, message: str
) -> None:
    opened = publication(FILES)
    before = build(opened).id
    publication({"data/new.ttl": NAMELESS})
    answer = called(opened.root, "build", "--lang", language)
    assert answer.exit_code == 1
    assert f"data/new.ttl: Violation: <http://e/c> <http://e/name>: {message}\n" in answer.stderr
    assert answer.stderr.endswith("hamkor: 1 violations; nothing was released, the current release stays\n")
    assert answer.stdout == ""
    assert current_release(opened).id == before


def test_a_hundred_violations_are_not_all_printed(publication: Write) -> None:
    root = publication(
        {**FILES, "data/n.ttl": "".join(f"<http://e/{n}> a <http://e/Club> .\n" for n in range(100))}
    ).root
    answer = called(root, "build")
    assert answer.stderr.count("Violation") == 50
    assert "… and 50 more: hamkor validate shows all" in answer.stderr


def test_validate_conforms(folder: Path) -> None:
    answer = called(folder, "validate")
    assert (answer.exit_code, answer.stdout) == (0, "conforms: 0 violations, 0 warnings\n")


def test_validate_says_when_there_are_no_shapes(publication: Write) -> None:
    answer = called(publication({"data/a.ttl": NAMELESS}).root, "validate")
    assert (answer.exit_code, answer.stdout) == (0, "conforms (there are no shapes): 0 violations, 0 warnings\n")


def test_validate_judges_a_file_together_with_the_publication(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "new.ttl").write_text(NAMELESS)
    answer = called(folder, "validate", str(tmp_path / "new.ttl"), "--lang", "uz")
    assert answer.exit_code == 1
    assert answer.stdout.splitlines() == [
        f"{tmp_path}/new.ttl: Violation: <http://e/c> <http://e/name>: Nomi yoʻq.",
        "does not conform: 1 violations, 0 warnings",
    ]


def test_validate_reads_a_file_of_the_publication_once(publication: Write) -> None:
    shapes = FILES["shapes/club.ttl"].replace("sh:minCount 1", "sh:maxCount 1").replace(":name", ":near")
    files = {
        "hamkor.toml": "",
        "data/a.ttl": "<http://e/a> a <http://e/Club> ; <http://e/near> [] .",
        "shapes/s.ttl": shapes,
    }
    root = publication(files).root
    assert called(root, "validate", str(root / "data/a.ttl")).exit_code == 0


def test_validate_draws_the_same_conclusions_as_build(publication: Write) -> None:
    ontology = "<http://e/title> <http://www.w3.org/2000/01/rdf-schema#subPropertyOf> <http://e/name> ."
    opened = publication({**FILES, "ontology/o.ttl": ontology, "data/c.ttl": f"{NAMELESS} :c :title 'Navoi' ."})
    assert called(opened.root, "build").exit_code == 0
    assert called(opened.root, "validate").exit_code == 0


def test_validate_with_shapes_of_ones_own_needs_no_publication(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "new.ttl").write_text(NAMELESS)
    (tmp_path / "shapes.ttl").write_text(FILES["shapes/club.ttl"])
    monkeypatch.chdir(tmp_path)
    answer = called(None, "validate", "new.ttl", "--shapes", "shapes.ttl")
    assert (answer.exit_code, answer.stdout.splitlines()[0]) == (
        1, "new.ttl: Violation: <http://e/c> <http://e/name>: The name is missing.",
    )  # fmt: skip


def test_validate_as_json_and_turtle(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "new.ttl").write_text(NAMELESS)
    answer = called(folder, "validate", str(tmp_path / "new.ttl"), "--format", "json")
    assert answer.exit_code == 1
    report = json.loads(answer.stdout)
    assert report["conforms"] is False
    (row,) = report["results"]
    assert (row["focus"], row["path"], row["severity"]) == ("<http://e/c>", "http://e/name", "Violation")
    assert row["messages"] == {"en": "The name is missing.", "ru": "Названия нет.", "uz": "Nomi yoʻq."}
    turtle = called(folder, "validate", str(tmp_path / "new.ttl"), "--format", "turtle")
    assert turtle.exit_code == 1
    assert ox.parse(turtle.stdout, ox.RdfFormat.TURTLE)
    assert called(folder, "validate", "--format", "json").stdout.startswith('{\n  "conforms": true')


CLUBS = (
    "SELECT ?club ?members { ?club a <http://e/Club> OPTIONAL { ?club <http://e/members> ?members } } ORDER BY ?club"
)
GRAPH = "CONSTRUCT { ?s <http://e/name> ?o } WHERE { ?s <http://e/name> ?o }"


def test_query_prints_a_table(folder: Path) -> None:
    answer = called(folder, "query", CLUBS)
    assert answer.exit_code == 0
    assert [line.split() for line in answer.stdout.splitlines() if "http" in line] == [
        ["http://e/a", "│", "1"], ["http://e/b", "│"],
    ]  # fmt: skip
    assert answer.stdout.endswith("2 solutions\n")


def test_query_counts_over_the_merge(folder: Path) -> None:
    answer = called(folder, "query", 'SELECT (COUNT(*) AS ?n) { ?s ?p "Termez"@en }', "--format", "tsv")
    assert answer.stdout == "?n\n1\n"


@pytest.mark.parametrize("form", [each.name for each in RESULT_FORMATS])
def test_query_in_every_format_of_results(folder: Path, form: str) -> None:
    answer = called(folder, "query", CLUBS, "--format", form)
    assert answer.exit_code == 0
    if form in ("json", "xml", "tsv"):
        kinds = {"json": ox.QueryResultsFormat.JSON, "xml": ox.QueryResultsFormat.XML, "tsv": ox.QueryResultsFormat.TSV}
        results = ox.parse_query_results(answer.stdout, kinds[form])
        assert isinstance(results, ox.QuerySolutions)
        assert [each["club"].value for each in results] == ["http://e/a", "http://e/b"]
    else:
        assert answer.stdout.split() == ["club,members", "http://e/a,1", "http://e/b,"]


@pytest.mark.parametrize("form", [each.name for each in GRAPH_FORMATS])
def test_query_in_every_format_of_graphs(folder: Path, form: str) -> None:
    answer = called(folder, "query", GRAPH, "--format", form)
    assert answer.exit_code == 0
    kind = format_named(form)
    assert kind is not None
    assert len(set(ox.parse(answer.stdout, SERIALISATIONS[kind]))) == 4


def test_query_of_a_graph_is_turtle_by_default(folder: Path) -> None:
    assert '"Термез"@ru' in called(folder, "query", GRAPH).stdout


@pytest.mark.parametrize(("query", "answer"), [("ASK { ?s ?p 'x' }", "false\n"), ("ASK { ?s ?p ?o }", "true\n")])
def test_query_says_true_or_false(folder: Path, query: str, answer: str) -> None:
    assert called(folder, "query", query).stdout == answer


def test_query_from_a_file_and_from_standard_input(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "q.rq").write_text(CLUBS)
    expected = called(folder, "query", CLUBS).stdout
    assert called(folder, "query", "-f", str(tmp_path / "q.rq")).stdout == expected
    assert called(folder, "query", "-", text=CLUBS).stdout == expected


def test_query_lists_and_runs_the_examples(folder: Path) -> None:
    assert called(folder, "query", "--list").stdout.split(maxsplit=1) == ["clubs", "All clubs\n"]
    assert called(folder, "query", "--example", "clubs", "--format", "csv").stdout.split() == [
        "club", "http://e/a", "http://e/b",
    ]  # fmt: skip


def test_an_example_is_asked_in_a_language(flagship_publication: Publication, flagship_release: Release) -> None:
    assert flagship_release.folder.is_relative_to(flagship_publication.root)
    where, asked = flagship_publication.root, ("query", "--example", "whom-to-call-in-termez")
    said = called(where, *asked, "--lang", "uz").stdout
    assert all(each in said for each in ("aloqa uchun shaxs", "Termizdagi ota-onalar klubi", "+998 91 580 30 65"))
    assert called(where, *asked, "--lang", "ru", "--format", "csv").stdout.startswith(
        "club,contact,telephone\nРодительский"
    )


NAMED = """PREFIX hk: <https://w3id.org/hamkor/ns#> PREFIX id: <https://w3id.org/hamkor/id/club/>
SELECT ?group ?other { id:termez hk:targetGroup ?group BIND (<http://e/x> AS ?other) }"""


@pytest.mark.parametrize(("language", "name"), [
    ("en", "Parents"), ("ru", "Родители"), ("uz", "Ota-onalar"), ("uz-Cyrl", "Ота-оналар"), ("de", "Parents"),
])  # fmt: skip
def test_a_table_names_things_as_pages_do(
    flagship_publication: Publication, flagship_release: Release, language: str, name: str
) -> None:
    assert flagship_release.folder.is_relative_to(flagship_publication.root)
    said = called(flagship_publication.root, "query", NAMED, "--lang", language).stdout
    cells = [[cell.strip() for cell in line.split("│")] for line in said.splitlines() if "│" in line]
    assert cells[0] == [name, "http://e/x"]
    assert "".join(row[0] for row in cells[1:]) == "https://w3id.org/hamkor/scheme/target-group/parents"
    for form in ("csv", "tsv", "json"):
        machine = called(flagship_publication.root, "query", NAMED, "--lang", language, "--format", form).stdout
        assert name not in machine


@pytest.mark.parametrize(("language", "names"), [
    ("en", ("type", "Parents’ club")), ("ru", ("тип", "Родительский клуб")), ("uz", ("tip", "Ota-onalar klubi")),
])  # fmt: skip
def test_the_answer_of_a_stored_question_has_names_alone(
    flagship_publication: Publication, flagship_release: Release, monkeypatch: pytest.MonkeyPatch,
    language: str, names: tuple[str, ...],
) -> None:  # fmt: skip
    assert flagship_release.folder.is_relative_to(flagship_publication.root)
    monkeypatch.setenv("COLUMNS", "250")
    asked = ("query", "--example", "sources-of-club-statements", "--lang", language)
    said = called(flagship_publication.root, *asked).stdout
    assert all(f" {each} " in said for each in names)
    assert "http" not in said


def test_query_reads_the_graphs_that_from_names(folder: Path) -> None:
    query = "SELECT (COUNT(*) AS ?n) FROM <http://e/g> { ?s ?p ?o }"
    assert called(folder, "query", query, "--format", "csv").stdout.split() == ["n", "1"]


def quads(text: bytes, form: str) -> set[ox.Quad]:
    kind = format_named(form)
    assert kind is not None
    return set(ox.parse(text, SERIALISATIONS[kind]))


@pytest.fixture(scope="module")
def exported(folder: Path) -> set[ox.Quad]:
    return quads(called(folder, "export", "--all").stdout_bytes, "nquads")


def test_export_holds_every_quad_of_the_store(folder: Path, exported: set[ox.Quad]) -> None:
    store = ox.Store.read_only(str(next((folder / ".hamkor/releases").glob("2*")) / "store"))
    named = {quad for quad in store if not isinstance(quad.graph_name, ox.DefaultGraph)}
    exact = '"01"^^<http://www.w3.org/2001/XMLSchema#integer>'
    assert len(exported) == len(named)
    assert [quad for quad in exported if str(quad.object) == exact]


@pytest.mark.parametrize("form", [each.name for each in DATASET_FORMATS])
def test_export_of_everything_comes_back_as_the_same_quads(folder: Path, exported: set[ox.Quad], form: str) -> None:
    assert quads(called(folder, "export", "--all", "--format", form).stdout_bytes, form) == exported


@pytest.mark.parametrize("form", [each.name for each in GRAPH_FORMATS])
def test_export_of_everything_as_one_graph_is_the_merge(folder: Path, exported: set[ox.Quad], form: str) -> None:
    found = list(
        ox.parse(called(folder, "export", "--all", "--format", form).stdout_bytes, SERIALISATIONS[format_named(form)])
    )  # type: ignore[index]
    assert len(found) == len(set(found))
    assert {quad.triple for quad in found} == {quad.triple for quad in exported}


@pytest.mark.parametrize("form", [each.name for each in GRAPH_FORMATS])
def test_export_of_a_graph_comes_back_as_the_same_triples(folder: Path, exported: set[ox.Quad], form: str) -> None:
    graph = ox.NamedNode("https://w3id.org/hamkor/graph/clubs")
    found = quads(called(folder, "export", "--graph", "clubs", "--format", form).stdout_bytes, form)
    assert {quad.triple for quad in found} == {quad.triple for quad in exported if quad.graph_name == graph}


def test_export_takes_a_graph_by_its_iri_and_a_thing_by_its_iri(folder: Path, tmp_path: Path) -> None:
    assert '"Termez"@en' in called(folder, "export", "--graph", "http://e/g").stdout
    path = tmp_path / "a.nt"
    answer = called(folder, "export", "http://e/b", "--format", "ntriples", "-o", str(path))
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert sorted(path.read_text().splitlines()) == [
        '<http://e/b> <http://e/name> "a \\"quoted\\" name" .',
        "<http://e/b> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://e/Club> .",
    ]


@pytest.mark.parametrize(
    "what", [("--all",), ("--graph", "clubs"), ("http://e/b",)], ids=["everything", "a graph", "a thing"]
)
def test_export_writes_a_table_of_statements(folder: Path, tmp_path: Path, what: tuple[str, ...]) -> None:
    path = tmp_path / "made.parquet"
    answer = called(folder, "export", *what, "--format", "parquet", "-o", str(path))
    assert (answer.exit_code, answer.stdout, [*tmp_path.iterdir()]) == (0, "", [path])
    found = duckdb.sql(f"SELECT subject, predicate, object, graph FROM '{path}'").fetchall()
    expected = quads(called(folder, "export", *what, "--format", "nquads").stdout_bytes, "nquads")
    graph = "graph_name" if what == ("--all",) else ""  # of one graph or thing N-Quads name no graph
    assert sorted(each[: 4 if graph else 3] for each in found) == sorted(
        (each.subject.value, each.predicate.value, getattr(each.object, "value", str(each.object)),
         *([each.graph_name.value] if graph else []))
        for each in expected
    )  # fmt: skip
    assert called(folder, "export", *what, "--format", "parquet").stdout_bytes == path.read_bytes()


def test_export_says_what_a_format_cannot_express_and_leaves_no_part_of_a_document(
    publication: Write, tmp_path: Path
) -> None:
    li = "http://www.w3.org/1999/02/22-rdf-syntax-ns#li"
    root = publication(
        {"data/a.nt": f"<http://e/a> <http://e/p> 'x' .\n<http://e/a> <{li}> <http://e/b> .\n".replace("'", '"')}
    ).root
    called(root, "build")
    for arguments in (["--all"], ["http://e/a"], ["--graph", "a"]):
        answer = called(root, "export", *arguments, "--format", "rdfxml", "-o", str(tmp_path / "a.rdf"))
        assert (answer.exit_code, f"RDF/XML cannot express the predicate <{li}>" in answer.stderr) == (2, True)
        assert not (tmp_path / "a.rdf").exists()
    answer = called(root, "query", "CONSTRUCT WHERE { ?s ?p ?o }", "--format", "rdfxml")
    assert (answer.exit_code, "cannot express the predicate" in answer.stderr) == (2, True)


def test_export_of_the_flagship_comes_back(flagship_release: Release, tmp_path: Path) -> None:
    root = flagship_release.folder.parent.parent.parent
    expected: set[ox.Quad] | None = None
    for form in ("nquads", "trig"):
        path = tmp_path / form
        assert called(root, "export", "--all", "--format", form, "-o", str(path)).exit_code == 0
        found = quads(path.read_bytes(), form)
        assert found == (expected or found)
        expected = found
    assert expected is not None
    assert len(expected) == flagship_release.manifest.quads


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    shell = f"'{HAMKOR}' --publication '{folder}' export --all | head -c 10"
    answer = subprocess.run(["bash", "-o", "pipefail", "-c", shell], check=False, capture_output=True, text=True)
    assert (answer.returncode, answer.stderr, len(answer.stdout)) == (0, "", 10)


@pytest.mark.parametrize("arguments", [("--help",), ("query", "ASK {}"), ("export", "--all")])
def test_an_output_that_takes_nothing_is_told_in_one_line(folder: Path, arguments: tuple[str, ...]) -> None:
    command = [HAMKOR, "--publication", str(folder), *arguments]
    with Path("/dev/full").open("wb") as full:
        answer = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (answer.returncode, answer.stderr) == (2, "hamkor: No space left on device\n")


def test_an_output_that_is_closed_is_no_mistake_of_ours(folder: Path) -> None:
    shell = f"{HAMKOR} --publication {folder} releases show >&-; {HAMKOR} --publication {folder} releases show x 2>&-"
    answer = subprocess.run(["sh", "-c", shell], check=False, capture_output=True, text=True)
    assert (answer.returncode, answer.stdout, answer.stderr) == (2, "", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_few_letters_is_no_error(folder: Path, encoding: str) -> None:
    answer = hamkor(
        "--publication", folder, "query", 'SELECT ?n { ?s ?p ?n FILTER(LANG(?n) = "ru") }',
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.endswith(" solutions\n")


@pytest.mark.parametrize("arguments", [("build",), ("validate",), ("check", "links")])
def test_what_is_not_read_is_named_in_one_line_each(publication: Write, arguments: tuple[str, ...]) -> None:
    files = {"data/a.ttl": "<http://e/a> a <http://e/Club> .", "data/x/b.xlsx": "", "data/c.txt": "", "hamkor.toml": ""}
    opened = publication(files)
    build(opened)
    lines = called(opened.root, *arguments).stderr.splitlines()
    assert [each.split(": ")[2] for each in lines if "not read" in each] == ["data/c.txt", "data/x/b.xlsx"]


METADATA = '{"@context": "http://www.w3.org/ns/csvw", "url": "a.csv"}'
BAD: dict[str, tuple[Mapping[str, str | bytes], tuple[str, ...], int, str]] = {
    "nothing to publish": ({"data/README.md": ""}, ("build",), 2, "nothing to publish: put .* into a folder 'data'"),
    "a syntax error": ({"data/a.ttl": "<http://e/a> what"}, ("build",), 2, r"data/a\.ttl:1:14: "),
    "an empty file": ({"data/a.ttl": ""}, ("build",), 2, r"data/a\.ttl: the file is empty"),
    "a file in another encoding": (
        {"data/a.ttl": "<http://e/é> a 1 .".encode("latin-1")},
        ("build",),
        2,
        "save the file as UTF-8",
    ),
    "a bad setting": ({"hamkor.toml": "base = 1"}, ("build",), 2, r"hamkor\.toml: `base`: Expected `str`"),
    "a bad table": (
        {"data/a.csv": "a,b\n1\n", "data/csv-metadata.json": METADATA},
        ("build",),
        2,
        r"data/a\.csv:2",
    ),
    "a table without metadata": ({"data/a.csv": "a,b\n1\n"}, ("build",), 2, r"write a\.csv-metadata\.json beside it"),
    "a bad shape": (
        {"shapes/s.ttl": FILES["shapes/club.ttl"].replace("1 ;", "'1' ;")},
        ("build",),
        2,
        "shapes/s.ttl: <http://e/NameShape>: sh:minCount",
    ),
    "validating a syntax error": ({"data/a.ttl": "what"}, ("validate",), 2, r"data/a\.ttl:1:"),
    "validating what is no RDF": ({"notes.md": "x"}, ("validate", "notes.md"), 2, r"notes\.md: the suffix '\.md' says"),
    "validating what is not there": ({}, ("validate", "nowhere.ttl"), 2, r"'nowhere\.ttl' does not exist"),
    "shapes that are not there": ({}, ("validate", "--shapes", "nowhere.ttl"), 2, r"'nowhere\.ttl' does not exist"),
    "no release to query": ({}, ("query", "ASK {}"), 2, r"there is no release yet \(run hamkor build\)"),
    "no release to export": ({}, ("export", "--all"), 2, "there is no release yet"),
    "no release to serve": ({}, ("serve", "--no-build"), 2, "there is no release yet"),
    "an unknown command": ({}, ("biuld",), 2, "No such command 'biuld'"),
    "an unknown option": ({}, ("build", "--fast"), 2, "No such option.*--fast"),
    "an unknown format": ({}, ("export", "--all", "--format", "rdf"), 2, "'rdf' is not one of"),
    "a port that is none": ({}, ("serve", "--port", "70000"), 2, "70000 is not in the range"),
    "a language that is none": ({}, ("build", "--lang", "русский"), 2, "'русский' is no language"),
}
BAD_QUERIES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no query": (("query",), 2, "give one query"),
    "two queries": (("query", "ASK {}", "--example", "clubs"), 2, "give one query"),
    "a query that breaks off": (("query", "SELECT ?s {"), 1, "line 1, column 11: "),
    "a query with an unknown prefix": (("query", "ASK { ?s ex:p 1 }"), 1, "line 1, column 10: the prefix ex:"),
    "a query that the engine refuses": (("query", "SELECT ?s { ?s ?p ?o . . }"), 1, "line 1, column "),
    "a query with an unknown function": (("query", "SELECT (<http://e/f>(1) AS ?x) {}"), 1, "http://e/f"),
    "an update": (("query", "DELETE WHERE { ?s ?p ?o }"), 1, "line 1, column 1: this begins an update"),
    "a call elsewhere": (("query", "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"), 1, "SERVICE"),
    "a query that nests too deeply": (("query", "ASK " + "{" * 5000 + "}" * 5000), 1, "nest"),
    "an empty query": (("query", ""), 1, "no query|empty|complete"),
    "an example that is not there": (("query", "--example", "nope"), 1, r"no example 'nope' \(hamkor query --list"),
    "a query file that is not there": (("query", "-f", "nowhere.rq"), 2, r"'nowhere\.rq' does not exist"),
    "a folder for a query file": (("query", "-f", "."), 2, "directory"),
    "solutions as a graph": (("query", CLUBS, "--format", "turtle"), 1, "Turtle cannot hold"),
    "a graph as solutions": (("query", GRAPH, "--format", "csv"), 1, "CSV cannot hold"),
    "true or false as CSV": (("query", "ASK {}", "--format", "csv"), 1, "CSV cannot hold"),
    "nothing to export": (("export",), 2, "give one of: an IRI, --graph NAME, --all"),
    "two things to export": (("export", "http://e/a", "--all"), 2, "give one of"),
    "an IRI of which nothing is said": (("export", "http://e/z"), 2, "nothing is said about <http://e/z>"),
    "a prefixed name for an IRI": (("export", "hk:Forum"), 2, "is the IRI complete"),
    "a graph that is not there": (("export", "--graph", "nope"), 2, r"no graph <.*nope>.*clubs"),
    "an output that cannot be written": (("export", "--all", "-o", "/proc/nope/x.nq"), 2, "/proc/nope/x.nq: No such"),
}  # fmt: skip


ODD: dict[str, tuple[tuple[str, ...], str]] = {
    "a query without an end": (("query", "-f", "/dev/zero"), "/dev/zero: larger than 16 MiB"),
    "a table without an end": (("link", "/dev/zero", "--column", "a"), "/dev/zero: no regular file"),
    "a document without an end": (("publish", "/dev/zero", "--graph", "g"), "/dev/zero"),
    "a folder as a document": (("publish", ".", "--graph", "g"), "is a directory"),
    "a folder as an output": (("export", "--all", "-o", "/"), "is a directory"),
    "a file as a folder": (("export", "--all", "-o", "/dev/null/x"), "/dev/null/x: Not a directory"),
    "an output without a name": (("link", "/dev/null", "--column", "a", "-o", ""), "regular|name a file"),
    "an output with too long a name": (("export", "--all", "-o", "x" * 300), "File name too long"),
    "an output with a line break": (("export", "--all", "-o", "/dev/null/a\nb"), r"/dev/null/a\\nb: Not a directory"),
    "an IRI with a line break": (("export", "http://e/\n"), r"<http://e/\\n>"),
    "an IRI that is no UTF-8": (("export", "http://e/\udcff"), r"http://e/\\udcff.* is not UTF-8"),
    "an argument with NUL": (("validate", "a\0b"), "the character NUL"),
    "a token for no number of days": (("token", "create", "--graph", "x", "--days", "nan"), "nan days"),
}


def told(answer: Result, status: int, words: str) -> None:
    assert answer.exit_code == status, answer.output
    assert answer.stdout == ""
    assert re.search(words, answer.stderr)
    assert "Traceback" not in answer.stderr
    lines = [
        line
        for line in answer.stderr.splitlines()
        if not line.startswith(("reading ", "loading ", "drawing ", "writing ", "validating "))
    ]
    if not lines[0].startswith("Usage: "):
        assert len(lines) == 1, "one readable line"
        assert lines[0].startswith("hamkor: ")
        assert len(lines[0]) < 500
    assert "should not have happened" not in answer.stderr


@pytest.mark.parametrize(("files", "arguments", "status", "words"), BAD.values(), ids=BAD.keys())
def test_refuses(
    publication: Write, monkeypatch: pytest.MonkeyPatch,
    files: Mapping[str, str | bytes], arguments: tuple[str, ...], status: int, words: str,
) -> None:  # fmt: skip
    with_data = {} if "data/README.md" in files else {"data/good.ttl": "<http://e/a> a <http://e/Club> ."}
    root = publication({**with_data, **files, "hamkor.toml": ""}).root
    (root / "hamkor.toml").write_bytes(str(files.get("hamkor.toml", "")).encode())
    monkeypatch.chdir(root)
    told(called(None, *arguments), status, words)


@pytest.mark.parametrize(("arguments", "status", "words"), BAD_QUERIES.values(), ids=BAD_QUERIES.keys())
def test_refuses_of_a_release(folder: Path, arguments: tuple[str, ...], status: int, words: str) -> None:
    told(called(folder, *arguments), status, words)


@pytest.mark.parametrize(("arguments", "words"), ODD.values(), ids=ODD.keys())
def test_refuses_odd_names(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    told(called(folder, *arguments), 2, words)


def test_refuses_a_query_file_in_another_encoding(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "q.rq").write_bytes("ASK { ?s ?p 'é' }".encode("latin-1"))
    told(called(folder, "query", "-f", str(tmp_path / "q.rq")), 1, r"q\.rq.*UTF-8")


def test_refuses_standard_input_in_another_encoding(folder: Path) -> None:
    command = [HAMKOR, "--publication", folder, "query", "-"]
    answer = subprocess.run(command, check=False, capture_output=True, input="ASK { ?s ?p 'é' }".encode("latin-1"))
    assert answer.returncode == 1
    assert re.fullmatch(rb"hamkor: .*UTF-8.*\n", answer.stderr)


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, where: str) -> None:
    option = ("--publication", str(tmp_path / "nowhere"))
    arguments = (*option, "build") if where == "before" else ("build", *option)
    told(called(None, *arguments), 2, "nowhere: no such folder")


def test_no_publication_around_is_told_with_its_remedy(tmp_path: Path) -> None:
    answer = hamkor("build", cwd=tmp_path)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert re.fullmatch(r"hamkor: .*name the folder with --publication DIR\n", answer.stderr)


def test_the_installed_command_shows_no_trace_but_when_asked(publication: Write) -> None:
    root = publication({"data/a.ttl": "what"}).root
    answer = hamkor("--publication", root, "build")
    assert answer.returncode == 2
    assert answer.stderr.splitlines()[-1].startswith("hamkor: data/a.ttl:1:")
    assert "Traceback" not in answer.stderr
    verbose = hamkor("--verbose", "--publication", root, "build")
    assert (verbose.returncode, verbose.stderr.splitlines()[-1]) == (2, answer.stderr.splitlines()[-1])
    assert "Traceback" in verbose.stderr


def test_a_release_that_is_damaged_is_told(publication: Write) -> None:
    release = build(publication(FILES))
    for path in (release.folder / "store").iterdir():
        path.unlink()
    root = publication({}).root
    told(called(root, "query", "ASK {}"), 2, "the store cannot be opened.*run hamkor build")
    (release.folder / release.manifest.graphs[0].file).write_bytes(b"torn")
    told(called(root, "export", "--all"), 2, "cannot be read.*run hamkor build")


def test_two_builds_at_a_time_are_told(publication: Write) -> None:
    opened: Publication = publication(FILES)
    from graph.releases.release import ReleasesFolder  # noqa: PLC0415

    with ReleasesFolder(opened.releases_folder).staging():
        told(called(opened.root, "build", "--wait", "0"), 2, "another process is making a release")


@pytest.mark.parametrize("command", [["recover"], ["prune", "--keep", "1"], ["rollback", "current"]])
def test_what_changes_releases_waits_for_who_is_making_one_and_says_so(
    after_builds: Callable[[int], Publication], command: list[str]
) -> None:
    from graph.releases.release import ReleasesFolder  # noqa: PLC0415

    ours = after_builds(1)
    with ReleasesFolder(ours.releases_folder).writing():
        refused = called(ours.root, "releases", *command, "--wait", "0.1")
    assert refused.exit_code == 2
    assert "another process is making a release: waiting up to 0.1 seconds for it (--wait)" in refused.stderr
    assert called(ours.root, "releases", "recover").exit_code == 0


def test_a_port_that_is_taken_is_told(folder: Path) -> None:
    with create_server(("127.0.0.1", 0)) as server:
        answer = hamkor("--publication", folder, "serve", "--port", str(server.getsockname()[1]))
    assert answer.returncode == 2
    assert re.search(r"^hamkor: .*(in use|taken)", answer.stderr, re.MULTILINE)
    assert "Traceback" not in answer.stderr
