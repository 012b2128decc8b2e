"""``/validate``: would this conform, if it were published? Open to everybody; nothing is written.

A browser gets a page that says how to ask. What is sent is read, and judged with the rest of the release, in a process
of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from endpoint.authorization import contributor_of_request
from endpoint.current import publication
from endpoint.graphs import wanted_graph
from endpoint.problems import document_problem
from endpoint.reports import report_format, report_response
from endpoint.responses import page
from endpoint.uploads import ACCEPTED, documents, received
from endpoint.works import works
from endpoint.writing import check_name
from graph.contribution.values import Contribution, Outcome
from graph.contributors import Contributor
from graph.errors import SourceError

validating = Blueprint("validating", __name__)
UNNAMED = "contribution"


@validating.get("/validate")
def form() -> Response:
    """How to ask."""
    return page("validate.html", accepted=ACCEPTED)


@validating.post("/validate")
def validate() -> Response:
    """Return the report on what is sent, as if it were PUT into the graph of ``graph=``."""
    iri = wanted_graph() or publication().graph(UNNAMED)
    check_name(iri, publication().base)
    with received() as folder:
        report = folder / "report"
        contribution = Contribution(
            str(publication().root), "put", iri, documents(folder), str(report), report_format(), _who(iri)
        )  # fmt: skip
        try:
            outcome = works().rehearse("graph.contribution.work:rehearse_contribution", contribution, Outcome)
        except SourceError as problem:
            raise document_problem(problem) from problem
        response = report_response(outcome.report, report, 200)
    response.headers["Accept-Post"] = ACCEPTED
    return response


def _who(iri: str) -> Contributor:
    """Return who asks: whose token is sent, or somebody who may write this graph and no other.

    Raises:
        ProblemError: 401 or 429 where a token is sent that is not good.
    """
    if request.headers.get("Authorization"):
        return contributor_of_request()
    now = datetime.now(UTC)
    return Contributor("", "", "", (iri,), now, now)
