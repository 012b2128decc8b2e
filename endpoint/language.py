"""The two languages of a page: that of the interface (``?ui=``) and that of the content (``?lang=``).

Somebody may read Russian headings around Uzbek names, so they are chosen apart. The interface follows ``ui``, else
Accept-Language (RFC 9110 12.5.4); the content follows ``lang``, else ``ui``, else Accept-Language. What stands in the
URL stays there while one moves: ``endpoint.urls`` writes it into every link of a page.
"""

from __future__ import annotations

from typing import Any, cast

from flask import Flask, request
from flask_babel import Babel, get_locale, gettext

from endpoint.current import kept

INTERFACE = ("en", "ru", "uz")
"""The languages that the interface has catalogues for (``endpoint/translations``), the default first."""
OWN_NAMES = {"en": "English", "ru": "Русский", "uz": "Oʻzbekcha"}
"""What each language calls itself."""


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


def install(app: Flask) -> None:
    """Let an application speak the languages of its readers."""
    Babel(app, default_locale=INTERFACE[0], locale_selector=interface)
    app.url_defaults(_keep)


def _keep(endpoint: str, values: dict[str, Any]) -> None:
    """Keep the languages in links that ``url_for`` makes, but for files and data."""
    if endpoint != "static" and "format" not in values:
        for name, language in kept():
            values.setdefault(name, language)
