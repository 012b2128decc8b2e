"""The legal queries, texts for generated tests, a small dataset, and a listener that counts who dials it."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pyoxigraph as ox
from hypothesis import strategies as st

from graph.query.sparql.tokens import escapes_resolved
from graph.query.sparql.tree import SyntaxTree, tree_of

LEGAL = [query.strip() for query in (Path(__file__).parent / "legal.rq").read_text(encoding="utf-8").split("#---\n")]

DATA = """
@prefix ex: <http://example.org/> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix service: <http://example.org/service#> .
ex:s a ex:Thing , ex:Other ; ex:p 5 , 1.5 , "a" , ex:o ; ex:q "q"@en ; ex:v1.2.3 "three" ; ex:r ex:s .
ex:o ex:p 5 ; ex:q ex:s , "O\u02bbzbek" , "\U0001f600" , true , 1 ; ex:a.b ex:c-d .
ex:t ex:q ex:a.b , <http://example.org:> ; ex:p 5 , "it's" ; ex:q 2 .
ex:d a dcat:DataService ; dcat:accessService ex:e ; service:at "SERVICE <http://a/> {}"@en .
"""

FRAGMENTS = [
    *"{}()[];,.+-*/<>=!^|~?$@#:\\'\"_ \n\r\t",
    *[
        "<<",
        ">>",
        "<<(",
        ")>>",
        "{|",
        "|}",
        "^^",
        "&&",
        "||",
        "<=",
        "!=",
        "'''",
        '"""',
        "\\n",
        "\\u0041",
        "\\U0001F600",
    ],
    *["SELECT", "service", "WHERE", "a", "true", "1", "1.5e3", "ex:a", "ex:", ":b.c", "?x", "$y", "_:b", "@en--ltr"],
    *["<http://a/b>", "<b#c>", "%41", "é", "𐀀", "·", "# c\n", '"s"', "'t'"],
]
texts = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))


def read_tree(text: str) -> SyntaxTree:
    """The tree of a legal query."""
    found = tree_of(escapes_resolved(text).text)
    assert found is not None
    return found


class Listener:
    """A TCP server on loopback that closes each connection at once and counts them."""

    def __init__(self) -> None:
        self.dialled = 0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._socket.getsockname()[1]
        self.iri = f"http://127.0.0.1:{self.port}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.dialled += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


def answer(store: ox.Store, text: str) -> object:
    """What the engine says, in a form that compares: a boolean, or the sorted rows, blank nodes left out."""
    found = store.query(text, base_iri="http://example.org/")
    if isinstance(found, ox.QueryBoolean):
        return bool(found)
    if isinstance(found, ox.QueryTriples):
        return sorted(str(triple) for triple in found)
    return sorted(str([None if isinstance(term, ox.BlankNode) else term for term in row]) for row in found)
