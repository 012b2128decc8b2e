"""Nothing false, at length: generated graphs are read in every format, published, and given out in every format.

    python -m benchmarks.round_trip [GRAPHS]

prints how many came back isomorphic, and ends with 1 where one did not. 10,000 graphs take some minutes.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from graph.export.documents import SERIALISATIONS
from graph.model.publication import open_publication
from graph.parts.contribution.contributed_document import FORMATS
from graph.pipeline.write import Put, publish
from tests.round_trip import BASE, Triples, canonical, got, graphs, is_held, lines_of, put, read_back, written

BATCH = 500


def generated(count: int) -> list[Triples]:
    """Return so many graphs of every odd kind."""
    found: list[Triples] = []

    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(graphs)
    def collect(graph: Triples) -> None:
        found.append(graph)

    while len(found) < count:  # repeated examples are left out
        collect()
    return found[:count]


def compared(batch: list[Triples], first: int, folder: Path, counts: Counter[str]) -> None:
    """Put some graphs, each in one format after the other, in one release; get them in all formats and compare."""
    forms, writes, wanted = list(FORMATS), [], {}
    for number, graph in enumerate(batch, first):
        name, form = f"{BASE}graph/odd/{number}", forms[number % len(forms)]
        text = written(graph, form)
        counts[f"sent as {form if text is not None else 'ntriples'}"] += 1
        chunks = put(text, form, name, folder) if text is not None else put(lines_of(graph), "ntriples", name, folder)
        writes.append(Put(name, chunks))
        wanted[name] = graph
    release = publish(open_publication(folder), writes).release
    for name, graph in wanted.items():
        for each in SERIALISATIONS:
            text = got(release.read_graph(name), each)
            if text is None and not is_held(graph, each):
                counts[f"{each.name} cannot hold it"] += 1
            elif text is not None and canonical(read_back(text, each)) == canonical(lines_of(graph)):
                counts[f"isomorphic as {each.name}"] += 1
            else:
                counts["false"] += 1
                sys.stderr.write(f"{name} as {each.name}: {lines_of(graph).decode()}\n")


def main(count: int) -> int:
    """Compare so many graphs; return the exit status."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "hamkor.toml").write_text(f'base = "{BASE}"')
        found = generated(count)
        for first in range(0, count, BATCH):
            compared(found[first : first + BATCH], first, folder, counts)
    for what, number in sorted(counts.items()):
        sys.stdout.write(f"{number:7,} {what}\n")
    return 1 if counts["false"] else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
