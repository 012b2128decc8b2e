"""A thing is withheld: the list, a release that is made with it, and the older ones that go, in one step or not at all.

What identifies the thing is read from every release that knows it (``graph.withholding.removal_request``). The
list becomes the publication's by the same move of a link by which the release becomes current: a writer that is killed
before has changed nothing, and what one that is killed after has left undone, the next command or the next write does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice

from graph.model.errors import ReleaseError, Said, Sentence, SettingError
from graph.model.publication import SUPPRESSION_FILE, Publication
from graph.pipeline.build import build_in
from graph.pipeline.parts import forget_withheld_by
from graph.pipeline.steps import Progress
from graph.releases.graph_files import read_member
from graph.releases.manifest import GraphEntry
from graph.releases.own_iris import GONE_FILE, Gone
from graph.releases.release import AT_ONCE, Patience, Release, ReleasesFolder, open_release
from graph.releases.verification import readable_current
from graph.sources.batches import Chunk
from graph.sources.document_checks import Told, unheard
from graph.sources.rdf_patches import patches_of
from graph.sources.reader import read_source
from graph.withholding.removal_request import check_iri, identity
from graph.withholding.withholding import (
    Judged,
    Suppression,
    is_purged,
    judged,
    purge,
    read_suppression,
    settle,
    withholding_of,
)

MOST_COMPARED = 20_000
NEAR, LIKENESS = 2, 0.85
"""Of how many IRIs those are sought that may have been meant instead, how many are named, and how like they are."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What was done: the release that holds nothing of it, and the earlier ones that are gone."""

    release: Release
    gone: Judged


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be done.

    Attributes:
        statements: how many statements of the current release would go, by graph.
        releases: which releases would go.
    """

    statements: Counter[str]
    releases: Judged


def withhold(
    publication: Publication,
    iris: Iterable[str],
    names: Iterable[str],
    progress: Progress = lambda *_: None,
    told: Told = unheard,
    patience: Patience = AT_ONCE,
) -> Removal:
    """Withhold things and names from now on: make a release without them, and remove those that hold them, or may.

    Args:
        publication: where.
        iris: the things.
        names: names, telephone numbers and addresses of mail.
        progress: told what is being done.
        told: told what is left out of the files, or doubtful in them.
        patience: how long to wait while somebody else writes.

    Raises:
        SettingError: an IRI is none, or nothing here speaks of it.
        HamkorError: as ``graph.pipeline.build.build``; then nothing is withheld that was not before.
    """
    releases = ReleasesFolder(publication.releases_folder, patience)
    with releases.staging() as folder:
        settle(publication)
        staged = folder / SUPPRESSION_FILE
        _extended(publication, releases, tuple(iris), tuple(names)).write(staged)
        return Removal(*build_in(folder, replace(publication, staged_list=staged), releases, progress, told))


def foresee(publication: Publication, iris: Iterable[str], names: Iterable[str]) -> Foreseen:
    """Return what ``withhold`` would do; nothing is written.

    Raises:
        SettingError: as ``withhold``.
    """
    releases = ReleasesFolder(publication.releases_folder)
    withholding = replace(
        withholding_of(publication), suppression=_extended(publication, releases, tuple(iris), tuple(names))
    )
    current, counts = readable_current(releases), Counter[str]()
    for chunk in current.read_all() if current is not None else ():
        counts[chunk.graph] += sum(1 for line in chunk.lines() if withholding.holds(line))
    return Foreseen(+counts, judged(releases, withholding))


def resume(publication: Publication, patience: Patience = AT_ONCE) -> None:
    """Do what a writer has left undone that was killed while it withheld something; mostly there is nothing.

    Raises:
        BusyError: somebody else is writing.
        ReleaseError: the folder cannot be written.
    """
    releases = ReleasesFolder(publication.releases_folder, patience)
    if releases.fault():
        return  # nobody knows which release is current, and hamkor releases recover comes first
    if publication.brought_list.exists() or not is_purged(releases, withholding_of(publication)):
        with releases.writing():
            settle(publication)
            purge(releases, withholding_of(publication), forget_withheld_by(publication))


def _extended(
    publication: Publication, releases: ReleasesFolder, iris: tuple[str, ...], names: tuple[str, ...]
) -> Suppression:
    """Return the list with what identifies the things, and with the addresses that bear their names."""
    for iri in iris:
        check_iri(iri)
    suppression = read_suppression(*publication.suppression_files).extended((), names, names)
    known = _KnownIris(publication, releases, iris)
    for iri in iris:
        if not (known.is_spoken_of(iri) or suppression.lists(iri)):
            raise SettingError("IRI", _unknown(iri, known))
    for release, found in known.releases():
        for identified in (identity(release.store, iri) for iri in sorted(found)):
            suppression = suppression.extended(identified.iris, identified.names, identified.contacts)
    suppression = suppression.extended(iris, (), ())
    return suppression.extended((each for each in known.addresses() if suppression.holds_iri(each)), (), ())


def _unknown(iri: str, known: _KnownIris) -> Said:
    beside = (each for each in known.addresses() if each.startswith(iri[: iri.rfind("/") + 1]))
    near = get_close_matches(iri, islice(beside, MOST_COMPARED), NEAR, LIKENESS)
    if not near:
        return Sentence("no release and no file speaks of <%(iri)s>, so nothing has been withheld", iri=iri)
    return Sentence(
        "no release and no file speaks of <%(iri)s>, so nothing has been withheld; was it %(names)s?",
        iri=iri,
        names=" or ".join(f"<{each}>" for each in near),
    )


@dataclass
class _KnownIris:
    """What is known of some IRIs, from the releases that are here and from the files.

    A graph that several releases share is read once. A release that cannot be read tells nothing; it goes with those
    that are doubtful.

    Attributes:
        publication: where.
        folder: its releases.
        iris: what is asked for.
    """

    publication: Publication
    folder: ReleasesFolder
    iris: tuple[str, ...]
    _members: dict[str, frozenset[str]] = field(default_factory=dict)

    def releases(self) -> Iterator[tuple[Release, frozenset[str]]]:
        """Yield the releases that speak of something asked for, and of what."""
        for release in self._readable():
            with suppress(ReleaseError):
                if found := frozenset().union(*(self._found(release, each) for each in release.manifest.graphs)):
                    release.store  # noqa: B018  opened here, where it may be broken
                    yield release, found

    def is_spoken_of(self, iri: str) -> bool:
        """Whether a release speaks of an IRI, or spoke of it once, or a file does."""
        return (
            any(iri in found for _, found in self.releases())
            or any(iri in self._gone(each) for each in self._readable())
            or any(b"<%s>" % iri.encode() in chunk.triples or chunk.graph == iri for chunk in self._stated())
        )

    def addresses(self) -> Iterator[str]:
        """Yield the things below the base that a release describes, or did, each once."""
        start, seen = b"<" + self.publication.base.encode(), set[bytes]()
        for chunk in self._distinct():
            for line in chunk.lines():
                subject = line[: line.find(b">")]
                if subject.startswith(start) and subject not in seen:
                    seen.add(subject)
                    yield subject[1:].decode()
        for release in self._readable():
            yield from (iri.decode() for iri, _ in self._gone(release).rows() if b"<" + iri not in seen)

    def _readable(self) -> Iterator[Release]:
        for each in reversed(self.folder.ids()):
            with suppress(ReleaseError):
                yield open_release(self.folder.path / each)

    def _found(self, release: Release, entry: GraphEntry) -> frozenset[str]:
        if entry.sha256 not in self._members:
            left = {iri: b"<%s>" % iri.encode() for iri in self.iris}
            for chunk in read_member(release.folder / entry.file, entry.iri):
                left = {iri: term for iri, term in left.items() if term not in chunk.triples}
            self._members[entry.sha256] = frozenset(self.iris) - left.keys()
        return self._members[entry.sha256] | ({entry.iri} & {*self.iris})

    def _distinct(self) -> Iterator[Chunk]:
        read = set[str]()
        for release in self._readable():
            for entry in release.manifest.graphs:
                if entry.sha256 not in read:
                    read.add(entry.sha256)
                    with suppress(ReleaseError):
                        yield from read_member(release.folder / entry.file, entry.iri)

    def _gone(self, release: Release) -> Gone:
        return Gone.read(release.folder / GONE_FILE)

    def _stated(self) -> Iterator[Chunk]:
        for source in self.publication.sources(may_be_none=True):
            yield from read_source(source, base=self.publication.base, limits=self.publication.settings.limits)
        yield from (chunk for _, chunk in patches_of(self.publication).added())
