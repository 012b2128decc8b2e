"""Expressions of a query: from the tree to the algebra's values (SPARQL 1.1 Query 17, 19.8 for precedence)."""

from __future__ import annotations

from collections.abc import Callable

from graph.query.sparql.tokens import TokenKind
from graph.query.sparql.tree import SyntaxNode
from graph.query.sql.algebra import (
    Constant,
    ExistsTest,
    Expression,
    FunctionCall,
    Pattern,
    SetFunction,
    UnsupportedError,
    Variable,
)
from graph.query.sql.term_reading import TermReader, unescaped

COMPARISONS = frozenset({"=", "!=", "<", ">", "<=", ">="})
MOST_NESTING = 60
VOLATILE = frozenset({"RAND", "NOW", "UUID", "STRUUID", "BNODE"})
Item = SyntaxNode | int
Aggregated = Callable[[SetFunction], Variable]


class ExpressionReader:
    """Reads expressions of one query, or one level of it, where aggregates are allowed."""

    def __init__(
        self, terms: TermReader, pattern: Callable[[SyntaxNode], Pattern], aggregated: Aggregated | None
    ) -> None:
        """Make one.

        Args:
            terms: reads terms.
            pattern: reads a GroupGraphPattern.
            aggregated: gives an aggregate a name; None where there must be none.
        """
        self._terms, self._tree = terms, terms.tree
        self._pattern, self._aggregated = pattern, aggregated
        self._depth = 0

    def read(self, node: SyntaxNode) -> Expression:
        """Return the expression that an Expression, a Constraint or a condition is."""
        self._depth += 1
        if self._depth > MOST_NESTING:
            raise UnsupportedError
        found = _Operands(self, self._items(node)).whole()
        self._depth -= 1
        return found

    def _items(self, node: SyntaxNode) -> list[Item]:
        """Return the parts of a node and the tokens between them, in their order."""
        items, place = list[Item](), node.first
        for part in node.parts:
            items += [*range(place, part.first), part]
            place = part.last
        return [*items, *range(place, node.last)]

    def word(self, item: Item) -> str:
        """Return a token in capitals; nothing for a part."""
        return self._tree.word(item) if isinstance(item, int) else ""

    def token_kind(self, item: Item) -> TokenKind | None:
        """Return the kind of a token; None for a part."""
        return self._tree.tokens[item].kind if isinstance(item, int) else None

    def part(self, node: SyntaxNode) -> Expression:
        """Return the expression that a part of another is."""
        if node.name == "Aggregate":
            return self._aggregate(node)
        if node.name == "BuiltInCall":
            return self._call(node)
        if node.name in ("Expression", "Constraint"):
            return self.read(node)
        raise UnsupportedError

    def term(self, number: int) -> tuple[Expression, int]:
        """Return the variable or constant that begins with a token, and the number of the token behind it."""
        if self._tree.is_variable(number):
            return Variable(self._tree.name(number)), number + 1
        term, behind = self._terms.term(number)
        return Constant(term), behind

    def iri_call(self, number: int, arguments: SyntaxNode) -> Expression:
        """Return the call of a function that a token names."""
        if any(self._tree.word(each) == "DISTINCT" for each in self._tree.own(arguments)):
            raise UnsupportedError
        return FunctionCall(self._terms.iri(number).value, tuple(self.read(each) for each in arguments.parts))

    def _call(self, node: SyntaxNode) -> Expression:
        word = self._tree.word(node.first)
        if node.parts and node.parts[0].name == "Aggregate":
            return self._aggregate(node.parts[0])
        if word in ("EXISTS", "NOT"):
            return ExistsTest(self._pattern(node.parts[0]), word == "NOT")
        if word == "BOUND":
            return FunctionCall("BOUND", (Variable(self._tree.name(node.first + 2)),))
        if word in VOLATILE:
            raise UnsupportedError
        return FunctionCall(word, tuple(self.read(each) for each in node.parts))

    def _aggregate(self, node: SyntaxNode) -> Expression:
        if self._aggregated is None:
            raise UnsupportedError
        words = [self._tree.word(each) for each in self._tree.own(node)]
        argument = self.read(node.parts[0]) if node.parts else None
        separator = " "
        if "SEPARATOR" in words:
            strings = [each for each in self._tree.own(node) if self.token_kind(each) is TokenKind.STRING]
            separator = unescaped(self._tree.tokens[strings[0]].text)
        return self._aggregated(SetFunction(words[0], argument, "DISTINCT" in words, separator))


class _Operands:
    """A descent over operands and the operators between them, by precedence."""

    def __init__(self, reader: ExpressionReader, items: list[Item]) -> None:
        self._reader, self._items, self._place = reader, items, 0

    def whole(self) -> Expression:
        found = self._either()
        if self._place < len(self._items):
            raise UnsupportedError
        return found

    @property
    def _word(self) -> str:
        return self._reader.word(self._items[self._place]) if self._place < len(self._items) else ""

    def _took(self, *words: str) -> str:
        word = self._word
        if word and word in words:
            self._place += 1
            return word
        return ""

    def _either(self) -> Expression:
        found = [self._both()]
        while self._took("||"):
            found.append(self._both())
        return FunctionCall("||", tuple(found)) if len(found) > 1 else found[0]

    def _both(self) -> Expression:
        found = [self._relation()]
        while self._took("&&"):
            found.append(self._relation())
        return FunctionCall("&&", tuple(found)) if len(found) > 1 else found[0]

    def _relation(self) -> Expression:
        left = self._sum()
        if sign := self._took(*COMPARISONS):
            return FunctionCall(sign, (left, self._sum()))
        if self._took("NOT"):
            return FunctionCall("!", (self._membership(left),))
        return self._membership(left) if self._word == "IN" else left

    def _membership(self, left: Expression) -> Expression:
        self._took("IN")
        return FunctionCall("IN", (left, *self._list()))

    def _list(self) -> tuple[Expression, ...]:
        found = list[Expression]()
        self._took("(")
        while not self._took(")"):
            item = self._items[self._place]
            if isinstance(item, int):
                self._place += 1  # a comma
                continue
            found.append(self._reader.part(item))
            self._place += 1
        return tuple(found)

    def _sum(self) -> Expression:
        left = self._product()
        while True:
            if sign := self._took("+", "-"):
                left = FunctionCall(sign, (left, self._product()))
            elif self._is_signed():
                # ``?x -2*3`` is ?x + (-2 * 3), whose sign the token has
                left = FunctionCall("+", (left, self._product()))
            else:
                return left

    def _is_signed(self) -> bool:
        if self._place >= len(self._items):
            return False
        return self._reader.token_kind(self._items[self._place]) is TokenKind.NUMBER and self._word[0] in "+-"

    def _product(self) -> Expression:
        left = self._unary()
        while sign := self._took("*", "/"):
            left = FunctionCall(sign, (left, self._unary()))
        return left

    def _unary(self) -> Expression:
        if sign := self._took("!", "+", "-"):
            inner = self._unary()
            return FunctionCall({"!": "!", "+": "PLUS", "-": "NEGATE"}[sign], (inner,))
        return self._primary()

    def _primary(self) -> Expression:
        if self._place >= len(self._items):
            raise UnsupportedError
        item = self._items[self._place]
        if not isinstance(item, int):
            self._place += 1
            return self._reader.part(item)
        if self._took("ASC", "DESC") or self._word == "(":
            return self._bracketted()
        following = self._items[self._place + 1] if self._place + 1 < len(self._items) else None
        if isinstance(following, SyntaxNode) and following.name == "ArgList":
            self._place += 2
            return self._reader.iri_call(item, following)
        found, behind = self._reader.term(item)
        self._place += behind - item
        return found

    def _bracketted(self) -> Expression:
        self._took("(")
        item = self._items[self._place]
        if isinstance(item, int):
            raise UnsupportedError
        self._place += 1
        found = self._reader.part(item)
        if not self._took(")"):
            raise UnsupportedError
        return found
