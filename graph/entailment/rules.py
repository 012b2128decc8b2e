"""A rule: what has to be there, and what then follows. Values only; nothing is run here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

import pyoxigraph as ox

from graph.entailment.patterns import Pattern

OWN = "hamkor_"
"""How variables begin that stand in no query: for its blank nodes and for literals that the store may spell anew."""


class Form(Enum):
    """How the conclusions of a rule follow from the triples that it reads."""

    PLAIN = auto()
    """Each solution of the body gives the heads, and nothing else gives any."""
    FILTERED = auto()
    """Each solution of the body gives what the query says of it alone; more triples never give less."""
    NEGATED = auto()
    """As before, but the matches of a group, too, decide what a solution gives."""
    WHOLE = auto()
    """The body is all that it reads; which part of it gives which conclusion is not known."""
    UNKNOWN = auto()
    """Not even what it reads is known."""


@dataclass(frozen=True, slots=True)
class Group:
    """Patterns of an OPTIONAL, EXISTS or NOT EXISTS, and the variables that tie them to the body."""

    patterns: tuple[Pattern, ...]
    shared: frozenset[ox.Variable]
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A CONSTRUCT query, what it depends on, and what it is called in messages.

    Attributes:
        name: for messages.
        query: the rule as SPARQL over the merge.
        form: how the conclusions follow from the body.
        heads: the patterns of what it concludes.
        body: the patterns that have to be there; of ``Form.WHOLE`` all that it reads, alternatives, too.
        groups: the patterns that may be there or may not.
        is_guarded: whether the query passes over conclusions that are there already.
    """

    name: str
    query: str
    form: Form
    heads: tuple[Pattern, ...]
    body: tuple[Pattern, ...]
    groups: tuple[Group, ...] = ()
    is_guarded: bool = False

    @property
    def waits(self) -> bool:
        """Whether more triples can give fewer conclusions: then all that it reads has to be settled before."""
        return self.form not in (Form.PLAIN, Form.FILTERED)

    def reads(self) -> Iterator[Pattern]:
        """Yield the patterns of all that can change what it concludes."""
        yield from self.body
        for group in self.groups:
            yield from group.patterns
