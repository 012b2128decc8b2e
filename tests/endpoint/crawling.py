"""A crawl: pages of one server read as a browser reads them, each link followed once, each page taken apart.

It judges nothing; tests do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import httpx

from tests.endpoint.serving import BROWSER, Served

TEXTLESS = frozenset({"script", "style", "template"})
VOID = frozenset({"meta", "link", "input", "img", "br", "hr", "source", "wbr", "path", "circle", "rect", "line", "use"})


@dataclass(frozen=True, slots=True)
class Link:
    """What a page links to, as it stands there; ``is_code`` where the text is meant to be an IRI or a query."""

    href: str
    text: str
    is_code: bool


@dataclass(slots=True)
class Page:
    """What a test asks of a page."""

    language: str = ""
    title: str = ""
    heading: str = ""
    headings: int = 0
    canonical: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    assets: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer, and what stands in it where it is a page."""

    path: str
    came_from: str
    answer: httpx.Response
    page: Page | None


class Reader(HTMLParser):
    """Reads a page; void elements need no end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page, self._open = Page(), list[str]()
        self._text: dict[str, list[str]] = {}
        self._href, self._link_is_code = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.page.ids.update(value for name, value in attrs if name == "id" and value is not None)
        if tag not in VOID:
            self._open.append(tag)
        match tag:
            case "html":
                self.page.language = values.get("lang", "")
            case "link" if "canonical" in values.get("rel", "").split():
                self.page.canonical.append(values["href"])
            case "link":
                self.page.assets.append(values["href"])
            case "script" | "img" if "src" in values:
                self.page.assets.append(values["src"])
            case "a" if "href" in values:
                self._href, self._text["a"] = values["href"], []
                self._link_is_code = "code" in self._open or "pre" in self._open
            case "h1":
                self.page.headings, self._text["h1"] = self.page.headings + 1, []
            case "title" if "svg" not in self._open:
                self._text["title"] = []
            case "code":
                self._link_is_code = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        if tag not in self._text or (tag == "title" and "svg" in self._open):
            return
        text = " ".join("".join(self._text.pop(tag)).split())
        match tag:
            case "a":
                self.page.links.append(Link(self._href, text, self._link_is_code))
            case "h1":
                self.page.heading = text
            case "title":
                self.page.title = text

    def handle_data(self, data: str) -> None:
        if self._text and TEXTLESS.isdisjoint(self._open):
            for pieces in self._text.values():
                pieces.append(data)


def read(html: str) -> Page:
    """Take a page apart."""
    reader = Reader()
    reader.feed(html)
    return reader.page


def fetch(served: Served, path: str, came_from: str = "") -> Fetched:
    """GET a path as a browser does, without following where it leads."""
    answer = served.get(path, BROWSER)
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    return Fetched(path, came_from, answer, read(answer.text) if is_page else None)


def crawl(served: Served, starts: Iterable[str], is_wanted: Callable[[str], bool]) -> list[Fetched]:
    """Follow every wanted link of this host from the starts, and redirects, each path once."""
    found, seen, running = list[Fetched](), set[str](), set[Future[Fetched]]()
    with ThreadPoolExecutor(4) as pool:

        def follow(targets: Iterable[str], came_from: str) -> None:
            for target in targets:
                path = urldefrag(urljoin(served.url + came_from, target))[0]
                path = path.removeprefix(served.url)
                if path.startswith("/") and path not in seen and is_wanted(path):
                    seen.add(path)
                    running.add(pool.submit(fetch, served, path, came_from))

        follow(starts, "/")
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            running -= done
            for each in (future.result() for future in done):
                found.append(each)
                if each.page is not None:
                    follow([link.href for link in each.page.links] + each.page.assets, each.path)
                if 300 <= each.answer.status_code < 400:
                    follow([each.answer.headers["Location"]], each.path)
    return found
