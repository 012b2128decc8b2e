"""What follows from the ontology: rules, in the order in which they settle, run over the store and kept up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from graph.entailment.rules import (
    MERGE,
    OWN,
    TYPE,
    Binding,
    Find,
    Form,
    Pattern,
    PatternGroup,
    PatternIndex,
    Rule,
    Term,
    bound,
    match,
    may_be_same,
    open_places,
    quad,
    quads,
    solutions,
    triple,
)
from graph.model.errors import QueryRefusedError, QuerySyntaxError, Quotation, Sentence, SourceError
from graph.model.rdf_terms import OWL, RDF, RDFS, SH, SKOS, SKOS_XL
from graph.sources.batches import Chunk, GraphChange, lines_of

# A program: the rules that an ontology's axioms give, in the order in which they can be settled.

# The axioms of an ontology, read as rules: the part of OWL 2 RL that a vocabulary such as ours uses.
#
# Subclasses, subproperties, inverse, symmetric and transitive properties, property chains. Each becomes a rule with one
# head and a body of triple patterns.

WHERE_FROM = "ontology"
NIL: Term = ox.NamedNode(RDF + "nil")
PROLOGUE = f"PREFIX rdf: <{RDF}> PREFIX rdfs: <{RDFS}> PREFIX owl: <{OWL}> PREFIX sh: <{SH}> "
LITERAL_FORM = ox.NamedNode(SKOS_XL + "literalForm")
"""Without an ontology, nothing follows where no triple has this predicate: ``of_labels`` are all rules there are."""
X, Y, Z = (ox.Variable(name) for name in "xyz")

SUBPROPERTIES = "SELECT DISTINCT ?a ?b WHERE { ?a rdfs:subPropertyOf+ ?b FILTER(isIRI(?b) && ?a != ?b) }"
INVERSES = "SELECT DISTINCT ?a ?b WHERE { ?a owl:inverseOf|^owl:inverseOf ?b }"
SYMMETRIC = "SELECT ?a WHERE { ?a a owl:SymmetricProperty }"
TRANSITIVE = "SELECT ?a WHERE { ?a a owl:TransitiveProperty }"
CHAINS = "SELECT ?property ?list WHERE { ?property owl:propertyChainAxiom ?list } ORDER BY ?property ?list"
LINK = "SELECT ?first ?rest WHERE {{ {node} rdf:first ?first ; rdf:rest ?rest }}"
SUBCLASSES = (  # a class that has no name, such as a restriction, nobody asks for
    "SELECT DISTINCT ?a ?b WHERE { ?a rdfs:subClassOf+ ?b "
    "FILTER(isIRI(?a) && isIRI(?b) && ?a != ?b && !CONTAINS(STR(?b), '/.well-known/genid/')) }"
)
VOCABULARY = frozenset(
    ox.NamedNode(iri)
    for iri in (RDFS + "subClassOf", RDFS + "subPropertyOf", OWL + "inverseOf", OWL + "propertyChainAxiom",
                RDF + "first", RDF + "rest", SH + "construct", OWL + "SymmetricProperty", OWL + "TransitiveProperty",
                SH + "SPARQLRule")
)  # fmt: skip
"""The predicates, and the classes after rdf:type, in which axioms and rules are said."""


def axioms(store: ox.Store, ontology: ox.NamedNode) -> Iterator[Rule]:
    """Yield the rules that the axioms of a graph give (OWL 2 Profiles 4.3, tables 5 and 7), in a stable order.

    Raises:
        SourceError: an axiom names something that can be no property.
    """
    for a, b in pairs(store, SUBPROPERTIES, ontology):  # prp-spo1
        yield _rule(f"the axiom of {a}", (X, b, Y), (X, a, Y))
    for a, b in pairs(store, INVERSES, ontology):  # prp-inv1, prp-inv2
        yield _rule(f"the axiom of {a}", (Y, b, X), (X, a, Y))
    for a, _ in pairs(store, SYMMETRIC, ontology):  # prp-symp
        yield _rule(f"the axiom of {a}", (Y, a, X), (X, a, Y))
    for a, _ in pairs(store, TRANSITIVE, ontology):  # prp-trp
        yield _rule(f"the axiom of {a}", (X, a, Z), (X, a, Y), (Y, a, Z))
    for a, node in pairs(store, CHAINS, ontology):  # prp-spo2
        if links := list(_links(store, node, ontology)):
            steps = [ox.Variable(f"v{number}") for number in range(len(links) + 1)]
            body = [(steps[number], link, steps[number + 1]) for number, link in enumerate(links)]
            yield _rule(f"the property chain of {a}", (steps[0], a, steps[-1]), *body)
    for a, b in pairs(store, SUBCLASSES, ontology):  # cax-sco
        yield _rule(f"the axiom of {a}", (X, TYPE, b), (X, TYPE, a))


def of_labels() -> Iterator[Rule]:
    """Yield the rules by which labels that are things name what they label (SKOS Reference B.3.4.2, S55 to S57).

    They hold for all data, whatever its ontology says: a thesaurus in SKOS-XL has no other names than these.
    """
    for name in ("prefLabel", "altLabel", "hiddenLabel"):
        plain, reified = ox.NamedNode(SKOS + name), ox.NamedNode(SKOS_XL + name)
        yield _rule(f"the property chain of {plain}", (X, plain, Z), (X, reified, Y), (Y, LITERAL_FORM, Z))


def pairs(store: ox.Store, query: str, graph: ox.NamedNode) -> list[tuple[Term, Term]]:
    """Return the first two terms of each solution in one graph, sorted; the first one twice where it is alone."""
    answer = store.query(PROLOGUE + query, default_graph=graph)
    rows = [list(each) for each in answer] if isinstance(answer, ox.QuerySolutions) else []
    return sorted(((row[0], row[-1]) for row in rows if None not in row), key=str)


def _rule(name: str, head: Pattern, *body: Pattern) -> Rule:
    for _, predicate, _ in (head, *body):
        if not isinstance(predicate, ox.NamedNode):
            raise SourceError(
                WHERE_FROM,
                Sentence("%(name)s names %(predicate)s, which is no property", name=name, predicate=predicate),
                remedy=Sentence("name an IRI"),
            )
    new, where = _text(head), " . ".join(map(_text, body))
    query = f"CONSTRUCT {{ {new} }} WHERE {{ {where} FILTER(!isLiteral({head[0]})) FILTER NOT EXISTS {{ {new} }} }}"
    return Rule(name, query, Form.PLAIN, (head,), body, is_guarded=True)


def _text(pattern: Pattern) -> str:
    return " ".join(map(str, pattern))


def _links(store: ox.Store, node: Term, ontology: ox.NamedNode) -> Iterator[Term]:
    """Yield the members of an RDF list in their order; a list that runs in a circle ends where it closes."""
    seen = {NIL}
    while node not in seen and not isinstance(node, ox.Literal):
        seen.add(node)
        for first, rest in pairs(store, LINK.format(node=node), ontology):
            yield first
            node = rest


# A program: the rules that an ontology gives, in the order in which they can be settled.
#
# A rule that concludes from what is *not* there has to wait until nothing of what it reads can still follow: the rules
# stand in strata (stratified negation, as in Datalog).

OWN_RULES = "SELECT ?rule ?text WHERE { ?rule a sh:SPARQLRule ; sh:construct ?text } ORDER BY ?rule"


@dataclass(frozen=True, slots=True)
class Program:
    """Rules in strata, each of which reads nothing that a later one concludes.

    Attributes:
        strata: the rules.
        is_stratified: whether no rule has to wait for itself, and of each is known what it reads. Where this is not
            so there is one stratum, whose rules take what they find, and what follows is known only when all run.
    """

    strata: tuple[tuple[Rule, ...], ...]
    is_stratified: bool


def read_program(store: ox.Store, ontology: str, read: Callable[[str], str]) -> Program:
    """Return the rules that the axioms and the SHACL rules (SHACL-AF 8) of one graph give, and those of SKOS-XL.

    Args:
        store: holds the ontology.
        ontology: IRI of the only graph whose axioms and rules count; data states no axioms here.
        read: reads the query of one of the publication's own rules and returns what may run.

    Raises:
        SourceError: an axiom or a rule cannot be used.
    """
    graph = ox.NamedNode(ontology)
    rules = (*axioms(store, graph), *of_labels(), *_own_rules(store, graph, read))
    strata = _strata(rules)
    return Program((rules,), False) if strata is None else Program(strata, True)


def _own_rules(store: ox.Store, graph: ox.NamedNode, read: Callable[[str], str]) -> Iterator[Rule]:
    for node, text in pairs(store, OWN_RULES, graph):
        name = f"the rule {node}"
        try:
            query = read(text.value if isinstance(text, ox.Literal) else str(text))
        except (QuerySyntaxError, QueryRefusedError) as problem:
            raise SourceError(
                WHERE_FROM, Sentence("%(name)s cannot be used: %(words)s", name=name, words=problem)
            ) from problem
        from graph.entailment.constructs import read_construct  # noqa: PLC0415  takes a fifth of a second to import

        known = read_construct(query)
        yield Rule(name, query, known.form, known.heads, known.body, known.groups)


def _strata(rules: Sequence[Rule]) -> tuple[tuple[Rule, ...], ...] | None:
    """Return the rules in strata, or None where there are none such."""
    if any(rule.form is Form.UNKNOWN for rule in rules):
        return None
    deepest, level = sum(rule.waits for rule in rules), dict.fromkeys(range(len(rules)), 0)
    if not deepest:
        return (tuple(rules),)
    concluded = PatternIndex((head, number) for number, rule in enumerate(rules) for head in rule.heads)
    below = {number: {each for pattern in rule.reads() for each in concluded.find(pattern)}
             for number, rule in enumerate(rules)}  # fmt: skip
    changed = True
    while changed:
        changed = False
        for number, rule in enumerate(rules):
            least = max((level[each] + rule.waits for each in below[number]), default=0)
            if least > deepest:
                return None
            if least > level[number]:
                level[number], changed = least, True
    order = range(max(level.values()) + 1)
    return tuple(tuple(rule for number, rule in enumerate(rules) if level[number] == each) for each in order)


# What follows from the ontology, made from nothing: rules are run over the store until nothing new follows.

# One rule is run: over all that is in the store, or for some solutions of its body alone.


def fresh_lines(store: ox.Store, rule: Rule) -> bytes:
    """Return what a rule concludes and the store does not have, as N-Triples.

    Raises:
        SourceError: the rule is no legal CONSTRUCT query or makes blank nodes.
    """
    if rule.is_guarded:
        return _answer(store, rule).serialize(format=ox.RdfFormat.N_TRIPLES) or b""
    found = _tie_by_tie(store, rule) if _has_long_groups(rule) else _named(_answer(store, rule), rule)
    fresh = {each for each in found if quad(each) not in store}
    return ox.serialize(fresh, format=ox.RdfFormat.N_TRIPLES) or b""


def concluded(store: ox.Store, rule: Rule, binding: Binding, find: Find) -> set[ox.Triple]:
    """Return what a rule concludes from the solutions of its body that go with ``binding``.

    The query runs on an excerpt of the store: what it costs depends on these solutions alone, not on how the engine
    would join the patterns. Only where it is not known what they need does it run on the store.

    Args:
        store: for that.
        rule: the rule.
        binding: of variables of the body; where none is bound, all its solutions are meant.
        find: finds the triples of a pattern in the store.

    Raises:
        SourceError: the rule makes blank nodes.
    """
    if rule.form is Form.PLAIN:
        return {
            each
            for solution in solutions(rule.body, binding, find)
            for head in rule.heads
            if (each := triple(bound(head, solution))) is not None
        }
    told = {variable: term for variable, term in binding.items() if not variable.value.startswith(OWN)}
    source = store if rule.form in (Form.WHOLE, Form.UNKNOWN) else _excerpt(rule, binding, find)
    return as_stored(_named(_answer(source, rule, told), rule))


def _excerpt(rule: Rule, binding: Binding, find: Find) -> ox.Store:
    """Return all that the rule reads for the solutions of its body that go with the binding."""
    excerpt, tied = ox.Store(), set[tuple[PatternGroup, frozenset[tuple[ox.Variable, Term]]]]()
    for solution in solutions(rule.body, binding, find):
        excerpt.extend(_instances(rule.body, solution))
        for group in rule.groups:
            tie = {variable: solution[variable] for variable in group.shared}
            if (key := (group, frozenset(tie.items()))) not in tied:
                tied.add(key)
                for match in solutions(group.patterns, tie, find):
                    excerpt.extend(_instances(group.patterns, match))
    return excerpt


def _instances(patterns: Iterable[Pattern], solution: Binding) -> Iterator[ox.Quad]:
    return (quad(each) for pattern in patterns if (each := triple(bound(pattern, solution))) is not None)


def _has_long_groups(rule: Rule) -> bool:
    """Return whether the engine would join patterns of EXISTS anew for each solution of the body; of OPTIONAL not."""
    long = (each for each in rule.groups if len(each.patterns) > 1 and each.shared and not each.is_optional)
    return rule.form is Form.NEGATED and any(long)


def _tie_by_tie(store: ox.Store, rule: Rule) -> Iterator[ox.Triple]:
    """Yield what a rule concludes, for one way after another in which its body and its groups are tied."""

    def find(pattern: Pattern) -> Iterator[ox.Triple]:
        return (each.triple for each in quads(store, pattern, MERGE))

    variables = sorted({each for group in rule.groups for each in group.shared}, key=str)
    ties = {tuple(each[variable] for variable in variables) for each in solutions(rule.body, {}, find)}
    for tie in ties:
        yield from concluded(store, rule, dict(zip(variables, tie, strict=True)), find)


def as_stored(triples: Iterable[ox.Triple]) -> set[ox.Triple]:
    """Return triples as a store holds them: it rewrites numeric literals."""
    found = set(triples)
    literal = {each for each in found if not isinstance(each.object, ox.NamedNode)}
    if not literal:
        return found
    store = ox.Store()
    store.extend(map(quad, literal))
    return found - literal | {each.triple for each in store}


def _answer(store: ox.Store, rule: Rule, told: Binding | None = None) -> ox.QueryTriples:
    try:
        answer = store.query(rule.query, substitutions=told)
    except SyntaxError as problem:
        place = problem.msg.partition(": expected")[0]  # what may stand there instead fills a page
        raise SourceError(
            WHERE_FROM, Sentence("%(name)s is no SPARQL: %(words)s", name=rule.name, words=Quotation(place))
        ) from problem
    if not isinstance(answer, ox.QueryTriples):
        raise SourceError(WHERE_FROM, Sentence("%(name)s is no CONSTRUCT query", name=rule.name))
    return answer


def _named(triples: Iterable[ox.Triple], rule: Rule) -> Iterator[ox.Triple]:
    for each in triples:
        if isinstance(each.subject, ox.BlankNode) or isinstance(each.object, ox.BlankNode):
            raise SourceError(
                WHERE_FROM,
                Sentence("%(name)s makes blank nodes", name=rule.name),
                remedy=Sentence("make IRIs with IRI(…)"),
            )
        yield each


# What follows from the ontology, made from nothing: SPARQL over the store, until nothing new follows.

ROUNDS = 20
SMALL_BYTES = 1 << 20


def entail(store: ox.Store, graph: str, ontology: str, read: Callable[[str], str] = str) -> Chunk | None:
    """Add what follows to the store (its default graph and ``graph``) until nothing new follows; return it.

    Args:
        store: filled with everything else.
        graph: IRI of the graph that takes what follows; it is empty.
        ontology: IRI of the only graph whose axioms and rules count; data states no axioms here.
        read: reads the query of one of the publication's own rules before it runs, and returns what may run; it
            raises ``QuerySyntaxError`` or ``QueryRefusedError``, and so keeps rules from dialling out.

    Returns:
        The entailed triples as the store spells them, sorted, or None where nothing follows.

    Raises:
        SourceError: a rule of the publication is no legal CONSTRUCT query, makes blank nodes, or has no end.
    """
    for stratum in read_program(store, ontology, read).strata:
        _settle(store, stratum, graph)
    dumped = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.NamedNode(graph)) or b""
    lines = sorted(Chunk(graph, dumped).lines())
    return Chunk(graph, b"\n".join(lines) + b"\n") if lines else None


def _settle(store: ox.Store, rules: Iterable[Rule], graph: str) -> None:
    """Run the rules, and again those that read what others concluded, until none concludes anything new."""
    readers = PatternIndex((pattern, rule) for rule in rules for pattern in rule.reads())
    due = set(rules)
    for _ in range(ROUNDS):
        for rule in rules:
            if rule in due:
                due.remove(rule)
                if fresh := fresh_lines(store, rule):
                    _add(store, Chunk(graph, fresh))
                    due.update(reader for head in rule.heads for reader in readers.find(head))
        if not due:
            return
    raise SourceError(
        WHERE_FROM,
        Sentence("the rules still draw new conclusions after %(rounds)s rounds", rounds=str(ROUNDS)),
        remedy=Sentence("mend them"),
    )


def _add(store: ox.Store, chunk: Chunk) -> None:
    load = store.load if len(chunk.triples) < SMALL_BYTES else store.bulk_load
    load(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True)
    load(chunk.quads(), ox.RdfFormat.N_QUADS, lenient=True)


# What follows from the ontology, kept up: the difference that a change of what is stated makes to the conclusions.
#
# It equals what ``graph.entailment.materialisation`` makes from nothing.

# A revision of conclusions: which are withdrawn and which are drawn after some triples came and others went.
#
# Stratum by stratum, as DRed does it (Gupta, Mumick and Subrahmanian 1993): what the lost triples supported is
# withdrawn, what still follows is restored, then what follows newly is drawn, from the changed triples on. Its cost is
# that of what the changed triples touch. It works in the default graph of the store and can undo what it did there.

MAINTENANCE_ROUNDS = 1_000
MOST_LOOKUPS = 500_000
"""How much may be looked up before it is cheaper to begin from nothing."""

Readers = PatternIndex[tuple[Rule, Pattern]]
Solution = frozenset[tuple[ox.Variable, Term]]


class TooMuchError(Exception):
    """The change touches so much, or goes on so long, that what follows had better be made from nothing."""


class ConclusionsRevision:
    """What becomes of the conclusions in a store whose stated triples have changed already.

    Attributes:
        come: the triples that are true now and were not.
        gone: the triples that were true and are not.
        lookups: how often triples were looked up.
    """

    def __init__(self, store: ox.Store, graph: str, stated: set[ox.Triple], lost: set[ox.Triple]) -> None:
        """Begin with what is newly stated and with what is no longer true; both as the store spells them."""
        self._store, self._graph, self._past = store, ox.NamedNode(graph), ox.Store()
        self._past.extend(map(quad, lost))
        self._stated, self._drawn, self._settled = stated, set[ox.Triple](), list[Rule]()
        self.come = {each for each in stated if not self._was_concluded(each)}
        self.gone = set(lost)
        self.lookups = 0

    def settle(self, rules: Sequence[Rule]) -> None:
        """Revise the conclusions of one stratum; those of the strata below are settled.

        Raises:
            TooMuchError: see there.
            SourceError: a rule makes blank nodes.
        """
        self._settled += rules
        readers = PatternIndex((each, (rule, each)) for rule in rules if not rule.waits for each in rule.body)
        drawn = {each for rule in rules if rule.waits for each in self._reconsider(rule)}
        self._withdraw_all(readers)
        drawn |= self._restore()
        self._draw_all(readers, self.come | drawn)

    def added(self) -> set[ox.Triple]:
        """Return what is concluded now and was not, be it that it was not true or that it was stated."""
        return set(self._drawn)

    def removed(self) -> set[ox.Triple]:
        """Return what was concluded and is not, be it that it is no longer true or that it is stated."""
        return {each for each in self.gone | self._stated if self._was_concluded(each)}

    def undo(self) -> None:
        """Leave the default graph of the store as it was found."""
        for each in self._drawn:
            self._store.remove(quad(each))
        self._store.extend(quad(each) for each in self.removed())

    # A rule that waits

    def _reconsider(self, rule: Rule) -> set[ox.Triple]:
        """Ask the rule again where a change can matter; withdraw what it no longer says, return what it says anew."""
        affected = list(self._affected(rule))
        says = {each for binding in affected for each in concluded(self._store, rule, binding, self._now)}
        for binding in affected:
            for each in self._conclusions(rule, binding):
                if each not in says:
                    self._withdraw(each)
        return {each for each in says if self._draw(each)}

    def _affected(self, rule: Rule) -> Iterator[Binding]:
        """Yield bindings of the rule's body: with one of them goes each solution, old or new, that a change affects."""
        changed = self.come | self.gone
        if rule.form is Form.WHOLE:
            if any(may_be_same(each, tuple(triple)) for each in rule.body for triple in changed):
                yield {}
            return
        ties = [(group.shared, self._ties(group, changed)) for group in rule.groups]
        for _, tied in ties:
            yield from map(dict, tied)
        solved = {frozenset(each.items()): each for triple in changed for each in self._through(rule.body, triple)}
        for each in solved.values():
            if not any(_tie(each, shared) in tied for shared, tied in ties):
                yield each

    def _ties(self, group: PatternGroup, changed: set[ox.Triple]) -> set[Solution]:
        return {_tie(each, group.shared) for triple in changed for each in self._through(group.patterns, triple)}

    def _through(self, patterns: Sequence[Pattern], changed: ox.Triple) -> Iterator[Binding]:
        """Yield the solutions of the patterns, now or before, in which the triple is."""
        for number, pattern in enumerate(patterns):
            if (binding := match(pattern, changed, {})) is not None:
                yield from solutions([*patterns[:number], *patterns[number + 1 :]], binding, self._ever)

    # Rules whose conclusions only grow with what is true

    def _withdraw_all(self, readers: Readers) -> None:
        """Withdraw what a lost triple supported, and what that supported; some of it may still follow otherwise."""
        due = set(self.gone)
        for _ in range(MAINTENANCE_ROUNDS):
            due = {
                each
                for rule, binding in self._solutions(readers, due, self._ever)
                for each in self._conclusions(rule, binding)
                if self._withdraw(each)
            }
            if not due:
                return
        raise TooMuchError

    def _restore(self) -> set[ox.Triple]:
        """Draw again what is gone and follows from what is there; return it."""
        concluding = PatternIndex((head, (rule, head)) for rule in self._settled for head in rule.heads)
        asked = dict[tuple[Rule, Solution], set[ox.Triple]]()
        return {
            each
            for each in list(self.gone)
            if any(self._follows(each, *rule_and_head, asked) for rule_and_head in concluding.find(tuple(each)))
            and self._draw(each)
        }

    def _follows(
        self, conclusion: ox.Triple, rule: Rule, head: Pattern, asked: dict[tuple[Rule, Solution], set[ox.Triple]]
    ) -> bool:
        binding = match(head, conclusion, {})
        if binding is None:
            return False
        if rule.form is Form.PLAIN:
            return next(solutions(rule.body, binding, self._now), None) is not None
        of_body = {slot for pattern in rule.body for slot in pattern} if rule.form is not Form.WHOLE else set()
        told = {variable: term for variable, term in binding.items() if variable in of_body}
        key = rule, frozenset(told.items())
        if key not in asked:
            asked[key] = concluded(self._store, rule, told, self._now)
        return conclusion in asked[key]

    def _draw_all(self, readers: Readers, due: set[ox.Triple]) -> None:
        """Draw what follows from the triples, and what follows from that."""
        for _ in range(MAINTENANCE_ROUNDS):
            due = {
                each
                for rule, binding in self._solutions(readers, due, self._now)
                for each in concluded(self._store, rule, binding, self._now)
                if self._draw(each)
            }
            if not due:
                return
        raise TooMuchError

    # What is true, was true, was concluded

    def _solutions(
        self, readers: Readers, changed: set[ox.Triple], find: Callable[[Pattern], Iterator[ox.Triple]]
    ) -> Iterator[tuple[Rule, Binding]]:
        """Yield each rule that reads one of the triples, and the solutions of its body that the triple is in."""
        for each in changed:
            for rule, pattern in readers.find(tuple(each)):
                if (binding := match(pattern, each, {})) is not None:
                    rest = list(rule.body)
                    rest.remove(pattern)
                    for solution in solutions(rest, binding, find):
                        yield rule, solution

    def _now(self, pattern: Pattern) -> Iterator[ox.Triple]:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise TooMuchError
        return (each.triple for each in quads(self._store, pattern, MERGE))

    def _ever(self, pattern: Pattern) -> Iterator[ox.Triple]:
        yield from self._now(pattern)
        for each in quads(self._past, pattern, MERGE):
            yield each.triple

    def _was_concluded(self, each: ox.Triple) -> bool:
        return quad(each, self._graph) in self._store

    def _conclusions(self, rule: Rule, binding: Binding) -> Iterator[ox.Triple]:
        """Yield what was concluded and has the form of what the rule concludes from a solution of its body."""
        for head in rule.heads:
            pattern = bound(head, binding)
            if open_places(pattern):
                for each in quads(self._store, pattern, self._graph):
                    if match(pattern, each.triple, {}) is not None:
                        yield each.triple
            elif (conclusion := triple(pattern)) is not None and self._was_concluded(conclusion):
                yield conclusion

    def _withdraw(self, conclusion: ox.Triple) -> bool:
        """Take a conclusion away; return whether that was new."""
        if conclusion in self.gone or conclusion in self._stated:
            return False
        self.gone.add(conclusion)
        self._past.add(quad(conclusion))
        self._store.remove(quad(conclusion))
        return True

    def _draw(self, conclusion: ox.Triple) -> bool:
        """Draw a conclusion; return whether it is not there already."""
        if quad(conclusion) in self._store:
            return False
        if not self._was_concluded(conclusion):
            self._drawn.add(conclusion)
        (self.gone.discard if conclusion in self.gone else self.come.add)(conclusion)
        self._past.remove(quad(conclusion))
        self._store.add(quad(conclusion))
        return True


def _tie(binding: Binding, shared: frozenset[ox.Variable]) -> Solution:
    return frozenset((variable, binding[variable]) for variable in shared)


# What follows from the ontology, kept up: the difference that a change of what is stated makes to the conclusions.


def entail_change(
    store: ox.Store, graph: str, ontology: str, change: GraphChange, read: Callable[[str], str] = str
) -> GraphChange | None:
    """Return the difference that a change makes to the graph of conclusions; it is what ``entail`` would give.

    Its cost is that of what the change touches. The store is left as it was found.

    Args:
        store: its named graphs and its default graph have what is stated now, and ``graph`` what followed before; of
            what is computed after entailment (the catalogue) it has nothing, as in a build.
        graph: IRI of the graph of conclusions.
        ontology: IRI of the only graph whose axioms and rules count.
        change: of the union of what is stated; the graph of conclusions does not count here.
        read: reads the query of one of the publication's own rules, as in ``entail``.

    Returns:
        The difference, not applied. None where only making all anew says what follows: the change may touch the
        axioms and rules, or touches very much; or a rule asks for what is not there and may itself depend on the
        answer; or it asks for the time, for chance, or for named graphs; or it is no SPARQL 1.1.

    Raises:
        SourceError: a rule cannot be used, or makes blank nodes.
    """
    stated, before = _triples(change.added), _triples(change.removed)
    if _touches_axioms(store, stated, before, ox.NamedNode(ontology)):
        return None
    program = read_program(store, ontology, read)
    if not program.is_stratified:
        return None
    revision = ConclusionsRevision(store, graph, stated, {each for each in before if quad(each) not in store})
    try:
        for stratum in program.strata:
            revision.settle(stratum)
        return _difference(store, graph, revision.added(), revision.removed())
    except TooMuchError:
        return None
    finally:
        revision.undo()


def _triples(lines: Iterable[bytes]) -> set[ox.Triple]:
    """Return lines as the store holds them: of two that spell one number differently one triple is left."""
    parsed = ox.parse(b"\n".join(lines), ox.RdfFormat.N_TRIPLES, lenient=True)
    return as_stored(each.triple for each in parsed)


def _touches_axioms(store: ox.Store, stated: set[ox.Triple], before: set[ox.Triple], ontology: ox.NamedNode) -> bool:
    """Return whether something appeared in the ontology, or something went that can have been an axiom there."""
    return any(quad(each, ontology) in store for each in stated) or any(
        (each.object if each.predicate == TYPE else each.predicate) in VOCABULARY for each in before
    )


def _difference(store: ox.Store, graph: str, added: set[ox.Triple], removed: set[ox.Triple]) -> GraphChange:
    quads = store.quads_for_pattern(None, None, None, ox.NamedNode(graph))
    had = len(list(islice(quads, len(removed) + 1)))
    left = had > len(removed) or bool(added)
    return GraphChange(graph, lines_of(added), lines_of(removed), not had and left, bool(had) and not left)
