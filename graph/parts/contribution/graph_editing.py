"""One graph changed by lines, or brought back to what it was in an earlier release: what a contributor's pages do.

It is the write that PATCH and PUT make, through the same gate, with the same provenance; only no document has to be
parsed. What is sent is a value, and so is what comes back (``contributed_document.Outcome``).
"""

from __future__ import annotations

from pathlib import Path

from graph.model.errors import ReleaseError, Sentence
from graph.model.publication import Publication, open_publication
from graph.parts.contribution.contributed_document import EarlierState, LineEdit, Outcome, ReportPart
from graph.parts.contribution.work import SHOWN, explanation, patiently, results_about
from graph.pipeline.write import Delete, GraphEdit, Put, Write, rehearse
from graph.releases.history import History
from graph.releases.release import ReleasesFolder, open_release
from graph.validation.report import Report, ValidationFailedError


def edit(wanted: LineEdit) -> Outcome:
    """Publish an edit, or only try it; the outcome says what the shapes find, and nothing is published against them.

    Raises:
        HamkorError: as ``graph.pipeline.write.publish``, but for violations.
    """
    publication = open_publication(Path(wanted.root))
    added, removed = (frozenset(each.encode() for each in lines) for lines in (wanted.added, wanted.removed))
    write, about = GraphEdit(wanted.graph, added, removed), frozenset({f"<{wanted.about}>"})
    if wanted.is_tried:
        report = rehearse(publication, [write], contributor=wanted.contributor, expected=wanted.expected)
        return Outcome(_found(publication, report, about, wanted.graph))
    return _published(publication, write, wanted, about)


def restore(wanted: EarlierState) -> Outcome:
    """Publish again what a graph was in an earlier release.

    Raises:
        ReleaseError: that release is not there any more.
        HamkorError: as ``graph.pipeline.write.publish``, but for violations.
    """
    publication = open_publication(Path(wanted.root))
    folder = ReleasesFolder(publication.releases_folder)
    if wanted.release in History(folder).purged or wanted.release not in folder.ids():
        problem = Sentence("release %(release)s is gone", release=wanted.release[:200])
        raise ReleaseError(problem, Sentence("choose another one"))
    release = open_release(folder.release(wanted.release))
    is_there = any(each.iri == wanted.graph for each in release.manifest.graphs)
    write = Put(wanted.graph, tuple(release.read_graph(wanted.graph))) if is_there else Delete(wanted.graph)
    return _published(publication, write, wanted, frozenset())


def _published(
    publication: Publication, write: Write, wanted: LineEdit | EarlierState, about: frozenset[str]
) -> Outcome:
    try:
        published = patiently(publication, [write], contributor=wanted.contributor, expected=wanted.expected)
    except ValidationFailedError as problem:
        return Outcome(_found(publication, problem.report, about, wanted.graph))
    report = _found(publication, published.report, about, wanted.graph)
    return Outcome(report, published.release.id, wanted.graph in published.created, published.changed)


def _found(publication: Publication, report: Report, about: frozenset[str], graph: str) -> ReportPart:
    """Return what a report says of some things, and all violations, with what helps to mend them."""
    results = results_about(report, about)
    helps = explanation(publication, (), graph, results)
    violations = sum(each.severity == "Violation" for each in results)
    shown = tuple(helps.found(each) for each in results[:SHOWN])
    return ReportPart(not violations, violations, len(results) - violations, shown)
