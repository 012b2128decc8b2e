"""Graphs and property paths in SQL (SPARQL 1.1 Query 9, 13, 18.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from graph.query.sql.algebra import (
    Constant,
    InverseStep,
    NegatedStep,
    Path,
    PathOfAlternatives,
    PathOfSequence,
    PathPattern,
    PredicateStep,
    Slot,
    Term,
    UnsupportedError,
    Variable,
)
from graph.query.sql.solution_blocks import SelectBlock, SolutionColumn, SqlStatement
from graph.query.sql.sql_values import IRI, ConstantValue

Put = Callable[[SelectBlock, Slot, str], None]


@dataclass(frozen=True, slots=True)
class ActiveGraph:
    """The graph in which a pattern is evaluated.

    Attributes:
        members: the named graphs whose merge it is; None for the merge of all, or of each named graph in turn.
        variable: the hidden variable that holds its name, where it is each named graph in turn.
        named_as: the variable of the text that gets this name in the end.
    """

    members: tuple[int, ...] | None = None
    variable: str | None = None
    named_as: str | None = None

    @classmethod
    def all(cls) -> ActiveGraph:
        """Return the merge of all graphs."""
        return cls()

    @classmethod
    def of(cls, members: tuple[int, ...]) -> ActiveGraph:
        """Return the merge of some graphs."""
        return cls(members)

    @classmethod
    def each(cls, members: tuple[int, ...] | None, variable: str, named_as: str) -> ActiveGraph:
        """Return each of some named graphs, or of all, in turn."""
        return cls(members, variable, named_as)

    def condition(self, alias: str) -> str | None:
        """Return the condition that a triple stands in the graph; None where every one does."""
        if self.members is None:
            return None
        if not self.members:
            return "false"
        return f"{alias}.g IN (SELECT g FROM graph_sets WHERE graph IN ({', '.join(map(str, self.members))}))"

    def restrict(self, block: SelectBlock, alias: str, statement: SqlStatement) -> None:
        """Let a block read only triples of the graph, and bind its name where it is each of several."""
        if self.variable is None:
            if (condition := self.condition(alias)) is not None:
                block.conditions.append(condition)
            return
        sets = statement.fresh("s")
        block.add(f"graph_sets AS {sets}")
        block.conditions.append(f"{sets}.g = {alias}.g")
        if self.members is not None:
            members = ", ".join(map(str, self.members)) or "NULL"
            block.conditions.append(f"{sets}.graph IN ({members})")
        block.columns[self.variable] = SolutionColumn(
            f"{sets}.graph", is_struct=False, is_certain=True, kinds=frozenset({IRI})
        )


class PathCompiler:
    """Compiles paths that are repeated or negated; all others are triple patterns."""

    def __init__(self, statement: SqlStatement, known: Mapping[Term, ConstantValue]) -> None:
        """Make one for a statement, given the constants of the query."""
        self._statement, self._known = statement, known

    def negated(self, pattern: PathPattern, graph: ActiveGraph, put: Put) -> SelectBlock:
        """Compile one step along any other predicate: one solution a triple."""
        assert isinstance(pattern.path, NegatedStep)  # noqa: S101  the caller has looked
        block, alias = SelectBlock(), self._statement.fresh("t")
        block.add(f"by_subject AS {alias}")
        block.conditions.append(f"{alias}.p NOT IN ({self._predicates(pattern.path)})")
        put(block, pattern.subject, f"{alias}.s")
        put(block, pattern.object, f"{alias}.o")
        graph.restrict(block, alias, self._statement)
        return block

    def repeated(
        self, pattern: PathPattern, graph: ActiveGraph, starts: tuple[str, str] | None, put: Put
    ) -> SelectBlock:
        """Compile a path that is repeated.

        Args:
            pattern: the path and its ends.
            graph: where it leads.
            starts: an end that is bound elsewhere, and a statement with its values in the column ``n``.
            put: binds an end to a column.

        Raises:
            UnsupportedError: it would be one search in each of several graphs.
        """
        path = pattern.path
        if graph.variable is not None or isinstance(path, NegatedStep):
            raise UnsupportedError
        subject, target = pattern.subject, pattern.object
        begins = isinstance(subject, Constant) or (starts is not None and subject == Variable(starts[0]))
        is_backwards = not begins and (isinstance(target, Constant) or starts is not None)
        start = target if is_backwards else subject
        if isinstance(start, Constant):
            first = f"SELECT CAST({self._known[start.term].id} AS BIGINT) AS n"
        elif starts is not None:
            first = starts[1]
        else:
            first = None
        name = self._closure(path.path, path.sign, graph, first, backwards=is_backwards)
        alias, block = self._statement.fresh("a"), SelectBlock()
        block.add(f"{name} AS {alias}")
        ends = (f"{alias}.b", f"{alias}.a") if is_backwards else (f"{alias}.a", f"{alias}.b")
        put(block, subject, ends[0])
        put(block, target, ends[1])
        return block

    def _closure(self, path: Path, sign: str, graph: ActiveGraph, starts: str | None, *, backwards: bool) -> str:
        """Return the name of the pairs (a, b) of a repeated path; from some nodes, or from all."""
        steps = self._pairs(InverseStep(path) if backwards else path, graph)
        edges = self._statement.close(f"SELECT a, b FROM ({steps}) AS e", is_kept=sign != "?")
        nodes = self._statement.close(starts) if starts is not None else None
        itself = f"SELECT n AS a, n AS b FROM {nodes or f'({self._nodes(graph)})'}"
        among = f" WHERE a IN (SELECT n FROM {nodes})" if nodes else ""
        first = f"SELECT a, b FROM {edges}{among}"
        if sign == "?":
            return self._statement.close(f"{itself} UNION {first}")
        more = f"SELECT r.a, e.b FROM {{name}} AS r JOIN {edges} AS e ON e.a = r.b"
        return self._statement.close(f"{first if sign == '+' else itself} UNION {more}", is_recursive=True)

    def _nodes(self, graph: ActiveGraph) -> str:
        """Return all subjects and objects of a graph (SPARQL 18.4: nodes(G))."""
        where = graph.condition("t")
        suffix = f" WHERE {where}" if where else ""
        return f"SELECT s AS n FROM by_subject AS t{suffix} UNION SELECT o AS n FROM by_subject AS t{suffix}"

    def _pairs(self, path: Path, graph: ActiveGraph) -> str:
        """Return the pairs of ends (a, b) of a path."""
        if isinstance(path, PredicateStep):
            return self._steps(f"p = {self._known[path.predicate].id}", graph, ("s", "o"))
        if isinstance(path, NegatedStep):
            return self._steps(f"p NOT IN ({self._predicates(path)})", graph, ("s", "o"))
        if isinstance(path, InverseStep):
            return self._inverse(path.path, graph)
        if isinstance(path, PathOfAlternatives):
            return " UNION ALL ".join(self._pairs(each, graph) for each in path.paths)
        if isinstance(path, PathOfSequence):
            first, *others = path.paths
            whole = f"({self._pairs(first, graph)}) AS e0"
            for number, each in enumerate(others, 1):
                whole += f" JOIN ({self._pairs(each, graph)}) AS e{number} ON e{number}.a = e{number - 1}.b"
            return f"SELECT e0.a, e{len(others)}.b FROM {whole}"
        name = self._closure(path.path, path.sign, graph, None, backwards=False)
        return f"SELECT a, b FROM {name}"

    def _inverse(self, path: Path, graph: ActiveGraph) -> str:
        if isinstance(path, InverseStep):
            return self._pairs(path.path, graph)
        return f"SELECT b AS a, a AS b FROM ({self._pairs(path, graph)}) AS i"

    def _steps(self, condition: str, graph: ActiveGraph, ends: tuple[str, str]) -> str:
        where = graph.condition("t")
        return (
            f"SELECT {ends[0]} AS a, {ends[1]} AS b FROM by_subject AS t WHERE t.{condition}"
            f"{f' AND {where}' if where else ''}"
        )

    def _predicates(self, step: NegatedStep) -> str:
        return ", ".join(str(self._known[each].id) for each in step.predicates)
