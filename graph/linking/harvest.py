"""From the members of a release to entities: every statement is looked at, and what the index keeps is kept.

Members are large and most of their lines are nothing to the index. So lines are told apart by numpy, a few megabytes
at a time, and only those with a property that counts become Python objects.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from graph.linking.entity import Entity, rank_of
from graph.linking.folding import Folds
from graph.linking.naming import Said, entities_of, iri_of, kinds_by
from graph.linking.scanning import Hashes, Lines, hashes_of, read_lines
from graph.linking.statements import (
    CLASS,
    DESCRIBED,
    IS_DESCRIBED,
    MATCHES,
    TERMS_GRAPH,
    Statement,
    is_searched,
    roles,
)
from graph.namespaces import ENTAILED_GRAPH, RDF_TYPE, graph_iri

TYPE = f"<{RDF_TYPE}>".encode()
BATCH = 512
"""How many things are named at a time."""


def entities(members: Mapping[str, Path], base: str) -> Iterator[Entity]:
    """Yield everything in some named graphs that is found by its name, weightiest first.

    Args:
        members: the member file of each named graph, computed ones included; each is read once, and again where a graph
            names the class of a thing for which an earlier one had only auxiliary classes.
        base: the publication's base.

    Raises:
        ReleaseError: a member cannot be read.
    """
    wanted, harvest = {iri: path for iri, path in members.items() if is_searched(iri, base)}, Harvest(base)
    for iri, path in wanted.items():
        only = _with_class(path, iri, base) if iri == graph_iri(base, TERMS_GRAPH) else None
        for lines in read_lines(path, iri):
            harvest.take(lines, counted=iri != graph_iri(base, ENTAILED_GRAPH), only=only)
    if harvest.missed:
        for iri, path in wanted.items():
            only = _with_class(path, iri, base) if iri == graph_iri(base, TERMS_GRAPH) else None
            for lines in read_lines(path, iri):
                harvest.take_missed(lines, only)
    yield from harvest.entities()


def _with_class(path: Path, iri: str, base: str) -> set[bytes]:
    """Return the things of which a graph says a class."""
    return {subject for lines in read_lines(path, iri) for subject, said in lines.said(roles(base)) if _classes(said)}


@dataclass
class Harvest:
    """What has been read of things.

    Of a thing that only has auxiliary classes, as far as has been read, nothing but these is kept.

    Attributes:
        base: the publication's base.
        missed: things of which something was not kept that is wanted after all, as N-Triples.
    """

    base: str
    missed: set[bytes] = field(default_factory=set)
    _barred: set[bytes] = field(default_factory=set)
    _others: set[bytes] = field(default_factory=set)
    _read: dict[bytes, list[Statement]] = field(default_factory=dict)
    _targets: list[Hashes] = field(default_factory=list)

    def take(self, lines: Lines, *, counted: bool, only: Container[bytes] | None = None) -> None:
        """Take triples.

        Args:
            lines: the triples.
            counted: whether they are anybody's, so that they describe things and link to others.
            only: things of which they tell; None for all.
        """
        read, barred, own = self._read, self._barred, f"<{self.base}".encode()
        for subject, fresh in lines.said(roles(self.base)):
            if only is not None and subject not in only:
                continue
            known = read.get(subject)
            classes = _classes(fresh)
            if not classes and subject in barred:
                continue
            if known is None:
                read[subject] = known = fresh
            else:
                known += fresh
            if classes:
                self._bar(subject, known)
        # what others call a thing of ours is no thing besides: one finds ours by that
        self._others.update(each for each in lines.targets(MATCHES) if not each.startswith(own))
        if counted:
            for subject in lines.subjects():
                if only is not None and subject not in only:
                    continue
                read.setdefault(subject, []).append(IS_DESCRIBED)
            self._targets.append(lines.hashes_of_targets(TYPE))

    def take_missed(self, lines: Lines, only: Container[bytes] | None = None) -> None:
        """Take triples again, for what was missed the first time."""
        for subject, fresh in lines.said(roles(self.base)):
            if subject in self.missed and (only is None or subject in only):
                self._read[subject] = list({*self._read[subject], *fresh})

    def _bar(self, subject: bytes, found: list[Statement]) -> None:
        """Keep only the classes of a thing where these say that it is not found by name."""
        if not kinds_by(_classes(found), self.base):
            self._barred.add(subject)
            self.missed.discard(subject)
            found[:] = [each for each in found if each[0] in (CLASS, DESCRIBED)]
        elif subject in self._barred:
            self._barred.remove(subject)
            self.missed.add(subject)

    def entities(self) -> Iterator[Entity]:
        """Yield the things that have a name, weightiest first; what was read is gone afterwards."""
        for each in self._barred | self._others:
            self._read.pop(each, None)
        linked, folds, order = self._linked(), Folds(), list[tuple[int, int, bytes, tuple[str, ...]]]()
        for subject, found in self._read.items():
            kinds = kinds_by(_classes(found), self.base)
            weight, links, _ = rank_of(kinds, linked[subject], "")
            order.append((weight, links, subject, kinds))
        order.sort()
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            said = [Said(iri_of(it), self._read.pop(it), linked[it], kinds) for _, _, it, kinds in batch]
            yield from entities_of(said, self.base, folds)

    def _linked(self) -> Mapping[bytes, int]:
        """Return how many statements point to each thing."""
        hashes, counts = np.unique(np.concatenate([*self._targets, np.zeros(0, np.uint64)]), return_counts=True)
        if not len(hashes):
            return dict.fromkeys(self._read, 0)
        wanted = hashes_of(tuple(self._read))
        at = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
        return dict(zip(self._read, np.where(hashes[at] == wanted, counts[at], 0).tolist(), strict=True))


def _classes(found: Iterable[Statement]) -> frozenset[bytes]:
    return frozenset([value for role, _, value in found if role == CLASS])
