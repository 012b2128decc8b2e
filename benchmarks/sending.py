"""What is sent to object storage: a first release, and publishes of a hundred triples one after the other.

    python -m benchmarks.sending [--triples 1000000] [--changes 60] [--adding] [--write]

To a folder, so that nothing but sizes is measured. Each publish replaces the triples of the one before, or adds others.
Goal: below 200 kB a publish at a million triples.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from typing import Final

from benchmarks.machine import head
from benchmarks.publish import GRAPH, changed, clubs, prepared
from benchmarks.section import RESULTS, WORK, publish, table
from graph.parts.replication.object_storage import open_storage
from graph.parts.replication.push import Push
from graph.pipeline.write import GraphEdit
from graph.pipeline.write import publish as write
from graph.releases.release import current_release
from graph.releases.verification import verify

GOAL_KB: Final = 200


def sizes(triples: int, changes: int, *, adding: bool) -> list[int]:
    """Return how many bytes were sent of the first release, and of each change."""
    own, storage = prepared(triples, with_ontology=False), WORK / "sending"
    shutil.rmtree(storage, ignore_errors=True)
    push = Push(own, open_storage(f"file://{storage}"))
    found = [push.send().size]
    for turn in range(1, changes + 1):
        if adding:
            write(own, [GraphEdit(own.graph(GRAPH), clubs(own.base, turn))])
        else:
            changed(own, turn)
        found.append(push.send().size)
        print(f"{turn}: {found[-1]:,} bytes", file=sys.stderr)
    if problems := verify(current_release(own)):
        raise SystemExit("\n".join(problems))
    for folder in (own.root, storage):
        shutil.rmtree(folder)
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sending", description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, default=1_000_000)
    parser.add_argument("--changes", type=int, default=60)
    parser.add_argument("--adding", action="store_true", help="no publish takes away what the one before has added")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    first, *rest = sizes(options.triples, options.changes, adding=options.adding)
    kilobytes = [each / 1000 for each in rest]
    below = sum(each < GOAL_KB for each in kilobytes)
    rows = [
        ("first release, MB", f"{first / 1e6:.1f}", "", ""),
        ("a publish of 100 triples, kB, median", f"{statistics.median(kilobytes):.0f}", f"< {GOAL_KB}", ""),
        ("mean", f"{statistics.mean(kilobytes):.0f}", "", ""),
        ("largest", f"{max(kilobytes):.0f}", f"< {GOAL_KB}", f"{below} of {len(kilobytes)} below"),
    ]
    columns = (f"{options.triples:,} triples", "sent", "goal", "")
    publish("sending", "\n\n".join([head(), table(columns, rows)]), RESULTS if options.write else None)


if __name__ == "__main__":
    main()
