"""The index of a release in the making: whole at a build, by the change alone at a publish.

The index of an unchanged release is a hard link. Beside it lies a delta: what has changed since it was made, and the
numbers that this takes out of it. A delta that grows is folded in. A delta hides what it takes out and does not erase
it: where something is withheld, make a whole index.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyoxigraph as ox

from graph.change import GraphChange
from graph.errors import HamkorError, ReleaseError
from graph.linking.entity import Entity, id_of, rank_of
from graph.linking.harvest import entities
from graph.linking.index import INDEX_FILE, write_index
from graph.linking.naming import entity_of
from graph.linking.reader import DELTA_FILE, NameIndex, open_index
from graph.linking.statements import MATCHES, is_name_of_ours, is_searched, links_to, statements_of
from graph.namespaces import ENTAILED_GRAPH, RDF_TYPE, graph_iri

LARGE = 200_000
"""From so many triples on an index is made by a process of its own; below, starting one would take longer."""
FOLDED_SHARE, FOLDED_LEAST = 0.1, 500


def make_index(folder: Path, base: str, members: Mapping[str, Path]) -> int:
    """Write the whole index of a release in the making; return how many things it has.

    Args:
        folder: the release's.
        base: the publication's base.
        members: the member file of each named graph.

    Raises:
        ReleaseError: a member cannot be read, or the disk does not take the index.
    """
    (folder / DELTA_FILE).unlink(missing_ok=True)
    (folder / INDEX_FILE).unlink(missing_ok=True)
    with _without_search_for_cycles():
        return write_index(entities(members, base), folder / INDEX_FILE)


@contextmanager
def _without_search_for_cycles() -> Iterator[None]:
    """Make no garbage collection: what is read has no cycles, and to search it for them takes a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def index_beside(folder: Path, base: str, members: Mapping[str, Path], triples: int) -> Iterator[None]:
    """Write the whole index of a release in the making while the block runs; it is there at the block's end.

    A large one is made by a process of its own: it takes as long as half of the loading, and other processors are idle.

    Args:
        folder: as ``make_index``.
        base: as ``make_index``.
        members: as ``make_index``.
        triples: how many all members hold.

    Raises:
        ReleaseError: as ``make_index``.
    """
    if triples < LARGE:
        make_index(folder, base, members)
        yield
        return
    job = json.dumps([str(folder), base, {iri: str(path) for iri, path in members.items()}])
    command = [sys.executable, "-m", __name__]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    maker = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)  # noqa: S603
    try:
        if maker.stdin is not None:
            maker.stdin.write(job)
            maker.stdin.close()
            maker.stdin = None
        yield
        _, said = maker.communicate()
    finally:
        maker.kill()
        maker.wait()
    if maker.returncode:
        last = (said.strip().splitlines() or ["it was killed"])[-1]
        raise ReleaseError(f"the index of names could not be made: {last}", "is there enough memory and disk?")


def renew_index(parent: Path, folder: Path, base: str, store: ox.Store, changes: Iterable[GraphChange]) -> bool:
    """Make the index of a release from its parent's and what has changed; return whether the parent has one.

    Args:
        parent: the parent's folder.
        folder: the new release's.
        base: the publication's base.
        store: the new release's store.
        changes: what has changed in each named graph, the entailed one included.

    Raises:
        ReleaseError: an index cannot be read or written.
    """
    index = open_index(parent)
    if index is None:
        return False
    fresh = _renewed(index, base, store, [each for each in changes if is_searched(each.iri, base)])
    if not fresh:
        for name in (INDEX_FILE, DELTA_FILE):
            if (parent / name).exists():
                os.link(parent / name, folder / name)
        return True
    delta = {each.iri: each for _, each in index.delta.all_entities()} if index.delta else {}
    dead = set(index.delta.dead.tolist()) if index.delta else set[int]()
    for iri, entity in fresh.items():
        delta.pop(iri, None)
        if entity is not None:
            delta[iri] = entity
        if (n := index.whole.number(id_of(iri, base))) is not None:
            dead.add(n)
    if len(delta) + len(dead) > max(FOLDED_LEAST, FOLDED_SHARE * index.whole.count):
        kept = (each for n, each in index.whole.all_entities() if n not in dead)
        write_index(_ranked((*kept, *delta.values())), folder / INDEX_FILE)
    else:
        os.link(parent / INDEX_FILE, folder / INDEX_FILE)
        write_index(_ranked(delta.values()), folder / DELTA_FILE, sorted(dead))
    return True


def _ranked(every: Iterable[Entity]) -> list[Entity]:
    return sorted(every, key=lambda each: rank_of(each.kinds, each.linked, each.iri))


def _renewed(index: NameIndex, base: str, store: ox.Store, changes: list[GraphChange]) -> dict[str, Entity | None]:
    """Return what has become of everything that a change speaks of: the entity that it is now, or None."""
    spoken_of, links = _touched(base, changes)
    fresh: dict[str, Entity | None] = {}
    for iri in spoken_of | links.keys():
        old = index.entity(id_of(iri, base))
        linked = old.linked + links[iri] if old is not None else None
        if iri in spoken_of:
            found = statements_of(store, iri, base)
            new = entity_of(iri, found, links_to(store, iri, base) if linked is None else linked, base)
            new = None if is_name_of_ours(store, iri, base) else new
        else:
            new = msgspec.structs.replace(old, linked=linked) if old is not None and linked is not None else None
        if new != old:
            fresh[iri] = new
    return fresh


def _touched(base: str, changes: Iterable[GraphChange]) -> tuple[set[str], Counter[str]]:
    """Return the things of which a change says something, and how many links each wins."""
    spoken_of, links = set[str](), Counter[str]()
    type_mark = f"<{RDF_TYPE}>".encode()
    for change in changes:
        for lines, step in ((change.added, 1), (change.removed, -1)):
            for line in lines:
                subject, predicate, target = line.split(b" ", 2)
                spoken_of.add(subject[1:-1].decode())
                if predicate in MATCHES:
                    spoken_of.add(target[1:-3].decode())
                if target.startswith(b"<") and predicate != type_mark and change.iri != graph_iri(base, ENTAILED_GRAPH):
                    links[target[1:-3].decode()] += step
    return spoken_of, links


def main() -> int:
    """Make the index that standard input describes; return the exit status."""
    folder, base, members = json.load(sys.stdin)
    try:
        make_index(Path(folder), base, {iri: Path(path) for iri, path in members.items()})
    except (HamkorError, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
