"""Triples as documents: a few triples, or a whole named graph, in one of the RDF formats.

What a format cannot express is an error that says so; nothing is written that a parser would not read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO

import pyoxigraph as ox

from endpoint.current import Snapshot
from graph.errors import FormatError, HamkorError, SettingError
from graph.export import write_graph, write_statements, xml_fault
from graph.formats import JSON_LD, RESULTS_XML, Format
from graph.jsonld import compacted

log = logging.getLogger("hamkor")
PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
IN_MEMORY = 8 << 20
PIECE, LONGEST_FAULT = 1 << 20, 4096


def rdf_document(snapshot: Snapshot, triples: Sequence[ox.Triple], form: Format) -> bytes:
    """Return a few triples as a document, JSON-LD compacted with the publication's context.

    Raises:
        FormatError: the format cannot express them.
    """
    if any(isinstance(triple.object, ox.Triple) for triple in triples) and form is JSON_LD:
        raise FormatError(form.title, "a triple as a term")
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
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    try:
        write_graph(snapshot.release.read_graph(graph), file, form, _valid(snapshot.prefixes), directions=False)
        file.seek(0)
    except HamkorError:
        file.close()
        raise
    return file


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
