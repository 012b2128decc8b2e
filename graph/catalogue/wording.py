"""What the catalogue itself puts into words, in English, Russian and Uzbek; everything else it takes from the settings.

The texts stand in ``wording.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_suffix(".toml")


def words(key: str, languages: Iterable[str], **values: str) -> dict[str, str]:
    """Return a text in those of the publication's languages that it is written in, or in English.

    Args:
        key: a table of ``wording.toml``.
        languages: the publication's; ``uz-Latn`` is Uzbek.
        values: what stands in the text.
    """
    own = {tag.partition("-")[0].lower() for tag in languages if tag.lower() != "uz-cyrl"}
    texts = _texts()[key]
    return {each: texts[each].format(**values) for each in texts if each in own} or {"en": texts["en"].format(**values)}


def around(key: str, inner: dict[str, str]) -> dict[str, str]:
    """Return a text around a title, in every language of the title; where it is not written in one, in English."""
    texts = _texts()[key]
    return {tag: texts.get(tag, texts["en"]).format(title=text) for tag, text in inner.items()}


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
