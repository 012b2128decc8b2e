"""What a write changes, as lines: of one named graph, and of the union of all. Values only; nothing is applied here.

A *line* is a canonical N-Triples line without its end, as ``Chunk.lines()`` gives it.
"""

from __future__ import annotations

from dataclasses import dataclass

Lines = frozenset[bytes]
NONE: Lines = frozenset()


@dataclass(frozen=True, slots=True)
class GraphChange:
    """The difference of one named graph.

    Attributes:
        iri: the graph.
        added: lines that it has now and had not.
        removed: lines that it had and has no longer.
        created: the graph was not there before.
        dropped: the graph is gone; ``removed`` is all that it had.
    """

    iri: str
    added: Lines = NONE
    removed: Lines = NONE
    created: bool = False
    dropped: bool = False

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.added or self.removed or self.created or self.dropped)


@dataclass(frozen=True, slots=True)
class MergeChange:
    """The difference of the union of named graphs.

    Before entailment it is the union of what is stated: neither the entailed graph nor any that is computed after it
    counts, so that a line which was only entailed and is stated now has appeared.

    Attributes:
        appeared: lines that stand in some graph now and stood in none before.
        disappeared: lines that stood in some graph and stand in none any more.
    """

    appeared: Lines = NONE
    disappeared: Lines = NONE

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.appeared or self.disappeared)
