"""RDF terms: the IRIs that the engine itself reads or writes; what literals mean, also where a store rewrites them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Protocol
from urllib.parse import quote, unquote

import pyoxigraph as ox

from graph.model.errors import NO_WORDS, Said, Sentence

# The IRIs of the vocabularies that the engine itself reads or writes, and the names of its own graphs.
#
# It is no list of everything that a publication may use: prefixes for display come from the publication.

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SH = "http://www.w3.org/ns/shacl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SKOS_XL = "http://www.w3.org/2008/05/skos-xl#"
PROV = "http://www.w3.org/ns/prov#"
DCT = "http://purl.org/dc/terms/"
DCAT = "http://www.w3.org/ns/dcat#"
FOAF = "http://xmlns.com/foaf/0.1/"
VOID = "http://rdfs.org/ns/void#"
SD = "http://www.w3.org/ns/sparql-service-description#"
SCHEMA = "https://schema.org/"
ADMS = "http://www.w3.org/ns/adms#"
DCATAP = "http://data.europa.eu/r5r/"
SPDX = "http://spdx.org/rdf/terms#"
VCARD = "http://www.w3.org/2006/vcard/ns#"
CV = "http://data.europa.eu/m8g/"
ORG = "http://www.w3.org/ns/org#"
FORMATS = "http://www.w3.org/ns/formats/"

RDF_TYPE = RDF + "type"
RDFS_LABEL = RDFS + "label"
PLURAL = "http://purl.org/net/vocab/2004/03/label#plural"
"""What several things of a class are called; no label, for one thing is not called so."""

PREFIXES = {
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "xsd": XSD,
    "sh": SH,
    "skos": SKOS,
    "skosxl": SKOS_XL,
    "prov": PROV,
    "dct": DCT,
    "dcat": DCAT,
    "foaf": FOAF,
    "void": VOID,
    "sd": SD,
    "schema": SCHEMA,
    "org": ORG,
    "cv": CV,
    "person": "http://www.w3.org/ns/person#",
    "vcard": VCARD,
    "adms": ADMS,
    "dcatap": DCATAP,
    "spdx": SPDX,
    "locn": "http://www.w3.org/ns/locn#",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "lode": "http://linkedevents.org/ontology/",
    "qb": "http://purl.org/linked-data/cube#",
    "time": "http://www.w3.org/2006/time#",
}
"""Well-known prefixes, for writing Turtle and pages; a publication's own come first."""

ONTOLOGY_GRAPH = "ontology"
SCHEMES_GRAPH = "schemes"
SHAPES_GRAPH = "shapes"
CATALOG_GRAPH = "catalog"
ENTAILED_GRAPH = "entailed"
PROVENANCE_GRAPH = "provenance"
COMPUTED_GRAPHS = (CATALOG_GRAPH, ENTAILED_GRAPH)
"""Graphs that the engine writes itself; no source file may bear their names."""
QUERIES_GRAPH = "queries"
APPARATUS_GRAPHS = (
    ONTOLOGY_GRAPH, SCHEMES_GRAPH, SHAPES_GRAPH, CATALOG_GRAPH, ENTAILED_GRAPH, PROVENANCE_GRAPH, QUERIES_GRAPH,
)  # fmt: skip
"""Graphs by whose means the others are said, checked, described and asked; the subject matter is in the others."""
DATASET, RELEASE = "dataset", "release"
"""Below the base: the dataset, with all its parts as fragments, and its releases. Only the catalogue describes them."""


LONGEST_GRAPH_NAME = 1000
NOT_IN_GRAPH_NAMES = re.compile(r"[\x00-\x20\x7f\\#?\ufffd]")

MEANS_SAME = (OWL + "sameAs", SKOS + "exactMatch")
"""Links that say that two things are one."""
MEANS_LIKE = (
    SCHEMA + "sameAs", "http://schema.org/sameAs", SKOS + "closeMatch", SKOS + "broadMatch", SKOS + "narrowMatch",
    SKOS + "relatedMatch", DCT + "relation",
)  # fmt: skip
"""Links that say that two things are like each other, or that one is a page about the other."""


@lru_cache(maxsize=1024)  # forms and tables ask for the same one at each property
def graph_iri(base: str, name: str) -> str:
    """Return the IRI of the publication's graph ``name``: ``<base>graph/<name>``, percent-encoded where needed."""
    return f"{base}graph/{quote(name, safe='-._~/')}"


def is_absolute_iri(text: str) -> bool:
    """Whether a text is an absolute IRI (RFC 3987), so that a term can be made of it."""
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


def unfit_name(iri: str, base: str) -> Said:
    """Return why a graph that others write cannot bear a name, or an empty string.

    A name is the same for every reader: below the base it is a path without dots that some would resolve. Every way to
    write a graph asks here: PUT and its like, updates, the command line, tokens.
    """
    path = unquote(iri.removeprefix(base))
    if len(iri) > LONGEST_GRAPH_NAME:
        return Sentence("it is longer than %(number)s characters", number=str(LONGEST_GRAPH_NAME))
    if NOT_IN_GRAPH_NAMES.search(path if iri.startswith(base) else iri):
        return Sentence("it holds a blank, a backslash, # or ?, or is no UTF-8")
    if iri.startswith(base) and any(each in ("", ".", "..") for each in path.split("/")):
        return Sentence("it holds an empty segment, or one of dots")
    try:
        ox.NamedNode(iri)
    except ValueError:
        return Sentence("it is no absolute IRI")
    return NO_WORDS


def genid_iri(base: str, name: str) -> str:
    """Return the skolem IRI ``name`` of a blank node (RDF 1.1 Concepts 3.5)."""
    return f"{base}.well-known/genid/{name}"


# What literals mean, and how pyoxigraph's store rewrites them: quads are matched by what they say all the same.
#
# Literals are never rewritten on their way out of a release; see ``graph.releases.exact_forms``.

# What literals mean: whether a text is a lexical form of its datatype, and which number or truth value it stands for.
#
# A literal whose text is none is legal RDF (RDF 1.1 Concepts 3.3): it means nothing here, and whoever shows it shows
# its text. The texts of cells, which CSVW reads by formats, are ``graph.sources.csvw``'s.

_ZONE = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))"
_YEAR = r"-?(?:[1-9]\d{3,}|0\d{3})"
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)"
_DATE = f"{_YEAR}-{_MONTH}-{_DAY}"
_DECIMAL = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_DOUBLE = rf"{_DECIMAL}(?:[eE][+-]?\d+)?|[+-]?INF|NaN"
_SECONDS = r"(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?"

LEXICAL_SPACES = MappingProxyType({
    "boolean": "true|false|1|0",
    "decimal": _DECIMAL,
    "integer": r"[+-]?\d+",
    "double": _DOUBLE,
    "float": _DOUBLE,
    "date": f"{_DATE}{_ZONE}?",
    "dateTime": f"{_DATE}T{_TIME}{_ZONE}?",
    "dateTimeStamp": f"{_DATE}T{_TIME}{_ZONE}",
    "time": f"{_TIME}{_ZONE}?",
    "duration": rf"-?P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.){_SECONDS})?",
    "dayTimeDuration": rf"-?P(?=.)(?:\d+D)?(?:T(?=.){_SECONDS})?",
    "yearMonthDuration": r"-?P(?=.)(?:\d+Y)?(?:\d+M)?",
    "gDay": f"---{_DAY}{_ZONE}?",
    "gMonth": f"--{_MONTH}{_ZONE}?",
    "gMonthDay": f"--(?!02-3|(?:0[469]|11)-31){_MONTH}-{_DAY}{_ZONE}?",
    "gYear": f"{_YEAR}{_ZONE}?",
    "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}?",
    "hexBinary": r"(?:[\da-fA-F]{2})*",
    "base64Binary": r"(?:[a-zA-Z\d+/]{4})*(?:[a-zA-Z\d+/]{2}==|[a-zA-Z\d+/]{3}=)?",
    "anyURI": r"(?:[^\x00-\x20<>\"{}|\\^`%]|%[\da-fA-F]{2})+",
    "language": r"[a-zA-Z]{1,8}(?:-[a-zA-Z\d]{1,8})*",
})  # fmt: skip
"""Regular expressions of whole lexical forms, in ASCII (XML Schema 1.1 part 2), by the datatype's local name."""
RANGES: MappingProxyType[str, tuple[int | None, int | None]] = MappingProxyType({
    "integer": (None, None), "nonNegativeInteger": (0, None), "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0), "negativeInteger": (None, -1),
    **{name: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
       for name, bits in (("long", 64), ("int", 32), ("short", 16), ("byte", 8))},
    **{f"unsigned{name}": (0, 2**bits - 1) for name, bits in (("Long", 64), ("Int", 32), ("Short", 16), ("Byte", 8))},
})  # fmt: skip
"""The whole numbers, by local name: the least and the greatest value, where there is one."""
MOST_DIGITS = 1_000
"""Longer numbers are legal, and nobody here computes with them; Python refuses to read 4,301 digits."""


def lexical_space(name: str) -> re.Pattern[str] | None:
    """Return what a whole lexical form of a datatype of XML Schema matches, or None where any text will do."""
    return _space("integer" if name in RANGES else name)


@cache
def _space(name: str) -> re.Pattern[str] | None:
    return re.compile(LEXICAL_SPACES[name], re.ASCII) if name in LEXICAL_SPACES else None


def check_day(form: str) -> None:
    """Refuse a date whose month has no such day; the Gregorian calendar repeats every 400 years.

    Raises:
        ValueError: there is no such day.
    """
    found = re.match(r"(-?\d+)-(\d\d)-(\d\d)", form)
    if found:
        date(2000 + int(found[1][-4:]) % 400, int(found[2]), int(found[3]))


def is_legal(text: str, datatype: str) -> bool:
    """Whether a text is a lexical form of a datatype; of one that is not known here, every text is taken for one.

    Args:
        text: the literal's text, as it is: the white space that XML documents allow is none here.
        datatype: its datatype's IRI.
    """
    name = datatype.removeprefix(XSD)
    space = lexical_space(name) if datatype.startswith(XSD) else None
    if space is None:
        return True
    if not space.fullmatch(text):
        return False
    if name in RANGES:
        return _is_within(text, *RANGES[name])
    try:
        check_day(text)
    except ValueError:
        return False
    return True


def _is_within(text: str, least: int | None, most: int | None) -> bool:
    """Whether a whole number is in a range; one that is too long to be read is as far from zero as any bound."""
    digits = text.lstrip("+-").lstrip("0")
    sign = -1 if text.startswith("-") else 1
    value = sign * (int(digits or "0") if len(digits) < MOST_DIGITS else 10**MOST_DIGITS)
    return (least is None or least <= value) and (most is None or value <= most)


def whole_number(text: str, datatype: str) -> int | None:
    """Return the whole number that a literal means; None where it means none, or one of over ``MOST_DIGITS`` digits."""
    is_whole = datatype.removeprefix(XSD) in RANGES and datatype.startswith(XSD)
    return int(text) if is_whole and len(text) <= MOST_DIGITS and is_legal(text, datatype) else None


def finite_number(text: str, datatype: str) -> Decimal | None:
    """Return the number that a literal means, exactly as it is written; None where it means none, or no finite one.

    What is larger than an ``xsd:double`` can be is none: it could be compared with no other.
    """
    name = datatype.removeprefix(XSD)
    is_number = datatype.startswith(XSD) and (name in RANGES or name in ("decimal", "double", "float"))
    if not is_number or len(text) > MOST_DIGITS or not is_legal(text, datatype) or text.strip("+-") in ("INF", "NaN"):
        return None
    nearest = float(text)
    return None if abs(nearest) == float("inf") else Decimal(text) if nearest else Decimal(0)


def truth_value(text: str) -> bool | None:
    """Return what an ``xsd:boolean`` means; None where its text is no lexical form (``True`` is none)."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text)


# A term as pyoxigraph's store gives it back: numbers, truth values, times and durations are rewritten there.

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


@lru_cache(maxsize=65536)
def stored(term: Term) -> Term:
    """Return an object of a triple as a store gives it back."""
    if isinstance(term, ox.NamedNode | ox.BlankNode):
        return term
    store, node = ox.Store(), ox.NamedNode("urn:x")
    store.add(ox.Quad(node, node, term))
    found: Term = next(iter(store)).object
    return found


# Quads of a store that match a pattern, exactly: ``Store.quads_for_pattern`` without what a store on disk adds to it.
#
# pyoxigraph 0.5.13 ends the scan of a prefix too late where its last byte is 0xFF: asked for 255, it also gives the
# quads whose object is any integer up to 510 (SPARQL is not affected). Only literals that are kept as numbers can be
# meant by mistake: the hashes of other terms lie too far apart.

Place = ox.NamedNode | ox.BlankNode | ox.DefaultGraph | None
Subject = ox.NamedNode | ox.BlankNode | ox.Triple | None


class ReadableStore(Protocol):
    """What can be read as a store can: one of pyoxigraph's, or a view of it that outlives it; nothing is iterated."""

    def quads_for_pattern(
        self, subject: Subject, predicate: ox.NamedNode | None, object_: Term | None, graph: Place = None, /
    ) -> Iterable[ox.Quad]:
        """Return the quads that match a pattern; None matches everything."""

    def query(self, text: str, /) -> object:
        """Return the answer to a query."""


def matching(
    store: ReadableStore,
    subject: Subject,
    predicate: ox.NamedNode | None,
    object_: Term | None,
    graph: Place = None,
) -> Iterator[ox.Quad]:
    """Yield the quads that match; None matches everything, a literal also what the store takes for the same."""
    found = store.quads_for_pattern(subject, predicate, object_, graph)
    if isinstance(object_, ox.Literal | ox.Triple):
        return (quad for quad in found if quad.object == object_ or quad.object == stored(object_))
    return iter(found)
