"""The page of a thing, put together: names, facts, where they come from, map, chart, tree, and what points to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox
from flask import render_template, request

from endpoint.current import Snapshot, languages, snapshot, urls
from endpoint.http.languages import interface
from endpoint.http.problems import ProblemError
from endpoint.http.semantics import HeaderLink
from endpoint.pages.facts import (
    SUMMARIES,
    UNSAID,
    Disagreement,
    Disagreements,
    FactRow,
    Facts,
    FactSection,
    Source,
    Value,
)
from endpoint.pages.figures import Chart, Map, Spot, chart, data_set_of, draw, located
from endpoint.pages.front import citation_links, class_name, thing_citation
from endpoint.pages.nested_values import (
    CONCEPTS,
    INCOMING,
    VALUES,
    Backlinks,
    Tree,
    Trees,
    asked_number,
    backlinks,
    listing,
    owners,
)
from endpoint.pages.term_names import UNNAMED, Names, PropertyRule, ShapeRules, Shown, incoming_predicates, names_for
from graph.model.description import LABEL_PROPERTIES, MERGE, Description, Incoming
from graph.model.errors import Sentence
from graph.model.locations import point_of
from graph.model.rdf_terms import ENTAILED_GRAPH, ORG, RDF, RDF_TYPE, SH, SKOS

# Every part is made by a module of its own; this one decides which parts a thing has, and what is said only once.

SCHEME, CONCEPT, SHAPE = SKOS + "ConceptScheme", SKOS + "Concept", SH + "NodeShape"
TREE = frozenset({SKOS + name for name in ("hasTopConcept", "topConceptOf", "inScheme", "broader", "narrower")})
"""What the tree of a scheme, or the way to a concept, already says."""


MOST_SUCCESSORS = 50
MOST_FRAGMENTS = 2_000
"""So many things that are fragments of a document stand on its page; as RDF all are there."""


@dataclass(frozen=True, slots=True)
class ThingPage:
    """What the page of one thing shows; the parts that it has not are empty or None.

    ``fragments`` are the things that this address is asked for, too: what stands behind the ``#``, and the thing.
    ``today`` is what has become of a body that has changed.
    """

    iri: str
    title: Shown
    names: tuple[Shown, ...]
    kinds: tuple[Shown, ...]
    trail: tuple[Shown, ...]
    summary: Value | None
    sections: tuple[FactSection, ...]
    rest: tuple[FactRow, ...]
    disagreements: tuple[Disagreement, ...]
    tree: Tree | None
    rules: tuple[PropertyRule, ...]
    map: Map | None
    chart: Chart | None
    incoming: tuple[Backlinks, ...]
    sources: tuple[Source, ...]
    graphs: tuple[Shown, ...]
    fragments: tuple[tuple[str, Shown], ...]
    today: tuple[Shown, ...] = ()

    @property
    def first_facts(self) -> str:
        """The first facts as one line, for search engines where there is no summary."""
        rows = [row for section in self.sections for row in section.rows][:4]
        said = ((row.name.text, ", ".join(value.text for value in row.entries[:3])) for row in rows)
        return "; ".join(f"{name[:1].upper()}{name[1:]}: {values}" for name, values in said)


def thing_page(snapshot: Snapshot, description: Description, names: Names, terms: Names, number: int = 1) -> ThingPage:
    """Return the page of a described thing.

    Args:
        snapshot: the release.
        description: what it says of the thing.
        names: names of things, in the language of the content.
        terms: names of properties and classes, in that of the interface.
        number: which page of the concepts of a scheme.

    Raises:
        ProblemError: there is no such page.
    """
    store, iri = snapshot.release.store, description.iri
    facts = Facts(snapshot, description, names, terms)
    kinds = _kinds(description, snapshot.publication.graph(ENTAILED_GRAPH))
    disagreements = Disagreements(store, snapshot.publication.base, names)
    trees, classes = (
        Trees(snapshot, names),
        {each.value for each in description.values(RDF_TYPE) if isinstance(each, ox.NamedNode)},
    )
    tree = trees.of(iri, number) if SCHEME in classes else None
    if tree is None and number != 1:
        raise ProblemError("not-found", Sentence("<%(iri)s> has no page %(number)s", iri=iri, number=str(number)))
    summary = facts.summary()
    rules = ShapeRules(store, terms).of(iri) if SHAPE in classes else ()
    elsewhere = UNSAID | (TREE if tree and tree.branches else frozenset({disagreements.claim})) | {SH + "property"}
    elsewhere |= {each for each in SUMMARIES if summary and description.values(each)}
    sections = facts.sections(frozenset(elsewhere))
    rest = facts.rest(frozenset(elsewhere))
    known = incoming_predicates(facts.properties) | elsewhere | {disagreements.about, RDF + "subject"}
    incoming = _unsaid(description, sections, known, names.urls.base + UNNAMED)
    graphs = {graph for each in description.statements for graph in each.graphs}
    data_set = data_set_of(store, iri)
    return ThingPage(
        iri=iri,
        title=names.thing(iri),
        names=_names(description, names),
        kinds=tuple(terms.thing(each) for each in kinds),
        trail=trees.trail(iri) if CONCEPT in classes else (),
        summary=summary,
        sections=sections,
        rest=rest,
        disagreements=disagreements.of(iri),
        tree=tree,
        rules=rules,
        map=_map(snapshot, description, names),
        chart=chart(store, data_set, iri, names, terms) if data_set else None,
        incoming=_incoming(snapshot, description, incoming, names, terms),
        sources=facts.sources.listed(),
        graphs=tuple(names.thing(graph) for graph in sorted(graphs)),
        fragments=tuple(
            (each.partition("#")[2], names.thing(each)) for each in snapshot.fragments.of(iri, MOST_FRAGMENTS)
        ),
        today=tuple(names.thing(each) for each in _successors(store, iri)),
    )


def _unsaid(
    description: Description, sections: tuple[FactSection, ...], known: frozenset[str], unnamed: str
) -> list[Incoming]:
    """Return what points to a thing and does not stand in its rows; nodes without names are shown where they belong."""
    shown = {each.object.value for each in description.statements if isinstance(each.object, ox.NamedNode)}
    for value in (value for section in sections for row in section.rows for value in row.entries):
        shown.update(each.iri for each in (value.shown, *value.parts))
    return [
        each
        for each in description.incoming
        if each.predicate not in known
        and not (each.total <= len(each.subjects) and set(each.subjects) <= shown)
        and not all(one.startswith(unnamed) for one in each.subjects)
    ]


def _successors(store: ox.Store, iri: str) -> list[str]:
    """Return the last bodies in the chain of changes of a body; none where it has not changed."""
    last, seen, left = list[str](), {iri}, [iri]
    before, after = (ox.NamedNode(f"{ORG}{name}Organization") for name in ("original", "resulting"))
    while left and len(seen) < MOST_SUCCESSORS:
        body = left.pop()
        changes = store.quads_for_pattern(None, before, ox.NamedNode(body), MERGE)
        became = [
            quad.object.value
            for change in islice(changes, MOST_SUCCESSORS)
            for quad in store.quads_for_pattern(change.subject, after, None, MERGE)
            if isinstance(quad.object, ox.NamedNode)
        ]
        if not became and body != iri:
            last.append(body)
        left += [each for each in dict.fromkeys(became) if each not in seen]
        seen.update(became)
    return sorted(set(last))


def _incoming(
    snapshot: Snapshot, description: Description, direct: list[Incoming], names: Names, terms: Names
) -> tuple[Backlinks, ...]:
    """Return what points to the thing, by itself or by way of a list or a node that was blank."""
    by_way = owners(snapshot.release.store, description.incoming, names, terms)
    return (*backlinks(snapshot, direct, description.iri, names, terms), *by_way)


def _kinds(description: Description, entailed: str) -> list[str]:
    """Return the classes that are stated of a thing; those that follow only where none is."""
    types = [each for each in description.statements if each.predicate == RDF_TYPE]
    stated = [each for each in types if set(each.graphs) - {entailed}] or types
    return [each.object.value for each in stated if isinstance(each.object, ox.NamedNode)]


def _names(description: Description, names: Names) -> tuple[Shown, ...]:
    """Return what the thing is called in other languages than its title, in the order of the properties of labels."""
    title = names.thing(description.iri)
    literals = (
        term
        for predicate in LABEL_PROPERTIES
        for term in description.values(predicate)
        if isinstance(term, ox.Literal) and term.language and term.language != title.language
    )
    first: dict[str, ox.Literal] = {}
    for each in literals:
        first.setdefault(each.language or "", each)
    return tuple(names.term(each) for each in first.values() if each.value != title.text)


def _map(snapshot: Snapshot, description: Description, names: Names) -> Map | None:
    """Return the map on which a thing lies: by coordinates of its own, of its place, or as a region."""
    store, iri = snapshot.release.store, description.iri
    codes = [each.value for each in description.values(SKOS + "notation") if isinstance(each, ox.Literal)]
    where = located(store, iri, [each.object for each in description.statements])
    point = point_of(store, where) if where else None
    if codes and where != iri:
        point = None  # a region is drawn, not where its capital lies
    spots = [Spot(names.thing(where), point)] if point is not None else []
    return draw(store, spots, names, codes) if spots or codes else None


# The page about anything that a release describes: which template shows it, in the reader's languages.
#
# It reads the request's languages and parameters of pages; what is on the page is computed in the modules beside it.


def content_names() -> Names:
    """Return the names of things in the language of the content."""
    return names_for(snapshot(), urls(), languages())


def interface_names() -> Names:
    """Return the names of properties and classes, which are part of the page, in the language of the interface."""
    return names_for(snapshot(), urls(), (interface(), *languages()))


def description_page(
    description: Description, links: Sequence[HeaderLink], downloads: Sequence[tuple[str, str]], script: str = ""
) -> bytes:
    """Return the page about a thing, or one of all that points to it or to which it points by a property.

    The parameters ``incoming`` and ``values`` ask for the latter.
    ``script`` is the thing as JSON-LD, for search engines.

    Raises:
        ProblemError: there is no such page.
    """
    names, terms = content_names(), interface_names()
    for which in (INCOMING, VALUES):
        if (predicate := request.args.get(which)) is not None:
            return _listing(description.iri, predicate, which, names, terms)
    asked = request.args.get(CONCEPTS, "1")
    number = int(asked) if asked.isdecimal() and len(asked) < 9 else 0
    view = thing_page(snapshot(), description, names, terms, number)
    iri, here = description.iri, snapshot()
    table = class_name(here, iri) if iri in here.release.manifest.statistics.classes else ""
    return render_template(
        "thing.html", page=view, links=links, downloads=downloads, script=script, table=table,
        citation=thing_citation(iri), cite=citation_links(lambda suffix: urls().page(iri, suffix)),
    ).encode()  # fmt: skip


def _listing(iri: str, predicate: str, which: str, names: Names, terms: Names) -> bytes:
    number = asked_number(request.args.get("page", "1"), iri, predicate)
    found = listing(snapshot(), iri, predicate, number, names, terms, which)
    return render_template("incoming.html", listing=found, title=names.thing(iri)).encode()
