"""What came of a write or of a validation, as a response: published, or the report of why not (SHACL 3.6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from flask import Response, request

from endpoint.current import languages, publication, refresh, snapshot, urls
from endpoint.http.negotiation import (
    AS_HTML,
    AS_JSON_LD,
    AS_REPORT,
    AS_REPORT_TABLE,
    AS_TURTLE,
    OFFERS,
    Representation,
    choose,
    named,
)
from endpoint.http.problems import Problem
from endpoint.http.responses import page
from endpoint.pages.facts_of_shapes import text_in
from endpoint.pages.term_names import names_for
from graph.model.errors import Sentence
from graph.parts.contribution.contributed_document import FoundResult, Outcome, ReportFormat, ReportPart, SentDocument

# What validation found, for a page: findings that are alike are one entry with the places where it was found.
#
# Alike are those that one shape makes of one property in the same words; nodes, values and what mends them may differ.

OPEN = 3
"""So many places of an entry are seen at once; the others unfold."""
UNNAMED = SentDocument("", "").name
"""What a document is called that has no name: a page need not say so."""


@dataclass(frozen=True, slots=True)
class FindingPlace:
    """Where something was found.

    Attributes:
        document: the name of the document, or an empty string where it has none.
        line: in it, where that is known.
        focus: the node, in N-Triples syntax; below the base as a relative IRI.
        value: the offending value, or None.
    """

    document: str
    line: int | None
    focus: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """An entry of a report.

    Attributes:
        said: what is said once: the first of the results.
        remedies: how to mend it, by language, each once.
        places: where, each once, from the first line of each document on.
    """

    said: FoundResult
    remedies: tuple[dict[str, str], ...]
    places: tuple[FindingPlace, ...]

    @property
    def shown(self) -> Sequence[FindingPlace]:
        """The places that are seen at once; never all but one."""
        return self.places if len(self.places) <= OPEN + 1 else self.places[:OPEN]

    @property
    def further(self) -> Sequence[FindingPlace]:
        """The places that unfold."""
        return self.places[len(self.shown) :]


def folded(results: Iterable[FoundResult], base: str) -> list[Finding]:
    """Return results as entries, each where its first place stands."""
    alike = dict[tuple[object, ...], list[FoundResult]]()
    for each in results:
        alike.setdefault((each.severity, each.shape, each.path, *sorted(each.messages.items())), []).append(each)
    return [_finding(found, base) for found in alike.values()]


def _finding(found: Sequence[FoundResult], base: str) -> Finding:
    remedies = {tuple(each.remedy.items()): each.remedy for each in found if each.remedy}
    places = dict.fromkeys(_place(each, base) for each in found)
    in_order = sorted(places, key=lambda each: (each.document, each.line or 0))
    return Finding(found[0], tuple(remedies.values()), tuple(in_order))


def _place(result: FoundResult, base: str) -> FindingPlace:
    document = "" if result.document == UNNAMED else result.document
    value = None if result.value == result.focus else result.value
    return FindingPlace(document, result.line, result.focus.replace(f"<{base}", "<", 1), value)


# Validation reports as responses: Turtle, JSON-LD, JSON or a page, by Accept (SHACL 3.6).
#
# They are written by the process that validates; here they are only sent.

KIND = "not-conforming"
FORMATS: dict[str, ReportFormat] = {
    AS_TURTLE.name: "turtle",
    AS_JSON_LD.name: "jsonld",
    AS_REPORT.name: "json",
    AS_HTML.name: "page",
    AS_REPORT_TABLE.name: "csv",
}


def wanted_report() -> Representation:
    """Return the representation of the report that this request gets: Turtle where none of them is acceptable."""
    offered = OFFERS["validation"]
    wished = (named(name, offered) for name in request.args.getlist("format"))
    found = next((each for each in wished if each is not None), None)
    return found or choose(request.headers.get("Accept"), offered) or AS_TURTLE


def report_format() -> ReportFormat:
    """Return how the report has to be written for this request."""
    return FORMATS[wanted_report().name]


def report_response(report: ReportPart, file: Path, status: int, *, only: tuple[str, ...] = ()) -> Response:
    """Return a report; one that refuses (422) is a problem, too, where it is JSON.

    Args:
        report: what it says, in short.
        file: what has been written for ``report_format``.
        status: of the response.
        only: the classes as which it was checked; of all where there are none.
    """
    representation = wanted_report()
    if representation is AS_HTML:
        names = names_for(snapshot(), urls(), languages(), (*report.checked, *only))
        checked = [(names.thing(iri), count) for iri, count in report.checked.items()]
        wanted = [names.thing(iri) for iri in only]
        return page(
            "validation.html", report=report, refused=status == 422, names=names,
            chosen=lambda texts: text_in(texts, languages()),
            checked=checked, wanted=wanted, findings=folded(report.shown, publication().base), status=status,
        )  # fmt: skip
    try:
        body = file.read_bytes()
    except FileNotFoundError:  # the disk took no report: what is known of it goes out as JSON
        representation, body = AS_REPORT, _in_short(report)
    if representation is AS_REPORT and status == 422:
        problem = Problem(
            KIND, Sentence("%(violations)s violations; nothing was published", violations=report.violations)
        )
        members = problem.document(urls().absolute(urls().route("problems")) + f"#{KIND}")
        body = json.dumps(members, ensure_ascii=False).encode()[:-1] + b",\n" + body.lstrip(b"{ \n")
    response = Response(body, status=status, content_type=representation.content_type)
    response.headers.update({"Cache-Control": "no-store", "Vary": "Accept"})
    return response


def _in_short(report: ReportPart) -> bytes:
    """Return a report as JSON: the results that are known, and how many there are."""
    rows: dict[str, object] = {"conforms": report.conforms, "results": report.shown}
    if (count := report.violations + report.others) > len(report.shown):
        rows["results_in_all"] = count
    return msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n"


# What came of a write as a response: published, or the report of why not.
#
# From then on the request sees the release that the write has made, and so does whoever reads next.


def answered(outcome: Outcome, report: Path, iri: str = "") -> Response:
    """Return the answer to a write: what has been published, or the report of why not.

    Args:
        outcome: what came of it.
        report: the file with the report.
        iri: the graph, where there is one; its URL is the Location of one that is new.
    """
    if not outcome.report.conforms:
        return report_response(outcome.report, report, 422)
    refresh(outcome.release)
    created = outcome.created and bool(iri)
    if outcome.report.others:
        response = report_response(outcome.report, report, 201 if created else 200)
    else:
        response = Response(status=201 if created else 204)
        response.headers.pop("Content-Type", None)
    if created:
        response.headers["Location"] = location(iri)
    return response


def location(iri: str) -> str:
    """Return the URL at which a graph is read."""
    here = urls()
    if iri.startswith(f"{publication().base}graph/"):
        return here.absolute(here.document(iri))
    return here.absolute(here.route("graphs", graph=iri))
