"""The work that one writing request or one SPARQL update means, done in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graph.model.contributors import EVERY_GRAPH, Contributor, may_write
from graph.model.errors import PreconditionError, QuerySyntaxError, Sentence
from graph.model.publication import Publication, open_publication
from graph.parts.contribution.contributed_document import Contribution, Outcome, ReportPart, Update, read_documents
from graph.parts.contribution.contribution_report import (
    Telling,
    counted,
    explanation,
    nodes_of_classes,
    results_about,
    subjects_of,
    write_report,
)
from graph.parts.update.evaluation import UpdateScope, UpdateState, carry_out, check_scope
from graph.parts.update.update_reading import Operation, read_update
from graph.pipeline.write import Delete, GraphEdit, Post, Published, Put, Write, publish, rehearse
from graph.releases.folder import Patience
from graph.releases.release import Release, current_release
from graph.sources.batches import Chunk
from graph.sources.document_checks import DocumentWarning
from graph.validation.report import READING, Report, ValidationFailedError, with_warnings

# The work that one writing request means, done in a process of its own (``graph.child_process``): read, then publish.
#
# It decides nothing about who may; that has been decided. What it gets and what it gives back are values.


def contribute(contribution: Contribution) -> Outcome:
    """Publish a contribution; the outcome says whether it conforms, and nothing is published where it does not.

    Raises:
        SourceError: a document cannot be read.
        QueryLimitError: a document is too large, written out.
        HamkorError: as ``graph.pipeline.write.publish``, but for violations.
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
        HamkorError: as ``graph.pipeline.write.publish``.
    """
    patience = Patience(publication.settings.limits.queue_seconds)
    return publish(publication, writes, contributor=contributor, expected=expected, patience=patience)


# The work that one SPARQL update means, done in a process of its own (``graph.child_process``): read, match, publish.
#
# It is carried out on the release that is current then; where that has changed before it is published, once more.

ATTEMPTS = 3
ALL_COMMENT = Sentence("all of the update is a comment: curl -d takes line ends out, send it with --data-binary")


def update(wanted: Update) -> Outcome:
    """Carry out an update and publish what comes of it, as one release.

    Raises:
        OutOfScopeError: it writes what it must not.
        QuerySyntaxError: it is no update, or nothing but a comment.
        HamkorError: as ``graph.parts.update`` and ``graph.pipeline.write.publish``, but for violations.
    """
    publication = open_publication(Path(wanted.root))
    limits = publication.settings.limits
    operations = read_update(wanted.text, base=wanted.address, max_tokens=limits.query_tokens)
    if not operations and "#" in wanted.text:  # without a comment, an update that does nothing is legal
        raise QuerySyntaxError(ALL_COMMENT)
    check_scope(operations, _scope(wanted, publication, ""))
    for attempt in range(ATTEMPTS):
        folder = Path(wanted.report).parent / f"update-{attempt}"  # whoever waits for this process removes it
        folder.mkdir()
        try:
            return _attempt(operations, wanted, publication, folder)
        except PreconditionError:
            if wanted.expected or attempt == ATTEMPTS - 1:
                raise
    raise AssertionError  # the loop returns or raises


def _attempt(operations: tuple[Operation, ...], wanted: Update, publication: Publication, folder: Path) -> Outcome:
    release = current_release(publication)
    state = UpdateState(release, folder)
    carry_out(operations, state, _scope(wanted, publication, release.id))
    writes = state.writes()
    about = frozenset(focus for each in writes for focus in _subjects(each))
    try:
        published = patiently(
            publication, writes, contributor=wanted.contributor, expected=_expected(release, writes) | wanted.expected
        )
    except ValidationFailedError as problem:
        return Outcome(
            write_report(
                problem.report, results_about(problem.report, about), Path(wanted.report), wanted.report_format
            )
        )
    report = _update_reported(published.report, about, wanted)
    return Outcome(report, published.release.id, bool(published.created), published.changed)


def _scope(wanted: Update, publication: Publication, salt: str) -> UpdateScope:
    base, contributor = publication.base, wanted.contributor

    def may(graph: str) -> bool:
        return graph == wanted.only if wanted.only else may_write(contributor, graph, base)

    return UpdateScope(
        default=wanted.only or publication.graph("default"),
        may_write=may,
        is_everything=not wanted.only and EVERY_GRAPH in contributor.graphs,
        base=base,
        address=wanted.address,
        services=wanted.services,
        limits=publication.settings.limits,
        salt=salt,
        using=wanted.using,
        using_named=wanted.using_named,
    )


def _expected(release: Release, writes: list[Write]) -> dict[str, str | None]:
    """Return what the graphs that are written must be when they are written: what they were when they were read."""
    digests = {each.iri: each.digest for each in release.manifest.graphs}
    return {each.graph: digests.get(each.graph) for each in writes}


def _subjects(write: Write) -> set[str]:
    match write:
        case GraphEdit(added=added):
            lines = [*added]
        case Put(chunks=chunks) | Post(chunks=chunks):
            lines = [line for chunk in chunks for line in chunk.lines()]
        case _:
            lines = []
    return {line[: line.index(b" ")].decode() for line in lines}


def _update_reported(report: Report, about: frozenset[str], wanted: Update) -> ReportPart:
    return write_report(report, results_about(report, about), Path(wanted.report), wanted.report_format)
