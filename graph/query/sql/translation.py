"""From the tree of a query to its algebra, as the specification translates it (SPARQL 1.1 Query 18.2)."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox

from graph.query.sparql.tree import SyntaxNode, SyntaxTree, in_scope, selected
from graph.query.sql.algebra import (
    Constant,
    Expression,
    ExtendPattern,
    FilterPattern,
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
    TriplePattern,
    UnionPattern,
    UnsupportedError,
    Variable,
    is_hidden,
    may_be_nothing,
)
from graph.query.sql.expression_reading import ExpressionReader
from graph.query.sql.term_reading import TermReader

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
