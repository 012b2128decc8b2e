"""The gate: a registry with 23 property shapes and some hundred bad nodes, judged by Hamkor and by plain pySHACL.

    python -m benchmarks.gate [--triples 890000] [--runs 3] [--alone] [--write]

Each gets the same two files, a process of its own, and must report the same results (focus node, path, value,
constraint component); where they differ there are no figures. Two things are timed: the whole, from the start of the
process to the report, and the judging alone: pySHACL's ``validate()`` over a graph that it has read, and the gate as a
build has it, over store and index that a release needs anyway. pySHACL runs once, since it takes minutes; ``--alone``
leaves it out. Goals: at least 50 times faster, at most half the memory. Ratios are those of processor time, since other
work on a machine makes whoever takes longer wait more.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Final

import pyoxigraph as ox
import pyshacl
from rdflib import Graph

from benchmarks.build import Places, generate
from benchmarks.machine import head
from benchmarks.measure import Command, Measurement, measure
from benchmarks.quads import BASE, PREFIXES
from benchmarks.section import RESULTS, WORK, publish, table
from graph.model.publication import open_publication
from graph.model.rdf_terms import CATALOG_GRAPH, graph_iri
from graph.model.settings import LimitSettings
from graph.pipeline.build import build, file_of_user
from graph.pipeline.steps import usable_shapes
from graph.releases.exact_forms import open_forms
from graph.releases.index_loading import index_in_making
from graph.releases.store import reading
from graph.sources.reader import read_source
from graph.validation.incremental import validate_index
from graph.validation.validated_graph import ValidatedData

TIMES, MEMORY = 50, 0.5
BAD: Final = 711
SH: Final = "http://www.w3.org/ns/shacl#"
SHAPES: Final = (
    "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
    + f"""@prefix sh: <{SH}> .
hk:ClubShape a sh:NodeShape ; sh:targetClass hk:ParentsClub ;
  sh:property [ sh:path rdfs:label ; sh:minCount 3 ; sh:datatype rdf:langString ; sh:uniqueLang true ] ,
    [ sh:path hk:asWritten ; sh:maxCount 1 ; sh:datatype xsd:string ; sh:minLength 5 ] ,
    [ sh:path schema:foundingDate ; sh:maxCount 1 ; sh:datatype xsd:gYearMonth ] ,
    [ sh:path hk:foundedEarliest ; sh:minCount 1 ; sh:datatype xsd:date ; sh:lessThanOrEquals hk:foundedLatest ] ,
    [ sh:path hk:foundedLatest ; sh:maxCount 1 ; sh:datatype xsd:date ] ,
    [ sh:path hk:city ; sh:minCount 1 ; sh:maxCount 1 ; sh:class schema:City ] ,
    [ sh:path hk:region ; sh:maxCount 1 ; sh:class schema:AdministrativeArea ] ,
    [ sh:path hk:project ; sh:class hk:Project ] ,
    [ sh:path hk:targetGroup ; sh:nodeKind sh:IRI ; sh:class skos:Concept ] ,
    [ sh:path hk:numberOfMembers ; sh:maxCount 1 ; sh:datatype xsd:integer ; sh:minInclusive 1 ] ,
    [ sh:path dct:subject ; sh:minCount 1 ; sh:class skos:Concept ] ,
    [ sh:path foaf:homepage ; sh:nodeKind sh:IRI ] ;
  sh:or ( [ sh:path hk:city ; sh:minCount 1 ] [ sh:path hk:region ; sh:minCount 1 ] ) .
hk:PersonShape a sh:NodeShape ; sh:targetClass foaf:Person ;
  sh:property [ sh:path foaf:name ; sh:minCount 1 ; sh:minLength 3 ] ,
    [ sh:path foaf:givenName ; sh:maxCount 1 ; sh:pattern "^[A-Z]" ] ,
    [ sh:path foaf:familyName ; sh:maxCount 1 ; sh:pattern "^[A-Z]" ] .
hk:MembershipShape a sh:NodeShape ; sh:targetClass org:Membership ;
  sh:property [ sh:path org:member ; sh:minCount 1 ; sh:class foaf:Person ] ,
    [ sh:path org:organization ; sh:minCount 1 ; sh:maxCount 1 ; sh:class hk:ParentsClub ] ,
    [ sh:path org:role ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path schema:startDate ; sh:maxCount 1 ; sh:datatype xsd:date ] .
hk:CountShape a sh:NodeShape ; sh:targetClass hk:MemberCount ;
  sh:property [ sh:path hk:countedClub ; sh:minCount 1 ; sh:class hk:ParentsClub ] ,
    [ sh:path hk:memberCount ; sh:minCount 1 ; sh:datatype xsd:integer ; sh:minInclusive 0 ] ,
    [ sh:path hk:countEarliest ; sh:lessThanOrEquals hk:countLatest ] .
hk:CityShape a sh:NodeShape ; sh:targetClass schema:City ;
  sh:property [ sh:path schema:containedInPlace ; sh:minCount 1 ; sh:class schema:AdministrativeArea ] .
"""
)
DAMAGE: Final = (
    "id:club/club-{n} hk:numberOfMembers 0 .",
    'id:club/club-{n} schema:foundingDate "spring 2014" .',
    'id:club/club-{n} rdfs:label "Another name"@en .',
    "id:club/club-{n} hk:city id:person/person-{n} .",
    'id:club/club-{n} hk:foundedEarliest "2999-01-01"^^xsd:date .',
    'id:club/club-{n} hk:targetGroup "everybody" .',
    'id:person/person-{n} foaf:givenName "nobody" .',
    "id:membership/person-{n}-contact-person org:member id:club/club-{n} .",
    "id:member-count/club-{n}-1 hk:memberCount -3 .",
)
"""What is said besides of every so-manieth thing; each line is a violation.

None is a literal that its datatype does not have, such as "spring"^^xsd:gYearMonth: plain pySHACL takes those of some
datatypes for valid, against SHACL 4.1.2, and Hamkor does not. So equal results here say nothing of these.
"""


def written(triples: int) -> tuple[Path, Path]:
    """Return the data and the shapes as files, made where they are not there yet."""
    data, shapes = WORK / f"gate-{triples}.nt", WORK / "gate-shapes.ttl"
    shapes.write_text(SHAPES, encoding="utf-8")
    if not data.exists():
        source = generate(Places(triples))
        with source.open("rb") as quads, data.with_suffix(".part").open("wb") as out:
            out.writelines(line[: line.rindex(b" <")] + b" .\n" for line in quads)
            out.writelines(_damage())
        data.with_suffix(".part").rename(data)
    return data, shapes


def _damage() -> Iterator[bytes]:
    prefixes = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
    for n in range(BAD):
        line = DAMAGE[n % len(DAMAGE)].format(n=n).replace("id:", f"<{BASE}id/", 1)
        subject, _, rest = line.partition(" ")
        verb, _, rest = rest.partition(" ")
        value = rest.removesuffix(" .")
        value = f"<{BASE}id/{value[3:]}>" if value.startswith("id:") else value
        found = ox.parse(f"{prefixes}{subject}> {verb} {value} .", ox.RdfFormat.TURTLE)
        yield ox.serialize([each.triple for each in found], format=ox.RdfFormat.N_TRIPLES) or b""


def results(report: Path) -> set[tuple[str, ...]]:
    """Return what a report in Turtle says: focus node, path, value, component of each result."""
    store = ox.Store()
    store.load(report.read_bytes(), ox.RdfFormat.TURTLE)
    query = f"""SELECT ?focus ?path ?value ?component WHERE {{
      ?result <{SH}focusNode> ?focus ; <{SH}sourceConstraintComponent> ?component .
      OPTIONAL {{ ?result <{SH}resultPath> ?path }} OPTIONAL {{ ?result <{SH}value> ?value }} }}"""
    return {tuple(str(each) for each in row) for row in store.query(query)}  # type: ignore[union-attr]


def judged(name: str, arguments: tuple[str, ...], report: Path) -> tuple[Measurement, set[tuple[str, ...]]]:
    """Run a validator whose standard output is its report, and which ends with 1 where it found something."""
    line = " ".join(arguments) + f" > {report}; test $? -le 1"
    found = measure(Command(name, ("/bin/sh", "-c", line)), timeout=7200)
    return found, results(report)


# The judging alone, in a process of its own, which writes its report, and how long it took without reading and imports.


def judge(name: str, data: Path, shapes: Path, report: Path) -> None:
    """Judge the data; write the report, and beside it the seconds that judging took: processor, wall."""
    text, processor, wall = JUDGES[name](data, shapes)
    report.write_bytes(text)
    report.with_suffix(".json").write_text(json.dumps([processor, wall]), encoding="ascii")


def _by_pyshacl(data: Path, shapes: Path) -> tuple[bytes, float, float]:
    graph, rules = Graph().parse(data, format="nt"), Graph().parse(shapes, format="turtle")
    begun = time.process_time(), time.perf_counter()
    _, found, _ = pyshacl.validate(graph, shacl_graph=rules)
    took = time.process_time() - begun[0], time.perf_counter() - begun[1]
    return found.serialize(format="turtle", encoding="utf-8"), *took  # type: ignore[union-attr]


def _by_the_gate(data: Path, shapes: Path) -> tuple[bytes, float, float]:
    root = data.with_suffix("")
    (root / "data").mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.link(data, root / "data" / data.name)
    release = build(open_publication(root))
    base = release.manifest.base
    limits, file = LimitSettings(), file_of_user(shapes, base, "shapes")
    chunks = list(read_source(file, base=base, limits=limits))
    begun = time.process_time(), time.perf_counter()
    rules = usable_shapes(chunks, [file], base=base, limits=limits)
    with reading(release.store) as store, index_in_making(release.folder) as index:
        validated = ValidatedData(store, open_forms(release.folder), frozenset({graph_iri(base, CATALOG_GRAPH)}), base)
        found = validate_index(validated, rules, index, base=base)
    took = time.process_time() - begun[0], time.perf_counter() - begun[1]
    return found.turtle(), *took


JUDGES: Final = {"gate": _by_the_gate, "pyshacl": _by_pyshacl}


def judged_alone(name: str, data: Path, shapes: Path) -> tuple[Measurement, tuple[float, float], set[tuple[str, ...]]]:
    """Return what the process took in all, what judging took in it, and what it found."""
    report = WORK / f"gate-{name}.ttl"
    arguments = (sys.executable, "-m", "benchmarks.gate", "--judge", name, str(data), str(shapes), str(report))
    whole = measure(Command(name, arguments), timeout=7200)
    processor, wall = json.loads(report.with_suffix(".json").read_text(encoding="ascii"))
    return whole, (processor, wall), results(report)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, default=890_000, help="of the registry (default 890000)")
    parser.add_argument("--runs", type=int, default=3, help="of Hamkor (default 3)")
    parser.add_argument("--alone", action="store_true", help="leave plain pySHACL out")
    parser.add_argument("--judge", nargs=4, metavar=("WHO", "DATA", "SHAPES", "REPORT"), help="for its own processes")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    if options.judge:
        judge(options.judge[0], *map(Path, options.judge[1:]))
        return
    WORK.mkdir(exist_ok=True)
    data, shapes = written(options.triples)
    program = str(Path(sys.executable).parent / "hamkor")
    ours = (program, "validate", str(data), "--shapes", str(shapes), "--format", "turtle")
    runs = [judged("hamkor", ours, WORK / "gate-hamkor.ttl") for _ in range(options.runs)]
    judging = [judged_alone("gate", data, shapes) for _ in range(options.runs)]
    whole, expected = Measurement.median([each for each, _ in runs]), runs[0][1]
    alone = tuple(median(each[place] for _, each, _ in judging) for place in (0, 1))
    found = [("hamkor validate", expected), ("the gate in a build", judging[0][2])]
    rows = [
        ("hamkor validate", *_cells(whole), len(expected)),
        ("the gate in a build", f"{alone[1]:.1f}", f"{alone[0]:.2f}", "", len(judging[0][2])),
    ]
    ratios = []
    if not options.alone:
        plain, theirs, said = judged_alone("pyshacl", data, shapes)
        found.append(("pySHACL", said))
        rows += [
            ("pySHACL, reading included", *_cells(plain), len(said)),
            ("its `validate()` alone", f"{theirs[1]:.1f}", f"{theirs[0]:.1f}", "", len(said)),
        ]
        ratios = _goals(whole, plain, theirs[0] / alone[0])
    for name, each in found:
        if each != expected:
            raise SystemExit(f"no figures: the results of {name} differ, as in {sorted(expected ^ each)[:3]}")
    columns = (
        f"{options.triples:,} triples, {BAD} bad nodes",
        "wall s",
        "processor s",
        "largest process MB",
        "results",
    )
    text = "\n\n".join([head(), table(columns, rows), *ratios])
    publish("gate", text, RESULTS if options.write else None)


def _cells(found: Measurement) -> tuple[str, str, str]:
    return f"{found.wall:.1f}", f"{found.user + found.system:.1f}", f"{found.largest / 2**20:,.0f}"


def _goals(ours: Measurement, plain: Measurement, judging: float) -> list[str]:
    whole = (plain.user + plain.system) / (ours.user + ours.system)
    memory = ours.largest / plain.largest
    rows = (
        ("times as fast, the whole", f"{whole:.1f}", f"≥ {TIMES}", "met" if whole >= TIMES else "**missed**"),
        ("times as fast, judging alone", f"{judging:.1f}", f"≥ {TIMES}", "met" if judging >= TIMES else "**missed**"),
        ("memory, the whole", f"{memory:.2f}", f"≤ {MEMORY}", "met" if memory <= MEMORY else "**missed**"),
    )
    return [table(("hamkor beside pySHACL", "ratio", "goal", ""), rows)]


if __name__ == "__main__":
    main()
