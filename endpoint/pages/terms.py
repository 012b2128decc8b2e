"""The page of the vocabulary: its classes and properties, each with what it means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from endpoint.pages.names import Names, Shown
from graph.labels import language_chain
from graph.namespaces import DCT, OWL, RDF, RDF_TYPE, RDFS

CLASSES = frozenset({OWL + "Class", RDFS + "Class"})
PROPERTIES = frozenset({RDF + "Property", *(OWL + kind + "Property" for kind in ("Object", "Datatype", "Annotation"))})
RELATIONS = {RDFS + "subClassOf": "Kind of", RDFS + "subPropertyOf": "Kind of", RDFS + "domain": "Of",
             RDFS + "range": "Value", OWL + "inverseOf": "Inverse of"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TermShown:
    """One class or property."""

    name: str
    label: Shown
    comment: Shown | None
    relations: tuple[tuple[str, tuple[Shown, ...]], ...]


@dataclass(frozen=True, slots=True)
class TermsPage:
    """What the page of a vocabulary shows."""

    iri: str
    title: Shown
    summary: Shown | None
    classes: tuple[TermShown, ...]
    properties: tuple[TermShown, ...]
    others: tuple[TermShown, ...]


def terms_page(iri: str, triples: Sequence[ox.Triple], names: Names, languages: Iterable[str]) -> TermsPage:
    """Return the page of the vocabulary ``iri`` from its triples."""
    about: dict[str, list[ox.Triple]] = {}
    for triple in triples:
        if isinstance(triple.subject, ox.NamedNode):
            about.setdefault(triple.subject.value, []).append(triple)
    chain = language_chain(languages)
    kinds = {each: {t.object.value for t in own if t.predicate.value == RDF_TYPE and isinstance(t.object, ox.NamedNode)}
             for each, own in about.items() if each != iri}  # fmt: skip
    shown = {each: _term(each, about[each], names, chain) for each in sorted(kinds)}
    classes = {each for each, kind in kinds.items() if kind & CLASSES}
    properties = {each for each, kind in kinds.items() if kind & PROPERTIES}
    return TermsPage(
        iri,
        names.thing(iri),
        _text(about.get(iri, ()), (RDFS + "comment", DCT + "description"), chain),
        tuple(term for each, term in shown.items() if each in classes),
        tuple(term for each, term in shown.items() if each in properties - classes),
        tuple(term for each, term in shown.items() if each not in classes | properties),
    )


def _term(iri: str, triples: Sequence[ox.Triple], names: Names, chain: Sequence[str]) -> TermShown:
    relations: dict[str, list[Shown]] = {}
    for triple in triples:
        if (relation := RELATIONS.get(triple.predicate.value)) is not None:
            relations.setdefault(relation, []).append(names.term(triple.object))
    comment = _text(triples, (RDFS + "comment",), chain)
    lists = tuple((relation, tuple(things)) for relation, things in relations.items())
    return TermShown(iri.rpartition("#")[2], names.thing(iri), comment, lists)


def _text(triples: Iterable[ox.Triple], predicates: Sequence[str], chain: Sequence[str]) -> Shown | None:
    found = [
        triple.object
        for triple in triples
        if triple.predicate.value in predicates and isinstance(triple.object, ox.Literal)
    ]
    ranks = {tag: rank for rank, tag in enumerate(chain)}
    best = min(found, key=lambda each: ranks.get(each.language or "", len(ranks)), default=None)
    return Shown(best.value, best.language or "") if best is not None else None
