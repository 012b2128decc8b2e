"""Earlier releases over HTTP: ``/releases`` and ``/release/<id>``, and Memento (RFC 7089) of every resource."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from tempfile import SpooledTemporaryFile

import msgspec
import pyoxigraph as ox
from flask import Blueprint, Flask, Response, g, render_template, request
from werkzeug.http import http_date

from endpoint.current import RELEASE, is_withheld, languages, past, publication, see, snapshot, urls
from endpoint.http.languages import interface
from endpoint.http.problems import ProblemError
from endpoint.http.responses import answer, negotiated
from endpoint.http.semantics import (
    AS_HTML,
    AS_LINK_FORMAT,
    AS_MANIFEST,
    AS_N_QUADS,
    CACHE,
    CITATIONS,
    OFFERS,
    HeaderLink,
    Representation,
    entity_tag,
)
from endpoint.pages.front import citation_body, citation_links, dataset_citation
from endpoint.pages.results import changes as difference_of
from endpoint.pages.results import findings
from endpoint.pages.thing_page import content_names
from endpoint.things.representations import rdf_document
from endpoint.things.resources import describing, find, meant, not_found
from endpoint.urls import as_requested, is_versioned, memento, original, split_suffix, time_map
from graph.model.errors import ReleaseError, Sentence
from graph.model.formats import TURTLE
from graph.model.rdf_terms import DCAT, DCT, PROV, RDF_TYPE, RDFS_LABEL, SD, VOID, XSD
from graph.releases.history import ID, difference, patch, release_time
from graph.releases.manifest import GraphEntry, Manifest
from graph.releases.release import REPORT_FILE, Release

# Memento (RFC 7089): what a resource was at some time, at the granularity of releases.
#
# Every resource is its own TimeGate: ``Accept-Datetime`` redirects to its memento below ``/release/<id>/``, and
# ``/timemap/<path>`` lists all. A release in which it was not there answers 404 or 410, as it would have then.

memento_routes = Blueprint("memento", __name__)
IMMUTABLE = "public, max-age=86400, immutable"
"""A memento never changes, but what must not be published any more has to be out of every cache within a day."""
LONGEST = 4_000
"""Bytes of a URL that stands in links; it does so three times, and a proxy has room for some 16 kB of headers."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
QUERIES = frozenset({"sparql", "reconcile"})
"""First segments of paths to which questions are posted."""
PASSING = (301, 302, 303, 307, 308)


def install_memento(app: Flask) -> None:
    """Let an application answer for the past."""
    app.register_blueprint(memento_routes)
    app.before_request(_gate)
    app.after_request(_said)
    app.context_processor(lambda: {"present": _present()})


def _present() -> str:
    """Return the path of this page as it is now, where it shows an older release; else an empty string."""
    return original(urls().root) + _requested() if RELEASE in request.environ and not g.get("withheld") else ""


def _gate() -> Response | None:
    """Send a request that names a time to the memento of that time; let nothing be written into a release."""
    path = request.path.lstrip("/")
    posts = path.partition("/")[0] in QUERIES
    if RELEASE in request.environ:
        _exists(request.environ[RELEASE])
        if request.method not in SAFE and not (posts and request.method in ("POST", "QUERY")):
            raise _not_allowed(Sentence("a release never changes"))
        return None
    if "Accept-Datetime" not in request.headers or not is_versioned(path) or path.startswith("static/"):
        return None
    if request.method not in SAFE:
        if posts:
            raise _not_allowed(Sentence("a time can be chosen by GET and HEAD only (RFC 7089 4.1)"))
        return None
    if request.method == "OPTIONS":
        return None
    _refuse_withheld(path)
    return _redirected(_wanted(request.headers["Accept-Datetime"]))


def _refuse_withheld(path: str) -> None:
    """Make sure that no link names what must not be spoken of."""
    iris = (*meant(path), *request.args.getlist("iri"), *request.args.getlist("graph"))
    if any(is_withheld(iri) for iri in iris):
        raise not_found(*iris)


def _exists(release_id: str) -> None:
    try:
        past().snapshot(release_id)
    except ReleaseError as problem:
        raise no_release(release_id) from problem


def no_release(release_id: str) -> ProblemError:
    """Return the error that a release is not here, or had to be removed."""
    if release_id in past().history().purged:
        return ProblemError(
            "gone",
            Sentence(
                "release %(release_id)s was removed: it held, or may have held, what must not be published any more",
                release_id=release_id,
            ),
        )
    return ProblemError(
        "not-found", Sentence("release %(release_id)s is not here, or not any more", release_id=repr(release_id[:200]))
    )


def _not_allowed(detail: str) -> ProblemError:
    return ProblemError("method-not-allowed", detail, {}, {"Allow": "GET, HEAD, OPTIONS"})


def _wanted(header: str) -> datetime:
    """Return the time that Accept-Datetime names (RFC 7089 2.1.1: as in RFC 1123, GMT).

    Raises:
        ProblemError: it names none.
    """
    try:
        time = parsedate_to_datetime(header)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError) as problem:
        remedy = {"remedy": Sentence("write Accept-Datetime: Fri, 28 Nov 2014 09:00:00 GMT")}
        raise ProblemError(
            "bad-request", Sentence("%(header)s is no date of HTTP", header=repr(header[:100])), remedy
        ) from problem


def _redirected(time: datetime) -> Response:
    here = _requested()
    release_id = past().history().at(time)
    place = urls().absolute(memento(urls().root, release_id, here))
    response = Response(status=302, headers={"Location": place, "Cache-Control": CACHE, "Vary": "Accept-Datetime"})
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    return response


def _requested() -> str:
    """Return path and query of the request, below the root, as they can stand in a URL."""
    return as_requested(request.path, request.query_string)


def _said(response: Response) -> Response:
    """Say of an answer which time it is of, or that it can be had of other times."""
    if request.method not in ("GET", "HEAD") or not is_versioned(request.path) or request.path.startswith("/static/"):
        return response
    if g.get("withheld"):
        return response  # its links would name it
    if (release_id := request.environ.get(RELEASE)) is not None:
        return _of_the_past(response, release_id)
    if response.status_code < 400 or response.status_code in (404, 410):
        _add_vary(response)
        is_result = request.path == "/sparql" and "query" in request.args and response.status_code in (200, 304)
        if is_result and response.mimetype != AS_HTML.media_type:
            return response  # three links as long as the query would be longer than most answers of programs
        here = _requested()
        gate = urls().absolute(urls().root + here)
        _links(response, gate, urls().absolute(time_map(urls().root, here)))
    return response


def _of_the_past(response: Response, release_id: str) -> Response:
    root, here = original(urls().root), _requested()
    _links(response, urls().absolute(root + here), urls().absolute(time_map(root, here)))
    if response.status_code < 400 and response.status_code not in PASSING:
        response.headers["Memento-Datetime"] = http_date(release_time(release_id))
    if response.status_code < 400 and "no-store" not in response.headers.get("Cache-Control", ""):
        response.headers["Cache-Control"] = IMMUTABLE
    return response


def _add_vary(response: Response) -> None:
    known = response.headers.get("Vary", "")
    if "accept-datetime" not in known.lower():
        response.headers["Vary"] = f"{known}, Accept-Datetime" if known else "Accept-Datetime"


def _links(response: Response, gate: str, times: str) -> None:
    """One relation a link: that is how most readers read them; none that is too long for proxies to pass on."""
    if len(gate) > LONGEST:
        return
    for link in (
        HeaderLink(gate, "original"),
        HeaderLink(gate, "timegate"),
        HeaderLink(times, "timemap", AS_LINK_FORMAT.media_type),
    ):
        response.headers.add("Link", str(link))


@memento_routes.get("/timemap/", defaults={"path": ""})
@memento_routes.get("/timemap/<path:path>")
def memento_listed(path: str) -> Response:
    """All mementos of what is at this path (RFC 7089 section 5)."""
    if not is_versioned(path):
        raise ProblemError("not-found", Sentence("/%(path)s is of the present only", path=path[:200]))
    _refuse_withheld(path)
    here, moments = urls(), past().history().moments
    asked = as_requested(f"/{path}", request.query_string)
    resource = here.absolute(here.root + asked)
    times = [http_date(each.time) for each in moments]
    own = HeaderLink(here.absolute(time_map(here.root, asked)), "self", AS_LINK_FORMAT.media_type)
    lines = [
        str(HeaderLink(resource, "original")),
        str(HeaderLink(resource, "timegate")),
        f'{own}; from="{times[0]}"; until="{times[-1]}"',
    ]
    made = sorted({each.release for each in moments if ID.fullmatch(each.release)})
    for place, release_id in enumerate(made):
        name = " ".join((*(["first"] if place == 0 else []), *(["last"] if place == len(made) - 1 else []), "memento"))
        target = here.absolute(memento(here.root, release_id, asked))
        lines.append(f'{HeaderLink(target, name)}; datetime="{http_date(release_time(release_id))}"')
    body = ",\n".join(lines).encode() + b"\n"
    return answer(AS_LINK_FORMAT, lambda: body, tag=entity_tag(publication().base, body))


# A release described as RDF: which version of the dataset it is, when it was made, after which, and what it holds.

SPDX = "http://spdx.org/rdf/terms#"


def release_iri(base: str, release_id: str) -> str:
    """Return the IRI of a release."""
    return f"{base}release/{release_id}"


def described_briefly(manifest: Manifest, license_iri: str) -> Iterator[ox.Triple]:
    """Yield what a list of releases says of one."""
    iri, dataset = release_iri(manifest.base, manifest.id), f"{manifest.base}dataset"
    yield _link(dataset, DCAT + "hasVersion", iri)
    yield _link(iri, DCAT + "isVersionOf", dataset)
    yield _link(iri, RDF_TYPE, PROV + "Entity")
    yield _link(iri, RDF_TYPE, VOID + "Dataset")
    yield ox.Triple(ox.NamedNode(iri), ox.NamedNode(RDFS_LABEL), ox.Literal(f"Release {manifest.id}", language="en"))
    yield _value(iri, DCAT + "version", manifest.id, "string")
    yield _value(iri, DCT + "issued", manifest.created, "dateTime")
    yield _value(iri, VOID + "triples", str(manifest.triples), "integer")
    yield _link(iri, DCT + "license", license_iri)
    if manifest.parent is not None:
        parent = release_iri(manifest.base, manifest.parent)
        yield _link(iri, DCAT + "previousVersion", parent)
        yield _link(iri, PROV + "wasRevisionOf", parent)


def described(manifest: Manifest, license_iri: str) -> Iterator[ox.Triple]:
    """Yield what the document about a release says: the same, and its named graphs with their digests."""
    yield from described_briefly(manifest, license_iri)
    for place, entry in enumerate(manifest.graphs, 1):
        yield from _graph(release_iri(manifest.base, manifest.id), place, entry)


def _graph(release: str, place: int, entry: GraphEntry) -> Iterator[ox.Triple]:
    node, checksum = f"{release}#graph-{place}", f"{release}#checksum-{place}"
    yield _link(release, VOID + "subset", node)
    yield _link(node, RDF_TYPE, SD + "NamedGraph")
    yield _link(node, SD + "name", entry.iri)
    yield _value(node, VOID + "triples", str(entry.triples), "integer")
    yield _value(node, DCT + "identifier", entry.digest, "string")
    yield _link(node, SPDX + "checksum", checksum)
    yield _link(checksum, RDF_TYPE, SPDX + "Checksum")
    yield _link(checksum, SPDX + "algorithm", SPDX + "checksumAlgorithm_sha256")
    yield _value(checksum, SPDX + "checksumValue", entry.sha256, "hexBinary")


def _link(subject: str, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target))


def _value(subject: str, predicate: str, value: str, datatype: str) -> ox.Triple:
    literal = ox.Literal(value, datatype=ox.NamedNode(XSD + datatype))
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)


# The releases: ``/releases`` lists them; ``/release/<id>`` describes one, with its report and what it changed.
#
# What is said of a release never changes. What the graph was like in it is Memento's.

versions = Blueprint("versions", __name__)
MIB, IN_MEMORY, PIECE = 1 << 20, 8 << 20, 1 << 16
MOST_SHOWN = 200
MOST_READ = 2_000
PUBLIC_CONTACTS = ("mailto:", "https://", "http://")


@versions.get("/releases", defaults={"suffix": ""})
@versions.get("/releases.<suffix>")
def listed(suffix: str) -> Response:
    """All releases, newest first."""
    here, history = urls(), past().history()
    current, manifests = history.current, tuple(reversed(history.manifests))
    url = partial(_url, "releases")
    representation = negotiated("releases", suffix, url)
    if representation is AS_MANIFEST:
        body = _json([_brief(each, current) for each in manifests])
    elif representation.format is not None:
        license_iri = publication().settings.about.license
        triples = [triple for each in manifests for triple in described_briefly(each, license_iri)]
        body = rdf_document(snapshot(), triples, representation.format)
    else:
        rows = [(each, here.link(f"release/{each.id}"), history.contributors(each)) for each in manifests]
        body = render_template("releases.html", rows=rows, current=current, rollbacks=history.rollbacks).encode()
    location = "" if suffix else url(representation.suffix)
    links = _alternates("releases", url)
    return answer(
        representation, lambda: body, tag=entity_tag(representation.name, body), location=location, links=links
    )


def _brief(manifest: Manifest, current: str) -> dict[str, object]:
    return {
        "id": manifest.id,
        "url": urls().absolute(urls().route(f"release/{manifest.id}")),
        "created": manifest.created,
        "parent": manifest.parent,
        "current": manifest.id == current,
        "digest": manifest.digest,
        "triples": manifest.triples,
        "graphs": len(manifest.graphs),
        "warnings": manifest.warnings,
    }


@versions.get("/release/<path:path>")
def one(path: str) -> Response:
    """One release: its manifest, what it holds, and where it can be had."""
    release_id, suffix = split_suffix(path, tuple(each.suffix for each in OFFERS["release"]))
    try:
        manifest = see(release_id).release.manifest
    except ReleaseError as problem:
        if release_id in past().history().purged:
            raise no_release(release_id) from problem
        return describing(*find(f"release/{path}"))  # the data may speak of it, or of another thing that bears the name
    url = partial(_url, f"release/{release_id}")
    representation = negotiated("release", suffix, url)
    tag = entity_tag(release_id, representation.name)
    if representation is AS_MANIFEST:
        body = _json(public(manifest))
    elif representation in CITATIONS:
        body = citation_body(dataset_citation(release_iri(manifest.base, manifest.id)), representation)
        tag = entity_tag(body)  # as is this
    elif representation.format is not None:
        triples = list(described(manifest, publication().settings.about.license))
        body = rdf_document(snapshot(), triples, representation.format)
    else:
        body = _page(manifest)
        tag = entity_tag(body)  # it is in the reader's language
    location = "" if suffix else url(representation.suffix)
    links = [*_alternates("release", url), HeaderLink(release_iri(manifest.base, manifest.id), "cite-as")]
    return _forever(answer(representation, lambda: body, tag=tag, location=location, links=links))


def public(manifest: Manifest) -> Manifest:
    """Return the manifest without contacts that are no addresses of the web or of mail."""
    graphs = [
        each
        if each.contribution is None or each.contribution.contact.startswith(PUBLIC_CONTACTS)
        else msgspec.structs.replace(each, contribution=msgspec.structs.replace(each.contribution, contact=""))
        for each in manifest.graphs
    ]
    return msgspec.structs.replace(manifest, graphs=tuple(graphs))


def _page(manifest: Manifest) -> bytes:
    here, parent = urls(), manifest.parent
    is_there = parent is not None and parent in {each.id for each in past().history().manifests}
    names = content_names()
    graphs = [(each, names.thing(each.iri)) for each in manifest.graphs]
    root = f"release/{manifest.id}"
    return render_template(
        "release.html", manifest=manifest, graphs=graphs,
        parent=here.link(f"release/{parent}") if is_there else "", browse=here.link(f"{root}/"),
        query=here.link(f"{root}/sparql"), report=here.link(f"{root}/report"),
        difference=here.link(f"{root}/diff") if is_there or parent is None else "",
        downloads=[(each.title, here.route(f"{root}.{each.suffix}")) for each in OFFERS["releases"][1:]],
        citation=dataset_citation(release_iri(manifest.base, manifest.id)),
        cite=citation_links(lambda suffix: here.link(f"{root}.{suffix}")),
    ).encode()  # fmt: skip


@versions.get("/release/<release_id>/report", defaults={"suffix": ""})
@versions.get("/release/<release_id>/report.<suffix>")
def report(release_id: str, suffix: str) -> Response:
    """What validation said of a release (SHACL 3.6): it conforms, perhaps with warnings."""
    release = _found(release_id)
    url = partial(_url, f"release/{release_id}/report")
    representation = negotiated("report", suffix, url)
    content = (release.folder / REPORT_FILE).read_bytes()
    if representation.format is TURTLE:
        body = content
    elif representation.format is not None:
        triples = [each.triple for each in ox.parse(content, ox.RdfFormat.TURTLE)]
        body = rdf_document(snapshot(), triples, representation.format)
    else:
        body = _report_page(release, content)
    tag = entity_tag(release_id, representation.name, body)
    location, links = "" if suffix else url(representation.suffix), _alternates("report", url)
    return _forever(answer(representation, lambda: body, tag=tag, location=location, links=links))


def _report_page(release: Release, content: bytes) -> bytes:
    """Return the results as a page, without them where they are too many to be read for one."""
    found = None
    if release.manifest.warnings <= MOST_READ:
        from rdflib import Graph  # noqa: PLC0415  needed here only, and slow to import

        from graph.validation.report import read_report  # noqa: PLC0415  the same

        report = read_report(Graph().parse(data=content, format="turtle"), Graph())
        found = list(findings(report, MOST_SHOWN, content_names(), (interface(), *languages())))
    route = f"release/{release.id}/report"
    downloads = [(each.title, urls().route(f"{route}.{each.suffix}")) for each in OFFERS["report"] if each.format]
    return render_template("report.html", manifest=release.manifest, findings=found, downloads=downloads).encode()


@versions.get("/release/<release_id>/diff", defaults={"suffix": ""})
@versions.get("/release/<release_id>/diff.<suffix>")
def changes(release_id: str, suffix: str) -> Response:
    """What is different from the parent, or from the release that ``to=`` names: an RDF Patch, N-Quads or a page."""
    release = _found(release_id)
    wanted, side = request.args.get("to", "") or release.manifest.parent, request.args.get("side", "")
    old = _found(wanted) if wanted else None
    see(release_id)
    url = partial(_url, f"release/{release_id}/diff", to=request.args.get("to", ""), side=side)
    representation = negotiated("difference", suffix, url)
    if representation is AS_N_QUADS and side not in ("added", "removed"):
        raise ProblemError(
            "bad-request", Sentence("side=added or side=removed says which quads are meant"), {"or": url("rdfp")}
        )
    tag = entity_tag(release_id, wanted or "", representation.name, side)
    location, links = "" if suffix else url(representation.suffix), _alternates("difference", url)
    if representation.format is None and representation.suffix == "html":
        body = _difference_page(old, release)
        return _forever(answer(representation, lambda: body, tag=entity_tag(body), location=location, links=links))
    response = answer(representation, lambda: b"", tag=tag, location=location, links=links)
    if response.status_code == 200:
        _fill(response, _pieces(old, release, representation, side))
    return _forever(response)


def _pieces(old: Release | None, new: Release, representation: Representation, side: str) -> Iterable[bytes]:
    if representation is AS_N_QUADS:
        return (part.quads() for part in difference(old, new) if part.added == (side == "added"))
    return patch(old, new)


def _fill(response: Response, pieces: Iterable[bytes]) -> None:
    """Put what may be large into a response, whole before its status is sent."""
    most, size = publication().settings.limits.result_mb, 0
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed with the response
    for piece in pieces:
        size += file.write(piece)
        if size > most * MIB:
            file.close()
            remedy = {
                "limit": "limits.result_mb",
                "remedy": Sentence("hamkor releases diff, or the downloads of both releases"),
            }
            raise ProblemError(
                "answer-too-large", Sentence("the difference is larger than %(most)s MiB", most=most), remedy
            )
    file.seek(0)
    response.response = iter(partial(file.read, PIECE), b"")
    response.call_on_close(file.close)
    response.headers["Content-Length"] = str(size)


def _difference_page(old: Release | None, new: Release) -> bytes:
    names = {"old": old.id if old else "", "new": new.id}
    quads = f"release/{new.id}/diff.nq"
    sides = [(side, urls().route(quads, side=side, to=names["old"])) for side in ("added", "removed")]
    whole = urls().route(f"release/{new.id}/diff.rdfp", to=names["old"])
    found = list(difference_of(old, new, content_names()))
    return render_template("difference.html", changes=found, **names, sides=sides, patch=whole).encode()


def _found(release_id: str) -> Release:
    """Let the request see a release, and return it.

    Raises:
        ProblemError: there is none, or none any more.
    """
    try:
        return see(release_id).release
    except ReleaseError as problem:
        if past().has(release_id):  # it is there, and cannot be read
            raise
        raise no_release(release_id) from problem


def _url(name: str, suffix: str, **parameters: str) -> str:
    return urls().absolute(urls().route(f"{name}.{suffix}", **parameters))


def _alternates(kind: str, url: partial[str]) -> list[HeaderLink]:
    return [HeaderLink(url(each.suffix), "alternate", each.media_type) for each in OFFERS[kind]]


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def _forever(response: Response) -> Response:
    """Let caches keep a response: what it says never changes."""
    response.headers["Cache-Control"] = IMMUTABLE
    return response
