"""Pages that were made before: sent again, they are what would be made, and what may change is made anew."""

from __future__ import annotations

import io
from itertools import product

import httpx
import pytest
from writing import Write

from endpoint.app import create_app
from endpoint.current import Current
from endpoint.http.semantics import CACHE, STALE_SECONDS
from endpoint.threads import KEYED, PASSED_BY, MadePage, PageCache, Reuse
from graph.model.publication import Publication
from graph.pipeline.build import build
from graph.releases.release import Release
from tests.endpoint.serving import BROWSER, Served

PATHS = (
    "/", "/search?q=termez", "/search?q=", "/doc/club/termez", "/doc/club/termez.html", "/doc/club/termez.ttl",
    "/id/club/termez",
    "/doc/forum/2014.jsonld", "/doc/club/termez?lang=uz", "/doc/club/termez?ui=ru", "/class", "/class/ParentsClub",
    "/class/ParentsClub.csv", "/graphs", "/graph/forum-2014", "/dataset", "/dataset.ttl", "/ns", "/context.jsonld",
    "/queries", "/profiles", "/linkset.json", "/privacy", "/templates", "/sitemap.xml", "/robots.txt", "/problems",
    "/.well-known/void", "/.well-known/api-catalog", "/resource?iri=http%3A%2F%2Fexample.org%2F", "/doc/nobody",
    "/releases", "/downloads", "/health",
)  # fmt: skip
ACCEPTED = (BROWSER, "text/turtle", "application/ld+json", "*/*", "image/png")
LANGUAGES = ("en", "ru;q=0.8, uz", "")
ANEW = {"Authorization": "Bearer nobody"}
"""Whoever says who they are gets what is made for them; no page looks at it."""


def facts(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """All that was answered, but for the time at which the server sent it."""
    fields = sorted((name, value) for name, value in answer.headers.multi_items() if name != "date")
    return answer.status_code, fields, answer.content


def kept_counts(served: Served) -> tuple[float, float]:
    figures = dict(
        each.split(" ") for each in served.get("/metrics").text.splitlines() if each[0] != "#" and "{" not in each
    )
    return float(figures["hamkor_pages_hits"]), float(figures["hamkor_pages_misses"])


@pytest.mark.parametrize("path", PATHS)
def test_what_is_sent_again_is_what_is_made_to_the_byte_with_all_headers(flagship_served: Served, path: str) -> None:
    for accept, language in product(ACCEPTED, LANGUAGES):
        fields = {"Accept": accept, "Accept-Language": language, "Accept-Encoding": "gzip" if language else "identity"}
        first, again, anew = (
            facts(flagship_served.client.get(flagship_served.url + path, headers=fields | more))
            for more in ({}, {}, ANEW)
        )
        assert first == anew
        assert again == anew


@pytest.mark.parametrize("more", [
    {}, {"If-None-Match": "*"}, {"If-None-Match": '"other"'}, {"Accept-Profile": "<https://schema.org/>"},
    {"X-Forwarded-Prefix": "/below"}, {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "e.org"},
    {"Host": "elsewhere"}, {"Accept-Encoding": "zstd"}, {"Accept-Encoding": "gzip;q=0"},
])  # fmt: skip
def test_fields_that_change_an_answer_are_told_apart(flagship_served: Served, more: dict[str, str]) -> None:
    for method in ("GET", "HEAD"):
        first, again, anew = (
            facts(flagship_served.request(method, "/doc/club/termez", BROWSER, headers={**more, **last}))
            for last in ({}, {}, ANEW)
        )
        assert first == anew
        assert again == anew


def test_what_was_made_is_sent_again_without_being_made(flagship_served: Served) -> None:
    flagship_served.get("/doc/club/termez", BROWSER)
    hits, misses = kept_counts(flagship_served)
    assert flagship_served.get("/doc/club/termez", BROWSER).status_code == 200
    assert kept_counts(flagship_served) == (hits + 1, misses)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/doc/club/termez", ANEW),
        ("/doc/club/termez", {"Accept-Datetime": "Fri, 28 Nov 2014 09:00:00 GMT"}),
        ("/releases", {}),
        ("/release/x/diff", {}),
        ("/timemap/doc/club/termez", {}),
        ("/downloads.json", {}),
        ("/query/~abc", {}),
        ("/.well-known/security.txt", {}),
    ],
)
def test_what_is_somebody_s_own_or_changes_with_more_than_the_release_is_not_looked_up(
    flagship_served: Served, path: str, fields: dict[str, str]
) -> None:
    before = kept_counts(flagship_served)
    flagship_served.get(path, BROWSER, headers=fields)
    assert kept_counts(flagship_served) == before


class Recording(dict[str, object]):
    """A WSGI environment that notes which fields of the request are read."""

    def __init__(self, *parts: object) -> None:
        super().__init__(*parts)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> object:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> object:
        self.read.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.read.add(str(name))
        return super().__contains__(name)


@pytest.mark.usefixtures("flagship_release")
def test_pages_read_no_field_that_the_key_leaves_out(flagship_publication: Publication) -> None:
    application, read = create_app(flagship_publication), set[str]()
    for path, accept in product(PATHS, ACCEPTED[::2]):
        place, _, query = path.partition("?")
        environ = Recording({
            "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": place, "QUERY_STRING": query, "SERVER_NAME": "a",
            "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
            "HTTP_ACCEPT": accept, "HTTP_HOST": "a",
        })  # fmt: skip
        list(application(environ, lambda *_: lambda _: None))
        read |= environ.read
    seen = {each.removeprefix("HTTP_").lower().replace("_", "-").encode() for each in read if each.startswith("HTTP_")}
    # of Connection werkzeug asks only whether it is to be upgraded, as Upgrade would say, too
    assert seen <= KEYED | PASSED_BY | {b"accept-encoding", b"connection"}
    assert seen >= {b"host", b"accept", b"accept-language"}


@pytest.fixture(scope="module")
def current(flagship_publication: Publication, flagship_release: Release) -> Current:
    """The flagship's release, open."""
    assert flagship_release.id
    current = Current(flagship_publication)
    current.look()
    return current


def made(current: Current, body: bytes = b"page", status: int = 200, **more: str) -> MadePage:
    fields = {"cache-control": CACHE, "x-hamkor-release": current.look().release.id, "vary": "Accept, Accept-Language"}
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    return MadePage(status, [(name.encode(), value.encode()) for name, value in fields.items()], body)


@pytest.mark.parametrize(
    ("status", "fields", "is_kept"),
    [
        (200, {}, True),
        (303, {}, True),
        (304, {}, True),
        (404, {}, False),
        (410, {}, False),
        (503, {}, False),
        (302, {}, False),
        (200, {"cache_control": "no-store"}, False),
        (200, {"cache_control": "no-cache"}, False),
        (200, {"vary": "Accept, Cookie"}, False),
        (200, {"vary": "*"}, False),
        (200, {"set_cookie": "a=b"}, False),
        (200, {"x_hamkor_release": "another"}, False),
    ],
)
def test_an_answer_is_kept_where_it_says_so(
    current: Current, status: int, fields: dict[str, str], is_kept: bool
) -> None:
    reuse = Reuse(PageCache(1 << 20), current, ("key",))
    assert reuse.made() is None
    reuse.keep(page := made(current, status=status, **fields))
    assert reuse.made() == (page if is_kept else None)


def test_what_is_kept_is_bounded_in_bytes_and_in_time(current: Current) -> None:
    now = 0.0
    cache, here = PageCache(200_000, lambda: now), current.look()
    for number in range(100):
        cache.put(here, (number,), made(current, b"x" * 10_000))
    assert 150_000 < cache.size <= 200_000
    assert cache.get(here, (99,)) is not None
    assert cache.get(here, (0,)) is None
    cache.put(here, ("large",), made(current, b"x" * 100_000))
    assert cache.get(here, ("large",)) is None
    now = STALE_SECONDS + 1
    assert cache.get(here, (99,)) is None
    nothing = PageCache(0)
    nothing.put(here, ("key",), made(current))
    assert nothing.get(here, ("key",)) is None


def test_a_new_release_is_seen_at_once_and_the_old_pages_are_dropped(publication: Write) -> None:
    ours = publication({"data/a.nt": "<http://e/1> <http://e/p> <http://e/0> ."})
    build(ours)
    current, cache = Current(ours), PageCache(1 << 20)
    reuse = Reuse(cache, current, ("key",))
    assert reuse.made() is None
    reuse.keep(MadePage(200, [], b""))  # nothing was open when it was asked for
    current.look()
    assert reuse.made() is None
    page = made(current)
    reuse.keep(page)
    assert reuse.made() == page
    late = Reuse(cache, current, ("late",))
    assert late.made() is None
    publication({"data/a.nt": "<http://e/1> <http://e/p> <http://e/1> ."})
    build(ours)
    current.look()
    late.keep(page)  # made of the release before
    assert late.made() is None
    assert reuse.made() is None
    assert cache.size == 0
