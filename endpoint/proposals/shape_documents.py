"""``/shapes/<class>``: what the form of a class asks as one shape, for forms on pages of others."""

from __future__ import annotations

from urllib.parse import unquote

import pyoxigraph as ox
from flask import Blueprint, Response

from endpoint.current import Snapshot, publication, snapshot, urls
from endpoint.http.problems import ProblemError
from endpoint.http.responses import answer, negotiated
from endpoint.http.semantics import OFFERS, HeaderLink, entity_tag
from endpoint.proposals.filled_form import fields_for
from endpoint.proposals.proposing import UNKNOWN_CLASS, class_named
from endpoint.things.representations import rdf_document
from graph.parts.proposals.form_fields import KnownThings
from graph.parts.proposals.form_shapes import form_shape

shaping = Blueprint("shaping", __name__)


@shaping.get("/shapes/<path:name>")
def shapes(name: str) -> Response:
    """The form of a class as a shape; the class by the name that ``/class/<name>`` has, with a suffix or by Accept."""
    here, name = snapshot(), unquote(name)
    suffix = next((each.suffix for each in OFFERS["shapes"] if name.endswith(f".{each.suffix}")), "")
    name = name.removesuffix(f".{suffix}") if suffix else name

    def url(suffix: str) -> str:
        return urls().absolute(urls().route(f"shapes/{name}.{suffix}"))

    representation = negotiated("shapes", suffix, url)
    triples = _shape(here, name)
    body = rdf_document(here, triples, representation.format) if representation.format is not None else b""
    links = [HeaderLink(url(each.suffix), "alternate", each.media_type) for each in OFFERS["shapes"]]
    location = "" if suffix else url(representation.suffix)
    tag = entity_tag(representation.name, body)
    return answer(representation, lambda: body, tag=tag, location=location, links=links)


def _shapes(_: Snapshot) -> dict[str, list[ox.Triple]]:
    return {}


def _shape(here: Snapshot, name: str) -> list[ox.Triple]:
    """Return the shape of a class, made once a release.

    Raises:
        ProblemError: 404, no shape is for things of this class.
    """
    known, class_iri = here.once(_shapes), class_named(name)
    if class_iri not in known:
        fields = fields_for((class_iri,)) if class_iri else []
        if not fields:
            raise ProblemError("not-found", UNKNOWN_CLASS)
        base, languages = publication().base, tuple(publication().settings.languages)
        known[class_iri] = form_shape(class_iri, fields, KnownThings(here.release.store, base, languages))
    return known[class_iri]
