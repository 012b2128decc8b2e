"""The interface in its three languages: catalogues that are whole, compiled, well spelt; and nothing outside them."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest

from endpoint.catalogues import PACKAGE, TRANSLATED, catalogue, missing, path

TEMPLATES = sorted((PACKAGE / "templates").glob("*.html"))
MARKUP = re.compile(
    r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<(pre|code|option|script|style)\b.*?</\1>|<[^>]*>| lang=\"|&\w+;", re.DOTALL
)
SPOKEN = re.compile(r'\b(?:aria-label|placeholder|alt)="([^"{]*)"')
NAMES = {
    "Turtle",
    "N",
    "Quads",
    "JSON",
    "LD",
    "SPARQL",
    "ETag",
    "Excel",
    "Parquet",
    "XML",
    "CSV",
    "RDF",
    "TSV",
    "Patch",
    "SHA",
    "IRI",
    "Python",
    "R",
    "curl",
}
"""Names of formats, which every language writes so."""


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language: str) -> None:
    assert not list(missing(language)), "run make translations and write them"


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_the_places_of_values(language: str) -> None:
    for message in catalogue(language):
        given = message.id if isinstance(message.id, tuple) else (message.id,)
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in said:
            assert set(re.findall(r"%\(\w+\)s", text)) == set(re.findall(r"%\(\w+\)s", given[-1])) or not message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_served_is_what_is_written(language: str) -> None:
    with path(language, "mo").open("rb") as file:
        served = gettext.GNUTranslations(file)
    for message in catalogue(language):
        if message.id and not isinstance(message.id, tuple):
            assert served.gettext(message.id) == message.string
        elif message.id:
            assert {served.ngettext(*message.id, number) for number in (1, 2, 5)} == set(message.string)


def test_uzbek_letters_are_the_right_characters() -> None:
    """Oʻ and gʻ with U+02BB, the apostrophe of taʼlim with U+02BC, and no other sign in their place."""
    wrong = re.compile("['`´‘’]|[OoGg]\u02bc|(?<![OoGg])\u02bb")
    texts = [
        text for each in catalogue("uz") for text in (each.string if isinstance(each.string, tuple) else [each.string])
    ]
    assert [text for text in texts if wrong.search(text)] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.name)
def test_no_template_says_anything_in_one_language_only(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    words = set(re.findall(r"[A-Za-z]{1,}", MARKUP.sub(" ", text)))
    assert words <= NAMES
    assert {word for said in SPOKEN.findall(text) for word in re.findall(r"[A-Za-z]+", said)} <= NAMES


def test_the_style_sheet_is_small() -> None:
    assert (PACKAGE / "static" / "style.css").stat().st_size < 20_000
