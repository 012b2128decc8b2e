"""JSON-LD in: what the parser would leave out in silence is an error with its place, or is told by name.

pyoxigraph drops statements whose IRIs or language tags are none, and keys that stand for no IRI; asked to be lenient,
it keeps them. So a document is read three times: its tokens, for what must not be there; leniently, for what would be
left out; strictly, for what it says. Nothing is fetched, and memory does not grow with the document.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO
from urllib.parse import urljoin

import pyoxigraph as ox

from graph.model.errors import NO_WORDS, Quotation, Said, Sentence, SourceError
from graph.model.rdf_terms import RDF_TYPE
from graph.sources.document_checks import DocumentToken, DocumentWarning, Told, WarningKind, tokens, unheard

LEVELS = 500
MOST_NAMED = 100
"""How many different keys are named one by one."""
SHOWN = 200
CACHED = 1 << 14

TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}:,]|[^\s"\[\]{}:,]++|(?P<torn>")', re.DOTALL)
KEYWORD = re.compile(r"@[A-Za-z]+\Z")
KEYWORDS = frozenset({
    "@base", "@container", "@context", "@direction", "@graph", "@id", "@import", "@included", "@index", "@json",
    "@language", "@list", "@nest", "@none", "@prefix", "@propagate", "@protected", "@reverse", "@set", "@type",
    "@value", "@version", "@vocab",
})  # fmt: skip
"""All keywords (JSON-LD 1.1, 1.7); others of their form are left out by every processor."""
SCHEMES = frozenset({"http", "https", "urn", "tag", "did", "info", "doi", "ark", "tel", "mailto", "geo"})
STRINGS = frozenset({"@id", "@language", "@direction", "@index"})

REMOTE = Sentence("none is ever fetched; write the context into the file")
ENCODE = Sentence("percent-encode what an IRI may not hold")
TAG = Sentence('write it as BCP 47 has it, such as "uz-Latn" or "ru-RU"')
DECLARE = Sentence("declare it in @context, or remove it")


def read_json_ld(stream: IO[bytes], name: str, *, base: str, told: Told) -> Iterator[ox.Quad]:
    """Yield the quads of an open JSON-LD document that can seek.

    Args:
        stream: the document, standing behind a byte order mark where there is one.
        name: how the user calls it, for messages.
        base: the IRI against which relative IRIs are resolved.
        told: told what is left out: keys that stand for no IRI, and the like.

    Raises:
        SourceError: it holds what would be lost or could hurt, or nothing is left of it.
        SyntaxError, MemoryError: the parser cannot read it.
    """
    start = stream.tell()
    check_json_ld(stream, name, told)
    losses = _Losses(stream, start, name, base, told)
    for quad in ox.parse(input=stream, format=ox.RdfFormat.JSON_LD, base_iri=base, lenient=True):
        losses.see(quad)
    losses.tell()
    stream.seek(start)
    is_empty = True
    try:
        for quad in ox.parse(input=stream, format=ox.RdfFormat.JSON_LD, base_iri=base):
            is_empty = False
            yield quad
    except SyntaxError as problem:
        raise losses.placed(problem) from problem
    if is_empty:
        losses.refuse_nothing()


@dataclass(slots=True)
class _Level:
    """An object or array that is open while tokens are read.

    Attributes:
        owner: the key that it is the value of; in an array, that of the array.
        is_object: whether it is an object.
        place: its JSON pointer.
        in_context: whether it is, or is in, the value of ``@context``.
        key: the last key.
        is_key_due: whether the next string is a key, if it is an object.
        count: how many members an array has had.
        keywords: which of the keywords for texts an object has had, with their places.
    """

    owner: str
    is_object: bool
    place: str
    in_context: bool
    key: str = ""
    is_key_due: bool = True
    count: int = 0
    keywords: dict[str, DocumentToken] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Member:
    """A key, or a value that is no object or array, where it stands."""

    token: DocumentToken
    is_key: bool
    key: str
    level: _Level
    levels: int

    @property
    def text(self) -> str:
        """What it is, without quotation marks and escapes."""
        return _unquoted(self.token.text)

    @property
    def pointer(self) -> str:
        """Its JSON pointer (RFC 6901)."""
        last = self.key if self.level.is_object else str(self.level.count)
        return f"{self.level.place}/{last.replace('~', '~0').replace('/', '~1')}"


def _members(stream: IO[bytes], name: str, closed: Callable[[_Level], None] = lambda _: None) -> Iterator[_Member]:
    """Yield the keys and plain values of a JSON document in their order; ``closed`` is told each object's end."""
    levels = [_Level("", False, "", False)]
    for token in tokens(stream, TOKEN):
        text, top = token.text, levels[-1]
        if text in (b"{", b"["):
            levels.append(_opened(top, text == b"{"))
            if len(levels) > LEVELS + 1:
                raise SourceError(
                    name, Sentence("objects and arrays nest more than %(number)s deep", number=str(LEVELS)), token.line
                )
        elif text in (b"}", b"]"):
            if len(levels) > 1:
                closed(levels.pop())
        elif text == b",":
            top.count += 1
            top.is_key_due = True
        elif text == b":":
            top.is_key_due = False
        else:
            is_key = top.is_object and top.is_key_due
            if is_key:
                top.key = _unquoted(text)
                top.keywords |= {top.key: token} if top.key in ("@direction", "@language", "@value") else {}
            yield _Member(token, is_key, top.key if top.is_object else top.owner, top, len(levels))


def _opened(top: _Level, is_object: bool) -> _Level:
    owner = top.key if top.is_object else top.owner
    last = owner.replace("~", "~0").replace("/", "~1") if top.is_object else str(top.count)
    is_root = not top.place and not top.owner and not top.is_object
    return _Level(owner, is_object, "" if is_root else f"{top.place}/{last}", top.in_context or owner == "@context")


def check_json_ld(stream: IO[bytes], name: str, told: Told = unheard) -> None:
    """Make sure that a JSON-LD document nests within the bound, and that its keywords have values that they can have.

    Args:
        stream: the document; it can seek, and stands where it stood afterwards.
        name: how the user calls it, for messages.
        told: told what has no meaning.

    Raises:
        SourceError: it nests too deeply, names a remote context, or a keyword has a value that it cannot have.
    """
    start, check = stream.tell(), _Check(stream, name)
    for each in _members(stream, name, check.close):
        check.see(each)
    check.tell(told)
    stream.seek(start)


class _Check:
    """What is wrong with keywords; where a document has JSON literals, nothing: in them nothing is one."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream, self._name = stream, name
        self._fault: SourceError | None = None
        self._warnings = dict[tuple[WarningKind, str], DocumentWarning]()
        self._direction: SourceError | None = None
        self._has_language = self._has_json = False

    def see(self, member: _Member) -> None:
        """Look at a key or value.

        Raises:
            SourceError: it is a remote context.
        """
        self._has_language = self._has_language or member.key == "@language"
        self._has_json = self._has_json or member.token.text == b'"@json"'
        if not member.is_key and member.key in ("@context", "@import") and member.token.text.startswith(b'"'):
            place = _placed(self._stream, member.token)
            problem = Sentence("%(text)s is a remote JSON-LD context", text=_shown(member.token.text))
            raise SourceError(self._name, problem, *place, remedy=REMOTE, pointer=member.pointer)
        if self._fault is None:
            self._fault = _fault(self._stream, self._name, member)
        if (kind := _meaningless(member)) is None:
            return
        what = _shown(member.token.text).strip('"')
        if (kind, what) not in self._warnings and len(self._warnings) < MOST_NAMED:
            place = _placed(self._stream, member.token)
            self._warnings[kind, what] = DocumentWarning(self._name, kind, what, 0, *place, member.pointer)

    def close(self, level: _Level) -> None:
        """Look at an object that is whole."""
        said = level.keywords
        if "@direction" not in said or "@language" in said:
            return
        found = SourceError(
            self._name, Sentence('a text with @direction and without @language would lose its direction'),
            *_placed(self._stream, said["@direction"]), remedy=Sentence('say its @language, too'),
            pointer=f"{level.place}/@direction",
        )  # fmt: skip
        if "@value" in said:
            self._fault = self._fault or found
        else:
            self._direction = self._direction or found

    def tell(self, told: Told) -> None:
        """Tell what has no meaning.

        Raises:
            SourceError: something is wrong.
        """
        if self._has_json:
            return
        if self._fault is None and not self._has_language:
            self._fault = self._direction
        if self._fault is not None:
            raise self._fault
        for each in self._warnings.values():
            told(each)


def _fault(stream: IO[bytes], name: str, member: _Member) -> SourceError | None:
    """Return what is wrong with a member: a keyword that has a value which it cannot have."""
    if member.is_key or not member.key.startswith("@"):
        return None
    text, is_string, key = member.token.text, member.token.text.startswith(b'"'), member.key
    in_context, shown = member.level.in_context, _shown(text)
    found: SourceError | None = None
    if key == "@type" and not is_string and not in_context:
        found = SourceError(
            name,
            Sentence("%(text)s is no value of %(key)s", text=shown, key=key),
            remedy=Sentence("write an IRI, or a term of the context"),
        )
    elif key in STRINGS and not is_string and not (in_context and text == b"null"):
        found = SourceError(
            name, Sentence("%(text)s is no value of %(key)s", text=shown, key=key), remedy=Sentence("write a string")
        )
    elif key == "@direction" and is_string and member.text not in ("ltr", "rtl"):
        found = SourceError(
            name,
            Sentence("%(text)s is no value of %(key)s", text=shown, key=key),
            remedy=Sentence('write "ltr" or "rtl"'),
        )
    elif key == "@id" and not in_context and KEYWORD.match(member.text):
        found = SourceError(
            name, Sentence("%(text)s is no IRI", text=shown), remedy=Sentence("what looks like a keyword names nothing")
        )
    if found is not None:
        found.line, found.column = _placed(stream, member.token)
        found.pointer = member.pointer
    return found


def _meaningless(member: _Member) -> WarningKind | None:
    """Return as what every processor leaves a member out; None where it does not."""
    if member.is_key:
        is_none = member.key not in KEYWORDS and KEYWORD.match(member.key) and not member.level.in_context
        return "keyword" if is_none else None
    stands_alone = not member.level.is_object and member.level.owner in ("", "@graph")
    return "loose" if stands_alone and member.token.text != b"null" else None


class _Losses:
    """What a strict reading of a document leaves out, seen in a lenient one."""

    def __init__(self, stream: IO[bytes], start: int, name: str, base: str, told: Told) -> None:
        self._stream, self._start, self._name, self._base, self._told = stream, start, name, base, told
        self._keys, self._more = Counter[str](), 0
        self._doubtful, self._named = dict[str, None](), set[str]()

    def see(self, quad: ox.Quad) -> None:
        """Look at a statement.

        Raises:
            SourceError: it would be left out, and not because of its key.
        """
        key = quad.predicate.value
        if ":" not in key or key.startswith("_:"):
            if key in self._keys or len(self._keys) < MOST_NAMED:
                self._keys[key] += 1
            else:
                self._more += 1
            return
        self._see_iri(key)
        for term in (quad.subject, quad.object, quad.graph_name):
            if isinstance(term, ox.NamedNode):
                self._see_iri(term.value)
            elif isinstance(term, ox.Literal):
                self._see_literal(term)
        if key == RDF_TYPE and isinstance(quad.object, ox.NamedNode):
            self._see_name(quad.object.value)
        self._see_name(key)

    def _see_iri(self, iri: str) -> None:
        if problem := _iri_fault(iri):
            found = self._find(lambda each: self._names(each, iri)) or self._find(lambda each: _ends(each.text, iri))
            raise self._error(
                Sentence("%(text)s is no IRI: %(words)s", text=f"<{iri[:SHOWN]}>", words=Quotation(problem)),
                found,
                ENCODE,
            )

    def _see_literal(self, literal: ox.Literal) -> None:
        if literal.language is None:
            self._see_iri(literal.datatype.value)
            self._see_name(literal.datatype.value)
        elif problem := _tag_fault(literal.language):
            tag = literal.language
            found = self._find(lambda each: each.text.lower() == tag.lower())
            raise self._error(
                Sentence(
                    "%(text)s is no language tag: %(words)s", text=json.dumps(tag[:SHOWN]), words=Quotation(problem)
                ),
                found,
                TAG,
            )

    def _see_name(self, iri: str) -> None:
        """Note what is taken for an IRI as it stands, and more probably is short for one."""
        if iri in self._named:
            return
        if len(self._named) < CACHED:
            self._named.add(iri)
        scheme, _, rest = iri.partition(":")
        is_short = scheme.lower() not in SCHEMES and not rest.startswith("/")
        is_bare = iri.startswith(start := urljoin(self._base, ".")) and iri[len(start) :].isidentifier()
        if (is_short or is_bare) and len(self._doubtful) < MOST_NAMED:
            self._doubtful[iri if is_short else iri[len(start) :]] = None

    def tell(self) -> None:
        """Tell which keys, and what they say, are left out, and what is doubtful."""
        for key, count in self._keys.items():
            self._tell("key", key, count, self._find(lambda each, key=key: each.is_key and each.text == key))  # type: ignore[misc]
        if self._more:
            self._tell("keys", "", self._more, None)
        has_vocabulary = self._doubtful and self._find(lambda each: each.key == "@vocab") is not None
        for short in self._doubtful:
            is_short = ":" in short
            if is_short or not has_vocabulary:
                found = self._find(lambda each, short=short: each.text == short and not each.level.in_context)  # type: ignore[misc]
                if found is not None:
                    self._tell("prefix" if is_short else "term", short, 0, found)

    def _tell(self, kind: WarningKind, what: str, count: int, found: _Member | None) -> None:
        line, column = _placed(self._stream, found.token) if found is not None else (None, None)
        pointer = found.pointer if found is not None else ""
        self._told(DocumentWarning(self._name, kind, what[:SHOWN], count, line, column, pointer))

    def refuse_nothing(self) -> None:
        """Say why nothing is left, where it is known.

        Raises:
            SourceError: keys stand for no IRIs.
        """
        if not self._keys:
            return
        names = ", ".join(list(self._keys)[:10])
        if self._find(lambda each: each.level.in_context or each.key == "@context") is None:
            problem = Sentence(
                "no statement is left: it has no @context, and its keys stand for no IRIs: %(names)s", names=names
            )
            raise SourceError(self._name, problem, remedy=Sentence("write a @context into it"))
        problem = Sentence("no statement is left: its keys stand for no IRIs in its @context: %(names)s", names=names)
        raise SourceError(self._name, problem, remedy=DECLARE)

    def placed(self, problem: SyntaxError) -> SourceError:
        """Return what the parser says of a definition, which it does without a place, at what it quotes."""
        quoted = re.findall("'([^']+)'", problem.msg)
        return self._error(Quotation(problem.msg), self._find(lambda each: each.text in quoted), NO_WORDS)

    def _names(self, member: _Member, iri: str) -> bool:
        """Whether a key or value may be what became an IRI: it, or what is left of it behind a prefix or base."""
        text = member.text
        if not text or text.startswith("@"):
            return False
        _, colon, rest = text.partition(":")
        short = rest if colon and not rest.startswith("//") else text
        is_part = bool(short) and (iri.endswith(short) or iri.startswith(text)) and bool(_iri_fault(f"x:{short}"))
        return text == iri or is_part or urljoin(self._base, text) == iri

    def _find(self, is_it: Callable[[_Member], bool]) -> _Member | None:
        self._stream.seek(self._start)
        return next((each for each in _members(self._stream, self._name) if is_it(each)), None)

    def _error(self, problem: Said, found: _Member | None, remedy: Said) -> SourceError:
        if found is None:
            return SourceError(self._name, problem, remedy=remedy)
        place = _placed(self._stream, found.token)
        return SourceError(self._name, problem, *place, remedy=remedy, pointer=found.pointer)


def _placed(stream: IO[bytes], token: DocumentToken) -> tuple[int, int]:
    """Return the line of a token, and its column in characters; the stream stands where it stood."""
    here = stream.tell()
    stream.seek(token.line_start)
    column = len(stream.read(token.start - token.line_start).decode(errors="replace")) + 1
    stream.seek(here)
    return token.line, column


def _ends(text: str, iri: str) -> bool:
    """Whether a compact IRI may stand for an IRI."""
    rest = text.partition(":")[2]
    return bool(rest) and iri.endswith(rest)


@lru_cache(CACHED)
def _iri_fault(iri: str) -> str:
    try:
        ox.NamedNode(iri)
    except ValueError as problem:
        return str(problem)
    return ""


@lru_cache(CACHED)
def _tag_fault(tag: str) -> str:
    try:
        ox.Literal("", language=tag)
    except ValueError as problem:
        return str(problem)
    return ""


def _unquoted(text: bytes) -> str:
    """Return what a token says; of one that is no JSON string, itself."""
    if b"\\" not in text:  # most have no escapes
        return text.strip(b'"').decode(errors="replace")
    try:
        return str(json.loads(text)) if text.startswith(b'"') else text.decode(errors="replace")
    except ValueError:
        return text.decode(errors="replace")


def _shown(text: bytes) -> str:
    return text[:SHOWN].decode(errors="replace")
