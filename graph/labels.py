"""Labels: what things are called, in the languages that a reader prefers.

It reads labels as the data has them, many at once; it searches none (that is the label index) and invents none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from graph.namespaces import DCT, FOAF, RDFS_LABEL, SCHEMA, SKOS, SKOS_XL

LABEL_PROPERTIES = (
    RDFS_LABEL, SKOS + "prefLabel", SCHEMA + "name", "http://schema.org/name", FOAF + "name", DCT + "title",
    SKOS_XL + "literalForm",
)  # fmt: skip
"""What is taken for a label, best first; the last is what labels that are things (SKOS-XL) are called themselves."""

FALLBACKS = {"uz": ("uz", "uz-latn", "uz-cyrl"), "uz-latn": ("uz-latn", "uz"), "uz-cyrl": ("uz-cyrl", "uz")}
LAST_RESORT = "en"
MOST_SAID = 200


@dataclass(frozen=True, slots=True)
class Label:
    """A label and its language tag in small letters, which is empty where the data names no language."""

    text: str
    language: str = ""


def language_chain(preferred: Iterable[str]) -> tuple[str, ...]:
    """Return the language tags to look for, in order, in small letters.

    Uzbek falls back between its scripts, a regional tag to its language (RFC 4647 3.4), and everything to English.
    """
    tags: list[str] = []
    for each in (*preferred, LAST_RESORT):
        tag = each.lower()
        tags += FALLBACKS.get(tag, (tag, *_shorter(tag)))
    return tuple(dict.fromkeys(tags))


def _shorter(tag: str) -> Iterator[str]:
    while "-" in tag:
        tag = tag.rpartition("-")[0]
        yield from FALLBACKS.get(tag, (tag,))


def labels(store: ox.Store, iris: Iterable[str], languages: Sequence[str]) -> dict[str, Label]:
    """Return the best label of each thing that has one.

    Args:
        store: the release's.
        iris: the things.
        languages: what the reader prefers, as ``language_chain`` takes it.
    """
    chain = {tag: rank for rank, tag in enumerate(language_chain(languages))}
    best: dict[str, tuple[tuple[int, int, str], Label]] = {}
    for triple in label_triples(store, iris):
        iri, literal = triple.subject.value, triple.object
        tag = literal.language or ""
        rank = (_language_rank(tag, chain), LABEL_PROPERTIES.index(triple.predicate.value), literal.value)
        if iri not in best or rank < best[iri][0]:
            best[iri] = rank, Label(literal.value, tag)
    return {iri: label for iri, (_, label) in best.items()}


def _language_rank(tag: str, chain: dict[str, int]) -> int:
    """Return a number that is smaller the better; after the wanted languages come no language, then all others."""
    if not tag:
        return 2 * len(chain)
    if tag in chain:
        return 2 * chain[tag]
    within = [rank for wanted, rank in chain.items() if tag.startswith(f"{wanted}-")]
    return 2 * min(within) + 1 if within else 2 * len(chain) + 1


@dataclass(frozen=True, slots=True)
class LabelTriple:
    """A statement that labels a thing."""

    subject: ox.NamedNode
    predicate: ox.NamedNode
    object: ox.Literal


def label_triples(store: ox.Store, iris: Iterable[str]) -> Iterator[LabelTriple]:
    """Yield every label of the things, in all languages.

    What is said of a thing is read through, which is faster than a query; of one of whom very much is said, only its
    labels are asked for.
    """
    merge = ox.DefaultGraph()
    for iri in dict.fromkeys(iris):
        node = _node(iri)
        said = list(islice(store.quads_for_pattern(node, None, None, merge), MOST_SAID)) if node is not None else []
        if len(said) == MOST_SAID:
            asked = (store.quads_for_pattern(node, ox.NamedNode(name), None, merge) for name in LABEL_PROPERTIES)
            said = [quad for found in asked for quad in islice(found, MOST_SAID)]
        for quad in said:
            label = quad.object
            if quad.predicate.value in LABEL_PROPERTIES and isinstance(label, ox.Literal) and node is not None:
                yield LabelTriple(node, quad.predicate, label)


def _node(iri: str) -> ox.NamedNode | None:
    """Return the IRI as a term, or None where it is none and could not stand in a query."""
    try:
        return ox.NamedNode(iri)
    except ValueError:
        return None
