"""What a release holds, as its catalogue says it: graphs, files, linksets, personal data; and the words for it."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, urlsplit

import pyoxigraph as ox

from graph.export.documents import prefixes, read_context
from graph.export.views import HASHED, class_path_name
from graph.model.formats import DATASET_FORMATS, JSON_LD, N_QUADS, N_TRIPLES, PARQUET, RDF_XML, TRIG, TURTLE, Format
from graph.model.publication import Publication
from graph.model.rdf_terms import (
    CATALOG_GRAPH,
    DATASET,
    DCAT,
    DCATAP,
    DCT,
    ENTAILED_GRAPH,
    FOAF,
    FORMATS,
    ONTOLOGY_GRAPH,
    OWL,
    PROV,
    RDF,
    RDF_TYPE,
    RDFS,
    RDFS_LABEL,
    RELEASE,
    SCHEMA,
    SCHEMES_GRAPH,
    SD,
    SH,
    SHAPES_GRAPH,
    SKOS,
    SPDX,
    VCARD,
    VOID,
    XSD,
)
from graph.model.settings import Settings, written_in
from graph.releases.dumps import Dump, class_file, members_sha256, whole_dumps
from graph.releases.manifest import GraphEntry, LastContribution, Manifest

# The code lists from which DCAT-AP takes values: EU authority tables, ADMS, IANA, SPDX. IRIs, never fetched.

EU = "http://publications.europa.eu/resource/authority/"
DATA_THEME = EU + "data-theme"
STABLE = EU + "planned-availability/STABLE"
MEDIA_TYPE = "http://www.iana.org/assignments/media-types/"
GZIP = MEDIA_TYPE + "application/gzip"
SPARQL_RESULTS = EU + "file-type/SPARQLQRES"
PUBLISHER_TYPE = "http://purl.org/adms/publishertype/"
CHANGE_TYPE = "http://purl.org/adms/changetype/"
SHA256 = "https://spdx.org/rdf/terms#checksumAlgorithm_sha256"
"""With https: so wants the shape of DCAT-AP, although the namespace of SPDX has http."""
DCAT_AP = "http://data.europa.eu/r5r/"
SPARQL_PROTOCOL = "https://www.w3.org/TR/sparql11-protocol/"
FILE_TYPES = MappingProxyType({
    N_QUADS: "RDF_N_QUADS", TRIG: "RDF_TRIG", TURTLE: "RDF_TURTLE", N_TRIPLES: "RDF_N_TRIPLES", JSON_LD: "JSON_LD",
    RDF_XML: "RDF_XML", PARQUET: "PARQUET",
})  # fmt: skip
_CODES = """\
    aa AAR ab ABK ae AVE af AFR ak AKA am AMH an ARG ar ARA as ASM av AVA ay AYM az AZE ba BAK be BEL bg BUL bi BIS
    bm BAM bn BEN bo BOD br BRE bs BOS ca CAT ce CHE ch CHA co COS cr CRE cs CES cu CHU cv CHV cy CYM da DAN de DEU
    dv DIV dz DZO ee EWE el ELL en ENG eo EPO es SPA et EST eu EUS fa FAS ff FUL fi FIN fj FIJ fo FAO fr FRA fy FRY
    ga GLE gd GLA gl GLG gn GRN gu GUJ gv GLV ha HAU he HEB hi HIN ho HMO hr HRV ht HAT hu HUN hy HYE hz HER ia INA
    id IND ie ILE ig IBO ii III ik IPK io IDO is ISL it ITA iu IKU ja JPN jv JAV ka KAT kg KON ki KIK kj KUA kk KAZ
    kl KAL km KHM kn KAN ko KOR kr KAU ks KAS ku KUR kv KOM kw COR ky KIR la LAT lb LTZ lg LUG li LIM ln LIN lo LAO
    lt LIT lu LUB lv LAV mg MLG mh MAH mi MRI mk MKD ml MAL mn MON mr MAR ms MSA mt MLT my MYA na NAU nb NOB nd NDE
    ne NEP ng NDO nl NLD nn NNO no NOR nr NBL nv NAV ny NYA oc OCI oj OJI om ORM or ORI os OSS pa PAN pi PLI pl POL
    ps PUS pt POR qu QUE rm ROH rn RUN ro RON ru RUS rw KIN sa SAN sc SRD sd SND se SME sg SAG sh HBS si SIN sk SLK
    sl SLV sm SMO sn SNA so SOM sq SQI sr SRP ss SSW st SOT su SUN sv SWE sw SWA ta TAM te TEL tg TGK th THA ti TIR
    tk TUK tl TGL tn TSN to TON tr TUR ts TSO tt TAT tw TWI ty TAH ug UIG uk UKR ur URD uz UZB ve VEN vi VIE vo VOL
    wa WLN wo WOL xh XHO yi YID yo YOR za ZHA zh ZHO zu ZUL iw HEB in IND ji YID mo RON
"""
LANGUAGES = MappingProxyType(dict(re.findall(r"([a-z]{2}) ([A-Z]{3})", _CODES)))
"""All codes of ISO 639-1, and four that it had → those of ISO 639-3, by which the EU's table names languages."""
CODE = re.compile(r"[A-Z]{3}\Z")
PRIVATE = re.compile(r"Q[A-T][A-Z]\Z")
"""Codes that stand for whatever two parties agree on (ISO 639-2)."""


def file_type(form: Format) -> str:
    """Return the EU's IRI of a serialisation."""
    return f"{EU}file-type/{FILE_TYPES[form]}"


def media_type(form: Format) -> str:
    """Return IANA's IRI of the media type of a serialisation."""
    return MEDIA_TYPE + form.media_type


def languages(tags: Iterable[str]) -> Iterator[str]:
    """Yield the EU's IRIs of the languages of these tags, each once; those that have none are ``without_code``."""
    yield from (f"{EU}language/{code}" for code in dict.fromkeys(_code(tag) for tag in tags) if code)


def without_code(tags: Iterable[str]) -> list[str]:
    """Return the tags of languages that the EU's table cannot name: private ones, and codes that do not exist."""
    return [tag for tag in tags if not _code(tag)]


def _code(tag: str) -> str:
    """Return the code of a language by the first part of its tag (RFC 5646 2.2.1), or nothing."""
    first = tag.lower().partition("-")[0]
    code = LANGUAGES.get(first, first.upper())
    return code if CODE.match(code) and not PRIVATE.match(code) else ""


# How the things of which the catalogue speaks are called: IRIs that stay the same from release to release.
#
# The dataset is ``<base>dataset``; everything that belongs to it is a fragment of that, so that one document describes
# them all. Only the files of a release carry its id.

DOWNLOADS = "downloads"


@dataclass(frozen=True, slots=True)
class CatalogueNames:
    """The IRIs of one release's catalogue.

    Attributes:
        base: the publication's base.
        release: the id of the release.
    """

    base: str
    release: str

    @property
    def dataset(self) -> str:
        """The dataset."""
        return f"{self.base}{DATASET}"

    def part(self, name: str) -> str:
        """Return the IRI of something that the dataset has one of: its catalogue, its publisher."""
        return f"{self.dataset}#{name}"

    def one_of(self, kind: str, what: str) -> str:
        """Return the IRI of one of many things of a kind; which one, an IRI or a path tells."""
        return f"{self.dataset}#{kind}-{sha256(what.encode()).hexdigest()[:12]}"

    def version(self, release: str) -> str:
        """Return the IRI of a release."""
        return f"{self.base}{RELEASE}/{release}"

    def file(self, name: str) -> str:
        """Return the IRI of a file of this release; it never means another file."""
        return f"{self.version(self.release)}/{DOWNLOADS}/{quote(name)}"

    def route(self, name: str) -> str:
        """Return the IRI of one of the service's own addresses."""
        return f"{self.base}{name}"


# Triples of the catalogue, made short: links, texts in several languages, values with a datatype.


def link(subject: str, predicate: str, target: str) -> ox.Triple:
    """Return a triple whose object is an IRI."""
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target))


def value(subject: str, predicate: str, text: object, datatype: str = "string") -> ox.Triple:
    """Return a triple whose object is a literal of a datatype of XML Schema."""
    literal = ox.Literal(str(text), datatype=ox.NamedNode(XSD + datatype))
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)


def texts(subject: str, predicate: str, text: Mapping[str, str]) -> Iterator[ox.Triple]:
    """Yield a triple a language; empty texts are left out."""
    for language, each in text.items():
        if each:
            literal = ox.Literal(each, language=language)
            yield ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)


def typed(subject: str, *classes: str) -> Iterator[ox.Triple]:
    """Yield the classes of a thing."""
    for each in classes:
        yield link(subject, RDF_TYPE, each)


def labelled(subject: str, text: Mapping[str, str]) -> Iterator[ox.Triple]:
    """Yield the names of a thing."""
    return texts(subject, RDFS_LABEL, text)


# What the catalogue itself puts into words, in English, Russian and Uzbek; everything else it takes from the settings.
#
# The texts stand in ``catalogue_terms.toml``.

FILE = Path(__file__).with_name("catalogue_terms.toml")


def words(key: str, languages: Iterable[str], **values: str) -> dict[str, str]:
    """Return a text, a table of ``catalogue_terms.toml``, as ``written_in`` some languages with the values in it."""
    return written_in(_texts()[key], languages, **values)


def around(key: str, inner: dict[str, str]) -> dict[str, str]:
    """Return a text around a title, in every language of the title; where it is not written in one, in English."""
    texts = _texts()[key]
    return {tag: texts.get(tag, texts["en"]).format(title=text) for tag, text in inner.items()}


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


# The files of a release as DCAT distributions and VoID dumps: sizes and checksums where they are known beforehand.
#
# The dump of everything leaves this catalogue out, which could not hold the checksum of a file that it is in.

VOID_FEATURES = {"nquads": "N-Quads", "trig": "TriG", "turtle": "Turtle", "ntriples": "N-Triples", "jsonld": "JSON-LD",
                 "rdfxml": "RDF_XML"}  # fmt: skip
MACHINERY = (OWL, RDF, RDFS, SH)
"""Beginnings of classes of terms and shapes, whose tables are there, too, and no distribution."""
MOST_TABLES = 100
HASHED_BYTES = 4 << 20
"""Of larger dumps the checksum is not in the catalogue: every change would have to read all of the data again."""


def distributions(settings: Settings, manifest: Manifest, folder: Path) -> Iterator[ox.Triple]:
    """Yield the distributions of the whole dataset: a file a format, and the SPARQL service.

    Args:
        settings: the publication's.
        manifest: of the release, without its catalogue.
        folder: where the members are.
    """
    names = CatalogueNames(settings.base, manifest.id)
    for dump in whole_dumps(manifest):
        yield from _distribution(names, settings, dump)
        if dump.form is N_QUADS:
            yield from _size(names, dump, manifest, folder)
    yield from _service(names, settings)


def class_distributions(publication: Publication, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield the distribution of each class as a table, those first that have most things; of a bounded number of them.

    Args:
        publication: whose release it is.
        manifest: of the release, without its catalogue.

    Raises:
        SettingError: the publication's JSON-LD context cannot be read.
    """
    names, settings = CatalogueNames(publication.base, manifest.id), publication.settings
    counts, known = manifest.statistics.classes, prefixes(publication, read_context(publication))
    named = {each: class_path_name(each, publication.base, known) for each in counts if not each.startswith(MACHINERY)}
    for iri in sorted(named, key=lambda each: (-counts[each], each))[:MOST_TABLES]:
        table, file = names.one_of("table", iri), names.file(class_file(named[iri]))
        yield link(names.dataset, DCAT + "distribution", table)
        yield from typed(table, DCAT + "Distribution")
        yield from texts(
            table, DCT + "title", words("class-table", settings.languages, name=named[iri].partition(HASHED)[0])
        )
        yield from texts(table, DCT + "description", words("class-table-description", settings.languages))
        yield link(table, DCT + "subject", iri)
        yield link(table, DCAT + "accessURL", file)
        yield link(table, DCAT + "downloadURL", file)
        yield link(table, DCAT + "mediaType", media_type(PARQUET))
        yield link(table, DCT + "format", file_type(PARQUET))
        yield from _terms(table, settings)


def checksum(names: CatalogueNames, subject: str, name: str, sha256: str) -> Iterator[ox.Triple]:
    """Yield the checksum of a file.

    Args:
        names: of the release.
        subject: what has the checksum.
        name: of the file.
        sha256: in hexadecimal.
    """
    iri = names.one_of("checksum", name)
    yield link(subject, SPDX + "checksum", iri)
    yield from typed(iri, SPDX + "Checksum")
    yield link(iri, SPDX + "algorithm", SHA256)
    yield value(iri, SPDX + "checksumValue", sha256, "hexBinary")


def graph_file(names: CatalogueNames, entry: GraphEntry) -> Iterator[ox.Triple]:
    """Yield the file of one named graph, with its size and checksum."""
    file = names.file(entry.file)
    yield link(entry.iri, VOID + "dataDump", file)
    yield value(file, DCAT + "byteSize", entry.size, "nonNegativeInteger")
    yield from checksum(names, file, entry.file, entry.sha256)


def _distribution(names: CatalogueNames, settings: Settings, dump: Dump) -> Iterator[ox.Triple]:
    iri, file = names.part(of_form(dump.form)), names.file(dump.name)
    yield link(names.dataset, DCAT + "distribution", iri)
    yield from typed(iri, DCAT + "Distribution")
    if dump.form is PARQUET:
        title, key = words("dump-table", settings.languages, form=dump.form.title), "dump-table-description"
    else:
        title = words("dump", settings.languages, form=dump.form.title)
        key = "dump-quads" if dump.form in DATASET_FORMATS else "dump-merge"
        yield link(names.dataset, VOID + "dataDump", file)  # of RDF (VoID 3.2), as the features are
        yield link(names.dataset, VOID + "feature", FORMATS + VOID_FEATURES[dump.form.name])
        yield link(iri, DCAT + "compressFormat", GZIP)
    yield from labelled(iri, title)
    yield from texts(iri, DCT + "title", title)
    yield from texts(iri, DCT + "description", words(key, settings.languages))
    yield link(iri, DCAT + "accessURL", file)
    yield link(iri, DCAT + "downloadURL", file)
    yield link(iri, DCAT + "mediaType", media_type(dump.form))
    yield link(iri, DCT + "format", file_type(dump.form))
    yield from _terms(iri, settings)


def _size(names: CatalogueNames, dump: Dump, manifest: Manifest, folder: Path) -> Iterator[ox.Triple]:
    iri, size = names.part(f"dump-{dump.form.name}"), sum(each.size for each in manifest.graphs)
    yield value(iri, DCAT + "byteSize", size, "nonNegativeInteger")
    if size <= HASHED_BYTES:
        yield from checksum(names, iri, dump.name, members_sha256(folder, manifest.graphs))


def _service(names: CatalogueNames, settings: Settings) -> Iterator[ox.Triple]:
    iri = names.part("dump-sparql")
    yield link(names.dataset, DCAT + "distribution", iri)
    yield from typed(iri, DCAT + "Distribution")
    title = words("service", settings.languages, title="/sparql")
    yield from labelled(iri, title)
    yield from texts(iri, DCT + "title", title)
    yield from texts(iri, DCT + "description", words("service-description", settings.languages))
    yield link(iri, DCAT + "accessURL", names.route("sparql"))
    yield link(iri, DCAT + "accessService", names.part("sparql"))
    yield link(iri, DCT + "format", SPARQL_RESULTS)
    yield from _terms(iri, settings)


def _terms(iri: str, settings: Settings) -> Iterator[ox.Triple]:
    yield link(iri, DCT + "license", settings.about.license)
    yield link(iri, DCATAP + "availability", STABLE)


def of_form(form: Format) -> str:
    """Return the fragment of the distribution in a format."""
    return f"dump-{form.name}"


# The named graphs: how many triples each holds, its file, and where it comes from (VoID, PROV).
#
# A graph is filled by files of the publication, by a contributor, or by the engine.

PUBLIC_CONTACTS = ("mailto:", "https://", "http://", "tel:")
KNOWN = frozenset({ONTOLOGY_GRAPH, SCHEMES_GRAPH, SHAPES_GRAPH, CATALOG_GRAPH, ENTAILED_GRAPH})
"""The graphs that every publication has; what is in them can be said in words."""


def graphs(publication: Publication, store: ox.Store, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield the named graphs; of the catalogue's own the number of triples is still missing.

    Args:
        publication: for names.
        store: of the release, without its catalogue; graphs that the data names keep their names.
        manifest: of the release, without its catalogue.
    """
    names = CatalogueNames(publication.base, manifest.id)
    for entry in manifest.graphs:
        yield from _graph(names, entry.iri)
        if not _is_labelled(store, entry.iri):
            yield from _labels(publication, entry.iri)
        yield value(entry.iri, VOID + "triples", entry.indexed or entry.triples, "integer")
        yield from graph_file(names, entry)
        if entry.contribution is not None:
            yield from _contribution(publication, names, entry, entry.contribution)
        elif entry.origin == "computed":
            yield link(entry.iri, PROV + "wasGeneratedBy", names.part("making"))
    catalog = publication.graph(CATALOG_GRAPH)
    yield from _graph(names, catalog)
    if not _is_labelled(store, catalog):
        yield from _labels(publication, catalog)
    yield link(catalog, PROV + "wasGeneratedBy", names.part("making"))
    yield from _files(publication, names, manifest)


def _graph(names: CatalogueNames, iri: str) -> Iterator[ox.Triple]:
    yield link(names.dataset, VOID + "subset", iri)
    yield from typed(iri, VOID + "Dataset", SD + "NamedGraph")
    yield link(iri, SD + "name", iri)


def _labels(publication: Publication, iri: str) -> Iterator[ox.Triple]:
    name = iri.removeprefix(publication.graph(""))
    key = f"graph-{name}" if name in KNOWN else "graph"
    return labelled(iri, words(key, publication.settings.languages, name=name))


def _is_labelled(store: ox.Store, iri: str) -> bool:
    found = store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(RDFS_LABEL), None, ox.DefaultGraph())
    return next(iter(found), None) is not None


def _files(publication: Publication, names: CatalogueNames, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield the files of the publication, and the graphs that came from each."""
    for name, filled in manifest.sources.items():
        file = names.one_of("file", name)
        yield from typed(file, PROV + "Entity")
        yield from labelled(file, words("file", publication.settings.languages, name=name))
        yield value(file, DCT + "identifier", name)
        yield link(names.part("making"), PROV + "used", file)
        yield from (link(graph, PROV + "wasDerivedFrom", file) for graph in filled)


def _contribution(
    publication: Publication, names: CatalogueNames, entry: GraphEntry, contribution: LastContribution
) -> Iterator[ox.Triple]:
    agent = names.one_of("contributor", contribution.id)
    yield link(entry.iri, PROV + "wasAttributedTo", agent)
    yield link(entry.iri, DCT + "contributor", agent)
    yield value(entry.iri, PROV + "generatedAtTime", contribution.time, "dateTime")
    yield value(entry.iri, DCT + "modified", contribution.time, "dateTime")
    if contribution.source and _is_iri(contribution.source):
        yield link(entry.iri, PROV + "wasDerivedFrom", contribution.source)
        yield from typed(contribution.source, PROV + "Entity")
    yield from typed(agent, PROV + "Agent")
    if contribution.name:
        name = {publication.settings.languages[0]: contribution.name}
        yield from texts(agent, RDFS_LABEL, name)
        yield from texts(agent, FOAF + "name", name)
    if contribution.contact.startswith(PUBLIC_CONTACTS) and _is_iri(contribution.contact):
        is_mail = contribution.contact.startswith("mailto:")
        yield link(agent, VCARD + ("hasEmail" if is_mail else "hasURL"), contribution.contact)


def _is_iri(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


# Linksets: which properties link the dataset to which others, and how often (VoID 5).
#
# Which datasets others are is told by where their IRIs begin. Counting is bounded: where there are very many links,
# they are counted by property alone, from the manifest.

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
    names, own = CatalogueNames(publication.base, manifest.id), publication.settings.languages
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


def _linkset(names: CatalogueNames, linkset: str, iri: str, count: int) -> Iterator[ox.Triple]:
    yield link(names.dataset, VOID + "subset", linkset)
    yield from typed(linkset, VOID + "Linkset")
    yield link(linkset, VOID + "linkPredicate", iri)
    yield link(linkset, VOID + "subjectsTarget", names.dataset)
    yield value(linkset, VOID + "triples", count, "integer")


def _target(names: CatalogueNames, target: str) -> Iterator[ox.Triple]:
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


# What personal data the publication holds, and what it withholds: a notice in the Data Privacy Vocabulary (DPV 2).
#
# Which graphs hold personal data, and why, the settings say; which kinds, the graphs themselves. A legal basis is not
# claimed: nobody but the publisher can say what it is.

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


def personal_graphs(publication: Publication) -> tuple[str, ...]:
    """Return the IRIs of the graphs that hold personal data."""
    return tuple(graph_named(publication, each) for each in publication.settings.privacy.personal_graphs)


def personal_data(publication: Publication, store: ox.Store, manifest: Manifest) -> Iterator[ox.Triple]:
    """Yield a notice for each graph of personal data, and of each withheld graph that it is not public."""
    privacy, names = publication.settings.privacy, CatalogueNames(publication.base, manifest.id)
    withheld = {graph_named(publication, name) for name in privacy.withhold_graphs}
    for iri in sorted(withheld):
        yield link(iri, DCT + "accessRights", NON_PUBLIC)
        name = iri.removeprefix(publication.graph(""))
        yield from labelled(iri, {tag: text.format(name) for tag, text in WITHHELD.items()})
    there = {each.iri for each in manifest.graphs}
    for iri in sorted({graph_named(publication, name) for name in privacy.personal_graphs} & there - withheld):
        yield from _notice(publication, names, store, iri)


def _notice(publication: Publication, names: CatalogueNames, store: ox.Store, iri: str) -> Iterator[ox.Triple]:
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
