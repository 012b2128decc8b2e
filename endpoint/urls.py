"""URLs: the one place that makes and reads them.

RDF carries canonical IRIs, below the publication's base; the server answers for their *paths*, on whatever host and
under whatever prefix it runs. This module maps between the two, both ways, letter by letter: a path means the IRI that
is spelt so, percent-encoding included (RDF 1.1 Concepts 3.2 compares IRIs as strings). Paths are therefore never
decoded; ``endpoint.sparql.exchanges`` sees to it that requests bring them as they were spelt. It knows no request and
no store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from urllib.parse import quote, unquote, urlencode

THING = "id/"
DOCUMENT = "doc/"
VOCABULARY = "ns"
OWN_ROUTES = frozenset({
    "", "sparql", "doc", "queries", "graphs", "resource", "health", "ready", "metrics", "problems", "static",
    "context.jsonld", "robots.txt", "sitemap.xml", "update", "search", "search.json", "suggest", "reconcile", "same-as",
    "validate", "templates", "releases", "timemap", "privacy", "downloads", "linkset",
    "profiles", "class", "propose", "proposal", "proposals", "my-data", "upload", "shapes",
})  # fmt: skip
"""First segments of paths that the server needs for itself: things that bear them are read at ``/resource``."""

OWN_PATHS = re.compile(
    rf"(?:{'|'.join(map(re.escape, sorted(OWN_ROUTES)))})(?:/|\Z)|query(?:/~|\Z)|sitemap-\d+\.xml\Z"
    r"|\.well-known/(?!genid/)|(?:dataset|downloads|linkset|ns|profiles|releases|resource|same-as|search)\."
)
"""Beginnings of paths below the root that the server answers itself; all others are names of things."""

OF_THE_PRESENT = frozenset({
    "releases", "release", "timemap", "health", "ready", "metrics", "update", "validate", "privacy",
    "propose", "proposal", "proposals", "my-data", "upload",
})  # fmt: skip
"""First segments of paths that are no older release's: what runs, what is written, what is said of all releases."""
OF_A_RELEASE = re.compile(r"/release/\d{4}-\d{2}-\d{2}T\d{6}Z-[0-9a-f]{8}\Z")
"""What ends the root below which an older release is seen."""

URI_CHARACTERS = "/:@!$&'()*+,;=-._~%"
"""What stays as it is in a path (RFC 3986 3.3); what is percent-encoded already stays so."""
NOT_IN_IRI = re.compile(r"""[\x00-\x20<>"{}|\\^`#\[\]]|%(?![0-9A-Fa-f]{2})""")
"""What no IRI holds as it stands: a client that sends it can only mean its percent-encoding."""
_LETTER = (
    r"(?:(?:%[Cc][2-9A-Fa-f]|%[Dd][0-9A-Fa-f]|%[Ee][0-9A-Fa-f]%[89ABab][0-9A-Fa-f]"
    r"|%[Ff][0-4](?:%[89ABab][0-9A-Fa-f]){2})%[89ABab][0-9A-Fa-f])"
)
LETTER, WORD = re.compile(f"({_LETTER})"), re.compile(f"({_LETTER}+)")
"""A letter beyond ASCII, and some in a row, percent-encoded (UTF-8)."""
ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
ALIKE = frozenset("-._~!$&'()*+,;=:@")
"""Signs that some programs encode in a path, and some proxies decode, although it changes the IRI."""
MOST_MIXED, MOST_SPLIT = 8, 64
"""Of so many letters, or words, all mixtures of spellings are tried; of so many, those that change once."""
PARAMETERS = frozenset({"lang", "ui", "format", "_profile", "_mediatype", "context", "incoming", "page"})
"""Parameters of ours that may follow the query of an IRI."""
HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Urls:
    """The URLs of one publication as one client sees them.

    Attributes:
        base: the base IRI, ending in a slash.
        root: the path below which the server answers, without a slash at its end; empty at the top of a host.
        host: scheme and authority, such as ``http://127.0.0.1:8000``.
        has_vocabulary: whether ``ns`` is a document that describes the terms ``ns#…``.
        kept: parameters that links from page to page carry on: the languages in the URL of the page.
        speaks_of: whether something is known of an IRI. Where two things claim one path, such as those called
            ``погода`` and ``%D0%BF%D0%BE…``, it belongs to one of them, and the other is read at ``/resource``.
    """

    base: str
    root: str = ""
    host: str = ""
    has_vocabulary: bool = True
    kept: tuple[tuple[str, str], ...] = ()
    speaks_of: Callable[[str], bool] = field(default=lambda _: False, compare=False)

    def absolute(self, path: str) -> str:
        """Return the whole URL of a path made here."""
        return path if "://" in path.partition("?")[0] else self.host + path

    def route(self, name: str, /, **parameters: str | Sequence[str]) -> str:
        """Return the path of one of the server's own routes; parameters that are empty are left out."""
        query = urlencode({key.replace("_", "-"): value for key, value in parameters.items() if value}, doseq=True)
        root = self.root if is_versioned(name) else original(self.root)
        return f"{root}/{name}" + (f"?{query}" if query else "")

    def link(self, name: str, /, **parameters: str | Sequence[str]) -> str:
        """Return the path of one of the server's own pages, in the languages of the page that links to it."""
        return self.route(name, **(dict(self.kept) | parameters))

    def page(self, iri: str, suffix: str = "") -> str:
        """Return the path at which one reads about ``iri``, in the languages of the page that links to it."""
        path, hash_sign, fragment = self.read(iri, suffix).partition("#")
        return with_parameters(path, dict(self.kept)) + hash_sign + fragment

    def read(self, iri: str, suffix: str = "") -> str:
        """Return the path at which one reads about ``iri``, in the format that ``suffix`` means ("" negotiates)."""
        path, hash_sign, fragment = (self._path(iri) or "").partition("#")
        if not path or (suffix and path.endswith("/")) or not self._leads_to(path, iri, suffix, fragment):
            return self.route(f"resource.{suffix}" if suffix else "resource", iri=iri)
        return f"{self.root}/{path}{f'.{suffix}' if suffix else ''}{hash_sign}{fragment}"

    def document(self, iri: str, suffix: str = "") -> str:
        """Return the same without a fragment: the URL that is requested."""
        return self.read(iri, suffix).partition("#")[0]

    def own(self, iri: str) -> str:
        """Return the path of a thing itself, where it is below the base; else that at which one reads about it."""
        name = iri.removeprefix(self.base)
        path = quote(name, safe=URI_CHARACTERS)
        is_own = name.startswith(THING) and _stays(path) and "#" not in name and self._leads_to(path, iri, "", "")
        return f"{self.root}/{path}" if is_own else self.read(iri)

    def thing(self, path: str) -> tuple[str, ...]:
        """Return the IRIs for which a request of ``path`` asks, likeliest first: what it says, letter by letter.

        Args:
            path: relative to the root, as it was spelt. The URI of an IRI with letters beyond ASCII has them
                percent-encoded (RFC 3987 3.1), so that the IRI with these letters comes second.
        """
        name = _valid(_as_thing(path))
        return tuple(self.base + each for each in dict.fromkeys((name, _with_letters(name))))

    def mixed(self, path: str) -> Iterator[str]:
        """Yield further IRIs that ``path`` may mean, where nothing is known of those of ``thing``.

        First those whose URI it is, some of their letters percent-encoded and some not; then those that a program or
        a proxy may have changed on the way (hexadecimal digits, signs that need no encoding, an empty query).
        """
        name = _valid(_as_thing(path))
        alike = (each for spelling in _alike(name) for each in (spelling, _with_letters(spelling)))
        yield from (self.base + each for each in dict.fromkeys((*_mixtures(name), *alike)))
        if "?" not in name:
            yield f"{self.base}{name}?"

    def asked(self, path: str, query: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Yield IRI and format suffix for which a request may ask, likeliest first; the first that is known is meant.

        Args:
            path: relative to the root, as it was spelt.
            query: that of the request, as it was spelt; it may belong to the IRI.
            suffixes: those that mean a format.
        """
        ways = ((path, ""), split_suffix(path, suffixes))
        spelt = [(each, end) for way, end in ways for each in _spelt_with(way, query)]
        names = dict.fromkeys(sorted(spelt, key=lambda each: "?" not in each[0]))
        for means in (self.thing, self.mixed):
            yield from ((iri, end) for name, end in names for iri in means(name))

    def _path(self, iri: str) -> str | None:
        """Return the path relative to the root, or None where only ``/resource`` can name the IRI."""
        name = iri.removeprefix(self.base)
        if name == iri or "?" in name:
            return None
        if name == VOCABULARY or name.startswith(f"{VOCABULARY}#"):
            return quote(name, safe=f"#?{URI_CHARACTERS}") if self.has_vocabulary else None
        if "#" in name:
            return None
        if name.startswith(THING):
            name = DOCUMENT + name.removeprefix(THING)
        elif OWN_PATHS.match(name):
            return None
        path = quote(name, safe=URI_CHARACTERS)
        return path if _stays(path) else None

    def _leads_to(self, path: str, iri: str, suffix: str, fragment: str) -> bool:
        """Whether a request of a path, with a suffix behind it, is understood to mean just this IRI in this format."""
        if fragment or path == VOCABULARY:
            return True
        named = f"{path}.{suffix}" if suffix else path
        for name, cut in ((named, ""), *(((path, suffix),) if suffix else ())):
            for each in self.thing(name):
                if (each, cut) == (iri, suffix):
                    return True
                if self.speaks_of(each):
                    return False
        return False


def _stays(path: str) -> bool:
    """Whether every client requests a path as it is: without segments that some resolve or leave out."""
    segments = [segment.replace("%2e", ".").replace("%2E", ".") for segment in path.split("/")]
    return not ("." in segments or ".." in segments or "" in segments[:-1])


def _as_thing(path: str) -> str:
    return THING + path.removeprefix(DOCUMENT) if path.startswith(DOCUMENT) else path


def _valid(name: str) -> str:
    """Return a name with whatever no IRI holds percent-encoded."""
    return NOT_IN_IRI.sub(lambda sign: quote(sign[0], safe=""), name)


def _letter(encoded: str) -> str:
    """Return a letter beyond ASCII for its percent-encoding; what is none, or no IRI holds, stays as it is."""
    try:
        letter = unquote(encoded, errors="strict")
    except UnicodeDecodeError:
        return encoded
    return encoded if letter < "\xa0" or letter == "\ufffd" else letter


def _with_letters(name: str) -> str:
    return LETTER.sub(lambda found: _letter(found[0]), name)


def _mixtures(name: str) -> Iterator[str]:
    """Yield a name with some of its letters decoded: all mixtures of few letters, else those of words, and halves."""
    letters, words = LETTER.split(name), WORD.split(name)
    parts = letters if len(letters) // 2 <= MOST_MIXED else words
    if len(parts) // 2 <= MOST_MIXED:
        both = [(part, _with_letters(part)) if place % 2 else (part,) for place, part in enumerate(parts)]
        yield from ("".join(each) for each in product(*both))
    for place in range(0, len(letters), 2) if len(letters) // 2 <= MOST_SPLIT else ():
        first, last = "".join(letters[:place]), "".join(letters[place:])
        yield from (_with_letters(first) + last, first + _with_letters(last))


def _alike(name: str) -> Iterator[str]:
    """Yield the spellings of a name that differ in what programs and proxies change: fewest changes first."""
    upper = ENCODED.sub(lambda found: found[0].upper(), name)
    yield upper
    plain = ENCODED.sub(lambda found: _needless(found[0]), upper)
    yield plain
    yield re.sub(r"[!$&'()*+,;=:@]", lambda sign: quote(sign[0], safe=""), plain)


def _needless(encoded: str) -> str:
    sign = unquote(encoded)
    return sign if sign in ALIKE or sign.isalnum() else encoded


def _spelt_with(path: str, query: str) -> tuple[str, ...]:
    """Return how an IRI may be spelt that a request of a path with a query asks for, likeliest first.

    The query may be part of the IRI, wholly or up to parameters of ours, or no part of it.
    """
    theirs = "&".join(each for each in query.split("&") if each.partition("=")[0] not in PARAMETERS)
    queries = [each for each in dict.fromkeys((query, theirs)) if each]
    return (*(f"{path}?{each}" for each in queries), path)


def split_suffix(path: str, suffixes: tuple[str, ...]) -> tuple[str, str]:
    """Return a path without its format suffix, and the suffix; the suffix is empty where it is none of these."""
    name, dot, suffix = path.rpartition(".")
    return (name, suffix) if dot and suffix in suffixes and not name.endswith("/") else (path, "")


def as_requested(path: str, query: bytes) -> str:
    """Return path and query of a request as they can stand in a URL; the path is as it was spelt."""
    return quote(path, safe=URI_CHARACTERS) + (f"?{query.decode('latin-1')}" if query else "")


def memento(root: str, release: str, requested: str) -> str:
    """Return the path at which one finds what is at a path below ``root`` as it was in a release."""
    return f"{root}/release/{release}{requested}"


def original(root: str) -> str:
    """Return the root of the present, given that below which a release is seen, or of the present."""
    return OF_A_RELEASE.sub("", root)


@lru_cache(maxsize=64)
def own_address(scheme: str, host: str) -> str:
    """Return the service's own address as its client sees it, or an empty string where Host names none (RFC 9110 7.2).

    Underscores are no part of a host's name in the DNS, but of many within a network of containers.
    """
    return f"{scheme}://{host.removesuffix(DEFAULT_PORTS.get(scheme, ''))}" if HOST.fullmatch(host) else ""


def is_versioned(path: str) -> bool:
    """Whether a path below the root is there in each release."""
    return path.lstrip("/").partition("/")[0].partition(".")[0] not in OF_THE_PRESENT


def time_map(root: str, requested: str) -> str:
    """Return the path of the list of all mementos of what is at a path below ``root`` (RFC 7089 section 5)."""
    return f"{root}/timemap{requested}"


def with_parameters(path: str, parameters: Mapping[str, str]) -> str:
    """Return a path or URL with parameters behind those it has; what is empty is left out."""
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{path}{'&' if '?' in path else '?'}{query}" if query else path
