"""Which endpoints are the same, and which addresses may be called."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from graph.model.errors import QueryRefusedError
from graph.query.federation import addresses_allowed, canonical_endpoint, is_public


@pytest.mark.parametrize(
    ("iri", "canonical"),
    [
        ("https://a.org/sparql", "https://a.org/sparql"),
        ("HTTPS://A.ORG:443/sparql", "https://a.org/sparql"),
        ("http://a.org.:80", "http://a.org/"),
        ("http://a.org:8080/", "http://a.org:8080/"),
        ("http://a.org/%73parql%2f%c3%a9", "http://a.org/sparql%2F%C3%A9"),
        ("http://a.org/?Q=%41", "http://a.org/?Q=A"),
        ("http://[::1]:80/", "http://[::1]/"),
        *((iri, None) for iri in ("", "a.org", "//a.org/", "ftp://a.org/", "http://", "http:///x", "urn:a:b")),
        *((iri, None) for iri in ("http://u@a.org/", "http://@a.org/", "http://a.org/#f", "http://a%2eorg/")),
        *((iri, None) for iri in ("http://a.org:x/", "http://a.org:99999/", "http://[::1/", "file:///etc/passwd")),
    ],
)
def test_the_canonical_spelling_of_an_endpoint(iri: str, canonical: str | None) -> None:
    assert canonical_endpoint(iri) == canonical


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "localhost"),  # noqa: S104
        *("10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "168.63.129.16"),
        *("::1", "[::1]", "::", "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255"),
    ],
)
def test_an_address_that_is_not_public_is_refused(host: str) -> None:
    with pytest.raises(QueryRefusedError, match=r"is not public|has no address"):
        addresses_allowed(host)


def test_private_addresses_are_allowed_where_the_setting_says_so() -> None:
    assert ip_address("127.0.0.1") in addresses_allowed("2130706433", allow_private=True)
    assert addresses_allowed("[::1]", allow_private=True) == (ip_address("::1"),)


@pytest.mark.parametrize("host", ["1.1.1.1", "2606:4700::1111", "0x01.1.1.1"])
def test_a_public_address_is_allowed(host: str) -> None:
    assert len(addresses_allowed(host)) == 1


@pytest.mark.parametrize("host", ["", "no.such.host.invalid", "a" * 300, "exa mple", "-", "http://a"])
def test_a_host_without_an_address_is_refused(host: str) -> None:
    with pytest.raises(QueryRefusedError):
        addresses_allowed(host)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("2002:808:808::", True),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("198.51.100.1", False),
        ("2001:db8::1", False),
    ],
)
def test_what_is_public(address: str, *, public: bool) -> None:
    assert is_public(ip_address(address)) is public
