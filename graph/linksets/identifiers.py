"""Identifiers of others: who gives them, how they are formed, and in which ways the same one is written.

A table of authorities that are likely here. What it does not know is compared as an IRI and judged not at all. It reads
no graph and fetches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

LONGEST = 2048
SAFE = "/:@!$&'()*+,;=-._~?#"


@dataclass(frozen=True, slots=True)
class Authority:
    """Who gives identifiers.

    Attributes:
        name: what they are called.
        space: where their IRIs begin, as they write them in data.
        form: what an identifier is, behind that.
        end: what stands behind it.
        hosts: hosts and folders at which the same identifiers are met, without the scheme.
        short: how an identifier may be written without an IRI, or empty.
        example: a right one.
    """

    name: str
    space: str
    form: str
    end: str = ""
    hosts: tuple[str, ...] = ()
    short: str = ""
    example: str = ""

    def iri(self, identifier: str) -> str:
        """Return an identifier as an IRI."""
        return f"{self.space}{identifier}{self.end}"

    @property
    def folders(self) -> tuple[str, ...]:
        """Where its IRIs begin, without the scheme."""
        return self.space.partition("://")[2], *self.hosts


AUTHORITIES = (
    Authority(
        "Wikidata", "http://www.wikidata.org/entity/", r"[QPL][1-9][0-9]{0,11}", "",
        ("www.wikidata.org/wiki/", "wikidata.org/entity/", "wikidata.org/wiki/", "m.wikidata.org/wiki/",
         "www.wikidata.org/wiki/Special:EntityData/", "www.wikidata.org/prop/direct/"),
        r"(?:wd:)?(Q[1-9][0-9]{0,11})", "http://www.wikidata.org/entity/Q269",
    ),
    Authority(
        "GeoNames", "https://sws.geonames.org/", r"[1-9][0-9]{0,9}", "/",
        ("www.geonames.org/", "geonames.org/"), r"(?:geonames|gn):([1-9][0-9]{0,9})",
        "https://sws.geonames.org/1512569/",
    ),
    Authority(
        "EuroVoc", "http://eurovoc.europa.eu/", r"(?:[1-9][0-9]{0,7}|c_[0-9a-f]{8})", "", (),
        r"eurovoc:([1-9][0-9]{0,7})", "http://eurovoc.europa.eu/2191",
    ),
    Authority(
        "UNESCO Thesaurus", "http://vocabularies.unesco.org/thesaurus/", r"(?:concept|mt|domain)[0-9.]{1,8}",
        example="http://vocabularies.unesco.org/thesaurus/concept4285",
    ),
    Authority(
        "UNBIS Thesaurus", "http://metadata.un.org/thesaurus/", r"[0-9]{2,8}",
        example="http://metadata.un.org/thesaurus/1000952",
    ),
    Authority(
        "VIAF", "http://viaf.org/viaf/", r"[1-9][0-9]{1,21}", "", ("www.viaf.org/viaf/",),
        example="http://viaf.org/viaf/144232580",
    ),
    Authority("ROR", "https://ror.org/", r"0[a-hj-km-np-tv-z0-9]{6}[0-9]{2}", example="https://ror.org/02dg0pv02"),
    Authority(
        "ISNI", "https://isni.org/isni/", r"[0-9]{15}[0-9X]", "", ("www.isni.org/isni/",),
        example="https://isni.org/isni/0000000123456789",
    ),
    Authority(
        "EU country table", "http://publications.europa.eu/resource/authority/country/", r"[A-Z0-9_]{3,12}",
        example="http://publications.europa.eu/resource/authority/country/UZB",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier, and who gives it.

    Attributes:
        authority: who gives it.
        text: what it is; as it was found where it is malformed.
        is_wellformed: whether the authority could have given it.
    """

    authority: Authority
    text: str
    is_wellformed: bool

    @property
    def iri(self) -> str:
        """The IRI that the authority uses in data."""
        return self.authority.iri(self.text)


def identifier_of(iri: str) -> Identifier | None:
    """Return what an IRI identifies; None where it is of no authority that is known."""
    scheme, mark, rest = iri.partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        return None
    for authority in AUTHORITIES:
        for folder in authority.folders:
            if rest.lower().startswith(folder.lower()):
                text = unquote(rest[len(folder) :])
                found = re.fullmatch(rf"({authority.form})(?:/[^/]*)?", text)
                return Identifier(authority, found[1] if found else text, found is not None)
    return None


def is_as_written(iri: str) -> bool:
    """Whether an IRI is of no known authority, or just as that authority writes it."""
    found = identifier_of(iri)
    return found is None or (found.is_wellformed and found.iri == iri)


def spellings(text: str) -> tuple[str, ...]:
    """Return the IRIs that somebody may mean, likeliest first: at most two dozen.

    http or https, a slash at the end or none, percent-encoded or not; as an authority writes it in data, or as one
    copies it from a browser; and what authorities are known by without an IRI (``Q269``, ``geonames:1512569``).
    """
    wanted = text.strip().removeprefix("<").removesuffix(">")
    if not wanted or len(wanted) > LONGEST:
        return ()
    return tuple(dict.fromkeys(_spellings(wanted)))


def _spellings(wanted: str) -> Iterator[str]:
    if "://" not in wanted and "%3a%2f%2f" in wanted.lower():
        wanted = unquote(wanted)
    if "://" not in wanted:
        for authority in AUTHORITIES:
            if authority.short and (found := re.fullmatch(authority.short, wanted)):
                yield authority.iri(found[1])
        return
    yield wanted
    if (known := identifier_of(wanted)) is not None and known.is_wellformed:
        yield known.iri
    scheme, _, rest = wanted.partition("://")
    if scheme.lower() not in ("http", "https"):
        return
    plain = unquote(rest)
    for each in dict.fromkeys((rest, plain, quote(plain, safe=SAFE))):
        host, slash, path = each.rstrip("/").partition("/")
        for place in (f"{host}{slash}{path}", f"{host.lower()}{slash}{path}"):
            for other in ("https", "http"):
                yield f"{other}://{place}"
                yield f"{other}://{place}/"
