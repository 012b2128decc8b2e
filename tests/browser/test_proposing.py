"""A clerk in a browser: corrects, adds, asks to be taken out; a reviewer accepts, declines; a contributor keeps a club.

Steps from the home page count. One server, which the tests write to, each about another thing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graph.model.contributors import contributors_of
from graph.model.publication import open_publication
from graph.parts.proposals.decisions import accept_proposal
from graph.parts.proposals.proposal_store import Decision, proposals_of
from graph.releases.release import Patience
from tests.endpoint.serving import Served, serving
from tests.proposals.proposing import Person

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

MOST_STEPS, MOST_TABS = 6, 150
SOON = 90_000
"""Milliseconds after which a page does not come any more; a publish takes a while on a busy machine."""
PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def proposed(flagship_copied: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A flagship to which people propose as fast as they like."""
    folder = flagship_copied(tmp_path_factory.mktemp("proposed") / "publication")
    settings = folder / "hamkor.toml"
    settings.write_text(settings.read_text() + "\n[proposals]\nseconds = 0\nper_minute = 1000\n")
    with serving(folder) as running:
        yield running


@dataclass
class Walk:
    """A way through the pages, whose steps are counted: what is clicked that leads to another page."""

    page: Page
    steps: int = 0

    def follow(self, name: str, role: str = "link", within: str = "body") -> None:
        """Follow a link, or press a button, by its name."""
        self.steps += 1
        self.page.locator(within).get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
        self.page.wait_for_load_state()


@pytest.fixture(params=[(1280, True), (360, False)], ids=["wide", "narrow, without script"])
def walk(browser: Browser, proposed: Served, request: pytest.FixtureRequest) -> Iterator[Walk]:
    """Somebody on the home page; whatever a page says is wrong fails the test."""
    width, scripts = request.param
    context = browser.new_context(
        base_url=proposed.url, viewport={"width": width, "height": 900}, locale="en-GB", java_script_enabled=scripts
    )
    page, wrong = context.new_page(), list[str]()
    page.set_default_timeout(SOON)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto("/")
    yield Walk(page)
    context.close()
    assert not wrong


def accessible(page: Page) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: make test installs it").Axe()
    found = axe.run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
    assert not [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


def pictured(page: Page, name: str) -> None:
    """Take a picture for the documentation anew, where that is asked for (HAMKOR_PICTURES=1)."""
    if os.environ.get("HAMKOR_PICTURES") and (page.viewport_size or {})["width"] == 1280:
        page.set_viewport_size({"width": 900, "height": 560})
        page.evaluate("document.activeElement.blur()")
        page.screenshot(path=PICTURES / f"{name}.png")
        page.set_viewport_size({"width": 1280, "height": 900})


def token_for(served: Served, *graphs: str) -> str:
    """A token that writes some graphs; without any, one that reviews."""
    known = contributors_of(open_publication(served.folder))
    return known.create(graphs, name="NGO X" if graphs else "R. Reviewer", contact="", days=1, reviews=not graphs)[1]


def has_script(walk: Walk) -> bool:
    return (walk.page.viewport_size or {})["width"] == 1280


def test_a_count_of_members_is_corrected_with_a_source_and_accepted(walk: Walk, proposed: Served) -> None:
    page, city = walk.page, "Termez" if has_script(walk) else "Urgench"
    walk.follow(f"Parents’ club in {city}")
    walk.follow("Something wrong or missing?")
    walk.follow("Correct this", within='.field:has(.name:text-matches("^Counts of members"))')
    assert "Something wrong or missing?" in page.locator("h1").inner_text()
    if has_script(walk):
        accessible(page)
    page.locator('.field:has(.name:text-matches("^Members")) input[type=text]').first.fill("99")
    page.get_by_label("Where one can read it").fill("https://example.org/list-of-2016")
    walk.follow("Check", "button")
    pictured(page, "suggest")
    assert page.locator("ins").first.inner_text() == "99"
    if has_script(walk):
        accessible(page)
    walk.follow("Send", "button")
    assert walk.steps <= MOST_STEPS
    assert "It waits for an answer." in page.locator(".lead").inner_text()
    address = page.url
    review = Walk(page)
    page.goto("/")
    review.follow("Proposals")
    page.get_by_label("Token").fill(token_for(proposed))
    review.follow("Sign in", "button")
    review.follow("", within="ol.results")
    if has_script(walk):
        accessible(page)
    review.follow("Accept what is chosen", "button")
    assert review.steps <= MOST_STEPS
    page.goto(address)
    assert "It was accepted on" in page.locator(".lead").inner_text()


def test_a_club_is_added_and_taken_back(walk: Walk) -> None:
    page = walk.page
    walk.follow("Tables")
    walk.follow("Parents’ club")
    walk.follow("Add: Parents’ club")
    name = page.locator('.field:has(.name:text-is("Name")), .field:has(.name:text-matches("^Name"))').first
    name.locator("input[type=text]").first.fill("Parents’ club in Nukus")
    if has_script(walk):
        name.get_by_role("button", name="One more").click()
        name.locator("input[type=text]").nth(1).fill("Клуб родителей в Нукусе")
        name.locator("select").nth(1).select_option("ru")
        accessible(page)
    page.locator('.field:has(.name:text-matches("^City$")) select').select_option(label="Tashkent")
    walk.follow("Check", "button")
    assert "Parents’ club in Nukus" in page.locator(".preview").inner_text()
    walk.follow("Send", "button")
    assert walk.steps <= MOST_STEPS
    page.get_by_role("button", name="Take it back").click()
    assert "You have taken it back" in page.locator(".lead").inner_text()


def test_who_is_named_asks_to_be_taken_out(walk: Walk) -> None:
    page = walk.page
    walk.follow("Parents’ club in Termez")
    walk.follow("Something wrong or missing?")
    page.get_by_label("This is about me: take it out").check()
    walk.follow("Check", "button")
    assert "You ask to have this taken out." in page.locator(".preview").inner_text()
    walk.follow("Send", "button")
    assert walk.steps <= MOST_STEPS
    assert "It waits for an answer." in page.locator(".lead").inner_text()


def reached(page: Page, wanted: Locator) -> None:
    """Go to something with the key Tab."""
    found = wanted.element_handle()  # looked up once: by a role it takes longer than the key
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if found.evaluate("each => each === document.activeElement"):
            return
    pytest.fail(f"{wanted} cannot be reached by keyboard")


def entered(page: Page, wanted: Locator) -> None:
    """Go to a link or button with the key Tab, and follow it with Enter."""
    reached(page, wanted)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_count_is_corrected_in_russian_on_a_narrow_screen_by_keyboard_alone(
    browser: Browser, proposed: Served
) -> None:
    context = browser.new_context(base_url=proposed.url, viewport={"width": 360, "height": 780}, locale="ru-RU")
    page = context.new_page()
    page.set_default_timeout(SOON)
    page.goto("/")
    entered(page, page.get_by_role("link", name=re.compile("Самарканде")).first)
    entered(page, page.get_by_role("link", name="Что-то неверно или чего-то не хватает?"))
    counts = page.locator('.field:has(.name:text-matches("^подсчёты членов", "i"))')
    entered(page, counts.get_by_role("link", name="Исправить это").first)
    reached(page, page.locator('.field:has(.name:text-matches("^членов", "i")) input[type=text]').first)
    page.keyboard.type("77")
    reached(page, page.get_by_label("Где это можно прочесть"))
    page.keyboard.type("https://example.org/list-of-2016")
    entered(page, page.get_by_role("button", name="Проверить"))
    assert page.evaluate("document.activeElement.id") == "preview"
    assert page.locator("ins").first.inner_text() == "77"
    assert page.locator("html").get_attribute("lang") == "ru"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    accessible(page)
    entered(page, page.get_by_role("button", name="Отправить"))
    assert page.locator(".lead").inner_text() == "Оно ждёт ответа."
    context.close()


# A reviewer and a contributor.


def test_a_reviewer_accepts_a_part_and_declines_in_uzbek_by_keyboard_alone(browser: Browser, proposed: Served) -> None:
    person, club = Person(proposed), "https://w3id.org/hamkor/id/club/tashkent"
    addresses = []
    for reason in ("Ikkita oʻzgarish", "Boshqa sabab"):
        form = person.form(f"/propose?iri={club}")
        name, other = [key for key, value in form.items() if key.startswith("v.") and value][:2]
        addresses.append(person.sent(form | {name: f"{form[name]} I", other: f"{form[other]} II", "reason": reason}))
    context = browser.new_context(base_url=proposed.url, viewport={"width": 360, "height": 780}, locale="uz-UZ")
    page = context.new_page()
    page.set_default_timeout(SOON)
    page.goto("/")
    entered(page, page.locator("footer").get_by_role("link", name="Takliflar"))
    reached(page, page.get_by_label("Token"))
    page.keyboard.type(token_for(proposed))
    page.keyboard.press("Enter")
    page.locator("ol.results").wait_for()
    for reason, button in (("Ikkita oʻzgarish", "Tanlanganini qabul qilish"), ("Boshqa sabab", "Rad etish")):
        entered(page, page.locator(f"ol.results li:has-text('{reason}') a"))
        if button != "Rad etish":
            reached(page, page.locator("input[name=chosen]").nth(1))
            page.keyboard.press("Space")
        else:
            reached(page, page.locator("#words"))
            page.keyboard.press("Control+A")
            page.keyboard.type("Manba yoʻq.")
            accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        entered(page, page.get_by_role("button", name=button))
        entered(page, page.locator(".eyebrow a"))
    found = [proposals_of(open_publication(proposed.folder)).of_secret(each.rpartition("~")[2]) for each in addresses]
    assert [each.state for each in found if each is not None] == ["accepted", "declined"]
    assert found[0] is not None
    assert found[0].decision is not None
    assert found[0].decision.chosen == (0,)
    page.goto(addresses[1])
    assert "Manba yoʻq." in page.locator("main").inner_text()
    context.close()


def test_a_contributor_begins_a_graph_adds_a_club_changes_it_and_goes_back(walk: Walk, proposed: Served) -> None:
    page, name = walk.page, "clubs" if has_script(walk) else "narrow"
    club = "Parents’ club in Nukus" if has_script(walk) else "Parents’ club in Nukus, too"
    walk.follow("My data")
    page.get_by_label("Token").fill(token_for(proposed, "ngo-x/*"))
    walk.follow("Sign in", "button")
    page.get_by_label("Its name").fill(f"ngo-x/{name}")
    walk.follow("Begin", "button")
    page.get_by_label("Add").select_option(label="Parents’ club")
    walk.follow("Open the form", "button")
    named = page.locator('.field:has(.name:text-matches("^Name"))').first
    named.locator("input[type=text]").first.fill(club)
    page.locator('.field:has(.name:text-matches("^City$")) select').select_option(label="Tashkent")
    pictured(page, "my-data")
    walk.follow("Save and publish", "button")
    assert walk.steps <= MOST_STEPS
    assert "Saved and published" in page.get_by_role("status").inner_text()
    if has_script(walk):
        accessible(page)
    named.locator("input[type=text]").first.fill("")
    page.get_by_role("button", name="Save and publish").click()
    assert "it is not saved" in page.get_by_role("alert").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= (page.viewport_size or {})["width"]
    named.locator("input[type=text]").first.fill("Another name")
    page.get_by_role("button", name="Save and publish").click()
    page.locator(".eyebrow a").nth(1).click()
    page.get_by_role("link", name="How it came about, and back").click()
    if has_script(walk):
        accessible(page)
    page.get_by_role("link", name="Undo the last change").click()
    if has_script(walk):
        accessible(page)
    page.get_by_role("button", name="Go back to this state").click()
    page.get_by_role("link", name=club).click()
    page.get_by_role("link", name="Take it out").click()
    assert "Nothing else refers to it." in page.locator("main").inner_text()
    if has_script(walk):
        accessible(page)
    page.get_by_role("button", name="Take it out").click()
    assert "There is none." in page.locator("main").inner_text()


@pytest.mark.parametrize("name", ["suggest", "my-data"])
def test_the_pictures_of_how_to_contribute_are_there_and_small(name: str) -> None:
    assert f"pictures/{name}.png" in (PICTURES.parent / "contributing-data.md").read_text(encoding="utf-8")
    assert 5_000 < (PICTURES / f"{name}.png").stat().st_size < 60_000


def test_what_is_known_is_found_by_any_of_its_names_and_chosen_by_keyboard(browser: Browser, proposed: Served) -> None:
    """A body, asked for in Russian by a reader of Uzbek; what is sent is which one it is, not what it is called."""
    context = browser.new_context(base_url=proposed.url, viewport={"width": 360, "height": 780}, locale="uz-UZ")
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto("/propose?iri=https://w3id.org/hamkor/id/office/inclusive-education&ui=uz")
    box = page.get_by_role("combobox", name="Qaysi tashkilot qoshida").first
    reached(page, box)
    page.keyboard.press("Control+a")
    page.keyboard.type("Министерство здрав")
    page.locator("li[role=option]").first.wait_for()
    accessible(page)
    page.keyboard.press("ArrowDown")
    chosen = page.locator('li[role=option][aria-selected="true"]')
    assert chosen.get_attribute("id") == box.get_attribute("aria-activedescendant")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Enter")
    assert box.input_value().endswith("Sogʻliqni saqlash vazirligi")
    entered(page, page.get_by_role("button", name="Tekshirish").last)
    assert "Sogʻliqni saqlash vazirligi" in page.locator("ins").first.inner_text()
    again = page.get_by_role("combobox", name="Qaysi tashkilot qoshida").first
    assert again.input_value().endswith("Sogʻliqni saqlash vazirligi")
    context.close()


def test_without_the_script_names_are_looked_up_and_chosen_from_a_list(browser: Browser, proposed: Served) -> None:
    context = browser.new_context(base_url=proposed.url, viewport={"width": 360, "height": 780}, locale="en-GB",
                                  java_script_enabled=False)  # fmt: skip
    page = context.new_page()
    page.goto("/propose?class=ParentsClub&ui=en")
    page.get_by_label("What is wrong or missing").fill("It is in the list")
    source = page.locator('.field:has(.name:text-matches("^Source"))').first
    source.locator("input[type=text]").last.fill("site footer")
    source.get_by_role("button", name="Look it up").last.click()
    assert page.get_by_label("What is wrong or missing").input_value() == "It is in the list"
    known = source.locator("select").last
    assert known.locator("option:checked").inner_text() == "site footer"
    chosen = known.locator("option").last.inner_text()
    known.select_option(label=chosen)
    page.get_by_role("button", name="Check").last.click()
    assert page.locator("ins").last.inner_text().startswith(chosen)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_a_club_at_coordinates_is_on_the_map_in_the_table_and_in_the_questions_once_it_is_accepted(
    walk: Walk, proposed: Served
) -> None:
    """In a region that is known the coordinates tell it; in one that is not it is asked, and described along."""
    page, name = walk.page, "Club of Khiva" if has_script(walk) else "Club of Nukus"
    walk.follow("Tables")
    walk.follow("Parents’ club")
    walk.follow("Add: Parents’ club")
    page.locator('.field:has(.name:text-matches("^Name")) input[type=text]').first.fill(name)
    page.get_by_text("Not in the list: by coordinates").click()
    page.get_by_label("What the place is called").fill(name.removeprefix("Club of "))
    if has_script(walk):
        drawing = page.locator("figure[data-for] svg")
        unit = (drawing.bounding_box() or {})["width"] / 352
        drawing.click(position={"x": unit * 101, "y": unit * 111})
        assert re.fullmatch(r"41\.\d{4}, 60\.\d{4}", page.get_by_label("Latitude and longitude").input_value())
        accessible(page)
    else:
        page.get_by_label("Latitude and longitude").fill("95 195")
        walk.follow("Check", "button")
        assert page.locator(".wrong").inner_text().startswith("latitude goes to 90 degrees")
        page.get_by_label("Latitude and longitude").fill("59°36′E, 42°27′36″N")
        page.get_by_label("Or in one that is not in the list").fill("Karakalpakstan")
    assert page.evaluate("document.documentElement.scrollWidth") <= (page.viewport_size or {})["width"]
    page.get_by_role("button", name="Check").last.click()
    assert "The rules of the data find no fault." in page.locator(".preview").inner_text()
    assert ("Khorezm" if has_script(walk) else "Karakalpakstan") in page.locator(".preview").inner_text()
    page.get_by_role("button", name="Send").click()
    if has_script(walk):
        return
    publication, secret = open_publication(proposed.folder), page.url.rpartition("~")[2]
    found = proposals_of(publication).of_secret(secret)
    assert found is not None
    assert found.content is not None
    chosen = tuple(range(len(found.content.changes)))
    decision = Decision(name="R", chosen=chosen, words="It is there")
    made = accept_proposal(publication, found.id, decision, Patience(60)).release
    while proposed.client.get(f"{proposed.url}/health").headers["X-Hamkor-Release"] != made:
        page.wait_for_timeout(200)  # the server looks for a new release each second
    page.goto("/?ui=en")  # the browser has kept "/"
    assert "Club of Nukus" in page.locator("figure.map title").all_text_contents()
    page.goto("/queries")
    page.get_by_role("link", name=re.compile("Run.*Which clubs are there")).click()
    assert re.search(r"Karakalpakstan\s+Club of Nukus", page.locator("table").inner_text())
    assert "Club of Nukus" in proposed.client.get(f"{proposed.url}/class/ParentsClub.csv").text
