"""The index of names of one release: what it keeps of each thing, and the SQLite file that holds it."""

from __future__ import annotations

import re
import sqlite3
import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec
import numpy as np
import pyoxigraph as ox
from numpy.typing import NDArray

from graph.model.description import DOCUMENT, LABEL_PROPERTIES, PERSON, kinds_of, weight
from graph.model.errors import ReleaseError, Sentence, StorageError
from graph.model.rdf_terms import (
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
from graph.parts.linking.name_comparison import STOP_WORDS, Folds, acronym, fold, fold_word

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
# Reading all of a release is ``graph.parts.linking.index_builder``'s.

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


# The index of names of one release: a SQLite file made from entities, and nothing but them.
#
# Five tables, each for one question. ``entity``: what is there to show. ``name``: which things bear exactly this name,
# in whatever order of words, or this identifier. ``posting``: which things have this word, kind or place; a thing's
# number is its rank, so the first numbers are the best. ``spelling``: which words hold these letters (FTS5, trigrams; a
# word stands there once, however many names have it). ``start``: the best things with a word that starts with these
# letters.

INDEX_FILE = "search.sqlite"
FORMAT = 1
SQL_SCHEMA = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
CREATE TABLE entity (n INTEGER PRIMARY KEY, id TEXT NOT NULL, record BLOB NOT NULL);
CREATE TABLE name (key TEXT, n INTEGER, rank INTEGER, PRIMARY KEY (key, n)) WITHOUT ROWID;
CREATE TABLE posting (token TEXT PRIMARY KEY, things BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE start (prefix TEXT PRIMARY KEY, things BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE dead (n INTEGER PRIMARY KEY);
CREATE VIRTUAL TABLE spelling USING fts5 (word, tokenize = 'trigram case_sensitive 1');
"""
KIND_CODE, PLACE_CODE, IDENTIFIER_CODE = "=", ">", "#"
"""What begins the tokens that are no words."""
BEST_OF_A_START, LONGEST_START = 64, 3
SHORTEST_SPELT = 3
_ENCODER = msgspec.msgpack.Encoder()

Rows = Iterable[tuple[object, ...]]


def write_index(entities: Iterable[Entity], path: Path, dead: Iterable[int] = ()) -> int:
    """Write the index of some things; return how many.

    Args:
        entities: weightiest first.
        path: the file, which must not be there.
        dead: for a delta, the numbers of what it takes out of the whole index beside it.

    Raises:
        ReleaseError: the file cannot be written.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.executescript(SQL_SCHEMA)
            database.execute("BEGIN")
            count = Writing(database).write(entities)
            database.executemany("INSERT INTO dead VALUES (?)", ((each,) for each in dead))
            database.execute("COMMIT")
    except sqlite3.Error as problem:
        raise StorageError.of(
            Sentence("%(name)s could not be written", name=path.name), problem, Sentence("is the disk full?")
        ) from problem
    return count


class Writing:
    """An index while it is written: rows of things go out as they come, all else when they have all been seen."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._codes = _Codes()
        self._tokens, self._of_each = array("I"), array("I")
        self._names: list[tuple[str, int, int]] = []

    def write(self, entities: Iterable[Entity]) -> int:
        """Write all tables; return how many things there are."""
        insert = self._database.executemany
        insert("INSERT INTO entity VALUES (?, ?, ?)", self._entities(entities))
        self._database.execute("CREATE UNIQUE INDEX entity_id ON entity (id)")
        self._names.sort()
        insert("INSERT INTO name VALUES (?, ?, ?)", self._names)
        postings = self._postings()
        insert("INSERT INTO posting VALUES (?, ?)", postings)
        insert("INSERT INTO start VALUES (?, ?)", _starts(postings))
        insert("INSERT INTO spelling (word) VALUES (?)", ((padded(each),) for each, _ in postings if is_spelt(each)))
        count = len(self._of_each)
        insert("INSERT INTO meta VALUES (?, ?)", (("format", FORMAT), ("count", count)))
        return count

    def _entities(self, entities: Iterable[Entity]) -> Iterator[tuple[int, str, bytes]]:
        codes, of_each, encode = self._tokens, self._of_each, _ENCODER.encode
        code_of, take, before = self._codes.__getitem__, self._names.append, 0
        for n, entity in enumerate(entities):
            codes.extend([code_of(KIND_CODE + each) for each in entity.kinds])
            codes.extend([code_of(PLACE_CODE + each) for each in entity.places])
            keys: dict[str, int] = {IDENTIFIER_CODE + each.casefold(): 0 for each in entity.identifiers}
            for folded, rank in _ranks(entity.names).items():
                found = folded.split()
                telling = [each for each in found if each not in STOP_WORDS] or found
                codes.extend(map(code_of, telling))
                telling.sort()
                keys.setdefault(" ".join(telling), rank)
            for key, rank in keys.items():
                take((key, n, rank))
            of_each.append(len(codes) - before)
            before = len(codes)
            yield n, entity.id, encode(entity)

    def _postings(self) -> list[tuple[str, bytes]]:
        """Return all tokens, in order, with the things that have them, in order."""
        lengths = np.frombuffer(self._of_each, np.uint32)
        pairs = np.frombuffer(self._tokens, np.uint32).astype(np.uint64) << np.uint64(32)
        pairs |= np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths)
        pairs.sort()
        pairs = pairs[np.concatenate([np.ones(1, np.bool_), pairs[1:] != pairs[:-1]])] if len(pairs) else pairs
        bounds = (
            4 * np.searchsorted(pairs >> np.uint64(32), np.arange(len(self._codes) + 1, dtype=np.uint64))
        ).tolist()
        things = pairs.astype(np.uint32).tobytes()
        return [(token, things[bounds[code] : bounds[code + 1]]) for token, code in sorted(self._codes.items())]


class _Codes(dict[str, int]):
    """A number for each token, in the order in which they come."""

    def __missing__(self, token: str) -> int:
        code = self[token] = len(self)
        return code


def _ranks(names: Iterable[Name]) -> dict[str, int]:
    """Return the folds of names, each with its best rank."""
    ranks: dict[str, int] = {}
    for name in names:
        ranks.setdefault(name.fold, name.rank)
    return ranks


def _starts(postings: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield each start of one to three letters with the best things that have a word with it."""
    best: dict[str, list[bytes]] = {}
    for token, things in postings:
        if token[0] not in (KIND_CODE, PLACE_CODE):
            first = things[: 4 * BEST_OF_A_START]
            for length in range(1, min(LONGEST_START, len(token)) + 1):
                best.setdefault(token[:length], []).append(first)
    for start, parts in sorted(best.items()):
        yield start, np.unique(np.frombuffer(b"".join(parts), np.uint32))[:BEST_OF_A_START].tobytes()


def is_spelt(token: str) -> bool:
    """Whether a token is a word that one can misspell: no number, none of the shortest."""
    return len(token) >= SHORTEST_SPELT and token.isalpha()


def padded(word: str) -> str:
    """Return a word with its beginning and its end marked, so that trigrams know them."""
    return f"_{word}_"


# Reading an index of names: one file, or a whole one and a delta beside it, read as one.
#
# It finds by exact keys and gives postings; it ranks nothing. It may be used from several threads.

DELTA_FILE = "search-delta.sqlite"
Key = TypeVar("Key")
Value = TypeVar("Value")
Numbers = NDArray[np.uint32]
NOTHING: Numbers = np.zeros(0, np.uint32)
CACHED_POSTINGS, CACHED_ENTITIES, MOST_REMEMBERED = 2048, 8192, 1 << 16
MOST_WORDS_OF_A_START = 400
LAST = "\U0010ffff"


class IndexConnection:
    """One thread's connection to a SQLite file, closed when nothing refers to it any more, in whichever thread.

    sqlite3's own refers to itself in a circle: with the last reference it would stay open until garbage is collected.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self._database.execute("PRAGMA mmap_size = 1073741824")

    def rows(self, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return all that a statement finds."""
        return self._database.execute(statement, parameters).fetchall()

    def __del__(self) -> None:
        if database := getattr(self, "_database", None):  # it may be that it could not be opened
            database.close()


class IndexFile:
    """One SQLite file, read-only and never changed; each thread has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._decode = msgspec.msgpack.Decoder(Entity)
        self._postings: dict[str, Numbers] = {}
        self._entities: dict[int, Entity] = {}
        try:
            found = dict(self._rows("SELECT name, value FROM meta"))
        except sqlite3.Error as problem:
            raise ReleaseError(
                Sentence("%(name)s cannot be read: %(words)s", name=path.name, words=problem),
                Sentence("run hamkor build"),
            ) from problem
        if found.get("format") != FORMAT:
            raise ReleaseError(Sentence("%(name)s is of another version", name=path.name), Sentence("run hamkor build"))
        self.count = int(found["count"])

    def _rows(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        connection: IndexConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = IndexConnection(self.path)
        return connection.rows(statement, parameters)

    @cached_property
    def dead(self) -> Numbers:
        """Numbers of the whole index that this delta takes out of it."""
        return np.array([n for (n,) in self._rows("SELECT n FROM dead ORDER BY n")], np.uint32)

    def posting(self, token: str) -> Numbers:
        """Return the numbers of the things that have a token, in order."""
        known = self._postings.get(token)
        if known is None:
            rows = self._rows("SELECT things FROM posting WHERE token = ?", (token,))
            known = np.frombuffer(rows[0][0], np.uint32) if rows else NOTHING
            remember(self._postings, token, known, CACHED_POSTINGS)
        return known

    def named(self, key: str) -> list[tuple[int, int]]:
        """Return number and best rank of the things with exactly this key (``folding.key``, or an identifier)."""
        return self._rows("SELECT n, rank FROM name WHERE key = ?", (key,))

    def names_from(self, beginning: str, most: int) -> list[tuple[str, int]]:
        """Return the first names whose key begins so: key and number."""
        found = "SELECT key, n FROM name WHERE key >= ? AND key < ? ORDER BY key, n LIMIT ?"
        return self._rows(found, (beginning, beginning + LAST, most))

    def start(self, prefix: str) -> Numbers:
        """Return the best things with a word that starts so; for up to three letters."""
        rows = self._rows("SELECT things FROM start WHERE prefix = ?", (prefix,))
        return np.frombuffer(rows[0][0], np.uint32) if rows else NOTHING

    def words_from(self, prefix: str, most: int = MOST_WORDS_OF_A_START) -> list[str]:
        """Return the first words that start so."""
        found = "SELECT token FROM posting WHERE token >= ? AND token < ? ORDER BY token LIMIT ?"
        return [word for (word,) in self._rows(found, (prefix, prefix + LAST, most))]

    def words_with(self, parts: Iterable[str], most: int) -> list[str]:
        """Return words that hold one of these parts of three letters or more; ``_`` is a word's beginning and end."""
        match = " OR ".join(f'"{part}"' for part in parts)
        rows = self._rows("SELECT word FROM spelling WHERE spelling MATCH ? LIMIT ?", (match, most))
        return [word[1:-1] for (word,) in rows]

    def number(self, entity_id: str) -> int | None:
        """Return the number of the thing with an id."""
        rows = self._rows("SELECT n FROM entity WHERE id = ?", (entity_id,))
        return int(rows[0][0]) if rows else None

    def entities(self, numbers: Sequence[int]) -> list[Entity]:
        """Return things by their numbers, in that order."""
        known = {n: entity for n in numbers if (entity := self._entities.get(n)) is not None}
        missing = [n for n in numbers if n not in known]
        if missing:
            marks = ",".join("?" * len(missing))
            rows = self._rows(f"SELECT n, record FROM entity WHERE n IN ({marks})", missing)  # noqa: S608  only marks
            fresh = {n: self._decode.decode(record) for n, record in rows}
            for n, entity in fresh.items():
                remember(self._entities, n, entity, CACHED_ENTITIES)
            known |= fresh
        return [known[n] for n in numbers]

    def all_entities(self) -> Iterator[tuple[int, Entity]]:
        """Yield everything, with its number, in order."""
        with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            for n, record in database.execute("SELECT n, record FROM entity ORDER BY n"):
                yield n, self._decode.decode(record)


@dataclass(frozen=True)
class NameIndex:
    """The index of a release.

    A thing's number is that in the whole index; in the delta it comes after all of those.

    Attributes:
        whole: the whole index.
        delta: what has changed since, or None.
    """

    whole: IndexFile
    delta: IndexFile | None = None

    @cached_property
    def size(self) -> int:
        """One more than the greatest number."""
        return self.whole.count + (self.delta.count if self.delta else 0)

    @cached_property
    def count(self) -> int:
        """How many things there are."""
        return self.size - (len(self.delta.dead) if self.delta else 0)

    @cached_property
    def is_there(self) -> NDArray[np.bool_]:
        """For each number whether there is such a thing, or it has been taken out."""
        found = np.ones(self.size, np.bool_)
        if self.delta is not None:
            found[self.delta.dead] = False
        return found

    def _alive(self, numbers: Numbers) -> Numbers:
        if self.delta is None or not len(self.delta.dead) or not len(numbers):
            return numbers
        return numbers[~np.isin(numbers, self.delta.dead)]

    def posting(self, token: str) -> Numbers:
        """Return the numbers of the things that have a token, in order."""
        whole = self.whole.posting(token)
        if self.delta is None:
            return whole
        return np.concatenate([self._alive(whole), self.delta.posting(token) + np.uint32(self.whole.count)])

    def named(self, key: str) -> list[tuple[int, int]]:
        """Return number and best rank of the things with exactly this key."""
        found = self.whole.named(key)
        if self.delta is None:
            return found
        dead = set(self.delta.dead.tolist())
        fresh = [(n + self.whole.count, rank) for n, rank in self.delta.named(key)]
        return [each for each in found if each[0] not in dead] + fresh

    def names_from(self, beginning: str, most: int) -> list[int]:
        """Return the things of the first names whose key begins so."""
        found = [*self.whole.names_from(beginning, most)]
        if self.delta is not None:
            dead = set(self.delta.dead.tolist())
            fresh = [(key, n + self.whole.count) for key, n in self.delta.names_from(beginning, most)]
            found = sorted([each for each in found if each[1] not in dead] + fresh)[:most]
        return list(dict.fromkeys(n for _, n in found))

    def starting(self, prefix: str) -> Numbers:
        """Return things with a word that starts so: the best ones for a short prefix, or those of the first words."""
        if len(prefix) <= LONGEST_START:
            parts = [self._alive(self.whole.start(prefix))]
            if self.delta is not None:
                parts.append(self.delta.start(prefix) + np.uint32(self.whole.count))
                if len(parts[0]) < BEST_OF_A_START <= len(self.whole.start(prefix)):
                    parts += [self.posting(word) for word in self.whole.words_from(prefix)]
            return np.unique(np.concatenate(parts))
        words = {word for each in self.files for word in each.words_from(prefix)}
        return np.flatnonzero(self.having(words)).astype(np.uint32)

    def having(self, tokens: Iterable[str]) -> NDArray[np.bool_]:
        """Return for each number whether that thing has one of some tokens."""
        found = np.zeros(self.size, np.bool_)
        for token in tokens:
            found[self.posting(token)] = True
        return found

    def words_with(self, parts: Sequence[str], most: int) -> list[str]:
        """Return words that hold one of these parts."""
        return sorted({word for each in self.files for word in each.words_with(parts, most)})

    def words_from(self, prefix: str, most: int) -> list[str]:
        """Return the first words that start so."""
        return sorted({word for each in self.files for word in each.words_from(prefix, most)})[:most]

    @property
    def files(self) -> tuple[IndexFile, ...]:
        """The whole index, and the delta where there is one."""
        return (self.whole,) if self.delta is None else (self.whole, self.delta)

    def number(self, entity_id: str) -> int | None:
        """Return the number of the thing with an id, or None."""
        if self.delta is not None and (n := self.delta.number(entity_id)) is not None:
            return n + self.whole.count
        n = self.whole.number(entity_id)
        return n if n is not None and len(self._alive(np.array([n], np.uint32))) else None

    def entity(self, entity_id: str) -> Entity | None:
        """Return the thing with an id, or None."""
        n = self.number(entity_id)
        return None if n is None else self.entities([n])[0]

    def entities(self, numbers: Sequence[int]) -> list[Entity]:
        """Return things by their numbers, in that order."""
        if self.delta is None:
            return self.whole.entities(numbers)
        first = self.whole.count
        old = iter(self.whole.entities([n for n in numbers if n < first]))
        new = iter(self.delta.entities([n - first for n in numbers if n >= first]))
        return [next(old) if n < first else next(new) for n in numbers]

    def all_entities(self) -> Iterator[Entity]:
        """Yield everything, in no order."""
        dead = set(self.delta.dead.tolist()) if self.delta else set()
        yield from (entity for n, entity in self.whole.all_entities() if n not in dead)
        if self.delta is not None:
            yield from (entity for _, entity in self.delta.all_entities())


def remember(known: dict[Key, Value], key: Key, value: Value, most: int = MOST_REMEMBERED) -> None:
    """Remember a value; where there are too many, forget them all: a lookup must cost nothing but a lookup."""
    if len(known) >= most:
        known.clear()
    known[key] = value


def open_index(folder: Path) -> NameIndex | None:
    """Return the index in a release's folder, or None where the release has none (it was made before there were any).

    Raises:
        ReleaseError: it cannot be read.
    """
    if not (folder / INDEX_FILE).exists():
        return None
    delta = folder / DELTA_FILE
    return NameIndex(IndexFile(folder / INDEX_FILE), IndexFile(delta) if delta.exists() else None)
