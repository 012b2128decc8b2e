"""The page about anything that a release describes: which template shows it, in the reader's languages.

It reads the request's languages and parameters of pages; what is on the page is computed in the modules beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import render_template, request

from endpoint.current import languages, snapshot, urls
from endpoint.language import interface
from endpoint.pages.holdings import class_name
from endpoint.pages.incoming import LAST_PAGE, listing
from endpoint.pages.names import Names, names_for
from endpoint.pages.thing import thing_page
from endpoint.problems import ProblemError
from endpoint.responses import Link
from endpoint.sentences import Sentence
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
    """Return the page about a thing, or one page of what points to it where ``?incoming=`` asks for that.

    ``script`` is the thing as JSON-LD, for search engines.

    Raises:
        ProblemError: there is no such page.
    """
    names, terms = content_names(), interface_names()
    if (predicate := request.args.get("incoming")) is not None:
        return _incoming(description.iri, predicate, names, terms)
    view = thing_page(snapshot(), description, names, terms)
    iri, here = description.iri, snapshot()
    table = class_name(here, iri) if iri in here.release.manifest.statistics.classes else ""
    return render_template(
        "thing.html", page=view, links=links, downloads=downloads, script=script, table=table
    ).encode()


def _incoming(iri: str, predicate: str, names: Names, terms: Names) -> bytes:
    number = request.args.get("page", "1")
    found = None
    if number.isdecimal() and 0 < int(number) <= LAST_PAGE:
        try:
            found = listing(snapshot().release.store, iri, predicate, int(number), names, terms)
        except ValueError as problem:
            raise ProblemError(
                "bad-request", Sentence("incoming=%(predicate)s is no absolute IRI", predicate=repr(predicate[:200]))
            ) from problem
    if found is None:
        detail = Sentence(
            "what points to <%(iri)s> by <%(predicate)s> has no page %(number)s",
            iri=iri,
            predicate=predicate[:200],
            number=number[:20],
        )
        raise ProblemError("not-found", detail)
    return render_template("incoming.html", listing=found, title=names.thing(iri)).encode()
