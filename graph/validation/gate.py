"""The gate: does a graph conform to the shapes? Only what conforms is released.

The data that is validated is parsed from the sources, never read from a store (the store rewrites numeric literals).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from graph.namespaces import genid_iri
from graph.sources.chunks import Chunk
from graph.validation.apart import apart
from graph.validation.evaluation import evaluate
from graph.validation.memory import DataTriples
from graph.validation.report import Report, read_report
from graph.validation.shapes import load_shapes
from graph.validation.terms import fill, subjects_of


@apart
def validate(data: Mapping[str, Iterable[Chunk]], shapes: Iterable[Chunk], *, base: str) -> Report:
    """Validate the union of some named sources against shapes.

    Args:
        data: the chunks of each source (its name as messages shall call it).
        shapes: the shapes.
        base: the publication's base.

    Raises:
        ShapesError: the shapes themselves are not usable.
    """
    held = {name: list(each) for name, each in data.items()}
    usable = load_shapes(shapes, base=base)
    found = evaluate(fill(DataTriples(), chain.from_iterable(held.values()), data_below=genid_iri(base, "")), usable)
    return read_report(found, usable.graph, _Places(held).find)


def located(report: Report, data: Mapping[str, Iterable[Chunk]]) -> Report:
    """Return the report with its files found anew: those of ``data`` that speak of each focus node."""
    return report.located(_Places({name: list(each) for name, each in data.items()}).find)


class _Places:
    """In which sources a statement, or failing that its subject, stands."""

    def __init__(self, sources: Mapping[str, list[Chunk]]) -> None:
        self._sources = sources
        self._subjects: dict[str, tuple[str, ...]] = {}

    def find(self, focus: str, path: str | None, value: str | None) -> tuple[str, ...]:
        names = self._names(focus.strip("<>"))
        if path is not None and value is not None:
            start = f"{focus} <{path}> {value}".encode()
            if exact := tuple(name for name in names if self._states(name, start)):
                return exact
        return names

    def _states(self, name: str, start: bytes) -> bool:
        return any(start in chunk.triples for chunk in self._sources[name])

    def _names(self, subject: str) -> tuple[str, ...]:
        if not self._subjects:
            for name, chunks in self._sources.items():
                for each in {iri for chunk in chunks for iri in subjects_of(chunk)}:
                    self._subjects[each] = (*self._subjects.get(each, ()), name)
        return self._subjects.get(subject, ())
