"""Random changes of the flagship: its own shapes say of each, found incrementally, what they say of everything."""

from __future__ import annotations

from random import Random

import pyoxigraph as ox
import pytest
from validation_material import by_sets, stored_index, told

from graph.releases.exact_forms import LexicalForms, index_lines
from graph.releases.release import Release
from graph.sources.batches import Chunk, GraphChange
from graph.validation.conformance import validate
from graph.validation.incremental import validate_change, validate_index
from graph.validation.report import Report, parse_report
from graph.validation.shapes import load_shapes
from graph.validation.validated_graph import ValidatedData

Graphs = dict[str, frozenset[bytes]]


class Flagship:
    """The validated graphs of the flagship's release, and an index of them that follows changes."""

    def __init__(self, release: Release) -> None:
        base = release.manifest.base
        self.base, self.shapes = base, list(release.read_graph(f"{base}graph/shapes"))
        graphs = {
            each.iri: frozenset(line for chunk in release.read_graph(each.iri) for line in chunk.lines())
            for each in release.manifest.graphs
        }
        self.without = frozenset({f"{base}graph/shapes", f"{base}graph/catalog"})
        self.graphs = {iri: lines for iri, lines in graphs.items() if iri not in self.without}
        turtle = (release.folder / "report.ttl").read_bytes()
        self.report = parse_report(turtle, load_shapes(self.shapes, base=base).graph)

    def data(self, graphs: Graphs) -> ValidatedData:
        index, notes = ox.Store(), ox.Store()
        for iri, lines in graphs.items():
            doubtful = lines - index_lines(lines)
            twins = index_lines(doubtful) & lines if doubtful else set[bytes]()
            LexicalForms(notes).noted(index, iri, doubtful | twins, ()).write(notes)
            index.load(b"\n".join(lines), ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(iri), lenient=True)
            index.load(b"\n".join(lines), ox.RdfFormat.N_TRIPLES, lenient=True)
        return ValidatedData(index, LexicalForms(notes), self.without, self.base)

    def whole(self, graphs: Graphs) -> Report:
        chunks = {iri: [Chunk(iri, b"".join(line + b"\n" for line in lines))] for iri, lines in graphs.items()}
        return validate(chunks, self.shapes, base=self.base)


@pytest.fixture(scope="module")
def published(flagship_release: Release) -> Flagship:
    return Flagship(flagship_release)


def changed(graphs: Graphs, random: Random) -> GraphChange:
    """A few lines less of one graph, and a few more: those of others, and new ones put together of their terms."""
    iri = random.choice(sorted(graphs))
    parts = [line.split(b" ", 2) for each in sorted(graphs) for line in sorted(graphs[each])]
    added = frozenset(
        b" ".join(random.choice(parts)[place] if random.random() < 0.2 else term for place, term in enumerate(line))
        for line in random.sample(parts, random.randint(0, 6))
    )
    removed = frozenset(random.sample(sorted(graphs[iri]), min(len(graphs[iri]), random.randint(0, 4))))
    return GraphChange(iri, added - graphs[iri], removed - added)


@pytest.mark.parametrize("seed", range(6))
def test_a_change_of_the_flagship_is_judged_as_the_whole_would_be(published: Flagship, seed: int) -> None:
    change = changed(published.graphs, Random(seed))  # noqa: S311
    after = {**published.graphs, change.iri: (published.graphs[change.iri] | change.added) - change.removed}
    data = published.data(after)
    before = published.data(published.graphs)
    report = validate_change(before, data, [change], published.shapes, published.report, base=published.base)
    assert told(report) == told(published.whole(after))


def test_the_flagship_is_judged_from_its_index_as_from_its_members(published: Flagship) -> None:
    data, whole = published.data(published.graphs), told(published.whole(published.graphs))
    with stored_index(data, published.graphs) as index:
        report = validate_index(data, published.shapes, index, base=published.base)
    assert told(report) == told(published.report) == whole
    assert told(by_sets(published.graphs, published.shapes, published.base)) == whole
