"""What a registry of a certain size and seed says: how many things there are, and what is drawn for each of them.

Random-access: what is said of the n-th club follows from the seed and n alone. So registry.py writes the file as a
stream, and queries.py knows what an answer must hold without reading the file. It writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from benchmarks import names
from benchmarks.quads import template

_MASK: Final = (1 << 64) - 1
_KINDS: Final = ("topic", "city", "body", "project", "forum", "participation", "club", "person")
#: Months are counted from January 2005; written as in xsd:gYearMonth, and how many days each has.
_FIRST_YEAR: Final = 2005
MONTHS: Final = tuple(f"{_FIRST_YEAR + m // 12}-{m % 12 + 1:02}" for m in range(12 * 21))
LAST_DAYS: Final = tuple(
    (31, 29 if (_FIRST_YEAR + m // 12) % 4 == 0 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[m % 12]
    for m in range(len(MONTHS))
)
#: Each of the five pilot regions has 15 % of the clubs, the other nine share the rest.
_REGION_OF_180: Final = tuple(
    number for number, region in enumerate(names.REGIONS) for _ in range(27 if region.pilot else 5)
)
PARTICIPATIONS_A_FORUM: Final = 12
SMALLEST: Final = 4_000


class Draw:
    """A stream of random numbers that belongs to one thing: SplitMix64 to begin, then a linear congruence.

    Python's own generator would do, but is ten times slower to seed, which happens once for each thing.
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int, kind: str, number: int) -> None:
        state = (seed * 0x9E3779B97F4A7C15 + (_KINDS.index(kind) + 1) * 0xD1B54A32D192ED03 + number) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        self._state = state ^ (state >> 31)

    def below(self, bound: int) -> int:
        """A whole number from 0 to ``bound`` - 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return ((self._state >> 32) * bound) >> 32

    def two_below(self, bound: int) -> tuple[int, int]:
        """Two different whole numbers below ``bound``, which is at least 2."""
        first = self.below(bound)
        return first, (first + 1 + self.below(bound - 1)) % bound


class Body(NamedTuple):
    """What is drawn for a body; ``above`` is the body it is part of, -1 for the fourteen roots."""

    city: int
    name: int
    year: int
    above: int
    extra: int


class Forum(NamedTuple):
    """What is drawn for a forum; ``month`` counts from January 2005, days are 1-based."""

    city: int
    month: int
    day: int
    days: int
    topics: tuple[int, int]
    target: int


class Participation(NamedTuple):
    """What is drawn for one participation in a forum; ``role`` is an index of names.FORUM_ROLES."""

    body: int
    role: int


class Club(NamedTuple):
    """What is drawn for a club; ``month`` is its founding, ``members`` its latest count."""

    region: int
    city: int
    project: int
    name: int
    month: int
    target: int
    topics: tuple[int, int]
    members: int
    earlier_members: int
    later: int
    extra: int


class Person(NamedTuple):
    """What is drawn for a person; every club has a contact person, every second one a chairman too."""

    given: str
    family: str
    club: int
    role: str
    month: int
    extra: int


@dataclass(frozen=True)
class Registry:
    """A registry of a certain size: how many things of each kind, and what is said of each.

    Attributes:
        seed: any whole number; the same seed and size give the same registry.
        clubs: how many clubs; every other count follows from it.
        further_names: how many further names of clubs fill the registry up to the wanted size.
    """

    seed: int
    clubs: int
    further_names: int = 0

    @classmethod
    def of(cls, triples: int, seed: int = 1) -> Registry:
        """The registry of exactly so many distinct triples; ValueError below 4,000."""
        if triples < SMALLEST:
            raise ValueError(f"a registry has at least {SMALLEST} triples, {triples} were asked for")
        low, high = 1, triples
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if cls(seed, middle).triples <= triples else (low, middle - 1)
        return cls(seed, low, triples - cls(seed, low).triples)

    # How many there are of each kind.

    @cached_property
    def cities(self) -> int:
        """A multiple of fourteen, so that every region has equally many: city n lies in region n % 14."""
        return len(names.REGIONS) * max(2, self.clubs // 210)

    @cached_property
    def topics(self) -> int:
        """Topic n > 0 has the broader topic (n - 1) // 5."""
        return max(31, self.clubs // 20)

    @cached_property
    def bodies(self) -> int:
        """Body n >= 14 is part of body (n - 14) // 3."""
        return max(42, self.clubs // 8)

    @cached_property
    def projects(self) -> int:
        """A multiple of fourteen: project n works in region n % 14."""
        return len(names.REGIONS) * max(1, self.clubs // 700)

    @cached_property
    def forums(self) -> int:
        """Every forum has twelve participations."""
        return max(4, self.clubs // 25)

    @cached_property
    def persons(self) -> int:
        """Person n has a role in club n % clubs."""
        return self.clubs + self.clubs // 2

    @cached_property
    def counts(self) -> dict[str, int]:
        """Kind of thing, as in quads.TEMPLATES, → how many."""
        return {
            "scheme": 6,
            "concept": len(names.TARGET_GROUPS) + len(names.ROLES) + len(set(names.ORGANISATION_KINDS)) + 3,
            "topic": self.topics,
            "country": 1,
            "region": len(names.REGIONS),
            "city": self.cities,
            "body": self.bodies,
            "project": self.projects,
            "forum": self.forums,
            "participation": self.forums * PARTICIPATIONS_A_FORUM,
            "club": self.clubs,
            "member-count": self.clubs * 2,
            "further-name": self.further_names,
            "person": self.persons,
            "source": len(names.REGISTERS),
            "data-set": 1,
        }

    @property
    def triples(self) -> int:
        """How many distinct triples the registry has."""
        return sum(number * template(kind).count("\n") for kind, number in self.counts.items())

    # What is said of each.

    def city_name(self, n: int) -> names.Name:
        """The first fourteen are the regions' chief cities, the others are made up."""
        if n < len(names.REGIONS):
            return names.REGIONS[n].capital
        again, part = divmod(n, len(names.CITY_STEMS) * len(names.CITY_ENDINGS))
        stem, ending = (
            names.CITY_STEMS[part % len(names.CITY_STEMS)],
            names.CITY_ENDINGS[part % len(names.CITY_ENDINGS)],
        )
        number = f" {again + 1}" if again else ""
        return names.Name(stem.en + ending.en + number, stem.ru + ending.ru + number, stem.uz + ending.uz + number)

    def body(self, n: int) -> Body:
        """The n-th body."""
        draw = Draw(self.seed, "body", n)
        above = -1 if n < len(names.REGIONS) else (n - len(names.REGIONS)) // 3
        return Body(
            draw.below(self.cities), draw.below(len(names.BODY_NAMES)), 1991 + draw.below(30), above, draw.below(3)
        )

    def forum(self, n: int) -> Forum:
        """The n-th forum."""
        draw = Draw(self.seed, "forum", n)
        return Forum(
            draw.below(self.cities),
            draw.below(240),
            1 + draw.below(24),
            draw.below(3),
            draw.two_below(self.topics),
            draw.below(len(names.TARGET_GROUPS)),
        )

    def participation(self, forum: int, n: int) -> Participation:
        """The n-th of a forum's twelve; few bodies take part often, most seldom (a cubed uniform draw)."""
        draw = Draw(self.seed, "participation", forum * PARTICIPATIONS_A_FORUM + n)
        body = draw.below(1 << 16) ** 3 * self.bodies >> 48
        return Participation(body, 0 if n == 0 else draw.below(len(names.FORUM_ROLES)))

    def club(self, n: int) -> Club:
        """The n-th club; its project works in its region."""
        draw, regions = Draw(self.seed, "club", n), len(names.REGIONS)
        region = _REGION_OF_180[draw.below(180)]
        members = 8 + draw.below(1 << 10) ** 2 // 5000
        return Club(
            region,
            region + regions * draw.below(self.cities // regions),
            region + regions * draw.below(self.projects // regions),
            draw.below(len(names.CLUB_NAMES)),
            draw.below(200),
            draw.below(len(names.TARGET_GROUPS)),
            draw.two_below(self.topics),
            members,
            max(4, members - 20 + draw.below(30)),
            18 + draw.below(30),
            draw.below(3),
        )

    def person(self, n: int) -> Person:
        """The n-th person."""
        draw, role = Draw(self.seed, "person", n), "contact-person" if n < self.clubs else "chairman"
        given = names.GIVEN_NAMES[draw.below(len(names.GIVEN_NAMES))]
        stem = names.FAMILY_STEMS[draw.below(len(names.FAMILY_STEMS))]
        family = stem + ("ova" if given.endswith("a") else "ov")
        return Person(given, family, n % self.clubs, role, 201 + draw.below(48), draw.below(2))
