"""What a node must be like to conform to a shape, as far as queries can tell: for sh:not, whose violators conform.

Each condition is wider than its constraint; constraints that say nothing certain are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyshacl.shape import Shape
from rdflib import RDF, RDFS, SH, XSD, Graph, Literal
from rdflib.term import Node

from graph.validation.certain import PLAIN_PATTERN, sparql
from graph.validation.paths import path_text
from graph.validation.terms import to_oxigraph


def conditions(shape: Shape | None, data: Graph, value: str, other: str) -> str:
    """Return filters that every value which conforms to a shape passes.

    Args:
        shape: the shape.
        data: the validated data, for its class hierarchy.
        value: the value's variable.
        other: a variable that nothing else uses.
    """
    if shape is None or shape.deactivated or shape.is_property_shape:
        return ""
    found = list(_on_value(shape, value))
    for top in shape.objects(SH["class"]):
        below = data.transitive_subjects(RDFS.subClassOf, top)
        classes = ", ".join(sorted(str(to_oxigraph(each)) for each in below if each is not None))
        found.append(f"FILTER EXISTS {{ {value} a {other} . FILTER({other} IN ({classes})) }}")
    for each in shape.objects(SH.property):
        found += _on_property(shape.get_other_shape(each), value, other)
    return " ".join(found)


def _on_value(shape: Shape, value: str) -> Iterator[str]:
    for argument in shape.objects(SH.nodeKind):
        if argument in (SH.IRI, SH.Literal):
            yield f"FILTER({'isIRI' if argument == SH.IRI else 'isLiteral'}({value}))"
    for argument in shape.objects(SH.datatype):
        if str(argument).startswith(str(XSD)):
            yield f"FILTER(DATATYPE({value}) = <{argument}>)"
        elif argument == RDF.langString:
            yield f'FILTER(LANG({value}) != "")'
    for argument in shape.objects(SH.pattern):
        if PLAIN_PATTERN.fullmatch(str(argument)) and not any(shape.objects(SH.flags)):
            text = f"STR({value})"
            yield f'FILTER(REGEX({text}, {to_oxigraph(Literal(str(argument)))}) || CONTAINS({text}, "\\n"))'
    for argument in shape.objects(SH.hasValue):
        yield _one_of((argument,), value)
    for argument in shape.objects(SH["in"]):
        yield _one_of(tuple(shape.sg.graph.items(argument)), value)


def _one_of(terms: tuple[Node, ...], value: str) -> str:
    """Return that a value is one of some terms; one that the index rewrites is guarded against elsewhere."""
    same = [f"sameTerm({value}, {written})" for each in terms if (written := sparql(each)) is not None]
    return f"FILTER({' || '.join(same) or 'false'})"


def _on_property(shape: Shape | None, value: str, other: str) -> Iterator[str]:
    path = None if shape is None or shape.deactivated else path_text(shape.sg, shape.path())
    if shape is None or path is None or path.count("<") > 1 or path.startswith("("):
        return
    for argument in shape.objects(SH.minCount):
        if isinstance(argument, Literal) and isinstance(argument.value, int) and argument.value > 0:
            yield f"FILTER EXISTS {{ {value} {path} {other} }}"
    for argument in shape.objects(SH.hasValue):
        if (written := sparql(argument)) is not None:
            yield f"FILTER EXISTS {{ {value} {path} {written} }}"
