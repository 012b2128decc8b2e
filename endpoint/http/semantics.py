"""What HTTP wants of any answer (RFC 9110): which representation and coding, validators, conditions, header fields."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from urllib.parse import quote

import zstandard
from isal import isal_zlib
from werkzeug.http import http_date, parse_date, parse_etags

from endpoint.http.problems import Problem, ProblemError
from graph.model.errors import Sentence
from graph.model.formats import (
    JSON_LD,
    N_QUADS,
    N_TRIPLES,
    PARQUET,
    RDF_XML,
    RESULTS_CSV,
    RESULTS_JSON,
    RESULTS_TSV,
    RESULTS_XML,
    TRIG,
    TURTLE,
    Format,
)

# The representations in which resources can be had, and which of them each kind of route offers.

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
AS_PARQUET = Representation(PARQUET.name, PARQUET.media_type, PARQUET.suffix, PARQUET.title, PARQUET.media_type)
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
"""What reference managers read; made in ``endpoint.pages.thing_page``."""

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
    "class": (AS_HTML, AS_TABLE, AS_WORKBOOK, AS_PARQUET, AS_CSVW),
    "context": (AS_JSON_LD,),
    "shapes": GRAPHS,
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


# Content negotiation (RFC 9110, 12.4 and 12.5.1): from what a client accepts to the representation that it gets.
#
# Pure functions: given an Accept header and the offers of a route they choose one of them; and where these come in
# several profiles, by Accept-Profile (Content Negotiation by Profile, W3C draft of 2023) one of those first. They see
# no request and write no response.

WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
RANGE = re.compile(rf"({WORD})/({WORD})\Z")
PARAMETER = re.compile(rf';[ \t]*({WORD})=({WORD}|"(?:[^"\\]|\\.)*")')
QUALITY = re.compile(r"(?:0?\.[0-9]+|[01](?:\.[0-9]*)?)\Z")
PROFILE = re.compile(r"<([^<>]*)>([^,<]*)")
MOST_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of an Accept header."""

    type: str
    subtype: str
    quality: float = 1.0
    parameters: dict[str, str] = field(default_factory=dict)

    def specificity(self, media_type: str, parameters: dict[str, str] | None) -> int:
        """Return how exactly it names a media type: 0 not at all, 1 ``*/*``, 2 ``type/*``, 3 in full, 4+ parameters.

        ``parameters`` None means that parameters are not looked at.
        """
        top, _, sub = media_type.partition("/")
        if self.type == "*":
            return 1
        if self.type != top or self.subtype not in ("*", sub):
            return 0
        if self.subtype == "*":
            return 2
        if parameters is None:
            return 3
        met = all(parameters.get(name) == value for name, value in self.parameters.items())
        return 3 + len(self.parameters) if met else 0


ANYTHING = (MediaRange("*", "*"),)


def parse_accept(header: str | None) -> tuple[MediaRange, ...]:
    """Return the media ranges of an Accept header.

    Malformed elements are passed over, and with nothing left it is ``*/*``; of a very long header the beginning counts.
    """
    elements = (_media_range(element) for element in _elements((header or "")[:MOST_CHARACTERS]))
    return tuple(each for each in elements if each is not None) or ANYTHING


def _elements(header: str) -> list[str]:
    """Split at commas that stand outside quoted strings."""
    return [part.strip() for part in re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+', header)]


def _media_range(element: str) -> MediaRange | None:
    name, semicolon, rest = element.partition(";")
    name = name.strip().lower()
    # Java's HttpURLConnection sends "*; q=.2" for "*/*;q=0.2"
    found = RANGE.match("*/*" if name == "*" else name)
    if found is None or (found[1] == "*" and found[2] != "*"):
        return None
    parameters, quality = {}, 1.0
    for key, value in PARAMETER.findall(semicolon + re.sub(r"[ \t]+;", ";", rest)):
        if key.lower() != "q":
            parameters[key.lower()] = _unquoted(value, key.lower())
        elif QUALITY.match(value) and float(value) <= 1:
            quality = float(value)
            break  # what follows q are not parameters of the media range (RFC 7231 5.3.2)
        else:
            return None
    return MediaRange(found[1], found[2], quality, parameters)


def _unquoted(value: str, name: str) -> str:
    plain = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    return plain.lower() if name == "charset" else plain


def choose(header: str | None, offered: Sequence[Representation]) -> Representation | None:
    """Return the representation that suits a client best, or None where none is acceptable.

    Higher quality wins, then the range that names it more exactly, then the server's order. Parameters that no
    representation has (another profile, another charset) are looked at first and disregarded where they would leave
    the client with nothing.
    """
    ranges = parse_accept(header)
    return _best(ranges, offered, exact=True) or _best(ranges, offered, exact=False)


def _best(ranges: Sequence[MediaRange], offered: Sequence[Representation], *, exact: bool) -> Representation | None:
    rated = [(*_rating(each, ranges, exact=exact), -place, each) for place, each in enumerate(offered)]
    quality, _, _, best = max(rated, key=lambda each: each[:3])
    return best if quality > 0 else None


def _rating(offer: Representation, ranges: Sequence[MediaRange], *, exact: bool) -> tuple[float, int]:
    """Return the quality of an offer and the specificity of the range that gives it."""
    parameters = offer.parameters if exact else None
    own = max(((each.specificity(offer.media_type, parameters), each.quality) for each in ranges), default=(0, 0.0))
    if own[0] >= 3 and own[1] == 0:
        return 0.0, own[0]
    # other names count only where they stand in full: a wildcard already speaks of the offer's own name
    named = [
        (each.quality, specificity)
        for each in ranges
        for alias in offer.aliases
        if (specificity := each.specificity(alias, parameters)) >= 3
    ]
    if own[0] >= 3 or not named:
        return max([(own[1] if own[0] else 0.0, own[0]), *named])
    return max(named)


def parse_accept_profile(header: str | None) -> tuple[tuple[str, float], ...]:
    """Return the profiles of an Accept-Profile header and their quality, best first.

    They stand in angle brackets, since they may hold commas and semicolons; malformed elements are passed over.
    """
    found = list[tuple[str, float]]()
    for iri, rest in PROFILE.findall((header or "")[:MOST_CHARACTERS]):
        quality = next((value for key, value in PARAMETER.findall(rest) if key.lower() == "q"), "1")
        if QUALITY.match(quality) and float(quality) <= 1:
            found.append((iri, float(quality)))
    return tuple(sorted(found, key=lambda each: -each[1]))


def choose_profile(
    accept: str | None, accept_profile: str | None, profiles: Sequence[Profile]
) -> tuple[Profile, Representation] | None:
    """Return the profile and the representation in it that suit a client best, or None where none is acceptable.

    The profile goes before the media type. What is not known is passed over; a profile that cannot be had in an
    acceptable type gives way to the next, and at last to the default, which is the first.
    """
    wanted = parse_accept_profile(accept_profile)
    refused = {iri for iri, quality in wanted if quality == 0}
    liked = [each for iri, quality in wanted if quality > 0 for each in profiles if each.iri == iri]
    others = [each for each in profiles if each.iri not in refused] if refused else [profiles[0]]
    for profile in dict.fromkeys((*liked, *others[:1])):
        if (found := choose(accept, profile.offers)) is not None:
            return profile, found
    return None


# Content codings: which one a client takes, and compressing with it (RFC 9110 8.4 and 12.5.3).
#
# A compressed answer is another representation, with an entity tag of its own: the plain one's and the coding's name.

GZIP_WINDOW = 31
"""zlib's window bits for a gzip header."""
SMALLEST = 1024
"""Below so many bytes compressing an answer saves nothing."""


@dataclass(frozen=True, slots=True)
class Coding:
    """One way to send bytes smaller."""

    name: str
    compress: Callable[[bytes], bytes]

    def tag(self, tag: str) -> str:
        """Return the entity tag of a compressed answer."""
        return f"{tag}-{self.name}"


CODINGS = (
    Coding("zstd", lambda body: zstandard.ZstdCompressor(level=3).compress(body)),
    Coding("gzip", lambda body: bytes(isal_zlib.compress(body, 1, GZIP_WINDOW))),
)
"""What is offered, best first; both cost about a millisecond for 200 kB."""


def tags_of(tag: str) -> tuple[str, ...]:
    """Return the entity tags under which clients may know an answer: plain, and in each coding."""
    return (tag, *(each.tag(tag) for each in CODINGS))


@lru_cache(maxsize=256)
def coding_for(accepted: str) -> Coding | None:
    """Return the coding for an Accept-Encoding header: the one it names with the highest quality, else our order.

    A coding that it does not name is not used, whatever ``*`` says: who needs one names it.
    """
    qualities = dict(_named(each) for each in accepted.lower().split(","))
    rated = [(qualities.get(each.name, 0.0), each) for each in CODINGS]
    quality, best = max(rated, key=lambda each: each[0])
    return best if quality > 0 else None


def _named(element: str) -> tuple[str, float]:
    name, _, parameter = element.partition(";")
    try:
        quality = float(parameter.replace(" ", "").removeprefix("q=") or 1)
    except ValueError:
        quality = 0.0
    return name.strip().removeprefix("x-"), quality


# Answers as HTTP has them: from what was asked and what is to be sent to status, header fields and bytes.
#
# Pure: it sees neither Flask nor the event loop, so that both ways of a query (``endpoint.sparql``) say the same.

Fields = tuple[tuple[str, str], ...]
"""Header fields of an answer, their names in small letters."""
Asked = Callable[[str], str | None]
"""Returns what the request says in a header field, whose name is in small letters; None where it is silent."""

FRESH_SECONDS, STALE_SECONDS = 60, 600
CACHE = f"public, max-age={FRESH_SECONDS}, stale-while-revalidate={STALE_SECONDS}"
"""A URL without a release in it may mean another release soon; the ETag makes asking again cheap."""
VARY = "Accept, Accept-Profile, Accept-Language"
OF_QUERIES = "Accept, Accept-Encoding, Accept-Datetime"
"""By what the answer to a query varies, where it is no page: it has no language and no profile."""
RETRY_SECONDS = "5"

# Everything here is public, so any page may read it (Fetch standard, CORS protocol). A token for writing is no
# credential that a browser sends by itself: a page can only send one that it was given.
ALWAYS: Fields = (
    ("access-control-allow-origin", "*"),
    (
        "access-control-expose-headers",
        "Link, Location, ETag, Content-Location, Memento-Datetime, Retry-After, Vary, Allow, X-Hamkor-Release, "
        "Accept-Ranges, Content-Disposition, Content-Range, Repr-Digest",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
)

IN_A_LINK = "%/:?#[]@!$&'()*+,;="
"""What stays as it is in the target of a link; the rest, above all letters beyond ASCII, is percent-encoded.

Commas and semicolons stay: RFC 8288 3 reads a target to its ``>``, and encoded they would be another IRI's.
"""


@dataclass(frozen=True, slots=True)
class HeaderLink:
    """A link of the header Link (RFC 8288).

    The profile of an alternate is said twice: Content Negotiation by Profile calls the attribute ``formats``.
    """

    target: str
    relation: str
    media_type: str = ""
    profile: str = ""

    @property
    def safe_target(self) -> str:
        """The target as a header can have it."""
        return quote(self.target, safe=IN_A_LINK)

    def __str__(self) -> str:
        formats = self.profile if self.relation == "alternate" else ""
        attributes = (("type", self.media_type), ("formats", formats), ("profile", self.profile))
        return f'<{self.safe_target}>; rel="{self.relation}"' + "".join(
            f'; {name}="{value}"' for name, value in attributes if value
        )


def entity_tag(*parts: object) -> str:
    """Return a strong entity tag (RFC 9110 8.8.3) for what these parts determine byte for byte."""
    digest = blake2b(digest_size=12)
    for part in parts:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


SELECTING = frozenset({"GET", "HEAD"})
"""Methods that select a representation; a query in a body selects none of which something could be demanded."""


def held(method: str, tag: str, made: datetime | None, asked: Asked) -> str:
    """Return the tag under which the client has an answer, compressed or not, or an empty string.

    What the client demands of the answer is looked at first (RFC 9110 13.2.2).

    Args:
        method: the request's.
        tag: the answer's, which would have a status of 2xx; empty for one that is not kept, which nobody has.
        made: when its release was made; None for what says no date.
        asked: the request's fields.

    Raises:
        ProblemError: 412, the answer is not what the client demands.
    """
    if method not in SELECTING:
        return ""
    if not _is_as_demanded(tag, made, asked):
        detail = Sentence("what is here now is not what the request names")
        raise ProblemError("precondition-failed", detail, {"remedy": Sentence("read it again")})
    return _known(tag, made, asked)


def _is_as_demanded(tag: str, made: datetime | None, asked: Asked) -> bool:
    """Whether If-Match holds or, where there is none, If-Unmodified-Since (RFC 9110 13.1.1, 13.1.4)."""
    named = asked("if-match")
    if named is not None:
        theirs = parse_etags(named)
        # Each coding's tag is of the same state: who has it sent smaller may name that by the other tag, as in a write.
        return theirs.star_tag or any(theirs.contains(each) for each in tags_of(tag) if tag)
    since = parse_date(asked("if-unmodified-since"))
    return not tag or made is None or since is None or made <= since  # what has no tag says no date


def _known(tag: str, made: datetime | None, asked: Asked) -> str:
    """Return the tag that If-None-Match or If-Modified-Since means (RFC 9110 13.1.2, 13.1.3), or an empty string.

    Where the client names no tag, just the date is as good. A later one says nothing: an earlier release may be current
    again.
    """
    if not tag:
        return ""
    named = asked("if-none-match")
    if named is None:
        since = asked("if-modified-since")
        return tag if made is not None and parse_date(since) == made else ""
    theirs = parse_etags(named)
    return next((each for each in tags_of(tag) if theirs.star_tag or theirs.contains_weak(each)), "")


def validators(tag: str, made: datetime, vary: str = VARY, *, is_known: bool = False) -> Fields:
    """Return the fields that say for whom and for how long an answer may be kept.

    Args:
        tag: its entity tag; empty for an answer that nobody may keep.
        made: when its release was made.
        vary: by which fields of a request it varies.
        is_known: whether the client has it; beside a tag, a 304 then says no date (RFC 9110 15.4.5).
    """
    if not tag:
        return (("cache-control", "no-store"), ("vary", vary))
    date = () if is_known else (("last-modified", _written(made)),)
    return (("etag", f'"{tag}"'), *date, ("cache-control", CACHE), ("vary", vary))


@lru_cache(maxsize=64)
def _written(made: datetime) -> str:
    return http_date(made)


def coding_of(size: int, asked: Asked) -> Coding | None:
    """Return how an answer of so many bytes is sent smaller, where the client takes that and it is worth it."""
    return coding_for(asked("accept-encoding") or "") if size >= SMALLEST else None


def problem_form(asked: Asked, *, pages: bool) -> Representation:
    """Return how a problem is told: as JSON, as text, or as a page where there are ``pages``; text to who reads none.

    Who would rather have a page where there is none reads text, not JSON: it is a person.
    """
    found = choose(asked("accept"), OFFERS["problem"]) or AS_TEXT
    return AS_TEXT if found is AS_HTML and not pages else found


def problem_body(problem: Problem, form: Representation, type_url: str) -> str:
    """Return a problem as JSON (RFC 9457) or as text; ``type_url`` is where its type is explained."""
    if form is not AS_PROBLEM:
        return problem.text()
    return json.dumps(problem.document(type_url), ensure_ascii=False, indent=1) + "\n"


def problem_fields(problem: Problem, form: Representation) -> Fields:
    """Return the fields of a problem: what belongs to it, and that nobody keeps it."""
    own = tuple((name.lower(), value) for name, value in problem.headers.items())
    later = (("retry-after", RETRY_SECONDS),) if problem.status == 503 and "Retry-After" not in problem.headers else ()
    vary = "Accept, Accept-Language, Accept-Encoding" if form is AS_HTML else "Accept, Accept-Encoding"
    return (("content-type", form.content_type), ("cache-control", "no-cache"), ("vary", vary), *later, *own)
