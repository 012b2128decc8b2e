"""Things and documents about them: ``/id/…`` 303 → ``/doc/…``, ``/resource?iri=…``; and what finds and names them."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

import pyoxigraph as ox
from flask import Blueprint, Response, request

from endpoint.current import is_withheld, languages, past, snapshot, urls
from endpoint.http.problems import ProblemError
from endpoint.http.responses import answer, document_links, moved, see_other
from endpoint.http.semantics import CITATIONS, OF_DOCUMENTS, OFFERS, HeaderLink, Profile, Representation, entity_tag
from endpoint.pages.front import citation_body, thing_citation
from endpoint.pages.nested_values import INCOMING, PAGE, asked_number, no_page
from endpoint.pages.thing_page import description_page
from endpoint.things.representations import (
    ALT,
    CPOV,
    IN_SKOS,
    SCHEMA_ORG,
    Embedding,
    alternates_body,
    of_thing,
    profile_links,
    rdf_document,
    selected,
    thing_document,
    thing_url,
)
from endpoint.urls import memento, original, split_suffix, with_parameters
from graph.export.views import cpov_view, labels_view, schema_triples, skos_view
from graph.model.description import (
    Description,
    blank_triples,
    describe,
    describing_triples,
    incoming_page,
    pointing_triples,
    replacement,
    too_much,
)
from graph.model.errors import Sentence
from graph.model.formats import Format
from graph.model.rdf_terms import RDFS, VOID, XSD, genid_iri

# Things and documents about them: ``/id/…`` 303 → ``/doc/…``, ``/resource?iri=…``, and all other paths below the base.
#
# What a document says is decided in ``graph.model.description``, how its page looks in ``endpoint.pages``.

resources = Blueprint("resources", __name__)
SEE_ALSO, HYDRA = RDFS + "seeAlso", "http://www.w3.org/ns/hydra/core#"
MOST_RELATED = 20
"""So many links of a document lead to the rest of what points to its thing; the document itself names all."""
WITHHELD = Sentence("what was asked for holds personal data, or did, and is not published")


@resources.get("/id/<path:path>")
def thing(path: str) -> Response:
    """A thing that is no document: see the document about it."""
    iri, suffix = find(f"id/{path}")
    if (other_iri := replacement(snapshot().release.store, iri)) is not None:
        return moved(urls().absolute(urls().own(other_iri)))
    response = see_other(urls().absolute(with_parameters(urls().page(iri, suffix), _asked())))
    with suppress(ProblemError):  # the document will say that it cannot be had
        response.headers.add("Link", str(HeaderLink(selected(of_thing(iri), suffix, thing_url(iri))[0].iri, "profile")))
    return response


def _asked() -> dict[str, str]:
    """Return the parameters of profile and media type, which hold for the document that a redirect leads to."""
    return {name: request.args.get(name, "") for name in ("_profile", "_mediatype")}


@resources.get("/doc/<path:path>")
def document(path: str) -> Response:
    """The document about a thing."""
    return describing(*find(f"doc/{path}"))


@resources.get("/resource", defaults={"suffix": ""})
@resources.get("/resource.<suffix>")
def resource(suffix: str) -> Response:
    """The document about any IRI that the release speaks of."""
    iri = request.args.get("iri", "")
    try:
        ox.NamedNode(iri)
    except ValueError as problem:
        raise ProblemError(
            "bad-request", Sentence("iri=%(iri)s is no absolute IRI", iri=repr(iri[:200])), {"example": EXAMPLE}
        ) from problem
    if is_withheld(iri):
        raise not_found(iri)
    return describing(iri, suffix)


EXAMPLE = "/resource?iri=http%3A%2F%2Fwww.w3.org%2Fns%2Forg%23Organization"


@resources.get("/<path:path>")
def other(path: str) -> Response:
    """Whatever else lies below the base: concepts, the dataset, terms of slash vocabularies."""
    return describing(*find(path))


def find(path: str) -> tuple[str, str]:
    """Return the IRI that a path means, as far as the release speaks of it, and the format suffix of the path.

    Args:
        path: relative to the root, as it was spelt; the query of the request may belong to it.

    Raises:
        ProblemError: the release speaks of none such.
    """
    here, asked = snapshot(), urls().asked(path, request.query_string.decode("latin-1"), OF_DOCUMENTS)
    found = next((each for each in asked if here.speaks_of(each[0])), None)
    if found is None:
        raise not_found(*meant(path))
    return found


def meant(path: str) -> tuple[str, ...]:
    """Return the IRIs that a path may mean, likeliest first: a suffix may be a format's, or its own."""
    query = request.query_string.decode("latin-1")
    names = dict.fromkeys((split_suffix(path, OF_DOCUMENTS)[0], path, *((f"{path}?{query}",) if query else ())))
    return tuple(iri for name in names for iri in urls().thing(name))


def not_found(*iris: str) -> ProblemError:
    """Return the error that nothing is known of what may have been meant by any of these: it never was, or is gone."""
    here = snapshot()
    if any(is_withheld(iri) for iri in iris):
        return of_withheld()
    for iri in iris:
        if (last := here.gone.last_release(iri)) is not None:
            there = urls().absolute(
                memento(original(urls().root), last, urls().document(iri).removeprefix(urls().root))
            )
            is_kept = last in past().history().releases.ids()
            return ProblemError(
                "gone",
                Sentence("<%(iri)s> was last in release %(last)s", iri=iri, last=last),
                {"memento": there} if is_kept else {},
            )
    return ProblemError(
        "not-found", Sentence("release %(id)s says nothing about <%(iri)s>", id=here.release.id, iri=iris[0])
    )


def of_withheld() -> ProblemError:
    """Return the error that something must not be spoken of."""
    return ProblemError("withheld", WITHHELD, {"privacy": urls().absolute(urls().route("privacy"))})


def describing(iri: str, suffix: str = "", kind: str = "description") -> Response:
    """Return the document about an IRI, in the representation that the request asks for.

    Raises:
        ProblemError: nothing is known of it, or it cannot be had as wanted.
    """
    profiles, url = of_thing(iri, kind), thing_url(iri)
    profile, representation = selected(profiles, suffix, url)
    description = describe(snapshot().release.store, iri)
    if description is None and (kind == "graph" or iri in snapshot().fragments):
        description = Description(iri, (), ())
    if description is None:
        raise not_found(iri)
    if (other_iri := replacement(snapshot().release.store, iri)) is not None:
        return moved(urls().absolute(urls().document(other_iri, suffix)))
    links = document_links(iri, OFFERS[kind], profiles[0].iri) + profile_links(profiles, profile, url)
    if representation.format is not None and (predicate := request.args.get(INCOMING)) is not None:
        return _pointing(iri, predicate, representation, representation.format)
    if profile is ALT:
        body = alternates_body(iri, profiles, representation, url)
    elif representation in CITATIONS:
        body = citation_body(thing_citation(iri), representation)
    elif representation.format is None:
        body = description_page(description, links, downloads(iri), schema_script(iri))
    elif profile == profiles[0]:
        more = _more(description)
        body = thing_document(iri, _with_fragments(iri, [*_triples(description), *more]), representation.format)
        links += [HeaderLink(each.object.value, "related") for each in more if isinstance(each.object, ox.NamedNode)
                  and each.predicate.value == SEE_ALSO][:MOST_RELATED]  # fmt: skip
    else:
        body = rdf_document(snapshot(), _view(description, profile), representation.format)
    location = "" if suffix else url(profile, representation)
    tag = entity_tag(representation.name, profile.iri, body)
    return answer(representation, lambda: body, tag=tag, location=location, links=links)


def _with_fragments(iri: str, triples: list[ox.Triple]) -> list[ox.Triple]:
    """Return the triples of a document with what is said of things that are its fragments: they are asked for here."""
    here, said = snapshot(), snapshot().stated_of(iri)
    if not said:
        return triples
    most = here.publication.settings.limits.document_statements
    inner = blank_triples(here.release.store, said, genid_iri(here.publication.base, ""))
    whole = list(dict.fromkeys((*triples, *said, *islice(inner, most + 1))))
    if len(whole) > most:
        raise too_much(iri, most)
    return whole


def _view(description: Description, profile: Profile) -> list[ox.Triple]:
    """Return what a profile says of a thing."""
    here = snapshot()
    match profile.token:
        case SCHEMA_ORG.token:
            return schema_triples(here.release.store, description.iri, here.publication.base)
        case IN_SKOS.token:
            return skos_view(here.release.store, description)
        case CPOV.token:
            return cpov_view(description)
    return labels_view(description)


def schema_script(iri: str) -> str:
    """Return a thing in the words of schema.org, for search engines; empty where these have none for it."""
    here = snapshot()
    triples = schema_triples(here.release.store, iri, here.publication.base)
    return Embedding(triples, languages()).script(iri) if triples else ""


def _triples(description: Description) -> list[ox.Triple]:
    here = snapshot()
    most = here.publication.settings.limits.document_statements
    return describing_triples(here.release.store, description, genid_iri(here.publication.base, ""), most)


def _more(description: Description) -> list[ox.Triple]:
    """Return where the rest is of what points to a thing, by which property and how much, where a document cuts it."""
    found = list[ox.Triple]()
    for each in description.incoming:
        if each.total > len(each.subjects):
            listed = ox.NamedNode(_listing_url(description.iri, each.predicate))
            found.append(ox.Triple(ox.NamedNode(description.iri), ox.NamedNode(SEE_ALSO), listed))
            found.append(ox.Triple(listed, ox.NamedNode(VOID + "property"), ox.NamedNode(each.predicate)))
            if each.counted:
                total = ox.Literal(str(each.total), datatype=ox.NamedNode(XSD + "integer"))
                found.append(ox.Triple(listed, ox.NamedNode(HYDRA + "totalItems"), total))
    return found


def _listing_url(iri: str, predicate: str, number: int = 1, suffix: str = "") -> str:
    page = {INCOMING: predicate, "page": str(number) if number > 1 else ""}
    return urls().absolute(with_parameters(urls().document(iri, suffix), page))


def _pointing(iri: str, predicate: str, representation: Representation, form: Format) -> Response:
    """Return a page of what points to a thing by a property, as RDF."""
    number = asked_number(request.args.get("page", "1"), iri, predicate)
    store, suffix = snapshot().release.store, representation.suffix
    found = incoming_page(store, iri, predicate, number, PAGE)
    if not found:
        raise no_page(number, iri, predicate)
    beside = [(number - 1, "prev")] * (number > 1) + [(number + 1, "next")] * (len(found) > PAGE)
    links = [HeaderLink(_listing_url(iri, predicate, at, suffix), relation) for at, relation in beside]
    body = rdf_document(snapshot(), pointing_triples(store, iri, predicate, found[:PAGE]), form)
    tag = entity_tag(representation.name, number, body)
    return answer(representation, lambda: body, tag=tag, links=[HeaderLink(iri, "describes"), *links])


def downloads(iri: str, kind: str = "description") -> list[tuple[str, str]]:
    """Return title and path of every RDF form of the document about an IRI."""
    return [(each.title, urls().document(iri, each.suffix)) for each in OFFERS[kind] if each.format is not None]
