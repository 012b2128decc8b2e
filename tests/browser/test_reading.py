"""What readers do with the pages in a browser: read, switch languages, follow links, on any screen and paper."""

from __future__ import annotations

import os
import re
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import Browser, Page

PAGES = {
    "home": "/", "club": "/doc/club/samarkand", "forum": "/doc/forum/2014", "concept": "/scheme/target-group/orphans",
    "scheme": "/scheme/target-group", "vocabulary": "/ns", "sparql": "/sparql", "dataset": "/dataset",
    "place": "/doc/place/surkhandarya", "shape": "/shape/ParentsClub", "graphs": "/graphs", "questions": "/queries",
    "search": "/search?q=klub", "releases": "/releases", "downloads": "/downloads", "validate": "/validate",
    "privacy": "/privacy", "incoming": "/resource?iri=https://w3id.org/hamkor/ns%23ParentsClub"
    "&incoming=http://www.w3.org/1999/02/22-rdf-syntax-ns%23type",
}  # fmt: skip
READ = (
    "/", "/doc/club/termez", "/doc/club/samarkand", "/doc/club/urgench", "/doc/office/inclusive-education",
    "/doc/body/ministry-of-health", "/doc/forum/2014", "/search?q=klub", "/search?q=580-30-65", "/dataset", "/graphs",
    "/scheme/organisation-kind/ngo", "/doc/document/foot-block-urgench",
)  # fmt: skip
"""What a parent, a clerk and a researcher read; among it are the pages with the longest words of each language."""
OF_THEIR_OWN = ("/doc/office/inclusive-education", "/doc/body/ministry-of-health", "/doc/document/foot-block-urgench")
"""Those among them that hold what none of ``PAGES`` has; of answers, which one template shows, every fourth does."""
LANGUAGES = ("en", "ru", "uz")
BROKEN_WORDS = """() => {
  const broken = [], range = document.createRange();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (!text.parentElement.checkVisibility() || text.parentElement.closest("svg, code, pre, textarea")) continue;
    if (text.data.includes("://")) continue;
    for (const word of text.data.matchAll(/[\\p{L}\u02bb\u02bc]{2,}/gu)) {
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map((each) => Math.round(each.top)));
      if (lines.size > 1) broken.push(word[0]);
    }
  }
  return broken;
}"""
"""The words of a page that stand on two lines; addresses and code may."""
OTHER_SCRIPT = """() => {
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, told = text.parentElement.closest("[lang]").getAttribute("lang");
    const said = text.parentElement.closest("pre, code, textarea, script") ? "" : text.data.replace(/«[^»]*»/g, "");
    if (/^uz(?!-cyrl)/i.test(told) && /[\u0400-\u04ff]/.test(said)) found.push(said.trim());
  }
  return found;
}"""
"""Cyrillic letters where no element says that another language stands there; what is quoted may."""
WIDER = """wide => [document.documentElement, ...document.querySelectorAll(wide)]
  .filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.className || each.tagName)"""
"""What has to be scrolled sideways."""
BARE = "every => every.map(each => each.innerText.trim()).filter(each => /^[0-9]{1,3}$/.test(each))"
"""Numbers on which sources disagree, without what is counted."""
BOOKKEEPING = re.compile(
    r"[Ff]oot block|Нижний блок|Sahifa osti|example · 1|\d · Yes ·|1 решение|Чего: |Шире:|rolled back|Кто вы\?"
    r"|Siz kimsiz\?|\bГраф\b|\bGraf\b|издани[ея]|Kimga qoʻngʻiroq qilish$|Aʼzolar hisobi|boshqa nashriyot"
    r"|zid fikr|Его имя в сети",
    re.MULTILINE,
)
"""Words of those who keep the data, and those that have been replaced by better ones."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules among them that colours have a part in; the others say in the dark what they say in the light."""


def test_a_parent_in_termez_finds_whom_to_call(page: Page) -> None:
    page.goto("/?ui=ru")
    page.get_by_role("link", name="Родительский клуб в Термезе").first.click()
    assert page.locator("h1").inner_text() == "Родительский клуб в Термезе"
    number = page.locator('dd a[href^="tel:+998"]').first
    assert number.is_visible()
    assert number.inner_text().startswith("+998 ")


def test_the_language_is_switched_and_kept(page: Page) -> None:
    page.goto("/doc/club/termez")
    page.get_by_role("navigation", name="Language", exact=True).get_by_role("link", name="Oʻzbekcha").click()
    assert page.locator("html").get_attribute("lang") == "uz"
    page.get_by_role("link", name="Termiz", exact=True).first.click()
    assert page.locator("html").get_attribute("lang") == "uz"
    assert page.locator("h1").inner_text() == "Termiz"
    page.get_by_role("navigation", name="Mazmun tili").get_by_role("link", name="Русский").click()
    assert page.locator("html").get_attribute("lang") == "uz"
    assert page.locator("h1").inner_text() == "Термез"


def test_a_number_leads_to_its_source(page: Page) -> None:
    page.goto("/doc/club/samarkand")
    page.get_by_role("link", name="Source 3").first.click()
    assert page.url.endswith("#source-3")
    assert page.locator("#source-3").is_visible()


def test_a_question_is_answered(page: Page) -> None:
    page.goto("/queries")
    page.get_by_role("link", name=re.compile("Run.*Which clubs are there")).click()
    assert page.locator("tbody tr").count() >= 5


def test_a_question_is_answered_in_the_language_that_is_chosen(page: Page) -> None:
    page.goto("/queries?ui=ru")
    page.get_by_role("link", name=re.compile("Кому звонить")).last.click()
    assert page.locator("h1").inner_text() == "Кому звонить родителю в Термезе?"
    assert page.locator("th").all_inner_texts() == ["Клуб", "Контактное лицо", "Телефон"]
    assert page.locator("td").first.inner_text() == "Родительский клуб в Термезе"
    assert not page.locator("textarea").is_visible()
    page.get_by_role("link", name="Oʻzbekcha").first.click()
    assert page.locator("td").first.inner_text() == "Termizdagi ota-onalar klubi"


def test_a_number_to_be_called_stands_on_one_line_of_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/queries?ui=ru")
    page.goto(page.locator("a.run").nth(3).get_attribute("href") or "")
    number = page.locator('td a[href="tel:+998915803065"]')
    assert number.inner_text() == "+998 91 580 30 65"
    assert number.bounding_box()["height"] < 30  # type: ignore[index]


def test_the_keyboard_reaches_the_content_first(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.evaluate("node => node === document.activeElement")
    assert skip.bounding_box() is not None
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_screen_is_too_narrow(page: Page, language: str) -> None:
    for name in ("home", "club", "forum", "vocabulary", "dataset", "shape"):
        page.goto(f"{PAGES[name]}?ui={language}")
        for width in (320, 360, 768):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_whole_reading_finds_nothing(page: Page, language: str) -> None:
    """Each page that the flagship is read by, and each answer, as a reader of each language sees it on both screens."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: make test installs it").Axe()
    page.emulate_media(color_scheme="light")
    page.route(re.compile(r"/static/editor.*\.js"), lambda each: each.fulfill(body=""))  # it is folded away, and slow
    page.goto(f"/queries?ui={language}")
    answers = page.locator("a.run").evaluate_all("every => every.map(each => each.href)")
    assert len(answers) == 13
    found = {}
    for place, path in enumerate((*(f"{each}{'&' if '?' in each else '?'}ui={language}" for each in READ), *answers)):
        assert page.goto(path).status == 200  # type: ignore[union-attr]
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 800})
            found[path, width] = {
                "scrolls": page.evaluate(WIDER, ".wide" if path in answers else "main"),
                "broken": page.evaluate(BROKEN_WORDS),
                "script": page.evaluate(OTHER_SCRIPT) if language == "uz" else [],
                "wording": BOOKKEEPING.findall(page.locator("body").inner_text()),
                "bare": page.locator(".versus .figure").evaluate_all(BARE),
            }
        is_of_its_own = path.startswith(OF_THEIR_OWN) or path in answers[::4]
        if is_of_its_own and place % 3 == LANGUAGES.index(language):  # a template breaks a rule, not a language
            found[path, 0] = {"axe": violations(axe, page, {"type": "tag", "values": TAGS})}
    assert not {where: wrong for where, what in found.items() if (wrong := {k: v for k, v in what.items() if v})}


def test_wide_screens_have_two_columns_and_phones_one(page: Page) -> None:
    page.goto("/doc/club/termez")
    beside = "[...document.querySelectorAll('.columns > *')].map(each => each.getBoundingClientRect().top)"
    assert len(set(page.evaluate(beside))) == 1
    page.set_viewport_size({"width": 360, "height": 800})
    assert len(set(page.evaluate(beside))) == 2


def test_the_dark_is_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert all(int(each) < 64 for each in ground.removeprefix("rgb(").removesuffix(")").split(","))


def test_paper_needs_no_navigation(page: Page) -> None:
    page.emulate_media(media="print")
    page.goto("/doc/club/termez")
    assert not page.get_by_role("navigation", name="Site").is_visible()
    assert page.locator("h1").is_visible()


@pytest.mark.parametrize("path", ["/?ui=ru", "/doc/club/urgench?ui=ru", "/doc/forum/2014?ui=uz"])
def test_a_page_is_two_sheets_at_most_and_says_its_address(page: Page, path: str) -> None:
    page.goto(path)
    sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True, format="A4"))
    assert 1 <= len(sheets) <= 2
    page.emulate_media(media="print")
    assert page.locator(".address").inner_text() == f"https://w3id.org/hamkor{path}"


@pytest.mark.parametrize(("name", "language"), list(zip(PAGES, cycle(LANGUAGES), strict=False)))
def test_nothing_stands_in_the_way_of_anybody(page: Page, name: str, language: str) -> None:
    """WCAG 2.2 AA, as far as axe-core sees it; each page in one of the languages, the next in the next."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: make test installs it").Axe()
    page.emulate_media(color_scheme="light")
    path = f"{PAGES[name]}{'&' if '?' in PAGES[name] else '?'}ui={language}"
    if page.goto(path).status == 404:  # type: ignore[union-attr]
        pytest.skip(f"there is no {PAGES[name]} yet")
    assert not violations(axe, page, {"type": "tag", "values": TAGS})
    page.emulate_media(color_scheme="dark")
    assert not violations(axe, page, {"type": "rule", "values": OF_COLOURS})


def violations(axe: Axe, page: Page, rules: dict[str, object]) -> list[tuple[str, list[str]]]:
    """What breaks a rule; but for the editor of queries, a program of others, which has a plain form beside it."""
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found = axe.run(page, context={"exclude": [".yasgui"]}, options=options).response["violations"]
    return [(each["id"], [node["html"][:120] for node in each["nodes"]][:5]) for each in found]


def test_a_name_is_suggested_while_it_is_typed(page: Page) -> None:
    page.goto("/search?ui=ru")
    box = page.get_by_role("combobox")
    box.press_sequentially("Самарк")
    page.get_by_role("option").first.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    box.press("ArrowDown")
    chosen = page.get_by_role("option", selected=True)
    assert chosen.get_attribute("id") == box.get_attribute("aria-activedescendant")
    assert chosen.locator("span").inner_text() == "Самарканд"
    box.press("Escape")
    assert page.get_by_role("option").count() == 0
    assert box.input_value() == "Самарк"
    box.press("ArrowDown")
    page.get_by_role("option").first.wait_for()
    box.press("ArrowUp")
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url("**/doc/place/samarkand?ui=ru")


def test_what_is_typed_is_searched_for_with_enter_and_without_the_script(browser: Browser, page: Page) -> None:
    plain = browser.new_context(java_script_enabled=False).new_page()
    page.goto("/search")
    plain.goto(page.url)
    for window, role in ((page, "combobox"), (plain, "searchbox")):
        box = window.get_by_role("main").get_by_role(role)  # type: ignore[arg-type]
        box.fill("Termez")
        box.press("Enter")
        window.wait_for_url("**/search?q=Termez*")
        assert window.locator(".results li").count() >= 2
    plain.context.close()


def test_suggestions_stand_in_nobody_s_way(page: Page) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: make test installs it").Axe()
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/search?ui=uz")
    page.get_by_role("combobox").press_sequentially("Termiz")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert not violations(axe, page, {"type": "tag", "values": TAGS})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(("name", "path"), [("home", "/"), ("club", "/doc/club/samarkand")])
def test_the_pictures_of_the_readme_are_there_and_small(page: Page, name: str, path: str) -> None:
    """With HAMKOR_PICTURES=1 they are taken anew, so that other runs leave the tree as it is."""
    picture = Path(__file__).resolve().parents[2] / "docs" / "pictures" / f"{name}.png"
    if os.environ.get("HAMKOR_PICTURES"):
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1080, "height": 760})
        page.goto(path)
        picture.parent.mkdir(exist_ok=True)
        page.screenshot(path=picture)
    assert f"docs/pictures/{name}.png" in (picture.parents[2] / "README.md").read_text(encoding="utf-8")
    assert 5_000 < picture.stat().st_size < 150_000
