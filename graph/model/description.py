"""Which triples describe a thing: what is said of it, what points to it, how these are called, and of when they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox

from graph.model.errors import QueryLimitError, Sentence
from graph.model.labels import LABEL_PROPERTIES, label_triples
from graph.model.namespaces import DCAT, DCT, FOAF, ORG, OWL, PROV, SCHEMA, VCARD

# Which triples describe a thing: what is said of it, what points to it, and the names of what it points to.
#
# It reads a release's store and writes nothing; how a description looks is decided elsewhere. Numbers come as the store
# has them (it rewrites derived integer types); the reads of whole graphs are exact.

MOST_INCOMING = 100
REPLACED_BY, DEPRECATED = f"{DCT}isReplacedBy", f"{OWL}deprecated"
MOST_REPLACED = 1_000
"""Of a longer chain of replacements the end is reached in several redirects."""
MOST_COUNTED = 100_000
MERGE = ox.DefaultGraph()

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement about the thing, and the IRIs of the named graphs that make it, in order."""

    predicate: str
    object: Term
    graphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Incoming:
    """The things that point here by one predicate.

    Attributes:
        predicate: its IRI.
        subjects: IRIs of the first ``MOST_INCOMING`` of them.
        total: how many there are; where ``counted`` is False, at least so many.
        counted: whether all were counted.
    """

    predicate: str
    subjects: tuple[str, ...]
    total: int
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Description:
    """What a release says of one thing."""

    iri: str
    statements: tuple[Statement, ...]
    incoming: tuple[Incoming, ...]

    def values(self, predicate: str) -> tuple[Term, ...]:
        """Return the objects of one predicate."""
        return tuple(each.object for each in self.statements if each.predicate == predicate)

    def mentioned(self) -> tuple[str, ...]:
        """Return the IRIs of everything that the description speaks of, so that it can be labelled."""
        found = [self.iri]
        for each in self.statements:
            found += (each.predicate, *each.graphs)
            found += [term.value for term in _parts(each.object) if isinstance(term, ox.NamedNode)]
            if isinstance(each.object, ox.Literal):
                found.append(each.object.datatype.value)
        for link in self.incoming:
            found += (link.predicate, *link.subjects)
        return tuple(dict.fromkeys(found))

    def own_triples(self) -> Iterator[ox.Triple]:
        """Yield what is said of the thing."""
        subject = ox.NamedNode(self.iri)
        for each in self.statements:
            yield ox.Triple(subject, ox.NamedNode(each.predicate), each.object)

    def incoming_triples(self) -> Iterator[ox.Triple]:
        """Yield what points to it, as far as the description lists it."""
        target = ox.NamedNode(self.iri)
        for link in self.incoming:
            for subject in link.subjects:
                yield ox.Triple(ox.NamedNode(subject), ox.NamedNode(link.predicate), target)


def _parts(term: Term) -> Iterator[Term]:
    if isinstance(term, ox.Triple):
        for part in (term.subject, term.predicate, term.object):
            yield from _parts(part)
    else:
        yield term


def describe(store: ox.Store, iri: str) -> Description | None:
    """Return the description of a thing, or None where the release does not speak of it.

    Raises:
        ValueError: ``iri`` is no absolute IRI.
    """
    node = ox.NamedNode(iri)
    description = Description(iri, _statements(store, node), _incoming(store, node))
    return description if description.statements or description.incoming else None


def is_described(store: ox.Store, iri: str) -> bool:
    """Whether anything is said of an IRI, or points to it; what is no IRI is not described."""
    try:
        node = ox.NamedNode(iri)
    except ValueError:
        return False
    merge = ox.DefaultGraph()
    found = next(store.quads_for_pattern(node, None, None, merge), None)
    return (found or next(store.quads_for_pattern(None, None, node, merge), None)) is not None


def replacement(store: ox.Store, iri: str) -> str | None:
    """Return what has taken the place of a thing in the end, or None where it stands for itself.

    A thing has been merged into another where nothing is said of it but by what it is replaced, that it is deprecated
    (owl:deprecated), and how it is called. Things that the world has replaced are still described. So are things that
    are replaced in a circle: none of them is the one that is left.
    """
    passed = [iri]
    while (following := _replaced_by(store, passed[-1])) is not None and len(passed) < MOST_REPLACED:
        if following in passed:
            circle = passed[passed.index(following) :]
            return None if iri in circle else following
        passed.append(following)
    return passed[-1] if len(passed) > 1 else None


def _replaced_by(store: ox.Store, iri: str) -> str | None:
    """Return what has taken the place of a thing next, or None where it is still described."""
    found = list[str]()
    for quad in store.quads_for_pattern(ox.NamedNode(iri), None, None, ox.DefaultGraph()):
        if quad.predicate.value == REPLACED_BY and isinstance(quad.object, ox.NamedNode):
            found.append(quad.object.value)
        elif quad.predicate.value not in (DEPRECATED, *LABEL_PROPERTIES):
            return None
    return found[0] if len(found) == 1 else None


def _statements(store: ox.Store, node: ox.NamedNode) -> tuple[Statement, ...]:
    graphs: dict[tuple[str, Term], set[str]] = {}
    for quad in store.quads_for_pattern(node, None, None, None):
        if isinstance(quad.graph_name, ox.NamedNode):
            graphs.setdefault((quad.predicate.value, quad.object), set()).add(quad.graph_name.value)
    ordered = sorted(graphs.items(), key=lambda each: (each[0][0], str(each[0][1])))
    return tuple(Statement(predicate, term, tuple(sorted(names))) for (predicate, term), names in ordered)


def _incoming(store: ox.Store, node: ox.NamedNode) -> tuple[Incoming, ...]:
    most = MOST_COUNTED + 1
    found = store.query(
        f"SELECT ?p (COUNT(*) AS ?n) {{ {{ SELECT ?s ?p {{ ?s ?p {node} }} LIMIT {most} }} }} GROUP BY ?p ORDER BY ?p"
    )
    if not isinstance(found, ox.QuerySolutions):
        return ()
    totals = [
        (predicate, int(number.value))
        for predicate, number in found
        if isinstance(predicate, ox.NamedNode) and isinstance(number, ox.Literal)
    ]
    counted = sum(number for _, number in totals) < most
    return tuple(
        Incoming(predicate.value, _subjects(store, predicate, node), total, counted) for predicate, total in totals
    )


def _subjects(store: ox.Store, predicate: ox.NamedNode, node: ox.NamedNode) -> tuple[str, ...]:
    quads = store.quads_for_pattern(None, predicate, node, ox.DefaultGraph())
    return tuple(quad.subject.value for quad in islice(quads, MOST_INCOMING) if isinstance(quad.subject, ox.NamedNode))


def describing_triples(store: ox.Store, description: Description, skolem: str, most: int) -> list[ox.Triple]:
    """Return the triples of a document about the thing, each once, grouped by subject, its own first.

    These are its own and those of all nodes that hang on it and were blank in the source (whose IRIs start with
    ``skolem``): its concise bounded description; then the first of what points to it, and labels of its neighbours.

    Raises:
        QueryLimitError: that description has more than ``most`` statements.
    """
    own = dict.fromkeys(description.own_triples())
    for triple in blank_triples(store, list(own), skolem):
        own[triple] = None
        if len(own) > most:
            break
    if len(own) > most:
        raise too_much(description.iri, most)
    own.update(dict.fromkeys(description.incoming_triples()))
    neighbours = [triple.object.value for triple in own if isinstance(triple.object, ox.NamedNode)]
    neighbours += [subject for link in description.incoming for subject in link.subjects]
    own.update(dict.fromkeys(_labels(store, (iri for iri in neighbours if iri != description.iri))))
    return sorted(own, key=lambda triple: (str(triple.subject) != f"<{description.iri}>", str(triple)))


def too_much(iri: str, most: int) -> QueryLimitError:
    """Return the error that a document would have more statements than it may."""
    problem = Sentence(
        "the document about <%(iri)s> would have more than %(number)s statements", iri=iri, number=str(most)
    )
    return QueryLimitError("limits.document_statements", most, problem, Sentence("ask for less of it at /sparql"))


def _labels(store: ox.Store, iris: Iterable[str]) -> Iterator[ox.Triple]:
    return (ox.Triple(each.subject, each.predicate, each.object) for each in label_triples(store, iris))


def incoming_page(store: ox.Store, iri: str, predicate: str, number: int, size: int) -> list[str]:
    """Return a page of the things that point to a thing by a property, in the store's order, and one more if there is.

    It is asked as a query, which passes over those before it twenty times as fast as reading them would.

    Raises:
        ValueError: the property is no IRI.
    """
    pattern = f"?thing {ox.NamedNode(predicate)} {ox.NamedNode(iri)}"
    found = store.query(f"SELECT ?thing {{ {pattern} }} LIMIT {size + 1} OFFSET {(number - 1) * size}")
    things = [each["thing"] for each in found] if isinstance(found, ox.QuerySolutions) else []
    return [each.value for each in things if isinstance(each, ox.NamedNode)]


def pointing_triples(store: ox.Store, iri: str, predicate: str, things: Sequence[str]) -> list[ox.Triple]:
    """Return what says that some things point to a thing by a property, and their labels."""
    target = ox.NamedNode(iri)
    links = [ox.Triple(ox.NamedNode(each), ox.NamedNode(predicate), target) for each in things]
    return [*links, *dict.fromkeys(_labels(store, things))]


def blank_triples(store: ox.Store, triples: list[ox.Triple], skolem: str) -> Iterator[ox.Triple]:
    """Yield what hangs on nodes that were blank; each node once, however many ways lead to it."""
    seen, level = set[str](), triples
    while level:
        objects = {each.object.value for each in level if isinstance(each.object, ox.NamedNode)}
        nodes = sorted(each for each in objects - seen if each.startswith(skolem))
        seen.update(nodes)
        level = []
        for node in nodes:
            for quad in store.quads_for_pattern(ox.NamedNode(node), None, None, MERGE):
                yield quad.triple
                level.append(quad.triple)


# When what is said of a thing was published: from the dates of the documents that it was derived from.
#
# Telephones, addresses of mail and who answers them change. So whatever shows one says of which years it is, where the
# data knows. A document without a date has that of what it is a part of (``dct:isPartOf``).

CONTACTS = ("tel:", "mailto:")
"""The schemes of what one dials or writes to."""
REACHING = frozenset((
    *(SCHEMA + name for name in ("telephone", "email", "faxNumber")), FOAF + "phone", FOAF + "mbox",
    *(VCARD + name for name in ("hasTelephone", "hasEmail", "telephone", "email")),
))  # fmt: skip
"""Properties whose values say how one reaches somebody, whatever form they have."""
DATED = (SCHEMA + "temporalCoverage", DCT + "temporal", DCT + "date", DCT + "issued", SCHEMA + "datePublished")
"""What says of which time a document is; the first that it has counts. A period (``dct:PeriodOfTime``) has two ends."""
ENDS = (DCAT + "startDate", DCAT + "endDate", SCHEMA + "startDate", SCHEMA + "endDate")
YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
MOST_SOURCES, MOST_WHOLES = 50, 8


@dataclass(frozen=True, slots=True)
class Period:
    """The years from the first to the last, as numbers with four digits."""

    first: str
    last: str

    def __str__(self) -> str:
        """Return it as one writes it: one year, or two with a dash."""
        return self.first if self.first == self.last else f"{self.first}–{self.last}"


def spanned(periods: Iterable[Period | None]) -> Period | None:
    """Return the period from the beginning of the first to the end of the last; None where there is none."""
    known = [each for each in periods if each is not None]
    return Period(min(each.first for each in known), max(each.last for each in known)) if known else None


def is_contact(predicate: str, value: object) -> bool:
    """Whether a statement says how one reaches somebody."""
    return predicate in REACHING or (isinstance(value, ox.NamedNode) and value.value.startswith(CONTACTS))


def published(store: ox.Store, subject: str) -> Period | None:
    """Return when the sources of a thing are from; None where they have no date."""
    sources = islice(_values(store, subject, PROV + "wasDerivedFrom"), MOST_SOURCES)
    return spanned(_of_document(store, each.value) for each in sources if isinstance(each, ox.NamedNode))


def contact_published(store: ox.Store, contact: str) -> Period | None:
    """Return when a telephone or an address of mail was published by the sources of whatever has it."""
    quads = store.quads_for_pattern(None, None, ox.NamedNode(contact), ox.DefaultGraph())
    named = (quad.subject.value for quad in islice(quads, MOST_SOURCES) if isinstance(quad.subject, ox.NamedNode))
    return spanned(published(store, each) for each in named)


def person_published(store: ox.Store, person: str) -> Period | None:
    """Return when it was published who somebody is, and where: from their sources and those of their memberships."""
    found = store.quads_for_pattern(None, ox.NamedNode(ORG + "member"), ox.NamedNode(person), ox.DefaultGraph())
    roles = (quad.subject.value for quad in islice(found, MOST_SOURCES) if isinstance(quad.subject, ox.NamedNode))
    return spanned(published(store, each) for each in (person, *roles))


def _of_document(store: ox.Store, document: str) -> Period | None:
    """Return of which years a document is, or what it is a part of."""
    for _ in range(MOST_WHOLES):
        if (found := _dated(store, document)) is not None:
            return found
        wholes = (each.value for each in _values(store, document, DCT + "isPartOf") if isinstance(each, ox.NamedNode))
        document = next(wholes, "")
        if not document:
            return None
    return None


def _dated(store: ox.Store, document: str) -> Period | None:
    for predicate in DATED:
        years = sorted(year for each in _values(store, document, predicate) for year in _years(store, each))
        if years:
            return Period(years[0], years[-1])
    return None


def _years(store: ox.Store, value: object) -> Iterator[str]:
    if isinstance(value, ox.Literal):
        yield from YEAR.findall(value.value[:100])
    elif isinstance(value, ox.NamedNode):
        ends = (each for end in ENDS for each in _values(store, value.value, end))
        yield from (
            year for each in ends if isinstance(each, ox.Literal) for year in YEAR.findall(each.value[:100])[:1]
        )


def _values(store: ox.Store, subject: str, predicate: str) -> Iterator[object]:
    try:
        quads = store.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, ox.DefaultGraph())
    except ValueError:
        return
    yield from (quad.object for quad in islice(quads, MOST_SOURCES))
