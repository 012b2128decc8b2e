"""The example queries that a publication stores as data: ``sh:SPARQLSelectExecutable`` and its kin (SHACL-AF 5).

It finds and names them, and puts in the language in which they are asked; it runs none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph.labels import preferred_tag

FIND = """
PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX schema: <https://schema.org/> PREFIX dct: <http://purl.org/dc/terms/>
PREFIX csvw: <http://www.w3.org/ns/csvw#>
SELECT ?query ?text ?position ?label ?comment ?variable ?title WHERE {
  ?query sh:select|sh:ask|sh:construct ?text ;
         a ?kind . FILTER(?kind IN (sh:SPARQLExecutable, sh:SPARQLSelectExecutable, sh:SPARQLAskExecutable,
                                    sh:SPARQLConstructExecutable))
  OPTIONAL { ?query schema:position ?position }
  OPTIONAL { { ?query rdfs:label ?label } UNION { ?query rdfs:comment|dct:description ?comment }
             UNION { ?query csvw:column [ csvw:name ?variable ; csvw:title ?title ] } }
} ORDER BY ?position ?query
"""
LANGUAGE = re.compile(r'(\bVALUES\s+\?language\s*\{\s*)"([A-Za-z0-9-]+)"(\s*\})', re.IGNORECASE)
"""Where a query names the language in which it answers."""
MOST_BLANKS = 1_000


@dataclass(frozen=True)
class Example:
    """One stored query; labels, comments and, by variable, what its columns are called, by language tag."""

    iri: str
    slug: str
    text: str
    labels: dict[str, str]
    comments: dict[str, str]
    columns: dict[str, dict[str, str]] = field(default_factory=dict)

    def label(self, languages: Sequence[str]) -> str:
        """Return its label in the first of the languages that it has, else in any, else its slug."""
        return _first(self.labels, languages) or self.slug

    def comment(self, languages: Sequence[str]) -> str:
        """Return its comment likewise, or an empty string."""
        return _first(self.comments, languages)

    def asked(self, languages: Sequence[str]) -> str:
        """Return its text as it is asked in the first of the languages that it has a label in.

        The language stands in the text once, as ``VALUES ?language { "en" }``; a text without that is the same in all.
        """
        tag = preferred_tag(filter(None, self.labels), languages)
        return LANGUAGE.sub(rf'\g<1>"{tag}"\g<3>', self.text, count=1) if tag else self.text

    def column(self, variable: str, languages: Sequence[str]) -> str:
        """Return what a column is called, in the first of the languages that its name is in; else the variable."""
        return _first(self.columns.get(variable, {}), languages) or variable

    def is_asked_by(self, text: str) -> bool:
        """Whether a query is this one, in whatever language."""
        return len(text) < 2 * len(self.text) + MOST_BLANKS and _common(text) == _common(self.text)


def _common(text: str) -> str:
    """Return a text as it is in all languages; line ends are those of forms or of files."""
    return LANGUAGE.sub(r"\g<1>\g<3>", text.replace("\r\n", "\n").strip(), count=1)


def example_asked_by(text: str, examples: Iterable[Example]) -> Example | None:
    """Return which of the stored queries a query is; None for any other."""
    return next((each for each in examples if each.is_asked_by(text)), None)


def _first(texts: dict[str, str], languages: Sequence[str]) -> str:
    return texts.get(preferred_tag(texts, languages), "")


def read_examples(store: ox.Store, base: str) -> list[Example]:
    """Return the stored queries of a release, in the order of ``schema:position``, then of their IRIs."""
    found: dict[str, Example] = {}
    answer = store.query(FIND)
    if not isinstance(answer, ox.QuerySolutions):
        return []
    for solution in answer:
        iri = solution["query"].value
        slug = iri.removeprefix(f"{base}query/")
        example = found.setdefault(iri, Example(iri, slug, solution["text"].value.strip() + "\n", {}, {}))
        for variable, texts in (("label", example.labels), ("comment", example.comments)):
            if solution[variable] is not None:
                texts[solution[variable].language or ""] = solution[variable].value
        if solution["title"] is not None:
            titles = example.columns.setdefault(solution["variable"].value, {})
            titles[solution["title"].language or ""] = solution["title"].value
    return list(found.values())
