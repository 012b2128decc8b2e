"""Proposals and what became of them: one SQLite file in the work folder, of which no release knows.

A proposal is a difference of one thing's statements with a reason. Its author has a secret, of which the hash is kept;
the address for an answer, where one was given, goes with the decision. No address of a computer is kept.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal, cast

import msgspec

from graph.model.errors import QueryLimitError, Quotation, ReleaseError, Sentence, StorageError
from graph.model.publication import PROPOSALS_FILE, WORK_FOLDER, Publication
from graph.parts.contribution.contributed_document import FoundResult
from graph.withholding.withholding import Withholding

Kind = Literal["change", "new", "comment", "removal"]
State = Literal["waiting", "accepting", "accepted", "declined", "withdrawn", "erased"]
Mark = Literal["person", "number", "links", "removal"]
BUSY_SECONDS = 5.0
PAGE = 50
ROOM = 64 << 10
"""With fewer bytes left a disk is full: the file of SQLite's shared memory alone takes 32 KiB."""
ID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""No letter or digit among them is taken for another."""
ID_LENGTH = 8
TABLE = """CREATE TABLE IF NOT EXISTS proposals (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, secret TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
    is_urgent INTEGER NOT NULL, thing TEXT NOT NULL, made TEXT NOT NULL, content BLOB, address TEXT,
    decided TEXT, decision BLOB)"""
INDEX = "CREATE INDEX IF NOT EXISTS queue ON proposals (state, is_urgent DESC, number)"
IN_ORDER = "ORDER BY is_urgent DESC, number"
COLUMNS = "id, state, made, content, address, decided, decision"


class ValueChange(msgspec.Struct, frozen=True):
    """What becomes of one value of a thing: it goes, comes, or another one takes its place.

    Attributes:
        predicate: the property.
        removed: the value that goes, in N-Triples syntax; empty where none does.
        added: the value that comes, likewise.
        graphs: the named graphs in which that is so.
        thing: of which thing; empty for the one that the proposal is about. Another one is new, and described along.
    """

    predicate: str
    removed: str
    added: str
    graphs: tuple[str, ...]
    thing: str = ""


def net_changes(
    changes: Sequence[tuple[int, ValueChange]], there: Collection[tuple[str, str]]
) -> list[tuple[int, ValueChange]]:
    """Return what changes of one thing come to, each once: what one takes and another gives has only moved.

    Args:
        changes: each with the number of the row of a form that it is from.
        there: property and value of what the thing has, so that it need not be given.
    """
    found, come = (
        dict[tuple[str, str, str], tuple[int, ValueChange]](),
        {(each.predicate, each.added) for _, each in changes},
    )
    for number, each in changes:
        removed = "" if (each.predicate, each.removed) in come else each.removed
        added = "" if (each.predicate, each.added) in there else each.added
        if removed or added:
            net = ValueChange(each.predicate, removed, added, each.graphs)
            found.setdefault((each.predicate, removed, added), (number, net))
    return [*found.values()]


class Content(msgspec.Struct, frozen=True):
    """What is proposed, in whose words.

    Attributes:
        kind: a change of a thing, a new thing, a comment without a change, or the wish to be taken out.
        thing: the IRI of the thing.
        label: what it is called, for lists.
        changes: what would become of its values.
        reason: why, in the words of whoever proposes it.
        source: where that can be read, as they say it.
        language: the language in which they read the pages.
        release: id of the release that they saw.
        marks: what whoever reviews it should see at once.
        violations: how many violations the shapes find in the release with it; -1 where nobody has looked.
    """

    kind: Kind
    thing: str
    label: str = ""
    changes: tuple[ValueChange, ...] = ()
    reason: str = ""
    source: str = ""
    language: str = "en"
    release: str = ""
    marks: tuple[Mark, ...] = ()
    violations: int = -1


class Decision(msgspec.Struct, frozen=True):
    """What was decided, and by whom.

    Attributes:
        reviewer: id of the token; empty where it was decided at the command line.
        name: who that is; shown in the provenance of what is accepted.
        chosen: the numbers of the changes that are accepted.
        words: the reason as it is published, or for what is declined, why.
        release: id of the release that has it.
        time: when; ISO 8601, UTC.
    """

    reviewer: str = ""
    name: str = ""
    chosen: tuple[int, ...] = ()
    words: str = ""
    release: str = ""
    time: str = ""


class ProposalCheck(msgspec.Struct, frozen=True):
    """What shapes are to be asked: a publication's folder, a thing, what would become of it, the reader's languages."""

    root: str
    thing: str
    changes: tuple[ValueChange, ...]


class CheckedProposal(msgspec.Struct, frozen=True):
    """What shapes say of a release with a proposal, and do not say of the one without.

    Attributes:
        results: what they find, worst first.
        violations: how many of these are violations.
    """

    results: tuple[FoundResult, ...] = ()
    violations: int = 0


class ProposalAcceptance(msgspec.Struct, frozen=True):
    """Which proposal of the publication in a folder is to be accepted, and how."""

    root: str
    id: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class KeptProposal:
    """A proposal as it is kept; ``content`` is None where it is not kept any more, ``decided`` where nobody has."""

    id: str
    state: State
    made: datetime
    content: Content | None
    address: str = ""
    decided: datetime | None = None
    decision: Decision | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided it, and its author has not taken it back."""
        return self.state in ("waiting", "accepting")


@dataclass(frozen=True, slots=True)
class ProposalStore:
    """The proposals of one publication.

    Attributes:
        folder: the work folder, where their file lies.
    """

    folder: Path

    def add(
        self, content: Content, address: str = "", *, most: int, keep_days: float, secret: str = ""
    ) -> tuple[str, str]:
        """Keep a proposal; return its id, and the secret of its author, which is nowhere kept.

        Args:
            content: what is proposed.
            address: where its author wants an answer.
            most: how many may wait.
            keep_days: how long what has been decided is kept; what is older goes now.
            secret: the author's, where it is known before; the proposal that has it already is this one, come twice.

        Raises:
            QueryLimitError: too many wait already.
            StorageError: the disk does not take it.
        """
        return self.add_all((content,), address, most=most, keep_days=keep_days, secret=secret)[0]

    def add_all(
        self, contents: Sequence[Content], address: str = "", *, most: int, keep_days: float, secret: str = ""
    ) -> list[tuple[str, str]]:
        """Keep several proposals of one author, or none of them; return what ``add`` does, of each.

        Raises:
            As ``add``.
        """
        made = datetime.now(UTC).replace(microsecond=0)
        with self._changing() as table:
            same = table.execute("SELECT id, state FROM proposals WHERE secret = ?", (_hash(secret),)).fetchone()
            if same is not None and same[1] not in ("withdrawn", "erased"):
                return [(str(same[0]), secret)]
            self._forget_old(table, made - timedelta(days=keep_days))
            (waiting,) = table.execute("SELECT count(*) FROM proposals WHERE state = 'waiting'").fetchone()
            counted = sum(each.kind != "removal" for each in contents)
            if counted and waiting + counted > most:
                problem = Sentence("too many proposals wait for an answer already")
                raise QueryLimitError("proposals.most_waiting", most, problem, Sentence("try again in some days"))
            known = secret if same is None else ""
            return [self._added(table, each, address, made, known or secrets.token_urlsafe(24)) for each in contents]

    def _added(
        self, table: sqlite3.Connection, content: Content, address: str, made: datetime, secret: str
    ) -> tuple[str, str]:
        name = self._fresh(table)
        row = (
            name, _hash(secret), "waiting", content.kind == "removal", content.thing, made.isoformat(),
            msgspec.json.encode(content), address or None,
        )  # fmt: skip
        table.execute(
            "INSERT INTO proposals (id, secret, state, is_urgent, thing, made, content, address) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        return name, secret

    def get(self, name: str) -> KeptProposal | None:
        """Return a proposal by its id."""
        return self._one("id = ?", name)

    def of_secret(self, secret: str) -> KeptProposal | None:
        """Return the proposal of whoever knows this secret."""
        return self._one("secret = ?", _hash(secret))

    def queue(self, states: Sequence[State] = ("waiting", "accepting"), page: int = 1) -> list[KeptProposal]:
        """Return a page of the proposals in some states: wishes to be taken out first, then the oldest first."""
        marks = ", ".join("?" * len(states))
        # sorted by the index alone: what ten thousand proposals say would have to be read to sort the rows themselves
        found = f"SELECT number FROM proposals WHERE state IN ({marks}) {IN_ORDER} LIMIT ? OFFSET ?"  # noqa: S608  no values
        with self._reading() as table:
            query = f"SELECT {COLUMNS} FROM proposals WHERE number IN ({found}) {IN_ORDER}"  # noqa: S608  no values
            return [_proposal(row) for row in table.execute(query, (*states, PAGE, PAGE * (page - 1)))]

    def counts(self) -> Mapping[str, int]:
        """Return how many there are in each state."""
        with self._reading() as table:
            return dict(table.execute("SELECT state, count(*) FROM proposals GROUP BY state").fetchall())

    def begin(self, name: str, decision: Decision) -> KeptProposal:
        """Let a proposal be about to be accepted, so that whoever comes after a kill can go on; return it.

        Raises:
            ReleaseError: it does not wait any more.
        """
        return self._move(name, ("waiting",), "accepting", decision)

    def reopen(self, name: str) -> KeptProposal:
        """Let a proposal wait again that could not be accepted."""
        return self._move(name, ("accepting",), "waiting", None)

    def accept(self, name: str, decision: Decision) -> KeptProposal:
        """Let a proposal be accepted: a release has it. The address for the answer goes."""
        return self._move(name, ("accepting", "waiting"), "accepted", decision)

    def decline(self, name: str, decision: Decision) -> KeptProposal:
        """Let a proposal be declined; the address for the answer goes.

        Raises:
            ReleaseError: it does not wait any more.
        """
        return self._move(name, ("waiting",), "declined", decision)

    def withdraw(self, secret: str) -> KeptProposal:
        """Take a proposal back: nothing is kept of what it said.

        Raises:
            ReleaseError: there is none of this secret, or it does not wait any more.
        """
        found = self.of_secret(secret)
        if found is None:
            raise ReleaseError(Sentence("no proposal has this address"))
        return self._move(found.id, ("waiting",), "withdrawn", None)

    def erase(self, is_meant: Callable[[KeptProposal], bool]) -> int:
        """Take away what proposals say that are meant, decided or not; return how many these were.

        What is left of each is that it was, for whoever knows its secret.

        Raises:
            StorageError: the file cannot be read or written.
        """
        if not (self.folder / PROPOSALS_FILE).exists():
            return 0
        now = datetime.now(UTC).replace(microsecond=0).isoformat()
        with self._changing() as table:
            rows = table.execute(f"SELECT {COLUMNS} FROM proposals WHERE state != 'erased'")  # noqa: S608  no values
            gone = [(now, found.id) for found in map(_proposal, rows) if is_meant(found)]
            table.executemany(
                "UPDATE proposals SET state = 'erased', is_urgent = 0, thing = '', content = NULL, address = NULL, "
                "decision = NULL, decided = coalesce(decided, ?) WHERE id = ?",
                gone,
            )
        return len(gone)

    def _move(self, name: str, before: Sequence[State], after: State, decision: Decision | None) -> KeptProposal:
        """Let a proposal be in another state, if it is in one of some; what must not be kept beyond that goes."""
        is_end = after in ("accepted", "declined", "withdrawn")
        decided = datetime.now(UTC).replace(microsecond=0).isoformat() if is_end else None
        encoded = msgspec.json.encode(decision) if decision is not None else None
        gone = ", address = NULL" if is_end else ""
        gone += ", content = NULL, thing = ''" if after == "withdrawn" else ""
        marks = ", ".join("?" * len(before))
        with self._changing() as table:
            done = table.execute(
                f"UPDATE proposals SET state = ?, decided = ?, decision = ?{gone} "  # noqa: S608  no values
                f"WHERE id = ? AND state IN ({marks})",
                (after, decided, encoded, name, *before),
            )
            moved = done.rowcount
        found = self.get(name)
        if found is None:
            raise ReleaseError(Sentence("there is no proposal %(name)s", name=repr(name[:50])), LIST_THEM)
        if not moved:
            raise ReleaseError(
                Sentence("the proposal %(name)s is %(state)s already", name=name, state=Quotation(found.state))
            )
        return found

    def _one(self, where: str, value: str) -> KeptProposal | None:
        with self._reading() as table:
            row = table.execute(f"SELECT {COLUMNS} FROM proposals WHERE {where}", (value,)).fetchone()  # noqa: S608
        return _proposal(row) if row else None

    def _fresh(self, table: sqlite3.Connection) -> str:
        while True:
            name = "".join(secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH))
            if table.execute("SELECT 1 FROM proposals WHERE id = ?", (name,)).fetchone() is None:
                return name

    def _forget_old(self, table: sqlite3.Connection, before: datetime) -> None:
        table.execute("DELETE FROM proposals WHERE decided < ?", (before.isoformat(),))

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """Give the table to be changed: all that the block does is on the disk at its end, or nothing is."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._opened() as table, table:
                table.execute("BEGIN IMMEDIATE")
                yield table
            # What was deleted stands in the log of writes, too, until that begins anew; where the disk is full, the
            # next write does it, since this one is done.
            with contextlib.suppress(sqlite3.Error, OSError), self._opened() as table:
                table.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (sqlite3.Error, OSError) as problem:
            said, cause = Sentence("the proposal could not be kept"), self._cause(problem)
            raise StorageError.of(said, cause, Sentence("try again")) from problem

    def _cause(self, problem: Exception) -> Exception:
        """Return why it could not be done: SQLite calls it an I/O error where its shared memory finds no room."""
        with contextlib.suppress(OSError):
            if isinstance(problem, sqlite3.Error) and shutil.disk_usage(self.folder).free < ROOM:
                return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return problem

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            if not (self.folder / PROPOSALS_FILE).exists():
                with contextlib.closing(sqlite3.connect(":memory:")) as table:
                    table.execute(TABLE)
                    yield table
                return
            with self._opened() as table:
                yield table
        except (sqlite3.Error, OSError) as problem:
            said, cause = Sentence("the proposals cannot be read"), self._cause(problem)
            raise StorageError.of(said, cause, Sentence("try again")) from problem

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        path = self.folder / PROPOSALS_FILE
        if not path.exists():
            # nobody else on the machine may read what people have sent
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as table:
            table.execute("PRAGMA journal_mode = WAL")
            table.execute("PRAGMA synchronous = FULL")
            table.execute("PRAGMA secure_delete = ON")
            table.execute(TABLE)
            table.execute(INDEX)
            yield table


LIST_THEM = Sentence("hamkor proposals list shows them")


def proposals_of(publication: Publication) -> ProposalStore:
    """Return the proposals of a publication."""
    return ProposalStore(publication.root / WORK_FOLDER)


def forget_withheld(publication: Publication, withholding: Withholding) -> None:
    """Take away what proposals say that speak of what is withheld: of a thing, in a value, or in somebody's words.

    Raises:
        StorageError: the file cannot be read or written.
    """
    proposals_of(publication).erase(lambda each: _speaks_of(each, withholding))


def _speaks_of(proposal: KeptProposal, withholding: Withholding) -> bool:
    content, decision = proposal.content, proposal.decision
    texts = [proposal.address, *((decision.words, decision.name) if decision is not None else ())]
    if content is not None:
        texts += [content.label, content.reason, content.source]
        if any(withholding.holds(each) for each in _lines_of(content)):
            return True
    return any(withholding.holds_words(each) for each in texts if each)


def _lines_of(content: Content) -> Iterator[bytes]:
    """Yield all terms of a proposal, in N-Triples syntax."""
    yield f"<{content.thing}>".encode()
    for each in content.changes:
        graphs = " ".join(f"<{graph}>" for graph in each.graphs)
        yield f"<{each.thing}> <{each.predicate}> {each.removed} {each.added} {graphs}".encode()


def _proposal(row: Sequence[object]) -> KeptProposal:
    name, state, made, content, address, decided, decision = row
    return KeptProposal(
        str(name),
        cast("State", state),
        datetime.fromisoformat(str(made)),
        msgspec.json.decode(content, type=Content) if isinstance(content, bytes) else None,
        str(address or ""),
        datetime.fromisoformat(str(decided)) if decided else None,
        msgspec.json.decode(decision, type=Decision) if isinstance(decision, bytes) else None,
    )


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
