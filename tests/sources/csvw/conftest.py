from __future__ import annotations

from pathlib import Path

import pytest
from written_table import WrittenTable


@pytest.fixture
def table(tmp_path: Path) -> WrittenTable:
    return WrittenTable(tmp_path)
