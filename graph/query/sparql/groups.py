"""Group graph patterns, rewritten where the engine answers them wrongly, and the variables that they bring in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from graph.model.errors import QueryRefusedError
from graph.query.sparql.projection import (
    CLOSING,
    OPENING,
    PathReader,
    Sequences,
    SequenceStep,
    Span,
    Text,
    UnclearError,
)
from graph.query.sparql.tokens import FORMS, Token, TokenKind

# Group graph patterns written so that the engine answers as the specification means them (SPARQL 1.1 Query 18).
#
# Three things the engine (pyoxigraph 0.5.13) answers otherwise, in silence: what both arms of a path ``a|b`` find
# counts once and not twice; a path that may be no step does not lead from a constant to itself where no triple has it;
# and the name of a graph in ``GRAPH ?g`` is joined inside the pattern, so that a part without triples is of no graph,
# and a subquery is of all graphs together. Each is written out: as a UNION, and as one pattern for each graph. Patterns
# within EXISTS and within SERVICE stay as they are, and so does a text that cannot be followed.

CONCERNED = re.compile(r"\bGRAPH\b|(?<!\|)\|(?![|}])|[*?](?![\w\u0080-\U0010FFFF])", re.IGNORECASE)
ELEMENTS = frozenset({"OPTIONAL", "MINUS", "LATERAL", "GRAPH", "SERVICE", "FILTER", "BIND", "VALUES", "{", "}"})
NAMES = frozenset({TokenKind.IRI, TokenKind.PREFIXED_NAME})
CONSTANTS = NAMES | {TokenKind.STRING, TokenKind.NUMBER}
NO_GRAPH = "<urn:x-hamkor:no-graph>"
MOST_CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class _Part:
    """A pattern as it is to be written.

    Attributes:
        text: how.
        binds: whether every solution comes of some triple of the active graph.
        is_local: whether all in it that depends on the active graph is joined by that graph's name.
        certain: variables that every solution binds.
    """

    text: str
    binds: bool
    is_local: bool = True
    certain: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _PatternNode:
    """A subject or an object as it is written; it is a constant, a variable, blank (a node of its own) or other."""

    text: str
    kind: str


def by_specification(text: str, graphs: Callable[[], Sequence[str]]) -> str:
    """Return a query with its patterns written out where the engine would answer otherwise than they mean.

    Args:
        text: the query, which the guard has passed.
        graphs: says the names of the named graphs that it sees.

    Raises:
        QueryRefusedError: there are too many graphs to write a pattern out for each.
    """
    if CONCERNED.search(text) is None:
        return text
    read = Text(text)
    start = _main_group(read)
    if start is None:
        return text
    try:
        whole = _Groups(read, graphs).group(start)
    except (UnclearError, RecursionError):  # nested more deeply than Python bears, and than anybody writes
        return text
    return text[: read[start].start] + whole.text + text[read[read.behind(start) - 1].end :]


def _main_group(text: Text) -> int | None:
    """Return the token that opens the pattern of the query; None where it has none, or needs nothing."""
    forms = (number for number in range(len(text.tokens)) if text.word(number) in FORMS)
    begin = next(forms, len(text.tokens))
    behind = begin + 1
    if text.word(begin) == "CONSTRUCT":
        if text.word(behind) != "{":
            return None  # its short form has no paths and no GRAPH
        behind = text.behind(behind)
    place = text.until(behind, frozenset({"{"}))
    return place if text.word(place) == "{" else None


class _Groups:
    """The groups of one query."""

    def __init__(self, text: Text, graphs: Callable[[], Sequence[str]]) -> None:
        self._text, self._graphs = text, graphs
        self._copies = self._fresh = 0

    def group(self, start: int) -> _Part:
        """Write a group, from its opening bracket on."""
        end = self._text.behind(start) - 1
        if end < start:
            raise UnclearError
        if self._text.word(start + 1) == "SELECT":
            where = self._text.until(start + 1, frozenset({"{"}))
            inner, behind = self.group(where), self._text.behind(where)
            written = self._between(start, where) + inner.text + self._between(behind, end + 1)
            return _Part(written, binds=False, is_local=False)
        texts, place, whole = ["{"], start + 1, _Part("", binds=False, certain=set())
        while place < end:
            part, place = self._element(place, end, whole)
            texts.append(part.text)
            whole.certain.update(part.certain)
            whole = replace(whole, binds=whole.binds or part.binds, is_local=whole.is_local and part.is_local)
        return replace(whole, text=" ".join((*texts, "}")))

    def _element(self, place: int, end: int, before: _Part) -> tuple[_Part, int]:
        """Write one element of a group, which stands behind others."""
        word = self._text.word(place)
        if word == "{":
            return self._union(place)
        if word in ("OPTIONAL", "MINUS", "LATERAL"):
            inner = self.group(self._opening(place + 1))
            is_local = before.binds and inner.is_local and word != "LATERAL"
            if word == "MINUS":  # the name of the graph must not be all that both sides share
                is_local &= inner.binds and bool(before.certain & inner.certain)
            return _Part(f"{word} {inner.text}", binds=False, is_local=is_local), self._text.behind(place + 1)
        if word == "GRAPH":
            return self._graph(place), self._text.behind(place + 2)
        if word in ELEMENTS:
            behind = self._plain(place)
            selects = any(self._text.word(each) == "SELECT" for each in range(place, behind))
            is_local = word == "SERVICE" or not selects
            return _Part(self._between(place, behind), binds=False, is_local=is_local), behind
        if word == ".":
            return _Part(".", binds=False), place + 1
        return self._triples(place, end)

    def _plain(self, place: int) -> int:
        """Return the token behind a FILTER, BIND, VALUES or SERVICE."""
        word, number = self._text.word(place), place + 1
        if word == "BIND":
            return self._text.behind(self._opening(number, "("))
        opening = "{" if word in ("VALUES", "SERVICE") else ""
        if word == "VALUES":
            number = self._text.behind(number)  # a variable or several
        while self._text.word(number) not in ({opening} if opening else {"(", "{"}):
            if number >= place + 4:
                raise UnclearError
            number += 1
        return self._text.behind(number)

    def _union(self, place: int) -> tuple[_Part, int]:
        arms = [self.group(place)]
        place = self._text.behind(place)
        while self._text.word(place) == "UNION":
            arms.append(self.group(self._opening(place + 1)))
            place = self._text.behind(place + 1)
        binds, is_local = all(arm.binds for arm in arms), all(arm.is_local for arm in arms)
        # an arm without triples beside one with them: its solutions would be of no graph
        is_local &= binds or not any(arm.binds for arm in arms)
        certain = set.intersection(*(arm.certain for arm in arms))
        return _Part(" UNION ".join(arm.text for arm in arms), binds, is_local, certain), place

    # GRAPH

    def _graph(self, place: int) -> _Part:
        name, inner = self._text[place + 1], self.group(self._opening(place + 2))
        is_empty = self._text.behind(place + 2) == place + 4
        is_local = inner.binds and inner.is_local and not self._names(name, place + 2)
        if is_empty or is_local:
            return _Part(f"GRAPH {name.text} {inner.text}", binds=False)
        if name.kind is not TokenKind.VARIABLE:
            return _Part(f"GRAPH {name.text} {{ }} GRAPH {name.text} {inner.text}", binds=False)
        graphs = self._graphs()
        if len(inner.text) * len(graphs) > MOST_CHARACTERS:
            problem = (
                f"what stands in GRAPH {name.text} would have to be asked of each of {len(graphs)} graphs; name one"
            )
            raise QueryRefusedError(problem)
        arms = [self._of_graph(name.text, f"<{graph}>", inner.text) for graph in graphs]
        none = f"{{ VALUES {name.text} {{ }} GRAPH {NO_GRAPH} {inner.text} }}"
        return _Part(" UNION ".join(arms or [none]), binds=False)

    def _names(self, name: Token, start: int) -> bool:
        """Whether a group has a variable in its patterns; in filters and expressions it is the graph, as elsewhere."""
        brackets: list[str] = []
        for place in range(start, self._text.behind(start)):
            token = self._text[place]
            if token.text in OPENING and token.kind is TokenKind.OPERATOR:
                brackets.append(token.text)
            elif token.text in CLOSING and token.kind is TokenKind.OPERATOR:
                brackets.pop()
            elif token.kind is TokenKind.VARIABLE and token.text[1:] == name.text[1:] and "(" not in brackets:
                return True
        return False

    def _of_graph(self, variable: str, graph: str, pattern: str) -> str:
        self._copies += 1
        labelled = _relabelled(pattern, f"_:g{self._copies}x") if "_:" in pattern else pattern
        return f"{{ VALUES {variable} {{ {graph} }} GRAPH {graph} {labelled} }}"

    # Triples

    def _triples(self, place: int, end: int) -> tuple[_Part, int]:
        """Write triples up to the next element: those that stay, then what is written out as groups."""
        kept: list[str] = []
        groups: list[str] = []
        binds = False
        certain: set[str] = set()
        while place < end and self._text.word(place) not in ELEMENTS:
            behind = place
            while behind < end and self._text.word(behind) not in ELEMENTS | {"."}:
                behind = self._text.behind(behind) or end
            if behind > place:
                pairs = self._written_out(Span(place, behind))
                plain = self._between(place, behind) if pairs is None else " . ".join(pairs[0])
                kept += [f"{plain} ."] if plain else []
                groups += pairs[1] if pairs else []
                binds |= bool(plain) or (pairs is not None and any("NOT EXISTS" not in each for each in pairs[1]))
                certain |= {self._text[each].text[1:] for each in range(place, behind) if self._is_variable(each)}
            place = behind + (self._text.word(behind) == ".")
        return _Part(" ".join(kept + groups), binds, certain=certain), place

    def _is_variable(self, place: int) -> bool:
        return self._text[place].kind is TokenKind.VARIABLE

    def _written_out(self, span: Span) -> tuple[list[str], list[str]] | None:
        """Return triples that stay and groups in place of the others; None where all stay, or it cannot be done."""
        try:
            subject, place = self._node(span.start)
            pairs = []
            while place < span.end:
                start = place
                sequences, place = self._verb(place)
                verb = self._between(start, place)
                while True:
                    target, place = self._node(place)
                    pairs.append((verb, sequences, target))
                    if self._text.word(place) != ",":
                        break
                    place += 1
                while place < span.end and self._text.word(place) == ";":
                    place += 1
                if place < span.end and self._text.word(place - 1) != ";":
                    return None
        except UnclearError:
            return None
        concerned = [self._is_concerned(subject, *pair[1:]) for pair in pairs]
        if not any(concerned) or (subject.text == "[]" and len(pairs) > 1):
            return None
        nodes = [node for pair, needs in zip(pairs, concerned, strict=True) if needs for node in (subject, pair[2])]
        if any(node.kind == "other" for node in nodes):
            return None
        kept = [
            f"{subject.text} {verb} {target.text}"
            for (verb, _, target), needs in zip(pairs, concerned, strict=True)
            if not needs
        ]
        return kept, [
            self._arms(subject, pair[1], pair[2]) for pair, needs in zip(pairs, concerned, strict=True) if needs
        ]

    def _verb(self, place: int) -> tuple[Sequences, int]:
        if self._text[place].kind is TokenKind.VARIABLE:
            return [(SequenceStep(self._text[place].text, is_optional=False),)], place + 1
        reader = PathReader(self._text, place)
        return reader.sequences(), reader.place

    def _is_concerned(self, subject: _PatternNode, sequences: Sequences, target: _PatternNode) -> bool:
        return len(sequences) > 1 or any(_may_be_nothing(each, subject, target) for each in sequences)

    def _arms(self, subject: _PatternNode, sequences: Sequences, target: _PatternNode) -> str:
        arms = []
        for each in sequences:
            arms.append(f"{{ {subject.text} {'/'.join(step.text for step in each)} {target.text} }}")
            if _may_be_nothing(each, subject, target):
                arms.append(self._no_step(subject, target))
        return " UNION ".join(arms)

    def _no_step(self, subject: _PatternNode, target: _PatternNode) -> str:
        """Return the solution in which a constant leads to itself, where no triple has it: else the path finds it."""
        constant, other = (subject, target) if subject.kind == "constant" else (target, subject)
        self._fresh += 1
        one, two = (f"?path{'_' * self._room}{self._fresh}{end}" for end in "xy")
        unknown = f"{{ {one} {two} {constant.text} }}"
        if constant.text[0] not in "\"'0123456789+-.":
            unknown += f" UNION {{ {constant.text} {one} {two} }}"
        if other.kind == "variable":
            return f"{{ VALUES {other.text} {{ {constant.text} }} FILTER NOT EXISTS {{ {unknown} }} }}"
        same = f"FILTER(SAMETERM({constant.text},{other.text}))" if other.kind == "constant" else ""
        return f"{{ {same} FILTER NOT EXISTS {{ {unknown} }} }}"

    @property
    def _room(self) -> int:
        """How many signs a name of ours needs to be nobody else's."""
        size = 0
        while f"path{'_' * size}" in self._text.text:
            size += 1
        return size

    def _node(self, place: int) -> tuple[_PatternNode, int]:
        """Read a subject or an object."""
        token, start = self._text[place], place
        if token.kind is TokenKind.VARIABLE:
            return _PatternNode(token.text, "variable"), place + 1
        if token.kind in CONSTANTS or token.text in ("true", "false"):
            place += 1
            if self._text[place].kind is TokenKind.LANGUAGE:
                place += 1
            elif self._text.word(place) == "^^":
                place += 2
            return _PatternNode(self._between(start, place), "constant"), place
        if token.text == "[" and self._text[place + 1].text == "]":
            return _PatternNode("[]", "blank"), place + 2
        if token.kind is TokenKind.BLANK_NODE:
            return _PatternNode(token.text, "other"), place + 1
        behind = self._text.behind(place) if token.text in ("[", "(") else 0
        if not behind:
            raise UnclearError
        return _PatternNode(self._between(place, behind), "other"), behind

    def _opening(self, place: int, bracket: str = "{") -> int:
        if self._text.word(place) != bracket:
            raise UnclearError
        return place

    def _between(self, start: int, end: int) -> str:
        begins, ends = self._text.characters(Span(start, end))
        return self._text.text[begins:ends]


def _may_be_nothing(sequence: tuple[SequenceStep, ...], subject: _PatternNode, target: _PatternNode) -> bool:
    """Whether a constant may lead to itself by a sequence."""
    return "constant" in (subject.kind, target.kind) and all(step.is_optional for step in sequence)


def _relabelled(pattern: str, label: str) -> str:
    """Return a pattern with other labels of blank nodes, since one may stand in one pattern only (SPARQL 4.1.4)."""
    parts, begins = [], 0
    for token in Text(pattern).tokens:
        if token.kind is TokenKind.BLANK_NODE:
            parts += [pattern[begins : token.start], label, token.text[2:]]
            begins = token.end
    return "".join((*parts, pattern[begins:]))


# Which variables a group graph pattern brings into scope (SPARQL 1.1 Query 18.2.1), read from its tokens.
#
# It evaluates nothing and judges nothing: the pattern is taken to be legal.

_OPENING, _CLOSING = frozenset("{(["), frozenset("})]")


def in_scope(pattern: Sequence[Token]) -> tuple[str, ...]:
    """Return the variables of a pattern that are in scope outside, without their signs, each once.

    Args:
        pattern: the tokens between its braces.
    """
    return tuple(dict.fromkeys(_Walk(pattern).names()))


class _Walk:
    """One walk over the tokens, without recursion: what is not in scope is passed over."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._place = tokens, 0

    def names(self) -> list[str]:
        found = list[str]()
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            self._place += 1
            word = token.text.upper() if token.kind is TokenKind.WORD else ""
            if word in ("FILTER", "MINUS"):
                self._pass_to("{", "(")
                self._brackets()
            elif word == "BIND":
                found.append(self._brackets())  # … AS ?name
            elif word == "SELECT":
                found += self._projected()
            elif token.kind is TokenKind.VARIABLE:
                found.append(token.text[1:])
        return found

    def _projected(self) -> list[str]:
        """Take the SELECT clause of a subquery, and all of it where that names variables; return these."""
        found = list[str]()
        while (token := self._next()).text not in ("{", "*", ""):
            if token.text == "(":
                found.append(self._brackets())
                continue
            found += [token.text[1:]] if token.kind is TokenKind.VARIABLE else []
            self._place += 1
        depth = 0
        while found and self._next().text and depth >= 0:
            text = self._next().text
            depth += (text in _OPENING) - (text in _CLOSING)
            self._place += 1
        return found

    def _next(self) -> Token:
        return self._tokens[self._place] if self._place < len(self._tokens) else Token(TokenKind.ERROR, "", 0)

    def _pass_to(self, *signs: str) -> None:
        while self._next().text not in (*signs, ""):
            self._place += 1

    def _brackets(self) -> str:
        """Take a pair of brackets; return the last token in it without its first character."""
        depth, last = 0, ""
        while text := self._next().text:
            self._place += 1
            depth += (text in _OPENING) - (text in _CLOSING)
            if not depth:
                break
            last = text[1:]
        return last
