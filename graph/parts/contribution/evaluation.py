"""The operations of an update, carried out one after another on a release that stays as it is (SPARQL 1.1 Update 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pyoxigraph as ox

from graph.model.errors import GraphNameError, OutOfScopeError, QuerySyntaxError, Quotation, Sentence, UpdateError
from graph.model.rdf_terms import unfit_name
from graph.model.settings import LimitSettings
from graph.parts.contribution.update_reading import (
    NO_BLANK_NODES,
    Block,
    Clear,
    Create,
    Data,
    Modify,
    Operation,
    QuadTemplate,
    Solution,
    Transfer,
    template,
    written_graphs,
)
from graph.pipeline.write import Delete, GraphEdit, Put, Write
from graph.query.federation import hidden_call
from graph.query.sparql.guard import read_query
from graph.releases.exact_forms import LexicalForms, index_line, open_forms, parsed
from graph.releases.release import Release
from graph.releases.store import STORE_FOLDER, copy_store
from graph.sources.batches import Chunk, Origin, chunks

# A release as an update sees it while its operations follow one another: what was, and what has changed since.
#
# Nothing is published here. Only where a pattern has to be matched after a change is a copy of the index made, by hard
# links, and the change applied to it.


@dataclass
class GraphState:
    """What has become of one graph.

    Attributes:
        was_there: whether it was there at the beginning.
        is_there: whether it is there now.
        is_fresh: whether nothing of what it held at the beginning is in it.
        added: lines that it has now, and perhaps had.
        removed: lines that it has no longer, and perhaps never had; empty where it is fresh.
    """

    was_there: bool
    is_there: bool
    is_fresh: bool = False
    added: set[bytes] = field(default_factory=set)
    removed: set[bytes] = field(default_factory=set)


class UpdateState:
    """A release with some changes that are not published."""

    def __init__(self, release: Release, folder: Path) -> None:
        """Begin with a release; a copy of its index would be made in ``folder``, which is empty."""
        self._release, self._folder = release, folder
        self._there = {each.iri: each for each in release.manifest.graphs}
        self._graphs: dict[str, GraphState] = {}
        self._forms: LexicalForms = open_forms(release.folder)
        self._copy: ox.Store | None = None
        self._waiting: list[tuple[str, tuple[bytes, ...]]] = []

    # What is there

    def exists(self, graph: str) -> bool:
        """Whether there is such a graph now."""
        state = self._graphs.get(graph)
        return state.is_there if state is not None else graph in self._there

    def contributed(self) -> list[str]:
        """Return the IRIs of the graphs that can be written and are there now."""
        mine = [iri for iri, each in self._there.items() if each.origin == "contributed" or iri in self._graphs]
        return [iri for iri in dict.fromkeys((*mine, *self._graphs)) if self.exists(iri)]

    def lines(self, graph: str) -> Iterator[bytes]:
        """Yield the lines of a graph."""
        state = self._graphs.get(graph)
        if graph in self._there and not (state is not None and state.is_fresh):
            other = state.removed | state.added if state is not None else set()
            for chunk in self._release.read_graph(graph):
                yield from (line for line in chunk.lines() if line not in other)
        if state is not None:
            yield from state.added

    def stated(self, graph: str, triple: ox.Triple) -> frozenset[bytes]:
        """Return the lines of a graph that a triple of the index stands for."""
        state = self._graphs.get(graph)
        found = frozenset[bytes]()
        if graph in self._there and not (state is not None and state.is_fresh):
            found = self._forms.lines(self._release.store, triple, graph)
        if state is None:
            return found
        wanted = index_line(line_of(triple))
        return (found - state.removed) | {line for line in state.added if index_line(line) == wanted}

    def index(self) -> ox.Store:
        """Return the index as it is now, its named graphs at least; nobody else must write to it."""
        if self._waiting and self._copy is None:
            place = self._folder / "index"
            copy_store(self._release.folder / STORE_FOLDER, place)  # a backup would lack what is in the logs
            self._copy = ox.Store(str(place))
        if self._copy is not None:
            for graph, lines in self._waiting:
                self._apply(self._copy, graph, lines)
        self._waiting.clear()
        return self._copy or self._release.store

    def _apply(self, index: ox.Store, graph: str, lines: Iterable[bytes]) -> None:
        """Bring the copy up to date for some lines; what one form of a literal says may be said by another, too."""
        node = ox.NamedNode(graph)
        for line in lines:
            triple = parsed(line)
            quad = ox.Quad(triple.subject, triple.predicate, triple.object, node)
            if self.stated(graph, triple):
                index.add(quad)
            else:
                index.remove(quad)

    # Changes

    def add(self, graph: str, lines: Iterable[bytes]) -> None:
        """Add lines to a graph, which is there from then on."""
        state, lines = self._changing(graph), set(lines)
        state.is_there = True
        self._waiting.append((graph, tuple(lines)))
        state.added |= lines
        state.removed -= lines

    def remove(self, graph: str, lines: Iterable[bytes]) -> None:
        """Remove lines from a graph, all of which it has."""
        state, lines = self._changing(graph), set(lines)
        if not state.is_fresh:
            state.removed |= lines
        state.added -= lines
        self._waiting.append((graph, tuple(lines)))

    def clear(self, graph: str, *, drop: bool = False) -> None:
        """Empty a graph; with ``drop`` it is no longer there."""
        lines = tuple(self.lines(graph))
        state = self._changing(graph)
        self._waiting.append((graph, lines))
        state.added, state.removed, state.is_fresh, state.is_there = set(), set(), True, not drop

    def create(self, graph: str) -> None:
        """Let a graph be there, empty."""
        self._changing(graph).is_there = True

    def _changing(self, graph: str) -> GraphState:
        there = graph in self._there
        return self._graphs.setdefault(graph, GraphState(there, there))

    def writes(self) -> list[Write]:
        """Return what has to be published for all this; an edit takes care of lines that were there already."""
        found = list[Write]()
        for graph, state in self._graphs.items():
            if not state.is_there:
                found += [Delete(graph)] if state.was_there else []
            elif state.is_fresh or not state.was_there:
                text = b"".join(line + b"\n" for line in sorted(state.added))
                found.append(Put(graph, (Chunk(graph, text),) if text else ()))
            elif state.added or state.removed:
                found.append(GraphEdit(graph, frozenset(state.added), frozenset(state.removed)))
        return found


def line_of(triple: ox.Triple) -> bytes:
    """Return a triple as a line."""
    return (ox.serialize([triple], format=ox.RdfFormat.N_TRIPLES) or b"").rstrip(b"\n")


# The operations of an update, carried out one after another on a release that stays as it is (SPARQL 1.1 Update 3).
#
# Patterns are matched by the engine, as queries that the guard has read; templates are filled here, so that a change is
# known line by line and its price is that of the change. What comes of it are writes for ``graph.pipeline.write``.

NO_GRAPH = "urn:x-hamkor:no-graph"
"""Stands for a default graph without triples: with an empty list the engine shows another one."""


@dataclass(frozen=True, slots=True)
class UpdateScope:
    """What an update may write, and how it sees the rest.

    Attributes:
        default: the IRI of the graph that is the default graph to it.
        may_write: whether it may write a graph, by its IRI.
        is_everything: whether it may write all graphs.
        base: the publication's base.
        address: the IRI against which its relative IRIs are resolved.
        services: the endpoints that SERVICE may call, with what is written in place of each.
        limits: the publication's limits.
        salt: makes the names of its blank nodes its own.
        using: the graphs of using-graph-uri.
        using_named: the graphs of using-named-graph-uri.
    """

    default: str
    may_write: Callable[[str], bool]
    is_everything: bool
    base: str
    address: str
    services: Mapping[str, str]
    limits: LimitSettings
    salt: str
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()


def check_scope(operations: Iterable[Operation], scope: UpdateScope) -> None:
    """Make sure that operations write only what they may, and name their dataset once (SPARQL 1.1 Protocol 2.2.3).

    Raises:
        OutOfScopeError: they write another graph, or it is left open which.
        GraphNameError: a graph can bear no such name; one that is cleared or dropped may bear any.
        QuerySyntaxError: both the protocol and the update name a dataset.
    """
    for operation in operations:
        graphs, are_others = written_graphs(operation, scope.default)
        for graph in sorted(graphs):
            if not scope.may_write(graph):
                raise OutOfScopeError(graph, Sentence("the graph <%(graph)s> is not yours to write", graph=graph))
            if not isinstance(operation, Clear) and (problem := unfit_name(graph, scope.base)):
                raise GraphNameError(graph, problem)
        if are_others and not scope.is_everything:
            raise OutOfScopeError("", Sentence("it is left open which graphs this writes; name them by their IRIs"))
        if isinstance(operation, Modify) and _names_dataset(operation) and (scope.using or scope.using_named):
            problem = Sentence("using-graph-uri and USING or WITH exclude each other (SPARQL 1.1 Protocol 2.2.3)")
            raise QuerySyntaxError(problem)


def _names_dataset(operation: Modify) -> bool:
    return bool(operation.target or operation.using or operation.using_named)


def carry_out(operations: Iterable[Operation], state: UpdateState, scope: UpdateScope) -> None:
    """Carry out operations in their order.

    Raises:
        QuerySyntaxError: a template or a pattern is none.
        QueryRefusedError: a pattern calls an endpoint that is not allowed.
        SourceError: a literal is too long, or blank nodes cannot be told apart.
        UpdateError: a graph is not there, or is there already.
    """
    for number, operation in enumerate(operations):
        match operation:
            case Data():
                _data(operation, state, scope, number)
            case Modify():
                _modify(operation, state, scope, number)
            case Clear():
                _clear(operation, state, scope)
            case Create(graph=graph, silent=silent):
                if state.exists(graph) and not silent:
                    raise UpdateError(
                        Sentence("the graph <%(graph)s> is there already", graph=graph), Sentence("say CREATE SILENT")
                    )
                state.create(graph)
            case Transfer():
                _transfer(operation, state, scope)


def _data(operation: Data, state: UpdateState, scope: UpdateScope, number: int) -> None:
    if operation.is_insert:
        quads = template(operation.block, operation.prologue, scope.address).filled({})
        _insert(quads, state, scope, scope.default, number)
    else:
        _delete(_removed(operation.block, operation.prologue, scope).filled({}), state, scope.default)


def _removed(block: Block, prologue: str, scope: UpdateScope) -> QuadTemplate:
    """Return the template of what is removed, in which collections would be blank nodes, too."""
    found = template(block, prologue, scope.address)
    if found.has_blank_nodes:
        raise QuerySyntaxError(NO_BLANK_NODES)
    return found


def _modify(operation: Modify, state: UpdateState, scope: UpdateScope, number: int) -> None:
    target = operation.target or scope.default
    removed = _removed(operation.delete, operation.prologue, scope)
    added = template(operation.insert, operation.prologue, scope.address)
    variables = dict.fromkeys((*operation.delete.variables, *operation.insert.variables))
    found = list(_solutions(operation, state, scope, tuple(variables), distinct=not added.has_blank_nodes))
    deletions = [quad for solution in found for quad in removed.filled(solution)]
    insertions = [quad for solution in found for quad in added.filled(solution)]
    _delete(deletions, state, target)
    _insert(insertions, state, scope, target, number)


def _solutions(
    operation: Modify, state: UpdateState, scope: UpdateScope, variables: tuple[str, ...], *, distinct: bool
) -> Iterator[Solution]:
    what = " ".join(f"?{each}" for each in variables) or "(1 AS ?solution)"
    one = " LIMIT 1" if distinct and not variables else ""
    select = "SELECT DISTINCT" if distinct and variables else "SELECT"
    query = read_query(
        f"{operation.prologue}{select} {what} WHERE {operation.where}{one}",
        services=scope.services,
        base=scope.address,
        max_tokens=scope.limits.query_tokens,
        max_nesting=scope.limits.query_nesting,
    )
    default, named = _dataset(operation, scope)
    try:
        found = state.index().query(query.text, base_iri=scope.address, default_graph=default, named_graphs=named)
        for solution in cast("ox.QuerySolutions", found):
            terms = ((name, solution[name]) for name in variables)
            yield {name: term for name, term in terms if term is not None}
    except SyntaxError as problem:
        raise QuerySyntaxError(Quotation(problem.msg)) from problem
    except OSError as problem:
        hidden = None if scope.services else hidden_call(problem)
        raise hidden or problem from None


_Graph = ox.NamedNode | ox.BlankNode | ox.DefaultGraph
_Name = ox.NamedNode | ox.BlankNode


def _dataset(operation: Modify, scope: UpdateScope) -> tuple[list[_Graph], list[_Name] | None]:
    """Return the dataset of a pattern: what USING names, else the graph of WITH or the default graph, and all named."""
    using, named = operation.using or scope.using, operation.using_named or scope.using_named
    if using or named:
        return [ox.NamedNode(iri) for iri in using or (NO_GRAPH,)], [ox.NamedNode(iri) for iri in named]
    return [ox.NamedNode(operation.target or scope.default)], None


def _insert(quads: Iterable[ox.Quad], state: UpdateState, scope: UpdateScope, target: str, number: int) -> None:
    quads = list(quads)
    if not quads:
        return
    origin = Origin(f"{scope.salt} {number}", target, scope.base, scope.limits.literal_mb << 20)
    for chunk in chunks(quads, origin):
        if not scope.may_write(chunk.graph):
            raise OutOfScopeError(
                chunk.graph, Sentence("the graph <%(graph)s> is not yours to write", graph=chunk.graph)
            )
        state.add(chunk.graph, chunk.lines())


def _delete(quads: Iterable[ox.Quad], state: UpdateState, target: str) -> None:
    for quad in dict.fromkeys(quads):
        graph = quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else target
        if stated := state.stated(graph, quad.triple):
            state.remove(graph, stated)


def _clear(operation: Clear, state: UpdateState, scope: UpdateScope) -> None:
    graph = operation.graph or scope.default
    wide = (each for each in state.contributed() if scope.may_write(each))
    graphs = [graph] if operation.wide in (None, "DEFAULT") else list(wide)
    if operation.wide == "NAMED":
        graphs = [each for each in graphs if each != scope.default]
    for each in graphs:
        if state.exists(each):
            state.clear(each, drop=operation.is_drop)
        elif operation.wide is None and not operation.silent:
            raise UpdateError(
                Sentence("there is no graph <%(graph)s>", graph=each), Sentence("say SILENT where that is no matter")
            )


def _transfer(operation: Transfer, state: UpdateState, scope: UpdateScope) -> None:
    source, target = operation.source or scope.default, operation.target or scope.default
    if source == target:
        return
    if not state.exists(source) and operation.source:
        if operation.silent:
            return
        raise UpdateError(
            Sentence("there is no graph <%(graph)s>", graph=source), Sentence("say SILENT where that is no matter")
        )
    lines = list(state.lines(source))
    if operation.kind != "ADD" and state.exists(target):
        state.clear(target)
    state.create(target)
    state.add(target, lines)
    if operation.kind == "MOVE" and state.exists(source):
        state.clear(source, drop=True)
