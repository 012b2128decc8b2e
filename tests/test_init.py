"""``hamkor init``: a publication from nothing, which builds, conforms and answers at once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from endpoint.cli import main
from graph.model.publication import open_publication
from graph.pipeline.build import build

BASE = "https://example.org/kg/"


def init(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["init", *(str(each) for each in arguments)])


def test_what_it_writes_is_a_publication_that_conforms(tmp_path: Path) -> None:
    done = init(tmp_path / "new", "--base", BASE, "--title", 'Our "data"', "--lang", "uz-Latn")
    assert done.exit_code == 0, done.output
    publication = open_publication(tmp_path / "new")
    assert publication.settings.about.title == {"uz-Latn": 'Our "data"'}
    release = build(publication)
    assert release.manifest.warnings == 0
    assert {each.iri for each in release.manifest.graphs} >= {f"{BASE}graph/organisations", f"{BASE}graph/shapes"}


def test_who_builds_it_without_a_publisher_is_told_once_what_that_costs(tmp_path: Path) -> None:
    init(tmp_path / "new", "--base", BASE)
    for command in (["build"], ["check", "links"]):
        done = CliRunner().invoke(main, [*command, "--publication", str(tmp_path / "new")])
        assert done.exit_code == 0, done.output
        assert done.stderr.count("about.publisher is not set") == 1
    settings = tmp_path / "new" / "hamkor.toml"
    settings.write_text(settings.read_text() + '\n[about.publisher]\nen = "We"\n')
    done = CliRunner().invoke(main, ["build", "--publication", str(tmp_path / "new")])
    assert (done.exit_code, "about.publisher" in done.stderr) == (0, False)


def test_hidden_files_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert init(tmp_path, "--base", BASE).exit_code == 0


def refused(done: Result, said: str) -> None:
    """One line that says what is wrong, and status 2."""
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.output
    assert done.stderr.startswith("hamkor: ")
    assert said in done.stderr
    assert "should not have happened" not in done.stderr


@pytest.mark.parametrize(
    ("base", "language", "said"),
    [
        ("example.org", "en", "base must be"), ("https://example.org/kg", "en", "in '/'"),
        (BASE, "e n", "no language"),
        ("", "en", "base must be"), ("https://a b/", "en", "space"),
        (BASE, '"', "no language"), (BASE, "", "no language"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_left(tmp_path: Path, base: str, language: str, said: str) -> None:
    refused(init(tmp_path / "new" / "one", "--base", base, "--lang", language), said)
    assert [*tmp_path.iterdir()] == []


def test_a_title_that_is_no_text_is_refused(tmp_path: Path) -> None:
    refused(init(tmp_path / "new", "--base", BASE, "--title", "\udcff"), "not UTF-8")
    assert [*tmp_path.iterdir()] == []


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    refused(init(tmp_path, "--base", BASE), "empty folder")
    refused(init(tmp_path / "notes.txt", "--base", BASE), "empty folder")
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("folder", ["/proc/nope", "/dev/null/new", "x" * 300])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, folder: str) -> None:
    refused(init(tmp_path / folder, "--base", BASE), "cannot be written: ")
    assert [*tmp_path.iterdir()] == []


def test_on_a_full_disk_nothing_is_left(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(5 << 20))
    with suppress(OSError), (small_disk / "filler").open("ab", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    refused(init(small_disk / "new", "--base", BASE), "cannot be written: No space left on device")
    assert [each.name for each in small_disk.iterdir()] == ["filler"]
