"""What a publication withholds, asked of each triple before it gets anywhere; and the older releases that hold it."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b, sha256
from itertools import chain
from pathlib import Path
from urllib.parse import urljoin

import msgspec

from graph.model.errors import Quotation, ReleaseError, Sentence, SettingError, WriteRefusedError
from graph.model.publication import SUPPRESSION_FILE, Publication
from graph.query.saved_queries import forget
from graph.releases.graph_files import read_member
from graph.releases.history import PURGED_FILE, Purged
from graph.releases.manifest import GraphEntry, read_manifest
from graph.releases.own_iris import GONE_FILE, Gone
from graph.releases.release import ASIDE, ReleasesFolder, is_held
from graph.sources.batches import Chunk
from graph.withholding.removal_request import decoded, mails, numbers, readings, sizes_of, windows, words

# The list of what must never come back, as salted hashes: it cannot be read, only asked.
#
# It lies beside ``hamkor.toml`` rather than among the releases, since those can be made anew from the sources and this
# cannot. Whoever has the file and a name can ask whether that name is in it, so the file is for its owner only.

HASH_SIZE = 16
SALT_BYTES = 32


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: the key of the hashes, how many words the names have, the hashes."""

    salt: str
    sizes: tuple[int, ...]
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Suppression:
    """Hashes of IRIs, names, telephone numbers and addresses of mail."""

    salt: bytes
    sizes: frozenset[int]
    hashes: frozenset[bytes]

    def __bool__(self) -> bool:
        """Whether anything is suppressed."""
        return bool(self.hashes)

    def _hash(self, kind: str, text: str) -> bytes:
        return blake2b(f"{kind} {text}".encode(), key=self.salt, digest_size=HASH_SIZE).digest()

    def lists(self, iri: str) -> bool:
        """Whether this very IRI is suppressed."""
        return self._hash("iri", iri) in self.hashes

    def holds_iri(self, iri: str) -> bool:
        """Whether an IRI is suppressed, or bears a name, a number or an address that is."""
        return self.lists(iri) or self.holds_text(decoded(iri))

    def holds_text(self, text: str) -> bool:
        """Whether a name, a number or an address of mail that is suppressed stands in a text."""
        return any(self._hash(kind, each) in self.hashes for kind, each in self._facts(text))

    def _facts(self, text: str) -> Iterator[tuple[str, str]]:
        if self.sizes:
            found = words(text)
            for size in self.sizes:
                yield from (("name", each) for each in windows(found, size))
        yield from (("number", each) for each in numbers(text))
        yield from (("mail", each) for each in mails(text))

    def extended(self, iris: Iterable[str], names: Iterable[str], contacts: Iterable[str]) -> Suppression:
        """Return it with more: IRIs, names, and texts with telephone numbers and addresses of mail."""
        read, texts = {each for name in names if "@" not in name for each in readings(name)}, tuple(contacts)
        fresh = {self._hash("iri", each) for each in iris} | {self._hash("name", each) for each in read}
        fresh |= {self._hash("number", each) for text in texts for each in numbers(text)}
        fresh |= {self._hash("mail", each) for text in texts for each in mails(text)}
        return Suppression(self.salt, self.sizes | sizes_of(read), self.hashes | fresh)

    def write(self, path: Path) -> None:
        """Write the file, for its owner only."""
        stored = Stored(self.salt.hex(), tuple(sorted(self.sizes)), tuple(sorted(each.hex() for each in self.hashes)))
        fresh = path.with_name(f"{path.name}.fresh")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(stored), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def settle(publication: Publication) -> None:
    """Move the list that the current release was made with to its place; the one writer's part.

    A list becomes everybody's together with the release that was made with it, by the move of one link: so it lies in
    that release first. A writer that is killed before it has been moved on leaves that to the next one.

    Raises:
        ReleaseError: it cannot be moved.
    """
    brought, place = publication.brought_list, publication.root / SUPPRESSION_FILE
    if not brought.exists():
        return
    try:
        _moved(brought.resolve(), place)
    except OSError as problem:
        raise ReleaseError(
            Sentence("%(name)s cannot be written: %(words)s", name=place, words=Quotation(problem.strerror))
        ) from problem


def _moved(file: Path, place: Path) -> None:
    try:
        file.replace(place)
    except OSError as problem:
        if problem.errno != errno.EXDEV:
            raise
        fresh = place.with_name(f"{place.name}.fresh")  # the releases are on a disk of their own
        shutil.copy2(file, fresh)
        fresh.replace(place)
        file.unlink()


def read_suppression(*paths: Path) -> Suppression:
    """Return what the first of some files that is there says; an empty list with a new salt where none is.

    Raises:
        SettingError: it cannot be read: nothing may be published as long as nobody knows what must not.
    """
    for path in paths:
        try:
            stored = msgspec.json.decode(path.read_bytes(), type=Stored)
            hashes = frozenset(bytes.fromhex(each) for each in stored.hashes)
            return Suppression(bytes.fromhex(stored.salt), frozenset(stored.sizes), hashes)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as problem:
            raise SettingError(
                path.name, Sentence("the list of what is withheld cannot be read: %(words)s", words=problem)
            ) from problem
    return Suppression(secrets.token_bytes(SALT_BYTES), frozenset(), frozenset())


# Which things a release would speak of, were they not withheld: hashes of their IRIs, so that these answer 410.
#
# One file a release, sorted, with a salt of its own; it is served to nobody.

TRACES_FILE = "withheld.bin"
REVISED_FILE = "revised.txt"
SALT, MARK, TRACE_SIZE = 16, 32, 16


def hashed(iri: str, salt: bytes) -> bytes:
    """Return the hash of an IRI."""
    return blake2b(iri.encode(), key=salt, digest_size=TRACE_SIZE).digest()


@dataclass
class Traces:
    """The hashes while a release is made.

    Attributes:
        mark: the fingerprint of what is withheld (``Withholding.mark``).
        triples: how many triples have been withheld.
    """

    mark: bytes
    triples: int = 0
    _salt: bytes = field(default_factory=lambda: secrets.token_bytes(SALT))
    _hashes: set[bytes] = field(default_factory=set)

    @classmethod
    def of(cls, mark: bytes, iris: Iterable[str]) -> Traces:
        """Return traces of what is withheld by its IRI, before anything has been read."""
        traces = cls(mark)
        for each in iris:
            traces.add(each)
        return traces

    def add(self, iri: str) -> None:
        """Note a thing."""
        self._hashes.add(hashed(iri, self._salt))

    def write(self, folder: Path) -> None:
        """Write them into a release's folder."""
        (folder / TRACES_FILE).write_bytes(self.mark + self._salt + b"".join(sorted(self._hashes)))


@dataclass(frozen=True)
class TracesFile:
    """The hashes of a release."""

    content: bytes

    @property
    def mark(self) -> bytes:
        """The fingerprint of what was withheld when the release was made; empty where nothing was."""
        return self.content[:MARK]

    def __contains__(self, iri: str) -> bool:
        """Whether an IRI was withheld."""
        wanted, start = hashed(iri, self.content[MARK : MARK + SALT]), MARK + SALT
        low, high = 0, (len(self.content) - start) // TRACE_SIZE
        while low < high:
            middle = (low + high) // 2
            found = self.content[start + middle * TRACE_SIZE : start + (middle + 1) * TRACE_SIZE]
            if found == wanted:
                return True
            low, high = (middle + 1, high) if found < wanted else (low, middle)
        return False


def hand_on(parent: Path, folder: Path) -> None:
    """Let a release that was made of another one have its traces: nothing withheld has come or gone.

    It is marked as made of another: its store may still hold, out of anybody's reach, what the other one held.
    """
    (folder / REVISED_FILE).write_text(f"{parent.name}\n", encoding="utf-8")
    if (parent / TRACES_FILE).exists():
        os.link(parent / TRACES_FILE, folder / TRACES_FILE)


def read_traces(folder: Path) -> TracesFile:
    """Return what was withheld from the release in ``folder``."""
    path = folder / TRACES_FILE
    return TracesFile(path.read_bytes() if path.exists() else b"")


# What a publication withholds, asked of each triple before it gets anywhere: settings and suppression list together.
#
# A withheld graph is left out whole. Of a withheld thing every triple is left out in which it stands; of a name or a
# number, every triple in whose texts or IRIs that stands, whoever wrote it.

TERM = re.compile(rb'<([^<>"]*)>|"((?:[^"\\]|\\.)*)"')
ESCAPED = re.compile(r"\\(.)")
CODEPOINT = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"»”]+")
"""What may be an IRI in somebody's words."""
IRI, BASE = re.compile(r"<([^<>\s]*)>"), re.compile(r"\bBASE\s*<([^<>\s]*)>", re.I)
DECLARED = re.compile(r"\bPREFIX\s*([^\s:<>]*):\s*<([^<>\s]*)>", re.I)
PREFIXED = re.compile(r"((?<![\w.-])[\w.-]*):((?:[\w.:%-]|\\.)*)")
REMEMBERED = 100_000


@dataclass(frozen=True)
class Withholding:
    """What is withheld.

    Attributes:
        base: the publication's base.
        graphs: IRIs of graphs.
        iris: IRIs of things that the settings name.
        suppression: what ``hamkor withhold`` has added.
    """

    base: str
    graphs: frozenset[str]
    iris: frozenset[str]
    suppression: Suppression
    _known: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    def __bool__(self) -> bool:
        """Whether anything is withheld."""
        return bool(self.graphs or self.iris or self.suppression)

    @cached_property
    def mark(self) -> bytes:
        """The fingerprint of all this; empty where nothing is withheld."""
        if not self:
            return b""
        parts = [*sorted(self.graphs), "", *sorted(self.iris), "", *sorted(e.hex() for e in self.suppression.hashes)]
        return sha256("\n".join(parts).encode()).digest()

    def withholds(self, iri: str) -> bool:
        """Whether an IRI is withheld, as a graph or as a thing, or bears a name that is."""
        if iri not in self._known:
            if len(self._known) > REMEMBERED:
                self._known.clear()
            listed = iri in self.iris or iri in self.graphs
            self._known[iri] = listed or (bool(self.suppression) and self.suppression.holds_iri(iri))
        return self._known[iri]

    def holds(self, line: bytes) -> bool:
        """Whether a line of N-Triples speaks of what is withheld."""
        for iri, text in TERM.findall(line):
            if iri:
                if self.withholds(iri.decode()):
                    return True
            elif text and self.suppression and self.suppression.holds_text(ESCAPED.sub(" ", text.decode())):
                return True
        return False

    def holds_words(self, text: str) -> bool:
        """Whether what somebody wrote in their own words speaks of what is withheld, by a name or by an IRI."""
        if self.suppression and self.suppression.holds_text(decoded(text)):
            return True
        return any(self.withholds(each.rstrip(".,;:!?)]'")) for each in ADDRESS.findall(text))

    def passed(self, chunks: Iterable[Chunk], traces: Traces) -> Iterator[Chunk]:
        """Yield what may be published, and note the things below the base that may not."""
        for chunk in chunks:
            if not self:
                yield chunk
            elif self.withholds(chunk.graph):
                self._note(chunk.lines(), traces)
                traces.triples += len(chunk.lines())
            else:
                yield from self._kept(chunk, traces)

    def _kept(self, chunk: Chunk, traces: Traces) -> Iterator[Chunk]:
        lines = chunk.lines()
        held = {line for line in lines if self.holds(line)}
        if not held:
            yield chunk
            return
        self._note((line for line in held if self.withholds(_subject(line))), traces)
        traces.triples += len(held)
        if left := [line for line in lines if line not in held]:
            yield Chunk(chunk.graph, b"\n".join(left) + b"\n")

    def _note(self, lines: Iterable[bytes], traces: Traces) -> None:
        for line in lines:
            subject = _subject(line)
            if subject.startswith(self.base):
                traces.add(subject)

    def holds_query(self, text: str) -> bool:
        """Whether a query speaks of what is withheld: in its texts, its IRIs, or its prefixed names."""
        plain = CODEPOINT.sub(lambda found: chr(min(int(found[1] or found[2], 16), sys.maxunicode)), text)
        if self.suppression and self.suppression.holds_text(decoded(ESCAPED.sub(" ", plain))):
            return True
        prefixes = dict(DECLARED.findall(plain))
        base = next(iter(BASE.findall(plain)), f"{self.base}sparql")
        found = ((prefix, local) for prefix, local in PREFIXED.findall(plain) if prefix in prefixes)
        names = (prefixes[prefix] + ESCAPED.sub(r"\1", local) for prefix, local in found)
        return any(self.withholds(_resolved(base, each)) for each in chain(IRI.findall(plain), names))

    def refuse(self, graph: str, lines: Iterable[bytes]) -> None:
        """Make sure that nothing withheld is written.

        Raises:
            WriteRefusedError: it is; the message does not say what.
        """
        if self and (self.withholds(graph) or any(self.holds(line) for line in lines)):
            raise WriteRefusedError(graph, "withheld", Sentence("ask the publisher"))


def _subject(line: bytes) -> str:
    return line[1 : line.find(b">")].decode()


def _resolved(base: str, iri: str) -> str:
    try:
        return urljoin(base, iri)
    except ValueError:
        return iri


def withholding_of(publication: Publication) -> Withholding:
    """Return what a publication withholds.

    Raises:
        SettingError: the suppression list cannot be read.
    """
    privacy = publication.settings.privacy
    graphs = (name if ":" in name else publication.graph(name) for name in privacy.withhold_graphs)
    suppression = read_suppression(*publication.suppression_files)
    return Withholding(publication.base, frozenset(graphs), frozenset(privacy.withhold), suppression)


# Older releases that hold what is withheld now, or may: they are removed whole, and their ids are remembered.
#
# Queries that are kept and speak of it go, too.
#
# They are not rewritten: a release is known by its digest and never changes, and one that had changed in silence would
# be a lie to whoever cites it. An id that was removed answers that it was. Releases that hold nothing of it stay.

WAIT_SECONDS, LOOK_SECONDS = 3.0, 0.1
CLEARED_FILE = ".cleared.json"
FREE, HOLDS, DOUBTFUL = "", "holds", "doubtful"
"""What may be found of a release."""


class Cleared(msgspec.Struct):
    """Releases that have been looked through, and for what.

    Attributes:
        mark: the fingerprint of what is withheld.
        releases: ids of those that hold nothing of it.
    """

    mark: str = ""
    releases: list[str] = []


@dataclass(frozen=True, slots=True)
class Judged:
    """Which releases have to go, oldest first.

    Attributes:
        holding: ids of those that hold what is withheld.
        doubtful: ids of those of which nobody can show that they are free of it: they were made of another one that
            held it or is not here any more, so that deleted rows may lie in their stores, or they cannot be read.
    """

    holding: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """All of them, oldest first."""
        return tuple(sorted((*self.holding, *self.doubtful)))


def judged(releases: ReleasesFolder, withholding: Withholding) -> Judged:
    """Return which releases would have to go, the current one among them; nothing is written."""
    if not withholding:
        return Judged()
    return _Judgement(releases, withholding, frozenset()).of(_all(releases))


def purge(
    releases: ReleasesFolder, withholding: Withholding, forget_beside: Callable[[Withholding], object] = lambda _: None
) -> Judged:
    """Remove every release but the current one that holds what is withheld, or may; return which these were.

    Kept queries that speak of it go the first time, and so does what ``forget_beside`` takes away, which is what parts
    keep beside the releases. It is for the one writer, who holds ``releases.writing()``. A
    running service leaves a release within a second of its no longer being current; for that it is waited a moment, and
    then no longer: what is open stays readable to who has it open (POSIX unlink), and to nobody else.
    """
    if not withholding:
        return Judged()
    if not is_purged(releases, withholding):
        forget(releases.path.parent, withholding.holds_query)
        forget_beside(withholding)
    cleared = _cleared(releases, withholding)
    current = releases.current()
    others = [each for each in _all(releases) if current is None or each != current.name]
    found = _Judgement(releases, withholding, frozenset(cleared.releases)).of(others)
    if found.all:
        _wait(releases, found.all)
        _remember(releases, found.all)
    for each in found.all:
        releases.remove(each)
    is_clean = current is not None and read_traces(current).mark == withholding.mark
    cleared.releases = [each for each in releases.ids() if is_clean or current is None or each != current.name]
    _write_cleared(releases, cleared)
    return found


def _all(releases: ReleasesFolder) -> tuple[str, ...]:
    """Return the names of all releases, also of what was set aside when they were recovered."""
    aside = (each.name for each in releases.path.glob(f"{ASIDE}*") if each.is_dir())
    return *releases.ids(), *sorted(aside)


def is_purged(releases: ReleasesFolder, withholding: Withholding) -> bool:
    """Whether the releases have been looked through for all that is withheld now: a killed writer may have not."""
    return not withholding or _looked_through(releases).mark == withholding.mark.hex()


@dataclass
class _Judgement:
    """Which releases have to go; asked from the oldest to the newest."""

    releases: ReleasesFolder
    withholding: Withholding
    cleared: frozenset[str]
    _known: dict[str, bool] = field(default_factory=dict)
    _members: dict[str, bool] = field(default_factory=dict)

    def of(self, ids: Iterable[str]) -> Judged:
        """Return which of some releases hold what is withheld, and which may."""
        found = {each: self._judge(each) for each in ids}
        return Judged(
            tuple(each for each, verdict in found.items() if verdict == HOLDS),
            tuple(each for each, verdict in found.items() if verdict == DOUBTFUL),
        )

    def _judge(self, release_id: str) -> str:
        folder = self.releases.path / release_id
        if release_id in self.cleared or read_traces(folder).mark == self.withholding.mark:
            verdict = FREE
        else:
            verdict = self._held(folder) or (DOUBTFUL if self._descends(folder) else FREE)
        self._known[release_id] = verdict != FREE
        return verdict

    def _descends(self, folder: Path) -> bool:
        """Deleted rows stay in the files of a store, out of reach, until it merges them."""
        path = folder / REVISED_FILE
        return path.exists() and self._known.get(path.read_text(encoding="utf-8").strip(), True)

    def _held(self, folder: Path) -> str:
        try:
            holds = any(self._member_holds(folder, each) for each in read_manifest(folder).graphs)
        except ReleaseError:
            return DOUBTFUL  # nobody knows what it holds
        return HOLDS if holds or _names_withheld(folder, self.withholding) else FREE

    def _member_holds(self, folder: Path, entry: GraphEntry) -> bool:
        """Equal members are read once."""
        if entry.sha256 not in self._members:
            chunks = read_member(folder / entry.file, entry.iri)
            self._members[entry.sha256] = self.withholding.withholds(entry.iri) or any(
                self.withholding.holds(line) for chunk in chunks for line in chunk.lines()
            )
        return self._members[entry.sha256]


def _names_withheld(folder: Path, withholding: Withholding) -> bool:
    """Whether a release names what is withheld among what was gone when it was made."""
    return any(withholding.withholds(iri.decode()) for iri, _ in Gone.read(folder / GONE_FILE).rows())


def _wait(releases: ReleasesFolder, found: Iterable[str]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end and any(is_held(releases.path / each) for each in found):
        time.sleep(LOOK_SECONDS)


def _remember(releases: ReleasesFolder, found: Iterable[str]) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with (releases.path / PURGED_FILE).open("ab") as log:
        log.writelines(_lines(Purged(now, each) for each in found))


def _lines(found: Iterable[Purged]) -> Iterable[bytes]:
    return (msgspec.json.encode(each) + b"\n" for each in found)


def _cleared(releases: ReleasesFolder, withholding: Withholding) -> Cleared:
    """Return which releases need not be looked through again."""
    known, mark = _looked_through(releases), withholding.mark.hex()
    return known if known.mark == mark else Cleared(mark)


def _looked_through(releases: ReleasesFolder) -> Cleared:
    try:
        return msgspec.json.decode((releases.path / CLEARED_FILE).read_bytes(), type=Cleared)
    except (OSError, msgspec.DecodeError):
        return Cleared()


def _write_cleared(releases: ReleasesFolder, cleared: Cleared) -> None:
    path = releases.path / CLEARED_FILE
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.write_bytes(msgspec.json.encode(cleared))
    fresh.replace(path)
