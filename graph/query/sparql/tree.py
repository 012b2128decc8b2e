"""The tree of a SPARQL text, and the published grammar that makes it of tokens (SPARQL 1.1 Query 19.8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Literal, NamedTuple

from graph.model.errors import QuerySyntaxError, Quotation, Sentence
from graph.query.sparql.tokens import AGGREGATES, FUNCTIONS, A, Token, TokenKind, tokens

# The syntax tree of a SPARQL query or update: what the grammar found where, and how to walk over it.
#
# It is no algebra and judges nothing: a node is a production of the grammar (SPARQL 1.2 section 19.8) and the tokens
# that it spans. The grammar makes it, once a text; everything that has to know where a clause, a
# pattern or an expression stands is a function over it.


class SyntaxNode(NamedTuple):
    """One production where it stands.

    A named tuple, since a query has hundreds and a frozen dataclass takes four times as long to make.

    Attributes:
        name: the production.
        first: the number of its first token.
        last: the number of the token behind its last one.
        parts: the productions within it, in their order; tokens of its own lie between them.
    """

    name: str
    first: int
    last: int
    parts: tuple[SyntaxNode, ...]

    def part(self, *names: str) -> SyntaxNode | None:
        """Return the first of its own parts that is such a production, or None."""
        return next((each for each in self.parts if each.name in names), None)

    def all(self, name: str) -> list[SyntaxNode]:
        """Return those of its own parts that are such productions."""
        return [each for each in self.parts if each.name == name]


@dataclass(frozen=True, slots=True)
class SyntaxTree:
    """A text that is of the grammar.

    Attributes:
        text: its characters.
        tokens: its tokens.
        root: the whole.
        queries: the query and its subqueries, in the order in which they end: the query itself last.
        calls: what is handed to functions that are called by their IRIs, each with its brackets.
    """

    text: str
    tokens: Sequence[Token]
    root: SyntaxNode
    queries: Sequence[SyntaxNode]
    calls: Sequence[SyntaxNode]

    def word(self, number: int) -> str:
        """Return a token in capitals; nothing behind the last one."""
        return self.tokens[number].text.upper() if number < len(self.tokens) else ""

    def is_variable(self, number: int) -> bool:
        """Whether a token is a variable."""
        return self.tokens[number].kind is TokenKind.VARIABLE

    def name(self, number: int) -> str:
        """Return the name of the variable that a token is: ``?x`` and ``$x`` are one."""
        return self.tokens[number].text[1:]

    def is_call(self, node: SyntaxNode) -> bool:
        """Whether a node is a SERVICE clause."""
        return node.name == "GraphPatternNotTriples" and self.word(node.first) == "SERVICE"

    def place(self, first: int, last: int) -> tuple[int, int]:
        """Return where the characters of some tokens begin and end; where there are none, it is one place."""
        if first < last:
            return self.tokens[first].start, self.tokens[last - 1].end
        return (self.tokens[first].start,) * 2 if first < len(self.tokens) else (len(self.text),) * 2

    def characters(self, node: SyntaxNode) -> tuple[int, int]:
        """Return where the characters of a node begin and end."""
        return self.place(node.first, node.last)

    def written(self, node: SyntaxNode) -> str:
        """Return a node as it is written."""
        begins, ends = self.characters(node)
        return self.text[begins:ends]

    def seen(self, node: SyntaxNode, is_hidden: Callable[[SyntaxNode, SyntaxNode], bool]) -> Iterator[int]:
        """Yield the numbers of the tokens of a node, in their order, without recursion.

        Args:
            node: where to look.
            is_hidden: whether to pass over a part, given the node that it is a part of, and itself.
        """
        waiting: list[SyntaxNode | range] = [node]
        while waiting:
            found = waiting.pop()
            if isinstance(found, range):
                yield from found
                continue
            pieces, place = list[SyntaxNode | range](), found.first
            for part in found.parts:
                pieces += (range(place, part.first),) if is_hidden(found, part) else (range(place, part.first), part)
                place = part.last
            waiting += (range(place, found.last), *reversed(pieces))

    def own(self, node: SyntaxNode) -> Iterator[int]:
        """Yield the numbers of the tokens that stand in a node and in none of its parts."""
        return self.seen(node, lambda _, part: True)  # noqa: ARG005

    @property
    def query(self) -> SyntaxNode:
        """The query itself, without its prologue: of one of the four forms."""
        return self.queries[-1]


def walk(
    node: SyntaxNode, is_hidden: Callable[[SyntaxNode, SyntaxNode], bool] = lambda _whole, _part: False
) -> Iterator[SyntaxNode]:
    """Yield a node and all below it, in the order of the text, without recursion.

    Args:
        node: where to begin; it is yielded whatever it is.
        is_hidden: whether to pass over a part with all that is in it, given the node that it is a part of, and itself.
    """
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += [each for each in reversed(found.parts) if not is_hidden(found, each)]


def selected(tree: SyntaxTree, select: SyntaxNode) -> list[tuple[int, SyntaxNode | None]]:
    """Return what a SelectClause names: the token of each variable, and the expression that it stands for.

    There is nothing for ``*``.
    """
    expressions = {part.last + 1: part for part in select.parts}  # ( Expression AS ?name )
    return [(each, expressions.get(each)) for each in tree.own(select) if tree.is_variable(each)]


def group_keys(tree: SyntaxTree, group: SyntaxNode) -> list[str]:
    """Return the variables by which a GroupClause groups, each once."""
    named = (each for condition in group.parts for each in tree.own(condition) if tree.is_variable(each))
    return list(dict.fromkeys(map(tree.name, named)))


# Which variables a group graph pattern brings into scope (SPARQL 1.1 Query 18.2.1).


def in_scope(tree: SyntaxTree, pattern: SyntaxNode) -> tuple[str, ...]:
    """Return the variables of a GroupGraphPattern that are in scope outside, without their signs, each once."""

    def is_hidden(whole: SyntaxNode, part: SyntaxNode) -> bool:
        if whole.name == "SubSelect" and part.name != "SelectClause":
            return part.name == "SolutionModifier" or tree.word(whole.parts[0].last - 1) != "*"
        is_minus = part.name == "GraphPatternNotTriples" and tree.word(part.first) == "MINUS"
        return is_minus or part.name in ("Constraint", "Expression")

    return tuple(dict.fromkeys(tree.name(each) for each in tree.seen(pattern, is_hidden) if tree.is_variable(each)))


# The grammar of SPARQL 1.2, queries and updates: the syntax tree of a text, and where a text departs from it.
#
# It is no gate: the engine decides what is a query. It reads the tokens by the published grammar (SPARQL 1.2 section
# 19.8, with the engine's LATERAL and ADJUST) and makes the tree that all else is a function of; where a text departs
# from the grammar, it finds the first token that cannot stand where it stands. The engine's own error names a place
# some words away (it reports the furthest character that it looked at). The grammar is LL(1), so that one token always
# decides; a stack instead of recursion bears any nesting.

_MOST_SHOWN = 8

# Productions that are written with := have a node in the tree; the others are ways of writing the grammar.
_GRAMMAR = """
Query = Declaration* ( SelectQuery | ConstructQuery | DescribeQuery | AskQuery ) END
Declaration := 'BASE' IRI | 'PREFIX' PREFIX_NAME IRI | 'VERSION' STRING
SelectQuery := SelectClause DatasetClause* WhereClause SolutionModifier ValuesClause
SubSelect := SelectClause WhereClause SolutionModifier ValuesClause
SelectClause := 'SELECT' ( 'DISTINCT' | 'REDUCED' )? ( ( VARIABLE | '(' Expression 'AS' VARIABLE ')' )+ | '*' )
ConstructQuery := 'CONSTRUCT' ( ConstructShort
  | ConstructTemplate DatasetClause* WhereClause SolutionModifier ValuesClause )
ConstructShort = DatasetClause* 'WHERE' ConstructTemplate SolutionModifier ValuesClause
ConstructTemplate := '{' TriplesTemplate? '}'
DescribeQuery := 'DESCRIBE' ( VarOrIri+ | '*' ) DatasetClause* WhereClause? SolutionModifier ValuesClause
AskQuery := 'ASK' DatasetClause* WhereClause SolutionModifier ValuesClause
DatasetClause := 'FROM' 'NAMED'? Iri
WhereClause := 'WHERE'? GroupGraphPattern
SolutionModifier := GroupClause? HavingClause? OrderClause? LimitOffset?
GroupClause := 'GROUP' 'BY' GroupCondition+
GroupCondition := BuiltInCall | FunctionCall | '(' Expression ( 'AS' VARIABLE )? ')' | VARIABLE
HavingClause := 'HAVING' Constraint+
OrderClause := 'ORDER' 'BY' OrderCondition+
OrderCondition := ( 'ASC' | 'DESC' ) Bracketted | Constraint | VARIABLE
LimitOffset := 'LIMIT' INTEGER ( 'OFFSET' INTEGER )? | 'OFFSET' INTEGER ( 'LIMIT' INTEGER )?
ValuesClause := ( 'VALUES' DataBlock )?
GroupGraphPattern := '{' ( SubSelect | GroupGraphPatternSub ) '}'
GroupGraphPatternSub = TriplesBlock? ( GraphPatternNotTriples '.'? TriplesBlock? )*
TriplesBlock = SameSubjectPath ( '.' TriplesBlock? )?
GraphPatternNotTriples := GroupGraphPattern ( 'UNION' GroupGraphPattern )* | 'OPTIONAL' GroupGraphPattern
  | 'LATERAL' GroupGraphPattern | 'MINUS' GroupGraphPattern | 'GRAPH' VarOrIri GroupGraphPattern
  | 'SERVICE' 'SILENT'? VarOrIri GroupGraphPattern | 'FILTER' Constraint
  | 'BIND' '(' Expression 'AS' VARIABLE ')' | 'VALUES' DataBlock
DataBlock = VARIABLE '{' DataValue* '}' | ( NIL | '(' VARIABLE* ')' ) '{' ( '(' DataValue+ ')' | NIL )* '}'
DataValue = Iri | Literal | 'UNDEF' | '<<(' Iri ( Iri | 'a' ) DataTerm ')>>'
DataTerm = Iri | Literal | '<<(' Iri ( Iri | 'a' ) DataTerm ')>>'
Constraint := Bracketted | BuiltInCall | FunctionCall
FunctionCall = Iri ArgList
ArgList := NIL | '(' 'DISTINCT'? Expression ( ',' Expression )* ')'
ExpressionList = NIL | '(' Expression ( ',' Expression )* ')'
TriplesTemplate = SameSubject ( '.' TriplesTemplate? )?
SameSubject = VarOrTerm PropertyListNotEmpty | TriplesNode PropertyList | ReifiedTriple PropertyList
PropertyList = PropertyListNotEmpty?
PropertyListNotEmpty = Verb ObjectList ( ';' ( Verb ObjectList )? )*
Verb = VarOrIri | 'a'
ObjectList = Object ( ',' Object )*
Object = GraphNode Annotation
SameSubjectPath := VarOrTerm PathListNotEmpty | TriplesNodePath PathList | ReifiedTriple PathList
PathList = PathListNotEmpty?
PathListNotEmpty = VerbPath ObjectListPath ( ';' ( VerbPath ObjectListPath )? )*
VerbPath := VARIABLE | Path
ObjectListPath = ObjectPath ( ',' ObjectPath )*
ObjectPath := GraphNodePath AnnotationPath
Path := PathSequence ( '|' PathSequence )*
PathSequence := PathStep ( '/' PathStep )*
PathStep := '^'? PathPrimary ( '?' | '*' | '+' )?
PathPrimary := Iri | 'a' | '!' PathNegated | '(' Path ')'
PathNegated := PathOne | '(' PathOne ( '|' PathOne )* ')'
PathOne := '^'? ( Iri | 'a' )
TriplesNode = '(' GraphNode+ ')' | '[' PropertyListNotEmpty ']'
TriplesNodePath := '(' GraphNodePath+ ')' | '[' PathListNotEmpty ']'
GraphNode = VarOrTerm | TriplesNode | ReifiedTriple
GraphNodePath = VarOrTerm | TriplesNodePath | ReifiedTriple
Annotation = ( Reifier | '{|' PropertyListNotEmpty '|}' )*
AnnotationPath := ( Reifier | '{|' PathListNotEmpty '|}' )*
Reifier = '~' ( VARIABLE | Iri | BlankNode )?
ReifiedTriple = '<<' ReifiedTerm Verb ReifiedTerm Reifier? '>>'
ReifiedTerm = VARIABLE | Iri | Literal | BlankNode | ReifiedTriple | TripleTerm
TripleTerm = '<<(' TripleTermPart Verb TripleTermPart ')>>'
TripleTermPart = VARIABLE | Iri | Literal | BlankNode | TripleTerm
VarOrTerm = VARIABLE | Iri | Literal | BlankNode | NIL | TripleTerm
VarOrIri = VARIABLE | Iri
Expression := AndExpression ( '||' AndExpression )*
AndExpression = Relation ( '&&' Relation )*
Relation = Sum ( Comparison Sum | 'IN' ExpressionList | 'NOT' 'IN' ExpressionList )?
Comparison = '=' | '!=' | '<' | '>' | '<=' | '>='
Sum = Product ( '+' Product | '-' Product | SIGNED ( '*' Unary | '/' Unary )* )*
Product = Unary ( '*' Unary | '/' Unary )*
Unary = '!' Unary | '+' Primary | '-' Primary | Primary
Primary = Bracketted | BuiltInCall | Iri ArgList? | Literal | VARIABLE | ExprTriple
ExprTriple = '<<(' VarOrIri Verb ExprTripleTerm ')>>'
ExprTripleTerm = Iri | Literal | VARIABLE | ExprTriple
Bracketted = '(' Expression ')'
BuiltInCall := Aggregate | 'NOT'? 'EXISTS' GroupGraphPattern | NULLARY NIL | UNARY '(' Expression ')'
  | BINARY '(' Expression ',' Expression ')' | TERNARY '(' Expression ',' Expression ',' Expression ')'
  | 'BOUND' '(' VARIABLE ')' | 'BNODE' ( NIL | '(' Expression ')' ) | VARIADIC ExpressionList
  | TWO_OR_THREE '(' Expression ',' Expression ( ',' Expression )? ')'
  | 'REPLACE' '(' Expression ',' Expression ',' Expression ( ',' Expression )? ')'
Aggregate := 'COUNT' '(' 'DISTINCT'? ( '*' | Expression ) ')' | 'GROUP_CONCAT' GroupConcat
  | AGGREGATE '(' 'DISTINCT'? Expression ')'
GroupConcat = '(' 'DISTINCT'? Expression ( ';' 'SEPARATOR' '=' STRING )? ')'
Iri = IRI | NAME | PREFIX_NAME
Literal = STRING ( LANGUAGE | '^^' Iri )? | INTEGER | NUMBER | SIGNED | 'TRUE' | 'FALSE'
BlankNode = BLANK_NODE | ANON
Update = Operations END
Operations = Declaration* ( Operation ( ';' Operations )? )?
Operation := 'INSERT' ( 'DATA' Quads | Quads Pattern ) | 'DELETE' ( 'DATA' Quads | 'WHERE' Quads | Deletion )
  | 'WITH' Iri ( 'INSERT' Quads Pattern | 'DELETE' Deletion ) | 'CREATE' 'SILENT'? 'GRAPH' Iri
  | 'LOAD' 'SILENT'? Iri ( 'INTO' 'GRAPH' Iri )?
  | ( 'CLEAR' | 'DROP' ) 'SILENT'? ( 'GRAPH' Iri | 'DEFAULT' | 'NAMED' | 'ALL' )
  | ( 'ADD' | 'MOVE' | 'COPY' ) 'SILENT'? GraphOrDefault 'TO' GraphOrDefault
Deletion = Quads ( 'INSERT' Quads )? Pattern
Pattern = UsingClause* 'WHERE' GroupGraphPattern
UsingClause := 'USING' 'NAMED'? Iri
GraphOrDefault := 'DEFAULT' | 'GRAPH'? Iri
Quads := '{' TriplesTemplate? ( QuadsNotTriples '.'? TriplesTemplate? )* '}'
QuadsNotTriples := 'GRAPH' VarOrIri '{' TriplesTemplate? '}'
"""
# Levels of precedence: where such a node would have one part and nothing else, the part stands in its place.
_QUERIES = ("SelectQuery", "SubSelect", "ConstructQuery", "DescribeQuery", "AskQuery")
_LEVELS = frozenset({"Path", "PathSequence", "PathStep"})

_ARITIES = {
    "NULLARY": {"RAND", "NOW", "UUID", "STRUUID"},
    "BINARY": frozenset(
        {"LANGMATCHES", "CONTAINS", "STRSTARTS", "STRENDS", "STRBEFORE", "STRAFTER"}
        | {"STRLANG", "STRDT", "SAMETERM", "ADJUST"}
    ),
    "TERNARY": {"IF", "STRLANGDIR", "TRIPLE"},
    "TWO_OR_THREE": {"SUBSTR", "REGEX"},
    "VARIADIC": {"CONCAT", "COALESCE"},
}
_WORDS = {
    **dict.fromkeys(FUNCTIONS, "UNARY"),
    **{name: arity for arity, names in _ARITIES.items() for name in names},
    **dict.fromkeys(AGGREGATES, "AGGREGATE"),
    # These have productions of their own.
    **{name: name for name in ("BOUND", "BNODE", "REPLACE", "COUNT", "GROUP_CONCAT")},
}
_SHOWN = {
    **dict.fromkeys(("IRI", "NAME", "PREFIX_NAME"), "an IRI"),
    **dict.fromkeys(("NUMBER", "SIGNED"), "a number"),
    **dict.fromkeys(("BLANK_NODE", "ANON"), "a blank node"),
    **dict.fromkeys(("TRUE", "FALSE"), "a boolean"),
    **dict.fromkeys(("COUNT", "GROUP_CONCAT", "AGGREGATE"), "an aggregate"),
    **dict.fromkeys((*_ARITIES, "UNARY", "BOUND", "BNODE", "REPLACE", "EXISTS", "NOT"), "a function"),
    "VARIABLE": "a variable",
    "STRING": "a string",
    "LANGUAGE": "a language tag",
    "INTEGER": "an integer",
    "NIL": "(",
}
_PAIRS = {"(": (")", "NIL"), "[": ("]", "ANON")}
_KINDS = {
    TokenKind.VARIABLE: "VARIABLE",
    TokenKind.IRI: "IRI",
    TokenKind.STRING: "STRING",
    TokenKind.BLANK_NODE: "BLANK_NODE",
    TokenKind.LANGUAGE: "LANGUAGE",
}


@dataclass(eq=False, slots=True)
class _Production:
    """A part of a production: a terminal, a reference, a sequence, a choice, or an optional or repeated part."""

    kind: str
    name: str = ""
    parts: list[_Production] = field(default_factory=list)
    first: frozenset[str] = frozenset()
    nullable: bool = False
    steps: dict[str, _Step | None] = field(default_factory=dict)
    """What reading a terminal here comes to; found once and remembered, as a table of the grammar's would have it."""


# The nodes that begin with a terminal, and what is still to be read behind it, the next last; None ends a node.
_Step = tuple[tuple[str, ...], tuple[_Production | None, ...]]


@cache
def _productions() -> dict[str, _Production]:
    rules: dict[str, _Production] = {}
    for line in re.split(r"\n(?=\w)", _GRAMMAR.strip()):
        name, sign, body = line.split(" ", 2)
        rules[name] = _choice(iter(re.findall(r"'[^']+'|\w+|[()|*+?]", body)))
        rules[name].name = name if sign == ":=" else ""
    while sum(_grow(node, rules) for node in _walk(rules.values())):
        pass
    return rules


def _walk(nodes: Iterable[_Production]) -> Iterator[_Production]:
    for node in nodes:
        yield from _walk(node.parts)
        yield node


def _choice(symbols: Iterator[str]) -> _Production:
    """Read alternatives up to a closing parenthesis or the end."""
    branches = [_Production("sequence")]
    for symbol in symbols:
        parts = branches[-1].parts
        if symbol == ")":
            break
        if symbol == "(":
            parts.append(_choice(symbols))
        elif symbol == "|":
            branches.append(_Production("sequence"))
        elif symbol in {"*", "?"}:
            parts[-1] = _Production(symbol, parts=[parts[-1]])
        elif symbol == "+":
            parts.append(_Production("*", parts=[parts[-1]]))
        else:
            terminal = symbol[0] == "'" or symbol.isupper()
            parts.append(_Production("terminal" if terminal else "rule", symbol.strip("'")))
    return _Production("choice", parts=branches)


def _grow(node: _Production, rules: dict[str, _Production]) -> bool:
    """Take one step towards the node's FIRST set; return whether it grew."""
    before = node.first, node.nullable
    if node.kind == "terminal":
        node.first = frozenset({node.name})
    elif node.kind == "rule":
        node.first, node.nullable = rules[node.name].first, rules[node.name].nullable
    elif node.kind == "sequence":
        node.first, node.nullable = _first(node.parts)
    else:
        node.first = frozenset().union(*(part.first for part in node.parts))
        node.nullable = node.kind != "choice" or any(part.nullable for part in node.parts)
    return before != (node.first, node.nullable)


def _first(parts: Iterable[_Production]) -> tuple[frozenset[str], bool]:
    first: frozenset[str] = frozenset()
    for part in parts:
        first |= part.first
        if not part.nullable:
            return first, False
    return first, True


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a text departs from the grammar.

    Attributes:
        token: what cannot stand there; its text is empty at the end.
        expected: what could stand in its place.
        root: what the text is to be.
        within: the innermost production with a node that has begun, and is not at its end.
        opening: its first token.
        ended: the production within it that ends right before the token; "" where none does.
    """

    token: Token
    expected: tuple[str, ...]
    root: Literal["Query", "Update"]
    within: str
    opening: Token
    ended: str

    @property
    def problem(self) -> Sentence:
        """What is wrong, in words."""
        expected = ", ".join(self.expected[:_MOST_SHOWN]) + (", …" if len(self.expected) > _MOST_SHOWN else "")
        words = Quotation(expected)
        if self.token.text:
            return Sentence("this cannot stand here; expected: %(words)s", words=words)
        if self.root == "Update":
            return Sentence("the update is not complete; expected: %(words)s", words=words)
        return Sentence("the query is not complete; expected: %(words)s", words=words)


def departure(found: Iterable[Token]) -> Departure | None:
    """Return the first token that the grammar of queries does not allow where it stands, or None if all is well."""
    result = parsed("", found)
    return result if isinstance(result, Departure) else None


def parsed(text: str, found: Iterable[Token], root: Literal["Query", "Update"] = "Query") -> SyntaxTree | Departure:
    """Return the tree of a query or an update, or where it departs from the grammar.

    Args:
        text: its characters.
        found: its tokens.
        root: which of the two it is to be.

    Raises:
        HamkorError: what ``found`` raises.
    """
    rules, taken, queries, calls = _productions(), list(found), list[SyntaxNode](), list[SyntaxNode]()
    noted = {**dict.fromkeys(_QUERIES, queries), "ArgList": calls}
    stack: list[_Production | None] = [rules[root]]
    opened: list[tuple[str, int, list[SyntaxNode]]] = [(root, 0, [])]
    number, end = 0, len(taken)
    while number <= end:
        terminal, width = _terminal(taken, number) if number < end else ("END", 1)
        while True:
            node = stack.pop()
            if node is None:
                _close(opened, number, noted)
                continue
            try:
                step = node.steps[terminal]
            except KeyError:
                step = node.steps[terminal] = _step(node, terminal, rules)
            if step is not None:
                break
            if not node.nullable:
                return _departure(node, taken, number, root, opened[-1])
        for name in step[0]:
            opened.append((name, number, []))
        stack += step[1]
        number += width
    (_, _, parts) = opened[0]
    return SyntaxTree(text, taken, SyntaxNode(root, 0, end, tuple(parts)), queries, calls)


def _departure(
    node: _Production,
    taken: list[Token],
    number: int,
    root: Literal["Query", "Update"],
    opened: tuple[str, int, list[SyntaxNode]],
) -> Departure:
    within, first, parts = opened
    taken = [*taken[: number + 1], Token(TokenKind.ERROR, "", taken[-1].end if taken else 0)]
    shown = {**_SHOWN, "END": f"the end of the {root.lower()}"}
    expected = tuple(sorted({shown.get(name, name) for name in node.first}))
    ended = parts[-1].name if parts and parts[-1].last == number else ""
    return Departure(taken[number], expected, root, within, taken[first], ended)


def tree_of(text: str, max_tokens: int | None = None) -> SyntaxTree | None:
    """Return the tree of a query; None where there is none, or the text has more tokens than that."""
    try:
        found = parsed(text, tokens(text) if max_tokens is None else islice(tokens(text), max_tokens + 1))
    except QuerySyntaxError:
        return None
    if isinstance(found, Departure) or (max_tokens is not None and len(found.tokens) > max_tokens):
        return None
    return found


def _close(opened: list[tuple[str, int, list[SyntaxNode]]], last: int, noted: dict[str, list[SyntaxNode]]) -> None:
    """End the innermost node before a token; note it where such nodes are noted."""
    name, first, parts = opened.pop()
    if name in _LEVELS and len(parts) == 1 and parts[0].first == first and parts[0].last == last:
        opened[-1][2].append(parts[0])
        return
    node: SyntaxNode = tuple.__new__(SyntaxNode, (name, first, last, tuple(parts)))  # half the time of the constructor
    opened[-1][2].append(node)
    if name in noted:
        noted[name].append(node)


def _step(node: _Production, terminal: str, rules: dict[str, _Production]) -> _Step | None:
    """Return what reading a terminal comes to where a production is to be read; None where it cannot begin with it."""
    if terminal not in node.first:
        return None
    names, rest = list[str](), list[_Production | None]([node])
    while (last := rest.pop()) is not None and last.kind != "terminal":
        if terminal not in last.first:
            continue  # it is nullable, and there is nothing of it
        if last.kind == "rule":
            if rules[last.name].name:
                names.append(last.name)
                rest.append(None)
            rest.append(rules[last.name])
        elif last.kind == "choice":
            rest.append(next(part for part in last.parts if terminal in part.first))
        else:
            rest += [last] if last.kind == "*" else []
            rest += last.parts[::-1]
    return tuple(names), tuple(rest)


def _terminal(taken: list[Token], number: int) -> tuple[str, int]:
    """Return the terminal that begins with a token, and of how many tokens it is; ``()`` and ``[]`` are one each."""
    kind, text, _ = taken[number]
    if kind is TokenKind.OPERATOR:
        if text in _PAIRS and number + 1 < len(taken) and taken[number + 1].text == _PAIRS[text][0]:
            return _PAIRS[text][1], 2
        return text, 1
    if kind is TokenKind.WORD:
        return (text if text == A else _WORDS.get(text) or _WORDS.get(text.upper(), text.upper())), 1
    if kind is TokenKind.PREFIXED_NAME:
        return ("PREFIX_NAME" if text.find(":") == len(text) - 1 else "NAME"), 1
    if kind is TokenKind.NUMBER:
        return ("SIGNED" if text[0] in "+-" else "INTEGER" if text.isdecimal() else "NUMBER"), 1
    return _KINDS.get(kind, text), 1
