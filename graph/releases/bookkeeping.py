"""The counts of a release, kept up by what changes: they equal those of a release that is made from nothing.

What is counted is what SPARQL counts: the triples of the store, where ``"01"^^xsd:integer`` and ``1`` are one. Each
change costs a few look-ups in the store, however large that is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph.namespaces import RDF_TYPE
from graph.releases.manifest import Manifest, Statistics
from graph.sources.matching import matching

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
DEFAULT = ox.DefaultGraph()


@dataclass(frozen=True, slots=True)
class StoreChange:
    """What changes in the union of what is stated, in the terms of the store.

    Attributes:
        appeared: triples that some graph states now and none stated before.
        disappeared: triples that some graph stated and none states any more.
    """

    appeared: frozenset[ox.Triple] = frozenset()
    disappeared: frozenset[ox.Triple] = frozenset()

    def then(self, later: StoreChange) -> StoreChange:
        """Return this change and a later one as one change."""
        return StoreChange(
            (self.appeared - later.disappeared) | (later.appeared - self.disappeared),
            (self.disappeared - later.appeared) | (later.disappeared - self.appeared),
        )


@dataclass
class Bookkeeping:
    """The counts over a store, as the manifest has them; ``write`` changes both together."""

    triples: int
    subjects: int
    objects: int
    properties: Counter[str]
    classes: Counter[str]
    shared: Counter[str]
    indexed: Counter[str]
    hidden: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, manifest: Manifest) -> Bookkeeping:
        """Return the counts of a release, to count on from."""
        indexed = {each.iri: each.indexed for each in manifest.graphs}
        return cls.from_counts(manifest.triples, manifest.shared, indexed, manifest.statistics)

    @classmethod
    def from_counts(
        cls, triples: int, shared: Mapping[str, int], indexed: Mapping[str, int], statistics: Statistics
    ) -> Bookkeeping:
        """Return counts that were made from nothing; the names are those of ``Manifest`` and ``GraphEntry``."""
        properties, classes = Counter(statistics.properties), Counter(statistics.classes)
        subjects, objects = statistics.subjects, statistics.objects
        return cls(triples, subjects, objects, properties, classes, Counter(shared), Counter(indexed))

    def statistics(self) -> Statistics:
        """Return the statistics as they are now."""
        return Statistics(
            subjects=self.subjects,
            objects=self.objects,
            properties=positive(self.properties),
            classes=positive(self.classes),
        )

    def write(
        self,
        store: ox.Store,
        iri: str,
        added: Collection[ox.Triple],
        removed: Collection[ox.Triple],
        computed: Collection[str] = (),
    ) -> StoreChange:
        """Change a named graph and the merge of a store, and count.

        Args:
            store: the store.
            iri: the named graph.
            added: triples that the graph does not have.
            removed: triples that it has.
            computed: the graphs that state nothing.
        """
        going = {each: self._share(store, each, iri, -1) for each in removed}
        coming = {each: self._share(store, each, iri, 1) for each in added}
        appeared = [each for each, others in coming.items() if not others]
        disappeared = [each for each, others in going.items() if not others]
        self._merge(store, appeared, disappeared)
        _change(store, ox.NamedNode(iri), added, removed)
        self.indexed[iri] += len(added) - len(removed)
        return StoreChange(
            frozenset(each for each, others in coming.items() if not others.difference(computed)),
            frozenset(each for each, others in going.items() if not others.difference(computed)),
        )

    def hide(self, store: ox.Store, iri: str) -> None:
        """Let a named graph count no longer, and the merge be without it; in the store it stays.

        It costs a third of taking the graph out, and nothing for what it holds when it is shown again.
        """
        graph = ox.NamedNode(iri)
        self.hidden.add(iri)
        triples = [quad.triple for quad in store.quads_for_pattern(None, None, None, graph)]
        self._merge(store, (), [each for each in triples if not self._share(store, each, iri, -1)])
        self.indexed.pop(iri, None)

    def show(self, store: ox.Store, iri: str, triples: Collection[ox.Triple]) -> None:
        """Let a hidden or new named graph count, with these triples."""
        graph, wanted = ox.NamedNode(iri), set(triples)
        self._merge(store, [each for each in wanted if not self._share(store, each, iri, 1)], ())
        held = {quad.triple for quad in store.quads_for_pattern(None, None, None, graph)}
        _change(store, graph, wanted - held, held - wanted)
        self.indexed[iri] = len(wanted)
        self.hidden.discard(iri)

    def _merge(self, store: ox.Store, appeared: Collection[ox.Triple], disappeared: Collection[ox.Triple]) -> None:
        """Change the merge and count; what disappears was used before, and what appears is used after."""
        come, gone = _terms(appeared), _terms(disappeared)
        new = [terms - others for terms, others in zip(come, gone, strict=True)]
        old = [terms - others for terms, others in zip(gone, come, strict=True)]
        fresh = [len(each) for each in new]
        fresh[0] -= _used(store, new[0])
        fresh[1] -= _used(store, (), new[1])
        _change(store, DEFAULT, appeared, disappeared)
        self.subjects += fresh[0] - len(old[0]) + _used(store, old[0])
        self.objects += fresh[1] - len(old[1]) + _used(store, (), old[1])
        self._count(appeared, 1)
        self._count(disappeared, -1)

    def _share(self, store: ox.Store, triple: ox.Triple, iri: str, step: int) -> set[str]:
        """Count a triple that comes to or goes from a graph as shared with others; return which others have it."""
        found = matching(store, triple.subject, triple.predicate, triple.object)
        graphs = {quad.graph_name.value for quad in found if isinstance(quad.graph_name, ox.NamedNode)}
        others = graphs - self.hidden - {iri}
        if others:
            self.shared[iri] += step
        if len(others) == 1:
            self.shared.update(dict.fromkeys(others, step))
        return others

    def _count(self, triples: Collection[ox.Triple], step: int) -> None:
        self.triples += step * len(triples)
        for triple in triples:
            self.properties[triple.predicate.value] += step
            if triple.predicate.value == RDF_TYPE and isinstance(triple.object, ox.NamedNode):
                self.classes[triple.object.value] += step


def positive(counts: Counter[str]) -> dict[str, int]:
    """Return the counts above nought, in the order of their names."""
    return {name: count for name, count in sorted(counts.items()) if count > 0}


def _used(store: ox.Store, subjects: Iterable[Term] = (), objects: Iterable[Term] = ()) -> int:
    """Return how many of some subjects, or objects, the merge has."""
    patterns = (*((each, None) for each in subjects), *((None, each) for each in objects))
    return sum(
        next(matching(store, subject, None, target, DEFAULT), None) is not None  # type: ignore[arg-type]
        for subject, target in patterns
    )


def _terms(triples: Iterable[ox.Triple]) -> tuple[set[Term], set[Term]]:
    """Return the subjects and the objects."""
    return {each.subject for each in triples}, {each.object for each in triples}


def _change(
    store: ox.Store,
    graph: ox.NamedNode | ox.DefaultGraph,
    added: Iterable[ox.Triple],
    removed: Iterable[ox.Triple],
) -> None:
    for each in removed:
        store.remove(ox.Quad(each.subject, each.predicate, each.object, graph))
    store.extend([ox.Quad(each.subject, each.predicate, each.object, graph) for each in added])
