"""The embedded engine: queries over a release's own store, in this process, and its syntax errors in our words."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from io import BytesIO
from itertools import count
from typing import IO, ParamSpec, TypeVar, cast

import pyoxigraph as ox
from cachetools import LRUCache
from pyoxigraph import Literal

from graph.export.documents import CarriageReturns, Undirected, kept_in_xml, undirected, write_statements
from graph.model.errors import NO_WORDS, QueryRefusedError, QuerySyntaxError, Quotation, Said, Sentence
from graph.model.formats import RESULTS_CSV, RESULTS_JSON, RESULTS_TSV, RESULTS_XML, TRIPLE_FORMATS, Format
from graph.model.rdf_terms import PREFIXES
from graph.query.engine import PROBE, Answer, Dataset, Declarations, QueryRequest, digest_of, resolved, unsupported
from graph.query.sparql import ordering
from graph.query.sparql.guard import ReadQuery
from graph.query.sparql.ordering import ORDER, in_order
from graph.query.sparql.rewriting import CONCERNED, COUNTED, by_specification, counted_values
from graph.query.sparql.tokens import (
    CONSTANT,
    QUOTED,
    QueryShape,
    Token,
    TokenKind,
    filled,
    line_and_column,
    offset_at,
    shape_of,
    tokens,
)
from graph.query.sparql.tree import departure, tree_of
from graph.releases.release import Release

# From the engine's syntax error to ours: what is wrong, in which line and column, at which token.
#
# It is asked only when the engine has refused a query that the guard had let through. The place that the engine names
# is the furthest character it looked at, up to a keyword's length behind the fault; so the grammar and the legality of
# IRIs and language tags are looked at first, and the engine's own words are used where they say more.

_MESSAGE = re.compile(r"error at (\d+):(\d+): expected (?:one of )?(.*)", re.DOTALL)
# What the engine says in words stands among the signs and keywords it expected; it has three words or more.
_SENTENCE = re.compile(r"(?:^|, )([A-Za-z]\w+(?: [^\s,\[\]\"]+){2,})")


def syntax_error(error: SyntaxError, query: ReadQuery) -> QuerySyntaxError:
    """Turn what pyoxigraph raised for ``query.text`` into an error that names a place in what the client wrote."""
    found = departure(tokens(query.text))
    if found is not None:
        return _at(found.token, found.problem, query)
    return _illegal_term(query) or _in_the_engine_s_words(str(error), query)


def _at(token: Token, problem: Said, query: ReadQuery) -> QuerySyntaxError:
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
        if token.kind is TokenKind.IRI and before:
            reference = token.text[1:-1]
            if before[-1].text.upper() == "BASE":
                declared.declare_base(reference)
            elif len(before) > 1 and before[-2].text.upper() == "PREFIX":
                declared.declare_prefix(before[-1].text[:-1], reference)
        before = [*before[-1:], token]
    return None


def _problem(token: Token, declared: Declarations) -> Said:
    if token.kind is TokenKind.IRI and not declared.is_legal(token.text[1:-1]):
        return Sentence("this is no absolute IRI, and there is no BASE that would make it one")
    if token.kind is TokenKind.PREFIXED_NAME and declared.has_prefix(token.text.partition(":")[0]):
        iri = declared.expand(token.text)
        if not resolved(iri, None):
            return Sentence("this name stands for <%(text)s>, which is no legal IRI", text=iri)
    if token.kind is TokenKind.LANGUAGE:
        tag, _, direction = token.text[1:].partition("--")
        return _language_problem(tag, direction)
    return NO_WORDS


def _language_problem(tag: str, direction: str) -> Said:
    if direction not in {"", "ltr", "rtl"}:
        return Sentence("a base direction is ltr or rtl")
    try:
        Literal("", language=tag)
    except ValueError:
        return Sentence("this is no legal language tag")
    return NO_WORDS


def _in_the_engine_s_words(message: str, query: ReadQuery) -> QuerySyntaxError:
    found = _MESSAGE.match(message)
    if found is None:
        return QuerySyntaxError(Sentence("the engine cannot read the query: %(words)s", words=Quotation(message)))
    offset = offset_at(query.text, int(found[1]), int(found[2]))
    sentence = _SENTENCE.search(found[3])
    problem: Said = Sentence("the engine cannot read the query about here")
    if sentence is not None:
        problem = Quotation(sentence[1].rstrip("."))
    token = next(
        (token for token in tokens(query.text) if token.end > offset), Token(TokenKind.ERROR, "", len(query.text))
    )
    return _at(token, problem, query)


# The RDF merge of several named graphs, as a set, for a query that names them as its default graph.
#
# The engine would take a triple that stands in two of them for two (SPARQL 1.1 Query 13.2 wants the merge). It is used
# only where the chosen graphs really share triples; the release knows which do.


def merged_store(store: ox.Store, default_graphs: Iterable[str], named_graphs: Iterable[str]) -> ox.Store:
    """Return a store in memory whose default graph is the merge of some graphs of a store, with some named graphs."""
    merged = ox.Store()
    for iri in default_graphs:
        found = store.quads_for_pattern(None, None, None, ox.NamedNode(iri))
        merged.bulk_extend(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in found)
    for iri in named_graphs:
        merged.bulk_extend(store.quads_for_pattern(None, None, None, ox.NamedNode(iri)))
    return merged


# The embedded engine: queries over a release's own store, in this process.
#
# It answers completely or raises; what protects others from a runaway query stands around it, not in it.

RESULTS = {
    RESULTS_JSON: ox.QueryResultsFormat.JSON,
    RESULTS_XML: ox.QueryResultsFormat.XML,
    RESULTS_CSV: ox.QueryResultsFormat.CSV,
    RESULTS_TSV: ox.QueryResultsFormat.TSV,
}
ORDER_FUNCTIONS: dict[ox.NamedNode, Callable[..., ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None]] = {
    ox.NamedNode(ordering.KEY): ordering.key,
    ox.NamedNode(ordering.TIE): ordering.tie,
}
Found = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class EmbeddedEngine:
    """Answers from one release."""

    release: Release

    @property
    def services(self) -> Mapping[str, str]:
        """None: calls from this process would have no limits (``graph.query.engine.Engine``)."""
        return {}

    def check(self, seconds: float) -> None:  # noqa: ARG002  a query here takes as long as it takes
        """Make sure that queries are answered; raise what a query would meet."""
        self.answer(PROBE)

    def answer(self, request: QueryRequest) -> Answer:
        """Answer the request, as ``graph.query.engine.Engine`` says.

        Raises:
            QuerySyntaxError: the engine cannot parse the query, or lacks a function that it calls.
            QueryRefusedError: the wanted format cannot hold this kind of answer.
        """
        body = written(evaluate(self.release.store, request, frozenset(self.release.manifest.sharing)), request.format)
        return Answer(body, self.release.id, digest_of(body))


def _told_of_functions(work: Callable[P, R]) -> Callable[P, R]:
    """Tell what the engine raises about a function in the middle of an answer as what it is: a mistake of the query."""

    @wraps(work)
    def told(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return work(*arguments, **named)
        except RuntimeError as problem:
            raise unsupported(problem) or problem from problem

    return told


@_told_of_functions
def evaluate(
    store: ox.Store, request: QueryRequest, sharing: frozenset[str], known: RewrittenShapes | None = None
) -> Found:
    """Return what the engine finds, not yet iterated.

    Args:
        store: the release's store.
        request: the query and its dataset.
        sharing: the graphs of the release that have a triple in common with another.
        known: how queries of some shapes are written for the engine, for whoever asks many.

    Raises:
        QuerySyntaxError: the engine cannot parse the query.
    """
    write = as_meant if known is None else known.as_meant
    dataset = request.effective_dataset
    default, named = _graphs(dataset)
    if len(sharing.intersection(dataset.default_graphs)) > 1:
        store = merged_store(store, dataset.default_graphs, dataset.named_graphs if request.uses_graphs else ())
        default = [ox.DefaultGraph()]
    plain = partial(store.query, base_iri=request.base, default_graph=default, named_graphs=named)
    try:
        text = write(request.text, lambda: _visible_graphs(store, dataset))
        if text != request.text:
            with contextlib.suppress(SyntaxError):  # then the query as it was written has an error, and its place
                return plain(text, custom_functions=ORDER_FUNCTIONS)
        return plain(request.text)
    except SyntaxError as problem:
        raise QuerySyntaxError(Quotation(problem.msg), problem.lineno, problem.offset) from problem


@_told_of_functions
def evaluate_plain(store: ox.Store, request: QueryRequest) -> Found:
    """Return what the engine finds for a query of which nothing can mean anything else to it, and of no dataset.

    Raises:
        QuerySyntaxError: the engine cannot parse the query.
    """
    try:
        return store.query(request.text, base_iri=request.base)
    except SyntaxError as problem:
        raise QuerySyntaxError(Quotation(problem.msg), problem.lineno, problem.offset) from problem


def as_meant(text: str, graphs: Callable[[], list[str]]) -> str:
    """Return a query as the engine has to have it to answer what it means; what has no tree stays as it is."""
    if COUNTED.search(text) is not None and (counting := tree_of(text)) is not None:
        text = counted_values(counting)
    is_ordered = ORDER.search(text) is not None
    tree = tree_of(text) if is_ordered or CONCERNED.search(text) is not None else None
    if tree is None:
        return text
    patterns = by_specification(tree, graphs)
    if is_ordered and patterns is not tree.text:
        tree = tree_of(patterns)
    return in_order(tree) if is_ordered and tree is not None else patterns


class RewrittenShapes:
    """What ``as_meant`` says, remembered by the shapes of queries (``graph.query.sparql.tokens``).

    Constants are carried over as they are, so how a query is written otherwise does not depend on them. To find them in
    what is written, ``as_meant`` is given numbered ones. What depends on the graphs of a store is not remembered.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: LRUCache[str, _RewrittenShape] = LRUCache(MOST_BYTES, getsizeof=lambda known: known.size)

    def as_meant(self, text: str, graphs: Callable[[], list[str]]) -> str:
        """Return what ``as_meant`` returns, where possible without a tree.

        Raises:
            HamkorError: as ``as_meant``.
        """
        if not any(each.search(text) for each in (ORDER, CONCERNED, COUNTED)):
            return text
        shape = shape_of(text)
        if shape is None:
            return as_meant(text, graphs)
        known = self._known.get(shape.key)
        if known is None:
            known = self._known[shape.key] = _rewritten(text, shape)
        if known.pieces is None:
            return as_meant(text, graphs)
        return filled(known.pieces, [shape.constants[number] for number in known.numbers])


# A constant that stands for another, by its number, in a form of each kind; no other text has these digits.
_MARK = "87420319"
_MARKED = {"<": f"<x:{_MARK}%04d>", '"': f'"{_MARK}%04d"'}
_MARKS = re.compile(rf"<x:{_MARK}[0-9]{{4}}>|\"{_MARK}[0-9]{{4}}\"|{_MARK}[0-9]{{4}}")
MOST_BYTES, COPIES, OVERHEAD_BYTES = 1 << 20, 4, 1_000


@dataclass(frozen=True, slots=True)
class _RewrittenShape:
    """How queries of a shape are written: the text around constants, and which stand there; None: not always so."""

    shape: str
    pieces: list[str] | None = None
    numbers: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """About how many bytes it takes, with its shape."""
        return COPIES * (len(self.shape) + sum(map(len, self.pieces or ()))) + OVERHEAD_BYTES


def _rewritten(text: str, shape: QueryShape) -> _RewrittenShape:
    if _MARK in shape.key or ("#" in shape.key and not shape.are_tokens(text)):
        return _RewrittenShape(shape.key)
    asked = list[None]()

    def graphs() -> list[str]:
        asked.append(None)
        return []

    numbers = count()
    marked = CONSTANT.sub(lambda found: _MARKED.get(found[0][0], f"{_MARK}%04d") % next(numbers), text)
    written = as_meant(marked, graphs)
    if asked:
        return _RewrittenShape(shape.key)
    places = tuple(int(mark.strip('>"')[-4:]) for mark in _MARKS.findall(written))
    return _RewrittenShape(shape.key, _MARKS.split(written), places)


def _visible_graphs(store: ox.Store, dataset: Dataset) -> list[str]:
    if dataset.is_named:
        return list(dict.fromkeys(dataset.named_graphs))
    return [graph.value for graph in store.named_graphs()]


def _graphs(dataset: Dataset) -> tuple[list[_Graph] | None, list[_Name] | None]:
    """Return the dataset as pyoxigraph takes it: both lists or neither, or the rest of the store leaks in."""
    if not dataset.is_named:
        return None, None
    default, named = dict.fromkeys(dataset.default_graphs), dict.fromkeys(dataset.named_graphs)  # twice is once
    return [ox.NamedNode(iri) for iri in default], [ox.NamedNode(iri) for iri in named]


_Graph = ox.NamedNode | ox.BlankNode | ox.DefaultGraph
_Name = ox.NamedNode | ox.BlankNode


@_told_of_functions
def written(found: Found, form: Format, *, directions: bool = True) -> bytes:
    """Evaluate to the end and return the answer, as ``write_answer`` writes it; solutions without a detour.

    Raises:
        HamkorError: as ``write_answer``.
    """
    if isinstance(found, ox.QuerySolutions) and form in RESULTS:
        body = found.serialize(format=RESULTS[form]) or b""
        is_plain = form is RESULTS_TSV and not directions
        return kept_in_xml(body) if form is RESULTS_XML else undirected(body) if is_plain else body
    output = BytesIO()
    write_answer(found, form, output, directions=directions)
    return output.getvalue()


@_told_of_functions
def write_answer(found: Found, form: Format, output: IO[bytes], *, directions: bool = True) -> None:
    """Evaluate to the end, writing the answer.

    Args:
        found: the answer.
        form: its format.
        output: where to; it stays open.
        directions: whether texts keep their direction where readers of RDF 1.1 would refuse the answer for it.

    Raises:
        QueryRefusedError: the wanted format cannot hold this kind of answer.
        QuerySyntaxError: the query calls a function that the engine does not have.
    """
    if isinstance(found, ox.QueryTriples):
        if form not in TRIPLE_FORMATS:
            raise QueryRefusedError(
                Sentence("%(form)s cannot hold a graph", form=form.title), Sentence("ask for Turtle, JSON-LD …")
            )
        write_statements(found, output, form, PREFIXES, directions=directions)
    elif form not in RESULTS or (isinstance(found, ox.QueryBoolean) and form in (RESULTS_CSV, RESULTS_TSV)):
        raise QueryRefusedError(
            Sentence("%(form)s cannot hold this answer", form=form.title), Sentence("ask for JSON or XML")
        )
    else:
        lines = Undirected(output) if form is RESULTS_TSV and not directions else None
        stream = lines or (CarriageReturns(output) if form is RESULTS_XML else output)
        found.serialize(cast("IO[bytes]", stream), format=RESULTS[form])
        if lines is not None:
            lines.end()
