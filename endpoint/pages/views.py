"""The page about anything that a release describes: which template shows it, in the reader's languages.

It reads the request's languages and parameters of pages; what is on the page is computed in the modules beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import render_template, request

from endpoint.citations import citation_links, thing_citation
from endpoint.current import languages, snapshot, urls
from endpoint.language import interface
from endpoint.pages.holdings import class_name
from endpoint.pages.incoming import INCOMING, VALUES, asked_number, listing
from endpoint.pages.names import Names, names_for
from endpoint.pages.thing import thing_page
from endpoint.pages.trees import CONCEPTS
from endpoint.responses import Link
from graph.description import Description


def content_names() -> Names:
    """Return the names of things in the language of the content."""
    return names_for(snapshot(), urls(), languages())


def interface_names() -> Names:
    """Return the names of properties and classes, which are part of the page, in the language of the interface."""
    return names_for(snapshot(), urls(), (interface(), *languages()))


def description_page(
    description: Description, links: Sequence[Link], downloads: Sequence[tuple[str, str]], script: str = ""
) -> bytes:
    """Return the page about a thing, or one of all that points to it or to which it points by a property.

    The parameters ``incoming`` and ``values`` ask for the latter.
    ``script`` is the thing as JSON-LD, for search engines.

    Raises:
        ProblemError: there is no such page.
    """
    names, terms = content_names(), interface_names()
    for which in (INCOMING, VALUES):
        if (predicate := request.args.get(which)) is not None:
            return _listing(description.iri, predicate, which, names, terms)
    asked = request.args.get(CONCEPTS, "1")
    number = int(asked) if asked.isdecimal() and len(asked) < 9 else 0
    view = thing_page(snapshot(), description, names, terms, number)
    iri, here = description.iri, snapshot()
    table = class_name(here, iri) if iri in here.release.manifest.statistics.classes else ""
    return render_template(
        "thing.html", page=view, links=links, downloads=downloads, script=script, table=table,
        citation=thing_citation(iri), cite=citation_links(lambda suffix: urls().page(iri, suffix)),
    ).encode()  # fmt: skip


def _listing(iri: str, predicate: str, which: str, names: Names, terms: Names) -> bytes:
    number = asked_number(request.args.get("page", "1"), iri, predicate)
    found = listing(snapshot(), iri, predicate, number, names, terms, which)
    return render_template("incoming.html", listing=found, title=names.thing(iri)).encode()
