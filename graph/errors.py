"""What can go wrong, with the facts in fields.

Every error that a user can cause is one of these; its text is one readable line that names the place and the
remedy. They carry no HTTP status and no exit code: those belong to the package ``endpoint``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class HamkorError(Exception):
    """The root of all errors that this software raises on purpose."""


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
    problem: str
    line: int | None = None
    column: int | str | None = None
    remedy: str = ""
    pointer: str = ""
    others: Sequence[Mapping[str, str]] = ()
    more: int = 0

    def __str__(self) -> str:
        problem = self.problem + (f", at {self.pointer}" if self.pointer else "")
        lines = [_mistake(self.path, str(self.line or ""), str(self.column or ""), problem, self.remedy)]
        lines += (_mistake(self.path, **each) for each in self.others)
        lines += [f"{self.path}: … and {self.more:,} more"] if self.more else []
        return "\n".join(lines)


def _mistake(path: str, line: str, column: str, problem: str, remedy: str) -> str:
    place = ":".join(part for part in (path, line, column) if part)
    return f"{place}: {problem}" + (f" ({remedy})" if remedy else "")


@dataclass
class SettingError(HamkorError):
    """A setting in ``hamkor.toml``, or the publication's folder, is not usable."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@dataclass
class ReleaseError(HamkorError):
    """A release could not be made, found or opened."""

    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        return self.problem + (f" ({self.remedy})" if self.remedy else "")


@dataclass
class BusyError(ReleaseError):
    """Somebody else is making a release; a moment later it may go."""


@dataclass
class FormatError(HamkorError):
    """A serialisation cannot express what is to be written.

    Attributes:
        form: the serialisation, as a person calls it.
        fault: what it cannot express.
    """

    form: str
    fault: str

    def __str__(self) -> str:
        return f"{self.form} cannot express {self.fault}; take Turtle or N-Triples"


@dataclass
class ShapesError(HamkorError):
    """The shapes themselves cannot be used."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@dataclass
class QuerySyntaxError(HamkorError):
    """A query is not legal SPARQL, or uses a function that the engine does not have.

    Attributes:
        problem: what is wrong.
        line: 1-based line in the query, where known.
        column: 1-based column in characters, where known.
        token: the offending token as it stands in the query, where known.
    """

    problem: str
    line: int | None = None
    column: int | None = None
    token: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line is not None else ""
        return place + self.problem + (f", at {self.token!r}" if self.token else "")


@dataclass
class QueryRefusedError(HamkorError):
    """A query asks for something that this service does not do (a SERVICE call off the allow-list …)."""

    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        return self.problem + (f" ({self.remedy})" if self.remedy else "")


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
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.problem} ({self.limit} = {self.value:g}){'; ' + self.remedy if self.remedy else ''}"


@dataclass
class EngineUnavailableError(HamkorError):
    """The engine cannot answer at this moment; ``retry_after`` is in seconds."""

    problem: str
    retry_after: float = 1.0

    def __str__(self) -> str:
        return self.problem


@dataclass
class EngineFaultError(HamkorError):
    """The engine fails on a query, and would fail again; the mistake is its own and not the query's.

    Attributes:
        problem: what happened, in one sentence without a full stop; with the engine's last words where it had any.
        remedy: what the client can do.
    """

    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        return self.problem + (f" ({self.remedy})" if self.remedy else "")


@dataclass
class WorkEndedError(HamkorError):
    """A process that worked for a request ended without an answer; the mistake is ours."""

    problem: str

    def __str__(self) -> str:
        return self.problem


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
    remedy: str = ""

    def __str__(self) -> str:
        known = {"computed": "is computed", "source": "is filled by a file", "withheld": "would hold what is withheld"}
        why = known.get(self.reason, self.reason)
        return f"the graph <{self.graph}> {why} and cannot be written" + (f" ({self.remedy})" if self.remedy else "")


@dataclass
class GraphNameError(HamkorError):
    """A graph cannot bear a name.

    Attributes:
        graph: the IRI that was wanted for it.
        problem: why not, without a full stop.
    """

    graph: str
    problem: str

    def __str__(self) -> str:
        return f"<{self.graph[:200]}> can be no graph: {self.problem}"


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

    def __str__(self) -> str:
        if self.found is None:
            return f"there is no graph <{self.graph}>"
        return f"the graph <{self.graph}> {'exists already' if self.wanted is None else 'has changed meanwhile'}"


@dataclass
class UpdateError(HamkorError):
    """An operation of an update cannot be carried out: a graph is not there, or is there already."""

    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        return self.problem + (f" ({self.remedy})" if self.remedy else "")


@dataclass
class OutOfScopeError(HamkorError):
    """An update writes a graph that it must not.

    Attributes:
        graph: its IRI, or an empty string where it is not known which graphs are written.
        problem: what is wrong.
    """

    graph: str
    problem: str

    def __str__(self) -> str:
        return self.problem
