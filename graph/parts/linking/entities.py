"""What the index keeps of a thing: names, kinds, places, identifiers; and from which statements it takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import unquote

import msgspec
import pyoxigraph as ox

from graph.model.kinds import (
    DOCUMENT,
    PERSON,
    kinds_of,
    weight,
)
from graph.model.labels import LABEL_PROPERTIES
from graph.model.namespaces import (
    CATALOG_GRAPH,
    DCT,
    ENTAILED_GRAPH,
    ONTOLOGY_GRAPH,
    OWL,
    RDF_TYPE,
    SCHEMA,
    SHAPES_GRAPH,
    SKOS,
    graph_iri,
)
from graph.parts.linking.folding import Folds, acronym, fold, fold_word

# What the index keeps of a thing: names, kinds, places, identifiers, how often it is linked. And its short id.
#
# Ids are for reconciliation: OpenRefine puts them into URLs as they are, so they hold nothing but ``[A-Za-z0-9._~-]``.

PLAIN = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*\Z")
VALID_ID = re.compile(r"[A-Za-z0-9._~-]+\Z")
HASHED = "~~"
LABEL, ALTERNATIVE, ACRONYM, LOCAL_NAME = 0, 1, 2, 3
"""Ranks of names: what a thing is called, what it is called too, what its initials make; else the end of its IRI."""


class Name(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """One name of a thing.

    Attributes:
        rank: ``LABEL``, ``ALTERNATIVE``, ``ACRONYM`` or ``LOCAL_NAME``.
        language: its tag in small letters; empty where the data names none.
        text: as the data has it.
        fold: its folded words, with blanks between them.
    """

    rank: int
    language: str
    text: str
    fold: str


class Entity(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A thing that can be found.

    Attributes:
        iri: its IRI.
        id: its id (``id_of``).
        kinds: its kinds, weightiest first.
        names: its names, best first; at least one.
        places: IRIs of the places where it is or which it lies in, as far as they are stated.
        identifiers: codes, and IRIs by which others know it.
        founded: when it was founded or began, as xsd:gYear, gYearMonth or date; or empty.
        linked: how many statements point to it.
    """

    iri: str
    id: str
    kinds: tuple[str, ...]
    names: tuple[Name, ...]
    places: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    founded: str = ""
    linked: int = 0


def id_of(iri: str, base: str) -> str:
    """Return the id of a thing: its path below ``<base>id/`` with ``~`` for ``/``, as ``club~termez``.

    What lies elsewhere below the base has a ``~`` before it. Whatever that cannot express is ``~~`` and a hash: no two
    IRIs share an id, and the same IRI has the same id in every release.
    """
    if iri.startswith(base):
        path = iri[len(base) :]
        of_things = path.startswith("id/")
        path = path[3:] if of_things else path
        if PLAIN.match(path):
            return path.replace("/", "~") if of_things else "~" + path.replace("/", "~")
    return HASHED + sha256(iri.encode()).hexdigest()[:32]


def rank_of(kinds: tuple[str, ...], linked: int, iri: str) -> tuple[int, int, str]:
    """Return where a thing stands among equals, the best first: by its kind, then by how often it is linked."""
    return _weight_of(kinds), -linked, iri


@lru_cache(maxsize=4096)
def _weight_of(kinds: tuple[str, ...]) -> int:
    return -max((weight(each) for each in kinds), default=0)


# Which statements name a thing, date, place and identify it; read from a store for a few things.
#
# Reading all of a release is ``graph.parts.linking.index_builder``'s, and making a thing of its statements that of
# ``graph.parts.linking.entities``.

ALTERNATIVES = (
    SKOS + "altLabel", SKOS + "hiddenLabel", SCHEMA + "alternateName", SCHEMA + "legalName", DCT + "alternative",
    "http://xmlns.com/foaf/0.1/nick",
)  # fmt: skip
IDENTIFIERS = (
    SKOS + "notation", DCT + "identifier", SCHEMA + "identifier", "http://www.w3.org/ns/adms#identifier",
    OWL + "sameAs", SKOS + "exactMatch", SCHEMA + "sameAs",
)  # fmt: skip
PLACES = (
    SCHEMA + "containedInPlace", SCHEMA + "location", "http://linkedevents.org/ontology/atPlace", DCT + "spatial",
)  # fmt: skip
FOUNDED = (SCHEMA + "foundingDate", SCHEMA + "startDate")
OWN_PLACES, OWN_NAMES = ("city", "region"), ("asWritten",)
MATCH_KINDS = ("exact", "close", "broad", "narrow", "related")
NOT_SEARCHED = (SHAPES_GRAPH, CATALOG_GRAPH)
"""Graphs of which no thing is found by name: what the shapes say, and what the engine says of the release."""

TERMS_GRAPH = ONTOLOGY_GRAPH
"""The graph of which only things with a class are found: it gives names to terms of others, too, for pages to show."""

AS_PRINTED = len(LABEL_PROPERTIES) + 1
"""The rank of a name as a source prints it; of a document it is its text, and no name."""
MATCHES = frozenset(
    f"<{each}>".encode()
    for each in (OWL + "sameAs", SCHEMA + "sameAs", *(f"{SKOS}{kind}Match" for kind in MATCH_KINDS))
)
NAME, IDENTIFIER, PLACE, DATE, CLASS, DESCRIBED = range(6)


Statement = tuple[int, int, bytes]
"""Role and rank of a property, and the object as N-Triples."""
IS_DESCRIBED: Statement = (DESCRIBED, 0, b"")
"""Stands for whatever else is said of a thing, by others than the engine."""


def roles(base: str) -> dict[bytes, tuple[int, int]]:
    """Return property, as N-Triples → its role and its rank among those of that role."""
    own = f"{base}ns#"
    found: dict[bytes, tuple[int, int]] = {f"<{RDF_TYPE}>".encode(): (CLASS, 0)}
    for role, properties in (
        (NAME, LABEL_PROPERTIES),
        (IDENTIFIER, IDENTIFIERS),
        (PLACE, (*(own + each for each in OWN_PLACES), *PLACES)),
        (DATE, FOUNDED),
    ):
        found |= {f"<{each}>".encode(): (role, rank) for rank, each in enumerate(properties)}
    found |= {f"<{each}>".encode(): (NAME, len(LABEL_PROPERTIES)) for each in ALTERNATIVES}
    return found | {f"<{own}{each}>".encode(): (NAME, AS_PRINTED) for each in OWN_NAMES}


def is_searched(graph: str, base: str) -> bool:
    """Whether the things of a named graph are found by name."""
    return graph not in {graph_iri(base, each) for each in NOT_SEARCHED}


def statements_of(store: ox.Store, iri: str, base: str) -> list[Statement]:
    """Return what a store says of one thing, as ``Harvest`` takes it from members."""
    role_of, skipped = roles(base), {graph_iri(base, each) for each in NOT_SEARCHED}
    quads = [
        quad
        for quad in store.quads_for_pattern(ox.NamedNode(iri), None, None, None)
        if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in skipped
    ]
    terms = ox.NamedNode(graph_iri(base, TERMS_GRAPH))
    if not any(quad.graph_name == terms and quad.predicate.value == RDF_TYPE for quad in quads):
        quads = [quad for quad in quads if quad.graph_name != terms]
    found = [
        (*role, str(quad.object).encode())
        for quad in quads
        if (role := role_of.get(str(quad.predicate).encode())) is not None
    ]
    entailed = ox.NamedNode(graph_iri(base, ENTAILED_GRAPH))
    return [*found, IS_DESCRIBED] if any(quad.graph_name != entailed for quad in quads) else found


def links_to(store: ox.Store, iri: str, base: str) -> int:
    """Return how many statements of a store point to a thing."""
    skipped = {graph_iri(base, each) for each in (*NOT_SEARCHED, ENTAILED_GRAPH)}
    return sum(
        isinstance(quad.graph_name, ox.NamedNode)
        and quad.graph_name.value not in skipped
        and quad.predicate.value != RDF_TYPE
        for quad in store.quads_for_pattern(None, None, ox.NamedNode(iri), None)
    )


def is_name_of_ours(store: ox.Store, iri: str, base: str) -> bool:
    """Whether somebody else's IRI is matched with a thing, which is found by it."""
    skipped = {graph_iri(base, each) for each in NOT_SEARCHED}
    return not iri.startswith(base) and any(
        str(quad.predicate).encode() in MATCHES
        and isinstance(quad.graph_name, ox.NamedNode)
        and quad.graph_name.value not in skipped
        for quad in store.quads_for_pattern(None, None, ox.NamedNode(iri), None)
    )


# From what is said of a thing to what the index keeps of it: its names, folded, its kinds, and the rest.
#
# What nothing names is found by its local name, the end of its IRI, taken apart into words.

LONGEST_NAME, MOST_NAMES, MOST_VALUES = 300, 60, 40
SHORTEST_ACRONYM, LONGEST_ACRONYM = 3, 9
FIRST_ALTERNATIVE = len(LABEL_PROPERTIES)
LETTER = re.compile(r"[^\W\d_]")
"""What has none is a telephone number or the like, and no name."""
LOCAL = re.compile(r"(?:https?://[^/]+/|urn:)(?:.*[/#:])?([^/#:?]+)[/#]?\Z")
"""The last part of an IRI that names something; ``tel:`` and ``mailto:`` are ways to somebody, and no names."""
SEAM = re.compile(r"[-_.]+|(?<=[a-zа-яёўқғҳ\d])(?=[A-ZА-ЯЁЎҚҒҲ])")
"""Where the words of a local name meet: at signs, and where a capital follows a small letter."""
GENERATED = "/.well-known/genid/"
HAS_DIGIT = re.compile(r"\d")
ESCAPE = re.compile(r"\\.")
ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", '\\"': '"', "\\\\": "\\"}


Wording = tuple[int, str, str]
"""Rank, language and text of a name."""


class EntityDescription(NamedTuple):
    """What is said of one thing.

    Attributes:
        iri: the thing.
        found: the statements that count.
        linked: how many statements point to it.
        kinds: its kinds; empty where it is not found by name.
    """

    iri: str
    found: Sequence[Statement]
    linked: int
    kinds: tuple[str, ...]


def entity_of(iri: str, found: Sequence[Statement], linked: int, base: str) -> Entity | None:
    """Return what the index keeps of a thing, or None where it has no name or is not found by one."""
    kinds = kinds_by(frozenset([value for role, _, value in found if role == CLASS]), base)
    return next(entities_of([EntityDescription(iri, found, linked, kinds)], base, Folds()), None)


def entities_of(batch: Iterable[EntityDescription], base: str, folds: Folds) -> Iterator[Entity]:
    """Yield what the index keeps of some things, in their order, but for those without a name.

    Names are folded all at once: it is what takes longest.
    """
    worded = [(said, _wordings(said)) for said in batch if said.kinds]
    folded = iter(folds.of([text for _, wordings in worded for _, _, text in wordings]))
    for said, wordings in worded:
        named = [Name(rank, tag, text, key) for rank, tag, text in wordings if (key := next(folded))]
        if named := named or list(_local_name(said)):
            yield _entity(said, named[:MOST_NAMES], base)


def _entity(said: EntityDescription, named: list[Name], base: str) -> Entity:
    is_person, dates = PERSON in said.kinds, list[tuple[int, str]]()
    places, identifiers = set[str](), set[str]()
    for role, rank, value in said.found:
        if role in (NAME, CLASS):
            continue
        if role == PLACE and value.startswith(b"<"):
            places.add(iri_of(value))
        elif role == DATE:
            dates.append((rank, _text(value)[0]))
        elif role == IDENTIFIER and not is_person:
            identifiers.add(_identifier(value))
    return Entity(
        iri=said.iri,
        id=id_of(said.iri, base),
        kinds=said.kinds,
        names=(*named, *(() if is_person else _acronyms(named))),
        places=tuple(sorted(places)[:MOST_VALUES]),
        identifiers=tuple(sorted(identifiers)[:MOST_VALUES]),
        founded=min(dates)[1] if dates else "",
        linked=said.linked,
    )


@lru_cache(maxsize=4096)
def kinds_by(classes: frozenset[bytes], base: str) -> tuple[str, ...]:
    """Return the kinds of a thing with these classes, as N-Triples (``kinds_of``)."""
    return kinds_of([iri_of(each) for each in classes], base)


def _wordings(said: EntityDescription) -> list[Wording]:
    """Return the names, labels first; each wording once a language."""
    best: dict[bytes, int] = {}
    is_document = said.kinds == (DOCUMENT,)
    for role, rank, value in said.found:
        if role == NAME and not (is_document and rank == AS_PRINTED):
            place = ALTERNATIVE if rank >= FIRST_ALTERNATIVE else LABEL
            if best.get(value, place) >= place:
                best[value] = place
    once: dict[tuple[str, str], int] = {}
    for value, place in best.items():
        text, language = _text(value)
        if len(text) <= LONGEST_NAME and (text[:1].isalpha() or LETTER.search(text)):
            wording = language, text
            if once.get(wording, place) >= place:
                once[wording] = place
    return sorted([(place, language, text) for (language, text), place in once.items()])


def _local_name(said: EntityDescription) -> Iterator[Name]:
    """Yield the name that a thing has in its IRI, if somebody says anything of it."""
    found = LOCAL.match(said.iri) if IS_DESCRIBED in said.found and GENERATED not in said.iri else None
    if found is not None:
        text = unquote(found[1])
        if len(text) <= LONGEST_NAME and (folded := fold(SEAM.sub(" ", text))):
            yield Name(LOCAL_NAME, "", text, folded)


def _acronyms(names: Iterable[Name]) -> Iterator[Name]:
    known = {each.fold for each in names}
    spoken = (each.text for each in names if each.rank != LOCAL_NAME and not HAS_DIGIT.search(each.text))
    for text in dict.fromkeys(spoken):
        made = acronym(text)
        folded = fold_word(made)
        if SHORTEST_ACRONYM <= len(made) <= LONGEST_ACRONYM and folded not in known:
            known.add(folded)
            yield Name(ACRONYM, "", made.upper(), folded)


def _identifier(value: bytes) -> str:
    return iri_of(value) if value.startswith(b"<") else _text(value)[0]


def iri_of(term: bytes) -> str:
    """Return the IRI that a term of N-Triples is."""
    return term[1:-1].decode()


def _text(literal: bytes) -> tuple[str, str]:
    """Return a literal's text and its language tag in small letters."""
    text, _, end = literal.decode().rpartition('"')
    tag = end[1:].lower() if end.startswith("@") else ""
    plain = text[1:]
    return (ESCAPE.sub(lambda match: ESCAPES.get(match[0], match[0]), plain) if "\\" in plain else plain), tag
