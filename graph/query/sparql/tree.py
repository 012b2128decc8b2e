"""The syntax tree of a SPARQL query or update: what the grammar found where, and how to walk over it.

It is no algebra and judges nothing: a node is a production of the grammar (SPARQL 1.2 section 19.8) and the tokens that
it spans. ``graph.query.sparql.grammar`` makes it, once a text; everything that has to know where a clause, a pattern or
an expression stands is a function over it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from graph.query.sparql.tokens import Token, TokenKind


class SyntaxNode(NamedTuple):
    """One production where it stands.

    A named tuple, since a query has hundreds and a frozen dataclass takes four times as long to make.

    Attributes:
        name: the production.
        first: the number of its first token.
        last: the number of the token behind its last one.
        parts: the productions within it, in their order; tokens of its own lie between them.
    """

    name: str
    first: int
    last: int
    parts: tuple[SyntaxNode, ...]

    def part(self, *names: str) -> SyntaxNode | None:
        """Return the first of its own parts that is such a production, or None."""
        return next((each for each in self.parts if each.name in names), None)

    def all(self, name: str) -> list[SyntaxNode]:
        """Return those of its own parts that are such productions."""
        return [each for each in self.parts if each.name == name]


@dataclass(frozen=True, slots=True)
class SyntaxTree:
    """A text that is of the grammar.

    Attributes:
        text: its characters.
        tokens: its tokens.
        root: the whole.
        queries: the query and its subqueries, in the order in which they end: the query itself last.
        calls: what is handed to functions that are called by their IRIs, each with its brackets.
    """

    text: str
    tokens: Sequence[Token]
    root: SyntaxNode
    queries: Sequence[SyntaxNode]
    calls: Sequence[SyntaxNode]

    def word(self, number: int) -> str:
        """Return a token in capitals; nothing behind the last one."""
        return self.tokens[number].text.upper() if number < len(self.tokens) else ""

    def is_variable(self, number: int) -> bool:
        """Whether a token is a variable."""
        return self.tokens[number].kind is TokenKind.VARIABLE

    def name(self, number: int) -> str:
        """Return the name of the variable that a token is: ``?x`` and ``$x`` are one."""
        return self.tokens[number].text[1:]

    def is_call(self, node: SyntaxNode) -> bool:
        """Whether a node is a SERVICE clause."""
        return node.name == "GraphPatternNotTriples" and self.word(node.first) == "SERVICE"

    def place(self, first: int, last: int) -> tuple[int, int]:
        """Return where the characters of some tokens begin and end; where there are none, it is one place."""
        if first < last:
            return self.tokens[first].start, self.tokens[last - 1].end
        return (self.tokens[first].start,) * 2 if first < len(self.tokens) else (len(self.text),) * 2

    def characters(self, node: SyntaxNode) -> tuple[int, int]:
        """Return where the characters of a node begin and end."""
        return self.place(node.first, node.last)

    def written(self, node: SyntaxNode) -> str:
        """Return a node as it is written."""
        begins, ends = self.characters(node)
        return self.text[begins:ends]

    def seen(self, node: SyntaxNode, is_hidden: Callable[[SyntaxNode, SyntaxNode], bool]) -> Iterator[int]:
        """Yield the numbers of the tokens of a node, in their order, without recursion.

        Args:
            node: where to look.
            is_hidden: whether to pass over a part, given the node that it is a part of, and itself.
        """
        waiting: list[SyntaxNode | range] = [node]
        while waiting:
            found = waiting.pop()
            if isinstance(found, range):
                yield from found
                continue
            pieces, place = list[SyntaxNode | range](), found.first
            for part in found.parts:
                pieces += (range(place, part.first),) if is_hidden(found, part) else (range(place, part.first), part)
                place = part.last
            waiting += (range(place, found.last), *reversed(pieces))

    def own(self, node: SyntaxNode) -> Iterator[int]:
        """Yield the numbers of the tokens that stand in a node and in none of its parts."""
        return self.seen(node, lambda _, part: True)  # noqa: ARG005

    @property
    def query(self) -> SyntaxNode:
        """The query itself, without its prologue: of one of the four forms."""
        return self.queries[-1]


def walk(
    node: SyntaxNode, is_hidden: Callable[[SyntaxNode, SyntaxNode], bool] = lambda _whole, _part: False
) -> Iterator[SyntaxNode]:
    """Yield a node and all below it, in the order of the text, without recursion.

    Args:
        node: where to begin; it is yielded whatever it is.
        is_hidden: whether to pass over a part with all that is in it, given the node that it is a part of, and itself.
    """
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += [each for each in reversed(found.parts) if not is_hidden(found, each)]


def selected(tree: SyntaxTree, select: SyntaxNode) -> list[tuple[int, SyntaxNode | None]]:
    """Return what a SelectClause names: the token of each variable, and the expression that it stands for.

    There is nothing for ``*``.
    """
    expressions = {part.last + 1: part for part in select.parts}  # ( Expression AS ?name )
    return [(each, expressions.get(each)) for each in tree.own(select) if tree.is_variable(each)]


def group_keys(tree: SyntaxTree, group: SyntaxNode) -> list[str]:
    """Return the variables by which a GroupClause groups, each once."""
    named = (each for condition in group.parts for each in tree.own(condition) if tree.is_variable(each))
    return list(dict.fromkeys(map(tree.name, named)))


# Which variables a group graph pattern brings into scope (SPARQL 1.1 Query 18.2.1).


def in_scope(tree: SyntaxTree, pattern: SyntaxNode) -> tuple[str, ...]:
    """Return the variables of a GroupGraphPattern that are in scope outside, without their signs, each once."""

    def is_hidden(whole: SyntaxNode, part: SyntaxNode) -> bool:
        if whole.name == "SubSelect" and part.name != "SelectClause":
            return part.name == "SolutionModifier" or tree.word(whole.parts[0].last - 1) != "*"
        is_minus = part.name == "GraphPatternNotTriples" and tree.word(part.first) == "MINUS"
        return is_minus or part.name in ("Constraint", "Expression")

    return tuple(dict.fromkeys(tree.name(each) for each in tree.seen(pattern, is_hidden) if tree.is_variable(each)))
