"""Queries written so that the engine takes them, and answers as the specification means: selections, groups."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, groupby, product

from graph.model.errors import QueryRefusedError, Sentence
from graph.query.sparql.tokens import BOOLEANS, RewrittenText, TextEdit, TokenKind, revised, tokens
from graph.query.sparql.tree import SyntaxNode, SyntaxTree, group_keys, selected, tree_of, walk

# Legal clauses that the engine refuses, rewritten: what is selected and grouped.

# Legal clauses about what is selected and grouped that the engine refuses, written so that it takes them.
#
# ``(COUNT(*) AS ?n) (?n + 1 AS ?m)`` (SPARQL 1.2 Query 18.2.4.4): where solutions are grouped, the engine does not know
# a name in the expressions behind it. So the expression that it stands for is written in its place, which means the
# same: an expression has one value in a solution. It is left to the engine, which refuses it, where that is not so
# (RAND, UUID, STRUUID, BNODE), in EXISTS and in BOUND.
#
# ``ASK { … } GROUP BY ?c HAVING (…)``: the engine groups in SELECT only, so the pattern becomes a subquery that selects
# the keys. ``SELECT ?x ?x``: what is selected is a set of variables.

LONGEST = 20_000
"""Names of names of names would grow without bounds."""
MOST_WRITTEN = 2_000_000
"""All that is written in the place of names; a query that needs more is left to the engine."""
_VOLATILE = frozenset({"RAND", "UUID", "STRUUID", "BNODE"})


def spelled_out(tree: SyntaxTree) -> RewrittenText:
    """Return a query without such clauses; it comes back as it is where it has none, or would be very long."""
    edits, written = list[TextEdit](), 0
    for edit in chain(_as_subquery(tree), *(_of_query(tree, each) for each in tree.queries)):
        edits.append(edit)
        written += len(edit.replacement)
        if written > MOST_WRITTEN:
            return RewrittenText(tree.text)
    return revised(tree.text, sorted(edits)) if edits else RewrittenText(tree.text)


def _of_query(tree: SyntaxTree, query: SyntaxNode) -> Iterator[TextEdit]:
    """Yield what is to be replaced in a SELECT clause: names that stand for expressions, and variables named before."""
    clause = query.part("SelectClause")
    if clause is None or clause.last - clause.first < 3:
        return
    named = selected(tree, clause)
    seen = set[str]()
    for number, expression in named:
        if expression is None:
            if tree.name(number) in seen:
                yield TextEdit(*tree.place(number, number + 1), "")
            seen.add(tree.name(number))
    if _is_grouped(query, clause):
        yield from _names_written_out(tree, named)


def _names_written_out(tree: SyntaxTree, named: list[tuple[int, SyntaxNode | None]]) -> Iterator[TextEdit]:
    def is_closed_off(_: SyntaxNode, part: SyntaxNode) -> bool:
        is_bound = part.name == "BuiltInCall" and tree.word(part.first) == "BOUND"
        return is_bound or part.name in ("Aggregate", "GroupGraphPattern")

    given = dict[str, str]()
    for number, expression in named:
        if expression is None:
            continue
        names = (each for each in tree.seen(expression, is_closed_off) if tree.is_variable(each))
        edits = [
            TextEdit(*tree.place(each, each + 1), f"({given[tree.name(each)]})")
            for each in names
            if tree.name(each) in given
        ]
        yield from edits
        begins, ends = tree.characters(expression)
        moved = [TextEdit(edit.start - begins, edit.end - begins, edit.replacement) for edit in edits]
        written = revised(tree.text[begins:ends], moved).text
        is_volatile = any(tree.word(each.first) in _VOLATILE for each in walk(expression))
        if len(written) < LONGEST and not is_volatile:
            given[tree.name(number)] = written


def _is_grouped(query: SyntaxNode, clause: SyntaxNode) -> bool:
    """Whether a SELECT clause speaks of groups: it has an aggregate, or GROUP BY follows its pattern."""
    modifier = query.part("SolutionModifier")
    if modifier is not None and modifier.part("GroupClause") is not None:
        return True
    return any(each.name == "Aggregate" for each in walk(clause, lambda _, part: part.name == "GroupGraphPattern"))


def _as_subquery(tree: SyntaxTree) -> Iterator[TextEdit]:
    """Yield what makes a subquery of the pattern of another form than SELECT, where it is grouped."""
    query = tree.query
    where, modifier = query.part("WhereClause"), query.part("SolutionModifier")
    if query.name == "SelectQuery" or where is None or modifier is None:
        return
    group = modifier.part("GroupClause")
    if group is not None or modifier.part("HavingClause") is not None:
        keys = " ".join(f"?{name}" for name in (group_keys(tree, group) if group else ()))
        begins, _ = tree.characters(where.parts[0])
        ends = tree.tokens[-1].end
        yield TextEdit(begins, begins, f"{{ SELECT {keys or '(COUNT(*) AS ?_count)'} WHERE ")
        yield TextEdit(ends, ends, " }")


# ``COUNT`` of an expression counts the values that there are, whatever else is an error (SPARQL 1.1 Query 18.5.1.2).
#
# The engine counts so for variables alone; of an expression one error makes its whole count an error. SUM of ones and
# noughts is the same number; of DISTINCT, the errors count as one more value, which is taken off again.

COUNTED = re.compile(r"[Cc](?i:OUNT)\b(?!\s*\(\s*(?:\*|(?:(?i:DISTINCT)\b\s*)?[?$]\w+)\s*\))")
"""Where a text has none, it has no ``COUNT`` of an expression."""
_NO_VALUE = "<urn:x-hamkor:no-value>"


def counted_values(tree: SyntaxTree) -> str:
    """Return a query whose counts of expressions leave errors out; it comes back as it is where it has none."""
    edits, end = list[TextEdit](), 0
    for node in walk(tree.root):
        expression = node.part("Expression") if node.name == "Aggregate" and tree.word(node.first) == "COUNT" else None
        if expression is None or (expression.last - expression.first == 1 and tree.is_variable(expression.first)):
            continue
        begins, ends = tree.characters(node)
        if begins >= end:  # one within another, below EXISTS, stays as the engine counts
            edits.append(TextEdit(begins, ends, _count(tree.written(expression), tree.word(node.first + 2))))
            end = ends
    return revised(tree.text, edits).text if edits else tree.text


def _count(expression: str, word: str) -> str:
    # A comment in the expression ends at the end of its line, so each bracket behind it stands on the next.
    value = f"({expression}\n)"
    if word != "DISTINCT":
        return f"SUM(COALESCE(IF(sameTerm({value}, {value}), 1, 1), 0))"
    errors = f"SUM(COALESCE(IF(sameTerm({value}, {value}), 0, 0), 1))"
    return f"(COUNT(DISTINCT COALESCE({value}, {_NO_VALUE})) - IF({errors} > 0, 1, 0))"


# Group graph patterns, rewritten where the engine answers them wrongly.

# Group graph patterns written so that the engine answers as the specification means them (SPARQL 1.1 Query 18).
#
# Three things the engine (pyoxigraph 0.5.13) answers otherwise, in silence: what both arms of a path ``a|b`` find
# counts once and not twice; a path that may be no step does not lead from a constant to itself where no triple has it;
# and the name of a graph in ``GRAPH ?g`` is joined inside the pattern, so that a part without triples is of no graph,
# and a subquery is of all graphs together. Each is written out: as a UNION, and as one pattern for each graph. Patterns
# within EXISTS and within SERVICE stay as they are, and so does a text that cannot be followed. It is done beside the
# engine and not in the guard, so that columns, cache and errors know the query as it was written.

# Most queries have none of these signs, and to look for them costs a fiftieth of the tree, for which a lookup has no
# time; so the stars of ``SELECT *`` and ``COUNT(*)`` are told from those of paths here, and every alternative begins
# with a character of its own, as the regular expressions of Python need it to be quick.
CONCERNED = re.compile(
    r"G(?i:RAPH)\b(?<!\w.{5})|g(?i:raph)\b(?<!\w.{5})|\|(?<!\|\|)(?![|}])|\?(?![\w\u0080-\U0010FFFF])"
    r"|\*(?<!\(\*)(?<!\s(?i:SELECT) \*)(?<!\A(?i:SELECT) \*)",
    re.DOTALL,
)
NAMES = frozenset({TokenKind.IRI, TokenKind.PREFIXED_NAME})
CONSTANTS = NAMES | {TokenKind.STRING, TokenKind.NUMBER}
NO_GRAPH = "<urn:x-hamkor:no-graph>"
MOST_CHARACTERS = 2_000_000
MOST_SEQUENCES = 64
SIGNS = frozenset({"*", "+", "?"})


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


def by_specification(tree: SyntaxTree, graphs: Callable[[], Sequence[str]]) -> str:
    """Return a query with its patterns written out where the engine would answer otherwise than they mean.

    Args:
        tree: the query, which the guard has passed; only those in which ``CONCERNED`` finds something may need it.
        graphs: says the names of the named graphs that it sees.

    Raises:
        QueryRefusedError: there are too many graphs to write a pattern out for each.
    """
    text = tree.text
    tree = _with_variables(tree)
    where = tree.query.part("WhereClause")
    if where is None:  # the short form of CONSTRUCT has no paths and no GRAPH
        return text
    try:
        groups = _Groups(tree, graphs)
        written = groups.group(where.parts[0]).text
    except RecursionError:  # nested more deeply than Python bears, and than anybody writes
        return text
    begins, ends = tree.characters(where.parts[0])
    return tree.text[:begins] + written + tree.text[ends:] if groups.is_changed else text


SHOWS_ALL = frozenset(("SELECT", "DISTINCT", "REDUCED"))


def _with_variables(tree: SyntaxTree) -> SyntaxTree:
    """Return a query with variables for the labels of blank nodes that its patterns repeat (SPARQL 1.1 Query 4.1.4).

    A label may stand in one basic graph pattern only, and what is written out as groups would be several. A variable
    that nobody sees is the same; so the label stays where a star would show the variable, or count it.
    """
    where, words = tree.query.part("WhereClause"), tree.tokens
    if where is None or any(each.text == "*" and tree.word(at - 1) in SHOWS_ALL for at, each in enumerate(words) if at):
        return tree
    inside = [each for each in words[where.first : where.last] if each.kind is TokenKind.BLANK_NODE]
    repeated = {label for label, count in Counter(each.text for each in inside).items() if count > 1}
    if not repeated:
        return tree
    name = "?node"
    while name in tree.text:
        name += "_"
    numbers = {label: f"{name}{number}" for number, label in enumerate(sorted(repeated))}
    parts, begins = list[str](), 0
    for token in inside:
        if token.text in numbers:
            parts += (tree.text[begins : token.start], numbers[token.text])
            begins = token.end
    return tree_of("".join((*parts, tree.text[begins:]))) or tree


class _Groups:
    """The groups of one query."""

    def __init__(self, tree: SyntaxTree, graphs: Callable[[], Sequence[str]]) -> None:
        self._tree, self._graphs = tree, graphs
        self._copies = self._fresh = 0
        self.is_changed = False
        """Whether anything had to be written otherwise."""

    def group(self, node: SyntaxNode) -> _Part:
        """Write a GroupGraphPattern."""
        if node.parts and node.parts[0].name == "SubSelect":
            return self._subquery(node)
        texts, whole = ["{"], _Part("", binds=False, certain=set())
        for are_triples, parts in groupby(node.parts, lambda part: part.name == "SameSubjectPath"):
            for part in (self._triples(parts),) if are_triples else (self._element(each, whole) for each in parts):
                texts.append(part.text)
                whole.certain.update(part.certain)
                whole = replace(whole, binds=whole.binds or part.binds, is_local=whole.is_local and part.is_local)
        return replace(whole, text=" ".join((*texts, "}")))

    def _subquery(self, node: SyntaxNode) -> _Part:
        where = next(each for each in node.parts[0].parts if each.name == "WhereClause").parts[0]
        (begins, ends), (start, end) = self._tree.characters(node), self._tree.characters(where)
        written = self._tree.text[begins:start] + self.group(where).text + self._tree.text[end:ends]
        return _Part(written, binds=False, is_local=False)

    def _element(self, node: SyntaxNode, before: _Part) -> _Part:
        """Write a GraphPatternNotTriples, which stands behind others."""
        word = self._tree.word(node.first)
        if word == "{":
            return self._union(node)
        if word in ("OPTIONAL", "MINUS", "LATERAL"):
            inner = self.group(node.parts[0])
            is_local = before.binds and inner.is_local and word != "LATERAL"
            if word == "MINUS":  # the name of the graph must not be all that both sides share
                is_local &= inner.binds and bool(before.certain & inner.certain)
            return _Part(f"{word} {inner.text}", binds=False, is_local=is_local)
        if word == "GRAPH":
            return self._graph(node)
        is_local = word == "SERVICE" or not any(each.name == "SubSelect" for each in walk(node))
        return _Part(self._tree.written(node), binds=False, is_local=is_local)

    def _union(self, node: SyntaxNode) -> _Part:
        arms = [self.group(each) for each in node.parts]
        binds, is_local = all(arm.binds for arm in arms), all(arm.is_local for arm in arms)
        # an arm without triples beside one with them: its solutions would be of no graph
        is_local &= binds or not any(arm.binds for arm in arms)
        certain = set.intersection(*(arm.certain for arm in arms))
        return _Part(" UNION ".join(arm.text for arm in arms), binds, is_local, certain)

    # GRAPH

    def _graph(self, node: SyntaxNode) -> _Part:
        (pattern,), name = node.parts, self._tree.tokens[node.first + 1]
        inner = self.group(pattern)
        is_local = inner.binds and inner.is_local and not self._names(name.text[1:], pattern)
        if is_local or not pattern.parts:
            return _Part(f"GRAPH {name.text} {inner.text}", binds=False)
        self.is_changed = True
        if name.kind is not TokenKind.VARIABLE:
            return _Part(f"GRAPH {name.text} {{ }} GRAPH {name.text} {inner.text}", binds=False)
        graphs = self._graphs()
        if len(inner.text) * len(graphs) > MOST_CHARACTERS:
            problem = Sentence(
                "what stands in GRAPH %(name)s would have to be asked of each of %(number)s graphs; name one",
                name=name.text,
                number=str(len(graphs)),
            )
            raise QueryRefusedError(problem)
        arms = [self._of_graph(name.text, f"<{graph}>", inner.text) for graph in graphs]
        none = f"{{ VALUES {name.text} {{ }} GRAPH {NO_GRAPH} {inner.text} }}"
        return _Part(" UNION ".join(arms or [none]), binds=False)

    def _names(self, name: str, pattern: SyntaxNode) -> bool:
        """Whether a group has a variable in its patterns; in filters and expressions it is the graph, as elsewhere."""
        seen = self._tree.seen(pattern, lambda _, part: part.name == "Expression")
        return any(self._tree.is_variable(each) and self._tree.name(each) == name for each in seen)

    def _of_graph(self, variable: str, graph: str, pattern: str) -> str:
        self._copies += 1
        labelled = _relabelled(pattern, f"_:g{self._copies}x") if "_:" in pattern else pattern
        return f"{{ VALUES {variable} {{ {graph} }} GRAPH {graph} {labelled} }}"

    # Triples

    def _triples(self, nodes: Iterable[SyntaxNode]) -> _Part:
        """Write triples up to the next element: those that stay, then what is written out as groups."""
        kept, groups, certain, binds = list[str](), list[str](), set[str](), False
        for node in nodes:
            stay, written = self._written_out(node) or ([self._tree.written(node)], [])
            kept += [f"{' . '.join(stay)} ."] if stay else []
            groups += written
            binds |= bool(stay) or any("NOT EXISTS" not in each for each in written)
            certain |= {self._tree.name(each) for each in range(node.first, node.last) if self._tree.is_variable(each)}
        return _Part(" ".join(kept + groups), binds, certain=certain)

    def _written_out(self, node: SyntaxNode) -> tuple[list[str], list[str]] | None:
        """Return triples that stay and groups in place of the others; None where all stay, or it cannot be done."""
        verbs, pairs = node.all("VerbPath"), list[tuple[str, Sequences, _PatternNode]]()
        if not verbs:
            return None
        subject, verb = self._node(node.first, verbs[0].first), verbs[0]
        for part in node.parts:
            if part.name == "VerbPath":
                verb, sequences = part, self._sequences(part)
            elif part.name == "ObjectPath":
                if sequences is None or part.part("AnnotationPath") is not None:
                    return None
                pairs.append((self._tree.written(verb), sequences, self._node(part.first, part.last)))
        concerned, kept = list[tuple[Sequences, _PatternNode]](), list[str]()
        for text, found, target in pairs:
            if self._is_concerned(subject, found, target):
                concerned.append((found, target))
            else:
                kept.append(f"{subject.text} {text} {target.text}")
        if not concerned or (subject.text == "[]" and len(pairs) > 1):
            return None
        if "other" in (subject.kind, *(target.kind for _, target in concerned)):
            return None
        self.is_changed = True
        return kept, [self._arms(subject, *each) for each in concerned]

    def _sequences(self, verb: SyntaxNode) -> Sequences | None:
        """Return the sequences of a verb; None where they are too many to be written out."""
        if not verb.parts:
            return [(SequenceStep(self._tree.written(verb), is_optional=False),)]
        return _sequences(self._tree, verb.parts[0])

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

    @cached_property
    def _labels(self) -> Counter[str]:
        """How often the label of each blank node stands in the query."""
        return Counter(each.text for each in self._tree.tokens if each.kind is TokenKind.BLANK_NODE)

    @property
    def _room(self) -> int:
        """How many signs a name of ours needs to be nobody else's."""
        size = 0
        while f"path{'_' * size}" in self._tree.text:
            size += 1
        return size

    def _node(self, first: int, last: int) -> _PatternNode:
        """Return what a subject or an object is."""
        token = self._tree.tokens[first]
        begins, ends = self._tree.place(first, last)
        text = self._tree.text[begins:ends]
        if token.kind is TokenKind.VARIABLE:
            return _PatternNode(text, "variable")
        if token.kind in CONSTANTS or token.text.upper() in BOOLEANS:
            return _PatternNode(text, "constant")
        is_unnamed = token.text == "[" and last == first + 2
        # a label that nobody repeats says no more than []; a repeated one may stand in one pattern only
        is_unnamed |= token.kind is TokenKind.BLANK_NODE and self._labels[token.text] == 1
        return _PatternNode("[]", "blank") if is_unnamed else _PatternNode(text, "other")


def _may_be_nothing(sequence: tuple[SequenceStep, ...], subject: _PatternNode, target: _PatternNode) -> bool:
    """Whether a constant may lead to itself by a sequence."""
    return "constant" in (subject.kind, target.kind) and all(step.is_optional for step in sequence)


def _relabelled(pattern: str, label: str) -> str:
    """Return a pattern with other labels of blank nodes, since one may stand in one pattern only (SPARQL 4.1.4)."""
    parts, begins = [], 0
    for token in tokens(pattern):
        if token.kind is TokenKind.BLANK_NODE:
            parts += [pattern[begins : token.start], label, token.text[2:]]
            begins = token.end
    return "".join((*parts, pattern[begins:]))


# Property paths taken apart: the sequences whose solutions together are those of a path (SPARQL 1.1 Query 9.1, 18.4).
#
# An alternative is a union in which solutions count once an arm; the engine counts what both arms find once. So a path
# is written as its sequences. What stands under ``*``, ``+`` or ``?`` counts once by definition and stays whole.


@dataclass(frozen=True, slots=True)
class SequenceStep:
    """A part of a sequence as it is written, and whether it may be no step at all."""

    text: str
    is_optional: bool


Sequences = list[tuple[SequenceStep, ...]]


def _sequences(tree: SyntaxTree, node: SyntaxNode, *, backwards: bool = False) -> Sequences | None:
    """Return the sequences of a path; None where they are more than can be written out."""
    if node.name in _FORMS_OF_PATH:
        return _FORMS_OF_PATH[node.name](tree, node, backwards=backwards)
    found = [_sequences(tree, part, backwards=backwards) for part in node.parts]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return None
    if node.name != "PathSequence":
        return [each for inner in known for each in inner] or [_predicate(tree.written(node), backwards=backwards)]
    if math.prod(map(len, known)) > MOST_SEQUENCES:
        return None
    return [sum(each, ()) for each in product(*(reversed(known) if backwards else known))]


def _predicate(text: str, *, backwards: bool) -> tuple[SequenceStep]:
    return (SequenceStep(f"^{text}" if backwards else text, is_optional=False),)


def _step(tree: SyntaxTree, node: SyntaxNode, *, backwards: bool) -> Sequences | None:
    """Return what is perhaps repeated, perhaps walked the other way."""
    backwards = backwards != (tree.word(node.first) == "^")
    (primary,), sign = node.parts, tree.word(node.last - 1)
    inner = _sequences(tree, primary, backwards=backwards)
    if inner is None or sign not in SIGNS:
        return inner
    begins, ends = tree.place(primary.first, node.last)
    nothing = any(all(step.is_optional for step in each) for each in inner)
    return [(SequenceStep("^" * backwards + tree.text[begins:ends], sign != "+" or nothing),)]


def _negated(tree: SyntaxTree, node: SyntaxNode, *, backwards: bool) -> Sequences:
    """Return what no predicate may be: two sets, where some of them are walked the other way."""
    sets: dict[bool, list[str]] = {False: [], True: []}
    for part in node.parts:
        sets[tree.word(part.first) == "^"].append(tree.tokens[part.last - 1].text)
    arms = (f"!({'|'.join('^' * inverse + each for each in names)})" for inverse, names in sets.items() if names)
    return [_predicate(each, backwards=backwards) for each in arms]


_FORMS_OF_PATH = {"PathStep": _step, "PathNegated": _negated}
