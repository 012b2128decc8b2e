"""ORDER BY over any terms: the engine's comparison is no total order, so keys are made that are (SPARQL 15.1)."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import pyoxigraph as ox

from graph.model.namespaces import XSD
from graph.query.sparql.projection import Condition, Selection, Span, Text, ordered_selections
from graph.query.sparql.tokens import TokenKind

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
# dates with or without times, all else, numbers. What is of one kind anyway, as a count or a length, stays as it is.

ORDER = re.compile(r"\bORDER\b", re.IGNORECASE)
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
"""The value of a number of 64 bits; among those beyond, only the ones that ``order_keys`` knows are told apart."""
AMONG_EQUALS = f"IF(BOUND(?m),IF(BOUND(?n),{EXACT},<{TIE}>(?x)),IF(?k<2,?x,STR(?x)))"
KEYS = {"n": NUMBER, "k": KIND, "v": VALUE, "m": LARGE_NUMBER}
"""What is bound for a term ``?x``, each from those before it; a number is compared first, so that it mostly decides."""


def in_order(text: str, base: str | None) -> str:
    """Return a query with its conditions of ORDER BY, and those of its subqueries, written so that all is in order.

    What it selects stays what it was; where there is nothing to do, or it cannot be followed, so does the text. It
    calls the functions of ``graph.query.sparql.ordering``. The text is one that the guard has passed.
    """
    if ORDER.search(text) is None:
        return text
    return _Rewriting(Text(text), base).result()


class _Rewriting:
    """One text being rewritten, from its innermost subqueries on."""

    def __init__(self, text: Text, base: str | None) -> None:
        self._text, self._base = text, base
        self._done: list[tuple[int, int, str]] = []
        self._prefix = "order"
        while f"?{self._prefix}" in text.text or f"${self._prefix}" in text.text:
            self._prefix += "_"
        self._fresh = 0

    def result(self) -> str:
        """Rewrite every query that needs it, and return the whole text."""
        for selection in reversed(list(ordered_selections(self._text))):
            replacement = self._rewritten(selection)
            if replacement is not None:
                start, end = self._text.characters(selection.whole)
                self._done = [each for each in self._done if not start <= each[0] < end]
                self._done.append((start, end, replacement))
        return self._between(0, len(self._text.text))

    def _between(self, start: int, end: int) -> str:
        """Return the characters from one place to another as they are by now."""
        parts = []
        for begins, ends, replacement in sorted(each for each in self._done if start <= each[0] and each[1] <= end):
            parts += [self._text.text[start:begins], replacement]
            start = ends
        return "".join((*parts, self._text.text[start:end]))

    def _of(self, span: Span) -> str:
        return self._between(*self._text.characters(span))

    def _rewritten(self, selection: Selection) -> str | None:
        if selection.form == "ASK":
            return self._unordered(selection)
        aliases = self._aliases(selection.head) if selection.form == "SELECT" else {}
        if aliases is None or all(self._is_of_one_kind(each.expression, aliases) for each in selection.order):
            return None
        if selection.form == "SELECT" and self._text.word(selection.head.start) != "*":
            return self._selecting(selection, aliases)
        return self._whole(selection)

    def _unordered(self, selection: Selection) -> str:
        """Return ASK without its order, on which nothing depends."""
        start, _ = self._text.characters(selection.whole)
        _, end = self._text.characters(Span(selection.whole.start, selection.grouping.end))
        return f"{self._between(start, end)} {self._of(selection.slice)} {self._of(selection.values)}"

    def _selecting(self, selection: Selection, aliases: dict[str, Span | None]) -> str:
        """Return a query around the one without its order, which hands it what its conditions speak of."""
        extra: dict[str, None] = {}
        outside: list[str] = []
        ordered = [self._term(each, aliases, extra, outside) for each in selection.order]
        keys, order = self._keys(ordered, selection.order)
        names = " ".join(f"?{name}" for name in aliases)
        inner = (
            f"SELECT {self._of(selection.head)} {' '.join(extra)} WHERE {self._of(selection.where)} "
            f"{self._of(selection.grouping)} {self._of(selection.values)}"
        )
        return (
            f"SELECT {self._of(selection.distinct)} {names} {self._of(selection.dataset)} WHERE {{ {{ {inner} }} "
            f"{' '.join(outside)} {keys} }} ORDER BY {order} {self._of(selection.slice)}"
        )

    def _term(
        self, condition: Condition, aliases: dict[str, Span | None], extra: dict[str, None], outside: list[str]
    ) -> str:
        """Return the variable that holds what a condition orders by, and let it be bound, inside or outside."""
        span = self._bare(condition.expression)
        names = dict.fromkeys(f"?{self._text[each].text[1:]}" for each in self._variables(span))
        if span.end - span.start == 1 and names:
            (name,) = names
            extra |= {} if name[1:] in aliases else {name: None}
            return name
        name = self._name()
        if any(aliases.get(each[1:]) for each in names):
            extra |= {each: None for each in names if each[1:] not in aliases}
            outside.append(f"BIND(({self._of(span)}) AS {name})")
        else:
            extra[f"(({self._of(span)}) AS {name})"] = None
        return name

    def _whole(self, selection: Selection) -> str | None:
        """Return a query that has all variables of its pattern, with the keys bound in it."""
        where, values = self._of(selection.where), self._of(selection.values)
        head = self._of(selection.head) or where  # CONSTRUCT WHERE
        if head == "*":
            found = self._visible(f"{where} {values}")
            head = " ".join(found or ())
        if selection.grouping.end > selection.grouping.start:
            return self._grouped(selection, head)
        if not head:
            return None
        bound: list[str] = []
        ordered = []
        for condition in selection.order:
            span = self._bare(condition.expression)
            ordered.append(self._of(span) if self._is_variable(span) else self._name())
            if not self._is_variable(span):
                bound.append(f"BIND(({self._of(span)}) AS {ordered[-1]})")
        keys, order = self._keys(ordered, selection.order)
        return (
            f"{selection.form} {self._of(selection.distinct)} {head} {self._of(selection.dataset)} "
            f"WHERE {{ {where} {values} {' '.join(bound)} {keys} }} ORDER BY {order} {self._of(selection.slice)}"
        )

    def _grouped(self, selection: Selection, head: str) -> str | None:
        """Return a query of groups that selects nothing: what it is grouped by is selected for it."""
        names = self._grouped_by(selection.grouping)
        if names is None:
            return None
        extra: dict[str, None] = {f"?{name}": None for name in names}
        ordered = [self._term(each, names, extra, []) for each in selection.order]
        keys, order = self._keys(ordered, selection.order)
        return (
            f"{selection.form} {head} {self._of(selection.dataset)} WHERE {{ {{ SELECT {' '.join(extra)} "
            f"WHERE {self._of(selection.where)} {self._of(selection.grouping)} {self._of(selection.values)} }} "
            f"{keys} }} ORDER BY {order} {self._of(selection.slice)}"
        )

    def _grouped_by(self, grouping: Span) -> dict[str, Span | None] | None:
        """Return the variables behind GROUP BY; None where there are none, or it has conditions of its own."""
        number, names = grouping.start + 2, dict[str, Span | None]()
        while number < grouping.end and self._text.word(number) != "HAVING":
            name = self._text[number] if self._is_variable(Span(number, number + 1)) else None
            behind = self._text.behind(number)
            if name is None and self._text.word(number) == "(" and self._text.word(behind - 3) == "AS":
                name = self._text[behind - 2]
            if name is not None:
                names[name.text[1:]] = None
            number = behind
        return names or None

    def _keys(self, ordered: list[str], conditions: tuple[Condition, ...]) -> tuple[str, str]:
        """Return what binds the keys of some variables, and the conditions by these."""
        bindings, order = [], []
        for variable, condition in zip(ordered, conditions, strict=True):
            names = {"x": variable, **{key: self._name() for key in KEYS}}
            bindings += [f"BIND({_filled(expression, names)} AS {names[key]})" for key, expression in KEYS.items()]
            sign = "DESC" if condition.descending else "ASC"
            order += [f"{sign}({each})" for each in (names["m"], names["k"], names["v"], _filled(AMONG_EQUALS, names))]
        return " ".join(bindings), " ".join(order)

    def _name(self) -> str:
        self._fresh += 1
        return f"?{self._prefix}{self._fresh}"

    def _visible(self, group: str) -> list[str] | None:
        """Return the variables that SELECT * has of a group, in the engine's order; None where it is none."""
        before = next(token.start for token in self._text.tokens if token.text.upper() in ("SELECT", "DESCRIBE"))
        asked = f"{self._text.text[:before]} SELECT * WHERE {{ {group} FILTER(false) }}"
        try:
            found = ox.Store().query(asked, base_iri=self._base)
        except SyntaxError:
            return None
        return [str(each) for each in found.variables] if isinstance(found, ox.QuerySolutions) else None

    def _aliases(self, head: Span) -> dict[str, Span | None] | None:
        """Return what a head selects by name, with the expression that a name stands for; None where it is none."""
        found: dict[str, Span | None] = {}
        number = head.start
        while number < head.end and self._text.word(number) != "*":
            behind = self._text.behind(number)
            name, before = (self._text[behind - 2], self._text.word(behind - 3)) if behind > number + 1 else (None, "")
            if self._text[number].kind is TokenKind.VARIABLE:
                found[self._text[number].text[1:]] = None
            elif before == "AS" and name is not None and name.kind is TokenKind.VARIABLE:
                found[name.text[1:]] = Span(number + 1, behind - 3)
            else:
                return None
            number = behind
        return found

    def _is_of_one_kind(self, span: Span, aliases: dict[str, Span | None]) -> bool:
        span = self._bare(span)
        if self._is_variable(span):
            stands_for = aliases.get(self._text[span.start].text[1:])
            return stands_for is not None and self._is_of_one_kind(stands_for, {})
        number = span.start
        if self._text.word(number) not in OF_ONE_KIND:
            return False
        number += 1 + (self._text.word(number) == "NOT")
        return self._text.behind(number) == span.end

    def _bare(self, span: Span) -> Span:
        """Return an expression without the brackets around all of it."""
        while self._text.word(span.start) == "(" and self._text.behind(span.start) == span.end:
            span = Span(span.start + 1, span.end - 1)
        return span

    def _is_variable(self, span: Span) -> bool:
        return span.end - span.start == 1 and self._text[span.start].kind is TokenKind.VARIABLE

    def _variables(self, span: Span) -> list[int]:
        return [number for number in range(span.start, span.end) if self._text[number].kind is TokenKind.VARIABLE]


def _filled(expression: str, names: dict[str, str]) -> str:
    return re.sub(r"\?([xnkvm])\b", lambda found: names[found[1]], expression)
