"""Lists, containers and nodes that were blank: on the page of what they belong to, in order, and not by number."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.endpoint.serving import BROWSER, Served


def page(served: Served, path: str) -> str:
    answer = served.get(path, BROWSER)
    assert answer.status_code == 200, path
    return unescape(answer.text)


def row(html: str, name: str) -> str:
    """What one reads in the row of a property, up to the next row of the page itself."""
    found = html.partition(f">ns:{name}</a>")[2].partition("</article>")[0]
    depth, end = 0, len(found)
    for tag in re.finditer(r"<(/?)div", found):
        depth += -1 if tag[1] else 1
        if depth < 0:
            end = tag.start()
            break
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", found[:end])).strip()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("authors", "Ann Bob ns:name Cyril ns:town ns:name Termez 1 2"),
        ("none", "nothing in it"),
        ("seq", "first second tenth"),
        ("choice", "Choice A Б Russian"),
        ("loop", "id/loop round Read on →"),
        ("deep", "ns:in ns:in ns:in ns:in Read on →"),
    ],
)
def test_what_has_no_name_is_shown_by_what_stands_in_it(odd_served: Served, name: str, shown: str) -> None:
    assert row(page(odd_served, "/doc/book"), name) == shown


def test_nothing_is_called_by_the_number_of_a_node(odd_served: Served) -> None:
    assert "unnamed" not in page(odd_served, "/doc/book")
    assert "unnamed" not in page(odd_served, "/doc/address")


def test_order_is_told_where_it_means_something(odd_served: Served) -> None:
    html = page(odd_served, "/doc/book")
    assert '<ol class="members"><li><span>first</span>' in html
    assert '<ul class="members"><li><span>A</span>' in html


def test_a_node_says_first_of_which_kind_it_is_and_does_not_lead_in_circles(odd_served: Served) -> None:
    assert row(page(odd_served, "/doc/address"), "at") == "rdf:type ns:Address ns:street Main 1 ns:is ns:of id/address"


def test_a_long_list_goes_on_where_a_link_leads(odd_served: Served) -> None:
    html = page(odd_served, "/doc/long")
    shown = row(html, "items")
    assert shown.startswith("item 0 item 1 item 2 ")
    assert shown.endswith("item 59 and 140 more")
    (rest,) = re.findall(r'<a href="([^"]*genid[^"]*)">and 140 more</a>', html)
    assert re.findall(r">(item \d+)<", page(odd_served, rest)) == [f"item {place}" for place in range(60, 200)]


def test_a_long_container_shows_all_on_its_own_page(odd_served: Served) -> None:
    assert row(page(odd_served, "/doc/long"), "seq").endswith("place 60 and 40 more")
    html = page(odd_served, "/doc/seq")
    assert re.findall(r">(place \d+)<", html) == [f"place {place}" for place in range(1, 101)]
    assert "rdf:_1" not in html


def test_a_list_that_is_none_is_shown_as_it_is_stated(odd_served: Served) -> None:
    html = page(odd_served, "/doc/twice")
    assert ">one<" in html
    assert ">two<" in html


def test_what_stands_in_a_list_says_where(odd_served: Served) -> None:
    aside = page(odd_served, "/doc/ann").partition('id="incoming"')[2].partition("</section>")[0]
    assert ">ns:authors</a> · 1" in aside
    assert ">Book</a>" in aside
