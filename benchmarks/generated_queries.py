"""Queries and data that nobody wrote: drawn from seeds, to compare two ways to an answer.

Data is small and full of what makes answers differ: triples that several graphs share, numbers of all types that are
equal, ill-typed literals, texts in languages. Queries nest groups, optional parts, unions, subqueries and paths, join
on what may be unbound and aggregate errors. It runs nothing (``benchmarks.generated`` does).
"""

from __future__ import annotations

import random
from dataclasses import dataclass

PROLOGUE = "PREFIX : <http://x/> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "
THINGS = tuple(f":t{number}" for number in range(6))
GRAPHS = (":g1", ":g2", ":g3")
LINKS = (":p", ":q", ":r")
NUMBERS = ("1", "2", "-3", "7", "007", "1.0", "2.5", "0.1", "1e0", "2.5e0", "12345678901", "0", "-0.5")
TEXTS = ('"x"', '"x"@en', '"y y"@en', '"Ы"@ru', '"x y"@uz-Latn', '"xy"', '""', '"X"@en', '"a\\"b\\\\c"', '"ß"', '"ΑΣ"')
MOMENTS = ('"2010-02-03"^^xsd:date', '"2011-02-03"^^xsd:date', '"2010-02-03T00:00:00"^^xsd:dateTime',
           '"2010-02-03T10:20:30Z"^^xsd:dateTime', '"2011-02-03T10:20:30"^^xsd:dateTime')  # fmt: skip
ODD = ('"x"^^xsd:integer', '"1"^^:t', '"2"^^:t', "true", "false", '"1"^^xsd:float', '"2010-02-30"^^xsd:date',
       '"2010"^^xsd:gYear',
       '"NaN"^^xsd:double', '"INF"^^xsd:double', '"5"^^xsd:int', '"2010-02-03Z"^^xsd:date', '"P1D"^^xsd:duration',
       "99999999999999999999", '"a"@en--ltr')  # fmt: skip
VARIABLES = ("?a", "?a", "?b", "?b", "?c")


@dataclass(frozen=True, slots=True)
class GeneratedQuery:
    """A query, and what is to be compared of its answer.

    Attributes:
        text: the query.
        is_cut: whether LIMIT leaves a choice, so that only numbers and membership count.
        uncut: the query without that LIMIT.
        ordered_by: the variables that it is ordered by.
    """

    text: str
    is_cut: bool = False
    uncut: str = ""
    ordered_by: tuple[str, ...] = ()


def data(draw: random.Random) -> str:
    """A dataset in TriG; odd literals stand in every other one only, so that many queries meet none."""
    is_odd = draw.random() < 0.3
    numbers = draw.choice((NUMBERS, NUMBERS[:5], NUMBERS[:8]))
    lines = list[str]()
    for _ in range(draw.randint(5, 30)):
        subject = draw.choice(THINGS)
        if draw.random() < 0.55:
            triple = f"{subject} {draw.choice(LINKS)} {draw.choice(THINGS)} ."
        else:
            predicate, values = draw.choice(((":n", numbers), (":l", TEXTS), (":d", MOMENTS)))
            value = draw.choice(ODD if is_odd and draw.random() < 0.2 else values)
            triple = f"{subject} {predicate} {value} ."
        lines += [f"{graph} {{ {triple} }}" for graph in draw.sample(GRAPHS, draw.choice((1, 1, 1, 2, 3)))]
    return f"@prefix : <http://x/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n{chr(10).join(lines)}"


class QueryGenerator:
    """Draws queries."""

    def __init__(self, draw: random.Random) -> None:
        """Draw from this."""
        self._draw = draw
        self._fresh = 0

    def query(self) -> GeneratedQuery:
        """One query."""
        draw = self._draw
        self._fresh = 0
        form = draw.random()
        if form < 0.35:
            text, names = self._aggregating(self.group(2))
        else:
            text, names = self._selecting(self.group(2))
        if draw.random() < 0.12:
            text = text.replace(" {", f"{self._dataset()} {{", 1) if "SELECT" in text else text
        order, ordered = "", tuple[str, ...]()
        if draw.random() < 0.35:
            ordered = tuple(draw.sample(names, min(len(names), draw.randint(1, 2)))) if names else ()
            terms = [draw.choice((each, each, f"DESC({each})")) for each in ordered]
            order = f" ORDER BY {' '.join(terms)}" if terms else ""
        limit = (
            draw.choice((f" LIMIT {draw.randint(0, 6)}", f" LIMIT 3 OFFSET {draw.randint(0, 3)}"))
            if draw.random() < 0.2
            else ""
        )
        whole = f"{PROLOGUE}{text}{order}"
        return GeneratedQuery(whole + limit, bool(limit), whole, ordered)

    def _dataset(self) -> str:
        draw = self._draw
        graphs = draw.sample(GRAPHS, draw.randint(1, 2))
        return "".join(f" FROM {draw.choice(('', '', 'NAMED '))}{each}" for each in graphs)

    def _selecting(self, group: str) -> tuple[str, list[str]]:
        draw = self._draw
        names = sorted(set(draw.choices(("?a", "?b", "?c", "?n", "?l", "?d", "?x1", "?g"), k=draw.randint(1, 4))))
        distinct = draw.choice(("", "", "DISTINCT "))
        bindings = f" ({self.expression(1)} AS ?e)" if draw.random() < 0.2 else ""
        return f"SELECT {distinct}{' '.join(names)}{bindings} WHERE {{ {group} }}", names + (["?e"] if bindings else [])

    def _aggregating(self, group: str) -> tuple[str, list[str]]:
        draw = self._draw
        keys = sorted(set(draw.choices(("?a", "?b", "?c", "?l"), k=draw.randint(0, 2))))
        found = [f"({self.aggregate()} AS ?k{number})" for number in range(draw.randint(1, 2))]
        names = [*keys, *(f"?k{number}" for number in range(len(found)))]
        clause = f" GROUP BY {' '.join(keys)}" if keys else ""
        if keys and draw.random() < 0.2:
            clause = f" GROUP BY {' '.join(keys[:-1])} ({self.expression(1)} AS ?key)"
            names, keys = ["?key", *names[len(keys) :], *keys[:-1]], ["?key", *keys[:-1]]
        if (plain := [each for each in keys if each != "?key"]) and draw.random() < 0.1:
            found[0] = f"(SAMPLE({draw.choice(plain)}) AS ?k0)"  # of other values it may give any
        having = f" HAVING({self.aggregate()} > {draw.randint(0, 3)})" if draw.random() < 0.2 else ""
        return f"SELECT {' '.join((*keys, *found))} WHERE {{ {group} }}{clause}{having}", names

    def aggregate(self) -> str:
        """An aggregate."""
        draw = self._draw
        distinct = draw.choice(("", "", "DISTINCT "))
        name = draw.choice(("COUNT", "COUNT", "SUM", "SUM", "AVG", "MIN", "MAX", "GROUP_CONCAT"))
        if name == "COUNT" and draw.random() < 0.4:
            return f"COUNT({distinct}*)"
        argument = draw.choice(("?n", "?n", "?a", "?b", "?l", "?d", f"({self.expression(1)})"))
        if name in ("SUM", "AVG") and draw.random() < 0.7:
            argument = "?n"
        separator = draw.choice(("", ' ; SEPARATOR=", "')) if name == "GROUP_CONCAT" else ""
        return f"{name}({distinct}{argument}{separator})"

    # Patterns

    def group(self, depth: int) -> str:
        """What stands in a group."""
        draw = self._draw
        parts = [self.triples() for _ in range(draw.choice((0, 1, 1, 1, 2, 2)))]
        for _ in range(draw.choice((0, 1, 1, 2)) if depth else 0):
            part = self.element(depth)
            parts.insert(draw.randint(0, len(parts)) if draw.random() < 0.3 else len(parts), part)
        if draw.random() < 0.35:
            parts.insert(draw.randint(0, len(parts)), f"FILTER({self.condition(depth)})")
        return " ".join(parts) or self.triples()

    def element(self, depth: int) -> str:  # noqa: PLR0911  one for each form
        """A part of a group that is no triple."""
        draw = self._draw
        form, inner = draw.randint(0, 15), lambda: self.group(depth - 1)
        if form <= 3:
            return f"OPTIONAL {{ {inner()} }}"
        if form <= 5:
            return f"{{ {inner()} }} UNION {{ {inner()} }}"
        if form == 6:
            return f"MINUS {{ {inner()} }}"
        if form == 7:
            return f"FILTER {draw.choice(('', 'NOT '))}EXISTS {{ {inner()} }}"
        if form == 8:
            return f"{{ {inner()} }}"
        if form == 9:
            return self.values()
        if form in (10, 11):
            self._fresh += 1
            return f"BIND({self.expression(2)} AS ?x{self._fresh})"
        if form == 12:
            return f"GRAPH {draw.choice(('?g', '?g', '?g', *GRAPHS))} {{ {inner()} }}"
        if form == 13:
            return f"{{ {self.subselect(depth - 1)} }}"
        return self.triples()

    def subselect(self, depth: int) -> str:
        """A subquery."""
        draw, form = self._draw, self._draw.randint(0, 3)
        if form == 0:
            return f"SELECT ?a ?b {{ ?a {draw.choice(LINKS)} ?b }} ORDER BY ?a ?b LIMIT {draw.randint(1, 4)}"
        if form == 1:
            return f"SELECT ?a (COUNT(*) AS ?n) {{ {self.group(depth)} }} GROUP BY ?a"
        if form == 2:
            return f"SELECT DISTINCT {draw.choice(('?a ?b', '?a', '?b ?n'))} {{ {self.group(depth)} }}"
        return f"SELECT {draw.choice(('?a ?b', '?a', '?b ?n', '?a ?l'))} {{ {self.group(depth)} }}"

    def values(self) -> str:
        """Inline data."""
        draw = self._draw
        if draw.random() < 0.5:
            some = [draw.choice((*THINGS, ":nowhere")) for _ in range(draw.randint(0, 3))]
            return f"VALUES {draw.choice(VARIABLES)} {{ {' '.join(some)} }}"
        terms = (*THINGS, "UNDEF", "UNDEF", "1", '"x"@en')
        rows = [f"({draw.choice(terms)} {draw.choice(terms)})" for _ in range(draw.randint(1, 3))]
        first, second = draw.sample(("?a", "?b", "?c", "?n"), 2)
        return f"VALUES ({first} {second}) {{ {' '.join(rows)} }}"

    def triples(self) -> str:
        """A triple pattern, or a path."""
        draw = self._draw
        subject = draw.choice((*VARIABLES, *VARIABLES, draw.choice(THINGS)))
        form = draw.random()
        if form < 0.35:
            return f"{subject} {draw.choice((':n ?n', ':l ?l', ':d ?d', ':n ?n', ':l ?l'))} ."
        if form < 0.42:
            return f"{subject} {draw.choice(('?p', '?p', '?b'))} {draw.choice((*VARIABLES, '?o', '?l'))} ."
        target = draw.choice((*VARIABLES, *VARIABLES, draw.choice(THINGS), "[]"))
        verb = self.path(2) if form > 0.8 else draw.choice(LINKS)
        if form < 0.5:
            target = "_:b"
        return f"{subject} {verb} {target} ."

    def path(self, depth: int) -> str:
        """A path."""
        draw = self._draw
        form = draw.randint(0, 9) if depth else 0
        if form < 3:
            return draw.choice((*LINKS, f"^{draw.choice(LINKS)}"))
        if form in (3, 4):
            return f"{self.path(depth - 1)}/{self.path(depth - 1)}"
        if form == 5:
            return f"({self.path(depth - 1)}|{self.path(depth - 1)})"
        if form == 6:
            return draw.choice(("!:p", "!(:p|:q)", "!(:p|^:q)", "!^:p"))
        return f"({self.path(depth - 1)}){draw.choice('*+?')}"

    # Expressions

    def condition(self, depth: int) -> str:
        """A condition."""
        draw = self._draw
        form = draw.randint(0, 12)
        if form == 0 and depth:
            return f"{draw.choice(('', 'NOT '))}EXISTS {{ {self.group(depth - 1)} }}"
        if form == 1:
            return f"{self.condition(depth)} {draw.choice(('&&', '||'))} {self.condition(depth)}"
        if form == 2:
            return f"!({self.condition(depth)})"
        if form == 3:
            return f"BOUND({draw.choice(('?a', '?b', '?c', '?n', '?l'))})"
        if form == 4:
            return draw.choice((
                'LANGMATCHES(LANG(?l), "en")', 'LANG(?l) = "en"', 'CONTAINS(?l, "x")', 'STRSTARTS(STR(?l), "x")',
                'CONTAINS(LCASE(STR(?l)), "ы")', 'STRENDS(?l, "y"@en)', "ISIRI(?b)", "ISLITERAL(?o)", "ISNUMERIC(?n)",
                "SAMETERM(?a, ?b)", 'REGEX(?l, "x")', 'REGEX(?l, "^Y", "i")', "?b IN (:t1, :t2, 1)", "?n NOT IN (1, 2)",
                'DATATYPE(?n) = xsd:integer', "?l", "?n", "YEAR(?d) > 2010", 'LANGMATCHES(LANG(?l), "*")',
                '?d < "2010-06-01"^^xsd:date', '?d >= "2010-02-03T00:00:00"^^xsd:dateTime', "?n IN (1, ?c)",
            ))  # fmt: skip
        sign = draw.choice(("=", "!=", "<", ">", "<=", ">=", "=", "="))
        return f"{self.expression(1)} {sign} {self.expression(1)}"

    def expression(self, depth: int) -> str:
        """An expression."""
        draw = self._draw
        form = draw.randint(0, 14) if depth else draw.randint(0, 5)
        if form <= 3:
            return draw.choice(("?n", "?n", "?a", "?b", "?c", "?l", "?d", "?x1", "?o", "?k"))
        if form <= 5:
            return draw.choice((*NUMBERS, *TEXTS, *THINGS[:2], *MOMENTS[:2]))

        def inner() -> str:
            return self.expression(depth - 1)

        if form <= 8:
            return f"({inner()} {draw.choice('+-*/')} {inner()})"
        if form == 9:
            return f"IF({self.condition(0)}, {inner()}, {inner()})"
        if form == 10:
            return f"COALESCE({inner()}, {inner()})"
        return draw.choice((
            "STR(?l)", "STRLEN(?l)", f"STR({inner()})", "LANG(?l)", f"DATATYPE({inner()})", "UCASE(?l)",
            "LCASE(STR(?l))",
            'CONCAT(?l, "-", STR(?n))', "SUBSTR(?l, 1, 1)", "SUBSTR(STR(?a), 9)", 'STRBEFORE(?l, "y")', "ABS(?n)",
            "-?n",
            'STRAFTER(?l, "x")', "ROUND(?n)", "CEIL(?n)", "FLOOR(?n)", f"xsd:integer({inner()})",
            f"xsd:decimal({inner()})",
            f"xsd:string({inner()})", "xsd:double(?n)", "MONTH(?d)", "YEAR(?d)", "DAY(?d)", f"({inner()} = {inner()})",
            "BOUND(?b)", f"STRLEN(STR({inner()}))", "CONCAT(?l, ?l)",
        ))  # fmt: skip
