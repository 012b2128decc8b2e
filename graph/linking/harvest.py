"""From triples to entities: which statements name a thing, place it, identify it, or only point to it.

One rule for both ways in: all members of a release at a build, a few things of a store at a publish. It writes no
index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyoxigraph as ox
from numpy.typing import NDArray

from graph.labels import LABEL_PROPERTIES
from graph.linking.entity import ACRONYM, ALTERNATIVE, LABEL, Entity, Name, id_of, rank_of
from graph.linking.folding import acronym, fold, fold_word
from graph.linking.kinds import DOCUMENT, PERSON, kinds_of
from graph.namespaces import (
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
from graph.sources.chunks import Chunk

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
LONGEST_NAME, MOST_NAMES, MOST_VALUES = 300, 60, 40
SHORTEST_ACRONYM, LONGEST_ACRONYM = 3, 9
NOT_SEARCHED = (SHAPES_GRAPH, CATALOG_GRAPH, ONTOLOGY_GRAPH)
"""Graphs of which no thing is found by name: the terms of the vocabulary have their own page."""
ESCAPE = re.compile(r"\\.")
ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", '\\"': '"', "\\\\": "\\"}

AS_PRINTED = len(LABEL_PROPERTIES) + 1
"""The rank of a name as a source prints it; of a document it is its text, and no name."""
MATCHES = tuple(
    f" <{each}> ".encode()
    for each in (OWL + "sameAs", SCHEMA + "sameAs", *(f"{SKOS}{kind}Match" for kind in MATCH_KINDS))
)
NAME, IDENTIFIER, PLACE, DATE, CLASS = range(5)


Statement = tuple[int, int, bytes]
"""Role and rank of a property, and the object as N-Triples."""
Graph = tuple[str, Callable[[], Iterator[Chunk]]]
"""The IRI of a named graph, and what reads its triples from the beginning."""


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


def entities(graphs: Iterable[Graph], base: str) -> Iterator[Entity]:
    """Yield everything in some named graphs that is found by its name, weightiest first.

    Args:
        graphs: the named graphs of a release, computed ones included; each is read twice.
        base: the publication's base.
    """
    wanted = [each for each in graphs if is_searched(each[0], base)]
    harvest = Harvest(base, _barred(wanted, base))
    for iri, read in wanted:
        for chunk in read():
            harvest.take(chunk, counted=iri != graph_iri(base, ENTAILED_GRAPH))
    yield from harvest.entities()


def is_searched(graph: str, base: str) -> bool:
    """Whether the things of a named graph are found by name."""
    return graph not in {graph_iri(base, each) for each in NOT_SEARCHED}


def _barred(graphs: Iterable[Graph], base: str) -> set[bytes]:
    """Return the things that are not found by name, so that nothing of them need be kept.

    Those are the things of auxiliary classes, and what others call a thing of ours: one finds ours by that.
    """
    mark, classes, barred = f" <{RDF_TYPE}> ".encode(), dict[bytes, set[bytes]](), set[bytes]()
    own = f"<{base}".encode()
    for _, read in graphs:
        for chunk in read():
            for subject, target in _pairs(chunk.triples, mark):
                classes.setdefault(subject, set()).add(target)
            for match in MATCHES:
                barred.update(target[:-2] for _, target in _pairs(chunk.triples, match) if not target.startswith(own))
    barred.update(subject for subject, of in classes.items() if not _kinds(frozenset(of), base))
    return barred


def _pairs(text: bytes, mark: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield subject and object of the lines that have a predicate, without looking at the others."""
    at = text.find(mark)
    while at >= 0:
        end = text.find(b"\n", at)
        yield text[text.rfind(b"\n", 0, at) + 1 : at], text[at + len(mark) : end]
        at = text.find(mark, end)


@dataclass
class Harvest:
    """What has been read of things.

    Attributes:
        base: the publication's base.
        barred: things of which nothing is kept, as N-Triples.
    """

    base: str
    barred: set[bytes] = field(default_factory=set)
    _read: dict[bytes, list[Statement]] = field(default_factory=dict)
    _targets: list[NDArray[np.int64]] = field(default_factory=list)

    def take(self, chunk: Chunk, *, counted: bool) -> None:
        """Take triples; ``counted``: whether what they point to is linked by them."""
        role_of, read, barred, targets = roles(self.base), self._read, self.barred, list[int]()
        for line in chunk.lines():
            subject, predicate, target = line.split(b" ", 2)
            role = role_of.get(predicate)
            if role is not None and subject not in barred:
                read.setdefault(subject, []).append((*role, target))
            if target.startswith(b"<") and (role is None or role[0] != CLASS):
                targets.append(hash(target))
        if counted:
            self._targets.append(np.array(targets, np.int64))

    def entities(self) -> Iterator[Entity]:
        """Yield the things that have a name, weightiest first; what was read is gone afterwards."""
        linked = self._linked()
        for subject in sorted(self._read, key=lambda each: self._rank(each, linked[each])):
            found = self._read.pop(subject)
            entity = entity_of(_iri(subject), found, linked[subject], self.base)
            if entity is not None:
                yield entity

    def _rank(self, subject: bytes, linked: int) -> tuple[int, int, str]:
        classes = frozenset(value for role, _, value in self._read[subject] if role == CLASS)
        return rank_of(_kinds(classes, self.base), linked, _iri(subject))

    def _linked(self) -> Mapping[bytes, int]:
        """Return how many statements point to each thing (told apart by a 64-bit hash of this process)."""
        hashes, counts = np.unique(np.concatenate([*self._targets, np.zeros(0, np.int64)]), return_counts=True)
        if not len(hashes):
            return dict.fromkeys(self._read, 0)
        wanted = np.fromiter((hash(subject + b" .") for subject in self._read), np.int64, len(self._read))
        at = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
        return dict(zip(self._read, np.where(hashes[at] == wanted, counts[at], 0).tolist(), strict=True))


def statements_of(store: ox.Store, iri: str, base: str) -> list[Statement]:
    """Return what a store says of one thing, as ``Harvest`` takes it from members."""
    role_of, skipped = roles(base), {graph_iri(base, each) for each in NOT_SEARCHED}
    return [
        (*role, str(quad.object).encode())
        for quad in store.quads_for_pattern(ox.NamedNode(iri), None, None, None)
        if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in skipped
        and (role := role_of.get(str(quad.predicate).encode())) is not None
    ]  # fmt: skip


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
        f" {quad.predicate} ".encode() in MATCHES
        and isinstance(quad.graph_name, ox.NamedNode)
        and quad.graph_name.value not in skipped
        for quad in store.quads_for_pattern(None, None, ox.NamedNode(iri), None)
    )


def entity_of(iri: str, found: Iterable[Statement], linked: int, base: str) -> Entity | None:
    """Return what the index keeps of a thing, or None where it has no name or is not found by one."""
    of: tuple[dict[bytes, int], ...] = ({}, {}, {}, {}, {})
    for role, rank, value in found:
        known = of[role]
        if known.get(value, rank) >= rank:
            known[value] = rank
    kinds = _kinds(frozenset(of[CLASS]), base)
    printed = {value for value, rank in of[NAME].items() if rank == AS_PRINTED and kinds == (DOCUMENT,)}
    named = {value: rank for value, rank in of[NAME].items() if value not in printed}
    names = _names(named, is_person=PERSON in kinds) if kinds else ()
    if not names:
        return None
    dates = sorted((rank, _text(each)[0]) for each, rank in of[DATE].items())
    identifiers = {_identifier(each) for each in of[IDENTIFIER]} if PERSON not in kinds else ()
    return Entity(
        iri=iri,
        id=id_of(iri, base),
        kinds=kinds,
        names=names,
        places=tuple(sorted(_iri(each) for each in of[PLACE] if each.startswith(b"<"))[:MOST_VALUES]),
        identifiers=tuple(sorted(identifiers)[:MOST_VALUES]),
        founded=dates[0][1] if dates else "",
        linked=linked,
    )


@lru_cache(maxsize=4096)
def _kinds(classes: frozenset[bytes], base: str) -> tuple[str, ...]:
    return kinds_of([_iri(each) for each in classes], base)


def _names(found: Mapping[bytes, int], *, is_person: bool) -> tuple[Name, ...]:
    """Return the names, labels first; each wording once a language."""
    best: dict[tuple[str, str], int] = {}
    for value, rank in found.items():
        text, language = _text(value)
        if text and len(text) <= LONGEST_NAME and not is_number(text):
            wording = language, text
            best[wording] = min(ALTERNATIVE if rank >= len(LABEL_PROPERTIES) else LABEL, best.get(wording, ALTERNATIVE))
    order = sorted((rank, *wording) for wording, rank in best.items())
    named = [Name(rank, tag, text, folded) for rank, tag, text in order if (folded := fold(text))][:MOST_NAMES]
    return (*named, *(() if is_person else _acronyms(named)))


def _acronyms(names: Iterable[Name]) -> Iterator[Name]:
    known = {each.fold for each in names}
    for text in dict.fromkeys(each.text for each in names):
        made = acronym(text)
        folded = fold_word(made)
        if SHORTEST_ACRONYM <= len(made) <= LONGEST_ACRONYM and folded not in known:
            known.add(folded)
            yield Name(ACRONYM, "", made.upper(), folded)


def is_number(text: str) -> bool:
    """Whether a text is a telephone number or the like, and no name."""
    return not any(each.isalpha() for each in text)


def _identifier(value: bytes) -> str:
    return _iri(value) if value.startswith(b"<") else _text(value)[0]


def _iri(term: bytes) -> str:
    return term.removesuffix(b" .")[1:-1].decode()


def _text(literal: bytes) -> tuple[str, str]:
    """Return a literal's text and its language tag in small letters."""
    text, _, end = literal.removesuffix(b" .").rpartition(b'"')
    tag = end[1:].decode().lower() if end.startswith(b"@") else ""
    plain = text[1:].decode()
    return (ESCAPE.sub(lambda match: ESCAPES.get(match[0], match[0]), plain) if "\\" in plain else plain), tag
