"""What shapes read, as an automaton: its states are places in shapes, its steps the triples that lead from one on.

A shape that is evaluated at a node reads the node's neighbourhood along paths; each triple that it can read is a step
of some state here. So a triple that changes can matter to a focus node only if the focus node reaches such a state.
Recursion, nesting and repeated paths are loops. This is the automaton; ``graph.validation.reading`` makes it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from pyshacl.shape import Shape
from rdflib.term import Node


@dataclass(frozen=True, slots=True)
class Step:
    """A triple that is read: from its subject to its object, or the other way round.

    Attributes:
        source: the state from which it is read.
        predicate: its predicate's IRI; None for any.
        inverse: whether it leads from its object to its subject.
        target: the state that it leads to.
    """

    source: int
    predicate: str | None
    inverse: bool
    target: int


@dataclass
class Reads:
    """The automaton of a shapes graph.

    Attributes:
        steps: all steps.
        skips: by state, the states that lead to it without reading anything.
        entries: the states in which shapes that have targets are at their focus nodes, and these shapes.
        unbounded: states from which anything may be read.
        nested: the shapes whose focus nodes are value nodes of other shapes that report in their own name.
    """

    steps: list[Step] = field(default_factory=list)
    skips: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    entries: dict[int, Shape] = field(default_factory=dict)
    unbounded: set[int] = field(default_factory=set)
    nested: set[Node] = field(default_factory=set)
    _names: dict[tuple[str, Node], int] = field(default_factory=dict)
    _count: int = 0

    def state(self) -> int:
        """Return a new state."""
        self._count += 1
        return self._count

    def at_focus(self, shape: Node) -> int:
        """Return the state of being at a focus node of a shape."""
        return self._named("focus", shape)

    def at_value(self, shape: Node) -> int:
        """Return the state of being at a value node of a shape."""
        return self._named("value", shape)

    def step(self, source: int, predicate: str | None, target: int, *, inverse: bool = False) -> None:
        """Add a step."""
        self.steps.append(Step(source, predicate, inverse, target))

    def skip(self, source: int, target: int) -> None:
        """Let ``source`` lead to ``target`` without reading anything."""
        self.skips[target].add(source)

    def everywhere(self) -> list[Shape]:
        """Return the shapes with targets that may read anything."""
        back = defaultdict(set, {target: set(sources) for target, sources in self.skips.items()})
        for step in self.steps:
            back[step.target].add(step.source)
        reached, waiting = set(self.unbounded), list(self.unbounded)
        while waiting:
            found = back[waiting.pop()] - reached
            reached |= found
            waiting += found
        return [shape for state, shape in self.entries.items() if state in reached]

    def _named(self, kind: str, shape: Node) -> int:
        key = kind, shape
        if key not in self._names:
            self._names[key] = self.state()
        return self._names[key]
