"""What identifies somebody who asks to be removed: from an IRI to everything that has to be withheld with it.

Of a person these are the names, and the telephone numbers and addresses of mail that lead to them; of any other thing
the IRI alone. It reads the current release and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import pyoxigraph as ox

from graph.errors import SettingError
from graph.labels import LABEL_PROPERTIES
from graph.namespaces import FOAF, RDF_TYPE, SCHEMA

PERSON = "http://www.w3.org/ns/person#"
VCARD = "http://www.w3.org/2006/vcard/ns#"
PERSONS = frozenset({f"{FOAF}Person", f"{SCHEMA}Person", f"{PERSON}Person", f"{VCARD}Individual"})
NAMES = (*LABEL_PROPERTIES, f"{FOAF}name", f"{SCHEMA}name", f"{VCARD}fn", f"{SCHEMA}alternateName")
PARTS = (
    f"{FOAF}givenName", f"{FOAF}familyName", f"{PERSON}patronymicName", f"{SCHEMA}givenName", f"{SCHEMA}familyName",
)  # fmt: skip
ADDRESSES = ("tel:", "mailto:")


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifies something.

    Attributes:
        iris: the thing, and what only leads to it.
        names: how it is called.
        numbers: texts with its telephone numbers.
    """

    iris: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[str]


def identity(store: ox.Store, iri: str, names: Iterable[str] = ()) -> Identity:
    """Return what identifies a thing, as far as a release knows; ``names`` are further ones.

    Raises:
        SettingError: ``iri`` is no absolute IRI.
    """
    check_iri(iri)
    node = ox.NamedNode(iri)
    if not any(type_.value in PERSONS for type_ in _values(store, node, RDF_TYPE) if isinstance(type_, ox.NamedNode)):
        return Identity(frozenset({iri}), frozenset(names), frozenset())
    found = {each.value for name in NAMES for each in _values(store, node, name) if isinstance(each, ox.Literal)}
    parts = [each.value for name in PARTS for each in _values(store, node, name) if isinstance(each, ox.Literal)]
    leading = set(_leading(store, node))
    iris = {iri, *leading}
    numbers = {each for each in leading if each.startswith("tel:")}
    mails = {each.removeprefix("mailto:") for each in leading if each.startswith("mailto:")}
    return Identity(frozenset(iris), frozenset({*found, " ".join(parts), *mails, *names} - {""}), frozenset(numbers))


def check_iri(iri: str) -> None:
    """Make sure that something is an absolute IRI.

    Raises:
        SettingError: it is none.
    """
    try:
        ox.NamedNode(iri)
    except ValueError as problem:
        raise SettingError("IRI", f"{iri!r} is no absolute IRI") from problem


def _values(store: ox.Store, node: ox.NamedNode, predicate: str) -> Iterator[object]:
    for quad in store.quads_for_pattern(node, ox.NamedNode(predicate), None, ox.DefaultGraph()):
        yield quad.object


def _leading(store: ox.Store, node: ox.NamedNode) -> Iterator[str]:
    """Yield the addresses of a person and of the roles that point to them, and the nodes that hold them."""
    pointing = store.quads_for_pattern(None, None, node, ox.DefaultGraph())
    for holder in chain((node,), (quad.subject for quad in pointing)):
        for quad in store.quads_for_pattern(holder, None, None, ox.DefaultGraph()):
            if isinstance(quad.object, ox.NamedNode):
                yield from _address(store, quad.object)


def _address(store: ox.Store, node: ox.NamedNode) -> Iterator[str]:
    if node.value.startswith(ADDRESSES):
        yield node.value
        return
    for value in _values(store, node, f"{VCARD}hasValue"):
        if isinstance(value, ox.NamedNode) and value.value.startswith(ADDRESSES):
            yield node.value
            yield value.value
