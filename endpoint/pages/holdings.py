"""What the publication itself holds: how many things of each class, and how many statements about its subject matter.

The catalogue describes the release by a publisher, files and services; a reader who counts people means none of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import pyoxigraph as ox

from endpoint.current import Snapshot
from graph.namespaces import APPARATUS_GRAPHS, CATALOG_GRAPH, PROV, RDF_TYPE, SHAPES_GRAPH

LOCAL = re.compile(r"[\w.-]+\Z")
DERIVED = ox.NamedNode(PROV + "wasDerivedFrom")
MOST_COUNTED = 50_000
"""In more statements than these nobody looks for their sources: a page has to come soon."""


@dataclass(frozen=True, slots=True)
class Statements:
    """How many statements there are: about the subject matter, those of them beside a source, and all the others.

    ``sourced`` is None where there are too many to look at, or none names a source. A statement stands beside its
    source where its graph says of its subject what that was derived from; so does what is said of a source itself.
    """

    subject: int
    sourced: int | None
    apparatus: int


def statements(snapshot: Snapshot) -> Statements:
    """Count the statements of the named graphs."""
    entries, aside = snapshot.release.manifest.graphs, {snapshot.publication.graph(each) for each in APPARATUS_GRAPHS}
    about = [each for each in entries if each.iri not in aside]
    subject = sum(each.triples for each in about)
    sourced = _sourced(snapshot.release.store, [each.iri for each in about]) if subject <= MOST_COUNTED else 0
    return Statements(subject, sourced or None, sum(each.triples for each in entries if each.iri in aside))


def _sourced(store: ox.Store, graphs: Collection[str]) -> int:
    derived = {graph: list(store.quads_for_pattern(None, DERIVED, None, ox.NamedNode(graph))) for graph in graphs}
    sources = {each.object for quads in derived.values() for each in quads}
    if not sources:
        return 0
    count = 0
    for graph, quads in derived.items():
        known = sources | {each.subject for each in quads}
        count += sum(each.subject in known for each in store.quads_for_pattern(None, None, None, ox.NamedNode(graph)))
    return count


def holdings(snapshot: Snapshot) -> Counter[str]:
    """Return class → how many things the publication's own graphs say are of it; classes without any are left out.

    What stands in the catalogue or in the shapes, and in another graph, too, counts. The cost follows these two, not
    the data. Nothing is left out for the vocabulary it is said in: a publication may be about datasets or classes.
    """
    store, aside = snapshot.release.store, [snapshot.publication.graph(each) for each in (CATALOG_GRAPH, SHAPES_GRAPH)]
    typed = {
        quad.triple
        for graph in aside
        for quad in store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), None, ox.NamedNode(graph))
    }
    own = Counter(
        each.object.value
        for each in typed
        if isinstance(each.object, ox.NamedNode) and not _stands_elsewhere(store, each, aside)
    )
    return Counter(snapshot.release.manifest.statistics.classes) - own


def class_name(here: Snapshot, iri: str) -> str:
    """Return the name of a class in the path ``/class/<name>``, or an empty string where it has none.

    In the publication's own vocabulary it is the local name, in others that with a prefix.
    """
    own = f"{here.publication.base}ns#"
    if iri.startswith(own):
        local = iri.removeprefix(own)
        return local if LOCAL.match(local) else ""
    fitting = [(len(start), prefix) for prefix, start in here.prefixes.items() if iri.startswith(start)]
    length, prefix = max(fitting, default=(0, ""))
    return f"{prefix}:{iri[length:]}" if prefix and LOCAL.match(iri[length:]) else ""


def _stands_elsewhere(store: ox.Store, triple: ox.Triple, aside: Collection[str]) -> bool:
    same = store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
    return any(isinstance(each.graph_name, ox.NamedNode) and each.graph_name.value not in aside for each in same)
