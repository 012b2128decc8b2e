"""Federation: which endpoints a SERVICE clause may reach, by name and by address, and that none hides in a query.

It opens no connection to an endpoint (``graph.query.forwarder`` does); it compares names and asks the resolver. The
addresses are judged at the moment of asking: whoever controls the name server of an allowed host can answer differently
a moment later, so that the allow-list is the first guard and this one the second.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import unquote, urlsplit

from graph.model.errors import QueryRefusedError, Sentence

Address = IPv4Address | IPv6Address

_PORTS = {"http": 80, "https": 443}
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# The address under which Azure gives out credentials to its machines; unlike its peers it is not link-local.
_METADATA = frozenset({IPv4Address("168.63.129.16")})
_NAT64 = IPv6Network("64:ff9b::/96")


def canonical_endpoint(iri: str) -> str | None:
    """Return the spelling by which two IRIs of one endpoint compare equal, or None if it is no endpoint's IRI.

    The scheme and the host are folded to lower case, a default port, the dot of a fully qualified host and an empty
    path disappear, percent-encoding is made uniform (RFC 3986 sections 6.2.2 and 6.2.3). User information and
    fragments have no place in an endpoint.
    """
    try:
        parts = urlsplit(iri)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme not in _PORTS or not host or "%" in host or "@" in parts.netloc or "#" in iri:
        return None
    if ":" in host:
        host = f"[{host}]"
    place = host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
    query = f"?{_uniform(parts.query)}" if parts.query else ""
    return f"{parts.scheme}://{place}{_uniform(parts.path or '/')}{query}"


def _uniform(text: str) -> str:
    def octet(found: re.Match[str]) -> str:
        character = unquote(found[0])
        return character if character in _UNRESERVED else found[0].upper()

    return _PERCENT.sub(octet, text)


def addresses_allowed(host: str, *, allow_private: bool = False) -> tuple[Address, ...]:
    """Resolve a host and return its addresses, if the service may connect to every one of them.

    Numeric forms (decimal, octal, hexadecimal, shortened) are read as the operating system reads them.

    Args:
        host: a host name, an IPv4 address in any form, or an IPv6 address with or without brackets.
        allow_private: whether private, loopback and link-local addresses are allowed (a setting of the publication).

    Raises:
        QueryRefusedError: the host has no address, or one that is not on the public internet.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise QueryRefusedError(
            Sentence("the host %(host)s of a SERVICE clause has no address", host=repr(host)),
            Sentence("check its name"),
        ) from error
    addresses = tuple(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
    for address in addresses:
        if not allow_private and not is_public(address):
            raise QueryRefusedError(
                Sentence(
                    "the host %(host)s of a SERVICE clause has the address %(address)s, which is not public",
                    host=repr(host),
                    address=address,
                ),
                Sentence("only the operator can allow private addresses, by a setting"),
            )
    return addresses


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet; an IPv4 address inside an IPv6 one counts as itself."""
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    refused = address.is_multicast or address.is_reserved or address.is_unspecified or address in _METADATA
    return address.is_global and not refused


def _embedded(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or int(address) >> 32 == 0:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


# A call that nobody has read before it was made: the kernel refuses it (``graph.model.processes.refuse_sockets``).

_REFUSED = os.strerror(errno.EPERM)
_NO_HOST = "failed to lookup address information"


def hidden_service() -> QueryRefusedError:
    """Return the error of a query that may call a service otherwise than the guard has read."""
    return QueryRefusedError(
        Sentence("a SERVICE clause may be hidden in this query"), Sentence("write names with it as full IRIs")
    )


def hidden_call(problem: OSError) -> QueryRefusedError | None:
    """Return what the engine's error means where the kernel refuses sockets, or None where it is about other things."""
    # Errors of files have a number, or the words of RocksDB around them; these are the engine's own, in words only.
    is_call = str(problem).startswith((_REFUSED, _NO_HOST)) and problem.errno is None
    return hidden_service() if is_call else None
