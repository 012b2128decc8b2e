"""A simulation of N copies: how late releases reach them, and how old answers are, when copies and storage fail.

    python -m benchmarks.fleet [--days 10] [--seed 1]

Nothing is served here: events follow one another as `graph.parts.replication.companion` and systemd make them, in times
that were measured (RESULTS.md, "Copies" and "Publishing under readers"). What is assumed is said at each constant. An
equal seed gives an equal table. Real copies and real faults are `benchmarks.fleet_check`'s.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from benchmarks.section import table
from graph.parts.replication.companion import LOOK_SECONDS, pause

POLL: Final = 1.0
"""How often a copy asks: `replication.seconds` as it comes."""
SMALL: Final = 0.05, 0.15
"""Seconds to send, or to fetch, a release of a hundred triples: assumed."""
SEND_WHOLE, FETCH_WHOLE = 8.7, 15.6
"""The same of a whole release of a million triples: measured, the second with the start of the copy."""
TAKEN_UP: Final = 0.04, 0.84
"""Seconds until a service answers from what is current on its disk: measured, median 0.44, at most 0.84."""
RESTART: Final = 7.1, 9.0
"""Seconds until a copy that was killed or restarted answers, up to date: measured."""
REPLACED: Final = 600.0
"""Seconds until a machine that is lost has a successor with an empty folder: assumed."""
OLD: Final = 10.0
"""Seconds from which on an answer counts as old."""
DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a fleet has to bear; times in seconds, rates per day, all of them assumed.

    Attributes:
        copies: how many.
        every: seconds from one release to the next, at the mean.
        builds: the share of releases that are sent whole, as a build makes them.
        kills: how often the process of a copy ends.
        losses: how often the machine of a copy is lost.
        outages: how often the storage is away.
        away: for how long.
    """

    copies: int
    every: float = 60.0
    builds: float = 0.0
    kills: float = 0.0
    losses: float = 0.0
    outages: float = 0.0
    away: float = 30.0

    def __str__(self) -> str:
        said = [
            f"{self.builds:.0%} of the releases whole" if self.builds else "",
            f"{self.kills:g} kills of each copy a day" if self.kills else "",
            f"{self.losses:g} lost machines of each a day" if self.losses else "",
            f"{self.outages:g} outages of the storage a day of {self.away:g} s" if self.outages else "",
        ]
        return ", ".join(each for each in said if each) or "no fault"


SCENARIOS: Final = (
    *(Scenario(copies) for copies in (1, 3, 10, 100)),
    Scenario(3, builds=0.1),
    Scenario(3, kills=24),
    Scenario(3, outages=24),
    Scenario(3, outages=1, away=3600),
    *(Scenario(copies, kills=4, losses=0.2, outages=4, away=300) for copies in (1, 3, 10, 100)),
)


@dataclass
class SimulatedCopy:
    """One copy.

    Attributes:
        release: the number of the release that it answers from.
        life: grows when its process ends, so that what that had begun comes to nothing.
        up: since when it answers; infinity where it does not.
        since: since when it answers from its release.
        fetching: whether a release is on its way to it.
        failures: how often in a row the storage was away when it asked.
    """

    release: int = 0
    life: int = 0
    up: float = 0.0
    since: float = 0.0
    fetching: bool = False
    failures: int = 0

    @property
    def is_up(self) -> bool:
        """Whether it answers."""
        return self.up < math.inf


@dataclass
class Found:
    """What came of a scenario; times in seconds.

    Attributes:
        lags: from a release to the answer of a copy from it, where that was up all the while.
        lags_of_all: from a release until every copy answers from it, whatever happened meanwhile.
        recovered: from the return of the storage until every copy is up to date, where that was behind.
        answering: how long copies have answered, added up.
        old: how long of that more than `OLD` seconds after there was a newer release.
        oldest: how far behind an answer was at most.
        none_up: for how long no copy answered.
    """

    lags: list[float] = field(default_factory=list)
    lags_of_all: list[float] = field(default_factory=list)
    recovered: list[float] = field(default_factory=list)
    answering: float = 0.0
    old: float = 0.0
    oldest: float = 0.0
    none_up: float = 0.0


class Simulation:
    """A publisher, a storage and copies; time passes from event to event."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        """Begin with every copy up and at the release 0."""
        self.scenario, self.found, self.now = scenario, Found(), 0.0
        self._chance = random.Random(f"{seed} {scenario.copies} {scenario}")
        self._events = list[tuple[float, int, Callable[[], None]]]()
        self._serial, self._committed, self._sent, self._whole = 0, [0.0], 0, {0}
        self._is_sending, self._failures, self._is_away = False, 0, False
        self._copies = [SimulatedCopy() for _ in range(scenario.copies)]
        self._back, self._none_since, self._all_have = math.inf, math.inf, 0

    def run(self, seconds: float) -> Found:
        """Let so much time pass."""
        self._after(self._gap(DAY / self.scenario.every), self._commit)
        self._after(self._gap(self.scenario.outages), self._go_away)
        for copy in self._copies:
            self._after(self._gap(self.scenario.kills), lambda copy=copy: self._end(copy, is_lost=False))
            self._after(self._gap(self.scenario.losses), lambda copy=copy: self._end(copy, is_lost=True))
        while self._events and self._events[0][0] < seconds:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.now = seconds
        for copy in self._copies:
            self._count(copy)
        if self._none_since < seconds:
            self.found.none_up += seconds - self._none_since
        return self.found

    def _after(self, seconds: float, event: Callable[[], None]) -> None:
        if seconds < math.inf:
            self._serial += 1
            heapq.heappush(self._events, (self.now + seconds, self._serial, event))

    def _gap(self, a_day: float) -> float:
        return self._chance.expovariate(a_day / DAY) if a_day else math.inf

    # The publisher: what becomes current is sent, and tried again where the storage is away.

    def _commit(self) -> None:
        self._committed.append(self.now)
        if self._chance.random() < self.scenario.builds:
            self._whole.add(len(self._committed) - 1)
        if not self._is_sending:
            self._is_sending = True
            self._after(self._chance.uniform(0, LOOK_SECONDS), self._send)
        self._after(self._gap(DAY / self.scenario.every), self._commit)

    def _send(self) -> None:
        number = len(self._committed) - 1
        is_whole = any(each in self._whole for each in range(self._sent + 1, number + 1))
        self._after(SEND_WHOLE if is_whole else self._chance.uniform(*SMALL), lambda: self._move(number))

    def _move(self, number: int) -> None:
        if self._is_away:
            self._failures += 1
            self._after(pause(self._failures, LOOK_SECONDS), self._send)
            return
        self._sent, self._failures, self._is_sending = number, 0, number < len(self._committed) - 1
        if self._is_sending:
            self._after(self._chance.uniform(0, LOOK_SECONDS), self._send)
        for copy in self._copies:
            if copy.is_up and not copy.fetching and not copy.failures:
                self._ask_within(copy, self._chance.uniform(0, POLL))

    # The storage.

    def _go_away(self) -> None:
        self._is_away = True
        for copy in self._copies:
            if copy.is_up and not copy.fetching and not copy.failures:
                self._ask_within(copy, self._chance.uniform(0, POLL))
        self._after(self.scenario.away, self._come_back)

    def _come_back(self) -> None:
        self._is_away, self._back = False, self.now
        self._after(self._gap(self.scenario.outages), self._go_away)

    # A copy: it asks, fetches, takes up; its process ends, and another begins.

    def _ask_within(self, copy: SimulatedCopy, seconds: float) -> None:
        copy.fetching, life = True, copy.life
        self._after(seconds, lambda: self._ask(copy, life))

    def _ask(self, copy: SimulatedCopy, life: int) -> None:
        if life != copy.life:
            return
        copy.fetching = False
        if self._is_away:
            copy.failures += 1
            self._ask_within(copy, pause(copy.failures, POLL))
            return
        copy.failures, number = 0, self._sent
        if number > copy.release:
            is_whole = any(each in self._whole for each in range(copy.release + 1, number + 1))
            copy.fetching = True
            seconds = FETCH_WHOLE if is_whole else self._chance.uniform(*SMALL)
            self._after(seconds, lambda: self._have(copy, life, number))

    def _have(self, copy: SimulatedCopy, life: int, number: int) -> None:
        if life != copy.life:
            return
        copy.fetching = False
        if self._is_away:
            self._ask_within(copy, 0.0)
            return
        self._after(self._chance.uniform(*TAKEN_UP), lambda: self._answer(copy, life, number))
        self._ask_within(copy, POLL)

    def _answer(self, copy: SimulatedCopy, life: int, number: int) -> None:
        if life != copy.life or number <= copy.release:
            return
        self._count(copy)
        for each in range(copy.release + 1, number + 1):
            if copy.up <= self._committed[each]:
                self.found.lags.append(self.now - self._committed[each])
        copy.release, copy.since = number, self.now
        self._look_at_all()

    def _look_at_all(self) -> None:
        """Note releases that every copy has by now, and that all are up to date after the storage was away."""
        if not all(copy.is_up for copy in self._copies):
            return
        least = min(copy.release for copy in self._copies)
        for each in range(self._all_have + 1, least + 1):
            self.found.lags_of_all.append(self.now - self._committed[each])
        self._all_have = max(self._all_have, least)
        if self._back < math.inf and self._committed[-1] <= self._back and least == len(self._committed) - 1:
            self.found.recovered.append(self.now - self._back)
        if least == len(self._committed) - 1 or self._committed[-1] > self._back:
            self._back = math.inf

    def _end(self, copy: SimulatedCopy, *, is_lost: bool) -> None:
        a_day = self.scenario.losses if is_lost else self.scenario.kills
        self._after(self._gap(a_day), lambda: self._end(copy, is_lost=is_lost))
        if not copy.is_up and not is_lost:
            return
        self._count(copy)
        copy.life, copy.up, copy.fetching, copy.failures = copy.life + 1, math.inf, False, 0
        if not any(each.is_up for each in self._copies):
            self._none_since = min(self._none_since, self.now)
        seconds = REPLACED + FETCH_WHOLE if is_lost else self._chance.uniform(*RESTART)
        life = copy.life
        self._after(seconds, lambda: self._begin(copy, life, is_empty=is_lost))

    def _begin(self, copy: SimulatedCopy, life: int, *, is_empty: bool) -> None:
        if life != copy.life:
            return
        if self._is_away and is_empty:  # there is nothing to serve yet
            self._after(pause(5, POLL), lambda: self._begin(copy, life, is_empty=True))
            return
        copy.up = copy.since = self.now
        if self._none_since < math.inf:
            self.found.none_up += self.now - self._none_since
            self._none_since = math.inf
        if not self._is_away:
            copy.release = max(copy.release, self._sent)
        self._ask_within(copy, 0.0 if self._is_away else POLL)
        self._look_at_all()

    def _count(self, copy: SimulatedCopy) -> None:
        """Add up how long a copy has answered from its release, and for how long of that there was a newer one."""
        if not copy.is_up:
            return
        self.found.answering += self.now - copy.since
        if copy.release < len(self._committed) - 1:
            newer = self._committed[copy.release + 1]
            self.found.old += max(0.0, self.now - max(newer + OLD, copy.since))
            self.found.oldest = max(self.found.oldest, self.now - newer)


def share(values: list[float], part: float) -> float:
    """The value below which such a part of the values lies; not a number where there are none."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] if values else math.nan


def row(scenario: Scenario, found: Found, seconds: float) -> tuple[str, ...]:
    """A row of the table."""
    slowest = max(found.lags_of_all, default=math.nan)
    figures = (share(found.lags, 0.5), share(found.lags, 0.95), share(found.lags_of_all, 0.5), slowest)
    recovered = share(found.recovered, 0.5)
    return (
        f"{scenario.copies}",
        str(scenario),
        *(f"{each:,.1f}" for each in figures),
        "" if math.isnan(recovered) else f"{recovered:.1f}",
        f"{found.old / found.answering:.3%}",
        f"{found.oldest:,.0f}",
        f"{found.none_up / seconds:.3%}",
    )


COLUMNS: Final = (
    "copies", "faults", "lag of a copy, median s", "p95 s", "until all have it, median s", "longest s",
    "up to date after the storage was away, median s", f"answers more than {OLD:g} s behind", "most behind, s",
    "no copy answers",
)  # fmt: skip


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=float, default=10.0, help="how much time passes in each scenario")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    seconds = options.days * DAY
    print(table(COLUMNS, (row(each, Simulation(each, options.seed).run(seconds), seconds) for each in SCENARIOS)))


if __name__ == "__main__":
    main()
