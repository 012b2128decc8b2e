"""From a release and a change to the next release, in a staging folder: the gate that every write goes through.

change → what follows from it → validation of what it touches → catalogue and manifest. Each step costs what the change
costs; where a step cannot tell what a change touches, it is done anew for everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyoxigraph as ox

from graph.change import GraphChange, Lines, MergeChange
from graph.completion import Origin, complete
from graph.entailment import entail, entail_change
from graph.linking.making import make_index, renew_index
from graph.namespaces import (
    CATALOG_GRAPH,
    ENTAILED_GRAPH,
    ONTOLOGY_GRAPH,
    PROVENANCE_GRAPH,
    SHAPES_GRAPH,
    graph_iri,
)
from graph.privacy.traces import hand_on
from graph.publication import Publication
from graph.query.guard import read_query
from graph.releases.amendment import added
from graph.releases.bookkeeping import Bookkeeping, StoreChange
from graph.releases.checkpoint import Checkpoint, reading
from graph.releases.drafting import Draft
from graph.releases.fragments import fragments_after_change
from graph.releases.gone import gone_after_change
from graph.releases.index import STORE_FOLDER
from graph.releases.manifest import Contribution, Manifest
from graph.releases.release import REPORT_FILE, Release
from graph.releases.revision import Revision
from graph.validation.neighbourhood import ValidatedData
from graph.validation.overreach import overreach
from graph.validation.report import Report, ValidationFailedError, empty_report, parse_report, with_results

NOT_VALIDATED = (SHAPES_GRAPH, CATALOG_GRAPH, PROVENANCE_GRAPH)
Progress = Callable[[str, int], None]
"""Called with what is being done and how many triples have been taken so far."""


@dataclass(frozen=True)
class Gate:
    """One attempt to change a release.

    Attributes:
        publication: whose.
        parent: the release that is changed.
        draft: what is to change.
        created: the time of the new release.
        contribution: who writes.
        progress: told what is being done.
        is_others: whether a graph belongs to somebody else than who writes, who may then not describe its things.
    """

    publication: Publication
    parent: Release
    draft: Draft
    created: datetime
    contribution: Contribution | None
    progress: Progress
    is_others: Callable[[str], bool] = lambda _: False

    def rehearse(self, folder: Path) -> Report:
        """Return what validation says of the changed release, using an empty folder for it.

        Raises:
            SourceError: a rule in the ontology cannot be used.
            ShapesError: the shapes are not usable.
        """
        with self._copy(folder) as checkpoint:
            return self._judged(self._revision(folder, checkpoint.store))[0]

    def revise(self, folder: Path) -> tuple[Manifest, Report]:
        """Make the changed release in an empty folder; return its manifest and what validation says of it.

        Raises:
            ValidationFailedError: it violates the shapes.
            SourceError, ShapesError: as ``rehearse``.
            SettingError: a setting that the catalogue needs is not usable.
        """
        with self._copy(folder) as checkpoint:
            made = self._completed(self._revision(folder, checkpoint.store))
            checkpoint.keep(self._fresh(checkpoint.store))
            return made

    def _fresh(self, store: ox.Store) -> ox.Quad:
        """Return something that only the new release says: its catalogue has a date."""
        catalog = ox.NamedNode(self.publication.graph(CATALOG_GRAPH))
        found = store.quads_for_pattern(None, None, None, catalog)
        return next(quad for quad in found if quad not in self.parent.store)

    def _copy(self, folder: Path) -> Checkpoint:
        self.progress("taking over the release", 0)
        return Checkpoint(self.parent.folder / STORE_FOLDER, folder / STORE_FOLDER)

    def _revision(self, folder: Path, store: ox.Store) -> Revision:
        book = Bookkeeping.of(self.parent.manifest)
        entries = {each.iri: each for each in self.parent.manifest.graphs}
        return Revision(folder, self.publication.base, store, book, entries, self.parent.folder)

    def _completed(self, revision: Revision) -> tuple[Manifest, Report]:
        report, changes = self._judged(revision)
        if not report.conforms:
            raise ValidationFailedError(report)
        self.progress("writing the index of names", revision.book.triples)
        self._name_index(revision, changes)
        gone_after_change(revision, self.parent, changes)
        fragments_after_change(revision, self.parent.folder, changes)
        hand_on(self.parent.folder, revision.folder)
        self.progress("writing the catalogue", revision.book.triples)
        known = self.parent.manifest
        origin = Origin(self.created, known.fingerprint, known.id, known.sources)
        return complete(self.publication, revision, origin, report), report

    def _name_index(self, revision: Revision, changes: Sequence[GraphChange]) -> None:
        base, folder = self.publication.base, revision.folder
        if not renew_index(self.parent.folder, folder, base, revision.store, changes):
            make_index(folder, base, {iri: revision.place(iri) for iri in revision.entries})

    def _judged(self, revision: Revision) -> tuple[Report, Sequence[GraphChange]]:
        """Make the changes and all that follows from them; return the report, and all changes."""
        entailed = self.publication.graph(ENTAILED_GRAPH)
        if (catalog := self.publication.graph(CATALOG_GRAPH)) in revision.entries:
            revision.hide(catalog)
        stated, changes = StoreChange(), list(self.draft.changes())
        for each in changes:
            self.progress(f"writing <{each.iri}>", len(each.added) + len(each.removed))
            stated = stated.then(revision.apply(each, "contributed", self.contribution, (entailed,)))
        self.progress("drawing conclusions", revision.book.triples)
        if (followed := self._entailed(revision, stated)) is not None:
            changes.append(followed)
        self.progress("validating", revision.book.triples)
        report = self._validated(revision, changes)
        known, base = self.parent.store, self.publication.base
        beyond = overreach(revision.store, self.draft.changes(), self.is_others, base=base, published=known)
        return with_results(report, beyond), changes

    def _entailed(self, revision: Revision, stated: StoreChange) -> GraphChange | None:
        """Keep the entailed graph up; return how it changes."""
        entailed, ontology = self.publication.graph(ENTAILED_GRAPH), self.publication.graph(ONTOLOGY_GRAPH)
        if ontology not in revision.entries:
            return None
        merge = MergeChange(_lines(stated.appeared), _lines(stated.disappeared))
        change = entail_change(revision.store, entailed, ontology, merge, _may_run)
        if change is None:
            return self._entailed_anew(revision)
        entry = revision.entries.get(entailed)
        left = (entry.triples if entry is not None else 0) + len(change.added) - len(change.removed)
        change = replace(change, created=entry is None and left > 0, dropped=entry is not None and left == 0)
        if change:
            revision.apply(change, "computed")
        return change

    def _entailed_anew(self, revision: Revision) -> GraphChange:
        entailed, ontology = self.publication.graph(ENTAILED_GRAPH), self.publication.graph(ONTOLOGY_GRAPH)
        before: Lines = frozenset()
        if entailed in revision.entries:
            before = frozenset(line for chunk in self.parent.read_graph(entailed) for line in chunk.lines())
            revision.hide(entailed)
        chunk = revision.without_a_trace(entailed, lambda store: entail(store, entailed, ontology, _may_run))
        if chunk is None:
            revision.drop(entailed)
            return GraphChange(entailed, removed=before, dropped=bool(before))
        revision.fill(chunk)
        after = frozenset(chunk.lines())
        return GraphChange(entailed, after - before, before - after, created=not before)

    def _validated(self, revision: Revision, changes: Sequence[GraphChange]) -> Report:
        """Validate what the changes can affect; say which results are about what is written."""
        shapes, base = self.publication.graph(SHAPES_GRAPH), self.publication.base
        if shapes not in revision.entries:
            return empty_report()
        from graph.validation.gate import located  # noqa: PLC0415  takes most of a second to import
        from graph.validation.incremental import validate_change  # noqa: PLC0415

        without = frozenset(self.publication.graph(name) for name in NOT_VALIDATED)
        before = ValidatedData(self.parent.store, self.draft.forms, without, base)
        chunks, known = list(self.parent.read_graph(shapes)), stored_report(self.parent, base)
        with reading(revision.store) as index, revision.reading_forms() as forms:
            after = ValidatedData(index, forms, without, base)
            report = validate_change(before, after, changes, chunks, known, base=base)
        return located(report, {f"<{each.iri}>": added(each) for each in self.draft.changes()})


def stored_report(release: Release, base: str) -> Report:
    """Return what validation said of a release."""
    shapes = graph_iri(base, SHAPES_GRAPH)
    if all(each.iri != shapes for each in release.manifest.graphs):
        return empty_report()
    from graph.validation.shapes import load_shapes  # noqa: PLC0415  takes most of a second to import

    return parse_report(
        (release.folder / REPORT_FILE).read_bytes(), load_shapes(release.read_graph(shapes), base=base).graph
    )


def _may_run(text: str) -> str:
    """Return a rule's query as it may run."""
    return read_query(text).text


def _lines(triples: Iterable[ox.Triple]) -> Lines:
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    return frozenset(text.split(b"\n")[:-1])
