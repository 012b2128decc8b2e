"""The path of a request as its client spelt it, percent-encoding included: what IRIs are told apart by.

WSGI hands paths over decoded (PEP 3333), after which ``/id/a%2Fb`` and ``/id/a/b`` are one. Which IRI a path means is
decided in ``endpoint.urls``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from endpoint.urls import URI_CHARACTERS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class SpeltPath:
    """A WSGI application whose PATH_INFO is never decoded: whoever needs a decoded name decodes it."""

    def __init__(self, application: WSGIApplication) -> None:
        """Wrap an application."""
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        environ["PATH_INFO"] = spelt_path(environ)
        return self._application(environ, start_response)


def spelt_path(environ: WSGIEnvironment) -> str:
    """Return the path of a request below SCRIPT_NAME as it was spelt; as it may have been, where no server tells."""
    scope = environ.get("asgi.scope")  # a2wsgi tells no REQUEST_URI, but hands over what it was given
    raw: str = scope["raw_path"].decode("latin-1") if scope and scope.get("raw_path") else ""
    raw = raw or environ.get("REQUEST_URI", "") or environ.get("RAW_URI", "")
    path = raw.partition("?")[0] if raw.startswith("/") else urlsplit(raw).path
    if not path:
        return quote(environ.get("PATH_INFO", "").encode("latin-1"), safe=URI_CHARACTERS.replace("%", ""))
    return path.removeprefix(environ.get("SCRIPT_NAME", ""))
