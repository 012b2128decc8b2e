"""The W3C's tests of CSVW to RDF: what the minimal mode gives for each, and why the rest is otherwise here.

Results of the standard mode are compared by what their rows describe, without the nodes of tables and rows.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pyoxigraph as ox
import pytest

from graph.model.errors import SourceError
from graph.sources.csvw.conversion import read_table

SUITE = Path(__file__).resolve().parents[3] / "shared" / "suites" / "csvw"
PLACE = "http://www.w3.org/2013/csvw/tests/"
CSVW = "http://www.w3.org/ns/csvw#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
GENID = "/.well-known/genid/"
MANIFEST = SUITE / "manifest-rdf.jsonld"
ENTRIES: list[dict[str, Any]] = json.loads(MANIFEST.read_bytes())["entries"] if MANIFEST.is_file() else []
WARNED = {each["id"].partition("#")[2]: each for each in ENTRIES if each["type"] == "csvt:ToRdfTestWithWarnings"}
PLAIN = {each["id"].partition("#")[2]: each for each in ENTRIES if each["type"] == "csvt:ToRdfTest"}

OTHERWISE = {
    "test116": "a table in a folder has no query in its URL, so the metadata beside it is that of this table",
    "test124": "a header that the metadata does not know is refused: its cells would be taken for another column's",
    "test158": "an exponent is written as in the cell: 0.0E0, and not 0.0e0",
    "test232": "a primary key that stands twice is an error, and not for validators alone",
    "test234": "a primary key that stands twice is an error, and not for validators alone",
}
"""Tests that give something else here, and why."""
REFUSED_VALUES = frozenset(f"test{number}" for number in (157, 160, 162, *range(286, 302)))
"""Tables with a number that its pattern does not allow; the recommendation lets a converter write it as a string."""


def metadata_of(entry: dict[str, Any]) -> str | None:
    """Return the file that describes the tables, found by whoever calls the reader: it looks beside the table only."""
    action, linked = entry["action"].partition("?")[0], entry.get("httpLink", "")
    if action.endswith(".json"):
        return str(action)
    if "metadata" in entry["option"]:
        return str(entry["option"]["metadata"])
    if linked:
        return urljoin(action, linked[1 : linked.index(">")])
    return next(iter(each for each in entry.get("implicit", ()) if each.endswith(".json")), None)


def triples_of(entry: dict[str, Any], folder: Path) -> list[ox.Triple]:
    """Return what the reader makes of all tables of a test, each laid into the folder of its metadata."""
    action, source = entry["action"].partition("?")[0], metadata_of(entry)
    tables = [action]
    if source is not None:
        described = json.loads((SUITE / source).read_bytes())
        context = described.get("@context")
        base = urljoin(source, context[1].get("@base", "") if isinstance(context, list) else "")
        listed = described.get("tables", [described])
        tables = [urljoin(base, each["url"]).partition("?")[0] for each in listed if "url" in each] or tables
        schemas = (each.get("tableSchema") for each in listed)
        for schema in (each for each in schemas if isinstance(each, str)):
            (folder / schema).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile((SUITE / source).parent / schema, folder / schema)
    found = list[ox.Triple]()
    for table in tables:
        target = folder / Path(table).name
        shutil.copyfile(SUITE / table, target)
        if source is not None:
            shutil.copyfile(SUITE / source, target.with_name(target.name + "-metadata.json"))
        found += read_table(target, base=urljoin(PLACE, source or action).rpartition("/")[0] + "/")
    return found


def described(quads: list[ox.Quad]) -> Iterator[ox.Triple]:
    """Yield what rows describe: the triples of a minimal result."""
    if not any(each.predicate.value == CSVW + "describes" for each in quads):
        yield from (each.triple for each in quads)
        return
    waiting = {each.object for each in quads if each.predicate.value == CSVW + "describes"}
    seen = set[Any]()
    while waiting:
        node = waiting.pop()
        seen.add(node)
        for each in quads:
            if each.subject == node:
                yield each.triple
                is_list = each.predicate.value == RDF + "rest" or isinstance(each.object, ox.BlankNode)
                waiting |= {each.object} - seen if is_list else set()


def expected_of(entry: dict[str, Any]) -> list[ox.Triple]:
    """Return what the W3C's result says of rows."""
    base = urljoin(PLACE, entry["action"])
    return list(described(list(ox.parse(path=SUITE / entry["result"], format=ox.RdfFormat.TURTLE, base_iri=base))))


def canonical(triples: list[ox.Triple]) -> set[str]:
    """Return triples as lines that are equal for isomorphic graphs, skolem IRIs read as blank nodes."""

    def node(term: Any) -> Any:  # noqa: ANN401
        if isinstance(term, ox.NamedNode) and GENID in term.value:
            return ox.BlankNode("g" + term.value.encode().hex())
        return term

    graph = ox.Dataset(ox.Quad(node(each.subject), each.predicate, node(each.object)) for each in triples)
    graph.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad) for quad in graph}


@pytest.mark.skipif(not PLAIN, reason="the W3C's suite is not there: shared/suites/csvw")
@pytest.mark.parametrize("name", sorted(PLAIN.keys() - OTHERWISE.keys()))
def test_the_triples_are_the_w3c_s(name: str, tmp_path: Path) -> None:
    assert canonical(triples_of(PLAIN[name], tmp_path)) == canonical(expected_of(PLAIN[name]))


@pytest.mark.skipif(not PLAIN, reason="the W3C's suite is not there: shared/suites/csvw")
@pytest.mark.parametrize("name", OTHERWISE)
def test_what_is_otherwise_here_still_is(name: str, tmp_path: Path) -> None:
    try:
        found = triples_of(PLAIN[name], tmp_path)
    except SourceError:
        return
    assert canonical(found) != canonical(expected_of(PLAIN[name]))


@pytest.mark.skipif(not WARNED, reason="the W3C's suite is not there: shared/suites/csvw")
@pytest.mark.parametrize("name", sorted(REFUSED_VALUES & WARNED.keys()))
def test_a_number_of_another_form_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="of this column's format"):
        triples_of(WARNED[name], tmp_path)
