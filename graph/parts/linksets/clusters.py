"""Clusters: what is the same as a thing, here and elsewhere, by which identifiers and who says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote, unquote

import pyoxigraph as ox

from graph.model.namespaces import (
    CATALOG_GRAPH,
    ENTAILED_GRAPH,
    MEANS_LIKE,
    MEANS_SAME,
    OWL,
    RDF,
    RDF_TYPE,
    VOID,
    graph_iri,
)
from graph.parts.linksets.linkset import SSSOM

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
