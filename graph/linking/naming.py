"""From what is said of a thing to what the index keeps of it: its names, folded, its kinds, and the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from graph.labels import LABEL_PROPERTIES
from graph.linking.entity import ACRONYM, ALTERNATIVE, LABEL, Entity, Name, id_of
from graph.linking.folding import acronym, fold, fold_word
from graph.linking.kinds import DOCUMENT, PERSON, kinds_of
from graph.linking.statements import AS_PRINTED, CLASS, DATE, IDENTIFIER, NAME, PLACE, Statement

LONGEST_NAME, MOST_NAMES, MOST_VALUES = 300, 60, 40
SHORTEST_ACRONYM, LONGEST_ACRONYM = 3, 9
HAS_DIGIT = re.compile(r"\d")
ESCAPE = re.compile(r"\\.")
ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", '\\"': '"', "\\\\": "\\"}


def entity_of(iri: str, found: Iterable[Statement], linked: int, base: str) -> Entity | None:
    """Return what the index keeps of a thing, or None where it has no name or is not found by one."""
    of: tuple[dict[bytes, int], ...] = ({}, {}, {}, {}, {})
    for role, rank, value in found:
        known = of[role]
        if known.get(value, rank) >= rank:
            known[value] = rank
    kinds = kinds_by(frozenset(of[CLASS]), base)
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
        places=tuple(sorted(iri_of(each) for each in of[PLACE] if each.startswith(b"<"))[:MOST_VALUES]),
        identifiers=tuple(sorted(identifiers)[:MOST_VALUES]),
        founded=dates[0][1] if dates else "",
        linked=linked,
    )


@lru_cache(maxsize=4096)
def kinds_by(classes: frozenset[bytes], base: str) -> tuple[str, ...]:
    """Return the kinds of a thing with these classes, as N-Triples (``kinds_of``)."""
    return kinds_of([iri_of(each) for each in classes], base)


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
    for text in dict.fromkeys(each.text for each in names if not HAS_DIGIT.search(each.text)):
        made = acronym(text)
        folded = fold_word(made)
        if SHORTEST_ACRONYM <= len(made) <= LONGEST_ACRONYM and folded not in known:
            known.add(folded)
            yield Name(ACRONYM, "", made.upper(), folded)


def is_number(text: str) -> bool:
    """Whether a text is a telephone number or the like, and no name."""
    return not any(each.isalpha() for each in text)


def _identifier(value: bytes) -> str:
    return iri_of(value) if value.startswith(b"<") else _text(value)[0]


def iri_of(term: bytes) -> str:
    """Return the IRI that a term of N-Triples is."""
    return term[1:-1].decode()


def _text(literal: bytes) -> tuple[str, str]:
    """Return a literal's text and its language tag in small letters."""
    text, _, end = literal.rpartition(b'"')
    tag = end[1:].decode().lower() if end.startswith(b"@") else ""
    plain = text[1:].decode()
    return (ESCAPE.sub(lambda match: ESCAPES.get(match[0], match[0]), plain) if "\\" in plain else plain), tag
