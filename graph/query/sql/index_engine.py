"""Answering from the index: which queries SQL answers, what they cost, and how rows become an answer as it was wanted.

The engine writes all answers, so that one looks the same whoever found it: rows become a table of values in a query
that has nothing else to find. Whether the engine or the index is faster for a query, nobody can say from its text for
sure; so both are timed, for queries of one shape together, and the faster one is asked.
"""

from __future__ import annotations

import math
import re
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from types import FrameType
from typing import IO, Any

import duckdb
import numpy as np
import pyoxigraph as ox
from numpy.typing import NDArray

from graph.model.errors import HamkorError
from graph.query.embedded import ORDER_FUNCTIONS, Found, write_answer
from graph.query.engine import QueryRequest
from graph.query.sparql.tree import SyntaxTree, tree_of
from graph.query.sql.algebra import (
    Constant,
    ExtendPattern,
    FilterPattern,
    InlineData,
    JoinPattern,
    LeftJoinPattern,
    MinusPattern,
    NamedGraphPattern,
    NegatedStep,
    PathPattern,
    Pattern,
    PredicateStep,
    Selection,
    TriplePattern,
    UnionPattern,
    UnsupportedError,
    Variable,
    constants_in,
    constants_in_conditions,
    names_in,
    walked,
)
from graph.query.sql.compilation import MOST_ROWS, CompiledQuery, compiled
from graph.query.sql.index_lookup import IndexReader, Known, written_term
from graph.query.sql.solution_blocks import ActiveGraph
from graph.query.sql.sql_values import DOUBLE
from graph.query.sql.translation import MOST_TOKENS, translated_query
from graph.releases.triple_index import open_index

# How much work a query is, about: whether it is worth asking the index before anything is known of such queries.
#
# The engine answers a query that goes through few triples within half a millisecond, which is less than a statement of
# SQL takes to be planned. The estimate knows how many triples a predicate has, how many have an object, and to how many
# one leads on the average: what begins with few may lead to many. It promises nothing.

FEW, SOME = 10, 100
STREAMED = 1_000
"""So many solutions without an order the engine gives before it has looked at the rest."""


def weight(pattern: Pattern, known: Known, reader: IndexReader) -> int:  # noqa: PLR0911  one for each form
    """Return about how many solutions one goes through for a pattern, beginning with its smallest part."""
    if isinstance(pattern, TriplePattern):
        return _of_triple(pattern, known, reader)
    if isinstance(pattern, PathPattern):
        return SOME if isinstance(pattern.subject, Constant) or isinstance(pattern.object, Constant) else reader.all()
    if isinstance(pattern, JoinPattern):
        subqueries = [weight(each, known, reader) for each in pattern.parts if isinstance(each, Selection)]
        return sum(subqueries) + _of_join(
            [each for each in pattern.parts if not isinstance(each, Selection)], known, reader
        )
    if isinstance(pattern, UnionPattern):
        return sum(weight(each, known, reader) for each in pattern.arms)
    if isinstance(pattern, LeftJoinPattern | MinusPattern):
        return weight(pattern.left, known, reader)
    if isinstance(pattern, FilterPattern | ExtendPattern | NamedGraphPattern):
        return weight(pattern.pattern, known, reader)
    if isinstance(pattern, InlineData):
        return len(pattern.rows)
    is_streamed = not pattern.order and pattern.keys is None and not pattern.is_distinct
    if is_streamed and pattern.limit is not None and pattern.limit + pattern.offset <= STREAMED:
        return FEW
    return weight(pattern.where, known, reader)


def _of_join(parts: Sequence[Pattern], known: Known, reader: IndexReader) -> int:
    """Return about how many solutions a join goes through: from its smallest part on, to what is joined with it."""
    if not parts:
        return 0
    sizes = [weight(each, known, reader) for each in parts]
    first = parts[sizes.index(min(sizes))]
    found = most = float(min(sizes))
    left = [each for each in parts if isinstance(each, TriplePattern) and each is not first]
    bound = {*names_in(first)}
    while most < reader.all() and (joined := [each for each in left if _names(each) & bound]):
        each, factor = min(((each, _led_to(each, bound, known, reader)) for each in joined), key=lambda pair: pair[1])
        found *= factor
        most = max(most, found)
        bound |= _names(each)
        left.remove(each)
    return int(most)


def _names(pattern: TriplePattern) -> set[str]:
    return {each.name for each in (pattern.subject, pattern.object) if isinstance(each, Variable)}


def _led_to(pattern: TriplePattern, bound: set[str], known: Known, reader: IndexReader) -> float:
    """Return how many triples of a pattern one solution leads to, on the average."""
    if all(isinstance(each, Constant) or each.name in bound for each in (pattern.subject, pattern.object)):
        return 1.0
    if not isinstance(pattern.predicate, Constant):
        return FEW
    predicate, ends = known[pattern.predicate.term].id, _names(pattern) - bound
    is_forwards = isinstance(pattern.object, Variable) and pattern.object.name in ends
    return reader.led_to(predicate, "s" if is_forwards else "o")


def _of_triple(pattern: TriplePattern, known: Known, reader: IndexReader) -> int:
    if isinstance(pattern.subject, Constant):
        return FEW
    predicate = known[pattern.predicate.term].id if isinstance(pattern.predicate, Constant) else None
    if isinstance(pattern.object, Constant):
        return SOME if predicate is None else reader.of_object(predicate, known[pattern.object.term].id)
    return reader.all() if predicate is None else reader.of_predicate(predicate)


def index_seconds(query: Selection, known: Known, reader: IndexReader) -> float:
    """Return how long the index takes for a query, at least: it goes through all triples of each predicate."""
    seconds = SLOW_SECONDS
    for each in walked(query):
        if isinstance(each, TriplePattern):
            told = known[each.predicate.term].id if isinstance(each.predicate, Constant) else None
            seconds += SCANNED_SECONDS * (reader.all() if told is None else reader.of_predicate(told))
        elif isinstance(each, PredicateStep):  # of a path that is repeated: all others are triple patterns
            seconds += REPEATED_SECONDS * reader.of_predicate(known[each.predicate].id)
        elif isinstance(each, NegatedStep):
            seconds += REPEATED_SECONDS * reader.all()
    return seconds


# How long queries of one shape took, by the engine and by the index: what every worker learns, all of them know.
#
# It is processor time, of all threads: how long a query waits for a processor says nothing of who answers it faster,
# and of the one that is not asked any more nobody would learn that it has become fast again.
#
# A file of fixed size that all workers of a release map and write, without a lock: a shape has one place, where a later
# one takes the room of an earlier one. Two that write at once may leave a wrong time there, which the next queries put
# right: nothing but speed depends on it.

PLACES = 4096
LEARNT = 0.3
PLACE = np.dtype([("shape", "<u8"), ("engine", "<f4"), ("index", "<f4")])


def prepare(path: Path) -> None:
    """Write a file in which nothing is known yet."""
    np.save(path, np.zeros(PLACES, PLACE))


class LearntTimes:
    """The times of all shapes, in a file that ``prepare`` has written."""

    def __init__(self, path: Path) -> None:
        """Map the file.

        Raises:
            OSError, ValueError: it is not there, or not such a file.
        """
        self._places: NDArray[np.void] = np.load(path, mmap_mode="r+")

    def of(self, shape: str) -> Times:
        """Return the times of a shape."""
        key = int.from_bytes(blake2b(shape.encode(), digest_size=8).digest(), "little")
        return Times(self._places[key % PLACES : key % PLACES + 1], key)


class Times:
    """Processor seconds of one shape: None where they are not known, infinity where one cannot answer."""

    __slots__ = ("_key", "_place")

    def __init__(self, place: NDArray[np.void], key: int) -> None:
        """Stand for one place, which may hold another shape until something is learnt of this one."""
        self._place, self._key = place, key

    @property
    def engine(self) -> float | None:
        """How long the engine takes."""
        return self._read("engine")

    @property
    def index(self) -> float | None:
        """How long the index takes."""
        return self._read("index")

    def learn(self, *, engine: float | None = None, index: float | None = None, is_estimate: bool = False) -> None:
        """Note how long one of them took, which moves what is known a part of the way; infinity stays.

        An estimate stands for a time until one is known, which then takes its place; it is kept with a sign.
        """
        if self._place["shape"][0] != self._key:
            self._place[0] = (self._key, 0.0, 0.0)
        for name, seconds in (("engine", engine), ("index", index)):
            known = float(self._place[name][0])
            if seconds is not None and known != math.inf:
                # nothing, or an estimate
                first = known <= 0 or seconds == math.inf
                self._place[name] = -seconds if is_estimate else seconds if first else _moved(known, seconds)

    def _read(self, name: str) -> float | None:
        return abs(float(self._place[name][0])) or None if self._place["shape"][0] == self._key else None


def _moved(known: float, seconds: float) -> float:
    return known + LEARNT * (seconds - known)


# Which of the two is asked, and the answer.

Cell = str | None
# Coarser than ``shape_of``, which may have none for a text: nothing but speed depends on it.
CONSTANTS = re.compile(r"<[^<>\s]*>|\"[^\"]*\"|'[^']*'|[0-9]+")
MOST_CHARACTERS = 20_000
LIGHT = 250
SLOW_SECONDS, WORTH_OPENING = 0.005, 0.01
"""To plan and evaluate the smallest statement takes five milliseconds, to open the index as much again."""
SMALL_TRIPLES = 20_000
"""With fewer the engine is asked first: what is not heavy takes it less time than opening the index."""
ENGINE_SECONDS = 20e-6
"""What a solution takes the engine that it goes through, about."""
SCANNED_SECONDS, REPEATED_SECONDS = 10e-9, 1e-6
"""What a triple takes the index that a pattern reads, and one along which a path is repeated, at least."""
PROMISING = 2
"""The index is tried where it may be so many times faster: the engine may have been slow since it had read nothing."""
ADDRESS_MB = 160


@dataclass(frozen=True, slots=True)
class IndexLimits:
    """What the index may take in one worker.

    Attributes:
        memory_mb: its memory.
        threads: how many work for it.
        seconds: after how long a query is given to the engine.
    """

    memory_mb: int
    threads: int
    seconds: float

    @property
    def address_bytes(self) -> int:
        """How much address space it may take: more than memory, since the system sets some aside for each thread."""
        return (self.memory_mb + ADDRESS_MB * (self.threads + 1)) << 20


@dataclass(frozen=True, slots=True)
class FoundSolutions:
    """What SQL found: the variables, and for each solution their terms as SPARQL writes them, None where unbound."""

    names: tuple[str, ...]
    rows: list[tuple[Cell, ...]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query that was read: its tree, its algebra, its constants, and the graphs that it sees."""

    request: QueryRequest
    tree: SyntaxTree
    query: Selection
    known: Known


@dataclass(slots=True)
class SqlEngine:
    """The index of one release as one worker uses it; of a small one it is opened when the first query asks for it.

    Attributes:
        folder: the release's.
        times: what all workers have learnt.
        limits: what it may take.
        triples: how many the release has.
        make_room: called with how much address space it may take before it works, and with 0 afterwards.
    """

    folder: Path
    times: LearntTimes
    limits: IndexLimits
    triples: int
    make_room: Callable[[int], None] = lambda _: None
    _reader: IndexReader | None = None
    _is_missing: bool = field(default=False)

    @property
    def is_open(self) -> bool:
        """Whether a query has asked for it."""
        return self._reader is not None

    @property
    def kept_bytes(self) -> int:
        """How much memory it may keep between queries: what it has read of its file, up to its own limit."""
        return self.limits.memory_mb << 20 if self.is_open else 0

    def prepare(self) -> None:
        """Open the index of a release that is not small, and read what is to be known of each predicate.

        It takes longer than most queries: whoever does it before the first one has not that one wait.
        """
        if self.triples < SMALL_TRIPLES:
            return
        self.make_room(self.limits.address_bytes)
        try:
            if (reader := self._opened()) is not None:
                reader.remember_predicates()
        except (duckdb.Error, RuntimeError, MemoryError):  # the first query will meet it, and then the engine
            pass
        finally:
            self.make_room(0)

    def answered(self, request: QueryRequest, output: IO[bytes]) -> bool:
        """Write the answer to a query; return False, with nothing written, where the engine has to."""
        times = self._times_of(request)
        if times is None or times.index == math.inf or self._is_not_worth_it(times):
            return False
        self.make_room(self.limits.address_bytes)
        try:
            began = time.process_time()
            asked, reader = self._read(request)
            chosen = time.process_time()
            if asked is None or reader is None or _is_for_the_engine(asked, times, reader):
                return False
            # what it took to choose is spent once a shape, and says nothing of its queries
            began += time.process_time() - chosen
            found = _answered_by_values(asked, self._found(asked, reader))
        except Exception:  # noqa: BLE001  exactly or not at all: whatever goes wrong here, the engine answers
            times.learn(index=math.inf)
            return False
        finally:
            self.make_room(0)
        write_answer(found, request.format, output, directions=False)
        times.learn(index=time.process_time() - began)
        return True

    def _is_not_worth_it(self, times: Times) -> bool:
        """Whether the engine is faster, or likely to be so where the index would have to be opened first."""
        if times.engine is None:
            return not self.is_open and self.triples < SMALL_TRIPLES
        if times.index is None:
            return times.engine < (SLOW_SECONDS if self.is_open else WORTH_OPENING)
        return times.engine < times.index

    def _read(self, request: QueryRequest) -> tuple[_Asked | None, IndexReader | None]:
        """Return a query as it was read, and the index; nothing where there is none."""
        reader = self._opened()
        return (_read(request, reader), reader) if reader is not None else (None, None)

    def engine_took(self, request: QueryRequest, seconds: float) -> None:
        """Note how long the engine took for a query."""
        times = self._times_of(request)
        if times is not None:
            times.learn(engine=seconds)

    def _opened(self) -> IndexReader | None:
        """Return the index: opened after the fork, since DuckDB has threads."""
        if self._reader is None and not self._is_missing:
            limits = self.limits
            try:
                # Without a folder for what does not fit into memory: such a query is the engine's.
                connection = open_index(self.folder, memory_mb=limits.memory_mb, threads=limits.threads)
            except (HamkorError, MemoryError, RuntimeError, duckdb.Error):  # the engine answers without it
                connection = None
            self._is_missing = connection is None
            self._reader = IndexReader(connection) if connection is not None else None
        return self._reader

    def _found(self, asked: _Asked, reader: IndexReader) -> FoundSolutions:
        """Return the solutions, within the time that the index has; else the engine has the rest of it."""
        # No thread waits, since one more may not fit into memory: DuckDB looks for signals while it works
        before = signal.signal(signal.SIGALRM, _overdue)
        signal.setitimer(signal.ITIMER_REAL, self.limits.seconds)
        try:
            return _solutions(asked, reader)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _times_of(self, request: QueryRequest) -> Times | None:
        """Return the times of queries of the same shape; None where the index has nothing to say."""
        if self._is_missing or request.form == "DESCRIBE" or len(request.text) > MOST_CHARACTERS:
            return None
        shape = CONSTANTS.sub("", request.text)
        return self.times.of(f"{shape} {request.effective_dataset.is_named}")


def _overdue(_signal: int, _frame: FrameType | None) -> None:
    raise UnsupportedError


def _is_for_the_engine(asked: _Asked, times: Times, reader: IndexReader) -> bool:
    """Whether a query is one to ask the engine, of which not both times are known, or the index was the faster one.

    An estimate is kept for the time that is not known: the other one is tried only where it may be faster, since one
    query would wait for that, and the next query of the shape need not be weighed.
    """
    if times.index is not None and times.engine is not None:
        return False
    try:
        if times.engine is not None:
            least = index_seconds(asked.query, asked.known, reader) * PROMISING
            times.learn(index=least, is_estimate=True)
            return least > times.engine
        solutions = weight(asked.query, asked.known, reader)
    except duckdb.Error:
        return True
    # no estimate: the engine answers now, and its time will be known
    if times.index is None and solutions < LIGHT:
        return True
    times.learn(engine=solutions * ENGINE_SECONDS, is_estimate=True)
    return times.index is not None and solutions * ENGINE_SECONDS < times.index


# From a request to solutions


def found_solutions(request: QueryRequest, reader: IndexReader) -> FoundSolutions:
    """Return the solutions of a query: all of them, in its order.

    Raises:
        UnsupportedError: it is the engine's, from its text or for what the data has.
    """
    return _solutions(_read(request, reader), reader)


def written_by_index(request: QueryRequest, reader: IndexReader, output: IO[bytes]) -> None:
    """Write the answer to a query.

    Raises:
        UnsupportedError: it is the engine's; nothing has been written.
    """
    asked = _read(request, reader)
    write_answer(_answered_by_values(asked, _solutions(asked, reader)), request.format, output, directions=False)


def _read(request: QueryRequest, reader: IndexReader) -> _Asked:
    tree = tree_of(request.text, MOST_TOKENS)
    if tree is None:
        raise UnsupportedError
    query = translated_query(tree, request.base)
    dataset = request.effective_dataset
    graphs = [ox.NamedNode(each) for each in (*dataset.default_graphs, *dataset.named_graphs)]
    constants = {*constants_in(query), *graphs}
    try:
        return _Asked(request, tree, query, reader.constants(constants, constants_in_conditions(query)))
    except duckdb.Error as problem:
        raise UnsupportedError from problem


def _solutions(asked: _Asked, reader: IndexReader) -> FoundSolutions:
    names = _legal_names(asked)
    try:
        statement = _compiled(asked, reader)
        rows = reader.rows(statement.sql)
        if len(rows) > MOST_ROWS:
            raise UnsupportedError  # the engine writes them one by one
        numbers = [place for place, name in enumerate(statement.names) if name not in statement.structs]
        ids = {row[place] for row in rows for place in numbers}
        ids.discard(None)
        texts: dict[object, Cell] = {None: None}
        texts |= dict(reader.texts(ids, asked.known).items())
    except (duckdb.Error, RuntimeError, MemoryError) as problem:  # what the data cannot tell, memory, time, numbers
        raise UnsupportedError from problem
    _sort(rows, statement, texts)
    columns = dict(zip(statement.names, _columns(statement, rows, texts), strict=True))
    if not names:
        return FoundSolutions((), [()] * len(rows))
    return FoundSolutions(names, list(zip(*(columns[name] for name in names), strict=True)))


def _compiled(asked: _Asked, reader: IndexReader) -> CompiledQuery:
    dataset, known = asked.request.effective_dataset, asked.known
    if not dataset.is_named:
        return compiled(asked.query, known, ActiveGraph.all(), None, reader)
    default = tuple(known[ox.NamedNode(each)].id for each in dict.fromkeys(dataset.default_graphs))
    named = tuple(known[ox.NamedNode(each)].id for each in dict.fromkeys(dataset.named_graphs))
    return compiled(asked.query, known, ActiveGraph.of(default), named, reader)


def _legal_names(asked: _Asked) -> tuple[str, ...]:
    """Return what a query selects, in the engine's order; what the engine would refuse, it has to refuse itself."""
    try:
        found = ox.Store().query(asked.request.text, base_iri=asked.request.base, custom_functions=ORDER_FUNCTIONS)
    except (SyntaxError, ValueError, RuntimeError) as problem:
        raise UnsupportedError from problem
    if isinstance(found, ox.QuerySolutions):
        return tuple(each.value for each in found.variables)
    return asked.query.names


def _sort(rows: list[tuple[Any, ...]], statement: CompiledQuery, texts: dict[object, Cell]) -> None:
    """Sort rows by what the statement has not sorted them by; what is unbound is less than all else (15.1)."""
    for name, is_descending in reversed(statement.order):
        place, is_struct = statement.names.index(name), name in statement.structs

        def key(row: tuple[Any, ...], place: int = place, *, is_struct: bool = is_struct) -> tuple[bool, Any]:
            value = row[place]
            if value is None:
                return (False, 0)
            # without its brackets: one of them is greater than most characters that an IRI may go on with
            return (True, value["n"] if is_struct else (texts[value] or "").strip("<>"))

        rows.sort(key=key, reverse=is_descending)


def _columns(
    statement: CompiledQuery, rows: Sequence[tuple[object, ...]], texts: dict[object, Cell]
) -> list[list[Cell]]:
    return [
        [_struct_text(row[place]) for row in rows] if name in statement.structs else [texts[row[place]] for row in rows]
        for place, name in enumerate(statement.names)
    ]


def _struct_text(value: object) -> Cell:
    if not isinstance(value, dict):
        return None
    text = _double_text(value["d"]) if value["k"] == DOUBLE else value["t"]
    return written_term(value["k"], text, value["g"])


def _double_text(number: float) -> str:
    """Return a double as the engine writes it: the shortest digits that are this one, without an exponent."""
    if math.isnan(number) or math.isinf(number):
        return {"nan": "NaN", "inf": "INF", "-inf": "-INF"}[str(number)]
    return format(Decimal(repr(number)), "f").removesuffix(".0")


# From solutions to an answer


def _answered_by_values(asked: _Asked, found: FoundSolutions) -> Found:
    """Return what the engine says to a query that has the solutions as a table of values, and nothing to find."""
    try:
        return ox.Store().query(_with_values(asked, found), base_iri=asked.request.base)
    except (SyntaxError, ValueError) as problem:  # a term that only the store bears
        raise UnsupportedError from problem


def _with_values(asked: _Asked, found: FoundSolutions) -> str:
    if asked.request.form == "ASK":
        return "ASK {}" if found.rows else "ASK { FILTER(false) }"
    if asked.request.form == "SELECT" and not found.names:
        raise UnsupportedError  # there is no way to write a table without columns
    head = " ".join(f"?{name}" for name in found.names)
    body = "\n".join(["(" + " ".join([term or "UNDEF" for term in row]) + ")" for row in found.rows])
    values = f"WHERE {{ VALUES ({head}) {{ {body} }} }}"
    if asked.request.form == "SELECT":
        return f"SELECT {head} {values}"
    template = asked.tree.query.part("ConstructTemplate")
    if template is None:
        raise UnsupportedError
    prologue = asked.tree.text[: asked.tree.characters(asked.tree.query)[0]]
    return f"{prologue} CONSTRUCT {asked.tree.written(template)} {values}"
