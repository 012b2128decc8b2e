"""From the engine's syntax error to ours: what is wrong, in which line and column, at which token.

It is asked only when the engine has refused a query that the guard had let through. The place that the engine names is
the furthest character it looked at, up to a keyword's length behind the fault; so the grammar and the legality of IRIs
and language tags are looked at first, and the engine's own words are used where they say more.
"""

from __future__ import annotations

import re

from pyoxigraph import Literal

from graph.errors import QuerySyntaxError
from graph.query.grammar import departure
from graph.query.guard import ReadQuery
from graph.query.iris import Declarations, resolved
from graph.query.places import line_and_column, offset_at
from graph.query.tokens import QUOTED, Kind, Token, tokens

_MESSAGE = re.compile(r"error at (\d+):(\d+): expected (?:one of )?(.*)", re.DOTALL)
# What the engine says in words stands among the signs and keywords it expected; it has three words or more.
_SENTENCE = re.compile(r"(?:^|, )([A-Za-z]\w+(?: [^\s,\[\]\"]+){2,})")


def syntax_error(error: SyntaxError, query: ReadQuery) -> QuerySyntaxError:
    """Turn what pyoxigraph raised for ``query.text`` into an error that names a place in what the client wrote."""
    found = departure(tokens(query.text))
    if found is not None:
        return _at(found.token, found.problem, query)
    return _illegal_term(query) or _in_the_engine_s_words(str(error), query)


def _at(token: Token, problem: str, query: ReadQuery) -> QuerySyntaxError:
    start = query.written_at(token.start)
    end = max(start, query.written_at(token.end)) if token.text else start
    return QuerySyntaxError(problem, *line_and_column(query.written, start), token=query.written[start:end][:QUOTED])


def _illegal_term(query: ReadQuery) -> QuerySyntaxError | None:
    """Find the first IRI or language tag that has the form of one and is none."""
    declared = Declarations(query.base)
    before: list[Token] = []
    for token in tokens(query.text):
        problem = _problem(token, declared)
        if problem:
            return _at(token, problem, query)
        if token.kind is Kind.IRI and before:
            reference = token.text[1:-1]
            if before[-1].text.upper() == "BASE":
                declared.declare_base(reference)
            elif len(before) > 1 and before[-2].text.upper() == "PREFIX":
                declared.declare_prefix(before[-1].text[:-1], reference)
        before = [*before[-1:], token]
    return None


def _problem(token: Token, declared: Declarations) -> str:
    if token.kind is Kind.IRI and not declared.is_legal(token.text[1:-1]):
        return "this is no absolute IRI, and there is no BASE that would make it one"
    if token.kind is Kind.PREFIXED_NAME and declared.has_prefix(token.text.partition(":")[0]):
        iri = declared.expand(token.text)
        return "" if resolved(iri, None) else f"this name stands for <{iri}>, which is no legal IRI"
    if token.kind is Kind.LANGUAGE:
        tag, _, direction = token.text[1:].partition("--")
        return _language_problem(tag, direction)
    return ""


def _language_problem(tag: str, direction: str) -> str:
    if direction not in {"", "ltr", "rtl"}:
        return "a base direction is ltr or rtl"
    try:
        Literal("", language=tag)
    except ValueError:
        return "this is no legal language tag"
    return ""


def _in_the_engine_s_words(message: str, query: ReadQuery) -> QuerySyntaxError:
    found = _MESSAGE.match(message)
    if found is None:
        return QuerySyntaxError(f"the engine cannot read the query: {message}")
    offset = offset_at(query.text, int(found[1]), int(found[2]))
    sentence = _SENTENCE.search(found[3])
    problem = sentence[1].rstrip(".") if sentence else "the engine cannot read the query about here"
    token = next((token for token in tokens(query.text) if token.end > offset), Token(Kind.ERROR, "", len(query.text)))
    return _at(token, problem, query)
