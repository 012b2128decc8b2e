"""A private Virtuoso on loopback: its settings, its load, its start. Debian package ``virtuoso-opensource-7``.

It is set up to answer as fully and as fast as its documentation says it can on such a machine: buffers for the whole
data, all cores for a query, no limit to rows or time (the keys of those limits are left out), all triples in the one
graph that is its default graph.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from benchmarks.processes import Service
from benchmarks.quads import BASE
from benchmarks.start import free_port

PROGRAM: Final = shutil.which("virtuoso-t")
CLIENT: Final = shutil.which("isql-vt")
GRAPH: Final = f"{BASE}graph/all"
#: 8 KiB each: its own recommendation for 8 GB of free memory, 5.3 GiB, more than ten times 10 M triples on disk.
BUFFERS: Final = 680_000

_SETTINGS: Final = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
ErrorLogLevel = 7
FileExtend = 200
MaxCheckpointRemap = 2000
TempStorage = TempDatabase

[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
MaxCheckpointRemap = 2000

[Parameters]
ServerPort = 127.0.0.1:{sql_port}
DisableUnixSocket = 1
MaxClientConnections = 40
CheckpointInterval = 0
CaseMode = 2
DirsAllowed = {data}
NumberOfBuffers = {buffers}
MaxDirtyBuffers = {dirty}
MaxQueryMem = 4G
MaxMemPoolSize = 400000000
VectorSize = 1000
MaxVectorSize = 1000000
AdjustVectorSize = 0
ThreadsPerQuery = {cores}
AsyncQueueMaxThreads = 10
IndexTreeMaps = 64

[HTTPServer]
ServerPort = 127.0.0.1:{http_port}
ServerRoot = {folder}
MaxClientConnections = 40
ServerThreads = 40
MaxKeepAlives = 100
KeepAliveTimeout = 60
EnabledGzipContent = 1
Charset = UTF-8

[SPARQL]
DefaultGraph = {graph}
MaxConstructTriples = 100000000
"""


def service(folder: Path, data: Path, port: int) -> tuple[Service, int]:
    """The server over the database in ``folder``, its settings written anew, and the port of its SQL side."""
    folder.mkdir(parents=True, exist_ok=True)
    sql_port = free_port()
    (folder / "virtuoso.ini").write_text(
        _SETTINGS.format(
            folder=folder,
            data=data.parent,
            buffers=BUFFERS,
            dirty=BUFFERS * 3 // 4,
            cores=len(os.sched_getaffinity(0)),
            sql_port=sql_port,
            http_port=port,
            graph=GRAPH,
        ),
        encoding="utf-8",
    )
    (folder / "virtuoso.lck").unlink(missing_ok=True)  # of a server that was killed; this folder has no other
    command = (PROGRAM or "", "+foreground", "+configfile", str(folder / "virtuoso.ini"))
    return Service(command, folder / "output.log", folder), sql_port


def load(data: Path, sql_port: int) -> None:
    """Load a file of N-Triples into the graph.

    Raises subprocess.CalledProcessError, or ValueError if something was refused.
    """
    _sql(sql_port, f"ld_dir('{data.parent}', '{data.name}', '{GRAPH}');")
    _sql(sql_port, "rdf_loader_run();")
    _sql(sql_port, "checkpoint;")
    errors = _sql(sql_port, "SELECT ll_file, ll_error FROM DB.DBA.load_list WHERE ll_error IS NOT NULL;").strip()
    if errors:
        raise ValueError(f"Virtuoso did not take the data: {errors[-2000:]}")


def _sql(port: int, statement: str) -> str:
    command = [CLIENT or "", f"127.0.0.1:{port}", "dba", "dba", "VERBOSE=OFF", "BANNER=OFF", "PROMPT=OFF"]
    done = subprocess.run(command, input=statement, capture_output=True, text=True, check=True)
    if "*** Error" in done.stdout + done.stderr:
        raise ValueError(f"{statement}\n{done.stdout}{done.stderr}")
    return done.stdout


def version() -> str:
    """What it says of itself, or ``none``."""
    if PROGRAM is None:
        return "none"
    said = subprocess.run([PROGRAM, "-?"], capture_output=True, text=True, check=False)
    line = next((line for line in (said.stdout + said.stderr).splitlines() if "Version" in line), "")
    return line.partition("Version")[2].split(" as of")[0].strip() or "of unknown version"
