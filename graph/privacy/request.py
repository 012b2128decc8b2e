"""What identifies somebody who asks to be removed: from an IRI to everything that has to be withheld with it.

Of a person these are the names, and the telephone numbers and addresses of mail that lead to them; of any other thing
the IRI alone. It reads a release and writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from graph.errors import SettingError
from graph.labels import LABEL_PROPERTIES
from graph.namespaces import FOAF, RDF_TYPE, SCHEMA, XSD
from graph.privacy.words import mails, numbers

PERSON = "http://www.w3.org/ns/person#"
VCARD = "http://www.w3.org/2006/vcard/ns#"
SCHEMAS = (SCHEMA, "http://schema.org/")
PERSONS = frozenset({
    f"{FOAF}Person", f"{PERSON}Person", f"{VCARD}Individual", *(f"{each}Person" for each in SCHEMAS),
})  # fmt: skip
NAMES = (
    *LABEL_PROPERTIES, f"{FOAF}name", f"{VCARD}fn",
    *(f"{each}{name}" for each in SCHEMAS for name in ("name", "alternateName")),
)  # fmt: skip
PARTS = (
    f"{FOAF}givenName", f"{FOAF}familyName", f"{PERSON}patronymicName", f"{VCARD}given-name", f"{VCARD}family-name",
    *(f"{each}{name}" for each in SCHEMAS for name in ("givenName", "familyName")),
)  # fmt: skip
SKOLEM = "/.well-known/genid/"
ADDRESSES = ("tel:", "mailto:", "sms:", "whatsapp:", "viber:", "sip:", "https://wa.me/")
CONTACT = re.compile(r"tel|phone|fax|mobile|cell|mail|contact|whatsapp|viber", re.I)
"""What properties are called whose values are numbers or addresses, or nodes that hold some."""
AS_A_NUMBER = re.compile(
    r"\+\s*\d|(?<![\d.-])(?:00|8|998)\s*[\s(-]\s*\d|(?<!\w)(?:tel|phone|mob|fax|тел|моб|факс)", re.I
)
"""How a telephone number begins, or is announced, that cannot be taken for the number of a register or a book."""
NO_NUMBERS = frozenset({
    f"{XSD}{name}" for name in (
        "boolean", "date", "dateTime", "dateTimeStamp", "time", "gYear", "gYearMonth", "duration", "decimal", "double",
        "float",
    )
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifies something.

    Attributes:
        iris: the thing, and what only leads to it.
        names: how it is called.
        contacts: texts and IRIs with its telephone numbers and addresses of mail.
    """

    iris: frozenset[str]
    names: frozenset[str]
    contacts: frozenset[str]


def identity(store: ox.Store, iri: str) -> Identity:
    """Return what identifies a thing, as far as a release knows.

    Of a person these are the numbers and addresses in the literals and IRIs of the person, of what points to them and
    to no other person, and of the nodes in which these keep them.

    Raises:
        SettingError: ``iri`` is no absolute IRI.
    """
    check_iri(iri)
    node = ox.NamedNode(iri)
    if not _is_person(store, node):
        return Identity(frozenset({iri}), frozenset(), frozenset())
    found = {each.value for name in NAMES for each in _values(store, node, name) if isinstance(each, ox.Literal)}
    parts = [each.value for name in PARTS for each in _values(store, node, name) if isinstance(each, ox.Literal)]
    iris, contacts = {iri}, set[str]()
    for leading, contact in _contacts(store, node):
        iris |= leading
        contacts.add(contact)
    return Identity(frozenset(iris), frozenset({*found, " ".join(parts)} - {""}), frozenset(contacts))


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


def _is_person(store: ox.Store, node: ox.NamedNode) -> bool:
    return any(type_.value in PERSONS for type_ in _values(store, node, RDF_TYPE) if isinstance(type_, ox.NamedNode))


def _contacts(store: ox.Store, person: ox.NamedNode) -> Iterator[tuple[set[str], str]]:
    """Yield the numbers and addresses of a person, each with the IRIs that only lead to it."""
    yield from _held(store, person, is_own=True, is_person=True)
    for quad in store.quads_for_pattern(None, None, person, ox.DefaultGraph()):
        if isinstance(quad.subject, ox.NamedNode) and quad.subject != person:
            yield from _held(store, quad.subject, is_own=_is_alone(store, quad.subject, person))


def _is_alone(store: ox.Store, holder: ox.NamedNode, person: ox.NamedNode) -> bool:
    """Whether something points to no other person: of two nobody can say whose the number is."""
    quads = store.quads_for_pattern(holder, None, None, ox.DefaultGraph())
    others = (each.object for each in quads if isinstance(each.object, ox.NamedNode) and each.object != person)
    return not any(_is_person(store, each) for each in others)


def _held(
    store: ox.Store, holder: ox.NamedNode, *, is_own: bool, is_person: bool = False
) -> Iterator[tuple[set[str], str]]:
    """Yield what a person, or what points to them, says itself, and what its nodes for contacts say."""
    for quad in store.quads_for_pattern(holder, None, None, ox.DefaultGraph()):
        if isinstance(quad.object, ox.Literal):
            if is_own and _is_contact(quad.predicate, quad.object, anywhere=is_person):
                yield set(), quad.object.value
        elif isinstance(quad.object, ox.NamedNode):
            yield from _led_to(store, quad.predicate, quad.object, is_own=is_own)


def _led_to(
    store: ox.Store, predicate: ox.NamedNode, node: ox.NamedNode, *, is_own: bool
) -> Iterator[tuple[set[str], str]]:
    """Yield an address, or those that a node for contacts holds; a thing that has others beside them stays."""
    if node.value.startswith(ADDRESSES):
        yield {node.value}, node.value
        return
    is_skolem = SKOLEM in node.value
    is_node = is_own and (is_skolem or bool(CONTACT.search(_local(predicate)))) and not _is_person(store, node)
    for quad in store.quads_for_pattern(node, None, None, ox.DefaultGraph()):
        value = quad.object
        if isinstance(value, ox.NamedNode) and value.value.startswith(ADDRESSES):
            if quad.predicate.value == f"{VCARD}hasValue":
                yield {node.value, value.value}, value.value
            elif is_node:
                yield {value.value}, value.value
        elif is_node and isinstance(value, ox.Literal) and _is_contact(quad.predicate, value, anywhere=False):
            yield ({node.value} if is_skolem else set()), value.value


def _is_contact(predicate: ox.NamedNode, value: ox.Literal, *, anywhere: bool) -> bool:
    """Whether a literal has a number or an address; ``anywhere``: also bare digits of a property called otherwise."""
    if value.datatype.value in NO_NUMBERS:
        return False
    is_called_so = anywhere or bool(CONTACT.search(_local(predicate))) or bool(AS_A_NUMBER.search(value.value))
    return (is_called_so and any(numbers(value.value))) or any(mails(value.value))


def _local(predicate: ox.NamedNode) -> str:
    return re.split(r"[/#:]", predicate.value)[-1]
