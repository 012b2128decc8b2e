"""Which focus nodes a change can matter to: those that reach, as their shapes read, a triple that came or went.

Walking back over the new data alone is enough. Evaluation is a sequence of reads; up to the first one that gives
something else than before, both evaluations have read the same, so they reach that triple along what is there now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import pyoxigraph as ox
from rdflib.term import Node

from graph.errors import HamkorError
from graph.sources.stored import Term, stored
from graph.validation.neighbourhood import ValidatedData
from graph.validation.reads import Reads, Step

Place = tuple[Term, int]
"""A node and the state in which it is read."""
MOST_PLACES = 200_000


@dataclass
class TooManyError(HamkorError):
    """A change matters to so much that everything had better be validated."""

    places: int

    def __str__(self) -> str:
        return f"more than {self.places} places to look at"


@dataclass
class BackwardReads:
    """The automaton of shapes, walked backwards over data.

    Attributes:
        reads: the automaton.
        most: how many places are looked at before it gives up.
    """

    reads: Reads
    most: int = field(default_factory=lambda: MOST_PLACES)
    _by_predicate: dict[str | None, list[Step]] = field(default_factory=lambda: defaultdict(list))
    _by_target: dict[int, list[Step]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Order the steps."""
        for step in self.reads.steps:
            self._by_predicate[step.predicate].append(step)
            self._by_target[step.target].append(step)

    def of_change(self, data: ValidatedData, triples: Iterable[ox.Triple]) -> set[Term]:
        """Return the nodes that are, or were, focus nodes for which triples that came or went can matter.

        Literals among them are as the index has them.

        Args:
            data: after the change.
            triples: those that came or went.

        Raises:
            TooManyError: there are too many places to look at.
        """
        return self._reached(data, {place for triple in triples for place in self._read_by(triple)})

    def roots(self, data: ValidatedData, node: Term, shape: Node) -> set[Term]:
        """Return the focus nodes of shapes with targets that lead to ``node`` as a focus node of ``shape``."""
        return self._reached(data, {(node, self.reads.at_focus(shape))})

    def _read_by(self, triple: ox.Triple) -> Iterator[Place]:
        for step in chain(self._by_predicate[triple.predicate.value], self._by_predicate[None]):
            yield (stored(triple.object) if step.inverse else triple.subject), step.source

    def _reached(self, data: ValidatedData, places: set[Place]) -> set[Term]:
        seen, waiting, found = set(places), list(places), set[Term]()
        while waiting:
            node, state = waiting.pop()
            if state in self.reads.entries:
                found.add(node)
            for place in self._before(data, node, state):
                if place not in seen:
                    seen.add(place)
                    waiting.append(place)
            if len(seen) > self.most:
                raise TooManyError(self.most)
        return found

    def _before(self, data: ValidatedData, node: Term, state: int) -> Iterator[Place]:
        for earlier in self.reads.skips.get(state, ()):
            yield node, earlier
        for step in self._by_target.get(state, ()):
            predicate = ox.NamedNode(step.predicate) if step.predicate is not None else None
            if not step.inverse:
                yield from ((quad.subject, step.source) for quad in data.quads(None, predicate, node))
            elif not isinstance(node, ox.Literal | ox.Triple):
                yield from ((quad.object, step.source) for quad in data.quads(node, predicate, None))
