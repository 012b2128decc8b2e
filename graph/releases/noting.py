"""The notes of a whole release being written: which lines of its members the index rewrites.

It reads every chunk once while the members are written. What a change adds is noted by
``LexicalForms.noted`` of ``graph.releases.lexical``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pyoxigraph as ox

from graph.releases.digest import Lanes, triple_hashes
from graph.releases.lexical import LEXICAL_FOLDER, index_lines, note

BATCH = 50_000


@dataclass
class Noting:
    """Takes chunks; the store of notes is there from the first line on that needs it.

    Attributes:
        release: the folder of the release in the making.
    """

    release: Path
    _store: ox.Store | None = None
    _waiting: list[ox.Quad] = field(default_factory=list)

    def add(self, graph: str, lines: Iterable[bytes]) -> None:
        """Note lines of a graph that the index will not give back: those of which ``rewritten`` says so."""
        self._waiting += [note(graph, line) for line in lines]
        if len(self._waiting) >= BATCH:
            self._write()

    def close(self, keys: Mapping[str, Sequence[Lanes]]) -> None:
        """Note the plain forms, too, that stand beside a noted one in the same graph, and close the store.

        Args:
            keys: by each graph's IRI, the first two lanes of the SHA-256 of each of its lines.
        """
        self._write()
        if self._store is not None:
            for graph in [iri for iri in keys if self._has(iri)]:
                held = np.concatenate([*keys[graph], np.zeros((0, 2), dtype=np.uint64)])
                lanes = np.sort(held[:, 0]), np.sort(held[:, 1])
                for lines in self._batches(graph):
                    plain = list(index_lines(lines))
                    hashes = triple_hashes(plain)
                    there = _among(lanes[0], hashes[:, 0]) & _among(lanes[1], hashes[:, 1])
                    self._waiting += [note(graph, plain[place]) for place in np.flatnonzero(there)]
            self._write()
            self._store.flush()
            self._store = None

    def _has(self, graph: str) -> bool:
        quads = self._quads(graph)
        return next(quads, None) is not None

    def _quads(self, graph: str) -> Iterator[ox.Quad]:
        return self._store.quads_for_pattern(None, None, None, ox.NamedNode(graph)) if self._store else iter(())

    def _batches(self, graph: str) -> Iterator[list[bytes]]:
        quads = self._quads(graph)
        while part := list(islice(quads, BATCH)):
            yield [quad.object.value.encode() for quad in part if isinstance(quad.object, ox.Literal)]

    def _write(self) -> None:
        if self._waiting:
            if self._store is None:
                self._store = ox.Store(str(self.release / LEXICAL_FOLDER))
            self._store.bulk_extend(self._waiting)
            self._waiting = []


def _among(held: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    places = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
    found: np.ndarray = held[places] == wanted
    return found
