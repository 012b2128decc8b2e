"""A program: the rules that an ontology gives, in the order in which they can be settled.

A rule that concludes from what is *not* there has to wait until nothing of what it reads can still follow: the rules
stand in strata (stratified negation, as in Datalog).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from graph.entailment.axioms import WHERE_FROM, axioms, of_labels, pairs
from graph.entailment.patterns import PatternIndex
from graph.entailment.rules import Form, Rule
from graph.errors import QueryRefusedError, QuerySyntaxError, SourceError

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
            raise SourceError(WHERE_FROM, f"{name} cannot be used: {problem}") from problem
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
