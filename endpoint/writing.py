"""Named graphs, written: PUT, POST, DELETE, PATCH on ``/graph/<name>`` and ``/graphs?graph=`` (Graph Store Protocol).

It looks at who asks and what for, in the order in which one may learn it: token, scope, name, graph, preconditions,
body. What a document means for the release, ``graph.contribution`` decides in a process of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from flask import Blueprint, Response, request

from endpoint.authorization import contributor_of_request, door
from endpoint.current import publication, refresh
from endpoint.graphs import acceptable, entry_of, graph_of, no_graph, wanted_graph
from endpoint.outcomes import answered
from endpoint.preconditions import Expected, expected
from endpoint.problems import ProblemError, document_problem
from endpoint.reports import report_format
from endpoint.sentences import Sentence
from endpoint.updating import patched
from endpoint.uploads import documents, received
from endpoint.works import works
from graph.contribution.values import Action, Contribution, Outcome
from graph.contributors import EVERY_GRAPH, Contributor
from graph.errors import GraphNameError, SourceError
from graph.namespaces import unfit_name

writing = Blueprint("writing", __name__)

METHODS = ("PUT", "POST", "DELETE", "PATCH")
FRESH = 8


@dataclass(frozen=True, slots=True)
class Target:
    """The graph that a request writes, who writes, and what they expect of it."""

    iri: str
    contributor: Contributor
    expected: Expected


@writing.route("/graph/<path:path>", methods=METHODS)
def direct(path: str) -> Response:
    """Write a named graph of ours by its path."""
    return _written(graph_of(path))


@writing.route("/graphs", methods=METHODS)
def indirect() -> Response:
    """Write any named graph by its IRI; POST without one makes a new graph."""
    iri = wanted_graph()
    if iri is not None:
        return _written(iri)
    if request.method != "POST":
        raise ProblemError("bad-request", Sentence("which graph? graph= and its IRI are missing"))
    return _created(contributor_of_request())


def _written(iri: str) -> Response:
    contributor = contributor_of_request()
    door().check(contributor, iri)
    check_name(iri, publication().base)
    refresh()
    entry = entry_of(iri)
    if entry is None and request.method in ("DELETE", "PATCH"):
        raise no_graph(iri)
    target = Target(iri, contributor, expected(iri, entry))
    door().count(contributor)
    if request.method == "PATCH":
        return patched(target.iri, contributor, target.expected)
    actions: dict[str, Action] = {"PUT": "put", "POST": "post", "DELETE": "delete"}
    return _contributed(target, actions[request.method])


def _created(contributor: Contributor) -> Response:
    """Make a graph where the contributor may have one; its name is ours to choose (Graph Store Protocol 5.5)."""
    pattern = next((each for each in contributor.graphs if EVERY_GRAPH in each and ":" not in each), None)
    if pattern is None:
        remedy = Sentence("PUT to the graph that the token is for")
        raise ProblemError("out-of-scope", Sentence("the token is not for graphs of new names"), {"remedy": remedy})
    refresh()
    door().count(contributor)
    iri = publication().graph(pattern.replace(EVERY_GRAPH, token_hex(FRESH)))
    door().check(contributor, iri)
    return _contributed(Target(iri, contributor, {iri: None}), "post", is_named=False)


def _contributed(target: Target, action: Action, *, is_named: bool = True) -> Response:
    with received() as folder:
        sent = documents(folder) if action != "delete" else ()
        if not is_named and all(not Path(each.path).stat().st_size for each in sent):
            return Response(status=204)
        report = folder / "report"
        contribution = Contribution(
            str(publication().root), action, target.iri, sent, str(report), report_format(),
            target.contributor, target.expected,
        )  # fmt: skip
        try:
            outcome = works().write("graph.contribution.work:contribute", contribution, Outcome)
        except SourceError as problem:
            raise document_problem(problem) from problem
        return answered(outcome, report, target.iri)


def check_name(iri: str, base: str) -> None:
    """Make sure that a graph can bear a name: an absolute IRI that is the same for every reader.

    Raises:
        GraphNameError: 400.
    """
    if problem := unfit_name(iri, base):
        raise GraphNameError(iri, problem)


@writing.after_request
def _not_kept(response: Response) -> Response:
    """No answer to a write is kept by anybody."""
    response.headers.setdefault("Cache-Control", "no-store")
    return acceptable(response)
