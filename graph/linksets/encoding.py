"""In which encoding somebody's table is written, and what stands between its cells; what is no text is refused.

UTF-8 is proved by reading the whole file. Only where it is not, the encodings that are likely here are compared.
"""

from __future__ import annotations

import codecs
import csv
import re
from itertools import islice
from pathlib import Path

import charset_normalizer

from graph.errors import SourceError

ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
LIKELY = ("cp1251", "koi8_r", "cp866", "cp1252", "cp1254")
"""Encodings of one byte a letter that people here still have."""
DELIMITERS = (",", ";", "\t", "|")
SAMPLE, PIECE, COMPARED = 1 << 16, 1 << 20, 20
EXPECTED = re.compile(r"[\t\r\n\x20-\u02ff\u0400-\u052f\u2010-\u203a\u2116]")
"""Signs of the languages of here: of text that is read in a wrong encoding, few are."""
LIKELY_SHARE = 0.95
CONTROLS = bytes(each for each in range(0x20) if each not in b"\t\n\r\f\x1a")


def encoding_of(path: Path, name: str) -> str:
    """Return the encoding of a file of text.

    Raises:
        SourceError: it is empty, or no text.
    """
    with path.open("rb") as stream:
        sample = stream.read(SAMPLE)
    if not sample.strip():
        raise SourceError(name, "the file is empty", remedy="it needs a row with the names of its columns")
    for mark, encoding in MARKS:
        if sample.startswith(mark):
            return encoding
    if sample.startswith(OLD_EXCEL):
        raise SourceError(name, "this is an Excel file of before 2007", remedy="save it as .xlsx")
    if wide := _without_mark(sample):
        return wide
    if sample.translate(None, CONTROLS) != sample:
        raise SourceError(name, "this is no text", remedy="save the table as CSV in UTF-8, or as .xlsx")
    return "utf-8" if _is_utf8(path) else _guessed(path, name)


def _without_mark(sample: bytes) -> str:
    """Return which UTF-16 it is, where it has no mark and reads as text of here in one of them; else nothing."""
    if 0 not in sample:
        return ""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample[: len(sample) // 2 * 2].decode(encoding, errors="replace")
        if sum(bool(EXPECTED.match(each)) for each in text) > LIKELY_SHARE * len(text):
            return encoding
    return ""


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guessed(path: Path, name: str) -> str:
    """Return the likeliest encoding, judged by the lines that tell: those with letters beyond ASCII."""
    telling = b""
    with path.open("rb") as stream:
        while len(telling) < SAMPLE and (line := stream.readline(SAMPLE)):
            telling += line if not line.isascii() else b""
    best = charset_normalizer.from_bytes(telling, cp_isolation=list(LIKELY), threshold=0.5).best()
    if best is None:
        remedy = "save the table as CSV in UTF-8, or as .xlsx"
        raise SourceError(name, "its encoding is neither UTF-8, UTF-16 nor one of Windows or DOS", remedy=remedy)
    return best.encoding


def delimiter_of(path: Path, encoding: str) -> tuple[str, int]:
    """Return what stands between the cells, and how many lines come before the header.

    Excel may say so itself, in a line such as ``sep=;``. Else it is what divides the first rows most evenly.
    """
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="replace", newline="") as stream:
        text = stream.read(SAMPLE)
    lines = text.splitlines(keepends=True)
    if lines and lines[0].lower().startswith("sep=") and lines[0][4:5] in DELIMITERS:
        return lines[0][4], 1
    complete = lines if len(text) < SAMPLE or len(lines) < 2 else lines[:-1]
    return max(DELIMITERS, key=lambda each: _evenness(complete, each)), 0


def _evenness(lines: list[str], delimiter: str) -> tuple[float, int]:
    """Return the share of rows that are as wide as the header, and that width; nothing where it divides nothing."""
    try:
        widths = [len(row) for row in islice(csv.reader(lines, delimiter=delimiter), COMPARED) if row]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(each == widths[0] for each in widths) / len(widths), widths[0]
