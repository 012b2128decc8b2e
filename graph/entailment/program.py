"""A program: the rules that an ontology's axioms give, in the order in which they can be settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from graph.entailment.rules import TYPE, Form, Pattern, PatternIndex, Rule, Term
from graph.model.errors import QueryRefusedError, QuerySyntaxError, Sentence, SourceError
from graph.model.namespaces import OWL, RDF, RDFS, SH, SKOS, SKOS_XL

# The axioms of an ontology, read as rules: the part of OWL 2 RL that a vocabulary such as ours uses.
#
# Subclasses, subproperties, inverse, symmetric and transitive properties, property chains. Each becomes a rule with one
# head and a body of triple patterns.

WHERE_FROM = "ontology"
NIL: Term = ox.NamedNode(RDF + "nil")
PROLOGUE = f"PREFIX rdf: <{RDF}> PREFIX rdfs: <{RDFS}> PREFIX owl: <{OWL}> PREFIX sh: <{SH}> "
LITERAL_FORM = ox.NamedNode(SKOS_XL + "literalForm")
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
