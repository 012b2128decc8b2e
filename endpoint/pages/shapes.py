"""What the shapes say about pages: which properties of a class a page shows, in which order, under which names.

It reads shapes for display only (``sh:order``, ``sh:group``, ``sh:name``, ``sh:description``; SHACL 2.3.2);
judging data by them is done in ``graph.validation``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.pages.paths import Path, ends, read_path
from graph.labels import preferred_tag
from graph.literals import finite_number
from graph.namespaces import RDF_TYPE, RDFS_LABEL, SH, XSD

UNSHOWN = "shape/group-checks"
"""The group, below the base, whose properties are checks and nothing to read."""
LAST = 1e9

Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """A group of properties, and its names by language tag."""

    iri: str
    order: float
    names: Texts = field(hash=False)


@dataclass(frozen=True, slots=True)
class ShownProperty:
    """A property as the shapes want it shown.

    Attributes:
        shape: the IRI of the property shape.
        path: what leads to its values.
        order: where it stands.
        group: its group, where it has one.
        names: names by language tag.
        descriptions: descriptions likewise.
    """

    shape: str
    path: Path
    order: float
    group: Group | None
    names: Texts = field(hash=False)
    descriptions: Texts = field(hash=False)


@dataclass(frozen=True, slots=True)
class Shapes:
    """The properties of each class that has a shape, in order."""

    by_class: dict[str, tuple[ShownProperty, ...]]

    def of(self, classes: Iterable[str]) -> tuple[ShownProperty, ...]:
        """Return the properties of a thing of these classes, in order, one a path."""
        found: dict[Path, ShownProperty] = {}
        for each in sorted((one for name in classes for one in self.by_class.get(name, ())), key=lambda one: one.order):
            found.setdefault(each.path, each)
        return tuple(found.values())


def text_in(texts: Texts, languages: Sequence[str]) -> tuple[str, str]:
    """Return a text in the first language that there is, and its tag; empty where there is none."""
    tag = preferred_tag(texts, languages)
    return texts.get(tag, ""), tag.lower()


def shapes_of(snapshot: Snapshot) -> Shapes:
    """Return what the shapes of a release say about pages."""
    store, unshown = snapshot.release.store, snapshot.publication.base + UNSHOWN
    groups: dict[str, Group] = {}
    by_class: dict[str, list[ShownProperty]] = {}
    for shape, target in _targets(store):
        for node in _all(store, shape, SH + "property"):
            shown = _property(store, node, groups)
            if shown is not None and (shown.group is None or shown.group.iri != unshown):
                by_class.setdefault(target, []).append(shown)
    return Shapes({name: tuple(sorted(found, key=lambda each: each.order)) for name, found in by_class.items()})


def _targets(store: ox.Store) -> Iterator[tuple[ox.NamedNode, str]]:
    """Yield every node shape with a class it is about: its target, or itself where it is a class too."""
    merge = ox.DefaultGraph()
    for quad in store.quads_for_pattern(None, ox.NamedNode(SH + "targetClass"), None, merge):
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
            yield quad.subject, quad.object.value
    for quad in store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(SH + "NodeShape"), merge):
        if isinstance(quad.subject, ox.NamedNode) and any(
            isinstance(each, ox.NamedNode) and each.value.endswith(("#Class",))
            for each in _all(store, quad.subject, RDF_TYPE)
        ):
            yield quad.subject, quad.subject.value


def _property(store: ox.Store, node: object, groups: dict[str, Group]) -> ShownProperty | None:
    if not isinstance(node, ox.NamedNode):
        return None
    path = next((read_path(store, each) for each in _all(store, node, SH + "path")), None)
    if path is None:
        return None
    group = next((each for each in _all(store, node, SH + "group") if isinstance(each, ox.NamedNode)), None)
    if group is not None and group.value not in groups:
        groups[group.value] = Group(group.value, _order(store, group), _texts(store, group, RDFS_LABEL))
    return ShownProperty(
        node.value,
        path,
        _order(store, node),
        groups[group.value] if group is not None else None,
        _texts(store, node, SH + "name"),
        _texts(store, node, SH + "description"),
    )


def _all(store: ox.Store, node: ox.NamedNode, predicate: str) -> Iterator[ox.NamedNode | ox.BlankNode | ox.Literal]:
    for quad in store.quads_for_pattern(node, ox.NamedNode(predicate), None, ox.DefaultGraph()):
        if not isinstance(quad.object, ox.Triple):
            yield quad.object


def _order(store: ox.Store, node: ox.NamedNode) -> float:
    for each in _all(store, node, SH + "order"):
        if (number := finite_number(each.value, XSD + "double")) is not None:
            return float(number)
    return LAST


def _texts(store: ox.Store, node: ox.NamedNode, predicate: str) -> Texts:
    found = (each for each in _all(store, node, predicate) if isinstance(each, ox.Literal))
    return {each.language or "": each.value for each in found}


def own_predicates(properties: Iterable[ShownProperty]) -> frozenset[str]:
    """Return the predicates of a thing that its shapes show."""
    return frozenset(step.predicate for each in properties for step in ends(each.path) if not step.is_inverse)


def incoming_predicates(properties: Iterable[ShownProperty]) -> frozenset[str]:
    """Return the predicates that lead to a thing and that its shapes show."""
    return frozenset(step.predicate for each in properties for step in ends(each.path) if step.is_inverse)
