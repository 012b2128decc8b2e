"""The work that one SPARQL update means, done in a process of its own (``graph.sandbox``): read, match, publish.

It is carried out on the release that is current then; where that has changed before it is published, once more.
"""

from __future__ import annotations

from pathlib import Path

from graph.contribution.reports import results_about, write_report
from graph.contribution.values import Outcome, ReportPart, Update
from graph.contribution.work import patiently
from graph.contributors import EVERY_GRAPH, may_write
from graph.errors import PreconditionError, QuerySyntaxError
from graph.publication import Publication, open_publication
from graph.publish import Edit, Post, Put, Write
from graph.releases.release import Release, current_release
from graph.update.evaluation import Scope, carry_out, check_scope
from graph.update.operations import Operation
from graph.update.reading import read_update
from graph.update.state import UpdateState
from graph.validation.report import Report, ValidationFailedError

ATTEMPTS = 3
ALL_COMMENT = "all of the update is a comment: curl -d takes line ends out, send it with --data-binary"


def update(wanted: Update) -> Outcome:
    """Carry out an update and publish what comes of it, as one release.

    Raises:
        OutOfScopeError: it writes what it must not.
        QuerySyntaxError: it is no update, or nothing but a comment.
        HamkorError: as ``graph.update`` and ``graph.publish.publish``, but for violations.
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
    report = _reported(published.report, about, wanted)
    return Outcome(report, published.release.id, bool(published.created), published.changed)


def _scope(wanted: Update, publication: Publication, salt: str) -> Scope:
    base, contributor = publication.base, wanted.contributor

    def may(graph: str) -> bool:
        return graph == wanted.only if wanted.only else may_write(contributor, graph, base)

    return Scope(
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
        case Edit(added=added):
            lines = [*added]
        case Put(chunks=chunks) | Post(chunks=chunks):
            lines = [line for chunk in chunks for line in chunk.lines()]
        case _:
            lines = []
    return {line[: line.index(b" ")].decode() for line in lines}


def _reported(report: Report, about: frozenset[str], wanted: Update) -> ReportPart:
    return write_report(report, results_about(report, about), Path(wanted.report), wanted.report_format)
