"""Named graphs, read: ``/graph/<name>`` and ``/graphs?graph=<IRI>`` (Graph Store Protocol, direct and indirect).

They come from the release's members, so that every literal is exactly as it was put in. Writing is done elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flask import Blueprint, Response, request

from endpoint.current import languages, snapshot, urls
from endpoint.documents import graph_document
from endpoint.pages.names import names_for
from endpoint.problems import ProblemError
from endpoint.representations import OFFERS, SUFFIXES, Representation
from endpoint.resources import describing, not_found
from endpoint.responses import answer, document_links, entity_tag, negotiated, page
from endpoint.urls import split_suffix
from graph.releases.manifest import GraphEntry

graphs = Blueprint("graphs", __name__)
PIECE = 1 << 16


@graphs.get("/graph/<path:path>")
def direct(path: str) -> Response:
    """A named graph of ours by its path."""
    for name, suffix in dict.fromkeys(((path, ""), split_suffix(path, SUFFIXES))):
        for iri in urls().thing(f"graph/{name}"):
            if (entry := entry_of(iri)) is not None:
                return reading(entry, suffix)
    raise not_found(urls().thing(f"graph/{path}")[0])


@graphs.get("/graphs")
def indirect() -> Response:
    """Any named graph by its IRI; without one, the list of all."""
    if "graph" not in request.args:
        return _listed()
    wanted = request.args.getlist("graph")
    if len(wanted) != 1 or ":" not in wanted[0]:
        raise ProblemError("bad-request", "graph= must be given once, as an absolute IRI")
    entry = entry_of(wanted[0])
    if entry is None:
        raise not_found(wanted[0])
    return reading(entry, "")


def entry_of(iri: str) -> GraphEntry | None:
    """Return the manifest's entry of a named graph, or None."""
    return next((each for each in snapshot().release.manifest.graphs if each.iri == iri), None)


def reading(entry: GraphEntry, suffix: str) -> Response:
    """Return a named graph, or for a browser the page about it."""
    here = urls()
    representation = negotiated("graph", suffix, lambda each: here.absolute(here.document(entry.iri, each)))
    if representation.format is None:
        return describing(entry.iri, suffix, "graph")
    tag = entity_tag(entry.iri, entry.digest, representation.name, sorted(snapshot().prefixes.items()))
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
    entries = snapshot().release.manifest.graphs
    names = names_for(snapshot(), urls(), languages(), (each.iri for each in entries))
    return page("graphs.html", graphs=[(names.thing(each.iri), each.triples) for each in entries])
