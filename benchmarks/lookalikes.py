"""Names that look like another's and mean somebody else: other numbers, initials, near words, negations, beginnings.

    python -m benchmarks.lookalikes [--write]

Hard on purpose: each pair differs in as little as may be. One of a pair is in an index, the other is asked for, and no
match of it is right; asked with the city, too, in which all of them are. In English, Russian and Uzbek, Latin and
Cyrillic; the words are real, the bodies made up.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from benchmarks.quads import BASE
from benchmarks.section import RESULTS, publish, table
from graph.parts.linking.candidate_search import Search
from graph.parts.linking.name_comparison import fold
from graph.parts.linking.names_index import INDEX_FILE, LABEL, Entity, Name, open_index, write_index
from graph.parts.linking.reconciliation import CITY, Constraint, Question, Reconciler

NEAR_WORDS: Final = MappingProxyType({
    "en": (
        "mothers brothers", "teachers preachers", "lawyers layers", "bankers bakers", "drivers divers",
        "waiters writers", "painters printers", "parents patents", "patients patents", "carers careers",
        "officers offices", "miners minors", "country county", "wine vine", "singers sinners", "hunters punters",
        "weavers beavers", "farmers framers", "dancers cancers", "nurses purses", "students studies",
        "wrestlers nestlers", "urban suburban", "north south", "east west", "prenatal perinatal",
        "microeconomics macroeconomics", "immigrants emigrants", "migrants immigrants", "geologists zoologists",
        "biologists geologists", "physics physicians", "expansive expensive", "casual causal", "marital martial",
        "sixth sixty", "ninth tenth", "first fifth", "trail trial", "adoption adaptation",
        "international intranational", "stationary stationery", "complementary complimentary", "counsel council",
        "planning planting", "training straining", "sports ports", "historians histories", "tenants tenets",
    ),
    "ru": (
        "туристов юристов", "девятый десятый", "первый пятый", "седьмой восьмой", "физиков химиков",
        "родителей водителей", "родителей строителей", "учителей мучителей", "экологов геологов",
        "биологов геологов", "филологов филателистов", "геологов зоологов", "слепых слепков", "глухих глупых",
        "инвалидов индивидов", "северный серверный", "социальный специальный", "женский детский", "мирный мировой",
        "правовой паровой", "морской мирской", "микроэкономики макроэкономики", "экспортёров импортёров",
        "национальный рациональный", "писателей издателей", "ветеранов ветеринаров", "пенсионеров пионеров",
        "моряков маяков", "врачей грачей", "ткачей толкачей", "артистов аристократов",
        "спортсменов спортсменок", "молодёжи молодожёнов", "детей дедов", "цели сели",
        "банка бланка", "театра театралов", "музея музыки", "рыбаков рыбачек", "предпринимателей предпринимательниц",
        "художников художниц", "журналистов журналисток", "певцов певчих",
    ),
    "uz": (
        "turistlar yuristlar", "bolalar balolar", "onalar ovalar", "yoshlar qoshlar", "ayollar yollar",
        "kimyogarlar kimyolar", "oʻqituvchilar oʻquvchilar", "birinchi oltinchi", "ikkinchi yettinchi",
        "uchinchi oʻninchi", "sayyohlar sayyoralar", "boylar toylar", "bogʻlar togʻlar", "geologlar zoologlar",
        "biologlar geologlar", "ekologlar geologlar", "tarix tariq", "madaniyat madaniyatli", "sanʼat sanoat",
        "fan fon", "harbiy gʻarbiy", "milliy ilmiy", "shimoliy shamoliy", "ichki tashqi",
        "yozuvchilar yoʻlovchilar", "shifokorlar shoirlar", "mikroiqtisod makroiqtisod", "dehqonlar dehqonchilik",
        "hunarmandlar hunarmandchilik", "savdogarlar savdolar", "haydovchilar qaydovchilar", "otalar onalar",
        "buvilar bibilar", "nogironlar eronlar", "quruvchilar koʻruvchilar",
    ),
    "uz-Cyrl": (
        "туристлар юристлар", "болалар балолар", "аёллар ёллар", "боғлар тоғлар", "ўқитувчилар ўқувчилар",
        "геологлар зоологлар", "экологлар геологлар", "биринчи олтинчи", "ҳарбий ғарбий", "миллий илмий",
        "микроиқтисод макроиқтисод", "деҳқонлар деҳқончилик", "ҳайдовчилар қайдовчилар", "оталар оналар",
        "қурувчилар кўрувчилар",
    ),
})  # fmt: skip
"""Language → pairs of words of which one is easily taken for the other."""
NEGATIONS: Final = MappingProxyType({
    "en": (
        "governmental non-governmental", "governmental nongovernmental", "profit non-profit", "formal informal",
        "dependent independent", "legal illegal", "official unofficial", "employed unemployed", "abled disabled",
        "violent nonviolent", "regular irregular", "partisan nonpartisan", "married unmarried",
        "organised unorganised", "armed unarmed", "paid unpaid",
    ),
    "ru": (
        "государственных негосударственных", "коммерческих некоммерческих", "правительственных неправительственных",
        "партийных беспартийных", "зависимых независимых", "полных неполных", "формальных неформальных",
        "школьного внешкольного", "школьного дошкольного", "защитных беззащитных", "работающих неработающих",
    ),
    "uz": (
        "davlat nodavlat", "tijorat notijorat", "rasmiy norasmiy", "hukumat nohukumat", "shahar noshahar",
        "aniq noaniq", "toʻliq notoʻliq",
    ),
    "uz-Cyrl": (
        "давлат нодавлат", "тижорат нотижорат", "расмий норасмий", "тўлиқ нотўлиқ",
    ),
})  # fmt: skip
"""Language → a word and its contrary."""
PROPER: Final = MappingProxyType({
    "en": (
        "Kasan Hasan", "Karimov Kasimov", "Salimov Salihov", "Umid Umidvor", "Nazarov Nazarova", "Karshi Kashi",
        "Rahimov Rahmonov", "Alimov Halimov", "Zamin Zaminobod", "Nur Nurafshon",
    ),
    "ru": (
        "Касан Хасан", "Каримов Касимов", "Салимов Салихов", "Умид Умидвор", "Назаров Назарова", "Алимов Халимов",
        "Цель Сель", "Мехр Мехри", "Нур Нурафшон", "Янгиер Янгиюль",
    ),
    "uz": (
        "Koson Hoson", "Karimov Qosimov", "Umid Umidvor", "Umid Umida", "Mehr Mehrli", "Nihol Nihola",
        "Gul Guliston", "Yangiyer Yangiyoʻl", "Oltinsoy Oltinkoʻl", "Nur Nurota",
    ),
    "uz-Cyrl": (
        "Косон Ҳосон", "Умид Умидвор", "Умид Умида", "Меҳр Меҳрли", "Гул Гулистон", "Янгиер Янгийўл",
    ),
})  # fmt: skip
"""Language → pairs of names of people and places."""
TEMPLATES: Final = MappingProxyType({
    "en": ("Association of {}", "Union of {} of Uzbekistan", "The {} support centre, Termez", "{}"),
    "ru": ("Ассоциация {}", "Союз {} Узбекистана", "Центр поддержки {}, Термез", "{}"),
    "uz": ("{} uyushmasi", "Oʻzbekiston {} ittifoqi", "{} markazi, Termiz shahri", "{}"),
    "uz-Cyrl": ("{} уюшмаси", "Ўзбекистон {} иттифоқи", "{} маркази, Термиз шаҳри", "{}"),
})  # fmt: skip
SIGNED: Final = MappingProxyType({
    "en": ("{} Forum", "Forum of parents {}", "School No. {}", "Wing {} of the youth centre", "{} Nazarov Foundation"),
    "ru": ("{} форум", "Форум родителей {}", "Школа № {}", "Крыло {} дома молодёжи", "Фонд {} Назарова"),
    "uz": ("{} forum", "Ota-onalar forumi {}", "{}-maktab", "Yoshlar uyi, {} qanoti", "{} Nazarov jamgʻarmasi"),
    "uz-Cyrl": ("{} форум", "Ота-оналар форуми {}", "{}-мактаб", "Ёшлар уйи, {} қаноти", "{} Назаров жамғармаси"),
})  # fmt: skip
SIGNS: Final = (
    "I II", "II III", "III IV", "IV VI", "IX XI", "X XX", "XX XXI", "XXI XXII", "XIX XX", "MMXIV MMXV", "V IV", "L LI",
    "1 2", "12 21", "5 55", "2014 2015", "7 77", "100 1000", "3 8", "1a 1b", "I 1", "A AA", "X H", "Q K",
)  # fmt: skip
LETTERS: Final = MappingProxyType({
    "en": ("A B", "A I", "V A", "S K", "C K"), "uz": ("A B", "V A", "O I", "S K"),
    "ru": ("А Б", "В А", "С К", "О И", "А. И.", "В. А.", "А.И. И.А.", "Х Г"), "uz-Cyrl": ("А Б", "В А", "С К", "О И"),
})  # fmt: skip


class Pair(NamedTuple):
    """Two names that look alike; ``kind`` says in what they differ."""

    kind: str
    language: str
    known: str
    asked: str


def halves() -> Iterator[list[Pair]]:
    """Yield two halves of all pairs, in each of which one of two is known and the other one is nobody's."""
    every = list(dict.fromkeys(pairs()))
    for half in (every[::2], every[1::2]):
        known = {each.known for each in half}
        spelt = Counter(fold(each) for each in known)
        # what another language's pair has for a name is no wrong answer
        yield [each for each in half if spelt[fold(each.asked)] <= (fold(each.asked) == fold(each.known))]


def pairs() -> Iterator[Pair]:
    """Yield all pairs, each in both directions."""
    for kind, words_of, templates in (
        ("near words", NEAR_WORDS, TEMPLATES), ("negations", NEGATIONS, TEMPLATES), ("proper names", PROPER, TEMPLATES),
        ("initials and letters", LETTERS, SIGNED), ("numbers", dict.fromkeys(SIGNED, SIGNS), SIGNED),
    ):  # fmt: skip
        for language, words in words_of.items():
            for one, other in map(str.split, words):
                for template in templates[language]:
                    names = [template.format(each) for each in (one, other)]
                    names = [each[:1].upper() + each[1:] for each in names]
                    yield Pair(kind, language, names[0], names[1])
                    yield Pair(kind, language, names[1], names[0])


def changed(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of somebody else for each of some names: with a number, a letter or a word more."""
    for name, number, letter in zip(
        names, cycle(("II", "XXI", "2", "№ 7")), cycle(("В", "A", "И.", "К")), strict=False
    ):
        yield "numbers", f"{name} {number}"
        yield "initials and letters", f"{name} {letter}"
        is_cyrillic = any("а" <= each <= "я" for each in name.lower())
        if not name[:1].isdigit():  # No 10 is a number
            yield "negations", f"{'Не ' if is_cyrillic else 'No '}{name}"


def write(folder: Path, known: Iterable[Pair]) -> None:
    """Write an index that has the known one of each pair, in Termez."""
    termez = Entity(f"{BASE}id/place/termez", "place~termez", ("city", "place"),
                    tuple(_name(each, "") for each in ("Termez", "Термез", "Termiz", "Термиз")))  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    bodies = {each.known: each.language for each in known}
    things = (
        Entity(f"{BASE}id/body/{n}", f"body~{n}", ("organisation",), (_name(name, language),), (termez.iri,))
        for n, (name, language) in enumerate(bodies.items())
    )
    write_index([termez, *things], folder / INDEX_FILE)


def _name(text: str, language: str) -> Name:
    return Name(LABEL, language.lower(), text, fold(text))


def wrong_matches(folder: Path, every: int = 1) -> tuple[Counter[str], list[tuple[str, str]]]:
    """How many of each kind were asked, and each name that was matched with another's: asked and found.

    ``every``: ask only each so many-th; all are in the index.
    """
    asked, wrong = Counter[str](), list[tuple[str, str]]()
    for n, half in enumerate(halves()):
        write(folder / str(n), half)
        index = open_index(folder / str(n))
        if index is None:
            raise SystemExit("the index has not been written")
        reconciler = Reconciler(Search(index, BASE))
        for pair in half[::every]:
            for constraints in ((), (Constraint(CITY, ("Термиз шаҳри",)),)):
                asked[pair.kind] += 1
                found = reconciler.candidates(Question(pair.asked, ("organisation",), constraints=constraints))
                wrong += [(pair.asked, each.name.text) for each in found if each.match]
    return asked, wrong


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lookalikes", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asked, wrong = wrong_matches(Path(folder))
    kinds = {pair.asked: pair.kind for pair in pairs()}
    per_kind = Counter(kinds[name] for name, _ in wrong)
    rows = [(kind, f"{count:,}", per_kind[kind]) for kind, count in asked.items()]
    rows.append(("**all**", f"{sum(asked.values()):,}", f"{len(wrong)} (goal: none in 1,000)"))
    publish("lookalikes", table(("differ in", "asked", "matched"), rows), RESULTS if options.write else None)
    for name, found in wrong:
        print(f"{name} → {found}")


if __name__ == "__main__":
    main()
