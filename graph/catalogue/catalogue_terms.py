"""The words of the catalogue: code lists, the IRIs of what it speaks of, its own sentences, and triples made short."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import pyoxigraph as ox

from graph.model.formats import JSON_LD, N_QUADS, N_TRIPLES, RDF_XML, TRIG, TURTLE, Format
from graph.model.namespaces import DATASET, RDF_TYPE, RDFS_LABEL, RELEASE, XSD

# The code lists from which DCAT-AP takes values: EU authority tables, ADMS, IANA, SPDX. IRIs, never fetched.

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


# How the things of which the catalogue speaks are called: IRIs that stay the same from release to release.
#
# The dataset is ``<base>dataset``; everything that belongs to it is a fragment of that, so that one document describes
# them all. Only the files of a release carry its id.

DOWNLOADS = "downloads"


@dataclass(frozen=True, slots=True)
class CatalogueNames:
    """The IRIs of one release's catalogue.

    Attributes:
        base: the publication's base.
        release: the id of the release.
    """

    base: str
    release: str

    @property
    def dataset(self) -> str:
        """The dataset."""
        return f"{self.base}{DATASET}"

    def part(self, name: str) -> str:
        """Return the IRI of something that the dataset has one of: its catalogue, its publisher."""
        return f"{self.dataset}#{name}"

    def one_of(self, kind: str, what: str) -> str:
        """Return the IRI of one of many things of a kind; which one, an IRI or a path tells."""
        return f"{self.dataset}#{kind}-{sha256(what.encode()).hexdigest()[:12]}"

    def version(self, release: str) -> str:
        """Return the IRI of a release."""
        return f"{self.base}{RELEASE}/{release}"

    def file(self, name: str) -> str:
        """Return the IRI of a file of this release; it never means another file."""
        return f"{self.version(self.release)}/{DOWNLOADS}/{quote(name)}"

    def route(self, name: str) -> str:
        """Return the IRI of one of the service's own addresses."""
        return f"{self.base}{name}"


# Triples of the catalogue, made short: links, texts in several languages, values with a datatype.


def link(subject: str, predicate: str, target: str) -> ox.Triple:
    """Return a triple whose object is an IRI."""
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target))


def value(subject: str, predicate: str, text: object, datatype: str = "string") -> ox.Triple:
    """Return a triple whose object is a literal of a datatype of XML Schema."""
    literal = ox.Literal(str(text), datatype=ox.NamedNode(XSD + datatype))
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)


def texts(subject: str, predicate: str, text: Mapping[str, str]) -> Iterator[ox.Triple]:
    """Yield a triple a language; empty texts are left out."""
    for language, each in text.items():
        if each:
            literal = ox.Literal(each, language=language)
            yield ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)


def typed(subject: str, *classes: str) -> Iterator[ox.Triple]:
    """Yield the classes of a thing."""
    for each in classes:
        yield link(subject, RDF_TYPE, each)


def labelled(subject: str, text: Mapping[str, str]) -> Iterator[ox.Triple]:
    """Yield the names of a thing."""
    return texts(subject, RDFS_LABEL, text)


# What the catalogue itself puts into words, in English, Russian and Uzbek; everything else it takes from the settings.
#
# The texts stand in ``wording.toml``.

FILE = Path(__file__).with_suffix(".toml")


def words(key: str, languages: Iterable[str], **values: str) -> dict[str, str]:
    """Return a text in those of the publication's languages that it is written in, or in English.

    Args:
        key: a table of ``wording.toml``.
        languages: the publication's; ``uz-Latn`` is Uzbek.
        values: what stands in the text.
    """
    own = {tag.partition("-")[0].lower() for tag in languages if tag.lower() != "uz-cyrl"}
    texts = _texts()[key]
    return {each: texts[each].format(**values) for each in texts if each in own} or {"en": texts["en"].format(**values)}


def around(key: str, inner: dict[str, str]) -> dict[str, str]:
    """Return a text around a title, in every language of the title; where it is not written in one, in English."""
    texts = _texts()[key]
    return {tag: texts.get(tag, texts["en"]).format(title=text) for tag, text in inner.items()}


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
