"""The list of what must never come back, as salted hashes: it cannot be read, only asked.

It lies beside ``hamkor.toml`` rather than among the releases, since those can be made anew from the sources and this
cannot. Whoever has the file and a name can ask whether that name is in it, so the file is for its owner only.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import msgspec

from graph.errors import SettingError
from graph.privacy.words import decoded, numbers, readings, sizes_of, windows, words

SIZE = 16
SALT_BYTES = 32


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: the key of the hashes, how many words the names have, the hashes."""

    salt: str
    sizes: tuple[int, ...]
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Suppression:
    """Hashes of IRIs, names and telephone numbers."""

    salt: bytes
    sizes: frozenset[int]
    hashes: frozenset[bytes]

    def __bool__(self) -> bool:
        """Whether anything is suppressed."""
        return bool(self.hashes)

    def _hash(self, kind: str, text: str) -> bytes:
        return blake2b(f"{kind} {text}".encode(), key=self.salt, digest_size=SIZE).digest()

    def holds_iri(self, iri: str) -> bool:
        """Whether an IRI is suppressed, or bears a name or a number that is."""
        return self._hash("iri", iri) in self.hashes or self.holds_text(decoded(iri))

    def holds_text(self, text: str) -> bool:
        """Whether a name or a number that is suppressed stands in a text."""
        return any(self._hash(kind, each) in self.hashes for kind, each in self._facts(text))

    def _facts(self, text: str) -> Iterator[tuple[str, str]]:
        if self.sizes:
            found = words(text)
            for size in self.sizes:
                yield from (("name", each) for each in windows(found, size))
        yield from (("number", each) for each in numbers(text))

    def extended(self, iris: Iterable[str], names: Iterable[str], numbers_of: Iterable[str]) -> Suppression:
        """Return it with more: IRIs, names, and texts with telephone numbers."""
        read = {each for name in names for each in readings(name)}
        fresh = {self._hash("iri", each) for each in iris} | {self._hash("name", each) for each in read}
        fresh |= {self._hash("number", each) for text in numbers_of for each in numbers(text)}
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


def read_suppression(path: Path) -> Suppression:
    """Return what the file says; an empty list with a new salt where there is none.

    Raises:
        SettingError: it cannot be read: nothing may be published as long as nobody knows what must not.
    """
    if not path.exists():
        return Suppression(secrets.token_bytes(SALT_BYTES), frozenset(), frozenset())
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=Stored)
        hashes = frozenset(bytes.fromhex(each) for each in stored.hashes)
        return Suppression(bytes.fromhex(stored.salt), frozenset(stored.sizes), hashes)
    except (OSError, ValueError) as problem:
        raise SettingError(path.name, f"the list of what is withheld cannot be read: {problem}") from problem
