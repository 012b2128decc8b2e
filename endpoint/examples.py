"""The example queries: ``/queries`` lists them, ``/query/<slug>`` shows one and describes it as RDF."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from endpoint.current import languages, snapshot, urls
from endpoint.pages.shapes import text_in
from endpoint.representations import AS_HTML, OFFERS
from endpoint.resources import describing, downloads, find
from endpoint.responses import answer, as_page, document_links, entity_tag, negotiated, page
from graph.query.examples import Example

examples = Blueprint("examples", __name__)


@examples.get("/queries")
def listed() -> Response:
    """All example queries."""
    as_page()
    return page("queries.html", examples=shown_examples())


@examples.get("/query/<path:path>")
def one(path: str) -> Response:
    """One example query: its text and a link that runs it, or its description as RDF."""
    iri, suffix = find(f"query/{path}")
    example = next((each for each in snapshot().examples if each.iri == iri), None)
    if example is None or negotiated("description", suffix) is not AS_HTML:
        return describing(iri, suffix)
    links = document_links(iri, OFFERS["description"])
    body = render_template(
        "query.html", example=shown(example), links=links, downloads=downloads(iri)
    ).encode()  # fmt: skip
    representation = negotiated("description", suffix)
    location = "" if suffix else urls().absolute(urls().document(iri, representation.suffix))
    return answer(representation, lambda: body, tag=entity_tag(body), location=location, links=links)


def shown_examples() -> list[dict[str, str]]:
    """Return the examples as pages show them, in order."""
    return [shown(each) for each in snapshot().examples]


def shown(example: Example) -> dict[str, str]:
    """Return label, comment, text and links of one example, as it is asked in the reader's language."""
    label, language = text_in(example.labels, languages())
    comment, spoken = text_in(example.comments, languages())
    text = example.asked(languages())
    return {
        "label": label or example.slug,
        "language": language,
        "comment": comment,
        "comment_language": spoken,
        "text": text,
        "href": urls().page(example.iri),
        "run": urls().link("sparql", query=text),
    }
