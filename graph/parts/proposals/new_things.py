"""Things that nobody has described yet: their names on the web, and where a place among them lies.

Forms and spreadsheets make such things of what somebody has written; how that is read, and where a fault is told, is
theirs. A region is told by the coordinates where these leave no doubt, and else asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType

from graph.model.rdf_terms import (
    RDF_TYPE,
    graph_iri,
)
from graph.parts.proposals.proposal_store import ValueChange
from graph.parts.proposals.shape_form import ACCEPTED_GRAPH, ThingStatements

# What new things are called on the web.

ADDED = "added/"
"""Below the base: where the names of new things begin."""

LATIN = MappingProxyType(dict(zip(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяўқғҳ",
    ("a", "b", "v", "g", "d", "e", "yo", "j", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "x",
     "ts", "ch", "sh", "shch", "", "i", "", "e", "yu", "ya", "o", "q", "g", "h"),
    strict=True,
)))  # fmt: skip
"""Cyrillic letters as Latin ones, for addresses alone."""
LONGEST_NAME = 60


def local_name(text: str) -> str:
    """Return a text as it may stand in an address: small Latin letters, digits and hyphens; perhaps nothing."""
    letters = "".join(LATIN.get(each, each) for each in text.casefold())
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"[ʻʼ'’`]", "", letters)).strip("-")[:LONGEST_NAME].strip("-")


def minted(base: str, class_iri: str, label: str, nonce: str, space: str = "") -> str:
    """Return the IRI of a new thing, by its class and its name.

    Args:
        base: the publication's base.
        class_iri: the class.
        label: what the thing is called, or empty.
        nonce: what keeps it apart from others, where that is needed.
        space: where the names of somebody's things begin (``own_space``); those that nobody owns are put together.
    """
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", re.split(r"[/#]", class_iri)[-1])
    parts = [each for each in (local_name(label), local_name(nonce)) if each]
    return f"{space or base + ADDED}{local_name(kind) or 'thing'}/{'-'.join(parts)}"


def own_space(base: str, graph: str) -> str:
    """Return where the names of things begin that are made for a graph: with the first part of the graph's own name.

    A graph that is named on another host has no space of its own, since names there are not ours to give.
    """
    name = graph.removeprefix(f"{base}graph/")
    first = local_name(name.partition("/")[0])
    return f"{base}{ADDED}{first}/" if name != graph and first else f"{base}{ADDED}"


def new_thing(base: str, iri: str, home: str = "") -> ThingStatements:
    """Return what is stated of a thing of which nothing is stated yet; ``home`` is its graph, where it is to be one."""
    return ThingStatements(iri, base, {}, home=home)


def as_new(class_iri: str, changes: Sequence[ValueChange], base: str, graph: str = "") -> tuple[ValueChange, ...]:
    """Return the changes of a new thing, of which it is said first what it is; in a graph of its own by default."""
    typed = ValueChange(RDF_TYPE, "", f"<{class_iri}>", (graph or graph_iri(base, ACCEPTED_GRAPH),))
    return (typed, *changes)
