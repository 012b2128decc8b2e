"""The operations of a SPARQL update as values: what is to be done to which graph, with the texts that say it.

They are made by ``graph.update.reading`` and carried out by ``graph.update.evaluation``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Block:
    """A quad pattern: the texts between its braces that belong to one graph each.

    Attributes:
        parts: the graph's name as written (an IRI, a prefixed name, a variable, or "" for the default graph), and the
            text of its triples.
        graphs: the IRIs of the graphs that it names.
        has_variable: whether it names a graph by a variable.
        has_default: whether it has triples of the default graph.
        variables: the variables in it, without their sign, each once.
    """

    parts: tuple[tuple[str, str], ...] = ()
    graphs: frozenset[str] = frozenset()
    has_variable: bool = False
    has_default: bool = False
    variables: tuple[str, ...] = ()


NOTHING = Block()


@dataclass(frozen=True, slots=True)
class Data:
    """INSERT DATA or DELETE DATA.

    Attributes:
        block: the data.
        is_insert: whether they are added.
        prologue: the declarations before it.
    """

    block: Block
    is_insert: bool
    prologue: str


@dataclass(frozen=True, slots=True)
class Modify:
    """DELETE and INSERT by what a pattern matches.

    Attributes:
        delete: what is removed for each solution.
        insert: what is added for each solution.
        where: the pattern, with its braces.
        target: the IRI that WITH names, or "".
        using: the IRIs of USING.
        using_named: the IRIs of USING NAMED.
        prologue: the declarations before it.
    """

    delete: Block
    insert: Block
    where: str
    target: str
    using: tuple[str, ...]
    using_named: tuple[str, ...]
    prologue: str


Wide = Literal["DEFAULT", "NAMED", "ALL"]


@dataclass(frozen=True, slots=True)
class Clear:
    """CLEAR or DROP.

    Attributes:
        graph: the IRI of the graph; "" where ``wide`` says which.
        wide: the default graph, all named graphs, or all.
        is_drop: whether the graph is gone afterwards.
        silent: whether it is no error where there is no such graph.
    """

    graph: str
    wide: Wide | None
    is_drop: bool
    silent: bool


@dataclass(frozen=True, slots=True)
class Create:
    """CREATE: an empty graph."""

    graph: str
    silent: bool


@dataclass(frozen=True, slots=True)
class Transfer:
    """ADD, MOVE or COPY from one graph to another; "" is the default graph."""

    kind: Literal["ADD", "MOVE", "COPY"]
    source: str
    target: str
    silent: bool


Operation = Data | Modify | Clear | Create | Transfer


def written_graphs(operation: Operation, default: str) -> tuple[frozenset[str], bool]:
    """Return the graphs that an operation writes, and whether there may be others, which only its evaluation tells.

    Args:
        operation: the operation.
        default: the IRI of what is the default graph to it.
    """
    match operation:
        case Data(block=block):
            return _written((block,), default)
        case Modify(delete=delete, insert=insert, target=target):
            return _written((delete, insert), target or default)
        case Clear(graph=graph, wide=wide):
            return frozenset({graph or default}) if wide in (None, "DEFAULT") else frozenset(), wide in ("NAMED", "ALL")
        case Create(graph=graph):
            return frozenset({graph}), False
        case Transfer(kind=kind, source=source, target=target):
            emptied = {source or default} if kind == "MOVE" else set()
            return frozenset({target or default, *emptied}), False


def _written(blocks: tuple[Block, ...], default: str) -> tuple[frozenset[str], bool]:
    named = frozenset(graph for block in blocks for graph in block.graphs)
    if any(block.has_default for block in blocks):
        named |= {default}
    return named, any(block.has_variable for block in blocks)
