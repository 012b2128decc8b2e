"""The query service over an engine of others: a dataset holds the release, a holder's workers ask it, a watch looks.

With two datasets the one that nobody asks is brought to a new release, and then the pointer is moved, which is here the
holder that queries are sent to; queries in flight end on the old one. With one, queries wait meanwhile, or are told to
come back. An engine that is away, or has lost its data, is no reason not to serve pages: queries are told, and it is
taken up again by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from dataclasses import dataclass

import msgspec

from graph.model.errors import (
    EngineAwayError,
    EngineUnavailableError,
    HamkorError,
    Sentence,
    WorkEndedError,
)
from graph.model.publication import WORK_FOLDER, Publication
from graph.query.external.capabilities import EngineCapabilities, Measured
from graph.query.external.dataset_loading import DatasetWriter, LoadedDataset, LoadingOrder, LoadingOutcome
from graph.query.external.engine_exchange import EngineClient
from graph.query.external.external_engine import RemoteDataset
from graph.query.frames import HolderSettings
from graph.query.service import Address, HolderProcess, QueryService
from graph.releases.release import Release

START_SECONDS = 5.0
"""So long is the start of serving held up by a dataset that is brought to the release."""
WATCH_SECONDS, TRY_SECONDS = 5.0, 2.0
LOOK_SECONDS = 0.05
LARGEST_OUTCOME = 1 << 20

log = logging.getLogger("hamkor")


def query_service(publication: Publication) -> QueryService:
    """Return what answers queries: over the release's own store, or in an engine of others."""
    if publication.settings.engine.kind == "sparql":
        return ExternalQueryService(publication)
    return QueryService(publication.settings)


@dataclass
class EngineFigures:
    """What is known of the engine, for metrics.

    Attributes:
        is_up: whether it was there when it was looked at last.
        switches: how often a dataset was taken up.
        seconds: how long that took last.
        changed: how many triples were sent for it.
    """

    is_up: bool = False
    switches: int = 0
    seconds: float = 0.0
    changed: int = 0


def loading_order(publication: Publication, release: Release, serving: str = "") -> LoadingOrder:
    """Return the order to bring a dataset of a publication's engine to a release."""
    settings = publication.settings
    work = publication.root / WORK_FOLDER
    return LoadingOrder(
        release=str(release.folder),
        releases=str(publication.releases_folder),
        locks=str(work),
        datasets=settings.engine.datasets,
        serving=serving,
        agent=f"Hamkor (+{settings.base})",
        seconds=settings.limits.query_seconds + 5.0,
        parent=os.getpid(),
    )


class ExternalQueryService(QueryService):
    """Answers queries over the current release in an engine of others; an async context manager."""

    def __init__(self, publication: Publication) -> None:
        """Prepare a service that holds nothing yet."""
        super().__init__(publication.settings)
        self._publication = publication
        self._loaded: LoadedDataset | None = None
        self._measured: dict[str, Measured] = {}
        self._known: dict[str, EngineCapabilities] = {}
        self._told_of: set[str] = set()
        self._problem = EngineUnavailableError(Sentence("the SPARQL engine is taking up the release"), TRY_SECONDS)
        self._failed: tuple[str, float] = "", float("-inf")
        self.figures = EngineFigures()

    async def start(self, release: Release) -> None:
        """Begin to hold a release; returns when queries can be asked, or when that takes too long to wait for.

        Raises:
            EngineUnavailableError: this machine cannot do it; an engine that is away is none.
        """
        await self._listen()
        beginning = self._later(self._try(release))
        self._later(self._watch())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(beginning), START_SECONDS)

    async def _try(self, release: Release) -> None:
        try:
            await self.replace(release)
        except HamkorError as problem:
            log.warning("queries are not answered: %s", problem)

    async def replace(self, release: Release) -> None:
        """Hold another release instead; returns when queries see it. Queries that run finish on the old one.

        Raises:
            EngineUnavailableError: no dataset takes it. With two, queries go on seeing the old one. It is not tried
                again before some seconds have passed.
        """
        failed, until = self._failed
        if failed == release.id and time.monotonic() < until:
            raise self._problem
        async with self._changing:
            if self.release == release.id:
                return
            try:
                await self._begin(release)
            except HamkorError as problem:
                self._problem = EngineAwayError(problem.sentence, TRY_SECONDS)
                self._failed = release.id, time.monotonic() + TRY_SECONDS
                raise self._problem from problem

    async def _begin(self, release: Release) -> None:
        """Have a dataset with a release, and a holder whose workers ask it."""
        began, serving = time.monotonic(), self._loaded.dataset.url if self._loaded is not None else ""
        if len(self._settings.engine.datasets) == 1:
            await self._release_dataset()
        order = loading_order(self._publication, release, serving)
        outcome = await self._carried_out(msgspec.structs.replace(order, known=self._known))
        assert outcome.loaded is not None  # noqa: S101  that was ordered
        self._known[outcome.loaded.dataset.url] = outcome.loaded.capabilities
        self._loaded = loaded = self._with_bounds(outcome.loaded)
        self._tell(loaded)
        await self._settle(await self._spawn(release, "remote"))
        figures = self.figures
        figures.is_up, figures.switches, figures.changed = True, figures.switches + 1, loaded.changed
        figures.seconds = time.monotonic() - began
        if loaded.dataset.url not in self._measured:
            self._later(self._measure(loaded.dataset))

    async def _release_dataset(self) -> None:
        """Let nobody ask the only dataset any more; returns when the last query on it has ended, or must have."""
        old, self._current = self._current, None
        if old is None:
            return
        self._problem = EngineUnavailableError(Sentence("the SPARQL engine is taking up the release"), TRY_SECONDS)
        end = time.monotonic() + self._settings.limits.query_seconds + 1
        while self.pool.uses(old.socket) and time.monotonic() < end:
            await asyncio.sleep(LOOK_SECONDS)
        await self._dismiss(old)

    def _told(self, held: HolderProcess) -> HolderSettings:
        """Return what a holder is told."""
        assert self._loaded is not None  # noqa: S101  it is known before a holder is
        told = super()._told(held)
        return msgspec.structs.replace(told, calls=True, remote=self._loaded.dataset, lock=self._loaded.lock)

    def _fits(self, release: Release) -> bool:  # noqa: ARG002  the data is elsewhere
        return False

    def _address(self) -> Address:
        if self._current is None and not self._closing:
            raise self._problem
        return super()._address()

    # What is found out

    def _tell(self, loaded: LoadedDataset) -> None:
        """Tell the operator what the engine does, once."""
        for line in loaded.capabilities.lines():
            if (said := f"the SPARQL engine at {loaded.dataset.url}: {line}") not in self._told_of:
                self._told_of.add(said)
                log.warning("%s", said)

    def _with_bounds(self, loaded: LoadedDataset) -> LoadedDataset:
        known = self._measured.get(loaded.dataset.url, Measured())
        dataset = msgspec.structs.replace(loaded.dataset, most_rows=known.most_rows, proven_rows=known.proven_rows)
        return msgspec.structs.replace(loaded, dataset=dataset)

    async def _measure(self, dataset: RemoteDataset) -> None:
        """Find out the engine's bounds, and let workers know them."""
        current = self._current
        if current is None:
            return
        order = loading_order(self._publication, current.release)
        with contextlib.suppress(HamkorError):  # then what is large is counted by the engine, each time
            outcome = await self._carried_out(msgspec.structs.replace(order, measure=dataset))
            assert outcome.measured is not None  # noqa: S101  that was ordered
            self._measured[dataset.url] = outcome.measured
            for line in outcome.measured.lines():
                log.warning("the SPARQL engine at %s: %s", dataset.url, line)
            async with self._changing:
                if self._loaded is not None and self._loaded.dataset.url == dataset.url and self._current is not None:
                    self._loaded = self._with_bounds(self._loaded)
                    await self._settle(await self._spawn(self._current.release, "remote"))

    async def _carried_out(self, order: LoadingOrder) -> LoadingOutcome:
        """Let a process of its own do what is ordered.

        Raises:
            HamkorError: it cannot be done.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "graph.query.external.dataset_loading",
            msgspec.json.encode(order).decode(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            limit=LARGEST_OUTCOME,
        )
        try:
            assert process.stdout is not None  # noqa: S101  it is a pipe
            said = await process.stdout.read()
            await process.wait()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        try:
            outcome = msgspec.json.decode(said, type=LoadingOutcome)
        except msgspec.DecodeError as problem:
            words = Sentence("what loads the SPARQL engine ended with status %(code)s", code=str(process.returncode))
            raise WorkEndedError(words) from problem
        if outcome.failure is not None:
            raise outcome.failure.error()
        return outcome

    # The watch

    async def _watch(self) -> None:
        """Look every few seconds whether the engine is there and still has what it was given."""
        while not self._closing:
            await asyncio.sleep(WATCH_SECONDS)
            held, loaded = self._current, self._loaded
            if held is None or loaded is None:
                continue
            try:
                is_whole = await asyncio.to_thread(self._holds, loaded)
                self.figures.is_up = True
            except HamkorError:
                self.figures.is_up = False
                continue
            if not is_whole and self._current is held and not self._changing.locked():
                log.warning("the SPARQL engine at %s has lost the release; it is given anew", loaded.dataset.url)
                self._problem = EngineAwayError(
                    Sentence("the SPARQL engine has lost the release and is given it anew"), TRY_SECONDS
                )
                self._known.clear()  # it may be another engine by now
                self._current = None  # whoever follows ``current`` sees that nothing is held, and has it taken up
                self._later(self._retire(held))

    def _holds(self, loaded: LoadedDataset) -> bool:
        """Whether a dataset says that it holds what it was given."""
        datasets = self._settings.engine.datasets
        place = next(each for each in datasets if each.url == loaded.dataset.url)
        client = EngineClient(f"Hamkor (+{self._settings.base})")
        try:
            marker = DatasetWriter(place, client, seconds=WATCH_SECONDS).marker()
        finally:
            client.close()
        return (marker.release, marker.token) == (loaded.dataset.release, loaded.dataset.token)
