"""What a query of the part of SPARQL that is read here means: plain values, made by ``reading``, run by ``solving``.

Variables are names without their sign, constants the texts of terms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


class UnsupportedError(Exception):
    """This query, or this case of it, is the engine's; no error for anybody."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A term as N-Triples writes it."""

    text: bytes


Slot = Variable | Constant


@dataclass(frozen=True, slots=True)
class Pattern:
    """A triple pattern, or a path of one predicate repeated (SPARQL 9.3).

    Attributes:
        subject: where it begins.
        predicate: the IRI in angle brackets.
        object: where it ends.
        repeated: ``*`` or ``+`` for such a path.
    """

    subject: Slot
    predicate: bytes
    object: Slot
    repeated: Literal["", "*", "+"] = ""

    @property
    def variables(self) -> frozenset[str]:
        """The variables in it."""
        return frozenset(each.name for each in (self.subject, self.object) if isinstance(each, Variable))


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function with its arguments, its name in capitals."""

    name: str
    arguments: tuple[Expression, ...]

    @property
    def variables(self) -> frozenset[str]:
        """The variables in it."""
        return frozenset().union(*(variables_of(each) for each in self.arguments))


Expression = Variable | Constant | Call


def variables_of(expression: Expression) -> frozenset[str]:
    """Return the variables in an expression."""
    if isinstance(expression, Variable):
        return frozenset({expression.name})
    return expression.variables if isinstance(expression, Call) else frozenset()


@dataclass(frozen=True, slots=True)
class Anything:
    """The pattern that every triple fits: three different variables."""

    subject: str
    predicate: str
    object: str


@dataclass(slots=True)
class Group:
    """A group graph pattern: patterns joined, then what may be missing, then what must hold (SPARQL 18.2.2).

    Where it has a pattern that every triple fits, it has nothing else.
    """

    patterns: list[Pattern] = field(default_factory=list)
    unions: list[list[Group]] = field(default_factory=list)
    optionals: list[Group] = field(default_factory=list)
    absents: list[Group] = field(default_factory=list)
    filters: list[Call] = field(default_factory=list)
    anything: Anything | None = None

    @property
    def names(self) -> frozenset[str]:
        """The variables that stand anywhere in it."""
        found = {name for pattern in self.patterns for name in pattern.variables}
        found |= {name for call in self.filters for name in call.variables}
        if self.anything is not None:
            found |= {self.anything.subject, self.anything.predicate, self.anything.object}
        inner = (*(arm for arms in self.unions for arm in arms), *self.optionals, *self.absents)
        return frozenset(found).union(*(group.names for group in inner))

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing in it."""
        return not (self.patterns or self.unions or self.optionals or self.absents or self.filters or self.anything)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """COUNT or SUM (SPARQL 18.5.1); without a variable it counts solutions."""

    name: Literal["COUNT", "SUM"]
    variable: str | None
    distinct: bool


@dataclass(slots=True)
class Plan:
    """A SELECT query.

    Attributes:
        columns: what is selected, in order: a name, and the aggregate that it stands for or None.
        where: its pattern.
        distinct: whether solutions are made distinct.
        groups: the variables that it is grouped by; None where it is not grouped.
        order: the names it is ordered by, and whether descending.
        limit: how many solutions at most, or None.
        offset: how many are left out first.
    """

    columns: list[tuple[str, Aggregate | None]]
    where: Group
    distinct: bool = False
    groups: list[str] | None = None
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
