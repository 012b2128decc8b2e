"""Somebody with a spreadsheet, in a browser: from the home page to a published club, in at most six steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graph.model.contributors import contributors_of
from graph.model.publication import open_publication
from tests.browser.test_proposing import MOST_STEPS, SOON, accessible, entered, reached
from tests.endpoint.serving import Served, serving
from tests.spreadsheets.faulty import ROWS, as_csv, mended

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def uploaded(flagship_copied: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A flagship to which somebody may publish."""
    with serving(flagship_copied(tmp_path_factory.mktemp("uploaded") / "publication")) as running:
        yield running


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (360, False)], ids=["wide", "narrow, without script"])
def test_a_faulty_table_is_mended_and_published(
    width: int, scripts: bool, browser: Browser, uploaded: Served, tmp_path: Path
) -> None:
    (tmp_path / "faulty.csv").write_bytes(as_csv(ROWS))
    (tmp_path / "mended.csv").write_bytes(as_csv(mended()))
    contributors = contributors_of(open_publication(uploaded.folder))
    token = contributors.create(("ngo-x/*",), name="NGO X", contact="", days=1, reviews=False)[1]
    context = browser.new_context(
        base_url=uploaded.url, viewport={"width": width, "height": 900}, locale="en-GB", java_script_enabled=scripts
    )
    page, steps = context.new_page(), 0
    page.set_default_timeout(30_000)
    page.goto("/")
    for name in ("faulty.csv", "mended.csv"):
        steps = 1
        page.goto("/")
        page.get_by_role("link", name="Upload a spreadsheet").first.click()
        if scripts and name == "faulty.csv":
            accessible(page)
        page.get_by_label("The file").set_input_files(tmp_path / name)
        page.get_by_label("A row is a").select_option(label="Parents’ club")
        page.get_by_role("button", name="Look at it").click()
        steps += 1
        if name == "faulty.csv":
            assert "3 faults" in page.locator(".lead").inner_text()
            assert page.get_by_label("C6 Самаркнад").count() == 1
            if scripts:
                accessible(page)
    assert "no fault" in page.locator(".lead").inner_text()
    page.get_by_label("Your graph").fill(f"ngo-x/{width}")
    page.get_by_label("Your own web address").fill(f"https://ngo-x.example/{width}/")
    page.get_by_label("Your token").fill(token)
    page.get_by_role("button", name="Publish").click()
    steps += 1
    assert "It is part of release" in page.locator(".lead").inner_text()
    page.get_by_role("link", name="The table of the class").click()
    steps += 1
    assert page.get_by_text("Клуб родителей «Умид»").count()
    assert steps <= MOST_STEPS
    context.close()


def test_a_table_is_published_and_corrected_by_keyboard_alone_on_a_dark_narrow_screen(
    browser: Browser, uploaded: Served, tmp_path: Path
) -> None:
    """From the file to /my-data, in Uzbek; axe looks at the contrasts of each page."""
    (tmp_path / "clubs.csv").write_bytes(as_csv(mended()))
    contributors = contributors_of(open_publication(uploaded.folder))
    token = contributors.create(("ngo-x/*",), name="NGO X", contact="", days=1, reviews=False)[1]
    context = browser.new_context(
        base_url=uploaded.url, viewport={"width": 360, "height": 780}, locale="uz-UZ", color_scheme="dark"
    )
    page = context.new_page()
    page.set_default_timeout(SOON)
    page.goto("/my-data")
    reached(page, page.get_by_label("Token"))
    page.keyboard.type(token)
    entered(page, page.locator("main button").first)
    accessible(page)
    page.goto("/upload")
    reached(page, page.locator("#file"))
    page.locator("#file").set_input_files(tmp_path / "clubs.csv")  # what chooses a file is the browser's own
    reached(page, page.locator("#class"))
    page.keyboard.type("Ota-onalar")
    accessible(page)
    entered(page, page.locator("main form button").first)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    accessible(page)
    reached(page, page.locator("#graph"))
    page.keyboard.type("ngo-x/keyboard")
    reached(page, page.locator("#base"))
    page.keyboard.type("https://ngo-x.example/keyboard/")
    entered(page, page.locator("button[value=publish]"))
    accessible(page)
    page.goto("/my-data")
    entered(page, page.locator("main a[href*='ngo-x/keyboard'], main a[href*='ngo-x%2Fkeyboard']").first)
    accessible(page)
    entered(page, page.get_by_role("link", name="Клуб родителей «Умид»"))
    accessible(page)
    reached(page, page.locator("main input[type=text]").first)
    page.keyboard.press("End")
    page.keyboard.type("!")
    entered(page, page.locator("button[value=save]").first)
    assert page.locator("main input[type=text]").first.input_value().endswith("!")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()
