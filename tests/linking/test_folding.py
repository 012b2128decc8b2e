"""Folded names: what the four ways of writing share, and what they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.parts.linking.name_comparison import Folds, acronym, fold, key, words

SAME = [
    ("Самарканд", "Самарқанд", "Samarqand", "Samarkand"),
    ("Oʻzbekiston", "O'zbekiston", "O‘zbekiston", "O`zbekiston", "Ozbekiston", "Ўзбекистон", "ЎЗБЕКИСТОН"),
    ("Toshkent", "Тошкент"),
    ("Xorazm", "Хоразм", "Khorazm"),
    ("Fargʻona", "Фарғона", "Farg'ona", "Fargona"),
    ("Buxoro", "Бухоро", "Bukhoro"),
    ("taʼlimi", "таълими", "talimi"),
    ("Ёшлар", "yoshlar"),
    ("Yevropa", "Европа"),
    ("ребёнка", "ребенка"),
    ("Министерство здравоохранения", "Ministerstvo zdravookhraneniya"),
    ("Хокимият города Ташкента", "Khokimiyat goroda Tashkenta"),
    ("Parents’ Club", "Parents' club", "PARENTS CLUB", "parents club"),
    ("центр", "tsentr", "sentr"),
    ("№ 12", "12"),
]


@pytest.mark.parametrize("spellings", SAME, ids=lambda each: each[0])
def test_one_name_in_several_scripts_folds_to_one_spelling(spellings: tuple[str, ...]) -> None:
    assert len({fold(each) for each in spellings}) == 1


@pytest.mark.parametrize(("one", "other"), [("Termez", "Tashkent"), ("12", "13"), ("health", "wealth"), ("ў", "и")])
def test_different_names_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_the_order_of_words_and_words_that_say_little_are_no_part_of_the_key() -> None:
    assert key(words("Ministry of Finance")) == key(words("Finance Ministry"))


def test_a_name_of_nothing_but_such_words_has_a_key_all_the_same() -> None:
    assert key(words("to the")) == "the to"


def test_an_acronym_leaves_out_what_says_little() -> None:
    assert acronym("National Center for Social Adaptation of Children") == "ncsac"
    assert acronym("Министерство народного образования") == "мно"


@given(st.text(max_size=60))
def test_whatever_is_folded_is_words_of_ascii_letters_and_digits(text: str) -> None:
    assert all(each.isascii() and each.isalnum() and each == each.lower() for each in words(text))


@given(st.text(alphabet="абвгдежзийклмнопрстуфхцчшщъыьэюяўқғҳabcdefghijklmnopqrstuvwxyzʻ ' 0123", max_size=40))
def test_folding_twice_changes_nothing_that_matters(text: str) -> None:
    assert fold(text.upper()) == fold(text.lower())


@given(st.lists(st.text(), max_size=8))
def test_many_names_fold_together_as_each_by_itself(texts: list[str]) -> None:
    assert Folds().of([*texts, *texts]) == [fold(each) for each in (*texts, *texts)]


def test_many_names_fold_the_same_however_few_pieces_are_remembered() -> None:
    names = ["Клуб «Умид»", "Oʻzbekiston\nRespublikasi", "Umid №\u00a05"] * 3
    assert [Folds(most=1).of([each])[0] for each in names] == [fold(each) for each in names]
