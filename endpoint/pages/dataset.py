"""What the landing page of the dataset shows: what it is, how much there is of what, where it comes from.

Everything is read from settings, manifest and catalogue; nothing is said here that these do not say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from endpoint.current import Snapshot
from endpoint.pages.holdings import Statements, class_name, holdings
from endpoint.pages.names import Names, Shown
from endpoint.pages.overview import overview
from endpoint.pages.shapes import text_in
from graph.catalogue.dataset import description_of, title_of
from graph.labels import Label
from graph.namespaces import VOID
from graph.releases.manifest import Contribution, GraphEntry


@dataclass(frozen=True, slots=True)
class GraphRow:
    """A named graph: its name, how much it holds, and where that comes from."""

    name: Shown
    triples: int
    origin: str
    files: tuple[str, ...]
    contribution: Contribution | None


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class: its name, where its things are listed, and how many there are."""

    name: Shown
    href: str
    count: int


@dataclass(frozen=True, slots=True)
class Linkset:
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
    statements: Statements
    classes: tuple[ClassRow, ...]
    further: tuple[ClassRow, ...]
    graphs: tuple[GraphRow, ...]
    linksets: tuple[Linkset, ...]


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
    classes = _classes(here, names)
    glance = here.once(overview)
    is_first = {iri for iri, _ in glance.classes}
    return DatasetPage(
        iri=f"{here.publication.base}dataset",
        title=best(title_of(settings), languages),
        description=best(description_of(settings), languages),
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


def _classes(here: Snapshot, names: Names) -> list[ClassRow]:
    counts = holdings(here)
    shown = sorted(counts, key=lambda iri: (-counts[iri], iri))
    told = names.told_apart(names.thing(iri) for iri in shown)
    links = [names.urls.link(f"class/{name}") if (name := class_name(here, iri)) else "" for iri in shown]
    return [
        ClassRow(name, link or name.href, counts[iri]) for iri, name, link in zip(shown, told, links, strict=True)
    ]  # fmt: skip


def best(texts: dict[str, str], languages: Sequence[str]) -> Label:
    """Return the text in the reader's first language that there is, with its tag; empty where there is none."""
    return Label(*text_in(texts, languages))


def _graph(here: Snapshot, entry: GraphEntry, names: Names) -> GraphRow:
    files = tuple(name for name, graphs in here.release.manifest.sources.items() if entry.iri in graphs)
    return GraphRow(names.thing(entry.iri), entry.triples, entry.origin, files, entry.contribution)


def _linksets(triples: Iterable[ox.Triple], names: Names) -> tuple[Linkset, ...]:
    """Return the linksets of the catalogue that say where they lead, the largest first."""
    found: dict[str, dict[str, str]] = {}
    for each in triples:
        if isinstance(each.subject, ox.NamedNode) and isinstance(each.object, ox.NamedNode | ox.Literal):
            facts = found.setdefault(each.subject.value, {})
            facts[each.predicate.value] = each.object.value
    sets = [
        Linkset(
            property=names.thing(facts[VOID + "linkPredicate"]),
            target=found[facts[VOID + "objectsTarget"]].get(VOID + "uriSpace", ""),
            links=int(facts[VOID + "triples"]),
        )
        for facts in found.values()
        if VOID + "linkPredicate" in facts and VOID + "objectsTarget" in facts
    ]
    return tuple(sorted(sets, key=lambda each: (-each.links, each.target)))
