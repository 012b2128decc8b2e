"""What is remembered of an import for the next one: what columns mean, what was answered, which row is which thing.

For a graph it lies beside the publication (``.hamkor/imports/``), for a file without one beside that file; it is in no
release, and speaks of texts and cells by their hashes alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from graph.model.errors import Sentence, SourceError
from graph.model.publication import WORK_FOLDER, Publication
from graph.withholding.withholding import Withholding

FOLDER, SHEETS = "imports", "spreadsheets"
"""Below the work folder: what is remembered, and for an hour what people have sent to the pages."""
BESIDE = ".hamkor-import.json"
MOST_BYTES = 64 << 20


class RememberedRow(msgspec.Struct, frozen=True):
    """A row: its thing, and by property the hash of what its cells said."""

    iri: str
    cells: dict[str, str] = {}


class ImportMemory(msgspec.Struct, frozen=True):
    """What is remembered of the last import of a table.

    Attributes:
        columns: heading → what the column meant.
        answers: hash of a text → the IRI that it means, or empty for none.
        rows: hash of a row's key → the row.
    """

    columns: dict[str, str] = {}
    answers: dict[str, str] = {}
    rows: dict[str, RememberedRow] = {}


def hash_of(text: str) -> str:
    """Return what stands for a text."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def memory_of(publication: Publication, graph: str, class_iri: str) -> Path:
    """Return the file in which imports of things of a class into a graph are remembered."""
    return publication.root / WORK_FOLDER / FOLDER / f"{hash_of(f'{graph} {class_iri}')}.json"


def memory_beside(path: Path) -> Path:
    """Return the file in which imports of a file that go into no graph are remembered."""
    return path.with_name(path.name + BESIDE)


def recall(path: Path) -> ImportMemory:
    """Return what is remembered in a file; nothing where there is none.

    Raises:
        SourceError: it cannot be understood.
    """
    try:
        with path.open("rb") as stream:
            return msgspec.json.decode(stream.read(MOST_BYTES), type=ImportMemory)
    except FileNotFoundError:
        return ImportMemory()
    except (OSError, msgspec.DecodeError) as problem:
        remedy = Sentence("remove it, and say anew what columns mean")
        raise SourceError(
            str(path), Sentence("this does not say what was imported the last time"), remedy=remedy
        ) from problem


def remember_import(memory: ImportMemory, path: Path) -> None:
    """Write down what is to be remembered.

    Raises:
        OSError: the disk does not take it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + f".{os.getpid()}")
    try:
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(memory), indent=1))
        fresh.chmod(0o600)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def forget_withheld(publication: Publication, withholding: Withholding) -> None:
    """Take away what is remembered of things that are withheld, and the spreadsheets that are being looked at.

    Raises:
        OSError: a file cannot be read or written.
        SourceError: one cannot be understood.
    """
    kept = publication.root / WORK_FOLDER / SHEETS
    for path in kept.iterdir() if kept.is_dir() else ():  # who was looking at one sends it again
        path.unlink(missing_ok=True)
    folder = publication.root / WORK_FOLDER / FOLDER
    for path in folder.glob("*.json.*"):  # of a process that was killed while it wrote
        path.unlink(missing_ok=True)
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        memory = recall(path)
        rows = {key: row for key, row in memory.rows.items() if not withholding.withholds(row.iri)}
        answers = _kept(memory.answers, withholding)
        if len(rows) < len(memory.rows) or len(answers) < len(memory.answers):
            remember_import(msgspec.structs.replace(memory, rows=rows, answers=answers), path)


def _kept(answers: Mapping[str, str], withholding: Withholding) -> dict[str, str]:
    return {key: iri for key, iri in answers.items() if not withholding.withholds(iri)}
