"""Content negotiation by profile (W3C draft, 2023): in which profiles a thing can be had, and which a request gets.

A profile is asked for by the header Accept-Profile or by ``_profile=``, a media type in it by Accept or by
``_mediatype=``; parameters go before headers, and what is not known is passed over. What a profile says of a thing is
decided in ``graph.views`` and ``graph.schema_org``; ``_profile=alt`` lists all there is (``endpoint.alternates``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

import pyoxigraph as ox
from flask import request

from endpoint.current import snapshot, urls
from endpoint.language import N_
from endpoint.negotiation import choose, choose_profile
from endpoint.problems import ProblemError
from endpoint.representations import (
    AS_HTML,
    AS_JSON_LD,
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
    named,
    with_suffix,
)
from endpoint.responses import Link
from endpoint.sentences import Sentence
from endpoint.urls import with_parameters
from graph.catalogue.views import DCAT_AP_PROFILE, SCHEMA_PROFILE
from graph.labels import LABEL_PROPERTIES
from graph.namespaces import CV, RDF_TYPE, SKOS
from graph.schema_org import schema_types
from graph.views import CONCEPT, PUBLIC_ORGANISATION, SCHEME

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


def profile_links(profiles: Sequence[Profile], chosen: Profile, url: Url) -> list[Link]:
    """Return the links that say in which profile an answer is, and where one finds the others, each in its first form.

    ``alt`` lists all forms of each; a header must stay short.
    """
    links = [Link(chosen.iri, "profile")]
    if chosen is ALT:
        links += [Link(BY_HEADER, "profile"), Link(BY_PARAMETER, "profile")]
    first = ((each, each.offers[0]) for each in profiles[1:])
    return links + [Link(url(each, form), "alternate", form.media_type, each.iri) for each, form in first]


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
