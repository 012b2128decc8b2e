"""What answers at a telephone number that somebody has typed, or at its last seven digits: clubs, offices, no persons.

It is looked up in the data; no index holds a number, and nobody is found by a part that many numbers share.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

import pyoxigraph as ox

from endpoint.current import Snapshot, snapshot
from endpoint.finding import Finder
from graph.linking.candidates import Scope
from graph.linking.entity import Entity, id_of
from graph.linking.kinds import PERSON
from graph.namespaces import CV, FOAF, ORG, SCHEMA, VCARD
from graph.periods import Period, published, spanned

PROPERTIES = (VCARD + "hasValue", VCARD + "hasTelephone", SCHEMA + "telephone", FOAF + "phone")
CONTACTS = (VCARD + "hasTelephone", CV + "contactPoint", SCHEMA + "contactPoint")
"""How a body has a telephone that is a thing of its own."""
TYPED = re.compile(r"[+(]?\d[\d\s().+-]*\Z")
LOCAL_DIGITS, MOST_DIGITS, MOST_NUMBERS, MOST_FOUND, STEPS = 7, 15, 100_000, 20, 3


def answering(text: str, scope: Scope, finds: Finder) -> list[tuple[Entity, Period | None]]:
    """Return the things in a scope that are at a number, each with when that was published.

    What is typed before the last seven digits of the number must agree.
    """
    digits = re.sub(r"\D", "", text)
    if not TYPED.match(text.strip()) or not LOCAL_DIGITS <= len(digits) <= MOST_DIGITS:
        return []
    here = snapshot()
    found = here.once(_numbers).get(digits[-LOCAL_DIGITS:], ())
    nodes = [node for number, node in found if number.endswith(digits) or digits.endswith(number)]
    store, ids = here.release.store, dict[str, list[Period | None]]()
    for node in nodes:
        for iri in _owners(store, node):
            ids.setdefault(id_of(iri, here.publication.base), []).append(published(store, node))
    numbers = [n for each in ids if (n := finds.search.index.number(each)) is not None]
    inside = finds.search.candidates.within(numbers, scope)
    bodies = [each for each in finds.search.index.entities(inside) if PERSON not in each.kinds][:MOST_FOUND]
    return [(each, spanned(ids[each.id])) for each in bodies]


def _numbers(here: Snapshot) -> dict[str, list[tuple[str, str]]]:
    """Return last seven digits → number and the node that has it, of so many numbers as fit into a few megabytes."""
    found = defaultdict[str, list[tuple[str, str]]](list)
    for name in PROPERTIES:
        quads = here.release.store.quads_for_pattern(None, ox.NamedNode(name), None, ox.DefaultGraph())
        for quad in islice(quads, MOST_NUMBERS):
            text = getattr(quad.object, "value", "")
            digits = re.sub(r"\D", "", text.removeprefix("tel:"))
            is_number = text.startswith("tel:") or TYPED.match(text)
            if is_number and LOCAL_DIGITS <= len(digits) <= MOST_DIGITS and isinstance(quad.subject, ox.NamedNode):
                found[digits[-LOCAL_DIGITS:]].append((digits, quad.subject.value))
    return dict(found)


def _owners(store: ox.Store, node: str) -> list[str]:
    """Return a node, what has it as its telephone or contact point, and of a membership the body."""
    reached, todo = dict.fromkeys([node]), [node]
    for _ in range(STEPS):
        found = {next_one for each in todo for next_one in _beside(store, ox.NamedNode(each))}
        todo = sorted(found - reached.keys())
        reached |= dict.fromkeys(todo)
    return list(reached)


def _beside(store: ox.Store, node: ox.NamedNode) -> Iterator[str]:
    merge = ox.DefaultGraph()
    for name in CONTACTS:
        for quad in islice(store.quads_for_pattern(None, ox.NamedNode(name), node, merge), MOST_FOUND):
            if isinstance(quad.subject, ox.NamedNode):
                yield quad.subject.value
    for quad in islice(store.quads_for_pattern(node, ox.NamedNode(ORG + "organization"), None, merge), MOST_FOUND):
        if isinstance(quad.object, ox.NamedNode):
            yield quad.object.value
