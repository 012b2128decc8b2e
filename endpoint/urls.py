"""URLs: the one place that makes and reads them.

RDF carries canonical IRIs, below the publication's base; the server answers for their *paths*, on whatever host and
under whatever prefix it runs. This module maps between the two, both ways. It knows no request and no store.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode

THING = "id/"
DOCUMENT = "doc/"
VOCABULARY = "ns"
OWN_ROUTES = frozenset({
    "", "sparql", "doc", "queries", "graphs", "resource", "health", "ready", "metrics", "problems", "static",
    "context.jsonld", "robots.txt", "sitemap.xml", "update", "search", "search.json", "suggest", "reconcile", "same-as",
    "validate", "templates", "releases", "timemap", "privacy", "downloads", "linkset",
    "profiles", "class",
})  # fmt: skip
"""First segments of paths that the server needs for itself: things that bear them are read at ``/resource``."""

OF_THE_PRESENT = frozenset({
    "releases", "release", "timemap", "health", "ready", "metrics", "update", "validate", "privacy",
})  # fmt: skip
"""First segments of paths that are no older release's: what runs, what is written, what is said of all releases."""
OF_A_RELEASE = re.compile(r"/release/\d{4}-\d{2}-\d{2}T\d{6}Z-[0-9a-f]{8}\Z")
"""What ends the root below which an older release is seen."""

URI_CHARACTERS = "/:@!$&'()*+=-._~"
"""What stays as it is in a path (RFC 3986 3.3), but for ``,`` and ``;``, at which readers of Link headers split."""
NOT_IN_IRI = ' <>"{}|\\^`%?#'


@dataclass(frozen=True, slots=True)
class Urls:
    """The URLs of one publication as one client sees them.

    Attributes:
        base: the base IRI, ending in a slash.
        root: the path below which the server answers, without a slash at its end; empty at the top of a host.
        host: scheme and authority, such as ``http://127.0.0.1:8000``.
        has_vocabulary: whether ``ns`` is a document that describes the terms ``ns#…``.
        kept: parameters that links from page to page carry on: the languages in the URL of the page.
    """

    base: str
    root: str = ""
    host: str = ""
    has_vocabulary: bool = True
    kept: tuple[tuple[str, str], ...] = ()

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
        end = f".{suffix}" if suffix else ""
        path = self._path(iri)
        if path is None or (suffix and path.endswith("/")):
            return self.route(f"resource{end}", iri=iri)
        path, hash_sign, fragment = path.partition("#")
        return f"{self.root}/{path}{end}{hash_sign}{fragment}"

    def document(self, iri: str, suffix: str = "") -> str:
        """Return the same without a fragment: the URL that is requested."""
        return self.read(iri, suffix).partition("#")[0]

    def own(self, iri: str) -> str:
        """Return the path of a thing itself, where it is below the base; else that at which one reads about it."""
        name = iri.removeprefix(self.base)
        path = quote(name, safe=URI_CHARACTERS + "%")
        return f"{self.root}/{path}" if name.startswith(THING) and iri in self.thing(unquote(path)) else self.read(iri)

    def thing(self, path: str) -> tuple[str, ...]:
        """Return the IRIs for which a request of ``path`` may ask, likeliest first.

        Args:
            path: relative to the root, percent-decoded once as WSGI hands it over. How the client had encoded it is
                lost, so that an IRI with letters beyond ASCII and its percent-encoded form are both possible.
        """
        name = THING + path.removeprefix(DOCUMENT) if path.startswith(DOCUMENT) else path
        as_iri = "".join(quote(sign, safe="") if sign in NOT_IN_IRI or sign < " " else sign for sign in name)
        as_uri = quote(name, safe=URI_CHARACTERS + ",;")
        return tuple(dict.fromkeys((self.base + as_iri, self.base + as_uri)))

    def _path(self, iri: str) -> str | None:
        """Return the path relative to the root, or None where only ``/resource`` can name it faithfully."""
        name = iri.removeprefix(self.base)
        if name == iri:
            return None
        if name == VOCABULARY or name.startswith(f"{VOCABULARY}#"):
            if not self.has_vocabulary:
                return None
            return VOCABULARY + quote(name.removeprefix(VOCABULARY), safe="#" + URI_CHARACTERS + "%")
        if name.startswith(THING):
            name = DOCUMENT + name.removeprefix(THING)
        elif name.partition("/")[0] in OWN_ROUTES:
            return None
        path = quote(name, safe=URI_CHARACTERS + "%")
        return path if self._is_faithful(path, iri) else None

    def _is_faithful(self, path: str, iri: str) -> bool:
        """Whether a client that requests ``path`` is understood to mean ``iri`` (no dot segments, no odd escapes)."""
        segments = path.split("/")
        if "." in segments or ".." in segments or "" in segments[:-1]:
            return False
        return iri in self.thing(unquote(path))


def split_suffix(path: str, suffixes: tuple[str, ...]) -> tuple[str, str]:
    """Return a path without its format suffix, and the suffix; the suffix is empty where it is none of these."""
    name, dot, suffix = path.rpartition(".")
    return (name, suffix) if dot and suffix in suffixes and not name.endswith("/") else (path, "")


def as_requested(path: str, query: bytes) -> str:
    """Return path and query of a request as they stand in a URL; the path is percent-decoded once, as WSGI has it."""
    return quote(path, safe=URI_CHARACTERS + ",;") + (f"?{query.decode('latin-1')}" if query else "")


def memento(root: str, release: str, requested: str) -> str:
    """Return the path at which one finds what is at a path below ``root`` as it was in a release."""
    return f"{root}/release/{release}{requested}"


def original(root: str) -> str:
    """Return the root of the present, given that below which a release is seen, or of the present."""
    return OF_A_RELEASE.sub("", root)


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
