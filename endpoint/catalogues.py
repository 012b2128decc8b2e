"""The catalogues of the interface: collects what templates and code say, and compiles what translators wrote.

``python -m endpoint.catalogues`` (or ``make translations``) brings the files of ``endpoint/translations`` up to date;
new texts stand there untranslated until somebody writes the translation. It is no part of what is served.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from endpoint.http.languages import INTERFACE
from endpoint.http.problems import KINDS

PACKAGE = Path(__file__).resolve().parent
BELOW = PACKAGE.parent / "graph"
"""The package whose errors are said in the reader's language, too."""
FOLDER = PACKAGE / "translations"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"templates/**.html": {"newstyle_gettext": "true", "silent": "false"}}
KEYWORDS = {
    "N_": None,
    "Sentence": None,
    "_": None,
    "translated": None,
    "gettext": None,
    "ngettext": (1, 2),
    "counted": (1, 2),
}
DAY = datetime(2026, 1, 1, tzinfo=UTC)
TRANSLATED = INTERFACE[1:]
"""The languages that have a catalogue: all but the one in which the texts are written."""


def collected() -> Catalog:
    """Return every text of the interface."""
    catalogue = _empty(None)
    for place, _, message, _, _ in extract_from_dir(PACKAGE, METHODS, OPTIONS, KEYWORDS):
        catalogue.add(message, locations=[(place, 0)])
    for place, _, message, _, _ in extract_from_dir(BELOW, METHODS, {}, {"Sentence": None}):
        catalogue.add(message, locations=[(f"graph/{place}", 0)])
    for kind in KINDS.values():
        catalogue.add(kind.title, locations=[("problems.py", 0)])
        catalogue.add(kind.meaning, locations=[("problems.py", 0)])
    return catalogue


def _empty(language: str | None) -> Catalog:
    """Return a catalogue without texts, whose header says nothing that changes from day to day."""
    return Catalog(
        language, header_comment="# The interface of Hamkor; see endpoint/catalogues.py.", project="hamkor",
        version="1", last_translator="Hamkor", language_team=language or "", msgid_bugs_address="-", creation_date=DAY,
        revision_date=DAY, charset="utf-8", fuzzy=False,
    )  # fmt: skip


def path(language: str, suffix: str = "po") -> Path:
    """Return the file of a language's catalogue: its text, or with ``mo`` what is read while serving."""
    return FOLDER / language / "LC_MESSAGES" / f"messages.{suffix}"


def catalogue(language: str) -> Catalog:
    """Return the catalogue of a language as it is written, empty where there is none yet."""
    if not path(language).exists():
        return _empty(language)
    with path(language).open("rb") as file:
        return read_po(file, language)


def missing(language: str) -> Iterator[str]:
    """Yield every text that a language does not say, wholly and surely."""
    written = catalogue(language)
    for message in collected():
        found = written.get(message.id)
        parts = () if found is None else found.string if isinstance(found.string, tuple) else (found.string,)
        if message.id and (found is None or found.fuzzy or not parts or not all(parts)):
            yield str(message.id)


def update(language: str) -> None:
    """Write a language's catalogue with every text of now in it, and none of yesterday's, and compile it."""
    written, wanted = catalogue(language), collected()
    fresh = _empty(language)
    for message in sorted((each for each in wanted if each.id), key=lambda each: (each.locations[0][0], str(each.id))):
        known = written.get(message.id)
        fresh.add(message.id, known.string if known else None, locations=sorted(message.locations))
    path(language).parent.mkdir(parents=True, exist_ok=True)
    with path(language).open("wb") as file:
        write_po(file, fresh, width=120, omit_header=False, include_lineno=False)
    with path(language, "mo").open("wb") as file:
        write_mo(file, fresh)


if __name__ == "__main__":
    for each in TRANSLATED:
        update(each)
        for text in missing(each):
            sys.stdout.write(f"{each}: not translated: {text}\n")
