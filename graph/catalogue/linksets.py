"""Linksets: which properties link the dataset to which others, and how often (VoID 5).

Which datasets others are is told by where their IRIs begin. Counting is bounded: where there are very many links, they
are counted by property alone, from the manifest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from types import MappingProxyType
from urllib.parse import urlsplit

import pyoxigraph as ox

from graph.catalogue.names import Names
from graph.catalogue.statements import labelled, link, typed, value
from graph.catalogue.wording import words
from graph.namespaces import FOAF, OWL, RDFS, SCHEMA, SKOS, VOID
from graph.publication import Publication
from graph.releases.manifest import Manifest

LINKING = MappingProxyType({
    OWL + "sameAs": "owl:sameAs", RDFS + "seeAlso": "rdfs:seeAlso", SCHEMA + "sameAs": "schema:sameAs",
    SKOS + "exactMatch": "skos:exactMatch", SKOS + "closeMatch": "skos:closeMatch",
    SKOS + "broadMatch": "skos:broadMatch", SKOS + "narrowMatch": "skos:narrowMatch",
    SKOS + "relatedMatch": "skos:relatedMatch",
})  # fmt: skip
"""Properties that link a thing to one in another dataset; the catalogue itself uses none of them."""
MOST_LINKS = 20_000
SPACES = (
    "http://www.wikidata.org/entity/", "https://sws.geonames.org/", "http://eurovoc.europa.eu/",
    "http://vocabularies.unesco.org/thesaurus/", "http://metadata.un.org/thesaurus/", "http://dbpedia.org/resource/",
    "http://publications.europa.eu/resource/authority/", "https://viaf.org/viaf/", "https://ror.org/",
)  # fmt: skip
"""Where the IRIs of some datasets begin; of others, scheme and host are taken."""


def linksets(publication: Publication, store: ox.Store, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield the linksets of the release.

    Args:
        publication: for names.
        store: of the release, without its catalogue.
        manifest: of the release, without its catalogue.
    """
    names, own = Names(publication.base, manifest.id), publication.settings.languages
    uses = {iri: count for iri, count in manifest.statistics.properties.items() if iri in LINKING}
    if sum(uses.values()) > MOST_LINKS:
        for iri, count in uses.items():
            linkset = names.one_of("linkset", iri)
            yield from _linkset(names, linkset, iri, count)
            yield from labelled(linkset, words("links", own, name=LINKING[iri]))
        return
    targets = set[str]()
    for iri in uses:
        for target, count in sorted(_targets(store, iri, publication.base).items()):
            linkset = names.one_of("linkset", f"{iri} {target}")
            yield from _linkset(names, linkset, iri, count)
            yield link(linkset, VOID + "objectsTarget", names.one_of("target", target))
            host = urlsplit(target).netloc
            yield from labelled(linkset, words("linkset", own, name=LINKING[iri], target=host))
            targets.add(target)
    for target in sorted(targets):
        yield from _target(names, target)


def _linkset(names: Names, linkset: str, iri: str, count: int) -> Iterator[ox.Triple]:
    yield link(names.dataset, VOID + "subset", linkset)
    yield from typed(linkset, VOID + "Linkset")
    yield link(linkset, VOID + "linkPredicate", iri)
    yield link(linkset, VOID + "subjectsTarget", names.dataset)
    yield value(linkset, VOID + "triples", count, "integer")


def _target(names: Names, target: str) -> Iterator[ox.Triple]:
    iri, parts = names.one_of("target", target), urlsplit(target)
    yield from typed(iri, VOID + "Dataset")
    yield value(iri, VOID + "uriSpace", target)
    yield link(iri, FOAF + "homepage", f"{parts.scheme}://{parts.netloc}/")
    yield from labelled(iri, {"en": parts.netloc})


def _targets(store: ox.Store, iri: str, base: str) -> Counter[str]:
    """Return how many links of a property lead where; those to our own things are none."""
    links = store.quads_for_pattern(None, ox.NamedNode(iri), None, ox.DefaultGraph())
    objects = (each.object.value for each in links if isinstance(each.object, ox.NamedNode))
    spaces = (_space(each) for each in objects if not each.startswith(base))
    return Counter(space for space in spaces if space)


def _space(iri: str) -> str:
    for each in SPACES:
        if iri.startswith(each):
            return each
    parts = urlsplit(iri)
    return f"{parts.scheme}://{parts.netloc}/" if parts.scheme in ("http", "https") and parts.netloc else ""
