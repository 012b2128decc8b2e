"""From the members of a release to entities: every statement is looked at, and what the index keeps is kept.

Members are large and most of their lines are nothing to the index. So lines are told apart by numpy, a few megabytes
at a time, and only those with a property that counts become Python objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from graph.linking.entity import Entity, rank_of
from graph.linking.naming import Said, entities_of, iri_of, kinds_by
from graph.linking.scanning import Hashes, Lines, hashes_of, read_lines
from graph.linking.statements import CLASS, IS_DESCRIBED, MATCHES, Statement, is_searched, roles
from graph.namespaces import ENTAILED_GRAPH, RDF_TYPE, graph_iri

TYPE = f"<{RDF_TYPE}>".encode()
BATCH = 512
"""How many things are named at a time."""


def entities(members: Mapping[str, Path], base: str) -> Iterator[Entity]:
    """Yield everything in some named graphs that is found by its name, weightiest first.

    Args:
        members: the member file of each named graph, computed ones included; each is read twice.
        base: the publication's base.

    Raises:
        ReleaseError: a member cannot be read.
    """
    wanted = {iri: path for iri, path in members.items() if is_searched(iri, base)}
    harvest = Harvest(base, _barred(wanted, base))
    for iri, path in wanted.items():
        for lines in read_lines(path, iri):
            harvest.take(lines, counted=iri != graph_iri(base, ENTAILED_GRAPH))
    yield from harvest.entities()


def _barred(members: Mapping[str, Path], base: str) -> set[bytes]:
    """Return the things that are not found by name, so that nothing of them need be kept.

    Those are the things of auxiliary classes, and what others call a thing of ours: one finds ours by that.
    """
    classes, barred, own = dict[bytes, set[bytes]](), set[bytes](), f"<{base}".encode()
    for iri, path in members.items():
        for lines in read_lines(path, iri):
            for subject, predicate, target in lines.with_predicates({TYPE, *MATCHES}):
                if predicate == TYPE:
                    classes.setdefault(subject, set()).add(target)
                elif not target.startswith(own):
                    barred.add(target)
    barred.update(subject for subject, of in classes.items() if not kinds_by(frozenset(of), base))
    return barred


@dataclass
class Harvest:
    """What has been read of things.

    Attributes:
        base: the publication's base.
        barred: things of which nothing is kept, as N-Triples.
    """

    base: str
    barred: set[bytes]
    _read: dict[bytes, list[Statement]] = field(default_factory=dict)
    _targets: list[Hashes] = field(default_factory=list)

    def take(self, lines: Lines, *, counted: bool) -> None:
        """Take triples; ``counted``: whether they are anybody's, so that they describe things and link to others."""
        role_of, read, barred = roles(self.base), self._read, self.barred
        for subject, predicate, target in lines.with_predicates(role_of):
            if subject not in barred:
                role, rank = role_of[predicate]
                read.setdefault(subject, []).append((role, rank, target))
        if counted:
            for subject in lines.subjects():
                if subject not in barred:
                    read.setdefault(subject, []).append(IS_DESCRIBED)
            self._targets.append(lines.hashes_of_targets(TYPE))

    def entities(self) -> Iterator[Entity]:
        """Yield the things that have a name, weightiest first; what was read is gone afterwards."""
        linked, order = self._linked(), list[tuple[int, int, bytes, tuple[str, ...]]]()
        for subject, found in self._read.items():
            kinds = kinds_by(frozenset([value for role, _, value in found if role == CLASS]), self.base)
            weight, links, _ = rank_of(kinds, linked[subject], "")
            order.append((weight, links, subject, kinds))
        order.sort()
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            said = [Said(iri_of(it), self._read.pop(it), linked[it], kinds) for _, _, it, kinds in batch]
            yield from entities_of(said, self.base)

    def _linked(self) -> Mapping[bytes, int]:
        """Return how many statements point to each thing."""
        hashes, counts = np.unique(np.concatenate([*self._targets, np.zeros(0, np.uint64)]), return_counts=True)
        if not len(hashes):
            return dict.fromkeys(self._read, 0)
        wanted = hashes_of(tuple(self._read))
        at = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
        return dict(zip(self._read, np.where(hashes[at] == wanted, counts[at], 0).tolist(), strict=True))
