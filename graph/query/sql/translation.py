"""From the tree of a query to its algebra, as the specification translates it (SPARQL 1.1 Query 18.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pyoxigraph as ox

from graph.model.rdf_terms import RDF_TYPE, XSD, stored
from graph.query.engine import Declarations, resolved
from graph.query.sparql.tokens import TokenKind
from graph.query.sparql.tree import SyntaxNode, SyntaxTree, in_scope, selected
from graph.query.sql.algebra import (
    Constant,
    ExistsTest,
    Expression,
    ExtendPattern,
    FilterPattern,
    FunctionCall,
    InlineData,
    InverseStep,
    JoinPattern,
    LeftJoinPattern,
    MinusPattern,
    NamedGraphPattern,
    NegatedStep,
    OrderCondition,
    Path,
    PathOfAlternatives,
    PathOfSequence,
    PathPattern,
    Pattern,
    PredicateStep,
    RepeatedPath,
    Selection,
    SetFunction,
    Slot,
    Term,
    TriplePattern,
    UnionPattern,
    UnsupportedError,
    Variable,
    is_hidden,
    may_be_nothing,
)

# Terms as a query writes them: IRIs, prefixed names and literals, to the terms that they mean.

ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
ESCAPE = re.compile(r"\\(.)")
NIL = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#nil")
TYPE = ox.NamedNode(RDF_TYPE)
TEXTUAL = ox.NamedNode(f"{XSD}string")


class TermReader:
    """The terms of one query."""

    def __init__(self, tree: SyntaxTree, base: str) -> None:
        """Read the prologue.

        Args:
            tree: the query.
            base: against what relative IRIs are resolved.
        """
        self.tree, self._tokens = tree, tree.tokens
        self._declared = Declarations(base)
        self._names = count(1)
        for each in tree.root.all("Declaration"):
            word = tree.word(each.first)
            if word == "BASE":
                self._declared.declare_base(self._tokens[each.first + 1].text[1:-1])
            elif word == "PREFIX":
                name, reference = (self._tokens[each.first + place].text for place in (1, 2))
                self._declared.declare_prefix(name[:-1], reference[1:-1])

    def fresh(self) -> str:
        """Return a name for what has none in the text."""
        return f".{next(self._names)}"

    def iri(self, number: int) -> ox.NamedNode:
        """Return the IRI that a token is."""
        token = self._tokens[number]
        if token.kind is TokenKind.IRI:
            iri = self._declared.resolve(token.text[1:-1])
        elif token.kind is TokenKind.PREFIXED_NAME and self._declared.has_prefix(token.text.partition(":")[0]):
            iri = self._declared.expand(token.text)
        elif token.text == "a":
            return TYPE
        else:
            raise UnsupportedError
        if "\\" in iri or resolved(iri, None) != iri:
            raise UnsupportedError  # what is no legal IRI, the engine says
        return ox.NamedNode(iri)

    def slot(self, number: int, last: int) -> Slot:
        """Return the subject, predicate or object that some tokens are; a blank node is a variable of its own."""
        token = self._tokens[number]
        if token.kind is TokenKind.VARIABLE:
            return Variable(token.text[1:])
        if token.kind is TokenKind.BLANK_NODE:
            return Variable(f".{token.text}")
        if token.text == "[" and last == number + 2:
            return Variable(self.fresh())
        if token.text == "(" and last == number + 2:
            return Constant(NIL)
        term, behind = self.term(number)
        if behind != last:
            raise UnsupportedError
        return Constant(term)

    def term(self, number: int) -> tuple[Term, int]:
        """Return the constant that begins with a token, and the number of the token behind it."""
        token = self._tokens[number]
        if token.kind is TokenKind.NUMBER:
            return _normal(
                ox.Literal(token.text, datatype=ox.NamedNode(f"{XSD}{_number_type(token.text)}"))
            ), number + 1
        if token.kind is TokenKind.STRING:
            return self._literal(number)
        if token.text.upper() in ("TRUE", "FALSE") and token.kind is TokenKind.WORD:
            return ox.Literal(token.text.lower(), datatype=ox.NamedNode(f"{XSD}boolean")), number + 1
        return self.iri(number), number + 1

    def _literal(self, number: int) -> tuple[Term, int]:
        text = unescaped(self._tokens[number].text)
        follower = self._tokens[number + 1] if number + 1 < len(self._tokens) else None
        if follower is not None and follower.kind is TokenKind.LANGUAGE:
            if "--" in follower.text:
                raise UnsupportedError
            try:
                return _normal(ox.Literal(text, language=follower.text[1:])), number + 2
            except ValueError as problem:  # no legal tag: the engine says so
                raise UnsupportedError from problem
        if follower is not None and follower.text == "^^":
            datatype = self.iri(number + 2)
            return (
                ox.Literal(text) if datatype == TEXTUAL else _normal(ox.Literal(text, datatype=datatype))
            ), number + 3
        return ox.Literal(text), number + 1


def _number_type(text: str) -> str:
    if "e" in text or "E" in text:
        return "double"
    return "decimal" if "." in text else "integer"


def unescaped(token: str) -> str:
    """Return the string that a token stands for."""
    if "\\u" in token or "\\U" in token:
        raise UnsupportedError  # the guard writes the letters of SERVICE so for the engine, which reads it then
    width = 3 if token[:3] in ('"""', "'''") and len(token) >= 6 else 1
    return ESCAPE.sub(lambda found: ESCAPES[found[1]], token[width:-width])


def _normal(literal: ox.Literal) -> Term:
    term = stored(literal)
    if not isinstance(term, ox.Literal):
        raise UnsupportedError
    return term


# Expressions of a query: from the tree to the algebra's values (SPARQL 1.1 Query 17, 19.8 for precedence).

COMPARISONS = frozenset({"=", "!=", "<", ">", "<=", ">="})
DEEPEST_EXPRESSION = 60
VOLATILE = frozenset({"RAND", "NOW", "UUID", "STRUUID", "BNODE"})
Item = SyntaxNode | int
Aggregated = Callable[[SetFunction], Variable]


class ExpressionReader:
    """Reads expressions of one query, or one level of it, where aggregates are allowed."""

    def __init__(
        self, terms: TermReader, pattern: Callable[[SyntaxNode], Pattern], aggregated: Aggregated | None
    ) -> None:
        """Make one.

        Args:
            terms: reads terms.
            pattern: reads a GroupGraphPattern.
            aggregated: gives an aggregate a name; None where there must be none.
        """
        self._terms, self._tree = terms, terms.tree
        self._pattern, self._aggregated = pattern, aggregated
        self._depth = 0

    def read(self, node: SyntaxNode) -> Expression:
        """Return the expression that an Expression, a Constraint or a condition is."""
        self._depth += 1
        if self._depth > DEEPEST_EXPRESSION:
            raise UnsupportedError
        found = _Operands(self, self._items(node)).whole()
        self._depth -= 1
        return found

    def _items(self, node: SyntaxNode) -> list[Item]:
        """Return the parts of a node and the tokens between them, in their order."""
        items, place = list[Item](), node.first
        for part in node.parts:
            items += [*range(place, part.first), part]
            place = part.last
        return [*items, *range(place, node.last)]

    def word(self, item: Item) -> str:
        """Return a token in capitals; nothing for a part."""
        return self._tree.word(item) if isinstance(item, int) else ""

    def token_kind(self, item: Item) -> TokenKind | None:
        """Return the kind of a token; None for a part."""
        return self._tree.tokens[item].kind if isinstance(item, int) else None

    def part(self, node: SyntaxNode) -> Expression:
        """Return the expression that a part of another is."""
        if node.name == "Aggregate":
            return self._aggregate(node)
        if node.name == "BuiltInCall":
            return self._call(node)
        if node.name in ("Expression", "Constraint"):
            return self.read(node)
        raise UnsupportedError

    def term(self, number: int) -> tuple[Expression, int]:
        """Return the variable or constant that begins with a token, and the number of the token behind it."""
        if self._tree.is_variable(number):
            return Variable(self._tree.name(number)), number + 1
        term, behind = self._terms.term(number)
        return Constant(term), behind

    def iri_call(self, number: int, arguments: SyntaxNode) -> Expression:
        """Return the call of a function that a token names."""
        if any(self._tree.word(each) == "DISTINCT" for each in self._tree.own(arguments)):
            raise UnsupportedError
        return FunctionCall(self._terms.iri(number).value, tuple(self.read(each) for each in arguments.parts))

    def _call(self, node: SyntaxNode) -> Expression:
        word = self._tree.word(node.first)
        if node.parts and node.parts[0].name == "Aggregate":
            return self._aggregate(node.parts[0])
        if word in ("EXISTS", "NOT"):
            return ExistsTest(self._pattern(node.parts[0]), word == "NOT")
        if word == "BOUND":
            return FunctionCall("BOUND", (Variable(self._tree.name(node.first + 2)),))
        if word in VOLATILE:
            raise UnsupportedError
        return FunctionCall(word, tuple(self.read(each) for each in node.parts))

    def _aggregate(self, node: SyntaxNode) -> Expression:
        if self._aggregated is None:
            raise UnsupportedError
        words = [self._tree.word(each) for each in self._tree.own(node)]
        argument = self.read(node.parts[0]) if node.parts else None
        separator = " "
        if "SEPARATOR" in words:
            strings = [each for each in self._tree.own(node) if self.token_kind(each) is TokenKind.STRING]
            separator = unescaped(self._tree.tokens[strings[0]].text)
        return self._aggregated(SetFunction(words[0], argument, "DISTINCT" in words, separator))


class _Operands:
    """A descent over operands and the operators between them, by precedence."""

    def __init__(self, reader: ExpressionReader, items: list[Item]) -> None:
        self._reader, self._items, self._place = reader, items, 0

    def whole(self) -> Expression:
        found = self._either()
        if self._place < len(self._items):
            raise UnsupportedError
        return found

    @property
    def _word(self) -> str:
        return self._reader.word(self._items[self._place]) if self._place < len(self._items) else ""

    def _took(self, *words: str) -> str:
        word = self._word
        if word and word in words:
            self._place += 1
            return word
        return ""

    def _either(self) -> Expression:
        found = [self._both()]
        while self._took("||"):
            found.append(self._both())
        return FunctionCall("||", tuple(found)) if len(found) > 1 else found[0]

    def _both(self) -> Expression:
        found = [self._relation()]
        while self._took("&&"):
            found.append(self._relation())
        return FunctionCall("&&", tuple(found)) if len(found) > 1 else found[0]

    def _relation(self) -> Expression:
        left = self._sum()
        if sign := self._took(*COMPARISONS):
            return FunctionCall(sign, (left, self._sum()))
        if self._took("NOT"):
            return FunctionCall("!", (self._membership(left),))
        return self._membership(left) if self._word == "IN" else left

    def _membership(self, left: Expression) -> Expression:
        self._took("IN")
        return FunctionCall("IN", (left, *self._list()))

    def _list(self) -> tuple[Expression, ...]:
        found = list[Expression]()
        self._took("(")
        while not self._took(")"):
            item = self._items[self._place]
            if isinstance(item, int):
                self._place += 1  # a comma
                continue
            found.append(self._reader.part(item))
            self._place += 1
        return tuple(found)

    def _sum(self) -> Expression:
        left = self._product()
        while True:
            if sign := self._took("+", "-"):
                left = FunctionCall(sign, (left, self._product()))
            elif self._is_signed():
                # ``?x -2*3`` is ?x + (-2 * 3), whose sign the token has
                left = FunctionCall("+", (left, self._product()))
            else:
                return left

    def _is_signed(self) -> bool:
        if self._place >= len(self._items):
            return False
        return self._reader.token_kind(self._items[self._place]) is TokenKind.NUMBER and self._word[0] in "+-"

    def _product(self) -> Expression:
        left = self._unary()
        while sign := self._took("*", "/"):
            left = FunctionCall(sign, (left, self._unary()))
        return left

    def _unary(self) -> Expression:
        if sign := self._took("!", "+", "-"):
            inner = self._unary()
            return FunctionCall({"!": "!", "+": "PLUS", "-": "NEGATE"}[sign], (inner,))
        return self._primary()

    def _primary(self) -> Expression:
        if self._place >= len(self._items):
            raise UnsupportedError
        item = self._items[self._place]
        if not isinstance(item, int):
            self._place += 1
            return self._reader.part(item)
        if self._took("ASC", "DESC") or self._word == "(":
            return self._bracketted()
        following = self._items[self._place + 1] if self._place + 1 < len(self._items) else None
        if isinstance(following, SyntaxNode) and following.name == "ArgList":
            self._place += 2
            return self._reader.iri_call(item, following)
        found, behind = self._reader.term(item)
        self._place += behind - item
        return found

    def _bracketted(self) -> Expression:
        self._took("(")
        item = self._items[self._place]
        if isinstance(item, int):
            raise UnsupportedError
        self._place += 1
        found = self._reader.part(item)
        if not self._took(")"):
            raise UnsupportedError
        return found


# Patterns and the query as a whole, as the specification translates them (SPARQL 1.1 Query 18.2).

MOST_TOKENS = 2_000
MOST_NESTING = 24
SIGNS = frozenset({"?", "*", "+"})


def translated_query(tree: SyntaxTree, base: str) -> Selection:
    """Return the algebra of a query; of a form that selects nothing, what its template may speak of.

    Args:
        tree: the query, as the guard let it through.
        base: against what relative IRIs are resolved.

    Raises:
        UnsupportedError: it is outside the part of SPARQL that is read here.
    """
    if len(tree.tokens) > MOST_TOKENS or tree.query.name not in ("SelectQuery", "AskQuery", "ConstructQuery"):
        raise UnsupportedError
    return _Translation(tree, base).selection(tree.query)


@dataclass(slots=True)
class _Group:
    """A group graph pattern as far as it has been read."""

    pattern: Pattern
    conditions: list[Expression]


class _Translation:
    """The patterns of one query."""

    def __init__(self, tree: SyntaxTree, base: str) -> None:
        self._tree = tree
        self._terms = TermReader(tree, base)
        self._expressions = ExpressionReader(self._terms, self.group, None)
        self._depth = 0

    # Queries

    def selection(self, query: SyntaxNode) -> Selection:
        """Translate a query or a subquery."""
        where, modifier = query.part("WhereClause"), query.part("SolutionModifier")
        select, values = query.part("SelectClause"), query.part("ValuesClause")
        if where is None:
            raise UnsupportedError  # the short form of CONSTRUCT
        aggregates = dict[SetFunction, str]()

        def aggregated(function: SetFunction) -> Variable:
            return Variable(aggregates.setdefault(function, f".agg{len(aggregates)}"))

        pattern = self.group(where.parts[0])
        reader = ExpressionReader(self._terms, self.group, aggregated)
        bindings = tuple(
            (self._tree.name(number), reader.read(expression))
            for number, expression in (selected(self._tree, select) if select else ())
            if expression is not None
        )
        keys, having, order, (limit, offset) = self._modifiers(modifier, reader)
        data = self._data(values) if values is not None and values.last > values.first else None
        names = self._names(query, select, where.parts[0], data)
        if aggregates and keys is None:
            keys = ()
        if having and keys is None:
            keys = ()
        named = tuple((name, function) for function, name in aggregates.items())
        is_distinct = select is not None and self._tree.word(select.first + 1) == "DISTINCT"
        if select is not None and self._tree.word(select.first + 1) == "REDUCED":
            raise UnsupportedError  # how many there are is the engine's choice
        return Selection(pattern, keys, named, having, data, bindings, order, names, is_distinct, limit, offset)

    def _names(
        self, query: SyntaxNode, select: SyntaxNode | None, where: SyntaxNode, data: InlineData | None
    ) -> tuple[str, ...]:
        if select is None:
            template = query.part("ConstructTemplate")
            spoken = range(template.first, template.last) if template is not None else ()
            return tuple(dict.fromkeys(self._tree.name(each) for each in spoken if self._tree.is_variable(each)))
        if self._tree.word(select.last - 1) == "*":
            return tuple(dict.fromkeys((*in_scope(self._tree, where), *(data.names if data else ()))))
        return tuple(dict.fromkeys(self._tree.name(number) for number, _ in selected(self._tree, select)))

    def _modifiers(
        self, modifier: SyntaxNode | None, reader: ExpressionReader
    ) -> tuple[
        tuple[tuple[str, Expression], ...] | None,
        tuple[Expression, ...],
        tuple[OrderCondition, ...],
        tuple[int | None, int],
    ]:
        if modifier is None:
            return None, (), (), (None, 0)
        group, having = modifier.part("GroupClause"), modifier.part("HavingClause")
        order, limits = modifier.part("OrderClause"), modifier.part("LimitOffset")
        keys = tuple(self._key(each) for each in group.parts) if group is not None else None
        kept = tuple(reader.read(each) for each in having.parts) if having is not None else ()
        ordered = tuple(
            OrderCondition(reader.read(each), self._tree.word(each.first) == "DESC") for each in order.parts
        ) if order is not None else ()  # fmt: skip
        return keys, kept, ordered, self._limits(limits)

    def _key(self, condition: SyntaxNode) -> tuple[str, Expression]:
        tokens = list(self._tree.own(condition))
        named = [each for each in tokens if self._tree.is_variable(each)]
        if named and not condition.parts:
            name = self._tree.name(named[0])
            return name, Variable(name)
        inner = next((each for each in condition.parts if each.name in ("Expression", "BuiltInCall")), None)
        if inner is None:
            raise UnsupportedError
        expression = self._expressions.part(inner)
        if named:
            return self._tree.name(named[0]), expression
        return self._terms.fresh(), expression

    def _limits(self, clause: SyntaxNode | None) -> tuple[int | None, int]:
        said: dict[str, int] = {}
        for number in range(clause.first, clause.last, 2) if clause is not None else ():
            digits = self._tree.tokens[number + 1].text
            if len(digits) > 15:
                raise UnsupportedError
            said[self._tree.word(number)] = int(digits)
        return said.get("LIMIT"), said.get("OFFSET", 0)

    # Groups

    def group(self, node: SyntaxNode) -> Pattern:
        """Translate a GroupGraphPattern (SPARQL 18.2.2.6)."""
        self._depth += 1
        if self._depth > MOST_NESTING:
            raise UnsupportedError
        group = self._read_group(node)
        self._depth -= 1
        return FilterPattern(group.pattern, tuple(group.conditions)) if group.conditions else group.pattern

    def _read_group(self, node: SyntaxNode) -> _Group:
        if node.parts and node.parts[0].name == "SubSelect":
            return _Group(self.selection(node.parts[0]), [])
        group = _Group(JoinPattern(()), [])
        for part in node.parts:
            if part.name == "SameSubjectPath":
                group.pattern = _joined(group.pattern, *self._triples(part))
            else:
                self._element(part, group)
        return group

    def _element(self, node: SyntaxNode, group: _Group) -> None:
        word = self._tree.word(node.first)
        if word == "FILTER":
            group.conditions.append(self._expressions.read(node.parts[0]))
        elif word == "OPTIONAL":
            inner = self._read_group(node.parts[0])
            group.pattern = LeftJoinPattern(group.pattern, inner.pattern, tuple(inner.conditions))
        elif word == "MINUS":
            group.pattern = MinusPattern(group.pattern, self.group(node.parts[0]))
        elif word == "BIND":
            name = next(self._tree.name(each) for each in self._tree.own(node) if self._tree.is_variable(each))
            group.pattern = ExtendPattern(group.pattern, name, self._expressions.read(node.parts[0]))
        elif word == "VALUES":
            group.pattern = _joined(group.pattern, self._data(node))
        elif word == "GRAPH":
            graph = self._terms.slot(node.first + 1, node.first + 2)
            group.pattern = _joined(group.pattern, NamedGraphPattern(graph, self.group(node.parts[0])))
        elif word == "{":
            arms = tuple(map(self.group, node.parts))
            group.pattern = _joined(group.pattern, UnionPattern(arms) if len(arms) > 1 else arms[0])
        else:
            raise UnsupportedError  # SERVICE, LATERAL

    def _data(self, node: SyntaxNode) -> InlineData:
        """Translate VALUES: names, then rows in brackets, or one name and single values."""
        place, last = node.first + 1, node.last
        names, is_row = list[str](), self._tree.word(place) == "("
        while self._tree.word(place) != "{":
            if self._tree.is_variable(place):
                names.append(self._tree.name(place))
            place += 1
        place += 1
        rows, row = list[tuple[ox.NamedNode | ox.Literal | None, ...]](), list[ox.NamedNode | ox.Literal | None]()
        while place < last - 1:
            word = self._tree.word(place)
            if word in ("(", ")") and is_row:
                rows += [tuple(row)] if word == ")" else []
                row.clear()
                place += 1
                continue
            value, place = (None, place + 1) if word == "UNDEF" else self._terms.term(place)
            row.append(value)
            if not is_row:
                rows.append((row.pop(),))
        if any(len(each) != len(names) for each in rows) or len(set(names)) < len(names):
            raise UnsupportedError
        return InlineData(tuple(names), tuple(rows))

    # Triples

    def _triples(self, node: SyntaxNode) -> list[Pattern]:
        """Translate triples of one subject."""
        found = list[Pattern]()
        first = next((part.first for part in node.parts if part.name == "VerbPath"), node.last)
        nested = node.parts[0] if node.parts and node.parts[0].name == "TriplesNodePath" else None
        subject = self._nested(nested, found) if nested is not None else self._terms.slot(node.first, first)
        self._properties(subject, node.parts, found)
        return found

    def _properties(self, subject: Slot, parts: tuple[SyntaxNode, ...], found: list[Pattern]) -> None:
        verb: Slot | Path | None = None
        for part in parts:
            if part.name == "VerbPath":
                verb = self._verb(part)
            elif part.name == "ObjectPath":
                if verb is None or part.part("AnnotationPath") is not None:
                    raise UnsupportedError
                nested = part.part("TriplesNodePath")
                target = self._nested(nested, found) if nested is not None else self._terms.slot(part.first, part.last)
                found += self._connected(subject, verb, target)

    def _nested(self, node: SyntaxNode, found: list[Pattern]) -> Slot:
        if self._tree.word(node.first) != "[":
            raise UnsupportedError  # a collection
        subject = Variable(self._terms.fresh())
        self._properties(subject, node.parts, found)
        return subject

    def _verb(self, node: SyntaxNode) -> Slot | Path:
        if not node.parts:
            return self._terms.slot(node.first, node.last)
        return self._path(node.parts[0])

    def _path(self, node: SyntaxNode) -> Path:
        if node.name == "Path":
            return PathOfAlternatives(tuple(map(self._path, node.parts)))
        if node.name == "PathSequence":
            return PathOfSequence(tuple(map(self._path, node.parts)))
        if node.name == "PathStep":
            (inner,), sign = map(self._path, node.parts), self._tree.word(node.last - 1)
            # a path that may be no step, once or more, is the same as any number of times
            sign = "*" if sign == "+" and may_be_nothing(inner) else sign
            path = RepeatedPath(inner, sign) if sign in SIGNS else inner
            return InverseStep(path) if self._tree.word(node.first) == "^" else path
        if node.parts:
            return self._negated(node.parts[0]) if node.parts[0].name == "PathNegated" else self._path(node.parts[0])
        return PredicateStep(self._terms.iri(node.first))

    def _negated(self, node: SyntaxNode) -> Path:
        sets: dict[bool, list[ox.NamedNode]] = {False: [], True: []}
        for part in node.parts:
            sets[self._tree.word(part.first) == "^"].append(self._terms.iri(part.last - 1))
        arms = [NegatedStep(tuple(sets[False]))] if sets[False] else []
        paths: tuple[Path, ...] = (*arms, *([InverseStep(NegatedStep(tuple(sets[True])))] if sets[True] else []))
        return PathOfAlternatives(paths) if len(paths) > 1 else paths[0]

    def _connected(self, subject: Slot, verb: Slot | Path, target: Slot) -> list[Pattern]:
        """Translate a path (SPARQL 18.2.2.4)."""
        if isinstance(verb, Variable | Constant):
            return [TriplePattern(subject, verb, target)]
        if isinstance(verb, PredicateStep):
            return [TriplePattern(subject, Constant(verb.predicate), target)]
        if isinstance(verb, InverseStep):
            return self._connected(target, verb.path, subject)
        if isinstance(verb, PathOfSequence):
            found, place = list[Pattern](), subject
            for number, path in enumerate(verb.paths, 1):
                end = target if number == len(verb.paths) else Variable(self._terms.fresh())
                found += self._connected(place, path, end)
                place = end
            return found
        if isinstance(verb, PathOfAlternatives):
            return [UnionPattern(tuple(_joined(JoinPattern(()), *self._connected(subject, each, target))
                                       for each in verb.paths))]  # fmt: skip
        return [PathPattern(subject, verb, target)]


def _joined(left: Pattern, *right: Pattern) -> Pattern:
    parts = (*(left.parts if isinstance(left, JoinPattern) else (left,)), *right)
    return parts[0] if len(parts) == 1 else JoinPattern(parts)


def visible(names: frozenset[str]) -> frozenset[str]:
    """Return those names that are variables of the text."""
    return frozenset(name for name in names if not is_hidden(name))
