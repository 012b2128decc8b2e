"""Uzbek in the reader's script: letters, words of others, and how it is marked."""

from __future__ import annotations

import re

import pytest

from endpoint.http.languages import in_script, to_cyrillic, to_latin
from graph.model.description import Label
from tests.endpoint.serving import BROWSER, Served

BOTH = [
    ("Oʻzbekiston Respublikasi Xalq taʼlimi vazirligi", "Ўзбекистон Республикаси Халқ таълими вазирлиги"),
    ("Termizdagi ota-onalar klubi", "Термиздаги ота-оналар клуби"), ("yoʻl", "йўл"), ("yer", "ер"),
    ("ertak, ekin", "эртак, экин"), ("poema", "поэма"), ("Shahrisabz choyxonasi", "Шаҳрисабз чойхонаси"),
    ("YUNISEF", "ЮНИСЕФ"), ("SHAHAR", "ШАҲАР"), ("Yangi", "Янги"), ("gʻoya", "ғоя"), ("2014-yil", "2014-йил"),
]  # fmt: skip


@pytest.mark.parametrize(("latin", "cyrillic"), BOTH)
def test_latin_becomes_cyrillic(latin: str, cyrillic: str) -> None:
    assert to_cyrillic(latin) == cyrillic


@pytest.mark.parametrize(("latin", "cyrillic"), BOTH)
def test_cyrillic_becomes_latin(latin: str, cyrillic: str) -> None:
    assert to_latin(cyrillic) == latin


@pytest.mark.parametrize("text", ["UNICEF", "www", "XXI", "Ислом", "", "123", "العربية"])
def test_what_is_no_uzbek_in_latin_stays(text: str) -> None:
    assert to_cyrillic(text) == text


def test_what_one_script_does_not_write_is_lost() -> None:
    assert (to_latin("Конституция"), to_latin("цирк"), to_latin("апрель")) == ("Konstitutsiya", "sirk", "aprel")


@pytest.mark.parametrize(("tag", "wanted", "found"), [
    ("uz-latn", ("uz-cyrl",), "uz-cyrl-t-uz-latn"), ("uz", ("ru", "uz-cyrl"), "uz-cyrl-t-uz-latn"),
    ("uz-cyrl", ("uz",), "uz-latn-t-uz-cyrl"), ("uz-cyrl", ("uz-cyrl", "uz"), "uz-cyrl"),
    ("uz-latn", ("uz",), "uz-latn"), ("uz-latn", ("ru", "en"), "uz-latn"), ("ru", ("uz",), "ru"),
    ("", ("uz-cyrl",), ""),
])  # fmt: skip
def test_only_uzbek_in_the_other_script_is_written_anew(tag: str, wanted: tuple[str, ...], found: str) -> None:
    assert in_script(Label("Toshkent", tag), wanted).language == found


def test_readers_of_cyrillic_get_cyrillic_names_and_see_which_are_ours(flagship_served: Served) -> None:
    page = flagship_served.get("/doc/club/termez?ui=uz&lang=uz-Cyrl", BROWSER).text
    assert re.search(r'<h1[^>]*lang="uz-cyrl-t-uz-latn"[^>]*>\s*(?:<span[^>]*>)?Термиздаги', page)
    assert "Oʻzbek tilining boshqa yozuvidan harfma-harf" in page
    city = flagship_served.get("/doc/place/termez?ui=uz&lang=uz-Cyrl", BROWSER).text
    assert re.search(r'<h1 lang="uz-cyrl">Термиз<', city)


def test_readers_of_latin_get_latin_names(flagship_served: Served) -> None:
    for path in ("/", "/doc/forum/2014", "/doc/body/kamolot", "/doc/body/youth-union-of-uzbekistan", "/class"):
        page = flagship_served.get(f"{path}?ui=uz", BROWSER).text
        assert not re.search(r'<(?:a|h1)[^>]*lang="uz-cyrl', page), path


def test_the_script_is_offered_where_uzbek_is(flagship_served: Served) -> None:
    page = flagship_served.get("/?ui=ru", BROWSER).text
    assert re.search(r'<a href="[^"]*lang=uz-Cyrl[^"]*" lang="uz-Cyrl"[^>]*>[Ўў]збекча[^<]*</a>', page)
