"""Where a document speaks of a thing: the line of its subject, and that of a property of it.

A reading for people's sake, beside the parser, which gives no positions: it follows prefixes, subjects and predicates
of Turtle and its kin, finds names in JSON-LD and RDF/XML, and rows of tables. What it does not find has no line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import pyoxigraph as ox

from graph.contribution.values import Document
from graph.namespaces import RDF_TYPE
from graph.sources.table import TableFile, read_rows

MOST_READ = 8 << 20
TOKEN = re.compile(
    r"""(?P<iri><[^<>"{}|^`\\\x00-\x20]*>)|(?P<comment>\#[^\n]*)
    |(?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<directive>@prefix\b|@base\b|\bprefix\b|\bbase\b)|(?P<tag>@[A-Za-z][\w-]*)
    |(?P<name>[^\W\d_]?[\w.·-]*:(?:[\w:%·-]|\\.|\.(?=[\w:%·\\-]))*)|(?P<a>\ba\b)|(?P<sign>[.;,\[\](){}])|(?P<other>[\w+-]+|\S)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
OPENING, CLOSING = "[({", "])}"
SUBJECT, PREDICATE, OBJECT = range(3)
"""What is due."""


@dataclass
class Positions:
    """Lines by subject, and by subject and predicate; the first of each."""

    lines: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, line: int, subject: str, predicate: str = "") -> None:
        """Take down where something stands, if it is its first time."""
        self.lines.setdefault((subject, predicate), line)

    def line(self, subject: str, predicate: str | None) -> int | None:
        """Return the line of a statement about a thing, else that where the thing begins."""
        return self.lines.get((subject, predicate or "")) or self.lines.get((subject, ""))


def positions(document: Document, nodes: Iterable[str], base: str, graph: str) -> Positions:
    """Return where a document speaks of some things.

    Args:
        document: one that has been read without an error.
        nodes: their IRIs.
        base: the publication's base, for tables.
        graph: the IRI against which relative ones are resolved.
    """
    found, wanted = Positions(), frozenset(nodes)
    if document.format == "csv":
        for line, triple in read_rows(TableFile(Path(document.path), base, document.name)):
            subject = triple.subject.value if isinstance(triple.subject, ox.NamedNode) else ""
            if subject in wanted:
                found.note(line, subject)
                found.note(line, subject, triple.predicate.value)
        return found
    with Path(document.path).open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        text = stream.read(MOST_READ)
    if document.format in ("turtle", "trig", "ntriples", "nquads"):
        _Turtle(text, graph, wanted, found).read()
    else:
        _named(text, wanted, found)
    return found


def _named(text: str, wanted: frozenset[str], found: Positions) -> None:
    """Find names in quotation marks: whole, or as what is left of them behind a prefix or base."""
    ends = {each: each for each in wanted} | {re.split(r"[/#]", each)[-1]: each for each in wanted}
    for number, line in enumerate(text.split("\n"), 1):
        for quoted in QUOTED.findall(line):
            value = _unquoted(quoted)
            iri = ends.get(value) or ends.get(re.split(r"[/#:]", value)[-1])
            if iri is not None and iri.endswith(value.rpartition(":")[2]):
                found.note(number, iri)


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]


class _Turtle:
    """Follows Turtle, TriG and N-Triples, statement by statement."""

    def __init__(self, text: str, base: str, wanted: frozenset[str], found: Positions) -> None:
        self._text, self._base, self._wanted, self._found = text, base, wanted, found
        self._prefixes: dict[str, str] = {}
        self._subject, self._place = "", SUBJECT

    def read(self) -> None:
        """Take down every line."""
        depth, tokens = 0, self._tokens()
        for kind, text, line in tokens:
            if kind == "directive":
                self._directive(text, tokens)
            elif kind == "sign" and text in OPENING and (text != "{" or depth):
                depth += 1
                self._place = self._place or OBJECT
            elif kind == "sign" and text in CLOSING and depth:
                depth -= 1
            elif not depth:
                self._take(kind, text, line)

    def _take(self, kind: str, text: str, line: int) -> None:
        """Take a token that is in no brackets."""
        if kind == "sign":
            self._place = PREDICATE if text == ";" else self._place if text == "," else SUBJECT
        elif self._place == SUBJECT:
            self._subject, self._place = self._iri(kind, text), PREDICATE
            if self._subject in self._wanted:
                self._found.note(line, self._subject)
        elif self._place == PREDICATE:
            self._place = OBJECT
            if self._subject in self._wanted:
                self._found.note(line, self._subject, RDF_TYPE if kind == "a" else self._iri(kind, text))

    def _tokens(self) -> Iterator[tuple[str, str, int]]:
        line, seen = 1, 0
        for found in TOKEN.finditer(self._text):
            line += self._text.count("\n", seen, found.start())
            seen = found.start()
            if found.lastgroup not in ("comment", "tag"):
                yield found.lastgroup or "", found[0], line

    def _directive(self, text: str, tokens: Iterator[tuple[str, str, int]]) -> None:
        is_prefix = "prefix" in text.lower()
        name = next(tokens, ("", "", 0))[1] if is_prefix else ""
        kind, iri, _ = next(tokens, ("", "", 0))
        if kind == "iri" and is_prefix:
            self._prefixes[name.removesuffix(":")] = self._iri(kind, iri)
        elif kind == "iri":
            self._base = self._iri(kind, iri)
        if text.startswith("@"):
            next(tokens, None)

    def _iri(self, kind: str, text: str) -> str:
        if kind == "iri":
            return urljoin(self._base, text[1:-1])
        prefix, _, local = text.partition(":")
        return self._prefixes.get(prefix, "?") + local.replace("\\", "")
