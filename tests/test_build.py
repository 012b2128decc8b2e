"""From files to a release: what it holds, when there is a new one, and that a failure changes nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyoxigraph as ox
import pytest
from writing import Write

from graph.model.errors import BusyError, HamkorError, ReleaseError, SettingError, ShapesError, SourceError
from graph.model.publication import Publication, open_publication
from graph.pipeline.build import build
from graph.releases.history import read_builds
from graph.releases.release import Release, ReleasesFolder, current_release
from graph.releases.verification import problems_of
from graph.validation.report import ValidationFailedError

BASE = "https://w3id.org/hamkor/graph/"
REPOSITORY = Path(__file__).resolve().parent.parent
FILES = {
    "data/a.ttl": "@prefix : <http://e/> . :a a :Club ; :name 'Termez' .",
    "data/b.nq": "<http://e/b> <http://e/name> 'Nukus' <http://e/g> .\n".replace("'", '"'),
    "shapes/club.ttl": """
        @prefix : <http://e/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
        :Shape a sh:NodeShape ; sh:targetClass :Club ; sh:property :NameShape .
        :NameShape a sh:PropertyShape ; sh:path :name ; sh:minCount 1 ; sh:maxLength 10 ;
            sh:message "The name is missing or too long."@en , "Названия нет, или оно слишком длинное."@ru ,
                       "Nomi yoʻq yoki juda uzun."@uz .
    """,
}
TOO_LONG = "@prefix : <http://e/> . :c a :Club ; :name 'a name that is too long' ."


def write(publication: Publication, name: str, text: str) -> None:
    (publication.root / name).write_text(text, encoding="utf-8")


def contents(folder: Path) -> set[str]:
    """The files of a release by their paths, without those of the store."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if path.parts[0] != "store"}


def test_a_release_holds_all_that_the_design_says(publication: Write) -> None:
    release = build(publication(FILES))
    assert contents(release.folder) == {
        "manifest.json", "catalog.ttl", "report.ttl", "search.sqlite", "fragments.txt", "checksums.json",
        "index.duckdb",
        *(each.file for each in release.manifest.graphs),
    }  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}Z-[0-9a-f]{8}", release.id)
    assert release.id.endswith(release.manifest.digest[:8])
    assert release.manifest.parent is None


def test_the_manifest_counts_what_sparql_counts(publication: Write) -> None:
    opened = publication({**FILES, "data/c.nt": "<http://e/b> <http://e/name> 'Nukus' .\n".replace("'", '"')})
    release = build(opened)

    def count(pattern: str) -> int:
        answer = release.store.query(f"SELECT (COUNT(*) AS ?n) WHERE {{ {pattern} }}")
        assert isinstance(answer, ox.QuerySolutions)
        return int(next(answer)["n"].value)

    assert release.manifest.triples == count("?s ?p ?o")
    assert release.manifest.quads == count("GRAPH ?g { ?s ?p ?o }") == release.manifest.triples + 1
    assert release.manifest.sharing == (f"{BASE}c", "http://e/g")[:: 1 if f"{BASE}c" < "http://e/g" else -1]
    for entry in release.manifest.graphs:
        assert entry.triples == count(f"GRAPH <{entry.iri}> {{ ?s ?p ?o }}")


def test_the_catalogue_counts_each_graph(publication: Write) -> None:
    release = build(publication(FILES))
    answer = release.store.query(
        "PREFIX void: <http://rdfs.org/ns/void#> SELECT ?g ?n WHERE { ?d void:subset ?g . ?g void:triples ?n }"
    )
    assert isinstance(answer, ox.QuerySolutions)
    counted = {each["g"].value: int(each["n"].value) for each in answer}
    assert counted == {each.iri: each.triples for each in release.manifest.graphs}


def test_members_hold_the_literals_as_they_were_written(publication: Write) -> None:
    release = build(publication({"data/a.ttl": "<http://e/a> <http://e/p> 01 , 1.50 , true , '1e0' , 1e0 ."}))
    lines = [line.split(b" ", 2)[2] for chunk in release.read_graph(f"{BASE}a") for line in chunk.lines()]
    xsd = b"^^<http://www.w3.org/2001/XMLSchema#"
    assert sorted(lines) == sorted([
        b'"01"' + xsd + b"integer> .", b'"1.50"' + xsd + b"decimal> .", b'"true"' + xsd + b"boolean> .",
        b'"1e0" .', b'"1e0"' + xsd + b"double> .",
    ])  # fmt: skip


def test_nothing_changed_nothing_built(publication: Write) -> None:
    opened = publication(FILES)
    first = build(opened)
    assert build(opened).id == first.id
    assert ReleasesFolder(opened.releases_folder).ids() == (first.id,)


def test_a_file_that_was_only_touched_is_not_changed(publication: Write) -> None:
    opened = publication(FILES)
    first = build(opened)
    os.utime(opened.root / "data/a.ttl", (1, 1))
    assert build(opened).id == first.id


CHANGES = {
    "a file": ("data/a.ttl", FILES["data/a.ttl"].replace("Termez", "Navoi")),
    "a comment": ("data/a.ttl", "# new\n" + FILES["data/a.ttl"]),
    "a shape": ("shapes/club.ttl", FILES["shapes/club.ttl"].replace("10", "11")),
    "a new file": ("data/c.ttl", "<http://e/c> <http://e/name> 'Navoi' ."),
    "a setting": ("hamkor.toml", 'languages = ["uz"]'),
    "csvw metadata": ("data/c.csv-metadata.json", "{}"),
}


@pytest.mark.parametrize(("name", "text"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_makes_a_release_after_its_parent(publication: Write, name: str, text: str) -> None:
    opened = publication(FILES)
    first = build(opened)
    write(opened, name, text)
    second = build(opened)
    assert second.manifest.parent == first.id
    assert second.id > first.id
    assert current_release(opened).id == second.id
    assert (first.folder / "manifest.json").is_file()


def test_a_file_that_is_gone_is_gone_from_the_next_release(built: Write) -> None:
    opened = built(FILES)
    (opened.root / "data/b.nq").unlink()
    with pytest.raises(ReleaseError, match="no graph <http://e/g>"):
        build(opened).entry("http://e/g")


def test_a_comment_changes_no_digest(publication: Write) -> None:
    opened = publication(FILES)
    first = build(opened)
    write(opened, "data/a.ttl", "# new\n" + FILES["data/a.ttl"])
    second = build(opened)
    assert second.id != first.id
    assert second.manifest.digest == first.manifest.digest


def test_only_the_digests_of_what_changed_change(publication: Write) -> None:
    opened = publication(FILES)
    first = {each.iri: each.digest for each in build(opened).manifest.graphs}
    write(opened, *CHANGES["a file"])
    second = {each.iri: each.digest for each in build(opened).manifest.graphs}
    assert {iri for iri in first if first[iri] != second[iri]} == {f"{BASE}a", f"{BASE}catalog"}


def test_the_digest_is_the_same_in_two_folders(publication: Write, tmp_path: Path) -> None:
    opened = publication({**FILES, "data/c.ttl": "[] <http://e/p> [ <http://e/q> ( 1 2 3 ) ] ."})
    shutil.copytree(opened.root, tmp_path / "other")
    one, other = build(opened).manifest, build(open_publication(tmp_path / "other")).manifest
    assert one.digest == other.digest
    assert [each.digest for each in one.graphs if "catalog" not in each.iri] == [
        each.digest for each in other.graphs if "catalog" not in each.iri
    ]


FAILURES = {
    "a violation": ("data/c.ttl", TOO_LONG, ValidationFailedError),
    "a syntax error": ("data/c.ttl", "what", SourceError),
    "an unknown column": ("data/c.csv", "a,a\n1,2\n", SourceError),
    "a bad shape": ("shapes/club.ttl", FILES["shapes/club.ttl"].replace("10", "'ten'"), ShapesError),
    "a clash": ("data/a.nt", "<http://e/a> <http://e/p> <http://e/b> .\n", SettingError),
    "a bad rule": (
        "ontology/r.ttl",
        "@prefix sh: <http://www.w3.org/ns/shacl#> . <http://e/r> a sh:SPARQLRule ; sh:construct 'CONSTRUCT' .",
        SourceError,
    ),
}


@pytest.mark.parametrize(("name", "text", "kind"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_leaves_the_current_release(
    publication: Write, name: str, text: str, kind: type[HamkorError]
) -> None:
    opened = publication(FILES)
    first = build(opened)
    (opened.root / name).parent.mkdir(exist_ok=True)
    write(opened, name, text)
    with pytest.raises(kind):
        build(open_publication(opened.root))
    assert current_release(opened).id == first.id
    assert {path.name for path in opened.releases_folder.iterdir()} == {".lock", "current", first.id}
    assert len(current_release(opened).store) > 0


def violation(opened: Publication, *languages: str) -> str:
    with pytest.raises(ValidationFailedError) as caught:
        build(opened)
    return "\n".join(caught.value.report.lines(languages))


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "The name is missing or too long."),
        ("ru", "Названия нет, или оно слишком длинное."),
        ("uz", "Nomi yoʻq yoki juda uzun."),
    ],
)
def test_a_violation_names_file_node_path_value_and_message(publication: Write, language: str, message: str) -> None:
    opened = publication({**FILES, "data/c.ttl": TOO_LONG})
    expected = f'data/c.ttl: Violation: <http://e/c> <http://e/name> "a name that is too long": {message}'
    assert violation(opened, language) == expected


def test_every_graph_of_a_file_is_validated(publication: Write) -> None:
    graph = "<http://e/g%d> { <http://e/%d> a <http://e/Club> }\n"
    lines = violation(publication({**FILES, "data/c.trig": "".join(graph % (n, n) for n in range(3))})).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("data/c.trig: Violation: ") for line in lines)


def test_the_right_one_of_several_files_of_one_graph_is_named(publication: Write) -> None:
    files = {f"ontology/{n}.ttl": f"<http://e/{n}> <http://e/p> 1 ." for n in range(3)}
    assert violation(publication({**FILES, **files, "ontology/3.ttl": TOO_LONG})).startswith("ontology/3.ttl: ")


def test_what_follows_is_validated_too(publication: Write) -> None:
    ontology = "<http://e/Small> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <http://e/Club> ."
    files = {"ontology/o.ttl": ontology, "data/c.ttl": "<http://e/c> a <http://e/Small> ."}
    assert "<http://e/c> <http://e/name>" in violation(publication({**FILES, **files}))


def test_warnings_pass_and_are_counted_and_reported(publication: Write) -> None:
    shapes = FILES["shapes/club.ttl"].replace("sh:maxLength", "sh:severity sh:Warning ; sh:maxLength")
    release = build(publication({**FILES, "shapes/club.ttl": shapes, "data/c.ttl": TOO_LONG}))
    assert release.manifest.warnings == 1
    assert "a name that is too long" in (release.folder / "report.ttl").read_text(encoding="utf-8")


def test_a_clock_that_goes_back_does_not_put_a_release_before_its_parent(publication: Write) -> None:
    opened = publication(FILES)
    first = build(opened)
    releases, late = ReleasesFolder(opened.releases_folder), f"2999{first.id[4:]}"
    first.folder.rename(releases.path / late)
    releases.make_current(late)
    write(opened, *CHANGES["a file"])
    assert build(opened).id > late


def test_no_release_is_made_without_a_current_one_that_cannot_be_read(publication: Write) -> None:
    opened = publication(FILES)
    first = build(opened)
    (first.folder / "manifest.json").write_text("{")
    with pytest.raises(ReleaseError, match="hamkor releases recover"):
        build(opened)


LIMITED = """
import resource, signal, sys
from pathlib import Path
from graph.pipeline.build import build
from graph.model.errors import HamkorError
from graph.model.publication import open_publication
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    build(open_publication(Path(sys.argv[1])))
except HamkorError as problem:
    print(problem)
"""


@pytest.fixture
def large(built: Write) -> Publication:
    """A publication with a release, and a change of some megabytes."""
    opened = built(FILES)
    lines = (f'<http://e/{os.urandom(32).hex()}> <http://e/p> "{os.urandom(32).hex()}" .\n' for _ in range(30_000))
    write(opened, "data/large.nt", "".join(lines))
    return opened


@pytest.mark.parametrize("kibibytes", [1, 100, 1000, 3000])
def test_a_full_disk_is_an_error_and_leaves_the_current_release(large: Publication, kibibytes: int) -> None:
    first = current_release(large)
    command = [sys.executable, "-c", LIMITED, str(large.root), str(kibibytes << 10)]
    answer = subprocess.run(command, check=False, capture_output=True, text=True, cwd=REPOSITORY)
    assert answer.returncode == 0, answer.stderr
    assert re.fullmatch(r".*(could not be written|cannot be written).*\n", answer.stdout)
    assert current_release(large).id == first.id
    assert {path.name for path in large.releases_folder.iterdir()} == {".lock", "current", first.id}


def test_a_folder_that_cannot_be_written_is_an_error(publication: Write) -> None:
    opened = publication(FILES)
    (opened.root / ".hamkor").write_text("in the way")
    with pytest.raises(ReleaseError, match=r"releases cannot be written: "):
        build(opened)


def test_progress_says_what_is_being_done(publication: Write) -> None:
    steps: list[str] = []
    build(publication(FILES), lambda step, _: steps.append(step))
    assert list(dict.fromkeys(steps)) == [
        "reading shapes/club.ttl", "reading data/a.ttl", "reading data/b.nq",
        "loading the store", "validating", "writing the catalogue",
    ]  # fmt: skip


XL = "http://www.w3.org/2008/05/skos-xl#"


def test_labels_that_are_things_name_what_they_label_also_where_there_is_no_ontology(publication: Write) -> None:
    form = f'<http://e/label> <{XL}literalForm> "Club"@en .\n'
    opened = publication({"data/a.nt": f"<http://e/a> <{XL}prefLabel> <http://e/label> .\n", "data/b.nt": form})
    release = build(opened)
    name = ox.NamedNode("http://www.w3.org/2004/02/skos/core#prefLabel")
    found = release.store.quads_for_pattern(ox.NamedNode("http://e/a"), name, None)
    places = {quad.graph_name for quad in found}
    assert places == {ox.DefaultGraph(), ox.NamedNode(opened.graph("entailed"))}
    assert not list(problems_of(release.folder))


def test_the_flagship_is_not_built_again(flagship_publication: Publication, flagship_release: Release) -> None:
    assert build(flagship_publication).id == flagship_release.id


def test_builds_are_counted_by_what_came_of_them(publication: Write) -> None:
    shape = """@prefix sh: <http://www.w3.org/ns/shacl#> . <http://e/S> a sh:NodeShape ; sh:targetNode <http://e/a> ;
        sh:property <http://e/P> . <http://e/P> sh:path <http://e/p> ; sh:minCount 1 ."""
    own = publication({"data/a.ttl": "<http://e/a> <http://e/p> 1 .", "shapes/s.ttl": shape})
    work = own.releases_folder.parent
    assert read_builds(work).outcomes == {}
    build(own)
    build(own)
    for text, problem in (("<http://e/a> <http://e/q> 1 .", ValidationFailedError), ("<http", SourceError)):
        (own.root / "data" / "a.ttl").write_text(text)
        with pytest.raises(problem):
            build(own)
    (own.root / "data" / "a.ttl").write_text("<http://e/a> <http://e/p> 2 .")
    with ReleasesFolder(own.releases_folder).writing(), pytest.raises(BusyError):
        build(own)
    found = read_builds(work)
    assert found.outcomes == {"made": 1, "unchanged": 1, "refused": 1, "failed": 1}
    assert 0 < found.seconds < time.monotonic()
