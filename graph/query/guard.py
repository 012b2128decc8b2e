"""What a query may ask for, decided on its tokens before anything runs it.

It evaluates nothing and replaces no parser: the engine still judges the grammar. It makes sure of what the engine
would not refuse, above all that nothing dials out unread. What runs is therefore not only inspected: wherever the
letters of SERVICE stand in a string, an IRI or a name, they are written so that no reader can take them for the
keyword (``graph.query.disguises``), comments with them disappear, and the endpoint of a permitted call is written out
as the allow-list has it, or as the address through which it is to be reached. What is then left of these letters is
counted. Names with the letters of FROM or GRAPH are written out too, so that the dataset read here is the engine's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from graph.errors import QueryRefusedError, QuerySyntaxError
from graph.query import disguises, escapes
from graph.query.engine import Dataset, QueryForm
from graph.query.federation import canonical_endpoint
from graph.query.functions import EXTENSION_FUNCTIONS
from graph.query.grammar import departure
from graph.query.places import Revision, line_and_column, offset_at, revised
from graph.query.plain import LONGEST, PlainQuery, read_plain
from graph.query.projection import spelled_out
from graph.query.reading import Reading, Rules
from graph.query.tokens import misplaced, tokens

MAX_TOKENS = 500_000
PLAIN_TOKENS = LONGEST
"""A plain query has fewer tokens than characters."""
MAX_NESTING = 400
TRIPLE_TERM = "<<("


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """A query that may run.

    Attributes:
        text: exactly what is to be run; the query as written wherever nothing had to be made unambiguous.
        form: its query form.
        services: the allowed endpoints that it calls, as the allow-list spells them.
        clauses: the dataset that its FROM and FROM NAMED clauses name, each graph once.
        uses_graph_clause: whether it says GRAPH.
        functions: the IRIs that it calls as functions.
        normalised: its normal form, the same for queries that differ in comments and white space only.
        written: the query as the client sent it.
        base: the IRI against which its relative IRIs are resolved, as the reader was told.
    """

    text: str
    form: QueryForm
    services: tuple[str, ...]
    clauses: Dataset
    uses_graph_clause: bool
    functions: tuple[str, ...]
    normalised: str
    written: str = field(repr=False)
    base: str | None
    _revisions: tuple[Revision, ...] = field(default=(), repr=False)

    def written_at(self, offset: int) -> int:
        """Return the offset in ``written`` of what stands at an offset of ``text``."""
        return _origin(self._revisions, offset)


def read_query(
    text: str,
    *,
    services: Iterable[str] | Mapping[str, str] = frozenset(),
    base: str | None = None,
    functions: frozenset[str] | None = EXTENSION_FUNCTIONS,
    max_tokens: int = MAX_TOKENS,
    max_nesting: int = MAX_NESTING,
) -> ReadQuery:
    """Read a query and decide whether it may run.

    Args:
        text: the query as the client sent it.
        services: the IRIs of the endpoints that SERVICE may call; as a mapping, with what is written in place of
            each, as ``graph.query.forwarder.Forwarder.addresses`` has it.
        base: the IRI against which relative IRIs are resolved, the same that the engine is given.
        functions: the function IRIs that the engine has, or None where that is not known.
        max_tokens: how many tokens a query may have.
        max_nesting: how deeply its brackets may nest.

    Raises:
        QuerySyntaxError: it is no query (but an update, perhaps), more than one, or uses a prefix or a function that is
            not there.
        QueryRefusedError: it has a SERVICE clause that is not allowed.
        QueryLimitError: it has too many tokens or nests too deeply.
    """
    if max_tokens >= PLAIN_TOKENS and (plain := read_plain(text)) is not None:
        return _as_plain(text, plain, base)
    _check_characters(text)
    addresses = services if isinstance(services, Mapping) else {iri: iri for iri in services}
    allowed = {key: iri for iri in addresses if (key := canonical_endpoint(iri))}
    rules = Rules(allowed, addresses, functions, max_tokens, max_nesting)
    revisions = [escapes.resolved(text)]
    try:
        revisions.append(spelled_out(revisions[-1].text))
        reading = Reading(revisions[-1].text, base, rules)
        reading.read()
        if reading.passed_over or TRIPLE_TERM in text:
            _check_grammar(revisions[-1].text)
    except QuerySyntaxError as error:
        raise _as_written(error, revisions, text) from None
    run = revised(revisions[-1].text, reading.edits)
    if disguises.mentions(run.text) != reading.harmless:
        raise QueryRefusedError("a SERVICE clause may be hidden in this query", "write names with it as full IRIs")
    return ReadQuery(
        text=run.text,
        form=cast(QueryForm, reading.form),
        services=tuple(reading.services),
        clauses=Dataset(tuple(reading.default_graphs), tuple(reading.named_graphs)),
        uses_graph_clause=reading.graph_clause,
        functions=tuple(reading.functions),
        normalised=reading.normalised,
        written=text,
        base=base,
        _revisions=tuple(each for each in (*revisions, run) if each.marks),
    )


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """How queries are to be read: the arguments of ``read_query`` that a service has."""

    services: Mapping[str, str]
    base: str
    max_tokens: int = MAX_TOKENS
    max_nesting: int = MAX_NESTING

    def of(self, text: str) -> ReadQuery:
        """Read a query so.

        Raises:
            HamkorError: as ``read_query``.
        """
        return read_query(
            text, services=self.services, base=self.base, max_tokens=self.max_tokens, max_nesting=self.max_nesting
        )


def read_as(wanted: tuple[str, ReaderOptions]) -> ReadQuery:
    """Read a query in a process of its own (``graph.sandbox``)."""
    text, options = wanted
    return options.of(text)


def _as_plain(text: str, plain: PlainQuery, base: str | None) -> ReadQuery:
    return ReadQuery(text, plain.form, (), Dataset(), False, (), plain.normalised, text, base)


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        place = line_and_column(text, error.start)
        raise QuerySyntaxError("a surrogate is no character", *place, token=ascii(text[error.start])) from error


def _check_grammar(text: str) -> None:
    """Make sure of what the engine will not: it takes triple terms that are none, and may not see the whole text."""
    found = departure(tokens(text))
    if found is not None:
        raise misplaced(text, found.token, found.problem)


def _origin(revisions: Sequence[Revision], offset: int) -> int:
    for revision in reversed(revisions):
        offset = revision.origin(offset)
    return offset


def _as_written(error: QuerySyntaxError, revisions: Sequence[Revision], text: str) -> QuerySyntaxError:
    """Move an error from a text that has been revised to the text that the client sent."""
    if not any(each.marks for each in revisions) or error.line is None or error.column is None:
        return error
    offset = _origin(revisions, offset_at(revisions[-1].text, error.line, error.column))
    return QuerySyntaxError(error.problem, *line_and_column(text, offset), token=error.token)
