"""docs/model.md as the tests read it: its prefixes, its tables of hk: terms, and triples looked up by its names.

It checks nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pyoxigraph as ox

ROOT = Path(__file__).parent.parent
MODEL = (ROOT / "docs" / "model.md").read_text("utf-8")
PREFIXES = dict(re.findall(r"^@prefix (\w+):\s+<([^>]+)> \.$", MODEL, re.MULTILINE))


def iri(name: str) -> str:
    """Expand ``prefix:name`` with the prefixes of docs/model.md."""
    prefix, local = name.split(":")
    namespace: str = PREFIXES[prefix]
    return namespace + local


RDF_TYPE = iri("rdf:type")


class Graph:
    """The triples of some files, looked up by subject and predicate."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.triples = [quad.triple for path in paths for quad in ox.parse(path=path)]
        self.index: dict[tuple[str, str], list[ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple]] = {}
        for each in self.triples:
            self.index.setdefault((str(each.subject).strip("<>"), each.predicate.value), []).append(each.object)

    def values(self, subject: str, predicate: str) -> set[str]:
        return {str(each).strip("<>") for each in self.index.get((subject, predicate), [])}

    def languages(self, subject: str, predicate: str) -> list[str]:
        found = self.index.get((subject, predicate), [])
        return sorted(each.language or "" for each in found if isinstance(each, ox.Literal))

    def subjects(self, type_iri: str) -> set[str]:
        return {subject for (subject, predicate) in self.index if type_iri in self.values(subject, RDF_TYPE)}

    def list_items(self, head: str) -> list[str]:
        items: list[str] = []
        while head != iri("rdf:nil"):
            items += self.values(head, iri("rdf:first"))
            (head,) = self.values(head, iri("rdf:rest"))
        return items


def table_rows() -> list[tuple[list[str], list[str]]]:
    """The rows of the model's two tables of hk: terms: the terms of the first cell, and the other cells."""
    section = MODEL.split("## The vocabulary `hk:`")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `hk:")]
    return [(re.findall(r"`(hk:\w+)`", row[0]), row[1:]) for row in rows]


ROWS = [(term, cells) for terms, cells in table_rows() for term in terms]
NAMED = {
    name
    for name in re.findall(r"`(?:a )?(\w+:\w+)(?=[`\s])", MODEL)
    if name.split(":")[0] in PREFIXES and name != "schema:numberOfItems"  # the one that the page only turns down
}
"""Every term that the page names, as ``prefix:name``."""
