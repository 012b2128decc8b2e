"""The frame of every page: where one can go, in which languages one can read, which release this is.

It computes what ``base.html`` lays out. What stands inside the frame is for each page to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from babel.units import format_unit
from flask import Flask, current_app, g, request
from flask_babel import format_decimal
from markupsafe import Markup, escape

from endpoint.current import kept, languages, publication, snapshot, urls
from endpoint.http.languages import (
    INTERFACE,
    N_,
    OWN_NAMES,
    direction,
    in_both_scripts,
    interface,
    interval,
    own_name,
    page_language,
    readable,
    translated,
)
from endpoint.pages.figures import fitted
from endpoint.pages.term_names import Shown, is_followed, text_in
from endpoint.urls import URI_CHARACTERS, with_parameters
from graph.model.description import preferred_tag
from graph.model.errors import HamkorError
from graph.model.rdf_terms import XSD

PLACES = (
    ("search", N_("Search")), ("queries", N_("Questions")), ("sparql", N_("SPARQL")), ("graphs", N_("Graphs")),
    ("ns", N_("Vocabulary")), ("dataset", N_("Dataset")), ("releases", N_("Releases")), ("validate", N_("Validate")),
    ("privacy", N_("Privacy")),
)  # fmt: skip
"""Where the navigation leads, as far as the application has these routes."""
LONGEST_QUERY = 4_000
HYPHENATED = re.compile(r"(?<![\w&;-])(?=[\w-]{1,20}(?![\w-]))[^\W_]{1,12}(?:-[^\W_]{1,12})+(?![\w-])")
"""What is written with hyphens and has room on a line of any screen."""
TELLING = ("iri", "graph", "incoming", "values", "concepts", "page", "to", "ui")
"""What a canonical URL keeps: what the page is about, which part of it, and in which language."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a choice: what it is called, where it leads, whether it is the one that is here; its direction."""

    text: str
    href: str
    language: str = ""
    is_current: bool = False
    direction: str = ""


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What the frame of a page shows.

    Attributes:
        language: the interface's.
        site: what the publication is called, short, and the tag of that.
        home: where it leads.
        places: the navigation.
        interfaces: the languages of the interface.
        contents: the languages in which the content can be wanted.
        kept: parameters that a form has to hand on, so that the languages stay.
        canonical: the canonical URL of this page.
        license: IRI of the licence of the data.
        release: the id of the release, empty where there is none.
        created: when it was made.
        routes: the routes of the application, so that pages link only to what is there.
        has_vocabulary: whether the publication has one of its own.
    """

    language: str
    site: tuple[str, str]
    home: str
    places: tuple[Choice, ...]
    interfaces: tuple[Choice, ...]
    contents: tuple[Choice, ...]
    kept: tuple[tuple[str, str], ...]
    canonical: str
    license: str
    release: str = ""
    created: str = ""
    routes: frozenset[str] = frozenset()
    has_vocabulary: bool = False

    def has(self, path: str) -> bool:
        """Whether the application has a route, such as ``search``."""
        return f"/{path}" in self.routes


def frame() -> PageFrame:
    """Return the frame of the page that answers this request."""
    settings, has_vocabulary, release, created = publication().settings, False, "", ""
    try:
        here = snapshot()
        has_vocabulary, release, created = here.has_vocabulary, here.release.id, here.release.manifest.created
    except HamkorError:
        pass  # before the first release a problem is shown in a frame without one
    offered = in_both_scripts(settings.languages)
    chosen = preferred_tag(offered, languages())
    routes = frozenset(rule.rule for rule in current_app.url_map.iter_rules())
    routes -= {"/propose"} if settings.proposals.by == "nobody" else frozenset()
    return PageFrame(
        language=interface(),
        site=_site(),
        home=urls().link(""),
        places=tuple(_places(routes, has_vocabulary=has_vocabulary)),
        interfaces=tuple(
            Choice(OWN_NAMES[each], switched("ui", each), each, each == interface()) for each in INTERFACE
        ),
        contents=tuple(
            Choice(own_name(each), switched("lang", each), each, each == chosen, direction("", each))
            for each in offered
        ),
        kept=kept(),
        canonical=with_parameters(publication().base + _path().lstrip("/"), _telling()),
        license=settings.about.license,
        release=release,
        created=created,
        routes=routes,
        has_vocabulary=has_vocabulary,
    )


def _places(routes: frozenset[str], *, has_vocabulary: bool) -> Iterator[Choice]:
    for path, text in PLACES:
        if f"/{path}" in routes and (path != "ns" or has_vocabulary):
            yield Choice(translated(text), urls().link(path), is_current=request.path == f"/{path}")


def _site() -> tuple[str, str]:
    """Return the publication's title up to a colon, in the language of the interface; else the name of its base."""
    title, tag = text_in(publication().settings.about.title, (interface(),))
    if title:
        return title.partition(": ")[0], tag
    return publication().base.removeprefix("https://").removeprefix("http://").rstrip("/"), ""


def _path() -> str:
    """Return the path of this page; that of the page on privacy, where this one must not name what was asked for."""
    return "/privacy" if g.get("withheld") else quote(request.path, safe=URI_CHARACTERS)


def _telling() -> dict[str, str]:
    """Return the parameters of this page that make it another one."""
    return {} if g.get("withheld") else {name: request.args.get(name, "") for name in TELLING}


def switched(name: str, language: str) -> str:
    """Return this page's own path with one of its languages changed."""
    is_long = len(request.query_string) > LONGEST_QUERY
    others = {} if is_long or g.get("withheld") else request.args.to_dict(flat=False)
    others[name] = [language]
    if "query" in others and g.get("question") is not None:  # a stored question is asked in the language that is chosen
        others["query"] = [g.question.asked((others.get("lang", [""])[0] or language, language))]
    pairs = [(key, value) for key, values in others.items() for value in values]
    return f"{urls().root}{_path()}?" + "&".join(
        f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs
    )


def _linking() -> dict[str, object]:
    here = urls()
    return {"frame": frame(), "link": here.link, "read": here.page, "route": here.route, "absolute": here.absolute}


def _filesize(size: int) -> str:
    """Return a size in bytes as the reader's language writes it, in thousands, millions and so on."""
    steps = ((10**9, "digital-gigabyte"), (10**6, "digital-megabyte"), (10**3, "digital-kilobyte"), (1, "digital-byte"))
    step, unit = next((each for each in steps if size >= each[0]), steps[-1])
    return format_unit(size / step, unit, length="short", format="#,##0.#", locale=page_language())


def _unbroken(text: str) -> Markup:
    """Return a heading in which no short word is broken at its hyphen, as browsers do with 2014-yil and ota-onalar."""
    return Markup(HYPHENATED.sub(r'<span class="whole">\g<0></span>', str(escape(text))))  # noqa: S704  escaped before


def _between(days: Sequence[Shown]) -> str:
    """Return the first and the last of some dates as one writes them in a row; what is none, as it is shown."""
    first, last = days[0], days[-1]
    if first.datetime and last.datetime:
        return interval(first.datetime, last.datetime, interface())
    return " – ".join(dict.fromkeys((first.text, last.text)))


def install(app: Flask) -> None:
    """Let every page of an application have its frame, and templates write numbers and dates."""
    app.context_processor(_linking)
    app.add_template_filter(format_decimal, "number")
    app.add_template_filter(_filesize, "filesize")
    app.add_template_filter(lambda text: text[:1].upper() + text[1:], "capitalize_first")
    app.add_template_filter(fitted, "fitted")
    app.add_template_test(is_followed, "followed")
    app.add_template_filter(_unbroken, "unbroken")
    app.add_template_filter(lambda moment: readable(moment, XSD + "dateTime", interface()), "moment")
    app.add_template_filter(_between, "interval")
    app.add_template_filter(lambda day: readable(day[:10], XSD + "date", interface()), "date")
