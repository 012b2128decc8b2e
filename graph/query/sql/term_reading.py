"""Terms as a query writes them: IRIs, prefixed names and literals, to the terms that they mean."""

from __future__ import annotations

import re
from itertools import count

import pyoxigraph as ox

from graph.model.rdf_terms import RDF_TYPE, XSD, stored
from graph.query.engine import Declarations, resolved
from graph.query.sparql.tokens import TokenKind
from graph.query.sparql.tree import SyntaxTree
from graph.query.sql.algebra import Constant, Slot, Term, UnsupportedError, Variable

ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
ESCAPE = re.compile(r"\\(.)")
NIL = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#nil")
TYPE = ox.NamedNode(RDF_TYPE)
TEXTUAL = ox.NamedNode(f"{XSD}string")


class TermReader:
    """The terms of one query."""

    def __init__(self, tree: SyntaxTree, base: str) -> None:
        """Read the prologue.

        Args:
            tree: the query.
            base: against what relative IRIs are resolved.
        """
        self.tree, self._tokens = tree, tree.tokens
        self._declared = Declarations(base)
        self._names = count(1)
        for each in tree.root.all("Declaration"):
            word = tree.word(each.first)
            if word == "BASE":
                self._declared.declare_base(self._tokens[each.first + 1].text[1:-1])
            elif word == "PREFIX":
                name, reference = (self._tokens[each.first + place].text for place in (1, 2))
                self._declared.declare_prefix(name[:-1], reference[1:-1])

    def fresh(self) -> str:
        """Return a name for what has none in the text."""
        return f".{next(self._names)}"

    def iri(self, number: int) -> ox.NamedNode:
        """Return the IRI that a token is."""
        token = self._tokens[number]
        if token.kind is TokenKind.IRI:
            iri = self._declared.resolve(token.text[1:-1])
        elif token.kind is TokenKind.PREFIXED_NAME and self._declared.has_prefix(token.text.partition(":")[0]):
            iri = self._declared.expand(token.text)
        elif token.text == "a":
            return TYPE
        else:
            raise UnsupportedError
        if resolved(iri, None) != iri:
            raise UnsupportedError  # what is no legal IRI, the engine says
        return ox.NamedNode(iri)

    def slot(self, number: int, last: int) -> Slot:
        """Return the subject, predicate or object that some tokens are; a blank node is a variable of its own."""
        token = self._tokens[number]
        if token.kind is TokenKind.VARIABLE:
            return Variable(token.text[1:])
        if token.kind is TokenKind.BLANK_NODE:
            return Variable(f".{token.text}")
        if token.text == "[" and last == number + 2:
            return Variable(self.fresh())
        if token.text == "(" and last == number + 2:
            return Constant(NIL)
        term, behind = self.term(number)
        if behind != last:
            raise UnsupportedError
        return Constant(term)

    def term(self, number: int) -> tuple[Term, int]:
        """Return the constant that begins with a token, and the number of the token behind it."""
        token = self._tokens[number]
        if token.kind is TokenKind.NUMBER:
            return _normal(
                ox.Literal(token.text, datatype=ox.NamedNode(f"{XSD}{_number_type(token.text)}"))
            ), number + 1
        if token.kind is TokenKind.STRING:
            return self._literal(number)
        if token.text.upper() in ("TRUE", "FALSE") and token.kind is TokenKind.WORD:
            return ox.Literal(token.text.lower(), datatype=ox.NamedNode(f"{XSD}boolean")), number + 1
        return self.iri(number), number + 1

    def _literal(self, number: int) -> tuple[Term, int]:
        text = unescaped(self._tokens[number].text)
        follower = self._tokens[number + 1] if number + 1 < len(self._tokens) else None
        if follower is not None and follower.kind is TokenKind.LANGUAGE:
            if "--" in follower.text:
                raise UnsupportedError
            try:
                return _normal(ox.Literal(text, language=follower.text[1:])), number + 2
            except ValueError as problem:  # no legal tag: the engine says so
                raise UnsupportedError from problem
        if follower is not None and follower.text == "^^":
            datatype = self.iri(number + 2)
            return (
                ox.Literal(text) if datatype == TEXTUAL else _normal(ox.Literal(text, datatype=datatype))
            ), number + 3
        return ox.Literal(text), number + 1


def _number_type(text: str) -> str:
    if "e" in text or "E" in text:
        return "double"
    return "decimal" if "." in text else "integer"


def unescaped(token: str) -> str:
    """Return the string that a token stands for; the guard has written codepoint escapes out."""
    width = 3 if token[:3] in ('"""', "'''") and len(token) >= 6 else 1
    return ESCAPE.sub(lambda found: ESCAPES[found[1]], token[width:-width])


def _normal(literal: ox.Literal) -> Term:
    term = stored(literal)
    if not isinstance(term, ox.Literal):
        raise UnsupportedError
    return term
