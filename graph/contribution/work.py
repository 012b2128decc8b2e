"""The work that one writing request means, done in a process of its own (``graph.sandbox``): read, then publish.

It decides nothing about who may; that has been decided. What it gets and what it gives back are values.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graph.contribution.document import read_documents
from graph.contribution.explaining import counted, explanation, nodes_of_classes
from graph.contribution.reports import Telling, results_about, subjects_of, write_report
from graph.contribution.values import Contribution, Outcome, ReportPart
from graph.contributors import Contributor
from graph.publication import Publication, open_publication
from graph.publish import Delete, Post, Published, Put, Write, publish, rehearse
from graph.releases.folder import Patience
from graph.sources.chunks import Chunk
from graph.sources.document_warnings import DocumentWarning
from graph.validation.report import READING, Report, ValidationFailedError, with_warnings


def contribute(contribution: Contribution) -> Outcome:
    """Publish a contribution; the outcome says whether it conforms, and nothing is published where it does not.

    Raises:
        SourceError: a document cannot be read.
        QueryLimitError: a document is too large, written out.
        HamkorError: as ``graph.publish.publish``, but for violations.
    """
    publication = open_publication(Path(contribution.root))
    read = _read(contribution, publication, may_be_empty=True)
    try:
        published = _published(publication, _write(contribution, read.chunks), contribution)
    except ValidationFailedError as problem:
        return Outcome(_reported(publication, problem.report, read, contribution))
    created = contribution.graph in published.created
    report = _reported(publication, published.report, read, contribution)
    return Outcome(report, published.release.id, created, published.changed)


def rehearse_contribution(contribution: Contribution) -> Outcome:
    """Return what would become of a contribution; nothing is published.

    Raises:
        HamkorError: as ``contribute``.
    """
    publication = open_publication(Path(contribution.root))
    read = _read(contribution, publication)
    who = contribution.contributor
    write = _write(contribution, read.chunks)
    is_known = who is None or bool(who.id)  # whoever sends no token has no id
    report = rehearse(publication, [write], contributor=who, tells_withheld=is_known)
    return Outcome(_reported(publication, report, read, contribution))


@dataclass(frozen=True, slots=True)
class _Read:
    """What documents say, and what is told of them."""

    chunks: tuple[Chunk, ...]
    warnings: tuple[DocumentWarning, ...]


def _read(contribution: Contribution, publication: Publication, *, may_be_empty: bool = False) -> _Read:
    settings, warnings = publication.settings, list[DocumentWarning]()
    chunks = read_documents(
        contribution.documents, contribution.graph, base=settings.base, limits=settings.limits, told=warnings.append,
        may_be_empty=may_be_empty,
    )  # fmt: skip
    return _Read(chunks, tuple(warnings))


def _write(contribution: Contribution, chunks: tuple[Chunk, ...]) -> Write:
    if contribution.action == "put":
        return Put(contribution.graph, chunks)
    return Post(contribution.graph, chunks) if contribution.action == "post" else Delete(contribution.graph)


def _reported(publication: Publication, report: Report, read: _Read, contribution: Contribution) -> ReportPart:
    """Write the report on what was sent, or on the things of some classes in it, with all that helps to mend it."""
    nodes, only = nodes_of_classes(read.chunks), contribution.only
    about = frozenset(node for each in only for node in nodes.get(each, ())) if only else subjects_of(read.chunks)
    report = with_warnings(report, read.warnings, contribution.graph)
    results = results_about(report, about, only=bool(only))
    results += [each for each in report.results if each.shape == READING and each not in results]
    helps = explanation(publication, contribution.documents, contribution.graph, results, read.warnings)
    checked = {each: count for each, count in counted(nodes).items() if not only or each in only}
    telling = Telling(helps.found, contribution.languages, checked)
    return write_report(report, results, Path(contribution.report), contribution.report_format, telling)


def _published(publication: Publication, write: Write, contribution: Contribution) -> Published:
    return patiently(publication, [write], contributor=contribution.contributor, expected=contribution.expected)


def patiently(
    publication: Publication, writes: list[Write], *, contributor: Contributor | None, expected: dict[str, str | None]
) -> Published:
    """Publish; where somebody else is writing, wait for ``limits.queue_seconds`` at most.

    Raises:
        HamkorError: as ``graph.publish.publish``.
    """
    patience = Patience(publication.settings.limits.queue_seconds)
    return publish(publication, writes, contributor=contributor, expected=expected, patience=patience)
