"""A linkset, as RDF and as a table of SSSOM; and what is the same as a thing, here and elsewhere, by such links."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import islice
from urllib.parse import quote, unquote

import pyoxigraph as ox

from graph.model.rdf_terms import (
    CATALOG_GRAPH,
    DCT,
    ENTAILED_GRAPH,
    MEANS_LIKE,
    MEANS_SAME,
    OWL,
    PREFIXES,
    RDF,
    RDF_TYPE,
    RDFS_LABEL,
    SCHEMA,
    SKOS,
    VOID,
    XSD,
    graph_iri,
)
from graph.parts.linksets.matching import CheckedMapping

# A linkset as RDF: VoID says what it links, by what and how often, and each link has its evidence (owl:Axiom, SSSOM).
#
# The terms for the evidence are those of SSSOM's own RDF form. Every node has an IRI below the linkset's.

SSSOM = "https://w3id.org/sssom/"
SEMAPV = "https://w3id.org/semapv/vocab/"
DC = "http://purl.org/dc/elements/1.1/"
TOOL = "hamkor link"


@dataclass(frozen=True, slots=True)
class Linkset:
    """A set of mappings and what is said of it.

    Attributes:
        iri: its IRI.
        subjects: the IRI of the dataset from which it links.
        subject_space: where the IRIs of that begin.
        objects: the IRI of the dataset to which it links.
        object_space: where the IRIs of that begin.
        table: what the table is called.
        target: what the dataset to which it links is called.
        author: who answers for it.
        license: the IRI of its licence.
        date: the day on which it was made, as xsd:date.
        mappings: what it holds, negative ones included.
    """

    iri: str
    subjects: str
    subject_space: str
    objects: str
    object_space: str
    table: str
    target: str
    author: str
    license: str
    date: str
    mappings: Sequence[CheckedMapping]

    @property
    def links(self) -> list[CheckedMapping]:
        """What it links; negative mappings are no links."""
        return [each for each in self.mappings if not each.is_negative]


def turtle(linkset: Linkset) -> bytes:
    """Return a linkset as Turtle."""
    names = {**PREFIXES, "sssom": SSSOM, "semapv": SEMAPV, "dc": DC, "foaf": "http://xmlns.com/foaf/0.1/"}
    triples = [*_about(linkset), *_links(linkset.links), *_evidence(linkset)]
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    used = {prefix: iri for prefix, iri in names.items() if f"<{iri}".encode() in text}
    return ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=used) or b""


def _about(linkset: Linkset) -> Iterator[ox.Triple]:
    labels = {
        "en": f"Links from {linkset.table} to {linkset.target}",
        "ru": f"Ссылки из {linkset.table} в {linkset.target}",
        "uz": f"{linkset.table} dan {linkset.target} ga havolalar",
    }
    yield _link(linkset.iri, RDF_TYPE, VOID + "Linkset")
    for language, text in labels.items():
        yield _text(linkset.iri, RDFS_LABEL, ox.Literal(text, language=language))
    yield _link(linkset.iri, VOID + "subjectsTarget", linkset.subjects)
    yield _link(linkset.iri, VOID + "objectsTarget", linkset.objects)
    for predicate in sorted({each.predicate for each in linkset.links}):
        yield _link(linkset.iri, VOID + "linkPredicate", predicate)
    count = ox.Literal(str(len(linkset.links)), datatype=ox.NamedNode(XSD + "integer"))
    yield _text(linkset.iri, VOID + "triples", count)
    yield _text(linkset.iri, DC + "creator", ox.Literal(linkset.author))
    yield _link(linkset.iri, DCT + "license", linkset.license)
    yield _text(linkset.iri, DCT + "issued", ox.Literal(linkset.date, datatype=ox.NamedNode(XSD + "date")))
    yield _link(linkset.subjects, RDF_TYPE, VOID + "Dataset")
    yield _text(linkset.subjects, RDFS_LABEL, ox.Literal(f"Dataset of {linkset.author}", language="en"))
    yield _text(linkset.subjects, VOID + "uriSpace", ox.Literal(linkset.subject_space))


def _links(mappings: Iterable[CheckedMapping]) -> Iterator[ox.Triple]:
    for each in mappings:
        yield _link(each.subject, each.predicate, each.entity.iri)


def _evidence(linkset: Linkset) -> Iterator[ox.Triple]:
    for each in linkset.links:
        node = f"{linkset.iri}{'-' if '#' in linkset.iri else '#'}row-{each.row}"
        yield _link(node, RDF_TYPE, OWL + "Axiom")
        yield _link(node, OWL + "annotatedSource", each.subject)
        yield _link(node, OWL + "annotatedProperty", each.predicate)
        yield _link(node, OWL + "annotatedTarget", each.entity.iri)
        yield _link(node, SSSOM + "mapping_justification", SEMAPV + each.justification)
        confidence = ox.Literal(f"{each.confidence:g}", datatype=ox.NamedNode(XSD + "decimal"))
        yield _text(node, SSSOM + "confidence", confidence)


def _link(subject: str, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target))


def _text(subject: str, predicate: str, value: ox.Literal) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), value)


# A linkset as a table of SSSOM (Simple Standard for Sharing Ontological Mappings), TSV with its metadata before it.
#
# It also holds what is no link: mappings that somebody has refused (``predicate_modifier`` Not), so that nobody
# proposes them again.

COLUMNS = (
    "subject_id", "subject_label", "predicate_id", "predicate_modifier", "object_id", "object_label",
    "mapping_justification", "confidence", "author_label", "mapping_date", "mapping_tool", "mapping_tool_version",
)  # fmt: skip
FIXED = {"owl": OWL, "skos": SKOS, "schema": SCHEMA, "dct": DCT, "semapv": SEMAPV}
NAMESPACE = re.compile(r"(.*[/#])([^/#]*)\Z", re.DOTALL)
SIGNS_OF_TABLES = re.compile(r"[\t\r\n]+")


@dataclass
class Curies:
    """Writes IRIs short, and remembers what the prefixes mean."""

    prefixes: dict[str, str] = field(default_factory=dict)

    def short(self, iri: str) -> str:
        """Return an IRI as a CURIE; of one that is below no prefix, its folder becomes one."""
        for prefix, space in self.prefixes.items():
            if iri.startswith(space):
                return f"{prefix}:{iri.removeprefix(space)}"
        found = NAMESPACE.match(iri)
        self.prefixes[f"ns{len(self.prefixes)}"] = found[1] if found else iri
        return self.short(iri)


def sssom(linkset: Linkset) -> bytes:
    """Return a linkset as SSSOM."""
    curies = Curies({"hamkor": linkset.object_space, "source": linkset.subject_space, **FIXED})
    rows = list(_rows(linkset, curies))
    said: dict[str, object] = {
        "mapping_set_id": linkset.iri,
        "mapping_set_title": f"Links from {linkset.table} to {linkset.target}",
        "license": linkset.license,
        "creator_label": [linkset.author],
        "mapping_date": linkset.date,
        "subject_source": curies.short(linkset.subjects),
        "object_source": curies.short(linkset.objects),
    }
    lines = [*_metadata({"curie_map": curies.prefixes, **said}), "\t".join(COLUMNS), *rows]
    return ("\n".join(lines) + "\n").encode()


def _metadata(said: Mapping[str, object]) -> Iterable[str]:
    """Yield YAML in comments; JSON texts are YAML, too."""
    for name, value in said.items():
        if isinstance(value, Mapping):
            yield f"#{name}:"
            yield from (f"#  {key}: {json.dumps(text, ensure_ascii=False)}" for key, text in value.items())
        elif isinstance(value, list):
            yield f"#{name}:"
            yield from (f"#  - {json.dumps(text, ensure_ascii=False)}" for text in value)
        else:
            yield f"#{name}: {json.dumps(value, ensure_ascii=False)}"


def _rows(linkset: Linkset, curies: Curies) -> Iterable[str]:
    for each in linkset.mappings:
        cells = (
            curies.short(each.subject), each.subject_label, curies.short(each.predicate),
            "Not" if each.is_negative else "", curies.short(each.entity.iri), each.entity.names[0].text,
            f"semapv:{each.justification}", f"{each.confidence:g}", linkset.author, linkset.date, TOOL,
            version("hamkor"),
        )  # fmt: skip
        yield "\t".join(SIGNS_OF_TABLES.sub(" ", cell) for cell in cells)


# Identifiers of others: who gives them, how they are formed, and in which ways the same one is written.
#
# A table of authorities that are likely here. What it does not know is compared as an IRI and judged not at all. It
# reads no graph and fetches nothing.

LONGEST = 2048
SAFE = "/:@!$&'()*+,;=-._~?#"


@dataclass(frozen=True, slots=True)
class Authority:
    """Who gives identifiers.

    Attributes:
        name: what they are called.
        space: where their IRIs begin, as they write them in data.
        form: what an identifier is, behind that.
        end: what stands behind it.
        hosts: hosts and folders at which the same identifiers are met, without the scheme.
        short: how an identifier may be written without an IRI, or empty.
        example: a right one.
    """

    name: str
    space: str
    form: str
    end: str = ""
    hosts: tuple[str, ...] = ()
    short: str = ""
    example: str = ""

    def iri(self, identifier: str) -> str:
        """Return an identifier as an IRI."""
        return f"{self.space}{identifier}{self.end}"

    @property
    def folders(self) -> tuple[str, ...]:
        """Where its IRIs begin, without the scheme."""
        return self.space.partition("://")[2], *self.hosts


AUTHORITIES = (
    Authority(
        "Wikidata", "http://www.wikidata.org/entity/", r"[QPL][1-9][0-9]{0,11}", "",
        ("www.wikidata.org/wiki/", "wikidata.org/entity/", "wikidata.org/wiki/", "m.wikidata.org/wiki/",
         "www.wikidata.org/wiki/Special:EntityData/", "www.wikidata.org/prop/direct/"),
        r"(?:wd:)?(Q[1-9][0-9]{0,11})", "http://www.wikidata.org/entity/Q269",
    ),
    Authority(
        "GeoNames", "https://sws.geonames.org/", r"[1-9][0-9]{0,9}", "/",
        ("www.geonames.org/", "geonames.org/"), r"(?:geonames|gn):([1-9][0-9]{0,9})",
        "https://sws.geonames.org/1512569/",
    ),
    Authority(
        "EuroVoc", "http://eurovoc.europa.eu/", r"(?:[1-9][0-9]{0,7}|c_[0-9a-f]{8})", "", (),
        r"eurovoc:([1-9][0-9]{0,7})", "http://eurovoc.europa.eu/2191",
    ),
    Authority(
        "UNESCO Thesaurus", "http://vocabularies.unesco.org/thesaurus/", r"(?:concept|mt|domain)[0-9.]{1,8}",
        example="http://vocabularies.unesco.org/thesaurus/concept4285",
    ),
    Authority(
        "UNBIS Thesaurus", "http://metadata.un.org/thesaurus/", r"[0-9]{2,8}",
        example="http://metadata.un.org/thesaurus/1000952",
    ),
    Authority(
        "VIAF", "http://viaf.org/viaf/", r"[1-9][0-9]{1,21}", "", ("www.viaf.org/viaf/",),
        example="http://viaf.org/viaf/144232580",
    ),
    Authority("ROR", "https://ror.org/", r"0[a-hj-km-np-tv-z0-9]{6}[0-9]{2}", example="https://ror.org/02dg0pv02"),
    Authority(
        "ISNI", "https://isni.org/isni/", r"[0-9]{15}[0-9X]", "", ("www.isni.org/isni/",),
        example="https://isni.org/isni/0000000123456789",
    ),
    Authority(
        "EU country table", "http://publications.europa.eu/resource/authority/country/", r"[A-Z0-9_]{3,12}",
        example="http://publications.europa.eu/resource/authority/country/UZB",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier, and who gives it.

    Attributes:
        authority: who gives it.
        text: what it is; as it was found where it is malformed.
        is_wellformed: whether the authority could have given it.
    """

    authority: Authority
    text: str
    is_wellformed: bool

    @property
    def iri(self) -> str:
        """The IRI that the authority uses in data."""
        return self.authority.iri(self.text)


def identifier_of(iri: str) -> Identifier | None:
    """Return what an IRI identifies; None where it is of no authority that is known."""
    scheme, mark, rest = iri.partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        return None
    for authority in AUTHORITIES:
        for folder in authority.folders:
            if rest.lower().startswith(folder.lower()):
                text = unquote(rest[len(folder) :])
                found = re.fullmatch(rf"({authority.form})(?:/[^/]*)?", text)
                return Identifier(authority, found[1] if found else text, found is not None)
    return None


def is_as_written(iri: str) -> bool:
    """Whether an IRI is of no known authority, or just as that authority writes it."""
    found = identifier_of(iri)
    return found is None or (found.is_wellformed and found.iri == iri)


def spellings(text: str) -> tuple[str, ...]:
    """Return the IRIs that somebody may mean, likeliest first: at most two dozen.

    http or https, a slash at the end or none, percent-encoded or not; as an authority writes it in data, or as one
    copies it from a browser; and what authorities are known by without an IRI (``Q269``, ``geonames:1512569``).
    """
    wanted = text.strip().removeprefix("<").removesuffix(">")
    if not wanted or len(wanted) > LONGEST:
        return ()
    return tuple(dict.fromkeys(_spellings(wanted)))


def _spellings(wanted: str) -> Iterator[str]:
    if "://" not in wanted and "%3a%2f%2f" in wanted.lower():
        wanted = unquote(wanted)
    if "://" not in wanted:
        for authority in AUTHORITIES:
            if authority.short and (found := re.fullmatch(authority.short, wanted)):
                yield authority.iri(found[1])
        return
    yield wanted
    if (known := identifier_of(wanted)) is not None and known.is_wellformed:
        yield known.iri
    scheme, _, rest = wanted.partition("://")
    if scheme.lower() not in ("http", "https"):
        return
    plain = unquote(rest)
    for each in dict.fromkeys((rest, plain, quote(plain, safe=SAFE))):
        host, slash, path = each.rstrip("/").partition("/")
        for place in (f"{host}{slash}{path}", f"{host.lower()}{slash}{path}"):
            for other in ("https", "http"):
                yield f"{other}://{place}"
                yield f"{other}://{place}/"


# Clusters: what is the same as a thing, here and elsewhere, and who says so, by which property and how sure.
#
# A cluster follows ``owl:sameAs`` and ``skos:exactMatch`` in both directions, whoever states them; what is merely like
# it (close, broader, a page about it) is one step away and is no member. Look-ups in the index only, and bounded.

MOST_MEMBERS, MOST_LINKS, MOST_LINKSETS, MOST_REIFIED = 200, 400, 1000, 200
MERGE = ox.DefaultGraph()


@dataclass(frozen=True, slots=True)
class KnownLinkset:
    """A set of links that the data describes: where it stands, and which links it means."""

    iri: str
    graph: str
    predicates: frozenset[str]
    subjects: str
    objects: str

    def holds(self, link: tuple[str, str, str], graph: str) -> bool:
        """Whether a link that stands in a graph is one of these."""
        subject, predicate, target = link
        is_there = graph == self.graph and predicate in self.predicates
        return is_there and subject.startswith(self.subjects) and target.startswith(self.objects)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who says a link.

    Attributes:
        graph: the named graph that states it.
        linksets: the sets of links of that graph that hold it.
        confidence: how sure, as a number from 0 to 1 or the IRI of a concept; empty where nobody says.
        justification: how the link was made, an IRI; empty where nobody says.
    """

    graph: str
    linksets: tuple[str, ...]
    confidence: str = ""
    justification: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a cluster, with its evidence."""

    subject: str
    predicate: str
    object: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """What is the same.

    Attributes:
        members: the IRIs, ours first.
        own: those of them that are ours.
        same: the links that make it.
        like: the links to what is like it.
        is_whole: whether nothing was left out because of a bound.
    """

    members: tuple[str, ...]
    own: tuple[str, ...]
    same: tuple[Link, ...]
    like: tuple[Link, ...]
    is_whole: bool


def linksets(store: ox.Store, base: str) -> tuple[KnownLinkset, ...]:
    """Return the sets of links that a release describes; the computed catalogue says nothing new."""
    found = islice(store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(VOID + "Linkset")), MOST_LINKSETS)
    skipped = (graph_iri(base, CATALOG_GRAPH), graph_iri(base, ENTAILED_GRAPH))
    return tuple(
        KnownLinkset(
            quad.subject.value, quad.graph_name.value,
            frozenset(_values(store, quad.subject, VOID + "linkPredicate")),
            _space(store, quad.subject, "subjectsTarget", base), _space(store, quad.subject, "objectsTarget", base),
        )
        for quad in found
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.graph_name, ox.NamedNode)
        and quad.graph_name.value not in skipped
    )  # fmt: skip


def _space(store: ox.Store, linkset: ox.NamedNode, end: str, base: str) -> str:
    """Return where the IRIs of one end begin; empty where nobody says."""
    for target in _values(store, linkset, VOID + end):
        if target == f"{base}dataset":
            return base
        for space in _values(store, ox.NamedNode(target), VOID + "uriSpace"):
            return space
    return ""


def _values(store: ox.Store, subject: ox.NamedNode, predicate: str) -> list[str]:
    quads = store.quads_for_pattern(subject, ox.NamedNode(predicate), None, MERGE)
    return sorted(quad.object.value for quad in islice(quads, 20) if isinstance(quad.object, ox.NamedNode | ox.Literal))


@dataclass
class Clusters:
    """Finds clusters in one release."""

    store: ox.Store
    base: str
    known: Sequence[KnownLinkset]

    def known_as(self, text: str) -> list[str]:
        """Return the IRIs of which the release speaks, among those that somebody may mean."""
        return [iri for iri in spellings(text) if self._is_known(iri)]

    def _is_known(self, iri: str) -> bool:
        try:
            node = ox.NamedNode(iri)
        except ValueError:
            return False
        said = self.store.quads_for_pattern(node, None, None, MERGE)
        if next(said, None) is not None:
            return True
        links = (
            self.store.quads_for_pattern(None, ox.NamedNode(each), node, MERGE) for each in (*MEANS_SAME, *MEANS_LIKE)
        )
        return any(next(each, None) is not None for each in links)

    def cluster(self, start: Iterable[str]) -> Cluster:
        """Return the cluster of some IRIs that are the same."""
        members, waiting, same = dict.fromkeys(start), list(dict.fromkeys(start)), dict[tuple[str, str, str], None]()
        while waiting and len(members) < MOST_MEMBERS and len(same) < MOST_LINKS:
            for link in self._around(waiting.pop(), MEANS_SAME):
                same[link] = None
                for end in (link[0], link[2]):
                    if end not in members:
                        members[end] = None
                        waiting.append(end)
        like = dict.fromkeys(
            link
            for each in members
            for link in self._around(each, MEANS_LIKE)
            if not {link[0], link[2]} <= members.keys()
        )
        is_whole = not waiting and len(like) <= MOST_LINKS
        order = sorted(members, key=lambda iri: (not self.is_ours(iri), iri))
        return Cluster(
            tuple(order), tuple(each for each in order if self.is_ours(each)),
            tuple(self._with_evidence(same)), tuple(self._with_evidence(islice(like, MOST_LINKS))), is_whole,
        )  # fmt: skip

    def is_ours(self, iri: str) -> bool:
        """Whether the publication names a thing."""
        return iri.startswith(self.base) and not iri.startswith(f"{self.base}.well-known/")

    def _around(self, iri: str, predicates: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        node = ox.NamedNode(iri)
        for predicate in predicates:
            link = ox.NamedNode(predicate)
            for quad in islice(self.store.quads_for_pattern(node, link, None, MERGE), MOST_MEMBERS):
                if isinstance(quad.object, ox.NamedNode):
                    yield iri, predicate, quad.object.value
            for quad in islice(self.store.quads_for_pattern(None, link, node, MERGE), MOST_MEMBERS):
                if isinstance(quad.subject, ox.NamedNode):
                    yield quad.subject.value, predicate, iri

    def _with_evidence(self, found: Iterable[tuple[str, str, str]]) -> Iterator[Link]:
        reified = dict[str, dict[tuple[str, str], dict[str, str]]]()
        for subject, predicate, target in sorted(found):
            if subject not in reified:
                reified[subject] = self._reified(subject)
            said = reified[subject].get((predicate, target), {})
            nodes = ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target)
            graphs = sorted(
                quad.graph_name.value
                for quad in self.store.quads_for_pattern(*nodes, None)
                if isinstance(quad.graph_name, ox.NamedNode)
            )
            link = (subject, predicate, target)
            yield Link(*link, tuple(
                Evidence(graph, tuple(each.iri for each in self.known if each.holds(link, graph)), **said)
                for graph in graphs
            ))  # fmt: skip

    def _reified(self, subject: str) -> dict[tuple[str, str], dict[str, str]]:
        """Return what is said about the statements of a thing: (predicate, object) → how sure, how made."""
        found, node = dict[tuple[str, str], dict[str, str]](), ox.NamedNode(subject)
        confidences = (SSSOM + "confidence", f"{self.base}ns#confidence")
        for space, about in ((RDF, ("subject", "predicate", "object")), (OWL, ("annotatedSource", "annotatedProperty",
                                                                            "annotatedTarget"))):  # fmt: skip
            quads = self.store.quads_for_pattern(None, ox.NamedNode(space + about[0]), node, MERGE)
            for quad in islice(quads, MOST_REIFIED):
                if isinstance(quad.subject, ox.NamedNode):
                    predicate, target, *sure = (
                        next(iter(_values(self.store, quad.subject, name)), "")
                        for name in (space + about[1], space + about[2], *confidences, SSSOM + "mapping_justification")
                    )
                    confidence = sure[0] or sure[1]
                    found[predicate, target] = {"confidence": confidence, "justification": sure[2]}
        return found
