"""What a release holds at a glance, named for one reader: numbers, classes, an event, its dataset; how all is cited."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

import pyoxigraph as ox
from babel.numbers import format_decimal

from endpoint.current import Snapshot, languages, snapshot, urls
from endpoint.http.languages import grouped, page_language
from endpoint.http.semantics import AS_BIBTEX, AS_RIS, CITATIONS, IN_A_LINK, Representation
from endpoint.pages.facts import ORG, QB, RELATIONS, VCARD
from endpoint.pages.figures import (
    WIDE,
    Chart,
    Map,
    Observation,
    Spot,
    chart,
    city_by_name,
    data_sets,
    draw,
    observations,
)
from endpoint.pages.term_names import Names, PathStep, Shown, follow, names_for, shapes_of, text_in
from graph.export.views import HASHED, class_path_name, hashed_name
from graph.model.description import Label, is_auxiliary
from graph.model.locations import GEO, WGS, Point, point_of
from graph.model.rdf_terms import (
    APPARATUS_GRAPHS,
    CATALOG_GRAPH,
    DCAT,
    DCT,
    ENTAILED_GRAPH,
    FOAF,
    OWL,
    PROV,
    RDF,
    RDF_TYPE,
    RDFS,
    SCHEMA,
    SD,
    SH,
    SHAPES_GRAPH,
    VOID,
)
from graph.releases.manifest import GraphEntry, LastContribution

# What the publication itself holds: how many things of each class, and how many statements about its subject matter.
#
# The catalogue describes the release by a publisher, files and services; a reader who counts people means none of them.

DERIVED = ox.NamedNode(PROV + "wasDerivedFrom")
MOST_COUNTED = 50_000
"""In more statements than these nobody looks for their sources: a page has to come soon."""


@dataclass(frozen=True, slots=True)
class StatementCounts:
    """How many statements there are: about the subject matter, those of them beside a source, and all the others.

    ``sourced`` is None where there are too many to look at, or none names a source. A statement stands beside its
    source where its graph says of its subject what that was derived from; so does what is said of a source itself.
    """

    subject: int
    sourced: int | None
    apparatus: int


def statements(snapshot: Snapshot) -> StatementCounts:
    """Count the statements of the named graphs."""
    entries, aside = snapshot.release.manifest.graphs, {snapshot.publication.graph(each) for each in APPARATUS_GRAPHS}
    about = [each for each in entries if each.iri not in aside]
    subject = sum(each.triples for each in about)
    sourced = _sourced(snapshot.release.store, [each.iri for each in about]) if subject <= MOST_COUNTED else 0
    return StatementCounts(subject, sourced or None, sum(each.triples for each in entries if each.iri in aside))


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
    """Return the name of a class in the path ``/class/<name>``."""
    return class_path_name(iri, here.publication.base, here.prefixes)


def class_called(here: Snapshot, name: str) -> str:
    """Return the IRI that a name means as ``class_name`` gives it, whether or not there is such a class."""
    if HASHED in name:
        known = (*here.release.manifest.statistics.classes, *here.once(shapes_of).by_class)
        return next((iri for iri in known if hashed_name(iri) == name and class_name(here, iri) == name), "")
    prefix, colon, local = name.partition(":")
    return here.prefixes.get(prefix, "") + local if colon else f"{here.publication.base}ns#{name}"


def _stands_elsewhere(store: ox.Store, triple: ox.Triple, aside: Collection[str]) -> bool:
    same = store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
    return any(isinstance(each.graph_name, ox.NamedNode) and each.graph_name.value not in aside for each in same)


# What a release holds at a glance: things by class, an event with its organisers, things on a map.
#
# All is found in the data: classes that have pages by the shapes, whatever has most organisers, the class whose things
# lie in most places. A publication without such things has a shorter front page.

MACHINERY = (OWL, RDF, RDFS, SCHEMA, SD, SH, VOID, DCAT, DCT, QB, VCARD, GEO, "http://spdx.org/", FOAF + "Document")
"""Beginnings of IRIs of classes whose things are on no map: parts of things, and what describes the graph."""
ORGANIZERS = (SCHEMA + "organizer", "http://schema.org/organizer")
COORDINATES = (GEO + "asWKT", GEO + "hasGeometry", SCHEMA + "latitude", WGS + "lat")
MOST_READ, MOST_PLACES, MOST_AT_A_PLACE, FEWEST_SPOKES = 2_000, 300, 100, 3


@dataclass(frozen=True, slots=True)
class Hub:
    """An event and those who organise it, by kind; all as IRIs."""

    event: str
    kinds: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def size(self) -> int:
        """How many organise it."""
        return sum(len(bodies) for _, bodies in self.kinds)


@dataclass(frozen=True, slots=True)
class Located:
    """Things of one class, each with its place and where that lies."""

    kind: str
    things: tuple[tuple[str, str, Point], ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What a front page can show; IRIs and numbers, named when the reader is known."""

    classes: tuple[tuple[str, int], ...]
    hub: Hub | None
    located: Located | None
    data_set: str
    counts: dict[str, Observation]
    statements: StatementCounts


def overview(snapshot: Snapshot) -> Overview:
    """Return what a release holds at a glance."""
    store, sets = snapshot.release.store, data_sets(snapshot.release.store)
    counted = {sets[0]: observations(store, sets[0])} if sets else {}
    return Overview(
        classes=tuple(_classes(snapshot)),
        hub=_hub(store),
        located=_located(snapshot),
        data_set=sets[0] if sets else "",
        counts={each.thing: each for found in counted.values() for each in found},
        statements=statements(snapshot),
    )


def _classes(snapshot: Snapshot) -> Iterator[tuple[str, int]]:
    """Yield the classes to be named, the publication's own first: where there are shapes, those that have pages."""
    shaped, base = snapshot.once(shapes_of).by_class, snapshot.publication.base
    abstract = RELATIONS | {PROV + name for name in ("Entity", "Agent", "Activity", "SoftwareAgent")}
    counts = holdings(snapshot)
    for iri in sorted(counts, key=lambda each: (not each.startswith(base), -counts[each], each)):
        is_relation = iri in abstract or _is_kind_of(snapshot.release.store, iri, RELATIONS)
        if not is_relation and not is_auxiliary(iri, base) and (not shaped or iri in shaped or iri.startswith(base)):
            yield iri, counts[iri]


def _is_kind_of(store: ox.Store, iri: str, classes: frozenset[str]) -> bool:
    above = follow(store, iri, PathStep(RDFS + "subClassOf"))
    return any(isinstance(each.term, ox.NamedNode) and each.term.value in classes for each in above)


def _hub(store: ox.Store) -> Hub | None:
    """Return the event with most organisers, if it has enough of them for a picture."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in ORGANIZERS:
        quads = store.quads_for_pattern(None, ox.NamedNode(name), None, ox.DefaultGraph())
        for quad in islice(quads, MOST_READ):
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
                found[quad.subject.value].add(quad.object.value)
    if not found:
        return None
    event, bodies = max(sorted(found.items()), key=lambda each: len(each[1]))
    if len(bodies) < FEWEST_SPOKES:
        return None
    kinds: dict[str, list[str]] = defaultdict(list)
    for body in sorted(bodies):
        reached = [*follow(store, body, PathStep(ORG + "classification")), *follow(store, body, PathStep(RDF_TYPE))]
        kind = next((each.term.value for each in reached if isinstance(each.term, ox.NamedNode)), "")
        kinds[kind].append(body)
    ordered = sorted(kinds.items(), key=lambda each: (-len(each[1]), each[0]))
    return Hub(event, tuple((kind, tuple(each)) for kind, each in ordered))


def _located(snapshot: Snapshot) -> Located | None:
    """Return the things of the class that lies in most places; of two such classes the publication's own."""
    store, entailed = snapshot.release.store, snapshot.publication.graph(ENTAILED_GRAPH)
    places = dict(islice(_places(store), MOST_PLACES))
    lying: dict[str, dict[str, str]] = defaultdict(dict)
    for place in places:
        stated = _stated(store.quads_for_pattern(None, None, ox.NamedNode(place), None), entailed)
        for quad in islice(stated, MOST_AT_A_PLACE):
            if isinstance(quad.subject, ox.NamedNode) and quad.subject.value not in places:
                for kind in _stated_kinds(store, quad.subject, entailed):
                    known = lying[kind].get(quad.subject.value)
                    if known is None or _is_within(store, place, known):
                        lying[kind][quad.subject.value] = place
    base = snapshot.publication.base
    ranked = sorted(
        ((len(set(found.values())), kind.startswith(base), -len(found), kind) for kind, found in lying.items()
         if not kind.startswith(MACHINERY)), reverse=True,
    )  # fmt: skip
    if not ranked:
        return None
    kind = ranked[0][3]
    found = {thing: city_by_name(store, thing) or place for thing, place in sorted(lying[kind].items())}
    points = {place: places.get(place) or point_of(store, place) for place in found.values()}
    return Located(kind, tuple((thing, place, at) for thing, place in found.items() if (at := points[place])))


def _is_within(store: ox.Store, place: str, other: str) -> bool:
    """Whether a place is said to lie in another: a thing that names both is shown in the smaller one."""
    pattern = ox.NamedNode(place), ox.NamedNode(SCHEMA + "containedInPlace"), ox.NamedNode(other), ox.DefaultGraph()
    return next(store.quads_for_pattern(*pattern), None) is not None


def _stated_kinds(store: ox.Store, thing: ox.NamedNode, entailed: str) -> Iterator[str]:
    for quad in _stated(store.quads_for_pattern(thing, ox.NamedNode(RDF_TYPE), None, None), entailed):
        if isinstance(quad.object, ox.NamedNode):
            yield quad.object.value


def _stated(quads: Iterator[ox.Quad], entailed: str) -> Iterator[ox.Quad]:
    """Yield the quads of named graphs but that of what follows: a club lies in its city, and so in its region."""
    for quad in quads:
        if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value != entailed:
            yield quad


def _places(store: ox.Store) -> Iterator[tuple[str, Point]]:
    """Yield what has coordinates of its own or by a geometry; a geometry itself is no place."""
    for name in COORDINATES:
        for quad in islice(store.quads_for_pattern(None, ox.NamedNode(name), None, ox.DefaultGraph()), MOST_READ):
            if isinstance(quad.subject, ox.NamedNode) and not _is_geometry(store, quad.subject):
                point = point_of(store, quad.subject.value)
                if point is not None:
                    yield quad.subject.value, point


def _is_geometry(store: ox.Store, node: ox.NamedNode) -> bool:
    pattern = None, ox.NamedNode(GEO + "hasGeometry"), node, ox.DefaultGraph()
    return next(store.quads_for_pattern(*pattern), None) is not None


# The front page: what a release holds, named for one reader: numbers, a picture of an event, a map, a chart.
#
# Which things these are is found once a release.

MOST_CLASSES = 12


@dataclass(frozen=True, slots=True)
class Number:
    """How many things of a class there are, and where they are listed."""

    thing: Shown
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An event with its dates, its place and its organisers by kind."""

    event: Shown
    dates: tuple[Shown, ...]
    place: Shown | None
    kinds: tuple[tuple[Shown, tuple[Shown, ...]], ...]
    size: int


@dataclass(frozen=True, slots=True)
class FrontPage:
    """What the front page shows; what the release has not is empty or None."""

    numbers: tuple[Number, ...]
    picture: Picture | None
    map: Map | None
    located: Number | None
    chart: Chart | None
    sample: str
    statements: StatementCounts


def front_page(snapshot: Snapshot, names: Names, terms: Names) -> FrontPage:
    """Return the front page of a release.

    Args:
        snapshot: the release.
        names: names of things, in the language of the content.
        terms: names of classes, in that of the interface.
    """
    found, store = snapshot.once(overview), snapshot.release.store
    return FrontPage(
        numbers=tuple(_number(snapshot, iri, count, terms) for iri, count in found.classes[:MOST_CLASSES]),
        picture=_picture(store, found.hub, names) if found.hub else None,
        map=_map(store, found.located, found, names) if found.located else None,
        located=_number(snapshot, found.located.kind, len(found.located.things), terms) if found.located else None,
        chart=chart(store, found.data_set, "", names, terms) if found.data_set else None,
        sample=found.located.kind if found.located else found.classes[0][0] if found.classes else "",
        statements=found.statements,
    )


def _number(here: Snapshot, iri: str, count: int, terms: Names) -> Number:
    text, name = format_decimal(count, locale=page_language()), class_name(here, iri)
    return Number(terms.plural(iri), text, terms.urls.link(f"class/{name}"))


def _picture(store: ox.Store, hub: Hub, names: Names) -> Picture:
    dates = [
        names.term(each.term)
        for name in ("startDate", "endDate")
        for each in follow(store, hub.event, PathStep(SCHEMA + name))
    ]  # fmt: skip
    places = [names.term(each.term) for each in follow(store, hub.event, PathStep(SCHEMA + "location"))]
    kinds = tuple((names.thing(kind), _sorted([names.thing(body) for body in bodies])) for kind, bodies in hub.kinds)
    return Picture(names.thing(hub.event), tuple(dict.fromkeys(dates)), places[0] if places else None, kinds, hub.size)


def _sorted(things: list[Shown]) -> tuple[Shown, ...]:
    return tuple(sorted(things, key=lambda each: each.text.casefold()))


def _map(store: ox.Store, located: Located, found: Overview, names: Names) -> Map | None:
    """Return the map: a dot leads to its thing and bears the name of its place; of several in a place, to the place."""
    at_place = Counter(place for _, place, _ in located.things)
    spots: dict[str, Spot] = {}
    for thing, place, point in located.things:
        count = found.counts.get(thing)
        several = at_place[place] > 1
        number = at_place[place] if several else count.number if count else None
        detail = grouped(number, page_language()) if number is not None else ""
        shown, target = names.thing(place), names.thing(place if several else thing)
        label = Shown(shown.text, shown.language, target.href, target.iri, note=target.text)
        spots.setdefault(place, Spot(label, point, float(count.number) if count and not several else 0.0, detail))
    return draw(store, list(spots.values()), names, width=WIDE)


# What the landing page of the dataset shows: what it is, how much there is of what, where it comes from.
#
# Everything is read from settings, manifest and catalogue; nothing is said here that these do not say.


@dataclass(frozen=True, slots=True)
class GraphRow:
    """A named graph: its name, how much it holds, and where that comes from."""

    name: Shown
    triples: int
    origin: str
    files: tuple[str, ...]
    contribution: LastContribution | None


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class: its name, where its things are listed, and how many there are."""

    name: Shown
    href: str
    count: int


@dataclass(frozen=True, slots=True)
class LinksetSummary:
    """Links to another dataset: by which property, where they lead, how many there are."""

    property: Shown
    target: str
    links: int


@dataclass(frozen=True, slots=True)
class DatasetPage:
    """The landing page; texts with the tag of their language."""

    iri: str
    title: Label
    description: Label
    publisher: Label
    keywords: tuple[str, ...]
    spatial: tuple[Shown, ...]
    period: tuple[str, str]
    license: Shown
    contact: str
    release: str
    parent: str
    created: str
    statements: StatementCounts
    classes: tuple[ClassRow, ...]
    further: tuple[ClassRow, ...]
    graphs: tuple[GraphRow, ...]
    linksets: tuple[LinksetSummary, ...]


def dataset_page(here: Snapshot, triples: Iterable[ox.Triple], names: Names, languages: Sequence[str]) -> DatasetPage:
    """Return the landing page of the release's dataset.

    Args:
        here: the release.
        triples: its catalogue.
        names: of the classes, graphs and places.
        languages: what the reader prefers.
    """
    settings, manifest = here.publication.settings, here.release.manifest
    about, start_end = settings.about, settings.about.temporal.partition("/")
    classes = _class_statistics(here, names)
    glance = here.once(overview)
    is_first = {iri for iri, _ in glance.classes}
    return DatasetPage(
        iri=f"{here.publication.base}dataset",
        title=best(settings.title, languages),
        description=best(settings.description, languages),
        publisher=best(about.publisher, languages),
        keywords=about.keywords.get(best({tag: tag for tag in about.keywords}, languages).text, ()),
        spatial=tuple(names.thing(each) for each in about.spatial),
        period=(start_end[0], start_end[2]),
        license=names.thing(about.license),
        contact=about.contact_iri,
        release=manifest.id,
        parent=manifest.parent or "",
        created=manifest.created,
        statements=glance.statements,
        classes=tuple(each for each in classes if each.name.iri in is_first),
        further=tuple(each for each in classes if each.name.iri not in is_first),
        graphs=tuple(_graph(here, each, names) for each in manifest.graphs),
        linksets=_linksets(triples, names),
    )


def _class_statistics(here: Snapshot, names: Names) -> list[ClassRow]:
    counts = holdings(here)
    shown = sorted(counts, key=lambda iri: (-counts[iri], iri))
    told = names.told_apart(names.thing(iri) for iri in shown)
    links = [names.urls.link(f"class/{class_name(here, iri)}") for iri in shown]
    return [ClassRow(name, link, counts[iri]) for iri, name, link in zip(shown, told, links, strict=True)]


def best(texts: dict[str, str], languages: Sequence[str]) -> Label:
    """Return the text in the reader's first language that there is, with its tag; empty where there is none."""
    return Label(*text_in(texts, languages))


def _graph(here: Snapshot, entry: GraphEntry, names: Names) -> GraphRow:
    files = tuple(name for name, graphs in here.release.manifest.sources.items() if entry.iri in graphs)
    return GraphRow(names.thing(entry.iri), entry.triples, entry.origin, files, entry.contribution)


def _linksets(triples: Iterable[ox.Triple], names: Names) -> tuple[LinksetSummary, ...]:
    """Return the linksets of the catalogue that say where they lead, the largest first."""
    found: dict[str, dict[str, str]] = {}
    for each in triples:
        if isinstance(each.subject, ox.NamedNode) and isinstance(each.object, ox.NamedNode | ox.Literal):
            facts = found.setdefault(each.subject.value, {})
            facts[each.predicate.value] = each.object.value
    sets = [
        LinksetSummary(
            property=names.thing(facts[VOID + "linkPredicate"]),
            target=found[facts[VOID + "objectsTarget"]].get(VOID + "uriSpace", ""),
            links=int(facts[VOID + "triples"]),
        )
        for facts in found.values()
        if VOID + "linkPredicate" in facts and VOID + "objectsTarget" in facts
    ]
    return tuple(sorted(sets, key=lambda each: (-each.links, each.target)))


# How something here is cited: one value, and what reference managers read of it: BibTeX, RIS and CSL-JSON.
#
# The sentence is a template's (``cited`` in ``macros.html``), since it marks the language of each part and speaks
# Uzbek, for which the Citation Style Language has no locale. What neither settings nor data say is left out.

NOTHING = Label("", "")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
LATEX = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", **{sign: f"\\{sign}" for sign in "&%$#_"},
})  # fmt: skip
"""What TeX takes for more than a letter. BibTeX counts braces behind a backslash, too, so these go by their names."""


@dataclass(frozen=True, slots=True)
class Citation:
    """What one says of something here in a list of references.

    Attributes:
        title: what it is called, or empty.
        creator: who publishes it, or empty.
        container: the dataset of which it is an entry; empty for the dataset itself and its releases.
        version: the release.
        day: when that was made, as ISO 8601 writes a day (UTC).
        url: where it is found for good.
    """

    title: Label
    creator: Label
    container: Label
    version: str
    day: str
    url: str

    @property
    def year(self) -> str:
        """The year of the release."""
        return self.day[:4]


def dataset_citation(url: str) -> Citation:
    """Return how the dataset is cited as it is in the release that is looked at.

    Args:
        url: the IRI of the dataset, or that of this release.
    """
    here, wanted = snapshot(), languages()
    settings, manifest = here.publication.settings, here.release.manifest
    title, creator = best(settings.title, wanted), best(settings.about.publisher, wanted)
    return cited((title, creator, NOTHING), manifest.id, manifest.created[:10], url)


def thing_citation(iri: str) -> Citation:
    """Return how that is cited which the release says of a thing: under its own IRI where that is ours."""
    here, whole = urls(), dataset_citation("")
    url = iri if iri.startswith(here.base) else here.base + here.document(iri).removeprefix(f"{here.root}/")
    title = names_for(snapshot(), here, languages()).label(iri) or NOTHING
    return cited((title, whole.creator, whole.title), whole.version, whole.day, url)


def cited(names: tuple[Label, Label, Label], version: str, day: str, url: str) -> Citation:
    """Return a citation of a title, a creator and a container, each as one line, and of an address as a URI."""
    title, creator, container = (Label(_line(each.text), each.language) for each in names)
    return Citation(title, creator, container, version, day, quote(url, safe=IN_A_LINK))


def _line(text: str) -> str:
    """Return a text as one line: in RIS a line end would begin another field."""
    return " ".join(CONTROL.sub(" ", text).split())


def citation_links(link: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return title and path of each form in which something is cited.

    Args:
        link: makes the path for a suffix, in the languages of the page: they choose among titles.
    """
    return [(each.title, link(each.suffix)) for each in CITATIONS]


def citation_body(citation: Citation, representation: Representation) -> bytes:
    """Return a citation in one of the forms of ``CITATIONS``."""
    if representation is AS_BIBTEX:
        return bibtex(citation).encode()
    return ris(citation).encode() if representation is AS_RIS else csl_json(citation).encode()


def bibtex(citation: Citation) -> str:
    """Return a citation as an entry of BibTeX; names stand in two pairs of braces, so that no style changes them."""
    year, month, day = citation.day.split("-")
    texts = {"author": citation.creator, "title": citation.title, "booktitle": citation.container,
             "publisher": citation.creator}  # fmt: skip
    rows = [f"{name} = {{{{{each.text.translate(LATEX)}}}}}" for name, each in texts.items() if each.text]
    rows += [f"version = {{{citation.version}}}", f"year = {{{year}}}", f"month = {MONTHS[int(month) - 1]}",
             f"day = {{{int(day)}}}", f"url = {{{citation.url}}}"]  # fmt: skip
    if citation.title.language:
        rows.append(f"language = {{{citation.title.language}}}")
    kind = "incollection" if citation.container.text else "misc"
    fields = "".join(f"  {row},\n" for row in rows)
    return f"@{kind}{{{_key(citation)},\n{fields}}}\n"


def _key(citation: Citation) -> str:
    """Return a key of BibTeX: address and version, with no sign that ends a key."""
    place = re.sub(r"[^A-Za-z0-9./_-]+", "-", citation.url.partition("://")[2])
    return place if place.endswith(citation.version) else f"{place}:{citation.version}"


def ris(citation: Citation) -> str:
    """Return a citation as RIS: a data file, or a page that is an entry of one."""
    kind = "ELEC" if citation.container.text else "DATA"
    fields = (
        ("AU", citation.creator.text), ("TI", citation.title.text), ("T2", citation.container.text),
        ("PB", citation.creator.text), ("ET", citation.version), ("PY", citation.year),
        ("DA", citation.day.replace("-", "/")), ("LA", citation.title.language), ("UR", citation.url),
    )  # fmt: skip
    lines = [f"TY  - {kind}", *(f"{tag}  - {value}" for tag, value in fields if value), "ER  - "]
    return "".join(f"{line}\r\n" for line in lines)


def csl_json(citation: Citation) -> str:
    """Return a citation as data of the Citation Style Language 1.0.2: a list of one item."""
    creator = citation.creator.text
    item: dict[str, object] = {
        "id": f"{citation.url}#{citation.version}",
        "type": "entry" if citation.container.text else "dataset",
        "title": citation.title.text,
        "author": [{"literal": creator}] if creator else [],
        "container-title": citation.container.text,
        "publisher": creator,
        "issued": {"date-parts": [[int(part) for part in citation.day.split("-")]]},
        "version": citation.version,
        "URL": citation.url,
        "language": citation.title.language,
    }
    return json.dumps([{name: value for name, value in item.items() if value}], ensure_ascii=False, indent=1) + "\n"
