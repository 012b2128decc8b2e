"""Responses: a representation, its validators, its links, headers of every answer, what a write may demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType

import pyoxigraph as ox
from flask import Flask, Response, after_this_request, make_response, render_template, request
from flask_babel import format_decimal
from markupsafe import Markup, escape

from endpoint.current import publication, snapshot, urls
from endpoint.http.languages import N_, page_language, translated
from endpoint.http.problems import Problem, ProblemError
from endpoint.http.semantics import (
    ALWAYS,
    AS_HTML,
    AS_LINKSET,
    AS_TEXT,
    CACHE,
    OFFERS,
    VARY,
    HeaderLink,
    Representation,
    choose,
    coding_of,
    entity_tag,
    held,
    named,
    problem_body,
    problem_fields,
    problem_form,
    tags_of,
    validators,
    with_suffix,
)
from endpoint.urls import as_requested
from graph.model.errors import HamkorError, Quotation, Sentence
from graph.model.rdf_terms import RDF_TYPE
from graph.releases.manifest import GraphEntry

# Responses: a representation, its validators and its links, as HTTP asks for them.
#
# It decides nothing about content; it makes sure that every answer says what it is (Content-Type, Content-Location,
# Link), for whom it may be kept (ETag, Vary, Cache-Control), and that a client that has it already gets a 304.

NAMES = MappingProxyType({
    "line": N_("line"), "column": N_("column"), "token": N_("at"), "limit": N_("limit"), "value": N_("its value"),
    "remedy": N_("remedy"), "document": N_("document"), "alternatives": N_("there is"), "example": N_("example"),
    "parameter": N_("parameter"), "privacy": N_("privacy"), "memento": N_("as it was"), "cluster": N_("all of them"),
    "or": N_("or"), "pointer": N_("JSON pointer"), "others": N_("further mistakes"), "more": N_("and more of them"),
    "the document": N_("the document"),
})  # fmt: skip
"""What the members of a problem object are called on a page, and a document that has no name."""
ABOUT_PAGE = "https://schema.org/AboutPage"
MERGE, MOST_CLASSES = ox.DefaultGraph(), 4


def negotiated(kind: str, suffix: str = "", alternatives: Callable[[str], str] | None = None) -> Representation:
    """Return the representation that this request gets: by its suffix, else by ``format=`` if known, else by Accept.

    Args:
        kind: a key of ``OFFERS``.
        suffix: the suffix of the URL; where it has one, Accept is not looked at.
        alternatives: makes the URL of the representation with a given suffix, for the list in a 406.

    Raises:
        ProblemError: none is acceptable, or there is none with that suffix.
    """
    offered = OFFERS[kind]
    if suffix:
        found = with_suffix(suffix, offered)
        if found is None:
            raise ProblemError(
                "not-found",
                Sentence("this cannot be had as .%(suffix)s", suffix=suffix),
                {"alternatives": _list(offered, None)},
            )
        return found
    wished = (named(name, offered) for name in request.args.getlist("format"))
    found = next((each for each in wished if each is not None), None)
    if found is None:
        found = choose(request.headers.get("Accept"), offered)
    if found is None:
        detail = Sentence("none of %(asked)s can be had here", asked=repr(request.headers.get("Accept", "")[:200]))
        raise ProblemError("not-acceptable", detail, {"alternatives": _list(offered, alternatives)})
    return found


def _list(offered: Sequence[Representation], url: Callable[[str], str] | None) -> list[dict[str, str]]:
    return [{"type": each.media_type} | ({"url": url(each.suffix)} if url else {}) for each in offered]


def answer(
    representation: Representation,
    body: Callable[[], bytes],
    *,
    tag: str,
    location: str = "",
    links: Iterable[HeaderLink] = (),
    vary: str = VARY,
    status: int = 200,
) -> Response:
    """Return the response for a representation, or 304 where the client has it.

    Args:
        representation: what is sent.
        body: makes the bytes; not called for a 304.
        tag: its entity tag; empty for what nobody may keep.
        location: the URL of just this representation (Content-Location), where it was negotiated.
        links: for the header Link.
        vary: by which fields of a request it varies.
        status: its status; what is no success has no conditions (RFC 9110 13.2.1).

    Raises:
        ProblemError: 412, it is not what the client demands.
    """
    made = datetime.fromisoformat(snapshot().release.manifest.created)
    theirs = held(request.method, tag, made, request.headers.get) if status == 200 else ""
    response = Response(
        b"" if theirs else body(), content_type=representation.content_type, status=304 if theirs else status
    )
    response.headers.update(validators(theirs or tag, made, vary, is_known=bool(theirs)))
    if location:
        response.headers["Content-Location"] = location
    for link in links:
        response.headers.add("Link", str(link))
    return response


def as_page() -> None:
    """Make sure that who asks takes a page, where there is nothing else.

    Raises:
        ProblemError: 406, with the one form that there is.
    """
    after_this_request(_varying)
    negotiated("page", "", lambda _: urls().absolute(urls().root + as_requested(request.path, request.query_string)))


def _varying(response: Response) -> Response:
    response.vary.add("Accept")
    return response


def page(template: str, *, links: Iterable[HeaderLink] = (), status: int = 200, **view: object) -> Response:
    """Return a rendered page; its entity tag is that of its bytes."""
    body = render_template(template, **view).encode()
    return answer(AS_HTML, lambda: body, tag=entity_tag(body), links=links, status=status)


def see_other(url: str) -> Response:
    """Return a 303 (RFC 9110 15.4.4) to a document about what was asked for."""
    response = make_response("", 303)
    response.headers.update({"Location": url, "Vary": "Accept, Accept-Profile", "Cache-Control": CACHE})
    response.headers["Content-Type"] = AS_TEXT.content_type
    return response


def moved(url: str) -> Response:
    """Return a 301 (RFC 9110 15.4.2) to what has taken the place of what was asked for."""
    response = see_other(url)
    response.status_code = 301
    return response


def install_problems(app: Flask) -> None:
    """Let templates tell what problems say: ``{{ problem.detail|told }}``, ``{{ "line"|named }}``."""
    app.jinja_env.filters["told"] = told
    app.jinja_env.filters["named"] = lambda name: translated(NAMES[name]) if name in NAMES else name


def told(said: str) -> Markup:
    """Return a text for a page in the reader's language: a sentence translated, anything else quoted as English.

    What libraries and the engine say is marked as English, for screen readers, too.
    """
    if not isinstance(said, Sentence):
        return escape(said) if page_language() == "en" else Markup('<q lang="en">{}</q>').format(said)
    template = escape(translated(said.template))
    return template % {name: _fact(fact) for name, fact in said.facts.items()} if said.facts else template


def _fact(fact: object) -> str:
    if isinstance(fact, Sentence | Quotation):
        return told(fact)
    return str(format_decimal(fact)) if isinstance(fact, int) else str(fact)


def problem_response(problem: Problem, *, pages: bool = True) -> Response:
    """Return a problem as JSON, plain text or, where there are ``pages``, a page: whichever the client reads best."""
    form = problem_form(request.headers.get, pages=pages)
    type_url = urls().absolute(urls().route("problems")) + f"#{problem.kind}"
    if form is AS_HTML:
        body = render_template("problem.html", problem=problem, document=problem.document(type_url))
    else:
        body = problem_body(problem, form, type_url)
    response = Response(body, status=problem.status)
    response.headers.update(problem_fields(problem, form))
    return response


def linkset_url(iri: str) -> str:
    """Return where the links of the page about an IRI can be had as a document (RFC 9264)."""
    return urls().absolute(urls().route("linkset.json", iri=iri))


def _classes(iri: str) -> list[str]:
    """Return a few classes of a thing: what Signposting calls its type."""
    quads = snapshot().release.store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(RDF_TYPE), None, MERGE)
    found = sorted(quad.object.value for quad in quads if isinstance(quad.object, ox.NamedNode))
    return found[:MOST_CLASSES]


def document_links(iri: str, offered: Sequence[Representation], profile: str = "") -> list[HeaderLink]:
    """Return the links of a document about ``iri``: what it describes, its other forms, its place, its licence.

    Args:
        iri: the thing.
        offered: the forms that there are of it.
        profile: the IRI of the profile of all these, where it has one.
    """
    here, publication = urls(), snapshot().publication
    canonical = publication.base + here.document(iri).removeprefix(f"{here.root}/")
    links = [
        HeaderLink(iri, "describes"),
        HeaderLink(iri, "cite-as"),
        HeaderLink(canonical, "canonical"),
        HeaderLink(publication.settings.about.license, "license"),
        HeaderLink(here.absolute(here.route("dataset")), "collection"),
        *(
            [HeaderLink(f"{publication.base}dataset#publisher", "author")]
            if publication.settings.about.publisher
            else []
        ),
        HeaderLink(ABOUT_PAGE, "type"),
        *(HeaderLink(each, "type") for each in _classes(iri)),
        HeaderLink(linkset_url(iri), "linkset", AS_LINKSET.media_type),
    ]
    links += [
        HeaderLink(here.absolute(here.document(iri, each.suffix)), "alternate", each.media_type, profile)
        for each in offered
    ]
    turtle = next((each for each in offered if each.suffix == "ttl"), None)
    if turtle is not None:
        links.append(HeaderLink(here.absolute(here.document(iri, "ttl")), "describedby", turtle.media_type))
    return links


# Headers that every answer carries, errors and redirects included: CORS, the release, and what a browser may do.

METHODS = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
REQUEST_HEADERS = (
    "Accept, Content-Type, Content-Encoding, Authorization, Accept-Profile, Accept-Datetime, If-None-Match, If-Match, "
    "If-Modified-Since, If-Unmodified-Since, Release"
)
DAY = "86400"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def add_headers(response: Response) -> Response:
    """Add them to a response."""
    headers = response.headers
    headers.update(ALWAYS)
    if request.method == "OPTIONS":
        response.status_code = 204
        response.set_data(b"")
        headers.pop("Content-Type", None)
        headers["Access-Control-Allow-Methods"] = METHODS
        headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        headers["Access-Control-Max-Age"] = DAY
    with suppress(HamkorError):
        headers["X-Hamkor-Release"] = snapshot().release.id
    if response.mimetype == "text/html":
        with suppress(HamkorError):
            headers.add("Link", f'<{urls().absolute(urls().route("privacy"))}>; rel="privacy-policy"')
        headers.setdefault("Content-Security-Policy", POLICY)
    return response


def install_headers(app: Flask) -> None:
    """Let an application add them to every response."""
    app.after_request(add_headers)


# If-Match and If-None-Match of a write (RFC 9110 13): from entity tags to the digest that a graph must have.
#
# A graph has a tag for each of its representations; each of them names the same state.

EXISTS = "*"
"""``graph.pipeline.write.ANY``, without all that publishing needs."""

Expected = dict[str, str | None]


def graph_tag(entry: GraphEntry, representation: str) -> str:
    """Return the entity tag of a named graph in a representation."""
    return entity_tag(entry.iri, entry.digest, representation, sorted(snapshot().prefixes.items()))


def expected(iri: str, entry: GraphEntry | None) -> Expected:
    """Return what the request expects of a graph, as ``graph.pipeline.write.publish`` wants to know it.

    Args:
        iri: the graph.
        entry: its entry in the current release, or None where there is no such graph.

    Raises:
        ProblemError: 412 where it is not so already, 428 where the request has to say and does not.
    """
    if "If-Match" in request.headers:
        return {iri: _matching(entry)}
    if "If-None-Match" in request.headers:
        return _none_matching(iri, entry)
    if entry is None:
        return {}
    since = request.if_unmodified_since
    if since is not None and datetime.fromisoformat(snapshot().release.manifest.created) > since:
        raise _failed(Sentence("there is a newer release"))
    if publication().settings.limits.require_if_match:
        raise ProblemError(
            "precondition-required",
            Sentence("<%(iri)s> is there already", iri=iri),
            {"remedy": Sentence("send If-Match")},
        )
    return {}


def _matching(entry: GraphEntry | None) -> str:
    """Return the digest that If-Match means; the comparison is strong (RFC 9110 13.1.1)."""
    if entry is None:
        raise _failed(Sentence("there is no such graph"))
    if request.if_match.star_tag:
        return EXISTS
    if not any(request.if_match.contains(tag) for tag in _tags(entry)):
        raise _failed(Sentence("the graph has changed since"))
    return entry.digest


def _none_matching(iri: str, entry: GraphEntry | None) -> Expected:
    named = request.if_none_match
    if named.star_tag:
        if entry is not None:
            raise _failed(Sentence("the graph is there already"))
        return {iri: None}
    if entry is not None and any(named.contains_weak(tag) for tag in _tags(entry)):
        raise _failed(Sentence("the graph is what you have"))
    return {iri: entry.digest} if entry is not None else {}


def _tags(entry: GraphEntry) -> list[str]:
    plain = [graph_tag(entry, each.name) for each in OFFERS["graph"]]
    return [each for tag in plain for each in tags_of(tag)]


def _failed(detail: str) -> ProblemError:
    return ProblemError("precondition-failed", detail, {"remedy": Sentence("read it again")})


# Answers of the pages sent smaller to clients that take it; what is streamed from a file is sent as it is.


def compress(response: Response) -> Response:
    """Compress a response where the client takes it and it is worth it."""
    response.vary.add("Accept-Encoding")  # always: a 304 names what the 200 would (RFC 9110 15.4.5)
    if response.is_streamed or response.status_code in (204, 304) or response.direct_passthrough:
        return response
    coding = coding_of(response.content_length or 0, request.headers.get)
    if coding is None or "Content-Encoding" in response.headers:
        return response
    response.set_data(coding.compress(response.get_data()))
    response.headers["Content-Encoding"] = coding.name
    tag, is_weak = response.get_etag()
    if tag is not None:
        response.set_etag(coding.tag(tag), weak=bool(is_weak))
    return response


def install_compression(app: Flask) -> None:
    """Let an application compress what it sends."""
    app.after_request(compress)
