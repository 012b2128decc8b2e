"""``/same-as?iri=…``: what is the same as any known identifier, ours or another's, and who says so.

A page, JSON or RDF. With ``redirect`` it is a way from an identifier of others to our page about the thing: 303.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256

import pyoxigraph as ox
from flask import Blueprint, Response, render_template, request

from endpoint.current import Snapshot, is_withheld, languages, snapshot, urls
from endpoint.http.problems import ProblemError
from endpoint.http.responses import answer, negotiated, see_other
from endpoint.http.semantics import AS_HTML, HeaderLink, Representation, entity_tag
from endpoint.pages.term_names import names_for
from endpoint.things.representations import rdf_document
from endpoint.things.resources import of_withheld
from endpoint.things.search import finder
from graph.model.description import Label, labels
from graph.model.errors import Sentence
from graph.model.rdf_terms import OWL, PROV, RDF_TYPE, VOID, genid_iri
from graph.parts.linksets.linkset import SSSOM, Cluster, Clusters, Evidence, Link, linksets

same_as = Blueprint("same_as", __name__)
EXAMPLE = "/same-as?iri=http%3A%2F%2Fwww.wikidata.org%2Fentity%2FQ269"
NO = ("0", "false", "no")


@same_as.get("/same-as", defaults={"suffix": ""})
@same_as.get("/same-as.<suffix>")
def same(suffix: str) -> Response:
    """The cluster of an identifier, with its evidence; with ``redirect`` the way to our page about it."""
    text = request.args.get("iri", "").strip()
    clusters = snapshot().once(_clusters)
    cluster = _cluster(text, clusters) if text else None
    if cluster is not None and "redirect" in request.args and request.args["redirect"] not in NO:
        return _redirected(text, cluster)
    if cluster is None and text:
        raise ProblemError(
            "not-found", Sentence("nothing here is known as %(text)s", text=repr(text[:200])), {"example": EXAMPLE}
        )
    representation = negotiated("same-as", suffix, lambda each: _url(text, each))
    if cluster is None and representation is not AS_HTML:
        raise ProblemError("bad-request", Sentence("say with iri= which identifier is meant"), {"example": EXAMPLE})
    links = [HeaderLink(_url(text, each), "alternate", kind) for each, kind in ALTERNATES] if text else []
    body = _body(representation, text, cluster, links)
    location = "" if suffix or not text else _url(text, representation.suffix)
    tag = entity_tag(representation.name, body)
    return answer(representation, lambda: body, tag=tag, location=location, links=links)


ALTERNATES = (("html", "text/html"), ("json", "application/json"), ("ttl", "text/turtle"))


def _url(text: str, suffix: str) -> str:
    return urls().absolute(urls().route(f"same-as.{suffix}", iri=text))


def _clusters(here: Snapshot) -> Clusters:
    base = here.publication.base
    return Clusters(here.release.store, base, linksets(here.release.store, base))


def _cluster(text: str, clusters: Clusters) -> Cluster | None:
    """Return the cluster that a text means; an id or a code will do, too. None where nothing is known of it."""
    start = clusters.known_as(text)
    if not start:
        finds = finder()
        numbers = finds.search.candidates.identified(text)
        start = [each.iri for each in finds.search.index.entities(numbers[:1])] if len(numbers) == 1 else []
    if is_withheld(text) or any(is_withheld(each) for each in start):
        raise of_withheld()
    return clusters.cluster(start) if start else None


def _redirected(text: str, cluster: Cluster) -> Response:
    if len(cluster.own) != 1:
        known = Sentence("no thing of ours is the same as %(text)s", text=repr(text[:200]))
        if cluster.own:
            known = Sentence("several things of ours are the same as %(text)s", text=repr(text[:200]))
        raise ProblemError("not-found", known, {"cluster": _url(text, "html")})
    return see_other(urls().absolute(urls().page(cluster.own[0])))


def _body(representation: Representation, text: str, cluster: Cluster | None, links: Iterable[HeaderLink]) -> bytes:
    if representation.format is not None and cluster is not None:
        return rdf_document(snapshot(), list(_triples(cluster, urls().base)), representation.format)
    spoken_of = [*_iris(cluster)] if cluster is not None else []
    if representation is AS_HTML:
        names = names_for(snapshot(), urls(), languages(), spoken_of)
        return render_template("same_as.html", asked=text, cluster=cluster, names=names, links=links).encode()
    assert cluster is not None  # noqa: S101  without one only the page is answered
    known = labels(snapshot().release.store, spoken_of, languages())
    return (json.dumps(_document(text, cluster, known), ensure_ascii=False, indent=1) + "\n").encode()


def _iris(cluster: Cluster) -> Iterator[str]:
    yield from cluster.members
    for link in (*cluster.same, *cluster.like):
        yield from (link.subject, link.predicate, link.object)
        for each in link.evidence:
            yield from (each.graph, *each.linksets)
            yield from (iri for iri in (each.confidence, each.justification) if "://" in iri)


def _document(text: str, cluster: Cluster, known: dict[str, Label]) -> dict[str, object]:
    def named(iri: str) -> dict[str, object]:
        said: dict[str, object] = {"iri": iri}
        label = known.get(iri)
        return said | ({"label": label.text, "language": label.language} if label else {})

    def said(link: Link) -> dict[str, object]:
        evidence = [
            {"graph": each.graph, "linksets": list(each.linksets), "confidence": _confidence(each),
             "justification": each.justification or None}
            for each in link.evidence
        ]  # fmt: skip
        return {"subject": link.subject, "predicate": link.predicate, "object": link.object, "evidence": evidence}

    return {
        "asked": text, "complete": cluster.is_whole,
        "own": [named(each) | {"url": urls().absolute(urls().read(each))} for each in cluster.own],
        "members": [named(each) for each in cluster.members],
        "same": [said(each) for each in cluster.same], "like": [said(each) for each in cluster.like],
        "release": snapshot().release.id,
    }  # fmt: skip


def _confidence(evidence: Evidence) -> float | str | None:
    """Return how sure a link is: a number, the IRI of a concept, or None where nobody says."""
    if not evidence.confidence or "://" in evidence.confidence:
        return evidence.confidence or None
    return float(evidence.confidence)


def _triples(cluster: Cluster, base: str) -> Iterator[ox.Triple]:
    """Yield the links, and behind them who says each (owl:Axiom with the terms of SSSOM, VoID and PROV)."""
    every = (*cluster.same, *cluster.like)
    for link in every:
        yield ox.Triple(*(ox.NamedNode(each) for each in (link.subject, link.predicate, link.object)))
    for link in every:
        for each in link.evidence:
            key = " ".join((link.subject, link.predicate, link.object, each.graph))
            node = ox.NamedNode(genid_iri(base, f"link-{sha256(key.encode()).hexdigest()[:24]}"))
            yield from _axiom(node, link, each, base)


def _axiom(node: ox.NamedNode, link: Link, evidence: Evidence, base: str) -> Iterator[ox.Triple]:
    said = [
        (RDF_TYPE, OWL + "Axiom"), (OWL + "annotatedSource", link.subject), (OWL + "annotatedProperty", link.predicate),
        (OWL + "annotatedTarget", link.object), (PROV + "wasDerivedFrom", evidence.graph),
        *((VOID + "inDataset", each) for each in evidence.linksets),
    ]  # fmt: skip
    if evidence.justification:
        said.append((SSSOM + "mapping_justification", evidence.justification))
    if "://" in evidence.confidence:
        said.append((f"{base}ns#confidence", evidence.confidence))
    for predicate, target in said:
        yield ox.Triple(node, ox.NamedNode(predicate), ox.NamedNode(target))
    if evidence.confidence and "://" not in evidence.confidence:
        number = ox.Literal(evidence.confidence, datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal"))
        yield ox.Triple(node, ox.NamedNode(SSSOM + "confidence"), number)
