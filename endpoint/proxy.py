"""Behind a reverse proxy on this machine: scheme, host and prefix are those that its client used (X-Forwarded-…).

Only a proxy on the loopback interface is believed; from anywhere else these headers are anybody's words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NEAR = frozenset({"127.0.0.1", "::1", ""})


class NearProxy:
    """A WSGI application that believes a proxy on this machine."""

    def __init__(self, application: WSGIApplication) -> None:
        """Wrap an application."""
        self._plain = application
        self._forwarded = ProxyFix(application, x_for=1, x_proto=1, x_host=1, x_prefix=1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        near = environ.get("REMOTE_ADDR", "") in NEAR
        return (self._forwarded if near else self._plain)(environ, start_response)
