"""``/privacy``: what personal data is here, why, and how to ask for its removal, in the language of the interface."""

from __future__ import annotations

from flask import Blueprint, Response

from endpoint.current import languages, publication, snapshot, urls
from endpoint.language import interface
from endpoint.pages.names import names_for
from endpoint.pages.shapes import text_in
from endpoint.responses import as_page, page
from graph.catalogue.personal import graph_named, kinds

privacy = Blueprint("privacy", __name__)


@privacy.get("/privacy")
def notice() -> Response:
    """What personal data is here, why, and how to ask for its removal."""
    own, here = publication(), snapshot()
    settings = own.settings
    withheld = {graph_named(own, name) for name in settings.privacy.withhold_graphs}
    there = {each.iri for each in here.release.manifest.graphs}
    personal = list(dict.fromkeys(graph_named(own, name) for name in settings.privacy.personal_graphs))
    names = names_for(here, urls(), languages(), personal)
    graphs = [
        (
            names.thing(iri) if iri in there else None, iri.removeprefix(own.graph("")),
            tuple(kinds(here.release.store, iri)), iri not in there,
        )
        for iri in personal
    ]  # fmt: skip
    as_page()
    return page(
        "privacy.html",
        graphs=graphs,
        withheld=[iri.removeprefix(own.graph("")) for iri in sorted(withheld)],
        purpose=_chosen(settings.privacy.purpose),
        publisher=_chosen(settings.about.publisher),
        contact=settings.about.contact_iri,
        shown_contact=settings.about.contact.removeprefix("mailto:").removeprefix("tel:"),
    )


def _chosen(texts: dict[str, str]) -> tuple[str, str]:
    """Return a text and its language, best for the interface; both empty where there is none."""
    return text_in(texts, (interface(),))
