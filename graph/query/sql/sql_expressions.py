"""Operators and functions of SPARQL in SQL (SPARQL 1.1 Query 17), as the engine has them.

What follows from kinds that the index cannot compare raises (``UNTOLD``), and the query is the engine's. Where the
specification leaves room, the engine is followed: two terms of kinds that do not compare are unequal, an ill-typed
literal is equal to itself only and otherwise an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pyoxigraph as ox

from graph.model.rdf_terms import RDF, XSD
from graph.query.sql.algebra import Constant, ExistsTest, Expression, FunctionCall, UnsupportedError, Variable
from graph.query.sql.sql_values import (
    BOOLEAN_IRI,
    DECIMAL,
    DOUBLE,
    EXACT,
    INTEGER,
    IRI,
    LANGUAGE_STRING,
    NOTHING,
    NUMBER_TYPE,
    NUMERIC,
    OTHER,
    STRING,
    TIME,
    UNTOLD,
    ComputedValue,
    ConstantValue,
    ValueInSql,
    integer_value,
    iri_value,
    is_of,
    number_value,
    quoted,
    string_value,
    truth_value,
)

COMPARISONS = frozenset({"=", "!=", "<", ">", "<=", ">="})
LARGEST_INTEGER = 2**63 - 1
STRINGS = frozenset({STRING, LANGUAGE_STRING})
# What DuckDB's letters make otherwise than the engine's: a dotted I, a sigma at the end of a word, and newer letters.
LOWERED_OTHERWISE = r"[\x{0130}\x{03A3}\x{1C89}\x{A7CB}-\x{10FFFF}]"
RAISED_OTHERWISE = (
    r"[\x{DF}\x{149}\x{19B}\x{1F0}\x{264}\x{390}\x{3B0}\x{587}\x{1C8A}\x{1E96}-\x{1E9A}\x{1F50}-\x{1FFF}"
    r"\x{A7CB}-\x{10FFFF}]"
)
MADE_OF_STRANGE = re.compile("[\u0307\u03c3\u03c2\u1c89\u1c8a\u0264\u019b\ua7cb-\U0010ffff]")
"""What the letters of ``LOWERED_OTHERWISE`` become, whoever lowers them; a dotted I becomes an i, too."""
DOTTED_I = "\u0130"
TESTS = frozenset({"CONTAINS", "STRSTARTS", "STRENDS"})
PLAIN_REGEX = re.compile(r"\^?[\w А-яЁёʻʼ'\-,:;/@&%#<>=!\"~`]*\$?", re.UNICODE)
MOMENTS = "(10, 19, 20)"
"""How many characters dates, times without a zone and those in UTC have where their letters have their order."""
DATE_LETTERS = 10
WHOLE = r"[+-]?[0-9]{1,18}"

Compiled = Callable[[Expression], ValueInSql]


class ExpressionCompiler:
    """Expressions over one block of SQL."""

    def __init__(
        self, variable: Callable[[str], ValueInSql], constant: Callable[[Constant], ConstantValue],
        exists: Callable[[ExistsTest], str],
    ) -> None:  # fmt: skip
        """Make one.

        Args:
            variable: gives the value of a variable.
            constant: gives a constant with its number.
            exists: gives the condition that a pattern has a solution.
        """
        self._variable, self._constant, self._exists = variable, constant, exists

    def value(self, expression: Expression) -> ValueInSql:  # noqa: PLR0911  one for each form
        """Return the value of an expression."""
        if isinstance(expression, Variable):
            return self._variable(expression.name)
        if isinstance(expression, Constant):
            return self._constant(expression)
        if isinstance(expression, ExistsTest):
            return truth_value(self._exists(expression))
        name, arguments = expression.name, expression.arguments
        if name in ("||", "&&", "!"):
            return truth_value(self._logic(name, arguments))
        if name in COMPARISONS:
            left, right = map(self.value, arguments)
            return truth_value(compared(name, left, right))
        if name in _FORMS:
            return _FORMS[name](self, arguments)
        if name in TESTS and (found := self._lowered_test(name, arguments)) is not None:
            return found
        if name in _FUNCTIONS and (found := _FUNCTIONS[name](*map(self.value, arguments))) is not None:
            return found
        raise UnsupportedError

    def truth(self, expression: Expression) -> str:
        """Return the effective truth value of an expression (SPARQL 17.2.2)."""
        return effective(self.value(expression))

    def _logic(self, sign: str, arguments: tuple[Expression, ...]) -> str:
        found = [f"({self.truth(each)})" for each in arguments]
        return f"NOT {found[0]}" if sign == "!" else {"||": " OR ", "&&": " AND "}[sign].join(found)

    def _lowered_test(self, name: str, arguments: tuple[Expression, ...]) -> ValueInSql | None:
        """Compile what asks for a constant in LCASE of a text; None for all else.

        Letters that DuckDB lowers otherwise than the engine need not be looked for, which would take twice as long as
        all else, where nothing in the constant can come of them.
        """
        lowered, constant = arguments
        if not (isinstance(lowered, FunctionCall) and lowered.name == "LCASE" and isinstance(constant, Constant)):
            return None
        wanted = constant.term.value
        if isinstance(constant.term, ox.NamedNode) or MADE_OF_STRANGE.search(wanted):
            return None
        value = self.value(lowered.arguments[0])
        text = f"lower({value.text})"
        if "i" in wanted:
            # the engine writes a dot of its own behind that i, which DuckDB leaves out
            text = f"CASE WHEN contains({value.text}, '{DOTTED_I}') THEN {UNTOLD} ELSE {text} END"
        return _FUNCTIONS[name](like(value, text), self.value(constant))

    def membership(self, arguments: tuple[Expression, ...]) -> ValueInSql:
        """Compile IN: a disjunction of equalities (17.4.1.9)."""
        wanted, *others = map(self.value, arguments)
        found = [f"({compared('=', wanted, each)})" for each in others]
        # an error on the left side is one of nothing, too
        return truth_value(" OR ".join(found) if found else f"CASE WHEN {wanted.kind} IS NOT NULL THEN false END")

    def choice(self, arguments: tuple[Expression, ...]) -> ValueInSql:
        """Compile IF."""
        condition = self.truth(arguments[0])
        first, second = (self.value(each) for each in arguments[1:])

        def chosen(one: str, other: str) -> str:
            return f"CASE WHEN ({condition}) IS NULL THEN NULL WHEN {condition} THEN {one} ELSE {other} END"

        return _merged((first, second), chosen)

    def first_bound(self, arguments: tuple[Expression, ...]) -> ValueInSql:
        """Compile COALESCE."""
        values = [self.value(each) for each in arguments]

        def chosen(*parts: str) -> str:
            cases = [f"WHEN {value.kind} IS NOT NULL THEN {part}" for value, part in zip(values, parts, strict=True)]
            return f"CASE {' '.join(cases)} END"

        return _merged(tuple(values), chosen)

    def is_bound(self, arguments: tuple[Expression, ...]) -> ValueInSql:
        """Compile BOUND."""
        return truth_value(f"{self.value(arguments[0]).kind} IS NOT NULL")

    def same_term(self, arguments: tuple[Expression, ...]) -> ValueInSql:
        """Compile SAMETERM."""
        return truth_value(same(*map(self.value, arguments)))

    def substring(self, arguments: tuple[Expression, ...]) -> ValueInSql:
        """Compile SUBSTR where the places are constants (17.4.3.3, positions from 1)."""
        text, *places = arguments
        numbers = [_whole_number(each) for each in places]
        start, length = numbers[0], numbers[1] if len(numbers) > 1 else None
        value = self.value(text)
        first = max(start, 1)
        cut = f"substring({value.text}, {first})"
        if length is not None:
            cut = f"substring({value.text}, {first}, {max(start + length - first, 0)})"
        return like(value, cut)

    def matches(self, arguments: tuple[Expression, ...]) -> ValueInSql:
        """Compile REGEX where the pattern is one that every engine reads alike: letters, perhaps with ends."""
        pattern, flags = (_text_of(each) for each in (*arguments[1:], Constant(_EMPTY))[:2])
        if not PLAIN_REGEX.fullmatch(pattern) or flags not in ("", "i"):
            raise UnsupportedError
        value = self.value(arguments[0])
        begins, ends = pattern.startswith("^"), pattern.endswith("$")
        text, wanted = value.text, pattern.removeprefix("^").removesuffix("$")
        if flags:
            # folding of letters differs beyond the plain ones
            if not wanted.isascii() or set("ksKS") & set(wanted):
                text, wanted = _only_ascii(text), wanted.lower()
            text, wanted = f"lower({text})", wanted.lower()
        if begins and ends:
            test = f"{text} = {quoted(wanted)}"
        else:
            function = "starts_with" if begins else "ends_with" if ends else "contains"
            test = f"{function}({text}, {quoted(wanted)})"
        return truth_value(_of_strings(value, test))


# Truth and comparison


def effective(value: ValueInSql) -> str:
    """Return the effective truth value of a value: NULL is an error."""
    if value.truth is not None:
        return value.truth
    if not value.kinds:
        return "NULL"
    cases = {
        STRING: lambda: f"{value.text} <> ''",
        INTEGER: lambda: f"{value.exact} <> 0",
        DECIMAL: lambda: f"{value.exact} <> 0",
        DOUBLE: lambda: f"{value.approximate} <> 0 AND NOT isnan({value.approximate})",
        OTHER: lambda: (
            f"CASE WHEN {value.tag} = {quoted(BOOLEAN_IRI)} AND {value.text} IN ('true', 'false') "
            f"THEN {value.text} = 'true' WHEN starts_with({value.tag}, {quoted(XSD)}) THEN {UNTOLD} END"
        ),
    }
    return _by_kind(value, {kind: cases[kind]() for kind in sorted(value.kinds & cases.keys())}, "NULL")


def _by_kind(value: ValueInSql, cases: dict[int, str], otherwise: str) -> str:
    if len(value.kinds) == 1 and value.kinds <= cases.keys():
        return cases[next(iter(value.kinds))]
    found = " ".join(f"WHEN {kind} THEN {case}" for kind, case in cases.items())
    return f"CASE {value.kind} {found} ELSE {otherwise} END" if found else otherwise


def same(left: ValueInSql, right: ValueInSql) -> str:
    """Return whether two values are one term; NULL where one is none."""
    if left.number is not None and right.number is not None:
        return f"{left.number} = {right.number}"
    if left.truth is not None and right.truth is not None:
        return f"({left.truth}) = ({right.truth})"
    if not (left.kinds & right.kinds):
        return f"CASE WHEN {left.kind} IS NOT NULL AND {right.kind} IS NOT NULL THEN false END"
    return f"{left.struct} = {right.struct}"


def compared(sign: str, left: ValueInSql, right: ValueInSql) -> str:
    """Return a comparison by value: NULL where it is an error."""
    if not left.kinds or not right.kinds:
        return "NULL"
    is_equality = sign in ("=", "!=")
    if left.truth is not None and right.truth is not None:
        return f"({left.truth}) {sign} ({right.truth})"
    uncertain = [f"{each.kind} IS NULL" for each in (left, right) if not each.is_certain]
    cases = [f"WHEN {' OR '.join(uncertain)} THEN NULL"] if uncertain else []
    cases += _of_kinds(left, right, EXACT, lambda: f"{left.exact} {sign} {right.exact}")
    if DOUBLE in left.kinds | right.kinds:
        cases += _of_kinds(left, right, NUMERIC, lambda: _of_doubles(sign, _double(left), _double(right)))
    cases += _of_kinds(left, right, {STRING}, lambda: f"{left.text} {sign} {right.text}")
    if is_equality:
        cases += _of_kinds(left, right, {IRI, LANGUAGE_STRING}, lambda: _signed(sign, same(left, right)))
    else:
        cases += _of_kinds(left, right, {LANGUAGE_STRING}, lambda: _of_language(sign, left, right))
        cases += _of_kinds(left, right, {IRI}, lambda: _unordered(sign, left, right))
    cases += _of_kinds(left, right, {TIME}, lambda: _of_times(sign, left, right))
    cases += _with_others(sign, left, right)
    if cases and cases[0].startswith("WHEN true THEN "):
        return cases[0].removeprefix("WHEN true THEN ")
    otherwise = _signed(sign, "false") if is_equality else "NULL"
    return f"CASE {' '.join(cases)} ELSE {otherwise} END" if cases else otherwise


def _of_kinds(
    left: ValueInSql, right: ValueInSql, kinds: frozenset[int] | set[int], case: Callable[[], str]
) -> list[str]:
    if not (left.kinds & kinds and right.kinds & kinds):
        return []
    tests = [is_of(each, *kinds) for each in (left, right)]
    return [f"WHEN {' AND '.join(each for each in tests if each != 'true') or 'true'} THEN {case()}"]


def _signed(sign: str, equal: str) -> str:
    return equal if sign == "=" else f"NOT ({equal})"


def _unordered(sign: str, left: ValueInSql, right: ValueInSql) -> str:
    """Compare what has no order: a term is as large as itself, and all else is an error."""
    return f"CASE WHEN {same(left, right)} THEN {'true' if '=' in sign else 'false'} END"


def _of_language(sign: str, left: ValueInSql, right: ValueInSql) -> str:
    return f"CASE WHEN {left.tag} = {right.tag} THEN {left.text} {sign} {right.text} END"


def _of_doubles(sign: str, left: str, right: str) -> str:
    """Compare doubles: DuckDB takes NaN for a number larger than all others, and for equal to itself."""
    strange = f"isnan({left}) OR isnan({right})"
    if sign in ("=", "!="):
        return f"CASE WHEN {strange} THEN {'false' if sign == '=' else 'true'} ELSE {left} {sign} {right} END"
    return f"CASE WHEN {strange} THEN {UNTOLD} ELSE {left} {sign} {right} END"


def _double(value: ValueInSql) -> str:
    """Return a number as a double, where the engine and DuckDB surely round alike."""
    # up to 15 digits there is one nearest double, whoever looks for it
    short = f"length(replace(ltrim({value.text}, '-0.'), '.', '')) <= 15"
    cases = {
        INTEGER: f"CASE WHEN abs({value.exact}) < {2**53} THEN CAST({value.exact} AS DOUBLE) ELSE {UNTOLD} END",
        DECIMAL: f"CASE WHEN {short} THEN CAST({value.text} AS DOUBLE) ELSE {UNTOLD} END",
        DOUBLE: value.approximate,
    }
    return _by_kind(value, {kind: case for kind, case in cases.items() if kind in value.kinds}, "NULL")


def _of_times(sign: str, left: ValueInSql, right: ValueInSql) -> str:
    """Compare dates and times whose letters have their order: of one type, both without a zone or both in UTC."""
    lengths = f"length({left.text}) = length({right.text}) AND length({left.text}) IN {MOMENTS}"
    other = {"=": "false", "!=": "true"}.get(sign, "NULL")
    for one, constant in ((left, right), (right, left)):
        if isinstance(constant, ConstantValue) and len(constant.term.value) == DATE_LETTERS:
            # what is as short is a date, too, without a zone: its datatype need not be compared for each row
            return (
                f"CASE WHEN strlen({one.text}) = {DATE_LETTERS} THEN {left.text} {sign} {right.text} ELSE {other} END"
            )
    return (
        f"CASE WHEN {left.tag} <> {right.tag} THEN {other} WHEN {lengths} THEN {left.text} {sign} {right.text} "
        f"ELSE {UNTOLD} END"
    )


def _with_others(sign: str, left: ValueInSql, right: ValueInSql) -> list[str]:
    """Compare with what the index cannot compare: IRIs and texts in a language are never equal to it."""
    cases = list[str]()
    for one, other in ((left, right), (right, left)):
        if OTHER not in one.kinds or one.truth is not None:
            continue
        if sign in ("=", "!="):
            apart = _signed(sign, "false")
            cases += [f"WHEN {one.kind} = {OTHER} AND {is_of(other, IRI, LANGUAGE_STRING)} THEN {apart}"]
            cases += _booleans(sign, one, other)
        cases.append(f"WHEN {one.kind} = {OTHER} THEN {UNTOLD}")
    return cases


def _booleans(sign: str, one: ValueInSql, other: ValueInSql) -> list[str]:
    """Compare truth values with truth values, and with what is certainly none."""
    boolean = f"{one.kind} = {OTHER} AND {one.tag} = {quoted(BOOLEAN_IRI)} AND {one.text} IN ('true', 'false')"
    found = [f"WHEN {boolean} AND {other.kind} <> {OTHER} THEN {_signed(sign, 'false')}"]
    if OTHER in other.kinds:
        both = f"{other.tag} = {quoted(BOOLEAN_IRI)} AND {other.text} IN ('true', 'false')"
        found.append(f"WHEN {boolean} AND {both} THEN {one.text} {sign} {other.text}")
    return found


# Values of one or another expression


def _merged(values: tuple[ValueInSql, ...], chosen: Callable[..., str]) -> ValueInSql:
    """Return the value that is one of several."""
    if all(each.truth is not None for each in values):
        return truth_value(chosen(*(f"({each.truth})" for each in values)))
    kinds = frozenset[int]().union(*(each.kinds for each in values))
    parts = [
        chosen(*(getattr(each, part) for each in values)) if needed else "NULL"
        for part, needed in (("text", True), ("tag", True), ("exact", kinds & EXACT), ("approximate", DOUBLE in kinds))
    ]
    number = None
    if all(each.number is not None for each in values):
        number = chosen(*(each.number for each in values))
    elif DOUBLE in kinds:  # whether it was computed, nobody would know
        parts[0] = chosen(*(_plain_text(each) for each in values))
    return ComputedValue(
        kinds, chosen(*(each.kind for each in values)), (parts[0], parts[1], parts[2], parts[3]), number
    )


def _plain_text(value: ValueInSql) -> str:
    if DOUBLE not in value.kinds:
        return value.text
    return f"CASE WHEN {value.kind} = {DOUBLE} THEN CAST({value.approximate} AS VARCHAR) ELSE {value.text} END"


# Arithmetic (17.4.? with XPath's promotion)


def _calculated(sign: str) -> Callable[[ValueInSql, ValueInSql], ValueInSql]:
    def calculate(left: ValueInSql, right: ValueInSql) -> ValueInSql | None:
        numbers = NUMERIC | {OTHER, TIME}
        if not (left.kinds & numbers and right.kinds & numbers):
            return NOTHING
        return _calculation(sign, left, right)

    return calculate  # type: ignore[return-value]


def _calculation(sign: str, left: ValueInSql, right: ValueInSql) -> ValueInSql:
    kinds = left.kinds | right.kinds
    if kinds == {INTEGER} and sign != "/":
        # What does not fit into 64 bits raises: the engine's business
        return integer_value(f"(CAST({left.exact} AS BIGINT) {sign} CAST({right.exact} AS BIGINT))")
    exact = _exact_result(sign, left, right)
    if kinds <= EXACT and (sign == "/" or {DECIMAL} in (left.kinds, right.kinds)):
        return number_value(frozenset({DECIMAL}), f"CASE WHEN ({exact}) IS NOT NULL THEN {DECIMAL} END", exact, "NULL")
    return _of_any_kinds(sign, left, right, exact)


def _of_any_kinds(sign: str, left: ValueInSql, right: ValueInSql, exact: str) -> ValueInSql:
    double = f"{left.kind} = {DOUBLE} OR {right.kind} = {DOUBLE}"
    numeric = f"{is_of(left, *NUMERIC)} AND {is_of(right, *NUMERIC)}"
    # durations, times and floats can be added, too; strings and IRIs cannot
    strange = f"{is_of(left, OTHER, TIME, *NUMERIC)} AND {is_of(right, OTHER, TIME, *NUMERIC)}"
    may_be_double = DOUBLE in left.kinds | right.kinds
    may_be_whole = INTEGER in left.kinds & right.kinds and sign != "/"
    kinds = {DOUBLE} if may_be_double else set[int]()
    kinds |= {INTEGER} if may_be_whole else set()
    kinds |= {DECIMAL} if sign == "/" or DECIMAL in left.kinds | right.kinds else set()
    guarded = f"CASE WHEN ({numeric}) AND NOT ({double}) THEN {exact} END"
    whole = f"WHEN {left.kind} = {INTEGER} AND {right.kind} = {INTEGER} THEN {INTEGER} " if may_be_whole else ""
    approximate = "NULL"
    if may_be_double:
        approximate = f"CASE WHEN ({numeric}) AND ({double}) THEN {_double_result(sign, left, right)} END"
    kind = (
        f"CASE WHEN ({numeric}) THEN CASE WHEN {double} THEN {DOUBLE} WHEN ({guarded}) IS NULL THEN NULL "
        f"{whole}ELSE {DECIMAL} END WHEN ({strange}) THEN {UNTOLD} END"
    )
    return number_value(frozenset(kinds) or frozenset({DECIMAL}), kind, guarded, approximate)


def _double_result(sign: str, left: ValueInSql, right: ValueInSql) -> str:
    one, other = _double(left), _double(right)
    return f"({one}) {sign} ({other})"


def _exact_result(sign: str, left: ValueInSql, right: ValueInSql) -> str:
    """Return the result for integers and decimals; what does not fit raises, as the engine's bounds are others."""
    one, other = left.exact, right.exact
    if not (left.kinds & EXACT and right.kinds & EXACT):
        return f"CAST(NULL AS {NUMBER_TYPE})"
    if sign in "+-":
        return _in_range(f"{one} {sign} {other}", left, right)
    if sign == "*":
        # six places and six are twelve, which both sides have room for
        product = f"CAST({_six_places(one)} * {_six_places(other)} AS {NUMBER_TYPE})"
        return _in_range(product, left, right)
    # The engine cuts behind 18 places; so does the division of whole numbers, after a shift by 18 places
    scaled, divisor = scaled_number(one), scaled_number(other)
    quotient = f"({scaled} * 1000000) // (({divisor}) // 1000000000000)"
    # Of zero divided by what is not whole the engine makes an error
    told = (
        f"({divisor}) % 1000000000000 = 0 AND abs({scaled}) < 100000000000000000000000000000000 "
        f"AND ({one} <> 0 OR ({divisor}) % 1000000000000000000 = 0)"
    )
    return f"CASE WHEN {other} = 0 THEN NULL WHEN {told} THEN {unscaled_number(quotient)} ELSE {UNTOLD} END"


def _six_places(number: str) -> str:
    short = f"CAST({number} AS DECIMAL(38,6))"
    return f"CASE WHEN {short} = {number} THEN {short} ELSE {UNTOLD} END"


def _in_range(result: str, left: ValueInSql, right: ValueInSql) -> str:
    if INTEGER not in left.kinds or INTEGER not in right.kinds:
        return result
    both = f"{left.kind} = {INTEGER} AND {right.kind} = {INTEGER}"
    return f"CASE WHEN {both} AND abs({result}) > {LARGEST_INTEGER} THEN {UNTOLD} ELSE {result} END"


def scaled_number(exact: str) -> str:
    """Return a decimal as a whole number of 10 to the -18."""
    return f"CAST(replace(CAST({exact} AS VARCHAR), '.', '') AS HUGEINT)"


def unscaled_number(scaled: str) -> str:
    """Return the decimal of a whole number of 10 to the -18."""
    return f"CAST({scaled} AS DECIMAL(38,0)) * CAST('0.000000000000000001' AS DECIMAL(18,18))"


def _negated(value: ValueInSql) -> ValueInSql:
    return _unary(value, lambda exact: f"-{exact}", lambda double: f"-{double}")


def _absolute(value: ValueInSql) -> ValueInSql:
    return _unary(value, lambda exact: f"abs({exact})", lambda double: f"abs({double})")


def _plus(value: ValueInSql) -> ValueInSql:
    return _unary(value, lambda exact: exact, lambda double: double)


def _rounded(function: str) -> Callable[[ValueInSql], ValueInSql]:
    def rounded(value: ValueInSql) -> ValueInSql:
        def exact(number: str) -> str:
            inner = f"floor({number} + 0.5)" if function == "round" else f"{function}({number})"
            return f"CAST({inner} AS {NUMBER_TYPE})"

        # doubles keep a sign of zero, and round to even in places: the engine's
        return _unary(value, exact, lambda _: UNTOLD)

    return rounded


def _unary(value: ValueInSql, exact: Callable[[str], str], double: Callable[[str], str]) -> ValueInSql:
    kinds = value.kinds & NUMERIC
    if not value.kinds & (NUMERIC | {OTHER}):
        return NOTHING
    result = exact(value.exact) if kinds & EXACT else f"CAST(NULL AS {NUMBER_TYPE})"
    if INTEGER in kinds:
        result = (
            f"CASE WHEN {value.kind} = {INTEGER} AND abs({result}) > {LARGEST_INTEGER} THEN {UNTOLD} ELSE {result} END"
        )
    approximate = double(value.approximate) if DOUBLE in kinds else "NULL"
    kind = f"CASE WHEN {is_of(value, *NUMERIC)} THEN {value.kind} WHEN {value.kind} = {OTHER} THEN {UNTOLD} END"
    approximate = f"CASE WHEN {value.kind} = {DOUBLE} THEN {approximate} END" if DOUBLE in kinds else "NULL"
    guarded = f"CASE WHEN {is_of(value, *EXACT)} THEN {result} END"
    return number_value(kinds or frozenset({DECIMAL}), kind, guarded, approximate)


# Strings (17.4.3)


def _of_strings(value: ValueInSql, result: str) -> str:
    """Return a result where a value is a string, with or without a language; NULL where it is none."""
    if value.kinds <= STRINGS:
        return result if value.is_certain else f"CASE WHEN {value.kind} IS NOT NULL THEN {result} END"
    other = f"WHEN {value.kind} = {OTHER} AND {_may_be_directed(value)} THEN {UNTOLD} " if OTHER in value.kinds else ""
    return f"CASE WHEN {is_of(value, *STRINGS)} THEN {result} {other}END"


def _may_be_directed(value: ValueInSql) -> str:
    """Return whether something of no kind that the index compares may be a string with a direction."""
    return f"({value.tag} IS NULL OR {value.tag} = {quoted(RDF + 'dirLangString')})"


def like(value: ValueInSql, text: str) -> ValueInSql:
    """Return a string of a text that was made of another string, in the same language."""
    kinds = value.kinds & STRINGS
    if not kinds:
        return NOTHING
    kind = _of_strings(value, value.kind)
    return ComputedValue(kinds, kind, (text, value.tag, "NULL", "NULL"))


def _fitting(one: ValueInSql, other: ValueInSql, result: str) -> str:
    """Return a result where two strings go together (17.4.3.1.2)."""
    if other.kinds == {STRING} and other.is_certain:
        return _of_strings(one, result)
    if other.kinds <= {STRING}:
        return _of_strings(one, f"CASE WHEN {other.kind} IS NOT NULL THEN {result} END")
    fits = f"{other.kind} = {STRING} OR ({one.kind} = {LANGUAGE_STRING} AND {one.tag} = {other.tag})"
    return _of_strings(one, _of_strings(other, f"CASE WHEN {fits} THEN {result} END"))


def _test(function: str) -> Callable[[ValueInSql, ValueInSql], ValueInSql]:
    return lambda one, other: truth_value(_fitting(one, other, f"{function}({one.text}, {other.text})"))


def _changed(function: str, otherwise: str) -> Callable[[ValueInSql], ValueInSql]:
    """Return LCASE or UCASE: where DuckDB's letters are others than the engine's, the engine answers."""

    def changed(value: ValueInSql) -> ValueInSql:
        text = value.text
        strange = f"strlen({text}) <> length({text}) AND regexp_matches({text}, '{otherwise}')"
        return like(value, f"CASE WHEN {strange} THEN {UNTOLD} ELSE {function}({text}) END")

    return changed


def _only_ascii(text: str) -> str:
    return f"CASE WHEN strlen({text}) = length({text}) THEN {text} ELSE {UNTOLD} END"


def _length(value: ValueInSql) -> ValueInSql:
    return integer_value(_of_strings(value, f"length({value.text})"))


def _text(value: ValueInSql) -> ValueInSql:
    if value.kinds <= {STRING}:
        return value
    text = value.written_text
    if OTHER in value.kinds and value.truth is None:  # of what is no literal, it has no text
        text = f"CASE WHEN {value.kind} = {OTHER} AND {value.tag} IS NULL THEN {UNTOLD} ELSE {text} END"
    if value.is_certain:
        return string_value(text, is_certain=value.kinds <= {IRI, STRING, LANGUAGE_STRING})
    return string_value(f"CASE WHEN {value.kind} IS NOT NULL THEN {text} END")


def _language(value: ValueInSql) -> ValueInSql:
    if value.is_certain and value.kinds == {LANGUAGE_STRING}:
        return string_value(value.tag, is_certain=True)
    cases = f"WHEN {value.kind} = {LANGUAGE_STRING} THEN {value.tag} WHEN {value.kind} = {IRI} THEN NULL"
    if OTHER in value.kinds:
        cases += f" WHEN {value.kind} = {OTHER} AND {_may_be_directed(value)} THEN {UNTOLD}"
    return string_value(f"CASE WHEN {value.kind} IS NULL THEN NULL {cases} ELSE '' END")


def _language_matches(tag: ValueInSql, wanted: ValueInSql) -> ValueInSql | None:
    if not isinstance(wanted, ConstantValue) or wanted.kinds != {STRING} or not tag.kinds <= {STRING}:
        return None
    language = wanted.term.value.lower()
    if not re.fullmatch(r"\*|[a-z0-9]+(?:-[a-z0-9]+)*", language):
        return None
    text = f"lower({tag.text})"
    if language == "*":
        return truth_value(f"{text} <> ''")
    return truth_value(f"{text} = {quoted(language)} OR starts_with({text}, {quoted(language + '-')})")


def _datatype(value: ValueInSql) -> ValueInSql:
    text = (
        f"CASE WHEN {value.kind} = {STRING} THEN {quoted(XSD + 'string')} WHEN {value.kind} = {LANGUAGE_STRING} "
        f"THEN {quoted(RDF + 'langString')} WHEN {value.kind} = {IRI} THEN NULL "
        f"WHEN {value.kind} = {OTHER} AND {value.tag} IS NULL THEN {UNTOLD} ELSE {value.tag} END"
    )
    return iri_value(f"CASE WHEN {value.kind} IS NOT NULL THEN {text} END")


def _concatenated(*values: ValueInSql) -> ValueInSql | None:
    if not values or not all(value.kinds <= STRINGS | {OTHER} or value.kinds for value in values):
        return None
    text = " || ".join(f"({_of_strings(each, each.text)})" for each in values)
    if all(LANGUAGE_STRING not in each.kinds for each in values):
        return string_value(text)
    first = values[0]
    alike = " AND ".join(f"{each.kind} = {LANGUAGE_STRING} AND {each.tag} = {first.tag}" for each in values)
    kind = f"CASE WHEN ({text}) IS NULL THEN NULL WHEN {alike} THEN {LANGUAGE_STRING} ELSE {STRING} END"
    return ComputedValue(STRINGS, kind, (text, f"CASE WHEN {alike} THEN {first.tag} END", "NULL", "NULL"))


def _before(one: ValueInSql, other: ValueInSql) -> ValueInSql:
    return _around(one, other, lambda place: f"left({one.text}, {place} - 1)")


def _after(one: ValueInSql, other: ValueInSql) -> ValueInSql:
    return _around(one, other, lambda place: f"substring({one.text}, {place} + length({other.text}))")


def _around(one: ValueInSql, other: ValueInSql, cut: Callable[[str], str]) -> ValueInSql:
    """Return what stands around a string, in the language of the first; where it is not found, a plain empty string."""
    place = f"strpos({one.text}, {other.text})"
    found = _fitting(one, other, f"CASE WHEN {place} > 0 THEN {one.kind} ELSE {STRING} END")
    text = f"CASE WHEN {place} > 0 THEN {cut(place)} ELSE '' END"
    kinds = one.kinds & STRINGS | {STRING}
    return ComputedValue(kinds, found, (text, f"CASE WHEN {place} > 0 THEN {one.tag} END", "NULL", "NULL"))


# Kinds of terms, dates, casts


def _is_iri(value: ValueInSql) -> ValueInSql:
    return truth_value(f"CASE WHEN {value.kind} = {OTHER} AND {value.tag} IS NULL THEN {UNTOLD} "
                       f"ELSE {value.kind} = {IRI} END")  # fmt: skip


def _is_literal(value: ValueInSql) -> ValueInSql:
    return truth_value(f"CASE WHEN {value.kind} = {OTHER} AND {value.tag} IS NULL THEN {UNTOLD} "
                       f"ELSE {value.kind} <> {IRI} END")  # fmt: skip


def _is_blank(value: ValueInSql) -> ValueInSql:
    return truth_value(f"CASE WHEN {value.kind} = {OTHER} AND {value.tag} IS NULL THEN {UNTOLD} "
                       f"WHEN {value.kind} IS NOT NULL THEN false END")  # fmt: skip


def _is_numeric(value: ValueInSql) -> ValueInSql:
    numbers = is_of(value, *NUMERIC)
    if OTHER not in value.kinds or value.truth is not None:
        return truth_value(numbers)
    strange = f"{value.kind} = {OTHER} AND coalesce(starts_with({value.tag}, {quoted(XSD)}), true)"
    told = f"{value.tag} <> {quoted(BOOLEAN_IRI)}"
    return truth_value(f"CASE WHEN {strange} AND coalesce({told}, true) THEN {UNTOLD} ELSE {numbers} END")


def _field(first: int, last: int, lengths: str) -> Callable[[ValueInSql], ValueInSql]:
    """Return a part of a date or a time by its place, where its length says that it stands there."""

    def field(value: ValueInSql) -> ValueInSql:
        if not value.kinds & {TIME, OTHER}:
            return NOTHING
        number = f"CAST(substring({value.text}, {first}, {last - first + 1}) AS BIGINT)"
        other = f"WHEN {value.kind} IN ({TIME}, {OTHER}) THEN {UNTOLD}"
        return integer_value(
            f"CASE WHEN {value.kind} = {TIME} AND length({value.text}) IN {lengths} THEN {number} {other} END"
        )

    return field


def _cast_to_text(value: ValueInSql) -> ValueInSql:
    return _text(value)


def _cast_to_integer(value: ValueInSql) -> ValueInSql:
    cases = [f"WHEN {value.kind} = {INTEGER} THEN CAST({value.exact} AS HUGEINT)"] if INTEGER in value.kinds else []
    if DECIMAL in value.kinds:
        cut = f"CAST(trunc({value.exact}) AS HUGEINT)"
        cases.append(f"WHEN {value.kind} = {DECIMAL} THEN CASE WHEN abs({cut}) < {LARGEST_INTEGER} THEN {cut} END")
    if STRING in value.kinds:
        cases.append(_from_text(value, WHOLE, "HUGEINT"))
    if value.kinds & {DOUBLE, OTHER}:
        cases.append(f"WHEN {value.kind} IN ({DOUBLE}, {OTHER}) THEN {UNTOLD}")
    return integer_value(f"CASE {' '.join(cases)} END") if cases else NOTHING


def _cast_to_decimal(value: ValueInSql) -> ValueInSql:
    cases = [f"WHEN {is_of(value, *EXACT)} THEN {value.exact}"] if value.kinds & EXACT else []
    if STRING in value.kinds:
        cases.append(_from_text(value, r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", NUMBER_TYPE))
    if value.kinds & {DOUBLE, OTHER}:
        cases.append(f"WHEN {value.kind} IN ({DOUBLE}, {OTHER}) THEN {UNTOLD}")
    if not cases:
        return NOTHING
    exact = f"CASE {' '.join(cases)} END"
    return number_value(frozenset({DECIMAL}), f"CASE WHEN ({exact}) IS NOT NULL THEN {DECIMAL} END", exact, "NULL")


def _cast_to_double(value: ValueInSql) -> ValueInSql:
    cases = [f"WHEN {is_of(value, *NUMERIC)} THEN {_double(value)}"] if value.kinds & NUMERIC else []
    if STRING in value.kinds:
        cases.append(_from_text(value, r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", "DOUBLE"))
    if OTHER in value.kinds:
        cases.append(f"WHEN {value.kind} = {OTHER} THEN {UNTOLD}")
    if not cases:
        return NOTHING
    double = f"CASE {' '.join(cases)} END"
    return number_value(
        frozenset({DOUBLE}),
        f"CASE WHEN ({double}) IS NOT NULL THEN {DOUBLE} END",
        f"CAST(NULL AS {NUMBER_TYPE})",
        double,
    )


def _from_text(value: ValueInSql, form: str, type_: str) -> str:
    """Return the case of a string: it is surely read, or surely not since it has no digit, or it is the engine's."""
    return (
        f"WHEN {value.kind} = {STRING} THEN CASE WHEN regexp_full_match({value.text}, '{form}') "
        f"THEN CAST({value.text} AS {type_}) WHEN regexp_matches({value.text}, '[0-9NI]') THEN {UNTOLD} END"
    )


def _whole_number(expression: Expression) -> int:
    term = expression.term if isinstance(expression, Constant) else None
    if not isinstance(term, ox.Literal) or term.datatype.value != f"{XSD}integer" or len(term.value) > 9:
        raise UnsupportedError
    return int(term.value)


def _text_of(expression: Expression) -> str:
    term = expression.term if isinstance(expression, Constant) else None
    if not isinstance(term, ox.Literal) or term.datatype.value != f"{XSD}string":
        raise UnsupportedError
    return term.value


_EMPTY = ox.Literal("")
_FORMS: dict[str, Callable[[ExpressionCompiler, tuple[Expression, ...]], ValueInSql]] = {
    "IN": ExpressionCompiler.membership,
    "IF": ExpressionCompiler.choice,
    "COALESCE": ExpressionCompiler.first_bound,
    "BOUND": ExpressionCompiler.is_bound,
    "SAMETERM": ExpressionCompiler.same_term,
    "SUBSTR": ExpressionCompiler.substring,
    "REGEX": ExpressionCompiler.matches,
}
_FUNCTIONS: dict[str, Callable[..., ValueInSql | None]] = {
    "+": _calculated("+"),
    "-": _calculated("-"),
    "*": _calculated("*"),
    "/": _calculated("/"),
    "NEGATE": _negated,
    "PLUS": _plus,
    "ABS": _absolute,
    "CEIL": _rounded("ceil"),
    "FLOOR": _rounded("floor"),
    "ROUND": _rounded("round"),
    "STR": _text,
    "LANG": _language,
    "LANGMATCHES": _language_matches,
    "DATATYPE": _datatype,
    "STRLEN": _length,
    "LCASE": _changed("lower", LOWERED_OTHERWISE),
    "UCASE": _changed("upper", RAISED_OTHERWISE),
    "CONTAINS": _test("contains"),
    "STRSTARTS": _test("starts_with"),
    "STRENDS": _test("ends_with"),
    "STRBEFORE": _before,
    "STRAFTER": _after,
    "CONCAT": _concatenated,
    "ISIRI": _is_iri,
    "ISURI": _is_iri,
    "ISLITERAL": _is_literal,
    "ISBLANK": _is_blank,
    "ISNUMERIC": _is_numeric,
    "YEAR": _field(1, 4, MOMENTS),
    "MONTH": _field(6, 7, MOMENTS),
    "DAY": _field(9, 10, MOMENTS),
    "HOURS": _field(12, 13, "(19, 20)"),
    "MINUTES": _field(15, 16, "(19, 20)"),
    f"{XSD}string": _cast_to_text,
    f"{XSD}integer": _cast_to_integer,
    f"{XSD}decimal": _cast_to_decimal,
    f"{XSD}double": _cast_to_double,
}
