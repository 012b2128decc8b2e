"""Forms drawn from shapes: every thing comes back unchanged, and of what is touched nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.model.errors import ReleaseError
from graph.model.publication import Publication
from graph.parts.proposals import proposed_rows
from graph.parts.proposals.form_fields import FormField, KnownThings, form_fields
from graph.parts.proposals.new_things import minted
from graph.parts.proposals.proposal_store import ValueChange
from graph.parts.proposals.shape_form import (
    FormReader,
    PostedRow,
    ReadForm,
    StatedValue,
    ThingStatements,
    Unread,
    control_of,
    displayed,
    label_among,
    posted_rows,
    read_value,
    seal_of,
    term_of,
)
from graph.parts.templates.fields import TemplateShapes
from graph.releases.exact_forms import open_forms
from graph.releases.release import Release

BASE = "https://w3id.org/hamkor/"
XSD = "http://www.w3.org/2001/XMLSchema#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
RDFS_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
FIELD = FormField("http://e/p", is_inverse=False, names={}, descriptions={}, group=None, order=1)
IRI_OR_TEXT = replace(FIELD, kinds=("IRI", XSD + "string"))
NOBODY = KnownThings(ox.Store(), BASE, ("en",))


def rows_of(reader: FormReader) -> list[PostedRow]:
    """What a browser sends of a form that nobody has touched: line ends as CR LF, the language where there is one."""
    rows = []
    for number, each in enumerate(reader.stated.values.values()):
        control = control_of(reader.field_of(each.predicate), each.term, reader.things)
        shown = displayed(each.term, control, reader.things)
        if control == "lines":
            shown = shown.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
        tag = each.term.language if isinstance(each.term, ox.Literal) else None
        rows.append(PostedRow(number, shown, each.key, "", tag))
    return rows


@cache
def fields_of(shapes: TemplateShapes, classes: tuple[str, ...]) -> list[FormField]:
    return form_fields(shapes, classes)


def described(store: ox.Store) -> list[str]:
    quads = (each for each in store if isinstance(each.graph_name, ox.NamedNode))
    aside = {f"{BASE}graph/{name}" for name in ("catalog", "entailed")}
    return sorted({each.subject.value for each in quads
                   if isinstance(each.subject, ox.NamedNode) and each.graph_name.value not in aside})  # type: ignore[union-attr]  # fmt: skip


def test_every_thing_of_the_flagship_saved_unchanged_is_no_change(flagship_release: Release) -> None:
    store, forms = flagship_release.store, open_forms(flagship_release.folder)
    shapes, things = TemplateShapes(store, BASE), KnownThings(store, BASE, ("en", "ru", "uz"))
    subjects, known = described(store), dict[tuple[str, ...], list[FormField]]()
    assert sum(each.startswith(f"{BASE}id/") for each in subjects) >= 273
    for iri in subjects:
        stated = ThingStatements.read(store, forms, BASE, iri)
        classes = tuple(stated.classes)
        if classes not in known:
            known[classes] = form_fields(shapes, classes)
        reader = FormReader(stated, known[classes], things)
        read = reader.read(rows_of(reader))
        assert (read.changes, dict(read.unread), read.lost) == ((), {}, False), iri
        for graph in {each for value in stated.values.values() for each in value.graphs}:
            own = FormReader(stated.within(graph), known[classes], things)
            mine = own.read(rows_of(own))
            assert (mine.changes, dict(mine.unread), mine.lost) == ((), {}, False), (iri, graph)
            assert {each.graphs for each in own.stated.values.values() if not each.fixed} <= {(graph,)}


def test_names_are_found_by_a_part_of_them_in_any_language_and_persons_are_not() -> None:
    store, city, person = ox.Store(), "https://schema.org/City", "http://xmlns.com/foaf/0.1/Person"
    for iri, kind, name, tag in (
        ("http://e/1", city, "Old Nukus", "en"), ("http://e/1", city, "Старый Нукус", "ru"),
        ("http://e/2", city, "Nurota", "uz-latn"), ("http://e/3", person, "Nukus Nukusov", "en"),
    ):  # fmt: skip
        store.add(ox.Quad(ox.NamedNode(iri), ox.NamedNode(RDF_TYPE), ox.NamedNode(kind)))
        store.add(ox.Quad(ox.NamedNode(iri), ox.NamedNode(RDFS_LABEL), ox.Literal(name, language=tag)))
    things = KnownThings(store, BASE, ("uz",))
    of = replace(FIELD, classes=(city, person))
    found = {text: sorted(things.meant(text, of)) for text in ("nuk", "нук", "NU", "ukus", " ")}
    assert found == {
        "nuk": ["http://e/1"],
        "нук": ["http://e/1"],
        "NU": ["http://e/1", "http://e/2"],
        "ukus": [],
        " ": [],
    }


def reader_of(terms: Iterable[ox.NamedNode | ox.Literal], field: FormField = FIELD) -> FormReader:
    values = [StatedValue(field.path, each, ("http://e/g",)) for each in terms]
    return FormReader(ThingStatements("http://e/1", BASE, {each.key: each for each in values}), [field], NOBODY)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=120)
TERMS = st.one_of(
    st.builds(ox.Literal, TEXTS),
    st.builds(lambda text, tag: ox.Literal(text, language=tag), TEXTS, st.sampled_from(["en", "uz-latn", "ru", "x-a"])),
    st.builds(
        lambda text, name: ox.Literal(text, datatype=ox.NamedNode(name)),
        st.one_of(TEXTS, st.sampled_from(["05", "1", "2014-02-01", "2014-02-31", " 5 ", "+5.0", "true", "1e3"])),
        st.sampled_from(
            [XSD + each for each in ("integer", "date", "boolean", "decimal", "dateTime")] + ["http://e/d"]
        ),
    ),
    st.sampled_from(
        [ox.NamedNode(each) for each in ("http://e/2", "tel:+998901234567", "mailto:a@b.example", "urn:x")]
    ),
)
KINDS = st.sampled_from(
    [(), (XSD + "date",), (XSD + "boolean",), (XSD + "integer",), ("@*",), ("IRI",), (XSD + "string",)]
)


@settings(max_examples=150, deadline=None)
@given(terms=st.lists(TERMS, max_size=5), kinds=KINDS)
def test_whatever_is_stated_comes_back_unchanged(
    terms: list[ox.Literal | ox.NamedNode], kinds: tuple[str, ...]
) -> None:
    reader = reader_of(terms, FormField("http://e/p", False, {}, {}, None, 1, kinds=kinds))
    read = reader.read(rows_of(reader))
    assert (read.changes, dict(read.unread), read.lost) == ((), {}, False)


@settings(max_examples=100, deadline=None)
@given(terms=st.lists(TERMS, min_size=1, max_size=5, unique_by=str), text=TEXTS, data=st.data())
def test_what_is_touched_changes_alone(terms: list[ox.Literal | ox.NamedNode], text: str, data: st.DataObject) -> None:
    """Only the row that was changed is a change; what goes is the value that was there, and it changes there."""
    reader = reader_of(terms)
    rows = rows_of(reader)
    place = data.draw(st.integers(0, len(rows) - 1))
    touched = reader.stated.values[rows[place].key]
    rows[place] = PostedRow(place, text, rows[place].key, "", rows[place].language)
    read = reader.read(rows)
    assert [each.removed for each in read.changes] in ([], [str(touched.term)])
    if read.changes:
        (change,) = read.changes
        assert change.graphs == ("http://e/g",)
        if change.added and isinstance(touched.term, ox.Literal):
            added = term_of(change.added)
            assert isinstance(added, ox.Literal)
            assert added.language == touched.term.language
            assert added.value == text.replace("\r\n", "\n").replace("\r", "\n").strip()


def kinds(*names: str, **more: object) -> FormField:
    return FormField("http://e/p", False, {}, {}, None, 1, kinds=tuple(XSD + each for each in names), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("142", kinds("integer"), f'"142"^^<{XSD}integer>'),
        ("1 142", kinds("integer"), f'"1142"^^<{XSD}integer>'),
        ("3,5", kinds("decimal"), f'"3.5"^^<{XSD}decimal>'),
        ("01.02.2014", kinds("date"), f'"2014-02-01"^^<{XSD}date>'),
        ("2015-09", kinds("date", "gYearMonth", "gYear"), f'"2015-09"^^<{XSD}gYearMonth>'),
        ("2015", kinds("date", "gYearMonth", "gYear"), f'"2015"^^<{XSD}gYear>'),
        ("soon", kinds("date"), f'"soon"^^<{XSD}date>'),
        (" two\r\nlines ", kinds("string"), '"two\\nlines"'),
        ("https://e/x", FormField("http://e/p", False, {}, {}, None, 1, kinds=("IRI",)), "<https://e/x>"),
        ("+998 (90) 123-45-67", kinds(patterns=("^tel:",), classes=("http://e/C",)), "<tel:+998901234567>"),
        ('"b"@en', kinds(choices=(ox.Literal("b", language="en"),)), '"b"@en'),
        ("\u22125", kinds("integer"), f'"-5"^^<{XSD}integer>'),
        ("1,000", kinds("integer"), f'"1000"^^<{XSD}integer>'),
        ("0,125", kinds("decimal"), f'"0.125"^^<{XSD}decimal>'),
        ("1 000,125", kinds("decimal"), f'"1000.125"^^<{XSD}decimal>'),
        ("1,000", kinds("decimal", "string"), '"1,000"'),
        ("PT1H30M", kinds("duration"), f'"PT1H30M"^^<{XSD}duration>'),
        ("2014-02-01T10:00:00+05:00", kinds("dateTime"), f'"2014-02-01T10:00:00+05:00"^^<{XSD}dateTime>'),
        ("Note: see below", IRI_OR_TEXT, '"Note: see below"'),
        ("https://пример.рф/клуб?a=1#б", IRI_OR_TEXT, "<https://пример.рф/клуб?a=1#б>"),
        ("http://a<b", IRI_OR_TEXT, '"http://a<b"'),
        ("nobody that is known", replace(IRI_OR_TEXT, classes=("http://e/C",)), '"nobody that is known"'),
    ],
)  # fmt: skip
def test_what_is_filled_in_becomes_a_value_of_the_kind_that_is_asked_for(
    text: str, field: FormField, expected: str
) -> None:
    assert str(read_value(text, field, NOBODY)) == expected


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("12,500", kinds("decimal")),
        ("nobody", kinds(classes=("http://e/C",))),
        ("not an address", FormField("http://e/p", False, {}, {}, None, 1, kinds=("IRI",))),
        ("http://a<b", FormField("http://e/p", False, {}, {}, None, 1, kinds=("IRI",))),
        ("c", kinds(choices=(ox.Literal("b"),))),
    ],
)
def test_what_cannot_be_read_is_told(text: str, field: FormField) -> None:
    assert isinstance(read_value(text, field, NOBODY), Unread)


def test_a_thing_is_found_by_its_name_in_any_language(flagship_release: Release) -> None:
    store = flagship_release.store
    shapes, things = TemplateShapes(store, BASE), KnownThings(store, BASE, ("en",))
    city = next(each for each in form_fields(shapes, [f"{BASE}ns#ParentsClub"]) if each.path.endswith("#city"))
    assert str(read_value("Termez", city, things)) == f"<{BASE}id/place/termez>"
    assert control_of(city, None, things) == "choice"


def test_the_form_of_a_club_has_its_fields_in_order_with_their_names(flagship_release: Release) -> None:
    fields = form_fields(TemplateShapes(flagship_release.store, BASE), [f"{BASE}ns#ParentsClub"])
    own = [each for each in fields if not each.is_inverse]
    assert [each.names["uz"] for each in own[:2]] == ["nomi", "boshqa nomi"]
    assert own[0].least == 1
    assert all({*each.group.names} == {"en", "ru", "uz"} for each in own if each.group)
    assert not [each for each in own if each.order >= 9900]


def test_a_name_and_what_must_be_the_same_change_together(flagship_release: Release) -> None:
    store = flagship_release.store
    body = f"{BASE}id/body/ncsac"
    stated = ThingStatements.read(store, open_forms(flagship_release.folder), BASE, body)
    reader = FormReader(
        stated, form_fields(TemplateShapes(store, BASE), stated.classes), KnownThings(store, BASE, ("en",))
    )
    rows = rows_of(reader)
    names = [each.predicate == RDFS_LABEL and str(each.term).endswith("@ru") for each in stated.values.values()]
    place = names.index(True)
    rows[place] = PostedRow(place, "Иначе", rows[place].key, "", "ru")
    changed = {each.predicate.rpartition("#")[2]: each.added for each in reader.read(rows).changes}
    assert changed == {"label": '"Иначе"@ru', "prefLabel": '"Иначе"@ru'}


def test_a_row_of_a_value_that_is_gone_is_told_and_changes_nothing() -> None:
    read = reader_of([ox.Literal("a")]).read([PostedRow(0, "b", "0" * 20, "", None)])
    assert (read.changes, read.lost) == ((), True)


def test_a_row_of_another_property_than_the_form_s_is_refused() -> None:
    read = reader_of([]).read([PostedRow(0, "x", "", "http://e/other", None)])
    assert read.changes == ()
    assert list(read.unread) == [0]


def test_an_emptied_row_takes_the_value_away_and_a_new_one_adds() -> None:
    reader = reader_of([ox.Literal("a")])
    (key,) = reader.stated.values
    read = reader.read([PostedRow(0, " ", key, "", None), PostedRow(1, "b", "", "http://e/p", "en")])
    assert read.changes == (
        ValueChange("http://e/p", '"a"', "", ("http://e/g",)),
        ValueChange("http://e/p", "", '"b"@en', ("http://e/g",)),
    )


def moved(rows: dict[str, str], new: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """What goes and comes where others are written over the values ``a``, ``b`` and ``c``, and in further rows."""
    reader = reader_of([ox.Literal(each) for each in "abc"])
    keys = {each.term.value: key for key, each in reader.stated.values.items()}
    posted = [PostedRow(number, text, keys[old], "", "") for number, (old, text) in enumerate(rows.items())]
    posted += [PostedRow(10 + number, text, "", FIELD.path, "") for number, text in enumerate(new)]
    return [(each.removed.strip('"'), each.added.strip('"')) for each in reader.read(posted).changes]


def test_where_texts_are_allowed_too_a_text_stays_one_and_a_name_names_a_thing() -> None:
    store, city = ox.Store(), ox.NamedNode("https://schema.org/City")
    store.add(ox.Quad(ox.NamedNode("http://e/2"), ox.NamedNode(RDF_TYPE), city))
    store.add(ox.Quad(ox.NamedNode("http://e/2"), ox.NamedNode(RDFS_LABEL), ox.Literal("Nukus", language="en")))
    things, of = KnownThings(store, BASE, ("en",)), replace(IRI_OR_TEXT, kinds=("IRI", "@*"), classes=(city.value,))
    before = ox.Literal("Nokis", language="uz-latn")
    assert (control_of(of, None, things), control_of(of, before, things)) == ("thing", "text")
    assert str(read_value("Nukus", of, things, "en")) == "<http://e/2>"
    assert str(read_value("Nuku", of, things, "en")) == '"Nuku"@en'
    assert str(read_value("Nukus", of, things, "uz-latn", before)) == '"Nukus"@uz-latn'
    assert str(read_value("No city: a camp", of, things, "en", ox.NamedNode("http://e/2"))) == '"No city: a camp"@en'


@pytest.mark.parametrize(
    ("rows", "new", "expected"),
    [
        ({"a": "b", "b": "a"}, (), []),
        ({"a": "b", "b": ""}, (), [("a", "")]),
        ({"a": "b", "b": "c", "c": "a"}, (), []),
        ({"a": "b", "b": "x"}, (), [("a", ""), ("", "x")]),
        ({"a": "b"}, (), [("a", "")]),
        ({"a": ""}, ("a",), []),
        ({"a": "x", "b": "x"}, ("x",), [("a", "x"), ("b", "x"), ("", "x")]),
        ({}, ("x", "x", "a"), [("", "x")]),
    ],
)
def test_what_has_only_moved_between_rows_is_no_change_and_nothing_is_lost(
    rows: dict[str, str], new: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert moved(rows, new) == expected


def test_what_another_graph_says_can_be_said_in_one_s_own_too() -> None:
    reader = reader_of([ox.Literal("a")])
    own = replace(reader, stated=reader.stated.within("http://e/mine"))
    (change,) = own.read([PostedRow(1, "a", "", FIELD.path, "")]).changes
    assert (change.added, change.graphs) == ('"a"', ("http://e/mine",))


def test_a_row_that_nobody_has_touched_stays_also_when_what_it_means_is_called_otherwise() -> None:
    reader = reader_of([ox.NamedNode("http://e/2")], replace(FIELD, classes=("http://e/C",)))
    (key,) = reader.stated.values
    row = PostedRow(0, "as it was called", key, "", None, seal_of(FIELD.path, "as it was called", ""))
    assert reader.read([row]) == ReadForm((), (), {}, lost=False)


def test_what_one_change_takes_and_another_gives_stays() -> None:
    changes = [
        ValueChange("http://e/p", '"a"', '"b"', ("http://e/g",)),
        ValueChange("http://e/p", '"b"', "", ("http://e/g",)),
    ]
    assert [each.text() for each in proposed_rows.rows_of("http://e/1", changes)] == [
        'D <http://e/1> <http://e/p> "a" <http://e/g> .\n'
    ]


def test_rows_are_read_by_their_numbers() -> None:
    posted = {"v.2": "b", "k.2": "x", "v.1": "a", "p.1": "http://e/p", "l.1": "en", "v.1x": "no", "v.12345": "no"}
    assert posted_rows(posted) == [PostedRow(1, "a", "", "http://e/p", "en"), PostedRow(2, "b", "x", "", None)]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Parents' Club in Nukus", "added/parents-club/parents-club-in-nukus-7k2m"),
        ("Нукусдаги ота-оналар клуби", "added/parents-club/nukusdagi-ota-onalar-klubi-7k2m"),
        ("Oʻzbekiston", "added/parents-club/ozbekiston-7k2m"),
        ("…", "added/parents-club/7k2m"),
    ],
)
def test_a_new_thing_has_an_address_that_can_be_read(label: str, expected: str) -> None:
    assert minted(BASE, f"{BASE}ns#ParentsClub", label, "7k2m") == BASE + expected


def test_a_thing_is_called_by_its_english_name() -> None:
    changes = [ValueChange(RDFS_LABEL, "", '"Клуб"@ru', ()), ValueChange(RDFS_LABEL, "", '"Club"@en', ())]
    assert label_among(changes) == "Club"


def test_spellings_that_the_store_rewrites_are_kept(contributed: Publication) -> None:
    from graph.releases.release import current_release  # noqa: PLC0415

    release = current_release(contributed)
    with pytest.raises(ReleaseError):
        release.entry("nothing")
    stated = ThingStatements.read(release.store, open_forms(release.folder), BASE, "http://e/1")
    assert {str(each.term) for each in stated.values.values() if each.predicate == "http://e/p"} == {
        f'"05"^^<{XSD}integer>'
    }
