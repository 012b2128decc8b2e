"""The two languages of a page: that of the interface (``?ui=``) and that of the content (``?lang=``).

Somebody may read Russian headings around Uzbek names, so they are chosen apart. The interface follows ``ui``, else
Accept-Language (RFC 9110 12.5.4); the content follows ``lang``, else ``ui``, else Accept-Language. What stands in the
URL stays there while one moves: ``endpoint.urls`` writes it into every link of a page.
"""

from __future__ import annotations

import unicodedata
from typing import Any, cast

from babel.core import Locale, UnknownLocaleError
from flask import Flask, request
from flask_babel import Babel, get_locale, gettext
from markupsafe import Markup

from endpoint.current import kept
from graph.labels import script_of

INTERFACE = ("en", "ru", "uz")
"""The languages that the interface has catalogues for (``endpoint/translations``), the default first."""
OWN_NAMES = {"en": "English", "ru": "Русский", "uz": "Oʻzbekcha"}
"""What each language calls itself."""


FROM_THE_RIGHT = frozenset((
    "adlm", "arab", "aran", "armi", "avst", "elym", "hatr", "hebr", "hung", "khar", "lydi", "mand", "mani", "mend",
    "merc", "mero", "narb", "nbat", "nkoo", "orkh", "ougr", "palm", "phli", "phlp", "phnx", "prti", "rohg", "samr",
    "sarb", "sogd", "sogo", "syrc", "thaa", "yezi",
))  # fmt: skip
"""The scripts that run from right to left (ISO 15924, Unicode)."""


def N_(text: str) -> str:  # noqa: N802  the name by which gettext's tools know it
    """Mark a text for the catalogues without translating it here."""
    return text


def translated(text: str, /, **values: object) -> str:
    """Return a text in the language of the interface; ``%(name)s`` in it stands for a value."""
    return cast(str, gettext(text, **values))


def interface() -> str:
    """Return the language of this request's interface."""
    asked = request.args.get("ui", "").lower()
    return asked if asked in INTERFACE else request.accept_languages.best_match(INTERFACE) or INTERFACE[0]


def page_language() -> str:
    """Return the language in which texts, numbers and dates are written now, also outside a request."""
    locale = get_locale()
    return locale.language if locale else INTERFACE[0]


def own_name(tag: str) -> str:
    """Return what a language calls itself, in the script of the tag; the tag where CLDR does not know that."""
    if tag in OWN_NAMES:
        return OWN_NAMES[tag]
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return tag
    return locale.get_display_name(locale) or tag


def direction(text: str, language: str = "", stated: str = "") -> str:
    """Return the value of HTML's attribute ``dir`` for a text; empty where it runs as the interface does.

    Args:
        text: the text.
        language: its tag, or empty: then a text with letters that run from right to left is left to the browser.
        stated: the direction that the data names (RDF 1.2), or empty.
    """
    runs_left = any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in text)
    if stated:
        return stated
    if not language:
        return "auto" if runs_left else ""
    if script_of(language) in FROM_THE_RIGHT:
        return "rtl"
    return "ltr" if runs_left else ""


def told(text: str, language: str = "", stated: str = "") -> Markup:
    """Return the attributes ``lang`` and ``dir`` of an element that holds a text, each where it has to be named."""
    named = {"lang": language if language != interface() else "", "dir": direction(text, language, stated)}
    return Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in named.items() if value)


def install(app: Flask) -> None:
    """Let an application speak the languages of its readers."""
    Babel(app, default_locale=INTERFACE[0], locale_selector=interface)
    app.url_defaults(_keep)
    app.add_template_global(told)
    app.add_template_global(direction)


def _keep(endpoint: str, values: dict[str, Any]) -> None:
    """Keep the languages in links that ``url_for`` makes, but for files and data."""
    if endpoint != "static" and "format" not in values:
        for name, language in kept():
            values.setdefault(name, language)
