"""Framed JSON-LD: one tree a thing, with short keys, that says what the triples say; every thing of the flagship."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from pyld import jsonld
from writing import Write

from endpoint.app import create_app
from graph.export.documents import Frame, check_trees, frame_for, framed, read_context, read_frames, written
from graph.model.description import describe, describing_triples
from graph.model.errors import SettingError
from graph.model.publication import Publication
from graph.model.rdf_terms import RDF_TYPE
from graph.model.settings import Settings
from graph.pipeline.build import build
from graph.releases.release import Release

REPOSITORY = Path(__file__).resolve().parents[1]
BASE = "https://w3id.org/hamkor/"
TERMEZ = f"{BASE}id/club/termez"
EX = "https://example.org/"
CONTEXT: dict[str, Any] = {"ex": EX, "id": "@id", "City": "ex:City", "Town": "ex:Town", "type": "@type",
           "name": {"@id": "ex:name", "@container": "@language"}, "clubs": {"@reverse": "ex:in", "@container": "@set"},
           "in": {"@id": "ex:in", "@type": "@id"}, "size": "ex:size"}  # fmt: skip


class Documents:
    """The framed documents of a release, made as the server makes them."""

    def __init__(self, release: Release, publication: Publication) -> None:
        context = read_context(publication)
        assert context is not None
        self.release, self.context, self.frames = release, context, read_frames(publication, context)

    def triples(self, iri: str) -> list[ox.Triple]:
        description = describe(self.release.store, iri)
        assert description is not None
        return describing_triples(self.release.store, description, f"{BASE}.well-known/genid/", 10_000)

    def frame(self, iri: str) -> Frame | None:
        classes = {each.object.value for each in self.triples(iri)
                   if each.subject.value == iri and each.predicate.value == RDF_TYPE}  # fmt: skip
        return frame_for(self.frames, classes, self.release.manifest.statistics.classes)

    @cache  # noqa: B019  one a session
    def tree(self, iri: str) -> dict[str, Any]:
        frame = self.frame(iri)
        assert frame is not None, iri
        return framed(self.triples(iri), iri, frame, self.context)

    def things(self) -> list[str]:
        quads = self.release.store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), None, ox.DefaultGraph())
        return sorted({each.subject.value for each in quads if each.subject.value.startswith(BASE)})


@pytest.fixture(scope="session")
def documents(flagship_release: Release, flagship_publication: Publication) -> Documents:
    return Documents(flagship_release, flagship_publication)


def triples_in(document: dict[str, Any]) -> set[ox.Triple]:
    return {quad.triple for quad in ox.parse(json.dumps(document), ox.RdfFormat.JSON_LD)}


def test_every_framed_document_says_what_turtle_says(documents: Documents) -> None:
    framed_things = [each for each in documents.things() if documents.frame(each) is not None]
    assert len(framed_things) > 250
    assert [each for each in framed_things if triples_in(documents.tree(each)) != set(documents.triples(each))] == []


def test_other_readers_see_the_same(documents: Documents) -> None:
    tree, expected = documents.tree(TERMEZ), set(documents.triples(TERMEZ))
    text = rdflib.Graph().parse(data=json.dumps(tree), format="json-ld").serialize(format="nt")
    assert {quad.triple for quad in ox.parse(text, ox.RdfFormat.N_TRIPLES)} == expected
    text = jsonld.to_rdf(tree, {"format": "application/n-quads"})
    assert {quad.triple for quad in ox.parse(text, ox.RdfFormat.N_QUADS)} == expected


@pytest.mark.parametrize(
    "path",
    ["id/forum/", "id/body/", "id/club/", "id/place/", "id/event/", "id/office/", "scheme/topic/", "id/document/"],
)
def test_the_main_classes_have_frames(documents: Documents, path: str) -> None:
    iri = next(each for each in documents.things() if each.startswith(BASE + path))
    assert documents.tree(iri)["id"] == iri


def test_a_club_reads_like_json(documents: Documents) -> None:
    club = documents.tree(TERMEZ)
    assert "@graph" not in club
    assert list(club)[:4] == ["@context", "id", "type", "label"]
    assert "ParentsClub" in club["type"]
    assert club["label"]["uz-latn"] == "Termizdagi ota-onalar klubi"
    assert club["numberOfMembers"] == 14
    assert club["foundingDate"] == {"type": "xsd:gYearMonth", "@value": "2015-02"}
    assert club["foundedEarliest"] == "2015-02-01"
    assert club["city"]["label"]["ru"] == "Термез"
    assert club["memberCounts"][0]["id"] == f"{BASE}id/member-count/termez"


def test_keys_are_short(documents: Documents) -> None:
    own = {key for each in documents.things() if documents.frame(each) for key in documents.tree(each)}
    assert sorted(each for each in own if ":" in each) == []


def test_what_is_drawn_in_from_the_other_end_does_not_point_back(documents: Documents) -> None:
    assert set(documents.tree(TERMEZ)["memberCounts"][0]) == {"id", "label"}


def test_the_same_thing_gives_the_same_bytes(documents: Documents) -> None:
    triples, frame = documents.triples(TERMEZ), documents.frame(TERMEZ)
    assert frame is not None
    again = framed(triples, TERMEZ, frame, documents.context)
    assert written(again) == written(documents.tree(TERMEZ))


def test_the_context_goes_by_its_url_or_inside(documents: Documents) -> None:
    tree = documents.tree(TERMEZ)
    assert (
        json.loads(written(tree, "https://h.example/context.jsonld"))["@context"] == "https://h.example/context.jsonld"
    )
    assert json.loads(written(tree))["@context"]["label"]["@container"] == "@language"


@pytest.mark.parametrize("path", sorted((REPOSITORY / "ontology/frames").glob("*.jsonld")), ids=lambda path: path.stem)
def test_every_key_of_a_frame_is_a_key_of_the_context(path: Path) -> None:
    frame, context = json.loads(path.read_text()), json.loads((REPOSITORY / "ontology/context.jsonld").read_text())
    assert frame["@context"] == f"{BASE}context.jsonld"
    assert set(frame) - {"@context"} <= set(context["@context"])


# ---- any publication


def frames(folder: Path, **files: str) -> tuple[Frame, ...]:
    (folder / "ontology/frames").mkdir(parents=True)
    for name, text in files.items():
        (folder / f"ontology/frames/{name}.jsonld").write_text(text)
    return read_frames(Publication(folder, Settings(base=EX)), CONTEXT)


def test_the_frame_of_the_narrowest_class_is_taken(tmp_path: Path) -> None:
    read = frames(tmp_path, city='{"type": "City"}', town='{"type": "Town"}')
    counts = {f"{EX}City": 10, f"{EX}Town": 2}
    assert frame_for(read, set(counts), counts) == read[1]
    assert frame_for(read, {f"{EX}City"}, counts) == read[0]
    assert frame_for(read, {f"{EX}Village"}, counts) is None


@pytest.mark.parametrize("text", ["nonsense", "[]", "{}", '{"type": "Nowhere"}', '{"type": 5}'])
def test_a_frame_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingError, match=r"frames/city\.jsonld"):
        frames(tmp_path, city=text)


def test_what_has_no_place_in_the_tree_is_included(tmp_path: Path) -> None:
    (frame,) = frames(tmp_path, city='{"type": "City", "clubs": {}}')
    data = """<https://example.org/a> a <https://example.org/City> ; <https://example.org/size> 12, 012 .
      <https://example.org/c> <https://example.org/in> <https://example.org/a> .
      <https://example.org/d> <https://example.org/near> <https://example.org/a> ."""
    triples = [quad.triple for quad in ox.parse(data, ox.RdfFormat.TURTLE)]
    tree = framed(triples, f"{EX}a", frame, CONTEXT)
    assert triples_in(tree) == set(triples)
    assert tree["clubs"] == [{"id": "ex:c"}]
    assert tree["@included"] == [{"id": "ex:d", "ex:near": {"id": "ex:a"}}]


def test_things_that_are_linked_crosswise_do_not_multiply(tmp_path: Path) -> None:
    (frame,) = frames(tmp_path, city='{"type": "City"}')
    crosswise = [f"<{EX}{level}-{one}> <{EX}p> <{EX}{level + 1}-{other}> ."
                 for level in range(5) for one in range(8) for other in range(8)]  # fmt: skip
    root = [f"<{EX}a> <{EX}p> <{EX}0-{one}> ." for one in range(8)]
    triples = [quad.triple for quad in ox.parse("\n".join([*root, *crosswise]), ox.RdfFormat.N_TRIPLES)]
    tree = framed(triples, f"{EX}a", frame, CONTEXT)
    assert triples_in(tree) == set(triples)
    assert len(json.dumps(tree)) < 100_000


TERMS = {"ex": EX, "Club": "ex:Club", "in": {"@id": "ex:in", "@type": "@id"},
         "name": {"@id": "ex:name", "@container": "@language"}, "since": {"@id": "ex:since", "@type": "xsd:gYear"},
         "xsd": "http://www.w3.org/2001/XMLSchema#"}  # fmt: skip
UNFIT = [
    # what the context holds besides, what the frame holds besides, file and key
    ({"@base": "kb/"}, {}, "context.jsonld: its @base"), ({"@base": ""}, {}, "context.jsonld: its @base"),
    ({"@base": 5}, {}, "context.jsonld: its @base"), ({"@vocab": 5}, {}, 'context.jsonld: at "@vocab"'),
    ({"@propagate": False}, {}, 'context.jsonld: at "@propagate"'), ({"bad": 5}, {}, 'context.jsonld: at "bad"'),
    ({"@import": "http://e/"}, {}, 'context.jsonld: at "@import"'), ({"@direction": "rtl"}, {}, 'at "@direction"'),
    ({"in": {"@id": "ex:in", "@type": "@id", "@context": "http://e/"}}, {}, 'context.jsonld: at "in"'),
    ({}, {"@embed": "@last"}, 'frames/club.jsonld: at "@embed"'), ({}, {"in": 5}, 'frames/club.jsonld: at "in"'),
    ({}, {"in": []}, 'frames/club.jsonld: at "in"'), ({}, {"name": {"en": {}}}, 'frames/club.jsonld: at "name"'),
    ({}, {"in": {"@context": "http://e/"}}, 'frames/club.jsonld: at "in"'), ({}, {"@reverse": 5}, 'at "@reverse"'),
    ({}, {"@type": "Unknown"}, "frames/club.jsonld: must name"),
]  # fmt: skip


def with_context(folder: Path, context: dict[str, Any], frame: dict[str, Any]) -> Publication:
    (folder / "ontology" / "frames").mkdir(parents=True)
    (folder / "ontology" / "context.jsonld").write_text(json.dumps({"@context": TERMS | context}))
    (folder / "ontology" / "frames" / "club.jsonld").write_text(json.dumps({"@type": "Club", "in": {}} | frame))
    return Publication(folder, Settings(base=EX))


@pytest.mark.parametrize(("context", "frame", "place"), UNFIT)
def test_what_no_document_can_be_made_with_is_named_before_anybody_asks(
    tmp_path: Path, context: dict[str, Any], frame: dict[str, Any], place: str
) -> None:
    with pytest.raises(SettingError) as problem:
        check_trees(with_context(tmp_path, context, frame))
    assert place in str(problem.value)


@pytest.mark.parametrize("context", [
    {}, {"@base": EX}, {"@base": None}, {"@vocab": None}, {"@vocab": EX}, {"@language": None}, {"@version": 1.1},
    {"back": {"@reverse": "ex:in"}}, {"in": {"@id": "ex:in", "@container": "@set", "@type": "@id"}}, {"id": "@id"},
])  # fmt: skip
def test_what_documents_can_be_made_with_passes(tmp_path: Path, context: dict[str, Any]) -> None:
    check_trees(with_context(tmp_path, context, {"@embed": "@once", "unknown": {}}))


def test_the_flagship_passes(flagship_publication: Publication) -> None:
    check_trees(flagship_publication)


def test_a_base_is_not_taken_from_a_context_that_documents_name_by_url(tmp_path: Path) -> None:
    assert "@base" not in (read_context(with_context(tmp_path, {"@base": EX}, {})) or {})


@pytest.mark.parametrize(("file", "text"), [
    ("context.jsonld", "{"), ("context.jsonld", '{"@context": {"bad": 5}}'), ("frames/club.jsonld", "{"),
    ("frames/club.jsonld", '{"@type": "Club", "in": 5}'),
])  # fmt: skip
def test_what_is_edited_after_a_build_costs_no_page(publication: Write, file: str, text: str) -> None:
    ours = publication({
        "hamkor.toml": f'base = "{EX}"', "data/a.ttl": f"<{EX}id/a> a <{EX}Club> ; <{EX}in> <{EX}id/b> .",
        "ontology/context.jsonld": json.dumps({"@context": TERMS}), "ontology/frames/club.jsonld": '{"@type": "Club"}',
    })  # fmt: skip
    build(ours)
    (ours.root / "ontology" / file).write_text(text)
    client = create_app(ours).test_client()
    answer = client.get("/doc/a.jsonld?context=inline")
    assert answer.status_code == 200
    triples = {quad.triple for quad in ox.parse(answer.data, ox.RdfFormat.JSON_LD)}
    assert ox.Triple(ox.NamedNode(f"{EX}id/a"), ox.NamedNode(f"{EX}in"), ox.NamedNode(f"{EX}id/b")) in triples
    assert client.get("/doc/a.ttl").status_code == client.get("/", headers={"Accept": "text/html"}).status_code == 200


def test_a_build_refuses_what_documents_cannot_be_made_with(publication: Write) -> None:
    files = {"hamkor.toml": f'base = "{EX}"', "data/a.ttl": f"<{EX}id/a> a <{EX}Club> ."}
    with pytest.raises(SettingError, match=r"context\.jsonld: its @base"):
        build(publication(files | {"ontology/context.jsonld": '{"@context": {"@base": "kb/"}}'}))
