"""``/dataset``: the landing page of the whole, and its catalogue as RDF: VoID, DCAT-AP, PROV and schema.org.

A profile (``endpoint.profiles``) narrows the RDF to one vocabulary: ``dcat`` or ``schema``. What is said is computed
with the release (``graph.catalogue``); it comes from the member, so that sizes keep their datatypes.
"""

from __future__ import annotations

import pyoxigraph as ox
from flask import Blueprint, Response, render_template

from endpoint.alternates import alternates_body
from endpoint.citations import citation_body, citation_links, dataset_citation
from endpoint.current import Snapshot, languages, snapshot, urls
from endpoint.documents import rdf_document
from endpoint.embedded import Embedding
from endpoint.pages.dataset import dataset_page
from endpoint.pages.names import names_for
from endpoint.profiles import ALT, in_profile, of_dataset, profile_links, selected
from endpoint.representations import AS_HTML, CITATIONS, OFFERS, Profile, Representation
from endpoint.responses import Link, answer, entity_tag
from endpoint.signposting import dataset_iri, dataset_links
from graph.catalogue.views import DCAT_AP_PROFILE, SCHEMA_PROFILE, dcat_view, schema_view
from graph.formats import Format
from graph.namespaces import CATALOG_GRAPH

dataset = Blueprint("dataset", __name__)


@dataset.get("/dataset", defaults={"suffix": ""})
@dataset.get("/dataset.<suffix>")
def landing(suffix: str) -> Response:
    """The dataset: for people a page, for programs its catalogue."""
    profiles, url = of_dataset(urls().base), _url
    profile, representation = selected(profiles, suffix, url)
    links = dataset_links() + profile_links(profiles, profile, url)
    form = representation.format
    if profile == profiles[0]:
        links += [Link(SCHEMA_PROFILE, "profile"), Link(DCAT_AP_PROFILE, "profile")]
    if profile is ALT:
        body = alternates_body(dataset_iri(), profiles, representation, url)
    elif representation in CITATIONS:
        body = citation_body(dataset_citation(dataset_iri()), representation)
    else:
        body = _page(links) if form is None else _rdf(profile.iri, form)
    location = "" if suffix else url(profile, representation)
    tag = entity_tag(representation.name, profile.iri, body)
    return answer(representation, lambda: body, tag=tag, location=location, links=links)


def is_for_programs() -> bool:
    """Whether a request for the dataset gets anything but a page.

    Raises:
        ProblemError: it gets nothing.
    """
    profiles = of_dataset(urls().base)
    return selected(profiles, "", _url) != (profiles[0], AS_HTML)


def _url(profile: Profile, representation: Representation) -> str:
    here = urls()
    if profile.is_default:
        return here.absolute(here.route(f"dataset.{representation.suffix}"))
    return here.absolute(in_profile(here.route("dataset"), profile, representation))


def _rdf(profile: str, form: Format) -> bytes:
    """Return the catalogue as RDF; it never changes within a release, and is written once."""
    written = snapshot().once(_written)
    if (profile, form) not in written:
        written[profile, form] = rdf_document(snapshot(), _view(profile), form)
    return written[profile, form]


def _written(_: Snapshot) -> dict[tuple[str, Format], bytes]:
    return {}


def catalogue_triples(here: Snapshot) -> list[ox.Triple]:
    """Return the catalogue of a release, its literals exactly as they were written."""
    chunks = here.release.read_graph(here.publication.graph(CATALOG_GRAPH))
    return [quad.triple for chunk in chunks for quad in ox.parse(chunk.triples, ox.RdfFormat.N_TRIPLES, lenient=True)]


def _view(profile: str) -> list[ox.Triple]:
    triples = snapshot().once(catalogue_triples)
    if profile == SCHEMA_PROFILE:
        return schema_view(triples)
    return dcat_view(triples, dataset_iri()) if profile == DCAT_AP_PROFILE else triples


def _page(links: list[Link]) -> bytes:
    here, wanted = snapshot(), languages()
    triples = here.once(catalogue_triples)
    classes = [iri for iri, _ in here.release.manifest.statistics.classes.items()]
    graphs = [each.iri for each in here.release.manifest.graphs]
    names = names_for(here, urls(), wanted, [*classes, *graphs, *here.publication.settings.about.spatial])
    script = Embedding(schema_view(triples), wanted).script(dataset_iri())
    downloads = [
        (each.title, urls().route(f"dataset.{each.suffix}")) for each in OFFERS["dataset"] if each.format is not None
    ]
    page = dataset_page(here, triples, names, wanted)
    cite = citation_links(lambda suffix: urls().link(f"dataset.{suffix}"))
    return render_template(
        "dataset.html", page=page, links=links, script=script, downloads=downloads, cite=cite,
        citation=dataset_citation(dataset_iri()),
    ).encode()  # fmt: skip
