"""Three copies behind nginx while things break: no reader meets a failure, and nobody who names a release sees two.

    python -m benchmarks.fleet_check [--publishes 50] [--away 30] [--kills 0] [--seed 1]

A publisher sends to a folder; three copies follow; nginx with docs/deploy/nginx-copies.conf stands before them; eight
clients ask, half of them for a release that they name. Meanwhile: publishes, one copy killed (SIGKILL) and started
again, the storage away, a rolling restart. With ``--kills`` push and follow are killed so often at random moments
instead, and storage and copy looked through each time. It takes minutes; figures go to standard output.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import zstandard

from benchmarks.killed import done, in_process, succeeded
from benchmarks.start import free_port
from graph.model.publication import Publication, open_publication
from graph.parts.replication.companion import main as companion
from graph.parts.replication.follow import Copy, begin_copy
from graph.parts.replication.object_storage import digest_of, open_storage
from graph.parts.replication.push import Push
from graph.parts.replication.replicated import CURRENT_NAME, file_name, read_head, read_record, record_name
from graph.pipeline.build import build
from graph.pipeline.write import Put, publish
from graph.releases.release import ReleasesFolder, current_release
from graph.releases.verification import prune, verify
from graph.sources.batches import Chunk

REPOSITORY: Final = Path(__file__).resolve().parent.parent
GRAPH: Final = "https://w3id.org/hamkor/graph/ngo/a"
QUERY: Final = "SELECT ?o { <http://e/new> <http://e/p> ?o }"
COPIES, CLIENTS, PAUSE = 3, 8, 0.05
SOON: Final = 60.0


def hamkor(*arguments: str, log: Path) -> subprocess.Popen[bytes]:
    """Start a command."""
    command = [sys.executable, "-c", "from endpoint.cli import main; main()", *arguments]
    with log.open("ab") as stderr:
        return subprocess.Popen(command, stderr=stderr, stdout=stderr, cwd=REPOSITORY, start_new_session=True)


def publication(root: Path, storage: Path) -> Publication:
    """A publication of some hundred triples that is sent to a folder."""
    (root / "data").mkdir(parents=True)
    label = "<http://www.w3.org/2000/01/rdf-schema#label>"
    (root / "data" / "a.nt").write_text("".join(f'<http://e/{n}> {label} "{n}" .\n' for n in range(500)))
    (root / "hamkor.toml").write_text(f'[replication]\nto = "file://{storage}"\n')
    own = open_publication(root)
    build(own)
    return own


def put(own: Publication, number: int) -> str:
    """Publish a number; return the id of the release."""
    line = f'<http://e/new> <http://e/p> "{number}" .\n'.encode()
    return publish(own, [Put(GRAPH, (Chunk(GRAPH, line),))]).release.id


@dataclass
class Readers:
    """What clients have met.

    Attributes:
        url: where they ask.
        numbers: what each release says, by its id.
    """

    url: str
    numbers: dict[str, str]
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def read(self, *, pins: bool) -> None:
        """Ask until told to stop; where it ``pins``, ten times a release that an answer named."""
        pinned, left = "", 0
        with httpx.Client(timeout=30, trust_env=False) as client:
            while not self.stop.is_set():
                headers = {"Accept": "text/csv"} | ({"Release": pinned} if pinned else {})
                try:
                    answer = client.get(f"{self.url}/sparql", params={"query": QUERY}, headers=headers)
                except httpx.HTTPError as problem:
                    self.statuses[type(problem).__name__] += 1
                    continue
                self._judge(answer, pinned)
                left -= 1
                if pins and left <= 0:
                    # then another one: who named the first for ever would find it gone after some minutes
                    pinned = "" if pinned else answer.headers.get("X-Hamkor-Release", "")
                    left = 10 if pinned else 0
                time.sleep(PAUSE)

    def _number(self, release: str) -> str:
        """What a release says; who reads it may be quicker than who notes what was published."""
        end = time.monotonic() + 5
        while release not in self.numbers and time.monotonic() < end:
            time.sleep(0.01)
        return self.numbers.get(release, "")

    def _judge(self, answer: httpx.Response, pinned: str) -> None:
        self.statuses[f"{answer.status_code}{' named' if pinned else ''}"] += 1
        if not answer.is_success:
            self.wrong.append(f"{answer.status_code} for {pinned or 'any'}: {answer.text[:150]}")
            return
        release, said = answer.headers["X-Hamkor-Release"], answer.text.split()[1:]
        if (pinned and release != pinned) or said != [self._number(release)]:
            self.wrong.append(f"{said} of {release}, asked for {pinned or 'any'}")


@dataclass
class FleetUnderTest:
    """The processes: a publisher, copies, nginx."""

    place: Path
    own: Publication
    ports: list[int]
    front: int
    copies: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_copy(self, number: int) -> subprocess.Popen[bytes]:
        """Start a copy, or start it again."""
        follow = ("--follow", f"file://{self.place}/storage")
        root = str(self.place / f"copy-{number}")
        return hamkor(
            "serve", "--publication", root, "--port", str(self.ports[number]), *follow, log=self.place / "copies.log"
        )

    def nginx(self) -> subprocess.Popen[bytes]:
        """Start nginx with the configuration of the documentation, without TLS."""
        text = (REPOSITORY / "docs" / "deploy" / "nginx-copies.conf").read_text()
        text = re.sub(r"ssl_certificate.*\n", "", text).replace("listen 443 ssl", f"listen 127.0.0.1:{self.front}")
        for number, port in enumerate(self.ports):
            text = text.replace(f"127.0.0.1:{8001 + number} ", f"127.0.0.1:{port} ")
        whole = f"pid {self.place}/pid; daemon off; events {{}} http {{ access_log off; {text} }}"
        (self.place / "nginx.conf").write_text(whole)
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        return subprocess.Popen([program, "-c", str(self.place / "nginx.conf"), "-e", str(self.place / "nginx.log")])

    def release(self, number: int) -> str:
        """The release that a copy answers from; empty where it does not answer."""
        with suppress(httpx.HTTPError):
            answer = httpx.get(f"http://127.0.0.1:{self.ports[number]}/ready", timeout=5, trust_env=False)
            return str(answer.json().get("release", ""))
        return ""

    def reached(self, release: str, seconds: float = SOON) -> float:
        """Return how many seconds it takes until every copy answers from a release; infinity where it does not."""
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            if all(self.release(number) == release for number in range(COPIES)):
                return time.monotonic() - begun
            time.sleep(0.05)
        return float("inf")


def run(place: Path, publishes: int, away: float) -> dict[str, object]:
    """Let everything happen; return the figures."""
    own = publication(place / "publisher", place / "storage")
    numbers, lags, recovered = {current_release(own).id: ""}, list[float](), dict[str, float]()
    fleet = FleetUnderTest(place, own, [free_port() for _ in range(COPIES)], free_port())
    numbers[put(own, 0)] = "0"
    with ExitStack() as ended:
        sender = subprocess.Popen(
            [sys.executable, "-m", "graph.parts.replication.companion", str(own.root)], cwd=REPOSITORY
        )
        ended.callback(sender.kill)
        fleet.copies = [fleet.start_copy(number) for number in range(COPIES)]
        ended.callback(lambda: [each.wait(60) for each in fleet.copies])  # called last: none writes what is removed
        ended.callback(lambda: [each.send_signal(signal.SIGTERM) for each in fleet.copies])
        ended.callback(fleet.nginx().terminate)
        fleet.reached(current_release(own).id, 120)
        readers = Readers(f"http://127.0.0.1:{fleet.front}", numbers)
        threads = [threading.Thread(target=readers.read, kwargs={"pins": bool(n % 2)}) for n in range(CLIENTS)]
        for each in threads:
            each.start()

        numbered = _Numbers(numbers)
        for turn in range(1, publishes + 1):
            lags.append(_one(own, fleet, numbered, turn))
            if turn == publishes // 4:
                os.killpg(fleet.copies[0].pid, signal.SIGKILL)
                fleet.copies[0].wait()
                fleet.copies[0] = fleet.start_copy(0)
                recovered["a copy killed"] = fleet.reached(current_release(own).id)
            if turn == publishes // 2:
                (place / "storage").rename(place / "away")
                numbered.next(own, publishes + 1)
                time.sleep(away)
                (place / "away").rename(place / "storage")
                recovered["the storage away"] = fleet.reached(current_release(own).id)
            if turn == publishes * 3 // 4:
                for number in range(COPIES):
                    fleet.copies[number].send_signal(signal.SIGTERM)
                    fleet.copies[number].wait(60)
                    fleet.copies[number] = fleet.start_copy(number)
                    recovered[f"copy {number + 1} restarted"] = fleet.reached(current_release(own).id)
        readers.stop.set()
        for each in threads:
            each.join()
    return {
        "answers": dict(readers.statuses),
        "wrong or failed": len(readers.wrong),
        "examples": readers.wrong[:5],
        "seconds until all copies have it, median": round(statistics.median(lags), 2),
        "longest": round(max(lags), 2),
        "seconds until all copies are up to date after": {name: round(each, 1) for name, each in recovered.items()},
    }


@dataclass
class _Numbers:
    """Which release says which number."""

    of: dict[str, str]

    def next(self, own: Publication, number: int) -> str:
        """Publish a number; return the id of the release."""
        release = put(own, number)
        self.of[release] = str(number)
        return release


def _one(own: Publication, fleet: FleetUnderTest, numbers: _Numbers, turn: int) -> float:
    return fleet.reached(numbers.next(own, turn))


# Push and follow, killed at random moments.

LATEST: Final = 1.25
"""The last moment of a kill, as a multiple of what push or follow takes: some come after the end."""
KEPT, PRUNED_EACH = 5, 25


def replicated(root: Path) -> None:
    """Let a publisher send what is current, or a copy fetch it: as the process beside a service does, once.

    Raises:
        SystemExit: it failed.
    """
    if status := companion([str(root), "--once", "--detached"]):
        raise SystemExit(status)


def killed_replication(place: Path, times: int, seed: int) -> dict[str, object]:
    """Kill push, and then follow, again and again until the release is there; look at storage and copy each time.

    Each runs in a process that is forked from this one, which has loaded everything and opened nothing: so the kills
    fall into what is done, and not into the loading of Python.

    Raises:
        SystemExit: something was not whole, or not what it has to be.
    """
    roots = {"push": place / "publisher", "follow": place / "copy"}
    succeeded(partial(publication, roots["push"], place / "storage"))
    succeeded(partial(replicated, roots["push"]))
    succeeded(partial(begin_copy, roots["follow"], f"file://{place}/storage"))
    own, seconds = open_publication(roots["push"]), _durations(roots)
    chance, outcome, killed, published = random.Random(seed), Counter[str](), 0, 0
    while killed < times:
        old, published = _current(place)[0], published + 1
        succeeded(partial(put, own, published))
        new = ReleasesFolder(own.releases_folder).current()
        for name, root in roots.items():
            is_there = False
            while not is_there:
                process, killed = in_process(partial(replicated, root)), killed + 1
                time.sleep(chance.uniform(0, LATEST * seconds[name]))
                os.kill(process, signal.SIGKILL)
                status = done(process)
                is_there = _seen(place, name, old, new.name if new is not None else "")
                if status not in {0, -signal.SIGKILL} or (status == 0 and not is_there):
                    raise SystemExit(f"kill {killed}: {name} had ended with {status}")
                outcome[f"{name}: {'after its end' if status == 0 else 'new' if is_there else 'old'}"] += 1
                if killed % PRUNED_EACH == 0:
                    print(f"{killed} kills, {published} releases, all whole", file=sys.stderr, flush=True)
        if published % PRUNED_EACH == 0:
            succeeded(partial(_prune, own, place))
    took = {name: round(each, 3) for name, each in seconds.items()}
    return {
        "kills, and what was current": dict(sorted(outcome.items())),
        "releases": published,
        "not whole": 0,
        "seconds without a kill": took,
    }


def _seen(place: Path, name: str, old: str, new: str) -> bool:
    """Look through storage and copy after a kill; return whether the new release is current where it is to be.

    The copy is read whole where its release is another one; else only what stands in the storage, and which is current.

    Raises:
        SystemExit: something is not whole, or neither the old nor the new release is current.
    """
    if broken := missing_in_storage(place / "storage"):
        raise SystemExit(f"not whole: {broken[:5]}")
    current = dict(zip(("push", "follow"), _current(place), strict=True))
    if not {*current.values()} <= {old, new} or (name == "follow" and current["push"] != new):
        raise SystemExit(f"current are {current}, and not {old} or {new}")
    if name == "follow" and current[name] == new:
        succeeded(partial(_look, place / "copy"))
    return current[name] == new


def _look(copy: Path) -> None:
    if broken := wrong_in_copy(copy):
        raise SystemExit(f"not whole: {broken[:5]}")


def _current(place: Path) -> tuple[str, str]:
    """Return which release is current in the storage, and which in the copy."""
    storage = read_head((place / "storage" / CURRENT_NAME).read_bytes()).release
    return storage, Copy(place / "copy", open_storage("file:///")).current()


def _durations(roots: dict[str, Path]) -> dict[str, float]:
    """Return how long push and follow take that are not killed, in seconds, at the median of three."""
    times: dict[str, list[float]] = {name: [] for name in roots}
    for turn in range(3):
        succeeded(partial(put, open_publication(roots["push"]), -1 - turn))
        for name, root in roots.items():
            begun = time.perf_counter()
            succeeded(partial(replicated, root))
            times[name].append(time.perf_counter() - begun)
    return {name: statistics.median(each) for name, each in times.items()}


def _prune(own: Publication, place: Path) -> None:
    prune(ReleasesFolder(own.releases_folder), KEPT)
    Push(own, open_storage(f"file://{place}/storage")).prune()


def missing_in_storage(storage: Path) -> list[str]:
    """Return what of that which `current` names is not there, or, of the current release, not as it was sent."""
    head, missing = read_head((storage / CURRENT_NAME).read_bytes()), list[str]()
    for release, digest in head.releases.items():
        record = read_record((storage / record_name(release)).read_bytes(), release, digest)
        for name, each in record.files.items():
            place = storage / file_name(each.sha256)
            if not place.is_file():
                missing.append(f"{release}: {name} is missing")
            elif release == head.release:
                content = zstandard.ZstdDecompressor().decompressobj().decompress(place.read_bytes())
                if digest_of(content) != each.sha256:
                    missing.append(f"{release}: {name} is damaged")
    return missing


def wrong_in_copy(root: Path) -> list[str]:
    """Return what is wrong with the current release of a copy."""
    if not Copy(root, open_storage("file:///")).current():
        return []
    return [str(each) for each in verify(current_release(open_publication(root)))]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--publishes", type=int, default=50)
    parser.add_argument("--away", type=float, default=30.0, help="seconds in which the storage is away")
    parser.add_argument("--kills", type=int, default=0, help="kill push and follow so often instead")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        found = (
            killed_replication(place, options.kills, options.seed)
            if options.kills
            else run(place, options.publishes, options.away)
        )
        for name, value in found.items():
            print(f"{name}: {value}")


if __name__ == "__main__":
    main()
