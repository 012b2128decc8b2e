"""From what is said of a thing to what the index keeps of it: its names, folded, its kinds, and the rest.

What nothing names is found by its local name, the end of its IRI, taken apart into words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from graph.labels import LABEL_PROPERTIES
from graph.linking.entity import ACRONYM, ALTERNATIVE, LABEL, LOCAL_NAME, Entity, Name, id_of
from graph.linking.folding import Folds, acronym, fold, fold_word
from graph.linking.kinds import DOCUMENT, PERSON, kinds_of
from graph.linking.statements import AS_PRINTED, CLASS, DATE, IDENTIFIER, IS_DESCRIBED, NAME, PLACE, Statement

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


class Said(NamedTuple):
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
    return next(entities_of([Said(iri, found, linked, kinds)], base, Folds()), None)


def entities_of(batch: Iterable[Said], base: str, folds: Folds) -> Iterator[Entity]:
    """Yield what the index keeps of some things, in their order, but for those without a name.

    Names are folded all at once: it is what takes longest.
    """
    worded = [(said, _wordings(said)) for said in batch if said.kinds]
    folded = iter(folds.of([text for _, wordings in worded for _, _, text in wordings]))
    for said, wordings in worded:
        named = [Name(rank, tag, text, key) for rank, tag, text in wordings if (key := next(folded))]
        if named := named or list(_local_name(said)):
            yield _entity(said, named[:MOST_NAMES], base)


def _entity(said: Said, named: list[Name], base: str) -> Entity:
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


def _wordings(said: Said) -> list[Wording]:
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


def _local_name(said: Said) -> Iterator[Name]:
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
