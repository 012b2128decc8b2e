"""A publication large enough to be validated from its index: the report is the one that pySHACL gives on everything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from writing import Write

from graph.model.errors import HamkorError, SourceError
from graph.model.publication import SourceFile
from graph.model.settings import LimitSettings
from graph.pipeline.build import LARGE, MOST_REWRITTEN, build, check, file_of_user
from graph.releases.release import Release
from graph.sources.batches import Chunk
from graph.sources.reader import read_source
from graph.validation.conformance import validate

SHAPES = """
@prefix : <http://e/> . @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:Person a sh:NodeShape ; sh:targetClass :Person ; sh:message "person" ; sh:severity sh:Warning ;
    sh:property [ sh:path :age ; sh:datatype xsd:int ; sh:maxInclusive 99 ; sh:severity %s ; sh:message "age" ] ,
        [ sh:path :knows ; sh:class :Person ; sh:severity sh:Warning ; sh:message "knows" ] .
"""
PEOPLE = LARGE // 3 + 1
BASE = "http://e/"
READING: Mapping[str, Any] = {"base": BASE, "limits": LimitSettings()}


def data() -> str:
    """People; every thousandth is odd, and every two thousandth age is a number of another kind."""
    lines = ["@prefix : <http://e/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> ."]
    for number in range(PEOPLE):
        known = number + 1 if number % 1000 and number + 1 < PEOPLE else "x"
        kind = "int" if number % 2000 else "short"
        lines.append(f':p{number} a :Person ; :age "{number % 100}"^^xsd:{kind} ; :knows :p{known} .')
    return "\n".join(lines)


def source(file: Path, text: str) -> SourceFile:
    file.write_text(text, encoding="utf-8")
    return file_of_user(file, BASE)


def members(release: Release, shapes: bool) -> dict[str, list[Chunk]]:
    iris = [each.iri for each in release.manifest.graphs if not each.iri.endswith("/graph/catalog")]
    return {iri: list(release.read_graph(iri)) for iri in iris if iri.endswith("/graph/shapes") is shapes}


@pytest.mark.parametrize("most", [MOST_REWRITTEN, 100])
def test_a_large_publication_is_validated_from_an_index(
    publication: Write, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("graph.pipeline.build.MOST_REWRITTEN", most)
    release = build(publication({"data/people.ttl": data(), "shapes/people.ttl": SHAPES % "sh:Warning"}))
    (shapes,) = members(release, shapes=True).values()
    whole = validate(members(release, shapes=False), shapes, base=release.manifest.base)
    assert release.manifest.triples > LARGE
    assert release.manifest.warnings == len(whole.results) == 12


def test_a_large_publication_with_violations_is_not_released(publication: Write, tmp_path: Path) -> None:
    made = publication({"data/people.ttl": data(), "shapes/people.ttl": SHAPES % "sh:Violation"})
    with pytest.raises(HamkorError, match="4 violations"):
        build(made)
    assert not list(tmp_path.rglob("manifest.json"))


def test_large_files_without_a_publication_are_judged_by_sets(tmp_path: Path) -> None:
    about = '@prefix : <http://e/> . :p0 :knows :px . :p1 :age "x" ; :knows _:b . :p3 a :Person ; :age 3 .'
    texts = {"people.ttl": data(), "more.ttl": about, "shapes.ttl": SHAPES % "sh:Violation"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    *files, shapes = (file_of_user(tmp_path / name, BASE) for name in texts)
    report = check(files, [shapes], base=BASE, limits=LimitSettings())
    read = {each.name: list(read_source(each, base=BASE, limits=LimitSettings())) for each in (*files, shapes)}
    whole = validate({each.name: read[each.name] for each in files}, read[shapes.name], base=BASE)
    assert report.results == whole.results
    assert {len(each.files) for each in report.results} == {1, 2}


def test_n_triples_are_judged_as_they_lie_and_as_the_parser_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = b"".join(chunk.triples for chunk in read_source(source(tmp_path / "x.ttl", data()), **READING))
    more = '<http://e/p0> <http://e/knows> <http://e/px> .\n<http://e/p1> <http://e/age> "\\u0078"@uz-Latn .\n'
    files = [source(tmp_path / "people.nt", lines.decode()), source(tmp_path / "more.nt", more)]
    shapes = source(tmp_path / "shapes.ttl", SHAPES % "sh:Violation")
    (tmp_path / "people.nt").rename(tmp_path / "peo%[ple.nt")  # as no pattern of names
    files[0] = file_of_user(tmp_path / "peo%[ple.nt", BASE)
    read = {each.name: list(read_source(each, **READING)) for each in (*files, shapes)}
    whole = validate({each.name: read[each.name] for each in files}, read[shapes.name], base=BASE)
    with monkeypatch.context() as patched:
        patched.setattr("graph.pipeline.build._spooled", lambda *_: pytest.fail("they were parsed"))
        assert check(files, [shapes], **READING).results == whole.results
    blank = source(tmp_path / "blank.nt", "_:a <http://e/knows> <http://e/p1> .\n")
    assert check([*files, blank], [shapes], **READING).results == whole.results
    broken = source(tmp_path / "broken.nt", more + "and so on\n")
    with pytest.raises(SourceError, match=r"broken.nt:3"):
        check([*files, broken], [shapes], **READING)
