"""Behind a reverse proxy: which of its words are believed; and the path of a request as its client spelt it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from endpoint.http.problems import ProblemError
from endpoint.urls import URI_CHARACTERS
from graph.model.errors import Sentence

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


# Behind a reverse proxy: which of its words are believed, and what they make of a request.
#
# Forwarded headers count from the proxies of ``[proxy] addresses`` only; from anywhere else they are anybody's words,
# and are taken off the request. It is the one place that reads them: behind it a request has the scheme, host, path
# prefix and client that its sender knows, and nobody else looks at ``X-Forwarded-…``. It makes no URL.

FOR, PROTO, HOST, PREFIX = (f"x-forwarded-{each}".encode() for each in ("for", "proto", "host", "prefix"))
FORWARDED = frozenset({FOR, PROTO, HOST, PREFIX, b"forwarded", b"x-forwarded-port", b"x-forwarded-server"})
VARY = {PROTO: b"X-Forwarded-Proto", HOST: b"X-Forwarded-Host", PREFIX: b"X-Forwarded-Prefix"}
"""The headers that change what an answer says of its own address, as ``Vary`` names them."""
A_HOST = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
A_PREFIX = re.compile(rb"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~%@+,=-]+)*/?")
"""A path of plain segments: no empty one, so that no host can stand in it, and none that leads upwards."""
LOCAL = ""
"""What a server says of a peer that came over a socket of this machine which has no address."""

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
Header = tuple[bytes, bytes]
Scope = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proxies:
    """The reverse proxies whose forwarded headers are believed.

    Attributes:
        networks: where they are.
    """

    networks: Networks

    @classmethod
    def of(cls, addresses: Sequence[str]) -> Proxies:
        """Return the proxies that a setting names: addresses and networks (``10.0.0.0/8``) that were checked before."""
        return cls(tuple(ipaddress.ip_network(each, strict=False) for each in addresses))

    def include(self, peer: str) -> bool:
        """Tell whether the peer of a connection is one of them."""
        if peer == LOCAL:
            return bool(self.networks)
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped  # a socket for both families shows 127.0.0.1 as ::ffff:127.0.0.1
        return any(address in network for network in self.networks if network.version == address.version)

    def seen(self, scope: Scope) -> tuple[Header, ...]:
        """Make the scope of a request (ASGI 3) what its client sent; return what its answer's ``Vary`` has to name.

        Raises:
            ProblemError: 400, a believed header is not what it may be, or ``Host`` is there twice or is no host (RFC
                9112 3.2).
        """
        found, others, hosts = dict[bytes, bytes](), list[Header](), list[bytes]()
        for header in scope["headers"]:
            if header[0] in FORWARDED:
                found[header[0]] = header[1]
                continue
            if header[0] == b"host":
                hosts.append(header[1])
            others.append(header)
        scope["headers"] = others
        _check_host(hosts)
        if not found or not self.include((scope.get("client") or (LOCAL,))[0]):
            return ()
        return _rewrite(scope, found)


def _check_host(hosts: list[bytes]) -> None:
    if len(hosts) > 1:
        raise ProblemError(
            "bad-request", Sentence("exactly one header Host is needed; there are %(count)s", count=len(hosts))
        )
    if hosts and hosts[0] and not A_HOST.fullmatch(hosts[0]):
        raise _no_good("Host", hosts[0])


def _rewrite(scope: Scope, found: dict[bytes, bytes]) -> tuple[Header, ...]:
    """Put what a proxy says where the server had put what it saw; of several values the last is the nearest proxy's."""
    said = {name: value.rpartition(b",")[2].strip() for name, value in found.items()}
    scheme, host, prefix = said.get(PROTO, b""), said.get(HOST, b""), said.get(PREFIX, b"")
    if scheme:
        if scheme.lower() not in (b"http", b"https"):
            raise _no_good("X-Forwarded-Proto", scheme)
        scope["scheme"] = scheme.lower().decode()
    if host:
        if not A_HOST.fullmatch(host):
            raise _no_good("X-Forwarded-Host", host)
        scope["headers"] = [(name, host if name == b"host" else value) for name, value in scope["headers"]]
    if prefix.rstrip(b"/"):
        if not A_PREFIX.fullmatch(prefix):
            raise _no_good("X-Forwarded-Prefix", prefix)
        _below(scope, prefix.rstrip(b"/").decode())
    if client := _address(said.get(FOR, b"").decode("latin-1")):
        scope["client"] = (client, 0)
    return tuple((b"vary", shown) for name, shown in VARY.items() if said.get(name))


def _below(scope: Scope, prefix: str) -> None:
    """Put the application below a path; ASGI's ``path`` includes ``root_path``."""
    scope["root_path"] = prefix
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    scope["path"], scope["raw_path"] = prefix + scope["path"], prefix.encode() + raw


def _address(said: str) -> str:
    """Return the address that X-Forwarded-For names last, without a port; empty where it is none (``unknown``)."""
    bare = re.sub(r"^\[(.*)\](?::\d+)?$|^(\d+\.\d+\.\d+\.\d+):\d+$", r"\1\2", said)
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return ""


def _no_good(name: str, value: bytes) -> ProblemError:
    shown = value[:80].decode("latin-1")
    return ProblemError(
        "bad-request", Sentence("this cannot be the value of the header %(name)s: %(value)s", name=name, value=shown)
    )


# The path of a request as its client spelt it, percent-encoding included: what IRIs are told apart by.
#
# WSGI hands paths over decoded (PEP 3333), after which ``/id/a%2Fb`` and ``/id/a/b`` are one. Which IRI a path means is
# decided in ``endpoint.urls``.


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
