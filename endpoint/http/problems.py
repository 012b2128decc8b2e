"""Problem details (RFC 9457): every error as a status, a title what to do about it, sentences with facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType

from graph.model.errors import (
    BusyError,
    EngineFaultError,
    EngineUnavailableError,
    FormatError,
    GraphNameError,
    HamkorError,
    PreconditionError,
    QueryLimitError,
    QueryRefusedError,
    QuerySyntaxError,
    Quotation,
    ReleaseError,
    Sentence,
    SettingError,
    ShapesError,
    SourceError,
    StorageError,
    UpdateError,
    WorkKilledError,
    WriteRefusedError,
    storage_code,
)
from graph.model.formats import RESULTS_XML

# Problem details (RFC 9457): every error as a status, a title and what one can do about it.
#
# One table says which error has which status. It neither raises errors nor logs them.

Fact = str | int | float | list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A type of problem: its status, its title, and what it means, as the page of problems says it."""

    status: int
    title: str
    meaning: str


KINDS: Mapping[str, ProblemType] = MappingProxyType(
    {
        "bad-request": ProblemType(
            400, "The request is not understood", "A parameter is missing, repeated or malformed."
        ),
        "query-syntax": ProblemType(
            400,
            "The query is not legal SPARQL",
            "The grammar does not allow it, or it calls a function that the engine does not have. Where they are "
            "known, line, column and token say where.",
        ),
        "document": ProblemType(
            400,
            "The document cannot be read",
            "Its syntax is wrong, or it holds what is not taken; line and column say.",
        ),
        "update": ProblemType(
            400, "The update cannot be carried out", "A graph that it names is not there, or is there already."
        ),
        "unauthorized": ProblemType(
            401, "Who are you?", "Writing needs a token: Authorization: Bearer …, from the publisher."
        ),
        "refused": ProblemType(
            403, "This is not done here", "The service does this for nobody; the field remedy says more."
        ),
        "out-of-scope": ProblemType(
            403, "The token does not reach that graph", "A token is good for some graphs and no others."
        ),
        "not-writable": ProblemType(
            403, "This graph is not written over HTTP", "It is computed, or filled by a file of the publication."
        ),
        "not-found": ProblemType(
            404, "Nothing is known under this name", "The release holds no such thing, graph or page."
        ),
        "method-not-allowed": ProblemType(
            405, "This method is not allowed here", "The header Allow lists those that are."
        ),
        "copy": ProblemType(
            405, "This is a copy, which is only read", "Send it to the publisher; the field publisher says where."
        ),
        "not-acceptable": ProblemType(
            406,
            "There is no such representation",
            "None of the media types asked for can be had; alternatives are listed.",
        ),
        "timeout": ProblemType(
            408, "The request took too long to arrive", "Send it again, in smaller parts if need be."
        ),
        "conflict": ProblemType(409, "Somebody else is writing", "Try again after the time that Retry-After names."),
        "gone": ProblemType(410, "This has been withdrawn", "It was published once and is not any more."),
        "precondition-failed": ProblemType(
            412, "This is not what you took it for", "It has changed since, or is there already; read it again."
        ),
        "withheld": ProblemType(410, "This is withheld", "It holds personal data; see the page on privacy."),
        "too-large": ProblemType(413, "The request is too large", "The field limit names the setting that was hit."),
        "range": ProblemType(416, "There is no such part", "The range asked for lies behind the end of the file."),
        "uri-too-long": ProblemType(414, "The URL is too long", "Send the query by POST."),
        "media-type": ProblemType(
            415, "This media type is not read here", "The header Accept-Post lists those that are."
        ),
        "not-conforming": ProblemType(
            422,
            "The data does not conform to the shapes",
            "Nothing was published. The report says which node and value.",
        ),
        "other-graphs": ProblemType(
            422, "This changes other graphs", "A PATCH changes the graph of its URL and no other."
        ),
        "precondition-required": ProblemType(
            428, "Say which state you are changing", "Send If-Match with the ETag of the graph as you have read it."
        ),
        "too-many": ProblemType(429, "Too many requests", "Try again after the time that Retry-After names."),
        "headers-too-large": ProblemType(
            431, "The header fields are too large", "Send shorter ones, above all shorter lists."
        ),
        "answer-too-large": ProblemType(
            403, "The answer is too large", "Ask for less, or take the download of the whole."
        ),
        "limit": ProblemType(
            503, "The query hit a limit", "An answer is complete or it is an error; nothing is cut short."
        ),
        "unavailable": ProblemType(
            503, "The service cannot answer now", "Try again after the time that Retry-After names."
        ),
        "publisher-away": ProblemType(
            503,
            "The publisher cannot be reached",
            "A copy would hand the request on. Nothing was written; try again after the time that Retry-After names.",
        ),
        "publisher-silent": ProblemType(
            502,
            "The publisher gave no whole answer",
            "What was sent may have been done, or not: look before you send it again.",
        ),
        "forwarding-loop": ProblemType(
            508,
            "Copies hand this on to one another",
            "What is set as the publisher's address leads to a copy. Nothing was written.",
        ),
        "not-here-yet": ProblemType(
            504,
            "This copy does not have that release yet",
            "Another copy may; or try again after the time that Retry-After names.",
        ),
        "insufficient-storage": ProblemType(
            507, "The disk is full", "Nothing is half done. It goes on by itself as soon as the operator has made room."
        ),
        "engine-fault": ProblemType(
            500,
            "The engine failed on this query",
            "The mistake is the engine's; another way to ask may well be answered.",
        ),
        "internal": ProblemType(500, "The server has made a mistake", "The mistake is ours and has been logged."),
    }
)

LIMITS = MappingProxyType({
    "limits.query_mb": "too-large", "limits.query_tokens": "too-large", "limits.query_nesting": "too-large",
    "limits.upload_mb": "too-large", "limits.result_mb": "answer-too-large",
    "limits.document_statements": "answer-too-large",
    "kept-query-characters": "too-large", "limits.upload_seconds": "too-large", "limits.upload_memory_mb": "too-large",
})  # fmt: skip
"""Which problem it is to hit a limit; all others are ``limit``."""
MOST_OF_A_TOKEN = 200

STATUSES = MappingProxyType({
    404: "not-found", 405: "method-not-allowed", 406: "not-acceptable", 408: "timeout", 410: "gone", 413: "too-large",
    414: "uri-too-long", 415: "media-type", 403: "refused", 503: "unavailable",
})  # fmt: skip
FOUND = MappingProxyType({
    404: Sentence("no page has this address; look at how it is spelt, or search for what you want"),
    405: Sentence("the address is right, but not for this method"),
    413: Sentence("what was sent is larger than anything that is taken here"),
})  # fmt: skip
"""What is said where the framework has found nothing, or not this."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, ready to be written.

    Attributes:
        kind: a key of ``KINDS``.
        detail: what happened this time: a ``Sentence``, which pages translate, or English.
        facts: further members of the problem object (RFC 9457 3.2): line, column, token, limit, remedy …
        headers: HTTP headers that belong to it.
    """

    kind: str
    detail: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.kind].status

    @property
    def title(self) -> str:
        """What this type of problem is called."""
        return KINDS[self.kind].title

    @property
    def meaning(self) -> str:
        """What that means, and what one can do."""
        return KINDS[self.kind].meaning

    def document(self, type_url: str) -> dict[str, Fact]:
        """Return the problem object; ``type_url`` is where its type is explained."""
        return {"type": type_url, "title": self.title, "status": self.status, "detail": self.detail, **self.facts}

    def text(self) -> str:
        """Return it as plain text, for a terminal or a client that shows what it gets."""
        lines = [f"{self.title} ({self.status} {HTTPStatus(self.status).phrase})", self.detail]
        for name, fact in self.facts.items():
            if isinstance(fact, list):
                lines += [f"{name}: {' '.join(each.values())}" for each in fact]
            else:
                lines.append(f"{name}: {fact}")
        return "\n".join(lines) + "\n"


class ProblemError(HamkorError):
    """Raised where a request ends in a problem."""

    def __init__(
        self, kind: str, detail: str, facts: Mapping[str, Fact] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(kind, detail, facts or {}, headers or {})


def problem_of(error: HamkorError) -> Problem:
    """Return the problem that an error is; the one place that maps errors to statuses."""
    found = Problem("internal", Sentence("no more is known"))
    match error:
        case ProblemError():
            found = error.problem
        case QuerySyntaxError():
            token = error.token[:MOST_OF_A_TOKEN]
            found = Problem("query-syntax", error.sentence, _facts(line=error.line, column=error.column, token=token))
        case QueryRefusedError() | QueryLimitError() | FormatError() | EngineFaultError():
            found = _problem_of_answering(error)
        case GraphNameError():
            found = Problem("bad-request", error.sentence)
        case WriteRefusedError() | PreconditionError() | BusyError() | UpdateError():
            found = _problem_of_writing(error)
        case EngineUnavailableError() | WorkKilledError() | ReleaseError():
            found = _problem_of_service(error)
        case SettingError() | ShapesError() | SourceError():
            found = Problem("internal", Sentence("the publication cannot be used: %(words)s", words=error))
    return found


def problem_of_system(error: Exception) -> Problem | None:
    """Return the problem that the system does not give what it must (room, files, access), or None for another error.

    Args:
        error: one of Python's, or of a library.
    """
    if not storage_code(error):
        return None
    return _problem_of_service(StorageError.of(Sentence("the machine does not do what is needed"), error))


def _problem_of_service(error: EngineUnavailableError | WorkKilledError | ReleaseError) -> Problem:
    if isinstance(error, EngineUnavailableError):
        return Problem("unavailable", error.problem, {}, {"Retry-After": str(max(1, round(error.retry_after)))})
    is_full = isinstance(error, StorageError) and error.is_full
    kind, seconds = ("insufficient-storage", "60") if is_full else ("unavailable", "5")
    return Problem(kind, error.problem, _facts(remedy=error.remedy), {"Retry-After": seconds})


def _problem_of_answering(error: QueryRefusedError | QueryLimitError | FormatError | EngineFaultError) -> Problem:
    match error:
        case FormatError():
            said = Sentence("%(title)s cannot express %(what)s", title=error.form, what=error.fault)
            is_rows = error.form == RESULTS_XML.title
            remedy = Sentence("ask for JSON, CSV or TSV") if is_rows else Sentence("ask for Turtle or N-Triples")
            return Problem("not-acceptable", said, {"remedy": remedy})
        case QueryRefusedError():
            return Problem("refused", error.problem, _facts(remedy=error.remedy))
        case EngineFaultError():
            return Problem("engine-fault", error.problem, _facts(remedy=error.remedy))
    facts = _facts(limit=error.limit, value=error.value, remedy=error.remedy)
    return Problem(LIMITS.get(error.limit, "limit"), error.problem, facts)


def _problem_of_writing(error: WriteRefusedError | PreconditionError | BusyError | UpdateError) -> Problem:
    match error:
        case WriteRefusedError():
            return Problem("not-writable", error.sentence)
        case PreconditionError():
            return Problem("precondition-failed", error.sentence)
        case UpdateError():
            return Problem("update", error.problem, _facts(remedy=error.remedy))
    return Problem("conflict", error.problem, _facts(remedy=error.remedy), {"Retry-After": "2"})


def document_problem(error: SourceError) -> ProblemError:
    """Return the problem that a document which somebody has sent cannot be read."""
    place = _facts(
        document=error.path, line=error.line, column=error.column, pointer=error.pointer, remedy=error.remedy
    )
    others = [dict(each) for each in error.others]
    return ProblemError("document", error.problem, place | _facts(others=others or None, more=error.more or None))


def problem_of_status(status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> Problem:
    """Return the problem for a status that the framework found.

    Args:
        status: the HTTP status.
        detail: what the framework says, where it says more than the status does.
        headers: HTTP headers that belong to it.
    """
    fallback = "bad-request" if 400 <= status < 500 else "internal"
    said = Quotation(detail) if detail else FOUND.get(status, Sentence("no more is known"))
    return Problem(STATUSES.get(status, fallback), said, {}, headers or {})


def _facts(**facts: Fact | None) -> dict[str, Fact]:
    return {name: fact for name, fact in facts.items() if fact not in (None, "")}
