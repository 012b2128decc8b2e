"""Signposting (FAIR Signposting Profile): the links by which a program finds its way around a page.

Level 1 stands in the header Link, level 2 in a linkset (RFC 9264) at ``/linkset?iri=…``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote

from flask import Blueprint, Response, request

from endpoint.current import snapshot, urls
from endpoint.problems import ProblemError
from endpoint.representations import AS_LINKSET, OFFERS
from endpoint.responses import ABOUT_PAGE, IN_A_LINK, Link, answer, document_links, entity_tag, linkset_url, negotiated
from endpoint.sentences import Sentence
from graph.catalogue.names import Names
from graph.catalogue.views import DCAT_AP_PROFILE
from graph.namespaces import SCHEMA
from graph.releases.dumps import whole_dumps

signposting = Blueprint("signposting", __name__)
LEFT_OUT = frozenset({"alternate", "canonical", "describes", "linkset", "profile", "api-catalog"})
"""Relations that say something of one representation, or of the linkset itself."""


@signposting.get("/linkset", defaults={"suffix": ""})
@signposting.get("/linkset.<suffix>")
def linkset(suffix: str) -> Response:
    """The links of the page about ``iri``; without one, of the dataset's."""
    iri = request.args.get("iri", dataset_iri())
    if iri != dataset_iri() and not snapshot().speaks_of(iri):
        raise ProblemError(
            "not-found",
            Sentence("release %(id)s says nothing about <%(iri)s>", id=snapshot().release.id, iri=iri[:200]),
        )
    representation = negotiated("linkset", suffix)
    contexts = _contexts(iri)
    if representation is AS_LINKSET:
        body = json.dumps({"linkset": contexts}, ensure_ascii=False, indent=1).encode() + b"\n"
    else:
        body = ",\n".join(_lines(contexts)).encode() + b"\n"
    links = [Link(_page(iri), "describes", "text/html")]
    return answer(representation, lambda: body, tag=entity_tag(representation.name, body), links=links)


def dataset_iri() -> str:
    """Return the IRI of the dataset."""
    return Names(urls().base, "").dataset


def dataset_links() -> list[Link]:
    """Return the links of the dataset's landing page."""
    here, manifest, iri = urls(), snapshot().release.manifest, dataset_iri()
    about = snapshot().publication.settings.about
    formats = [each for each in OFFERS["dataset"] if each.format is not None]
    links = [
        Link(iri, "cite-as"),
        Link(iri, "describes"),
        Link(iri, "canonical"),
        Link(ABOUT_PAGE, "type"),
        Link(f"{SCHEMA}Dataset", "type"),
        Link(about.license, "license"),
    ]
    if about.publisher:
        links.append(Link(Names(here.base, manifest.id).part("publisher"), "author"))
    for each in formats:
        url = here.absolute(here.route(f"dataset.{each.suffix}"))
        links.append(Link(url, "alternate", each.media_type))
        links.append(Link(url, "describedby", each.media_type, DCAT_AP_PROFILE))
    for dump in whole_dumps(manifest):
        links.append(Link(here.absolute(here.route(f"downloads/{dump.name}")), "item", "application/gzip"))
    catalog = here.absolute(here.route(".well-known/api-catalog"))
    return [*links, Link(linkset_url(iri), "linkset", AS_LINKSET.media_type), Link(catalog, "api-catalog")]


def _contexts(iri: str) -> list[dict[str, object]]:
    """Return the links by anchor: the page, then the data and metadata that lead back to it."""
    links = dataset_links() if iri == dataset_iri() else document_links(iri, OFFERS["description"])
    page, found = _page(iri), dict[str, list[dict[str, object]]]()
    for each in links:
        if each.relation not in LEFT_OUT:
            found.setdefault(each.relation, []).append(_target(each))
    back: list[dict[str, object]] = [
        {"anchor": each.safe_target, relation: [{"href": page, "type": "text/html"}]}
        for each in links
        for relation in [{"item": "collection", "describedby": "describes"}.get(each.relation, "")]
        if relation
    ]
    return [{"anchor": page, **found}, *back]


def _target(link: Link) -> dict[str, object]:
    target: dict[str, object] = {"href": link.safe_target}
    if link.media_type:
        target["type"] = link.media_type
    return target | ({"profile": [link.profile]} if link.profile else {})


def _lines(contexts: Iterable[dict[str, object]]) -> Iterable[str]:
    """Yield the links as ``application/linkset`` has them (RFC 9264 4.1)."""
    for context in contexts:
        for relation, targets in context.items():
            if isinstance(targets, list):
                for each in targets:
                    attributes = f'; type="{each["type"]}"' if "type" in each else ""
                    attributes += f'; profile="{each["profile"][0]}"' if "profile" in each else ""
                    yield f'<{each["href"]}>; rel="{relation}"; anchor="{context["anchor"]}"{attributes}'


def _page(iri: str) -> str:
    """Return the address of the page about an IRI; it is the anchor of its links."""
    here = urls()
    path = here.route("dataset") if iri == dataset_iri() else here.document(iri)
    return quote(here.absolute(path), safe=IN_A_LINK)
