"""Graphs of every odd kind, and what has to come back of them: for the tests, and for ``benchmarks.round_trip``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from xml.parsers import expat

import pyoxigraph as ox
from hypothesis import strategies as st

from graph.export.documents import SERIALISATIONS, write_chunks, xml_fault
from graph.model.errors import FormatError
from graph.model.formats import JSON_LD, RDF_XML, Format
from graph.model.rdf_terms import PREFIXES
from graph.model.settings import LimitSettings
from graph.parts.contribution.contributed_document import FORMATS, SentDocument, read_documents
from graph.sources.batches import Chunk

BASE = "https://example.org/kb/"
GENID = re.compile(rf"<{re.escape(BASE)}\.well-known/genid/([\w-]+)>".encode())
NOT_IN_XML = re.compile(r"\\u|\\[bf]|[\x7f-\x9f\ufffe\uffff]|^\S+ <(?:urn:|mailto:|\S*[?%)])", re.MULTILINE)
XSD = "http://www.w3.org/2001/XMLSchema#"
Triples = Sequence[ox.Triple]

iris = st.sampled_from([
    "http://e/s", "http://e/клуб", "https://example.org/kb/id/club/Oʻzbekiston", "http://e/a%20b", "urn:x:y", "http://e/a'b(c)",
    "http://e/ns#Term", "mailto:a@b.example", "http://e/?q=1&r=<".replace("<", "%3C"), "http://e/𝒳", "http://e/ns#имя",
]).map(ox.NamedNode)  # fmt: skip
texts = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12),
    st.sampled_from(
        [
            "",
            " ",
            "a\nb",
            "a\r\nb",
            "\r",
            "a\rb\n\r",
            "\ttab",
            'say "hi"',
            "back\\slash",
            "<a>&amp;</a>",
            "]]>",
            "'''",
            '"""',
            "Oʻz",
        ]
    ),
)
types = {
    "integer": ["5", "05", "+5", "-0", " 5 ", "5.0", "x", "99999999999999999999999999"],
    "nonNegativeInteger": ["7", "007"], "byte": ["1", "01", "300"], "unsignedLong": ["18446744073709551615"],
    "decimal": ["1.0", "1.50", ".5", "1", "-0.0"], "double": ["1e0", "1.0E0", "INF", "NaN", "1.10"], "float": ["0.1"],
    "boolean": ["true", "1", "TRUE"], "date": ["2020-02-30", "2014-11-01", "2014-11-01Z"], "gYearMonth": ["2015-02"],
    "dateTime": ["2014-11-01T00:00:00.000+05:00", "2014-11-01T24:00:00"], "anyURI": ["http://e/ x"],
    "hexBinary": ["0aF"], "string": ["plain"], "duration": ["P1Y", "P0Y12M"], "dayTimeDuration": ["PT24H"],
}  # fmt: skip
typed = st.sampled_from([(form, f"{XSD}{name}") for name, forms in types.items() for form in forms]).map(
    lambda each: ox.Literal(each[0], datatype=ox.NamedNode(each[1]))
)
tags = st.sampled_from(["en", "ru", "uz-latn", "uz-cyrl", "sr-latn-rs", "x-own"])
tagged = st.builds(lambda text, tag: ox.Literal(text, language=tag), texts, tags)
directed = st.builds(
    lambda text, tag, way: ox.Literal(text, language=tag, direction=way), texts, st.sampled_from(["ar", "he"]),
    st.sampled_from([ox.BaseDirection.LTR, ox.BaseDirection.RTL]),
)  # fmt: skip
other = st.builds(lambda text: ox.Literal(text, datatype=ox.NamedNode("http://e/тип")), texts)
common = st.one_of(texts.map(ox.Literal), typed, tagged, other)
literals = st.one_of(common, common, common, directed)
blanks = st.integers(0, 3).map(lambda number: ox.BlankNode(f"b{number}"))
subjects = st.one_of(iris, blanks)
plain = st.builds(ox.Triple, subjects, iris, st.one_of(iris, blanks, literals))
triples = st.one_of(plain, plain, plain, st.builds(ox.Triple, subjects, iris, plain))
simple = st.builds(ox.Triple, subjects, iris, st.one_of(iris, blanks, common))
graphs = st.one_of(*(st.lists(each, min_size=1, max_size=8, unique=True) for each in (simple, simple, triples)))
"""Of three graphs one may hold what RDF 1.2 has added."""


def written(graph: Triples, form: str) -> bytes | None:
    """A graph as a client may send it, or None where the format cannot hold it."""
    try:
        found = ox.serialize(graph, format=FORMATS[form]) or b""
    except (ValueError, OSError):
        return None
    if form == RDF_XML.name and (xml_fault(found) or not is_xml(found)):
        return None
    return found if faithful(found, graph, FORMATS[form]) else None


def is_xml(text: bytes) -> bool:
    """Whether expat takes a document for XML: names have no letters beyond U+FFFF, as in the fourth edition of XML."""
    try:
        expat.ParserCreate().Parse(text, True)
    except expat.ExpatError:
        return False
    return True


def faithful(text: bytes, graph: Triples, form: ox.RdfFormat) -> bool:
    """Whether a document says what it was made of: not every format holds every text, whoever writes it."""
    try:
        return canonical(lines_of(quad.triple for quad in ox.parse(text, format=form))) == canonical(lines_of(graph))
    except SyntaxError:
        return False


def put(text: bytes, form: str, graph: str, folder: Path) -> tuple[Chunk, ...]:
    """What is published of a document."""
    path = folder / "document"
    path.write_bytes(text)
    return read_documents([SentDocument(str(path), form)], graph, base=BASE, limits=LimitSettings())


def got(chunks: Iterable[Chunk], form: Format) -> bytes | None:
    """A graph as a client gets it, or None where it is told that the format cannot hold it."""
    output = BytesIO()
    try:
        write_chunks(chunks, output, form, PREFIXES)
    except (OSError, FormatError):
        return None
    return None if form is RDF_XML and xml_fault(output.getvalue()) else output.getvalue()


def is_held(graph: Triples, form: Format) -> bool:
    """Whether a format must be able to hold a graph."""
    text = lines_of(graph).decode()
    if form in (RDF_XML, JSON_LD) and ("<<(" in text or "--" in text):
        return False
    # a predicate must end in a name, and a text hold nothing that XML does not know
    return form is not RDF_XML or not NOT_IN_XML.search(text)


def read_back(text: bytes, form: Format) -> bytes:
    """What is in a document, as lines; XML as XML parsers read it, which the engine's does not (XML 1.0 2.11)."""
    if form is RDF_XML:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    quads = ox.parse(text, format=SERIALISATIONS[form])
    return lines_of(quad.triple for quad in quads)


def lines_of(graph: Iterable[ox.Triple]) -> bytes:
    """A graph as lines."""
    return ox.serialize(graph, format=ox.RdfFormat.N_TRIPLES) or b""


def canonical(lines: bytes) -> ox.Dataset:
    """Lines as a dataset that equals every one that is isomorphic, skolem IRIs being blank nodes again."""
    found = ox.Dataset(ox.parse(GENID.sub(rb"_:n\1", lines), format=ox.RdfFormat.N_TRIPLES))
    found.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return found
