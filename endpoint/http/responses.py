"""Responses: a representation, its validators, its links, headers of every answer, what a write may demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from urllib.parse import quote

import pyoxigraph as ox
from flask import Flask, Response, after_this_request, make_response, render_template, request
from werkzeug.http import quote_etag

from endpoint.current import publication, snapshot, urls
from endpoint.http.negotiation import (
    AS_HTML,
    AS_LINKSET,
    AS_TEXT,
    OFFERS,
    SMALLEST,
    Representation,
    choose,
    coding_for,
    named,
    tags_of,
    with_suffix,
)
from endpoint.http.problems import Problem, ProblemError
from endpoint.urls import as_requested
from graph.model.errors import HamkorError, Sentence
from graph.model.namespaces import RDF_TYPE
from graph.releases.manifest import GraphEntry

# Responses: a representation, its validators and its links, as HTTP asks for them.
#
# It decides nothing about content; it makes sure that every answer says what it is (Content-Type, Content-Location,
# Link), for whom it may be kept (ETag, Vary, Cache-Control), and that a client that has it already gets a 304.

FRESH_SECONDS, STALE_SECONDS = 60, 600
CACHE = f"public, max-age={FRESH_SECONDS}, stale-while-revalidate={STALE_SECONDS}"
"""A URL without a release in it may mean another release soon; the ETag makes asking again cheap."""
IN_A_LINK = "%/:?#[]@!$&'()*+,;="
"""What stays as it is in the target of a link; the rest, above all letters beyond ASCII, is percent-encoded.

Commas and semicolons stay: RFC 8288 3 reads a target to its ``>``, and encoded they would be another IRI's.
"""
ABOUT_PAGE = "https://schema.org/AboutPage"
MERGE, MOST_CLASSES = ox.DefaultGraph(), 4
VARY = "Accept, Accept-Profile, Accept-Language"


@dataclass(frozen=True, slots=True)
class HeaderLink:
    """A link of the header Link (RFC 8288).

    The profile of an alternate is said twice: Content Negotiation by Profile calls the attribute ``formats``.
    """

    target: str
    relation: str
    media_type: str = ""
    profile: str = ""

    @property
    def safe_target(self) -> str:
        """The target as a header can have it."""
        return quote(self.target, safe=IN_A_LINK)

    def __str__(self) -> str:
        formats = self.profile if self.relation == "alternate" else ""
        attributes = (("type", self.media_type), ("formats", formats), ("profile", self.profile))
        return f'<{self.safe_target}>; rel="{self.relation}"' + "".join(
            f'; {name}="{value}"' for name, value in attributes if value
        )


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


def entity_tag(*parts: object) -> str:
    """Return a strong entity tag (RFC 9110 8.8.3) for what these parts determine byte for byte."""
    digest = blake2b(digest_size=12)
    for part in parts:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def answer(
    representation: Representation,
    body: Callable[[], bytes],
    *,
    tag: str,
    location: str = "",
    links: Iterable[HeaderLink] = (),
) -> Response:
    """Return the response for a representation, or 304 where the client has it (RFC 9110 13.1.2).

    Args:
        representation: what is sent.
        body: makes the bytes; not called for a 304.
        tag: its entity tag.
        location: the URL of just this representation (Content-Location), where it was negotiated.
        links: for the header Link.
    """
    modified = datetime.fromisoformat(snapshot().release.manifest.created)
    known = _known(tag, modified)
    response = Response(status=304) if known else Response(body(), content_type=representation.content_type)
    response.headers["ETag"] = quote_etag(known or tag)
    response.last_modified = modified
    response.headers["Cache-Control"] = CACHE
    response.headers["Vary"] = VARY
    if location:
        response.headers["Content-Location"] = location
    for link in links:
        response.headers.add("Link", str(link))
    return response


def _known(tag: str, modified: datetime) -> str:
    """Return the tag under which the client has this, compressed or not, or an empty string.

    Where it names no tag, just this date is as good. A later one says nothing: an earlier release may be current again.
    """
    theirs = request.if_none_match
    if "If-None-Match" in request.headers:
        return next((each for each in tags_of(tag) if theirs.star_tag or theirs.contains_weak(each)), "")
    return tag if request.if_modified_since == modified else ""


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
    response = answer(AS_HTML, lambda: body, tag=entity_tag(body), links=links)
    if response.status_code == 200:
        response.status_code = status
    return response


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


def problem_response(problem: Problem) -> Response:
    """Return a problem as JSON, plain text or a page, whichever the client reads best; as text where it reads none."""
    representation = choose(request.headers.get("Accept"), OFFERS["problem"]) or AS_TEXT
    document = problem.document(urls().absolute(urls().route("problems")) + f"#{problem.kind}")
    if representation is AS_HTML:
        body = render_template("problem.html", problem=problem, document=document)
    elif representation is AS_TEXT:
        body = problem.text()
    else:
        body = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    response = Response(body, status=problem.status, content_type=representation.content_type)
    vary = "Accept, Accept-Language" if representation is AS_HTML else "Accept"
    response.headers.update({"Cache-Control": "no-cache", "Vary": vary, **problem.headers})
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
#
# Everything here is public, so any page may read it (Fetch standard, CORS protocol). A token for writing is no
# credential that a browser sends by itself: a page can only send one that it was given.

METHODS = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
REQUEST_HEADERS = (
    "Accept, Content-Type, Content-Encoding, Authorization, Accept-Profile, Accept-Datetime, If-None-Match, If-Match"
)
EXPOSED = "Link, Location, ETag, Content-Location, Memento-Datetime, Retry-After, Vary, Allow, X-Hamkor-Release"
OF_FILES = "Accept-Ranges, Content-Disposition, Content-Range, Repr-Digest"
DAY = "86400"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def add_headers(response: Response) -> Response:
    """Add them to a response."""
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Expose-Headers"] = f"{EXPOSED}, {OF_FILES}"
    if request.method == "OPTIONS":
        response.status_code = 204
        response.set_data(b"")
        headers.pop("Content-Type", None)
        headers["Access-Control-Allow-Methods"] = METHODS
        headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        headers["Access-Control-Max-Age"] = DAY
    with suppress(HamkorError):
        headers["X-Hamkor-Release"] = snapshot().release.id
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
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
    coding = coding_for(request.headers.get("Accept-Encoding", ""))
    if (response.content_length or 0) < SMALLEST or coding is None or "Content-Encoding" in response.headers:
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
