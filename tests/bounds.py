"""Bounds that have a fallback, and how low they have to be for a test to be beyond them."""

from __future__ import annotations

from importlib import import_module

LOWERED = {
    "graph.validation.reach:MOST_PLACES": 10,  # everything is validated, from the index
    "graph.validation.incremental:MANY": 2,
    "graph.validation.validated_graph:HELD_TRIPLES": 1000,
    "graph.entailment.materialisation:MOST_LOOKUPS": 0,  # what follows is made anew
    "graph.releases.store:LONGEST_LOGS": 0,  # logs become sorted files
    "graph.releases.change:REWRITTEN_BYTES": 0,  # members are lengthened
    "graph.parts.linking.index_builder:FOLDED_LEAST": 0,  # the delta of names is folded in
    "graph.parts.linking.index_builder:FOLDED_SHARE": 0,
    "graph.catalogue.contents:MOST_LINKS": 0,
}
"""By module and name, a bound so low that everything is beyond it."""


def lower() -> None:
    """Lower the bounds in this process."""
    for name, value in LOWERED.items():
        module, _, bound = name.partition(":")
        found = import_module(module)
        assert hasattr(found, bound), name
        setattr(found, bound, value)
