"""The grammar of SPARQL 1.2 queries, and where a text departs from it.

It builds no syntax tree and is no gate: the engine decides what is a query. When the engine has refused one, its error
names a place some words away (it reports the furthest character that it looked at); this reads the tokens by the
published grammar (SPARQL 1.2 section 19.8, with the engine's LATERAL and ADJUST) and finds the first that cannot stand
where it stands. The grammar is LL(1), so that one token always decides; a stack instead of recursion bears any nesting.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from graph.query.sparql.tokens import AGGREGATES, FUNCTIONS, A, Token, TokenKind

_MOST_SHOWN = 8
_END = "the end of the query"

_GRAMMAR = """
Query = Prologue ( SelectQuery | ConstructQuery | DescribeQuery | AskQuery ) ValuesClause END
Prologue = ( 'BASE' IRI | 'PREFIX' PREFIX_NAME IRI | 'VERSION' STRING )*
SelectQuery = SelectClause DatasetClause* WhereClause SolutionModifier
SubSelect = SelectClause WhereClause SolutionModifier ValuesClause
SelectClause = 'SELECT' ( 'DISTINCT' | 'REDUCED' )? ( ( VARIABLE | '(' Expression 'AS' VARIABLE ')' )+ | '*' )
ConstructQuery = 'CONSTRUCT' ( ConstructTemplate DatasetClause* WhereClause SolutionModifier | ConstructShort )
ConstructShort = DatasetClause* 'WHERE' '{' TriplesTemplate? '}' SolutionModifier
ConstructTemplate = '{' TriplesTemplate? '}'
DescribeQuery = 'DESCRIBE' ( VarOrIri+ | '*' ) DatasetClause* WhereClause? SolutionModifier
AskQuery = 'ASK' DatasetClause* WhereClause SolutionModifier
DatasetClause = 'FROM' 'NAMED'? Iri
WhereClause = 'WHERE'? GroupGraphPattern
SolutionModifier = GroupClause? HavingClause? OrderClause? LimitOffset?
GroupClause = 'GROUP' 'BY' ( BuiltInCall | FunctionCall | '(' Expression ( 'AS' VARIABLE )? ')' | VARIABLE )+
HavingClause = 'HAVING' Constraint+
OrderClause = 'ORDER' 'BY' ( ( 'ASC' | 'DESC' ) Bracketted | Constraint | VARIABLE )+
LimitOffset = 'LIMIT' INTEGER ( 'OFFSET' INTEGER )? | 'OFFSET' INTEGER ( 'LIMIT' INTEGER )?
ValuesClause = ( 'VALUES' DataBlock )?
GroupGraphPattern = '{' ( SubSelect | GroupGraphPatternSub ) '}'
GroupGraphPatternSub = TriplesBlock? ( GraphPatternNotTriples '.'? TriplesBlock? )*
TriplesBlock = SameSubjectPath ( '.' TriplesBlock? )?
GraphPatternNotTriples = GroupGraphPattern ( 'UNION' GroupGraphPattern )* | 'OPTIONAL' GroupGraphPattern
  | 'LATERAL' GroupGraphPattern | 'MINUS' GroupGraphPattern | 'GRAPH' VarOrIri GroupGraphPattern
  | 'SERVICE' 'SILENT'? VarOrIri GroupGraphPattern | 'FILTER' Constraint
  | 'BIND' '(' Expression 'AS' VARIABLE ')' | 'VALUES' DataBlock
DataBlock = VARIABLE '{' DataValue* '}' | ( NIL | '(' VARIABLE* ')' ) '{' ( '(' DataValue+ ')' | NIL )* '}'
DataValue = Iri | Literal | 'UNDEF' | '<<(' Iri ( Iri | 'a' ) DataTerm ')>>'
DataTerm = Iri | Literal | '<<(' Iri ( Iri | 'a' ) DataTerm ')>>'
Constraint = Bracketted | BuiltInCall | FunctionCall
FunctionCall = Iri ArgList
ArgList = NIL | '(' 'DISTINCT'? Expression ( ',' Expression )* ')'
ExpressionList = NIL | '(' Expression ( ',' Expression )* ')'
TriplesTemplate = SameSubject ( '.' TriplesTemplate? )?
SameSubject = VarOrTerm PropertyListNotEmpty | TriplesNode PropertyList | ReifiedTriple PropertyList
PropertyList = PropertyListNotEmpty?
PropertyListNotEmpty = Verb ObjectList ( ';' ( Verb ObjectList )? )*
Verb = VarOrIri | 'a'
ObjectList = Object ( ',' Object )*
Object = GraphNode Annotation
SameSubjectPath = VarOrTerm PathListNotEmpty | TriplesNodePath PathList | ReifiedTriple PathList
PathList = PathListNotEmpty?
PathListNotEmpty = VerbPath ObjectListPath ( ';' ( VerbPath ObjectListPath )? )*
VerbPath = VARIABLE | Path
ObjectListPath = ObjectPath ( ',' ObjectPath )*
ObjectPath = GraphNodePath AnnotationPath
Path = PathSequence ( '|' PathSequence )*
PathSequence = PathStep ( '/' PathStep )*
PathStep = '^'? PathPrimary ( '?' | '*' | '+' )?
PathPrimary = Iri | 'a' | '!' PathNegated | '(' Path ')'
PathNegated = PathOne | '(' PathOne ( '|' PathOne )* ')'
PathOne = '^'? ( Iri | 'a' )
TriplesNode = '(' GraphNode+ ')' | '[' PropertyListNotEmpty ']'
TriplesNodePath = '(' GraphNodePath+ ')' | '[' PathListNotEmpty ']'
GraphNode = VarOrTerm | TriplesNode | ReifiedTriple
GraphNodePath = VarOrTerm | TriplesNodePath | ReifiedTriple
Annotation = ( Reifier | '{|' PropertyListNotEmpty '|}' )*
AnnotationPath = ( Reifier | '{|' PathListNotEmpty '|}' )*
Reifier = '~' ( VARIABLE | Iri | BlankNode )?
ReifiedTriple = '<<' ReifiedTerm Verb ReifiedTerm Reifier? '>>'
ReifiedTerm = VARIABLE | Iri | Literal | BlankNode | ReifiedTriple | TripleTerm
TripleTerm = '<<(' TripleTermPart Verb TripleTermPart ')>>'
TripleTermPart = VARIABLE | Iri | Literal | BlankNode | TripleTerm
VarOrTerm = VARIABLE | Iri | Literal | BlankNode | NIL | TripleTerm
VarOrIri = VARIABLE | Iri
Expression = AndExpression ( '||' AndExpression )*
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
BuiltInCall = Aggregate | 'NOT'? 'EXISTS' GroupGraphPattern | NULLARY NIL | UNARY '(' Expression ')'
  | BINARY '(' Expression ',' Expression ')' | TERNARY '(' Expression ',' Expression ',' Expression ')'
  | 'BOUND' '(' VARIABLE ')' | 'BNODE' ( NIL | '(' Expression ')' ) | VARIADIC ExpressionList
  | TWO_OR_THREE '(' Expression ',' Expression ( ',' Expression )? ')'
  | 'REPLACE' '(' Expression ',' Expression ',' Expression ( ',' Expression )? ')'
Aggregate = 'COUNT' '(' 'DISTINCT'? ( '*' | Expression ) ')' | 'GROUP_CONCAT' GroupConcat
  | AGGREGATE '(' 'DISTINCT'? Expression ')'
GroupConcat = '(' 'DISTINCT'? Expression ( ';' 'SEPARATOR' '=' STRING )? ')'
Iri = IRI | NAME | PREFIX_NAME
Literal = STRING ( LANGUAGE | '^^' Iri )? | INTEGER | NUMBER | SIGNED | 'TRUE' | 'FALSE'
BlankNode = BLANK_NODE | ANON
"""

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
    "END": _END,
}
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


@cache
def _productions() -> dict[str, _Production]:
    rules: dict[str, _Production] = {}
    for line in re.split(r"\n(?=\w)", _GRAMMAR.strip()):
        name, _, body = line.partition(" = ")
        rules[name] = _choice(iter(re.findall(r"'[^']+'|\w+|[()|*+?]", body)))
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
    """Where a text departs from the grammar: the token, and what could stand in its place."""

    token: Token
    expected: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What is wrong, in words."""
        expected = ", ".join(self.expected[:_MOST_SHOWN]) + (", …" if len(self.expected) > _MOST_SHOWN else "")
        what = "this cannot stand here" if self.token.text else "the query is not complete"
        return f"{what}; expected: {expected}"


def departure(tokens: Iterable[Token]) -> Departure | None:
    """Return the first token that the grammar does not allow where it stands, or None if all is well."""
    rules = _productions()
    stack = [rules["Query"]]
    for token, terminal in _terminals(tokens):
        while True:
            node = stack.pop() if stack else _Production("terminal")
            if node.kind == "terminal" and node.name == terminal:
                break
            chosen = _expansion(node, terminal, rules)
            if chosen is None:
                first, _ = _first((node, *reversed(stack)))
                return Departure(token, tuple(sorted({_SHOWN.get(name, name) for name in first})))
            stack += chosen
    return None


def _expansion(node: _Production, terminal: str, rules: dict[str, _Production]) -> list[_Production] | None:
    """Return what replaces a node on the stack, the next last; None where the terminal cannot stand."""
    if terminal not in node.first:
        return [] if node.nullable else None
    if node.kind == "rule":
        return [rules[node.name]]
    if node.kind == "sequence":
        return node.parts[::-1]
    if node.kind == "choice":
        return [next(part for part in node.parts if terminal in part.first)]
    return [node, node.parts[0]] if node.kind == "*" else [node.parts[0]]


def _terminals(tokens: Iterable[Token]) -> Iterator[tuple[Token, str]]:
    """Yield each token with the terminal that it is; ``()`` and ``[]`` are one terminal each."""
    held: Token | None = None
    last = Token(TokenKind.ERROR, "", 0)
    for token in tokens:
        if held is not None:
            pair = held.text + token.text
            held_terminal = {"()": "NIL", "[]": "ANON"}.get(pair)
            yield held, held_terminal or held.text
            held = None
            if held_terminal:
                last = token
                continue
        if token.text in {"(", "["}:
            held = token
        else:
            yield token, _terminal(token)
        last = token
    if held is not None:
        yield held, held.text
    yield Token(TokenKind.ERROR, "", last.end), "END"


def _terminal(token: Token) -> str:
    text = token.text
    if token.kind is TokenKind.WORD:
        return text if text == A else _WORDS.get(text.upper(), text.upper())
    if token.kind is TokenKind.PREFIXED_NAME:
        return "PREFIX_NAME" if text.find(":") == len(text) - 1 else "NAME"
    if token.kind is TokenKind.NUMBER:
        return "SIGNED" if text[0] in "+-" else "INTEGER" if text.isdecimal() else "NUMBER"
    return _KINDS.get(token.kind, text)
