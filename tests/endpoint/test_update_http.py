"""Updates through ``/update``, on a publication without shapes: cases of the table, and the protocol's own tests.

With ``EVERY_UPDATE=1`` in the environment all cases of the table are sent, which takes some minutes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest

from tests.contribution.cases import CASES, PREFIXES
from tests.endpoint.contributing import BASE, SETTINGS, Writer, writer
from tests.endpoint.serving import Served, serving, write

SENT = list(CASES) if os.environ.get("EVERY_UPDATE") else list(CASES)[::7]
GENID = re.compile(rf"<{re.escape(BASE)}\.well-known/genid/([\w-]+)>")
UPDATE, FORM = "application/sparql-update", "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    files = {"hamkor.toml": SETTINGS, "data/one.nt": "<http://e/a> <http://e/b> <http://e/c> .\n"}
    with serving(write(tmp_path_factory.mktemp("updates"), files)) as running:
        yield running


@pytest.fixture(scope="module")
def everybody(store: Served) -> Writer:
    return writer(store, "*")


def updated(who: Writer, text: str, query: str = "") -> None:
    answer = who.send("POST", f"/update{query}", text, Content_Type=UPDATE)
    assert answer.status_code == 204, answer.text


def placed(text: str) -> str:
    return f"{PREFIXES}PREFIX g: <http://example.org/>\n{text}"


def canonical(nquads: str) -> ox.Dataset:
    found = ox.Dataset(ox.parse(GENID.sub(r"_:n\1", nquads), format=ox.RdfFormat.N_QUADS))
    found.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return found


def graphs(who: Writer) -> str:
    """All that others have written, as N-Quads; the default graph is that of an update."""
    found = ""
    for name in ("default", *(f"g{number}" for number in range(1, 10))):
        path = "/graphs?default" if name == "default" else f"/graphs?graph=http://example.org/{name}"
        answer = who.send("GET", path, Accept="application/n-quads")
        graph = "" if name == "default" else f" <http://example.org/{name}>"
        found += answer.text.replace(" .\n", f"{graph} .\n") if answer.status_code == 200 else ""
    return found


@pytest.mark.parametrize("name", SENT)
def test_after_an_update_over_http(everybody: Writer, name: str) -> None:
    case = CASES[name]
    before = re.sub(r"(:g\d) \{", r"GRAPH \1 {", case.before)
    updated(everybody, placed(f"DROP ALL ; INSERT DATA {{ {before} }}"))
    updated(everybody, placed(case.update))
    wanted = ox.serialize(ox.parse(placed(case.after), format=ox.RdfFormat.TRIG), format=ox.RdfFormat.N_QUADS) or b""
    assert canonical(graphs(everybody)) == canonical(wanted.decode())


@dataclass(frozen=True)
class Sent:
    """One way to send an update, and what the default graph holds afterwards, asked with ASK."""

    path: str
    content_type: str
    body: str
    then: str


ONE, TWO = "http://example.org/one", "http://example.org/two"
INSERT = "INSERT { ?s <http://e/seen> true } WHERE { ?s ?p ?o }"
NAMED = "INSERT { ?s <http://e/named> true } WHERE { GRAPH ?g { ?s ?p ?o } }"
BOTH = "INSERT { ?s <http://e/both> ?t } WHERE { ?s ?p ?o GRAPH ?g { ?t ?q ?r } }"
PROTOCOL = {
    "update_post_form": Sent("", FORM, urlencode({"update": "INSERT DATA { <http://e/x> <http://e/y> 1 }"}),
                             "<http://e/x> <http://e/y> 1"),
    "update_post_direct": Sent("", f"{UPDATE}; charset=UTF-8", "INSERT DATA { <http://e/x> <http://e/y> 2 }",
                               "<http://e/x> <http://e/y> 2"),
    "update_base_uri": Sent("", UPDATE, "INSERT DATA { <http://e/x> <http://e/y> <test> }",
                            "<http://e/x> <http://e/y> ?o FILTER(STR(?o) != 'test' && isIRI(?o))"),
    "update_dataset_default_graph": Sent(
        f"?using-graph-uri={ONE}", UPDATE, INSERT, "<http://e/1> <http://e/seen> true"
    ),
    "update_dataset_default_graphs": Sent(
        "", FORM, urlencode([("update", INSERT), ("using-graph-uri", ONE), ("using-graph-uri", TWO)]),
        "<http://e/1> <http://e/seen> true . <http://e/2> <http://e/seen> true",
    ),
    "update_dataset_named_graphs": Sent(
        f"?using-named-graph-uri={TWO}", UPDATE, NAMED,
        "<http://e/2> <http://e/named> true FILTER NOT EXISTS { <http://e/1> <http://e/named> true }",
    ),
    "update_dataset_full": Sent(
        f"?using-graph-uri={ONE}&using-named-graph-uri={TWO}", UPDATE, BOTH, "<http://e/1> <http://e/both> <http://e/2>"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def two_graphs(everybody: Writer) -> Writer:
    data = " ".join(f"GRAPH <{graph}> {{ <http://e/{n}> <http://e/p> 1 }}" for n, graph in ((1, ONE), (2, TWO)))
    updated(everybody, f"INSERT DATA {{ {data} }}")
    return everybody


@pytest.mark.parametrize("name", PROTOCOL)
def test_the_protocol_s_update_tests(two_graphs: Writer, name: str) -> None:
    sent = PROTOCOL[name]
    answer = two_graphs.send("POST", f"/update{sent.path}", sent.body, Content_Type=sent.content_type)
    assert answer.status_code == 204, answer.text
    assert two_graphs.ask(f"GRAPH <{BASE}graph/default> {{ {sent.then} }}")


def test_a_failed_operation_undoes_the_whole_request(two_graphs: Writer) -> None:
    before = graphs(two_graphs)
    text = "INSERT DATA { <http://e/x> <http://e/y> 9 } ; CREATE GRAPH <http://example.org/one>"
    assert two_graphs.send("POST", "/update", text, Content_Type=UPDATE).status_code == 400
    assert graphs(two_graphs) == before
