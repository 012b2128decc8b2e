"""The publication's own vocabulary: ``/ns``, its terms as RDF and as a table, and ``/context.jsonld``.

Terms are hash IRIs below ``<base>ns``, so that one document describes them all.
"""

from __future__ import annotations

import json

import pyoxigraph as ox
from flask import Blueprint, Response, render_template

from endpoint.current import Snapshot, snapshot, urls
from endpoint.documents import rdf_document
from endpoint.pages.terms import Terms
from endpoint.pages.views import interface_names
from endpoint.problems import ProblemError
from endpoint.representations import AS_JSON_LD, OFFERS
from endpoint.resources import describing, downloads
from endpoint.responses import Link, answer, document_links, entity_tag, negotiated
from endpoint.sentences import Sentence
from graph.jsonld import CONTEXT_NAME
from graph.namespaces import COMPUTED_GRAPHS, ONTOLOGY_GRAPH

vocabulary = Blueprint("vocabulary", __name__)


@vocabulary.get("/ns", defaults={"suffix": ""})
@vocabulary.get("/ns.<suffix>")
def ontology(suffix: str) -> Response:
    """The ontology: everything that is stated of the vocabulary and its terms."""
    here, iri = urls(), f"{urls().base}ns"
    triples = list(snapshot().once(_triples))
    if not triples:
        return describing(iri, suffix, "vocabulary")
    representation = negotiated("vocabulary", suffix, lambda each: here.absolute(here.document(iri, each)))
    links = document_links(iri, OFFERS["vocabulary"])
    form = representation.format
    body = _page(iri, triples, links) if form is None else rdf_document(snapshot(), triples, form)
    location = "" if suffix else here.absolute(here.document(iri, representation.suffix))
    tag = entity_tag(representation.name, body)
    return answer(representation, lambda: body, tag=tag, location=location, links=links)


def _triples(here: Snapshot) -> tuple[ox.Triple, ...]:
    """Return what is stated of the vocabulary and its terms, in whichever graph; nothing where no term is."""
    iri, aside = f"{here.publication.base}ns", {here.publication.graph(name) for name in COMPUTED_GRAPHS}
    terms = here.stated_of(iri)
    quads = here.release.store.quads_for_pattern(ox.NamedNode(iri), None, None, None)
    own = {
        each.triple
        for each in quads
        if isinstance(each.graph_name, ox.NamedNode) and each.graph_name.value not in aside
    }
    ontology = here.publication.graph(ONTOLOGY_GRAPH) in here.graphs
    return tuple(sorted({*own, *terms}, key=str)) if terms or (own and ontology) else ()


def _page(iri: str, triples: list[ox.Triple], links: list[Link]) -> bytes:
    view = Terms(iri, triples, interface_names()).page()
    return render_template("vocabulary.html", page=view, links=links, downloads=downloads(iri, "vocabulary")).encode()


@vocabulary.get(f"/{CONTEXT_NAME}")
def context() -> Response:
    """The JSON-LD context, for those who write data of this kind."""
    found = snapshot().context
    if found is None:
        raise ProblemError("not-found", Sentence("this publication has no JSON-LD context"))
    body = json.dumps({"@context": found}, ensure_ascii=False, indent=1).encode() + b"\n"
    return answer(AS_JSON_LD, lambda: body, tag=entity_tag(body))
