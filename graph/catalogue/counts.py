"""The counts of a release, its catalogue's own triples included: what SPARQL says of the finished release (VoID 4).

The catalogue counts itself, so its numbers depend on how many there are, but not on what they are: which triples hold
a number is known before the number. Only one thing depends on the numbers themselves, how many distinct objects there
are; where no number is right for that, it is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyoxigraph as ox

from graph.catalogue.catalogue_terms import CatalogueNames, labelled, link, value, words
from graph.export.json_ld_compaction import prefixes, read_context
from graph.model.literals import matching
from graph.model.namespaces import CATALOG_GRAPH, RDF_TYPE, VOID
from graph.model.publication import Publication
from graph.releases.manifest import Manifest

TRIPLES, ENTITIES, OBJECTS = VOID + "triples", VOID + "entities", VOID + "distinctObjects"
PARTITIONS = (
    VOID + "classPartition", VOID + "class", ENTITIES, VOID + "propertyPartition", VOID + "property", TRIPLES,
    VOID + "classes", VOID + "properties", VOID + "distinctSubjects", OBJECTS, VOID + "vocabulary",
    "http://www.w3.org/2000/01/rdf-schema#label",
)  # fmt: skip
"""The properties that the counts are stated with."""
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
MERGE = ox.DefaultGraph()


@dataclass(frozen=True, slots=True)
class Count:
    """A statement of which the number is still to come."""

    subject: str
    predicate: str
    of: str


@dataclass
class Counting:
    """What is counted: the release without its catalogue, and the catalogue's triples so far.

    Attributes:
        publication: for names.
        manifest: of the release without its catalogue.
        store: the same as an index.
        triples: the catalogue's, without counts.
        with_objects: whether the distinct objects are counted.
    """

    publication: Publication
    manifest: Manifest
    store: ox.Store
    triples: Sequence[ox.Triple]
    with_objects: bool = True
    _own: ox.Store = field(default_factory=ox.Store, init=False)

    def __post_init__(self) -> None:
        """Take the catalogue's triples, and the partitions that follow from them, as the index will take them."""
        self._names = CatalogueNames(self.publication.base, self.manifest.id)
        for triple in self.triples:
            self._own.add(ox.Quad(triple.subject, triple.predicate, triple.object))
        known = self.manifest.statistics
        predicates = {each.predicate.value for each in self.triples}
        classes = _classes_of(self.triples)
        stated = set(PARTITIONS) - (set() if self.with_objects else {OBJECTS})
        self._properties = sorted({*known.properties, *predicates, *stated})
        self._classes = sorted({*known.classes, *classes})
        self._partitions = tuple(self._partitioned())
        for triple in self._partitions:
            self._own.add(ox.Quad(triple.subject, triple.predicate, triple.object))

    def statements(self) -> list[ox.Triple]:
        """Return the partitions and counts that belong to the catalogue's other triples."""
        counts = list(self._counts())
        numbers = self._numbers(counts)
        if self.with_objects and not self._count_objects(counts, numbers):
            return Counting(self.publication, self.manifest, self.store, self.triples, False).statements()
        return [*self._partitions, *(_stated(each, numbers) for each in counts)]

    def _partitioned(self) -> Iterator[ox.Triple]:
        dataset, languages = self._names.dataset, self.publication.settings.languages
        known = prefixes(self.publication, read_context(self.publication))
        for iri in self._classes:
            part = self._names.one_of("class", iri)
            yield link(dataset, VOID + "classPartition", part)
            yield link(part, VOID + "class", iri)
            yield from labelled(part, words("class", languages, name=_short(iri, known)))
        for iri in self._properties:
            part = self._names.one_of("property", iri)
            yield link(dataset, VOID + "propertyPartition", part)
            yield link(part, VOID + "property", iri)
            yield from labelled(part, words("property", languages, name=_short(iri, known)))
        used = [*self._properties, *self._classes]
        for namespace in sorted({each for each in known.values() if any(iri.startswith(each) for iri in used)}):
            yield link(dataset, VOID + "vocabulary", namespace)

    def _counts(self) -> Iterator[Count]:
        dataset = self._names.dataset
        yield Count(dataset, TRIPLES, "triples")
        yield Count(dataset, VOID + "classes", "classes")
        yield Count(dataset, VOID + "properties", "properties")
        yield Count(dataset, VOID + "distinctSubjects", "subjects")
        if self.with_objects:
            yield Count(dataset, OBJECTS, "objects")
        yield Count(self.publication.graph(CATALOG_GRAPH), TRIPLES, "catalogue")
        yield from (Count(self._names.one_of("class", iri), ENTITIES, f"class {iri}") for iri in self._classes)
        yield from (Count(self._names.one_of("property", iri), TRIPLES, f"property {iri}") for iri in self._properties)

    def _numbers(self, counts: Sequence[Count]) -> dict[str, int]:
        """Return every number but that of the objects; those triples count that no other graph has."""
        known, own = self.manifest.statistics, [quad.triple for quad in self._own]
        fresh = [each for each in own if not self._is_known(each)]
        uses = Counter(each.predicate.value for each in fresh) + Counter(each.predicate for each in counts)
        entities = _classes_of(fresh)
        subjects = {each.subject for each in own} | {ox.NamedNode(each.subject) for each in counts}
        return {
            "triples": self.manifest.triples + len(fresh) + len(counts),
            "catalogue": len(own) + len(counts),
            "classes": len(self._classes),
            "properties": len(self._properties),
            "subjects": known.subjects + sum(not self._has(subject=each) for each in subjects),
            **{f"class {iri}": known.classes.get(iri, 0) + entities[iri] for iri in self._classes},
            **{f"property {iri}": known.properties.get(iri, 0) + uses[iri] for iri in self._properties},
        }

    def _count_objects(self, counts: Sequence[Count], numbers: dict[str, int]) -> bool:
        """Add how many distinct objects there are, if there is a number that is right when it is stated itself."""
        objects = {quad.object for quad in self._own}
        objects |= {_stated(each, numbers).object for each in counts if each.of in numbers}
        total = self.manifest.statistics.objects + sum(not self._has(object=each) for each in objects)
        for candidate in (total, total + 1):
            literal = _number(candidate)
            is_new = literal not in objects and not self._has(object=literal)
            if total + is_new == candidate:
                numbers["objects"] = candidate
                return True
        return False

    def _is_known(self, triple: ox.Triple) -> bool:
        return ox.Quad(triple.subject, triple.predicate, triple.object, MERGE) in self.store

    def _has(self, subject: ox.NamedNode | None = None, object: Term | None = None) -> bool:  # noqa: A002
        found = matching(self.store, subject, None, object, MERGE)
        return next(iter(found), None) is not None


def _classes_of(triples: Iterable[ox.Triple]) -> Counter[str]:
    """Return how many things each class has in some triples."""
    objects = (each.object for each in triples if each.predicate.value == RDF_TYPE)
    return Counter(each.value for each in objects if isinstance(each, ox.NamedNode))


def _stated(count: Count, numbers: Mapping[str, int]) -> ox.Triple:
    return value(count.subject, count.predicate, numbers[count.of], "integer")


def _number(number: int) -> ox.Literal:
    return ox.Literal(str(number), datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer"))


def _short(iri: str, known: Mapping[str, str]) -> str:
    """Return an IRI with the longest prefix that fits, or as it is."""
    fitting = max(((len(start), prefix) for prefix, start in known.items() if iri.startswith(start)), default=None)
    return f"{fitting[1]}:{iri[fitting[0] :]}" if fitting and len(iri) > fitting[0] else iri
