"""What personal data the publication holds, and what it withholds: a notice in the Data Privacy Vocabulary (DPV 2).

Which graphs hold personal data, and why, the settings say; which kinds, the graphs themselves. A legal basis is not
claimed: nobody but the publisher can say what it is.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox

from graph.catalogue.names import Names
from graph.catalogue.statements import labelled, link, texts, typed
from graph.namespaces import DCT, FOAF, SCHEMA, VCARD
from graph.publication import Publication
from graph.releases.manifest import Manifest

DPV = "https://w3id.org/dpv#"
PERSONAL_DATA = "https://w3id.org/dpv/pd#"
GDPR = "https://w3id.org/dpv/legal/eu/gdpr#"
NON_PUBLIC = "http://publications.europa.eu/resource/authority/access-right/NON_PUBLIC"
RIGHTS = ("A15", "A16", "A17", "A21")
"""Access, rectification, erasure, objection (GDPR)."""
KINDS = {
    "Name": (f"{FOAF}name", f"{FOAF}givenName", f"{FOAF}familyName", f"{SCHEMA}familyName", f"{VCARD}fn"),
    "TelephoneNumber": (f"{VCARD}hasTelephone", f"{SCHEMA}telephone", f"{FOAF}phone"),
    "EmailAddress": (f"{VCARD}hasEmail", f"{SCHEMA}email", f"{FOAF}mbox"),
}
LABELS = {
    "en": "Personal data in the graph {}", "ru": "Персональные данные в графе {}",
    "uz": "{} grafidagi shaxsiy maʼlumotlar",
}  # fmt: skip

WITHHELD = {"en": "Graph {}, withheld", "ru": "Граф {}, не публикуется", "uz": "{} grafi, eʼlon qilinmaydi"}


def graph_named(publication: Publication, name: str) -> str:
    """Return the IRI of a graph that a setting names by its name or its IRI."""
    return name if ":" in name else publication.graph(name)


def personal_data(publication: Publication, store: ox.Store, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield a notice for each graph of personal data, and of each withheld graph that it is not public."""
    privacy, names = publication.settings.privacy, Names(publication.base, manifest.id)
    withheld = {graph_named(publication, name) for name in privacy.withhold_graphs}
    for iri in sorted(withheld):
        yield link(iri, DCT + "accessRights", NON_PUBLIC)
        name = iri.removeprefix(publication.graph(""))
        yield from labelled(iri, {tag: text.format(name) for tag, text in WITHHELD.items()})
    there = {each.iri for each in manifest.graphs}
    for iri in sorted({graph_named(publication, name) for name in privacy.personal_graphs} & there - withheld):
        yield from _notice(publication, names, store, iri)


def _notice(publication: Publication, names: Names, store: ox.Store, iri: str) -> Iterator[ox.Triple]:
    process, purpose = names.one_of("personal-data", iri), names.part("purpose-of-personal-data")
    settings = publication.settings
    yield from typed(process, DPV + "Process")
    name = iri.removeprefix(publication.graph(""))
    yield from labelled(process, {tag: text.format(name) for tag, text in LABELS.items()})
    yield link(iri, DPV + "hasProcess", process)
    for kind in kinds(store, iri):
        yield link(process, DPV + "hasPersonalData", PERSONAL_DATA + kind)
    yield link(process, DPV + "hasProcessing", DPV + "MakeAvailable")
    if settings.about.publisher:
        yield link(process, DPV + "hasDataController", names.part("publisher"))
    yield link(process, DPV + "hasNotice", names.route("privacy"))
    for right in RIGHTS:
        yield link(process, DPV + "hasRight", GDPR + right)
    if settings.about.contact:  # a notice that names nobody is no place to exercise a right
        yield link(process, DPV + "isExercisedAt", settings.about.contact_iri)
    if settings.privacy.purpose:
        yield link(process, DPV + "hasPurpose", purpose)
        yield from typed(purpose, DPV + "Purpose")
        yield from labelled(purpose, settings.privacy.purpose)
        yield from texts(purpose, DCT + "description", settings.privacy.purpose)


def kinds(store: ox.Store, iri: str) -> Iterator[str]:
    """Yield which kinds of personal data a graph holds."""
    graph = ox.NamedNode(iri)
    for kind, predicates in KINDS.items():
        found = (store.quads_for_pattern(None, ox.NamedNode(each), None, graph) for each in predicates)
        if any(next(each, None) is not None for each in found):
            yield kind
