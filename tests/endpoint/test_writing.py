"""Graphs are written over HTTP: what each method does, answers and refuses; what is written is what is read."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from graph.releases.release import ReleasesFolder
from tests.endpoint.contributing import BASE, CLUB, Writer, publication, writer
from tests.endpoint.serving import Served, serving

UPDATE = "application/sparql-update"
TURTLE = {"Content_Type": "text/turtle"}
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def open_to_others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A publication with shapes to which others write."""
    with serving(publication(tmp_path_factory.mktemp("open"))) as running:
        yield running


@pytest.fixture(scope="module")
def ngo(open_to_others: Served) -> Writer:
    """An NGO with a place for its graphs."""
    return writer(open_to_others, "ngo-x/*")


@pytest.fixture(scope="module")
def everything(open_to_others: Served) -> Writer:
    """Somebody who may write every graph."""
    return writer(open_to_others, "*")


def test_a_new_graph_is_created_and_can_be_read_at_once(ngo: Writer) -> None:
    answer = ngo.put("/graph/ngo-x/first", CLUB.format(name="nukus"))
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{ngo.served.url}/graph/ngo-x/first"
    assert "Club of nukus" in ngo.turtle("/graph/ngo-x/first")
    assert ngo.ask(f"<{BASE}id/club/nukus> ?p ?o")
    read = ngo.send("GET", "/graph/ngo-x/first")
    assert read.headers["X-Hamkor-Release"] == answer.headers["X-Hamkor-Release"]


def test_a_put_replaces_and_a_post_adds(ngo: Writer) -> None:
    path = "/graph/ngo-x/second"
    assert ngo.put(path, CLUB.format(name="one")).status_code == 201
    assert ngo.put(path, CLUB.format(name="two")).status_code == 204
    assert "Club of one" not in ngo.turtle(path)
    assert ngo.send("POST", path, CLUB.format(name="three"), **TURTLE).status_code == 204
    assert {"Club of two", "Club of three"} <= set(re.findall(r"Club of \w+", ngo.turtle(path)))
    assert ngo.send("DELETE", path).status_code == 204
    assert ngo.send("GET", path).status_code == 404
    assert not ngo.ask(f"<{BASE}id/club/two> ?p ?o")
    assert ngo.send("DELETE", path).status_code == 404


def test_the_same_again_makes_no_release(ngo: Writer) -> None:
    first = ngo.put("/graph/ngo-x/same", CLUB.format(name="same"))
    again = ngo.put("/graph/ngo-x/same", CLUB.format(name="same"))
    assert (first.status_code, again.status_code) == (201, 204)
    assert first.headers["X-Hamkor-Release"] == again.headers["X-Hamkor-Release"]


COMMENT = b"# clubs @prefix e: <http://e/> . e:a e:b e:c ."
WITHOUT_TRIPLES: dict[str, tuple[str, bytes, dict[str, str], str]] = {
    "a comment": ("PUT", COMMENT, TURTLE, "--data-binary"),
    "a comment, added": ("POST", COMMENT, TURTLE, "--data-binary"),
    "a comment in gzip": ("PUT", gzip.compress(COMMENT), TURTLE | {"Content_Encoding": "gzip"}, "--data-binary"),
    "a prefix": ("PUT", b"@prefix e: <http://e/> .\n# e:a e:b e:c .\n", TURTLE, "PUT without a body"),
    "a blank": ("PUT", b" ", TURTLE, "PUT without a body"),
    "an empty graph": ("PUT", b"<http://e/g> { }", {"Content_Type": "application/trig"}, "DELETE"),
    "lines of comments": ("PUT", b"# a\n# b\n", {"Content_Type": "application/n-triples"}, "DELETE"),
    "an empty object": ("PUT", b"{}", {"Content_Type": "application/ld+json"}, "DELETE"),
    "keys that mean nothing": ("PUT", b'{"name": "A"}', {"Content_Type": "application/ld+json"}, "@context"),
    "an empty element": (
        "PUT", b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
        {"Content_Type": "application/rdf+xml"}, "DELETE",
    ),
    "a comment for PATCH": ("PATCH", b"# INSERT DATA { <a> a <c> }", {"Content_Type": UPDATE}, "--data-binary"),
}  # fmt: skip


@pytest.mark.parametrize("what", WITHOUT_TRIPLES)
def test_a_document_without_a_triple_changes_nothing(ngo: Writer, what: str) -> None:
    method, body, headers, said = WITHOUT_TRIPLES[what]
    assert ngo.put("/graph/ngo-x/full", CLUB.format(name="full")).status_code in {201, 204}
    answer = ngo.send(method, "/graph/ngo-x/full", body, **headers)
    assert answer.status_code == 400
    assert said in answer.text
    assert "Club of full" in ngo.turtle("/graph/ngo-x/full")
    if method == "PUT":
        checked = ngo.send("POST", "/validate", body, **headers)
        assert (checked.status_code, said in checked.text) == (400, True)


def test_a_put_without_a_body_empties_a_graph_on_purpose(ngo: Writer) -> None:
    assert ngo.put("/graph/ngo-x/full", CLUB.format(name="full")).status_code in {201, 204}
    assert ngo.put("/graph/ngo-x/full", "").status_code == 204
    assert "Club of full" not in ngo.turtle("/graph/ngo-x/full")
    assert ngo.send("POST", "/validate", b"", **TURTLE).status_code == 400


KEYS = f"""{{"@context": {{"name": "http://www.w3.org/2000/01/rdf-schema#label"}},
 "@id": "{BASE}id/club/keys", "name": "Keys",
 "phone": ["+998 1", "+998 2"]}}"""
LINES = b'<http://e/a> <http://e/b> "1" . # clubs <http://e/c> <http://e/d> "2" .'


def test_what_is_left_out_is_named_in_the_answer(ngo: Writer) -> None:
    headers = {"Content_Type": "application/ld+json"}
    judge = f"/validate?graph={BASE}graph/ngo-x/keys"
    answer = ngo.send("PUT", "/graph/ngo-x/keys", KEYS, Accept="application/json", **headers)
    assert answer.status_code == 201, answer.text
    checked = ngo.send("POST", judge, KEYS, Accept="application/json", **headers)
    for report in (answer.json(), checked.json()):
        (told,) = report["results"]
        assert report["conforms"]
        assert 'the key "phone" stands for no IRI in the @context; statements left out: 2' in told["messages"]["en"]
        assert (told["severity"], told["line"]) == ("Warning", 3)
    turtle = ngo.send("POST", judge, KEYS, Accept="text/turtle", **headers).text
    assert "sh:resultSeverity sh:Warning" in turtle
    assert "phone" in turtle


def test_a_comment_that_takes_statements_with_it_is_told(ngo: Writer) -> None:
    answer = ngo.send("PUT", "/graph/ngo-x/line", LINES, Accept="application/json", **TURTLE)
    assert answer.status_code == 201
    assert "--data-binary" in answer.json()["results"][0]["messages"]["en"]


def test_what_json_ld_would_lose_is_refused_with_its_place(ngo: Writer) -> None:
    body = KEYS.replace('"Keys"', '{"@value": "Keys", "@language": "uz_Latn"}')
    answer = ngo.send("PUT", "/graph/ngo-x/lost", body, Content_Type="application/ld+json", Accept="application/json")
    problem = answer.json()
    assert answer.status_code == 400
    assert (problem["line"], problem["column"], problem["pointer"]) == (
        2,
        body.split("\n")[1].index('"uz_Latn"') + 1,
        "/name/@language",
    )
    assert ngo.send("GET", "/graph/ngo-x/lost").status_code == 404


def test_literals_come_back_as_they_were_put(ngo: Writer) -> None:
    lines = (
        '<http://e/s> <http://e/p> "007"^^<http://www.w3.org/2001/XMLSchema#nonNegativeInteger> .\n'
        '<http://e/s> <http://e/p> "1.50"^^<http://www.w3.org/2001/XMLSchema#decimal> .\n'
        '<http://e/s> <http://e/клуб> "Oʻzbekiston\\n\\"quoted\\""@uz .\n'
    )
    answer = ngo.send("PUT", "/graph/ngo-x/exact", lines, Content_Type="application/n-triples")
    assert answer.status_code == 201
    read = ngo.send("GET", "/graph/ngo-x/exact", Accept="application/n-triples").text
    assert sorted(read.splitlines()) == sorted(lines.splitlines())


def test_what_violates_the_shapes_is_not_published(ngo: Writer) -> None:
    nameless = "<http://e/club> a <https://example.org/kb/ns#Club> ."
    before = ngo.send("GET", "/graphs").headers["X-Hamkor-Release"]
    answers = {accept: ngo.put("/graph/ngo-x/bad", nameless, Accept=accept) for accept in REPORTS}
    for accept, answer in answers.items():
        assert answer.status_code == 422
        assert answer.headers["Content-Type"].startswith(accept)
        assert answer.headers["X-Hamkor-Release"] == before
        assert all(text in answer.text for text in REPORTS[accept]), accept
    problem = answers["application/json"].json()
    assert (problem["status"], problem["conforms"]) == (422, False)
    assert problem["results"][0]["messages"]["ru"] == "У клуба нет названия."
    assert ngo.send("GET", "/graph/ngo-x/bad").status_code == 404


REPORTS = {
    "text/turtle": ("sh:conforms false", "http://e/club", "Klubning nomi yoʻq."),
    "application/ld+json": ("http://www.w3.org/ns/shacl#conforms", "http://e/club"),
    "application/json": ("The club has no name.", "not-conforming"),
    "text/html": ("The club has no name.", "http://e/club"),
}


def test_warnings_pass_and_are_shown(ngo: Writer) -> None:
    noted = CLUB.format(name="noted") + f"<{BASE}id/club/noted> <{BASE}ns#note> 'x'@en ."
    answer = ngo.put("/graph/ngo-x/noted", noted)
    assert answer.status_code == 201
    assert "Notes are better left out." in answer.text
    assert "sh:conforms true" in answer.text


OVERREACHING = {
    "describing another's thing": f"<{BASE}id/club/termez> <http://www.w3.org/2000/01/rdf-schema#label> 'Ours'@en .",
    "retitling the dataset": f"<{BASE}dataset> <http://purl.org/dc/terms/title> 'Ours'@en .",
    "licensing the dataset": f"<{BASE}dataset> <http://purl.org/dc/terms/license> <http://licences.example/none> .",
    "naming the publisher": f"<{BASE}dataset#publisher> <http://xmlns.com/foaf/0.1/name> 'NGO X'@en .",
    "claiming another's graph": f"<{BASE}graph/clubs> <http://purl.org/dc/terms/creator> <{BASE}id/ngo-x> .",
    "making two things one": f"<{BASE}id/club/termez> <http://www.w3.org/2002/07/owl#sameAs> <{BASE}id/club/urgench> .",
}


@pytest.mark.parametrize("what", OVERREACHING)
def test_a_contribution_may_not_overreach(ngo: Writer, what: str) -> None:
    answer = ngo.put("/graph/ngo-x/over", OVERREACHING[what])
    assert answer.status_code == 422
    assert OVERREACHING[what].split("> ")[0].removeprefix("<") in answer.text


@pytest.mark.parametrize("what", ["retitling the dataset", "claiming another's graph", "describing another's thing"])
def test_an_update_may_not_overreach_either(ngo: Writer, what: str) -> None:
    text = f"INSERT DATA {{ GRAPH <{BASE}graph/ngo-x/over> {{ {OVERREACHING[what]} }} }}"
    assert ngo.send("POST", "/update", text, Content_Type="application/sparql-update").status_code == 422


NO_NAMES = {
    "a segment of dots": "ngo-x/../evil",
    "an encoded segment of dots": "ngo-x/%2E%2e/evil",
    "an empty segment": "ngo-x//a",
    "a slash at the end": "ngo-x/",
    "a fragment": "ngo-x/a#b",
    "a query": "ngo-x/a?b",
    "a zero byte": "ngo-x/a%00",
    "a line break": "ngo-x/a%0Ab",
    "no UTF-8": "ngo-x/%FF",
    "too long": "ngo-x/" + "a" * 3000,
}
DOORS = {
    "insert data": "INSERT DATA {{ GRAPH <{iri}> {{ <urn:a> <urn:b> 1 }} }}",
    "insert where": "INSERT {{ GRAPH <{iri}> {{ <urn:a> <urn:b> 1 }} }} WHERE {{}}",
    "with": "WITH <{iri}> INSERT {{ <urn:a> <urn:b> 1 }} WHERE {{}}",
    "create": "CREATE GRAPH <{iri}>",
    "copy": "COPY <https://example.org/kb/graph/clubs> TO <{iri}>",
    "by a variable": "INSERT {{ GRAPH ?g {{ <urn:a> <urn:b> 1 }} }} WHERE {{ BIND(IRI('{iri}') AS ?g) }}",
}


@pytest.mark.parametrize("fault", NO_NAMES)
@pytest.mark.parametrize("way", DOORS)
def test_no_graph_of_such_a_name_is_made_by_an_update(ngo: Writer, everything: Writer, way: str, fault: str) -> None:
    iri = f"{BASE}graph/{NO_NAMES[fault]}"
    who = everything if way == "by a variable" else ngo
    answer = who.send("POST", "/update", DOORS[way].format(iri=iri), Content_Type="application/sparql-update")
    assert answer.status_code == 400, answer.text
    assert "can be no graph" in answer.text
    assert not ngo.ask(f'GRAPH ?g {{ ?s ?p ?o }} FILTER(STR(?g) = "{iri}")')


@pytest.mark.parametrize("fault", NO_NAMES)
def test_nor_by_a_request_that_names_it(ngo: Writer, fault: str) -> None:
    where = urlencode({"graph": f"{BASE}graph/{NO_NAMES[fault]}"})
    assert ngo.put(f"/graphs?{where}", CLUB.format(name="odd")).status_code == 400
    assert (
        ngo.send("POST", f"/validate?{where}", CLUB.format(name="odd"), Content_Type="text/turtle").status_code == 400
    )


def test_a_path_that_begins_with_two_slashes_is_written_by_nobody(ngo: Writer) -> None:
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        answer = ngo.send(method, "//graph/ngo-x/first", CLUB.format(name="odd"), Content_Type="text/turtle")
        assert answer.status_code == 404


def test_a_contribution_may_link(ngo: Writer) -> None:
    link = f"<{BASE}id/club/termez> <http://www.w3.org/2002/07/owl#sameAs> <http://www.wikidata.org/entity/Q1> ."
    assert ngo.put("/graph/ngo-x/links", link).status_code == 201


BROKEN = {
    "text/turtle": (b"<http://e/s> <http://e/p>\n  <http://e/o", 2),
    "application/n-triples": (b"<http://e/s> <http://e/p> <http://e/o> .\nno", 2),
    "application/ld+json": (b'{"@id": "http://e/s",\n "http://e/p": }', 2),
    "application/rdf+xml": (b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\n<x>", 2),
    "application/trig": (b"<http://e/g> {\n <http://e/s> }", 2),
    "application/n-quads": (b"<http://e/s> .", 1),
}


@pytest.mark.parametrize("media_type", BROKEN)
def test_a_syntax_error_is_named_with_its_place(ngo: Writer, media_type: str) -> None:
    body, line = BROKEN[media_type]
    answer = ngo.send("PUT", "/graph/ngo-x/broken", body, Content_Type=media_type, Accept="application/json")
    assert answer.status_code == 400
    assert answer.json()["line"] == line
    assert "column" in answer.json()


UNREAD = {
    "a type that is not read": {"Content_Type": "application/pdf"},
    "CSV": {"Content_Type": "text/csv"},
    "a form": {"Content_Type": "application/x-www-form-urlencoded"},
    "another character set": {"Content_Type": "text/turtle; charset=utf-16"},
    "another content coding": {"Content_Type": "text/turtle", "Content_Encoding": "br"},
}


@pytest.mark.parametrize("what", UNREAD)
def test_what_is_not_read_is_415_and_says_what_is(ngo: Writer, what: str) -> None:
    answer = ngo.send("PUT", "/graph/ngo-x/unread", CLUB.format(name="x"), **UNREAD[what])
    assert answer.status_code == 415
    assert "text/turtle" in answer.headers["Accept-Post"]


def test_a_patch_takes_updates_only(ngo: Writer) -> None:
    ngo.put("/graph/ngo-x/patched", CLUB.format(name="patched"))
    answer = ngo.send("PATCH", "/graph/ngo-x/patched", CLUB.format(name="x"), **TURTLE)
    assert answer.status_code == 415
    assert answer.headers["Accept-Patch"] == UPDATE


def test_a_patch_changes_its_graph_and_no_other(ngo: Writer) -> None:
    path, link = "/graph/ngo-x/patch", "<http://e/a> <http://e/b>"
    assert ngo.send("PATCH", path, "INSERT DATA { }", Content_Type=UPDATE).status_code == 404
    ngo.put(path, f"{link} 01 .")
    update = "DELETE { ?s ?p ?o } INSERT { ?s ?p 02, ?more } WHERE { ?s ?p ?o BIND(?o + 2 AS ?more) }"
    assert ngo.send("PATCH", path, update, Content_Type=UPDATE).status_code == 204
    read = ngo.send("GET", path, Accept="application/n-triples").text
    assert sorted(re.findall(r'"(\w+)"', read)) == ["02", "3"]
    other = f"INSERT DATA {{ GRAPH <{BASE}graph/ngo-x/first> {{ {link} 3 }} }}"
    assert ngo.send("PATCH", path, other, Content_Type=UPDATE).status_code == 422
    assert ngo.send("PATCH", path, "DELETE WHERE {", Content_Type=UPDATE).status_code == 400
    itself = f"WITH <{BASE}graph/{path[7:]}> DELETE {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o }}"
    assert ngo.send("PATCH", path, itself, Content_Type=UPDATE).status_code == 204
    assert "<http://e/a>" not in ngo.turtle(path)


def test_preconditions(ngo: Writer) -> None:
    path = "/graph/ngo-x/conditional"
    assert ngo.put(path, CLUB.format(name="a"), If_Match="*").status_code == 412
    assert ngo.put(path, CLUB.format(name="a"), If_None_Match="*").status_code == 201
    assert ngo.put(path, CLUB.format(name="b"), If_None_Match="*").status_code == 412
    tags = [ngo.send("GET", path, Accept=each).headers["ETag"] for each in ("text/turtle", "application/ld+json")]
    assert len(set(tags)) == 2
    assert ngo.put(path, CLUB.format(name="b"), If_Match='"other"').status_code == 412
    assert ngo.put(path, CLUB.format(name="b"), If_Match=f"W/{tags[0]}").status_code == 412
    assert ngo.put(path, CLUB.format(name="b"), If_None_Match=tags[0]).status_code == 412
    assert ngo.put(path, CLUB.format(name="b"), If_Match=f'"x", {tags[1]}').status_code == 204
    assert ngo.send("DELETE", path, If_Match=tags[0]).status_code == 412
    assert ngo.send("DELETE", path, If_Match="*").status_code == 204


def test_a_post_to_the_store_makes_a_graph_in_the_contributor_s_place(ngo: Writer) -> None:
    answer = ngo.send("POST", "/graphs", CLUB.format(name="made"), **TURTLE)
    assert answer.status_code == 201
    assert answer.headers["Location"].startswith(f"{ngo.served.url}/graph/ngo-x/")
    assert "Club of made" in ngo.turtle(answer.headers["Location"].removeprefix(ngo.served.url))
    assert ngo.send("POST", "/graphs", b"", **TURTLE).status_code == 204


def test_gzip_is_undone(ngo: Writer) -> None:
    body = gzip.compress(CLUB.format(name="small").encode()[:40]) + gzip.compress(
        CLUB.format(name="small").encode()[40:]
    )
    assert ngo.send("PUT", "/graph/ngo-x/zipped", body, Content_Encoding="gzip", **TURTLE).status_code == 201
    assert "Club of small" in ngo.turtle("/graph/ngo-x/zipped")


def test_an_update_writes_several_graphs_as_one_release(ngo: Writer) -> None:
    graphs = [f"{BASE}graph/ngo-x/update-{number}" for number in (1, 2)]
    update = " ".join(f"GRAPH <{graph}> {{ <http://e/s> <http://e/p> 1 }}" for graph in graphs)
    form = urlencode({"update": f"INSERT DATA {{ {update} }}"})
    answer = ngo.send("POST", "/update", form, Content_Type="application/x-www-form-urlencoded")
    assert answer.status_code == 204
    assert all(ngo.send("GET", f"/graphs?graph={graph}").status_code == 200 for graph in graphs)
    moved = f"MOVE <{graphs[0]}> TO <{BASE}graph/ngo-x/update-3> ; DROP GRAPH <{graphs[1]}>"
    assert ngo.send("POST", "/update", moved, Content_Type=UPDATE).status_code == 204
    assert [ngo.ask(f"GRAPH <{graph}> {{ ?s ?p ?o }}") for graph in graphs] == [False, False]


BAD_UPDATES = {
    "GET": ("GET", "/update", b"", {}, 405),
    "several": ("POST", "/update", b"update=CLEAR+DEFAULT&update=CLEAR+DEFAULT", FORM, 400),
    "none": ("POST", "/update", b"x=1", FORM, 400),
    "another media type": ("POST", "/update", b"CLEAR DEFAULT", {"Content_Type": "text/plain"}, 415),
    "no media type": ("POST", "/update", b"CLEAR DEFAULT", {}, 415),
    "no UTF-8": ("POST", "/update", "INSERT DATA { }".encode("utf-16"), {"Content_Type": UPDATE}, 400),
    "a syntax error": (
        "POST", "/update", f"INSERT DATA {{ GRAPH <{BASE}graph/ngo-x/u> {{ <s> }} }}".encode(),
        {"Content_Type": UPDATE}, 400,
    ),
    "two datasets": (
        "POST", "/update?using-graph-uri=http://e/g",
        f"INSERT {{ GRAPH <{BASE}graph/ngo-x/u> {{ ?s ?p ?o }} }} USING <http://e/g> WHERE {{ ?s ?p ?o }}".encode(),
        {"Content_Type": UPDATE}, 400,
    ),
    "a relative dataset": ("POST", "/update?using-graph-uri=g", b"CLEAR DEFAULT", {"Content_Type": UPDATE}, 400),
    "a document from elsewhere": ("POST", "/update", b"LOAD <http://127.0.0.1:9/>", {"Content_Type": UPDATE}, 403),
    "a graph out of scope": ("POST", "/update", b"CLEAR DEFAULT", {"Content_Type": UPDATE}, 403),
    "an update at the query service": ("POST", "/sparql", b"update=CLEAR+DEFAULT", FORM, 400),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_UPDATES)
def test_an_update_is_refused(ngo: Writer, what: str) -> None:
    method, path, body, headers, status = BAD_UPDATES[what]
    assert ngo.send(method, path, body, **headers).status_code == status


def test_the_dataset_of_the_protocol(ngo: Writer) -> None:
    source, target = f"{BASE}graph/clubs", f"{BASE}graph/ngo-x/using"
    update = f"INSERT {{ GRAPH <{target}> {{ ?s <http://e/seen> true }} }} WHERE {{ ?s ?p 'Club of Termez'@en }}"
    path = f"/update?using-graph-uri={source}"
    assert (
        ngo.send("POST", path, update.replace("?s <http", "<http://e/x> <http"), Content_Type=UPDATE).status_code == 204
    )
    assert "http://e/x" in ngo.turtle("/graph/ngo-x/using")


WHAT_IS_WRITTEN = {
    "/graph/clubs": 403, "/graph/shapes": 403, "/graph/ontology": 403, "/graph/catalog": 403, "/graph/entailed": 403,
    "/graph/provenance": 403, "/id/club/termez": 405, "/sparql": 405, "/dataset": 405, "/health": 405,
}  # fmt: skip


@pytest.mark.parametrize("path", WHAT_IS_WRITTEN)
def test_some_graphs_are_never_written_over_http(open_to_others: Served, path: str) -> None:
    everybody = writer(open_to_others, "*")
    answer = everybody.put(path, CLUB.format(name="x"))
    assert answer.status_code == WHAT_IS_WRITTEN[path]
    if answer.status_code == 405:
        assert "GET" in answer.headers["Allow"]
        assert "PUT" not in answer.headers["Allow"]


def test_another_writer_is_a_conflict(ngo: Writer) -> None:
    with ReleasesFolder(ngo.served.folder / ".hamkor" / "releases").staging():
        answer = ngo.put("/graph/ngo-x/busy", CLUB.format(name="busy"))
    assert answer.status_code == 409
    assert int(answer.headers["Retry-After"]) > 0
    assert ngo.put("/graph/ngo-x/busy", CLUB.format(name="busy")).status_code == 201


def test_two_who_write_at_once_lose_nothing(ngo: Writer) -> None:
    names = [f"at-once-{number}" for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda name: ngo.put(f"/graph/ngo-x/{name}", CLUB.format(name=name)), names))
    while late := [name for name, answer in zip(names, answers, strict=True) if answer.status_code in (409, 503)]:
        answers = [ngo.put(f"/graph/ngo-x/{name}", CLUB.format(name=name)) if name in late else answer
                   for name, answer in zip(names, answers, strict=True)]  # fmt: skip
    assert {answer.status_code for answer in answers} <= {201, 204}
    assert all(ngo.ask(f"<{BASE}id/club/{name}> ?p ?o") for name in names)


def test_validation_is_open_to_everybody_and_writes_nothing(open_to_others: Served) -> None:
    stranger, nameless = Writer(open_to_others), "<http://e/club> a <https://example.org/kb/ns#Club> ."
    before = stranger.send("GET", "/graphs").headers["X-Hamkor-Release"]
    for accept, texts in REPORTS.items():
        answer = stranger.send("POST", "/validate", nameless, Accept=accept, **TURTLE)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(accept)
        assert texts[0] in answer.text
    good = stranger.send("POST", "/validate", CLUB.format(name="good"), Accept="application/json", **TURTLE)
    assert good.json() == {"conforms": True, "results": [], "checked": {f"{BASE}ns#Club": 1}}
    over = stranger.send("POST", "/validate", OVERREACHING["describing another's thing"], **TURTLE)
    assert "sh:conforms false" in over.text
    assert stranger.send("POST", "/validate", "<", **TURTLE).status_code == 400
    assert stranger.send("GET", "/graphs").headers["X-Hamkor-Release"] == before
    assert "multipart/form-data" in stranger.send("GET", "/validate", Accept="text/html").text
