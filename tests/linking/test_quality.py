"""How often the right thing comes first: distorted names with an answer, and names that have none."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from benchmarks.noise import DISTORTIONS
from benchmarks.organisations import foreign, named, write
from benchmarks.quads import BASE
from graph.parts.linking.candidate_search import Search
from graph.parts.linking.index_builder import make_index
from graph.parts.linking.name_comparison import key
from graph.parts.linking.names_index import ACRONYM, Entity, open_index
from graph.parts.linking.reconciliation import Question, Reconciler

FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts"
RECONCILED = ("organisation", "place", "event", "project", "concept")
RIGHT, RIGHT_OF_MANY, WRONG_MATCHES = 0.97, 0.95, 0.01

FOREIGN = [
    *(f"Ministry of {what}" for what in ("Justice", "Defence", "Foreign Affairs", "Culture", "Agriculture", "Transport",
      "Internal Affairs", "Energy", "Construction", "Digital Technologies", "Sport", "Tourism", "Water Resources")),
    *(f"Ministry of {what} of the Republic of {where}" for what in ("Finance", "Health", "Public Education")
      for where in ("Kazakhstan", "Tajikistan", "Belarus", "Moldova", "Azerbaijan", "Turkey")),
    *(f"Parents’ club in {city}" for city in ("Bukhara", "Andijan", "Fergana", "Nukus", "Karshi", "Navoi", "Almaty",
      "Bishkek", "Moscow", "Gulistan", "Jizzakh", "Kokand", "Khiva", "Angren", "Chirchik")),
    *(f"Министерство {what} Республики Узбекистан" for what in ("юстиции", "обороны", "культуры", "энергетики")),
    *(f"Oʻzbekiston Respublikasi {what} vazirligi" for what in ("Adliya", "Mudofaa", "Madaniyat", "Transport")),
    *(f"Khokimiyat of {city} City" for city in ("Samarkand", "Bukhara", "Andijan", "Namangan", "Urgench")),
    *(f"Хокимият города {city}" for city in ("Самарканда", "Бухары", "Андижана", "Намангана")),
    *(f"{what} of {city}" for what in ("Rotary Club", "Lions Club", "Chamber of Commerce", "Football Federation")
      for city in ("Tashkent", "Samarkand", "Termez")),
    *(f"UNICEF country office in {where}" for where in ("Kazakhstan", "Georgia", "Armenia", "Ukraine")),
    *("UNESCO", "UNDP", "World Bank", "Save the Children", "Red Crescent Society of Uzbekistan", "Zamin Foundation",
      "Council of Europe", "Senate of Kazakhstan", "Legislative Chamber of the Oliy Majlis", "Andijan Region",
      "Bukhara Region", "Fergana", "Andijan", "Kazakhstan", "Turkestan", "Tajikistan", "Youth Union of Tajikistan",
      "Federation of Trade Unions of Kazakhstan", "National Center for Human Rights", "Women’s Committee",
      "Republican Centre of Spirituality", "Human Rights Watch", "DVV", "Internationaler Wettbewerb", "Kamalak"),
]  # fmt: skip


@cache
def candidates(reconciler: Reconciler, text: str, kind: str = "") -> tuple[tuple[str, bool], ...]:
    """Id and match of the candidates for a name."""
    found = reconciler.candidates(Question(text, (kind,) if kind else ()))
    return tuple((each.entity.id, each.match) for each in found)


def own_names(search: Search) -> Iterator[tuple[Entity, str, str]]:
    """Every name in the flagship that only one thing has, with that thing and its kind."""
    bearers = defaultdict[str, set[str]](set)
    everything = list(search.index.all_entities())
    for entity in everything:
        for name in entity.names:
            bearers[key(name.fold.split())].add(entity.id)
    for entity in everything:
        kind = next((each for each in entity.kinds if each in RECONCILED), "")
        for name in entity.names:
            if kind and name.rank != ACRONYM and len(bearers[key(name.fold.split())]) == 1:
                yield entity, name.text, kind


def test_distorted_names_of_the_flagship_find_their_things(
    flagship_search: Search, flagship_reconciler: Reconciler
) -> None:
    chance, right, wrong = random.Random(1), 0, list[str]()  # noqa: S311
    for entity, text, kind in own_names(flagship_search):
        for what, distort in DISTORTIONS.items():
            distorted = distort(text, chance)
            if distorted and (what != "twice misspelt" or " " in text):
                first = candidates(flagship_reconciler, distorted, kind)[:1]
                right += first[:1] != () and first[0][0] == entity.id
                if not first or first[0][0] != entity.id:
                    wrong.append(f"{what}: {text} → {distorted}")
    assert right > 1000
    assert right / (right + len(wrong)) >= RIGHT, wrong[:20]


def test_acronyms_that_nobody_has_written_down_find_their_things(flagship_reconciler: Reconciler) -> None:
    for text, wanted in (
        ("NCSAC", "body~ncsac"), ("РЦСАД", "body~ncsac"), ("FTUU", "body~council-of-federation-of-trade-unions"),
        ("MHESI", "body~ministry-of-higher-education-science-and-innovation"),
    ):  # fmt: skip
        assert candidates(flagship_reconciler, text)[0][0] == wanted, text


@pytest.mark.parametrize(("text", "wanted"), [
    ("Ministry of Labor and Social Security of Population", "ministry-of-labour-and-social-protection"),
    ("Ministry of Public Education", "ministry-of-public-education"),
    ("Ministry of Healthcare of Uzbekistan", "ministry-of-health"),
    ("Ministry of Higher & Secondary Special Education", "ministry-of-higher-and-secondary-special-education"),
    ("Ministry of Labour", "ministry-of-labour"),
    ("Министерство труда и соц. защиты населения РУз", "ministry-of-labour-and-social-protection"),
    ("Xalq talimi vazirligi", "ministry-of-public-education"),
    ("Moliya vazirligi", "ministry-of-finance"),
    ("Respublika bolalar ijtimoiy moslashuvi markazi NCSAC", "ncsac"),
    ("Sen yolgiz emassan Republican Children's Fund", "sen-yolgiz-emassan"),
])  # fmt: skip
def test_former_and_loosely_translated_names_find_their_bodies(
    flagship_reconciler: Reconciler, text: str, wanted: str
) -> None:
    assert candidates(flagship_reconciler, text, "organisation")[0][0] == f"body~{wanted}"


def test_names_that_nobody_here_has_are_no_match(flagship_reconciler: Reconciler) -> None:
    matched = [name for name in FOREIGN for _, match in candidates(flagship_reconciler, name) if match]
    assert len(matched) <= WRONG_MATCHES * len(FOREIGN), matched


def facts(name: str) -> list[dict[str, str]]:
    if not FACTS.is_dir():
        pytest.skip("the folder of facts is not beside the repository")
    with (FACTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_name_of_a_place_in_the_facts_finds_it(flagship_reconciler: Reconciler) -> None:
    wrong, count = list[str](), 0
    for row in facts("places.csv"):
        kind = {"c": "city", "r": "region", "I": "region"}[row["type"][0]] if row["type"] != "country" else "country"
        wanted = "tashkent-city" if row["key"] == "tashkent-city-adm1" else row["key"]
        for column in ("name_en", "name_ru", "name_uz_latn", "name_uz_cyrl"):
            if row[column]:
                count += 1
                found = candidates(flagship_reconciler, row[column], kind)
                wrong += [row[column]] if found[:1] == () or found[0][0] != f"place~{wanted}" else []
    assert count > 30
    assert not wrong


def test_every_body_is_found_as_the_source_writes_it(flagship_reconciler: Reconciler) -> None:
    written = [row["source_name"] for row in facts("bodies.csv") if not row["source_name"].startswith("(")]
    first = [candidates(flagship_reconciler, name, "organisation")[0][0] for name in written]
    assert len(set(first)) >= len(written) - 1  # UNICEF stands there twice under one name


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Reconciler:
    """What reconciles against a few thousand made-up organisations."""
    folder = tmp_path_factory.mktemp("organisations")
    make_index(folder, BASE, write(folder, CLUBS))
    index = open_index(folder)
    assert index is not None
    return Reconciler(Search(index, BASE))


CLUBS = 2000


def test_distorted_names_find_their_organisation_among_thousands(many: Reconciler) -> None:
    chance, verdicts = random.Random(2), list[bool]()  # noqa: S311
    for each in named(CLUBS, 60, 3):
        for distort in DISTORTIONS.values():
            if distorted := distort(each.name, chance):
                verdicts.append([id_ for id_, _ in candidates(many, distorted)][:1] == [each.slug])
    assert sum(verdicts) / len(verdicts) >= RIGHT_OF_MANY


def test_names_that_sound_like_theirs_are_no_match(many: Reconciler) -> None:
    matched = [name for name in foreign(CLUBS, 300) for _, match in candidates(many, name) if match]
    assert len(matched) <= 300 * WRONG_MATCHES, matched
