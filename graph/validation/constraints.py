"""pySHACL's shapes with constraints that are made once, compare values as SPARQL does, on a stack of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache, partial, wraps
from math import isnan
from types import MethodType
from typing import Any, ParamSpec, TypeVar

from pyshacl.constraints import CONSTRAINT_PARAMETERS_MAP
from pyshacl.constraints.constraint_component import ConstraintComponent
from pyshacl.constraints.core.property_pair_constraints import (
    LessThanConstraintComponent,
    LessThanOrEqualsConstraintComponent,
)
from pyshacl.constraints.core.value_constraints import DatatypeConstraintComponent
from pyshacl.constraints.core.value_range_constraints import (
    MaxExclusiveConstraintComponent,
    MaxInclusiveConstraintComponent,
    MinExclusiveConstraintComponent,
    MinInclusiveConstraintComponent,
)
from pyshacl.constraints.sparql.sparql_based_constraints import SPARQLBasedConstraint
from pyshacl.errors import ConstraintLoadError, ConstraintLoadWarning, ReportableRuntimeError
from pyshacl.pytypes import SHACLExecutor
from pyshacl.shape import Shape
from rdflib import SH, XSD, Graph, Literal, URIRef
from rdflib.plugins.sparql.algebra import translatePName, translatePrologue, translateQuery, traverse
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.plugins.sparql.parserutils import CompValue, Expr
from rdflib.plugins.sparql.sparql import Prologue, Query, SPARQLError
from rdflib.term import IdentifiedNode, Node

# pySHACL's shapes with constraints that are made once and that compare values as SPARQL does (SHACL 4.3, 4.5).
#
# pySHACL ends with an exception over values that Python cannot compare (NaN and a decimal, an ill-formed date and
# another, a blank node), compares IRIs and texts in a language as plain texts, and takes forms that XML Schema does not
# have. What cannot be compared is a result at its node here, as the specification has it.

Found = list[tuple[Any, Any, Any]]
"""Results of pySHACL: text, node, triples."""
Judged = tuple[bool, Found]
Term = IdentifiedNode | Literal
Values = Mapping[Term, Iterable[Term]]
"""By focus node, its value nodes."""

OVER_VALUES = (SPARQLError, ArithmeticError, TypeError, ValueError)
"""What rdflib raises over values that it cannot calculate with."""
YEAR = r"-?(?:[1-9][0-9]{4,}|[0-9]{4})"
MONTH, DAY = "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
TIME = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)"
ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
WHOLE = "[+-]?[0-9]+"
FLOATING = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|-?INF|NaN|\+INF"
INTEGERS = (
    "integer", "nonPositiveInteger", "negativeInteger", "long", "int", "short", "byte", "nonNegativeInteger",
    "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte", "positiveInteger",
)  # fmt: skip
NUMBERS = frozenset(XSD[name] for name in (*INTEGERS, "decimal", "float", "double"))
LEXICAL: Mapping[Node, re.Pattern[str]] = {
    XSD[name]: re.compile(form)
    for name, form in {
        **dict.fromkeys(INTEGERS, WHOLE),
        "decimal": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)",
        "float": FLOATING,
        "double": FLOATING,
        "boolean": "true|false|1|0",
        "date": f"{YEAR}-{MONTH}-{DAY}{ZONE}",
        "time": f"{TIME}{ZONE}",
        "dateTime": f"{YEAR}-{MONTH}-{DAY}T{TIME}{ZONE}",
        "gYear": f"{YEAR}{ZONE}",
        "gYearMonth": f"{YEAR}-{MONTH}{ZONE}",
    }.items()
}
"""By datatype, the forms that XML Schema 1.1 gives it (Datatypes, 3.3); rdflib takes more."""


def is_well_formed(literal: Literal) -> bool:
    """Whether a literal's form is one of its datatype, as far as the datatype is known."""
    form = LEXICAL.get(literal.datatype) if literal.datatype is not None else None
    return literal.ill_typed is not True and (form is None or form.fullmatch(str(literal)) is not None)


def order(one: Node, other: Node) -> int | None:
    """Return how SPARQL orders two terms (SPARQL 17.3): -1, 0 or 1; None where it cannot compare them."""
    first, second = _comparable(one), _comparable(other)
    if first is None or second is None or first[0] != second[0]:
        return None
    try:
        return int(first[1] > second[1]) - int(first[1] < second[1])
    except (TypeError, ValueError, ArithmeticError):  # with a time zone and without one, months and days, …
        return None


def _comparable(term: Node) -> tuple[str, Any] | None:
    """Return the kind of values among which a term is ordered, and its value there."""
    if not isinstance(term, Literal) or term.language or not is_well_formed(term):
        return None
    value, datatype = term.value, term.datatype
    if datatype is None or datatype == XSD.string:
        return "string", str(term)
    if datatype in NUMBERS:
        is_number = isinstance(value, int | float | Decimal) and not (isinstance(value, float) and isnan(value))
        return ("number", value) if is_number else None
    return (str(datatype), value) if isinstance(value, bool | date | datetime | time | timedelta) else None


class JudgedShape(Shape):
    """A shape whose constraints are made once, from the components that stand here."""

    __slots__ = ("_made",)

    def __init__(self, shape: Shape) -> None:
        """Take the place of a shape of pySHACL."""
        path = shape.path() if shape.is_property_shape else None
        super().__init__(shape.sg, shape.node, p=shape.is_property_shape, path=path, logger=shape.logger)
        self._made: list[ConstraintComponent] | None = None

    def constraints(self) -> list[ConstraintComponent]:
        """Return the constraints, but for those of custom components.

        Raises:
            ConstraintLoadError: one of them cannot be made.
        """
        if self._made is None:
            kinds = dict.fromkeys(COMPONENTS[each] for each, _ in self.sg.predicate_objects(self.node))
            self._made = [each for kind in kinds if (each := self._of_kind(kind)) is not None]
        return self._made

    def _of_kind(self, kind: type[ConstraintComponent]) -> ConstraintComponent | None:
        try:
            return kind(self)
        except ConstraintLoadWarning:  # a qualified shape without a count asks for nothing
            return None

    def validate(
        self,
        executor: SHACLExecutor,
        target_graph: Graph,
        focus: Node | Iterable[Node] | None = None,
        _evaluation_path: list[Any] | None = None,
    ) -> Judged:
        """Judge some focus nodes, as ``Shape.validate`` does without its options; return whether they conform.

        Raises:
            ReportableRuntimeError: shapes are nested deeper than any that is judged.
        """
        nodes = [focus] if isinstance(focus, Node) else list(focus or ())
        path = [] if _evaluation_path is None else _evaluation_path
        if self.deactivated or not nodes:
            return True, []
        if len(path) // 2 >= executor.max_validation_depth:
            raise ReportableRuntimeError("shapes are nested too deeply")
        values, conforms, found = self.value_nodes(target_graph, nodes), True, Found()
        path.append(self)
        custom = (each.make_validator_for_shape(self) for each in self.find_custom_constraints())  # type: ignore[no-untyped-call]
        for constraint in (*self.constraints(), *custom):
            passed, results = constraint.evaluate(executor, target_graph, values, [*path, constraint])
            conforms = conforms and passed
            found += results
        return conforms, found


def _outside(
    constraint: ConstraintComponent, data: Graph, nodes: Values, bound: Node, passes: Callable[[int], bool]
) -> tuple[bool, Found]:
    """Return whether a value is outside of a bound, or cannot be compared with it, and the results that say so."""
    found = Found()
    for focus, values in nodes.items():
        for value in values:
            place = order(value, bound)
            if place is None or not passes(place):
                found.append(constraint.make_v_result(data, focus, value_node=value))
    return bool(found), found


class MinInclusive(MinInclusiveConstraintComponent):
    """sh:minInclusive."""

    def _evaluate_min_rule(self, m_val: Node, target_graph: Graph, f_v_dict: Values) -> tuple[bool, Found]:
        return _outside(self, target_graph, f_v_dict, m_val, lambda place: place >= 0)


class MinExclusive(MinExclusiveConstraintComponent):
    """sh:minExclusive."""

    def _evaluate_min_rule(self, m_val: Node, target_graph: Graph, f_v_dict: Values) -> tuple[bool, Found]:
        return _outside(self, target_graph, f_v_dict, m_val, lambda place: place > 0)


class MaxInclusive(MaxInclusiveConstraintComponent):
    """sh:maxInclusive."""

    def _evaluate_max_rule(self, m_val: Node, target_graph: Graph, f_v_dict: Values) -> tuple[bool, Found]:
        return _outside(self, target_graph, f_v_dict, m_val, lambda place: place <= 0)


class MaxExclusive(MaxExclusiveConstraintComponent):
    """sh:maxExclusive."""

    def _evaluate_max_rule(self, m_val: Node, target_graph: Graph, f_v_dict: Values) -> tuple[bool, Found]:
        return _outside(self, target_graph, f_v_dict, m_val, lambda place: place < 0)


class LessThan(LessThanConstraintComponent):
    """sh:lessThan."""

    def _compare_lt(
        self, value_node_set: Iterable[Term], compare_values: Iterable[Node], datagraph: Graph, f: Term
    ) -> tuple[bool, Found]:
        pairs = [_outside(self, datagraph, {f: value_node_set}, each, lambda place: place < 0)[1]
                 for each in compare_values]  # fmt: skip
        return any(pairs), [result for found in pairs for result in found]


class LessThanOrEquals(LessThanOrEqualsConstraintComponent):
    """sh:lessThanOrEquals."""

    def _compare_ltoe(
        self, value_node_set: Iterable[Term], compare_values: Iterable[Node], datagraph: Graph, f: Term
    ) -> tuple[bool, Found]:
        pairs = [_outside(self, datagraph, {f: value_node_set}, each, lambda place: place <= 0)[1]
                 for each in compare_values]  # fmt: skip
        return any(pairs), [result for found in pairs for result in found]


class Sparql(SPARQLBasedConstraint):
    """sh:sparql."""

    def _validate_sparql_query(self, query: str, init_binds: Mapping[str, Node], target_graph: Graph) -> list[Any]:
        """Return what a query finds; where rdflib fails over a node's values (their sum, …) that node is found."""
        if prepared(query).algebra.name != "SelectQuery":
            raise ConstraintLoadError(
                "sh:select must be a SELECT query", "https://www.w3.org/TR/shacl/#sparql-constraints"
            )
        try:
            return list(super()._validate_sparql_query(query, init_binds, target_graph))  # type: ignore[no-untyped-call]
        except OVER_VALUES:
            return [True]


class DatatypeConstraint(DatatypeConstraintComponent):
    """sh:datatype."""

    def _assert_actual_datatype(self, value_node: Literal, datatype_rule: Node) -> bool:
        return is_well_formed(value_node) and bool(
            super()._assert_actual_datatype(value_node, datatype_rule)  # type: ignore[no-untyped-call]
        )


COMPONENTS: Mapping[Node, type[ConstraintComponent]] = {
    **CONSTRAINT_PARAMETERS_MAP, SH.minInclusive: MinInclusive, SH.minExclusive: MinExclusive,
    SH.maxInclusive: MaxInclusive, SH.maxExclusive: MaxExclusive, SH.lessThan: LessThan,
    SH.lessThanOrEquals: LessThanOrEquals, SH.datatype: DatatypeConstraint, SH.sparql: Sparql,
}  # fmt: skip
"""By parameter, the component that a shape with it has."""


class Prefixes(Prologue):
    """The prefixes of a query; two of them may stand for one namespace, where rdflib would forget one."""

    def __init__(self) -> None:
        """Begin with those that rdflib knows."""
        super().__init__()
        self.base = ""
        self._namespaces = {prefix or "": str(namespace) for prefix, namespace in Graph().namespaces()}

    def bind(self, prefix: str | None, uri: Any) -> None:  # noqa: ANN401  as rdflib calls it
        """Take a declaration."""
        self._namespaces[prefix or ""] = str(uri)

    def resolvePName(self, prefix: str | None, localname: str | None) -> URIRef:  # noqa: N802  rdflib's name
        """Return the IRI of a prefixed name.

        Raises:
            ValueError: the prefix has not been declared.
        """
        if (namespace := self._namespaces.get(prefix or "")) is None:
            raise ValueError(f"Unknown namespace prefix : {prefix}")
        return URIRef(namespace + (localname or ""))


@lru_cache(maxsize=256)
def prepared(text: str) -> Query:
    """Return a query, ready to be evaluated; prefixes that rdflib knows need no declaration in it.

    Raises:
        Exception: it is no SPARQL query; rdflib has no class of its own for that.
    """
    parsed = parseQuery(text)
    prefixes = translatePrologue(parsed[0], None, None, Prefixes())
    parsed[1] = traverse(parsed[1], visitPost=partial(translatePName, prologue=prefixes))
    query = translateQuery(parsed)
    _unordered(query.algebra)
    _guard(query.algebra)
    return query


def _unordered(part: CompValue) -> None:
    """Take the order from a query that gives all its solutions: rdflib cannot order all values, and none is needed."""
    while part.name in ("SelectQuery", "Distinct", "Reduced", "Project"):
        if part.p.name == "OrderBy":
            part["p"] = part.p.p
        part = part.p


def _guard(part: object) -> None:
    """Let what Python cannot calculate be an error of SPARQL (17.2), by which a solution fails and no query."""
    if isinstance(part, list | tuple):
        for each in part:
            _guard(each)
    elif isinstance(part, CompValue):
        for each in part.values():
            _guard(each)
        if isinstance(part, Expr) and part._evalfn is not None:
            part._evalfn = MethodType(_guarded(part._evalfn), part)


def _guarded(evaluate: Callable[[object], object]) -> Callable[[Expr, object], object]:
    def guarded(_: Expr, context: object) -> object:
        try:
            return evaluate(context)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as problem:
            raise SPARQLError(str(problem)) from problem

    return guarded


# Validation on a stack of its own, so that what it leaves behind holds nothing of its callers'.
#
# pyparsing and rdflib keep exceptions, and with them frames, in cycles until the collector comes. Every such frame
# holds those that called it, and thereby a store that somebody is about to close.

P = ParamSpec("P")
T = TypeVar("T")


def apart(function: Callable[P, T]) -> Callable[P, T]:
    """Return the function run in a thread; who calls it waits for it."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with ThreadPoolExecutor(1, thread_name_prefix="validation") as thread:
            return thread.submit(function, *args, **kwargs).result()

    return run
