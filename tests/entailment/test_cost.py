"""A revision costs what the change touches, however much there is beside it."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pyoxigraph as ox
import pytest
from keeping import lines_of

from graph.entailment.materialisation import ConclusionsRevision, entail, entail_change, read_program
from graph.entailment.rules import quad
from graph.sources.batches import UNION, GraphChange, Origin, chunks

REPOSITORY = Path(__file__).resolve().parent.parent.parent
ENTAILED, ONTOLOGY = ox.NamedNode("http://e/entailed"), ox.NamedNode("http://e/ontology")
CLUB = """
@prefix : <http://e/> .
@prefix hk: <https://w3id.org/hamkor/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:club{n} a hk:ParentsClub ; hk:project :project ; hk:city :city{city} .
:city{city} <https://schema.org/containedInPlace> :region .
:count{n} a hk:MemberCount ; hk:countedClub :club{n} ; hk:memberCount {n} ;
    hk:countUnit <https://w3id.org/hamkor/scheme/unit/parents> ; hk:countLatest "2020-01-01"^^xsd:date .
:later{n} a hk:MemberCount ; hk:countedClub :club{n} ; hk:memberCount 9{n} ;
    hk:countUnit <https://w3id.org/hamkor/scheme/unit/parents> ; hk:countLatest "2021-01-01"^^xsd:date .
"""


def clubs(numbers: range) -> set[ox.Triple]:
    turtle = "".join(CLUB.format(n=n, city=n // 10) for n in numbers)
    return {each.triple for each in ox.parse(turtle, ox.RdfFormat.TURTLE)}


def store_with(folder: Path, size: int) -> ox.Store:
    """A store on disk of the flagship's ontology, so many clubs, and what follows."""
    store = ox.Store(folder / str(size))
    for name in ("hamkor.ttl", "rules.ttl"):
        parsed = ox.parse(path=str(REPOSITORY / "ontology" / name))
        for chunk in chunks(parsed, Origin(name, ONTOLOGY.value, "http://e/")):
            store.load(chunk.quads(), ox.RdfFormat.N_QUADS)
            store.load(chunk.triples, ox.RdfFormat.N_TRIPLES)
    store.extend(map(quad, clubs(range(size))))
    entail(store, ENTAILED.value, ONTOLOGY.value)
    return store


@pytest.mark.parametrize("is_loss", [False, True], ids=["coming", "going"])
def test_what_is_looked_up_does_not_grow_with_the_data(tmp_path: Path, *, is_loss: bool) -> None:
    changed, lookups = clubs(range(40, 50)), []
    for size in (100, 1000):
        store = store_with(tmp_path, size)
        if is_loss:
            for each in changed:
                store.remove(quad(each))
        else:
            changed = clubs(range(10_000, 10_010))
            store.extend(map(quad, changed))
        stated, lost = (set[ox.Triple](), changed) if is_loss else (changed, set[ox.Triple]())
        revision = ConclusionsRevision(store, ENTAILED.value, stated, lost)
        for stratum in read_program(store, ONTOLOGY.value, str).strata:
            revision.settle(stratum)
        assert revision.added() or revision.removed()
        revision.undo()
        lookups.append(revision.lookups)
        began = perf_counter()
        entail_change(store, ENTAILED.value, ONTOLOGY.value, GraphChange(UNION, lines_of(stated), lines_of(lost)))
        print(f"{len(changed)} triples change among {len(store)}: {(perf_counter() - began) * 1000:.1f} ms")
    assert lookups[0] == lookups[1]
    assert lookups[0] < 30 * len(changed)
