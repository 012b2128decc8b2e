"""What came of a write as a response: published, or the report of why not.

From then on the request sees the release that the write has made, and so does whoever reads next.
"""

from __future__ import annotations

from pathlib import Path

from flask import Response

from endpoint.current import publication, refresh, urls
from endpoint.reports import report_response
from graph.contribution.values import Outcome


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
