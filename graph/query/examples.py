"""The example queries that a publication stores as data: ``sh:SPARQLSelectExecutable`` and its kin (SHACL-AF 5).

It finds and names them; it runs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from graph.labels import preferred_tag

FIND = """
PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX schema: <https://schema.org/> PREFIX dct: <http://purl.org/dc/terms/>
SELECT ?query ?text ?position ?label ?comment WHERE {
  ?query sh:select|sh:ask|sh:construct ?text ;
         a ?kind . FILTER(?kind IN (sh:SPARQLExecutable, sh:SPARQLSelectExecutable, sh:SPARQLAskExecutable,
                                    sh:SPARQLConstructExecutable))
  OPTIONAL { ?query schema:position ?position }
  OPTIONAL { { ?query rdfs:label ?label } UNION { ?query rdfs:comment|dct:description ?comment } }
} ORDER BY ?position ?query
"""


@dataclass(frozen=True)
class Example:
    """One stored query; labels and comments by language tag."""

    iri: str
    slug: str
    text: str
    labels: dict[str, str]
    comments: dict[str, str]

    def label(self, languages: Sequence[str]) -> str:
        """Return its label in the first of the languages that it has, else in any, else its slug."""
        return _first(self.labels, languages) or self.slug

    def comment(self, languages: Sequence[str]) -> str:
        """Return its comment likewise, or an empty string."""
        return _first(self.comments, languages)


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
    return list(found.values())
