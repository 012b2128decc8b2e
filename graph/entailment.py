"""What follows from the ontology and is not stated: materialised by SPARQL over the store, round by round.

It knows the part of OWL 2 RL that a vocabulary such as ours uses (subclasses, subproperties, inverse, symmetric and
transitive properties, property chains) and the publication's own SHACL rules (SHACL-AF 8, ``sh:SPARQLRule``). It is
no reasoner: it draws no conclusion about classes themselves and detects no contradiction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from graph.errors import QueryRefusedError, QuerySyntaxError, SourceError
from graph.namespaces import OWL, RDF, RDFS, SH
from graph.sources.chunks import Chunk

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

ROUNDS = 20
RDF_NIL: Term = ox.NamedNode(RDF + "nil")
PROLOGUE = f"PREFIX rdf: <{RDF}> PREFIX rdfs: <{RDFS}> PREFIX owl: <{OWL}> PREFIX sh: <{SH}> "

SCHEMATA = (
    # subclasses (OWL 2 RL cax-sco); a class that has no name, such as a restriction, nobody asks for
    (
        "SELECT DISTINCT ?a ?b WHERE { ?a rdfs:subClassOf+ ?b "
        "FILTER(isIRI(?a) && isIRI(?b) && ?a != ?b && !CONTAINS(STR(?b), '/.well-known/genid/')) }",
        "CONSTRUCT {{ ?x a {b} }} WHERE {{ ?x a {a} }}",
    ),
    # subproperties (prp-spo1)
    (
        "SELECT DISTINCT ?a ?b WHERE { ?a rdfs:subPropertyOf+ ?b FILTER(isIRI(?b) && ?a != ?b) }",
        "CONSTRUCT {{ ?x {b} ?y }} WHERE {{ ?x {a} ?y }}",
    ),
    # inverse properties (prp-inv1, prp-inv2)
    (
        "SELECT DISTINCT ?a ?b WHERE { ?a owl:inverseOf|^owl:inverseOf ?b }",
        "CONSTRUCT {{ ?y {b} ?x }} WHERE {{ ?x {a} ?y FILTER(!isLiteral(?y)) }}",
    ),
    # symmetric and transitive properties (prp-symp, prp-trp)
    (
        "SELECT ?a WHERE { ?a a owl:SymmetricProperty }",
        "CONSTRUCT {{ ?y {a} ?x }} WHERE {{ ?x {a} ?y FILTER(!isLiteral(?y)) }}",
    ),
    (
        "SELECT ?a WHERE { ?a a owl:TransitiveProperty }",
        "CONSTRUCT {{ ?x {a} ?z }} WHERE {{ ?x {a} ?y . ?y {a} ?z }}",
    ),
)
"""Which axioms are looked for, and which rule each of them gives."""

WHERE_FROM = "ontology"
CHAINS = "SELECT ?property ?list WHERE { ?property owl:propertyChainAxiom ?list } ORDER BY ?property ?list"
LINK = "SELECT ?first ?rest WHERE {{ {node} rdf:first ?first ; rdf:rest ?rest }}"
OWN_RULES = "SELECT ?rule ?text WHERE { ?rule a sh:SPARQLRule ; sh:construct ?text } ORDER BY ?rule"


@dataclass(frozen=True, slots=True)
class Rule:
    """A CONSTRUCT query, and what it is called in messages."""

    name: str
    query: str


def entail(store: ox.Store, graph: str, ontology: str, read: Callable[[str], str] = str) -> Chunk | None:
    """Add what follows to the store (its default graph and ``graph``) until nothing new follows; return it.

    Args:
        store: filled with everything else.
        graph: IRI of the graph that takes what follows.
        ontology: IRI of the only graph whose axioms and rules count; data states no axioms here.
        read: reads the query of one of the publication's own rules before it runs, and returns what may run; it
            raises ``QuerySyntaxError`` or ``QueryRefusedError``, and so keeps rules from dialling out.

    Returns:
        The entailed triples, sorted, or None where nothing follows.

    Raises:
        SourceError: a rule of the publication is no legal CONSTRUCT query, makes blank nodes, or has no end.
    """
    found: set[ox.Triple] = set()
    rules = tuple(_rules(store, ox.NamedNode(ontology), read))
    for _ in range(ROUNDS):
        fresh = _fresh(store, rules)
        if not fresh:
            return _chunk(found, graph)
        found |= fresh
        name = ox.NamedNode(graph)
        store.extend(_quad(triple, where) for triple in fresh for where in (ox.DefaultGraph(), name))
    raise SourceError(WHERE_FROM, f"the rules still draw new conclusions after {ROUNDS} rounds", remedy="mend them")


def _fresh(store: ox.Store, rules: Iterable[Rule]) -> set[ox.Triple]:
    """Return what the rules conclude and the store does not have.

    It has no inner function: one would keep the store open as long as an error from here is looked at.
    """
    found = set()
    for rule in rules:
        for triple in _conclusions(store, rule):
            if triple not in found and _quad(triple) not in store:
                found.add(triple)
    return found


def _rules(store: ox.Store, ontology: ox.NamedNode, read: Callable[[str], str]) -> Iterator[Rule]:
    for axioms, rule in SCHEMATA:
        for solution in _select(store, axioms, ontology):
            yield Rule(f"the axiom of {solution['a']}", rule.format(**dict(zip("ab", solution, strict=False))))
    for solution in _select(store, CHAINS, ontology):
        name, links = f"the property chain of {solution['property']}", _links(store, solution["list"], ontology)
        steps = [f"?v{number} {link} ?v{number + 1} ." for number, link in enumerate(links)]
        head = f"?v0 {solution['property']} ?v{len(steps)}"
        yield Rule(name, f"CONSTRUCT {{ {head} }} WHERE {{ {' '.join(steps)} }}")
    for solution in _select(store, OWN_RULES, ontology):
        name = f"the rule {solution['rule']}"
        try:
            yield Rule(name, read(str(solution["text"].value)))
        except (QuerySyntaxError, QueryRefusedError) as problem:
            raise SourceError(WHERE_FROM, f"{name} cannot be used: {problem}") from problem


def _conclusions(store: ox.Store, rule: Rule) -> Iterator[ox.Triple]:
    try:
        answer = store.query(rule.query)
    except SyntaxError as problem:
        place = problem.msg.partition(": expected")[0]  # what may stand there instead fills a page
        raise SourceError(WHERE_FROM, f"{rule.name} is no SPARQL: {place}") from problem
    if not isinstance(answer, ox.QueryTriples):
        raise SourceError(WHERE_FROM, f"{rule.name} is no CONSTRUCT query")
    for triple in answer:
        if isinstance(triple.subject, ox.BlankNode) or isinstance(triple.object, ox.BlankNode):
            raise SourceError(WHERE_FROM, f"{rule.name} makes blank nodes", remedy="make IRIs with IRI(…)")
        yield triple


def _links(store: ox.Store, node: Term, ontology: ox.NamedNode) -> Iterator[Term]:
    """Yield the members of an RDF list in their order; a list that runs in a circle ends where it closes."""
    seen = {RDF_NIL}
    while node not in seen:
        seen.add(node)
        for link in _select(store, LINK.format(node=node), ontology):
            yield link["first"]
            node = link["rest"]


def _select(store: ox.Store, query: str, graph: ox.NamedNode) -> list[ox.QuerySolution]:
    answer = store.query(PROLOGUE + query, default_graph=graph)
    return list(answer) if isinstance(answer, ox.QuerySolutions) else []


def _quad(triple: ox.Triple, graph: ox.NamedNode | ox.DefaultGraph | None = None) -> ox.Quad:
    return ox.Quad(triple.subject, triple.predicate, triple.object, graph)


def _chunk(triples: set[ox.Triple], graph: str) -> Chunk | None:
    if not triples:
        return None
    return Chunk(graph, ox.serialize(sorted(triples, key=str), format=ox.RdfFormat.N_TRIPLES) or b"")
