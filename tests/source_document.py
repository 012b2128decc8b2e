"""The source document, for tests that compare the data with it; they skip where it is absent."""

from __future__ import annotations

from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "shared" / "source" / "forum-and-clubs.txt"


def source_lines() -> list[str]:
    """Its lines; line 1 is the first element."""
    if not DOCUMENT.is_file():
        pytest.skip("the source document is not here: ../shared/source/forum-and-clubs.txt")
    return DOCUMENT.read_text(encoding="utf-8").split("\n")
