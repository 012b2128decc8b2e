"""What follows from the ontology and is not stated: made from nothing, and kept up when what is stated changes.

It knows the part of OWL 2 RL that a vocabulary such as ours uses (subclasses, subproperties, inverse, symmetric and
transitive properties, property chains) and the publication's own SHACL rules (SHACL-AF 8, ``sh:SPARQLRule``). It is
no reasoner: it draws no conclusion about classes themselves and detects no contradiction.
"""

from graph.entailment.materialisation import entail, entail_change

__all__ = ["entail", "entail_change"]
