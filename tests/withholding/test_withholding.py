"""What is withheld: found by IRI, name and number wherever it stands, in no release, and never back."""

from __future__ import annotations

import shutil
import stat
import time
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writing import Write

from graph.model.errors import ReleaseError, SettingError, WriteRefusedError
from graph.model.publication import SUPPRESSION_FILE, Publication, open_publication
from graph.pipeline.build import build
from graph.pipeline.removal import withhold
from graph.pipeline.write import Delete, Put, publish
from graph.releases.history import History
from graph.releases.own_iris import GONE_FILE, Gone
from graph.releases.release import ASIDE, Release, ReleasesFolder, open_release
from graph.sources.batches import Chunk
from graph.withholding.removal_request import identity, readings
from graph.withholding.withholding import (
    Judged,
    Suppression,
    Traces,
    TracesFile,
    Withholding,
    purge,
    read_suppression,
    read_traces,
    withholding_of,
)

BASE = "https://w3id.org/hamkor/"
NAME = "http://xmlns.com/foaf/0.1/name"
EMPTY = Suppression(b"s" * 32, frozenset(), frozenset())
MAYA = EMPTY.extended([f"{BASE}id/person/1"], ["Maya Ganieva"], ["tel:+998915803065", "mailto:maya.g@mail.uz"])

PERSON = f"""
<{BASE}id/person/maya-ganieva> <{NAME}> "Maya Ganieva" .
<{BASE}id/person/maya-ganieva> <http://e/age> "33" .
<{BASE}id/club/termez> <http://e/contact> <{BASE}id/person/maya-ganieva> .
<{BASE}id/club/termez> <http://e/phone> "Phone:  (+99891) 580-30-65" .
<{BASE}id/club/termez> <{NAME}> "Club of Termez" .
"""


# Names and numbers


@pytest.mark.parametrize(
    "text",
    ["Maya Ganieva", "GANIEVA, Maya", "Contact person: Maya Ganieva – chairman", "maya-ganieva", "Mayá Ganieva.",
     "(+99891) 580-30-65", "+998915803065", "91 580 30 65", "Phone: (+99891)580-30-65,(+99890 ) 952-06-22",
     "8-91-580-30-65", "00998 91 5803065", "998915803065", "915803065",
     "+998 (91) 580\N{EN DASH}30\N{NON-BREAKING HYPHEN}65",
     "\N{FULLWIDTH PLUS SIGN}９９８ ９１ ５８０ ３０ ６５", "٩١٥٨٠٣٠٦٥", "91/580.30.65", "91 580 30 65 90 952 06 22",
     "+998 91 580 30 65 (12)", "91\N{ZERO WIDTH SPACE}5803065", "Ma\N{SOFT HYPHEN}ya Ganieva",
     "maya.g@mail.uz", "MAYA.G@MAIL.UZ", "mailto:maya.g@mail.uz?subject=a&cc=b@c.uz", "Maya <maya.g@mail.uz>, or",
     "mailto:x@y.uz,Maya.G@mail.uz", "maya.g (at) mail.uz", "maya.g [at] mail [dot] uz", "maya.g＠mail.uz."],
)  # fmt: skip
def test_a_name_or_a_number_is_found_however_it_is_written(text: str) -> None:
    assert MAYA.holds_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "Maya",
        "Maya and Ganieva",
        "Ganiev Mayak",
        "+998915803066",
        "580-30-65",
        "",
        "2014-11-28",
        "maya.g@mail.ru",
        "g@mail.uz",
        "info mail uz",
        "maya.g@mail.uz.example",
        "91580306",
        "91580306551",
    ],
)
def test_what_is_another_is_not_found(text: str) -> None:
    assert not MAYA.holds_text(text)


@pytest.mark.parametrize(
    ("iri", "held"),
    [
        (f"{BASE}id/person/1", True),
        (f"{BASE}id/membership/maya-ganieva-contact-person", True),
        (f"{BASE}id/person/Maya%20Ganieva", True),
        ("tel:+998915803065", True),
        ("tel:+998-91-580-30-65;ext=1", True),
        ("mailto:maya.g%40mail.uz", True),
        ("mailto:?to=maya.g@mail.uz", True),
        (f"{BASE}id/person/2", False),
        (f"{BASE}id/club/termez", False),
    ],
)
def test_an_iri_is_withheld_by_itself_or_by_the_name_in_it(iri: str, held: bool) -> None:
    assert MAYA.holds_iri(iri) is held


@pytest.mark.parametrize(
    ("name", "found"),
    [("RozmetovNasiba", 1), ("Maya", 0), ("Rakhmatullaeva Rohat Abdugafarovna", 4), ("club in Termez", 2), ("", 0)],
)
def test_a_short_word_is_no_name_by_itself(name: str, found: int) -> None:
    assert len(readings(name)) == found


@given(
    st.lists(st.text("abcdeабв", min_size=3, max_size=8), min_size=2, max_size=4), st.text(max_size=20), st.randoms()
)
def test_a_name_of_two_words_is_found_in_any_order_in_any_text(words: list[str], rest: str, random: object) -> None:
    pair = words[:2]
    suppression = EMPTY.extended([], [" ".join(pair)], [])
    assert suppression.holds_text(f"{rest} {pair[1]} {pair[0]}, {rest}")


def test_the_file_holds_no_name_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / SUPPRESSION_FILE
    MAYA.write(path)
    text = path.read_text().lower()
    assert not any(each in text for each in ("maya", "ganieva", "person", "998", "5803065"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_suppression(path) == MAYA


@pytest.mark.parametrize("content", ["", "{}", '{"salt":"x","sizes":[],"hashes":[]}', "not json"])
def test_nothing_is_published_while_the_list_cannot_be_read(publication: Write, content: str) -> None:
    written = publication({"data/a.nt": PERSON, SUPPRESSION_FILE: content})
    with pytest.raises(SettingError, match=r"withheld\.json"):
        build(written)
    assert not written.releases_folder.exists()


def test_traces_are_found_again_and_hold_no_iri(tmp_path: Path) -> None:
    traces = Traces(b"m" * 32)
    for number in range(50):
        traces.add(f"http://e/{number}")
    traces.write(tmp_path)
    found = read_traces(tmp_path)
    assert all(f"http://e/{number}" in found for number in range(50))
    assert "http://e/50" not in found
    assert b"http" not in found.content
    assert "http://e/1" not in TracesFile(b"")


@pytest.mark.parametrize(
    ("query", "held"),
    [
        (f"DESCRIBE <{BASE}id/person/1>", True),
        (f"PREFIX p: <{BASE}id/person/> ASK {{ p:1 ?p ?o }}", True),
        (f"PREFIX : <{BASE}id/> ASK {{ :person\\/1 ?p ?o }}", True),
        (f"BASE <{BASE}id/> ASK {{ <person/1> ?p ?o }}", True),
        ("ASK { ?s ?p 'ma\\u0079a GANIEVA' }", True),
        ("# Ganieva Maya\nASK {}", True),
        ("ASK { ?s ?p <tel:+998915803065> }", True),
        ('ASK { ?s ?p "91 580-30-65" }', True),
        ("ASK { <mailto:maya.g%40mail.uz> ?p ?o }", True),
        (f"DESCRIBE <{BASE}id/person/2>", False),
        ("ASK { ?maya ?p ?ganieva }", False),
        ("ASK { <http://[> ?p '\\UFFFFFFFF' }", False),
    ],
)
def test_a_query_that_speaks_of_it_is_known_however_it_is_written(query: str, held: bool) -> None:
    assert Withholding(BASE, frozenset(), frozenset(), MAYA).holds_query(query) is held


NOTHING_LONG = [" (" * 200_000, "a" * 500_000 + "@", "1 " * 250_000, "[at" * 200_000, "@" * 500_000]


@pytest.mark.parametrize("text", NOTHING_LONG, ids=[each[:4] for each in NOTHING_LONG])
def test_no_text_takes_long_to_look_through(text: str) -> None:
    start = time.process_time()
    assert not MAYA.holds_text(text)
    assert time.process_time() - start < 5


# Who somebody is


WHO = f"""
@prefix schema: <https://schema.org/> . @prefix vcard: <http://www.w3.org/2006/vcard/ns#> . @base <{BASE}id/> .
<person/1> a schema:Person ; schema:name "Maya Ganieva" ; schema:telephone "+998 71 555 44 33" ;
    schema:email "Maya.G@mail.uz" ; <http://e/note> "or 901112233" ; schema:birthDate "1970-01-01T10:10:10" ;
    schema:contactPoint [ schema:telephone "998711112233" ] ; vcard:hasEmail <mailto:second@mail.uz?subject=a> .
<role/1> schema:member <person/1> ; schema:description "tel. 8-71-222-33-44" ; schema:email "role@mail.uz" ;
    schema:identifier "301234567" ; schema:isbn "978-5-17-118366-2" .
<person/2> a schema:Person ; schema:telephone "+998 71 999 99 99" .
<club/1> schema:member <person/1>, <person/2> ; schema:telephone "+998 71 888 88 88" ; schema:email "club@mail.uz" .
<club/2> schema:description "Call 8-71-555-44-33 (secretary)" ; schema:email "MAYA.G@MAIL.UZ" ; schema:name "Klub" .
"""


def test_who_somebody_is_is_read_from_texts_and_from_what_points_to_them_alone() -> None:
    store = ox.Store()
    store.load(WHO.encode(), ox.RdfFormat.TURTLE, base_iri=BASE)
    found = identity(store, f"{BASE}id/person/1")
    who = EMPTY.extended(found.iris, found.names, found.contacts)
    own = ["+998 71 555 44 33", "maya.g@mail.uz", "901112233", "second@mail.uz", "71 222-33-44", "role@mail.uz"]
    others = [
        "301234567",
        "978-5-17-118366-2",
        "+998 71 999 99 99",
        "+998 71 888 88 88",
        "club@mail.uz",
        "1970-01-01 10",
    ]
    assert [each for each in own if not who.holds_text(each)] == []
    assert [each for each in others if who.holds_text(each)] == []


def test_numbers_and_addresses_that_others_repeat_as_text_go(built: Write) -> None:
    written = built({"data/a.ttl": WHO})
    left = withhold(written, [f"{BASE}id/person/1"], []).release
    text = b"".join(chunk.triples for chunk in left.read_graph(f"{BASE}graph/a")).decode()
    assert [
        each for each in ("555", "Maya", "MAYA", "901112233", "711112233", "222-33", "second") if each in text
    ] == []
    assert [each for each in ("301234567", "999 99", "888 88", "Klub", "club@mail.uz") if each not in text] == []


# Releases


def everything(release: Release) -> bytes:
    """All bytes of a release, its members unpacked."""
    files = [path.read_bytes() for path in release.folder.rglob("*") if path.is_file()]
    return b"\n".join([*files, *(chunk.quads() for chunk in release.read_all())]).lower()


def lines(release: Release) -> set[bytes]:
    return {line for chunk in release.read_graph(f"{BASE}graph/a") for line in chunk.lines()}


def withheld(written: Publication, *iris: str) -> Publication:
    suppression = read_suppression(written.root / SUPPRESSION_FILE)
    suppression.extended(iris, ["Maya Ganieva"], ["+998 91 580 30 65"]).write(written.root / SUPPRESSION_FILE)
    return open_publication(written.root)


def test_every_statement_that_holds_it_is_left_out_and_no_other(publication: Write) -> None:
    written = withheld(publication({"data/a.nt": PERSON}), f"{BASE}id/person/maya-ganieva")
    release = build(written)
    assert lines(release) == {f'<{BASE}id/club/termez> <{NAME}> "Club of Termez" .'.encode()}
    assert b"ganieva" not in everything(release)
    assert b"5803065" not in everything(release)


def test_settings_withhold_things_and_graphs_whole(publication: Write) -> None:
    settings = f'[privacy]\nwithhold_graphs = ["b", "http://e/g"]\nwithhold = ["{BASE}id/person/maya-ganieva"]\n'
    other = f'<{BASE}id/secret> <http://e/p> "secret" .\n<http://e/1> <http://e/p> "secret" <http://e/g> .\n'
    release = build(publication({"hamkor.toml": settings, "data/a.nt": PERSON, "data/b.nq": other}))
    assert b"secret" not in everything(release)
    assert len(lines(release)) == 2
    assert f"{BASE}id/secret" in read_traces(release.folder)


def test_where_nothing_is_withheld_nothing_is_noted(publication: Write) -> None:
    assert read_traces(build(publication({"data/a.nt": PERSON})).folder).mark == b""


def test_older_releases_that_hold_it_are_removed_and_others_stay(publication: Write) -> None:
    first = build(publication({"data/a.nt": f'<{BASE}id/club/termez> <{NAME}> "Club" .\n'})).id
    second = build(publication({"data/a.nt": PERSON})).id
    third = build(publication({"data/b.nt": '<http://e/1> <http://e/p> "x" .\n'})).id
    written = withheld(publication({}), f"{BASE}id/person/maya-ganieva")
    fourth = build(written).id
    history = History(ReleasesFolder(written.releases_folder))
    assert history.releases.ids() == (first, fourth)
    assert history.purged == {second, third}
    everywhere = b"".join(path.read_bytes() for path in written.releases_folder.rglob("*") if path.is_file())
    assert b"ganieva" not in everywhere.lower()


def test_who_is_withheld_later_is_not_named_among_what_is_gone(publication: Write) -> None:
    build(publication({"data/a.nt": PERSON}))
    gone = build(publication({"data/a.nt": '<http://e/1> <http://e/p> "x" .\n'}))
    assert f"{BASE}id/person/maya-ganieva" in Gone.read(gone.folder / GONE_FILE)
    release = build(withheld(publication({})))
    found = dict(Gone.read(release.folder / GONE_FILE).rows())
    assert found.keys() == {f"{BASE}id/club/termez".encode()}


def test_an_interrupted_purge_is_finished_by_the_next_build(
    publication: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = build(publication({"data/a.nt": PERSON})).id
    with monkeypatch.context() as patched:
        patched.setattr("graph.pipeline.build.purge", lambda *_: Judged())
        written = withheld(publication({}))
        new = build(written).id
    releases = ReleasesFolder(written.releases_folder)
    assert releases.ids() == (old, new)
    assert build(written).id == new
    assert releases.ids() == (new,)


def test_a_release_that_somebody_reads_goes_too(publication: Write) -> None:
    reader = build(publication({"data/a.nt": PERSON}))
    store = reader.store
    written = withheld(publication({}))
    build(written)
    assert not reader.folder.exists()
    assert list(store.quads_for_pattern(None, None, None, None))  # who has it open may finish


def test_a_contribution_cannot_bring_it_back(publication: Write) -> None:
    written = withheld(publication({"data/a.nt": PERSON}))
    build(written)
    graph = f"{BASE}graph/ngo"
    write = Put(graph, (Chunk(graph, b'<http://e/1> <http://e/p> "Ganieva Maya" .\n'),))
    with pytest.raises(WriteRefusedError) as refused:
        publish(written, [write])
    assert "ganieva" not in str(refused.value).lower()
    assert publish(written, [Put(graph, (Chunk(graph, b'<http://e/1> <http://e/p> "Maya" .\n'),))]).changed


def test_what_was_contributed_before_goes_with_the_next_build(publication: Write) -> None:
    written, graph = publication({"data/a.nt": PERSON}), f"{BASE}graph/ngo"
    build(written)
    text = b'<http://e/1> <http://e/p> "Ganieva Maya" .\n<http://e/1> <http://e/p> "x" .\n'
    publish(written, [Put(graph, (Chunk(graph, text),))])
    release = build(withheld(written))
    assert [line for chunk in release.read_graph(graph) for line in chunk.lines()] == [
        b'<http://e/1> <http://e/p> "x" .'
    ]


def test_what_was_made_of_a_release_that_held_it_goes_too(publication: Write) -> None:
    written, graph = publication({"data/a.nt": '<http://e/1> <http://e/p> "x" .\n'}), f"{BASE}graph/ngo"
    first = build(written).id
    publish(written, [Put(graph, (Chunk(graph, b'<http://e/1> <http://e/p> "Ganieva Maya" .\n'),))])
    publish(written, [Delete(graph)])  # its store still has deleted rows
    last = build(withheld(written)).id
    assert ReleasesFolder(written.releases_folder).ids() == (first, last)


def test_what_was_set_aside_when_releases_were_recovered_goes_too(publication: Write) -> None:
    written = publication({"data/a.nt": PERSON})
    aside = written.releases_folder / f"{ASIDE}1"
    shutil.copytree(build(written).folder, aside)
    build(withheld(written))
    assert not aside.exists()


def test_what_was_made_of_a_clean_release_stays(publication: Write) -> None:
    written, graph = publication({"data/a.nt": '<http://e/1> <http://e/p> "x" .\n'}), f"{BASE}graph/ngo"
    build(written)
    publish(written, [Put(graph, (Chunk(graph, b'<http://e/1> <http://e/p> "y" .\n'),))])
    build(withheld(written))
    assert len(ReleasesFolder(written.releases_folder).ids()) == 3


def test_nothing_is_published_on_top_of_a_release_that_still_holds_it(publication: Write) -> None:
    written, graph = publication({"data/a.nt": PERSON}), f"{BASE}graph/ngo"
    build(written)
    with pytest.raises(ReleaseError, match="run hamkor build"):
        publish(withheld(written), [Put(graph, (Chunk(graph, b'<http://e/1> <http://e/p> "x" .\n'),))])


def test_what_a_publish_makes_knows_what_is_withheld(publication: Write) -> None:
    written, graph = withheld(publication({"data/a.nt": PERSON})), f"{BASE}graph/ngo"
    first = build(written)
    second = publish(written, [Put(graph, (Chunk(graph, b'<http://e/1> <http://e/p> "x" .\n'),))]).release
    assert read_traces(second.folder) == read_traces(first.folder)
    assert purge(ReleasesFolder(written.releases_folder), withholding_of(written)).all == ()
    assert open_release(first.folder).id == first.id
