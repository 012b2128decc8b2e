"""What follows from the ontology and is not stated: materialised by SPARQL over the store, round by round.

It knows the part of OWL 2 RL that a vocabulary such as ours uses (subclasses, subproperties, inverse, symmetric and
transitive properties, property chains) and the publication's own SHACL rules (SHACL-AF 8, ``sh:SPARQLRule``). It is
no reasoner: it draws no conclusion about classes themselves and detects no contradiction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from graph.errors import SourceError
from graph.namespaces import OWL, RDF, RDFS, SH
from graph.sources.chunks import Chunk

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

ROUNDS = 20
RDF_NIL: Term = ox.NamedNode(RDF + "nil")
PROLOGUE = f"PREFIX rdf: <{RDF}> PREFIX rdfs: <{RDFS}> PREFIX owl: <{OWL}> PREFIX sh: <{SH}> "

SCHEMATA = (
    # subclasses (OWL 2 RL cax-sco)
    (
        "SELECT DISTINCT ?a ?b WHERE { ?a rdfs:subClassOf+ ?b FILTER(isIRI(?a) && isIRI(?b) && ?a != ?b) }",
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

CHAINS = "SELECT ?property ?list WHERE { ?property owl:propertyChainAxiom ?list } ORDER BY ?property ?list"
LINK = "SELECT ?first ?rest WHERE {{ {node} rdf:first ?first ; rdf:rest ?rest }}"
OWN_RULES = "SELECT ?rule ?text WHERE { ?rule a sh:SPARQLRule ; sh:construct ?text } ORDER BY ?rule"


def entail(store: ox.Store, graph: str, ontology: str) -> Chunk | None:
    """Add what follows to the store (its default graph and ``graph``) until nothing new follows; return it.

    Args:
        store: filled with everything else.
        graph: IRI of the graph that takes what follows.
        ontology: IRI of the only graph whose axioms and rules count; data states no axioms here.

    Returns:
        The entailed triples, sorted, or None where nothing follows.

    Raises:
        SourceError: a rule of the publication is no legal CONSTRUCT query, or has no end.
    """
    found: set[ox.Triple] = set()
    rules = tuple(_rules(store, ox.NamedNode(ontology)))
    for _ in range(ROUNDS):
        fresh = {triple for rule in rules for triple in _conclusions(store, rule)}
        fresh = {triple for triple in fresh if _quad(triple) not in store}
        if not fresh:
            return _chunk(found, graph)
        found |= fresh
        name = ox.NamedNode(graph)
        store.extend(_quad(triple, where) for triple in fresh for where in (ox.DefaultGraph(), name))
    raise SourceError("ontology", f"the rules still draw new conclusions after {ROUNDS} rounds", remedy="mend them")


def _rules(store: ox.Store, ontology: ox.NamedNode) -> Iterator[str]:
    for axioms, rule in SCHEMATA:
        for solution in _select(store, axioms, ontology):
            yield rule.format(**dict(zip("ab", solution, strict=False)))
    for solution in _select(store, CHAINS, ontology):
        links = list(_links(store, solution["list"], ontology))
        steps = " ".join(f"?v{number} {link} ?v{number + 1} ." for number, link in enumerate(links))
        yield f"CONSTRUCT {{ ?v0 {solution['property']} ?v{len(links)} }} WHERE {{ {steps} }}"
    yield from (str(solution["text"].value) for solution in _select(store, OWN_RULES, ontology))


def _conclusions(store: ox.Store, rule: str) -> Iterable[ox.Triple]:
    try:
        answer = store.query(rule)
    except SyntaxError as problem:
        raise SourceError("ontology", f"a rule is no SPARQL: {problem.msg}", remedy=rule[:200]) from problem
    if not isinstance(answer, ox.QueryTriples):
        raise SourceError("ontology", "a rule is no CONSTRUCT query", remedy=rule[:200])
    return answer


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
