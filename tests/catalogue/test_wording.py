"""The catalogue's own words: each text in three languages, with the same places, and well spelt."""

from __future__ import annotations

import re
import tomllib

import pytest
from babel.core import get_global

from graph.catalogue import contents
from graph.catalogue.contents import FILE, KNOWN
from graph.catalogue.dataset_description import left_out
from graph.model.settings import AboutSettings, PrivacySettings, Settings

TEXTS: dict[str, dict[str, str]] = tomllib.loads(FILE.read_text(encoding="utf-8"))
WRONG = re.compile("['`´‘’]|[OoGg]\u02bc|(?<![OoGg])\u02bb")


@pytest.mark.parametrize("key", TEXTS)
def test_each_text_is_said_in_three_languages_with_the_same_values(key: str) -> None:
    texts = TEXTS[key]
    assert set(texts) == {"en", "ru", "uz"}
    assert len({frozenset(re.findall(r"\{\w+\}", text)) for text in texts.values()}) == 1


@pytest.mark.parametrize("key", TEXTS)
def test_uzbek_letters_are_the_right_characters(key: str) -> None:
    assert not WRONG.search(TEXTS[key]["uz"])


def test_the_graphs_that_every_publication_has_are_called_by_what_is_in_them() -> None:
    assert {f"graph-{name}" for name in KNOWN} <= set(TEXTS)


def test_languages_have_the_codes_of_the_eu() -> None:
    named = {tag: list(contents.languages([tag])) for tag in ("hu", "ga", "pt-BR", "uz-Cyrl", "kaa", "iw", "mt")}
    codes = {tag: [iri.rpartition("/")[2] for iri in iris] for tag, iris in named.items()}
    assert codes == {"hu": ["HUN"], "ga": ["GLE"], "pt-BR": ["POR"], "uz-Cyrl": ["UZB"], "kaa": ["KAA"],
                     "iw": ["HEB"], "mt": ["MLT"]}  # fmt: skip


def test_every_code_of_two_letters_is_known_and_means_what_cldr_says() -> None:
    aliases = {three: two for three, two in get_global("language_aliases").items() if len(three) == 3}
    assert {two for two in aliases.values() if len(two) == 2} <= contents.LANGUAGES.keys()
    others = {two: three for two, three in contents.LANGUAGES.items() if aliases.get(three.lower()) != two}
    assert others == {"sh": "HBS", "tl": "TGL", "tw": "TWI", "iw": "HEB", "in": "IND", "ji": "YID", "mo": "RON"}


def test_a_language_without_a_code_is_told() -> None:
    settings = Settings(languages=("en", "xx", "qaa", "x-klingon"))
    assert [each for each in left_out(settings) if "xx, qaa, x-klingon" in each]
    assert not [each for each in left_out(Settings(languages=("en", "hu"))) if "languages" in each]


@pytest.mark.parametrize(
    ("graphs", "contact", "is_told"),
    [(("contacts",), "", True), (("contacts",), "desk@example.org", False), ((), "", False)],
)
def test_personal_data_without_a_contact_is_told(graphs: tuple[str, ...], contact: str, is_told: bool) -> None:
    settings = Settings(about=AboutSettings(contact=contact), privacy=PrivacySettings(personal_graphs=graphs))
    assert any("about.contact" in each for each in left_out(settings)) == is_told
