"""What others keep, harvested: what is due, through the gate that contributions go through, and what came of it.

``python -m graph.parts.harvest.harvesting FOLDER`` is the process beside the service that does it by itself. What fails
leaves the graph as it is and is told. Nothing of this happens in a request.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import TextIOWrapper
from pathlib import Path
from random import uniform
from typing import Any

import msgspec

from graph.model.contributors import Contributor
from graph.model.errors import (
    NO_WORDS,
    BusyError,
    HamkorError,
    HarvestError,
    Quotation,
    Said,
    Sentence,
    SettingError,
    StorageError,
    WriteRefusedError,
    packed,
    unpacked,
)
from graph.model.processes import Bounds, HeldFolder, end_with_parent, run
from graph.model.publication import UPLOADS_FOLDER, WORK_FOLDER, Publication, open_publication
from graph.model.settings import HarvestSettings, harvested_graph
from graph.parts.contribution.contributed_document import Contribution, Outcome, SentDocument
from graph.parts.harvest.fetching import FetchedDocument, FetchRequest, check_whole, construct_of, fetch
from graph.pipeline.steps import on_disk
from graph.releases.release import current_release

STATE_FILE, LOCK_FILE = "harvest.json", ".harvest.lock"
JITTER = 0.1
"""By so much of its time at most is each put off, so that not all publications of the world ask at midnight."""
FIRST_RETRY, LAST_RETRY = 60.0, 86_400.0
LOOK_SECONDS = 30.0
LOCK_SECONDS = 0.1
CONTRIBUTOR = "harvest-"
"""Beginning of the ids of those who are in the provenance of what is harvested; no token has such a one."""
QUERY_FILES = (".rq", ".sparql")
WORK = "graph.parts.contribution.work:contribute"

log = logging.getLogger("hamkor.harvest")


class HarvestState(msgspec.Struct, frozen=True):
    """What is known of one source since it was asked last.

    Attributes:
        source: digest of what the settings said then.
        etag: of the document, as its server gave it; so is last_modified.
        last_modified: when it was changed.
        digest: of the graph that was made of it.
        asked: when it was asked last.
        had: when that came to something last, unchanged or not.
        changed: when a release was made of it last.
        due: when it is to be asked again.
        failures: how often in succession it came to nothing.
        problem: why, as ``graph.model.errors.packed`` writes it; None where nothing is wrong.
        is_private: whether only the operator is to know why.
    """

    source: str = ""
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    asked: datetime | None = None
    had: datetime | None = None
    changed: datetime | None = None
    due: datetime | None = None
    failures: int = 0
    problem: Any = None
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class HarvestedSource:
    """A source, the graph that it fills, and how it stands.

    Attributes:
        graph: IRI of the graph.
        settings: what ``hamkor.toml`` says of it.
        state: what is known of it.
    """

    graph: str
    settings: HarvestSettings
    state: HarvestState = field(default_factory=HarvestState)

    @property
    def source(self) -> str:
        """A digest of what the settings say: another address or query is another source."""
        said = (self.settings.address, self.settings.query, self.settings.format)
        return sha256(msgspec.json.encode(said)).hexdigest()[:16]

    @property
    def problem(self) -> Said:
        """Why it came to nothing the last time, or nothing."""
        said: Said = unpacked(self.state.problem) if self.state.problem else NO_WORDS
        return said

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be asked: its time has come, it never was, or the settings have changed."""
        return self.state.due is None or self.state.due <= now or self.state.source != self.source


@dataclass(frozen=True, slots=True)
class Harvested:
    """What came of asking one.

    Attributes:
        harvest: how it stands now.
        release: the release that was made of it, or empty where nothing has changed.
    """

    harvest: HarvestedSource
    release: str = ""


def harvests(publication: Publication) -> tuple[HarvestedSource, ...]:
    """Return what the settings name, in their order, with how each stands; a copy has what its publisher has fetched.

    Raises:
        StorageError: the state cannot be read.
    """
    if not publication.settings.harvest or publication.origin is not None:
        return ()
    states, base = _states(publication), publication.base
    pairs = ((harvested_graph(base, each), each) for each in publication.settings.harvest)
    return tuple(HarvestedSource(graph, each, states.get(graph, HarvestState())) for graph, each in pairs)


def harvest(publication: Publication, graph: str, patience: float = 0.0) -> Harvested:
    """Ask for one source now, whether or not it is due; what came of it, failures too, is in what is returned.

    Args:
        publication: whose settings name it.
        graph: the graph that it fills.
        patience: seconds to wait while another process harvests.

    Raises:
        SettingError: the settings name no such source.
        BusyError: another process harvests, or makes a release.
        StorageError: what came of it cannot be written down.
    """
    with _turn(publication, patience):
        found = next((each for each in harvests(publication) if each.graph == graph), None)
        if found is None:
            problem = Sentence("no source to harvest fills the graph <%(graph)s>", graph=graph)
            raise SettingError("hamkor.toml", problem)
        now = datetime.now(UTC).replace(microsecond=0)
        try:
            with on_disk():
                state, release = _had(publication, found, now)
        except BusyError:  # that says nothing of the source, which is left alone for a while all the same
            later = now + timedelta(seconds=FIRST_RETRY)
            _write(publication, found.graph, msgspec.structs.replace(_known(found), due=later))
            raise
        except HamkorError as problem:
            state, release = _failed(found, problem, now), ""
        _write(publication, found.graph, state)
        return Harvested(HarvestedSource(found.graph, found.settings, state), release)


def _had(publication: Publication, found: HarvestedSource, now: datetime) -> tuple[HarvestState, str]:
    """Fetch a source and publish what it says; return how it stands, and the release where there is a new one."""
    uploads = publication.root / UPLOADS_FOLDER
    uploads.mkdir(parents=True, exist_ok=True)
    with HeldFolder(uploads) as folder:
        path, known = folder / "document", _is_as_it_was(publication, found)
        request = _request(publication, found, is_known=known)
        fetched = fetch(request, path)
        if (query := construct_of(request.query)) is not None:
            check_whole(request, query, folder / "solutions")
        release, digest = "", found.state.digest
        if fetched.is_new:
            outcome = _published(publication, found, fetched, path)
            release, digest = outcome.release if outcome.changed else "", _digest(publication, found.graph)
    due = now + timedelta(seconds=found.settings.seconds * uniform(1, 1 + JITTER))  # noqa: S311  no secret
    changed = now if release else found.state.changed
    return HarvestState(
        found.source, fetched.etag, fetched.last_modified, digest, asked=now, had=now, changed=changed, due=due
    ), release


def _failed(found: HarvestedSource, problem: HamkorError, now: datetime) -> HarvestState:
    """Return how a source stands that came to nothing: it is asked again later and later, and what is known stays."""
    failures = found.state.failures + 1
    pause = min(FIRST_RETRY * 2.0 ** min(failures - 1, 20), found.settings.seconds, LAST_RETRY)
    wished = problem.retry_seconds if isinstance(problem, HarvestError) else 0.0
    due = now + timedelta(seconds=max(pause * uniform(1, 1 + JITTER), wished))  # noqa: S311  no secret
    # of another source nothing is known, but that the graph is still the one of the source before
    known = (
        found.state if found.state.source == found.source else HarvestState(found.source, changed=found.state.changed)
    )
    # that it holds something withheld would tell everybody what is withheld: the document is there for all to compare
    is_private = isinstance(problem, WriteRefusedError)
    return msgspec.structs.replace(
        known, asked=now, due=due, failures=failures, problem=packed(problem.sentence), is_private=is_private
    )


def _known(found: HarvestedSource) -> HarvestState:
    """Return what is known of a source; of another than it was before, when its graph was changed."""
    is_same = found.state.source == found.source
    return found.state if is_same else HarvestState(found.source, changed=found.state.changed)


def _is_as_it_was(publication: Publication, found: HarvestedSource) -> bool:
    """Whether the graph is still what was made of the source: only then may that answer that nothing has changed."""
    state = found.state
    return bool(state.digest) and state.source == found.source and _digest(publication, found.graph) == state.digest


def _digest(publication: Publication, graph: str) -> str:
    with suppress(HamkorError):
        return current_release(publication).entry(graph).digest
    return ""


def _request(publication: Publication, found: HarvestedSource, *, is_known: bool) -> FetchRequest:
    limits, settings, state = publication.settings.limits, found.settings, found.state
    return FetchRequest(
        address=settings.address,
        query=_query(publication, settings) if settings.sparql else "",
        form=settings.format,
        etag=state.etag if is_known else "",
        last_modified=state.last_modified if is_known else "",
        seconds=limits.upload_seconds,
        most_mb=limits.upload_mb,
        agent=f"Hamkor (+{publication.base})",
        allow_private=settings.allow_private,
    )


def _query(publication: Publication, settings: HarvestSettings) -> str:
    """Return the query of an endpoint, which has to be a CONSTRUCT."""
    text = settings.query
    if text.endswith(QUERY_FILES) and "\n" not in text and "{" not in text:
        try:
            text = (publication.root / text).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as problem:
            words = Quotation(getattr(problem, "strerror", None) or "no UTF-8")
            said = Sentence("the query %(file)s cannot be read: %(words)s", file=settings.query, words=words)
            raise HarvestError(said) from problem
    if construct_of(text) is None:
        said = Sentence("its query is no CONSTRUCT: only of such an answer can be told whether it is whole")
        raise HarvestError(said, Sentence("write a CONSTRUCT"))
    return text


def _published(publication: Publication, found: HarvestedSource, fetched: FetchedDocument, path: Path) -> Outcome:
    """Publish a document as a contributor's PUT is, in a process of its own that may call nobody."""
    limits, address = publication.settings.limits, found.settings.address
    now, own = datetime.now(UTC), sha256(found.graph.encode()).hexdigest()[:12]
    who = Contributor(f"{CONTRIBUTOR}{own}", address, address, (found.graph,), now, now, source=address)
    # an answer of an endpoint has no relative IRIs of its own: they are the graph's
    base = "" if found.settings.sparql else fetched.address
    document = SentDocument(str(path), fetched.form, address, base)
    report = str(path.with_name("report.json"))
    contribution = Contribution(str(publication.root), "put", found.graph, (document,), report, "json", contributor=who)
    outcome = run(WORK, contribution, Outcome, Bounds(limits.upload_seconds, limits.upload_memory_mb))
    if not outcome.report.conforms:
        first = next((each for each in outcome.report.shown if each.severity == "Violation"), None)
        words = (
            ""
            if first is None
            else f"{first.focus}: {first.messages.get('en', next(iter(first.messages.values()), ''))}"
        )
        said = Sentence(
            "it violates the shapes; violations: %(count)s, the first: %(words)s",
            count=outcome.report.violations,
            words=Quotation(words),
        )
        raise HarvestError(said)
    return outcome


@contextmanager
def _turn(publication: Publication, patience: float) -> Iterator[None]:
    """Be the one process that harvests."""
    try:
        (publication.root / WORK_FOLDER).mkdir(parents=True, exist_ok=True)
        lock = (publication.root / WORK_FOLDER / LOCK_FILE).open("w")
    except OSError as problem:
        raise StorageError.of(Sentence("%(name)s cannot be written", name=LOCK_FILE), problem) from problem
    with lock:
        until = time.monotonic() + patience
        while not _is_locked(lock):
            if time.monotonic() >= until:
                raise BusyError(Sentence("another process is harvesting"), Sentence("wait until it is done"))
            time.sleep(LOCK_SECONDS)
        yield


def _is_locked(lock: TextIOWrapper) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _states(publication: Publication) -> Mapping[str, HarvestState]:
    """Return what is known, by graph; of a file that nobody can read, nothing: then everything is asked anew."""
    try:
        text = (publication.root / WORK_FOLDER / STATE_FILE).read_bytes()
        return msgspec.json.decode(text, type=dict[str, HarvestState])
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise StorageError.of(Sentence("%(name)s cannot be read", name=STATE_FILE), problem) from problem
    except msgspec.DecodeError:
        log.warning("%s cannot be read; every source is asked anew", STATE_FILE)
        return {}


def _write(publication: Publication, graph: str, state: HarvestState) -> None:
    """Replace the file in one step; what the settings name no longer goes."""
    named = {harvested_graph(publication.base, each) for each in publication.settings.harvest}
    states = {iri: each for iri, each in _states(publication).items() if iri in named} | {graph: state}
    folder = publication.root / WORK_FOLDER
    name = ""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{STATE_FILE}-", dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(states), indent=1) + b"\n")
        Path(name).replace(folder / STATE_FILE)
    except OSError as problem:
        if name:
            Path(name).unlink(missing_ok=True)
        raise StorageError.of(Sentence("%(name)s cannot be written", name=STATE_FILE), problem) from problem


# The process beside the service: it asks for what is due, one source at a time, and sleeps until the next is.


def keep_harvesting(publication: Publication) -> None:
    """HarvestedSource what is due, again and again, until the process is ended."""
    while True:
        now = datetime.now(UTC)
        for each in harvests(publication):
            if each.is_due(now):
                _told(publication, each)
        left = [each.state.due for each in harvests(publication) if each.state.due is not None]
        next_due = min(((due - datetime.now(UTC)).total_seconds() for due in left), default=LOOK_SECONDS)
        time.sleep(min(max(next_due, 1.0), LOOK_SECONDS))


def _told(publication: Publication, due: HarvestedSource) -> None:
    try:
        came = harvest(publication, due.graph, publication.settings.limits.queue_seconds)
    except HamkorError as problem:
        log.warning("harvest of <%s>: %s", due.graph, problem)
        return
    if came.harvest.problem:
        log.warning("harvest of <%s>: %s", due.graph, came.harvest.problem)
    elif came.release:
        log.info("harvest of <%s>: release %s", due.graph, came.release)


def main(folder: str) -> int:
    """HarvestedSource beside the service whose process has started this one; return the exit status."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)  # it ends at once: a write is done whole or not at all
    end_with_parent(os.getppid())
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    log.setLevel(logging.INFO)
    try:
        keep_harvesting(open_publication(Path(folder)))
    except HamkorError as problem:
        sys.stderr.write(f"hamkor: harvest: {problem}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
