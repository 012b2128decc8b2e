"""Downloads: files of a release over HTTP, whole and in part, in every format, with checksums that are right."""

from __future__ import annotations

import base64
import gzip
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import duckdb
import httpx
import pyoxigraph as ox
import pytest
from rdflib import Dataset

from graph.export.documents import SERIALISATIONS
from graph.releases.dumps import FORMS, graph_dumps, whole_dumps
from tests.endpoint.conftest import BASE
from tests.endpoint.serving import Served, serving, write

CATALOG = f"{BASE}graph/catalog"
FILES = {
    "hamkor.toml": f'base = "{BASE}"\n',
    "data/clubs.ttl": f"""@prefix ex: <{BASE}ns#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
        ex:termez a ex:Club ; ex:members "014"^^xsd:nonNegativeInteger ; ex:name "Клуб"@ru . ex:a ex:b ex:c .""",
    "data/more.nt": f"<{BASE}ns#a> <{BASE}ns#b> <{BASE}ns#c> .\n<{BASE}ns#a> <{BASE}ns#b> 'd' .\n".replace("'", '"'),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two graphs that share a triple, all of whose properties have names in XML."""
    with serving(write(tmp_path_factory.mktemp("downloads"), FILES)) as running:
        yield running


def quads(text: bytes, form: object) -> set[ox.Quad]:
    return set(ox.parse(gzip.decompress(text), SERIALISATIONS[form]))  # type: ignore[index]


def members(served: Served) -> set[ox.Quad]:
    release = served.release
    return {
        quad
        for each in release.manifest.graphs if each.iri != CATALOG
        for quad in ox.parse(gzip.decompress((release.folder / each.file).read_bytes()), ox.RdfFormat.N_QUADS)
    }  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_all_data_can_be_had_in_each_format(small: Served, form: object) -> None:
    (dump,) = [each for each in whole_dumps(small.release.manifest) if each.form is form]
    answer = small.get(f"/downloads/{dump.name}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/gzip")
    found, expected = quads(answer.content, form), members(small)
    if dump.form.kind == "dataset":
        assert found == expected
    else:
        assert {each.triple for each in found} == {each.triple for each in expected}
        assert len(list(ox.parse(gzip.decompress(answer.content), SERIALISATIONS[dump.form]))) == len(found)


def test_all_data_as_n_quads_are_the_members_one_behind_the_other(small: Served) -> None:
    release = small.release
    parts = [(release.folder / each.file).read_bytes() for each in release.manifest.graphs if each.iri != CATALOG]
    assert small.get("/downloads/dataset.nq.gz").content == b"".join(parts)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_graph_can_be_had_in_each_format(small: Served, form: object) -> None:
    entry = small.release.entry(f"{BASE}graph/clubs")
    (dump,) = [each for each in graph_dumps(entry) if each.form is form]
    found = quads(small.get(f"/downloads/{dump.name}").content, form)
    assert {each.triple for each in found} == {
        each.triple for each in members(small) if each.graph_name == ox.NamedNode(entry.iri)
    }


@pytest.mark.parametrize("name", ["dataset", "graphs/clubs", "graphs/catalog"])
def test_statements_can_be_had_as_a_table(small: Served, name: str, tmp_path: Path) -> None:
    answer = small.get(f"/downloads/{name}.parquet")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/vnd.apache.parquet")
    assert answer.headers["Content-Disposition"].endswith(f'{name.rpartition("/")[2]}-{small.release.id}.parquet"')
    (tmp_path / "t.parquet").write_bytes(answer.content)
    columns = "subject, predicate, object, coalesce(language, datatype), graph"
    found = duckdb.sql(f"SELECT {columns} FROM '{tmp_path / 't.parquet'}'").fetchall()
    expected = ox.parse(gzip.decompress(small.get(f"/downloads/{name}.nq.gz").content), ox.RdfFormat.N_QUADS)
    assert Counter(found) == Counter(
        (each.subject.value, each.predicate.value, each.object.value,
         (each.object.language or each.object.datatype.value) if isinstance(each.object, ox.Literal) else None,
         each.graph_name.value)
        for each in expected
    )  # fmt: skip


def test_the_list_names_every_file_and_each_is_there(small: Served) -> None:
    listed = small.get("/downloads", "application/json").json()
    assert listed["release"] == small.release.id
    for row in listed["files"]:
        answer = small.get(row["url"].removeprefix(small.url))
        assert answer.status_code == 200, row
    again = small.get("/downloads.json").json()
    for row in again["files"]:
        body = small.get(row["url"].removeprefix(small.url)).content
        assert (row["byteSize"], row["sha256"]) == (len(body), sha256(body).hexdigest())
    page = small.get("/downloads", "text/html")
    assert all(row["sha256"] in page.text for row in again["files"] if not row["graph"] and "class" not in row)


def test_a_file_says_what_it_is(small: Served) -> None:
    answer = small.get("/downloads/graphs/clubs.ttl.gz")
    digest = sha256(answer.content)
    assert answer.headers["ETag"] == f'"{digest.hexdigest()}"'
    assert answer.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="clubs-{small.release.id}.ttl.gz"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert f'<{BASE}dataset>; rel="collection"; type="text/html"' in answer.headers.get_list("Link")


@pytest.mark.parametrize("name", ["dataset.nq.gz", "dataset.ttl.gz", "dataset.parquet", "graphs/clubs.nq.gz"])
def test_head_says_the_same_as_get(small: Served, name: str) -> None:
    get, head = small.get(f"/downloads/{name}"), small.request("HEAD", f"/downloads/{name}")
    assert (head.status_code, head.content) == (200, b"")
    same = ("ETag", "Content-Length", "Repr-Digest", "Last-Modified", "Content-Type")
    assert [head.headers[each] for each in same] == [get.headers[each] for each in same]


RANGES = {
    "bytes=0-9": slice(0, 10), "bytes=5-5": slice(5, 6), "bytes=100-": slice(100, None), "bytes=-7": slice(-7, None),
    "bytes=0-99999999": slice(0, None), "bytes=-99999999": slice(0, None),
}  # fmt: skip


@pytest.mark.parametrize("header", RANGES)
@pytest.mark.parametrize("name", ["dataset.nq.gz", "dataset.trig.gz", "dataset.parquet"])
def test_a_part_is_a_part_of_the_whole(small: Served, name: str, header: str) -> None:
    whole = small.get(f"/downloads/{name}")
    part = small.get(f"/downloads/{name}", headers={"Range": header})
    expected = whole.content[RANGES[header]]
    assert (part.status_code, part.content) == (206, expected)
    assert part.headers["Content-Range"].endswith(f"/{len(whole.content)}")
    assert int(part.headers["Content-Length"]) == len(expected)
    assert part.headers["ETag"] == whole.headers["ETag"]
    assert part.headers["Repr-Digest"] == whole.headers["Repr-Digest"]


@pytest.mark.parametrize("header", ["bytes=0-1,4-5", "pages=1-2", "bytes=a-b", "bytes=9-1", "nonsense", "bytes=-"])
def test_a_range_that_is_not_understood_gets_the_whole(small: Served, header: str) -> None:
    answer = small.get("/downloads/dataset.nq.gz", headers={"Range": header})
    assert answer.status_code == (416 if header == "bytes=9-1" else 200)


@pytest.mark.parametrize("header", ["bytes=99999999-", "bytes=99999999-100000000"])
def test_a_range_behind_the_end_is_416_with_the_size(small: Served, header: str) -> None:
    size = len(small.get("/downloads/dataset.nq.gz").content)
    answer = small.get("/downloads/dataset.nq.gz", "application/json", headers={"Range": header})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}")


def test_a_part_is_resumed_only_of_the_same_file(small: Served) -> None:
    whole = small.get("/downloads/dataset.nq.gz")
    ranged = {"Range": "bytes=10-19"}
    for same in (whole.headers["ETag"], whole.headers["Last-Modified"]):
        assert small.get("/downloads/dataset.nq.gz", headers=ranged | {"If-Range": same}).status_code == 206
    for other in ('"other"', "Wed, 21 Oct 2015 07:28:00 GMT", f"W/{whole.headers['ETag']}"):
        answer = small.get("/downloads/dataset.nq.gz", headers=ranged | {"If-Range": other})
        assert (answer.status_code, answer.content) == (200, whole.content)


def test_a_client_that_has_it_gets_a_304(small: Served) -> None:
    tag = small.get("/downloads/dataset.nq.gz").headers["ETag"]
    answer = small.get("/downloads/dataset.nq.gz", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("name", [
    "nothing.nq.gz", "dataset.csv.gz", "dataset.nq", "dataset.parquet.gz", "graphs/nothing.ttl.gz",
    "graphs/../manifest.json", "../manifest.json", "graphs/clubs.nq.gz.sha256", "%2e%2e/manifest.json",
    "graphs/clubs.ttl.gz/x",
])  # fmt: skip
def test_nothing_else_can_be_had(small: Served, name: str) -> None:
    assert small.get(f"/downloads/{name}").status_code == 404


def test_what_xml_cannot_hold_is_said(served: Served) -> None:
    assert not [each for each in served.get("/downloads.json").json()["files"] if each["name"] == "dataset.rdf.gz"]
    answer = served.get("/downloads/graphs/odd.rdf.gz", "application/json")
    assert answer.status_code == 406
    assert "predicate" in answer.json()["detail"]


def test_two_downloads_of_one_release_are_equal_byte_for_byte(small: Served) -> None:
    first = small.get("/downloads/dataset.ttl.gz").content
    for kept in (small.release.folder / "downloads").rglob("dataset.ttl.gz*"):
        kept.unlink()
    assert small.get("/downloads/dataset.ttl.gz").content == first


def test_a_download_of_a_release_by_its_name_never_changes(small: Served) -> None:
    answer = small.get(f"/release/{small.release.id}/downloads/dataset.nq.gz")
    assert (answer.status_code, answer.content) == (200, small.get("/downloads/dataset.nq.gz").content)
    assert small.get(f"/release/{small.release.id}/downloads/dataset.parquet").status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_the_catalogue_names_files_that_are_there_with_their_checksums(small: Served) -> None:
    catalogue = Dataset()
    catalogue.parse(data=gzip.decompress(small.get("/downloads/graphs/catalog.nq.gz").content), format="nquads")
    found = catalogue.query("""
        PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX spdx: <http://spdx.org/rdf/terms#>
        SELECT ?url ?size ?sum { GRAPH ?g {
          ?x dcat:byteSize ?size ; spdx:checksum/spdx:checksumValue ?sum . OPTIONAL { ?x dcat:downloadURL ?file }
          BIND(COALESCE(?file, ?x) AS ?url) } }""")
    rows = list(found)
    assert len(rows) == len(small.release.manifest.graphs)  # each but the catalogue's, and the whole
    for url, size, checksum in rows:  # type: ignore[misc]
        body: httpx.Response = small.get(f"/{str(url).removeprefix(BASE)}")
        assert (len(body.content), sha256(body.content).hexdigest()) == (int(size), str(checksum).lower())


def test_the_catalogue_describes_the_table_as_no_dump_of_rdf(small: Served) -> None:
    catalogue = ox.Store()
    catalogue.load(gzip.decompress(small.get("/downloads/graphs/catalog.nq.gz").content), ox.RdfFormat.N_QUADS)
    ((url, kind, is_packed, is_rdf),) = catalogue.query(
        """PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX void: <http://rdfs.org/ns/void#>
        PREFIX dct: <http://purl.org/dc/terms/>
        SELECT ?url ?kind ?packed ?rdf {
          ?x dct:format <http://publications.europa.eu/resource/authority/file-type/PARQUET> ;
            dcat:downloadURL ?url ; dcat:mediaType ?kind FILTER(CONTAINS(STR(?url), "/dataset.parquet"))
          BIND(EXISTS { ?x dcat:compressFormat ?any } AS ?packed) BIND(EXISTS { ?d void:dataDump ?url } AS ?rdf) }""",
        use_default_graph_as_union=True,
    )  # type: ignore[misc]
    assert kind.value == "http://www.iana.org/assignments/media-types/application/vnd.apache.parquet"
    assert (is_packed.value, is_rdf.value) == ("false", "false")
    assert small.get(f"/{url.value.removeprefix(BASE)}").headers["Content-Type"] == kind.value.partition("types/")[2]


def test_a_large_file_is_made_beside_the_service(tmp_path: Path) -> None:
    lines = "".join(f'<http://e/{n}> <http://e/p> "{sha256(str(n).encode()).hexdigest()}" .\n' for n in range(30_000))
    with serving(write(tmp_path, {"data/many.nt": lines})) as running:
        for _ in range(20):
            answer = running.get("/downloads/dataset.ttl.gz", "application/json")
            assert answer.status_code in (200, 503)
            if answer.status_code == 200:
                break
            assert int(answer.headers["Retry-After"]) > 0
        assert len(quads(answer.content, FORMS[2])) == 30_000
