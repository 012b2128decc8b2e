"""``hamkor withhold``: one person out of the flagship, with every trace; the rest stays."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from endpoint.app import create_app
from endpoint.cli import main
from graph.build import build
from graph.publication import SUPPRESSION_FILE, open_publication
from graph.releases.release import current_release

REPOSITORY = Path(__file__).resolve().parents[2]
BASE = "https://w3id.org/hamkor/"
MAYA = f"{BASE}id/person/maya-ganieva"
SIGNS = (b"ganieva", b"5803065", b"580-30-65")


def hamkor(folder: Path, *arguments: str) -> Result:
    whole = ["--publication", str(folder), "withhold", *arguments]
    return CliRunner().invoke(main, whole, prog_name="hamkor", catch_exceptions=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result, Result]:
    """A copy of the flagship, what a dry run said, and what the command said."""
    folder = tmp_path_factory.mktemp("flagship")
    for part in ("ontology", "shapes", "data"):
        shutil.copytree(REPOSITORY / part, folder / part)
    shutil.copy(REPOSITORY / "hamkor.toml", folder)
    build(open_publication(folder))
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
    assert "1 earlier releases that did were removed" in result.stdout
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


def test_what_is_no_iri_is_refused_in_one_line(done: tuple[Path, Result, Result]) -> None:
    answer = hamkor(done[0], "maya")
    assert answer.exit_code == 2
    assert answer.stderr.startswith("hamkor: IRI: 'maya' is no absolute IRI")
    assert hamkor(done[0]).exit_code == 2
