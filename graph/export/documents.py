"""Chunks out, in any RDF format: how graphs leave the house, with their literals exactly as they were put in.

Where it is asked for, without the directions of texts (``"…"@ar--rtl``, RDF 1.2): readers of RDF 1.1 refuse a whole
document that names one. JSON-LD, which has had them since 1.1, names them always.
It writes; which triples, and in which format, others decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, cast

import pyoxigraph as ox

from graph.model.errors import NO_WORDS, FormatError, Said, Sentence
from graph.model.formats import DATASET_FORMATS, JSON_LD, N_QUADS, N_TRIPLES, RDF_XML, TRIG, TURTLE, Format
from graph.model.namespaces import RDF, RDF_TYPE
from graph.sources.batches import Chunk

SERIALISATIONS = {
    TURTLE: ox.RdfFormat.TURTLE,
    N_TRIPLES: ox.RdfFormat.N_TRIPLES,
    JSON_LD: ox.RdfFormat.JSON_LD,
    RDF_XML: ox.RdfFormat.RDF_XML,
    N_QUADS: ox.RdfFormat.N_QUADS,
    TRIG: ox.RdfFormat.TRIG,
}
WITH_PREFIXES = (TURTLE, TRIG, RDF_XML)
NO_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
NO_QNAME = re.compile(rb'<oxprefix: xmlns:oxprefix="([^"]*)"')
NO_PREFIX = re.compile(rb"^(?!@prefix )(?=.{8}|.*\n)", re.MULTILINE)
LONGEST_FAULT = 4096
TEXT = re.compile(rb'("(?:[^"\\\n]|\\.)*+")(?:(@[A-Za-z0-9-]+?)--(?:ltr|rtl)\b)?')
"""Each text is matched, so that none begins where another ends."""
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
SYNTAX_NAMES = frozenset(
    RDF + name
    for name in ("RDF", "ID", "about", "parseType", "resource", "nodeID", "datatype", "Description", "li",
                 "aboutEach", "aboutEachPrefix", "bagID")
)  # fmt: skip
"""Names that mean something else to RDF/XML wherever a property stands (RDF/XML 1.1, 5.1: propertyElementURIs)."""
OLD_NAMES = frozenset(RDF + name for name in ("aboutEach", "aboutEachPrefix", "bagID"))
"""Those that the engine writes as elements also where they are classes, and nobody reads."""
NAMESPACE = re.compile(rb' xmlns:[^=]+="[^"]*"')


def write_chunks(
    chunks: Iterable[Chunk], stream: IO[bytes], form: Format, prefixes: Mapping[str, str], *, directions: bool = True
) -> None:
    """Write triples to a stream; a format that knows no named graphs gets them without the names of their graphs.

    Args:
        chunks: the triples; for a format without named graphs, each once (``graph.releases.store``).
        stream: where to; it stays open.
        form: one of ``GRAPH_FORMATS`` or ``DATASET_FORMATS``.
        prefixes: prefix → IRI, for the formats that abbreviate.
        directions: whether texts keep their direction; without, they have their language alone, but in JSON-LD.

    Raises:
        FormatError: as ``write_statements``.
    """
    statements = _quads(chunks) if form in DATASET_FORMATS else _triples(chunks)
    write_statements(statements, stream, form, prefixes, directions=directions)


def write_graph(
    chunks: Iterable[Chunk], stream: IO[bytes], form: Format, prefixes: Mapping[str, str], *, directions: bool = True
) -> None:
    """Write the triples of one graph to a stream, in every format without its name; as ``write_chunks``."""
    write_statements(_triples(chunks), stream, form, prefixes, directions=directions)


def write_statements(
    statements: Iterable[ox.Quad] | Iterable[ox.Triple], stream: IO[bytes], form: Format, prefixes: Mapping[str, str],
    *, directions: bool = True,
) -> None:  # fmt: skip
    """Write statements to a stream, the same bytes for the same statements in the same order.

    Raises:
        FormatError: the format cannot express one; what was written by then is no document.
    """
    plain = None if directions or form in (JSON_LD, RDF_XML) else Undirected(stream)
    output = cast("IO[bytes]", plain) if plain else stream
    try:
        if form not in WITH_PREFIXES:
            ox.serialize(statements, output, format=SERIALISATIONS[form])
        else:
            ordered = _OrderedPrologue(output, form)
            stated = _expressible(statements, directions=directions) if form is RDF_XML else statements
            ox.serialize(stated, cast("IO[bytes]", ordered), format=SERIALISATIONS[form], prefixes=dict(prefixes))
            ordered.end()
        if plain:
            plain.end()
    except OSError as problem:
        if problem.errno is not None:
            raise
        raise FormatError(
            form.title, Sentence("this: %(words)s", words=problem)
        ) from problem  # the engine's own refusals have no number


def _undirected(term: Term) -> Term:
    if isinstance(term, ox.Literal):
        return ox.Literal(term.value, language=term.language) if term.direction is not None else term
    if isinstance(term, ox.Triple):
        inner = _undirected(term.object)
        return term if inner is term.object else ox.Triple(term.subject, term.predicate, inner)
    return term


def _expressible(statements: Iterable[ox.Quad] | Iterable[ox.Triple], *, directions: bool) -> Iterator[ox.Triple]:
    """Pass statements on as far as RDF/XML has names for them."""
    for each in statements:
        fault = _name_fault(each.subject, each.predicate, each.object)
        if fault:
            raise FormatError(RDF_XML.title, fault)
        triple = each.triple if isinstance(each, ox.Quad) else each
        yield triple if directions else ox.Triple(triple.subject, triple.predicate, _undirected(triple.object))


def _name_fault(subject: object, predicate: ox.NamedNode, term: object) -> Said:
    """Return which name of a statement RDF/XML would read as something else, or an empty string."""
    if predicate.value in SYNTAX_NAMES:
        return Sentence("the predicate <%(iri)s>", iri=predicate.value)
    if isinstance(term, ox.NamedNode) and term.value in OLD_NAMES and predicate.value == RDF_TYPE:
        return Sentence("the class <%(iri)s>", iri=term.value)
    inner = (each for each in (subject, term) if isinstance(each, ox.Triple))
    faults = (_name_fault(each.subject, each.predicate, each.object) for each in inner)
    return next((fault for fault in faults if fault), NO_WORDS)


class Undirected:
    """A stream that passes lines on (N-Triples, Turtle and what is like them, TSV), texts without their direction.

    No text has a line end that is not escaped. ``end`` passes on the last line.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        """Pass on to ``stream``, which stays open."""
        self._stream, self._held = stream, b""

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        lines, line_feed, rest = data.rpartition(b"\n")
        if line_feed:
            self._stream.write(undirected(self._held + lines + line_feed))
            self._held = rest
        else:
            self._held += rest
        return len(data)

    def flush(self) -> None:
        """Do nothing: what is held is not ready."""

    def end(self) -> None:
        """Pass on what is still held."""
        if self._held:
            self._stream.write(undirected(self._held))
            self._held = b""


def undirected(lines: bytes) -> bytes:
    """Return lines with texts in double quotes, each without its direction."""
    if b"--ltr" not in lines and b"--rtl" not in lines:
        return lines
    return TEXT.sub(lambda found: found[1] + (found[2] or b""), lines)


class CarriageReturns:
    """A stream that passes XML on, with references for carriage returns: as they are, parsers read them as line feeds.

    The engine writes them only where they are content (XML 1.0 2.11). Attributes hold IRIs, tags and names, which have
    no white space.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        """Pass on to ``stream``, which stays open."""
        self._stream = stream

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._stream.write(kept_in_xml(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: nothing is held."""


def kept_in_xml(text: bytes) -> bytes:
    """Return XML in which carriage returns survive being read."""
    return text.replace(b"\r", b"&#xD;")


class _OrderedPrologue:
    """A stream that passes everything on, but the prefixes, which the engine writes in no order, in order.

    It sees to it that XML is XML.
    """

    def __init__(self, stream: IO[bytes], form: Format) -> None:
        self._stream = cast("IO[bytes]", CarriageReturns(stream)) if form is RDF_XML else stream
        self._form = form
        self._held: bytes | None = b""
        self._seen = b""

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        if self._form is RDF_XML:
            if fault := xml_fault(self._seen + data):
                raise FormatError(self._form.title, fault)
            self._seen = (self._seen + data)[-LONGEST_FAULT:]
        if self._held is None:
            return self._stream.write(data)
        self._held += data
        end = self._end_of_prologue(self._held)
        if end is not None:
            self._stream.write(self._ordered(self._held[:end]) + self._held[end:])
            self._held = None
        return len(data)

    def flush(self) -> None:
        """Do nothing: what is held is not ready, and the rest has been passed on."""

    def end(self) -> None:
        """Pass on what is still held: a document that is all prologue."""
        if self._held:
            self._stream.write(self._ordered(self._held))
            self._held = None

    def _end_of_prologue(self, held: bytes) -> int | None:
        if self._form is RDF_XML:
            start = held.find(b"<rdf:RDF")
            end = held.find(b">", start) if start >= 0 else -1
            return end if end >= 0 else None
        found = NO_PREFIX.search(held)
        return found.start() if found else None

    def _ordered(self, prologue: bytes) -> bytes:
        if self._form is RDF_XML:
            before, root, names = prologue.partition(b"<rdf:RDF")
            return before + root + b"".join(sorted(NAMESPACE.findall(names)))
        return b"".join(sorted(prologue.splitlines(keepends=True)))


def distinct(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Yield a few chunks without the triples that have passed already; what has passed is held in memory."""
    seen = set[bytes]()
    for chunk in chunks:
        lines = [line for line in chunk.lines() if line not in seen]
        seen.update(lines)
        yield Chunk(chunk.graph, b"".join(line + b"\n" for line in lines))


def xml_fault(body: bytes) -> Said:
    """Return what RDF/XML could not express in a document that was written (RDF/XML 1.1, 5.1), or an empty string."""
    if (found := NO_QNAME.search(body)) is not None:
        return Sentence("the predicate <%(iri)s>", iri=found[1].decode(errors="replace"))
    return Sentence("a control character") if NO_XML.search(body) is not None else NO_WORDS


def used_prefixes(chunks: Iterable[Chunk], prefixes: Mapping[str, str]) -> dict[str, str]:
    """Return the prefixes whose IRIs begin an IRI somewhere in the chunks."""
    held = list(chunks)
    return {name: iri for name, iri in prefixes.items() if any(f"<{iri}".encode() in each.triples for each in held)}


def chunks_about(chunks: Iterable[Chunk], iri: str) -> Iterator[Chunk]:
    """Yield only the triples whose subject is ``iri``."""
    start = f"<{iri}> ".encode()
    for chunk in chunks:
        if start in chunk.triples:
            lines = [line for line in chunk.lines() if line.startswith(start)]
            yield Chunk(chunk.graph, b"".join(line + b"\n" for line in lines))


def _quads(chunks: Iterable[Chunk]) -> Iterator[ox.Quad]:
    for chunk in chunks:
        yield from ox.parse(chunk.quads(), ox.RdfFormat.N_QUADS, lenient=True)


def _triples(chunks: Iterable[Chunk]) -> Iterator[ox.Triple]:
    for chunk in chunks:
        for quad in ox.parse(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True):
            yield quad.triple
