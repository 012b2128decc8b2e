"""``/``: what is here at a glance, and how to use it; and ``/problems``, what each type of error means."""

from __future__ import annotations

from flask import Blueprint, Response

from endpoint.current import languages, snapshot, urls
from endpoint.dataset import is_for_programs, landing
from endpoint.examples import shown_examples
from endpoint.pages.front import front_page
from endpoint.pages.shapes import text_in
from endpoint.pages.views import content_names, interface_names
from endpoint.problems import KINDS
from endpoint.responses import Link, as_page, page

home = Blueprint("home", __name__)


@home.get("/")
def front() -> Response:
    """What the publication holds, and how to use it: for people a page, for programs the dataset's catalogue."""
    if is_for_programs():
        return landing("")
    here, manifest = snapshot(), snapshot().release.manifest
    view = front_page(here, content_names(), interface_names())
    about, wanted = here.publication.settings.about, languages()
    links = [
        Link(urls().absolute(urls().route("dataset.ttl")), "describedby", "text/turtle"),
        Link(urls().absolute(urls().route("sparql", format="turtle")), "service-desc", "text/turtle"),
        Link(urls().absolute(urls().route(".well-known/api-catalog")), "api-catalog"),
    ]
    return page(
        "home.html",
        links=links,
        manifest=manifest,
        view=view,
        title=text_in(about.title, wanted),
        summary=text_in(about.description, wanted),
        examples=shown_examples(),
        endpoint=urls().absolute(urls().route("sparql")),
        sample=_sample(view.sample),
    )


def _sample(class_iri: str) -> str:
    """Return a first query that has an answer here."""
    what = f"a <{class_iri}> ;\n         ?property ?value" if class_iri else "?property ?value"
    return f"SELECT * WHERE {{\n  ?thing {what}\n}} LIMIT 10"


@home.get("/problems")
def problems() -> Response:
    """The types of problem that errors name."""
    as_page()
    return page("problems.html", kinds=KINDS)
