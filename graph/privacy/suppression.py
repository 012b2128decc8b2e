"""The list of what must never come back, as salted hashes: it cannot be read, only asked.

It lies beside ``hamkor.toml`` rather than among the releases, since those can be made anew from the sources and this
cannot. Whoever has the file and a name can ask whether that name is in it, so the file is for its owner only.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import msgspec

from graph.errors import ReleaseError, SettingError
from graph.privacy.words import decoded, mails, numbers, readings, sizes_of, windows, words
from graph.publication import SUPPRESSION_FILE, Publication

SIZE = 16
SALT_BYTES = 32


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: the key of the hashes, how many words the names have, the hashes."""

    salt: str
    sizes: tuple[int, ...]
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Suppression:
    """Hashes of IRIs, names, telephone numbers and addresses of mail."""

    salt: bytes
    sizes: frozenset[int]
    hashes: frozenset[bytes]

    def __bool__(self) -> bool:
        """Whether anything is suppressed."""
        return bool(self.hashes)

    def _hash(self, kind: str, text: str) -> bytes:
        return blake2b(f"{kind} {text}".encode(), key=self.salt, digest_size=SIZE).digest()

    def lists(self, iri: str) -> bool:
        """Whether this very IRI is suppressed."""
        return self._hash("iri", iri) in self.hashes

    def holds_iri(self, iri: str) -> bool:
        """Whether an IRI is suppressed, or bears a name, a number or an address that is."""
        return self.lists(iri) or self.holds_text(decoded(iri))

    def holds_text(self, text: str) -> bool:
        """Whether a name, a number or an address of mail that is suppressed stands in a text."""
        return any(self._hash(kind, each) in self.hashes for kind, each in self._facts(text))

    def _facts(self, text: str) -> Iterator[tuple[str, str]]:
        if self.sizes:
            found = words(text)
            for size in self.sizes:
                yield from (("name", each) for each in windows(found, size))
        yield from (("number", each) for each in numbers(text))
        yield from (("mail", each) for each in mails(text))

    def extended(self, iris: Iterable[str], names: Iterable[str], contacts: Iterable[str]) -> Suppression:
        """Return it with more: IRIs, names, and texts with telephone numbers and addresses of mail."""
        read, texts = {each for name in names if "@" not in name for each in readings(name)}, tuple(contacts)
        fresh = {self._hash("iri", each) for each in iris} | {self._hash("name", each) for each in read}
        fresh |= {self._hash("number", each) for text in texts for each in numbers(text)}
        fresh |= {self._hash("mail", each) for text in texts for each in mails(text)}
        return Suppression(self.salt, self.sizes | sizes_of(read), self.hashes | fresh)

    def write(self, path: Path) -> None:
        """Write the file, for its owner only."""
        stored = Stored(self.salt.hex(), tuple(sorted(self.sizes)), tuple(sorted(each.hex() for each in self.hashes)))
        fresh = path.with_name(f"{path.name}.fresh")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(stored), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def settle(publication: Publication) -> None:
    """Move the list that the current release was made with to its place; the one writer's part.

    A list becomes everybody's together with the release that was made with it, by the move of one link: so it lies in
    that release first. A writer that is killed before it has been moved on leaves that to the next one.

    Raises:
        ReleaseError: it cannot be moved.
    """
    brought, place = publication.brought_list, publication.root / SUPPRESSION_FILE
    if not brought.exists():
        return
    try:
        _moved(brought.resolve(), place)
    except OSError as problem:
        raise ReleaseError(f"{place} cannot be written: {problem.strerror}") from problem


def _moved(file: Path, place: Path) -> None:
    try:
        file.replace(place)
    except OSError as problem:
        if problem.errno != errno.EXDEV:
            raise
        fresh = place.with_name(f"{place.name}.fresh")  # the releases are on a disk of their own
        shutil.copy2(file, fresh)
        fresh.replace(place)
        file.unlink()


def read_suppression(*paths: Path) -> Suppression:
    """Return what the first of some files that is there says; an empty list with a new salt where none is.

    Raises:
        SettingError: it cannot be read: nothing may be published as long as nobody knows what must not.
    """
    for path in paths:
        try:
            stored = msgspec.json.decode(path.read_bytes(), type=Stored)
            hashes = frozenset(bytes.fromhex(each) for each in stored.hashes)
            return Suppression(bytes.fromhex(stored.salt), frozenset(stored.sizes), hashes)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as problem:
            raise SettingError(path.name, f"the list of what is withheld cannot be read: {problem}") from problem
    return Suppression(secrets.token_bytes(SALT_BYTES), frozenset(), frozenset())
