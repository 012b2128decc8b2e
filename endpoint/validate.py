"""``/validate``: would this conform, if it were published? Open to everybody; nothing is written.

A browser gets a page that says how to ask. What is sent is read, and judged with the rest of the release, in a process
of its own.
"""

from __future__ import annotations

from flask import Blueprint, Response

from endpoint.current import publication
from endpoint.graphs import wanted_graph
from endpoint.problems import document_problem
from endpoint.reports import report_format, report_response
from endpoint.responses import page
from endpoint.uploads import ACCEPTED, documents, received
from endpoint.works import works
from endpoint.writing import check_name
from graph.contribution.values import Contribution, Outcome
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
            str(publication().root), "put", iri, documents(folder), str(report), report_format()
        )  # fmt: skip
        try:
            outcome = works().rehearse("graph.contribution.work:rehearse_contribution", contribution, Outcome)
        except SourceError as problem:
            raise document_problem(problem) from problem
        response = report_response(outcome.report, report, 200)
    response.headers["Accept-Post"] = ACCEPTED
    return response
