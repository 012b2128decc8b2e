"""How texts are written, in whatever file they stand: Russian with ё, dashes by one rule, letters of one script a word.

What a source prints is not ours to change: of ``data/`` only the texts in which we describe are read for ё and dashes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest

from endpoint.catalogues import TRANSLATED, catalogue
from graph.catalogue.contents import FILE

ROOT = Path(__file__).resolve().parents[1]
OURS = ("http://purl.org/dc/terms/description", "http://www.w3.org/2000/01/rdf-schema#comment")
"""Properties whose texts are never a source's."""
DESCRIBING = ("queries.ttl",)
"""Files of ``data/`` in which all is our own wording."""
WITHOUT_YO = re.compile(
    r"\b(?:ее|еще|нее|мое|твое|свое|причем|зачет|полет|взлет|прием|заем|объем|подъем|имен|семен|времен|племен|счет"
    r"|внесен|введен|включен|выведен|изменен|определен|отнесен|объединен|посвящен|приведен|проведен|произведен"
    r"|утвержден|учрежден|упразднен|заменен|отменен|отмененн?\w*|передает|дает|создает|ведет|идет|берет|ждет|живет"
    r"|придет|пройдет|найдет)\b"
    r"|\b[ОоВвНн]а? чем\b(?! из| в )|ребенк|молодеж|партнер|надежн|подсчет|расчет|отчет|учет(?!н)|счетч|серьез|черн"
    r"|желт|зелен|твердо|решет|объединенн|определенн|измененн|утвержденн|учрежденн|проведенн|введенн|актер"
    r"|\b(?:трех|четырех|легкий|легкая|далекий)",
    re.IGNORECASE,
)
"""Words that are read with ё and written without; *все* and *чем* are words of their own, too."""
MIXED = re.compile(r"[A-Za-z]['ʻʼ]?[А-Яа-яЁёЎўҚқҒғҲҳ]|[А-Яа-яЁёЎўҚқҒғҲҳ]['ʻʼ]?[A-Za-z]")
QUOTED = re.compile("«[^»]*»(?!»)[^»:]*»|«[^»]*»|“[^”]*”")
"""A word that is spoken of."""
CYRILLIC = re.compile("[А-Яа-яЁёЎўҚқҒғҲҳІі]")


@cache
def literals() -> tuple[tuple[Path, str, str, str], ...]:
    """File, property, language and text of whatever has a language in ontology, shapes and data."""
    files = sorted(path for folder in ("ontology", "shapes", "data") for path in (ROOT / folder).rglob("*.ttl"))
    return tuple(
        (path, quad.predicate.value, quad.object.language, quad.object.value)
        for path in files
        for quad in ox.parse(path=path, base_iri="https://w3id.org/hamkor/")
        if isinstance(quad.object, ox.Literal) and quad.object.language
    )


def texts(language: str) -> Iterator[tuple[str, str]]:
    """File and text of whatever is written in a language, of which ``data/`` holds much that sources print."""
    for path, _, tag, text in literals():
        if tag.partition("-")[0] == language and not tag.lower().endswith("cyrl"):
            yield path.name, text
    yield from wordings(language)


def wordings(language: str) -> Iterator[tuple[str, str]]:
    """File and text of what settings, catalogue and interface say in a language."""
    for message in catalogue(language) if language in TRANSLATED else ():
        for text in message.string if isinstance(message.string, tuple) else (message.string,):
            yield "messages.po", text
    for each in tomllib.loads(FILE.read_text(encoding="utf-8")).values():
        yield FILE.name, each[language]
    yield from spoken(tomllib.loads((ROOT / "hamkor.toml").read_text(encoding="utf-8")), language)


def spoken(settings: dict[str, object], language: str) -> Iterator[tuple[str, str]]:
    """What the settings say in a language, at any depth."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from spoken(value, language)
        elif key == language:
            yield from (("hamkor.toml", str(each)) for each in (value if isinstance(value, list) else [value]))


def own(language: str) -> Iterator[tuple[str, str]]:
    """File and text of what is our own wording in a language."""
    for path, name, tag, text in literals():
        is_own = path.parent.name != "data" or path.name in DESCRIBING or name in OURS
        if tag.partition("-")[0] == language and is_own:
            yield path.name, text
    yield from wordings(language)


def test_russian_is_written_with_yo() -> None:
    assert [(name, text) for name, text in own("ru") if WITHOUT_YO.search(text)] == []


@pytest.mark.parametrize("language", ["ru", "uz"])
def test_a_dash_is_long_and_stands_between_blanks(language: str) -> None:
    assert [(name, text) for name, text in own(language) if re.search(r"(?<!,) [-–] |[^\s«(]—|—[^\s,.»]", text)] == []


@pytest.mark.parametrize("language", ["ru", "uz"])
def test_no_word_mixes_scripts(language: str) -> None:
    """A Cyrillic а among Latin letters looks right, and nothing finds it."""
    assert [(name, text) for name, text in texts(language) if MIXED.search(text)] == []


def test_uzbek_in_latin_has_no_cyrillic_letter() -> None:
    assert [(name, text) for name, text in texts("uz") if CYRILLIC.search(QUOTED.sub("", text))] == []


LEFT_BEHIND = {
    "ru": r"\bиздани|кто вы\?|\bрешени[еяй]\b(?= *$)|имя в сети|^(?:шире|уже|чего)$|^граф: |^отозван$",
    "uz": r"nashriyot|nomuvofiqlik|\btasdiq(?:lar\w*|i)?\b|yechim|siz kimsiz|kimning maqsadi|ishchilar band|^graf: ",
}
"""Wordings that readers did not understand, or that had a second word beside the one that is used elsewhere."""


@pytest.mark.parametrize("language", LEFT_BEHIND)
def test_one_thing_is_called_by_one_word(language: str) -> None:
    left = re.compile(LEFT_BEHIND[language], re.IGNORECASE)
    assert [(name, text) for name, text in own(language) if left.search(text)] == []
