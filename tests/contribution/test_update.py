"""SPARQL Update: the table of ``cases``, what is legal, who may write what, random updates beside the engine's own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.model.errors import (
    HamkorError,
    OutOfScopeError,
    QueryLimitError,
    QueryRefusedError,
    QuerySyntaxError,
    UpdateError,
)
from graph.model.publication import open_publication
from graph.model.settings import LimitSettings
from graph.parts.contribution.evaluation import UpdateScope, UpdateState, carry_out, check_scope
from graph.parts.contribution.update_reading import read_update
from graph.pipeline.write import Put, publish
from graph.releases.release import Release
from graph.sources.batches import Chunk
from tests.conftest import WHOLE
from tests.contribution.cases import CASES, ILLEGAL, LEGAL, PREFIXES

BASE, NAMES = "https://example.org/kb/", "http://example.org/"
GENID = f"{BASE}.well-known/genid/"


def place_of(name: str) -> str:
    """Below what the graphs of a case are named."""
    return f"{NAMES}{re.sub(r'[^a-z0-9]+', '-', name.lower())}/"


def placed(text: str, place: str) -> str:
    """A text of a case in which its graphs have their own names."""
    return f"{PREFIXES}PREFIX g: <{place}>\n" + re.sub(r"(?<!\w):(g\d)\b", r"g:\1", text)


def parsed(text: str, place: str) -> dict[str, bytes]:
    """The graphs of a case that hold something: their lines, with IRIs for blank nodes, by their IRIs."""
    found: dict[str, list[ox.Triple]] = {}
    for quad in ox.parse(placed(text, place), format=ox.RdfFormat.TRIG):
        name = quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else f"{place}default"
        found.setdefault(name, []).append(quad.triple)
    return {name: skolemised(triples) for name, triples in found.items()}


def skolemised(triples: list[ox.Triple]) -> bytes:
    lines = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    return re.sub(rb"_:(\w+)", rf"<{GENID}\1>".encode(), lines)


@dataclass(frozen=True)
class Prepared:
    """A release with the graphs of all cases."""

    release: Release = field(repr=False)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("cases")
    (folder / "hamkor.toml").write_text(f'base = "{BASE}"')
    publication = open_publication(folder)
    before = (parsed(case.before, place_of(name)) for name, case in CASES.items())
    writes = [Put(iri, (Chunk(iri, text),)) for graphs in before for iri, text in graphs.items()]
    return Prepared(publish(publication, writes).release)


def scope_of(place: str, **more: object) -> UpdateScope:
    known: dict[str, object] = {
        "default": f"{place}default", "may_write": lambda graph: graph.startswith(place), "is_everything": True,
        "base": BASE, "address": f"{BASE}update", "services": {}, "limits": LimitSettings(), "salt": "salt",
    }  # fmt: skip
    return UpdateScope(**(known | more))  # type: ignore[arg-type]


def carried_out(update: str, release: Release, folder: Path, scope: UpdateScope) -> UpdateState:
    state = UpdateState(release, folder)
    operations = read_update(update, base=scope.address, max_tokens=10_000)
    check_scope(operations, scope)
    carry_out(operations, state, scope)
    return state


def graphs_of(state: UpdateState, place: str) -> dict[str, bytes]:
    """The graphs of a case that hold something."""
    texts = ((iri, b"".join(line + b"\n" for line in state.lines(iri))) for iri in state.contributed())
    return {iri: text for iri, text in texts if text and iri.startswith(place)}


def canonical(graphs: dict[str, bytes]) -> ox.Dataset:
    """The graphs with blank nodes where skolem IRIs stand, named canonically: equal for isomorphic datasets."""
    found = ox.Dataset()
    for iri, text in graphs.items():
        blank = re.sub(rf"<{re.escape(GENID)}([^>]*)>".encode(), rb"_:n\1", text)
        for quad in ox.parse(blank, ox.RdfFormat.N_TRIPLES):
            found.add(ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode(iri)))
    found.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return found


@pytest.mark.parametrize("name", CASES)
def test_after_an_update(name: str, prepared: Prepared, tmp_path: Path) -> None:
    case, place = CASES[name], place_of(name)
    state = carried_out(placed(case.update, place), prepared.release, tmp_path, scope_of(place))
    found, wanted = canonical(graphs_of(state, place)), canonical(parsed(case.after, place))
    assert found == wanted, f"{found}\n{wanted}"


@pytest.mark.parametrize("update", LEGAL)
def test_it_is_legal(update: str) -> None:
    read_update(update, base=NAMES, max_tokens=1000)


@pytest.mark.parametrize("update", ILLEGAL)
def test_it_is_not_legal(update: str, prepared: Prepared, tmp_path: Path) -> None:
    with pytest.raises(QuerySyntaxError):
        carried_out(update, prepared.release, tmp_path, scope_of(NAMES, may_write=lambda _: True))


def test_an_error_says_where(prepared: Prepared, tmp_path: Path) -> None:
    with pytest.raises(QuerySyntaxError) as error:
        carried_out("INSERT DATA {\n  ?x <p> <o> }", prepared.release, tmp_path, scope_of(NAMES))
    assert (error.value.line, error.value.column, error.value.token) == (2, 3, "?x")


PLACES = [
    ("FOO", 1, "FOO", "no word of SPARQL"),
    ("SELECT * {}", 1, "SELECT", "an update begins with"),
    ("PREFIX : </> PREFIX <a> CLEAR ALL", 21, "<a>", "must follow PREFIX and the prefix"),
    ("BASE :a CLEAR ALL", 6, ":a", "an IRI in angle brackets must follow BASE"),
    ("CLEAR ALL DROP ALL", 11, "DROP", "a semicolon must stand between two operations"),
    ("CLEAR ALL ; ; DROP ALL", 13, ";", "an update begins with"),
    ("DROP SILENT <g>", 13, "<g>", "DEFAULT, NAMED or ALL must follow DROP"),
    ("CREATE <g>", 8, "<g>", "GRAPH and an IRI must follow CREATE"),
    ("ADD <g> <h>", 9, "<h>", "TO must stand here"),
    ("COPY <g> TO ?h", 13, "?h", "the IRI of a graph must stand here"),
    ("WITH <g> CLEAR ALL", 10, "CLEAR", "DELETE or INSERT must follow WITH"),
    ("DELETE <g>", 8, "<g>", "a brace { must open here"),
    ("DELETE { ?s ?p ?o } USING <g> { }", 31, "{", "WHERE must stand here"),
    ("INSERT { GRAPH 'g' { } } WHERE { }", 16, "'g'", "the IRI of a graph must stand here"),
    ("INSERT DATA { <s> <p> 1 . GRAPH <g> { }", 13, "{", "this brace is never closed"),
    ("INSERT DATA { <s> <p> }", 23, "}", "this cannot stand here; expected"),
    ("INSERT { } WHERE { ?s ?p FILTER(1) }", 26, "FILTER", "this cannot stand here; expected"),
    ("INSERT DATA { x:s <p> 1 } ; DROP GRAPH x:g", 40, "x:g", "not declared"),
    ("DELETE DATA { <s> <p> [] }", 23, "[", "a blank node cannot stand in DELETE"),
    ("INSERT DATA { _:a <p> 1 } ; INSERT DATA { _:a <p> 2 }", 43, "_:a", "an earlier INSERT DATA"),
]


@pytest.mark.parametrize(("update", "column", "token", "problem"), PLACES)
def test_an_error_names_its_place_and_what_should_stand_there(
    update: str, column: int, token: str, problem: str
) -> None:
    with pytest.raises(QuerySyntaxError, match=re.escape(problem)) as error:
        read_update(update, base=NAMES, max_tokens=100)
    assert (error.value.line, error.value.column, error.value.token) == (1, column, token)


REFUSED: dict[str, tuple[str, type[HamkorError]]] = {
    "a document from elsewhere": ("LOAD <http://127.0.0.1:9/>", QueryRefusedError),
    "one in the end of a sequence": ("INSERT DATA { } ; LOAD <http://127.0.0.1:9/> INTO GRAPH <g>", QueryRefusedError),
    "a foreign service": ("INSERT { ?s ?p 1 } WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", QueryRefusedError),
    "a service in disguise": (
        "INSERT { ?s ?p ?o } WHERE { \\u0053ERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", QuerySyntaxError,
    ),
    "a service that a variable names": ("DELETE { ?s ?p 1 } WHERE { SERVICE ?x { ?s ?p ?o } }", QueryRefusedError),
    "a graph that is there": ("CREATE GRAPH {g1}", UpdateError),
    "a graph that is not there": ("CLEAR GRAPH {g9}", UpdateError),
    "dropping what is not there": ("DROP GRAPH {g9}", UpdateError),
    "copying what is not there": ("COPY {g9} TO {g1}", UpdateError),
    "deep nesting": ("INSERT DATA { " + "[ <p> " * 200 + "1" + "]" * 200 + " <p> 1 }", QueryLimitError),
    "deep terms": ("INSERT DATA { <s> <p> " + "<<( <s> <p> " * 5000 + "1" + " )>>" * 5000 + " }", QueryLimitError),
    "too much": ("INSERT DATA { " + "<s> <p> 1 . " * 5000 + " }", QueryLimitError),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused(what: str, prepared: Prepared, tmp_path: Path) -> None:
    text, error = REFUSED[what]
    place = place_of("whole graphs: clear-graph-01")
    with pytest.raises(error):
        carried_out(re.sub(r"\{(g\d)\}", rf"<{place}\1>", text), prepared.release, tmp_path, scope_of(place))


OUTSIDE = (
    "INSERT DATA { GRAPH <http://other/g> { <s> <p> <o> } }",
    "DELETE DATA { GRAPH <http://other/g> { <s> <p> <o> } }",
    "INSERT { GRAPH <http://other/g> { <s> <p> <o> } } WHERE {}",
    "WITH <http://other/g> INSERT { <s> <p> <o> } WHERE {}",
    "WITH <http://other/g> DELETE { ?s <p> <o> } WHERE { ?s <p> <o> }",
    "DELETE WHERE { GRAPH <http://other/g> { ?s ?p ?o } }",
    "CLEAR GRAPH <http://other/g>",
    "DROP SILENT GRAPH <http://other/g>",
    "CREATE SILENT GRAPH <http://other/g>",
    "COPY DEFAULT TO <http://other/g>",
    "MOVE <http://other/g> TO DEFAULT",
    "ADD DEFAULT TO <http://other/g>",
    "PREFIX o: <http://other/> INSERT DATA { } ; CLEAR GRAPH o:g",
    "INSERT { GRAPH ?g { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o } }",
    "DELETE WHERE { GRAPH ?g { ?s ?p ?o } }",
    "CLEAR ALL",
    "DROP NAMED",
    "BASE <http://other/> CLEAR GRAPH <g>",
)


@pytest.mark.parametrize("update", OUTSIDE)
def test_nobody_writes_beyond_their_scope(update: str, prepared: Prepared, tmp_path: Path) -> None:
    with pytest.raises(OutOfScopeError):
        carried_out(
            update, prepared.release, tmp_path, scope_of(place_of("insert: insert-where-01"), is_everything=False)
        )


@pytest.mark.parametrize(
    "update", ["COPY <http://other/g> TO DEFAULT", "INSERT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }"]
)
def test_everybody_reads_everything(update: str, prepared: Prepared, tmp_path: Path) -> None:
    place = place_of("insert: insert-where-01")
    scope = scope_of(place, is_everything=False)
    operations = read_update(update, base=scope.address, max_tokens=100)
    check_scope(operations, scope)


def test_the_protocol_s_dataset_is_that_of_every_pattern(prepared: Prepared, tmp_path: Path) -> None:
    place = place_of("insert: insert-using-01")
    update = "INSERT { ?s <http://e/q> ?o } WHERE { ?s ?p ?o }"
    state = carried_out(update, prepared.release, tmp_path, scope_of(place, using=(f"{place}g2",)))
    assert b'<http://example.org/t> <http://e/q> "o" .' in [*state.lines(f"{place}default")]
    scope = scope_of(place, using_named=(f"{place}g2",))
    with pytest.raises(QuerySyntaxError):
        carried_out(f"WITH <{place}g1> {update}", prepared.release, tmp_path, scope)


# Random updates: what the engine does to a store of its own, the writes do to the lines.

terms = st.sampled_from([f"<http://e/{name}>" for name in "abc"])
values = st.one_of(terms, st.sampled_from(['"x"', '"x"@en', "1", "01", "2.0", "true", '"2020-01-01"^^xsd:date']))
triples = st.builds("{} {} {} .".format, terms, terms, values)
graphs = st.sampled_from(["<http://example.org/random/g1>", "<http://example.org/random/g2>"])
blocks = st.builds("GRAPH {} {{ {} }}".format, graphs, st.lists(triples, min_size=1, max_size=4).map(" ".join))
patterns = st.builds(
    "{} {} {}".format, st.sampled_from(["?s", "<http://e/a>"]), st.sampled_from(["?p", "<http://e/b>"]),
    st.sampled_from(["?o", "<http://e/c>", "1"]),
)  # fmt: skip
operations = st.one_of(
    st.builds("INSERT DATA {{ {} }}".format, blocks),
    st.builds("DELETE DATA {{ {} }}".format, blocks),
    st.builds("DELETE WHERE {{ GRAPH {} {{ {} }} }}".format, graphs, patterns),
    st.builds("WITH {} DELETE {{ {} }} INSERT {{ {} }} WHERE {{ ?s ?p ?o }}".format, graphs, patterns, patterns),
    st.builds("INSERT {{ GRAPH {} {{ {} }} }} WHERE {{ GRAPH {} {{ ?s ?p ?o }} }}".format, graphs, patterns, graphs),
    st.builds(  # the engine copies from graphs that are not there
        "INSERT DATA {{ GRAPH {0} {{ {1} }} }} ; {2} {0} TO {3}".format,
        graphs,
        triples,
        st.sampled_from(["ADD", "COPY", "MOVE"]),
        graphs,
    ),
    st.builds("{} SILENT GRAPH {}".format, st.sampled_from(["CLEAR", "DROP"]), graphs),
)


@settings(max_examples=1000 if WHOLE else 75, deadline=None)
@given(st.lists(operations, min_size=1, max_size=5))
def test_random_updates_do_what_the_engine_does(
    prepared: Prepared, tmp_path_factory: pytest.TempPathFactory, sequence: list[str]
) -> None:
    update, engine, found = PREFIXES + " ;\n".join(sequence), ox.Store(), ox.Store()
    engine.update(update)
    state = carried_out(update, prepared.release, tmp_path_factory.mktemp("index"), scope_of(f"{NAMES}random/"))
    for iri, text in graphs_of(state, f"{NAMES}random/").items():
        found.load(text, ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(iri))
    assert set(found) == set(engine)
