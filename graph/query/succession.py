"""A release in memory, and how it becomes the next one: by the difference of their graphs, not by loading it anew."""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph as ox

from graph.releases.release import Release

TYPED = b'"^^<'


def load(release: Release) -> ox.Store:
    """Return a store in memory with the release's named graphs, and their merge as its default graph."""
    store = ox.Store()
    for chunk in release.read_all():
        store.bulk_load(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True)
        store.bulk_load(chunk.quads(), ox.RdfFormat.N_QUADS, lenient=True)
    return store


def apply_difference(store: ox.Store, old: Release, new: Release) -> None:
    """Change a store that holds ``old`` into one that holds ``new``.

    Lines are compared as they were parsed, but the store takes ``"01"^^xsd:integer`` and ``1`` for one literal: what
    removing one of them may have taken along is put back.
    """
    before = {entry.iri: entry.digest for entry in old.manifest.graphs}
    after = {entry.iri: entry.digest for entry in new.manifest.graphs}
    changed = sorted(iri for iri in before.keys() | after.keys() if before.get(iri) != after.get(iri))
    removed, added = [], []
    for iri in changed:
        lines_before = _lines(old, iri) if iri in before else set()
        lines_after = _lines(new, iri) if iri in after else set()
        removed += list(_quads(lines_before - lines_after, iri))
        added += list(_quads(lines_after - lines_before, iri))
        added += list(_quads(_alike(lines_before - lines_after, lines_before & lines_after), iri))
    for quad in removed:
        store.remove(quad)
    store.extend(added)
    store.extend(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in added)
    for quad in removed:
        if not any(_named(store, quad)):
            store.remove(ox.Quad(quad.subject, quad.predicate, quad.object))


def _alike(removed: Iterable[bytes], kept: Iterable[bytes]) -> Iterable[bytes]:
    """Return the kept lines that the store may not tell from a removed one: typed literals of the same subject."""
    subjects = {line.split(b" ", 2)[0] for line in removed if TYPED in line}
    return [line for line in kept if TYPED in line and line.split(b" ", 2)[0] in subjects] if subjects else ()


def _lines(release: Release, iri: str) -> set[bytes]:
    return {line for chunk in release.read_graph(iri) for line in chunk.lines()}


def _quads(lines: Iterable[bytes], iri: str) -> Iterable[ox.Quad]:
    graph = ox.NamedNode(iri)
    for quad in ox.parse(b"".join(line + b"\n" for line in lines), ox.RdfFormat.N_TRIPLES, lenient=True):
        yield ox.Quad(quad.subject, quad.predicate, quad.object, graph)


def _named(store: ox.Store, quad: ox.Quad) -> Iterable[bool]:
    """Yield True for each named graph that still holds the quad's triple."""
    for found in store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None):
        if not isinstance(found.graph_name, ox.DefaultGraph):
            yield True
