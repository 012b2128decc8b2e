"""Representations of a thing: RDF documents, one JSON-LD tree, schema.org; in which profiles, with which links."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from itertools import islice
from tempfile import TemporaryFile
from threading import BoundedSemaphore, Lock
from typing import IO, Any, cast
from urllib.parse import quote

import pyoxigraph as ox
from cachetools import LRUCache
from flask import Blueprint, Response, render_template, request

from endpoint.current import Snapshot, snapshot, urls
from endpoint.http.languages import N_, translated
from endpoint.http.problems import ProblemError
from endpoint.http.responses import ABOUT_PAGE, answer, document_links, linkset_url, negotiated
from endpoint.http.semantics import (
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
    IN_A_LINK,
    OFFERS,
    HeaderLink,
    Profile,
    Representation,
    choose,
    choose_profile,
    entity_tag,
    named,
    with_suffix,
)
from endpoint.urls import with_parameters
from graph.catalogue.contents import CatalogueNames
from graph.catalogue.dataset_description import DCAT_AP_PROFILE, SCHEMA_PROFILE
from graph.export.documents import (
    CONTEXT_NAME,
    Frame,
    compacted,
    frame_for,
    framed,
    read_frames,
    write_graph,
    write_statements,
    written,
    xml_fault,
)
from graph.export.views import CONCEPT, PUBLIC_ORGANISATION, SCHEME, schema_types
from graph.model.description import LABEL_PROPERTIES, preferred_tag
from graph.model.errors import FormatError, HamkorError, Sentence, SettingError
from graph.model.formats import JSON_LD, RESULTS_XML, Format
from graph.model.processes import Bounds, Descriptor, run
from graph.model.rdf_terms import CV, DCT, RDF_TYPE, RDFS_LABEL, SCHEMA, SKOS, XSD, truth_value, whole_number
from graph.releases.dumps import Document, whole_dumps
from graph.releases.manifest import GraphEntry

# Triples as documents: a few triples, or a whole named graph, in one of the RDF formats.
#
# What a format cannot express is an error that says so; nothing is written that a parser would not read.

log = logging.getLogger("hamkor")
PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
WRITTEN_HERE, KEPT_BYTES = 1_000, 256 << 20
"""Documents of more triples are written by processes, since a thread that writes one takes the interpreter from lookups
and pages for a second; so many bytes of these are kept with the release."""
AT_A_TIME, LONGEST_SECONDS = 2, 24 * 3600.0
"""So many documents of a release are written at a time; what they may take is bounded by their graph alone."""
PIECE, LONGEST_FAULT = 1 << 20, 4096


def rdf_document(snapshot: Snapshot, triples: Sequence[ox.Triple], form: Format) -> bytes:
    """Return a few triples as a document, JSON-LD compacted with the publication's context.

    Raises:
        FormatError: the format cannot express them.
    """
    if any(isinstance(triple.object, ox.Triple) for triple in triples) and form is JSON_LD:
        raise FormatError(form.title, Sentence("a triple as a term"))
    prefixes = _used(triples, snapshot.prefixes)
    if form is JSON_LD:
        return _compacted(snapshot, triples, prefixes)
    output = BytesIO()
    write_statements(triples, output, form, prefixes, directions=False)
    return output.getvalue()


def _compacted(snapshot: Snapshot, triples: Sequence[ox.Triple], prefixes: dict[str, str]) -> bytes:
    try:
        return compacted(triples, snapshot.context or prefixes)
    except SettingError as problem:  # a build tries contexts and frames; this one was edited since, or is odd in parts
        log.warning("a document goes without the publication's context: %s", problem)
        return compacted(triples, prefixes)


def graph_document(snapshot: Snapshot, graph: str, form: Format) -> IO[bytes]:
    """Return a whole named graph, its literals exactly as they were put in, as a file at its beginning.

    It is a graph and not a dataset, so N-Quads and TriG do not name it (Graph Store Protocol 5.2).

    Raises:
        FormatError: the format cannot express it.
        ReleaseError: the release has no such graph, or its member cannot be read.
    """
    # the caller sends it, and it is closed with the response
    return snapshot.once(GraphDocuments).document(graph, form)


class GraphDocuments:
    """The documents of a release's graphs: a large one is written once, however many ask for it at a time.

    It is written by a process of its own, since lookups and pages wait for this one's interpreter, and so cost what one
    costs; others wait for it a little. Large documents lie in files without a name, which go with this process.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Keep none yet; they are kept as long as the release is."""
        self._release, self._prefixes = snapshot.release, _valid(snapshot.prefixes)
        limits = snapshot.publication.settings.limits
        self._seconds, self._bounds = limits.query_seconds, Bounds(LONGEST_SECONDS, limits.upload_memory_mb)
        self._guard, self._at_work = Lock(), BoundedSemaphore(AT_A_TIME)
        self._writing: dict[tuple[str, Format], Lock] = {}
        self._kept: LRUCache[tuple[str, Format], IO[bytes]] = LRUCache(KEPT_BYTES, getsizeof=size_of)

    def document(self, graph: str, form: Format) -> IO[bytes]:
        """Return a document as a file of its own, at its beginning; it waits where it is being written for others.

        Raises:
            ProblemError: that takes longer than a client will wait.
        """
        entry = self._release.entry(graph)
        if entry.triples <= WRITTEN_HERE:
            return self._written_here(graph, form)
        key = graph, form
        with self._guard:
            writing = self._writing.setdefault(key, Lock())
        with self._taken(writing, graph):
            with self._guard:
                found = self._kept.get(key)
            if found is not None:
                return cast(IO[bytes], SharedFile(found))
            with self._taken(self._at_work, graph):
                file = self._written(entry, form)
            with self._guard:
                if size_of(file) <= KEPT_BYTES:
                    self._kept[key] = file
            return cast(IO[bytes], SharedFile(file))

    @contextmanager
    def _taken(self, lock: Lock | BoundedSemaphore, graph: str) -> Iterator[None]:
        if not lock.acquire(timeout=self._seconds):
            retry = {"Retry-After": f"{self._seconds:.0f}"}
            said = Sentence("%(name)s is being made; ask again in a moment", name=graph)
            raise ProblemError("unavailable", said, {}, retry)
        try:
            yield
        finally:
            lock.release()

    def _written_here(self, graph: str, form: Format) -> IO[bytes]:
        file = BytesIO()
        write_graph(self._release.read_graph(graph), file, form, self._prefixes, directions=False)
        file.seek(0)
        return file

    def _written(self, entry: GraphEntry, form: Format) -> IO[bytes]:
        file = TemporaryFile()  # noqa: SIM115  who reads it last closes it
        member = self._release.folder / entry.file
        wanted = Document(member, entry.iri, form.name, self._prefixes, Descriptor(file.fileno()))
        try:
            run("graph.releases.dumps:write_document", wanted, int, self._bounds)
        except HamkorError:
            file.close()
            raise
        return file


class PlacedFile(io.RawIOBase):
    """Bytes of a known size that are read from a place; what they are read of, those say that are made of it."""

    def __init__(self, size: int) -> None:
        """Begin at the beginning of ``size`` bytes."""
        super().__init__()
        self._place, self._size = 0, size

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read from any place."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place


class SharedFile(PlacedFile):
    """A file that others read, too, each from a place of their own (POSIX pread); nobody closes it for the others."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read a file that has a descriptor; it stays open as long as somebody reads it."""
        super().__init__(size_of(file))
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; none at the end."""
        data = os.pread(self._file.fileno(), self._size - self._place if size < 0 else size, self._place)
        self._place += len(data)
        return data


def size_of(file: IO[bytes]) -> int:
    """Return how many bytes a file has, from wherever it is read."""
    place = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(place)
    return size


def check_xml(body: bytes, form: Format) -> None:
    """Make sure that solutions in XML are XML: no control character. RDF/XML is checked as it is written.

    Raises:
        FormatError: it is not; other formats can express it.
    """
    if form is RESULTS_XML and (fault := xml_fault(body)):
        raise FormatError(form.title, fault)


def check_xml_file(file: IO[bytes], form: Format) -> None:
    """Make sure that a file from here to its end is XML, as ``check_xml`` does.

    Raises:
        FormatError: it is not.
    """
    end = b""
    while form is RESULTS_XML and (part := file.read(PIECE)):
        part = end + part
        check_xml(part, form)
        end = part[-LONGEST_FAULT:]


def _used(triples: Sequence[ox.Triple], prefixes: dict[str, str]) -> dict[str, str]:
    text = "\n".join(dict.fromkeys(str(term) for triple in triples for term in (triple.predicate, triple.object)))
    text += "\n".join(dict.fromkeys(str(triple.subject) for triple in triples))
    return {prefix: iri for prefix, iri in _valid(prefixes).items() if f"<{iri}" in text}


def _valid(prefixes: dict[str, str]) -> dict[str, str]:
    return {prefix: iri for prefix, iri in prefixes.items() if PREFIX.match(prefix)}


# Documents as developers like them: the JSON-LD about a thing as one tree, where the publication has a frame for it.
#
# The tree names its context by URL, on the host that was asked; ``context=inline`` writes it into the document. What no
# frame is for is compacted, and holds its context.

INLINE = "inline"
MOST_FRAMED = 5_000
"""Of more triples no tree is made: framing takes a second for so many, and longer than in proportion."""
MOST_KEPT = 256
"""So many trees are kept with a release: framing takes longer than all else that makes a document."""


def thing_document(iri: str, triples: Sequence[ox.Triple], form: Format) -> bytes:
    """Return the document about a thing.

    Raises:
        FormatError: the format cannot express it.
    """
    here = snapshot()
    if form is not JSON_LD or any(isinstance(each.object, ox.Triple) for each in triples):
        return rdf_document(here, triples, form)
    frame = frame_of(here, iri, triples) if len(triples) <= MOST_FRAMED else None
    if frame is None or here.context is None:
        return rdf_document(here, triples, form)
    kept = here.once(_kept)
    key = urls().absolute(urls().document(iri))  # where the rest is to be had depends on the host that was asked
    tree = kept.get(key)
    try:
        if tree is None:
            tree = kept[key] = framed(triples, iri, frame, here.context)
    except SettingError as problem:  # as of ``rdf_document``; or what is nested too deeply for PyLD
        log.warning("a document goes without its frame: %s", problem)
        return rdf_document(here, triples, form)
    is_inline = request.args.get("context") == INLINE
    return written(tree, "" if is_inline else urls().absolute(urls().route(CONTEXT_NAME)))


def frame_of(here: Snapshot, iri: str, triples: Sequence[ox.Triple]) -> Frame | None:
    """Return the frame for a thing that is described by these triples, where there is one."""
    classes = {
        each.object.value
        for each in triples
        if each.subject == ox.NamedNode(iri)
        and each.predicate.value == RDF_TYPE
        and isinstance(each.object, ox.NamedNode)
    }
    return frame_for(here.once(_frames), classes, here.release.manifest.statistics.classes)


def _frames(here: Snapshot) -> tuple[Frame, ...]:
    try:
        return read_frames(here.publication, here.context)
    except SettingError as problem:
        log.warning("documents go without frames: %s", problem)
        return ()


def _kept(_: Snapshot) -> LRUCache[str, dict[str, Any]]:
    return LRUCache(MOST_KEPT)


# schema.org in a page: statements as one JSON-LD tree for a ``<script>`` element, in the language of the reader.
#
# Search engines read texts, not tables of languages, so that of several only the best is taken.

CONTEXT = "https://schema.org"
DEPTH = 3
LARGEST = 2**53
"""Below it readers of JSON hold every whole number exactly (RFC 8259 section 6)."""
Value = str | bool | int | dict[str, object]


class Embedding:
    """Statements of schema.org, by subject."""

    def __init__(self, triples: Iterable[ox.Triple], languages: Sequence[str]) -> None:
        self._languages = tuple(languages)
        self._nodes: dict[str, dict[str, list[ox.Triple]]] = {}
        for each in triples:
            if isinstance(each.subject, ox.NamedNode):
                self._nodes.setdefault(each.subject.value, {}).setdefault(each.predicate.value, []).append(each)

    def script(self, iri: str) -> str:
        """Return the text of the element for a thing; nothing in it can end the element."""
        text = json.dumps({"@context": CONTEXT, **self._node(iri, ())}, ensure_ascii=False, indent=1)
        return text.replace("<", "\\u003c")

    def _node(self, iri: str, above: tuple[str, ...]) -> dict[str, object]:
        node: dict[str, object] = {"@id": iri}
        for predicate, triples in sorted(self._nodes.get(iri, {}).items()):
            values = [found for found in self._values(triples, (*above, iri)) if found is not None]
            if values:
                key = "@type" if predicate == RDF_TYPE else predicate.removeprefix(SCHEMA)
                node[key] = values[0] if len(values) == 1 else values
        return node

    def _values(self, triples: Sequence[ox.Triple], above: tuple[str, ...]) -> list[Value]:
        tags = {each.object.language for each in triples if isinstance(each.object, ox.Literal)} - {None}
        best = preferred_tag(sorted(filter(None, tags)), self._languages)
        return [
            self._value(each, above)
            for each in triples
            if not isinstance(each.object, ox.Literal) or each.object.language in (None, best)
        ]

    def _value(self, triple: ox.Triple, above: tuple[str, ...]) -> Value:
        term = triple.object
        if isinstance(term, ox.Literal):
            return _plain(term)
        if isinstance(term, ox.NamedNode):
            if triple.predicate.value == RDF_TYPE:
                return term.value.removeprefix(SCHEMA)
            is_below = term.value in self._nodes and term.value not in above and len(above) < DEPTH
            return self._node(term.value, above) if is_below else term.value
        return str(term)


def _plain(literal: ox.Literal) -> Value:
    """Return a literal as JSON has it where that means the same to every reader of JSON, else its text."""
    if literal.datatype.value == XSD + "boolean":
        truth = truth_value(literal.value)
        return literal.value if truth is None else truth
    number = whole_number(literal.value, literal.datatype.value)
    return literal.value if number is None or abs(number) >= LARGEST else number


# Content negotiation by profile (W3C draft, 2023): in which profiles a thing can be had, and which a request gets.
#
# A profile is asked for by the header Accept-Profile or by ``_profile=``, a media type in it by Accept or by
# ``_mediatype=``; parameters go before headers, and what is not known is passed over. What a profile says of a thing is
# decided in ``graph.export.views``; ``_profile=alt`` lists all there is.

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
        links.append(HeaderLink(here.absolute(here.route(f"downloads/{dump.name}")), "item", dump.media_type))
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
