"""From the text of a SPARQL update to its operations as values, templates of quads among them (SPARQL 1.1 Update 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from typing import Literal

import pyoxigraph as ox

from graph.model.errors import QueryLimitError, QueryRefusedError, QuerySyntaxError
from graph.query.engine import Declarations, resolved
from graph.query.sparql.tokens import BOOLEANS, Token, TokenKind, escapes_resolved, misplaced, tokens
from graph.sources.blank_nodes import has_blank_node

# The operations of a SPARQL update as values: what is to be done to which graph, with the texts that say it.
#
# They are made by ``graph.parts.update.update_reading`` and carried out by ``graph.parts.update.evaluation``.


@dataclass(frozen=True, slots=True)
class Block:
    """A quad pattern: the texts between its braces that belong to one graph each.

    Attributes:
        parts: the graph's name as written (an IRI, a prefixed name, a variable, or "" for the default graph), and the
            text of its triples.
        graphs: the IRIs of the graphs that it names.
        has_variable: whether it names a graph by a variable.
        has_default: whether it has triples of the default graph.
        variables: the variables in it, without their sign, each once.
    """

    parts: tuple[tuple[str, str], ...] = ()
    graphs: frozenset[str] = frozenset()
    has_variable: bool = False
    has_default: bool = False
    variables: tuple[str, ...] = ()


NOTHING = Block()


@dataclass(frozen=True, slots=True)
class Data:
    """INSERT DATA or DELETE DATA.

    Attributes:
        block: the data.
        is_insert: whether they are added.
        prologue: the declarations before it.
    """

    block: Block
    is_insert: bool
    prologue: str


@dataclass(frozen=True, slots=True)
class Modify:
    """DELETE and INSERT by what a pattern matches.

    Attributes:
        delete: what is removed for each solution.
        insert: what is added for each solution.
        where: the pattern, with its braces.
        target: the IRI that WITH names, or "".
        using: the IRIs of USING.
        using_named: the IRIs of USING NAMED.
        prologue: the declarations before it.
    """

    delete: Block
    insert: Block
    where: str
    target: str
    using: tuple[str, ...]
    using_named: tuple[str, ...]
    prologue: str


Wide = Literal["DEFAULT", "NAMED", "ALL"]


@dataclass(frozen=True, slots=True)
class Clear:
    """CLEAR or DROP.

    Attributes:
        graph: the IRI of the graph; "" where ``wide`` says which.
        wide: the default graph, all named graphs, or all.
        is_drop: whether the graph is gone afterwards.
        silent: whether it is no error where there is no such graph.
    """

    graph: str
    wide: Wide | None
    is_drop: bool
    silent: bool


@dataclass(frozen=True, slots=True)
class Create:
    """CREATE: an empty graph."""

    graph: str
    silent: bool


@dataclass(frozen=True, slots=True)
class Transfer:
    """ADD, MOVE or COPY from one graph to another; "" is the default graph."""

    kind: Literal["ADD", "MOVE", "COPY"]
    source: str
    target: str
    silent: bool


Operation = Data | Modify | Clear | Create | Transfer


def written_graphs(operation: Operation, default: str) -> tuple[frozenset[str], bool]:
    """Return the graphs that an operation writes, and whether there may be others, which only its evaluation tells.

    Args:
        operation: the operation.
        default: the IRI of what is the default graph to it.
    """
    match operation:
        case Data(block=block):
            return _written((block,), default)
        case Modify(delete=delete, insert=insert, target=target):
            return _written((delete, insert), target or default)
        case Clear(graph=graph, wide=wide):
            return frozenset({graph or default}) if wide in (None, "DEFAULT") else frozenset(), wide in ("NAMED", "ALL")
        case Create(graph=graph):
            return frozenset({graph}), False
        case Transfer(kind=kind, source=source, target=target):
            emptied = {source or default} if kind == "MOVE" else set()
            return frozenset({target or default, *emptied}), False


def _written(blocks: tuple[Block, ...], default: str) -> tuple[frozenset[str], bool]:
    named = frozenset(graph for block in blocks for graph in block.graphs)
    if any(block.has_default for block in blocks):
        named |= {default}
    return named, any(block.has_variable for block in blocks)


# From the text of a SPARQL update to its operations, by its tokens (SPARQL 1.1 Update 3, grammar of Query 19.8).
#
# It finds where operations, templates and patterns begin and end. What stands between their braces is judged later: the
# templates by the parser of TriG, the patterns by the guard and the engine, as part of a query. LOAD is refused.

NESTING = 100
OPENING, CLOSING = frozenset({"{", "(", "[", "<<", "<<(", "{|"}), frozenset({"}", ")", "]", ">>", ")>>", "|}"})
NAMES = frozenset({TokenKind.IRI, TokenKind.PREFIXED_NAME})
BEGINNING = "an update begins with INSERT, DELETE, WITH, CLEAR, DROP, CREATE, ADD, MOVE or COPY"
TRANSFERS: dict[str, Literal["ADD", "MOVE", "COPY"]] = {"ADD": "ADD", "MOVE": "MOVE", "COPY": "COPY"}
NO_BLANK_NODES = "a blank node cannot stand in DELETE; it would match nothing"


def read_update(text: str, *, base: str, max_tokens: int) -> tuple[Operation, ...]:
    """Return the operations of an update, in order.

    Args:
        text: as the client sent it.
        base: the IRI against which relative IRIs are resolved.
        max_tokens: how many tokens it may have.

    Raises:
        QuerySyntaxError: it is no update.
        QueryRefusedError: it loads documents from elsewhere.
        QueryLimitError: it has too many tokens, or nests too deeply.
    """
    return _UpdateReader(escapes_resolved(text).text, base, max_tokens).read()


@dataclass(frozen=True, slots=True)
class _Span:
    """A run of tokens, from ``first`` to before ``last``."""

    first: int
    last: int


class _UpdateReader:
    """One walk over the tokens of an update."""

    def __init__(self, text: str, base: str, max_tokens: int) -> None:
        self._text = text
        self._tokens = _bounded(text, max_tokens)
        self._place = 0
        self._declared = Declarations(base)
        self._prologue = ""
        self._labels: set[str] = set()

    def read(self) -> tuple[Operation, ...]:
        found = list[Operation]()
        while True:
            self._declarations()
            if self._is_at_end():
                return tuple(found)
            found.append(self._operation())
            if not self._is_at_end():
                self._take(";", "a semicolon must stand between two operations")

    # Tokens

    def _is_at_end(self) -> bool:
        return self._place == len(self._tokens)

    @property
    def _next(self) -> Token:
        return Token(TokenKind.ERROR, "", len(self._text)) if self._is_at_end() else self._tokens[self._place]

    def _advance(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _word(self, *words: str) -> str:
        """Take the next token where it is one of these words, and return it in capitals; else return ""."""
        token = self._next
        if token.kind is TokenKind.WORD and token.text.upper() in words:
            self._place += 1
            return token.text.upper()
        return ""

    def _take(self, sign: str, problem: str) -> Token:
        if self._next.text != sign:
            raise self._misplaced(problem)
        return self._advance()

    def _misplaced(self, problem: str) -> QuerySyntaxError:
        return misplaced(self._text, self._next, problem)

    # Names

    def _declarations(self) -> None:
        while word := self._word("BASE", "PREFIX", "VERSION"):
            begin = self._tokens[self._place - 1].start
            if word == "VERSION":
                if self._advance().kind is not TokenKind.STRING:
                    raise self._misplaced("a version in quotes must follow VERSION")
                continue
            prefix = self._advance().text if word == "PREFIX" else ""
            if self._next.kind is not TokenKind.IRI or (word == "PREFIX" and not prefix.endswith(":")):
                raise self._misplaced(f"an IRI in angle brackets must follow {word}{' and the prefix' * bool(prefix)}")
            reference = self._advance().text[1:-1]
            if word == "BASE":
                self._declared.declare_base(reference)
            else:
                self._declared.declare_prefix(prefix[:-1], reference)
            self._prologue += self._text[begin : self._tokens[self._place - 1].end] + "\n"

    def _iri(self) -> str:
        """Take the name of a graph; return its IRI."""
        token = self._next
        if token.kind not in NAMES:
            raise self._misplaced("the IRI of a graph must stand here")
        if token.kind is TokenKind.IRI:
            iri = self._declared.resolve(token.text[1:-1])
        else:
            prefix = token.text.partition(":")[0]
            if not self._declared.has_prefix(prefix):
                raise self._misplaced(f"the prefix {prefix}: is not declared; add PREFIX {prefix}: <…> at the top")
            iri = self._declared.expand(token.text)
        if resolved(iri, None) is None:
            raise self._misplaced(f"<{iri}> is no absolute IRI")
        self._place += 1
        return iri

    # Operations

    def _operation(self) -> Operation:
        start = self._next
        word = self._word("INSERT", "DELETE", "WITH", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY")
        if not word:
            raise self._misplaced(BEGINNING)
        actions: dict[str, Callable[[str], Operation]] = {
            "INSERT": self._insert, "DELETE": self._delete, "WITH": self._with, "CLEAR": self._clear,
            "DROP": self._clear, "CREATE": self._create, "LOAD": partial(self._load, start),
        }  # fmt: skip
        return actions.get(word, self._transfer)(word)

    def _insert(self, _: str) -> Operation:
        if self._word("DATA"):
            first = self._place
            block = self._block(is_data=True)
            self._check_labels(self._tokens[first : self._place])
            return Data(block, is_insert=True, prologue=self._prologue)
        return self._modify("", NOTHING, self._block())

    def _check_labels(self, data: list[Token]) -> None:
        """Make sure that no blank node label stands in two INSERT DATA of one request (SPARQL 1.1 Query 19.6)."""
        found = {each.text: each for each in data if each.kind is TokenKind.BLANK_NODE}
        for label in found.keys() & self._labels:
            raise misplaced(self._text, found[label], "this label stands in an earlier INSERT DATA, too")
        self._labels |= found.keys()

    def _delete(self, _: str) -> Operation:
        if self._word("DATA"):
            return Data(self._block(is_data=True, is_delete=True), is_insert=False, prologue=self._prologue)
        if self._word("WHERE"):
            span = self._braces()
            self._place = span.first - 1
            block = self._block(is_delete=True)
            return Modify(block, NOTHING, f"{{{self._slice(span)}}}", "", (), (), self._prologue)
        return self._modify("", self._block(is_delete=True), self._insert_part())

    def _with(self, _: str) -> Operation:
        target = self._iri()
        if self._word("DELETE"):
            return self._modify(target, self._block(is_delete=True), self._insert_part())
        if not self._word("INSERT"):
            raise self._misplaced("DELETE or INSERT must follow WITH")
        return self._modify(target, NOTHING, self._block())

    def _insert_part(self) -> Block:
        return self._block() if self._word("INSERT") else NOTHING

    def _modify(self, target: str, delete: Block, insert: Block) -> Modify:
        using, named = list[str](), list[str]()
        while self._word("USING"):
            (named if self._word("NAMED") else using).append(self._iri())
        if not self._word("WHERE"):
            raise self._misplaced("WHERE must stand here")
        where = f"{{{self._slice(self._braces())}}}"
        return Modify(delete, insert, where, target, tuple(using), tuple(named), self._prologue)

    def _clear(self, word: str) -> Operation:
        silent = bool(self._word("SILENT"))
        wide = self._word("DEFAULT", "NAMED", "ALL")
        if wide:
            known: dict[str, Wide] = {"DEFAULT": "DEFAULT", "NAMED": "NAMED", "ALL": "ALL"}
            return Clear("", known[wide], word == "DROP", silent)
        if not self._word("GRAPH"):
            raise self._misplaced(f"GRAPH and an IRI, DEFAULT, NAMED or ALL must follow {word}")
        return Clear(self._iri(), None, word == "DROP", silent)

    def _create(self, _: str) -> Operation:
        silent = bool(self._word("SILENT"))
        if not self._word("GRAPH"):
            raise self._misplaced("GRAPH and an IRI must follow CREATE")
        return Create(self._iri(), silent)

    def _load(self, start: Token, _: str) -> Operation:
        """Refuse to fetch anything; LOAD SILENT succeeds nevertheless, as it must (SPARQL 1.1 Update 3.1.4)."""
        silent = self._word("SILENT")
        self._iri()
        if self._word("INTO"):
            self._graph_or_default()
        if silent:
            return Data(NOTHING, is_insert=True, prologue="")
        place = misplaced(self._text, start, "")
        problem = f"LOAD in line {place.line}, column {place.column} would fetch a document from elsewhere"
        raise QueryRefusedError(problem, "send the document yourself, by PUT or POST to the graph")

    def _transfer(self, word: str) -> Operation:
        silent, source = bool(self._word("SILENT")), self._graph_or_default()
        if not self._word("TO"):
            raise self._misplaced("TO must stand here")
        return Transfer(TRANSFERS[word], source, self._graph_or_default(), silent)

    def _graph_or_default(self) -> str:
        if self._word("DEFAULT"):
            return ""
        self._word("GRAPH")
        return self._iri()

    # Braces

    def _braces(self) -> _Span:
        """Take a pair of braces and what stands between them."""
        opening, depth = self._take("{", "a brace { must open here"), 1
        first = self._place
        while depth:
            if self._is_at_end():
                raise misplaced(self._text, opening, "this brace is never closed")
            depth += {"{": 1, "}": -1}.get(self._advance().text, 0)
        return _Span(first, self._place - 1)

    def _slice(self, span: _Span) -> str:
        if span.first == span.last:
            return ""
        return self._text[self._tokens[span.first].start : self._tokens[span.last - 1].end] + "\n"

    def _block(self, *, is_data: bool = False, is_delete: bool = False) -> Block:
        """Take a quad pattern (QuadPattern, QuadData)."""
        whole = self._braces()
        for token in self._tokens[whole.first : whole.last]:
            if token.kind is TokenKind.VARIABLE and is_data:
                raise misplaced(self._text, token, "a variable cannot stand in DATA")
            if is_delete and (token.kind is TokenKind.BLANK_NODE or token.text == "["):
                raise misplaced(self._text, token, NO_BLANK_NODES)
        parts, graphs, has_variable, start = list[tuple[str, str]](), set[str](), False, whole.first
        self._place = whole.first
        while self._place < whole.last:
            place = self._place
            if not self._word("GRAPH"):
                self._place += 1
                continue
            parts.append(("", self._slice(_Span(start, place))))
            name = self._next
            if name.kind is TokenKind.VARIABLE:
                self._place, has_variable = self._place + 1, True
            else:
                graphs.add(self._iri())
            parts.append((name.text, self._slice(self._braces())))
            if self._next.text == "." and self._place < whole.last:
                self._place += 1
            start = self._place
        parts.append(("", self._slice(_Span(start, whole.last))))
        self._place = whole.last + 1
        kept = tuple((name, text) for name, text in parts if text or name)
        return Block(kept, frozenset(graphs), has_variable, any(not name for name, _ in kept), self._variables(whole))

    def _variables(self, span: _Span) -> tuple[str, ...]:
        found = (each.text[1:] for each in self._tokens[span.first : span.last] if each.kind is TokenKind.VARIABLE)
        return tuple(dict.fromkeys(found))


def _bounded(text: str, max_tokens: int) -> list[Token]:
    found, depth = list[Token](), 0
    for token in tokens(text):
        if len(found) == max_tokens:
            raise QueryLimitError("limits.query_tokens", max_tokens, "the update has too many tokens", "divide it")
        if token.kind is TokenKind.OPERATOR:
            depth += (token.text in OPENING) - (token.text in CLOSING)
            if depth > NESTING:
                raise QueryLimitError("limits.query_nesting", NESTING, "brackets nest too deeply", "flatten the update")
        found.append(token)
    return found


# Templates of quads: parsed once as TriG, then filled with the terms of each solution (SPARQL 1.1 Update 3.1.3).
#
# A variable stands in the TriG as an IRI that nobody else can write. Constants keep their lexical forms. A triple that
# a solution leaves incomplete, or that is none (a literal as its subject), is left out, as the specification asks.

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Solution = Mapping[str, Term]


@dataclass(frozen=True, slots=True)
class QuadTemplate:
    """A quad pattern, ready to be filled.

    Attributes:
        quads: its quads; variables are IRIs that begin with ``mark``.
        mark: how these begin.
    """

    quads: tuple[ox.Quad, ...]
    mark: str

    @property
    def has_blank_nodes(self) -> bool:
        """Whether each solution gets blank nodes of its own."""
        return any(has_blank_node(quad.triple) for quad in self.quads)

    def filled(self, solution: Solution) -> Iterator[ox.Quad]:
        """Yield the quads for a solution."""
        fresh: dict[ox.BlankNode, ox.BlankNode] = {}
        for quad in self.quads:
            triple = self._triple(quad.triple, solution, fresh)
            name = quad.graph_name
            graph = name if isinstance(name, ox.DefaultGraph) else self._term(name, solution, fresh)
            if triple is not None and isinstance(graph, ox.NamedNode | ox.DefaultGraph):
                yield ox.Quad(triple.subject, triple.predicate, triple.object, graph)

    def _triple(
        self, triple: ox.Triple, solution: Solution, fresh: dict[ox.BlankNode, ox.BlankNode]
    ) -> ox.Triple | None:
        subject = self._term(triple.subject, solution, fresh)
        predicate = self._term(triple.predicate, solution, fresh)
        target = self._term(triple.object, solution, fresh)
        is_triple = isinstance(subject, ox.NamedNode | ox.BlankNode) and isinstance(predicate, ox.NamedNode)
        return ox.Triple(subject, predicate, target) if is_triple and target is not None else None  # type: ignore[arg-type]

    def _term(self, term: Term, solution: Solution, fresh: dict[ox.BlankNode, ox.BlankNode]) -> Term | None:
        if isinstance(term, ox.NamedNode):
            return solution.get(term.value.removeprefix(self.mark)) if term.value.startswith(self.mark) else term
        if isinstance(term, ox.BlankNode):
            return fresh.setdefault(term, ox.BlankNode())
        return self._triple(term, solution, fresh) if isinstance(term, ox.Triple) else term


def template(block: Block, prologue: str, base: str) -> QuadTemplate:
    """Return a quad pattern parsed; its default graph stays that.

    Raises:
        QuerySyntaxError: it is no quad pattern.
    """
    mark = f"urn:x-{token_hex(16)}:"
    text = prologue + "".join(f"{_graph(name, mark)} {{ {_marked(part, mark)} }}\n" for name, part in block.parts)
    try:
        quads = tuple(ox.parse(text, format=ox.RdfFormat.TRIG, base_iri=base))
    except SyntaxError as problem:
        raise QuerySyntaxError(f"these are no triples: {problem.msg.partition(': ')[2] or problem.msg}") from problem
    return QuadTemplate(quads, mark)


def _graph(name: str, mark: str) -> str:
    return f"GRAPH {_marked(name, mark)}" if name else ""


def _marked(text: str, mark: str) -> str:
    """Return a text of SPARQL as TriG: with IRIs in place of its variables."""
    parts, end = list[str](), 0
    for token in tokens(text):
        if token.kind is TokenKind.VARIABLE:
            parts += (text[end : token.start], f"<{mark}{token.text[1:]}>")
            end = token.end
        elif token.text.upper() in BOOLEANS:  # TriG has them in small letters only
            parts += (text[end : token.start], token.text.lower())
            end = token.end
    return "".join([*parts, text[end:]])
