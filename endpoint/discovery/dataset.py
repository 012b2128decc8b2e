"""``/dataset``, the landing page and its catalogue as RDF; and ``/downloads``, its files, whole or in part."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, cast
from urllib.parse import unquote

import pyoxigraph as ox
from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from endpoint.current import Snapshot, languages, publication, snapshot, urls
from endpoint.http.jobs import made
from endpoint.http.negotiation import AS_HTML, CITATIONS, OFFERS, Profile, Representation
from endpoint.http.problems import ProblemError
from endpoint.http.responses import answer, negotiated
from endpoint.http.semantics import CACHE, HeaderLink, entity_tag
from endpoint.pages.citations import citation_body, citation_links, dataset_citation
from endpoint.pages.front import dataset_page
from endpoint.pages.term_names import names_for
from endpoint.things.profiles import (
    ALT,
    alternates_body,
    dataset_iri,
    dataset_links,
    in_profile,
    of_dataset,
    profile_links,
    selected,
)
from endpoint.things.rdf_documents import Embedding, PlacedFile, rdf_document
from graph.catalogue.dataset_description import DCAT_AP_PROFILE, SCHEMA_PROFILE, dcat_view, schema_view
from graph.model.errors import Sentence
from graph.model.formats import Format
from graph.model.namespaces import CATALOG_GRAPH
from graph.releases.dumps import (
    WHOLE,
    Downloads,
    Dump,
    ReadyFile,
    downloads_of,
    dump_named,
    graph_dumps,
    make_here,
    whole_dumps,
)

# ``/dataset``: the landing page of the whole, and its catalogue as RDF: VoID, DCAT-AP, PROV and schema.org.
#
# A profile (``endpoint.things.profiles``) narrows the RDF to one vocabulary: ``dcat`` or ``schema``. What is said is
# computed with the release (``graph.catalogue``); it comes from the member, so that sizes keep their datatypes.

dataset = Blueprint("dataset", __name__)


@dataset.get("/dataset", defaults={"suffix": ""})
@dataset.get("/dataset.<suffix>")
def landing(suffix: str) -> Response:
    """The dataset: for people a page, for programs its catalogue."""
    profiles, url = of_dataset(urls().base), _url
    profile, representation = selected(profiles, suffix, url)
    links = dataset_links() + profile_links(profiles, profile, url)
    form = representation.format
    if profile == profiles[0]:
        links += [HeaderLink(SCHEMA_PROFILE, "profile"), HeaderLink(DCAT_AP_PROFILE, "profile")]
    if profile is ALT:
        body = alternates_body(dataset_iri(), profiles, representation, url)
    elif representation in CITATIONS:
        body = citation_body(dataset_citation(dataset_iri()), representation)
    else:
        body = _page(links) if form is None else _rdf(profile.iri, form)
    location = "" if suffix else url(profile, representation)
    tag = entity_tag(representation.name, profile.iri, body)
    return answer(representation, lambda: body, tag=tag, location=location, links=links)


def is_for_programs() -> bool:
    """Whether a request for the dataset gets anything but a page.

    Raises:
        ProblemError: it gets nothing.
    """
    profiles = of_dataset(urls().base)
    return selected(profiles, "", _url) != (profiles[0], AS_HTML)


def _url(profile: Profile, representation: Representation) -> str:
    here = urls()
    if profile.is_default:
        return here.absolute(here.route(f"dataset.{representation.suffix}"))
    return here.absolute(in_profile(here.route("dataset"), profile, representation))


def _rdf(profile: str, form: Format) -> bytes:
    """Return the catalogue as RDF; it never changes within a release, and is written once."""
    written = snapshot().once(_written)
    if (profile, form) not in written:
        written[profile, form] = rdf_document(snapshot(), _view(profile), form)
    return written[profile, form]


def _written(_: Snapshot) -> dict[tuple[str, Format], bytes]:
    return {}


def catalogue_triples(here: Snapshot) -> list[ox.Triple]:
    """Return the catalogue of a release, its literals exactly as they were written."""
    chunks = here.release.read_graph(here.publication.graph(CATALOG_GRAPH))
    return [quad.triple for chunk in chunks for quad in ox.parse(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True)]


def _view(profile: str) -> list[ox.Triple]:
    triples = snapshot().once(catalogue_triples)
    if profile == SCHEMA_PROFILE:
        return schema_view(triples)
    return dcat_view(triples, dataset_iri()) if profile == DCAT_AP_PROFILE else triples


def _page(links: list[HeaderLink]) -> bytes:
    here, wanted = snapshot(), languages()
    triples = here.once(catalogue_triples)
    classes = [iri for iri, _ in here.release.manifest.statistics.classes.items()]
    graphs = [each.iri for each in here.release.manifest.graphs]
    names = names_for(here, urls(), wanted, [*classes, *graphs, *here.publication.settings.about.spatial])
    script = Embedding(schema_view(triples), wanted).script(dataset_iri())
    downloads = [
        (each.title, urls().route(f"dataset.{each.suffix}")) for each in OFFERS["dataset"] if each.format is not None
    ]
    page = dataset_page(here, triples, names, wanted)
    cite = citation_links(lambda suffix: urls().link(f"dataset.{suffix}"))
    return render_template(
        "dataset.html", page=page, links=links, script=script, downloads=downloads, cite=cite,
        citation=dataset_citation(dataset_iri()),
    ).encode()  # fmt: skip


# Downloads: ``/downloads`` lists the files of a release, ``/downloads/<file>`` sends one, whole or in part.
#
# What the files hold is ``graph.releases.dumps``'s. A file that is not there yet is made: a small one at once, a large
# one in a process of its own, while the client is asked to come back.

downloads = Blueprint("downloads", __name__)
GZIP = "application/gzip"
ONE_RANGE = re.compile(r"bytes=(\d{1,18}-\d{0,18}|-\d{1,18})\Z")
PIECE = 1 << 18


@downloads.get("/downloads", defaults={"suffix": ""})
@downloads.get("/downloads.<suffix>")
def listed(suffix: str) -> Response:
    """The files there are."""
    here, release = urls(), snapshot().release
    representation = negotiated("list", suffix, lambda each: here.absolute(here.route(f"downloads.{each}")))
    files = downloads_of(publication(), release)
    whole = [_row(files, dump) for dump in whole_dumps(release.manifest)]
    graphs = [(entry, [_row(files, dump) for dump in graph_dumps(entry)]) for entry in release.manifest.graphs]
    if representation.suffix == "json":
        rows = [*whole, *(row for _, each in graphs for row in each)]
        body = json.dumps({"release": release.id, "files": rows}, indent=1).encode() + b"\n"
    else:
        names = names_for(snapshot(), here, languages())
        named = [(entry, names.thing(entry.iri), rows) for entry, rows in graphs]
        body = render_template("downloads.html", whole=whole, graphs=named).encode()
    links = [
        HeaderLink(_dataset(), "collection", "text/html"),
        HeaderLink(publication().settings.about.license, "license"),
    ]
    alternates = [
        HeaderLink(here.absolute(here.route(f"downloads.{each.suffix}")), "alternate", each.media_type)
        for each in OFFERS["list"]
    ]
    tag = entity_tag(representation.name, body)
    return answer(representation, lambda: body, tag=tag, links=[*links, *alternates])


@downloads.get("/downloads/<path:name>")
def file(name: str) -> Response:
    """One file: all data or one graph, in one format, gzip."""
    release = snapshot().release
    dump = dump_named(release.manifest, name) or dump_named(release.manifest, unquote(name))
    if dump is None:
        detail = Sentence("release %(id)s has no file %(name)s", id=release.id, name=repr(name[:200]))
        raise ProblemError("not-found", detail, {"remedy": Sentence("/downloads lists the files")})
    files = downloads_of(publication(), release)
    return _sent(dump, _ready(files, dump))


def _row(files: Downloads, dump: Dump) -> dict[str, object]:
    """Return what the list says of a file; size and checksum where it is there already."""
    here, ready = urls(), files.ready(dump)
    row: dict[str, object] = {
        "name": dump.name,
        "url": here.absolute(here.route(f"downloads/{dump.name}")),
        "graph": dump.graph.iri if dump.graph else None,
        "format": dump.form.title,
        "mediaType": dump.form.media_type,
    }
    return row | ({"byteSize": ready.size, "sha256": ready.sha256} if ready else {})


def _ready(files: Downloads, dump: Dump) -> ReadyFile:
    """Return a file, made where it was not there.

    Raises:
        FormatError: the format cannot express it.
        ProblemError: it takes longer than a client will wait.
    """
    release = snapshot().release

    def there() -> ReadyFile | None:
        files.refuse_impossible(dump)
        return files.ready(dump)

    return made(dump.name, files.size(dump), there, lambda: make_here(publication(), release, dump))


def _sent(dump: Dump, ready: ReadyFile) -> Response:
    """Return the file, or the part of it that is asked for (RFC 9110 14), or a 304."""
    release = snapshot().release
    response = Response(
        FileWrapper(cast("IO[bytes]", Parts(ready.parts)), PIECE), content_type=GZIP, direct_passthrough=True
    )
    response.set_etag(ready.sha256)
    response.last_modified = datetime.fromisoformat(release.manifest.created)
    response.content_length = ready.size
    kind = dump.name.removesuffix(f".{dump.form.suffix}.gz").rpartition("/")[2]
    filename = f"{kind}-{release.id}.{dump.form.suffix}.gz"
    response.headers.update(
        {
            "Cache-Control": CACHE,
            "Content-Disposition": f'attachment; filename="{filename}"',
            "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(ready.sha256)).decode()}:",
        }
    )
    response.headers.add("Link", str(HeaderLink(_dataset(), "collection", "text/html")))
    response.headers.add("Link", str(HeaderLink(publication().settings.about.license, "license")))
    try:
        response.make_conditional(_with_one_range(ready.size), accept_ranges=True, complete_length=ready.size)
    except RequestedRangeNotSatisfiable as problem:
        response.close()
        unsatisfied = {"Content-Range": f"bytes */{ready.size}"}
        raise ProblemError(
            "range", Sentence("the file has %(size)s bytes", size=ready.size), {}, unsatisfied
        ) from problem
    return response


def _with_one_range(size: int) -> dict[str, object]:
    """Return the request without a Range that is passed over: several ranges, other units, nonsense (RFC 9110 14.2)."""
    environ = dict(request.environ)
    found = ONE_RANGE.match(request.headers.get("Range", ""))
    if found is None or request.headers.get("If-Range", "").startswith("W/"):  # RFC 9110 13.1.5: only a strong tag
        environ.pop("HTTP_RANGE", None)
    elif found[1].startswith("-") and int(found[1][1:]) > size:
        environ["HTTP_RANGE"] = "bytes=0-"  # the last bytes, more than there are: all
    return environ


def _dataset() -> str:
    return f"{publication().base}{WHOLE}"


class Parts(PlacedFile):
    """Files one behind the other, read as one."""

    def __init__(self, parts: Sequence[tuple[Path, int]]) -> None:
        super().__init__(sum(size for _, size in parts))
        self._parts = parts
        self._open: tuple[Path, io.BufferedReader] | None = None

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, as far as the part goes in which they are; none at the end."""
        begin_of_part = 0
        for path, length in self._parts:
            if self._place < begin_of_part + length:
                stream = self._stream(path)
                stream.seek(self._place - begin_of_part)
                left = begin_of_part + length - self._place
                data = stream.read(left if size < 0 else min(size, left))
                self._place += len(data)
                return data
            begin_of_part += length
        return b""

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            self._open[1].close()
        self._open = None
        super().close()

    def _stream(self, path: Path) -> io.BufferedReader:
        if self._open is None or self._open[0] != path:
            if self._open is not None:
                self._open[1].close()
            self._open = path, path.open("rb")
        return self._open[1]
