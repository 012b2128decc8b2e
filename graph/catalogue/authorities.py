"""The code lists from which DCAT-AP takes values: EU authority tables, ADMS, IANA, SPDX. IRIs, never fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from graph.formats import JSON_LD, N_QUADS, N_TRIPLES, RDF_XML, TRIG, TURTLE, Format

EU = "http://publications.europa.eu/resource/authority/"
DATA_THEME = EU + "data-theme"
STABLE = EU + "planned-availability/STABLE"
MEDIA_TYPE = "http://www.iana.org/assignments/media-types/"
GZIP = MEDIA_TYPE + "application/gzip"
SPARQL_RESULTS = EU + "file-type/SPARQLQRES"
PUBLISHER_TYPE = "http://purl.org/adms/publishertype/"
CHANGE_TYPE = "http://purl.org/adms/changetype/"
SHA256 = "https://spdx.org/rdf/terms#checksumAlgorithm_sha256"
"""With https: so wants the shape of DCAT-AP, although the namespace of SPDX has http."""
DCAT_AP = "http://data.europa.eu/r5r/"
SPARQL_PROTOCOL = "https://www.w3.org/TR/sparql11-protocol/"
FILE_TYPES = MappingProxyType({
    N_QUADS: "RDF_N_QUADS", TRIG: "RDF_TRIG", TURTLE: "RDF_TURTLE", N_TRIPLES: "RDF_N_TRIPLES", JSON_LD: "JSON_LD",
    RDF_XML: "RDF_XML",
})  # fmt: skip
LANGUAGES = MappingProxyType({
    "ar": "ARA", "az": "AZE", "be": "BEL", "de": "DEU", "en": "ENG", "es": "SPA", "fa": "FAS", "fr": "FRA", "hy": "HYE",
    "it": "ITA", "ja": "JPN", "ka": "KAT", "kk": "KAZ", "ko": "KOR", "ky": "KIR", "mn": "MON", "nl": "NLD", "pl": "POL",
    "ps": "PUS", "pt": "POR", "ru": "RUS", "tg": "TGK", "tk": "TUK", "tr": "TUR", "tt": "TAT", "uk": "UKR", "ur": "URD",
    "uz": "UZB", "zh": "ZHO",
})  # fmt: skip
"""Codes of ISO 639-1 → those of the EU's table of languages, as far as they are likely here."""


def file_type(form: Format) -> str:
    """Return the EU's IRI of a serialisation."""
    return f"{EU}file-type/{FILE_TYPES[form]}"


def media_type(form: Format) -> str:
    """Return IANA's IRI of the media type of a serialisation."""
    return MEDIA_TYPE + form.media_type


def languages(tags: Iterable[str]) -> Iterator[str]:
    """Yield the EU's IRIs of the languages of these tags, each once; what the table here does not know is left out."""
    codes = (tag.partition("-")[0].lower() for tag in tags)
    known = (LANGUAGES.get(code, code.upper() if len(code) == 3 else "") for code in codes)
    yield from (f"{EU}language/{code}" for code in dict.fromkeys(known) if code)
