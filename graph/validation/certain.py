"""Constraints on a value alone, as SPARQL expressions that are true only where pySHACL is certain to find nothing.

They are evaluated by another engine than the one that judges, over another form of the data. So wherever the two may
differ (patterns, comparisons, lexical forms) the expression is narrower than the constraint; where nothing is certain
there is none. An expression that raises an error is not true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pyshacl.shape import Shape
from rdflib import RDF, SH, XSD, Literal, URIRef
from rdflib.term import Node

from graph.sources.stored import stored
from graph.validation.terms import to_oxigraph

MOST_MEMBERS = 300
NUMBERS = (str(XSD.integer), str(XSD.decimal))
DATE = r"^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])$"
FORMS = {
    str(XSD.integer): "^[+-]?[0-9]+$",
    str(XSD.decimal): r"^[+-]?([0-9]+([.][0-9]+)?|[.][0-9]+)$",
    str(XSD.boolean): "^(true|false)$",
    str(XSD.gYear): "^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})$",
    str(XSD.gYearMonth): "^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])$",
}
"""By datatype, lexical forms that every engine takes; other datatypes of XML Schema are never certain."""
ANY_FORM = (str(XSD.string), str(XSD.anyURI))
NAMED = '(isIRI({0}) && !CONTAINS(STR({0}), "/.well-known/genid/"))'
"""An IRI that stands for no blank node."""
KINDS: dict[Node, str] = {
    SH.IRI: NAMED,
    SH.Literal: "isLiteral({0})",
    SH.IRIOrLiteral: f"({NAMED} || isLiteral({{0}}))",
    SH.BlankNodeOrIRI: "isIRI({0})",
    SH.BlankNodeOrLiteral: "isLiteral({0})",
}
BOUNDS = {SH.minInclusive: ">=", SH.minExclusive: ">", SH.maxInclusive: "<=", SH.maxExclusive: "<"}
PLAIN_PATTERN = re.compile(
    r"(?:[^\\.\[\](){}*+?|^$]|\\[\\.\[\](){}*+?|^$/-]|[.|^$)*+?]|\((?!\?)|\(\?:|\{[0-9]+(?:,[0-9]*)?\}"
    r"|\[\^?(?:[^\\\[\]&~-]|\\[\\\].-]|-(?!-))+\])*"
)
"""Regular expressions that mean the same in Python and in the store's engine, but for the end before a last newline."""

Expression = Callable[[Shape, Node, str], str | None]


def certain(shape: Shape, parameter: URIRef, value: str) -> str | None:
    """Return an expression that is true only where a value satisfies a constraint; None where nothing is certain.

    Args:
        shape: the shape.
        parameter: the constraint's parameter.
        value: the value's variable.
    """
    arguments = list(shape.objects(parameter))
    parts = [OF_A_SHAPE[parameter](shape, each, value) for each in arguments]
    return _all(parts)


def sparql(term: Node) -> str | None:
    """Return a term as SPARQL, None where the index would take it for another one."""
    found = to_oxigraph(term)
    return str(found) if found is not None and stored(found) == found else None


def comparable(first: str, operator: str, second: str) -> str:
    """Return an expression that is true only where two values compare so in every engine."""
    numbers = [f"DATATYPE({each}) IN (<{NUMBERS[0]}>, <{NUMBERS[1]}>)" for each in (first, second)]
    dates = [f'DATATYPE({each}) = <{XSD.date}> && REGEX(STR({each}), "{DATE}")' for each in (first, second)]
    kinds = " || ".join(f"COALESCE({_all_of(each)}, false)" for each in (numbers, dates))
    return f"(({kinds}) && {first} {operator} {second})"


def _all(parts: Sequence[str | None]) -> str | None:
    known = [each for each in parts if each is not None]
    return None if len(known) < len(parts) else _all_of(known)


def _all_of(parts: Sequence[str]) -> str:
    return f"({' && '.join(parts or ('true',))})"


def _datatype(_: Shape, argument: Node, value: str) -> str | None:
    name = str(argument)
    same = f"DATATYPE({value}) = <{name}>"
    if argument == RDF.langString:
        return f'LANG({value}) != ""'
    if name in FORMS:
        return f'({same} && REGEX(STR({value}), "{FORMS[name]}"))'
    if argument == XSD.date:
        return f'({same} && REGEX(STR({value}), "{DATE}") && STR(<{name}>(STR({value}))) = STR({value}))'
    return same if name in ANY_FORM or not name.startswith((str(XSD), str(RDF))) else None


def _kind(_: Shape, argument: Node, value: str) -> str | None:
    return KINDS[argument].format(value) if argument in KINDS else None


def _bound(operator: str) -> Expression:
    def bound(_: Shape, argument: Node, value: str) -> str | None:
        if not isinstance(argument, Literal) or str(argument.datatype) not in (*NUMBERS, str(XSD.date)):
            return None
        return comparable(value, operator, written) if (written := sparql(argument)) is not None else None

    return bound


def _length(operator: str) -> Expression:
    def length(_: Shape, argument: Node, value: str) -> str | None:
        count = argument.value if isinstance(argument, Literal) else None
        if not isinstance(count, int) or count < 0:
            return None
        return f"({KINDS[SH.IRIOrLiteral].format(value)} && STRLEN(STR({value})) {operator} {count})"

    return length


def _pattern(shape: Shape, argument: Node, value: str) -> str | None:
    if any(shape.objects(SH.flags)) or not PLAIN_PATTERN.fullmatch(str(argument)):
        return None
    named = KINDS[SH.IRIOrLiteral].format(value)
    return f"({named} && REGEX(STR({value}), {to_oxigraph(Literal(str(argument)))}))"


def _languages(shape: Shape, argument: Node, value: str) -> str | None:
    ranges = [str(each).lower() for each in shape.sg.graph.items(argument)]
    written = ", ".join(str(to_oxigraph(Literal(each))) for each in ranges if each != "*")
    if not written:
        return None
    tag = f"LCASE(LANG({value}))"
    return f'(LANG({value}) != "" && ({tag} IN ({written}) || STRBEFORE({tag}, "-") IN ({written})))'


def _members(shape: Shape, argument: Node, value: str) -> str | None:
    terms = [written for each in shape.sg.graph.items(argument) if (written := sparql(each)) is not None]
    if not terms or len(terms) > MOST_MEMBERS:
        return None
    return f"({' || '.join(f'sameTerm({value}, {each})' for each in terms)})"


EXPRESSIONS: dict[Node, Expression] = {
    SH.datatype: _datatype,
    SH.nodeKind: _kind,
    SH.pattern: _pattern,
    SH.languageIn: _languages,
    SH["in"]: _members,
    SH.minLength: _length(">="),
    SH.maxLength: _length("<="),
    **{parameter: _bound(operator) for parameter, operator in BOUNDS.items()},
}
"""By parameter, what is certain."""


def _outside(shape: Shape, argument: Node, value: str) -> str | None:
    """Return that a name lies outside one pattern: of anything else it is not certain that it violates a shape."""
    within = shape.get_other_shape(argument)
    if within is None or within.is_property_shape or within.deactivated or any(within.objects(SH.flags)):
        return None
    (pattern, *more) = list(within.objects(SH.pattern)) or [None]
    if pattern is None or more or not PLAIN_PATTERN.fullmatch(str(pattern)):
        return None
    return f"({NAMED.format(value)} && !REGEX(STR({value}), {to_oxigraph(Literal(str(pattern)))}))"


OF_A_SHAPE: dict[Node, Expression] = {**EXPRESSIONS, SH["not"]: _outside}
"""The same for a shape that looks at nothing but its focus node, where its negations count, too."""
