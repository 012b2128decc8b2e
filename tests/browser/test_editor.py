"""The SPARQL editor in a browser: examples as tabs, answers as table and chart, links that stay on this host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from endpoint.sparql.shelf import is_installed

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.skipif(not is_installed(), reason="the editor is not installed: npm ci in endpoint/yasgui")
ACTIVE = ".tabPanel.active"


def begun(page: Page, path: str = "/sparql") -> None:
    page.goto(path)
    page.locator(f"{ACTIVE} .yasqe").wait_for()


def run(page: Page) -> None:
    page.locator(f"{ACTIVE} .yasqe_queryButton").click()
    page.locator(f"{ACTIVE} .yasr_results table tbody tr").first.wait_for()


def test_examples_are_tabs(page: Page) -> None:
    begun(page)
    assert page.locator(".tabsList .tab").count() >= 4
    assert not page.locator("#plain").is_visible()
    page.locator('[data-example="7"]').click()
    assert "Discrepancy" in page.locator(f"{ACTIVE} .CodeMirror").inner_text()


def test_an_answer_is_a_table_and_a_chart(page: Page) -> None:
    begun(page)
    page.locator('[data-example="1"]').click()
    run(page)
    assert "Urgench" in page.locator(f"{ACTIVE} .yasr_results").inner_text()
    page.locator(f"{ACTIVE} .select_chart").click()
    assert page.locator(f"{ACTIVE} svg.drawn rect").count() == 5


def test_points_are_a_map(page: Page) -> None:
    begun(page)
    page.locator(".tabsList .addTab").click()
    page.evaluate(
        """() => document.querySelector(".tabPanel.active .CodeMirror").CodeMirror.setValue(
            'SELECT * { VALUES (?name ?where) { ("Toshkent" "POINT(69.2 41.3)") ("Termiz" "POINT(67.2 37.2)") } }')"""
    )
    run(page)
    page.locator(f"{ACTIVE} .select_map").click()
    page.locator(f"{ACTIVE} svg.drawn circle").first.wait_for()
    assert page.locator(f"{ACTIVE} svg.drawn circle").count() == 2
    assert page.locator(f"{ACTIVE} svg.drawn .land").count() > 5


def test_what_an_answer_names_stays_on_this_host(page: Page) -> None:
    begun(page)
    page.locator('[data-example="8"]').click()
    run(page)
    link = page.locator(f'{ACTIVE} .yasr_results a[href*="/hamkor/id/"]').first.element_handle()
    assert link is not None
    link.hover()
    assert "w3id.org" not in str(link.get_attribute("href"))


def test_a_query_becomes_a_link_and_code(page: Page) -> None:
    begun(page)
    page.locator("#keep").click()
    page.wait_for_url("**/query/~*")
    assert "curl -sL" in page.locator("main").inner_text()


def test_without_javascript_the_form_works(page: Page) -> None:
    context = (
        page.context.browser.new_context(java_script_enabled=False, base_url=page.url) if page.context.browser else None
    )
    assert context is not None
    page.goto("/sparql")
    plain = context.new_page()
    plain.goto(page.url)
    plain.get_by_role("button", name="Run the query").click()
    assert "solutions" in plain.locator("main").inner_text()
    context.close()
