"""Publishes that are killed at random moments: the current release stays whole, and the next publish works.

    python -m benchmarks.killed [--kills 200] [--triples 100000] [--seed 1] [--proposals [--minutes 60]] [--write]

After each kill the current release is read whole: every SHA-256, every digest, the number of triples in the store; it
is the one before or the new one, and holds what that one must hold. Then the same change is published without a kill.
Each publish runs in a process of its own, forked from one that has loaded everything and opened nothing.

With ``--proposals`` what is killed stores a proposal, accepts it and builds. Each proposal counts a value on by one, so
that one which were lost, or applied twice, would be seen in it: as in the queue, the patches and the provenance. A file
of the sources changes each time, too, so that there is something to build, and kills fall into that.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.knowledge import Registry
from benchmarks.machine import head
from benchmarks.publish import clubs
from benchmarks.registry import write
from benchmarks.section import RESULTS, WORK, table
from benchmarks.section import publish as write_section
from graph.model.publication import Publication, open_publication
from graph.parts.proposals.decisions import accept_proposal, resume_proposals
from graph.parts.proposals.proposal_store import Content, Decision, KeptProposal, ValueChange, proposals_of
from graph.pipeline.build import build
from graph.pipeline.write import Put, publish
from graph.releases.release import AT_ONCE, ReleasesFolder, current_release
from graph.releases.verification import verify
from graph.sources.batches import Chunk

GRAPH: Final = "ngo-x/clubs"
LEAST: Final = 4000
#: The last moment of a kill, as a multiple of what a publish takes: some come after the new release is current.
LATEST: Final = 1.25


@dataclass
class Outcome:
    """What the kills left.

    Attributes:
        old: how often the release before was current.
        new: how often the new one was.
        late: how often the publish had ended before the kill.
        seconds: how long a publish takes that is not killed.
    """

    old: int = 0
    new: int = 0
    late: int = 0
    seconds: float = 0.0


def in_process(work: Callable[[], object]) -> int:
    """Begin work in a process of its own; return the process's id. It ends with 0 where all went well."""
    if process := os.fork():
        return process
    try:
        work()
    except BaseException:  # noqa: BLE001  the parent has its own life to lead; it sees the status
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def done(process: int) -> int:
    """Wait for a process; return its exit status, below nought where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def succeeded(work: Callable[[], object]) -> None:
    """Do work in a process of its own.

    Raises:
        SystemExit: it failed; what it said is on standard error.
    """
    if status := done(in_process(work)):
        raise SystemExit(f"a step ended with {status}")


def publication_of(triples: int, root: Path) -> Publication:
    """Return a publication of some generated triples, without a release."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "data").mkdir(parents=True)
    with (root / "data" / "registry.nq").open("wb") as file:
        write(Registry.of(triples), file)
    return open_publication(root)


def turn_published(publication: Publication, turn: int) -> None:
    """Publish what the graph holds at a turn."""
    graph = publication.graph(GRAPH)
    lines = b"".join(line + b"\n" for line in sorted(clubs(publication.base, turn)))
    publish(publication, [Put(graph, (Chunk(graph, lines),))])


def check(publication: Publication, turn: int) -> None:
    """Read the current release whole.

    Raises:
        SystemExit: it is not whole, or does not hold what it must at this turn.
    """
    release = current_release(publication)
    problems = list(verify(release))
    held = {line for chunk in release.read_graph(publication.graph(GRAPH)) for line in chunk.lines()}
    if held != clubs(publication.base, turn):
        problems.append("the graph holds not what was published")
    count = sum(1 for _ in release.store.quads_for_pattern(None, None, None, None))
    if count != release.manifest.triples + release.manifest.quads:
        problems.append("the store holds more or less than the manifest says")
    if problems:
        raise SystemExit(f"{release.id} at turn {turn}: {problems}")


def killed(publication: Publication, kills: int, seed: int) -> Outcome:
    """Kill publishes at random moments and look at what is left, each time.

    Raises:
        SystemExit: something was not whole.
    """
    outcome, chance = Outcome(seconds=duration(publication)), random.Random(seed)
    releases = ReleasesFolder(publication.releases_folder)
    succeeded(partial(turn_published, publication, 0))
    for turn in range(1, kills + 1):
        before = releases.current()
        process = in_process(partial(turn_published, publication, turn))
        time.sleep(chance.uniform(0, LATEST * outcome.seconds))
        os.kill(process, signal.SIGKILL)
        status, after = done(process), releases.current()
        if status not in {0, -signal.SIGKILL} or after is None:
            raise SystemExit(f"kill {turn}: the publish ended with {status}, current is {after}")
        is_new = after != before
        outcome.old, outcome.new = outcome.old + (not is_new), outcome.new + is_new
        outcome.late += status == 0
        succeeded(partial(check, publication, turn if is_new else turn - 1))
        succeeded(partial(turn_published, publication, turn))
        succeeded(partial(check, publication, turn))
    if left := [each.name for each in releases.path.iterdir() if each.name.startswith((".staging", ".current"))]:
        raise SystemExit(f"left behind: {left}")
    return outcome


def duration(publication: Publication) -> float:
    """Return how long a publish takes that is not killed, in seconds, at the median of three."""
    times = []
    for turn in (-1, -2, -3):
        begun = time.perf_counter()
        succeeded(partial(turn_published, publication, turn))
        times.append(time.perf_counter() - begun)
    return sorted(times)[1]


# Proposals that are stored, accepted and built.

FOLDER, TOLD, COUNTED, BUILT = "data", "told.txt", "counted", "built"
STATES: Final = ("not stored", "waiting", "accepting", "accepted", "building", "ended before")
RUN: Final = Decision(name="a reviewer", chosen=(0,), words="because")


def counted(publication: Publication) -> tuple[str, str, str]:
    """Return the thing that is counted on, by which property, and in which graph: one that a file fills."""
    return f"{publication.base}id/{COUNTED}", f"{publication.base}ns#{COUNTED}", publication.graph(COUNTED)


def propose(publication: Publication, turn: int) -> str:
    """Store the proposal of a turn, and tell its author; return its id."""
    thing, predicate, graph = counted(publication)
    change = ValueChange(predicate, f'"{turn - 1}"', f'"{turn}"', (graph,))
    content = Content("change", thing, f"turn {turn}", (change,), "because")
    name, _ = proposals_of(publication).add(content, most=1_000_000, keep_days=1000)
    with (publication.root / TOLD).open("a", encoding="utf-8") as told:
        told.write(f"{name}\n")
    return name


def proposed_and_built(publication: Publication, turn: int) -> None:
    """Store the proposal of a turn, accept it, change a file and build: what is killed."""
    accept_proposal(publication, propose(publication, turn), RUN, AT_ONCE)
    write_built(publication, turn)
    build(publication)


def write_built(publication: Publication, turn: int) -> None:
    """Write the file that changes with each turn, whole or not at all."""
    path = publication.root / FOLDER / f"{BUILT}.nt"
    path.with_suffix(".new").write_bytes(built(publication, turn) + b"\n")
    path.with_suffix(".new").replace(path)


def built(publication: Publication, turn: int) -> bytes:
    """Return the line of that file."""
    return f'<{publication.base}id/{BUILT}> <{publication.base}ns#{BUILT}> "{turn}" .'.encode()


def lines_in(publication: Publication, name: str) -> list[bytes]:
    """Return the lines of a graph in the current release."""
    return [
        line for chunk in current_release(publication).read_graph(publication.graph(name)) for line in chunk.lines()
    ]


def found_of(publication: Publication, turn: int) -> KeptProposal | None:
    """Return the proposal of a turn, as it is kept."""
    store, page = proposals_of(publication), 1
    while listed := store.queue(("waiting", "accepting", "accepted"), page):
        if found := [each for each in listed if each.content is not None and each.content.label == f"turn {turn}"]:
            return found[0] if len(found) == 1 else None
        page += 1
    return None


def resumed(publication: Publication, turn: int) -> None:
    """Note what a kill has left; go on as the next command does, and make sure that nothing is lost or twice."""
    (publication.root / "left.txt").write_text(left_at(publication, turn), encoding="utf-8")
    build(publication)
    resume_proposals(publication, AT_ONCE)
    found = found_of(publication, turn)
    check_proposals(publication, turn if found is not None and found.state == "accepted" else turn - 1)


def left_at(publication: Publication, turn: int) -> str:
    """Return how far a turn has come: its proposal's state, and where that is accepted, whether the build was begun."""
    found = found_of(publication, turn)
    state = found.state if found is not None else STATES[0]
    if state != "accepted" or (publication.root / FOLDER / f"{BUILT}.nt").read_bytes().strip() != built(
        publication, turn
    ):
        return state
    return "ended before" if lines_in(publication, BUILT) == [built(publication, turn)] else "building"


def ended(publication: Publication, turn: int) -> None:
    """Bring a turn to its end without a kill, and make sure that all is there."""
    found = found_of(publication, turn)
    if found is None or found.state == "waiting":
        name = propose(publication, turn) if found is None else found.id
        accept_proposal(publication, name, RUN, AT_ONCE)
    write_built(publication, turn)
    build(publication)
    check_proposals(publication, turn)
    if (held := lines_in(publication, BUILT)) != [built(publication, turn)]:
        raise SystemExit(f"turn {turn}: built is {held}")


def check_proposals(publication: Publication, turn: int) -> None:
    """Make sure that the proposals up to a turn have been accepted, each once, and that none is lost.

    Raises:
        SystemExit: one is lost, or was applied twice; or the release is not whole.
    """
    release, (thing, predicate, _) = current_release(publication), counted(publication)
    problems = list(verify(release))
    values = lines_in(publication, COUNTED)
    if values != [f'<{thing}> <{predicate}> "{turn}" .'.encode()]:
        problems.append(f"the value is {values}")
    times = release.store.query(
        "SELECT ?a (COUNT(?t) AS ?n) { ?a <http://www.w3.org/ns/prov#endedAtTime> ?t "
        "FILTER(CONTAINS(STR(?a), '/accepted/')) } GROUP BY ?a"
    )
    counts = [int(each["n"].value) for each in times]  # type: ignore[union-attr, index]
    if counts != [1] * turn or len(publication.patches()) != turn:
        problems.append(f"accepted are {counts}, with {len(publication.patches())} patches")
    store = proposals_of(publication)
    told = (publication.root / TOLD).read_text(encoding="utf-8").split()
    if lost := [each for each in told if store.get(each) is None]:
        problems.append(f"lost are {lost}")
    if problems:
        raise SystemExit(f"{release.id} at turn {turn}: {problems}")


def proposals_killed(publication: Publication, kills: int, seed: int, minutes: float) -> tuple[dict[str, int], float]:
    """Kill what stores, accepts and builds; return how often what was left, and how long it takes without a kill.

    It ends after so many kills, or minutes.

    Raises:
        SystemExit: something was lost, or applied twice, or not whole.
    """
    thing, predicate, _ = counted(publication)
    (publication.root / FOLDER / f"{COUNTED}.nt").write_text(f'<{thing}> <{predicate}> "0" .\n', encoding="utf-8")
    write_built(publication, 0)
    succeeded(partial(build, publication))
    chance, left, seconds = random.Random(seed), dict.fromkeys(STATES, 0), 0.0
    end = time.monotonic() + 60 * minutes
    for turn in range(1, kills + 2):
        if time.monotonic() > end:
            break
        process, begun = in_process(partial(proposed_and_built, publication, turn)), time.perf_counter()
        if turn == 1:  # none is killed, to know how long it takes
            status, seconds = done(process), time.perf_counter() - begun
        else:
            time.sleep(chance.uniform(0, LATEST * seconds))
            os.kill(process, signal.SIGKILL)
            status = done(process)
        if status not in {0, -signal.SIGKILL}:
            raise SystemExit(f"turn {turn}: what was killed had ended with {status}")
        succeeded(partial(resumed, publication, turn))
        if turn > 1:
            left[(publication.root / "left.txt").read_text(encoding="utf-8")] += 1
        succeeded(partial(ended, publication, turn))
    return left, seconds


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.killed", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--triples", type=int, default=100_000, help=f"the size of the publication (from {LEAST:,})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to work (default: benchmarks/scratch/killed)")
    parser.add_argument("--proposals", action="store_true", help="kill what stores, accepts and builds proposals")
    parser.add_argument("--minutes", type=float, default=600, help="with --proposals: begin no kill after so many")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    root = options.folder or WORK / "killed"
    publication = publication_of(options.triples, root)
    if options.proposals:
        left, seconds = proposals_killed(publication, options.kills, options.seed, options.minutes)
        shutil.rmtree(root)
        columns = ("triples", "kills", *STATES, "store, accept, build, s", "lost or twice")
        row: tuple[object, ...] = (options.triples, sum(left.values()), *left.values(), f"{seconds:.2f}", 0)
        text = "\n\n".join([head(), table(columns, [row])])
        write_section("killed-proposals", text, RESULTS if options.write else None)
        return
    succeeded(partial(build, publication))
    outcome = killed(publication, options.kills, options.seed)
    shutil.rmtree(root)
    row = (options.triples, options.kills, outcome.old, outcome.new, outcome.late, f"{outcome.seconds:.2f}", 0)
    columns = ("triples", "kills", "old release", "new release", "of these after the end", "a publish, s", "not whole")
    text = "\n\n".join([head(), table(columns, [row])])
    write_section("killed", text, RESULTS if options.write else None)


if __name__ == "__main__":
    main()
