"""The terminals of SPARQL 1.1 and 1.2, found in a text.

A tokenizer and nothing more: it knows no grammar and judges nothing, codepoint escapes in strings and IRIs least of all
(``graph.query.escapes``). It takes the longest match as the grammar asks (SPARQL 1.1 section 19.8), one compiled
expression for all terminals, in time that grows with the length of the text and not faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from graph.errors import QuerySyntaxError
from graph.query.keywords import KEYWORDS, A
from graph.query.places import line_and_column


class Kind(IntEnum):
    """The kinds of tokens; the numbers are those of the groups in the expression."""

    SKIPPED = 1
    VARIABLE = 2
    IRI = 3
    STRING = 4
    BLANK_NODE = 5
    PREFIXED_NAME = 6
    LANGUAGE = 7
    NUMBER = 8
    WORD = 9
    RUN = 10
    OPERATOR = 11
    ERROR = 12


# So many characters of an offending token are quoted in an error.
QUOTED = 60


class Token(NamedTuple):
    """One token: its kind, its text as it stands there, and its offset in characters."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind its last character."""
        return self.start + len(self.text)


_BASE = (
    r"A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D\u2070-\u218F"
    r"\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
_NAME = rf"{_BASE}_0-9\u00B7\u0300-\u036F\u203F-\u2040"
_CHARS = rf"{_NAME}\-"
_ESCAPED = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"
_UCHAR = r"\\[uU]"  # and digits, of which another says how many there have to be
_ECHAR = rf"\\[tbnrf\"'\\]|{_UCHAR}"
_PREFIX = rf"[{_BASE}][{_CHARS}]*+(?:\.++[{_CHARS}]++)*+"
_LOCAL = rf"(?:[{_BASE}_:0-9]|{_ESCAPED})(?:[{_CHARS}:]|{_ESCAPED})*+(?:\.++(?:[{_CHARS}:]|{_ESCAPED})++)*+"
_WORD = r"[Ss][Hh][Aa](?:1|256|384|512)|[Mm][Dd]5|[A-Za-z]++(?:_[A-Za-z]++)*+"
_NUMBER = r"[+-]?(?:[0-9]++(?:\.[0-9]*+(?=[eE][+-]?[0-9])|\.[0-9]++)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+"

_TERMINALS = {
    Kind.SKIPPED: r"(?:[ \t\r\n]++|#[^\r\n]*+)++",
    Kind.VARIABLE: rf"[?$][{_BASE}_0-9][{_NAME}]*+",
    Kind.IRI: rf"<(?:[^<>\"{{}}|^`\\\x00-\x20]++|{_UCHAR})*+>",
    Kind.STRING: (
        rf"\"\"\"(?:[^\"\\]++|\"{{1,2}}+(?!\")|{_ECHAR})*+\"\"\"|'''(?:[^'\\]++|'{{1,2}}+(?!')|{_ECHAR})*+'''"
        rf"|\"(?!\"\")(?:[^\"\\\r\n]++|{_ECHAR})*+\"|'(?!'')(?:[^'\\\r\n]++|{_ECHAR})*+'"
    ),
    Kind.BLANK_NODE: rf"_:[{_BASE}_0-9][{_CHARS}]*+(?:\.++[{_CHARS}]++)*+",
    Kind.PREFIXED_NAME: rf"(?:{_PREFIX})?+:(?:{_LOCAL})?+",
    Kind.LANGUAGE: r"@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?+",
    Kind.NUMBER: _NUMBER,
    Kind.WORD: rf"(?:{_WORD})(?![{_CHARS}]|\.++[{_CHARS}])",
    Kind.RUN: _PREFIX,
    Kind.OPERATOR: r"<<\(|\)>>|\{\||\|\}|<<|>>|\|\||&&|\^\^|<=|>=|!=|[{}\[\]();,.+\-*/<>=!^|~?]",
    Kind.ERROR: r"(?s:.)",
}
_TOKEN = re.compile("|".join(f"({terminal})" for terminal in _TERMINALS.values()))
VARIABLE = re.compile(_TERMINALS[Kind.VARIABLE])
_PART = re.compile(rf"({_WORD})|({_NUMBER})|[.\-]")
_KINDS = (Kind.ERROR, *Kind)
_SKIPPED, _IRI, _WORD_KIND, _RUN, _ERROR = Kind.SKIPPED, Kind.IRI, Kind.WORD, Kind.RUN, Kind.ERROR

# What can only be an operator in ``?a<?b&&?c>?d``: by the longest match it is an IRI, but no IRI may follow an operand
# in an expression, and the engine reads an operator.
_COMPARISON = re.compile(r"(<=?)[?$+\-.0-9!(=][^<>]*[&,)]")
_OPERANDS = frozenset({Kind.VARIABLE, Kind.NUMBER, Kind.STRING, Kind.LANGUAGE, Kind.PREFIXED_NAME, Kind.IRI})


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a query, lazily; white space and comments lie between them.

    Raises:
        QuerySyntaxError: at a place where no token begins: a string that does not end, an unknown word, a stray sign.
    """
    position = 0
    previous: Kind | None = None
    while position < len(text):
        # Nearly all tokens come from one walk of the expression; the few that need a second look begin a new one.
        for found in _TOKEN.finditer(text, position):
            kind = _KINDS[found.lastindex or 0]
            if kind is _SKIPPED:
                continue
            token = Token(kind, found[0], found.start())
            if kind is _WORD_KIND:
                _check_word(text, token)
            elif kind is _RUN:
                for part in _parts(text, token):
                    yield part
                    token = part
                break
            elif kind is _IRI and previous in _OPERANDS and (sign := _COMPARISON.match(token.text)):
                token = Token(Kind.OPERATOR, sign[1], token.start)
                yield token
                break
            elif kind is _ERROR:
                raise _unreadable(text, token)
            yield token
            previous = Kind.NUMBER if token.text == ")" else kind
        else:
            return
        position, previous = token.end, token.kind


def _check_word(text: str, token: Token) -> None:
    if token.text.upper() not in KEYWORDS and token.text != A:
        raise misplaced(text, token, "this is no word of SPARQL")


def misplaced(text: str, token: Token, problem: str) -> QuerySyntaxError:
    """Return the error that names a token and its place in ``text``; of a long token it quotes the beginning."""
    return QuerySyntaxError(problem, *line_and_column(text, token.start), token=token.text[:QUOTED])


def _parts(text: str, run: Token) -> Iterator[Token]:
    """Divide a run of name characters that is no prefixed name, such as ``LIMIT10`` or ``true.FILTER``."""
    position = run.start
    while position < run.end:
        found = _PART.match(text, position)
        if found is None:
            raise misplaced(text, run, "this is no word of SPARQL")
        token = Token((Kind.OPERATOR, Kind.WORD, Kind.NUMBER)[found.lastindex or 0], found[0], position)
        if token.kind is Kind.WORD:
            _check_word(text, token)
        yield token
        position = found.end()


def _unreadable(text: str, token: Token) -> QuerySyntaxError:
    if text.startswith(("\\u", "\\U"), token.start):
        return misplaced(text, token, "codepoint escapes may stand in strings and IRIs only")
    problem = {
        '"': "this string does not end, or holds a line break or an escape that SPARQL does not have",
        "'": "this string does not end, or holds a line break or an escape that SPARQL does not have",
        "\\": "a backslash may stand only in strings, IRIs and the local part of prefixed names",
    }.get(token.text, "no token of SPARQL begins with this character")
    return misplaced(text, token, problem)
