"""Named graphs, read: ``/graph/<name>`` and ``/graphs?graph=<IRI>`` (Graph Store Protocol, direct and indirect).

They come from the release's graph files, so that every literal is exactly as it was put in. Writing is done in
``endpoint.graphs.graph_writing``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import product
from urllib.parse import quote

import pyoxigraph as ox
from flask import Blueprint, Response, request

from endpoint.current import is_withheld, languages, past, publication, snapshot, urls
from endpoint.http.problems import ProblemError
from endpoint.http.responses import answer, as_page, document_links, graph_tag, negotiated, page
from endpoint.http.semantics import OFFERS, SUFFIXES, Representation
from endpoint.pages.term_names import names_for
from endpoint.things.representations import graph_document
from endpoint.things.resources import describing, find, meant, not_found
from endpoint.urls import URI_CHARACTERS, split_suffix
from graph.model.errors import ReleaseError, Sentence
from graph.releases.manifest import GraphEntry

graphs = Blueprint("graphs", __name__)
PIECE = 1 << 16
DEFAULT_GRAPH = "default"
"""What the default graph of the Graph Store Protocol and of updates is called; that of queries is the merge of all."""


@graphs.get("/graph/<path:path>")
def read_direct(path: str) -> Response:
    """A named graph of ours by its path; whatever else bears such a name is described."""
    names = dict.fromkeys(((path, ""), split_suffix(path, SUFFIXES)))
    for means, (name, suffix) in product((urls().thing, urls().mixed), names):
        entry = next(filter(None, map(entry_of, means(f"graph/{name}"))), None)
        if entry is not None:
            return reading(entry, suffix)
    try:
        iri, suffix = find(f"graph/{path}")
        if is_withheld(iri):  # the catalogue speaks of it all the same: that it is not public
            raise not_found(iri)
        return describing(iri, suffix)
    except ProblemError as problem:
        raise no_graph(*meant(f"graph/{path}")) from problem


@graphs.get("/graphs")
def read_indirect() -> Response:
    """Any named graph by its IRI; without one, the list of all."""
    iri = wanted_graph()
    if iri is None:
        return _listed()
    entry = entry_of(iri)
    if entry is None:
        raise no_graph(iri)
    return reading(entry, "")


def wanted_graph() -> str | None:
    """Return the IRI that ``graph=`` names, or that of the default graph for ``default``; None where neither is there.

    A graph may also be named by the URL at which it is read here (the Location of one that was made).

    Raises:
        ProblemError: 400, it is no absolute IRI, or there are several.
    """
    wanted = request.args.getlist("graph")
    if "default" in request.args and not wanted:
        return publication().graph(DEFAULT_GRAPH)
    if not wanted and "default" not in request.args:
        return None
    if len(wanted) != 1 or "default" in request.args or not _is_iri(wanted[0]):
        raise ProblemError("bad-request", Sentence("graph= must be given once, as an absolute IRI; or default instead"))
    here = f"{urls().host}{urls().root}/graph/"
    if wanted[0].startswith(here) and entry_of(wanted[0]) is None:
        return graph_of(wanted[0].removeprefix(here))
    return wanted[0]


def graph_of(path: str) -> str:
    """Return the graph that a path below ``/graph/`` means: one that there is, or a new one, named as it is spelt."""
    found, base = urls().thing(f"graph/{path}"), publication().base
    new = base + quote(found[0].removeprefix(base), safe=URI_CHARACTERS)
    return next((iri for iri in found if entry_of(iri) is not None), new)


def _is_iri(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


def no_graph(*iris: str) -> ProblemError:
    """Return the error that there is no such graph.

    One that a contributor has taken back can be made again at any time: it answers 404, as the Graph Store Protocol
    asks (5.4, and its tests); what the publisher has withdrawn is gone.
    """
    error = not_found(*iris)
    for iri in iris if error.problem.kind == "gone" else ():
        last = snapshot().gone.last_release(iri)
        with suppress(ReleaseError):
            if last is not None and past().snapshot(last).release.entry(iri).origin == "contributed":
                return ProblemError("not-found", error.problem.detail, error.problem.facts)
    return error


def entry_of(iri: str) -> GraphEntry | None:
    """Return the manifest's entry of a named graph, or None."""
    return snapshot().graphs.get(iri)


def reading(entry: GraphEntry, suffix: str) -> Response:
    """Return a named graph, or for a browser the page about it."""
    here = urls()
    representation = negotiated("graph", suffix, lambda each: here.absolute(here.document(entry.iri, each)))
    if representation.format is None:
        return describing(entry.iri, suffix, "graph")
    tag = graph_tag(entry, representation.name)
    location = (
        "" if suffix or "graph" in request.args else here.absolute(here.document(entry.iri, representation.suffix))
    )
    response = answer(
        representation, lambda: b"", tag=tag, location=location, links=document_links(entry.iri, OFFERS["graph"])
    )
    return response if response.status_code == 304 else _with_body(response, entry, representation)


def _with_body(response: Response, entry: GraphEntry, representation: Representation) -> Response:
    if representation.format is None:
        return response
    file = graph_document(snapshot(), entry.iri, representation.format)
    size = file.seek(0, 2)
    file.seek(0)
    pieces: Iterator[bytes] = iter(partial(file.read, PIECE), b"")
    response.response = pieces
    response.call_on_close(file.close)
    response.headers["Content-Length"] = str(size)
    return response


def _listed() -> Response:
    as_page()
    entries = snapshot().release.manifest.graphs
    names = names_for(snapshot(), urls(), languages(), (each.iri for each in entries))
    return page("graphs.html", graphs=[(names.thing(each.iri), each.triples) for each in entries])
