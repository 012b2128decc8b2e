"""What can go wrong, with the facts in fields; what is said of it, as a template and facts.

Every error that a user can cause is one of these; its text is one readable line of English that names the place and
the remedy. They carry no HTTP status and no exit code, and no other language: those belong to the package ``endpoint``.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from importlib import import_module
from typing import Any, Self, TypeAlias, cast

import msgspec

FULL = (errno.ENOSPC, errno.EDQUOT)
OF_STORAGE = (*FULL, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.EIO, errno.ESTALE)
"""Errors of the system that are the machine's, and that nobody can help who has sent something."""
NO_PLACE = "[Errno 2] No usable temporary directory"
WORDS_OF_SQLITE = {
    "database or disk is full": errno.ENOSPC,
    "attempt to write a readonly database": errno.EROFS,
    "unable to open database file": errno.EACCES,
    "disk I/O error": errno.EIO,
}
WORDS_OF_OXIGRAPH = {"file descriptors when reserving": errno.EMFILE}


# What an error says: a sentence of ours keeps what it is made of, so that a page can say it in its reader's language.
#
# Both are ``str``: a terminal, a log and a program read the English. ``Sentence("…")`` is also the mark by which
# endpoint/catalogues.py collects the templates for translators, so a template stands there as a literal.


class Sentence(str):
    """A text of ours with facts in it; as a ``str`` it is the English one.

    Attributes:
        template: the text as the catalogues have it; ``%(name)s`` stands for a fact.
        facts: what stands there; a number (int) is grouped as the reader's language does it; what another sentence or
            another error says is a ``Sentence`` or a ``Quotation``.
    """

    template: str
    facts: dict[str, object]

    def __new__(cls, template: str, /, **facts: object) -> Self:
        """Return the English text, which remembers what it was made of."""
        kept: dict[str, object] = {name: _fact(fact) for name, fact in facts.items()}
        shown = {name: f"{fact:,}" if isinstance(fact, int) else fact for name, fact in kept.items()}
        sentence = super().__new__(cls, template % shown if facts else template)
        sentence.template, sentence.facts = template, kept
        return sentence

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        """Pickle it as what it is made of."""
        return (self.template,), self.facts


class Quotation(str):
    """What a library, the engine or the system has said, in English; nobody translates it."""


Said: TypeAlias = Sentence | Quotation
"""What an error says: words of ours or of others."""
NO_WORDS = Quotation("")
BUILD_ANEW = Sentence("run hamkor build")


def said_by(problem: BaseException) -> Said:
    """Return what an error says: the sentence that it was raised with, or else its text as a quotation."""
    if isinstance(problem, HamkorError):
        return problem.sentence
    given = problem.args[0] if len(problem.args) == 1 else None
    return given if isinstance(given, Sentence | Quotation) else Quotation(problem)


def _fact(fact: object) -> object:
    if isinstance(fact, str | int):
        return fact
    return said_by(fact) if isinstance(fact, BaseException) else str(fact)


def packed(said: object) -> Any:  # noqa: ANN401  whatever MessagePack knows
    """Return what MessagePack can carry to another process: sentences as template and facts, the rest as it is."""
    match said:
        case Sentence():
            return {"template": said.template, "facts": packed(said.facts)}
        case Quotation():
            return {"quotation": str(said)}
        case Mapping():
            return {name: packed(each) for name, each in said.items()}
        case list() | tuple():
            return [packed(each) for each in said]
    return said


def unpacked(value: object) -> Any:  # noqa: ANN401  whatever was packed
    """Return what ``packed`` has made of it; a list comes back as a tuple."""
    match value:
        case {"template": template, "facts": facts}:
            return Sentence(template, **unpacked(facts))
        case {"quotation": text}:
            return Quotation(text)
        case dict():
            return {name: unpacked(each) for name, each in value.items()}
        case list():
            return tuple(unpacked(each) for each in value)
    return value


class HamkorError(Exception):
    """The root of all errors that this software raises on purpose; its text is its ``sentence``."""

    def __str__(self) -> str:
        return str(self.sentence)

    @property
    def sentence(self) -> Said:
        """All that it says, for another sentence to quote: here, what it was raised with."""
        given = self.args[0] if len(self.args) == 1 else None
        return given if isinstance(given, Sentence | Quotation) else Quotation(super().__str__())


@dataclass
class _RemediedError(HamkorError):
    """What has a problem and perhaps a remedy, and no more to say; nobody raises this one.

    Attributes:
        problem: what is wrong, in one sentence without a full stop.
        remedy: what to do about it, or nothing.
    """

    problem: Said
    remedy: Said = NO_WORDS

    @property
    def sentence(self) -> Said:
        """What is wrong, with the remedy."""
        return _remedied(self.problem, self.remedy)


@dataclass
class _PlacedError(HamkorError):
    """What has a problem and a place, and no more to say; nobody raises this one.

    Attributes:
        path: the file or the folder.
        problem: what is wrong, in one sentence without a full stop.
    """

    path: str
    problem: Said

    @property
    def sentence(self) -> Said:
        """What is wrong, with the place."""
        return _placed(self.path, self.problem)


def _remedied(problem: Said, remedy: Said) -> Said:
    return Sentence("%(problem)s (%(remedy)s)", problem=problem, remedy=remedy) if remedy else problem


def _placed(path: str, problem: Said) -> Said:
    return Sentence("%(name)s: %(problem)s", name=in_a_line(path), problem=problem)


def in_a_line(name: object) -> str:
    """Return a file's name as it can stand in a line: a line break in it would begin another."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in os.fsdecode(str(name)))


@dataclass
class SourceError(HamkorError):
    """A source file could not be read.

    Attributes:
        path: the file, as the user named it or relative to the publication.
        problem: what is wrong, in one sentence without a full stop.
        line: 1-based line (for tables: row) or None where the whole file is meant.
        column: 1-based character column, a table's column name, or None.
        remedy: what the user can do about it, or an empty string.
        pointer: in JSON, the JSON pointer (RFC 6901) of what is wrong, or an empty string.
        others: more mistakes of the same file, each with its ``line``, ``column``, ``problem`` and ``remedy``.
        more: how many there are beyond these.
    """

    path: str
    problem: Said
    line: int | None = None
    column: int | str | None = None
    remedy: Said = NO_WORDS
    pointer: str = ""
    others: Sequence[Mapping[str, str]] = ()
    more: int = 0

    @property
    def sentence(self) -> Said:
        """What is wrong, with the place and the remedy; several mistakes are lines, in English."""
        problem = self.problem
        if self.pointer:
            problem = Sentence("%(problem)s, at %(token)s", problem=problem, token=self.pointer)
        first = _mistake(self.path, str(self.line or ""), str(self.column or ""), problem, self.remedy)
        if not self.others and not self.more:
            return first
        lines: list[str] = [first]
        for each in self.others:
            told = Quotation(each["problem"]), Quotation(each["remedy"])
            lines.append(_mistake(self.path, each["line"], each["column"], *told))
        lines += [f"{self.path}: … and {self.more:,} more"] if self.more else []
        return Quotation("\n".join(lines))


def _mistake(path: str, line: str, column: str, problem: Said, remedy: Said) -> Said:
    place = ":".join(part for part in (in_a_line(path), line, column) if part)
    return Sentence("%(name)s: %(problem)s", name=place, problem=_remedied(problem, remedy))


@dataclass
class SettingError(_PlacedError):
    """A setting in ``hamkor.toml``, or the publication's folder, is not usable."""


@dataclass
class ReleaseError(_RemediedError):
    """A release could not be made, found or opened."""


@dataclass
class BusyError(ReleaseError):
    """Somebody else is making a release; a moment later it may go."""


@dataclass
class FollowingError(ReleaseError):
    """The folder is a copy, which follows its publisher: nothing is published in it."""


@dataclass
class ReplicationError(_RemediedError):
    """A release could not be brought into object storage or out of it: something there is not what it should be."""


@dataclass
class StorageAwayError(ReplicationError):
    """Object storage does not answer, or not to us; later it may."""


@dataclass
class ForeignReleaseError(ReplicationError):
    """What is current in object storage comes from another publisher."""


@dataclass
class StorageError(ReleaseError):
    """The disk does not take something, or does not give it: it is full, read-only, broken, or nobody may.

    Attributes:
        is_full: whether that is for want of room.
        path: the file, for whoever runs this; clients are not told.
    """

    is_full: bool = False
    path: str = ""

    @classmethod
    def of(cls, what: Said, problem: Exception, remedy: Said = NO_WORDS) -> Self:
        """Return the error that something could not be done, and why; ``what`` is a sentence without a full stop."""
        code = storage_code(problem)
        if isinstance(problem, sqlite3.Error) and code not in FULL:
            code = 0  # SQLite knows no more than it says
        words = Quotation(os.strerror(code) if code else getattr(problem, "strerror", None) or problem)
        path = problem.filename if isinstance(problem, OSError) else ""
        said = Sentence("%(problem)s: %(words)s", problem=what, words=words)
        return cls(said, remedy, code in FULL, str(path or ""))

    def __str__(self) -> str:
        return (f"{in_a_line(self.path)}: " if self.path else "") + self.sentence


def storage_code(problem: Exception) -> int:
    """Return which error of the system, of those in ``OF_STORAGE``, an error is; 0 where it is another.

    RocksDB, SQLite and libxml2 say it in words only.
    """
    code, said = getattr(problem, "errno", None), str(problem)
    if said.startswith(NO_PLACE):
        return errno.EACCES
    if code is not None:
        return code if code in OF_STORAGE else 0
    known = {f"IO_{errno.errorcode[each]}": each for each in OF_STORAGE}
    if isinstance(problem, OSError | sqlite3.Error):
        known |= {os.strerror(each): each for each in OF_STORAGE} | WORDS_OF_SQLITE | WORDS_OF_OXIGRAPH
    return next((each for words, each in known.items() if words in said), 0)


def unreadable(what: str, problem: Exception, remedy: Said = BUILD_ANEW) -> ReleaseError:
    """Return the error that a part of a release cannot be read.

    Args:
        what: the part, by the name of its file or of its release.
        problem: what was met.
        remedy: what makes it again; where the machine does not give it (no access, too many open files), nothing does.
    """
    if storage_code(problem):
        return StorageError.of(Sentence("%(name)s cannot be read", name=what), problem)
    return ReleaseError(Sentence("%(name)s cannot be read: %(words)s", name=what, words=problem), remedy)


@dataclass
class FormatError(HamkorError):
    """A serialisation cannot express what is to be written.

    Attributes:
        form: the serialisation, as a person calls it.
        fault: what it cannot express.
    """

    form: str
    fault: Said

    @property
    def sentence(self) -> Said:
        """What it cannot express, and what can."""
        return Sentence("%(form)s cannot express %(fault)s; take Turtle or N-Triples", form=self.form, fault=self.fault)


@dataclass
class ShapesError(_PlacedError):
    """The shapes themselves cannot be used."""


@dataclass
class QuerySyntaxError(HamkorError):
    """A query is not legal SPARQL, or uses a function that the engine does not have.

    Attributes:
        problem: what is wrong.
        line: 1-based line in the query, where known.
        column: 1-based column in characters, where known.
        token: the offending token as it stands in the query, where known.
    """

    problem: Said
    line: int | None = None
    column: int | None = None
    token: str = ""

    @property
    def sentence(self) -> Said:
        """What is wrong, with the place and the token."""
        said = self.problem
        if self.token:
            said = Sentence("%(problem)s, at %(token)s", problem=said, token=repr(self.token))
        if self.line is None:
            return said
        line, column = str(self.line), str(self.column)
        return Sentence("line %(line)s, column %(column)s: %(problem)s", line=line, column=column, problem=said)


@dataclass
class QueryRefusedError(_RemediedError):
    """A query asks for something that this service does not do (a SERVICE call off the allow-list …)."""


@dataclass
class QueryLimitError(HamkorError):
    """A query hit a limit of the service.

    Attributes:
        limit: the name of the setting, such as ``limits.query_seconds``.
        value: its value, with the unit that the setting has.
        problem: what happened, in one sentence.
        remedy: what the client can do.
    """

    limit: str
    value: float
    problem: Said
    remedy: Said = NO_WORDS

    @property
    def sentence(self) -> Said:
        """What happened, with the setting and the remedy."""
        facts: dict[str, object] = {"problem": self.problem, "limit": self.limit, "value": f"{self.value:g}"}
        if self.remedy:
            return Sentence("%(problem)s (%(limit)s = %(value)s); %(remedy)s", **facts, remedy=self.remedy)
        return Sentence("%(problem)s (%(limit)s = %(value)s)", **facts)


@dataclass
class EngineUnavailableError(HamkorError):
    """The engine cannot answer at this moment; ``retry_after`` is in seconds."""

    problem: Said
    retry_after: float = 1.0

    @property
    def sentence(self) -> Said:
        """What is wrong."""
        return self.problem


class EngineAwayError(EngineUnavailableError):
    """The engine cannot answer, and will not in a moment: nobody is to wait for it."""


@dataclass
class EngineFaultError(_RemediedError):
    """The engine fails on a query, and would fail again; the mistake is its own and not the query's.

    Attributes:
        problem: what happened, in one sentence without a full stop; with the engine's last words where it had any.
        remedy: what the client can do.
    """


@dataclass
class WorkEndedError(_RemediedError):
    """A process that worked for a request ended without an answer; the mistake is ours."""


@dataclass
class WorkKilledError(_RemediedError):
    """A process that worked for a request was ended by somebody else, or by the system, which had no memory left."""


@dataclass
class HarvestError(_RemediedError):
    """What others keep could not be had, or not be taken.

    Attributes:
        retry_seconds: how long they ask to be left alone, or 0.
    """

    retry_seconds: float = 0.0


@dataclass
class WriteRefusedError(HamkorError):
    """A graph is not writable.

    Attributes:
        graph: its IRI.
        reason: "computed" (the engine writes it), "source" (a file fills it), "base" (settings have changed since),
            "withheld" (it holds what must not be published).
        remedy: what to do instead.
    """

    graph: str
    reason: str
    remedy: Said = NO_WORDS

    @property
    def sentence(self) -> Said:
        """What is wrong, with the remedy."""
        return _remedied(self.problem, self.remedy)

    @property
    def problem(self) -> Sentence:
        """What is wrong, without what to do instead."""
        match self.reason:
            case "computed":
                return Sentence("the graph <%(graph)s> is computed and cannot be written", graph=self.graph)
            case "source":
                return Sentence("the graph <%(graph)s> is filled by a file and cannot be written", graph=self.graph)
            case "withheld":
                return Sentence(
                    "the graph <%(graph)s> would hold what is withheld and cannot be written", graph=self.graph
                )
        return Sentence(
            "the graph <%(graph)s> cannot be written: %(words)s", graph=self.graph, words=Quotation(self.reason)
        )


@dataclass
class GraphNameError(HamkorError):
    """A graph cannot bear a name.

    Attributes:
        graph: the IRI that was wanted for it.
        problem: why not, without a full stop.
    """

    graph: str
    problem: Said

    @property
    def sentence(self) -> Said:
        """What is wrong, with the name."""
        return Sentence("<%(iri)s> can be no graph: %(problem)s", iri=self.graph[:200], problem=self.problem)


@dataclass
class PreconditionError(HamkorError):
    """A graph is not what the writer took it for.

    Attributes:
        graph: its IRI.
        wanted: the digest that it should have had; None: it should not exist; "*": it should.
        found: the digest that it has, or None where it does not exist.
    """

    graph: str
    wanted: str | None
    found: str | None

    @property
    def sentence(self) -> Said:
        """What is wrong."""
        return self.problem

    @property
    def problem(self) -> Sentence:
        """What is wrong."""
        if self.found is None:
            return Sentence("there is no graph <%(graph)s>", graph=self.graph)
        if self.wanted is None:
            return Sentence("the graph <%(graph)s> exists already", graph=self.graph)
        return Sentence("the graph <%(graph)s> has changed meanwhile", graph=self.graph)


@dataclass
class UpdateError(_RemediedError):
    """An operation of an update cannot be carried out: a graph is not there, or is there already."""


@dataclass
class OutOfScopeError(HamkorError):
    """An update writes a graph that it must not.

    Attributes:
        graph: its IRI, or an empty string where it is not known which graphs are written.
        problem: what is wrong.
    """

    graph: str
    problem: Said

    @property
    def sentence(self) -> Said:
        """What is wrong."""
        return self.problem


class Failure(msgspec.Struct, frozen=True):
    """An error of ours as it goes from one process to another: its class, where that stands, and its fields."""

    module: str
    kind: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, problem: HamkorError) -> Self:
        """Return what an error is written as; one whose fields nobody knows has ended the work."""
        if not is_dataclass(problem):
            problem = WorkEndedError(Quotation(f"{type(problem).__name__}: {problem}"))
        return cls(type(problem).__module__, type(problem).__name__, packed(asdict(problem)))

    def error(self) -> HamkorError:
        """Return the error."""
        return cast("HamkorError", getattr(import_module(self.module), self.kind)(**unpacked(self.facts)))
