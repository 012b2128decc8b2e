"""The templates of one release, by the names of their classes, in each format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from graph.jsonld import Context, compacted
from graph.templates import csvw
from graph.templates.example import Example, Examples
from graph.templates.turtle import turtle

FORMATS = ("csv", "ttl", "jsonld")


@dataclass
class Library:
    """Writes templates.

    Attributes:
        examples: finds examples.
        prefixes: prefix → IRI.
        context: the publication's JSON-LD context, where it has one.
    """

    examples: Examples
    prefixes: Mapping[str, str]
    context: Context | None
    _classes: dict[str, str] = field(default_factory=dict)
    _known: dict[str, Example | None] = field(default_factory=dict)

    def classes(self) -> dict[str, str]:
        """Return the names of the classes that have a template → their IRIs."""
        if not self._classes:
            for iri in self.examples.classes():
                self._classes.setdefault(re.split(r"[/#]", iri)[-1], iri)
        return self._classes

    def example(self, name: str) -> Example | None:
        """Return the example of a class, by its name or IRI; None where it has none."""
        iri = self.classes().get(name, name)
        if iri not in self.classes().values():
            return None
        if iri not in self._known:
            self._known[iri] = self.examples.example(iri)
        return self._known[iri]

    def text(self, name: str, form: str, language: str) -> bytes | None:
        """Return a template in one of ``FORMATS``, or ``metadata`` for the CSVW beside the table; None without one.

        Args:
            name: of the class.
            form: the format.
            language: of the comments in Turtle.
        """
        example = self.example(name)
        if example is None:
            return None
        if form == "ttl":
            return turtle(example, self.prefixes, language)
        if form == "jsonld":
            return compacted(example.triples(), self.context or dict(self.prefixes))
        return csvw.table(example) if form == "csv" else csvw.metadata(example, f"{name}.csv")
