"""Spreadsheets that people have sent, kept for an hour in a bounded place while they look at what was understood.

Each lies below a secret of its own, of which the hash is its name; nothing else knows of it, and no address is kept.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock, Timer

import msgspec
from cachetools import LRUCache, TTLCache
from flask import Response

from endpoint.http.problems import ProblemError
from graph.model.errors import Sentence
from graph.model.publication import WORK_FOLDER, Publication
from graph.parts.spreadsheets.import_memory import SHEETS

KEPT_SECONDS = 3600.0
MOST_BYTES = 16 << 20
MOST_KEPT, MOST_KEPT_BYTES, MOST_OF_ONE = 300, 1 << 30, 5
MOST_CLIENTS = 10_000
LONGEST_FILE_NAME = 100
TOLD_SECONDS = 600.0
"""So long what came of a file is told once more to whoever sends its form again."""


class KeptUpload(msgspec.Struct, frozen=True):
    """A file that was sent: how its sender calls it, the class that they chose, and when it came (seconds)."""

    name: str
    class_name: str
    time: float


@dataclass
class UploadShelf:
    """The files of one publication that are kept.

    Attributes:
        publication: which.
    """

    publication: Publication
    _of_clients: LRUCache[str, list[str]] = field(default_factory=lambda: LRUCache(MOST_CLIENTS))
    _lock: Lock = field(default_factory=Lock)
    _alone: LRUCache[str, Lock] = field(default_factory=lambda: LRUCache(MOST_CLIENTS))
    _told: TTLCache[str, Response] = field(default_factory=lambda: TTLCache(MOST_KEPT, TOLD_SECONDS))

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.publication.root / WORK_FOLDER / SHEETS

    def keep(self, path: Path, name: str, class_name: str, client: str) -> str:
        """Keep a file, which is moved; return its secret. Of one client a few are kept, the last ones.

        Raises:
            ProblemError: 413, it is too large; 503, too many are kept.
            OSError: the disk does not take it.
        """
        size = path.stat().st_size
        if size > MOST_BYTES:
            detail = Sentence("the file is larger than %(number)s MiB", number=MOST_BYTES >> 20)
            raise ProblemError("too-large", detail, {"remedy": Sentence("divide it")})
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self.take_away_old()
            own = self._of_clients.setdefault(client, [])
            while len(own) >= MOST_OF_ONE:
                self._remove(own.pop(0))
            kept = [found.st_size for each in self.folder.glob("*.sheet") if (found := _looked_at(each)) is not None]
            if len(kept) >= MOST_KEPT or sum(kept) + size > MOST_KEPT_BYTES:
                problem = Sentence("too many spreadsheets are being looked at")
                remedy = {"remedy": Sentence("try again in an hour")}
                raise ProblemError("unavailable", problem, remedy, {"Retry-After": str(int(KEPT_SECONDS))})
            secret = secrets.token_urlsafe(24)
            place = _hash(secret)
            try:
                # the file comes last: where there is one, all that is known of it is there, too
                about = KeptUpload(_file_name(name), class_name, time.time())
                (self.folder / f"{place}.json").write_bytes(msgspec.json.encode(about))
                shutil.move(path, self.folder / f"{place}.sheet")
            except OSError:
                self._remove(place)
                raise
            own.append(place)
        ending = Timer(KEPT_SECONDS, self._remove, [place])
        ending.daemon = True  # whoever stops the service does not wait; the next one takes away what is old
        ending.start()
        return secret

    def get(self, secret: str) -> tuple[Path, KeptUpload]:
        """Return a file, and what is known of it.

        Raises:
            ProblemError: 404, there is none of this secret, or no more.
        """
        place = _hash(secret)
        try:
            about = msgspec.json.decode((self.folder / f"{place}.json").read_bytes(), type=KeptUpload)
        except (OSError, msgspec.DecodeError):
            about = None
        path = self.folder / f"{place}.sheet"
        if about is None or time.time() - about.time > KEPT_SECONDS or not path.is_file():
            remedy = {"remedy": Sentence("upload the file again: it is kept for an hour")}
            raise ProblemError("not-found", Sentence("no spreadsheet is kept at this address"), remedy)
        return path, about

    def once(self, secret: str, make: Callable[[], Response]) -> Response:
        """Return what comes of a file that is used up; who sends its form twice is told the same, and it is done once.

        Args:
            secret: the file's.
            make: does it, and takes the file away where it is done.
        """
        place = _hash(secret)
        with self._lock:
            alone = self._alone.setdefault(place, Lock())
        with alone:
            with self._lock:  # of other files, too, which would change what is told beside this one
                told = self._told.get(place)
            if told is not None:
                return Response(told.get_data(), told.status_code, told.headers)
            response = make()
            if not (self.folder / f"{place}.sheet").exists():
                with self._lock:
                    self._told[place] = Response(response.get_data(), response.status_code, response.headers)
        return response

    def remove(self, secret: str) -> None:
        """Take a file away."""
        self._remove(_hash(secret))

    def _remove(self, place: str) -> None:
        for ending in ("sheet", "json"):
            (self.folder / f"{place}.{ending}").unlink(missing_ok=True)

    def take_away_old(self) -> None:
        """Take away what is kept too long, such as by a service that has stopped."""
        for each in self.folder.iterdir() if self.folder.is_dir() else ():
            found = _looked_at(each)
            if found is not None and time.time() - found.st_mtime > KEPT_SECONDS:
                each.unlink(missing_ok=True)


def _looked_at(path: Path) -> os.stat_result | None:
    """Return what the system says of a file; None where it has just been taken away, as every file is after a time."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _file_name(text: str) -> str:
    shown = "".join(each for each in text.replace("\\", "/").rpartition("/")[2] if each.isprintable())
    return shown[-LONGEST_FILE_NAME:] or "table"
