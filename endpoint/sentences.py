"""Sentences with facts in them: English for programs and terminals, and template and facts for who translates them.

Values only: ``endpoint.telling`` translates and marks up.
"""

from __future__ import annotations

from typing import Self


class Sentence(str):
    """A text of ours with facts in it; as a ``str`` it is the English one.

    Attributes:
        template: the text as the catalogues have it; ``%(name)s`` stands for a fact.
        facts: what stands there; a number (int) is grouped as the reader's language does it.
    """

    template: str
    facts: dict[str, object]

    def __new__(cls, template: str, **facts: object) -> Self:
        """Return the English text, which remembers what it was made of."""
        shown = {name: f"{fact:,}" if isinstance(fact, int) else fact for name, fact in facts.items()}
        sentence = super().__new__(cls, template % shown if facts else template)
        sentence.template, sentence.facts = template, facts
        return sentence


class Quotation(str):
    """What a library or the engine has said, in English; a fact of a sentence of ours."""
