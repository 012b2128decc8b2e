"""Profiles and links: in which profiles a thing can be had, its representations, Signposting's links."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from urllib.parse import quote

import pyoxigraph as ox
from flask import Blueprint, Response, render_template, request

from endpoint.current import snapshot, urls
from endpoint.http.languages import N_, translated
from endpoint.http.negotiation import (
    AS_HTML,
    AS_JSON_LD,
    AS_LINKSET,
    AS_MANIFEST,
    AS_N_QUADS,
    AS_N_TRIPLES,
    AS_RDF_XML,
    AS_TRIG,
    AS_TURTLE,
    GRAPHS,
    OFFERS,
    Profile,
    Representation,
    choose,
    choose_profile,
    named,
    with_suffix,
)
from endpoint.http.problems import ProblemError
from endpoint.http.responses import ABOUT_PAGE, answer, document_links, linkset_url, negotiated
from endpoint.http.semantics import IN_A_LINK, HeaderLink, entity_tag
from endpoint.things.rdf_documents import rdf_document
from endpoint.urls import with_parameters
from graph.catalogue.catalogue_terms import CatalogueNames
from graph.catalogue.dataset_description import DCAT_AP_PROFILE, SCHEMA_PROFILE
from graph.export.views import CONCEPT, PUBLIC_ORGANISATION, SCHEME, schema_types
from graph.model.errors import Sentence
from graph.model.labels import LABEL_PROPERTIES
from graph.model.namespaces import CV, DCT, RDF_TYPE, RDFS_LABEL, SCHEMA, SKOS
from graph.releases.dumps import whole_dumps

# Content negotiation by profile (W3C draft, 2023): in which profiles a thing can be had, and which a request gets.
#
# A profile is asked for by the header Accept-Profile or by ``_profile=``, a media type in it by Accept or by
# ``_mediatype=``; parameters go before headers, and what is not known is passed over. What a profile says of a thing is
# decided in ``graph.export.documents.views`` and ``graph.export.documents.views``; ``_profile=alt`` lists all there is
# (``endpoint.things.profiles``).

ALTERNATES = "http://www.w3.org/ns/dx/connegp/altr"
BY_PARAMETER = "http://www.w3.org/ns/dx/connegp/profile/qsa"
BY_HEADER = "http://www.w3.org/ns/dx/connegp/profile/http"
MOST_READ = 1_000
Url = Callable[[Profile, Representation], str]
"""Makes the URL of a representation in a profile."""

SCHEMA_ORG = Profile(
    "schema", SCHEMA_PROFILE, "schema.org", (AS_JSON_LD, AS_TURTLE, AS_N_TRIPLES, AS_RDF_XML, AS_N_QUADS, AS_TRIG)
)
DCAT_AP = Profile("dcat", DCAT_AP_PROFILE, "DCAT-AP", GRAPHS)
IN_SKOS = Profile("skos", SKOS, "SKOS", GRAPHS)
CPOV = Profile("cpov", CV, N_("Core Public Organisation Vocabulary"), GRAPHS)
ALT = Profile("alt", ALTERNATES, N_("List of all representations"), (AS_HTML, AS_MANIFEST, *GRAPHS))


def full(base: str, kind: str = "description") -> Profile:
    """Return the default profile: all that is known, as the publication's own vocabulary says it."""
    return Profile("full", f"{base}profiles#full", N_("Everything"), OFFERS[kind], is_default=True)


def labels(base: str) -> Profile:
    """Return the profile of names."""
    return Profile("labels", f"{base}profiles#labels", N_("Names only"), GRAPHS)


def every(base: str) -> tuple[Profile, ...]:
    """Return all profiles in which anything can be had here."""
    return full(base), labels(base), SCHEMA_ORG, DCAT_AP, IN_SKOS, CPOV, ALT


def of_dataset(base: str) -> tuple[Profile, ...]:
    """Return the profiles of the dataset."""
    return full(base, "dataset"), DCAT_AP, SCHEMA_ORG, ALT


def of_thing(iri: str, kind: str = "description") -> tuple[Profile, ...]:
    """Return the profiles of a thing, the default first: none that would be empty."""
    base, store = urls().base, snapshot().release.store
    said = list(islice(store.quads_for_pattern(ox.NamedNode(iri), None, None, ox.DefaultGraph()), MOST_READ))
    classes = {
        quad.object.value for quad in said if quad.predicate.value == RDF_TYPE and isinstance(quad.object, ox.NamedNode)
    }
    fitting = [full(base, kind)]
    if any(quad.predicate.value in LABEL_PROPERTIES for quad in said):
        fitting.append(labels(base))
    if schema_types(store, iri):
        fitting.append(SCHEMA_ORG)
    if classes & {CONCEPT, SCHEME}:
        fitting.append(IN_SKOS)
    if PUBLIC_ORGANISATION in classes:
        fitting.append(CPOV)
    return (*fitting, ALT)


def selected(profiles: Sequence[Profile], suffix: str, url: Url) -> tuple[Profile, Representation]:
    """Return the profile and the representation that this request gets.

    Args:
        profiles: those in which the resource can be had, the default first.
        suffix: the suffix of the URL; where it has one, Accept is not looked at.
        url: for the list in a 406.

    Raises:
        ProblemError: none is acceptable, or there is none with that suffix.
    """
    fixed, accept = _fixed(profiles, suffix), None
    if fixed is None:
        fixed, accept = list(profiles), request.headers.get("Accept")
    token = request.args.get("_profile", "")
    wished = next((each for each in profiles if token in (each.token, each.iri)), None)
    if wished is None:
        found = choose_profile(accept, request.headers.get("Accept-Profile"), fixed) if fixed else None
    else:
        same = next((each for each in fixed if each.iri == wished.iri), None)
        representation = choose(accept, same.offers) if same else None
        found = (wished, representation) if representation else None
    if found is None:
        raise _none(profiles, suffix, url)
    return next(each for each in profiles if each.iri == found[0].iri), found[1]


def _fixed(profiles: Sequence[Profile], suffix: str) -> list[Profile] | None:
    """Return the profiles with only what suffix, ``_mediatype=`` or ``format=`` name; None where they name nothing."""
    if suffix:
        return _narrowed(profiles, lambda offers: with_suffix(suffix, offers))
    if media_type := request.args.get("_mediatype"):
        return _narrowed(profiles, lambda offers: named(media_type, offers))
    wished = (_narrowed(profiles, lambda offers, name=name: named(name, offers))  # type: ignore[misc]
              for name in request.args.getlist("format"))  # fmt: skip
    return next((each for each in wished if each), None)


def _narrowed(
    profiles: Sequence[Profile], find: Callable[[tuple[Representation, ...]], Representation | None]
) -> list[Profile]:
    found = ((each, find(each.offers)) for each in profiles)
    return [replace(each, offers=(representation,)) for each, representation in found if representation]


def _none(profiles: Sequence[Profile], suffix: str, url: Url) -> ProblemError:
    there_is = [{"type": each.media_type, "profile": profile.iri, "url": url(profile, each)}
                for profile in profiles for each in profile.offers]  # fmt: skip
    if suffix and with_suffix(suffix, profiles[0].offers) is None and not request.args.get("_profile"):
        return ProblemError(
            "not-found", Sentence("this cannot be had as .%(suffix)s", suffix=suffix), {"alternatives": there_is}
        )
    asked = " ".join(filter(None, (request.args.get("_mediatype"), request.headers.get("Accept"), suffix)))
    return ProblemError(
        "not-acceptable",
        Sentence("none of %(asked)s can be had here", asked=repr(asked[:200])),
        {"alternatives": there_is},
    )


def profile_links(profiles: Sequence[Profile], chosen: Profile, url: Url) -> list[HeaderLink]:
    """Return the links that say in which profile an answer is, and where one finds the others, each in its first form.

    ``alt`` lists all forms of each; a header must stay short.
    """
    links = [HeaderLink(chosen.iri, "profile")]
    if chosen is ALT:
        links += [HeaderLink(BY_HEADER, "profile"), HeaderLink(BY_PARAMETER, "profile")]
    first = ((each, each.offers[0]) for each in profiles[1:])
    return links + [HeaderLink(url(each, form), "alternate", form.media_type, each.iri) for each, form in first]


def thing_url(iri: str) -> Url:
    """Return what makes the URLs of the representations of a thing."""
    here = urls()

    def url(profile: Profile, representation: Representation) -> str:
        if profile.is_default:
            return here.absolute(here.document(iri, representation.suffix))
        return here.absolute(in_profile(here.document(iri), profile, representation))

    return url


def in_profile(path: str, profile: Profile, representation: Representation) -> str:
    """Return a path with the parameters that ask for a profile and a media type."""
    return with_parameters(path, {"_profile": profile.token, "_mediatype": representation.media_type})


# The list of all representations of a resource (``_profile=alt``), and ``/profiles``, which says what each profile is.
#
# The list is what the W3C's draft of Content Negotiation by Profile calls the alternate representations data model: a
# page, JSON, or RDF in its vocabulary (altr).

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


# Signposting (FAIR Signposting Profile): the links by which a program finds its way around a page.
#
# Level 1 stands in the header Link, level 2 in a linkset (RFC 9264) at ``/linkset?iri=…``.

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
    links = [HeaderLink(_page(iri), "describes", "text/html")]
    return answer(representation, lambda: body, tag=entity_tag(representation.name, body), links=links)


def dataset_iri() -> str:
    """Return the IRI of the dataset."""
    return CatalogueNames(urls().base, "").dataset


def dataset_links() -> list[HeaderLink]:
    """Return the links of the dataset's landing page."""
    here, manifest, iri = urls(), snapshot().release.manifest, dataset_iri()
    about = snapshot().publication.settings.about
    formats = [each for each in OFFERS["dataset"] if each.format is not None]
    links = [
        HeaderLink(iri, "cite-as"),
        HeaderLink(iri, "describes"),
        HeaderLink(iri, "canonical"),
        HeaderLink(ABOUT_PAGE, "type"),
        HeaderLink(f"{SCHEMA}Dataset", "type"),
        HeaderLink(about.license, "license"),
    ]
    if about.publisher:
        links.append(HeaderLink(CatalogueNames(here.base, manifest.id).part("publisher"), "author"))
    for each in formats:
        url = here.absolute(here.route(f"dataset.{each.suffix}"))
        links.append(HeaderLink(url, "alternate", each.media_type))
        links.append(HeaderLink(url, "describedby", each.media_type, DCAT_AP_PROFILE))
    for dump in whole_dumps(manifest):
        links.append(HeaderLink(here.absolute(here.route(f"downloads/{dump.name}")), "item", "application/gzip"))
    catalog = here.absolute(here.route(".well-known/api-catalog"))
    return [*links, HeaderLink(linkset_url(iri), "linkset", AS_LINKSET.media_type), HeaderLink(catalog, "api-catalog")]


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


def _target(link: HeaderLink) -> dict[str, object]:
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
