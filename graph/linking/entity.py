"""What the index keeps of a thing: names, kinds, places, identifiers, how often it is linked. And its short id.

Ids are for reconciliation: OpenRefine puts them into URLs as they are, so they hold nothing but ``[A-Za-z0-9._~-]``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256

import msgspec

from graph.linking.kinds import weight

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
