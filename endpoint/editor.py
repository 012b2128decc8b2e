"""The SPARQL editor of ``/sparql``: YASGUI, served from here, with what it knows of this publication.

It is a package of npm (``endpoint/yasgui``); where it has not been installed, the page has its plain form, which does
the same work. Nothing is ever asked of another host.
"""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
from flask import Blueprint, Response, abort, send_file

from endpoint.current import Snapshot, snapshot, urls
from endpoint.language import page_language, translated
from endpoint.pages import outlines
from graph.namespaces import OWL, RDF_TYPE, RDFS

editor = Blueprint("editor", __name__)

FOLDER = Path(__file__).parent / "yasgui" / "node_modules" / "@zazuko" / "yasgui" / "build"
SCRIPT, STYLE, OUTLINES = "yasgui.min.js", "yasgui.min.css", "outlines.json"
TYPES = {SCRIPT: "text/javascript; charset=utf-8", STYLE: "text/css; charset=utf-8", OUTLINES: "application/json"}
DAY = 86_400
MOST_WORDS = 2_000
HANDLES = "'sha256-zCK2EVMoPc04mRF/g5CotUvxbJPWS+8V0b+s9ptqQIk='"
"""The one style that YASGUI 4.6.2 writes into the page: the handles between columns."""
POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {HANDLES}; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page with the editor may do: scripts and connections of this host, and none of any other."""
CLASSES = tuple(ox.NamedNode(iri) for iri in (OWL + "Class", RDFS + "Class"))
PROPERTIES = tuple(ox.NamedNode(OWL + name) for name in ("ObjectProperty", "DatatypeProperty", "AnnotationProperty"))


def is_installed() -> bool:
    """Whether the editor can be served."""
    return (FOLDER / SCRIPT).is_file() and (FOLDER / STYLE).is_file()


@editor.get("/static/editor/<name>")
def asset(name: str) -> Response:
    """A file of the editor, or the outlines of its maps."""
    path = outlines.FILE if name == OUTLINES else FOLDER / name
    if name not in TYPES or not path.is_file():
        abort(404)
    response = send_file(path, mimetype=TYPES[name], max_age=DAY, conditional=True)
    response.headers["Content-Type"] = TYPES[name]
    return response


def editor_settings(examples: list[dict[str, str]]) -> dict[str, object]:
    """Return what the editor is told: where it asks, whose prefixes and words it knows, and its first tabs."""
    here, now = urls(), snapshot()
    classes, properties = _words(now)
    return {
        "endpoint": here.absolute(here.route("sparql")),
        "base": here.base,
        "here": here.absolute(f"{here.root}/"),
        "language": page_language(),
        "prefixes": now.prefixes,
        "classes": classes,
        "properties": properties,
        "outlines": here.route(f"static/editor/{OUTLINES}"),
        "examples": [{"label": each["label"], "text": each["text"]} for each in examples],
        "texts": {
            "table": translated("Table"),
            "response": translated("Response"),
            "chart": translated("Chart"),
            "map": translated("Map"),
            "asked": translated("Your query"),
        },
    }


def _words(now: Snapshot) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return classes and properties for completion: those that are used, and those that the ontology has."""
    statistics, merge = now.release.manifest.statistics, ox.DefaultGraph()

    def declared(kinds: tuple[ox.NamedNode, ...]) -> set[str]:
        quads = (
            q for kind in kinds for q in now.release.store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), kind, merge)
        )
        return {each.subject.value for each in quads if isinstance(each.subject, ox.NamedNode)}

    classes = {*statistics.classes, *declared(CLASSES)}
    properties = {*statistics.properties, *declared(PROPERTIES)}
    return tuple(sorted(classes))[:MOST_WORDS], tuple(sorted(properties))[:MOST_WORDS]
