"""The form of a class as one shape that needs no other, for forms on pages of others (SHACL 2.3.2).

It is what ``graph.parts.proposals.shape_form`` has made of all shapes of the class: one property shape a property, with
names in every language, and of the things that a value may be those that a list has. What checks values together, asks
in SPARQL, or leads to the thing from elsewhere is left out: the shapes graph has it, and who publishes is held to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyoxigraph as ox

from graph.model.description import LABEL_PROPERTIES, PERSON, kinds_of
from graph.model.rdf_terms import RDF, RDF_TYPE, RDFS, RDFS_LABEL, SH, XSD, Term
from graph.parts.proposals.form_fields import FormField, KnownThings
from graph.parts.templates.fields import IRI

NIL = ox.NamedNode(RDF + "nil")


def form_shape(class_iri: str, fields: Sequence[FormField], things: KnownThings) -> list[ox.Triple]:
    """Return the shape, whose name is the class itself (SHACL 2.1.3.3), in a fixed order."""
    writer = ShapeWriter(things)
    node = ox.NamedNode(class_iri)
    writer.say(node, RDF_TYPE, ox.NamedNode(SH + "NodeShape"))
    writer.say(node, RDF_TYPE, ox.NamedNode(RDFS + "Class"))
    writer.label(node)
    for number, each in enumerate(each for each in fields if not each.is_inverse):
        shape = ox.BlankNode(f"p{number}")
        writer.say(node, SH + "property", shape)
        writer.property(shape, each)
    return writer.said


class ShapeWriter:
    """Writes property shapes as triples, each once."""

    def __init__(self, things: KnownThings) -> None:
        self._things, self._said, self._lists = things, dict[ox.Triple, None](), 0

    @property
    def said(self) -> list[ox.Triple]:
        """What has been written, in the order in which it was."""
        return list(self._said)

    def say(self, subject: ox.NamedNode | ox.BlankNode, predicate: str, value: Term | ox.BlankNode) -> None:
        """Write a triple."""
        self._said[ox.Triple(subject, ox.NamedNode(predicate), value)] = None

    def label(self, thing: ox.NamedNode) -> None:
        """Write what a thing is called, in every language."""
        for name in LABEL_PROPERTIES:
            pattern = (thing, ox.NamedNode(name), None, ox.DefaultGraph())
            found = [quad.object for quad in self._things.store.quads_for_pattern(*pattern)]
            for each in sorted(found, key=str):
                self.say(thing, RDFS_LABEL, each)
            if found:
                return

    def property(self, shape: ox.BlankNode, of: FormField) -> None:
        """Write the shape of a property."""
        self.say(shape, SH + "path", ox.NamedNode(of.path))
        for name, texts in (("name", of.names), ("description", of.descriptions)):
            for tag, text in sorted(texts.items()):
                self.say(shape, SH + name, ox.Literal(text, language=tag) if tag else ox.Literal(text))
        self.say(shape, SH + "order", _decimal(of.order))
        if of.group is not None:
            group = ox.NamedNode(of.group.iri)
            self.say(shape, SH + "group", group)
            self.say(group, RDF_TYPE, ox.NamedNode(SH + "PropertyGroup"))
            self.say(group, SH + "order", _decimal(of.group.order))
            for tag, text in sorted(of.group.names.items()):
                self.say(group, RDFS_LABEL, ox.Literal(text, language=tag) if tag else ox.Literal(text))
        if of.least:
            self.say(shape, SH + "minCount", _integer(of.least))
        if of.most is not None:
            self.say(shape, SH + "maxCount", _integer(of.most))
        self._values(shape, of)

    def _values(self, shape: ox.BlankNode, of: FormField) -> None:
        """Write what a value may be: one of a list, a thing, or a literal of one of some datatypes."""
        for each in of.patterns:
            self.say(shape, SH + "pattern", ox.Literal(each))
        listed = list(of.choices) or [ox.NamedNode(iri) for iri in self._offered(of)]
        if of.classes or of.kinds == (IRI,) or (listed and all(isinstance(each, ox.NamedNode) for each in listed)):
            # sh:class would let a form look for things in this document, and lose a value that is not there
            self.say(shape, SH + "nodeKind", ox.NamedNode(SH + "IRI"))
        if listed:
            self.say(shape, SH + "in", self._list(listed))
            for thing in listed:
                if isinstance(thing, ox.NamedNode):
                    self.label(thing)
        elif not of.classes:
            self._datatypes(shape, of)

    def _datatypes(self, shape: ox.BlankNode, of: FormField) -> None:
        """Write of which datatypes a value may be; a text in a language may be in any, as it is written here."""
        found = [each for each in of.kinds if not each.startswith("@") and each != IRI]
        if any(each.startswith("@") for each in of.kinds):
            found.append(RDF + "langString")
        if len(found) == 1:
            self.say(shape, SH + "datatype", ox.NamedNode(found[0]))
        elif found:
            self.say(shape, SH + "or", self._alternatives(found))

    def _alternatives(self, datatypes: Sequence[str]) -> ox.BlankNode | ox.NamedNode:
        nodes = [ox.BlankNode(f"d{self._lists}x{number}") for number, _ in enumerate(datatypes)]
        for node, datatype in zip(nodes, datatypes, strict=True):
            self.say(node, SH + "datatype", ox.NamedNode(datatype))
        return self._list(nodes)

    def _offered(self, of: FormField) -> Iterator[str]:
        """Yield the things that a list of a field has; persons are offered to nobody."""
        if PERSON not in kinds_of(of.classes, self._things.base):
            for iri, _ in self._things.options(of) or ():
                if not self._things.is_person(iri):
                    yield iri

    def _list(self, members: Iterable[Term | ox.BlankNode]) -> ox.BlankNode | ox.NamedNode:
        every, self._lists = list(members), self._lists + 1
        nodes = [ox.BlankNode(f"l{self._lists}x{number}") for number, _ in enumerate(every)]
        for number, (node, value) in enumerate(zip(nodes, every, strict=True), 1):
            self.say(node, RDF + "first", value)
            self.say(node, RDF + "rest", nodes[number] if number < len(nodes) else NIL)
        return nodes[0] if nodes else NIL


def _decimal(number: float) -> ox.Literal:
    return ox.Literal(f"{number:.6f}".rstrip("0").rstrip("."), datatype=ox.NamedNode(XSD + "decimal"))


def _integer(number: int) -> ox.Literal:
    return ox.Literal(str(number), datatype=ox.NamedNode(XSD + "integer"))
