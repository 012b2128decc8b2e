"""What a contribution may not do although every shape allows it: speak for others, or make two of our things one.

A contributed graph may link to what others describe and be linked from it, but not describe it; and no chain of
``owl:sameAs`` may join two resources that were apart. What only the catalogue describes (the dataset, its licence and
publisher, releases, graphs) is the publisher's. Only what a write adds is looked at: the cost follows the change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

import pyoxigraph as ox

from graph.model.rdf_terms import CATALOG_GRAPH, DATASET, DCT, OWL, RDFS, RELEASE, SCHEMA, SKOS, graph_iri
from graph.sources.batches import GraphChange
from graph.validation.report import COMPONENT, Messages, Result

SAME_AS = f"{OWL}sameAs"
LINKS = frozenset({
    SAME_AS, f"{OWL}differentFrom", f"{RDFS}seeAlso", f"{DCT}relation", f"{SCHEMA}sameAs", "http://schema.org/sameAs",
    *(f"{SKOS}{kind}Match" for kind in ("exact", "close", "broad", "narrow", "related")),
})  # fmt: skip
"""The properties by which one may link from what others describe, to an IRI."""
MOST_RESULTS = 200
LARGEST_CLUSTER = 1000

REDESCRIBED = "urn:x-hamkor:shape:redescription"
MERGED = "urn:x-hamkor:shape:merging"
SAID = {
    REDESCRIBED: Messages(
        en="This is described in another graph. Link to it, but leave its description to those who publish it.",
        ru="Этот ресурс описан в другом графе. Ссылайтесь на него, но описывать его могут только его издатели.",
        uz="Bu resurs boshqa grafda tavsiflangan. Unga havola bering, tavsifini esa uni nashr etganlarga qoldiring.",
    ),
    MERGED: Messages(
        en="With this owl:sameAs two different resources would become one. Use skos:closeMatch or rdfs:seeAlso.",
        ru="Из-за этого owl:sameAs два разных ресурса стали бы одним. Используйте skos:closeMatch или rdfs:seeAlso.",
        uz="Bu owl:sameAs tufayli ikki boshqa-boshqa resurs bitta boʻlib qolar edi. "
        "skos:closeMatch yoki rdfs:seeAlso dan foydalaning.",
    ),
}


def overreach(
    store: ox.Store,
    changes: Iterable[GraphChange],
    is_others: Callable[[str], bool],
    *,
    base: str,
    published: ox.Store | None = None,
) -> tuple[Result, ...]:
    """Return what is wrong with what some writes add; each is a violation.

    Args:
        store: everything as it would be, the named graphs and their merge in the default graph.
        changes: what the writes change.
        is_others: whether a graph, by its IRI, belongs to somebody else than who writes.
        base: the publication's base.
        published: what was published before, with its catalogue; None where nothing was.
    """
    added = [line for change in changes for line in change.added]
    described = _Described(store, published or store, is_others, base)
    found = islice(_redescribed(added, described.by_others), MOST_RESULTS)
    return *found, *islice(_merged(store, added, base), MOST_RESULTS)


def _redescribed(lines: Iterable[bytes], by_others: Callable[[str], bool]) -> Iterator[Result]:
    known: dict[str, bool] = {}
    for line in sorted(lines):
        subject, predicate, value = (part.decode() for part in line.removesuffix(b" .").split(b" ", 2))
        if predicate[1:-1] in LINKS and value.startswith("<"):
            continue
        if subject not in known:
            known[subject] = by_others(subject[1:-1])
        if known[subject]:
            yield _result(REDESCRIBED, subject, predicate[1:-1], value)


@dataclass(frozen=True, slots=True)
class _Described:
    """Who describes a thing: somebody else than who writes, or nobody but them."""

    store: ox.Store
    published: ox.Store
    is_others: Callable[[str], bool]
    base: str

    def by_others(self, subject: str) -> bool:
        """Whether it is not theirs to describe."""
        return self._is_of_the_catalogue(subject) or self._is_in_a_graph_of_others(subject)

    def _is_in_a_graph_of_others(self, subject: str) -> bool:
        graphs = set[str]()
        for quad in self.store.quads_for_pattern(ox.NamedNode(subject), None, None, None):
            graph = quad.graph_name
            if isinstance(graph, ox.NamedNode) and graph.value not in graphs:
                graphs.add(graph.value)
                if self.is_others(graph.value) and not _is_link(quad):
                    return True
        return False

    def _is_of_the_catalogue(self, subject: str) -> bool:
        """Whether it is what only the catalogue describes; one's own graphs one may describe oneself."""
        catalogue = graph_iri(self.base, CATALOG_GRAPH)
        if not self.is_others(catalogue):
            return False
        if subject.startswith(f"{self.base}graph/") or self._is_graph(subject):
            return self.is_others(subject)
        named = subject.removeprefix(self.base)
        if named != subject and re.split("[#/]", named, maxsplit=1)[0] in (DATASET, RELEASE):
            return True
        # the catalogue is taken out of the store while a change is judged, so it is looked up where it was published
        stated = self.published.quads_for_pattern(ox.NamedNode(subject), None, None, ox.NamedNode(catalogue))
        return any(not _is_link(quad) for quad in stated)

    def _is_graph(self, subject: str) -> bool:
        return self.store.contains_named_graph(ox.NamedNode(subject))


def _is_link(quad: ox.Quad) -> bool:
    return quad.predicate.value in LINKS and isinstance(quad.object, ox.NamedNode)


def _merged(store: ox.Store, lines: Iterable[bytes], base: str) -> Iterator[Result]:
    """Find resources of ours that were in different clusters of ``owl:sameAs`` and would be in one (union-find)."""
    predicate = f" <{SAME_AS}> <".encode()
    added = {_ends(line) for line in lines if predicate in line and line.endswith(b"> .")}
    clusters: dict[str, str] = {}
    own: dict[str, str] = {}
    for start in sorted({end for pair in added for end in pair}):
        if start not in clusters:
            for member in _cluster(store, start, added):
                clusters[member] = start
                if _is_ours(member, base):
                    own[start] = min(member, own.get(start, member))
    for one, other in sorted(added):
        root, joined = _root(clusters, one), _root(clusters, other)
        if root == joined:
            continue
        if root in own and joined in own:
            focus, value = sorted((own[root], own[joined]))
            yield _result(MERGED, f"<{focus}>", SAME_AS, f"<{value}>")
        clusters[joined] = root
        if joined in own:
            own.setdefault(root, own[joined])


def _ends(line: bytes) -> tuple[str, str]:
    subject, _, target = line.removesuffix(b" .").split(b" ", 2)
    return subject[1:-1].decode(), target[1:-1].decode()


def _cluster(store: ox.Store, start: str, without: set[tuple[str, str]]) -> set[str]:
    """Return what was the same as an IRI before some links were added, as far as a bound."""
    found, waiting, same = {start}, [start], ox.NamedNode(SAME_AS)
    while waiting and len(found) < LARGEST_CLUSTER:
        node = ox.NamedNode(waiting.pop())
        there = (
            (node.value, quad.object.value)
            for quad in store.quads_for_pattern(node, same, None, ox.DefaultGraph())
            if isinstance(quad.object, ox.NamedNode)
        )
        back = (
            (quad.subject.value, node.value)
            for quad in store.quads_for_pattern(None, same, node, ox.DefaultGraph())
            if isinstance(quad.subject, ox.NamedNode)
        )
        for pair in islice(chain(there, back), LARGEST_CLUSTER):
            fresh = {*pair} - found if pair not in without else set()
            found |= fresh
            waiting += fresh
    return found


def _root(clusters: dict[str, str], node: str) -> str:
    while (above := clusters.get(node, node)) != node:
        node = above
    return node


def _is_ours(iri: str, base: str) -> bool:
    return iri.startswith(base) and not iri.startswith(f"{base}.well-known/")


def _result(shape: str, focus: str, path: str, value: str) -> Result:
    return Result("Violation", focus, path, value, SAID[shape], shape, COMPONENT)
