"""Property paths taken apart: the sequences whose solutions together are those of a path (SPARQL 1.1 Query 9.1, 18.4).

An alternative is a union in which solutions count once an arm; the engine counts what both arms find once. So a path
is written as its sequences. What stands under ``*``, ``+`` or ``?`` counts once by definition and stays whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from graph.query.selections import Text
from graph.query.tokens import Kind

MOST_SEQUENCES = 64
SIGNS = frozenset({"*", "+", "?"})


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a sequence as it is written, and whether it may be no step at all."""

    text: str
    is_optional: bool


Sequences = list[tuple[Step, ...]]


class UnclearError(Exception):
    """The text is none that this reads; no error for anybody, since the engine reads it as it is."""


class PathReader:
    """Reads the path that begins at a token.

    Attributes:
        place: the number of the token behind what was read.
    """

    def __init__(self, text: Text, place: int) -> None:
        """Begin at a token."""
        self._text, self.place = text, place

    def sequences(self, *, backwards: bool = False) -> Sequences:
        """Read a path and return its sequences.

        Raises:
            UnclearError: there is no path, or it has more sequences than can be written out.
        """
        found = self._sequence(backwards=backwards)
        while self._took("|"):
            found = found + self._sequence(backwards=backwards)
        return found

    def _sequence(self, *, backwards: bool) -> Sequences:
        parts = [self._step(backwards=backwards)]
        while self._took("/"):
            parts.append(self._step(backwards=backwards))
        if backwards:
            parts.reverse()
        size = 1
        for part in parts:
            size *= len(part)
        if size > MOST_SEQUENCES:
            raise UnclearError
        return [sum(each, ()) for each in product(*parts)]

    def _step(self, *, backwards: bool) -> Sequences:
        """Read a step: one predicate, a group, or what is repeated, perhaps walked the other way."""
        backwards ^= self._took("^")
        start = self.place
        inner = self._primary(backwards=backwards)
        if self._text.word(self.place) not in SIGNS:
            return inner
        sign = self._text.word(self.place)
        self.place += 1
        begins, ends = self._text[start].start, self._text[self.place - 1].end
        written = self._text.text[begins:ends]
        nothing = any(all(step.is_optional for step in each) for each in inner)
        return [(Step(f"^{written}" if backwards else written, sign != "+" or nothing),)]

    def _primary(self, *, backwards: bool) -> Sequences:
        if self._took("("):
            inner = self.sequences(backwards=backwards)
            if not self._took(")"):
                raise UnclearError
            return inner
        if self._took("!"):
            return self._negated(backwards=backwards)
        return [(Step(("^" if backwards else "") + self._predicate(), is_optional=False),)]

    def _negated(self, *, backwards: bool) -> Sequences:
        """Read what no predicate may be: two sets, where some of them are walked the other way."""
        sets: dict[bool, list[str]] = {False: [], True: []}
        grouped = self._took("(")
        while True:
            inverse = self._took("^")
            sets[inverse].append(self._predicate())
            if not (grouped and self._took("|")):
                break
        if grouped and not self._took(")"):
            raise UnclearError
        arms = [(inverse, f"!({'|'.join('^' * inverse + each for each in sets[inverse])})") for inverse in sets]
        return [
            (Step(("^" if backwards else "") + written, is_optional=False),)
            for inverse, written in arms
            if sets[inverse]
        ]

    def _predicate(self) -> str:
        token = self._text[self.place]
        if token.kind not in (Kind.IRI, Kind.PREFIXED_NAME) and not (token.kind is Kind.WORD and token.text == "a"):
            raise UnclearError
        self.place += 1
        return token.text

    def _took(self, sign: str) -> bool:
        taken = self._text.word(self.place) == sign
        self.place += taken
        return taken
