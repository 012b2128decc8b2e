"""URLs: canonical IRIs to paths on this host, and back."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pyoxigraph as ox
import pytest
from hypothesis import example, given, settings
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
    ("id/a,b;c", "/doc/a,b;c"),
    ("id/Klub%20%28Termiz%29%2C%26%21%2F%40", "/doc/Klub%20%28Termiz%29%2C%26%21%2F%40"),
    ("id/O'zbekiston", "/doc/O'zbekiston"),
    ("id/O%27zbekiston", "/doc/O%27zbekiston"),
    ("id/%D0%BA/%2F", "/doc/%D0%BA/%2F"),
    ("id/%d0%ba%2f", "/doc/%d0%ba%2f"),
    ("graph/club%27s%20%282%29", "/graph/club%27s%20%282%29"),
    (".well-known/genid/1", "/.well-known/genid/1"),
    # what a path cannot name faithfully
    ("id/к%D0%BB", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fid%2F%D0%BA%25D0%25BB"),
    ("id/a/%2e%2E/b", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fid%2Fa%2F%252e%252E%2Fb"),
    ("id/x?", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fid%2Fx%3F"),
    ("id/a/../b", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fid%2Fa%2F..%2Fb"),
    ("id/a//b", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fid%2Fa%2F%2Fb"),
    ("dataset#publisher", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fdataset%23publisher"),
    ("id/x?y=1", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fid%2Fx%3Fy%3D1"),
    # names that the server needs itself
    ("sparql", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fsparql"),
    ("ns.old", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fns.old"),
    ("query/~a", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2Fquery%2F~a"),
    (".well-known/void", "/resource?iri=https%3A%2F%2Fexample.org%2Fkb%2F.well-known%2Fvoid"),
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


SUFFIXES = ("ttl", "jsonld")
PIECES = st.one_of(
    st.text("ab/.~!$&'()*+,;=:@?-", min_size=1),
    st.sampled_from(["к", "л", "%D0%BA", "%d0%bb", "%D0", "%28", "%2F", "%2f", "%25", "%3F", "%7E", ".ttl", "😀", "é"]),
    st.characters(min_codepoint=0xA0, exclude_categories=["Cs"]),
)


def is_iri(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


NAMES = st.lists(PIECES, min_size=1, max_size=8).map("".join).filter(lambda name: is_iri(BASE + name))


def meant(url: str, known: set[str]) -> tuple[str, str] | None:
    """What a request of a page's link asks for, as the routes find it."""
    parts = urlsplit(url)
    if parts.path.startswith("/resource"):
        return parse_qs(parts.query, keep_blank_values=True)["iri"][0], parts.path.partition(".")[2]
    asked = TOP.asked(quote(parts.path[1:], safe="/:@!$&'()*+,;=-._~%"), parts.query, SUFFIXES)
    return next((each for each in asked if each[0] in known), None)


@given(
    st.sampled_from(["id/", "graph/", "scheme/", ""]), NAMES, st.sets(NAMES, max_size=3), st.sampled_from(["", "ttl"])
)
@example("id/", "погода", {quote("погода")}, "")
@example("id/", "file", {"file.ttl"}, "ttl")
@settings(max_examples=300, deadline=None)
def test_every_iri_comes_back_from_its_link(folder: str, name: str, others: set[str], suffix: str) -> None:
    """Whatever else is known: other spellings of it, things called like its documents."""
    iri = BASE + folder + name
    known = {iri, *(BASE + folder + each for each in others), BASE + folder + quote(name, safe="/%")}
    urls = Urls(BASE, speaks_of=known.__contains__)
    if iri not in (f"{BASE}ns", f"{BASE}dataset"):
        assert meant(urls.read(iri, suffix), known) == (iri, suffix)


HALF = ["пого%D0%B4а", "%D0%BFогода", "Клуб%20%28Термиз%29", "%D0%9Aлуб%20родителей%20Термеза"]


@pytest.mark.parametrize("name", [*HALF, "a(b)", "a%28b%29", "%d0%ba%2f", "x?y=1", "x?", "к"])
def test_every_iri_is_found_at_its_own_address(name: str) -> None:
    """At the URI that RFC 3987 3.1 makes of it."""
    path, _, query = quote(f"id/{name}", safe="/%()?=").partition("?")
    assert f"{BASE}id/{name}" in [iri for iri, _ in TOP.asked(path, query, SUFFIXES)]


ALIKE = [("a(b)", "a%28b%29"), ("a%28b%29", "a(b)"), ("O%27z%20%D0%BA", "O'z%20к"), ("%2f", "%2F"), ("a%7Eb", "a~b"),
         ("100%", "100%25"), ("a b", "a%20b")]  # fmt: skip


@pytest.mark.parametrize(("spelt", "known"), ALIKE)
def test_a_spelling_that_was_changed_on_the_way_is_understood_where_it_means_nothing_else(
    spelt: str, known: str
) -> None:
    found = [iri for iri, _ in TOP.asked(f"id/{spelt}", "", SUFFIXES)]
    assert f"{BASE}id/{known}" in found
    assert found[0] == BASE + "id/" + spelt.replace("100%", "100%25").replace(" ", "%20")


@pytest.mark.parametrize(("spelt", "other"), [("a%2Fb", "a/b"), ("a/b", "a%2Fb"), ("a%3Fb", "a?b"), ("a%23b", "a#b")])
def test_signs_that_part_an_iri_are_never_taken_for_their_encoding(spelt: str, other: str) -> None:
    assert f"{BASE}id/{other}" not in [iri for iri, _ in TOP.asked(f"id/{spelt}", "", SUFFIXES)]


@pytest.mark.parametrize("query", ["y=1&lang=ru", "ui=uz&y=1", "y=1", "y=1&format=turtle&_profile=alt"])
def test_parameters_of_ours_may_follow_the_query_of_an_iri(query: str) -> None:
    asked = [iri for iri, _ in TOP.asked("id/x", query, SUFFIXES)]
    assert asked.index(f"{BASE}id/x?y=1") < asked.index(f"{BASE}id/x")


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
