"""Fixed lists of queries that every server is asked: both registry mixes, the light part of one, lookups, explore.

A list follows from the workload, the registry and a seed alone. Nothing here asks anything.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from benchmarks import explore, other_words, queries
from benchmarks.client import get
from benchmarks.knowledge import Registry
from benchmarks.queries import HEAVY, TEMPLATES, Query

_JSON: Final = "application/sparql-results+json"
_TRIPLES: Final = "application/n-triples"
_LIGHT: Final = {name: template for name, template in TEMPLATES.items() if name not in HEAVY}
_LOOKUP: Final = {"lookup": TEMPLATES["lookup"]}
#: A size at or above which a workload has so many rounds.
Amounts = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of work.

    Attributes:
        name: how the tables call it.
        make: registry, rounds, seed → the list.
        amounts: how many rounds by the size of the registry, largest first.
        distinct: so many rounds are drawn and repeated to fill the amount; 0: every query is drawn anew.
    """

    name: str
    make: Callable[[Registry, int, int], list[Query]]
    amounts: Amounts
    distinct: int = 0

    def queries(self, registry: Registry, triples: int, seed: int, scale: float = 1.0) -> list[Query]:
        """The list for a registry of so many triples; ``scale`` makes it longer or shorter."""
        rounds = max(1, round(scale * next(amount for least, amount in self.amounts if triples >= least)))
        if not self.distinct:
            return self.make(registry, rounds, seed)
        few = self.make(registry, self.distinct, 1)
        draw = random.Random(f"repeated {self.name} {seed}")
        return [query for _ in range(rounds) for query in draw.sample(few, len(few))]

    def first(self, registry: Registry) -> list[Query]:
        """Every query that a workload with repetitions repeats, once."""
        return self.make(registry, self.distinct, 1) if self.distinct else []


def _of(templates: dict[str, queries.Template]) -> Callable[[Registry, int, int], list[Query]]:
    return lambda registry, rounds, seed: queries.mix(registry, rounds, seed, templates)


MIX: Final = Workload("registry mix", _of(TEMPLATES), ((10_000_000, 1), (1_000_000, 8), (0, 20)))
LIGHT: Final = Workload("light templates", _of(_LIGHT), ((10_000_000, 25), (0, 60)))
LOOKUPS: Final = Workload("lookups", _of(_LOOKUP), ((0, 4000),))
EXPLORE: Final = Workload("explore mix", explore.mix, ((10_000_000, 3), (1_000_000, 10), (0, 20)))
OTHER_WORDS: Final = Workload("second mix", _of(other_words.TEMPLATES), ((10_000_000, 1), (1_000_000, 8), (0, 20)))
#: Each template several times at every size: one answer is no median.
DEFAULT: Final = (
    replace(MIX, amounts=((10_000_000, 5), (1_000_000, 8), (0, 20))),
    LIGHT,
    LOOKUPS,
    replace(OTHER_WORDS, amounts=((10_000_000, 3), (1_000_000, 8), (0, 20))),
)
EVALUATED: Final = (MIX, OTHER_WORDS, LIGHT, LOOKUPS, EXPLORE)
REPEATED: Final = (
    Workload("registry mix, repeated", _of(TEMPLATES), ((10_000_000, 2), (1_000_000, 8), (0, 20)), distinct=2),
    Workload("light templates, repeated", _of(_LIGHT), ((10_000_000, 10), (0, 30)), distinct=4),
    Workload("lookups, repeated", _of(_LOOKUP), ((0, 80),), distinct=50),
)


def is_graph(query: Query) -> bool:
    """Whether the answer is a graph rather than solutions."""
    return "\nCONSTRUCT" in f"\n{query.text}" or is_description(query)


def is_description(query: Query) -> bool:
    """Whether it is a DESCRIBE, whose answer is the server's own choice (SPARQL 1.1 Query 16.4)."""
    return "\nDESCRIBE" in f"\n{query.text}"


def request(path: str, query: Query, *more: str) -> bytes:
    """The GET request for a query at a path, accepting what can be compared; ``more`` are further header lines."""
    return get(f"{path}?query={quote(query.text, safe='')}", _TRIPLES if is_graph(query) else _JSON, *more)
