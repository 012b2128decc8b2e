"""Formats: the names, media types and suffixes of those that are read and written, and which one a file is in.

Nothing is parsed here.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from graph.model.errors import NO_WORDS, Quotation, Said, Sentence
from graph.model.rdf_terms import RDF

# The formats in which graphs and query results are written, by name, media type and file suffix.
#
# It names them and nothing more: which one a client gets is decided in ``endpoint.http.semantics``, and the writing
# is done by pyoxigraph and rdflib.

Kind = Literal["graph", "dataset", "results", "table"]


@dataclass(frozen=True, slots=True)
class Format:
    """One serialisation.

    Attributes:
        name: what people write on the command line and after ``format=``.
        media_type: the registered media type, without parameters.
        suffix: the file suffix, without the dot.
        kind: what it can hold: one graph, a dataset of named graphs, query results, or tables of any kind.
        title: how a person calls it.
        charset: whether the media type is sent with ``charset=utf-8``.
    """

    name: str
    media_type: str
    suffix: str
    kind: Kind
    title: str
    charset: bool = False

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        return f"{self.media_type}; charset=utf-8" if self.charset else self.media_type


TURTLE = Format("turtle", "text/turtle", "ttl", "graph", "Turtle", charset=True)
N_TRIPLES = Format("ntriples", "application/n-triples", "nt", "graph", "N-Triples")
JSON_LD = Format("jsonld", "application/ld+json", "jsonld", "graph", "JSON-LD")
RDF_XML = Format("rdfxml", "application/rdf+xml", "rdf", "graph", "RDF/XML")
N_QUADS = Format("nquads", "application/n-quads", "nq", "dataset", "N-Quads")
TRIG = Format("trig", "application/trig", "trig", "dataset", "TriG")

RESULTS_JSON = Format("json", "application/sparql-results+json", "srj", "results", "SPARQL Results JSON")
RESULTS_XML = Format("xml", "application/sparql-results+xml", "srx", "results", "SPARQL Results XML")
RESULTS_CSV = Format("csv", "text/csv", "csv", "results", "CSV", charset=True)
RESULTS_TSV = Format("tsv", "text/tab-separated-values", "tsv", "results", "TSV", charset=True)
PARQUET = Format("parquet", "application/vnd.apache.parquet", "parquet", "table", "Parquet")
"""It is compressed by itself, and holds no RDF that a parser would take for a graph."""

GRAPH_FORMATS = (TURTLE, JSON_LD, N_TRIPLES, RDF_XML)
DATASET_FORMATS = (N_QUADS, TRIG)
TRIPLE_FORMATS = GRAPH_FORMATS + DATASET_FORMATS
"""What triples can be written in: the formats of datasets hold them as a default graph, without names of graphs."""
RESULT_FORMATS = (RESULTS_JSON, RESULTS_XML, RESULTS_CSV, RESULTS_TSV)
FORMATS = TRIPLE_FORMATS + RESULT_FORMATS


def format_named(name: str) -> Format | None:
    """Return the format that a user calls ``name``: its name, its suffix or its media type; else None."""
    wanted = name.strip().lower()
    for each in FORMATS:
        if wanted in (each.name, each.suffix, each.media_type):
            return each
    return None


# Which format a file is in: told by the suffixes of its name, and where these leave it open, by how it begins.
#
# It knows what the files of a publication are called, packed ones included, and says of the others why they are not
# read. It parses nothing; reading is for ``graph.sources``.

METADATA_SUFFIX, GROUP_FILE = "-metadata.json", "csv-metadata.json"
"""What follows the name of a table in that of its CSVW metadata, and the metadata of all tables of a folder."""
TABLE = "csv"
"""The name of tables among the formats."""
CERTAIN = {
    ".ttl": "turtle", ".turtle": "turtle", ".nt": "ntriples", ".nq": "nquads", ".trig": "trig", ".jsonld": "jsonld",
    ".rdf": "rdfxml", ".csv": TABLE,
}  # fmt: skip
"""Suffixes that say the format, and its name, as ``graph.model.formats`` has it."""
OPEN = frozenset({".owl", ".xml", ".rdfs", ".json", ".n3"})
"""Suffixes under which there is RDF, and other things as well."""
CODINGS = {".gz": "gzip", ".zst": "zstd"}
HEAD = 1 << 16

WORKBOOK = Sentence("a workbook; save each sheet as CSV, with CSVW metadata beside it")
PACKED = Sentence("packed in a way that is not read here; unpack it, or pack each file by itself with gzip or zstd")
NOT_READ: Mapping[str, Said] = {
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".ods", ".numbers"), WORKBOOK),
    **dict.fromkeys((".zip", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz", ".lz4", ".br"), PACKED),
    ".tsv": Sentence("a table with tabs; call it .csv, and say the delimiter in its CSVW metadata"),
    ".hdt": Sentence("HDT; write it as N-Triples"),
    ".ofn": Sentence("OWL in functional syntax; save it as RDF/XML or Turtle"),
    ".omn": Sentence("OWL in Manchester syntax; save it as RDF/XML or Turtle"),
    ".owx": Sentence("OWL/XML, which is no RDF; save it as RDF/XML or Turtle"),
}
OTHER = Sentence("no format that is read here")

STRINGS_AND_COMMENTS = re.compile(
    rb'"""(?:[^"\\]|\\.|"(?!""))*"""|'
    rb"'''(?:[^'\\]|\\.|'(?!''))*'''|"
    rb'"(?:[^"\\\n]|\\.)*"|'
    rb"'(?:[^'\\\n]|\\.)*'|<[^<>\s]*>|#[^\n]*",
    re.DOTALL,
)
BEYOND_TURTLE = re.compile(rb"[{}]|=>|<=|@forAll\b|@forSome\b|@keywords\b")
BEGINS_TURTLE = re.compile(
    rb"(?:\s|#[^\n]*\n)*(?:@prefix\b|@base\b|prefix\s+[^\s:]*:\s*<|base\s*<|<[^<>\s!?]*:[^<>\s]*>|\[)", re.I
)
PROLOG = re.compile(rb"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>\s*)*<", re.DOTALL)
ROOT = re.compile(rb"(?:[\w.-]+:)?([\w.-]+)")
JSON_LD_KEYWORD = re.compile(rb'"@(?:context|graph|id|type|included|list|set|value)"\s*:')
CSVW = re.compile(rb'"@context"\s*:\s*(?:\[\s*)?"https?://www\.w3\.org/ns/csvw"')


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is, or why it is not read.

    Attributes:
        form: the format's name, as ``graph.model.formats`` has it, or ``TABLE``; empty where it is not read.
        coding: "gzip", "zstd", or an empty string.
        name: the file's name without the suffixes that say this, or whole where it is not read.
        reason: why it is not read, with what to do; or an empty string.
    """

    form: str
    coding: str
    name: str
    reason: Said = NO_WORDS


def recognised(path: Path, called: str = "") -> Recognised:
    """Return what a file is; only where its suffix leaves that open is its beginning read.

    Args:
        path: the file.
        called: its name, where it lies under another.
    """
    whole = called or path.name
    outer = Path(whole).suffix
    coding = CODINGS.get(outer.lower(), "")
    inner = whole.removesuffix(outer) if coding else whole
    name, _, suffix = inner.rpartition(".")
    suffix = f".{suffix.lower()}"
    if suffix in CERTAIN and name:
        return Recognised(CERTAIN[suffix], coding, name)
    if suffix not in OPEN or not name:
        return Recognised("", coding, whole, NOT_READ.get(suffix, OTHER))
    try:
        head = _head(path, coding)
    except (OSError, EOFError, zlib.error, ValueError) as problem:
        return Recognised("", coding, whole, Sentence("it cannot be read: %(words)s", words=problem))
    form, reason = _by_beginning(head, suffix)
    return Recognised(form, coding, name if form else whole, reason)


def known_suffixes() -> str:
    """Return the suffixes under which files are read, for messages."""
    return " ".join((*sorted((*CERTAIN, *OPEN)), "(also with .gz or .zst behind them)"))


def _head(path: Path, coding: str) -> bytes:
    if coding == "gzip":
        with gzip.open(path) as unpacked:
            return unpacked.read(HEAD)
    with path.open("rb") as stream:
        if not coding:
            return stream.read(HEAD)
        import zstandard  # noqa: PLC0415  few files are packed so

        try:
            return zstandard.ZstdDecompressor().stream_reader(stream).read(HEAD)
        except zstandard.ZstdError as problem:
            raise ValueError(Quotation(problem)) from problem


def _by_beginning(head: bytes, suffix: str) -> tuple[str, Said]:
    """Return the format's name, or why it is none that is read."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", errors="replace").encode()
    if suffix == ".json":
        return _of_json(head)
    if suffix == ".n3":
        if BEYOND_TURTLE.search(STRINGS_AND_COMMENTS.sub(b" ", head)):
            return "", Sentence("N3 with what Turtle has not; save it as Turtle")
        return "turtle", NO_WORDS
    if BEGINS_TURTLE.match(head):
        return "turtle", NO_WORDS
    return _by_root(head)


def _of_json(head: bytes) -> tuple[str, Said]:
    if CSVW.search(head):
        return "", Sentence("CSVW metadata, and there is no table of its name")
    if JSON_LD_KEYWORD.search(head):
        return "jsonld", NO_WORDS
    return "", Sentence("JSON without @context, @graph or @id, so no JSON-LD")


def _by_root(head: bytes) -> tuple[str, Said]:
    prolog = PROLOG.match(head)
    root = ROOT.match(head, prolog.end()) if prolog else None
    if root is None:
        return "", Sentence("neither XML nor Turtle; save it as RDF/XML or Turtle")
    if root[1] == b"RDF" and RDF.encode() in head:
        return "rdfxml", NO_WORDS
    if root[1] == b"Ontology":
        return "", NOT_READ[".owx"]
    return "", Sentence("XML whose root is %(name)s, and not rdf:RDF", name=root[1].decode(errors="replace")[:40])
