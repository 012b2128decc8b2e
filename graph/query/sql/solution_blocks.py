"""Solutions of a pattern as a statement of SQL that is still growing: what it reads, under which conditions.

Patterns that are joined become one SELECT over the tables themselves, so that DuckDB orders all their joins together.
What has to stay apart (an OPTIONAL's pattern, groups, a LIMIT) is closed: a statement of its own under a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from graph.query.sql.sql_values import ANY_KIND, STRUCT_TYPE, IndexedValue, StructValue, ValueInSql

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
        lexicon: under which name the lexicon was joined to an id.
    """

    items: list[tuple[str, str]] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    columns: dict[str, SolutionColumn] = field(default_factory=dict)
    lexicon: dict[str, str] = field(default_factory=dict)

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
        found = SelectBlock()
        found.add(f"{name} AS {alias}")
        for variable, column in names.items():
            old = block.columns[variable]
            found.columns[variable] = SolutionColumn(f"{alias}.{column}", old.is_struct, old.is_certain, old.kinds)
        return found

    def joined(self, block: SelectBlock, column: SolutionColumn) -> str:
        """Return the name under which a block has the lexicon for a column of ids, joining it where it has not."""
        alias = block.lexicon.get(column.sql)
        if alias is None:
            alias = block.lexicon[column.sql] = self.fresh("t")
            if column.is_certain:
                block.add(f"lexicon AS {alias}")
                block.conditions.append(f"{alias}.id = {column.sql}")
            else:
                block.add(f"lexicon AS {alias} ON {alias}.id = {column.sql}", "LEFT JOIN")
        return alias

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
    return SelectBlock(items, conditions, dict(left.columns), {**left.lexicon, **right.lexicon})


def shared_names(left: SelectBlock, right: SelectBlock) -> Iterator[str]:
    """Yield the variables that both blocks have."""
    return (name for name in right.columns if name in left.columns)
