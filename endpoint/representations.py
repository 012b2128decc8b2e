"""The representations in which resources can be had, and which of them each kind of route offers.

It names them; which one a client gets is decided in ``endpoint.negotiation``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from graph.formats import (
    JSON_LD,
    N_QUADS,
    N_TRIPLES,
    RDF_XML,
    RESULTS_CSV,
    RESULTS_JSON,
    RESULTS_TSV,
    RESULTS_XML,
    TRIG,
    TURTLE,
    Format,
)

COMPACTED = "http://www.w3.org/ns/json-ld#compacted"


@dataclass(frozen=True, slots=True)
class Representation:
    """One form in which a resource can be had.

    Attributes:
        name: what ``format=`` calls it.
        media_type: the media type that is sent.
        suffix: the suffix of its own URL, without the dot.
        title: how a person calls it.
        content_type: the whole Content-Type header.
        aliases: other media types by which clients ask for it; never sent.
        format: the serialisation, where it is one.
    """

    name: str
    media_type: str
    suffix: str
    title: str
    content_type: str
    aliases: tuple[str, ...] = ()
    format: Format | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters that its media type has (RFC 9110 8.3.1)."""
        profile = {"profile": COMPACTED} if self.format is JSON_LD else {}
        return {"charset": "utf-8"} | profile


@dataclass(frozen=True, slots=True)
class Profile:
    """What a representation conforms to besides its media type (Content Negotiation by Profile, W3C draft).

    Attributes:
        token: how the parameter ``_profile`` calls it.
        iri: what names it.
        title: how a person calls it, in English.
        offers: the representations that there are in it, in the server's order.
        is_default: whether it is what one gets without asking.
    """

    token: str
    iri: str
    title: str
    offers: tuple[Representation, ...]
    is_default: bool = False


def _of(form: Format, *aliases: str) -> Representation:
    return Representation(form.name, form.media_type, form.suffix, form.title, form.content_type, aliases, form)


_TURTLE_NAMES = (
    "application/turtle",
    "application/x-turtle",
    "text/ttl",
    "text/n3",
    "text/rdf+n3",
    "application/rdf+n3",
)
AS_HTML = Representation("html", "text/html", "html", "HTML", "text/html; charset=utf-8")
AS_TURTLE = _of(TURTLE, *_TURTLE_NAMES)
AS_JSON_LD = _of(JSON_LD, "application/json", "text/json")
AS_N_TRIPLES = _of(N_TRIPLES, "text/ntriples", "application/x-ntriples")
AS_RDF_XML = _of(RDF_XML, "application/xml", "text/xml")
AS_N_QUADS = _of(N_QUADS, "text/x-nquads", "text/nquads")
AS_TRIG = _of(TRIG, "application/x-trig")
AS_JSON = _of(RESULTS_JSON, "application/json", "text/json")
AS_XML = _of(RESULTS_XML, "application/xml", "text/xml")
AS_CSV = _of(RESULTS_CSV)
AS_TSV = _of(RESULTS_TSV, "text/tsv")
AS_PROBLEM = Representation(
    "problem", "application/problem+json", "json", "problem details", "application/problem+json",
    ("application/json", "text/json", "application/sparql-results+json", "application/ld+json", "application/geo+json"),
)  # fmt: skip
AS_LINK_FORMAT = Representation(
    "link-format", "application/link-format", "links", "links", "application/link-format"
)  # fmt: skip
AS_MANIFEST = Representation(
    "json", "application/json", "json", "JSON", "application/json", ("text/json",)
)  # fmt: skip
AS_PATCH = Representation("patch", "application/rdf-patch", "rdfp", "RDF Patch", "application/rdf-patch; charset=utf-8")
AS_REPORT = Representation(
    "json", "application/json", "json", "JSON", "application/json", ("text/json", "application/problem+json")
)  # fmt: skip
AS_REPORT_TABLE = Representation("csv", "text/csv", "csv", "CSV", "text/csv; charset=utf-8; header=present")
AS_LINKSET = Representation(
    "json", "application/linkset+json", "json", "linkset", "application/linkset+json",
    ("application/json", "text/json"),
)  # fmt: skip
AS_LINKSET_TEXT = Representation(
    "linkset", "application/linkset", "txt", "linkset", "application/linkset", ("text/plain",)
)  # fmt: skip
AS_SITEMAP = Representation(
    "sitemap", "application/xml", "xml", "sitemap", "application/xml; charset=utf-8", ("text/xml",)
)  # fmt: skip
AS_TEXT = Representation("text", "text/plain", "txt", "plain text", "text/plain; charset=utf-8")

AS_TABLE = Representation("csv", "text/csv", "csv", "CSV", "text/csv; charset=utf-8; header=present")
AS_WORKBOOK = Representation(
    "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", "Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("application/vnd.ms-excel",),
)  # fmt: skip
AS_CSVW = Representation(
    "csvw", "application/csvm+json", "csv-metadata.json", "CSVW", "application/csvm+json",
    ("application/json", "text/json"),
)  # fmt: skip

AS_BIBTEX = Representation(
    "bibtex", "application/x-bibtex", "bib", "BibTeX", "application/x-bibtex; charset=utf-8", ("text/x-bibtex",)
)  # fmt: skip
AS_RIS = Representation(
    "ris", "application/x-research-info-systems", "ris", "RIS", "application/x-research-info-systems; charset=utf-8"
)  # fmt: skip
AS_CSL_JSON = Representation(
    "csl", "application/vnd.citationstyles.csl+json", "csljson", "CSL-JSON", "application/vnd.citationstyles.csl+json"
)  # fmt: skip
CITATIONS = (AS_BIBTEX, AS_RIS, AS_CSL_JSON)
"""What reference managers read; made in ``endpoint.citations``."""

GRAPHS = (AS_TURTLE, AS_JSON_LD, AS_N_TRIPLES, AS_RDF_XML, AS_N_QUADS, AS_TRIG)
OFFERS: MappingProxyType[str, tuple[Representation, ...]] = MappingProxyType({
    # a description of a thing, and every page: for people unless asked otherwise
    "description": (AS_HTML, *GRAPHS, *CITATIONS),
    # documents for machines that also have a page
    "vocabulary": (*GRAPHS, AS_HTML),
    "service": (*GRAPHS, AS_HTML),
    "graph": (*GRAPHS, AS_HTML),
    # answers, by query form
    "SELECT": (AS_JSON, AS_XML, AS_CSV, AS_TSV, AS_HTML),
    "ASK": (AS_JSON, AS_XML, AS_HTML),
    "CONSTRUCT": (*GRAPHS, AS_HTML),
    "DESCRIBE": (*GRAPHS, AS_HTML),
    "page": (AS_HTML,),
    "class": (AS_HTML, AS_TABLE, AS_WORKBOOK, AS_CSVW),
    "context": (AS_JSON_LD,),
    "release": (AS_HTML, AS_MANIFEST, *GRAPHS, *CITATIONS),
    "releases": (AS_HTML, AS_MANIFEST, *GRAPHS),
    "report": (*GRAPHS, AS_HTML),
    "dataset": (AS_HTML, *GRAPHS, *CITATIONS),
    "profiles": (AS_HTML, *GRAPHS),
    "same-as": (AS_HTML, AS_MANIFEST, *GRAPHS),
    "linkset": (AS_LINKSET, AS_LINKSET_TEXT),
    "list": (AS_HTML, AS_MANIFEST),
    "difference": (AS_PATCH, AS_N_QUADS, AS_HTML),
    "validation": (AS_TURTLE, AS_REPORT, AS_JSON_LD, AS_HTML, AS_REPORT_TABLE),
    "problem": (AS_PROBLEM, AS_TEXT, AS_HTML),
})  # fmt: skip
"""What each kind of route offers, in the server's order: the first is what ``*/*`` and no Accept get."""

SUFFIXES = tuple(dict.fromkeys(each.suffix for each in (*OFFERS["graph"], *OFFERS["SELECT"])))
"""All suffixes that mean a format of RDF or of solutions."""
OF_DOCUMENTS = (*SUFFIXES, *(each.suffix for each in CITATIONS))
"""All suffixes that mean a form of the document about a thing."""


def named(name: str, offered: Sequence[Representation]) -> Representation | None:
    """Return the offered representation that ``format=`` calls so (name, suffix or media type), or None."""
    wanted = SYNONYMS.get(name.strip().lower(), name.strip().lower())
    for each in offered:
        if wanted in (each.name, each.suffix, each.media_type, *each.aliases):
            return each
    generic = {"json": "application/json", "xml": "application/xml"}.get(wanted)
    return named(generic, offered) if generic else None


SYNONYMS = MappingProxyType({
    "ttl": "turtle", "n3": "turtle", "n-triples": "ntriples", "nt": "ntriples", "json-ld": "jsonld",
    "rdf+xml": "rdfxml", "rdf/xml": "rdfxml", "rdf": "rdfxml", "application/n3": "turtle",
})  # fmt: skip


def is_known(name: str) -> bool:
    """Whether ``name`` names any representation of an answer or a graph."""
    every = {*OFFERS["SELECT"], *OFFERS["graph"]}
    return any(named(name, (each,)) is not None for each in every)


def with_suffix(suffix: str, offered: Sequence[Representation]) -> Representation | None:
    """Return the offered representation with this URL suffix, or None."""
    return next((each for each in offered if each.suffix == suffix), None)
