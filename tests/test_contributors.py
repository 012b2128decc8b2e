"""Tokens: what is kept of them, whom they let write what, and how long."""

from __future__ import annotations

import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from endpoint.cli import main
from graph.model.contributors import CONTRIBUTORS_FILE, Contributors, may_write
from graph.model.errors import SettingError

BASE = "https://example.org/kb/"


@pytest.fixture
def contributors(tmp_path: Path) -> Contributors:
    return Contributors(tmp_path / "work", BASE)


def admitted(contributors: Contributors, *graphs: str, days: float = 1) -> str:
    return contributors.create(graphs or ("ngo-x/*",), name="NGO X", contact="mailto:x@x.example", days=days)[1]


def test_a_token_says_whose_it_is(contributors: Contributors) -> None:
    contributor, token = contributors.create(("a", "b/*"), name="NGO", contact="https://x.example", days=2)
    assert contributors.of_token(token) == contributor
    assert (contributor.name, contributor.contact, contributor.graphs) == ("NGO", "https://x.example", ("a", "b/*"))


def test_the_file_holds_no_token_and_is_for_nobody_else(contributors: Contributors) -> None:
    token = admitted(contributors)
    path = contributors.folder / CONTRIBUTORS_FILE
    assert token[3:] not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("token", ["", "hk_", "hk_" + "a" * 43, "x", "hk_" + "é" * 43, "a" * 100_000])
def test_what_is_no_token_is_nobody_s(contributors: Contributors, token: str) -> None:
    admitted(contributors)
    assert contributors.of_token(token) is None


def test_no_token_is_valid_where_there_are_none(contributors: Contributors) -> None:
    assert contributors.of_token("hk_" + "a" * 43) is None


def test_a_token_expires(contributors: Contributors) -> None:
    token = admitted(contributors, days=1)
    assert contributors.of_token(token, datetime.now(UTC) + timedelta(hours=23))
    assert contributors.of_token(token, datetime.now(UTC) + timedelta(hours=25)) is None


def test_a_revoked_token_is_nobody_s_and_the_others_stay(contributors: Contributors) -> None:
    first, second = admitted(contributors), admitted(contributors)
    found = contributors.of_token(first)
    assert found is not None
    assert contributors.revoke(found.id) == found
    assert contributors.of_token(first) is None
    assert contributors.of_token(second) is not None
    with pytest.raises(SettingError, match="no token"):
        contributors.revoke(found.id)


def test_two_who_admit_at_once_lose_nobody(contributors: Contributors) -> None:
    with ThreadPoolExecutor(8) as threads:
        tokens = list(threads.map(lambda _: admitted(contributors), range(24)))
    assert len(contributors.all()) == 24
    assert all(contributors.of_token(each) for each in tokens)


def test_a_file_that_cannot_be_read_is_an_error_and_not_an_open_door(contributors: Contributors) -> None:
    token = admitted(contributors)
    (contributors.folder / CONTRIBUTORS_FILE).write_text("[{")
    with pytest.raises(SettingError, match=CONTRIBUTORS_FILE):
        contributors.of_token(token)


def test_a_writer_that_was_killed_leaves_the_old_file(contributors: Contributors) -> None:
    token = admitted(contributors)
    (contributors.folder / f".{CONTRIBUTORS_FILE}-torn").write_text("[")
    assert contributors.of_token(token)


@pytest.mark.parametrize("bad", [{"graphs": ()}, {"graphs": ("",)}, {"name": "a\nb"}, {"contact": "x" * 501}])
def test_what_cannot_be_kept_is_refused(contributors: Contributors, bad: dict[str, object]) -> None:
    good: dict[str, object] = {"graphs": ("a",), "name": "", "contact": "", "days": 1}
    with pytest.raises(SettingError):
        contributors.create(**(good | bad))  # type: ignore[arg-type]


SCOPES = [
    # pattern, graph, may write
    ("ngo-x/*", "graph/ngo-x/clubs", True),
    ("ngo-x/*", "graph/ngo-x/2026/clubs", True),
    ("ngo-x/*", "graph/ngo-x", False),
    ("ngo-x/*", "graph/ngo-xy/clubs", False),
    ("ngo-x/*", "graph/NGO-X/clubs", False),
    ("clubs", "graph/clubs", True),
    ("clubs", "graph/clubs/more", False),
    ("*", "graph/clubs", True),
    ("*", "http://elsewhere.example/g", True),
    ("ngo-*", "http://elsewhere.example/ngo-x", False),
    ("*x", "http://elsewhere.example/x", False),
    ("http://elsewhere.example/g", "http://elsewhere.example/g", True),
    ("http://elsewhere.example/*", "http://elsewhere.example/g", False),
    ("ngo-x/*", "id/ngo-x/clubs", False),
]


@pytest.mark.parametrize(("pattern", "graph", "may"), SCOPES)
def test_a_scope_is_names_of_graphs(contributors: Contributors, pattern: str, graph: str, may: bool) -> None:
    contributor, _ = contributors.create((pattern,), name="", contact="", days=1)
    assert may_write(contributor, graph if ":" in graph else BASE + graph, BASE) is may


UNFIT = [
    "x y", "ngo-x/", "/ngo-x", "a//b", "a/*/", "../x",
    "a/./b", "a#b", "a\\b", "a{b", "a%20b", "x" * 990, "entailed", "catalog",
    "http://elsewhere.example/x y", f"{BASE}graph/a//b", f"{BASE}graph/entailed",
]  # fmt: skip


@pytest.mark.parametrize("pattern", UNFIT)
def test_a_pattern_that_no_graph_can_match_is_refused(contributors: Contributors, pattern: str) -> None:
    with pytest.raises(SettingError):
        contributors.create(("ngo-x/*", pattern), name="", contact="", days=1)
    assert contributors.all() == ()


@pytest.mark.parametrize("pattern", ["*", "ngo-?/[ab]*", "*.x", "клуб/*", "urn:x:y", "http://elsewhere.example/g"])
def test_a_pattern_that_some_graph_can_match_is_taken(contributors: Contributors, pattern: str) -> None:
    assert contributors.create((pattern,), name="", contact="", days=1)[0].graphs == (pattern,)


def test_the_command_says_in_one_line_why_no_graph_can_match(tmp_path: Path) -> None:
    answer = hamkor(tmp_path, "create", "--graph", "x y")
    assert (answer.exit_code, answer.stdout, answer.stderr.count("\n")) == (2, "", 1)
    assert "'x y'" in answer.stderr
    assert "blank" in answer.stderr


def hamkor(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--publication", str(folder), "token", *arguments], prog_name="hamkor")


def test_the_commands_make_list_and_revoke(tmp_path: Path) -> None:
    made = hamkor(tmp_path, "create", "--graph", "ngo-x/*", "--name", "NGO X", "--contact", "mailto:x@x.example")
    assert made.exit_code == 0
    identity, token = made.output.split()[0], made.output.split()[-1]
    assert re.fullmatch(r"hk_[\w-]{43}", token)
    listed = hamkor(tmp_path, "list").output
    assert listed.startswith(f"{identity}\tngo-x/*\tuntil ")
    assert "NGO X" in listed
    assert token not in listed
    assert hamkor(tmp_path, "revoke", identity).exit_code == 0
    assert hamkor(tmp_path, "list").output == ""
    assert hamkor(tmp_path, "revoke", identity).exit_code == 2


def test_the_commands_know_their_limits(tmp_path: Path) -> None:
    assert hamkor(tmp_path, "create").exit_code == 2
    assert hamkor(tmp_path, "create", "--graph", "a", "--days", "0").exit_code == 2
    assert hamkor(tmp_path, "create", "--graph", "a", "--days", "1e12").exit_code == 2
    if os.geteuid():
        (tmp_path / ".hamkor").mkdir(mode=0o500)
        assert hamkor(tmp_path, "create", "--graph", "a").exit_code == 2
