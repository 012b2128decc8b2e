"""What one named graph says of which things: a list of them, the lines about one, and how two states differ, by thing.

Nothing is changed here, and whose the graph is does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

import pyoxigraph as ox

from graph.model.rdf_terms import RDF_TYPE, genid_iri
from graph.parts.proposals.proposal_store import ValueChange
from graph.releases.exact_forms import LexicalForms, parsed
from graph.releases.history import DifferencePart

MOST_QUADS, MOST_THINGS = 400_000, 20_000
"""So much of a graph is looked at for its list."""
MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class GraphThing:
    """One thing that a graph describes, and the classes that the graph says it is of."""

    iri: str
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GraphThings:
    """The things of one graph.

    Attributes:
        things: the things, by IRI.
        is_whole: whether these are all; of a very large graph the first are listed.
    """

    things: tuple[GraphThing, ...]
    is_whole: bool


def things_in(store: ox.Store, base: str, graph: str) -> GraphThings:
    """Return the things that a graph describes; nodes without a name are part of what they belong to."""
    found, unnamed, looked = dict[str, list[str]](), genid_iri(base, ""), 0
    for looked, quad in enumerate(store.quads_for_pattern(None, None, None, ox.NamedNode(graph)), 1):
        if looked > MOST_QUADS or len(found) > MOST_THINGS:
            break
        if isinstance(quad.subject, ox.NamedNode) and not quad.subject.value.startswith(unnamed):
            classes = found.setdefault(quad.subject.value, [])
            if quad.predicate.value == RDF_TYPE and isinstance(quad.object, ox.NamedNode):
                classes.append(quad.object.value)
    is_whole = looked <= MOST_QUADS and len(found) <= MOST_THINGS
    named = sorted(found.items())[:MOST_THINGS]
    return GraphThings(tuple(GraphThing(iri, tuple(sorted(classes))) for iri, classes in named), is_whole)


def lines_about(store: ox.Store, forms: LexicalForms, base: str, graph: str, iri: str) -> frozenset[bytes]:
    """Return the lines of a graph about a thing, and about the nodes without a name that belong to nothing else there.

    Args:
        store: the release's.
        forms: how its literals were written.
        base: the publication's base.
        graph: the graph.
        iri: the thing.
    """
    place, lines, waiting, seen = ox.NamedNode(graph), set[bytes](), [iri], {iri}
    while waiting:
        for quad in store.quads_for_pattern(ox.NamedNode(waiting.pop()), None, None, place):
            lines |= forms.lines(store, quad.triple, graph)
            node = quad.object.value if isinstance(quad.object, ox.NamedNode) else ""
            if node.startswith(genid_iri(base, "")) and node not in seen and _is_only_of(store, node, place, seen):
                seen.add(node)
                waiting.append(node)
    return frozenset(lines)


def _is_only_of(store: ox.Store, node: str, graph: ox.NamedNode, owners: set[str]) -> bool:
    pointing = store.quads_for_pattern(None, None, ox.NamedNode(node), graph)  # read until another one is found
    return all(isinstance(each.subject, ox.NamedNode) and each.subject.value in owners for each in pointing)


def state_of(lines: Iterable[bytes]) -> str:
    """Return what stands for some lines: it is another for others."""
    return sha256(b"\n".join(sorted(lines))).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class ThingChange:
    """What becomes of one thing between two states of a graph."""

    iri: str
    changes: tuple[ValueChange, ...]


def changes_by_thing(parts: Iterable[DifferencePart], most: int = MOST_LINES) -> tuple[list[ThingChange], int]:
    """Return a difference thing by thing, and how many lines of it are left out; what goes stands beside what comes."""
    gone, come, more = dict[tuple[str, str], list[str]](), dict[tuple[str, str], list[str]](), 0
    left = most
    for part in parts:
        for line in part.lines[:left]:
            triple = parsed(line)
            side = come if part.added else gone
            key = getattr(triple.subject, "value", str(triple.subject)), triple.predicate.value
            side.setdefault(key, []).append(str(triple.object))
        more += max(0, len(part.lines) - left)
        left = max(0, left - len(part.lines))
    by_thing = dict[str, list[ValueChange]]()
    for subject, predicate in sorted(gone.keys() | come.keys()):
        before, after = gone.get((subject, predicate), []), come.get((subject, predicate), [])
        by_thing.setdefault(subject, []).extend(_paired(predicate, before, after))
    return [ThingChange(iri, tuple(changes)) for iri, changes in by_thing.items()], more


def _paired(predicate: str, before: list[str], after: list[str]) -> Iterator[ValueChange]:
    for place in range(max(len(before), len(after))):
        one = before[place] if place < len(before) else ""
        other = after[place] if place < len(after) else ""
        yield ValueChange(predicate, one, other, ())
