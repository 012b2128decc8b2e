"""What is being served: the current release, opened, and older ones that pages ask for, each while somebody does."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import re
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pyoxigraph as ox
from flask import current_app, g, has_request_context, request

from endpoint.urls import Urls, is_versioned, own_address
from graph.export.documents import Context, prefixes, read_context
from graph.model.description import is_described, too_much
from graph.model.errors import HamkorError, ReleaseError, Sentence, SettingError
from graph.model.publication import Publication
from graph.model.rdf_terms import COMPUTED_GRAPHS, ONTOLOGY_GRAPH
from graph.query.embedded import EmbeddedEngine
from graph.query.engine import Engine
from graph.query.saved_queries import ExampleQuery, read_examples
from graph.releases.history import History
from graph.releases.manifest import MANIFEST_FILE, GraphEntry
from graph.releases.own_iris import FRAGMENTS_FILE, GONE_FILE, Fragments, Gone, stated_in
from graph.releases.release import Release, ReleasesFolder, open_release
from graph.withholding.withholding import Suppression, TracesFile, read_suppression, read_traces

# Older releases, opened for pages: a few at a time, each until nobody has asked for it for some seconds.
#
# A request below ``/release/<id>/`` sees that release and no other. Queries over it are
# ``endpoint.sparql.sparql_resource.query_services``'s.

S = TypeVar("S")
OPEN = 4
IDLE_SECONDS = 10.0
RELEASE = "hamkor.release"
"""The key of a WSGI environment that names the release which the request sees."""
PREFIX = re.compile(r"(/release/(\d{4}-\d{2}-\d{2}T\d{6}Z-[0-9a-f]{8}))(/.*)", re.DOTALL)
OF_RELEASES = frozenset({"diff", "report"})
"""What ``endpoint.versions`` itself says of a release, with or without a suffix."""


class ReleasePrefix:
    """Takes ``/release/<id>`` from the beginning of a path into the root below which the application answers.

    So every link that is made for such a request stays within the release.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        found = PREFIX.fullmatch(environ.get("PATH_INFO", ""))
        if found is not None and is_versioned(found[3]) and found[3].lstrip("/").partition(".")[0] not in OF_RELEASES:
            environ[RELEASE], environ["PATH_INFO"] = found[2], found[3]
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + found[1]
        return self._application(environ, start_response)


class Past(Generic[S]):
    """The releases of a publication other than the one that is current."""

    def __init__(self, publication: Publication, opened: Callable[[Release, Engine | None], S]) -> None:
        """Open releases of a publication; ``opened`` makes a snapshot of a release and what answers queries over it."""
        self._releases = ReleasesFolder(publication.releases_folder)
        self._opened = opened
        self.engine_for: Callable[[Release], Engine | None] = lambda _: None
        self._lock = Lock()
        self._snapshots: OrderedDict[str, tuple[float, S]] = OrderedDict()
        self._history: tuple[int, History] | None = None

    def snapshot(self, release_id: str) -> S:
        """Return a release by its id.

        Raises:
            ReleaseError: there is no such release, or none any more.
        """
        with self._lock:
            there = (self._releases.path / release_id / MANIFEST_FILE).exists()
            _, found = self._snapshots.pop(release_id, (0.0, None))
            if found is None or not there:
                release = open_release(self._releases.release(release_id))
                found = self._opened(release, self.engine_for(release))
            self._snapshots[release_id] = time.monotonic(), found
            while len(self._snapshots) > OPEN:
                self._snapshots.popitem(last=False)
            return found

    def has(self, release_id: str) -> bool:
        """Whether there is a release of this id, readable or not."""
        return release_id in self._releases.ids()

    def let_go(self, idle_seconds: float = IDLE_SECONDS) -> tuple[S, ...]:
        """Let go of the releases that nobody has asked for in some seconds, and return those that are open still."""
        before = time.monotonic() - idle_seconds
        with self._lock:
            for release_id in [each for each, (asked, _) in self._snapshots.items() if asked < before]:
                del self._snapshots[release_id]
            return tuple(snapshot for _, snapshot in self._snapshots.values())

    def history(self) -> History:
        """Return the history as it is now; read again where a release has come or gone, or was rolled back to.

        Raises:
            ReleaseError: there is no release.
        """
        try:
            mark = self._releases.path.stat().st_mtime_ns  # the link moves by a rename in this folder, always
        except OSError as problem:
            raise ReleaseError(Sentence("there is no release yet"), Sentence("run hamkor build")) from problem
        held = self._history
        if held is None or held[0] != mark:
            held = self._history = mark, History(self._releases)
        return held[1]


# What is being served: the current release, opened, and what every answer over it needs.
#
# A request sees one release from its beginning to its end, even if ``current`` moves meanwhile.

log = logging.getLogger("hamkor")
T = TypeVar("T")
CHECK_SECONDS = 0.2
EXTENSION = "hamkor"
BY_NAME = "hamkor-by-name"
"""What finds the IRIs of things by the beginning of a name and by kinds, in an application that can."""
TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}\Z")
"""A language tag, as far as it may stand in a link (RFC 5646)."""
MOST_WANTED = 8
"""So many languages of a reader count."""
MOST_PASSED = 64


@dataclass(frozen=True)
class Snapshot:
    """One release with what is derived from it once.

    Attributes:
        publication: whose release it is.
        release: the release.
        context: the publication's JSON-LD context, where it has one.
        shared_engine: what answers queries, where that is not this process.
    """

    publication: Publication
    release: Release
    context: Context | None
    shared_engine: Engine | None = None
    _derived: dict[object, object] = field(default_factory=dict, repr=False, compare=False)

    def once(self, make: Callable[[Snapshot], T]) -> T:
        """Return what ``make`` derives from this release; it is derived at the first use and kept with the release."""
        if make not in self._derived:
            self._derived[make] = make(self)
        return cast("T", self._derived[make])

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """Prefix → IRI, for everything that is written short."""
        return prefixes(self.publication, self.context)

    @cached_property
    def has_vocabulary(self) -> bool:
        """Whether the release holds terms below ``ns#``, or an ontology of that name: one may be called otherwise."""
        iri, is_there = f"{self.publication.base}ns", self.publication.graph(ONTOLOGY_GRAPH) in self.graphs
        return iri in self.fragments or (is_there and is_described(self.release.store, iri))

    def speaks_of(self, iri: str) -> bool:
        """Whether an IRI names a graph, or anything is said of it or of its fragments, or points to it."""
        return iri in self.graphs or is_described(self.release.store, iri) or iri in self.fragments

    @cached_property
    def fragments(self) -> Fragments:
        """The things that are named by a fragment; in releases of earlier versions, those of the ontology."""
        path, own = self.release.folder / FRAGMENTS_FILE, self.publication.graph(ONTOLOGY_GRAPH)
        if path.exists() or own not in self.graphs:
            return Fragments.read(path)
        found = stated_in((chunk.triples for chunk in self.release.read_graph(own)), self.publication.base)
        return Fragments(b"".join(each + b"\n" for each in sorted(found)))

    def stated_of(self, iri: str) -> list[ox.Triple]:
        """Return what is stated of the things that are fragments of a document, in order; what is computed left out.

        Raises:
            QueryLimitError: it is more than ``limits.document_statements``.
        """
        most = self.publication.settings.limits.document_statements
        aside = {None, *(self.publication.graph(name) for name in COMPUTED_GRAPHS)}
        found = dict[ox.Triple, None]()
        for each in self.fragments.of(iri, most + 1):
            for quad in self.release.store.quads_for_pattern(ox.NamedNode(each), None, None, None):
                if getattr(quad.graph_name, "value", None) not in aside:
                    found[quad.triple] = None
            if len(found) > most:
                raise too_much(iri, most)
        return sorted(found, key=str)

    @cached_property
    def graphs(self) -> dict[str, GraphEntry]:
        """The named graphs by their IRIs."""
        return {each.iri: each for each in self.release.manifest.graphs}

    @cached_property
    def withheld(self) -> tuple[TracesFile, Suppression]:
        """What was left out of the release, and what must never come back."""
        return read_traces(self.release.folder), read_suppression(*self.publication.suppression_files)

    def withholds(self, iri: str) -> bool:
        """Whether an IRI was published once and must not be spoken of.

        One that only bears a name that is withheld is none: whoever makes up addresses would learn the names.
        """
        traces, suppression = self.withheld
        return iri in traces or suppression.lists(iri)

    @cached_property
    def gone(self) -> Gone:
        """What earlier releases spoke of and this one does not."""
        return Gone.read(self.release.folder / GONE_FILE)

    @cached_property
    def engine(self) -> Engine:
        """What answers queries."""
        return self.shared_engine or EmbeddedEngine(self.release)

    @cached_property
    def examples(self) -> tuple[ExampleQuery, ...]:
        """The stored example queries, in order."""
        return tuple(read_examples(self.release.store, self.publication.base))


def _give_back() -> None:
    """Give the system the memory that stores had: each thread's allocations have a place of their own (glibc)."""
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


@dataclass
class Backoff:
    """When to try again to be rid of something: at once where there is more of it, else after ever longer times.

    A response that is still being sent, for one, keeps its release for as long as it takes.
    """

    _before: frozenset[int] = frozenset()
    _tries: int = 0
    _passed: int = 0

    def is_due(self, lingering: frozenset[int]) -> bool:
        """Whether to try now, given what there is to be rid of; called at even intervals."""
        if lingering - self._before:
            self._tries = self._passed = 0
        self._before, self._passed = lingering, self._passed + 1
        if not lingering or self._passed < min(1 << self._tries, MOST_PASSED):
            return False
        self._tries, self._passed = self._tries + 1, 0
        return True


class Current:
    """The publication's current release: opened at the first use, and again when ``current`` has moved."""

    def __init__(self, publication: Publication, engine: Engine | None = None) -> None:
        self.publication = publication
        self._engine = engine
        self._folder = ReleasesFolder(publication.releases_folder)
        self._lock = Lock()
        self._opened: tuple[Path, Snapshot] | None = None
        self._checked = 0.0
        self._made: list[weakref.ref[Snapshot]] = []
        self._collecting = Backoff()
        self.past = Past(publication, self._snapshot)

    def _snapshot(self, release: Release, engine: Engine | None) -> Snapshot:
        try:
            context = read_context(self.publication)
        except SettingError as problem:  # a build would have said so; what was edited since must stop no page
            log.warning("documents go without the publication's context: %s", problem)
            context = None
        snapshot = Snapshot(self.publication, release, context, engine)
        self._made.append(weakref.ref(snapshot))
        return snapshot

    def snapshot(self) -> Snapshot:
        """Return the current release; where the link points is looked up five times a second at most.

        Raises:
            ReleaseError: there is none yet, or it cannot be opened.
        """
        opened = self._opened
        if opened is not None and time.monotonic() - self._checked < CHECK_SECONDS:
            return opened[1]
        with self._lock:
            found = self._look()
            # only for those who ask: were it noted whenever old releases are let go of, the first request after a
            # publish might see the release before it
            self._checked = time.monotonic()
            return found

    def held(self) -> Snapshot | None:
        """Return the current release where it is open already, else None: nothing is opened, so any thread may ask."""
        opened = self._opened
        if opened is None or time.monotonic() - self._checked < CHECK_SECONDS:
            return opened[1] if opened else None
        with contextlib.suppress(HamkorError, OSError):
            if self._folder.current() == opened[0]:
                self._checked = time.monotonic()
                return opened[1]
        return None

    def look(self) -> Snapshot:
        """Return the current release, looked up now.

        Raises:
            ReleaseError: as ``snapshot``.
        """
        with self._lock:
            return self._look()

    def _look(self) -> Snapshot:
        folder = self._folder.current()
        if folder is None:
            raise ReleaseError(Sentence("there is no release yet"), Sentence("run hamkor build"))
        if self._opened is None or self._opened[0] != folder:
            release = open_release(folder)
            release.store  # noqa: B018  opened now, so that a broken store is no surprise later
            self._opened = folder, self._snapshot(release, self._engine)
        return self._opened[1]

    def let_go(self) -> None:
        """Let go of every release that is neither current nor asked for; to be called every second or so, in a thread.

        What a page was made of refers to itself in circles (a template's macros and their context), and with it to the
        release; the interpreter may look for circles after hours only, so here it is told to.

        Raises:
            ReleaseError: the current release cannot be opened.
        """
        if self._opened is not None:
            self.look()
        kept = {id(each) for each in self.past.let_go()}
        lingering = (id(each) for each in tuple(self._made) if not self._is_wanted(each(), kept))
        if self._collecting.is_due(frozenset(lingering)):
            gc.collect()
        gone = [each for each in self._made if each() is None]
        for each in gone:
            self._made.remove(each)  # in its place: other threads add to the list
        if gone:
            _give_back()

    def _is_wanted(self, snapshot: Snapshot | None, kept: set[int]) -> bool:
        return snapshot is None or id(snapshot) in kept or (self._opened is not None and snapshot is self._opened[1])


def publication() -> Publication:
    """Return the publication that the application serves."""
    return cast(Current, current_app.extensions[EXTENSION]).publication


def past() -> Past[Snapshot]:
    """Return the releases of other times."""
    return cast(Current, current_app.extensions[EXTENSION]).past


def snapshot() -> Snapshot:
    """Return the release that this request sees: the current one, or the one that its URL names.

    Raises:
        ReleaseError: there is none.
    """
    if "snapshot" not in g:
        named = request.environ.get(RELEASE) if has_request_context() else None
        here = cast(Current, current_app.extensions[EXTENSION])
        g.snapshot = here.past.snapshot(named) if named else here.snapshot()
    return cast(Snapshot, g.snapshot)


def is_withheld(iri: str) -> bool:
    """Whether an IRI must not be spoken of now, in whichever release; then nothing in the answer names it."""
    g.withheld = g.get("withheld", False) or cast(Current, current_app.extensions[EXTENSION]).snapshot().withholds(iri)
    return cast(bool, g.withheld)


def see(release_id: str) -> Snapshot:
    """Let the rest of this request see another release, and return it: the one that an answer is from, for one.

    Raises:
        ReleaseError: there is no such release.
    """
    if snapshot().release.id != release_id:
        g.snapshot = past().snapshot(release_id)
    return snapshot()


def refresh(release_id: str = "") -> Snapshot:
    """Let the rest of this request see the newest release, or the one that it has just made; return it.

    Raises:
        ReleaseError: there is none.
    """
    g.pop("urls", None)
    g.snapshot = cast(Current, current_app.extensions[EXTENSION]).look()
    return see(release_id) if release_id else snapshot()


def urls() -> Urls:
    """Return the URLs as the client of this request sees them."""
    if "urls" not in g:
        root, host = (
            request.script_root.rstrip("/"),
            own_address(request.scheme, request.headers.get("Host", request.host)),
        )
        try:
            here = snapshot()
            g.urls = Urls(publication().base, root, host, here.has_vocabulary, kept(), here.speaks_of)
        except HamkorError:
            g.urls = Urls(publication().base, root, host, kept=kept())
    return cast(Urls, g.urls)


def kept() -> tuple[tuple[str, str], ...]:
    """Return the parameters that stay in the URL while one moves from page to page: the languages, where they are tags.

    Outside a request there are none.
    """
    if not has_request_context():
        return ()
    asked = ((name, request.args.get(name, "")) for name in ("ui", "lang"))
    return tuple((name, tag) for name, tag in asked if TAG.match(tag))


def languages() -> tuple[str, ...]:
    """Return the languages in which labels are wanted: ``?lang=``, ``?ui=``, Accept-Language, the publication's.

    They are tags in small letters. Every language counts, since data may have names in more than the publication lists.
    """
    asked = [request.args.get(name, "") for name in ("lang", "ui")]
    accepted = [tag for tag, quality in request.accept_languages if quality > 0]
    wanted = [tag for tag in (*asked, *accepted) if TAG.match(tag)]
    own = publication().settings.languages
    return tuple(dict.fromkeys(tag.lower() for tag in (*wanted[:MOST_WANTED], *own)))
