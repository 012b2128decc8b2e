"""Where the statements of a page come from, what backs them, and where sources disagree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.pages.counted import stated
from endpoint.pages.facts_of_shapes import MOST_VALUES, FoundValue
from endpoint.pages.term_names import Names, Shown
from graph.model.description import Term
from graph.model.literals import RANGES, matching
from graph.model.namespaces import DCT, ENTAILED_GRAPH, PROV, RDF, SKOS, XSD

# What backs a statement: the documents that it comes from, how sure they are, and what is noted of it.

DERIVED = PROV + "wasDerivedFrom"
NOTE = SKOS + "note"


@dataclass(frozen=True, slots=True)
class Backing:
    """As a page shows it.

    Attributes:
        parts: the documents, or parts of one, that it comes from.
        confidence: how sure they are, where that is said.
        notes: what is said about it.
    """

    parts: tuple[Shown, ...]
    confidence: Shown | None
    notes: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Backed:
    """As the data says it."""

    parts: tuple[Term, ...]
    confidence: Term | None
    notes: tuple[Term, ...]

    def shown(self, names: Names) -> Backing:
        """Return it as a page shows it."""
        return Backing(
            tuple(names.term(each) for each in self.parts),
            names.term(self.confidence) if self.confidence is not None else None,
            tuple(names.best([names.term(each) for each in self.notes])),
        )


class BackedStatements:
    """Reads statements, and what backs those that have IRIs of their own (``rdf:Statement``)."""

    def __init__(self, store: ox.Store, base: str) -> None:
        """Read with the terms of the vocabulary below ``base``."""
        self._store, self._confidence = store, f"{base}ns#confidence"

    def values(self, iri: str, predicate: str, graph: str | None = None) -> Iterator[Term]:
        """Yield the values of a property, in one graph or in the merge of all, at most ``MOST_VALUES``."""
        where = ox.DefaultGraph() if graph is None else ox.NamedNode(graph)
        quads = self._store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(predicate), None, where)
        return (quad.object for quad in islice(quads, MOST_VALUES))

    def of_which(self, predicate: str, iri: str, most: int) -> Iterator[str]:
        """Yield what has a name and this as a value of a property, in the merge; looks at ``most`` statements."""
        quads = self._store.quads_for_pattern(None, ox.NamedNode(predicate), ox.NamedNode(iri), ox.DefaultGraph())
        return (each.subject.value for each in islice(quads, most) if isinstance(each.subject, ox.NamedNode))

    def _sources(self, statement: str) -> Iterator[Term]:
        """Yield what a statement comes from, as the graphs that state it say; others may speak of its name alone."""
        asked = ox.NamedNode(statement), ox.NamedNode(RDF + "object"), None, None
        places = (quad.graph_name for quad in self._store.quads_for_pattern(*asked))
        graphs = dict.fromkeys(each.value for each in places if isinstance(each, ox.NamedNode))
        for graph in graphs or (None,):
            yield from self.values(statement, DERIVED, graph)

    def backing(self, statements: Iterable[str]) -> Backed:
        """Return what backs these statements together; the first confidence that is given counts."""
        own = list(statements)
        sure = (each for one in own for each in self.values(one, self._confidence))
        return Backed(
            tuple(dict.fromkeys(each for one in own for each in self._sources(one))),
            next(sure, None),
            tuple(each for one in own for each in self.values(one, NOTE)),
        )


# Where the statements of a page come from: numbered like the notes of a book, each source once.
#
# A statement's source is, as far as the data says so, that of the statement itself (``rdf:Statement``), else what its
# subject was derived from in the graph that states it, else what that graph was derived from (``prov:wasDerivedFrom``).

MOST_STATEMENTS, MOST_OF_A_GRAPH = 200, 3


@dataclass(frozen=True, slots=True)
class Source:
    """One source of statements.

    Attributes:
        number: its number on the page.
        graph: the named graph that states them.
        backing: what backs them there.
    """

    number: int
    graph: Shown
    backing: Backing


@dataclass(frozen=True, slots=True)
class Reified:
    """A statement that has an IRI of its own."""

    iri: str
    predicate: str
    object: Term


class Sources:
    """The sources of one page, numbered as they are cited."""

    def __init__(self, snapshot: Snapshot, names: Names) -> None:
        """Cite what a release says."""
        self._store, self._names = snapshot.release.store, names
        self._statements = BackedStatements(self._store, snapshot.publication.base)
        self._entailed = snapshot.publication.graph(ENTAILED_GRAPH)
        self._numbers: dict[tuple[str, Backed], int] = {}
        self._reified: dict[str, list[Reified]] = {}

    def cite(self, found: FoundValue) -> tuple[int, ...]:
        """Return the numbers of the sources of a statement."""
        quads = matching(self._store, ox.NamedNode(found.subject), ox.NamedNode(found.predicate), found.object)
        graphs = sorted(quad.graph_name.value for quad in quads if isinstance(quad.graph_name, ox.NamedNode))
        stated = [each for each in graphs if each != self._entailed] or graphs
        own = [each.iri for each in self.reified(found.subject)
               if each.predicate == found.predicate and each.object == found.object]  # fmt: skip
        return tuple(dict.fromkeys(self._number(graph, found.subject, own) for graph in stated))

    def reified(self, subject: str) -> list[Reified]:
        """Return the statements about a thing that have IRIs of their own."""
        if subject not in self._reified:
            named = self._statements.of_which(RDF + "subject", subject, MOST_STATEMENTS)
            self._reified[subject] = [found for each in named if (found := self._read(each)) is not None]
        return self._reified[subject]

    def _read(self, iri: str) -> Reified | None:
        predicate = next(self._statements.values(iri, RDF + "predicate"), None)
        value = next(self._statements.values(iri, RDF + "object"), None)
        return Reified(iri, predicate.value, value) if isinstance(predicate, ox.NamedNode) and value else None

    def _number(self, graph: str, subject: str, own: list[str]) -> int:
        found = self._statements.backing(own)
        parts = found.parts or tuple(self._statements.values(subject, DERIVED, graph))
        if not parts:
            parts = tuple(islice(self._statements.values(graph, DERIVED), MOST_OF_A_GRAPH + 1))
            parts = parts if len(parts) <= MOST_OF_A_GRAPH else ()  # the graph's own page lists them
        key = graph, replace(found, parts=tuple(sorted(set(parts), key=str)))
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def listed(self) -> tuple[Source, ...]:
        """Return the sources that were cited, in the order of their numbers."""
        return tuple(
            Source(number, self._names.thing(graph), backed.shown(self._names))
            for (graph, backed), number in self._numbers.items()
        )


# Where sources disagree about a thing: every answer side by side, each with where it comes from.
#
# A disagreement is what the publication's vocabulary says it is: ``ns#discrepancyAbout`` leads to the thing,
# ``ns#claim`` to the statements (``rdf:Statement``) of which not all can be true.

MOST = 20
NUMBERS = frozenset(XSD + name for name in (*RANGES, "decimal", "double", "float"))


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says: the value, the statement, and what backs it.

    ``property`` is what a bare number is the number of, None where the value says enough; ``when`` is when it was
    counted, where it is a count.
    """

    value: Shown
    statement: Shown
    backing: Backing
    property: Shown | None = None
    when: str = ""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One question to which sources give several answers."""

    thing: Shown
    summary: Shown | None
    claims: tuple[Claim, ...]


class Disagreements:
    """Reads them from a release."""

    def __init__(self, store: ox.Store, base: str, names: Names) -> None:
        """Read with the terms of the vocabulary below ``base``."""
        self._statements, self._names = BackedStatements(store, base), names
        self._store, self._base = store, base
        self.about, self.claim = (f"{base}ns#{name}" for name in ("discrepancyAbout", "claim"))

    def of(self, iri: str) -> tuple[Disagreement, ...]:
        """Return those about a thing; of one itself, it."""
        found = [iri] if any(self._statements.values(iri, self.claim)) else []
        found += sorted(self._statements.of_which(self.about, iri, MOST))
        return tuple(each for each in (self._read(one) for one in found) if each.claims)

    def _read(self, iri: str) -> Disagreement:
        claims = tuple(claim for each in self._things(iri, self.claim) for claim in self._claim(each))
        ordered = sorted(claims, key=lambda each: each.value.datetime or each.value.text)
        summary = next(iter(self._best(iri, DCT + "description")), None)
        return Disagreement(self._names.thing(iri), summary, tuple(ordered))

    def _claim(self, iri: str) -> Iterator[Claim]:
        count = stated(self._store, self._base, iri)
        backing, statement = self._statements.backing([iri]).shown(self._names), self._names.thing(iri)
        if count:
            yield Claim(Shown(count.many), statement, backing, when=count.when)
        else:
            of = self._counted_by(iri)
            yield from (Claim(value, statement, backing, of) for value in self._best(iri, RDF + "object")[:1])

    def _counted_by(self, iri: str) -> Shown | None:
        """Return the property of a statement whose value is a number; None where it is none."""
        value = next(iter(self._statements.values(iri, RDF + "object")), None)
        is_number = isinstance(value, ox.Literal) and value.datatype.value in NUMBERS
        return (
            next((self._names.thing(each) for each in self._things(iri, RDF + "predicate")), None)
            if is_number
            else None
        )

    def _best(self, iri: str, predicate: str) -> list[Shown]:
        return self._names.best([self._names.term(each) for each in self._statements.values(iri, predicate)])

    def _things(self, iri: str, predicate: str) -> list[str]:
        values = islice(self._statements.values(iri, predicate), MOST)
        return [each.value for each in values if isinstance(each, ox.NamedNode)]
