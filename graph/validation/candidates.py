"""Which focus nodes may violate a shape, found by set queries over the triple index: all others certainly do not.

Whether a candidate does violate it, pySHACL says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import duckdb
import pyoxigraph as ox
from pyshacl.shape import Shape
from pyshacl.shapes_graph import ShapesGraph
from rdflib import RDF, RDFS, SH, XSD, Literal, URIRef
from rdflib.term import Node

from graph.model.rdf_terms import Term, stored
from graph.releases.triple_index import TermKind, sql_string, term
from graph.validation.exact_terms import to_oxigraph
from graph.validation.shapes import Shapes

# The index as sets of numbers: nodes in tables with one column ``n``, focus nodes with their values in ``f`` and ``v``.

Table = str
"""The name of a temporary table, or a query in brackets."""
Query = str
NOTHING: Query = "SELECT NULL::BIGINT AS n WHERE false"
NO_NODES: Table = "no_nodes"
NO_PAIRS: Table = "no_pairs"
"""The tables without rows: what is asked of them has no answer, and need not be asked."""
MOST_ROUNDS, MOST_PAIRS = 300, 20_000_000
"""How far repeated paths are followed, and how many pairs are held, before all nodes are left to pySHACL."""


class UncertainError(Exception):
    """What a set query would have to find is not certain, or too much; pySHACL looks at all nodes then."""


class IndexedSets:
    """The validated triples of an index, and temporary tables over them, which go with ``close``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, without: Iterable[str] = ()) -> None:
        """Take an index, of which some named graphs do not count."""
        self._connection, self._made = connection, list[str]()
        self._numbers, self._below = dict[Node, int | None](), dict[Node, Table]()
        for name, columns in ((NO_NODES, "n BIGINT"), (NO_PAIRS, "f BIGINT, v BIGINT")):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
        graphs = [found for each in without if (found := self._number(URIRef(each))) is not None]
        hidden = f"""SELECT g FROM graph_sets GROUP BY g HAVING bool_and(graph IN ({_listed(graphs)}))"""
        left_out = [row[0] for row in connection.execute(hidden).fetchall()] if graphs else []
        self._counted = f" AND g NOT IN ({_listed(left_out)})" if left_out else ""

    def look_up(self, nodes: Iterable[Node]) -> None:
        """Look the numbers of some terms up at once: one by one, each takes two milliseconds."""
        asked = {str(found): (node, found) for node in {*nodes} if (found := _as_stored(node)) is not None}
        hashed = """SELECT t, id FROM (SELECT unnest($1::VARCHAR[]) AS t) AS asked
            JOIN term_hashes ON hash = md5_number_lower(t)"""
        numbers = self._connection.execute(hashed, [list(asked)]).fetchall()
        known = self.terms(_listed({number for _, number in numbers}))
        self._numbers.update((node, -1) for node, _ in asked.values())
        self._numbers.update((asked[text][0], each) for text, each in numbers if known[each] == asked[text][1])

    def table(self, query: Query) -> Table:
        """Return a table that holds the nodes that a query finds; ``NO_NODES`` where there is none."""
        return self._table(query) or NO_NODES

    def pairs(self, query: Query) -> Table:
        """Return a table that holds the pairs that a query finds; ``NO_PAIRS`` where there is none."""
        return self._table(query) or NO_PAIRS

    def _table(self, query: Query) -> Table | None:
        name = f"found{len(self._made)}"
        ((number,),) = self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}").fetchall()
        if not number:
            return None  # the next table takes the name of this one
        self._made.append(name)
        return name

    def rows(self, query: Query) -> list[tuple[object, ...]]:
        """Return what a query finds."""
        return self._connection.execute(query).fetchall()

    def count(self, table: Table) -> int:
        """Return the number of a table's rows."""
        ((number,),) = self._connection.execute(f"SELECT count(*) FROM {table}").fetchall()
        return int(number)

    def number(self, node: Node) -> int:
        """Return the number of a term of the shapes, -1 where no triple has it.

        Raises:
            UncertainError: the index takes it for another one.
        """
        if node not in self._numbers:
            self._numbers[node] = self._number(node)
        found = self._numbers[node]
        if found is None:
            raise UncertainError
        return found

    def triples(self, predicate: Node, *, inverse: bool = False) -> Table:
        """Return the triples of a predicate as pairs of subject and object, or the other way round."""
        place, ends = ("by_object", "o AS f, s AS v") if inverse else ("by_subject", "s AS f, o AS v")
        return f"(SELECT {ends} FROM {place} WHERE p = {self.number(predicate)}{self._counted})"

    def predicates(self, subjects: Table) -> Table:
        """Return pairs of each of some subjects and its predicates."""
        return f"(SELECT s AS f, p AS v FROM by_subject SEMI JOIN {subjects} ON n = s WHERE true{self._counted})"

    def terms(self, nodes: Query) -> dict[int, Term]:
        """Return the terms of some nodes, by their numbers."""
        rows = self._connection.execute(f"SELECT id, text, tag FROM terms WHERE id IN ({nodes})").fetchall()
        return {row[0]: term(*row) for row in rows}

    def can_match(self, pattern: str) -> bool:
        """Whether a regular expression is one of DuckDB's, too."""
        try:
            self._connection.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
        except duckdb.Error:
            return False
        return True

    def below(self, top: Node) -> Table:
        """Return a class and its subclasses; the table stays, since many shapes ask for it."""
        if top not in self._below:
            name, steps = f"below{len(self._below)}", self.triples(RDFS.subClassOf, inverse=True)
            self._connection.execute(
                f"""CREATE OR REPLACE TEMP TABLE {name} AS
                    WITH RECURSIVE below AS (SELECT {self.number(top)}::BIGINT AS n UNION
                        SELECT v FROM below JOIN {steps} AS steps ON f = n) SELECT n FROM below"""
            )
            self._below[top] = name
        return self._below[top]

    def instances(self, top: Node) -> Query:
        """Return a query for the instances of a class and its subclasses."""
        return f"SELECT f AS n FROM {self.triples(RDF.type)} SEMI JOIN {self.below(top)} ON n = v"

    def forget(self) -> None:
        """Drop what was made, but for what stays."""
        self._drop(*self._made, f"found{len(self._made)}")
        self._made.clear()

    def close(self) -> None:
        """Drop all that was made."""
        self.forget()
        self._drop(NO_NODES, NO_PAIRS, *self._below.values())
        self._below.clear()

    def _drop(self, *tables: Table) -> None:
        self._connection.execute("".join(f"DROP TABLE IF EXISTS temp.{name};" for name in tables))

    def _number(self, node: Node) -> int | None:
        found = _as_stored(node)
        if found is None:
            return -1 if to_oxigraph(node) is None else None
        rows = self._connection.execute(
            "SELECT id, text, tag FROM term_hashes JOIN terms USING (id) WHERE hash = md5_number_lower(?)", [str(found)]
        ).fetchall()
        return next((row[0] for row in rows if term(*row) == found), -1)


def _as_stored(node: Node) -> ox.NamedNode | ox.Literal | None:
    """Return a term of the shapes as an index may have it; None of one that it has otherwise, or not at all."""
    found = to_oxigraph(node)
    return found if found is not None and stored(found) == found else None


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers)) or "NULL"


# SHACL paths (SHACL 2.3.1), walked set at a time as pySHACL walks them node by node.

DEEPEST = 8


def walked(sets: IndexedSets, shapes: ShapesGraph, path: Node, nodes: Table) -> Table:
    """Return the pairs of some nodes and what a path leads to from each.

    Raises:
        UncertainError: the path is none, or longer than pySHACL walks, or leads to too much.
    """
    start = f"(SELECT n AS f, n AS v FROM {nodes})"
    return sets.pairs(f"SELECT DISTINCT f, v FROM {_walk(sets, shapes, path, start)}")


def _walk(
    sets: IndexedSets, shapes: ShapesGraph, path: Node, start: Table, *, inverse: bool = False, depth: int = 0
) -> Table:
    """Return where a path leads to from the second column of ``start``.

    pySHACL turns the members of an inverted sequence round and leaves their order; so does this.
    """
    if isinstance(path, URIRef):
        steps = sets.triples(path, inverse=inverse)
        return f"(SELECT start.f, steps.v FROM {start} AS start JOIN {steps} AS steps ON steps.f = start.v)"
    if depth > DEEPEST:
        raise UncertainError
    parts = dict(shapes.graph.predicate_objects(path))
    if RDF.first in parts or SH.alternativePath in parts:
        members = list(shapes.graph.items(parts.get(SH.alternativePath, path)))
        if not 1 < len(members) < DEEPEST:
            raise UncertainError
        if RDF.first in parts:
            for each in members:
                start = _walk(sets, shapes, each, start, inverse=inverse, depth=depth + 1)
            return start
        found = (_walk(sets, shapes, each, start, inverse=inverse, depth=depth + 1) for each in members)
        return f"({' UNION '.join(f'SELECT f, v FROM {each}' for each in found)})"
    if SH.inversePath in parts:
        return _walk(sets, shapes, parts[SH.inversePath], start, inverse=not inverse, depth=depth + 1)

    def step(inner: Node, table: Table) -> Table:
        return _walk(sets, shapes, inner, table, inverse=inverse, depth=depth + 1)

    return _walk_repeated(sets, parts, start, step)


def _walk_repeated(
    sets: IndexedSets, parts: Mapping[Node, Node], start: Table, step: Callable[[Node, Table], Table]
) -> Table:
    if SH.zeroOrOnePath in parts:
        return f"(SELECT f, v FROM {start} UNION SELECT f, v FROM {step(parts[SH.zeroOrOnePath], start)})"
    inner = parts.get(SH.zeroOrMorePath) or parts.get(SH.oneOrMorePath)
    if inner is None:
        raise UncertainError
    begin = sets.pairs(f"SELECT f, v FROM {start}")
    if SH.zeroOrMorePath not in parts:
        begin = sets.pairs(f"SELECT f, v FROM {step(inner, begin)}")
    return _repeated(sets, begin, partial(step, inner))


def _repeated(sets: IndexedSets, begin: Table, step: Callable[[Table], Table]) -> Table:
    """Return where a step leads to, taken any number of times."""
    found = sets.pairs(f"SELECT DISTINCT f, v FROM {begin}")
    fresh = found
    for _ in range(MOST_ROUNDS):
        fresh = sets.pairs(f"SELECT DISTINCT f, v FROM {step(fresh)} EXCEPT SELECT f, v FROM {found}")
        if fresh == NO_PAIRS:
            return found
        found = sets.pairs(f"SELECT f, v FROM {found} UNION ALL SELECT f, v FROM {fresh}")
        if sets.count(found) > MOST_PAIRS:
            break
    raise UncertainError


# Constraints on a value alone, as conditions over its row of ``terms``: true only where pySHACL is certain to find
# nothing, and true only where it is certain to find something.
#
# They are evaluated by another engine than the one that judges. So wherever the two may differ (patterns, comparisons,
# lexical forms) a condition is narrower than the constraint; where nothing is certain it is false.

KIND = "(t.id & 7)"
ODD = f"({KIND} = {TermKind.OTHER} AND t.tag IS NULL)"
"""Triple terms and directional strings, of which nothing is certain."""
NAMED = f"({KIND} = {TermKind.IRI} AND NOT contains(t.text, '/.well-known/genid/'))"
"""An IRI that stands for no blank node."""
IS_IRI, IS_LITERAL = f"({KIND} = {TermKind.IRI})", f"({KIND} <> {TermKind.IRI} AND NOT {ODD})"
HAS_TEXT = f"({NAMED} OR {IS_LITERAL})"
NUMBERS = (XSD.integer, XSD.decimal)
FORMS: Mapping[Node, str] = {
    XSD.integer: "[+-]?[0-9]+",
    XSD.decimal: r"[+-]?([0-9]+([.][0-9]+)?|[.][0-9]+)",
    XSD.boolean: "(true|false)",
    XSD.gYear: "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})",
    XSD.gYearMonth: "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])",
    XSD.anyURI: "(?s).*",
}
"""By datatype, lexical forms that every engine takes; other datatypes of XML Schema are never certain."""
KINDS: Mapping[Node, str] = {
    SH.IRI: NAMED,
    SH.Literal: IS_LITERAL,
    SH.IRIOrLiteral: HAS_TEXT,
    SH.BlankNodeOrIRI: IS_IRI,
    SH.BlankNodeOrLiteral: IS_LITERAL,
}
BOUNDS = {SH.minInclusive: ">=", SH.minExclusive: ">", SH.maxInclusive: "<=", SH.maxExclusive: "<"}
PLAIN_PATTERN = re.compile(
    r"(?:[^\\.\[\](){}*+?|^$]|\\[\\.\[\](){}*+?|^$/-]|[.|^$)*+?]|\((?!\?)|\(\?:|\{[0-9]+(?:,[0-9]*)?\}"
    r"|\[\^?(?:[^\\\[\]&~-]|\\[\\\].-]|-(?!-))+\])*"
)
"""Regular expressions that mean the same in Python and in DuckDB, but for line ends."""
FALSE = "false"


@dataclass(frozen=True, slots=True)
class Known:
    """What is certain of a value.

    Attributes:
        fits: true only where it satisfies the constraint.
        fails: true only where it does not.
    """

    fits: str = FALSE
    fails: str = FALSE


def date_row(row: str) -> str:
    """Return that a row of ``terms`` is a date of the calendar without a zone."""
    return f"(({row}.id & 7) = {TermKind.TIME} AND {row}.tag = {sql_string(XSD.date)} AND length({row}.text) = 10)"


def comparable(first: str, operator: str, second: str) -> str:
    """Return a condition that is true only where two rows of ``terms`` compare so in every engine."""
    numbers = " AND ".join(f"({each}.id & 7) IN ({TermKind.INTEGER}, {TermKind.DECIMAL})" for each in (first, second))
    by_number = f"({numbers} AND {first}.exact {operator} {second}.exact)"
    return f"({by_number} OR ({date_row(first)} AND {date_row(second)} AND {first}.text {operator} {second}.text))"


def _datatype(_: IndexedSets, __: Shape, argument: Node) -> Known:
    if argument == XSD.string:
        return Known(f"{KIND} = {TermKind.STRING}", f"({KIND} <> {TermKind.STRING} AND NOT {ODD})")
    if argument == RDF.langString:
        return Known(f"{KIND} = {TermKind.LANGUAGE_STRING}", f"({KIND} <> {TermKind.LANGUAGE_STRING} AND NOT {ODD})")
    typed = f"({KIND} >= {TermKind.INTEGER} AND t.tag = {sql_string(str(argument))})"
    is_known = str(argument).startswith((str(XSD), str(RDF)))
    other = (
        f"({KIND} < {TermKind.INTEGER} OR t.tag <> {sql_string(str(argument))})"
        if str(argument).startswith(str(XSD))
        else FALSE
    )
    if argument == XSD.date:
        return Known(date_row("t"), other)
    if argument in FORMS:
        return Known(f"({typed} AND regexp_full_match(t.text, {sql_string(FORMS[argument])}))", other)
    return Known(FALSE if is_known else typed, other)


def _kind(_: IndexedSets, __: Shape, argument: Node) -> Known:
    fails: Mapping[Node, str] = {SH.IRI: f"({KIND} <> {TermKind.IRI} AND NOT {ODD})", SH.Literal: IS_IRI}
    return Known(KINDS.get(argument, FALSE), fails.get(argument, FALSE))


def _bound(operator: str) -> Expression:
    def bound(_: IndexedSets, __: Shape, argument: Node) -> Known:
        if not isinstance(argument, Literal) or (found := to_oxigraph(argument)) is None or stored(found) != found:
            return Known()
        text, form = str(argument), FORMS.get(argument.datatype) if argument.datatype is not None else None
        if argument.datatype == XSD.date and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            return Known(f"({date_row('t')} AND t.text {operator} {sql_string(text)})") if argument.value else Known()
        if argument.datatype not in NUMBERS or form is None or not re.fullmatch(form, text, re.ASCII):
            return Known()
        whole, _point, fraction = text.partition(".")
        if len(whole) > 18 or len(fraction) > 18:
            return Known()
        number = f"{KIND} IN ({TermKind.INTEGER}, {TermKind.DECIMAL})"
        return Known(f"({number} AND t.exact {operator} {sql_string(text)}::DECIMAL(38, 18))")

    return bound


def _length(operator: str) -> Expression:
    def length(_: IndexedSets, __: Shape, argument: Node) -> Known:
        count = argument.value if isinstance(argument, Literal) else None
        if not isinstance(count, int) or not 0 <= count < 1 << 31:
            return Known()
        return Known(f"({HAS_TEXT} AND length(t.text) {operator} {count})")

    return length


def _pattern(sets: IndexedSets, shape: Shape, argument: Node) -> Known:
    """Return what is certain of a pattern: not what follows a line end, which the two see in other ways."""
    written = str(argument)
    if any(shape.objects(SH.flags)) or not PLAIN_PATTERN.fullmatch(written) or not sets.can_match(written):
        return Known()
    one_line = "NOT (contains(t.text, chr(10)) OR contains(t.text, chr(13)))"
    matches = f"regexp_matches(t.text, {sql_string(written)})"
    return Known(f"({HAS_TEXT} AND {one_line} AND {matches})", f"(NOT {ODD} AND {one_line} AND NOT {matches})")


def _certain_languages(_: IndexedSets, shape: Shape, argument: Node) -> Known:
    ranges = [str(each).lower() for each in shape.sg.graph.items(argument)]
    written = ", ".join(sql_string(str(each)) for each in ranges if each != "*") or "NULL"
    is_within = f"(t.tag IN ({written}) OR split_part(t.tag, '-', 1) IN ({written}))"
    return Known(f"({KIND} = {TermKind.LANGUAGE_STRING} AND {is_within})")


def _members(sets: IndexedSets, shape: Shape, argument: Node) -> Known:
    """Return what is certain of a list, of which some members may be terms that the index takes for others."""
    numbers, are_all = list[int](), True
    for each in shape.sg.graph.items(argument):
        try:
            numbers.append(sets.number(each))
        except UncertainError:
            are_all = False
    is_one = f"t.id IN ({_listed(numbers)})" if numbers else FALSE
    return Known(is_one, f"NOT {is_one}" if are_all else FALSE)


Expression = Callable[[IndexedSets, Shape, Node], Known]
EXPRESSIONS: Mapping[Node, Expression] = {
    SH.datatype: _datatype,
    SH.nodeKind: _kind,
    SH.pattern: _pattern,
    SH.languageIn: _certain_languages,
    SH["in"]: _members,
    SH.minLength: _length(">="),
    SH.maxLength: _length("<="),
    **{parameter: _bound(operator) for parameter, operator in BOUNDS.items()},
}
"""By parameter, what is certain."""


# Shapes as set queries: of some nodes, which may violate a shape, and which certainly do (for sh:not and sh:xone).
#
# What is not understood (SPARQL, custom components, recursion, …) may be violated by every node, and surely by none.

BESIDE = frozenset({
    SH.flags, SH.ignoredProperties, SH.qualifiedMinCount, SH.qualifiedMaxCount, SH.qualifiedValueShapesDisjoint,
})  # fmt: skip
"""Parameters that only say more about another one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which of some nodes violate a shape or a constraint: two queries for nodes, or two tables of them.

    Attributes:
        maybe: all that may, each once where it is a table.
        surely: only such that do, where that is asked.
    """

    maybe: str
    surely: str = NOTHING


@dataclass(frozen=True, slots=True)
class ShapePlace:
    """Some nodes, and a shape of which they are focus nodes.

    Attributes:
        shape: the shape.
        nodes: the nodes.
        pairs: each with each of its value nodes.
        within: the shape, and those that led to it.
        is_negated: whether anybody asks who surely violates it.
    """

    shape: Shape
    nodes: Table
    pairs: Table
    within: tuple[Shape, ...]
    is_negated: bool

    @property
    def all(self) -> Verdict:
        """Any of the nodes may violate it."""
        return Verdict(f"SELECT n FROM {self.nodes}")

    @property
    def with_values(self) -> Verdict:
        """Any node that has a value may violate it."""
        return Verdict(f"SELECT f AS n FROM {self.pairs}")


@dataclass
class Judging:
    """Writes and asks the queries.

    Attributes:
        sets: the index.
    """

    sets: IndexedSets

    def of(
        self, shape: Shape | None, nodes: Table, within: tuple[Shape, ...] = (), *, is_negated: bool = False
    ) -> Verdict:
        """Return which of some nodes may violate a shape, and which surely do, as tables.

        Args:
            shape: the shape; None where there is none.
            nodes: each once.
            within: the shapes that led there.
            is_negated: whether it is asked who surely does; else nobody is said to.
        """
        if nodes == NO_NODES:
            return Verdict(NO_NODES, NO_NODES)
        everything = Verdict(nodes, NO_NODES)
        if shape is None or shape in within or len(within) > DEEPEST or shape.find_custom_constraints():
            return everything
        if shape.deactivated:
            return Verdict(NO_NODES, NO_NODES)
        try:
            pairs = (
                walked(self.sets, shape.sg, shape.path(), nodes)
                if shape.is_property_shape
                else f"(SELECT n AS f, n AS v FROM {nodes})"
            )
        except UncertainError:
            return everything
        place = ShapePlace(shape, nodes, pairs, (*within, shape), is_negated)
        found = [*self._constraints(place)]
        return Verdict(
            self._union(each.maybe for each in found),
            self._union(each.surely for each in found) if is_negated else NO_NODES,
        )

    def of_values(self, place: ShapePlace, argument: Node, *, is_negated: bool) -> Verdict:
        """Return the same for the values at a place, and another shape."""
        return self.of(place.shape.get_other_shape(argument), self.values(place), place.within, is_negated=is_negated)

    def values(self, place: ShapePlace) -> Table:
        """Return the values at a place, each once."""
        if place.pairs == NO_PAIRS:
            return NO_NODES
        if not place.shape.is_property_shape:
            return place.nodes
        return self.sets.table(f"SELECT DISTINCT v AS n FROM {place.pairs}")

    def _constraints(self, place: ShapePlace) -> Iterator[Verdict]:
        known = list[Known]()
        for parameter in {each for each, _ in place.shape.sg.predicate_objects(place.shape.node)} - BESIDE:
            for argument in list(place.shape.objects(parameter)):
                if parameter in EXPRESSIONS:
                    known.append(EXPRESSIONS[parameter](self.sets, place.shape, argument))
                    continue
                try:
                    yield WRITERS[parameter](self, place, argument) if parameter in WRITERS else place.all
                except UncertainError:
                    yield place.all
        if known:
            values = f"SELECT f AS n FROM {place.pairs} JOIN terms AS t ON t.id = v WHERE"
            fits, fails = " AND ".join(each.fits for each in known), " OR ".join(each.fails for each in known)
            yield Verdict(f"{values} NOT coalesce({fits}, false)", f"{values} coalesce({fails}, false)")

    def _union(self, queries: Iterable[Query]) -> Table:
        found = [each for each in queries if each != NOTHING]
        return self.sets.table(f"SELECT DISTINCT n FROM ({' UNION ALL '.join(found)})") if found else NO_NODES


def _with(place: ShapePlace, values: Verdict) -> Verdict:
    """Return the focus nodes that have some of the values of a verdict."""

    def with_any(nodes: str) -> Query:
        return f"SELECT f AS n FROM {place.pairs} SEMI JOIN {nodes} ON n = v" if nodes != NO_NODES else NOTHING

    return Verdict(with_any(values.maybe), with_any(values.surely))


def _inside(judging: Judging, place: ShapePlace, argument: Node) -> Verdict:
    return _with(place, judging.of_values(place, argument, is_negated=place.is_negated))


def _not(judging: Judging, place: ShapePlace, argument: Node) -> Verdict:
    found = judging.of_values(place, argument, is_negated=True)
    without = f"SELECT f AS n FROM {place.pairs} ANTI JOIN"
    return Verdict(f"{without} {found.surely} ON n = v", f"{without} {found.maybe} ON n = v")


def _of_list(maybe: str, surely: str) -> Writer:
    """Return what writes a constraint over a list of ``k`` shapes.

    Args:
        maybe: whether a value may violate it, by how many of them it may (``m``) and surely (``s``) violates.
        surely: whether it surely does.
    """

    def of_list(judging: Judging, place: ShapePlace, argument: Node) -> Verdict:
        is_negated = place.is_negated or "s" in maybe
        members = place.shape.sg.graph.items(argument)
        found = [judging.of_values(place, each, is_negated=is_negated) for each in members]
        if not found:
            return place.all
        if place.pairs == NO_PAIRS:
            return Verdict(NOTHING)
        counted = " UNION ALL ".join(
            [f"SELECT n, 1 AS m, 0 AS s FROM {each.maybe}" for each in found]
            + [f"SELECT n, 0 AS m, 1 AS s FROM {each.surely}" for each in found]
            + [f"SELECT DISTINCT v AS n, 0 AS m, 0 AS s FROM {place.pairs}"]
        )
        counts = f"(SELECT n, {len(found)} AS k, sum(m) AS m, sum(s) AS s FROM ({counted}) GROUP BY n)"
        counts = judging.sets.table(f"FROM {counts}")
        return _with(
            place, Verdict(f"(SELECT n FROM {counts} WHERE {maybe})", f"(SELECT n FROM {counts} WHERE {surely})")
        )

    return of_list


def _qualified(judging: Judging, place: ShapePlace, argument: Node) -> Verdict:
    """Return who may have too few values that surely conform, or too many that may."""
    shape, found = place.shape, judging.of_values(place, argument, is_negated=True)
    least, most = (list(shape.objects(each)) for each in (SH.qualifiedMinCount, SH.qualifiedMaxCount))
    counts = [_whole(each) for each in (*least, *most)]
    if (
        None in counts
        or max(len(least), len(most)) > 1
        or (least and any(shape.objects(SH.qualifiedValueShapesDisjoint)))
    ):
        return place.all
    tests = [(found.maybe, "<", _whole(each)) for each in least] + [(found.surely, ">", _whole(each)) for each in most]
    return Verdict(" UNION ".join(
        f"({_counted(place, f'SELECT f, v FROM {place.pairs} ANTI JOIN {nodes} ON n = v', f'{sign} {count}')})"
        for nodes, sign, count in tests
    ) or NOTHING)  # fmt: skip


def _counted(place: ShapePlace, pairs: Query, condition: str) -> Query:
    """Return a query for the nodes of which the number of pairs meets a condition."""
    counts = f"(SELECT f, count(*) AS c FROM ({pairs}) GROUP BY f)"
    return f"SELECT n FROM {place.nodes} LEFT JOIN {counts} AS counts ON f = n WHERE coalesce(c, 0) {condition}"


def _whole(argument: Node) -> int | None:
    count = argument.value if isinstance(argument, Literal) else None
    return count if isinstance(count, int) and 0 <= count < 1 << 62 else None


def _instance(judging: Judging, place: ShapePlace, argument: Node) -> Verdict:
    instances = (
        f"(SELECT f AS n FROM {judging.sets.triples(RDF.type)} SEMI JOIN {judging.sets.below(argument)} ON n = v)"
    )
    query = f"SELECT f AS n FROM {place.pairs} ANTI JOIN {instances} AS instances ON n = v"
    return Verdict(query, query)


def _number_of_values(operator: str) -> Writer:
    def number_of_values(_: Judging, place: ShapePlace, argument: Node) -> Verdict:
        count = _whole(argument)
        if not place.shape.is_property_shape or count is None:
            return place.all
        query = _counted(place, f"SELECT f, v FROM {place.pairs}", f"{operator} {count}")
        return Verdict(query, query)

    return number_of_values


def _languages(_: Judging, place: ShapePlace, argument: Node) -> Verdict:
    if not place.shape.is_property_shape or not isinstance(argument, Literal):
        return place.all
    if argument.value is False:
        return Verdict(NOTHING)
    texts = f"{place.pairs} JOIN terms AS t ON t.id = v WHERE {KIND} = {TermKind.LANGUAGE_STRING}"
    return Verdict(f"SELECT f AS n FROM {texts} GROUP BY f, lower(tag) HAVING count(*) > 1")


def _having(judging: Judging, place: ShapePlace, argument: Node) -> Verdict:
    having = f"(SELECT f FROM {place.pairs} WHERE v = {judging.sets.number(argument)})"
    query = f"SELECT n FROM {place.nodes} ANTI JOIN {having} AS having_it ON f = n"
    return Verdict(query, query)


def _other(judging: Judging, place: ShapePlace, argument: Node) -> Table:
    """Return the pairs of the nodes and their values of another property."""
    return f"(SELECT f, v FROM {judging.sets.triples(argument)} SEMI JOIN {place.nodes} ON n = f)"


def _equal(judging: Judging, place: ShapePlace, argument: Node) -> Verdict:
    one, other = f"(SELECT f, v FROM {place.pairs})", f"(SELECT f, v FROM {_other(judging, place, argument)})"
    return Verdict(f"SELECT f AS n FROM (({one} EXCEPT {other}) UNION ({other} EXCEPT {one}))")


def _disjoint(judging: Judging, place: ShapePlace, argument: Node) -> Verdict:
    return Verdict(
        f"SELECT f AS n FROM {place.pairs} SEMI JOIN {_other(judging, place, argument)} AS other USING (f, v)"
    )


def _below(operator: str) -> Writer:
    def below(judging: Judging, place: ShapePlace, argument: Node) -> Verdict:
        return Verdict(
            f"""SELECT one.f AS n FROM {place.pairs} AS one
                JOIN {_other(judging, place, argument)} AS other ON one.f = other.f
                JOIN terms AS a ON a.id = one.v JOIN terms AS b ON b.id = other.v
                WHERE NOT coalesce({comparable("a", operator, "b")}, false)"""
        )

    return below


def _closed(judging: Judging, place: ShapePlace, __: Node) -> Verdict:
    graph = place.shape.sg.graph
    allowed = {each for members in place.shape.objects(SH.ignoredProperties) for each in graph.items(members)}
    allowed |= {path for each in place.shape.objects(SH.property) for path in graph.objects(each, SH.path)}
    numbers = [judging.sets.number(each) for each in allowed if isinstance(each, URIRef)]
    said = judging.sets.predicates(judging.values(place))
    return _with(
        place,
        Verdict(f"(SELECT DISTINCT f AS n FROM {said} WHERE v NOT IN ({_listed(numbers or [-1])}))", f"({NOTHING})"),
    )


Writer = Callable[[Judging, ShapePlace, Node], Verdict]
WRITERS: Mapping[Node, Writer] = {
    SH.node: _inside,
    SH.property: _inside,
    SH["and"]: _of_list("m > 0", "s > 0"),
    SH["or"]: _of_list("m = k", "s = k"),
    SH.xone: _of_list("NOT (k - m = 1 AND k - s = 1)", "k - s = 0 OR k - m > 1"),
    SH["not"]: _not,
    SH.qualifiedValueShape: _qualified,
    SH["class"]: _instance,
    SH.minCount: _number_of_values("<"),
    SH.maxCount: _number_of_values(">"),
    SH.uniqueLang: _languages,
    SH.hasValue: _having,
    SH.equals: _equal,
    SH.disjoint: _disjoint,
    SH.lessThan: _below("<"),
    SH.lessThanOrEquals: _below("<="),
    SH.closed: _closed,
}
"""By parameter, what writes the violators of a constraint."""


# For each shape: who of its focus nodes is in doubt.


Candidates = Mapping[Node, Mapping[int, Term]]
"""By shape, the nodes that are in doubt, and their numbers in the index."""


def candidates(connection: duckdb.DuckDBPyConnection, shapes: Shapes, without: Iterable[str] = ()) -> Candidates:
    """Return, by shape with targets, a superset of the focus nodes that violate it, as the index has them.

    Nodes that a shape names itself are not among them. Where the index holds a literal otherwise than it was written,
    whoever can read that one is in doubt, too, and not here.

    Args:
        connection: the triple index.
        shapes: the shapes.
        without: the named graphs that are not validated.
    """
    sets = IndexedSets(connection, without)
    graph = shapes.compiled.graph
    sets.look_up([RDF.type, RDFS.subClassOf, *graph.objects(), *graph.subjects()])
    try:
        return {shape.node: _of_shape(sets, shape) for shape in list(shapes.compiled.shapes)}
    finally:
        sets.close()


def _of_shape(sets: IndexedSets, shape: Shape) -> dict[int, Term]:
    targets = list(_targets(sets, shape))
    if not targets:
        return {}
    nodes = sets.table(" UNION ".join(targets))
    found = Judging(sets).of(shape, nodes)
    first = f"SELECT min(n) FROM {nodes}"  # one is always judged, so that what is wrong with the shape itself is told
    result = sets.terms(f"SELECT n FROM {found.maybe} UNION ({first})")
    sets.forget()
    return result


def _targets(sets: IndexedSets, shape: Shape) -> Iterator[Query]:
    """Yield queries for the focus nodes (SHACL 2.1.3), but for those that are named."""
    _, classes, implicit, objects, subjects = (list(each) for each in shape.target())
    for top in {*classes, *implicit}:
        yield sets.instances(top)
    yield from (f"SELECT f AS n FROM {sets.triples(each)}" for each in subjects)
    yield from (f"SELECT v AS n FROM {sets.triples(each)}" for each in objects)
