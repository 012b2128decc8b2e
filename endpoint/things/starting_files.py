"""``/templates``: files to start from, one for each class that shapes know, as CSV with CSVW, Turtle and JSON-LD.

What a template holds decides ``graph.parts.templates``.
"""

from __future__ import annotations

from urllib.parse import unquote

from flask import Blueprint, Response, request

from endpoint.current import Snapshot, languages, snapshot, urls
from endpoint.http.languages import interface
from endpoint.http.problems import ProblemError
from endpoint.http.responses import answer, as_page, page
from endpoint.http.semantics import AS_CSV, AS_JSON_LD, AS_TURTLE, HeaderLink, Representation, entity_tag
from endpoint.pages.term_names import names_for
from graph.catalogue.contents import graph_named
from graph.model.errors import Sentence
from graph.model.formats import METADATA_SUFFIX
from graph.parts.templates.fields import Examples, TemplateShapes
from graph.parts.templates.template_files import Library

starting = Blueprint("starting", __name__)
CSVM = Representation("csvm", "application/csvm+json", "json", "CSVW", "application/csvm+json")
FORMS = {"csv": AS_CSV, "ttl": AS_TURTLE, "jsonld": AS_JSON_LD}


@starting.get("/templates")
def templates_listed() -> Response:
    """The templates that there are."""
    as_page()
    library = templates()
    names = names_for(snapshot(), urls(), languages(), library.classes().values())
    return page("templates.html", classes=library.classes(), names=names)


@starting.get("/templates/<name>")
def template(name: str) -> Response:
    """One of them: ``ParentsClub.csv``, ``.csv-metadata.json``, ``.ttl`` or ``.jsonld``."""
    name = unquote(name)
    if name.endswith(f".csv{METADATA_SUFFIX}"):
        class_name, form, representation = name.removesuffix(f".csv{METADATA_SUFFIX}"), "metadata", CSVM
    else:
        class_name, _, form = name.rpartition(".")
        representation = FORMS.get(form, CSVM)
    text = templates().text(class_name, form, interface()) if form in (*FORMS, "metadata") else None
    if text is None:
        known = ", ".join(templates().classes())
        problem = Sentence("there is no template %(name)s", name=repr(name[:100]))
        raise ProblemError(
            "not-found", problem, {"remedy": Sentence("name a class and .csv, .ttl or .jsonld: %(known)s", known=known)}
        )
    links = [
        HeaderLink(urls().absolute(urls().route(f"templates/{name}{METADATA_SUFFIX}")), "describedby", CSVM.media_type)
    ]
    response = answer(representation, lambda: text, tag=entity_tag(text), links=links if form == "csv" else ())
    if "download" in request.args:
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def templates() -> Library:
    """Return the templates of the release of this request."""
    return snapshot().once(_library)


def _library(here: Snapshot) -> Library:
    own = here.publication
    personal = frozenset(graph_named(own, name) for name in own.settings.privacy.personal_graphs)
    shapes = TemplateShapes(here.release.store, own.base)
    return Library(Examples(shapes, personal), here.prefixes, here.context)
