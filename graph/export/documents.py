"""Graphs as documents: in every RDF format, literals exactly as they came in; and as JSON-LD that reads like JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

import pyoxigraph as ox

from graph.model.errors import NO_WORDS, FormatError, Quotation, Said, Sentence, SettingError
from graph.model.formats import DATASET_FORMATS, JSON_LD, N_QUADS, N_TRIPLES, RDF_XML, TRIG, TURTLE, Format
from graph.model.publication import CONTEXT_FILE, FRAMES_FOLDER, Publication
from graph.model.rdf_terms import PREFIXES, RDF, RDF_TYPE, XSD
from graph.sources.batches import Chunk

# Chunks out, in any RDF format: how graphs leave the house, with their literals exactly as they were put in.
#
# Where it is asked for, without the directions of texts (``"…"@ar--rtl``, RDF 1.2): readers of RDF 1.1 refuse a whole
# document that names one. JSON-LD, which has had them since 1.1, names them always.
# It writes; which triples, and in which format, others decide.

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


# JSON-LD that reads like JSON: compacted with the publication's context, and as a tree by its frames (JSON-LD 1.1).
#
# Plain JSON-LD, one object a subject, is one of the formats above.

# JSON-LD that reads like JSON: triples compacted with the publication's own context (JSON-LD 1.1 API, 5.2).
#
# Nothing is ever fetched: the context is the publication's file, and a context that names another is refused.

CONTEXT_NAME = "context.jsonld"

Context = dict[str, Any]
INTEGER = re.compile(r"(0|-?[1-9][0-9]{0,14})\Z")
"""The canonical form of a whole number that JSON's readers hold exactly (RFC 8259 section 6)."""
TRUTH = ("true", "false")
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\\\^`]+\Z")
STUMBLES = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
"""What the processor raises, beside its own errors, where a context or a frame is not as it takes it for granted."""


def read_context(publication: Publication) -> Context | None:
    """Return the value of ``@context`` in the publication's context file, or None where there is no such file.

    What means nothing there is left out: a base, which documents that name their context by its URL do not take from
    it (JSON-LD 1.1, 4.1.3), and keywords that are null.

    Raises:
        SettingError: the file is no JSON object with a ``@context`` that is one, or its base is no absolute IRI.
    """
    path: Path = publication.root / CONTEXT_FILE
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise SettingError(CONTEXT_FILE, Sentence("is no JSON: %(words)s", words=problem)) from problem
    context = document.get("@context") if isinstance(document, dict) else None
    if not isinstance(context, dict):
        raise SettingError(CONTEXT_FILE, Sentence("must be an object whose @context is an object"))
    base = context.get("@base")
    if base is not None and not (isinstance(base, str) and ABSOLUTE.match(base)):
        raise SettingError(
            CONTEXT_FILE, Sentence("its @base %(text)s is no absolute IRI; leave it out", text=json.dumps(base))
        )
    idle = {key for key in ("@vocab", "@language", "@direction") if context.get(key, key) is None}
    return {key: value for key, value in context.items() if key not in idle | {"@base"}}


def prefixes(publication: Publication, context: Context | None) -> dict[str, str]:
    """Return the prefixes with which the publication's IRIs are shortened: well-known ones, then its own over them.

    Its own are the terms of its context that stand for an IRI ending in ``#``, ``/`` or ``:``.
    """
    own = {
        term: iri
        for term, iri in (context or {}).items()
        if isinstance(iri, str) and not term.startswith("@") and ":" in iri and iri.endswith(("#", "/", ":"))
    }
    vocabulary = f"{publication.base}ns#"
    known = {} if vocabulary in own.values() else {"ns": vocabulary}
    return {**PREFIXES, **known, **own}


def compacted(triples: Iterable[ox.Triple], context: Mapping[str, Any], context_url: str = "") -> bytes:
    """Return the triples, grouped by subject, as one JSON-LD document in UTF-8.

    Args:
        triples: in the order in which their subjects shall stand.
        context: terms and prefixes.
        context_url: the URL by which the document names its context; without one it holds it.

    Raises:
        SettingError: the context is not usable, or names another document.
    """
    return written(compact(triples, context), context_url)


def compact(triples: Iterable[ox.Triple], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the triples as one JSON-LD document, its nodes under ``@graph``.

    Raises:
        SettingError: as ``compacted``.
    """
    from pyld import jsonld  # noqa: PLC0415  most answers need no JSON-LD

    options = {"documentLoader": no_document, "graph": True}
    try:
        return cast("dict[str, Any]", jsonld.compact(nodes_of(triples), {"@context": dict(context)}, options))
    except (jsonld.JsonLdError, *STUMBLES) as problem:
        raise SettingError(CONTEXT_FILE, innermost(problem)) from problem


def written(document: Mapping[str, Any], context_url: str = "") -> bytes:
    """Return a document as bytes; with a URL it names its context instead of holding it."""
    if context_url:
        document = {"@context": context_url} | {key: value for key, value in document.items() if key != "@context"}
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def nodes_of(triples: Iterable[ox.Triple]) -> list[dict[str, Any]]:
    """Return the triples as expanded node objects; whole numbers and truth values are JSON's own."""
    return [
        _native(_with_type(node)) for node in json.loads(ox.serialize(triples, format=ox.RdfFormat.JSON_LD) or b"[]")
    ]


def no_document(url: str, _options: object) -> dict[str, Any]:
    """Load no document, whatever its URL (JSON-LD 1.1 API, 9.4)."""
    from pyld import jsonld  # noqa: PLC0415  as above

    raise jsonld.JsonLdError("not fetched: documents stand on their own", "jsonld.LoadDocumentError", {"url": url})


def _native(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node with those numbers and truth values as JSON has them that mean the very same literal there."""
    for values in node.values():
        for each in values if isinstance(values, list) else ():
            kind, text = (each.get("@type"), str(each.get("@value"))) if isinstance(each, dict) else ("", "")
            if (kind == XSD + "integer" and INTEGER.match(text)) or (kind == XSD + "boolean" and text in TRUTH):
                each["@value"] = json.loads(text)
                del each["@type"]
    return node


def _with_type(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node object with its classes under ``@type``, where JSON-LD has them."""
    classes = node.pop(RDF_TYPE, [])
    node["@type"] = [each["@id"] for each in classes if "@id" in each]
    return node if classes else {key: value for key, value in node.items() if key != "@type"}


def innermost(problem: BaseException) -> Said:
    """Return what was wrong at the bottom of a chain of errors, as one line."""
    if problem.__cause__ is not None:
        return innermost(problem.__cause__)
    details = getattr(problem, "details", None) or {}
    if "url" in details:
        return Sentence(
            "names the context <%(url)s>, which is not fetched; write its terms into the file",
            url=details["url"],
        )
    said = problem.args[0] if problem.args else problem
    words = said if isinstance(said, Sentence) else Quotation(said)
    if isinstance(problem, STUMBLES):
        return Sentence("the JSON-LD processor stumbles over it: %(words)s", words=words)
    return words


# JSON-LD as a tree: a thing with what belongs to it inside, by the publication's frames (JSON-LD 1.1 Framing).
#
# A frame is a file ``ontology/frames/<name>.jsonld``: its ``type`` names the classes that it is for, its other keys say
# in which order they stand, and what is drawn in from the other end (terms that are an ``@reverse``). Nothing is lost:
# what the frame has no place for stands under ``@included``, so that the document says what the triples say.

INCLUDED, UNKNOWN = "@included", "urn:unknown:/"
EXAMPLE = "https://example.org/example"
MOST_INNER_LINKS = 40
"""With more, a thing to which several others point stands in the tree once: there are as many copies as ways to it."""
FIRST_KEYS = ("@context", "@id", "@type")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame.

    Attributes:
        name: that of its file, without the suffix.
        classes: IRIs of the classes that it is for.
        keys: its keys in their order.
        body: the frame itself, without context and classes.
    """

    name: str
    classes: frozenset[str]
    keys: tuple[str, ...]
    body: Mapping[str, Any]


def read_frames(publication: Publication, context: Context | None) -> tuple[Frame, ...]:
    """Return the frames of a publication, by name; none where it has no context.

    Raises:
        SettingError: one is no JSON object, or has no ``type`` that the context knows.
    """
    files = sorted((publication.root / FRAMES_FOLDER).glob("*.jsonld")) if context else []
    return tuple(_read(f"{FRAMES_FOLDER}/{path.name}", path.read_bytes(), context or {}) for path in files)


def _read(name: str, text: bytes, context: Context) -> Frame:
    try:
        document = json.loads(text)
    except ValueError as problem:
        raise SettingError(name, Sentence("is no JSON: %(words)s", words=problem)) from problem
    if not isinstance(document, dict):
        raise SettingError(name, Sentence("must be an object"))
    keys = aliases(context)
    body = {key: value for key, value in document.items() if key not in ("@context", "@type", keys["@type"])}
    types = document.get(keys["@type"], document.get("@type", []))
    classes = _classes(types, context)
    if not classes:
        raise SettingError(name, Sentence("must name in its type classes that the context knows"))
    return Frame(name.rpartition("/")[2].removesuffix(".jsonld"), classes, tuple(body), body)


def _classes(types: object, context: Context) -> frozenset[str]:
    from pyld import jsonld  # noqa: PLC0415  most answers need no JSON-LD

    node = {"@context": context, "@id": "urn:frame", "@type": types}
    try:
        nodes = jsonld.expand(node, {"documentLoader": no_document, "base": UNKNOWN})
    except (jsonld.JsonLdError, *STUMBLES):
        return frozenset()
    return frozenset(each for one in nodes for each in one.get("@type", ()) if not each.startswith(UNKNOWN))


def aliases(context: Mapping[str, Any]) -> dict[str, str]:
    """Return how a context calls the keywords that every tree needs."""
    own = {value: key for key, value in context.items() if isinstance(value, str) and value.startswith("@")}
    return {keyword: own.get(keyword, keyword) for keyword in (*FIRST_KEYS, INCLUDED)}


def frame_for(frames: Sequence[Frame], classes: Collection[str], counts: Mapping[str, int]) -> Frame | None:
    """Return the frame for a thing of these classes: that of the narrowest of them, or None where none is for it.

    Args:
        frames: the publication's.
        classes: the thing's.
        counts: how many things each class has: a class has no more than one that is wider.
    """
    fitting = [(min(counts.get(one, 0) for one in common), each.name, each)
               for each in frames if (common := each.classes & set(classes))]  # fmt: skip
    return min(fitting, key=lambda each: each[:2])[2] if fitting else None


def framed(triples: Sequence[ox.Triple], iri: str, frame: Frame, context: Context) -> dict[str, Any]:
    """Return the triples as the tree of a thing, with its context inside.

    Raises:
        SettingError: frame or context is not usable.
    """
    from pyld import jsonld  # noqa: PLC0415  most answers need no JSON-LD

    pattern = {"@context": context, **frame.body, "@id": iri}
    embed = "@once" if _inner_links(triples, iri) > MOST_INNER_LINKS else "@always"
    options = {"documentLoader": no_document, "embed": embed, "omitGraph": True, "omitDefault": True}
    try:
        tree = cast("dict[str, Any]", jsonld.frame(nodes_of(triples), pattern, options))
    except (jsonld.JsonLdError, *STUMBLES) as problem:
        raise SettingError(f"{FRAMES_FOLDER}/{frame.name}.jsonld", innermost(problem)) from problem
    places = _in_order(context, frame)
    tree = cast("dict[str, Any]", _ordered(_without_echo(tree, context), places))
    said = _said(tree)
    rest = [each for each in triples if each not in said]
    if rest:
        tree[aliases(context)[INCLUDED]] = _ordered(_nodes(compact(rest, context), context), places)
    return tree


def check_trees(publication: Publication) -> None:
    """Make sure that context and frames can be used, before anybody asks for a document: they are tried on an example.

    Raises:
        SettingError: one cannot, or a document would say something else than its triples; it names file and key.
    """
    context = read_context(publication)
    if context is None:
        return
    said = _example(context)
    _try(CONTEXT_FILE, context, lambda some: _same(said, json.dumps(compact(said, some))))
    for frame in read_frames(publication, context):
        triples = [*said, *(ox.Triple(ox.NamedNode(EXAMPLE), ox.NamedNode(RDF_TYPE), ox.NamedNode(each))
                                         for each in sorted(frame.classes))]  # fmt: skip
        _try(
            f"{FRAMES_FOLDER}/{frame.name}.jsonld",
            frame.body,
            lambda some, frame=frame, triples=triples: _same(  # type: ignore[misc]
                triples, json.dumps(framed(triples, EXAMPLE, replace(frame, body=some), context))
            ),
        )


def _try(path: str, document: Mapping[str, Any], use: Callable[[Mapping[str, Any]], object]) -> None:
    """Use a context or a frame; where that fails, name the key without which it would not."""
    problem = _problem(document, use)
    if problem is None:
        return
    keys = sorted(document, key=lambda key: not key.startswith("@"))
    without = ((key, {name: value for name, value in document.items() if name != key}) for key in keys)
    culprit = next((key for key, rest in without if _problem(rest, use) is None), None)
    said = problem.problem
    if culprit is not None:
        said = Sentence("at %(key)s: %(problem)s", key=json.dumps(culprit, ensure_ascii=False), problem=said)
    raise SettingError(path, said) from problem


def _problem(document: Mapping[str, Any], use: Callable[[Mapping[str, Any]], object]) -> SettingError | None:
    try:
        use(document)
    except SettingError as problem:
        return problem
    return None


def _same(triples: Sequence[ox.Triple], document: str) -> None:
    found = {quad.triple for quad in ox.parse(document.encode(), ox.RdfFormat.JSON_LD)}
    if lost := set(triples) - found:
        raise SettingError(
            "", Sentence("documents would not say this as it is: %(triple)s", triple=min(map(str, lost)))
        )


def _example(context: Mapping[str, Any]) -> list[ox.Triple]:
    """Return statements with every property for which a context has a term, with such a value as the term is for."""
    here, found = ox.NamedNode(EXAMPLE), list[ox.Triple]()
    for term in ("urn:example:p", *context.values()):
        definition = term if isinstance(term, dict) else {"@id": term}
        with suppress(ValueError):  # it is no property's
            iri = _whole(definition.get("@id"), context)
            if iri != RDF_TYPE:
                found.append(ox.Triple(here, ox.NamedNode(iri), _value(definition, context)))
    return sorted(dict.fromkeys(found), key=str)


def _value(definition: Mapping[str, Any], context: Mapping[str, Any]) -> ox.NamedNode | ox.Literal:
    kind = definition.get("@type")
    if kind in ("@id", "@vocab"):
        return ox.NamedNode(f"{EXAMPLE}/2")
    if isinstance(kind, str) and not kind.startswith("@"):
        return ox.Literal("2014", datatype=ox.NamedNode(_whole(kind, context)))
    is_text = "@language" in (definition.get("@container") or ())
    return ox.Literal("a", language="en") if is_text else ox.Literal("a")


def _whole(name: object, context: Mapping[str, Any]) -> str:
    """Return the IRI of a property or datatype that a context calls so; whatever is none gives no IRI at all."""
    text = name if isinstance(name, str) else ""
    prefix, colon, local = text.partition(":")
    start = context.get(prefix)
    iri = start + local if colon and isinstance(start, str) and not local.startswith("//") else text
    return "" if iri.endswith(("#", "/", ":")) else iri


def _inner_links(triples: Sequence[ox.Triple], iri: str) -> int:
    """Return how many links there are between the things in a tree, its root left out."""
    subjects = {each.subject for each in triples} - {ox.NamedNode(iri)}
    return sum(each.subject in subjects and each.object in subjects for each in triples)


def _nodes(document: Mapping[str, Any], context: Context) -> object:
    graph = next((key for key, value in context.items() if value == "@graph"), "@graph")
    return document[graph]


def _said(tree: Mapping[str, Any]) -> frozenset[ox.Triple]:
    """Return the triples that a tree says."""
    text = json.dumps(tree, ensure_ascii=False).encode()
    return frozenset(quad.triple for quad in ox.parse(text, ox.RdfFormat.JSON_LD))


def _in_order(context: Context, frame: Frame) -> dict[str, int]:
    """Return the places of keys: keywords, texts in several languages, the frame's; all others follow by name."""
    names = aliases(context)
    texts = [key for key, term in context.items()
             if isinstance(term, dict) and "@language" in term.get("@container", ())]  # fmt: skip
    return {key: place for place, key in enumerate((*(names[each] for each in FIRST_KEYS), *texts, *frame.keys))}


def _ordered(node: object, places: Mapping[str, int]) -> object:
    """Return a node with its keys in order, and so all nodes in it."""
    if isinstance(node, list):
        return [_ordered(each, places) for each in node]
    if not isinstance(node, dict):
        return node
    inner = {key: value if key == "@context" else _ordered(value, places) for key, value in node.items()}
    return dict(sorted(inner.items(), key=lambda each: (places.get(each[0], len(places)), each[0])))


def _without_echo(tree: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return a tree without what repeats it: what is drawn in by a key that is an ``@reverse`` need not point back."""
    forward = {term["@id"]: key for key, term in context.items() if isinstance(term, dict) and "@id" in term}
    found, iri = dict(tree), tree[aliases(context)["@id"]]
    for key, nodes in tree.items():
        term = context.get(key)
        echo = forward.get(term.get("@reverse", "")) if isinstance(term, dict) else None
        if echo is not None and isinstance(nodes, list):
            found[key] = [_without(each, echo, iri) for each in nodes]
    return found


def _without(node: object, key: str, iri: str) -> object:
    if not isinstance(node, dict) or key not in node:
        return node
    said = node[key] if isinstance(node[key], list) else [node[key]]
    left = [each for each in said if each != iri]
    return {**node, key: left} if left else {name: value for name, value in node.items() if name != key}
