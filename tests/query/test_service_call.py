"""Calls of endpoints: which addresses are called, how, and what is said when a call comes to nothing."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from endpoints import (
    JSON,
    RESULTS,
    RESULTS_XML,
    XML,
    Endpoint,
    Manner,
    ask,
    broken_off,
    call,
    endpoint,
    failure,
    forwarder,
    gzipped,
    hanging_up,
    no_http,
    redirect,
    refusal,
    results,
    results_as,
    silence,
)
from query_material import Listener

from benchmarks.start import free_port
from graph.model.errors import EngineUnavailableError, Sentence

DEEP = b'{"results":{"bindings":[' + b"[" * 200_000


# What is not followed and not called


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int, listener: Listener) -> None:
    error = failure(redirect(status, listener.iri))
    assert f"redirects to <{listener.iri}>" in str(error)
    assert listener.dialled == 0


@pytest.mark.parametrize("host", ["localhost", "localhost.", "127.1", "2130706433", "0x7f000001", "0x7f.1"])
def test_a_name_with_a_private_address_is_not_called(host: str, listener: Listener) -> None:
    iri = f"http://{host}:{listener.port}/sparql"
    with forwarder(iri) as running:
        with pytest.raises(EngineUnavailableError, match=r"127\.0\.0\.1, which is not public|has no address") as caught:
            ask(running, call(iri))
        assert f"<{iri}>" in str(caught.value)
    assert listener.dialled == 0


@pytest.mark.parametrize("host", ["localhost", "127.1"])
def test_a_name_with_a_private_address_is_called_where_the_setting_says_so(host: str) -> None:
    with endpoint(results) as called, forwarder(called.named(host), allow_private=True) as running:
        assert len(ask(running, call(called.named(host)))) == 2
        assert called.requests[0][0]["Host"] == f"{host}:{called.port}"


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A name server under foreign control: the first answer for endpoint.example is harmless, all others are not."""
    asked: list[str] = []
    resolver = socket.getaddrinfo

    def resolve(host: str, port: object, *arguments: object, **named: object) -> object:
        if host != "endpoint.example":
            return resolver(host, port, *arguments, **named)  # type: ignore[arg-type]
        asked.append(host)
        return resolver("127.0.0.1" if len(asked) == 1 else "127.0.0.2", port, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_the_address_that_was_judged_is_the_one_that_is_called(lookups: list[str]) -> None:
    with endpoint(results) as called, forwarder(called.named("endpoint.example"), allow_private=True) as running:
        assert len(ask(running, call(called.named("endpoint.example")))) == 2
        assert called.requests[0][0]["Host"] == f"endpoint.example:{called.port}"
    assert len(lookups) == 1


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, listener.iri)
    with endpoint(results) as called, forwarder(called.iri) as running:
        assert len(ask(running, call(called.iri))) == 2
    assert listener.dialled == 0


# Failures

FAILURES: dict[str, tuple[Manner, str]] = {
    "error with a text": (refusal(400, "text/plain", "no such\n graph\x07"), "answered 400 Bad Request: no such graph"),
    "error with a page": (refusal(500, "text/html", "<html>"), "answered 500 Internal Server Error"),
    "long error": (refusal(503, "text/plain", "x" * 5000), "answered 503 Service Unavailable: " + "x" * 300),
    "nothing": (refusal(204, "text/plain", ""), "answered 204 No Content"),
    "a page": (refusal(200, "text/html", "<html>"), "answered with text/html, not with SPARQL results"),
    "a table": (refusal(200, "text/csv", "s\r\n"), "answered with text/csv; charset=utf-8, not with SPARQL results"),
    "no media type": (refusal(200, "", "{}"), "answered with no media type"),
    "half of the JSON": (results_as(JSON, RESULTS[:-9]), "answered with what is no SPARQL JSON"),
    "a boolean": (results_as(JSON, b'{"head":{},"boolean":true}'), "answered with what is no SPARQL JSON"),
    "no UTF-8": (results_as(JSON, b'{"results":{"bindings":[]},"head":"\xff"} \xff'), "what is no SPARQL JSON"),
    "nesting without end": (results_as(JSON, DEEP), "answered with JSON that nests too deeply"),
    "half of the XML": (results_as(XML, RESULTS_XML[:-9]), "answered with what is no XML"),
    "other XML": (results_as(XML, b"<html/>"), "answered with XML that is no result of a SELECT"),
    "a boolean in XML": (results_as(XML, b"<sparql><boolean>true</boolean></sparql>"), "that is no result of a SELECT"),
    "compressed": (gzipped, "in the encoding gzip, which was not asked for"),
    "less than promised": (broken_off, "broke off"),
    "no HTTP": (no_http, "broke off"),
    "hanging up": (hanging_up, "broke off"),
}


@pytest.mark.parametrize(("manner", "problem"), FAILURES.values(), ids=FAILURES)
def test_a_failure_names_the_endpoint_and_what_happened(manner: Manner, problem: str) -> None:
    error = failure(manner)
    assert isinstance(error, EngineUnavailableError)
    assert problem in str(error)
    assert len(str(error)) < 600
    # Through the engine and back as template and facts, so that a page says it in its reader's language.
    assert isinstance(error.problem, Sentence)
    assert error.problem.template.startswith("the endpoint <%(endpoint)s> ")


@pytest.mark.parametrize(("manner", "problem"), FAILURES.values(), ids=FAILURES)
def test_a_silent_call_that_fails_has_one_solution_without_bindings(manner: Manner, problem: str) -> None:
    with endpoint(manner) as called, forwarder(called.iri) as running:
        assert ask(running, call(called.iri, "SILENT")) == [{}]


def test_a_silent_call_that_takes_too_long_is_passed_over() -> None:
    with endpoint(silence) as called, forwarder(called.iri, seconds=0.3) as running:
        assert ask(running, call(called.iri, "SILENT")) == [{}]


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid"])
def test_an_endpoint_that_is_not_there_is_named(host: str) -> None:
    iri = f"http://{host}:{free_port()}/sparql"
    with forwarder(iri) as running, pytest.raises(EngineUnavailableError, match=host):
        ask(running, call(iri))


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    made = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=test", "-addext", "subjectAltName=DNS:endpoint.example"]
    key = path.with_name("key.pem")
    subprocess.run([*made, *names, "-keyout", str(key), "-out", str(path)], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


@contextmanager
def secure_endpoint(certificate: Path) -> Iterator[tuple[Endpoint, list[str]]]:
    """An endpoint with TLS, and the host names that clients asked it for."""
    asked: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _, name, __: asked.append(name or "")
    with endpoint(results, context) as called:
        yield called, asked


def test_tls_names_and_checks_the_host_at_the_judged_address(certificate: Path, lookups: list[str]) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate))
    with secure_endpoint(certificate) as (called, asked):
        iri = called.named("endpoint.example", "https")
        with forwarder(iri, tls=trusted, allow_private=True) as running:
            assert len(ask(running, call(iri))) == 2
    assert asked == ["endpoint.example"]
    assert len(lookups) == 1


@pytest.mark.parametrize(("host", "trusts"), [("localhost", True), ("127.0.0.1", True), ("localhost", False)])
def test_a_certificate_for_another_host_or_of_nobody_is_refused(certificate: Path, host: str, *, trusts: bool) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate)) if trusts else None
    with secure_endpoint(certificate) as (called, _):
        iri = called.named(host, "https")
        with (
            forwarder(iri, tls=trusted, allow_private=True) as running,
            pytest.raises(EngineUnavailableError, match=r"(?i)certificate"),
        ):
            ask(running, call(iri))
        assert not called.requests
