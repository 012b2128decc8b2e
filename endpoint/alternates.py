"""The list of all representations of a resource (``_profile=alt``), and ``/profiles``, which says what each profile is.

The list is what the W3C's draft of Content Negotiation by Profile calls the alternate representations data model: a
page, JSON, or RDF in its vocabulary (altr).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pyoxigraph as ox
from flask import Blueprint, Response, render_template

from endpoint.current import snapshot, urls
from endpoint.documents import rdf_document
from endpoint.language import translated
from endpoint.profiles import ALTERNATES, Url, every
from endpoint.representations import AS_HTML, AS_MANIFEST, Profile, Representation
from endpoint.responses import answer, entity_tag, negotiated
from graph.namespaces import DCT, RDF_TYPE, RDFS_LABEL

ALTR = f"{ALTERNATES}#"
PROF = "http://www.w3.org/ns/dx/prof/"

alternates = Blueprint("alternates", __name__)


@alternates.get("/profiles", defaults={"suffix": ""})
@alternates.get("/profiles.<suffix>")
def listed(suffix: str) -> Response:
    """The profiles in which something can be had here: their tokens, IRIs and titles."""
    here = urls()
    representation = negotiated("profiles", suffix, lambda each: here.absolute(here.route(f"profiles.{each}")))
    profiles = every(here.base)
    if representation.format is None:
        body = render_template("profiles.html", profiles=profiles).encode()
    else:
        body = rdf_document(snapshot(), _ordered(_named(profiles)), representation.format)
    location = "" if suffix else here.absolute(here.route(f"profiles.{representation.suffix}"))
    return answer(representation, lambda: body, tag=entity_tag(representation.name, body), location=location)


def alternates_body(iri: str, profiles: Sequence[Profile], representation: Representation, url: Url) -> bytes:
    """Return the list of the representations of a resource."""
    rows = [(profile, each, url(profile, each)) for profile in profiles for each in profile.offers]
    if representation is AS_HTML:
        return render_template("alternates.html", iri=iri, rows=rows, default=profiles[0]).encode()
    if representation is AS_MANIFEST:
        return json.dumps(_document(iri, rows, profiles[0]), ensure_ascii=False, indent=1).encode() + b"\n"
    if representation.format is None:
        raise AssertionError(representation)
    return rdf_document(snapshot(), _ordered(_triples(iri, rows, profiles)), representation.format)


def _document(
    iri: str, rows: Sequence[tuple[Profile, Representation, str]], default: Profile
) -> dict[str, object]:  # fmt: skip
    return {"resource": iri, "representations": [
        {"url": url, "profile": profile.iri, "token": profile.token, "title": translated(profile.title),
         "mediatype": each.media_type, "default": profile is default and each is default.offers[0]}
        for profile, each, url in rows
    ]}  # fmt: skip


def _triples(
    iri: str, rows: Sequence[tuple[Profile, Representation, str]], profiles: Sequence[Profile]
) -> Iterator[ox.Triple]:
    thing = ox.NamedNode(iri)
    for number, (profile, each, url) in enumerate(rows):
        place = ox.NamedNode(url)
        yield ox.Triple(thing, ox.NamedNode(ALTR + "hasRepresentation"), place)
        if number == 0:
            yield ox.Triple(thing, ox.NamedNode(ALTR + "hasDefaultRepresentation"), place)
        yield ox.Triple(place, ox.NamedNode(RDF_TYPE), ox.NamedNode(ALTR + "Representation"))
        yield ox.Triple(place, ox.NamedNode(DCT + "conformsTo"), ox.NamedNode(profile.iri))
        yield ox.Triple(place, ox.NamedNode(DCT + "format"), ox.Literal(each.media_type))
    yield from _named(profiles)


def _named(profiles: Sequence[Profile]) -> Iterator[ox.Triple]:
    for each in profiles:
        node = ox.NamedNode(each.iri)
        yield ox.Triple(node, ox.NamedNode(RDF_TYPE), ox.NamedNode(PROF + "Profile"))
        yield ox.Triple(node, ox.NamedNode(PROF + "hasToken"), ox.Literal(each.token))
        yield ox.Triple(node, ox.NamedNode(RDFS_LABEL), ox.Literal(each.title, language="en"))


def _ordered(triples: Iterator[ox.Triple]) -> list[ox.Triple]:
    return sorted(dict.fromkeys(triples), key=str)
