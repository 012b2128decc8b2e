"""If-Match and If-None-Match of a write (RFC 9110 13): from entity tags to the digest that a graph must have.

A graph has a tag for each of its representations; each of them names the same state.
"""

from __future__ import annotations

from datetime import datetime

from flask import request

from endpoint.coding import tags_of
from endpoint.current import publication, snapshot
from endpoint.problems import ProblemError
from endpoint.representations import OFFERS
from endpoint.responses import entity_tag
from endpoint.sentences import Sentence
from graph.releases.manifest import GraphEntry

EXISTS = "*"
"""``graph.publish.ANY``, without all that publishing needs."""

Expected = dict[str, str | None]


def graph_tag(entry: GraphEntry, representation: str) -> str:
    """Return the entity tag of a named graph in a representation."""
    return entity_tag(entry.iri, entry.digest, representation, sorted(snapshot().prefixes.items()))


def expected(iri: str, entry: GraphEntry | None) -> Expected:
    """Return what the request expects of a graph, as ``graph.publish.publish`` wants to know it.

    Args:
        iri: the graph.
        entry: its entry in the current release, or None where there is no such graph.

    Raises:
        ProblemError: 412 where it is not so already, 428 where the request has to say and does not.
    """
    if "If-Match" in request.headers:
        return {iri: _matching(entry)}
    if "If-None-Match" in request.headers:
        return _none_matching(iri, entry)
    if entry is None:
        return {}
    since = request.if_unmodified_since
    if since is not None and datetime.fromisoformat(snapshot().release.manifest.created) > since:
        raise _failed(Sentence("there is a newer release"))
    if publication().settings.limits.require_if_match:
        raise ProblemError(
            "precondition-required",
            Sentence("<%(iri)s> is there already", iri=iri),
            {"remedy": Sentence("send If-Match")},
        )
    return {}


def _matching(entry: GraphEntry | None) -> str:
    """Return the digest that If-Match means; the comparison is strong (RFC 9110 13.1.1)."""
    if entry is None:
        raise _failed(Sentence("there is no such graph"))
    if request.if_match.star_tag:
        return EXISTS
    if not any(request.if_match.contains(tag) for tag in _tags(entry)):
        raise _failed(Sentence("the graph has changed since"))
    return entry.digest


def _none_matching(iri: str, entry: GraphEntry | None) -> Expected:
    named = request.if_none_match
    if named.star_tag:
        if entry is not None:
            raise _failed(Sentence("the graph is there already"))
        return {iri: None}
    if entry is not None and any(named.contains_weak(tag) for tag in _tags(entry)):
        raise _failed(Sentence("the graph is what you have"))
    return {iri: entry.digest} if entry is not None else {}


def _tags(entry: GraphEntry) -> list[str]:
    plain = [graph_tag(entry, each.name) for each in OFFERS["graph"]]
    return [each for tag in plain for each in tags_of(tag)]


def _failed(detail: str) -> ProblemError:
    return ProblemError("precondition-failed", detail, {"remedy": Sentence("read it again")})
