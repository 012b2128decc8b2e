"""One walk over the tokens of a query: its form, its brackets, what it declares, calls and asks to be contacted.

It runs nothing and changes nothing; beside what it finds it collects the edits that ``graph.query.guard`` applies, so
that the engine can read the text in one way only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from graph.errors import QueryLimitError, QueryRefusedError, QuerySyntaxError
from graph.query import disguises
from graph.query.federation import canonical_endpoint
from graph.query.functions import unknown_function
from graph.query.iris import Declarations, resolved
from graph.query.keywords import AGGREGATES, BOOLEANS, FORMS, PROLOGUE, UPDATES
from graph.query.normal import separator
from graph.query.places import Edit, line_and_column
from graph.query.scope import in_scope
from graph.query.tokens import Kind, Token, misplaced, tokens


class _Mode(Enum):
    """What an IRI followed by a parenthesis means: a term beside a list or path, or a function and its arguments."""

    PATTERN = auto()
    SELECT = auto()
    FILTER = auto()
    MODIFIERS = auto()
    EXPRESSION = auto()


_MODES = {
    "SELECT": _Mode.SELECT,
    "FILTER": _Mode.FILTER,
    "BY": _Mode.MODIFIERS,
    "HAVING": _Mode.MODIFIERS,
    **dict.fromkeys(("WHERE", "FROM", "LIMIT", "OFFSET", "VALUES"), _Mode.PATTERN),
}
_BRACKETS = {"{": "}", "(": ")", "[": "]", "{|": "|}", "<<": ">>", "<<(": ")>>"}
_CLOSING = frozenset(_BRACKETS.values())
_NAMES = frozenset({Kind.IRI, Kind.PREFIXED_NAME})

# Its value is a text without a language (SPARQL 1.1 Query 18.5.1.7); the engine keeps one that all texts have.
TEXTS = "GROUP_CONCAT"

# What must follow a word of the prologue, SERVICE, FROM or FROM NAMED.
_FOLLOWERS = {
    "BASE": ({Kind.IRI}, "an IRI in angle brackets must follow BASE"),
    "PREFIX": ({Kind.PREFIXED_NAME}, "a prefix with its colon must follow PREFIX"),
    "NAMESPACE": ({Kind.IRI}, "an IRI in angle brackets must follow the prefix"),
    "VERSION": ({Kind.STRING}, "a version in quotes must follow VERSION"),
    "SERVICE": ({Kind.IRI, Kind.PREFIXED_NAME, Kind.VARIABLE, Kind.WORD}, "an IRI must follow SERVICE"),
    "FROM": ({Kind.IRI, Kind.PREFIXED_NAME, Kind.WORD}, "an IRI, or NAMED and an IRI, must follow FROM"),
    "NAMED": ({Kind.IRI, Kind.PREFIXED_NAME}, "an IRI must follow FROM NAMED"),
}
# The words that may stand between such a word and its IRI.
_BETWEEN = {"SERVICE": "SILENT", "FROM": "NAMED"}
UPDATE = "this begins an update, and a query is needed: SELECT, ASK, CONSTRUCT or DESCRIBE"
_BEGINNING = "a query begins with SELECT, ASK, CONSTRUCT or DESCRIBE"


@dataclass(slots=True)
class _Frame:
    opening: Token
    mode: _Mode
    is_aggregate: bool = False
    is_text: bool = False
    is_elsewhere: bool = False
    """Whether it is evaluated by another service, which has functions of its own."""


@dataclass(frozen=True, slots=True)
class Rules:
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


class Reading:
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
        passed_over: whether a pattern was left out, so that the engine will not judge its grammar.
    """

    def __init__(self, text: str, base: str | None, rules: Rules) -> None:
        self.form = ""
        self.services: dict[str, None] = {}
        self.functions: dict[str, None] = {}
        self.default_graphs: dict[str, None] = {}
        self.named_graphs: dict[str, None] = {}
        self.graph_clause = False
        self.edits: list[Edit] = []
        self.harmless = 0
        self.passed_over = False
        self._text, self._rules = text, rules
        self._declared = Declarations(base)
        self._suspicious = disguises.mentioned(text)
        self._frames = [_Frame(Token(Kind.ERROR, "", 0), _Mode.PATTERN)]
        self._pending, self._prefix = "", Token(Kind.ERROR, "", 0)
        self._previous = Token(Kind.ERROR, "", 0)
        self._service_word, self._is_silent = self._prefix, False
        self._asked = False
        self._unasked: list[Token] | None = None
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
        for number, token in enumerate(tokens(self._text)):
            if number == self._rules.max_tokens:
                raise QueryLimitError("limits.query_tokens", number, "the query has too many tokens", "divide it")
            gap = token.start != end
            if gap:
                self._gap(end, token)
            self._normal += (separator(self._previous, token, gap=gap), token.text)
            if self._pending:
                if token.kind not in _FOLLOWERS[self._pending][0]:
                    raise self._misplaced(token, _FOLLOWERS[self._pending][1])
            elif not self.form and token.kind is not Kind.WORD:
                raise self._misplaced(token, _BEGINNING)
            action = _ACTIONS.get(token.kind) if self._unasked is None else Reading._pass_over
            if action is not None:
                action(self, token)
            self._previous, end = token, token.start + len(token.text)
        self._gap(end, Token(Kind.ERROR, "", len(self._text)))
        self._finish()

    def _finish(self) -> None:
        end = Token(Kind.ERROR, "", len(self._text))
        if len(self._frames) > 1:
            raise self._misplaced(self._frames[-1].opening, "this bracket is never closed")
        if self._pending:
            raise self._misplaced(end, _FOLLOWERS[self._pending][1])
        if not self.form:
            raise self._misplaced(end, "there is no query; SELECT, ASK, CONSTRUCT or DESCRIBE is missing")

    def _misplaced(self, token: Token, problem: str) -> QuerySyntaxError:
        return misplaced(self._text, token, problem)

    def _place(self, token: Token) -> str:
        line, column = line_and_column(self._text, token.start)
        return f"line {line}, column {column}"

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
            problem = "this cannot stand inside a query" if nested else "only one query at a time, and nothing after it"
            raise self._misplaced(token, problem)
        self._clause(token, word)

    def _clause(self, token: Token, word: str) -> None:
        if word == "SERVICE":
            self._pending = word
            self.harmless += 1
            self._service_word, self._is_silent = token, False
        elif word == "FROM":
            if len(self._frames) > 1:
                raise self._misplaced(token, "FROM cannot stand within brackets; it belongs before WHERE")
            self._pending = word
        self.graph_clause |= word == "GRAPH"
        if word in BOOLEANS and token.text != word.lower():  # the engine knows them in small letters only
            self.edits.append(Edit(token.start, token.end, word.lower()))
        frame = self._frames[-1]
        if word == TEXTS:
            self.edits.append(Edit(token.start, token.start, "STR("))
        if word in AGGREGATES and frame.is_aggregate:
            raise self._misplaced(token, "an aggregate cannot stand inside another one")
        if word in _MODES and frame.mode is not _Mode.EXPRESSION:
            frame.mode = _MODES[word]

    # Brackets

    def _operator(self, token: Token) -> None:
        if token.text in _BRACKETS:
            self._open(token)
        elif token.text in _CLOSING:
            self._close(token)
        elif token.text == ";" and len(self._frames) == 1:
            raise self._misplaced(token, "only one query at a time, and nothing after it")

    def _open(self, token: Token) -> None:
        outer = self._frames[-1]
        mode = _Mode.PATTERN
        if token.text == "(":
            if outer.mode is not _Mode.PATTERN or self._previous.text.upper() == "BIND":
                mode = _Mode.EXPRESSION
            if outer.mode is not _Mode.PATTERN and self._previous.kind in _NAMES and self._unasked is None:
                self._call(self._previous)
        elif outer.mode is _Mode.SELECT:
            outer.mode = _Mode.PATTERN
        is_elsewhere = outer.is_elsewhere or (token.text == "{" and self._asked)
        self._asked = False
        is_aggregate = token.text == "(" and (outer.is_aggregate or self._previous.text.upper() in AGGREGATES)
        is_text = self._previous.text.upper() == TEXTS and self._unasked is None
        self._frames.append(_Frame(token, mode, is_aggregate, is_text, is_elsewhere))
        if len(self._frames) > self._rules.max_nesting + 1:
            nesting = self._rules.max_nesting
            raise QueryLimitError("limits.query_nesting", nesting, "brackets nest too deeply", "flatten the query")

    def _close(self, token: Token) -> None:
        opening = self._frames[-1].opening
        if _BRACKETS.get(opening.text) != token.text:
            problem = (
                f"this does not close {opening.text} of {self._place(opening)}" if opening.text else "nothing is open"
            )
            raise self._misplaced(token, problem)
        if self._frames.pop().is_text:
            self.edits.append(Edit(token.end, token.end, ")"))
        if self._frames[-1].mode is _Mode.FILTER:
            self._frames[-1].mode = _Mode.PATTERN

    def _call(self, name: Token) -> None:
        iri = self._meaning(name)
        self.functions[iri] = None
        is_unknown = self._rules.functions is not None and iri not in self._rules.functions
        if is_unknown and not self._frames[-1].is_elsewhere:
            raise self._misplaced(name, unknown_function(iri).problem)

    # Names

    def _meaning(self, name: Token) -> str:
        if name.kind is Kind.IRI:
            return self._declared.resolve(name.text[1:-1])
        return self._declared.expand(name.text)

    def _iri(self, token: Token) -> None:
        if self._suspicious and disguises.mentioned(token.text) and self._pending != "SERVICE":
            self.edits.append(Edit(token.start, token.end, disguises.broken(token.text)))
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
        if disguises.mentioned(prefix):
            # Every name with this prefix is written out, so that the declaration can go.
            start = self._prefix.start
            self.edits = [edit for edit in self.edits if edit.start < start]
            self.edits.append(Edit(start, namespace.end, " "))

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
        elif disguises.decisive(token.text) or disguises.beyond_engine(token.text):
            self.edits.append(Edit(token.start, token.end, disguises.broken(f"<{self._meaning(token)}>")))

    def _check_prefix(self, name: Token) -> None:
        prefix = name.text.partition(":")[0]
        if not self._declared.has_prefix(prefix):
            raise self._misplaced(name, f"the prefix {prefix}: is not declared; add PREFIX {prefix}: <…> at the top")

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
            raise self._misplaced(name, f"FROM needs the absolute IRI of a graph, and <{iri}> is none")
        graphs[iri] = None
        if name.kind is Kind.PREFIXED_NAME:
            self.edits.append(Edit(name.start, name.end, disguises.broken(f"<{iri}>")))

    def _service(self, endpoint: Token) -> None:
        iri = self._meaning(endpoint)
        allowed = self._rules.services.get(canonical_endpoint(iri) or "")
        if allowed is None and self._is_silent:
            self._unasked = []
            return
        if allowed is None:
            raise QueryRefusedError(
                f"SERVICE <{iri}> at {self._place(endpoint)} is not among the endpoints that may be called from here",
                "query that endpoint yourself, or ask the operator to allow it",
            )
        self.services[allowed], self._asked = None, True
        self.edits.append(Edit(endpoint.start, endpoint.end, disguises.broken(f"<{self._rules.addresses[allowed]}>")))

    def _pass_over(self, token: Token) -> None:
        """Take a token of a pattern for an endpoint that may not be called, and of which a failure is no matter.

        It has one solution without bindings then (Federated Query 2.4), in which its variables are in scope.
        """
        unasked = self._unasked or []
        if not unasked and token.text != "{":
            raise self._misplaced(token, "a brace { must open here")
        if token.kind is Kind.PREFIXED_NAME:
            self._check_prefix(token)
        depth = len(self._frames)
        if token.kind is Kind.OPERATOR:
            self._operator(token)
        if not unasked:
            self._outside = depth
        unasked.append(token)
        self._unasked = unasked
        if len(self._frames) == self._outside:
            self._leave_out(unasked[1:-1], token.end)

    def _leave_out(self, pattern: list[Token], end: int) -> None:
        names, start = " ".join(f"?{name}" for name in in_scope(pattern)), self._service_word.start
        self.edits = [edit for edit in self.edits if edit.start < start]
        self.edits.append(Edit(start, end, f"OPTIONAL {{ VALUES ({names}) {{ }} }}" if names else "{}"))
        self.harmless += disguises.mentions(names) - 1
        self._unasked, self.passed_over = None, True

    # What is only looked at for the letters of SERVICE

    def _variable(self, token: Token) -> None:
        if self._pending == "SERVICE":
            raise QueryRefusedError(
                f"SERVICE {token.text} at {self._place(token)} leaves open which endpoint is called",
                "write the endpoint's IRI",
            )
        self._sigil(token)

    def _sigil(self, token: Token) -> None:
        # Behind ?, $, _: and @ no reader expects a keyword, and each of them takes all that follows of the name.
        if self._suspicious:
            self.harmless += disguises.mentions(token.text)

    def _string(self, token: Token) -> None:
        self._pending = ""
        if self._suspicious and disguises.mentioned(token.text):
            self.edits.append(Edit(token.start, token.end, disguises.broken(token.text)))

    def _gap(self, start: int, token: Token) -> None:
        if token.text == "(" and self._previous.text.upper() in disguises.GLUED:
            self.edits.append(Edit(start, token.start, ""))
        elif self._suspicious and disguises.mentioned(self._text[start : token.start]):
            self.edits.append(Edit(start, token.start, " "))


_ACTIONS: dict[Kind, Callable[[Reading, Token], None]] = {
    Kind.WORD: Reading._word,
    Kind.OPERATOR: Reading._operator,
    Kind.IRI: Reading._iri,
    Kind.PREFIXED_NAME: Reading._name,
    Kind.VARIABLE: Reading._variable,
    Kind.BLANK_NODE: Reading._sigil,
    Kind.LANGUAGE: Reading._sigil,
    Kind.STRING: Reading._string,
}
