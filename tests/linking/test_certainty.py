"""Which names may be taken for each other unasked: what differs in one letter is mostly somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.lookalikes import changed, wrong_matches
from graph.parts.linking.candidate_search import Search
from graph.parts.linking.name_comparison import difference, fold, is_sure
from graph.parts.linking.names_index import INDEX_FILE, LABEL, Entity, Name, open_index, write_index
from graph.parts.linking.reconciliation import CITY, FOUNDED, Candidate, Constraint, Question, Reconciler, read_date
from graph.parts.linksets.answer_sheet import AnswerRow, RowNames, cells_of, header, line
from graph.parts.linksets.matching import Acceptance

BASE = "https://example.org/kb/"

OTHERS = [
    ("III Forum", "II Forum"), ("Клуб XXII", "Клуб XXI"), ("I Forum", "Forum"), ("Форум 2014", "Форум 2015"),
    ("А. Назаров", "И. Назаров"), ("А. И. Назаров", "И. А. Назаров"), ("Клуб В", "Клуб А"), ("клуб в", "клуб а"),
    ("Клуб АА", "Клуб А"), ("Wing X", "Wing H"), ("Wing Q", "Wing K"), ("Wing V", "Wing W"),
    ("Школа 5 класс 7", "Школа 7 класс 5"),
    ("ПО Маяк", "Маяк"), ("Дети до 7 лет", "Дети от 7 лет"), ("No Violence", "Violence"),
    ("Association of Brothers", "Association of Mothers"), ("Ассоциация туристов", "Ассоциация юристов"),
    ("Union of carers of Uzbekistan", "Union of careers of Uzbekistan"), ("Wine growers", "Vine growers"),
    ("Комитет негосударственных организаций", "Комитет государственных организаций"),
    ("Девятый форум молодых лидеров Узбекистана", "Десятый форум молодых лидеров Узбекистана"),
    ("Умид", "Умидвор"), ("Касан", "Хасан"), ("Центр «Цель»", "Центр «Сель»"), ("Termiz tumani", "Termiz"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), OTHERS, ids=str)
@pytest.mark.parametrize("confirmed", [False, True], ids=["alone", "confirmed"])
def test_somebody_else_is_never_sure(one: str, other: str, confirmed: bool) -> None:
    assert not is_sure(difference(one, other), confirmed=confirmed)
    assert not is_sure(difference(other, one), confirmed=confirmed)


SAME = [
    ("III Форум", "3 форум"), ("ХХI аср", "XXI аср"), ("Клуб в", "Клуб В"),
    ("клуб родителей в Термезе", "КЛУБ РОДИТЕЛЕЙ В ТЕРМЕЗЕ"),
    ("Klub V Termeze", "Клуб в Термезе"), ("Корпус B", "Корпус В"), ("A. Nazarov", "А. Назаров"),
    ("Самарканд", "Самарқанд"), ("Khorezm", "Xorezm"), ("National Center", "National Centre"),
    ("Labor Organization", "Labour Organisation"),
    ("Club No. 5", "Club 5"), ("Клуб, г. Термез", "Клуб, Термез"), ("Vysokaya Dostovernost", "Высокая достоверность"),
    ("Finance Ministry", "Ministry of Finance"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME, ids=str)
def test_one_name_written_in_two_ways_is_one(one: str, other: str) -> None:
    assert difference(one, other).is_none
    assert difference(other, one).is_none


@pytest.mark.parametrize(("one", "other", "alone", "confirmed"), [
    ("Ministry of Helath and Education", "Ministry of Health and Education", True, True),
    ("Министерство здрвоохранения Республики", "Министерство здравоохранения Республики", True, True),
    ("Мин. здравоохранения", "Министерство здравоохранения", True, True),
    ("Минист здравоохранения", "Министерство здравоохранения", False, False),
    ("Клуб Надеджа", "Клуб Надежда", False, True),
        ("Областной клуб Надеджа", "Областной клуб Надежда", True, True),
    ("Minstry of Halth of the Repblic", "Ministry of Health of the Republic", False, False),
])  # fmt: skip
def test_a_misspelling_is_forgiven_in_a_long_name_or_where_something_agrees(
    one: str, other: str, alone: bool, confirmed: bool
) -> None:
    found = difference(one, other)
    assert (is_sure(found, confirmed=False), is_sure(found, confirmed=True)) == (alone, confirmed)


@given(st.text(alphabet="абвAIВХX. №5-yj ʻ", max_size=14), st.text(alphabet="абвAIВХX. №5-yj ʻ", max_size=14))
def test_whatever_one_name_is_to_another_that_is_to_it(one: str, other: str) -> None:
    assert difference(one, other).is_other == difference(other, one).is_other
    assert difference(one, other).is_none == difference(other, one).is_none


@pytest.mark.parametrize(("text", "date"), [
    ("01.02.1990", (1990, 2, 1)), ("2015 г.", (2015,)), ("2015 года", (2015,)), ("2015-yil", (2015,)),
    ("2015 йил", (2015,)),
    ("2015-02", (2015, 2)), ("02.2015", (2015, 2)), ("2015-02-03T00:00:00", (2015, 2, 3)),
    ("1 февраля 1990 г.", (1990, 2, 1)),
    ("February 3, 2015", (2015, 2, 3)), ("2015-yil 3-fevral", (2015, 2, 3)), ("13/2/1990", (1990, 2, 13)),
    ("1/2/1990", (1990,)),
    ("31.02.2015", ()), ("20", ()), ("about 2015", ()), ("", ()),
])  # fmt: skip
def test_dates_are_read_as_people_write_them(text: str, date: tuple[int, ...]) -> None:
    assert read_date(text) == date


def reconciler(folder: Path, *names: str, founded: str = "") -> Reconciler:
    """What knows bodies of these names, and Termez, where they are."""
    termez = Entity(
        f"{BASE}id/place/termez", "place~termez", ("city", "place"), (Name(LABEL, "uz", "Termiz", "termiz"),)
    )
    bodies = [
        Entity(f"{BASE}id/body/{n}", f"body~{n}", ("organisation",), (Name(LABEL, "", name, fold(name)),),
               (termez.iri,), founded=founded)
        for n, name in enumerate(names)
    ]  # fmt: skip
    write_index([termez, *bodies], folder / INDEX_FILE)
    index = open_index(folder)
    assert index is not None
    return Reconciler(Search(index, BASE))


def best(asked: Reconciler, text: str, *constraints: Constraint) -> Candidate:
    return asked.candidates(Question(text, constraints=constraints))[0]


def test_the_same_letters_rank_above_the_same_fold(tmp_path: Path) -> None:
    asked = reconciler(tmp_path, "Association of carers", "Association of careers")
    assert [best(asked, f"Association of {each}").name.text for each in ("careers", "carers")] == [
        "Association of careers", "Association of carers",
    ]  # fmt: skip
    assert best(asked, "Association of careers").match


def test_a_city_with_the_word_for_city_is_that_city(tmp_path: Path) -> None:
    asked = reconciler(tmp_path, "Умид")
    found = best(asked, "Термиз шаҳри")
    assert (found.entity.id, found.match) == ("place~termez", True)
    agreement = asked.evidence.agreement(best(asked, "Умид").entity, [Constraint(CITY, ("г. Термиз",))])
    assert agreement is not None
    assert agreement.is_confirmed


@pytest.mark.parametrize(("said", "match"), [("01.02.1990", True), ("1990 г.", True), ("01.02.1991", False)])
def test_one_property_that_contradicts_takes_the_match_away_whatever_else_agrees(
    tmp_path: Path, said: str, match: bool
) -> None:
    asked = reconciler(tmp_path, "Умид", founded="1990-02-01")
    given = Constraint(CITY, ("Термиз",)), Constraint(CITY, ("Termiz",)), Constraint(FOUNDED, (said,))
    assert best(asked, "Умид", *given).match is match


def test_two_wings_of_a_building_are_not_the_very_same_thing(tmp_path: Path) -> None:
    asked = reconciler(tmp_path, "Yoshlar uyi, A qanoti", "Yoshlar uyi, O qanoti")
    sheet = tmp_path / "answers.csv"
    answers = (
        AnswerRow(row, name, f"https://ngo.example/{row}", (), {}, "body~0", "same", False, ())
        for row, name in enumerate(("Yoshlar uyi, O qanoti", "Yoshlar uyi, I qanoti", "Yoshlar uyi, A qanoti"), 1)
    )
    sheet.write_bytes(b"".join([line(header({})), *(line(cells_of(each)) for each in answers)]))
    search = Search(asked.evidence.search.index, BASE)
    found = Acceptance(sheet, search, asked, RowNames("t", "https://ngo.example/", BASE)).mappings()
    assert [each.predicate.rpartition("/")[2] for each in found] == ["sameAs", "sameAs", "owl#sameAs"]


def test_names_that_only_look_alike_are_no_match(tmp_path: Path) -> None:
    asked, wrong = wrong_matches(tmp_path, every=6)
    assert sum(asked.values()) > 700
    assert not wrong


def test_a_number_a_letter_or_a_no_makes_another_thing_of_every_name(flagship_search: Search) -> None:
    asked = Reconciler(flagship_search)
    labels = [each.names[0].text for each in flagship_search.index.all_entities() if "person" not in each.kinds][::3]
    wrong = [name for _, name in changed(labels) for each in asked.candidates(Question(name)) if each.match]
    assert len(labels) > 30
    assert not wrong
