"""URLs: canonical IRIs to paths on this host, and back."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endpoint.urls import Urls, split_suffix

BASE = "https://example.org/kb/"
TOP = Urls(BASE, "", "http://localhost:8000")
BELOW = Urls(BASE, "/data/hamkor", "https://host.example")

TABLE = [
    ("id/club/termez", "/doc/club/termez"),
    ("ns", "/ns"),
    ("ns#Club", "/ns#Club"),
    ("ns#Клуб", "/ns#%D0%9A%D0%BB%D1%83%D0%B1"),
    ("scheme/topic/social", "/scheme/topic/social"),
    ("graph/clubs", "/graph/clubs"),
    ("query/clubs", "/query/clubs"),
    ("dataset", "/dataset"),
    ("id/club/клуб", "/doc/club/%D0%BA%D0%BB%D1%83%D0%B1"),
    ("id/club/a%20b", "/doc/club/a%20b"),
    ("id/a,b;c", "/doc/a%2Cb%3Bc"),
    # what a path cannot name faithfully
    ("id/%D0%BA/%2F", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fid%2F%25D0%25BA%2F%252F"),
    ("id/a/../b", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fid%2Fa%2F..%2Fb"),
    ("id/a//b", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fid%2Fa%2F%2Fb"),
    ("dataset#publisher", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fdataset%23publisher"),
    ("id/x?y=1", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fid%2Fx%3Fy%3D1"),
    # names that the server needs itself
    ("sparql", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fsparql"),
    ("doc/club/termez", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fdoc%2Fclub%2Ftermez"),
]


@pytest.mark.parametrize(("name", "path"), TABLE)
def test_an_iri_is_read_at_its_path(name: str, path: str) -> None:
    assert TOP.read(BASE + name) == path


def test_a_foreign_iri_is_read_at_the_resource_route() -> None:
    assert TOP.read("http://other.example/a#b", "ttl") == "/resource.ttl?iri=http%3A%2F%2Fother.example%2Fa%23b"


def test_without_a_vocabulary_its_terms_are_read_one_by_one() -> None:
    bare = Urls(BASE, has_vocabulary=False)
    assert bare.read(f"{BASE}ns#Club") == "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fns%23Club"


def test_a_suffix_stands_before_the_fragment() -> None:
    assert TOP.read(f"{BASE}ns#Club", "ttl") == "/ns.ttl#Club"
    assert TOP.document(f"{BASE}ns#Club", "ttl") == "/ns.ttl"


def test_below_a_prefix_every_path_has_it() -> None:
    assert BELOW.read(f"{BASE}id/club/termez", "ttl") == "/data/hamkor/doc/club/termez.ttl"
    assert BELOW.route("sparql", query="ASK {}") == "/data/hamkor/sparql?query=ASK+%7B%7D"
    assert BELOW.absolute(BELOW.route("sparql")) == "https://host.example/data/hamkor/sparql"


def test_a_parameter_may_have_several_values_and_empty_ones_are_left_out() -> None:
    assert TOP.route("sparql", query="", default_graph_uri=("a:b", "c:d")) == (
        "/sparql?default-graph-uri=a%3Ab&default-graph-uri=c%3Ad"
    )


@given(
    st.text(st.characters(codec="utf-8", exclude_characters='<>"{}|\\^` ', exclude_categories=["Cc", "Cs"]), min_size=1)
)
@settings(max_examples=300, deadline=None)
def test_every_iri_comes_back_from_its_url(name: str) -> None:
    iri = BASE + "id/" + name
    url = urlsplit(TOP.read(iri))
    if url.path.startswith("/resource"):
        assert unquote(url.query.removeprefix("iri=").replace("+", " ")) == iri
    else:
        assert iri in TOP.thing(unquote(url.path).removeprefix("/"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("club/termez.ttl", ("club/termez", "ttl")), ("club/termez", ("club/termez", "")),
        ("club/termez.html", ("club/termez", "html")), ("club/v1.2", ("club/v1.2", "")),
        ("club/.ttl", ("club/.ttl", "")), (".ttl", ("", "ttl")), ("a.ttl.ttl", ("a.ttl", "ttl")),
    ],
)  # fmt: skip
def test_suffixes_are_split_off(path: str, expected: tuple[str, str]) -> None:
    assert split_suffix(path, ("ttl", "html")) == expected
