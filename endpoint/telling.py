"""What problems say, told in the language of a page: sentences of ours translated, words of others quoted as English.

It decides nothing; what libraries and the engine say stays English and is marked so, for screen readers, too.
"""

from __future__ import annotations

import re
from functools import cache

from flask import Flask
from flask_babel import format_decimal
from markupsafe import Markup, escape

from endpoint.language import page_language, translated
from endpoint.sentences import Quotation, Sentence
from endpoint.wordings import NAMES, WORDINGS

LONGEST = 2_000
"""Longer texts are not compared with the known wordings: nothing of ours is as long."""
WORDS = "words"
"""The fact of a wording that is a library's words."""
SINGLE = frozenset({"datatype", "number", "size", "line", "column", "columns", "encoding", "iri", "graph"})
"""Facts without blanks; a wording must not take a parser's words for its own."""
PLACE = re.compile(r"(%\(\w+\)s)")


def install(app: Flask) -> None:
    """Let templates tell what problems say: ``{{ problem.detail|told }}``, ``{{ "line"|named }}``."""
    app.jinja_env.filters["told"] = told
    app.jinja_env.filters["named"] = lambda name: translated(NAMES[name]) if name in NAMES else name


def told(text: str) -> Markup:
    """Return a text for a page in the reader's language: a sentence translated, anything else quoted as English."""
    sentence = text if isinstance(text, Sentence) else recognised(text)
    if sentence is None:
        return escape(text) if page_language() == "en" else Markup('<q lang="en">{}</q>').format(text)
    template = escape(translated(sentence.template))
    return template % {name: _fact(fact) for name, fact in sentence.facts.items()} if sentence.facts else template


def _fact(fact: object) -> str:
    if isinstance(fact, Sentence | Quotation):
        return told(fact)
    return str(format_decimal(fact)) if isinstance(fact, int) else str(fact)


def recognised(text: str) -> Sentence | None:
    """Return the sentence that a text is, or None: errors from the packages below have their facts in the text only."""
    if len(text) > LONGEST:
        return None
    for template, pattern in _patterns():
        if found := pattern.fullmatch(text):
            facts = {name: Quotation(fact) if name == WORDS else fact for name, fact in found.groupdict().items()}
            return Sentence(template, **facts)
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the known wordings, those with most words of their own first."""
    ranked = sorted(WORDINGS, key=lambda each: -len(PLACE.sub("", each)))
    return tuple((each, re.compile(_pattern(each), re.DOTALL)) for each in ranked)


def _pattern(template: str) -> str:
    return "".join(_group(each[2:-2]) if PLACE.fullmatch(each) else re.escape(each) for each in PLACE.split(template))


def _group(name: str) -> str:
    return f"(?P<{name}>\\S+)" if name in SINGLE else f"(?P<{name}>.+?)"
