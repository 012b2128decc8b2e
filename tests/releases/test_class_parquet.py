"""Classes as Parquet: the columns of their tables, typed where every value fits, and nothing lost."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyoxigraph as ox
import pytest
from writing import Write

from graph.export.views import rows, table_of
from graph.model.errors import FormatError, ReleaseError
from graph.model.publication import open_publication
from graph.model.rdf_terms import RDF_TYPE, XSD
from graph.pipeline.build import build
from graph.pipeline.write import Put, publish
from graph.releases import indexed_things, parquet_files
from graph.releases.indexed_things import said_by_index
from graph.releases.parquet_files import ClassContent, write_class_table
from graph.releases.release import Release, current_release
from graph.sources.batches import Chunk

EX = "https://example.org/"
KIND = f"{EX}Club"
PREFIXES = f"@prefix ex: <{EX}> . @prefix xsd: <{XSD}> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
FILES = {
    "hamkor.toml": "",
    "data/clubs.ttl": PREFIXES + """
ex:b a ex:Club ; ex:whole 1, 2 ; ex:one 9223372036854775807 ; ex:big 9223372036854775808 ; ex:dec 1.50, -12.345 ;
  ex:dbl 1.5e3, "INF"^^xsd:double ; ex:flt "0.1"^^xsd:float ; ex:yes true ; ex:on "2014-02-03"^^xsd:date ;
  ex:at "2014-02-03T04:05:06.123456Z"^^xsd:dateTime ; ex:local "2014-02-03T04:05:06"^^xsd:dateTime ;
  ex:zoned "2014-02-03T04:05:06+05:00"^^xsd:dateTime ; ex:year "2014"^^xsd:gYear ; ex:text "", "a", "b|c" ;
  ex:says "hi"@en, "salom"@uz-Latn, "salom"@UZ-latn, "left"@en--ltr, "مرحبا"@ar--rtl ; ex:in ex:x, ex:y, ex:nowhere ;
  ex:odd "abc"^^xsd:integer, 5 ; ex:month "spring"^^xsd:gYearMonth ;
  ex:far "12345-01-01"^^xsd:date, "2014-01-01"^^xsd:date ;
  ex:bad "2014-02-30"^^xsd:date ; ex:own "x"^^ex:wkt ; ex:mixed 1, "one", "one"@en, ex:x ;
  ex:told <<( ex:s ex:p "q\\"\\n" )>> .
ex:a a ex:Club ; ex:whole 3 ; ex:in [ rdfs:label "nameless" ] ; ex:label_en "a name that is taken" ; ex:id 1 ; ex:Id 2 .
ex:қ a ex:Club ; rdfs:label "Қ"@ru .
ex:x rdfs:label "X"@en, "Икс"@ru . ex:y rdfs:label "Y" . ex:nowhere rdfs:label ""@en .
ex:other ex:whole 7 .""",
    "data/again.ttl": f"<{EX}b> a <{KIND}> ; <{EX}whole> 1 .",
}  # fmt: skip


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("clubs")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return build(open_publication(folder))


def made(release: Release, folder: Path, *properties: str, kind: str = KIND) -> duckdb.DuckDBPyRelation:
    target = folder / "class.parquet"
    write_class_table(release.folder, ClassContent(kind, properties, ("en", "ru")), target, {"release": "r"})
    assert [each.name for each in folder.iterdir()] == [target.name]
    return duckdb.sql(f"FROM '{target}'")


def records(found: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


TYPED: dict[str, tuple[str, object]] = {
    "whole": ("BIGINT[]", [1, 2]),
    "one": ("BIGINT", 9223372036854775807),
    "big": ("VARCHAR", "9223372036854775808"),
    "dec": ("DECIMAL(5,3)[]", [Decimal("-12.345"), Decimal("1.500")]),
    "dbl": ("DOUBLE[]", [1500.0, float("inf")]),
    "flt": ("FLOAT", pytest.approx(0.1)),
    "yes": ("BOOLEAN", True),
    "on": ("DATE", date(2014, 2, 3)),
    "at": ("TIMESTAMP WITH TIME ZONE", datetime(2014, 2, 3, 4, 5, 6, 123456, tzinfo=UTC)),
    "local": ("TIMESTAMP", datetime(2014, 2, 3, 4, 5, 6)),
    "zoned": ("VARCHAR", "2014-02-03T04:05:06+05:00"),
    "year": ("VARCHAR", "2014"),
    "text": ("VARCHAR[]", ["", "a", "b|c"]),
    "says_en": ("VARCHAR", "hi"),
    "says_en_ltr": ("VARCHAR", "left"),
    "says_uz_latn": ("VARCHAR", "salom"),
    "says_ar_rtl": ("VARCHAR", "مرحبا"),
    "in": ("VARCHAR[]", [f"{EX}nowhere", f"{EX}x", f"{EX}y"]),
    "in_name": ("VARCHAR[]", [None, "X", "Y"]),
    "odd": ("VARCHAR[]", ["5", "abc"]),
    "month": ("VARCHAR", "spring"),
    "far": ("VARCHAR[]", ["12345-01-01", "2014-01-01"]),
    "bad": ("VARCHAR", "2014-02-30"),
    "own": ("VARCHAR", "x"),
    "mixed": ("VARCHAR", f"{EX}x"),
    "mixed_name": ("VARCHAR", "X"),
    "mixed_integer": ("BIGINT", 1),
    "mixed_string": ("VARCHAR", "one"),
    "mixed_en": ("VARCHAR", "one"),
    "told": ("VARCHAR", f'<<( <{EX}s> <{EX}p> "q\\"\\n" )>>'),
}
"""Column → its type, and the cell of one thing."""


def test_columns_have_the_type_that_all_their_values_fit(release: Release, tmp_path: Path) -> None:
    found = made(release, tmp_path)
    types = dict(zip(found.columns, map(str, found.types), strict=True))
    (row,) = [each for each in records(found) if each["id"] == f"{EX}b"]
    assert {name: (types[name], row[name]) for name in TYPED} == TYPED


def test_rows_are_the_things_in_order_and_no_name_stands_twice(release: Release, tmp_path: Path) -> None:
    found = made(release, tmp_path)
    assert [each["id"] for each in records(found)] == [f"{EX}a", f"{EX}b", f"{EX}қ"]
    assert len({each.lower() for each in found.columns}) == len(found.columns)
    (row,) = [each for each in records(found) if each["id"] == f"{EX}a"]
    assert (row["Id_2"], row["id_3"], row["in_name"], row["text"]) == (2, 1, ["nameless"], None)


def test_a_table_shows_the_properties_that_are_asked_for_in_their_order(release: Release, tmp_path: Path) -> None:
    found = made(release, tmp_path, f"{EX}says", f"{EX}none", f"{EX}whole")
    assert found.columns == ["id", "says_ar_rtl", "says_en", "says_en_ltr", "says_uz_latn", "whole"]


def test_a_table_says_what_its_columns_are(release: Release, tmp_path: Path) -> None:
    made(release, tmp_path, f"{EX}in", f"{EX}says", f"{EX}whole")
    found = dict(duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{tmp_path / 'class.parquet'}')").fetchall())
    assert (found[b"release"], found[b"class"]) == (b"r", KIND.encode())
    columns = json.loads(found[b"columns"])
    assert columns["in_name"] == {"property": f"{EX}in", "shows": "name"}
    assert columns["says_uz_latn"] == {"property": f"{EX}says", "shows": "text", "language": "uz-latn"}
    assert columns["whole"] == {"property": f"{EX}whole", "shows": "text", "datatype": f"{XSD}integer"}


@pytest.mark.parametrize("at_once", [1, 2, 1000])
def test_a_table_is_the_same_however_many_rows_are_made_at_once(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    expected = (made(release, tmp_path).fetchall(), (tmp_path / "class.parquet").read_bytes())
    monkeypatch.setattr(parquet_files, "MOST_ROWS_AT_ONCE", at_once)
    assert (made(release, tmp_path).fetchall(), (tmp_path / "class.parquet").read_bytes()) == expected


def test_a_table_of_too_many_columns_is_refused(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "MOST_COLUMNS", 3)
    with pytest.raises(FormatError, match="3 are the most"):
        made(release, tmp_path)


def test_a_release_without_an_index_says_so(release: Release, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="earlier version and has no triple index"):
        write_class_table(tmp_path, ClassContent(KIND), tmp_path / "t", {})


def test_a_table_after_a_publish_sees_what_came_and_went(
    built: Write, tmp_path_factory: pytest.TempPathFactory
) -> None:
    opened = built(FILES)
    lines = f'<{EX}new> <{RDF_TYPE}> <{KIND}> .\n<{EX}b> <{EX}one> "x" .\n'.encode()
    publish(opened, [Put(opened.graph("ngo/a"), [Chunk(opened.graph("ngo/a"), lines)])])
    found = made(current_release(opened), tmp_path_factory.mktemp("out"))
    (row,) = [each for each in records(found) if each["id"] == f"{EX}b"]
    assert (len(found), row["one_integer"], row["one_string"]) == (4, 9223372036854775807, "x")
    check_cells(current_release(opened), KIND)


# Generated data: the columns of the table that the store gives, and every value of its things in the right one.

IRIS = [ox.NamedNode(f"{EX}{name}") for name in ("x", "y", "қ")]
FORMS = ("1", "-7", "007", "1.50", "1e3", "true", "abc", "2014-02-03", "2014-02-30", "9" * 20, "2014-02-03T04:05:06Z",
         "2014-02-03T04:05:06", "NaN", "-INF", "2014", "0.000000000000000001")  # fmt: skip
DATATYPES = ("integer", "decimal", "double", "float", "boolean", "date", "dateTime", "gYear", "int")
CLASSES = 30


def drawn(random: Random) -> ox.NamedNode | ox.Literal:
    kind = random.randrange(5)
    if kind == 0:
        return random.choice(IRIS)
    if kind == 1:
        return ox.Literal("".join(random.choices('ab"\\|\n\t\x01қ😀', k=random.randint(1, 4))))
    if kind == 2:
        return ox.Literal(random.choice(["a", 'q"\\']), language=random.choice(["en", "uz-latn"]))
    return ox.Literal(random.choice(FORMS), datatype=ox.NamedNode(XSD + random.choice(DATATYPES)))


def generated() -> str:
    """Several classes, each with few properties, of few kinds of terms: so that some columns fit a type."""
    random = Random(7)  # noqa: S311  it is to be the same each time
    lines = [f'<{EX}x> <http://www.w3.org/2000/01/rdf-schema#label> "X" .']
    for number in range(CLASSES):
        for thing in "abc":
            lines.append(f"<{EX}{number}/{thing}> <{RDF_TYPE}> <{KIND}{number}> .")
        few = [drawn(random) for _ in range(random.choice([1, 2, 4]))]
        lines += [
            f"<{EX}{number}/{random.choice('abc')}> <{EX}{random.choice('pq')}> {random.choice(few)} ."
            for _ in range(random.randrange(10))
        ]
    return "\n".join(dict.fromkeys(lines)) + "\n"


@pytest.fixture(scope="module")
def of_classes(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("classes")
    (folder / "data").mkdir()
    (folder / "data" / "a.nt").write_text(generated(), encoding="utf-8")
    return build(open_publication(folder))


@pytest.mark.parametrize("number", range(CLASSES))
def test_every_value_is_in_its_column(of_classes: Release, tmp_path: Path, number: int) -> None:
    store, kind = of_classes.store, f"{KIND}{number}"
    found, table = made(of_classes, tmp_path, kind=kind), table_of(store, kind, [])
    assert found.columns == ["id", *(each.name for each in table.columns if each.place <= 0)]
    shown = {each.name: each for each in table.columns}
    got, expected = Counter[tuple[str, str, str, str]](), Counter[tuple[str, str, str, str]]()
    types = dict(zip(found.columns, map(str, found.types), strict=True))
    for row in records(found):
        for name, column in shown.items():
            if column.kind != "name" and column.place <= 0:
                for value in row[name] if isinstance(row[name], list) else [row[name]]:
                    if value is not None:
                        key = row["id"], column.property.predicate, column.language or column.datatype
                        got[*key, repr(value)] += 1
    kinds = {(each.property.predicate, each.language or each.datatype): types[each.name] for each in table.columns
             if each.kind != "name" and each.place <= 0}  # fmt: skip
    for thing in table.things:
        for quad in store.quads_for_pattern(ox.NamedNode(thing), None, None, ox.DefaultGraph()):
            if quad.predicate.value != RDF_TYPE:
                term = quad.object
                kind = (term.language or term.datatype.value) if isinstance(term, ox.Literal) else ""
                value = read(term.value, kinds[quad.predicate.value, kind])
                expected[thing, quad.predicate.value, kind, repr(value)] += 1
    assert got == expected


def test_the_index_says_of_a_class_what_the_store_says(of_classes: Release, release: Release) -> None:
    for number in range(CLASSES):
        check_cells(of_classes, f"{KIND}{number}")
    check_cells(release, KIND)


def check_cells(release: Release, kind: str) -> None:
    said = said_by_index(release.folder, kind)
    assert said is not None
    table = table_of(release.store, kind, [], said)
    assert table == table_of(release.store, kind, [])
    found = (list(rows(release.store, table, str, each)) for each in (said, None))
    assert next(found) == next(found)


def test_of_too_much_only_the_store_is_asked(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexed_things, "MOST_TRIPLES", 3)
    assert said_by_index(release.folder, KIND) is None


def test_a_release_without_an_index_has_its_store(release: Release, tmp_path: Path) -> None:
    assert said_by_index(tmp_path, KIND) is None


def read(text: str, kind: str) -> object:
    """What a text is in the type of a column, read by Python."""
    kind = kind.removesuffix("[]")
    if kind.startswith("DECIMAL"):
        return Decimal(text).quantize(Decimal(1).scaleb(-int(kind.partition(",")[2].rstrip(")"))))
    readers: dict[str, Callable[[str], object]] = {
        "BIGINT": int, "DOUBLE": float, "FLOAT": lambda each: struct.unpack("f", struct.pack("f", float(each)))[0],
        "BOOLEAN": lambda each: each == "true", "DATE": date.fromisoformat, "TIMESTAMP": datetime.fromisoformat,
        "TIMESTAMP WITH TIME ZONE": lambda each: datetime.fromisoformat(each).astimezone(ZoneInfo("Etc/UTC")),
    }  # fmt: skip
    return readers[kind](text) if kind in readers else text
