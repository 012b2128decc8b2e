"""What identifies somebody who asks to be removed: from an IRI to all names, numbers and addresses that go with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from urllib.parse import unquote

import pyoxigraph as ox

from graph.model.description import LABEL_PROPERTIES
from graph.model.errors import Sentence, SettingError
from graph.model.rdf_terms import FOAF, RDF_TYPE, SCHEMA, XSD

# The words, numbers and addresses of mail in a term, by which somebody is found wherever they are: in texts and IRIs.
#
# Two spellings that differ in case, accents, apostrophes or order are the same name here; transliterations are not. A
# telephone number is known by its last nine digits, in whichever script and however they are divided, with or without
# the codes before them; a shorter, local number is not found. An address of mail is found in any case, also with (at)
# or [dot] in brackets; "name at host" is not.

WORD = re.compile(r"[^\W_]+")
UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
"""Soft hyphens, zero-width spaces, marks of direction and the like, which nobody sees."""
DIGIT, MAY_BE_MAIL = re.compile(r"\d"), re.compile("[@\uff20\ufe6b([{\uff08\uff3b\uff5b]")
APOSTROPHES = re.compile("[ʻʼ‘’'`´]")
NUMBER = re.compile(r"[+(]{0,2}\d(?:[\s()./·\u2010-\u2015\u2212-]{0,3}\d){8,}")
MAIL = re.compile(r"([\w.!#$%*+^`{|}~-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){0,9})")
"""Bounded as in RFC 5321 4.5.3.1, also so that no text takes long."""
AT = re.compile(r"\s{0,3}[(\[{]\s{0,3}(?:at|@)\s{0,3}[)\]}]\s{0,3}", re.I)
DOT = re.compile(r"\s{0,3}[(\[{]\s{0,3}(?:dot|\.)\s{0,3}[)\]}]\s{0,3}", re.I)
NATIONAL_DIGITS = 9
"""By how many digits at its end a telephone number is known: with and without the country's."""
COUNTRY_DIGITS = 3
"""A country's code before these has so many at most (ITU-T E.164); what is longer is several numbers."""
LONE, SHORT = 8, 4
"""From how many letters on a single word is a name by itself, and each of two words of a longer one."""
MOST_WORDS = 6


def words(text: str) -> list[str]:
    """Return the words of a text or an IRI, folded, in order."""
    if text.isascii():
        return WORD.findall(APOSTROPHES.sub("", text).casefold())
    plain = unicodedata.normalize("NFKD", UNSEEN.sub("", APOSTROPHES.sub("", text)))
    return WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign)).casefold())


def windows(found: list[str], size: int) -> Iterator[str]:
    """Yield every run of so many words, each in alphabetical order, so that the order of a name does not count."""
    for start in range(len(found) - size + 1):
        yield " ".join(sorted(found[start : start + size]))


def numbers(text: str) -> Iterator[str]:
    """Yield the ends of the telephone numbers in a text or an IRI."""
    if len(DIGIT.findall(text)) < NATIONAL_DIGITS:
        return
    for match in NUMBER.finditer(_plain(text)):
        digits = re.sub(r"\D", "", match[0])
        yield digits[-NATIONAL_DIGITS:]
        if len(digits) > NATIONAL_DIGITS + COUNTRY_DIGITS:
            yield from _ends_within(match[0])


def _ends_within(run: str) -> Iterator[str]:
    """Yield the ends of numbers that others, or an extension, follow with nothing but a space between."""
    before = ""
    for group in re.findall(r"\d+", run):
        before = (before + group)[-NATIONAL_DIGITS:]
        if len(before) >= NATIONAL_DIGITS:
            yield before


def mails(text: str) -> Iterator[str]:
    """Yield the addresses of mail in a text or an IRI, in small letters."""
    if not MAY_BE_MAIL.search(text) or "@" not in (plain := DOT.sub(".", AT.sub("@", _plain(text)))):
        return
    for local, host in MAIL.findall(plain):
        yield f"{local.strip('.')}@{_ascii_host(host)}".casefold()


def _ascii_host(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _plain(text: str) -> str:
    """Return a text with its digits as ASCII has them, without what nobody sees."""
    if text.isascii():
        return text
    signs = unicodedata.normalize("NFKC", UNSEEN.sub("", text))
    return "".join(str(unicodedata.digit(sign)) if sign.isdigit() else sign for sign in signs)


def readings(name: str) -> set[str]:
    """Return what a name is looked for by: all its words, and of three any two, since a patronymic is often left out.

    A single word counts only where it is long, and a pair only where neither word is short.
    """
    found = words(name)[:MOST_WORDS]
    if len(found) < 2:
        return {each for each in found if len(each) >= LONE}
    pairs = combinations(found, 2) if len(found) == 3 else ()
    fitting = (pair for pair in pairs if min(map(len, pair)) >= SHORT)
    return {" ".join(sorted(each)) for each in (found, *fitting)}


def decoded(iri: str) -> str:
    """Return an IRI with its percent-encoded letters as letters."""
    return unquote(iri)


def sizes_of(found: Iterable[str]) -> frozenset[int]:
    """Return how many words the readings have."""
    return frozenset(each.count(" ") + 1 for each in found)


# What identifies somebody who asks to be removed: from an IRI to everything that has to be withheld with it.
#
# Of a person these are the names, and the telephone numbers and addresses of mail that lead to them; of any other thing
# the IRI alone. It reads a release and writes nothing.

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
        raise SettingError("IRI", Sentence("%(iri)s is no absolute IRI", iri=repr(iri))) from problem


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
