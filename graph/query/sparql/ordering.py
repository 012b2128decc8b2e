"""ORDER BY over any terms: the engine's comparison is no total order, so keys are made that are (SPARQL 15.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import pyoxigraph as ox

from graph.model.rdf_terms import XSD
from graph.query.sparql.tree import SyntaxNode, SyntaxTree, group_keys, in_scope, selected, walk

# Keys that order as values do, for the literals whose order the engine does not know (SPARQL 1.1 Query 15.1, 17.3).
#
# The engine orders numbers of 64 bits, texts, and dates with a zone as the specification wants. Of all other literals
# it compares some by value and some by their letters, which is no order. Here each has one key: a double where it is a
# number, else a string; keys that are strings compare as strings do. Where ``<`` is defined, keys follow it; where it
# leaves the order open (a time without a zone beside one that has one), they take UTC, and durations as from one day.

KEY, TIE = "urn:x-hamkor:order-key", "urn:x-hamkor:order-tie"
NUMBERS = frozenset(
    {"integer", "decimal", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger", "long"}
    | {"int", "short", "byte", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"}
)
LEXICAL_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
DURATION = re.compile(
    r"(-)?P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?|\.\d+)S)?)?"
)
DURATIONS = frozenset({"duration", "dayTimeDuration", "yearMonthDuration"})
YEAR, MONTH, DAY = r"(?P<year>-?\d{4,})", r"(?P<month>0[1-9]|1[0-2])", r"(?P<day>0[1-9]|[12]\d|3[01])"
MOMENTS = {
    name: re.compile(pattern + r"(?P<zone>Z|[+-]\d\d:\d\d)?")
    for name, pattern in {
        "time": r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d(?:\.\d+)?)",
        "gYear": YEAR,
        "gYearMonth": f"{YEAR}-{MONTH}",
        "gMonthDay": f"--{MONTH}-{DAY}",
        "gMonth": f"--{MONTH}",
        "gDay": f"---{DAY}",
    }.items()
}
COMPLEMENT = str.maketrans("0123456789", "9876543210")
REFERENCE = 1696 * 12 + 8
"""September 1696 in months: one of the four from which durations are compared (XSD 1.1 Datatypes 3.3.6.2)."""


def key(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> ox.Literal:
    """Return the key of a term; a double if it is a number that is too large for the engine, else a string."""
    if not isinstance(term, ox.Literal):
        return ox.Literal(f"~{term}")
    if (number := _number(term)) is not None:
        return ox.Literal(float(number))
    return ox.Literal(_text(term.datatype.value, term.value))


def tie(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> ox.Literal | None:
    """Return what decides between terms of equal keys: None where nothing has to."""
    if not isinstance(term, ox.Literal):
        return None
    number = _number(term)
    if number is None:
        return ox.Literal(term.value)
    return ox.Literal(sortable(number))


def sortable(number: Decimal) -> str:
    """Return a string that compares with others of this function as the finite numbers do."""
    if not number:
        return "1"
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    exponent = number.adjusted()
    size = f"{'1' if exponent >= 0 else '0'}{exponent % 10**12:012d}" if abs(exponent) < 10**12 else "2"
    text = f"{size}{digits}"
    return f"2{text}" if number > 0 else f"0{text.translate(COMPLEMENT)}~"


def _number(literal: ox.Literal) -> Decimal | None:
    name, text = literal.datatype.value.removeprefix(XSD), literal.value.strip(" \t\r\n")
    if name not in NUMBERS or LEXICAL_NUMBER.fullmatch(text) is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


@lru_cache(maxsize=1_000)
def _text(datatype: str, value: str) -> str:
    name, text = datatype.removeprefix(XSD), value.strip(" \t\r\n")
    if name in DURATIONS and (found := DURATION.fullmatch(text)):
        return f"1{sortable(_seconds(found))}"
    if name in MOMENTS and (found := MOMENTS[name].fullmatch(text)):
        return f"2{name} {sortable(_moment(found))}"
    return f"3{datatype} {value}"


def _seconds(duration: re.Match[str]) -> Decimal:
    sign, years, months, days, hours, minutes, seconds = duration.groups("0")
    factor = -1 if sign == "-" else 1
    month = REFERENCE + factor * (int(years) * 12 + int(months))
    passed = _days(month // 12, month % 12 + 1) - _days(REFERENCE // 12, REFERENCE % 12 + 1)
    rest = Decimal(int(days) * 86400 + int(hours) * 3600 + int(minutes) * 60) + Decimal(seconds)
    return passed * 86400 + factor * rest


def _moment(moment: re.Match[str]) -> Decimal:
    """Return the seconds from some day to where a time, a year, a month or a day of any year begins."""
    told = {"year": "1972", "month": "1", "day": "1", "hour": "0", "minute": "0", "second": "0", **_told(moment)}
    days = _days(int(told["year"]), int(told["month"])) + int(told["day"])
    seconds = Decimal(days * 86400 + int(told["hour"]) * 3600 + int(told["minute"]) * 60) + Decimal(told["second"])
    zone = told.get("zone", "Z")
    if zone == "Z":
        return seconds
    offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return seconds - offset if zone[0] == "+" else seconds + offset


def _told(moment: re.Match[str]) -> dict[str, str]:
    return {name: text for name, text in moment.groupdict().items() if text is not None}


def _days(year: int, month: int) -> int:
    """Return the days from a fixed day to the first of a month of the proleptic Gregorian calendar."""
    year, month = (year - 1, month + 9) if month < 3 else (year, month - 3)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5


# ORDER BY written so that the engine sorts by what has an order (SPARQL 1.1 Query 15.1).
#
# The engine (pyoxigraph 0.5.13) compares some literals by value and others by their letters. Among numbers and texts
# that is no order: its sort aborts, or gives one in which 100982 comes before 2. So each condition becomes three: what
# kind of term it is, its value, and the term itself among its kind. Kinds come in this order: nothing, IRIs, texts,
# dates with or without times, all else, numbers. What is of one kind anyway, as a count, a length or the subject of a
# triple, stays as it is.
# To sort the answers here instead would not reach subqueries with a LIMIT. It costs a third more for numbers and texts,
# and up to three times as much for dates.

ORDER = re.compile(r"O(?i:RDER)\b|o(?i:rder)\b")
OF_ONE_KIND = frozenset(
    {"COUNT", "STR", "STRLEN", "LANG", "LCASE", "UCASE", "CONCAT", "SUBSTR", "REPLACE", "ENCODE_FOR_URI", "STRBEFORE"}
    | {"STRAFTER", "YEAR", "MONTH", "DAY", "HOURS", "MINUTES", "SECONDS", "CONTAINS", "STRSTARTS", "STRENDS", "REGEX"}
    | {"LANGMATCHES", "BOUND", "ISIRI", "ISURI", "ISBLANK", "ISLITERAL", "ISNUMERIC", "DATATYPE", "IRI", "URI"}
    | {"EXISTS", "NOT", "SAMETERM", "GROUP_CONCAT", "MD5", "SHA1", "SHA256", "SHA384", "SHA512", "TZ"}
)
"""What gives texts only, or integers, truth values or IRIs only: terms that the engine does have in order."""
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TEXTS = f"<{XSD}string>,<{RDF}langString>,<{RDF}dirLangString>,<{XSD}boolean>"  # all compared by their letters
DATES = f"<{XSD}date>,<{XSD}dateTime>"
IN_UTC = f'ADJUST(<{XSD}dateTime>(?x),"PT0S"^^<{XSD}dayTimeDuration>)'
NOTHING = "1/0"
NUMBER = f"IF(ISNUMERIC(?x),IF(?x=?x,<{XSD}double>(?x),{NOTHING}),{NOTHING})"  # NaN has no place among numbers
KIND = (
    f"IF(BOUND(?n),{NOTHING},COALESCE(IF(DATATYPE(?x)IN({TEXTS}),1,IF(DATATYPE(?x)IN({DATES}),2,3)),"
    "IF(ISTRIPLE(?x),4,0)))"
)
VALUE = f"IF(?k=2,{IN_UTC},IF(?k>2,<{KEY}>(?x),{NOTHING}))"
LARGE_NUMBER = f"COALESCE(?n,IF(ISNUMERIC(?v),?v,{NOTHING}))"
EXACT = f"IF(ABS(?m)<9223372036854775807e0,<{XSD}decimal>(?x),{NOTHING})"
"""The value of a number of 64 bits; among those beyond, only the ones that ``tie`` knows are told apart."""
AMONG_EQUALS = f"IF(BOUND(?m),IF(BOUND(?n),{EXACT},<{TIE}>(?x)),IF(?k<2,?x,STR(?x)))"
AROUND = frozenset({"(", ")", "ASC", "DESC"})
KEYS = {"n": NUMBER, "k": KIND, "v": VALUE, "m": LARGE_NUMBER}
"""What is bound for a term ``?x``, each from those before it; a number is compared first, so that it mostly decides."""


def in_order(tree: SyntaxTree) -> str:
    """Return a query with its conditions of ORDER BY, and those of its subqueries, written so that all is in order.

    What it selects stays what it was; where there is nothing to do, so does the text. It calls the functions of
    ``graph.query.sparql.ordering``. The query is one that the guard has passed; only one with ``ORDER`` may need it.
    """
    return _Rewriting(tree).result()


Span = tuple[int, int]
"""Characters from one place to another."""


@dataclass(frozen=True, slots=True)
class _OrderedQuery:
    """A query or a subquery that is ordered, by what stands where; a part that is not there is empty.

    Attributes:
        form: its query form.
        whole: all of it.
        distinct: DISTINCT or REDUCED.
        head: what it selects, its template or what it describes.
        names: what it selects by name, with the expressions that the names stand for.
        dataset: its FROM clauses.
        where: its group, with brackets.
        visible: the variables that ``*`` stands for, where it is what is selected; in the engine's order.
        keys: what it is grouped by.
        grouping: GROUP BY and HAVING.
        conditions: those of ORDER BY.
        iris: the variables of its pattern that are IRIs in each of its solutions.
        slice: LIMIT and OFFSET.
        values: the VALUES clause behind it.
    """

    form: str
    whole: Span
    distinct: Span
    head: Span
    names: dict[str, SyntaxNode | None]
    dataset: Span
    where: Span
    visible: tuple[str, ...]
    keys: list[str]
    grouping: Span
    conditions: tuple[SyntaxNode, ...]
    iris: frozenset[str]
    slice: Span
    values: Span


def _ordered(tree: SyntaxTree, query: SyntaxNode) -> _OrderedQuery | None:
    """Return a query by its clauses; None where it is not ordered, or has no pattern."""
    modifier, where = query.part("SolutionModifier"), query.part("WhereClause")
    order = modifier and modifier.part("OrderClause")
    form, template, select = tree.word(query.first), query.part("ConstructTemplate"), query.part("SelectClause")
    pattern = where.parts[0] if where is not None else None
    group = pattern or template
    if modifier is None or order is None or group is None:
        return None
    begins = query.first + 1
    distinct = begins + (tree.word(begins) in ("DISTINCT", "REDUCED"))
    head = select.last if select else next(part.first for part in query.parts if part is not template)
    is_short = form == "CONSTRUCT" and pattern is None
    named = selected(tree, select) if select else ()
    values = query.part("ValuesClause")
    seen = {tree.name(each) for each in tree.own(values) if tree.is_variable(each)} if values else set()
    visible = sorted({*in_scope(tree, pattern), *seen}) if pattern and tree.word(distinct) == "*" else ()
    grouped = modifier.part("GroupClause")

    def span(*names: str) -> Span:
        found = [part for part in (*query.parts, *modifier.parts) if part.name in names]
        return tree.place(found[0].first, found[-1].last) if found else (0, 0)

    return _OrderedQuery(
        form, tree.characters(query), tree.place(begins, distinct),
        tree.place(distinct, distinct if is_short else head),
        {tree.name(number): expression for number, expression in named}, span("DatasetClause"), tree.characters(group),
        tuple(visible), group_keys(tree, grouped) if grouped else [], span("GroupClause", "HavingClause"), order.parts,
        surely_iris(tree, pattern) if pattern else frozenset(), span("LimitOffset"), span("ValuesClause"),
    )  # fmt: skip


def surely_iris(tree: SyntaxTree, pattern: SyntaxNode) -> frozenset[str]:
    """Return variables that are IRIs in each solution of a group: those of subjects and predicates that it must find.

    Whatever else the group has is joined with its own triples, so it leaves out solutions and changes no value. The
    subject of a path is left out, as one of no step may lead from any term.
    """
    found = set[str]()
    for each in pattern.all("SameSubjectPath"):
        verbs = [verb for verb in each.all("VerbPath") if verb.last - verb.first == 1]
        # without a verb behind the first token, the subject is more than that: a list, or a triple
        places = [each.first] if each.parts[:1] == tuple(each.all("VerbPath")[:1]) and verbs else []
        places += [verb.first for verb in verbs]
        found |= {tree.name(place) for place in places if tree.is_variable(place)}
    return frozenset(found)


class _Rewriting:
    """One text being rewritten, from its innermost subqueries on."""

    def __init__(self, tree: SyntaxTree) -> None:
        self._tree = tree
        self._done: list[tuple[int, int, str]] = []
        self._prefix = "order"
        while f"?{self._prefix}" in tree.text or f"${self._prefix}" in tree.text:
            self._prefix += "_"
        self._fresh = 0

    def result(self) -> str:
        """Rewrite every query that needs it, and return the whole text; not those that others are asked."""
        ordered = [(node, query) for node in self._tree.queries if (query := _ordered(self._tree, node))]
        calls = [each for each in walk(self._tree.root) if self._tree.is_call(each)] if ordered else []
        for node, query in ordered:
            if any(call.first < node.first < call.last for call in calls):
                continue
            replacement = self._rewritten(query)
            if replacement is not None:
                start, end = query.whole
                self._done = [each for each in self._done if not start <= each[0] < end]
                self._done.append((start, end, replacement))
        return self._of((0, len(self._tree.text)))

    def _of(self, span: Span) -> str:
        """Return the characters from one place to another as they are by now."""
        parts, (start, end) = list[str](), span
        for begins, ends, replacement in sorted(each for each in self._done if start <= each[0] and each[1] <= end):
            parts += [self._tree.text[start:begins], replacement]
            start = ends
        return "".join((*parts, self._tree.text[start:end]))

    def _rewritten(self, query: _OrderedQuery) -> str | None:
        if query.form == "ASK":
            return self._unordered(query)
        if all(self._is_of_one_kind(each, query) for each in query.conditions):
            return None
        return self._selecting(query) if query.names else self._whole(query)

    def _unordered(self, query: _OrderedQuery) -> str:
        """Return ASK without its order, on which nothing depends."""
        before = (query.whole[0], max(query.where[1], query.grouping[1]))
        return f"{self._of(before)} {self._of(query.slice)} {self._of(query.values)}"

    def _selecting(self, query: _OrderedQuery) -> str:
        """Return a query around the one without its order, which hands it what its conditions speak of."""
        extra: dict[str, None] = {}
        outside: list[str] = []
        ordered = [self._term(each, query.names, extra, outside) for each in query.conditions]
        keys, order = self._keys(ordered, query)
        names = " ".join(f"?{name}" for name in query.names)
        inner = (
            f"SELECT {self._of(query.head)} {' '.join(extra)} WHERE {self._of(query.where)} "
            f"{self._of(query.grouping)} {self._of(query.values)}"
        )
        return (
            f"SELECT {self._of(query.distinct)} {names} {self._of(query.dataset)} WHERE {{ {{ {inner} }} "
            f"{' '.join(outside)} {keys} }} ORDER BY {order} {self._of(query.slice)}"
        )

    def _term(
        self, condition: SyntaxNode, aliases: dict[str, SyntaxNode | None], extra: dict[str, None], outside: list[str]
    ) -> str:
        """Return the variable that holds what a condition orders by, and let it be bound, inside or outside."""
        bare = _bare(self._tree, condition)
        found = (each for each in range(bare.first, bare.last) if self._tree.is_variable(each))
        names = list(dict.fromkeys(map(self._tree.name, found)))
        if self._is_variable(bare):
            extra |= {} if names[0] in aliases else {f"?{names[0]}": None}
            return f"?{names[0]}"
        name, written = self._name(), self._of(self._tree.characters(bare))
        if any(aliases.get(each) for each in names):
            extra |= {f"?{each}": None for each in names if each not in aliases}
            outside.append(f"BIND(({written}) AS {name})")
        else:
            extra[f"(({written}) AS {name})"] = None
        return name

    def _whole(self, query: _OrderedQuery) -> str | None:
        """Return a query that has all variables of its pattern, with the keys bound in it."""
        where, values = self._of(query.where), self._of(query.values)
        head = self._of(query.head) or where  # CONSTRUCT WHERE
        if head == "*":
            head = " ".join(f"?{name}" for name in query.visible)
        if query.grouping[1] > query.grouping[0]:
            return self._grouped(query, head)
        if not head:
            return None
        bound: list[str] = []
        ordered = []
        for condition in query.conditions:
            bare = _bare(self._tree, condition)
            written = self._of(self._tree.characters(bare))
            ordered.append(written if self._is_variable(bare) else self._name())
            if not self._is_variable(bare):
                bound.append(f"BIND(({written}) AS {ordered[-1]})")
        keys, order = self._keys(ordered, query)
        return (
            f"{query.form} {self._of(query.distinct)} {head} {self._of(query.dataset)} "
            f"WHERE {{ {where} {values} {' '.join(bound)} {keys} }} ORDER BY {order} {self._of(query.slice)}"
        )

    def _grouped(self, query: _OrderedQuery, head: str) -> str | None:
        """Return a query of groups that selects nothing: what it is grouped by is selected for it."""
        if not query.keys:
            return None
        extra: dict[str, None] = {f"?{name}": None for name in query.keys}
        ordered = [self._term(each, dict.fromkeys(query.keys), extra, []) for each in query.conditions]
        keys, order = self._keys(ordered, query)
        return (
            f"{query.form} {head} {self._of(query.dataset)} WHERE {{ {{ SELECT {' '.join(extra)} "
            f"WHERE {self._of(query.where)} {self._of(query.grouping)} {self._of(query.values)} }} "
            f"{keys} }} ORDER BY {order} {self._of(query.slice)}"
        )

    def _keys(self, ordered: list[str], query: _OrderedQuery) -> tuple[str, str]:
        """Return what binds the keys of some variables, and the conditions by these."""
        bindings, order = [], []
        for variable, condition in zip(ordered, query.conditions, strict=True):
            sign = "DESC" if self._tree.word(condition.first) == "DESC" else "ASC"
            if self._is_of_one_kind(condition, query):
                order.append(f"{sign}({variable})")
                continue
            names = {"x": variable, **{key: self._name() for key in KEYS}}
            bindings += [f"BIND({_filled(expression, names)} AS {names[key]})" for key, expression in KEYS.items()]
            order += [f"{sign}({each})" for each in (names["m"], names["k"], names["v"], _filled(AMONG_EQUALS, names))]
        return " ".join(bindings), " ".join(order)

    def _name(self) -> str:
        self._fresh += 1
        return f"?{self._prefix}{self._fresh}"

    def _is_of_one_kind(self, condition: SyntaxNode, query: _OrderedQuery) -> bool:
        bare = _bare(self._tree, condition)
        if self._is_variable(bare) and (named := query.names.get(self._tree.name(bare.first))) is not None:
            bare = _bare(self._tree, named)
        if self._is_variable(bare):
            return self._tree.name(bare.first) in query.iris
        return bare.name in ("BuiltInCall", "Aggregate") and self._tree.word(bare.first) in OF_ONE_KIND

    def _is_variable(self, node: SyntaxNode) -> bool:
        return node.last - node.first == 1 and self._tree.is_variable(node.first)


def _bare(tree: SyntaxTree, node: SyntaxNode) -> SyntaxNode:
    """Return an expression without the brackets around all of it."""
    while len(node.parts) == 1 and all(tree.word(each) in AROUND for each in tree.own(node)):
        (node,) = node.parts
    return node


def _filled(expression: str, names: dict[str, str]) -> str:
    return re.sub(r"\?([xnkvm])\b", lambda found: names[found[1]], expression)
