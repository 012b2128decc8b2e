"""The IRIs of the vocabularies that the engine itself reads or writes, and the names of its own graphs.

It is no list of everything that a publication may use: prefixes for display come from the publication.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import pyoxigraph as ox

from graph.model.errors import NO_WORDS, Said, Sentence

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


def graph_iri(base: str, name: str) -> str:
    """Return the IRI of the publication's graph ``name``: ``<base>graph/<name>``, percent-encoded where needed."""
    return f"{base}graph/{quote(name, safe='-._~/')}"


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
