"""A form of others, unmodified, on a page elsewhere, over a class's shapes and a thing's data by their addresses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from tests.endpoint.serving import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SCRIPT = Path(__file__).with_name("shacl_form") / "node_modules/@ulb-darmstadt/shacl-form/dist/form-default.js"
pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="no shacl-form: npm ci in tests/browser/shacl_form")
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
BASE = "https://w3id.org/hamkor/"
LABEL, COUNT = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label"), ox.NamedNode(f"{BASE}ns#numberOfMembers")


@contextmanager
def page_elsewhere(form: str) -> Iterator[str]:
    """The address of a page with a form on another origin, on which nothing else is."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_script = self.path == "/form.js"
            page = f'<!doctype html><script type="module" src="/form.js"></script>{form}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if is_script else "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(SCRIPT.read_bytes() if is_script else page)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_thing_is_shown_in_russian_and_comes_back_as_it_was_but_for_what_was_changed(
    browser: Browser, flagship_served: Served
) -> None:
    thing, url = ox.NamedNode(f"{BASE}id/club/termez"), flagship_served.url
    form = (
        f'<shacl-form data-shapes-url="{url}/shapes/ParentsClub" data-values-url="{url}/doc/club/termez.ttl" '
        f'data-values-subject="{thing.value}" data-language="ru"></shacl-form>'
    )
    page = browser.new_page()
    page.set_default_timeout(60_000)
    with page_elsewhere(form) as address:
        page.goto(address)
        page.locator("shacl-form").get_by_text("основан не раньше").first.wait_for()
        members = page.locator("shacl-form input[type=number]").first
        members.fill("15")
        members.blur()
        written = page.locator("shacl-form").evaluate("form => form.serialize('application/n-triples')")
    page.close()
    said = {each for each in ox.parse(written.encode(), ox.RdfFormat.N_TRIPLES) if each.subject == thing}
    after = {(each.predicate, each.object) for each in said}
    before = {
        (each.predicate, each.object)
        for each in ox.parse(flagship_served.client.get(f"{url}/doc/club/termez.nt").content, ox.RdfFormat.N_TRIPLES)
        if each.subject == thing and each.predicate in {one for one, _ in after}
    }
    number = "http://www.w3.org/2001/XMLSchema#integer"
    assert {each for each in before - after if each[0] != ox.NamedNode(RDF_TYPE)} == {(COUNT, of(14, number))}
    assert after - before == {(COUNT, of(15, number))}
    assert len([each for each, _ in after if each == LABEL]) == 3


def of(value: int, datatype: str) -> ox.Literal:
    return ox.Literal(str(value), datatype=ox.NamedNode(datatype))
