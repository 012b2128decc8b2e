"""``hamkor withhold``: one person out of the flagship, with every trace; the rest stays."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from writing import Write

from endpoint.app import create_app
from endpoint.cli import main
from graph.model.publication import SUPPRESSION_FILE, Publication, open_publication
from graph.pipeline.build import build
from graph.pipeline.removal import withhold
from graph.pipeline.write import Put, publish
from graph.releases.release import ReleasesFolder, current_release
from graph.sources.batches import Chunk
from graph.withholding.withholding import withholding_of

REPOSITORY = Path(__file__).resolve().parents[2]
BASE = "https://w3id.org/hamkor/"
MAYA = f"{BASE}id/person/maya-ganieva"
SIGNS = (b"ganieva", b"5803065", b"580-30-65")


def hamkor(folder: Path, *arguments: str) -> Result:
    whole = ["--publication", str(folder), "withhold", *arguments]
    return CliRunner().invoke(main, whole, prog_name="hamkor", catch_exceptions=False)


@pytest.fixture(scope="module")
def done(
    flagship_copied: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Result, Result]:
    """A copy of the flagship, what a dry run said, and what the command said."""
    folder = flagship_copied(tmp_path_factory.mktemp("withholding"))
    dry = hamkor(folder, MAYA, "--dry-run")
    assert not (folder / SUPPRESSION_FILE).exists()
    return folder, dry, hamkor(folder, MAYA)


def test_a_dry_run_counts_what_would_go_and_changes_nothing(done: tuple[Path, Result, Result]) -> None:
    counts = {line.split("\t")[1].rpartition("/")[2]: int(line.split("\t")[0]) for line in done[1].stdout.splitlines()}
    assert counts["contacts"] > 20
    assert set(counts) <= {"contacts", "entailed", "catalog"}


def test_nothing_of_the_person_is_left_in_any_release_nor_in_the_list(done: tuple[Path, Result, Result]) -> None:
    folder, _, result = done
    assert result.exit_code == 0
    for path in [folder / SUPPRESSION_FILE, *(folder / ".hamkor").rglob("*")]:
        if path.is_file() and not path.is_symlink():
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            assert not [sign for sign in SIGNS if sign in content.lower()], path.name


def test_the_command_says_what_happened_and_which_file_still_holds_it(done: tuple[Path, Result, Result]) -> None:
    _, _, result = done
    assert "1 earlier releases that held it were removed" in result.stdout
    assert "nobody can show" not in result.stdout
    assert "data/contacts.ttl still holds" in result.stderr
    assert not [sign for sign in SIGNS if sign in result.output.encode().lower()]


def test_others_stay(done: tuple[Path, Result, Result]) -> None:
    release = current_release(open_publication(done[0]))
    text = b"".join(chunk.triples for chunk in release.read_graph(f"{BASE}graph/contacts"))
    assert b"Nilufar Hudaykulova" in text
    assert text.count(b"> <http://xmlns.com/foaf/0.1/name> ") == 4


@pytest.mark.parametrize(
    "name", ["person/maya-ganieva", "membership/maya-ganieva-contact-person", "telephone/termez",
             "statement/maya-ganieva-given-name"],
)  # fmt: skip
def test_addresses_answer_410_without_the_name(done: tuple[Path, Result, Result], name: str) -> None:
    client = create_app(open_publication(done[0])).test_client()
    for accept in ("text/html", "text/turtle", "*/*"):
        answer = client.get(f"/doc/{name}", headers={"Accept": accept})
        assert answer.status_code == 410
        assert not [sign for sign in SIGNS if sign in (answer.data + repr(answer.headers).encode()).lower()]


def test_who_rolls_back_to_before_it_is_told_that_a_build_is_needed(publication: Write) -> None:
    written = publication({"data/a.nt": f'<{BASE}id/club/1> <http://e/p> "x" .'})
    first = build(written).id
    assert hamkor(written.root, "--name", "Maya Ganieva").exit_code == 0
    back = ["--publication", str(written.root), "releases", "rollback", first]
    done = CliRunner().invoke(main, back, catch_exceptions=False)
    assert done.exit_code == 0
    assert f"what is withheld has changed since {first} was made: run hamkor build" in done.stderr


# One step, or none


PERSON = f"""
@prefix schema: <https://schema.org/> . @base <{BASE}id/> .
<person/maya> a schema:Person ; schema:name "Maya Ganieva" .
<club/1> schema:employee <person/maya> ; schema:name "Club of Maya Ganieva", "Klub" .
"""
ONE = f"{BASE}id/person/maya"


@pytest.fixture
def small(built: Write) -> Publication:
    """A publication with one release, in which a person is."""
    return built({"data/a.ttl": PERSON})


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_an_iri_that_nothing_speaks_of_is_refused_and_the_likeliest_are_named(
    small: Publication, options: tuple[str, ...]
) -> None:
    before = ReleasesFolder(small.releases_folder).ids()
    answer = hamkor(small.root, f"{BASE}id/person/mayq", *options)
    assert answer.exit_code == 2
    assert f"no release and no file speaks of <{BASE}id/person/mayq>" in answer.stderr
    assert f"was it <{ONE}>" in answer.stderr
    assert (ReleasesFolder(small.releases_folder).ids(), (small.root / SUPPRESSION_FILE).exists()) == (before, False)


def test_what_only_an_older_release_or_only_a_file_knows_is_withheld_with_its_names(small: Publication) -> None:
    (small.root / "data/a.ttl").write_text(f'<{BASE}id/club/1> <http://e/p> "by Maya Ganieva", "x" .')
    build(small)
    (small.root / "data/b.nt").write_text(f'<{BASE}id/person/2> <http://e/p> "new" .')
    assert hamkor(small.root, ONE, f"{BASE}id/person/2").exit_code == 0
    release = current_release(small)
    lines = [line for chunk in release.read_graph(f"{BASE}graph/a") for line in chunk.lines()]
    assert lines == [f'<{BASE}id/club/1> <http://e/p> "x" .'.encode()]
    assert hamkor(small.root, ONE).exit_code == 0  # it is on the list, so nobody has mistyped it


def test_releases_that_cannot_be_shown_to_be_free_of_it_are_told_apart(small: Publication) -> None:
    graph = f"{BASE}graph/ngo"
    held = ReleasesFolder(small.releases_folder).ids()[0]
    doubtful = [
        publish(small, [Put(graph, (Chunk(graph, b'<http://e/1> <http://e/p> "%d" .\n' % number),))]).release.id
        for number in range(2)
    ]
    (small.root / "data/a.ttl").unlink()
    build(small)
    ReleasesFolder(small.releases_folder).remove(held)
    foretold = hamkor(small.root, "--name", "Nobody Knowsher", "--dry-run")
    assert foretold.stdout == ""
    assert "2 releases would be removed of which nobody can show" in foretold.stderr
    assert all(each in foretold.stderr for each in doubtful)
    done = hamkor(small.root, "--name", "Nobody Knowsher")
    assert "0 earlier releases that held it were removed." in done.stdout
    assert "2 more were removed of which nobody can show that they are free of it" in done.stdout


def test_while_another_writes_it_waits_says_so_and_gives_up_with_nothing_changed(small: Publication) -> None:
    with ReleasesFolder(small.releases_folder).writing():
        refused = hamkor(small.root, ONE, "--wait", "0.1")
    assert refused.exit_code == 2
    assert "another process is making a release: waiting up to 0.1 seconds" in refused.stderr
    assert not (small.root / SUPPRESSION_FILE).exists()
    graph = f"{BASE}graph/ngo"
    assert publish(small, [Put(graph, (Chunk(graph, b'<http://e/1> <http://e/p> "x" .\n'),))]).changed


class KilledError(Exception):
    """In the place of a kill."""


def killed(*_: object) -> None:
    raise KilledError


def test_what_is_killed_before_the_release_is_current_has_changed_nothing(
    small: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("graph.releases.release.ReleasesFolder.make_current", killed)
        with pytest.raises(KilledError):
            withhold(small, [ONE], [])
    assert not withholding_of(small)
    assert build(small).id == ReleasesFolder(small.releases_folder).ids()[0]


def test_what_is_killed_after_it_withholds_and_the_next_write_ends_it(
    small: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("graph.withholding.withholding._moved", killed)
        with pytest.raises(KilledError):
            withhold(small, [ONE], [])
    assert withholding_of(small).withholds(ONE)
    assert not (small.root / SUPPRESSION_FILE).exists()
    assert create_app(small).test_client().get("/doc/person/maya").status_code == 410
    graph, first = f"{BASE}graph/ngo", ReleasesFolder(small.releases_folder).ids()[0]
    assert publish(small, [Put(graph, (Chunk(graph, b'<http://e/1> <http://e/p> "x" .\n'),))]).changed
    assert (small.root / SUPPRESSION_FILE).stat().st_mode & 0o777 == 0o600
    assert first not in ReleasesFolder(small.releases_folder).ids()
    assert not small.brought_list.exists()


def test_what_would_violate_the_shapes_is_not_withheld_at_all(publication: Write) -> None:
    shape = """@prefix sh: <http://www.w3.org/ns/shacl#> . <http://e/s> a sh:NodeShape ;
      sh:targetSubjectsOf <https://schema.org/employee> ; sh:property <http://e/p> .
      <http://e/p> sh:path <https://schema.org/name> ; sh:minCount 2 ."""
    written = publication({"data/a.ttl": PERSON.replace("<club/1> schema:employee <person/maya>",
                           "<club/1> schema:employee <person/2>"), "shapes/s.ttl": shape})  # fmt: skip
    build(written)
    assert hamkor(written.root, ONE).exit_code == 1
    assert not withholding_of(written)


def test_what_is_no_iri_is_refused_in_one_line(done: tuple[Path, Result, Result]) -> None:
    answer = hamkor(done[0], "maya")
    assert answer.exit_code == 2
    assert answer.stderr.startswith("hamkor: IRI: 'maya' is no absolute IRI")
    assert hamkor(done[0]).exit_code == 2
