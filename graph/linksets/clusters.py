"""Clusters: what is the same as a thing, here and elsewhere, and who says so, by which property and how sure.

A cluster follows ``owl:sameAs`` and ``skos:exactMatch`` in both directions, whoever states them; what is merely like it
(close, broader, a page about it) is one step away and is no member. Look-ups in the index only, and bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from graph.linksets.identifiers import spellings
from graph.linksets.linkset import SSSOM
from graph.namespaces import CATALOG_GRAPH, DCT, ENTAILED_GRAPH, OWL, RDF, RDF_TYPE, SCHEMA, SKOS, VOID, graph_iri

SAME = (OWL + "sameAs", SKOS + "exactMatch")
LIKE = (
    SCHEMA + "sameAs", "http://schema.org/sameAs", SKOS + "closeMatch", SKOS + "broadMatch", SKOS + "narrowMatch",
    SKOS + "relatedMatch", DCT + "relation",
)  # fmt: skip
MOST_MEMBERS, MOST_LINKS, MOST_LINKSETS, MOST_REIFIED = 200, 400, 1000, 200
MERGE = ox.DefaultGraph()


@dataclass(frozen=True, slots=True)
class KnownLinkset:
    """A set of links that the data describes: where it stands, and which links it means."""

    iri: str
    graph: str
    predicates: frozenset[str]
    subjects: str
    objects: str

    def holds(self, link: tuple[str, str, str], graph: str) -> bool:
        """Whether a link that stands in a graph is one of these."""
        subject, predicate, target = link
        is_there = graph == self.graph and predicate in self.predicates
        return is_there and subject.startswith(self.subjects) and target.startswith(self.objects)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who says a link.

    Attributes:
        graph: the named graph that states it.
        linksets: the sets of links of that graph that hold it.
        confidence: how sure, as a number from 0 to 1 or the IRI of a concept; empty where nobody says.
        justification: how the link was made, an IRI; empty where nobody says.
    """

    graph: str
    linksets: tuple[str, ...]
    confidence: str = ""
    justification: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a cluster, with its evidence."""

    subject: str
    predicate: str
    object: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """What is the same.

    Attributes:
        members: the IRIs, ours first.
        own: those of them that are ours.
        same: the links that make it.
        like: the links to what is like it.
        is_whole: whether nothing was left out because of a bound.
    """

    members: tuple[str, ...]
    own: tuple[str, ...]
    same: tuple[Link, ...]
    like: tuple[Link, ...]
    is_whole: bool


def linksets(store: ox.Store, base: str) -> tuple[KnownLinkset, ...]:
    """Return the sets of links that a release describes; the computed catalogue says nothing new."""
    found = islice(store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(VOID + "Linkset")), MOST_LINKSETS)
    skipped = (graph_iri(base, CATALOG_GRAPH), graph_iri(base, ENTAILED_GRAPH))
    return tuple(
        KnownLinkset(
            quad.subject.value, quad.graph_name.value,
            frozenset(_values(store, quad.subject, VOID + "linkPredicate")),
            _space(store, quad.subject, "subjectsTarget", base), _space(store, quad.subject, "objectsTarget", base),
        )
        for quad in found
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.graph_name, ox.NamedNode)
        and quad.graph_name.value not in skipped
    )  # fmt: skip


def _space(store: ox.Store, linkset: ox.NamedNode, end: str, base: str) -> str:
    """Return where the IRIs of one end begin; empty where nobody says."""
    for target in _values(store, linkset, VOID + end):
        if target == f"{base}dataset":
            return base
        for space in _values(store, ox.NamedNode(target), VOID + "uriSpace"):
            return space
    return ""


def _values(store: ox.Store, subject: ox.NamedNode, predicate: str) -> list[str]:
    quads = store.quads_for_pattern(subject, ox.NamedNode(predicate), None, MERGE)
    return sorted(quad.object.value for quad in islice(quads, 20) if isinstance(quad.object, ox.NamedNode | ox.Literal))


@dataclass
class Clusters:
    """Finds clusters in one release."""

    store: ox.Store
    base: str
    known: Sequence[KnownLinkset]

    def known_as(self, text: str) -> list[str]:
        """Return the IRIs of which the release speaks, among those that somebody may mean."""
        return [iri for iri in spellings(text) if self._is_known(iri)]

    def _is_known(self, iri: str) -> bool:
        try:
            node = ox.NamedNode(iri)
        except ValueError:
            return False
        said = self.store.quads_for_pattern(node, None, None, MERGE)
        if next(said, None) is not None:
            return True
        links = (self.store.quads_for_pattern(None, ox.NamedNode(each), node, MERGE) for each in (*SAME, *LIKE))
        return any(next(each, None) is not None for each in links)

    def cluster(self, start: Iterable[str]) -> Cluster:
        """Return the cluster of some IRIs that are the same."""
        members, waiting, same = dict.fromkeys(start), list(dict.fromkeys(start)), dict[tuple[str, str, str], None]()
        while waiting and len(members) < MOST_MEMBERS and len(same) < MOST_LINKS:
            for link in self._around(waiting.pop(), SAME):
                same[link] = None
                for end in (link[0], link[2]):
                    if end not in members:
                        members[end] = None
                        waiting.append(end)
        like = dict.fromkeys(
            link for each in members for link in self._around(each, LIKE) if not {link[0], link[2]} <= members.keys()
        )
        is_whole = not waiting and len(like) <= MOST_LINKS
        order = sorted(members, key=lambda iri: (not self.is_ours(iri), iri))
        return Cluster(
            tuple(order), tuple(each for each in order if self.is_ours(each)),
            tuple(self._with_evidence(same)), tuple(self._with_evidence(islice(like, MOST_LINKS))), is_whole,
        )  # fmt: skip

    def is_ours(self, iri: str) -> bool:
        """Whether the publication names a thing."""
        return iri.startswith(self.base) and not iri.startswith(f"{self.base}.well-known/")

    def _around(self, iri: str, predicates: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        node = ox.NamedNode(iri)
        for predicate in predicates:
            link = ox.NamedNode(predicate)
            for quad in islice(self.store.quads_for_pattern(node, link, None, MERGE), MOST_MEMBERS):
                if isinstance(quad.object, ox.NamedNode):
                    yield iri, predicate, quad.object.value
            for quad in islice(self.store.quads_for_pattern(None, link, node, MERGE), MOST_MEMBERS):
                if isinstance(quad.subject, ox.NamedNode):
                    yield quad.subject.value, predicate, iri

    def _with_evidence(self, found: Iterable[tuple[str, str, str]]) -> Iterator[Link]:
        reified = dict[str, dict[tuple[str, str], dict[str, str]]]()
        for subject, predicate, target in sorted(found):
            if subject not in reified:
                reified[subject] = self._reified(subject)
            said = reified[subject].get((predicate, target), {})
            nodes = ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target)
            graphs = sorted(
                quad.graph_name.value
                for quad in self.store.quads_for_pattern(*nodes, None)
                if isinstance(quad.graph_name, ox.NamedNode)
            )
            link = (subject, predicate, target)
            yield Link(*link, tuple(
                Evidence(graph, tuple(each.iri for each in self.known if each.holds(link, graph)), **said)
                for graph in graphs
            ))  # fmt: skip

    def _reified(self, subject: str) -> dict[tuple[str, str], dict[str, str]]:
        """Return what is said about the statements of a thing: (predicate, object) → how sure, how made."""
        found, node = dict[tuple[str, str], dict[str, str]](), ox.NamedNode(subject)
        confidences = (SSSOM + "confidence", f"{self.base}ns#confidence")
        for space, about in ((RDF, ("subject", "predicate", "object")), (OWL, ("annotatedSource", "annotatedProperty",
                                                                            "annotatedTarget"))):  # fmt: skip
            quads = self.store.quads_for_pattern(None, ox.NamedNode(space + about[0]), node, MERGE)
            for quad in islice(quads, MOST_REIFIED):
                if isinstance(quad.subject, ox.NamedNode):
                    predicate, target, *sure = (
                        next(iter(_values(self.store, quad.subject, name)), "")
                        for name in (space + about[1], space + about[2], *confidences, SSSOM + "mapping_justification")
                    )
                    confidence = sure[0] or sure[1]
                    found[predicate, target] = {"confidence": confidence, "justification": sure[2]}
        return found
