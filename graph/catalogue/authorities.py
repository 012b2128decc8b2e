"""The code lists from which DCAT-AP takes values: EU authority tables, ADMS, IANA, SPDX. IRIs, never fetched."""

from __future__ import annotations

import re
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
_CODES = """\
    aa AAR ab ABK ae AVE af AFR ak AKA am AMH an ARG ar ARA as ASM av AVA ay AYM az AZE ba BAK be BEL bg BUL bi BIS
    bm BAM bn BEN bo BOD br BRE bs BOS ca CAT ce CHE ch CHA co COS cr CRE cs CES cu CHU cv CHV cy CYM da DAN de DEU
    dv DIV dz DZO ee EWE el ELL en ENG eo EPO es SPA et EST eu EUS fa FAS ff FUL fi FIN fj FIJ fo FAO fr FRA fy FRY
    ga GLE gd GLA gl GLG gn GRN gu GUJ gv GLV ha HAU he HEB hi HIN ho HMO hr HRV ht HAT hu HUN hy HYE hz HER ia INA
    id IND ie ILE ig IBO ii III ik IPK io IDO is ISL it ITA iu IKU ja JPN jv JAV ka KAT kg KON ki KIK kj KUA kk KAZ
    kl KAL km KHM kn KAN ko KOR kr KAU ks KAS ku KUR kv KOM kw COR ky KIR la LAT lb LTZ lg LUG li LIM ln LIN lo LAO
    lt LIT lu LUB lv LAV mg MLG mh MAH mi MRI mk MKD ml MAL mn MON mr MAR ms MSA mt MLT my MYA na NAU nb NOB nd NDE
    ne NEP ng NDO nl NLD nn NNO no NOR nr NBL nv NAV ny NYA oc OCI oj OJI om ORM or ORI os OSS pa PAN pi PLI pl POL
    ps PUS pt POR qu QUE rm ROH rn RUN ro RON ru RUS rw KIN sa SAN sc SRD sd SND se SME sg SAG sh HBS si SIN sk SLK
    sl SLV sm SMO sn SNA so SOM sq SQI sr SRP ss SSW st SOT su SUN sv SWE sw SWA ta TAM te TEL tg TGK th THA ti TIR
    tk TUK tl TGL tn TSN to TON tr TUR ts TSO tt TAT tw TWI ty TAH ug UIG uk UKR ur URD uz UZB ve VEN vi VIE vo VOL
    wa WLN wo WOL xh XHO yi YID yo YOR za ZHA zh ZHO zu ZUL iw HEB in IND ji YID mo RON
"""
LANGUAGES = MappingProxyType(dict(re.findall(r"([a-z]{2}) ([A-Z]{3})", _CODES)))
"""All codes of ISO 639-1, and four that it had → those of ISO 639-3, by which the EU's table names languages."""
CODE = re.compile(r"[A-Z]{3}\Z")
PRIVATE = re.compile(r"Q[A-T][A-Z]\Z")
"""Codes that stand for whatever two parties agree on (ISO 639-2)."""


def file_type(form: Format) -> str:
    """Return the EU's IRI of a serialisation."""
    return f"{EU}file-type/{FILE_TYPES[form]}"


def media_type(form: Format) -> str:
    """Return IANA's IRI of the media type of a serialisation."""
    return MEDIA_TYPE + form.media_type


def languages(tags: Iterable[str]) -> Iterator[str]:
    """Yield the EU's IRIs of the languages of these tags, each once; those that have none are ``without_code``."""
    yield from (f"{EU}language/{code}" for code in dict.fromkeys(_code(tag) for tag in tags) if code)


def without_code(tags: Iterable[str]) -> list[str]:
    """Return the tags of languages that the EU's table cannot name: private ones, and codes that do not exist."""
    return [tag for tag in tags if not _code(tag)]


def _code(tag: str) -> str:
    """Return the code of a language by the first part of its tag (RFC 5646 2.2.1), or nothing."""
    first = tag.lower().partition("-")[0]
    code = LANGUAGES.get(first, first.upper())
    return code if CODE.match(code) and not PRIVATE.match(code) else ""
