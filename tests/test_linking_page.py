"""docs/linking.md leads from a spreadsheet to a published linkset: each command prints what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.endpoint.serving import Served, serving
from tests.test_readme import HERE, run_as_written, settled, split

PAGE = (REPOSITORY / "docs/linking.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def ngo(flagship_copied: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A copy of the flagship, served, and in its folder the table of the page."""
    folder = flagship_copied(tmp_path_factory.mktemp("ngo"))
    shown = next(block for block in BLOCKS if "cat our-clubs.csv" in block)
    (folder / "our-clubs.csv").write_text(shown.partition("\n")[2], encoding="utf-8")
    with serving(folder) as served:
        yield served


def test_the_page_leads_an_ngo_from_nothing_to_a_published_linkset(ngo: Served) -> None:
    for command, printed in (each for block in BLOCKS for each in split(block)):
        run = run_as_written(command.replace(HERE, ngo.url), ngo.folder)
        assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
        assert settled(run.stdout) == settled(printed), command
