"""What an engine of others is asked for one query, in a worker, and the answer that is written of it.

Every query names its dataset: the default graph is a graph that holds the merge of the release, each triple once, and
the named graphs are those of the release. So it does not matter what an engine takes for its default graph, nor what
else it holds. CONSTRUCT and DESCRIBE are asked as SELECT, since graphs have formats without an end, and the graph is
made here. A few queries are not asked at all, but answered by the embedded engine: those that it alone answers exactly.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, cast

import msgspec
import pyoxigraph as ox

from graph.export.documents import write_statements
from graph.model.errors import EngineUnavailableError, QueryRefusedError, Sentence
from graph.model.formats import RESULTS_CSV, RESULTS_TSV, TRIPLE_FORMATS
from graph.model.rdf_terms import PREFIXES
from graph.query.embedded import write_answer
from graph.query.engine import CASTS, QueryForm, QueryRequest
from graph.query.external.engine_exchange import EngineClient
from graph.query.external.probed_constructs import for_product, has
from graph.query.external.whole_answers import RESULTS_TYPE, SURE_ROWS, RemoteFailureError, RemoteResults
from graph.query.sparql.tokens import TextEdit, TokenKind, revised
from graph.query.sparql.tree import SyntaxNode, SyntaxTree, tree_of, walk

# What stands in a dataset beside the graphs of the release, under names that no query can reach.

OWN = "urn:x-hamkor:"
MERGE, MARKER, NOTHING = f"{OWN}merge", f"{OWN}marker", f"{OWN}nothing"
"""The merge; which release the dataset holds; a graph that there is not, for a dataset without a default graph."""
HOLDS, TOKEN, GRAPH = f"{OWN}holds", f"{OWN}token", f"{OWN}graph"
MARKED_BY = f"ASK {{ GRAPH <{MARKER}> {{ <{MARKER}> <{HOLDS}> %s ; <{TOKEN}> %s }} }}"


class RemoteDataset(msgspec.Struct, frozen=True):
    """A dataset of an engine that holds a release, as a worker is told of it.

    Attributes:
        url: where queries are asked.
        release: the id of the release.
        token: what its marker says beside that: another with each load.
        product: what the engine calls itself.
        counts_once: whether a triple that two default graphs of a query share counts once.
        most_rows: how many rows an answer has at most; 0 where no such bound was met.
        proven_rows: so many rows it has been seen to give.
        unreliable: constructs that its engine answers otherwise than the embedded one.
        patience: parameters that tell the engine when to stop by itself, and the unit of each in seconds.
    """

    url: str
    release: str
    token: str
    product: str = ""
    counts_once: bool = False
    most_rows: int = 0
    proven_rows: int = 0
    patience: dict[str, float] = {}
    unreliable: tuple[tuple[str, ...], ...] = ()


def patience_of(product: str) -> dict[str, float]:
    """Return the parameters by which an engine is told when to stop by itself, and the unit of each in seconds."""
    return {"timeout": 0.001} if product.startswith("Virtuoso") else {}


def patient(url: str, product: str) -> RemoteDataset:
    """Return a dataset that holds no release, to find out what its engine does."""
    return RemoteDataset(url, "", "", product, patience=patience_of(product))


# Which queries are the embedded engine's: exactly or not at all.

BEYOND = re.compile(
    r"opengis\.net/def/function|<<|\{\||(?<![\w:?$/#.-])(?:(?:isTRIPLE|TRIPLE|SUBJECT|PREDICATE|OBJECT|hasLANG|hasLANGDIR"
    r"|LANGDIR|STRLANGDIR|ADJUST)\s*\(|LATERAL\s*\{|VERSION\s*[\"'])",
    re.IGNORECASE,
)
"""GeoSPARQL, and what SPARQL 1.2 adds: not every engine has them, and no service description here leaves them out."""
COMMON_CASTS = frozenset(
    f"http://www.w3.org/2001/XMLSchema#{name}"
    for name in ("string", "boolean", "double", "float", "integer", "decimal", "dateTime")
)
"""The constructor functions of SPARQL 1.1 section 17.5."""
RARE_CASTS = re.compile(
    "|".join(rf"{re.escape(iri)}\b|\bxsd:{iri.rpartition('#')[2]}\b" for iri in sorted(CASTS - COMMON_CASTS))
    + r"\s*[>]?\s*\("
)
ADDED: dict[QueryForm, tuple[str, ...]] = {"CONSTRUCT": ("DISTINCT",), "DESCRIBE": ("VALUES",)}
"""What a query has that is asked in place of one that makes a graph (``probed_constructs.features_of``)."""
MOST_SEEN = 200_000
DESCRIBED_AT_ONCE = 500
PATIENCE_SECONDS = 1.0


@dataclass
class RemoteEngine:
    """Asks one dataset for one worker.

    Attributes:
        dataset: what is asked.
        graphs: the IRIs of the named graphs of the release, in order.
        sharing: those of them that have a triple in common with another.
        client: by which it is asked.
        spool: the folder for what is large.
        most_bytes: how large an answer of the engine may be, as it sends it.
        seconds: how long a query may take.
    """

    dataset: RemoteDataset
    graphs: Sequence[str]
    sharing: frozenset[str]
    client: EngineClient
    spool: Path
    most_bytes: int
    seconds: float
    _end: float = field(default=0.0)
    _has_begun: bool = field(default=False)

    def answered(self, request: QueryRequest, output: IO[bytes]) -> bool:
        """Write the answer to a query; return False, with nothing written, where the embedded engine has to.

        Raises:
            RemoteFailureError: the engine gives no whole answer, or none before the query's time is up.
            HamkorError: as ``graph.query.embedded.write_answer``, and where the engine cannot be reached.
            ResultTooLargeError: it is larger than an answer may be.
        """
        tree = None if self._is_embedded(request) else tree_of(request.text)
        if tree is None or has(tree, self.dataset.unreliable, ADDED.get(request.form, ())):
            return False
        tree = for_product(tree, self.dataset.product, self._named(request))
        self._end = time.monotonic() + self.seconds
        try:
            self._answer(request, tree, output)
        except RemoteFailureError as problem:
            # nothing has been written: the first that is asked is asked before
            if problem.kind == "declined" and not self._has_begun:
                return False
            raise
        except EngineUnavailableError as problem:
            # whoever watches the query looks only now and then, so the connection may have met the deadline before
            if time.monotonic() < self._end:
                raise
            raise RemoteFailureError("time", Sentence("the query took too long and was stopped")) from problem
        except (SyntaxError, ValueError):  # no template that Turtle has: the embedded engine says what is wrong
            return False
        return True

    def _answer(self, request: QueryRequest, tree: SyntaxTree, output: IO[bytes]) -> None:
        self._has_begun = False
        match request.form:
            case "CONSTRUCT":
                self._construct(request, GraphTemplate(tree, request.base), output)
            case "DESCRIBE":
                things = list(dict.fromkeys(self._things(request, tree)))
                self._write_graph(request, self._described(request, things), output)
            case _:
                self._write_results(request, _without_clauses(tree), output)

    def verify(self) -> None:
        """Make sure that the dataset holds what it is to hold: whoever is connected to may have begun anew, empty.

        Raises:
            RemoteFailureError: it does not.
        """
        query = MARKED_BY % tuple(str(ox.Literal(each)) for each in (self.dataset.release, self.dataset.token))
        with closing(self._sent(query, (), ())) as results:
            if not results.is_true:
                raise RemoteFailureError("engine", Sentence("the SPARQL engine does not hold the release any more"))
        self.client.has_connected = False

    # The dataset that a query sees

    def _is_embedded(self, request: QueryRequest) -> bool:
        if BEYOND.search(request.text) or RARE_CASTS.search(request.text):
            return True
        dataset = request.effective_dataset
        shared = self.sharing.intersection(dataset.default_graphs)
        if len(shared) > 1 and not self.dataset.counts_once:
            return True
        # engines differ in what GRAPH sees in a dataset without a named graph
        return request.uses_graphs and not self._named(request)

    def _default(self, request: QueryRequest) -> tuple[str, ...]:
        dataset = request.effective_dataset
        if not dataset.is_named:
            return (MERGE,)
        known = set(self.graphs)
        return tuple(each for each in dict.fromkeys(dataset.default_graphs) if each in known) or (NOTHING,)

    def _named(self, request: QueryRequest) -> tuple[str, ...]:
        dataset = request.effective_dataset
        if not request.uses_graphs:
            return ()
        if not dataset.is_named:
            return tuple(self.graphs)
        known = set(self.graphs)  # whatever else the engine holds is nobody's business here
        return tuple(each for each in dict.fromkeys(dataset.named_graphs) if each in known)

    # Asking

    def _asked(self, request: QueryRequest, text: str, *, is_counted: bool = True) -> RemoteResults:
        """Ask, and make sure that the answer is whole.

        Raises:
            RemoteFailureError: it is not.
        """
        default, named = self._default(request), self._named(request)
        results = self._sent(_based(request, text), default, named)
        try:
            if self.client.has_connected:
                self.verify()
            if is_counted:
                self._check_rows(results.rows, request, text)
        except BaseException:
            results.close()
            raise
        return results

    def _check_rows(self, rows: int, request: QueryRequest, text: str) -> None:
        """Make sure that no row is left out; where the engine was never seen to give so many, it is asked to count."""
        most = self.dataset.most_rows
        if most and rows >= most:
            raise RemoteFailureError(
                "fault", Sentence("the engine gives no more than %(number)s rows of an answer", number=most)
            )
        if rows <= max(SURE_ROWS, self.dataset.proven_rows):
            return
        tree = tree_of(text)
        if tree is None:
            raise RemoteFailureError("fault", Sentence("it cannot be told whether the engine's answer is whole"))
        begins, ends = tree.characters(tree.query)
        counting = f"{text[:begins]}SELECT (COUNT(*) AS ?_rows) WHERE {{ {{ {text[begins:ends]}\n}} }}"
        with closing(self._asked(request, counting, is_counted=False)) as results:
            told = next((_number(row[0]) for row in results.solutions()), -1)
        if told != rows:
            said = Sentence("the engine gives %(rows)s rows of %(number)s that there are", rows=rows, number=told)
            raise RemoteFailureError("fault", said)

    def _sent(self, query: str, default: Sequence[str], named: Sequence[str]) -> RemoteResults:
        left = max(0.01, self._end - time.monotonic()) if self._end else self.seconds
        fields = [("query", query)]
        fields += [("default-graph-uri", each) for each in default]
        fields += [("named-graph-uri", each) for each in named]
        # later than we do ourselves: an engine that gives what it has when its time is up must find nobody waiting
        fields += [(name, str(int((left + PATIENCE_SECONDS) / unit))) for name, unit in self.dataset.patience.items()]
        response = self.client.form(self.dataset.url, fields, RESULTS_TYPE, left)
        return RemoteResults(response, self.spool, self.most_bytes)

    # Answering

    def _write_results(self, request: QueryRequest, text: str, output: IO[bytes]) -> None:
        if request.form == "ASK" and request.format in (RESULTS_CSV, RESULTS_TSV):
            write_answer(ox.Store().query("ASK {}"), request.format, output)  # says that it cannot
        with closing(self._asked(request, text)) as results:
            write_answer(results.found(), request.format, output, directions=False)

    def _write_graph(self, request: QueryRequest, triples: Iterator[ox.Triple], output: IO[bytes]) -> None:
        if request.format not in TRIPLE_FORMATS:
            raise QueryRefusedError(
                Sentence("%(form)s cannot hold a graph", form=request.format.title),
                Sentence("ask for Turtle, JSON-LD …"),
            )
        self._has_begun = True
        write_statements(_once(triples), output, request.format, PREFIXES, directions=False)

    def _construct(self, request: QueryRequest, template: GraphTemplate, output: IO[bytes]) -> None:
        with closing(self._asked(request, template.selecting())) as results:
            terms = ({name: solution[name] for name in template.names} for solution in results.solutions())
            self._write_graph(request, chain.from_iterable(map(template.filled, terms)), output)

    def _described(self, request: QueryRequest, things: Sequence[ox.NamedNode]) -> Iterator[ox.Triple]:
        for start in range(0, len(things), DESCRIBED_AT_ONCE):
            values = " ".join(str(each) for each in things[start : start + DESCRIBED_AT_ONCE])
            query = f"SELECT ?s ?p ?o WHERE {{ VALUES ?s {{ {values} }} ?s ?p ?o }}"
            with closing(self._asked(request, query)) as results:
                for subject, predicate, target in results.solutions():
                    yield ox.Triple(
                        cast("ox.NamedNode", subject), cast("ox.NamedNode", predicate), cast("ox.NamedNode", target)
                    )

    def _things(self, request: QueryRequest, tree: SyntaxTree) -> Iterator[ox.NamedNode]:
        """Yield what a DESCRIBE describes: the IRIs that it names, and those that its variables are bound to."""
        query, prologue = tree.query, _prologue(tree)
        own = [tree.tokens[number] for number in tree.own(query) if number > query.first]
        variables = [each.text for each in own if each.kind is TokenKind.VARIABLE or each.text == "*"]
        yield from _iris(prologue, [each.text for each in own if each.text not in variables], request.base)
        where = query.part("WhereClause")
        if not variables or where is None:
            return
        rest = _rest(tree, query, where)
        with closing(self._asked(request, f"{prologue}SELECT {' '.join(variables)} {rest}")) as results:
            for solution in results.solutions():
                yield from (each for each in solution if isinstance(each, ox.NamedNode))


def _number(term: object) -> int:
    return int(term.value) if isinstance(term, ox.Literal) and term.value.isdecimal() else -1


# From one text to another


def _based(request: QueryRequest, text: str) -> str:
    """Return a query that has its base in it, so that its relative IRIs are what they are here."""
    return f"BASE <{request.base}>\n{text}"


def _prologue(tree: SyntaxTree) -> str:
    return tree.text[: tree.characters(tree.query)[0]]


def _without_clauses(tree: SyntaxTree) -> str:
    """Return a query without its FROM clauses: its dataset goes beside it, and engines differ in which one counts."""
    clauses = [each for each in tree.query.parts if each.name == "DatasetClause"]
    return revised(tree.text, [TextEdit(*tree.characters(each), " ") for each in clauses]).text


def _rest(tree: SyntaxTree, query: SyntaxNode, where: SyntaxNode) -> str:
    """Return what follows the head of a query: its pattern and its modifiers."""
    return tree.text[tree.characters(where)[0] : tree.characters(query)[1]]


def _iris(prologue: str, names: Sequence[str], base: str) -> Iterator[ox.NamedNode]:
    for name in names:
        for quad in ox.parse(f"{prologue}\n{name} a {name} .", format=ox.RdfFormat.TURTLE, base_iri=base):
            if isinstance(quad.subject, ox.NamedNode):
                yield quad.subject


VARIABLE = f"{OWN}variable:"


class GraphTemplate:
    """The template of a CONSTRUCT, and what is to be selected to fill it.

    It is read as Turtle, in which a variable stands as an IRI; lists, brackets and constants are what they are there.

    Attributes:
        names: its variables, without their signs.
    """

    def __init__(self, tree: SyntaxTree, base: str) -> None:
        """Read the template of a query that the guard has let through.

        Raises:
            SyntaxError: it is no template.
        """
        node = tree.query.part("ConstructTemplate")
        assert node is not None  # noqa: S101  the grammar has one
        self._tree, self._node = tree, node
        self.names = tuple(dict.fromkeys(tree.name(each) for each in self._variables()))
        edits = [TextEdit(*tree.place(each, each + 1), f"<{VARIABLE}{tree.name(each)}>") for each in self._variables()]
        text = revised(tree.text, edits).text
        begins = tree.characters(node)[0]
        moved = len(text) - len(tree.text)
        inner = text[begins + 1 : tree.characters(node)[1] + moved - 1].rstrip()
        end = "" if inner.endswith(".") or not inner else " ."
        document = f"{_prologue(tree)}\n{inner}\n{end}"
        self._triples = [quad.triple for quad in ox.parse(document, format=ox.RdfFormat.TURTLE, base_iri=base)]

    @property
    def has_blank_nodes(self) -> bool:
        """Whether each solution makes nodes of its own."""
        return any(isinstance(part, ox.BlankNode) for each in self._triples for part in (each.subject, each.object))

    def selecting(self) -> str:
        """Return the SELECT whose solutions fill it: each once, where that says the same."""
        tree, query = self._tree, self._tree.query
        modifier = next((each for each in walk(query) if each.name == "SolutionModifier"), None)
        is_limited = modifier is not None and modifier.part("LimitOffset") is not None
        distinct = "" if is_limited or self.has_blank_nodes else "DISTINCT "
        selected = " ".join(f"?{name}" for name in self.names) or "(1 AS ?_one)"
        where = query.part("WhereClause")  # CONSTRUCT WHERE has none: there the template is the pattern
        rest = _rest(tree, query, where) if where is not None else f"WHERE {_rest(tree, query, self._node)}"
        return f"{_prologue(tree)}SELECT {distinct}{selected} {rest}"

    def filled(self, terms: Mapping[str, object]) -> Iterator[ox.Triple]:
        """Yield the triples of one solution; what is no triple is left out (SPARQL 1.1 Query 16.2)."""
        fresh: dict[str, ox.BlankNode] = {}

        def term(part: object) -> object:
            if isinstance(part, ox.BlankNode):
                return fresh.setdefault(part.value, ox.BlankNode())
            if isinstance(part, ox.NamedNode) and part.value.startswith(VARIABLE):
                return terms.get(part.value.removeprefix(VARIABLE))
            return part

        for each in self._triples:
            subject, predicate, target = term(each.subject), term(each.predicate), term(each.object)
            if not isinstance(subject, ox.NamedNode | ox.BlankNode) or not isinstance(predicate, ox.NamedNode):
                continue
            if isinstance(target, ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple):
                yield ox.Triple(subject, predicate, target)

    def _variables(self) -> Iterator[int]:
        inside = range(self._node.first, self._node.last)
        return (number for number in inside if self._tree.is_variable(number))


def _once(triples: Iterator[ox.Triple]) -> Iterator[ox.Triple]:
    """Yield each triple once, as far as memory is to remember: a graph is a set."""
    seen = set[ox.Triple]()
    for each in triples:
        if each not in seen:
            if len(seen) < MOST_SEEN:
                seen.add(each)
            yield each
