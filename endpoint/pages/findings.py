"""What validation found, for a page: findings that are alike are one entry with the places where it was found.

Alike are those that one shape makes of one property in the same words; nodes, values and what mends them may differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graph.contribution.values import Document, Found

OPEN = 3
"""So many places of an entry are seen at once; the others unfold."""
UNNAMED = Document("", "").name
"""What a document is called that has no name: a page need not say so."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found.

    Attributes:
        document: the name of the document, or an empty string where it has none.
        line: in it, where that is known.
        focus: the node, in N-Triples syntax; below the base as a relative IRI.
        value: the offending value, or None.
    """

    document: str
    line: int | None
    focus: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """An entry of a report.

    Attributes:
        said: what is said once: the first of the results.
        remedies: how to mend it, by language, each once.
        places: where, each once, from the first line of each document on.
    """

    said: Found
    remedies: tuple[dict[str, str], ...]
    places: tuple[Place, ...]

    @property
    def shown(self) -> Sequence[Place]:
        """The places that are seen at once; never all but one."""
        return self.places if len(self.places) <= OPEN + 1 else self.places[:OPEN]

    @property
    def further(self) -> Sequence[Place]:
        """The places that unfold."""
        return self.places[len(self.shown) :]


def folded(results: Iterable[Found], base: str) -> list[Finding]:
    """Return results as entries, each where its first place stands."""
    alike = dict[tuple[object, ...], list[Found]]()
    for each in results:
        alike.setdefault((each.severity, each.shape, each.path, *sorted(each.messages.items())), []).append(each)
    return [_finding(found, base) for found in alike.values()]


def _finding(found: Sequence[Found], base: str) -> Finding:
    remedies = {tuple(each.remedy.items()): each.remedy for each in found if each.remedy}
    places = dict.fromkeys(_place(each, base) for each in found)
    in_order = sorted(places, key=lambda each: (each.document, each.line or 0))
    return Finding(found[0], tuple(remedies.values()), tuple(in_order))


def _place(result: Found, base: str) -> Place:
    document = "" if result.document == UNNAMED else result.document
    value = None if result.value == result.focus else result.value
    return Place(document, result.line, result.focus.replace(f"<{base}", "<", 1), value)
