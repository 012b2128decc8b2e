"""The page of a thing: its names, what is said of it by property, and what points to it by property.

Everything is listed as the graph has it; which order and which groups a class of things deserves is for its shapes to
say, later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyoxigraph as ox

from endpoint.pages.names import Names, Shown
from graph.description import Description, Incoming
from graph.labels import LABEL_PROPERTIES
from graph.namespaces import DCT, RDF_TYPE, RDFS, SKOS

SUMMARIES = (DCT + "description", RDFS + "comment", SKOS + "definition", "https://schema.org/description")


@dataclass(frozen=True, slots=True)
class Value:
    """One value and the graphs that state it."""

    shown: Shown
    graphs: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Property:
    """All values of one property."""

    name: Shown
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Backlinks:
    """What points to the thing by one property; ``more`` is how many are not listed, a lower bound if not counted."""

    name: Shown
    things: tuple[Shown, ...]
    more: int
    counted: bool


@dataclass(frozen=True, slots=True)
class ThingPage:
    """What the page of one thing shows."""

    iri: str
    title: Shown
    names: tuple[Shown, ...]
    classes: tuple[Shown, ...]
    summary: tuple[Shown, ...]
    properties: tuple[Property, ...]
    incoming: tuple[Backlinks, ...]
    graphs: tuple[Shown, ...]


def thing_page(description: Description, names: Names, languages: Iterable[str]) -> ThingPage:
    """Return the page of a described thing."""
    title = names.thing(description.iri)
    others = {
        (term.value, term.language or ""): names.term(term)
        for predicate in LABEL_PROPERTIES
        for term in description.values(predicate)
        if isinstance(term, ox.Literal) and (term.value, term.language or "") != (title.text, title.language)
    }
    summary = [names.term(term) for predicate in SUMMARIES for term in description.values(predicate)]
    shown_above = {RDF_TYPE, *LABEL_PROPERTIES, *(name for name in SUMMARIES if description.values(name))}
    graphs = {graph for each in description.statements for graph in each.graphs}
    return ThingPage(
        iri=description.iri,
        title=title,
        names=tuple(others.values()),
        classes=tuple(names.term(term) for term in description.values(RDF_TYPE)),
        summary=tuple(_best(summary, languages)),
        properties=_properties(description, names, shown_above),
        incoming=tuple(_backlinks(each, names) for each in description.incoming),
        graphs=tuple(names.thing(graph) for graph in sorted(graphs)),
    )


def _best(texts: list[Shown], languages: Iterable[str]) -> list[Shown]:
    """Return the texts in the reader's first language that there is, or all where none fits."""
    for language in languages:
        fitting = [each for each in texts if each.language.partition("-")[0] == language.partition("-")[0]]
        if fitting:
            return fitting[:1]
    return texts[:1]


def _properties(description: Description, names: Names, without: set[str]) -> tuple[Property, ...]:
    found: dict[str, list[Value]] = {}
    for each in description.statements:
        if each.predicate not in without:
            value = Value(names.term(each.object), tuple(names.thing(graph) for graph in each.graphs))
            found.setdefault(each.predicate, []).append(value)
    properties = [
        Property(names.thing(predicate), tuple(sorted(values, key=lambda value: value.shown.text)))
        for predicate, values in found.items()
    ]
    return tuple(sorted(properties, key=lambda each: each.name.text.casefold()))


def _backlinks(incoming: Incoming, names: Names) -> Backlinks:
    things = sorted((names.thing(each) for each in incoming.subjects), key=lambda each: each.text.casefold())
    more = incoming.total - len(things)
    return Backlinks(names.thing(incoming.predicate), tuple(things), max(0, more), incoming.counted)
