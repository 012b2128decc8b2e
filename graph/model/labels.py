"""Labels: what things are called, in the languages that a reader prefers.

It reads labels as the data has them, many at once; it searches none (that is the label index) and invents none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import pyoxigraph as ox

from graph.model.namespaces import CATALOG_GRAPH, DCT, FOAF, RDFS_LABEL, SCHEMA, SH, SKOS, SKOS_XL

LABEL_PROPERTIES = (
    RDFS_LABEL, SKOS + "prefLabel", SCHEMA + "name", "http://schema.org/name", FOAF + "name", DCT + "title",
    SKOS_XL + "literalForm",
)  # fmt: skip
"""What is taken for a label, best first; the last is what labels that are things (SKOS-XL) are called themselves."""

LAST_RESORT = "en"
MOST_SAID = 200


Rank = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Label:
    """A label and its language tag in small letters, which is empty where the data names no language."""

    text: str
    language: str = ""


def language_chain(preferred: Iterable[str]) -> tuple[str, ...]:
    """Return the language tags to look for, in order, in small letters (RFC 4647 3.4, lookup).

    A tag is followed by its shorter forms, and each by the one that names its usual script: Uzbek falls back between
    its scripts (``uz-Cyrl``, ``uz``, ``uz-Latn``), ``zh-TW`` to ``zh-Hant``. Everything ends in English.
    """
    return _chain(tuple(each.lower() for each in preferred))


@lru_cache(maxsize=1024)
def _chain(preferred: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for each in (*preferred, LAST_RESORT) for tag in _fallbacks(each)))


def _fallbacks(tag: str) -> Iterator[str]:
    """Yield a tag and what may stand for it, the nearest first."""
    scripts = script_of(tag)
    while tag:
        yield tag
        language, _, rest = tag.partition("-")
        if scripts and not re.match(r"[a-z]{4}(?:-|\Z)", rest):
            yield "-".join(filter(None, (language, scripts, rest)))
            if rest:
                yield f"{language}-{scripts}"
        tag = re.sub(r"(?:-[a-z0-9])?-[^-]*\Z", "", tag) if "-" in tag else ""
        scripts = script_of(tag) if tag else ""


def script_of(tag: str) -> str:
    """Return the code of the script in which a language is written, in small letters, as CLDR knows it; or nothing.

    Args:
        tag: a language tag; the script that it names itself comes first.
    """
    from babel.core import get_global  # noqa: PLC0415  reads a file of a megabyte

    parts = tag.lower().split("-")
    named = next((each for each in parts[1:] if len(each) == 4 and each.isalpha()), "")
    if named:
        return named
    region = next((each.upper() for each in parts[1:] if len(each) == 2 and each.isalpha()), "")
    likely = get_global("likely_subtags")
    found = likely.get(f"{parts[0]}_{region}") or likely.get(parts[0]) or ""
    return next((each.lower() for each in str(found).split("_") if len(each) == 4), "")


def language_rank(tag: str, chain: Sequence[str]) -> Rank:
    """Return a rank that is smaller the better; after the wanted languages come no language, then all others.

    Args:
        tag: of a text, in any letters; empty where it names no language.
        chain: what is wanted, as ``language_chain`` gives it. A wanted language is also met by each of its kinds, of
            which one that is wanted further behind comes first.
    """
    tag, end = tag.lower(), len(chain)
    if not tag:
        return end, 0, 0
    exact = chain.index(tag) if tag in chain else end + 1
    within = next((place for place, wanted in enumerate(chain) if tag.startswith(f"{wanted}-")), end + 1)
    return (exact, 0, 0) if exact <= within else (within, 1, exact)


def preferred_tag(tags: Iterable[str], languages: Iterable[str]) -> str:
    """Return which of some tags a reader of these languages prefers, as it is written; empty where there is none."""
    chain = language_chain(languages)
    return min(tags, key=lambda each: language_rank(each, chain), default="")


def labels(store: ox.Store, iris: Iterable[str], languages: Sequence[str]) -> dict[str, Label]:
    """Return the best label of each thing that has one.

    Args:
        store: the release's.
        iris: the things.
        languages: what the reader prefers, as ``language_chain`` takes it.
    """
    chain = language_chain(languages)
    best: dict[str, tuple[tuple[Rank, int, str], Label]] = {}
    for triple in label_triples(store, iris):
        iri, literal = triple.subject.value, triple.object
        tag = literal.language or ""
        rank = (language_rank(tag, chain), LABEL_PROPERTIES.index(triple.predicate.value), literal.value)
        if iri not in best or rank < best[iri][0]:
            best[iri] = rank, Label(literal.value, tag)
    return {iri: label for iri, (_, label) in best.items()}


def called(store: ox.Store, iri: str, languages: Sequence[str], base: str) -> Label | None:
    """Return what an IRI is called, in the best language; None where nothing names it.

    A named graph below ``base`` is called what the data calls it, which says more than the catalogue's own words; a
    property shape by the name that it gives to its property, which is all the name that it has.
    """
    return _graph_name(store, iri, languages, base) or labels(store, (iri,), languages).get(iri) or _shape_name(
        store, iri, languages
    )  # fmt: skip


def _graph_name(store: ox.Store, iri: str, languages: Sequence[str], base: str) -> Label | None:
    if not iri.startswith(f"{base}graph/"):
        return None
    catalog = ox.NamedNode(f"{base}graph/{CATALOG_GRAPH}")
    quads = store.quads_for_pattern(_node(iri), ox.NamedNode(RDFS_LABEL), None, None)
    return _best([quad.object for quad in quads
                  if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name != catalog], languages)  # fmt: skip


def _shape_name(store: ox.Store, iri: str, languages: Sequence[str]) -> Label | None:
    if (node := _node(iri)) is None:
        return None
    quads = store.quads_for_pattern(node, ox.NamedNode(SH + "name"), None, ox.DefaultGraph())
    return _best([quad.object for quad in quads], languages)


def _best(terms: Iterable[object], languages: Sequence[str]) -> Label | None:
    chain = language_chain(languages)
    found = [Label(each.value, each.language or "") for each in terms if isinstance(each, ox.Literal)]
    return min(found, key=lambda each: (language_rank(each.language, chain), each.text), default=None)


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
