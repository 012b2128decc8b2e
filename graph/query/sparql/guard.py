"""Reading a query before it runs: one walk over its tokens says its form, what it calls, and whether it may run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from graph.model.errors import QueryLimitError, QueryRefusedError, QuerySyntaxError, Said, Sentence
from graph.query.engine import EXTENSION_FUNCTIONS, Dataset, Declarations, QueryForm, resolved, unknown_function
from graph.query.federation import (
    canonical_endpoint,
    hidden_service,
)
from graph.query.sparql.rewriting import spelled_out
from graph.query.sparql.tokens import (
    AGGREGATES,
    BOOLEANS,
    FORMS,
    GLUED,
    PROLOGUE,
    UPDATES,
    RewrittenText,
    TextEdit,
    Token,
    TokenKind,
    beyond_engine,
    escapes_resolved,
    is_decisive,
    line_and_column,
    mentions_service,
    misplaced,
    offset_at,
    revised,
    separator,
    service_mentions,
    tokens,
    with_service_escaped,
)
from graph.query.sparql.tree import Departure, SyntaxTree, in_scope, parsed, tree_of, walk

# One walk over the tokens of a query: its form, its brackets, what it declares, calls and asks to be contacted.
#
# It runs nothing and changes nothing; beside what it finds it collects the edits that ``graph.query.sparql.guard``
# applies, so that the engine can read the text in one way only.

_BRACKETS = {"{": "}", "(": ")", "[": "]", "{|": "|}", "<<": ">>", "<<(": ")>>"}
_CLOSING = frozenset(_BRACKETS.values())

# Its value is a text without a language (SPARQL 1.1 Query 18.5.1.7); the engine keeps one that all texts have.
TEXTS = "GROUP_CONCAT"

# What must follow a word of the prologue, SERVICE, FROM or FROM NAMED.
_FOLLOWERS = {
    "BASE": ({TokenKind.IRI}, Sentence("an IRI in angle brackets must follow BASE")),
    "PREFIX": ({TokenKind.PREFIXED_NAME}, Sentence("a prefix with its colon must follow PREFIX")),
    "NAMESPACE": ({TokenKind.IRI}, Sentence("an IRI in angle brackets must follow the prefix")),
    "VERSION": ({TokenKind.STRING}, Sentence("a version in quotes must follow VERSION")),
    "SERVICE": (
        {TokenKind.IRI, TokenKind.PREFIXED_NAME, TokenKind.VARIABLE, TokenKind.WORD},
        Sentence("an IRI must follow SERVICE"),
    ),
    "FROM": (
        {TokenKind.IRI, TokenKind.PREFIXED_NAME, TokenKind.WORD},
        Sentence("an IRI, or NAMED and an IRI, must follow FROM"),
    ),
    "NAMED": ({TokenKind.IRI, TokenKind.PREFIXED_NAME}, Sentence("an IRI must follow FROM NAMED")),
}
# The words that may stand between such a word and its IRI.
_BETWEEN = {"SERVICE": "SILENT", "FROM": "NAMED"}
UPDATE = Sentence("this begins an update, and a query is needed: SELECT, ASK, CONSTRUCT or DESCRIBE")
_BEGINNING = Sentence("a query begins with SELECT, ASK, CONSTRUCT or DESCRIBE")


@dataclass(slots=True)
class _Frame:
    opening: Token
    is_aggregate: bool = False
    is_text: bool = False
    is_elsewhere: bool = False
    """Whether it is evaluated by another service, which has functions of its own."""


@dataclass(frozen=True, slots=True)
class QueryRules:
    """What a query may do.

    Attributes:
        services: the endpoints that SERVICE may call, by their canonical spelling.
        addresses: what is written in place of each such endpoint.
        functions: the function IRIs that the engine has; None where it is not known.
        max_tokens: how many tokens a query may have.
        max_nesting: how deeply its brackets may nest.
    """

    services: Mapping[str, str]
    addresses: Mapping[str, str]
    functions: frozenset[str] | None
    max_tokens: int
    max_nesting: int


class QueryReading:
    """What a walk over the tokens of ``text`` found; ``read`` fills it.

    Attributes:
        form: the query form.
        services: the endpoints called, as the allow-list spells them.
        functions: the IRIs called as functions.
        default_graphs: the IRIs that FROM names, each once.
        named_graphs: the IRIs that FROM NAMED names, each once.
        graph_clause: whether GRAPH stands in it.
        edits: what is to be replaced before the text runs, ascending.
        harmless: how often the letters of SERVICE may remain in the text that runs.
        passed_over: where patterns begin that are left out, so that the engine will not judge their grammar.
    """

    def __init__(self, text: str, base: str | None, rules: QueryRules, tree: SyntaxTree | None) -> None:
        self.form = ""
        self.services: dict[str, None] = {}
        self.functions: dict[str, None] = {}
        self.default_graphs: dict[str, None] = {}
        self.named_graphs: dict[str, None] = {}
        self.graph_clause = False
        self.edits: list[TextEdit] = []
        self.harmless = 0
        self.passed_over: list[int] = []
        self._text, self._rules = text, rules
        self._tokens = tree.tokens if tree is not None else tokens(text)
        # What is not of the grammar has no calls: by tokens alone, an IRI before a bracket may be a term before a list.
        self._calls = {tree.tokens[each.first].start for each in tree.calls} if tree is not None else set[int]()
        self._declared = Declarations(base)
        self._suspicious = mentions_service(text)
        self._frames = [_Frame(Token(TokenKind.ERROR, "", 0))]
        self._pending, self._prefix = "", Token(TokenKind.ERROR, "", 0)
        self._previous = Token(TokenKind.ERROR, "", 0)
        self._service_word, self._is_silent = self._prefix, False
        self._asked = False
        self._unasked: int | None = None
        """Of a pattern that is passed over, how many tokens have been."""
        self._normal: list[str] = []

    @property
    def normalised(self) -> str:
        """The query without comments and with uniform white space."""
        return "".join(self._normal)

    def read(self) -> None:
        """Walk over the tokens once.

        Raises:
            QuerySyntaxError: the text is no query, more than one, or uses what is not declared or not there.
            QueryRefusedError: it calls an endpoint that is not allowed.
            QueryLimitError: it is too long or nested too deeply.
        """
        end = 0
        for number, token in enumerate(self._tokens):
            if number == self._rules.max_tokens:
                raise QueryLimitError(
                    "limits.query_tokens", number, Sentence("the query has too many tokens"), Sentence("divide it")
                )
            gap = token.start != end
            if gap:
                self._gap(end, token)
            self._normal += (separator(self._previous, token, gap=gap), token.text)
            if self._pending:
                if token.kind not in _FOLLOWERS[self._pending][0]:
                    raise self._misplaced(token, _FOLLOWERS[self._pending][1])
            elif not self.form and token.kind is not TokenKind.WORD:
                raise self._misplaced(token, _BEGINNING)
            action = _ACTIONS.get(token.kind) if self._unasked is None else QueryReading._pass_over
            if action is not None:
                action(self, token)
            self._previous, end = token, token.start + len(token.text)
        self._gap(end, Token(TokenKind.ERROR, "", len(self._text)))
        self._finish()

    def _finish(self) -> None:
        end = Token(TokenKind.ERROR, "", len(self._text))
        if len(self._frames) > 1:
            raise self._misplaced(self._frames[-1].opening, Sentence("this bracket is never closed"))
        if self._pending:
            raise self._misplaced(end, _FOLLOWERS[self._pending][1])
        if not self.form:
            raise self._misplaced(end, Sentence("there is no query; SELECT, ASK, CONSTRUCT or DESCRIBE is missing"))

    def _misplaced(self, token: Token, problem: Said) -> QuerySyntaxError:
        return misplaced(self._text, token, problem)

    def _place(self, token: Token) -> dict[str, str]:
        line, column = line_and_column(self._text, token.start)
        return {"line": str(line), "column": str(column)}

    # Words

    def _word(self, token: Token) -> None:
        word = token.text.upper()
        if self._pending:
            if word != _BETWEEN[self._pending]:
                raise self._misplaced(token, _FOLLOWERS[self._pending][1])
            self._pending = "NAMED" if word == "NAMED" else self._pending
            self._is_silent = word == "SILENT"
        elif not self.form:
            self._begin(token, word)
        elif word in FORMS or word in PROLOGUE or word in UPDATES:
            self._begin_within(token, word)
        else:
            self._clause(token, word)

    def _begin(self, token: Token, word: str) -> None:
        if word in FORMS:
            self.form = word
            self._clause(token, word)
        elif word in PROLOGUE:
            self._pending, self._prefix = word, token
        elif word in UPDATES:
            raise self._misplaced(token, UPDATE)
        else:
            raise self._misplaced(token, _BEGINNING)

    def _begin_within(self, token: Token, word: str) -> None:
        nested = len(self._frames) > 1
        if not nested and word in UPDATES:
            raise self._misplaced(token, UPDATE)
        if word != "SELECT" or not nested:
            problem = (
                Sentence("this cannot stand inside a query")
                if nested
                else Sentence("only one query at a time, and nothing after it")
            )
            raise self._misplaced(token, problem)
        self._clause(token, word)

    def _clause(self, token: Token, word: str) -> None:
        if word == "SERVICE":
            self._pending = word
            self.harmless += 1
            self._service_word, self._is_silent = token, False
        elif word == "FROM":
            if len(self._frames) > 1:
                raise self._misplaced(token, Sentence("FROM cannot stand within brackets; it belongs before WHERE"))
            self._pending = word
        self.graph_clause |= word == "GRAPH"
        if word in BOOLEANS and token.text != word.lower():  # the engine knows them in small letters only
            self.edits.append(TextEdit(token.start, token.end, word.lower()))
        if word == TEXTS:
            self.edits.append(TextEdit(token.start, token.start, "STR("))
        if word in AGGREGATES and self._frames[-1].is_aggregate:
            raise self._misplaced(token, Sentence("an aggregate cannot stand inside another one"))

    # Brackets

    def _operator(self, token: Token) -> None:
        if token.text in _BRACKETS:
            self._open(token)
        elif token.text in _CLOSING:
            self._close(token)
        elif token.text == ";" and len(self._frames) == 1:
            raise self._misplaced(token, Sentence("only one query at a time, and nothing after it"))

    def _open(self, token: Token) -> None:
        outer = self._frames[-1]
        if token.start in self._calls and self._unasked is None:
            self._call(self._previous)
        is_elsewhere = outer.is_elsewhere or (token.text == "{" and self._asked)
        self._asked = False
        is_aggregate = token.text == "(" and (outer.is_aggregate or self._previous.text.upper() in AGGREGATES)
        is_text = self._previous.text.upper() == TEXTS and self._unasked is None
        self._frames.append(_Frame(token, is_aggregate, is_text, is_elsewhere))
        if len(self._frames) > self._rules.max_nesting + 1:
            nesting = self._rules.max_nesting
            raise QueryLimitError(
                "limits.query_nesting", nesting, Sentence("brackets nest too deeply"), Sentence("flatten the query")
            )

    def _close(self, token: Token) -> None:
        opening = self._frames[-1].opening
        if _BRACKETS.get(opening.text) != token.text:
            problem = (
                Sentence(
                    "this does not close %(bracket)s of line %(line)s, column %(column)s",
                    bracket=opening.text,
                    **self._place(opening),
                )
                if opening.text
                else Sentence("nothing is open")
            )
            raise self._misplaced(token, problem)
        if self._frames.pop().is_text:
            self.edits.append(TextEdit(token.end, token.end, ")"))

    def _call(self, name: Token) -> None:
        iri = self._meaning(name)
        self.functions[iri] = None
        is_unknown = self._rules.functions is not None and iri not in self._rules.functions
        if is_unknown and not self._frames[-1].is_elsewhere:
            raise self._misplaced(name, unknown_function(iri).problem)

    # Names

    def _meaning(self, name: Token) -> str:
        if name.kind is TokenKind.IRI:
            return self._declared.resolve(name.text[1:-1])
        return self._declared.expand(name.text)

    def _iri(self, token: Token) -> None:
        if self._suspicious and mentions_service(token.text) and self._pending != "SERVICE":
            self.edits.append(TextEdit(token.start, token.end, with_service_escaped(token.text)))
        if self._pending == "BASE":
            self._declared.declare_base(token.text[1:-1])
            self._pending = ""
        elif self._pending == "NAMESPACE":
            self._declare_prefix(token)
        elif self._pending:
            self._reach(token)

    def _declare_prefix(self, namespace: Token) -> None:
        prefix = self._previous.text[:-1]
        self._declared.declare_prefix(prefix, namespace.text[1:-1])
        self._pending = ""
        if mentions_service(prefix):
            # Every name with this prefix is written out, so that the declaration can go.
            start = self._prefix.start
            self.edits = [edit for edit in self.edits if edit.start < start]
            self.edits.append(TextEdit(start, namespace.end, " "))

    def _name(self, token: Token) -> None:
        local = token.text.partition(":")[2]
        if self._pending == "PREFIX":
            if local:
                raise self._misplaced(token, _FOLLOWERS["PREFIX"][1])
            self._pending = "NAMESPACE"
            return
        self._check_prefix(token)
        if self._pending:
            self._reach(token)
        elif is_decisive(token.text) or beyond_engine(token.text):
            self.edits.append(TextEdit(token.start, token.end, with_service_escaped(f"<{self._meaning(token)}>")))

    def _check_prefix(self, name: Token) -> None:
        prefix = name.text.partition(":")[0]
        if not self._declared.has_prefix(prefix):
            raise self._misplaced(
                name,
                Sentence(
                    "the prefix %(prefix)s: is not declared; add PREFIX %(same)s: <…> at the top",
                    prefix=prefix,
                    same=prefix,
                ),
            )

    def _reach(self, name: Token) -> None:
        """Take the IRI of an endpoint or of a graph of the dataset."""
        clause, self._pending = self._pending, ""
        if clause == "SERVICE":
            self._service(name)
        else:
            self._graph(name, self.named_graphs if clause == "NAMED" else self.default_graphs)

    def _graph(self, name: Token, graphs: dict[str, None]) -> None:
        iri = self._meaning(name)
        if resolved(iri, None) is None:
            raise self._misplaced(
                name, Sentence("FROM needs the absolute IRI of a graph, and <%(text)s> is none", text=iri)
            )
        graphs[iri] = None
        if name.kind is TokenKind.PREFIXED_NAME:
            self.edits.append(TextEdit(name.start, name.end, with_service_escaped(f"<{iri}>")))

    def _service(self, endpoint: Token) -> None:
        iri = self._meaning(endpoint)
        allowed = self._rules.services.get(canonical_endpoint(iri) or "")
        if allowed is None and self._is_silent:
            self._unasked = 0
            return
        if allowed is None:
            raise QueryRefusedError(
                Sentence(
                    "SERVICE <%(iri)s> at line %(line)s, column %(column)s is not among the endpoints that may be "
                    "called from here",
                    iri=iri,
                    **self._place(endpoint),
                ),
                Sentence("query that endpoint yourself, or ask the operator to allow it"),
            )
        self.services[allowed], self._asked = None, True
        self.edits.append(
            TextEdit(endpoint.start, endpoint.end, with_service_escaped(f"<{self._rules.addresses[allowed]}>"))
        )

    def _pass_over(self, token: Token) -> None:
        """Take a token of a pattern for an endpoint that may not be called, and of which a failure is no matter.

        It has one solution without bindings then (Federated Query 2.4), in which its variables are in scope.
        """
        unasked = self._unasked or 0
        if not unasked and token.text != "{":
            raise self._misplaced(token, Sentence("a brace { must open here"))
        if token.kind is TokenKind.PREFIXED_NAME:
            self._check_prefix(token)
        depth = len(self._frames)
        if token.kind is TokenKind.OPERATOR:
            self._operator(token)
        if not unasked:
            self._outside = depth
        self._unasked = unasked + 1
        if len(self._frames) == self._outside:
            start = self._service_word.start
            self.edits = [edit for edit in self.edits if edit.start < start]
            self.edits.append(TextEdit(start, token.end, ""))
            self.passed_over.append(start)
            self._unasked = None

    def leave_out(self, tree: SyntaxTree) -> None:
        """Write what was passed over as the solution that it has, now that its text is known to be of the grammar."""
        scopes = {tree.tokens[each.first].start: in_scope(tree, each) for each in walk(tree.root) if tree.is_call(each)}
        for number, edit in enumerate(self.edits):
            if edit.start in self.passed_over:
                names = " ".join(f"?{name}" for name in scopes[edit.start])
                left = f"OPTIONAL {{ VALUES ({names}) {{ }} }}" if names else "{}"
                self.edits[number] = TextEdit(edit.start, edit.end, left)
                self.harmless += service_mentions(names) - 1

    # What is only looked at for the letters of SERVICE

    def _variable(self, token: Token) -> None:
        if self._pending == "SERVICE":
            raise QueryRefusedError(
                Sentence(
                    "SERVICE %(name)s at line %(line)s, column %(column)s leaves open which endpoint is called",
                    name=token.text,
                    **self._place(token),
                ),
                Sentence("write the endpoint's IRI"),
            )
        self._sigil(token)

    def _sigil(self, token: Token) -> None:
        # Behind ?, $, _: and @ no reader expects a keyword, and each of them takes all that follows of the name.
        if self._suspicious:
            self.harmless += service_mentions(token.text)

    def _string(self, token: Token) -> None:
        self._pending = ""
        if self._suspicious and mentions_service(token.text):
            self.edits.append(TextEdit(token.start, token.end, with_service_escaped(token.text)))

    def _gap(self, start: int, token: Token) -> None:
        if token.text == "(" and self._previous.text.upper() in GLUED:
            self.edits.append(TextEdit(start, token.start, ""))
        elif self._suspicious and mentions_service(self._text[start : token.start]):
            self.edits.append(TextEdit(start, token.start, " "))


_ACTIONS: dict[TokenKind, Callable[[QueryReading, Token], None]] = {
    TokenKind.WORD: QueryReading._word,
    TokenKind.OPERATOR: QueryReading._operator,
    TokenKind.IRI: QueryReading._iri,
    TokenKind.PREFIXED_NAME: QueryReading._name,
    TokenKind.VARIABLE: QueryReading._variable,
    TokenKind.BLANK_NODE: QueryReading._sigil,
    TokenKind.LANGUAGE: QueryReading._sigil,
    TokenKind.STRING: QueryReading._string,
}


# Plain queries: of a shape so simple that one look at the whole says all that the guard would find out.
#
# One triple pattern with a full IRI as its subject, or the description of one IRI: no literal, prefix, comment, escape,
# call, clause or nesting, in ASCII. For such a query reading every token would cost more than answering it. Whatever is
# not of this shape, if only by a sign, is the guard's to read (``graph.query.sparql.guard``).

LONGEST = 2_000
BLANK = r"[ \t\r\n]"
IRI = r"<[A-Za-z][A-Za-z0-9+.-]*:[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]*>"
VARIABLE = r"\?[A-Za-z_][A-Za-z0-9_]*"
PLAIN = re.compile(
    rf"{BLANK}*(?:"
    rf"(?P<describe>DESCRIBE){BLANK}+{IRI}"
    rf"|(?:(?P<ask>ASK)|SELECT(?:{BLANK}+DISTINCT)?{BLANK}+(?:\*|(?P<selected>{VARIABLE}(?:{BLANK}+{VARIABLE})*)))"
    rf"(?:{BLANK}+WHERE)?{BLANK}*\{{{BLANK}*"
    rf"{IRI}{BLANK}+(?:a|{IRI}|{VARIABLE}){BLANK}+(?:{IRI}|{VARIABLE})(?:{BLANK}+\.)?"
    rf"{BLANK}*\}}(?:{BLANK}+LIMIT{BLANK}+[0-9]{{1,9}})?"
    rf"){BLANK}*"
)


@dataclass(frozen=True, slots=True)
class PlainQuery:
    """What there is to know of a plain query: its form, and its normal form (``graph.query.sparql.tokens``)."""

    form: QueryForm
    normalised: str


def read_plain(text: str) -> PlainQuery | None:
    """Return what a plain query is, or None where it is not one."""
    found = PLAIN.fullmatch(text) if len(text) <= LONGEST else None
    if found is None or mentions_service(text):
        return None
    selected = (found["selected"] or "").split()
    if len(set(selected)) < len(selected):
        return None  # the engine does not take it as it is (``graph.query.sparql.rewriting``)
    form = cast(QueryForm, found["describe"] or found["ask"] or "SELECT")
    normalised = " ".join(text.split()).replace(" {", "{").replace("{ ", "{").replace(" }", "}").replace("} ", "}")
    return PlainQuery(form, normalised)


# What a query may ask for, decided on its tokens before anything runs it.
#
# It evaluates nothing and replaces no parser: the engine still judges the grammar. It makes sure of what the engine
# would not refuse, above all that nothing dials out unread. What runs is therefore not only inspected: wherever the
# letters of SERVICE stand in a string, an IRI or a name, they are written so that no reader can take them for the
# keyword (``graph.query.sparql.tokens``), comments with them disappear, and the endpoint of a permitted call is written
# out as the allow-list has it, or as the address through which it is to be reached. What is then left of these letters
# is counted. Names with the letters of FROM or GRAPH are written out too, so that the dataset read here is the
# engine's.

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
    _revisions: tuple[RewrittenText, ...] = field(default=(), repr=False)

    def like(self, text: str, normalised: str) -> ReadQuery:
        """Return what was read of another query that differs in plain constants only, and was not rewritten."""
        clauses, uses_graph = self.clauses, self.uses_graph_clause
        return ReadQuery(
            text, self.form, self.services, clauses, uses_graph, self.functions, normalised, text, self.base
        )

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
    rules = QueryRules(allowed, addresses, functions, max_tokens, max_nesting)
    revisions = [escapes_resolved(text)]
    try:
        tree = tree_of(revisions[-1].text, max_tokens)
        if tree is not None and (revision := spelled_out(tree)).marks:
            revisions.append(revision)
            tree = tree_of(revision.text, max_tokens)
        reading = QueryReading(revisions[-1].text, base, rules, tree)
        reading.read()
        if reading.passed_over or TRIPLE_TERM in text:
            reading.leave_out(tree or _certain_tree(revisions[-1].text))
    except QuerySyntaxError as error:
        raise _as_written(error, revisions, text) from None
    run = revised(revisions[-1].text, reading.edits)
    if service_mentions(run.text) != reading.harmless:
        raise hidden_service()
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
    """Read a query in a process of its own (``graph.model.processes``)."""
    text, options = wanted
    return options.of(text)


def _as_plain(text: str, plain: PlainQuery, base: str | None) -> ReadQuery:
    return ReadQuery(text, plain.form, (), Dataset(), False, (), plain.normalised, text, base)


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        place = line_and_column(text, error.start)
        raise QuerySyntaxError(
            Sentence("a surrogate is no character"), *place, token=ascii(text[error.start])
        ) from error


def _certain_tree(text: str) -> SyntaxTree:
    """Make sure of what the engine will not: it takes triple terms that are none, and may not see the whole text."""
    found = parsed(text, tokens(text))
    if isinstance(found, Departure):
        raise misplaced(text, found.token, found.problem)
    return found


def _origin(revisions: Sequence[RewrittenText], offset: int) -> int:
    for revision in reversed(revisions):
        offset = revision.origin(offset)
    return offset


def _as_written(error: QuerySyntaxError, revisions: Sequence[RewrittenText], text: str) -> QuerySyntaxError:
    """Move an error from a text that has been revised to the text that the client sent."""
    if not any(each.marks for each in revisions) or error.line is None or error.column is None:
        return error
    offset = _origin(revisions, offset_at(revisions[-1].text, error.line, error.column))
    return QuerySyntaxError(error.problem, *line_and_column(text, offset), token=error.token)
