"""What the catalogue itself puts into words, in English, Russian and Uzbek; everything else it takes from the settings.

Texts are templates of ``str.format``.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

LANGUAGES = ("en", "ru", "uz")

WORDS = MappingProxyType({
    "title": ("The dataset <{base}>", "Набор данных <{base}>", "Maʼlumotlar toʻplami <{base}>"),
    "description": (
        "Linked data with its vocabulary, published in versions that can be cited, queried and downloaded.",
        "Связанные данные и их словарь; версии можно цитировать, запрашивать и скачивать.",
        "Bogʻlangan maʼlumotlar va lugʻati; talqinlaridan iqtibos olish, soʻrov qilish va yuklab olish mumkin.",
    ),
    "contact": ("Contact: {title}", "Контакты: {title}", "Aloqa: {title}"),
    "catalog": ("Catalogue: {title}", "Каталог: {title}", "Katalog: {title}"),
    "catalog-description": (
        "What there is of the dataset: its graphs, files, versions and services, computed from the release itself.",
        "Что есть в наборе данных: графы, файлы, версии и сервисы; составлено по самому выпуску.",
        "Toʻplamda nimalar bor: graflar, fayllar, talqinlar va xizmatlar; nashrning oʻzidan hisoblangan.",
    ),
    "record": ("Record of the dataset", "Запись о наборе данных", "Maʼlumotlar toʻplami haqidagi yozuv"),
    "service": ("SPARQL service: {title}", "Сервис SPARQL: {title}", "SPARQL xizmati: {title}"),
    "service-description": (
        "Answers queries in SPARQL 1.1 over the current release.",
        "Отвечает на запросы SPARQL 1.1 по текущему выпуску.",
        "Joriy nashr boʻyicha SPARQL 1.1 soʻrovlariga javob beradi.",
    ),
    "dump": ("All data as {form}, gzip", "Все данные в {form}, gzip", "Barcha maʼlumotlar {form} formatida, gzip"),
    "dump-quads": (
        "Every named graph of the release but this catalogue, which stands beside it.",
        "Все именованные графы выпуска, кроме этого каталога, который прилагается отдельно.",
        "Nashrning barcha nomli graflari; ushbu katalog alohida beriladi.",
    ),
    "dump-merge": (
        "The statements of all named graphs but this catalogue's, each once, without the names of the graphs.",
        "Утверждения всех именованных графов, кроме этого каталога, каждое один раз, без имён графов.",
        "Ushbu katalogdan tashqari barcha nomli graflarning bayonotlari, har biri bir martadan, graf nomlarisiz.",
    ),
    "graph": ("Graph {name}", "Граф {name}", "{name} grafi"),
    "file": ("File {name}", "Файл {name}", "{name} fayli"),
    "making": ("How this release was made", "Как создан этот выпуск", "Ushbu nashr qanday tayyorlangan"),
    "period": ("{start} to {end}", "с {start} по {end}", "{start} dan {end} gacha"),
    "linkset": ("Links {name} to {target}", "Связи {name} с {target}", "{target} bilan {name} bogʻlanishlari"),
    "links": ("Links {name}", "Связи {name}", "{name} bogʻlanishlari"),
    "class": ("How many things of {name}", "Сколько объектов класса {name}", "{name} sinfidagi obyektlar soni"),
    "property": ("How many statements with {name}", "Сколько утверждений с {name}", "{name} bilan bayonotlar soni"),
})  # fmt: skip


def words(key: str, languages: Iterable[str], **values: str) -> dict[str, str]:
    """Return a text in those of the publication's languages that it is written in, or in English.

    Args:
        key: of ``WORDS``.
        languages: the publication's; ``uz-Latn`` is Uzbek.
        values: what stands in the text.
    """
    own = {tag.partition("-")[0].lower() for tag in languages if tag.lower() != "uz-cyrl"}
    wanted = [language for language in LANGUAGES if language in own] or ["en"]
    return {each: WORDS[key][LANGUAGES.index(each)].format(**values) for each in wanted}


def around(key: str, inner: dict[str, str]) -> dict[str, str]:
    """Return a text around a title, in every language of the title; where it is not written in one, in English."""
    return {
        tag: WORDS[key][LANGUAGES.index(tag) if tag in LANGUAGES else 0].format(title=text)
        for tag, text in inner.items()
    }
