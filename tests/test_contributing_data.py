"""An NGO's first contribution, as docs/contributing-data.md tells it: every command as written, in one shell."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.endpoint.serving import serving

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "contributing-data.md").read_text(encoding="utf-8")
CHANGING = re.compile(r"hk_[\w-]+|\d{4}-\d\d-\d\d|^[0-9a-f]{6} ", re.MULTILINE)
MARK = "-- next --"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def steps() -> list[tuple[str, str]]:
    """Each command with what it prints."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines(keepends=True)
            end = 1
            while lines[end - 1].rstrip().endswith(("\\", "=")) or "".join(lines[:end]).count("'") % 2:
                end += 1
            found.append(("".join(lines[:end]), "".join(lines[end:])))
    return found


def test_it_happens_as_it_is_told(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    for name in ("ontology", "shapes", "data"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "hamkor.toml", tmp_path)
    (tmp_path / "clubs.ttl").write_text(blocks("turtle")[0], encoding="utf-8")
    with serving(tmp_path) as served:
        made = subprocess.run(
            [Path(sys.executable).parent / "hamkor", *re.split(r"[ '\"]+", "token create --graph ngo-x/* --name NGO")],
            cwd=tmp_path, check=True, capture_output=True, text=True,
        )  # fmt: skip
        path = f"{Path(sys.executable).parent}:$PATH"
        commands = [f"export TOKEN={made.stdout.split()[-1]} HERE={served.url} PATH={path}\n"]
        told = [step for step in steps() if not step[0].startswith(("hamkor token", "export"))]
        commands += [f"{command}\necho '{MARK}'\n" for command, _ in told]
        run = subprocess.run(
            ["bash", "-c", "".join(commands)], cwd=tmp_path, check=False, capture_output=True, text=True
        )
    printed = run.stdout.replace("\r", "").split(f"{MARK}\n")
    assert [each.strip() for each in printed[:-1]] == [each.strip() for _, each in told], run.stderr


def test_the_token_is_made_as_it_is_told(tmp_path: Path) -> None:
    (command, printed), *_ = steps()
    (tmp_path / "hamkor.toml").touch()
    run = subprocess.run(
        ["bash", "-c", f"PATH={Path(sys.executable).parent}:$PATH {command}"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert CHANGING.sub("…", run.stdout).strip() == CHANGING.sub("…", printed).strip().removesuffix("_…").replace(
        "hk", "…"
    )
