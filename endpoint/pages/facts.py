"""The facts of a page: rows of names and values as the shapes want them, each with where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.http.languages import translated
from endpoint.pages.nested_values import (
    INCOMING,
    NIL,
    STRUCTURE,
    VALUES,
    by_name,
    in_order,
    is_place,
    listing_path,
    members_of,
)
from endpoint.pages.term_names import (
    LAST,
    MOST_VALUES,
    TIMES,
    UNNAMED,
    FoundValue,
    Names,
    PageShapes,
    Path,
    PathStep,
    PropertyGroup,
    Shown,
    ShownProperty,
    counted,
    follow,
    own_predicates,
    shapes_of,
    spelt,
    stated,
    steps,
    text_in,
)
from graph.model.description import (
    CONTACTS,
    LABEL_PROPERTIES,
    Description,
    Period,
    Term,
    is_contact,
    published,
    spanned,
)
from graph.model.rdf_terms import DCT, ENTAILED_GRAPH, PROV, RANGES, RDF, RDF_TYPE, RDFS, SCHEMA, SKOS, XSD, matching

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


# Where the statements of a page come from: numbered like the notes of a book, each source once, since a link beside
# every value would be noise.
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


# The facts of a page: rows of names and values, in the groups and in the order that the shapes want.
#
# What no shape covers follows as a group of its own. Where the data says the same in several languages, the reader's is
# shown. A thing that only relates others (a membership, a participation, an observation) is shown by what it relates. A
# list or container is shown by its members, and a node that was blank by what is said of it: inside, some steps deep.

ORG, VCARD = "http://www.w3.org/ns/org#", "http://www.w3.org/2006/vcard/ns#"
QB = "http://purl.org/linked-data/cube#"
RELATIONS = frozenset({ORG + "Membership", PROV + "Association", QB + "Observation"})
"""Classes of things that only relate others."""
SUMMARIES = (DCT + "description", RDFS + "comment", SKOS + "definition", SCHEMA + "description")
NAMES = frozenset({*LABEL_PROPERTIES, SKOS + "altLabel"})
"""What a thing is called: shown in every language."""
UNSAID = frozenset({RDF_TYPE, *LABEL_PROPERTIES, PROV + "wasDerivedFrom"})
"""What pages say elsewhere than in their rows."""
MOST_PARTS, MOST_SAID = 8, 500
ROW_VALUES, MOST_COUNTED = 60, 10_000
"""So many values a row shows, the first by their names, and so many are followed to be counted."""
INNER_DEPTH, INNER_VALUES, INNER_ROWS = 4, 500, 30
"""How deep values stand in each other, how many on one page, how many properties of one node; then links lead on."""
OWN_MEMBERS = 1_000
"""So many members a list or container shows on its own page."""
MANY, SHORT = 4, 48
"""From how many values on, and up to how many letters, values stand in lines."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value, or what a relation relates, and the numbers of the sources; ``inner`` is what stands in it.

    ``published`` is when the sources of a telephone, an address of mail or a person's role are from, ``sentence`` what
    a count says as a whole.
    """

    shown: Shown
    parts: tuple[Shown, ...] = ()
    sources: tuple[int, ...] = ()
    inner: Inner | None = None
    published: Period | None = None
    sentence: str = ""

    @property
    def is_reached(self) -> bool:
        """Whether it is a relation that says how one reaches whom it relates."""
        return any(each.iri.startswith(CONTACTS) for each in self.parts)

    @property
    def text(self) -> str:
        """The value as one line of text."""
        if self.parts or self.inner is None or self.inner.is_named:
            return self.shown.text
        values = (*self.inner.members, *(value for row in self.inner.rows for value in row.entries))
        return ", ".join(filter(None, (each.text for each in values[:MOST_PARTS])))


@dataclass(frozen=True, slots=True)
class Inner:
    """What stands in a value that is a list, a container, or a node that was blank.

    Attributes:
        is_named: whether it has a name of its own, by which it is shown, too.
        is_ordered: whether the order of its members says something.
        members: its members.
        rows: what else is said of it.
        more: how many members are not shown.
        href: where one reads on: where not everything is shown; empty where everything is.
    """

    is_named: bool
    is_ordered: bool = True
    members: tuple[Value, ...] = ()
    rows: tuple[FactRow, ...] = ()
    more: int = 0
    href: str = ""


@dataclass(frozen=True, slots=True)
class FactRow:
    """One property with its values; ``more`` is how many are not shown, ``rest`` where they are, if anywhere."""

    name: Shown
    description: str
    entries: tuple[Value, ...]
    more: int = 0
    rest: str = ""

    @property
    def shared_sources(self) -> tuple[int, ...]:
        """The sources, where several values have the same; empty where each has its own."""
        every = {value.sources for value in self.entries}
        return self.entries[0].sources if len(self.entries) > 1 and len(every) == 1 else ()

    @property
    def published(self) -> str:
        """The years in which telephones, addresses and roles among the values were published; empty where unknown."""
        return str(spanned(each.published for each in self.entries) or "")

    @property
    def is_run_in(self) -> bool:
        """Whether the values are many and short, so that they stand better in lines than below each other."""
        return len(self.entries) >= MANY and not any(
            value.parts or value.inner or value.shown.is_long or value.shown.tag or len(value.shown.text) > SHORT
            for value in self.entries
        )


@dataclass(frozen=True, slots=True)
class FactSection:
    """Rows that belong together, under a title."""

    title: Shown
    rows: tuple[FactRow, ...]


class Facts:
    """Makes the rows of one thing."""

    def __init__(self, snapshot: Snapshot, description: Description, names: Names, terms: Names) -> None:
        """Prepare to show a thing.

        Args:
            snapshot: the release.
            description: what it says of the thing.
            names: names of things, in the language of the content.
            terms: names of properties and classes, in that of the interface.
        """
        self._snapshot, self._store = snapshot, snapshot.release.store
        self._description, self._names, self._terms = description, names, terms
        self._shapes: PageShapes = snapshot.once(shapes_of)
        self._terms_shown: dict[Term, Shown] = {}
        self._left = INNER_VALUES
        self.sources = Sources(snapshot, names)
        self.properties = self._shapes.of(self._types(description.iri))

    def _types(self, iri: str) -> list[str]:
        return [
            each.term.value
            for each in follow(self._store, iri, PathStep(RDF_TYPE))
            if isinstance(each.term, ox.NamedNode)
        ]

    def sections(self, without: frozenset[str]) -> tuple[FactSection, ...]:
        """Return what the shapes show, by group, without what is said elsewhere on the page."""
        groups: dict[PropertyGroup | None, list[FactRow]] = {}
        for each in self.properties:
            if not {step.predicate for step in steps(each.path)} <= without and (row := self._row(each)) is not None:
                groups.setdefault(each.group, []).append(row)
        _drop_repeated(groups)
        _say_once(groups)
        ordered = sorted(groups.items(), key=lambda each: each[0].order if each[0] else float("inf"))
        return tuple(FactSection(self._title(group), tuple(rows)) for group, rows in ordered if rows)

    def rest(self, without: frozenset[str]) -> tuple[FactRow, ...]:
        """Return what no shape covers, by property."""
        covered = own_predicates(self.properties) | without
        found: dict[str, list[FoundValue]] = {}
        members, follows = self._own_members(), self._only_follow(covered)
        for each in self._description.statements:
            if each.predicate not in covered | follows and not (members and _is_structure(each.predicate)):
                statement = FoundValue(each.object, self._description.iri, each.predicate, each.object)
                found.setdefault(each.predicate, []).append(statement)
        rows = (
            self._whole(FactRow(self._terms.thing(predicate), "", *self._values(found[predicate])), PathStep(predicate))
            for predicate in found
        )
        return (*members, *sorted(rows, key=lambda row: row.name.text.casefold()))

    def _only_follow(self, covered: frozenset[str]) -> frozenset[str]:
        """Return the properties of which nothing is stated, and all that follows stands in a row of another one."""
        entailed = {self._snapshot.publication.graph(ENTAILED_GRAPH)}
        said = self._description.statements
        shown = {each.object for each in said if each.predicate in covered}
        for each in self.properties:
            shown.update(value.term for value in follow(self._store, self._description.iri, each.path))
        further = {each.predicate for each in said if not set(each.graphs) <= entailed or each.object not in shown}
        return frozenset(each.predicate for each in said) - further

    def _own_members(self) -> tuple[FactRow, ...]:
        """Return the row of the members, where the thing of the page is a list or container itself."""
        found = members_of(self._store, self._description.iri, OWN_MEMBERS)
        if found is None:
            return ()
        self._left += len(found.terms)
        entries = tuple(self._value(each, (self._description.iri,)) for each in found.terms)
        rest = self._names.urls.page(found.rest) if found.rest else ""
        return (FactRow(Shown(translated("Members")), "", entries, found.more, rest),)

    def summary(self) -> Value | None:
        """Return the text that says what the thing is, in the reader's language."""
        for predicate in SUMMARIES:
            values, _ = self._values(follow(self._store, self._description.iri, PathStep(predicate)))
            if values and not values[0].shown.href:
                return values[0]
        return None

    def _title(self, group: PropertyGroup | None) -> Shown:
        text, language = text_in(group.names, self._terms.languages) if group else ("", "")
        return Shown(text, language)

    def _row(self, shown: ShownProperty) -> FactRow | None:
        found = follow(self._store, self._description.iri, shown.path, MOST_COUNTED)
        if not found:
            return None
        text, language = text_in(shown.names, self._terms.languages)
        description, _ = text_in(shown.descriptions, self._terms.languages)
        predicate = next(steps(shown.path)).predicate
        name = Shown(text, language, self._terms.urls.page(predicate)) if text else self._terms.thing(predicate)
        return self._whole(FactRow(name, description, *self._values(found)), shown.path)

    def _whole(self, row: FactRow, path: Path) -> FactRow:
        """Return a row with where all its values are, if it does not show them itself, and with their right number."""
        if not row.more:
            return row
        iri, names = self._description.iri, self._names
        if not isinstance(path, PathStep):
            query = f"SELECT DISTINCT ?value WHERE {{\n  <{iri}> {spelt(path)} ?value\n}}"
            return replace(row, rest=names.urls.link("sparql", query=query))
        which, total = VALUES, sum(each.predicate == path.predicate for each in self._description.statements)
        if path.is_inverse:
            which, totals = INCOMING, {each.predicate: each.total for each in self._description.incoming}
            total = totals.get(path.predicate, 0)
        more = total - len(row.entries) if total > MOST_COUNTED else row.more
        return replace(row, more=more, rest=listing_path(names, iri, path.predicate, which))

    def _values(self, found: list[FoundValue], above: tuple[str, ...] = ()) -> tuple[tuple[Value, ...], int]:
        """Return the values to be shown, in the reader's language and sorted, and how many more there are."""
        iris = [each.term for each in found if isinstance(each.term, ox.NamedNode)]
        dropped = max(0, len(iris) - ROW_VALUES)
        if dropped:  # to name one takes longer than to find its place among all
            first = set(self._by_name(found, iris)[:ROW_VALUES])
            found = [each for each in found if each.term in first or not isinstance(each.term, ox.NamedNode)]
        shown = [(self._shown(each.term), each) for each in found]
        if not all(each.predicate in NAMES for each in found):
            best = set(self._names.best([one for one, each in shown if isinstance(each.term, ox.Literal)]))
            shown = [(one, each) for one, each in shown if not isinstance(each.term, ox.Literal) or one in best]
        shown.sort(key=lambda each: (each[0].datetime or each[0].text).casefold())
        entries = tuple(
            replace(self._said(each, above), sources=self.sources.cite(each), published=self._published(each))
            for _, each in shown[:ROW_VALUES]
        )
        if any(each.is_reached for each in entries):  # who can be called stands first
            entries = tuple(sorted(entries, key=lambda each: not each.is_reached))
        return entries, dropped + max(0, len(shown) - ROW_VALUES)

    def _published(self, found: FoundValue) -> Period | None:
        """Return when a telephone, an address of mail or a person's role was published."""
        term, iri = found.term, found.term.value if isinstance(found.term, ox.NamedNode) else ""
        if iri and ORG + "Membership" in self._types(iri):
            return published(self._store, iri)
        if is_contact(found.predicate, term) or self._shown(term).iri.startswith(CONTACTS):
            return published(self._store, found.subject)
        return None

    def _by_name(self, found: list[FoundValue], iris: list[ox.NamedNode]) -> Sequence[Term]:
        """Return IRIs by their names; of all values of one property that order is kept with the release."""
        ends = {(each.subject, each.predicate) for each in found}
        if len(ends) == 1:
            every = in_order(self._snapshot, *next(iter(ends)), self._names, VALUES)
            if every is not None:
                return [each for each in every if isinstance(each, ox.NamedNode)]
        return by_name(self._snapshot, iris, self._names)

    def _said(self, found: FoundValue, above: tuple[str, ...]) -> Value:
        """Return a value without its sources; a number that a statement says of a count with what is counted."""
        value = self._value(found.term, above)
        if found.predicate == RDF + "object" and isinstance(found.term, ox.Literal):
            count = stated(self._store, self._names.urls.base, found.subject)
            return replace(value, sentence=count.sentence) if count else value
        return value

    def _value(self, term: Term, above: tuple[str, ...]) -> Value:
        """Return a value without its sources; ``above`` are the things in which it stands."""
        shown, parts = self._shown(term), self._parts(term)
        is_itself = isinstance(term, ox.NamedNode) and shown.iri == term.value
        inner = self._inner(term.value, above) if is_itself and not parts and isinstance(term, ox.NamedNode) else None
        sentence = counted(self._store, self._names.urls.base, term.value) if isinstance(term, ox.NamedNode) else ""
        return Value(shown, parts, inner=inner, sentence=sentence)

    def _inner(self, iri: str, above: tuple[str, ...]) -> Inner | None:
        """Return what stands in a list, a container or a node that was blank; None for any other thing."""
        is_blank, found = iri.startswith(self._names.urls.base + UNNAMED), members_of(self._store, iri, ROW_VALUES)
        if found is None and not is_blank:
            return None
        page, is_named = self._names.urls.page(iri), bool(self._names.label(iri)) or not is_blank
        if iri in (*above, self._description.iri) or len(above) >= INNER_DEPTH or self._left <= 0:
            return Inner(is_named, href=page)
        self._left -= len(found.terms) if found else 1
        here = (*above, iri)
        rows = self._inner_rows(iri, here, has_members=found is not None) if is_blank else ()
        if found is None:
            return Inner(is_named, rows=rows[:INNER_ROWS], href=page if len(rows) > INNER_ROWS else "")
        members = tuple(self._value(each, here) for each in found.terms)
        rest = self._names.urls.page(found.rest) if found.rest else page if found.more else ""
        return Inner(is_named and iri != NIL.value, found.is_ordered, members, rows[:INNER_ROWS], found.more, rest)

    def _inner_rows(self, iri: str, above: tuple[str, ...], *, has_members: bool) -> tuple[FactRow, ...]:
        """Return what is said of a node that was blank, by property, under the names and in the order of its shapes."""
        said: dict[str, list[FoundValue]] = {}
        for quad in islice(self._store.quads_for_pattern(ox.NamedNode(iri), None, None, ox.DefaultGraph()), MOST_SAID):
            name = quad.predicate.value
            if name not in UNSAID - {RDF_TYPE} and not (has_members and (name == RDF_TYPE or _is_structure(name))):
                said.setdefault(name, []).append(FoundValue(quad.object, iri, name, quad.object))
        shaped = {each.path.predicate: each for each in self._shapes.of(self._types(iri))
                  if isinstance(each.path, PathStep) and not each.path.is_inverse}  # fmt: skip
        rows = [self._inner_row(each, found, shaped.get(each), above)
                for each, found in list(said.items())[: INNER_ROWS + 1]]  # fmt: skip
        return tuple(row for _, row in sorted(rows, key=lambda each: each[0]))

    def _inner_row(
        self, predicate: str, found: list[FoundValue], shaped: ShownProperty | None, above: tuple[str, ...]
    ) -> tuple[tuple[bool, float, bool, str], FactRow]:
        """Return the row of a property within a value, and where it stands.

        Of which class it is comes first; then the order of the shapes; then what has nothing inside.
        """
        self._left -= len(found)
        text, language = text_in(shaped.names, self._terms.languages) if shaped else ("", "")
        name = Shown(text, language, self._terms.urls.page(predicate)) if text else self._terms.thing(predicate)
        row = FactRow(name, "", *self._values(found, above))
        is_deep = any(each.inner for each in row.entries)
        return (predicate != RDF_TYPE, shaped.order if shaped else LAST, is_deep, name.text.casefold()), row

    def _shown(self, term: Term) -> Shown:
        """Return a term; a telephone or an address of mail by what one dials or writes to."""
        if term not in self._terms_shown:
            self._terms_shown[term] = self._look(term)
        return self._terms_shown[term]

    def _look(self, term: Term) -> Shown:
        if isinstance(term, ox.NamedNode):
            dialled = next(iter(follow(self._store, term.value, PathStep(VCARD + "hasValue"))), None)
            if dialled is not None:
                return self._names.term(dialled.term)
        return self._names.term(term)

    def _parts(self, term: Term) -> tuple[Shown, ...]:
        """Return what a thing that only relates others relates, apart from the thing of the page."""
        if not isinstance(term, ox.NamedNode) or not RELATIONS & set(types := self._types(term.value)):
            return ()
        found = sorted(dict.fromkeys(islice(self._related(term.value, types), MOST_PARTS)), key=self._part_rank)
        return tuple(dict.fromkeys(self._shown(each) for each in found))

    def _part_rank(self, term: Term) -> int:
        """Return where a part stands: how much, who, as what, how to reach them, when."""
        if isinstance(term, ox.Literal):
            return 4 if term.datatype.value in TIMES else 0
        types = set(self._types(term.value)) if isinstance(term, ox.NamedNode) else set()
        return 2 if SKOS + "Concept" in types else 3 if any(each.startswith(VCARD) for each in types) else 1

    def _related(self, iri: str, types: list[str]) -> Iterator[Term]:
        paths = [
            each.path for each in self._shapes.of(types) if isinstance(each.path, PathStep) and not each.path.is_inverse
        ]
        if not paths:
            paths = [PathStep(each.predicate.value) for each in self._store.quads_for_pattern(
                ox.NamedNode(iri), None, None, ox.DefaultGraph())]  # fmt: skip
        for path in paths:
            if path.predicate not in (UNSAID | NAMES | {SKOS + "note"}) and not path.predicate.endswith("asWritten"):
                for each in follow(self._store, iri, path):
                    if not isinstance(each.term, ox.NamedNode) or not self._goes_without_saying(each.term.value):
                        yield each.term

    def _goes_without_saying(self, iri: str) -> bool:
        return iri == self._description.iri or QB + "DataSet" in self._types(iri)


def _is_structure(predicate: str) -> bool:
    """Whether a predicate only says how a list or container hangs together."""
    return predicate in STRUCTURE or is_place(predicate)


def _drop_repeated(groups: dict[PropertyGroup | None, list[FactRow]]) -> None:
    """Leave out rows that a relation already gives, such as the telephone of whom one calls; it takes their sources."""
    related = {part.iri for rows in groups.values() for row in rows for value in row.entries for part in value.parts}
    dropped: dict[str, tuple[int, ...]] = {}
    for rows in groups.values():
        for row in [each for each in rows if _is_in(each, related)]:
            dropped |= {value.shown.iri: value.sources for value in row.entries}
            rows.remove(row)
        rows[:] = [replace(row, entries=tuple(_citing(value, dropped) for value in row.entries)) for row in rows]


def _say_once(groups: dict[PropertyGroup | None, list[FactRow]]) -> None:
    """Leave out what is listed twice: rows of what relations give with more, and what a smaller row has picked out."""
    related = {part.iri for rows in groups.values() for row in rows for value in row.entries for part in value.parts}
    for rows in groups.values():
        rows[:] = [row for row in rows if not (_is_list(row) and _iris(row) <= related)]
        for place, row in enumerate(rows):
            inside = [_iris(each) for each in rows if _is_list(each) and _iris(each) < _iris(row)]
            if inside and not row.more:
                picked = set[str]().union(*inside)
                rows[place] = replace(row, entries=tuple(each for each in row.entries if each.shown.iri not in picked))


def _is_list(row: FactRow) -> bool:
    """Whether a row names several things and nothing else."""
    return len(row.entries) > 1 and not row.more and all(each.shown.iri and not each.parts for each in row.entries)


def _iris(row: FactRow) -> set[str]:
    return {each.shown.iri for each in row.entries if each.shown.iri and not each.parts}


def _is_in(row: FactRow, related: set[str]) -> bool:
    """Whether a row only dials or writes to what a relation already gives."""
    iris = [value.shown.iri for value in row.entries]
    return all(each in related and each.startswith(("tel:", "mailto:")) for each in iris)


def _citing(value: Value, dropped: Mapping[str, tuple[int, ...]]) -> Value:
    more = (number for part in value.parts for number in dropped.get(part.iri, ()))
    return replace(value, sources=tuple(dict.fromkeys((*value.sources, *more))))
