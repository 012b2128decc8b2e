"""What the engine said before it ended its process: it writes to standard error, and the holder reads it there.

It says what happened and not whose fault it was; that is for the front to tell (``connection``).
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

READ_BYTES = 8_000
MOST = 120
"""A frame's length stays far below 255."""
PANIC = re.compile(r"panicked at [^\n]*\n(.*)")
MEMORY = re.compile(r"memory allocation|bad_alloc|out of memory|cannot allocate|overflowed its stack", re.IGNORECASE)


def new_record(folder: Path) -> int:
    """Return the descriptor of an empty file without a name, for a worker's standard error; -1 where there is none."""
    try:
        descriptor, path = tempfile.mkstemp(dir=folder)
    except OSError:
        return -1
    os.unlink(path)  # noqa: PTH108  it has no name that anybody needs
    return descriptor


def read(record: int) -> str:
    """Return the last words in a record, in ASCII, and close it."""
    if record < 0:
        return ""
    try:
        size = os.fstat(record).st_size
        return said(os.pread(record, READ_BYTES, max(0, size - READ_BYTES)).decode("ascii", "replace"))
    finally:
        os.close(record)


def said(text: str) -> str:
    """Return the last thing that a text says that matters: the message of a panic, that memory failed, or its end."""
    found = PANIC.findall(text) or [line for line in text.splitlines() if MEMORY.search(line)]
    lines = [line for line in (found or text.splitlines()) if line.strip()]
    return lines[-1].strip().encode("ascii", "replace").decode()[:MOST] if lines else ""


def is_of_memory(words: str) -> bool:
    """Whether they say that memory, or the stack, did not suffice."""
    return MEMORY.search(words) is not None
