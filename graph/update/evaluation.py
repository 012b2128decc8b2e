"""The operations of an update, carried out one after another on a release that stays as it is (SPARQL 1.1 Update 3).

Patterns are matched by the engine, as queries that the guard has read; templates are filled here, so that a change is
known line by line and its price is that of the change. What comes of it are writes for ``graph.publish``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import pyoxigraph as ox

from graph.errors import GraphNameError, OutOfScopeError, QuerySyntaxError, UpdateError
from graph.namespaces import unfit_name
from graph.query.guard import read_query
from graph.settings import LimitSettings
from graph.sources.chunks import Origin, chunks
from graph.update.operations import Block, Clear, Create, Data, Modify, Operation, Transfer, written_graphs
from graph.update.reading import NO_BLANK_NODES
from graph.update.state import UpdateState
from graph.update.templates import Solution, Template, template

NO_GRAPH = "urn:x-hamkor:no-graph"
"""Stands for a default graph without triples: with an empty list the engine shows another one."""


@dataclass(frozen=True, slots=True)
class Scope:
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


def check_scope(operations: Iterable[Operation], scope: Scope) -> None:
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
                raise OutOfScopeError(graph, f"the graph <{graph}> is not yours to write")
            if not isinstance(operation, Clear) and (problem := unfit_name(graph, scope.base)):
                raise GraphNameError(graph, problem)
        if are_others and not scope.is_everything:
            raise OutOfScopeError("", "it is left open which graphs this writes; name them by their IRIs")
        if isinstance(operation, Modify) and _names_dataset(operation) and (scope.using or scope.using_named):
            problem = "using-graph-uri and USING or WITH exclude each other (SPARQL 1.1 Protocol 2.2.3)"
            raise QuerySyntaxError(problem)


def _names_dataset(operation: Modify) -> bool:
    return bool(operation.target or operation.using or operation.using_named)


def carry_out(operations: Iterable[Operation], state: UpdateState, scope: Scope) -> None:
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
                    raise UpdateError(f"the graph <{graph}> is there already", "say CREATE SILENT")
                state.create(graph)
            case Transfer():
                _transfer(operation, state, scope)


def _data(operation: Data, state: UpdateState, scope: Scope, number: int) -> None:
    if operation.is_insert:
        quads = template(operation.block, operation.prologue, scope.address).filled({})
        _insert(quads, state, scope, scope.default, number)
    else:
        _delete(_removed(operation.block, operation.prologue, scope).filled({}), state, scope.default)


def _removed(block: Block, prologue: str, scope: Scope) -> Template:
    """Return the template of what is removed, in which collections would be blank nodes, too."""
    found = template(block, prologue, scope.address)
    if found.has_blank_nodes:
        raise QuerySyntaxError(NO_BLANK_NODES)
    return found


def _modify(operation: Modify, state: UpdateState, scope: Scope, number: int) -> None:
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
    operation: Modify, state: UpdateState, scope: Scope, variables: tuple[str, ...], *, distinct: bool
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
    except SyntaxError as problem:
        raise QuerySyntaxError(problem.msg) from problem
    for solution in cast("ox.QuerySolutions", found):
        terms = ((name, solution[name]) for name in variables)
        yield {name: term for name, term in terms if term is not None}


_Graph = ox.NamedNode | ox.BlankNode | ox.DefaultGraph
_Name = ox.NamedNode | ox.BlankNode


def _dataset(operation: Modify, scope: Scope) -> tuple[list[_Graph], list[_Name] | None]:
    """Return the dataset of a pattern: what USING names, else the graph of WITH or the default graph, and all named."""
    using, named = operation.using or scope.using, operation.using_named or scope.using_named
    if using or named:
        return [ox.NamedNode(iri) for iri in using or (NO_GRAPH,)], [ox.NamedNode(iri) for iri in named]
    return [ox.NamedNode(operation.target or scope.default)], None


def _insert(quads: Iterable[ox.Quad], state: UpdateState, scope: Scope, target: str, number: int) -> None:
    quads = list(quads)
    if not quads:
        return
    origin = Origin(f"{scope.salt} {number}", target, scope.base, scope.limits.literal_mb << 20)
    for chunk in chunks(quads, origin):
        if not scope.may_write(chunk.graph):
            raise OutOfScopeError(chunk.graph, f"the graph <{chunk.graph}> is not yours to write")
        state.add(chunk.graph, chunk.lines())


def _delete(quads: Iterable[ox.Quad], state: UpdateState, target: str) -> None:
    for quad in dict.fromkeys(quads):
        graph = quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else target
        if stated := state.stated(graph, quad.triple):
            state.remove(graph, stated)


def _clear(operation: Clear, state: UpdateState, scope: Scope) -> None:
    graph = operation.graph or scope.default
    wide = (each for each in state.contributed() if scope.may_write(each))
    graphs = [graph] if operation.wide in (None, "DEFAULT") else list(wide)
    if operation.wide == "NAMED":
        graphs = [each for each in graphs if each != scope.default]
    for each in graphs:
        if state.exists(each):
            state.clear(each, drop=operation.is_drop)
        elif operation.wide is None and not operation.silent:
            raise UpdateError(f"there is no graph <{each}>", "say SILENT where that is no matter")


def _transfer(operation: Transfer, state: UpdateState, scope: Scope) -> None:
    source, target = operation.source or scope.default, operation.target or scope.default
    if source == target:
        return
    if not state.exists(source) and operation.source:
        if operation.silent:
            return
        raise UpdateError(f"there is no graph <{source}>", "say SILENT where that is no matter")
    lines = list(state.lines(source))
    if operation.kind != "ADD" and state.exists(target):
        state.clear(target)
    state.create(target)
    state.add(target, lines)
    if operation.kind == "MOVE" and state.exists(source):
        state.clear(source, drop=True)
