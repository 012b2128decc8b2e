"""A hundred thousand made-up organisations for linking: what the registry says of its clubs and bodies, and of places.

Names, places and founding come from ``benchmarks.registry``; counts, persons and forums are left out. Foreign names
are put together from the same parts in ways that the registry does not have.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from benchmarks import names, registry
from benchmarks.knowledge import Registry
from benchmarks.quads import BASE

CLUBS: Final = 88_900
"""With the bodies that a registry of so many clubs has, one hundred thousand organisations."""
OTHER_CITIES: Final = (
    "Almaty", "Bishkek", "Dushanbe", "Ashgabat", "Kazan", "Baku", "Tbilisi", "Yerevan", "Minsk", "Warsaw", "Kabul",
    "Chisinau", "Vilnius", "Riga", "Tallinn", "Ankara",
)  # fmt: skip
OTHER_NAMES: Final = ("Sunrise", "Harmony", "Rainbow", "Compass", "Bridge", "Horizon", "Lighthouse", "Anchor")
CLUB: Final = MappingProxyType(
    {
        "en": "Parents’ club “{}” No. {}",
        "ru": "Клуб родителей «{}» № {}",
        "uz": "{1}-sonli «{0}» ota-onalar klubi",
    }
)
BODY: Final = MappingProxyType({"en": "{} No. {}", "ru": "{} № {}", "uz": "{1}-sonli {0}"})


class Named(NamedTuple):
    """An organisation and one of its names; ``slug`` is what its id ends in, empty for one that is not there."""

    slug: str
    name: str
    city: str
    region: str


def lines(clubs: int = CLUBS) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield each named graph with what it says, as N-Quads."""
    known = Registry(1, clubs)
    blocks = {"places": registry._places, "bodies": registry._bodies, "clubs": registry._clubs}
    for graph, of in blocks.items():
        yield f"{BASE}graph/{graph}", (each for each in of(known) if "/member-count/" not in each)


def write(folder: Path, clubs: int = CLUBS) -> dict[str, Path]:
    """Write the members of a release that says this of the organisations; return graph → file."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Path] = {}
    for graph, statements in lines(clubs):
        found[graph] = folder / f"{graph.rpartition('/')[2]}.nq.gz"
        with gzip.open(found[graph], "wt", encoding="utf-8", compresslevel=1) as file:
            file.writelines(statements)
    return found


def named(clubs: int, count: int, seed: int = 1) -> Iterator[Named]:
    """Yield organisations at random, each with one of its names in one of three languages."""
    known, chance = Registry(1, clubs), random.Random(seed)
    for _ in range(count):
        number = chance.randrange(known.clubs + known.bodies)
        language = chance.choice(("en", "ru", "uz"))
        yield _body(known, number, language) if number < known.bodies else _club(known, number - known.bodies, language)


def _club(known: Registry, n: int, language: str) -> Named:
    club = known.club(n)
    name = CLUB[language].format(getattr(names.CLUB_NAMES[club.name], language), n)
    return _named(known, f"club~club-{n}", name, club.city, club.region, language)


def _body(known: Registry, n: int, language: str) -> Named:
    body = known.body(n)
    name = BODY[language].format(getattr(names.BODY_NAMES[body.name], language), n)
    return _named(known, f"body~body-{n}", name, body.city, body.city % len(names.REGIONS), language)


def _named(known: Registry, slug: str, name: str, city: int, region: int, language: str) -> Named:
    place = known.city_name(city)
    return Named(slug, f"{name}, {getattr(place, language)}", place.en, names.REGIONS[region].name.en)


def foreign(clubs: int, count: int, seed: int = 2) -> Iterator[str]:
    """Yield names that sound as those of the registry and that nobody in it has."""
    known, chance = Registry(1, clubs), random.Random(seed)
    for each in named(clubs, count, seed):
        words = each.name.split(" ")
        number = next(at for at, word in enumerate(words) if any(map(str.isdigit, word)))
        digits = "".join(filter(str.isdigit, words[number]))
        wrong = chance.randrange(5)
        if wrong == 0:
            yield each.name.replace(digits, str(known.clubs + 1 + chance.randrange(900_000)), 1)
        elif wrong == 1:
            yield f"{each.name.rpartition(',')[0]}, {chance.choice(OTHER_CITIES)}"
        elif wrong == 2:
            yield f"Parents’ club “{chance.choice(OTHER_NAMES)}” No. {digits}, {each.city}"
        elif wrong == 3:
            yield each.name.replace(digits, str((int(digits) * 7 + 13) % known.clubs), 1)
        else:
            yield f"{chance.choice(names.BODY_NAMES).en} of {chance.choice(OTHER_CITIES)}"
