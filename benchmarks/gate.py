"""The gate: a registry with 23 property shapes and some hundred bad nodes, judged by Hamkor and by plain pySHACL.

    python -m benchmarks.gate [--triples 890000] [--runs 3] [--alone] [--write]

Both get the same two files, a process of their own, and must report the same results (focus node, path, value,
constraint component); where they differ there are no figures. pySHACL runs once, since it takes minutes; ``--alone``
leaves it out. Goals: at least 50 times faster, at most half the memory.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from benchmarks.build import Places, generate
from benchmarks.machine import head
from benchmarks.measure import Command, Measurement, measure
from benchmarks.quads import BASE, PREFIXES
from benchmarks.section import RESULTS, WORK, publish, table

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


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, default=890_000, help="of the registry (default 890000)")
    parser.add_argument("--runs", type=int, default=3, help="of Hamkor (default 3)")
    parser.add_argument("--alone", action="store_true", help="leave plain pySHACL out")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    data, shapes = written(options.triples)
    programs = Path(sys.executable).parent
    ours = (str(programs / "hamkor"), "validate", str(data), "--shapes", str(shapes), "--format", "turtle")
    theirs = (str(programs / "pyshacl"), "-s", str(shapes), "-df", "nt", "-f", "turtle", str(data))
    runs = [judged("hamkor", ours, WORK / "gate-hamkor.ttl") for _ in range(options.runs)]
    rows = [("hamkor validate", *_cells(Measurement.median([each for each, _ in runs])), len(runs[0][1]))]
    ratios = []
    if not options.alone:
        plain, expected = judged("pySHACL", theirs, WORK / "gate-pyshacl.ttl")
        if expected != runs[0][1]:
            raise SystemExit(f"no figures: the results differ, as in {sorted(expected ^ runs[0][1])[:3]}")
        rows.append(("pySHACL", *_cells(plain), len(expected)))
        ratios = _goals(Measurement.median([each for each, _ in runs]), plain)
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


def _goals(ours: Measurement, plain: Measurement) -> list[str]:
    times, memory = plain.wall / ours.wall, ours.largest / plain.largest
    rows = (
        ("times as fast", f"{times:.1f}", f"≥ {TIMES}", "met" if times >= TIMES else "**missed**"),
        ("memory", f"{memory:.2f}", f"≤ {MEMORY}", "met" if memory <= MEMORY else "**missed**"),
    )
    return [table(("hamkor beside pySHACL", "ratio", "goal", ""), rows)]


if __name__ == "__main__":
    main()
