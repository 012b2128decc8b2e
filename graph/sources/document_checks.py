"""What is looked at before a parser sees a document: how deeply it nests, what it would lose, what is doubtful.

Nothing is parsed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, Literal

from graph.model.errors import Sentence, SourceError

# How deeply a document nests, read before the parser sees it, and the tokens by which one knows.
#
# The parser has no bound of its own: pyoxigraph's stack overflows on some ten thousand nested triple terms. Only tokens
# are read here, so that strings, IRIs and comments do not count. It judges no grammar: what is no token, the parser
# will say. What JSON nests, and means, ``graph.sources.json_ld`` reads by the same tokens.

TRIPLE_TERMS = 100
BLOCK = 1 << 20
LONGEST_TOKEN = 16 << 20

TURTLE_TOKEN = re.compile(
    rb'"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+"""'
    rb"|'{3}[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+)*+'{3}"
    rb'|"(?!"")[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
    rb"|'(?!'')[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'"
    rb"|\#[^\n]*+\n|\\.|<<|>>|<[^<>\n]*+>"
    rb"|(?P<torn>[\"'\#<\\])",
    re.DOTALL,
)
STATEMENT = re.compile(rb"\s\.(?:\s|$)")
"""The end of a statement, as most write it."""


@dataclass(frozen=True, slots=True)
class DocumentToken:
    """A token, the line on which it begins, and where it and its line begin, in bytes of the document."""

    text: bytes
    line: int
    start: int = 0
    line_start: int = 0


def check_triple_terms(stream: IO[bytes], name: str) -> None:
    """Make sure that the triple terms of a Turtle, TriG, N-Triples or N-Quads document nest within the bound.

    Args:
        stream: the document; it can seek, and stands where it stood afterwards.
        name: how the user calls it, for messages.

    Raises:
        SourceError: they do not.
    """
    start, found = stream.tell(), 0
    while found <= TRIPLE_TERMS and (block := stream.read(BLOCK)):
        found += block.count(b"<<")
    stream.seek(start)
    if found <= TRIPLE_TERMS:  # at the border of two blocks one may be missed, which is no matter
        return
    depth = 0
    for token in tokens(stream, TURTLE_TOKEN):
        depth += (token.text == b"<<") - (token.text == b">>")
        if depth > TRIPLE_TERMS:
            raise SourceError(
                name, Sentence("triple terms nest more than %(number)s deep", number=str(TRIPLE_TERMS)), token.line
            )
    stream.seek(start)


def comment_to_the_end(stream: IO[bytes]) -> int | None:
    """Return where a comment begins that takes what looks like statements, as the document has but one line; or None.

    Args:
        stream: a document of Turtle's kind; it can seek, and stands where it stood afterwards.

    Returns:
        The column, from 1, in characters. A line longer than a block is not looked at.
    """
    start = stream.tell()
    line = stream.read(BLOCK).rstrip()
    stream.seek(start)
    if len(line) >= BLOCK or b"#" not in line or b"\n" in line or b"\r" in line:
        return None
    torn = (found.start() for found in TURTLE_TOKEN.finditer(line) if found["torn"] == b"#")
    at = next(torn, None)
    return len(line[:at].decode(errors="replace")) + 1 if at is not None and STATEMENT.search(line, at) else None


def tokens(stream: IO[bytes], pattern: re.Pattern[bytes]) -> Iterator[DocumentToken]:
    """Yield the tokens to the end, or to where one has no end within the longest that the parser takes.

    Args:
        stream: the document, from where it stands.
        pattern: what a token is; its group ``torn`` matches the beginning of one that is not whole.
    """
    rest, is_last, before = b"", False, stream.tell()
    line, line_start = 1, before
    while not is_last and len(rest) < LONGEST_TOKEN:
        block = stream.read(max(BLOCK, len(rest)))  # a long token is then searched twice, not once a block
        is_last = not block
        rest, taken = rest + block, 0
        for match in pattern.finditer(rest):
            if match["torn"] is not None or (match.end() > len(rest) - 3 and not is_last):
                break
            if ends := rest.count(b"\n", taken, match.start()):
                line, line_start = line + ends, before + rest.rfind(b"\n", taken, match.start()) + 1
            yield DocumentToken(match[0], line, before + match.start(), line_start)
            if ends := rest.count(b"\n", match.start(), match.end()):
                line, line_start = line + ends, before + rest.rfind(b"\n", match.start(), match.end()) + 1
            taken = match.end()
        else:
            match = None
        keep = match.start() if match is not None else max(taken, len(rest) - 3)
        if ends := rest.count(b"\n", taken, keep):
            line, line_start = line + ends, before + rest.rfind(b"\n", taken, keep) + 1
        rest, before = rest[keep:], before + keep


# What is told of a document that is read all the same: what is left out of it, and what is doubtful.
#
# A warning is a value; who reads decides how it is shown. In validation reports it is a warning about the graph.

WarningKind = Literal["key", "keys", "keyword", "loose", "prefix", "term", "comment", "patch"]
SAID = MappingProxyType({
    "patch": {
        "en": "takes away what no file says (statements: {count:,}), such as {what}; once the files are mended, the "
        "patch can go",
        "ru": "убирает то, чего нет ни в одном файле (утверждений: {count}), например {what}; когда файлы исправлены, "
        "патч можно удалить",
        "uz": "hech bir faylda yoʻq narsani olib tashlaydi (bayonotlar: {count}), masalan {what}; fayllar tuzatilgach, "
        "patchni oʻchirish mumkin",
    },
    "key": {
        "en": 'the key "{what}" stands for no IRI in the @context; statements left out: {count:,}',
        "ru": "ключ «{what}» не обозначает в @context никакого IRI; пропущено утверждений: {count}",
        "uz": "“{what}” kaliti @context da hech qanday IRI ni bildirmaydi; tashlab ketilgan bayonotlar: {count}",
    },
    "keys": {
        "en": "further keys stand for no IRI in the @context; statements left out: {count:,}",
        "ru": "и другие ключи не обозначают в @context никакого IRI; пропущено утверждений: {count}",
        "uz": "boshqa kalitlar ham @context da hech qanday IRI ni bildirmaydi; tashlab ketilgan bayonotlar: {count}",
    },
    "keyword": {
        "en": '"{what}" is no keyword of JSON-LD, and is left out',
        "ru": "«{what}» — не ключевое слово JSON-LD, оно пропущено",
        "uz": "“{what}” JSON-LD kalit soʻzi emas, u tashlab ketilgan",
    },
    "loose": {
        "en": "the value {what} belongs to no node, and is left out",
        "ru": "значение {what} не относится ни к какому узлу и пропущено",
        "uz": "{what} qiymati hech qaysi tugunga tegishli emas va tashlab ketilgan",
    },
    "prefix": {
        "en": '"{what}" is taken for an IRI as it stands: its prefix is not declared',
        "ru": "«{what}» принято за готовый IRI: префикс не объявлен",
        "uz": "“{what}” tayyor IRI deb olingan: prefiksi eʼlon qilinmagan",
    },
    "term": {
        "en": '"{what}" is no term of the @context, and is taken for a relative IRI',
        "ru": "«{what}» нет в @context, это принято за относительный IRI",
        "uz": "“{what}” @context da yoʻq, u nisbiy IRI deb olingan",
    },
    "comment": {
        "en": "all that follows # is a comment, since the document has one line: curl -d takes line ends out, "
        "--data-binary does not",
        "ru": "всё после # — комментарий, так как в документе одна строка: curl -d убирает концы строк, "
        "--data-binary — нет",
        "uz": "# dan keyingi hammasi izoh, chunki hujjat bir qatordan iborat: curl -d qator oxirlarini olib tashlaydi, "
        "--data-binary esa yoʻq",
    },
})  # fmt: skip
"""By kind and language, what is told."""


@dataclass(frozen=True, slots=True)
class DocumentWarning:
    """Something that is left out of a document, or doubtful in it.

    Attributes:
        path: the document, as the user calls it.
        kind: what it is about.
        what: the key or value, as it stands there.
        count: how many statements are left out, where that is known.
        line: 1-based line, or None.
        column: 1-based column in characters, or None.
        pointer: JSON pointer (RFC 6901), or an empty string.
    """

    path: str
    kind: WarningKind
    what: str = ""
    count: int = 0
    line: int | None = None
    column: int | None = None
    pointer: str = ""

    @property
    def place(self) -> str:
        """Document, line and column, as far as they are known."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)

    def messages(self) -> dict[str, str]:
        """Return what is told, by language."""
        at = f" ({self.pointer})" if self.pointer else ""
        return {tag: text.format(what=self.what, count=self.count) + at for tag, text in SAID[self.kind].items()}

    def __str__(self) -> str:
        return f"{self.place}: {self.messages()['en']}"


Told = Callable[[DocumentWarning], None]
"""Called with each warning while a document is read."""


def unheard(_: DocumentWarning) -> None:
    """Tell nobody."""
