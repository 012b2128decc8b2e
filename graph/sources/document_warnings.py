"""What is told of a document that is read all the same: what is left out of it, and what is doubtful.

A warning is a value; who reads decides how it is shown. In validation reports it is a warning about the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

WarningKind = Literal["key", "keys", "keyword", "loose", "prefix", "term", "comment"]
SAID = MappingProxyType({
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
