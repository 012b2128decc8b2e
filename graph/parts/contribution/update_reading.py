"""From the text of a SPARQL update to its operations as values, templates of quads among them (SPARQL 1.1 Update 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Literal

import pyoxigraph as ox

from graph.model.errors import QueryLimitError, QueryRefusedError, QuerySyntaxError, Said, Sentence
from graph.query.engine import Declarations, resolved
from graph.query.sparql.tokens import BOOLEANS, Token, TokenKind, escapes_resolved, line_and_column, misplaced, tokens
from graph.query.sparql.tree import Departure, SyntaxNode, SyntaxTree, parsed
from graph.sources.batches import has_blank_node

# The operations of a SPARQL update as values: what is to be done to which graph, with the texts that say it.
#
# They are carried out by ``graph.parts.contribution.evaluation``.


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


# From the text of a SPARQL update to its operations, by its syntax tree (SPARQL 1.1 Update 3, grammar of Query 19.8).
#
# What is not of the grammar is refused here. What the grammar leaves open is judged later: templates by the parser of
# TriG, patterns by the guard and the engine, as part of a query. LOAD is refused.

NESTING = 100
OPENING, CLOSING = frozenset({"{", "(", "[", "<<", "<<(", "{|"}), frozenset({"}", ")", "]", ">>", ")>>", "|}"})
TRANSFERS: dict[str, Literal["ADD", "MOVE", "COPY"]] = {"ADD": "ADD", "MOVE": "MOVE", "COPY": "COPY"}
WIDE: dict[str, Wide] = {"DEFAULT": "DEFAULT", "NAMED": "NAMED", "ALL": "ALL"}
NO_BLANK_NODES = Sentence("a blank node cannot stand in DELETE; it would match nothing")
BEGINNING = Sentence("an update begins with INSERT, DELETE, WITH, CLEAR, DROP, CREATE, ADD, MOVE or COPY")
BETWEEN = frozenset({"Update", "Operation", "UsingClause", "GraphOrDefault"})


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
    text = escapes_resolved(text).text
    taken = _bounded(text, max_tokens)
    found = parsed(text, taken, "Update")
    if isinstance(found, Departure):
        braces = _open_braces(taken) if not found.token.text else []
        raise (
            misplaced(text, braces[0], Sentence("this brace is never closed"))
            if braces
            else misplaced(text, found.token, _problem(found))
        )
    return tuple(_UpdateReader(found, base).operations())


def _problem(found: Departure) -> Sentence:
    word = found.opening.text.upper()
    if found.within == "Declaration":
        return _of_declaration(word)
    if found.within == "Update":
        return Sentence("a semicolon must stand between two operations") if found.ended == "Operation" else BEGINNING
    is_name = found.expected in (("{",), ("a variable", "an IRI"))  # of GRAPH within a template
    if found.within in BETWEEN or is_name:
        said = (sentence for expected, sentence in _between(word).items() if expected in found.expected)
        return next(said, found.problem)
    return found.problem


def _of_declaration(word: str) -> Sentence:
    if word == "VERSION":
        return Sentence("a version in quotes must follow VERSION")
    if word == "PREFIX":
        return Sentence("an IRI in angle brackets must follow %(word)s and the prefix", word=word)
    return Sentence("an IRI in angle brackets must follow %(word)s", word=word)


def _between(word: str) -> dict[str, Sentence]:
    """Say what is said where one of these could stand; within templates and patterns the grammar says more itself."""
    return {
        "ALL": Sentence("GRAPH and an IRI, DEFAULT, NAMED or ALL must follow %(word)s", word=word),
        "{": Sentence("a brace { must open here"),
        "WHERE": Sentence("WHERE must stand here"),
        "TO": Sentence("TO must stand here"),
        "DELETE": Sentence("DELETE or INSERT must follow WITH"),
        "an IRI": Sentence("the IRI of a graph must stand here"),
        "GRAPH": Sentence("GRAPH and an IRI must follow %(word)s", word=word),
    }


def _open_braces(taken: list[Token]) -> list[Token]:
    braces = list[Token]()
    for token in taken:
        if token.text == "{":
            braces.append(token)
        elif token.text == "}" and braces:
            braces.pop()
    return braces


class _UpdateReader:
    """One walk over the tree of an update."""

    def __init__(self, tree: SyntaxTree, base: str) -> None:
        self._tree = tree
        self._declared = Declarations(base)
        self._prologue = ""
        self._labels: set[str] = set()

    def operations(self) -> Iterator[Operation]:
        for node in self._tree.root.parts:
            if node.name == "Declaration":
                self._declare(node)
            else:
                yield self._operation(node)

    def _misplaced(self, number: int, problem: Said) -> QuerySyntaxError:
        return misplaced(self._tree.text, self._tree.tokens[number], problem)

    # Names

    def _declare(self, node: SyntaxNode) -> None:
        reference = self._tree.tokens[node.last - 1].text[1:-1]
        word = self._tree.word(node.first)
        if word == "VERSION":
            return
        if word == "BASE":
            self._declared.declare_base(reference)
        else:
            self._declared.declare_prefix(self._tree.tokens[node.first + 1].text[:-1], reference)
        self._prologue += self._tree.written(node) + "\n"

    def _iri(self, number: int) -> str:
        """Return the IRI that the name of a graph means."""
        token = self._tree.tokens[number]
        if token.kind is TokenKind.IRI:
            iri = self._declared.resolve(token.text[1:-1])
        else:
            prefix = token.text.partition(":")[0]
            if not self._declared.has_prefix(prefix):
                problem = Sentence(
                    "the prefix %(prefix)s: is not declared; add PREFIX %(same)s: <…> at the top",
                    prefix=prefix,
                    same=prefix,
                )
                raise self._misplaced(number, problem)
            iri = self._declared.expand(token.text)
        if resolved(iri, None) is None:
            raise self._misplaced(number, Sentence("<%(text)s> is no absolute IRI", text=iri))
        return iri

    def _graph_or_default(self, node: SyntaxNode) -> str:
        return "" if self._tree.word(node.first) == "DEFAULT" else self._iri(node.last - 1)

    # Operations

    def _operation(self, node: SyntaxNode) -> Operation:
        word, behind = self._tree.word(node.first), self._tree.word(node.first + 1)
        silent = behind == "SILENT"
        if behind == "DATA":
            return self._data(node.parts[0], is_insert=word == "INSERT")
        if word in ("INSERT", "DELETE", "WITH"):
            return self._modify(node, self._iri(node.first + 1) if word == "WITH" else "")
        if word == "LOAD":
            return self._load(node, silent=silent)
        if word in TRANSFERS:
            source, target = map(self._graph_or_default, node.parts)
            return Transfer(TRANSFERS[word], source, target, silent)
        wide = WIDE.get(self._tree.word(node.last - 1))
        graph = self._iri(node.last - 1) if wide is None else ""
        return Create(graph, silent) if word == "CREATE" else Clear(graph, wide, word == "DROP", silent)

    def _data(self, quads: SyntaxNode, *, is_insert: bool) -> Data:
        labels = dict[str, int]()
        for number in range(quads.first, quads.last):
            token = self._tree.tokens[number]
            if token.kind is TokenKind.VARIABLE:
                raise self._misplaced(number, Sentence("a variable cannot stand in DATA"))
            if token.kind is TokenKind.BLANK_NODE:
                labels[token.text] = number
        block = self._block(quads, is_delete=not is_insert)
        # no label may stand in two INSERT DATA of one request (SPARQL 1.1 Query 19.6)
        for label in labels.keys() & self._labels:
            raise self._misplaced(labels[label], Sentence("this label stands in an earlier INSERT DATA, too"))
        self._labels |= labels.keys()
        return Data(block, is_insert, self._prologue)

    def _modify(self, node: SyntaxNode, target: str) -> Modify:
        quads = {self._tree.word(each.first - 1): each for each in node.all("Quads")}
        if "WHERE" in quads:
            block = self._block(quads["WHERE"], is_delete=True)
            return Modify(block, NOTHING, self._tree.written(quads["WHERE"]), "", (), (), self._prologue)
        delete = self._block(quads["DELETE"], is_delete=True) if "DELETE" in quads else NOTHING
        insert = self._block(quads["INSERT"]) if "INSERT" in quads else NOTHING
        using: dict[bool, list[str]] = {False: [], True: []}
        for each in node.all("UsingClause"):
            using[self._tree.word(each.first + 1) == "NAMED"].append(self._iri(each.last - 1))
        where = self._tree.written(node.parts[-1])
        return Modify(delete, insert, where, target, tuple(using[False]), tuple(using[True]), self._prologue)

    def _load(self, node: SyntaxNode, *, silent: bool) -> Operation:
        """Refuse to fetch anything; LOAD SILENT succeeds nevertheless, as it must (SPARQL 1.1 Update 3.1.4)."""
        for number in {node.first + 1 + silent, node.last - 1}:
            self._iri(number)
        if silent:
            return Data(NOTHING, is_insert=True, prologue="")
        line, column = line_and_column(self._tree.text, self._tree.tokens[node.first].start)
        problem = Sentence(
            "LOAD in line %(line)s, column %(column)s would fetch a document from elsewhere", line=line, column=column
        )
        raise QueryRefusedError(problem, Sentence("send the document yourself, by PUT or POST to the graph"))

    # Templates

    def _block(self, quads: SyntaxNode, *, is_delete: bool = False) -> Block:
        """Return a quad pattern (QuadPattern, QuadData)."""
        tree, inside = self._tree, range(quads.first + 1, quads.last - 1)
        for number in inside if is_delete else ():
            if tree.tokens[number].kind is TokenKind.BLANK_NODE or tree.word(number) == "[":
                raise self._misplaced(number, NO_BLANK_NODES)
        parts, graphs, has_variable, start = list[tuple[str, str]](), set[str](), False, inside.start
        for part in quads.parts:
            name = part.first + 1  # GRAPH name { … }
            parts += [
                ("", self._written(start, part.first)),
                (tree.tokens[name].text, self._written(name + 2, part.last - 1)),
            ]
            if tree.is_variable(name):
                has_variable = True
            else:
                graphs.add(self._iri(name))
            start = part.last + (tree.word(part.last) == ".")
        parts.append(("", self._written(start, inside.stop)))
        kept = tuple((name, text) for name, text in parts if text or name)
        variables = dict.fromkeys(tree.name(each) for each in inside if tree.is_variable(each))
        return Block(kept, frozenset(graphs), has_variable, any(not name for name, _ in kept), tuple(variables))

    def _written(self, first: int, last: int) -> str:
        begins, ends = self._tree.place(first, last)
        return self._tree.text[begins:ends] + "\n" if first < last else ""


def _bounded(text: str, max_tokens: int) -> list[Token]:
    found, depth = list[Token](), 0
    for token in tokens(text):
        if len(found) == max_tokens:
            raise QueryLimitError(
                "limits.query_tokens", max_tokens, Sentence("the update has too many tokens"), Sentence("divide it")
            )
        if token.kind is TokenKind.OPERATOR:
            depth += (token.text in OPENING) - (token.text in CLOSING)
            if depth > NESTING:
                raise QueryLimitError(
                    "limits.query_nesting",
                    NESTING,
                    Sentence("brackets nest too deeply"),
                    Sentence("flatten the update"),
                )
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
        raise QuerySyntaxError(
            Sentence("these are no triples: %(words)s", words=problem.msg.partition(": ")[2] or problem.msg)
        ) from problem
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
