"""The properties that one can give as constraints, ask for and be proposed, each with an id that OpenRefine can bear.

City, region, place, founding and identifier are understood by name; every other property of the data can be fetched
by its short form, as ``schema.foundingDate``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from endpoint.current import Snapshot, languages, snapshot
from endpoint.finding import Finder, Tongue
from graph.labels import labels
from graph.linking.candidates import Scope
from graph.linking.evidence import PROPERTIES
from graph.linking.folding import fold
from graph.linking.kinds import PERSON
from graph.namespaces import OWL, RDF, RDFS, SD, SH, VOID

VALID = re.compile(r"[A-Za-z0-9._~-]+\Z")
SAMPLED = 200
NEVER = (
    *("http://www.w3.org/2006/vcard/ns#has", "https://schema.org/telephone", "https://schema.org/email"),
    *(SH, VOID, SD, OWL + "versionInfo", RDFS, RDF),
)
"""Beginnings of properties that lead to people, who are not handed out row by row, or say nothing of things."""
NAME = "name"


@dataclass(frozen=True, slots=True)
class Property:
    """A property as reconciliation names it; ``iri`` is empty for one that is understood by name."""

    id: str
    name: str
    iri: str = ""


def by_name(reader: Tongue) -> list[Property]:
    """Return the properties that are understood by name."""
    return [Property(each, reader.of(names)) for each, names in PROPERTIES.items()]


def of_the_data(here: Snapshot) -> dict[str, str]:
    """Return id → IRI of the data's own properties, as far as a prefix makes them short."""
    found: dict[str, str] = {}
    prefixes = sorted(here.prefixes.items(), key=lambda each: -len(each[1]))
    for iri in here.release.manifest.statistics.properties:
        short = next((f"{prefix}.{iri[len(start) :]}" for prefix, start in prefixes if iri.startswith(start)), "")
        if VALID.match(short) and not iri.startswith(NEVER):
            found.setdefault(short, iri)
    return found


def known(ids: list[str], reader: Tongue) -> list[Property]:
    """Return the properties with these ids; one that nobody knows is called by its id and has no values."""
    named, data = {each.id: each for each in by_name(reader)}, snapshot().once(of_the_data)
    called = _called([data[each] for each in ids if each in data])
    return [
        named[each] if each in named else Property(each, called.get(data.get(each, ""), each), data.get(each, ""))
        for each in ids
    ]


def suggested(prefix: str, reader: Tongue) -> list[Property]:
    """Return the properties of which the name or the id begins so, or has a word that does."""
    data = snapshot().once(of_the_data)
    called = _called(list(data.values()))
    every = [*by_name(reader), *(Property(id_, called.get(iri, id_), iri) for id_, iri in sorted(data.items()))]
    return [each for each in every if begins(prefix, each.name, each.id)]


def begins(prefix: str, *names: str) -> bool:
    """Whether a word of some names begins with a prefix, in whatever script."""
    wanted = fold(prefix)
    return not prefix or any(
        name.lower().startswith(prefix.lower()) or (wanted != "" and f" {wanted}" in f" {fold(name)}") for name in names
    )


def proposed(kind: str, finds: Finder, reader: Tongue) -> list[Property]:
    """Return the properties that things of a kind have, the commonest first."""
    if kind == PERSON:
        return []
    scope = Scope((kind,) if kind else (), without=(PERSON,))
    store, counts = snapshot().release.store, Counter[str]()
    for entity in finds.search.all_in(scope, SAMPLED):
        counts.update(set(_predicates(store, entity.iri)))
    data = {iri: id_ for id_, iri in snapshot().once(of_the_data).items()}
    common = sorted((iri for iri in counts if iri in data), key=lambda iri: (-counts[iri], iri))
    called = _called(common)
    return [*by_name(reader), *(Property(data[iri], called.get(iri, data[iri]), iri) for iri in common)]


def _predicates(store: ox.Store, iri: str) -> Iterator[str]:
    for quad in store.quads_for_pattern(ox.NamedNode(iri), None, None, ox.DefaultGraph()):
        if isinstance(quad.predicate, ox.NamedNode):
            yield quad.predicate.value


def _called(iris: list[str]) -> dict[str, str]:
    return {iri: label.text for iri, label in labels(snapshot().release.store, iris, languages()).items()}
