"""The terminals of SPARQL 1.1 and 1.2, found in a text; its normal form, its escapes, where its characters stood."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from graph.model.errors import QuerySyntaxError, Said, Sentence

# The words of SPARQL 1.1 and 1.2, and the two that the engine adds (LATERAL, ADJUST).
#
# A word that is none of these is no SPARQL. The list is closed on purpose: the engine reads without word boundaries
# (``SERVICESILENT`` is two keywords to it), so that an unknown word could hide a known one.


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})

PROLOGUE = frozenset({"BASE", "PREFIX", "VERSION"})

UPDATES = _words("INSERT DELETE LOAD CLEAR DROP CREATE ADD MOVE COPY WITH")

_UPDATE_PARTS = _words("USING INTO TO DATA ALL DEFAULT")

_CLAUSES = _words(
    "DISTINCT REDUCED AS FROM NAMED WHERE GROUP BY HAVING ORDER ASC DESC LIMIT OFFSET VALUES UNDEF "
    "OPTIONAL LATERAL GRAPH SERVICE SILENT BIND MINUS UNION FILTER IN NOT EXISTS SEPARATOR"
)

AGGREGATES = _words("COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT")

FUNCTIONS = _words(
    "STR LANG LANGMATCHES LANGDIR DATATYPE BOUND IRI URI BNODE RAND ABS CEIL FLOOR ROUND CONCAT SUBSTR STRLEN REPLACE "
    "UCASE LCASE ENCODE_FOR_URI CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER YEAR MONTH DAY HOURS MINUTES SECONDS "
    "TIMEZONE TZ NOW UUID STRUUID MD5 SHA1 SHA256 SHA384 SHA512 COALESCE IF STRLANG STRLANGDIR STRDT SAMETERM ISIRI "
    "ISURI ISBLANK ISLITERAL ISNUMERIC HASLANG HASLANGDIR REGEX TRIPLE SUBJECT PREDICATE OBJECT ISTRIPLE ADJUST"
)

BOOLEANS = _words("TRUE FALSE")

# The only word whose case matters (SPARQL 1.1 Query 19.8, note 1).
A = "a"

KEYWORDS = FORMS | PROLOGUE | UPDATES | _UPDATE_PARTS | _CLAUSES | AGGREGATES | FUNCTIONS | BOOLEANS


# Where a character of a rewritten query stood in the text that the client sent.
#
# It knows nothing of SPARQL: it replaces slices of a text and finds the way back, so that an error in what was run
# names a line and a column of what was written.


class TextEdit(NamedTuple):
    """One slice to be replaced: from ``start`` to before ``end``, in characters."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class RewrittenText:
    """A text, and how it came from an earlier one.

    Attributes:
        text: the text as it is now.
        marks: for each replaced slice where it begins and ends now, and where it began and ended before; ascending.
    """

    text: str
    marks: tuple[tuple[int, int, int, int], ...] = ()

    def origin(self, offset: int) -> int:
        """Return where the character at ``offset`` stood in the earlier text; a replacement maps to its slice."""
        index = bisect_right(self.marks, offset, key=lambda mark: mark[0]) - 1
        if index < 0:
            return offset
        _, end, was_start, was_end = self.marks[index]
        return was_start if offset < end else was_end + offset - end


def revised(text: str, edits: Sequence[TextEdit]) -> RewrittenText:
    """Replace the slices, which are in ascending order and do not overlap."""
    parts: list[str] = []
    marks: list[tuple[int, int, int, int]] = []
    taken = length = 0
    for start, end, replacement in edits:
        kept = text[taken:start]
        parts += (kept, replacement)
        begins = length + len(kept)
        length = begins + len(replacement)
        marks.append((begins, length, start, end))
        taken = end
    parts.append(text[taken:])
    return RewrittenText("".join(parts), tuple(marks))


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the 1-based line and the 1-based column, in characters, of an offset; LF ends a line."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def offset_at(text: str, line: int, column: int) -> int:
    """Return the offset of a 1-based line and column; a place behind the end of the text is its end."""
    start = 0
    for _ in range(line - 1):
        found = text.find("\n", start)
        if found < 0:
            return len(text)
        start = found + 1
    return min(start + column - 1, len(text))


# The terminals of SPARQL 1.1 and 1.2, found in a text.
#
# A tokenizer and nothing more: it knows no grammar and judges nothing, codepoint escapes in strings and IRIs least of
# all (``graph.query.sparql.tokens``). It takes the longest match as the grammar asks (SPARQL 1.1 section 19.8), one
# compiled expression for all terminals, in time that grows with the length of the text and not faster.


class TokenKind(IntEnum):
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

    kind: TokenKind
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind its last character."""
        return self.start + len(self.text)


# PN_CHARS_BASE and what is made of it (SPARQL 1.1 section 19.8), said by what is outside: Python walks over every
# character of a class when it compiles one, and these have 11,000 instead of 48,000 below U+10000.
_NOT_BEGINNING = (
    r"\x80-\xBF\xD7\xF7\u0300-\u036F\u037E\u2000-\u200B\u200E-\u206F\u2190-\u2BFF\u2FF0-\u3000\uD800-\uF8FF"
    r"\uFDD0-\uFDEF\uFFFE\uFFFF\U000F0000-\U0010FFFF"
)
_NOT_WITHIN = (
    r"\x80-\xB6\xB8-\xBF\xD7\xF7\u037E\u2000-\u200B\u200E-\u203E\u2041-\u206F\u2190-\u2BFF\u2FF0-\u3000\uD800-\uF8FF"
    r"\uFDD0-\uFDEF\uFFFE\uFFFF\U000F0000-\U0010FFFF"
)
_LETTER = rf"[^\x00-@\[-`{{-\x7F{_NOT_BEGINNING}]"
_FIRST = rf"[^\x00-/:-@\[-^`{{-\x7F{_NOT_BEGINNING}]"  # or a digit or an underscore
_FIRST_LOCAL = rf"[^\x00-/;-@\[-^`{{-\x7F{_NOT_BEGINNING}]"  # or a colon
_NAME = rf"[^\x00-/:-@\[-^`{{-\x7F{_NOT_WITHIN}]"
_CHARS = rf"[^\x00-,./:-@\[-^`{{-\x7F{_NOT_WITHIN}]"  # or a hyphen
_LOCAL_CHARS = rf"[^\x00-,./;-@\[-^`{{-\x7F{_NOT_WITHIN}]"  # or a colon
_ESCAPED = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"
_UCHAR = r"\\[uU]"  # and digits, of which another says how many there have to be
_ECHAR = rf"\\[tbnrf\"'\\]|{_UCHAR}"
_PREFIX = rf"{_LETTER}{_CHARS}*+(?:\.++{_CHARS}++)*+"
_LOCAL = rf"(?:{_FIRST_LOCAL}|{_ESCAPED})(?:{_LOCAL_CHARS}|{_ESCAPED})*+(?:\.++(?:{_LOCAL_CHARS}|{_ESCAPED})++)*+"
_WORD = r"[Ss][Hh][Aa](?:1|256|384|512)|[Mm][Dd]5|[A-Za-z]++(?:_[A-Za-z]++)*+"
_NUMBER = r"[+-]?(?:[0-9]++(?:\.[0-9]*+(?=[eE][+-]?[0-9])|\.[0-9]++)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+"

_TERMINALS = {
    TokenKind.SKIPPED: r"(?:[ \t\r\n]++|#[^\r\n]*+)++",
    TokenKind.VARIABLE: rf"[?$]{_FIRST}{_NAME}*+",
    TokenKind.IRI: rf"<(?:[^<>\"{{}}|^`\\\x00-\x20]++|{_UCHAR})*+>",
    TokenKind.STRING: (
        rf"\"\"\"(?:[^\"\\]++|\"{{1,2}}+(?!\")|{_ECHAR})*+\"\"\"|'''(?:[^'\\]++|'{{1,2}}+(?!')|{_ECHAR})*+'''"
        rf"|\"(?!\"\")(?:[^\"\\\r\n]++|{_ECHAR})*+\"|'(?!'')(?:[^'\\\r\n]++|{_ECHAR})*+'"
    ),
    TokenKind.BLANK_NODE: rf"_:{_FIRST}{_CHARS}*+(?:\.++{_CHARS}++)*+",
    TokenKind.PREFIXED_NAME: rf"(?:{_PREFIX})?+:(?:{_LOCAL})?+",
    TokenKind.LANGUAGE: r"@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?+",
    TokenKind.NUMBER: _NUMBER,
    TokenKind.WORD: rf"(?:{_WORD})(?!{_CHARS}|\.++{_CHARS})",
    TokenKind.RUN: _PREFIX,
    TokenKind.OPERATOR: r"<<\(|\)>>|\{\||\|\}|<<|>>|\|\||&&|\^\^|<=|>=|!=|[{}\[\]();,.+\-*/<>=!^|~?]",
    TokenKind.ERROR: r"(?s:.)",
}
_TOKEN = re.compile("|".join(f"({terminal})" for terminal in _TERMINALS.values()))
VARIABLE = re.compile(_TERMINALS[TokenKind.VARIABLE])
_PART = re.compile(rf"({_WORD})|({_NUMBER})|[.\-]")
_KINDS = (TokenKind.ERROR, *TokenKind)
_SKIPPED, _IRI, _WORD_KIND, _RUN, _ERROR = (
    TokenKind.SKIPPED,
    TokenKind.IRI,
    TokenKind.WORD,
    TokenKind.RUN,
    TokenKind.ERROR,
)

# What can only be an operator in ``?a<?b&&?c>?d``: by the longest match it is an IRI, but no IRI may follow an operand
# in an expression, and the engine reads an operator.
_COMPARISON = re.compile(r"(<=?)[?$+\-.0-9!(=][^<>]*[&,)]")
_OPERANDS = frozenset(
    {TokenKind.VARIABLE, TokenKind.NUMBER, TokenKind.STRING, TokenKind.LANGUAGE, TokenKind.PREFIXED_NAME, TokenKind.IRI}
)


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a query, lazily; white space and comments lie between them.

    Raises:
        QuerySyntaxError: at a place where no token begins: a string that does not end, an unknown word, a stray sign.
    """
    position = 0
    previous: TokenKind | None = None
    while position < len(text):
        # Nearly all tokens come from one walk of the expression; the few that need a second look begin a new one.
        for found in _TOKEN.finditer(text, position):
            kind = _KINDS[found.lastindex or 0]
            if kind is _SKIPPED:
                continue
            token: Token = tuple.__new__(Token, (kind, found[0], found.start()))  # half the time of the constructor
            if kind is _WORD_KIND:
                _check_word(text, token)
            elif kind is _RUN:
                for part in _parts(text, token):
                    yield part
                    token = part
                break
            elif kind is _IRI and previous in _OPERANDS and (sign := _COMPARISON.match(token.text)):
                token = Token(TokenKind.OPERATOR, sign[1], token.start)
                yield token
                break
            elif kind is _ERROR:
                raise _unreadable(text, token)
            yield token
            previous = TokenKind.NUMBER if token.text == ")" else kind
        else:
            return
        position, previous = token.end, token.kind


def _check_word(text: str, token: Token) -> None:
    if token.text.upper() not in KEYWORDS and token.text != A:
        raise misplaced(text, token, Sentence("this is no word of SPARQL"))


def misplaced(text: str, token: Token, problem: Said) -> QuerySyntaxError:
    """Return the error that names a token and its place in ``text``; of a long token it quotes the beginning."""
    return QuerySyntaxError(problem, *line_and_column(text, token.start), token=token.text[:QUOTED])


def _parts(text: str, run: Token) -> Iterator[Token]:
    """Divide a run of name characters that is no prefixed name, such as ``LIMIT10`` or ``true.FILTER``."""
    position = run.start
    while position < run.end:
        found = _PART.match(text, position)
        if found is None:
            raise misplaced(text, run, Sentence("this is no word of SPARQL"))
        token = Token((TokenKind.OPERATOR, TokenKind.WORD, TokenKind.NUMBER)[found.lastindex or 0], found[0], position)
        if token.kind is TokenKind.WORD:
            _check_word(text, token)
        yield token
        position = found.end()


def _unreadable(text: str, token: Token) -> QuerySyntaxError:
    if text.startswith(("\\u", "\\U"), token.start):
        return misplaced(text, token, Sentence("codepoint escapes may stand in strings and IRIs only"))
    problem = Sentence("no token of SPARQL begins with this character")
    if token.text in ('"', "'"):
        problem = Sentence("this string does not end, or holds a line break or an escape that SPARQL does not have")
    elif token.text == "\\":
        problem = Sentence("a backslash may stand only in strings, IRIs and the local part of prefixed names")
    return misplaced(text, token, problem)


# The normal form of a query: no comments, uniform white space, everything else as it was written.
#
# It serves as a key: two queries with one normal form have the same answer. It is no rewriting: names, variables, the
# case of keywords and the order of patterns stay.

_TIGHT_AFTER = frozenset("{}([;,")
_TIGHT_BEFORE = frozenset("{})];,([")
# Two signs that together would be another token.
_APART = frozenset({"<(", "{|", "|}"})
_STEPS = frozenset({TokenKind.IRI, TokenKind.PREFIXED_NAME})


def separator(previous: Token, token: Token, *, gap: bool) -> str:
    """Return what stands between two tokens in the normal form: a blank or nothing.

    Args:
        previous: the token before; an empty text at the beginning.
        token: the token after.
        gap: whether white space or a comment lies between them.
    """
    left, right = previous.text, token.text
    if left in _TIGHT_AFTER or right in _TIGHT_BEFORE:
        return " " if left[-1:] + right[0] in _APART else ""
    if not left:
        return ""
    if right[0] in "?*+-" and token.kind is not TokenKind.VARIABLE and (previous.kind in _STEPS or left in {")", "a"}):
        # In a path ``ex:p+5`` the engine reads the sign as part of the path, and after a blank as part of the number.
        return " " if gap else ""
    return " "


# The shape of a query: its text without what stands in its plain IRIs, strings and numbers.
#
# Programs ask one query with ever other constants, and what is found out of one often holds for all of its shape. Each
# of these is one token whatever stands in it (SPARQL 1.1 Query 19.8: IRIREF, STRING_LITERAL2, INTEGER), unless it
# stands in a comment: whoever uses shapes sees to that. A text with a backslash or another quotation mark has none.

LONGEST_SHAPED = 8_000
# A number between other signs might be a part of a token; between these it is one, and the normal form parts no number
# from them.
CONSTANT = re.compile(
    r"(<[A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\'\x00-\x20\x7f]*>|\"[^\"\\\n\r]*\""
    r"|(?<![^ \t\r\n(){}\[,;])[0-9]+(?![^ \t\r\n(){}\[\],;]))"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DIGITS = str.maketrans("123456789", "000000000")


class QueryShape(NamedTuple):
    """What stands around the constants of a text, with their kinds, and these."""

    key: str
    constants: list[str]

    def are_tokens(self, text: str) -> bool:
        """Whether each of its constants is a token in a text of the shape, and none stands in a comment."""
        try:
            begins = {token.start for token in tokens(text)}
        except QuerySyntaxError:
            return False
        return all(found.start() in begins for found in CONSTANT.finditer(text))


def shape_of(text: str) -> QueryShape | None:
    """Return the shape of a text, or None where it cannot be told at one look."""
    # Four looks for single characters cost a tenth of one regular expression for all.
    if len(text) > LONGEST_SHAPED or "\\" in text or "'" in text or "\x00" in text or '"""' in text:
        return None
    if not text.isascii() and _SURROGATE.search(text):
        return None
    parts = CONSTANT.split(text)
    constants = parts[1::2]
    kinds = "".join([each[0] for each in constants]).translate(_DIGITS)
    return QueryShape("\x00".join((*parts[::2], kinds)), constants)


def filled(pieces: Sequence[str], constants: Sequence[str]) -> str:
    """Return a text of the pieces around its constants, and these."""
    parts = [*pieces, *constants]
    parts[::2], parts[1::2] = pieces, constants
    return "".join(parts)


# Codepoint escapes of strings and IRIs (``"a\u003Cb"``), and the byte order mark before a query.
#
# Both are written out before anything else reads the text, so that what runs holds none: an escape becomes its
# character, and where that would end the string or begin another escape, the character behind a backslash. Escapes
# stand in strings and IRIs only (SPARQL 1.2 section 19.2; 1.1 had them everywhere): elsewhere they could make two
# readers disagree about where code is, and the tokenizer refuses them.

BYTE_ORDER_MARK = "\ufeff"
# Of two backslashes the second is escaped; what follows it is no codepoint escape.
_ESCAPE = re.compile(r"\\\\|\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})|\\[uU]")
_IN_STRINGS = {'"': '\\"', "'": "\\'", "\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_NEVER_IN_IRIS = re.compile(r"[<>\"{}|^`\\\x00-\x20]")


def escapes_resolved(text: str) -> RewrittenText:
    """Return a query or an update without a byte order mark, its codepoint escapes replaced by their characters.

    Raises:
        QuerySyntaxError: an escape is incomplete, stands for no character, or for one that no IRI may have; or there
            are escapes, and the text cannot be read.
    """
    marked = text.startswith(BYTE_ORDER_MARK)
    if not marked and "\\u" not in text and "\\U" not in text:
        return RewrittenText(text)
    edits = [TextEdit(0, 1, "")] if marked else []
    for token in tokens(f" {text[1:]}" if marked else text):
        if token.kind in (TokenKind.STRING, TokenKind.IRI) and ("\\u" in token.text or "\\U" in token.text):
            edits += _edits(text, token)
    return revised(text, edits)


def _edits(text: str, token: Token) -> Iterator[TextEdit]:
    for found in _ESCAPE.finditer(token.text):
        if found[0] != "\\\\":
            start = token.start + found.start()
            yield TextEdit(start, start + len(found[0]), _written(text, found, start, token.kind))


def _written(text: str, escape: re.Match[str], start: int, kind: TokenKind) -> str:
    digits = escape[1] or escape[2]
    if digits is None:
        problem = Sentence("a codepoint escape needs four hexadecimal digits after \\u, eight after \\U")
    elif 0xD800 <= (code := int(digits, 16)) <= 0xDFFF:
        problem = Sentence("a surrogate is no character; write the whole codepoint after \\U, in eight digits")
    elif code > 0x10FFFF:
        problem = Sentence("there is no character with this codepoint")
    elif kind is TokenKind.STRING:
        return _IN_STRINGS.get(chr(code), chr(code))
    elif _NEVER_IN_IRIS.match(chr(code)):
        problem = Sentence("no IRI may have this character; percent-encode it")
    else:
        return chr(code)
    raise QuerySyntaxError(problem, *line_and_column(text, start), token=escape[0])


# Ways in which the engine reads a text otherwise than the grammar does, and how to write it so that both agree.
#
# Rewriting of single tokens, no judgement. The engine (pyoxigraph 0.5.13) reads characters, not tokens, and falls back
# to a shorter reading where a longer one fails: ``e:SERVICE`` is the name ``e:`` and a keyword to it if the whole is no
# legal IRI, as with ``PREFIX e: <http://host:>``; and where a keyword can stand, it takes one off the beginning of a
# name, as FROM off ``FROMx:a``.

# The keywords that decide whom a query asks and of which graphs.
_DECISIVE = re.compile("service|from|graph", re.ASCII | re.IGNORECASE)
# A local part with dots in two places, or a character beyond the basic plane: legal, and unreadable for the engine.
_BEYOND = re.compile(r":[^.]*\.+[^.]+\.+[^.]|[\U00010000-\U0010FFFF]")

# The engine wants the parenthesis of these directly behind them.
GLUED = frozenset({"CONCAT", "COALESCE", "BNODE"})


def is_decisive(name: str) -> bool:
    """Whether the letters of SERVICE, FROM or GRAPH stand in a prefixed name; ``FROMx:a`` is FROM x:a to the engine."""
    return _DECISIVE.search(name) is not None


def beyond_engine(name: str) -> bool:
    """Whether the engine cannot read this prefixed name, so that its IRI has to be written out."""
    return (name.count(".") > 1 or not name.isascii()) and _BEYOND.search(name) is not None


# The letters of SERVICE in a query: the engine, which dials by itself, must find the keyword where it has been read and
# nowhere else. It resolves ``\uXXXX`` in strings and IRIs alone: letters so written mean the same and are no keyword.

_SERVICE = re.compile("service", re.ASCII | re.IGNORECASE)


def mentions_service(text: str) -> bool:
    """Whether the letters of SERVICE stand in the text, in any case; only ASCII letters count, as for the engine."""
    return "service" in text.lower()  # no other letter than an ASCII one has one of these in small: a fifth of the time


def service_mentions(text: str) -> int:
    """Return how often the letters of SERVICE stand in the text."""
    return text.lower().count("service")


def with_service_escaped(token: str) -> str:
    """Write the letters of SERVICE in a string or an IRI so that they mean the same and can be no keyword."""
    return _SERVICE.sub(lambda found: f"{found[0][0]}\\u{ord(found[0][1]):04X}{found[0][2:]}", token)
