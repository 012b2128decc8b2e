"""Solutions of a pattern as a growing statement of SQL: what it reads, on which conditions; named graphs and paths.

Patterns that are joined become one SELECT over the tables themselves, so that DuckDB orders all their joins together.
What has to stay apart (an OPTIONAL's pattern, groups, a LIMIT) is closed: a statement of its own under a name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

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
from graph.query.sql.sql_values import ANY_KIND, IRI, STRUCT_TYPE, ConstantValue, IndexedValue, StructValue, ValueInSql

# Blocks: statements that grow

LEXICON_PARTS = ("text", "tag", "exact", "approximate")
LONGEST_EXPRESSION = 400
"""An expression that is longer is computed once, in a statement of its own, before others use it."""


@dataclass(frozen=True, slots=True)
class SolutionColumn:
    """How a block gives the value of a variable.

    Attributes:
        sql: an expression: an id of the index, or a STRUCT.
        is_struct: which of the two.
        is_certain: whether every solution binds it.
        kinds: of which kinds the terms may be.
    """

    sql: str
    is_struct: bool
    is_certain: bool
    kinds: frozenset[int] = ANY_KIND


@dataclass(slots=True)
class SelectBlock:
    """A SELECT that is not finished.

    Attributes:
        items: what stands in FROM, each with the kind of join by which it comes to those before it.
        conditions: what stands in WHERE.
        columns: the variables.
        rows: of how many rows it is made, about; its joins may make more of them, or fewer.
        lexicon: with what the names of the lexicon's columns begin, by the id to which it was joined.
    """

    items: list[tuple[str, str]] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    columns: dict[str, SolutionColumn] = field(default_factory=dict)
    lexicon: dict[str, str] = field(default_factory=dict)
    rows: float = math.inf

    def add(self, item: str, join: str = "CROSS JOIN") -> None:
        """Read something else, too."""
        if not self.items and join != "CROSS JOIN":
            self.items.append(("CROSS JOIN", "(SELECT 1)"))
        self.items.append((join, item))

    def source(self) -> str:
        """Return the clauses FROM and WHERE."""
        first, *others = (f"{join} {item}" for join, item in self.items) if self.items else ("",)
        text = f" FROM {first.removeprefix('CROSS JOIN ')}" if first else ""
        text += "".join(f" {each}" for each in others)
        if self.conditions:
            text += " WHERE " + " AND ".join(f"({each})" for each in self.conditions)
        return text

    def text(self, names: dict[str, str], extra: tuple[str, ...] = ()) -> str:
        """Return it with some variables under names of columns, and what else is selected."""
        selected = [f"{self.columns[name].sql} AS {column}" for name, column in names.items()]
        return f"SELECT {', '.join((*selected, *extra)) or '1 AS one'}{self.source()}"


class SqlStatement:
    """The statement that a query becomes: blocks under names, each of which may read those before it."""

    def __init__(self) -> None:
        """Begin with none."""
        self.parts: list[tuple[str, str]] = []
        self._numbers = count(1)

    def fresh(self, letter: str) -> str:
        """Return a name that nothing has."""
        return f"{letter}{next(self._numbers)}"

    def close(self, text: str, *, is_recursive: bool = False, is_kept: bool = False) -> str:
        """Give a statement a name.

        Args:
            text: the statement.
            is_recursive: whether it reads itself; then it has its name as ``{name}``.
            is_kept: whether it is to be computed once, however often it is read.
        """
        name = self.fresh("q")
        kept = "" if is_recursive else "MATERIALIZED " if is_kept else "NOT MATERIALIZED "
        self.parts.append((f"{name}{'(a, b)' if is_recursive else ''} AS {kept}", text.replace("{name}", name)))
        return name

    def closed(self, block: SelectBlock, suffix: str = "", *, is_kept: bool = False) -> SelectBlock:
        """Return a block that reads another as a statement of its own."""
        names = numbered(block)
        name = self.close(block.text(names) + suffix, is_kept=is_kept)
        return self.reading(name, block, names)

    def reading(self, name: str, block: SelectBlock, names: dict[str, str]) -> SelectBlock:
        """Return a block that reads a statement which has some variables of a block in its columns."""
        alias = self.fresh("a")
        found = SelectBlock(rows=block.rows)
        found.add(f"{name} AS {alias}")
        for variable, column in names.items():
            old = block.columns[variable]
            found.columns[variable] = SolutionColumn(f"{alias}.{column}", old.is_struct, old.is_certain, old.kinds)
        return found

    def computed(self, block: SelectBlock, spoken: Sequence[str]) -> SelectBlock:
        """Return a block that reads another, which is computed first, with what some expressions read of the lexicon.

        A condition that may raise is to see no other rows than those that are there; and DuckDB reads the whole lexicon
        where a join depends on more than equal ids.
        """
        names, said = numbered(block), " ".join(spoken)
        prefixes = {id_: prefix for id_, prefix in block.lexicon.items() if prefix in said}
        parts = [f"{prefix}{part} AS l{number}_{part}" for number, prefix in enumerate(prefixes.values())
                 for part in LEXICON_PARTS]  # fmt: skip
        name = self.close(block.text(names, tuple(parts)), is_kept=True)
        found = self.reading(name, block, names)
        (_, item), *_ = found.items
        alias = item.rpartition(" ")[2]
        for number, id_ in enumerate(prefixes):
            variable = next((each for each, column in block.columns.items() if column.sql == id_), None)
            if variable is not None:
                found.lexicon[found.columns[variable].sql] = f"{alias}.l{number}_"
        return found

    def joined(self, block: SelectBlock, column: SolutionColumn) -> str:
        """Return with what the columns of the lexicon begin for a column of ids; it is joined where it has not been."""
        prefix = block.lexicon.get(column.sql)
        if prefix is None:
            alias = self.fresh("t")
            prefix = block.lexicon[column.sql] = f"{alias}."
            if column.is_certain:
                block.add(f"lexicon AS {alias}")
                block.conditions.append(f"{alias}.id = {column.sql}")
            else:
                block.add(f"lexicon AS {alias} ON {alias}.id = {column.sql}", "LEFT JOIN")
        return prefix

    def value(self, block: SelectBlock, column: SolutionColumn) -> ValueInSql:
        """Return the value that a column of a block has."""
        if column.is_struct:
            return StructValue(column.kinds, f"CAST(({column.sql}).k AS INTEGER)", column.sql)
        kind = f"({column.sql} & 7)"
        if len(column.kinds) == 1 and column.is_certain:
            kind = str(min(column.kinds))
        return IndexedValue(column.kinds, kind, column.sql, lambda: self.joined(block, column))


def numbered(block: SelectBlock) -> dict[str, str]:
    """Return a name of a column for each variable of a block: names in a text may be any."""
    return {name: f"c{number}" for number, name in enumerate(block.columns)}


def nothing(is_struct: bool) -> str:
    """Return NULL of the type of a column."""
    return f"CAST(NULL AS {STRUCT_TYPE if is_struct else 'BIGINT'})"


def merged(left: SelectBlock, right: SelectBlock) -> SelectBlock:
    """Return the product of two blocks, with the columns of the first; the second is used up by it."""
    items = [*left.items, *right.items]
    conditions = [*left.conditions, *right.conditions]
    lexicon = {**left.lexicon, **right.lexicon}
    return SelectBlock(items, conditions, dict(left.columns), lexicon, min(left.rows, right.rows))


def shared_names(left: SelectBlock, right: SelectBlock) -> Iterator[str]:
    """Yield the variables that both blocks have."""
    return (name for name in right.columns if name in left.columns)


# Graphs and property paths in SQL (SPARQL 1.1 Query 9, 13, 18.4).

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
