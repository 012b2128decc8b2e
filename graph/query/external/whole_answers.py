"""Whether an engine's answer is whole: its status, what headers and trailers say, its end, and how many rows it has.

Engines cut answers short in silence: at a number of rows, or when their own time is up, some under status 200. What is
not surely whole is an error here. It asks nobody and writes no answer.
"""

from __future__ import annotations

import json
import re
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import pyoxigraph as ox

from graph.model.errors import HamkorError, Quotation, Said, Sentence
from graph.query.engine import ResultTooLargeError
from graph.query.external.engine_exchange import EngineResponse

RESULTS_TYPE = "application/sparql-results+json"
"""The only format that is asked for: it has an end, and holds every character."""
QUOTED = 300
KEPT_BYTES = 8 << 20
SURE_ROWS = 9_999
"""So few rows no engine is known to leave any out; the smallest bound that engines are delivered with is 10,000."""
LARGEST_BOOLEAN = 1 << 16
OK, PARTIAL, UNAUTHORIZED, FORBIDDEN, TIMEOUT, TOO_MANY, UNAVAILABLE, LATE = 200, 206, 401, 403, 408, 429, 503, 504
BUSY = (502, TOO_MANY, UNAVAILABLE)
TIME_IS_UP = re.compile(
    r"time.?limit|tim(?:ed?|e) ?-?out|S1TAT|S1T00|deadline|exceeded .{0,40}time|execution time|cancell?ed",
    re.IGNORECASE,
)
"""What engines say when their own time is up."""
MARKERS = re.compile(rb"An error has occurred|TimeLimitExceeded|[\w.]*(?:Exception|Error)\b[^\n]{0,200}")
"""What engines write into a body that they have begun."""
RemoteFailureKind = Literal["fault", "time", "engine", "declined"]


@dataclass
class RemoteFailureError(HamkorError):
    """An engine of others has given no whole answer.

    Attributes:
        kind: ``fault`` where it would fail again, ``time`` where its time was up, ``engine`` where it is not there,
            ``declined`` where it does not take the query.
        problem: what happened, in one sentence without a full stop.
    """

    kind: RemoteFailureKind
    problem: Said

    @property
    def sentence(self) -> Said:
        """What happened."""
        return self.problem


def check_begin(response: EngineResponse) -> None:
    """Make sure that a response may be a whole answer, as far as its status and headers say.

    Raises:
        RemoteFailureError: it is none, and why.
    """
    if response.status == PARTIAL or any(name in response.headers for name in ("x-sql-state", "x-sql-message")):
        raise _cut(response.headers)
    if response.status != OK:
        raise _refused(response)
    if (rows := response.headers.get("x-sparql-maxrows")) is not None:
        raise RemoteFailureError(
            "fault", Sentence("the engine gives no more than %(number)s rows of this answer", number=rows[:QUOTED])
        )
    encoding = response.headers.get("content-encoding", "identity")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != RESULTS_TYPE or encoding != "identity":
        words = Quotation(f"{media_type or '?'} ({encoding})"[:QUOTED])
        raise RemoteFailureError(
            "fault", Sentence("the engine answered with %(words)s, not with SPARQL results in JSON", words=words)
        )


def check_end(response: EngineResponse) -> None:
    """Make sure that what came behind the body does not take it back.

    Raises:
        RemoteFailureError: it does.
    """
    if any(name in response.trailers for name in ("x-sql-state", "x-sql-message")):
        raise _cut(response.trailers)
    said = next((text for name, text in response.trailers.items() if name.endswith("-status")), "200")
    if not said.strip().startswith("2"):
        kind: RemoteFailureKind = "time" if TIME_IS_UP.search(said) else "fault"
        words = Quotation(said[:QUOTED])
        raise RemoteFailureError(kind, Sentence("the engine took its answer back at the end: %(words)s", words=words))


def _cut(fields: dict[str, str]) -> RemoteFailureError:
    state = fields.get("x-sql-state", "")
    words = Quotation(" ".join(filter(None, (state, fields.get("x-sql-message", ""))))[:QUOTED] or "206")
    kind: RemoteFailureKind = "time" if TIME_IS_UP.search(words) else "fault"
    return RemoteFailureError(kind, Sentence("the engine gave a part of the answer only: %(words)s", words=words))


def _refused(response: EngineResponse) -> RemoteFailureError:
    text = response.text()[:QUOTED]
    words = Quotation(f"{response.status} {response.reason}".strip() + (f": {text}" if text else ""))
    if response.status in (UNAUTHORIZED, FORBIDDEN):
        return RemoteFailureError("engine", Sentence("the engine does not let us in: %(words)s", words=words))
    if response.status in (TIMEOUT, LATE) or TIME_IS_UP.search(text):
        return RemoteFailureError("time", Sentence("the engine's time was up: %(words)s", words=words))
    if response.status in BUSY:
        return RemoteFailureError("engine", Sentence("the engine cannot answer now: %(words)s", words=words))
    return RemoteFailureError("declined", Sentence("the engine refuses this query: %(words)s", words=words))


class RemoteResults:
    """The whole answer of an engine to a SELECT or ASK, on disk where it is large; it was read to its end.

    Attributes:
        rows: how many solutions there are; of an ASK none are counted.
    """

    def __init__(self, response: EngineResponse, folder: Path | None, most: int) -> None:
        """Read an answer to its closing bracket, and behind it.

        Args:
            response: of which nothing was read but status and headers.
            folder: for what is large; the system's where it is None.
            most: how many bytes it may have.

        Raises:
            RemoteFailureError: it is not whole.
            EngineUnavailableError: it breaks off.
            ResultTooLargeError: there are more bytes.
        """
        check_begin(response)
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(KEPT_BYTES, dir=str(folder) if folder else None)  # noqa: SIM115  closed by close
        try:
            size = self._read(response, most)
            check_end(response)
            self.rows = self._counted(size)
        except BaseException:
            self.close()
            raise

    def _read(self, response: EngineResponse, most: int) -> int:
        size = 0
        for piece in response.pieces():
            size += len(piece)
            if size > most:
                raise ResultTooLargeError
            self._file.write(piece)
        return size

    def found(self) -> ox.QuerySolutions | ox.QueryBoolean:
        """Return the answer, from its beginning."""
        self._file.seek(0)
        return ox.parse_query_results(self._file, format=ox.QueryResultsFormat.JSON)

    def solutions(self) -> Iterator[ox.QuerySolution]:
        """Yield the solutions, from the first."""
        found = self.found()
        return iter(found) if isinstance(found, ox.QuerySolutions) else iter(())

    @property
    def is_true(self) -> bool:
        """What it says to an ASK."""
        found = self.found()
        return isinstance(found, ox.QueryBoolean) and bool(found)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def _counted(self, size: int) -> int:
        """Read everything once, so that nothing of an answer leaves that ends in the middle; return the rows."""
        try:
            return self._read_once(size)
        except (SyntaxError, ValueError, KeyError, RecursionError) as problem:
            # the frames of an error hold solutions, which only the thread that made them may let go
            traceback.clear_frames(problem.__traceback__)
            raise self._broken(size, problem) from problem

    def _read_once(self, size: int) -> int:
        found = self.found()
        if isinstance(found, ox.QuerySolutions):
            return sum(1 for _ in found)
        self._check_boolean(size)
        return 0

    def _check_boolean(self, size: int) -> None:
        """Make sure that a boolean ends: the reader of results stops at its value."""
        self._file.seek(0)
        if size > LARGEST_BOOLEAN or not isinstance(json.loads(self._file.read())["boolean"], bool):
            raise ValueError("no boolean")

    def _broken(self, size: int, problem: Exception) -> RemoteFailureError:
        self._file.seek(max(0, size - 4 * QUOTED))
        marked = MARKERS.search(self._file.read())
        said = marked[0].decode(errors="replace") if marked else str(problem)
        words = Quotation("".join(sign if sign.isprintable() else " " for sign in said)[:QUOTED])
        kind: RemoteFailureKind = "time" if marked and TIME_IS_UP.search(words) else "fault"
        return RemoteFailureError(kind, Sentence("the engine's answer is not whole: %(words)s", words=words))
