"""The commands of docs/deployment.md for publisher, storage and two copies on one machine, run as they are written."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.endpoint.serving import client, free_port
from tests.replication.test_copy_service import until

PAGE = Path(__file__).parents[2] / "docs" / "deployment.md"


def test_a_newcomer_starts_publisher_storage_and_two_copies(tmp_path: Path) -> None:
    section = PAGE.read_text().partition("## Copies behind nginx")[2]
    block = re.search(r"```console\n(.*?)```", section, re.DOTALL)
    assert block is not None
    text = "\n".join(line.removeprefix("$ ") for line in block[1].splitlines() if "curl" not in line)
    ports = {port: str(free_port()) for port in ("8000", "8001", "8002")}
    text = re.sub("800[0-2]", lambda found: ports[found[0]], text)
    called = f'hamkor() {{ {sys.executable} -c "from endpoint.cli import main; main()" "$@"; }}\n'
    environment = {**os.environ, "PYTHONPATH": str(PAGE.parents[1])}
    with (tmp_path / "log").open("wb") as log:
        shell = subprocess.Popen(
            ["bash", "-c", f"{called}{text}\nwait"], cwd=tmp_path, env=environment, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        with client(10) as asking:
            for port in ports.values():
                until(lambda port=port: asking.get(f"http://127.0.0.1:{port}/ready").status_code == 200, 120)  # type: ignore[misc]
            found = asking.get(f"http://127.0.0.1:{ports['8002']}/ready").json()
            assert found["replication"]["role"] == "copy"
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait(20)
