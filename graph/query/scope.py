"""Which variables a group graph pattern brings into scope (SPARQL 1.1 Query 18.2.1), read from its tokens.

It evaluates nothing and judges nothing: the pattern is taken to be legal.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph.query.tokens import Kind, Token

_OPENING, _CLOSING = frozenset("{(["), frozenset("})]")


def in_scope(pattern: Sequence[Token]) -> tuple[str, ...]:
    """Return the variables of a pattern that are in scope outside, without their signs, each once.

    Args:
        pattern: the tokens between its braces.
    """
    return tuple(dict.fromkeys(_Walk(pattern).names()))


class _Walk:
    """One walk over the tokens, without recursion: what is not in scope is passed over."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._place = tokens, 0

    def names(self) -> list[str]:
        found = list[str]()
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            self._place += 1
            word = token.text.upper() if token.kind is Kind.WORD else ""
            if word in ("FILTER", "MINUS"):
                self._pass_to("{", "(")
                self._brackets()
            elif word == "BIND":
                found.append(self._brackets())  # … AS ?name
            elif word == "SELECT":
                found += self._projected()
            elif token.kind is Kind.VARIABLE:
                found.append(token.text[1:])
        return found

    def _projected(self) -> list[str]:
        """Take the SELECT clause of a subquery, and all of it where that names variables; return these."""
        found = list[str]()
        while (token := self._next()).text not in ("{", "*", ""):
            if token.text == "(":
                found.append(self._brackets())
                continue
            found += [token.text[1:]] if token.kind is Kind.VARIABLE else []
            self._place += 1
        depth = 0
        while found and self._next().text and depth >= 0:
            text = self._next().text
            depth += (text in _OPENING) - (text in _CLOSING)
            self._place += 1
        return found

    def _next(self) -> Token:
        return self._tokens[self._place] if self._place < len(self._tokens) else Token(Kind.ERROR, "", 0)

    def _pass_to(self, *signs: str) -> None:
        while self._next().text not in (*signs, ""):
            self._place += 1

    def _brackets(self) -> str:
        """Take a pair of brackets; return the last token in it without its first character."""
        depth, last = 0, ""
        while text := self._next().text:
            self._place += 1
            depth += (text in _OPENING) - (text in _CLOSING)
            if not depth:
                break
            last = text[1:]
        return last
