"""A browser for the tests: Debian's Chromium, driven by Playwright; without one they are skipped, and say so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.endpoint.serving import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NOT_NEEDED = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess",
    # what Playwright turns off itself: the last list counts
    "AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay", "MediaRouter",
    "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch", "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
)  # fmt: skip
"""Features of Chromium that load pages of its own into each new window; without them one takes half the time."""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

ARGUMENTS = ("--no-sandbox", f"--disable-features={','.join(NOT_NEEDED)}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: make test installs it")
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, flagship_served: Served) -> Iterator[Page]:
    """A window onto the flagship; whatever its pages say is wrong fails the test."""
    context = browser.new_context(base_url=flagship_served.url, viewport={"width": 1280, "height": 900}, locale="en-GB")
    window, wrong = context.new_page(), list[str]()
    window.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    window.on("pageerror", lambda error: wrong.append(str(error)))
    # a page that is left stops loading what it still waited for: no failure
    window.on("requestfailed", lambda each: wrong.append(each.url) if each.failure != "net::ERR_ABORTED" else None)
    yield window
    context.close()
    assert not wrong
