"""Who may write which graphs: contributors and the hashes of their tokens, in one file of the work folder.

A token is shown once, when it is made; the file keeps its SHA-256, which is enough for 256 random bits. It knows no
HTTP: what a request without a token gets is decided in ``endpoint.http.authorization``.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path

import msgspec

from graph.model.errors import NO_WORDS, Said, Sentence, SettingError, StorageError
from graph.model.publication import WORK_FOLDER, Publication
from graph.model.rdf_terms import COMPUTED_GRAPHS, graph_iri, unfit_name

CONTRIBUTORS_FILE = "contributors.json"
LOCK_FILE = ".contributors.lock"
TOKEN = re.compile(r"hk_[A-Za-z0-9_-]{43}\Z")
LONGEST_TEXT = 500
EVERY_GRAPH = "*"
WILDCARD = re.compile(r"[*?]|\[!?\]?[^\]]*\]")
"""What stands for other signs in a pattern (``fnmatch``)."""


class Contributor(msgspec.Struct, frozen=True):
    """Somebody who may write.

    Attributes:
        id: how the operator calls the token; it is no secret.
        name: who it is; shown in the provenance of what they write.
        contact: how to reach them; shown where it is a mailto: or web address.
        graphs: patterns of the graphs that they may write (``may_write``).
        created: when the token was made.
        expires: when it ends.
        source: where what they write is from, where that is an address; for the provenance.
        reviews: whether they may accept and decline what people propose.
    """

    id: str
    name: str
    contact: str
    graphs: tuple[str, ...]
    created: datetime
    expires: datetime
    source: str = ""
    reviews: bool = False


class _KnownContributors(msgspec.Struct, frozen=True):
    contributor: Contributor
    token_sha256: str


def may_write(contributor: Contributor, graph: str, base: str) -> bool:
    """Whether a contributor may write the graph of this IRI, as far as scope goes.

    A pattern is a name below ``<base>graph/`` in which ``*`` stands for anything, slashes included; ``*`` alone is
    every graph, wherever it is named; a pattern that is an absolute IRI is that graph.
    """
    name = graph.removeprefix(f"{base}graph/")
    for pattern in contributor.graphs:
        if pattern in (EVERY_GRAPH, graph) or (name != graph and ":" not in pattern and fnmatchcase(name, pattern)):
            return True
    return False


def never_matches(pattern: str, base: str) -> Said:
    """Return why no graph that others may write can bear a name that fits a pattern, or an empty string."""
    example = WILDCARD.sub("x", pattern) if ":" not in pattern else pattern
    iri = example if ":" in pattern else f"{base}graph/{example}"
    if problem := unfit_name(iri, base):
        return problem
    if iri in {graph_iri(base, each) for each in COMPUTED_GRAPHS}:
        return Sentence("Hamkor computes that graph itself")
    return NO_WORDS


@dataclass(frozen=True, slots=True)
class Contributors:
    """The contributors of one publication.

    Attributes:
        folder: where their file lies.
        base: the publication's base.
    """

    folder: Path
    base: str

    def all(self) -> tuple[Contributor, ...]:
        """Return all, oldest first.

        Raises:
            SettingError: the file is damaged.
            StorageError: it cannot be read.
        """
        return tuple(each.contributor for each in self._read())

    def of_id(self, contributor_id: str, now: datetime | None = None) -> Contributor | None:
        """Return the contributor whose token has this id, or None where it has expired or was revoked.

        Raises:
            SettingError: the file is damaged.
            StorageError: it cannot be read.
        """
        found = next((each for each in self.all() if each.id == contributor_id), None)
        return found if found is not None and found.expires > (now or datetime.now(UTC)) else None

    def create(
        self,
        graphs: Sequence[str],
        *,
        name: str,
        contact: str,
        days: float,
        now: datetime | None = None,
        reviews: bool = False,
    ) -> tuple[Contributor, str]:
        """Admit somebody; return who, and the token, which is nowhere kept.

        Args:
            graphs: patterns of the graphs that they may write.
            name: who it is.
            contact: how to reach them.
            days: how long the token is valid.
            now: the time, where it is not now.
            reviews: whether they may decide about proposals; they need write no graph then.

        Raises:
            SettingError: a pattern or a text cannot be used, or the file is damaged.
            StorageError: it cannot be read or written.
        """
        for text in (*graphs, name, contact):
            _check_text(text)
        if not (graphs or reviews) or not all(graphs):
            raise SettingError("token", Sentence("name the graphs, such as --graph 'ngo-x/*'"))
        for pattern in graphs:
            if problem := never_matches(pattern, self.base):
                remedy = Sentence("name graphs as they are named below /graph/, such as --graph 'ngo-x/*'")
                raise SettingError(
                    "token",
                    Sentence(
                        "no graph can match %(pattern)s: %(problem)s; %(remedy)s",
                        pattern=repr(pattern),
                        problem=problem,
                        remedy=remedy,
                    ),
                )
        created = (now or datetime.now(UTC)).replace(microsecond=0)
        token = f"hk_{secrets.token_urlsafe(32)}"
        try:
            expires = created + timedelta(days=days)
        except (OverflowError, ValueError) as problem:  # the latter for nan
            raise SettingError("token", Sentence("%(days)s days are too many", days=f"{days:g}")) from problem
        with self._changing() as known:
            taken = {each.contributor.id for each in known}
            fresh = next(each for each in iter(lambda: secrets.token_hex(3), "") if each not in taken)
            contributor = Contributor(
                fresh, name, contact, tuple(dict.fromkeys(graphs)), created, expires, reviews=reviews
            )
            known.append(_KnownContributors(contributor, _hash(token)))
        return contributor, token

    def revoke(self, contributor_id: str) -> Contributor:
        """Take a token away, at once and for good; return whose it was.

        Raises:
            SettingError: there is none of this id, or the file is damaged.
            StorageError: it cannot be read or written.
        """
        with self._changing() as known:
            for each in known:
                if each.contributor.id == contributor_id:
                    known.remove(each)
                    return each.contributor
        raise SettingError(
            "token",
            Sentence("no token %(name)s; hamkor token list shows them", name=repr(contributor_id)),
        )

    def of_token(self, token: str, now: datetime | None = None) -> Contributor | None:
        """Return whose token this is, or None where it is nobody's, expired or revoked.

        Every hash is compared, in constant time each, so that the time taken tells nothing.

        Raises:
            SettingError: the file is damaged.
            StorageError: it cannot be read.
        """
        wanted, found = _hash(token) if TOKEN.match(token) else "", None
        for each in self._read():
            if hmac.compare_digest(each.token_sha256, wanted):
                found = each.contributor
        return found if found is not None and found.expires > (now or datetime.now(UTC)) else None

    @contextmanager
    def _changing(self) -> Iterator[list[_KnownContributors]]:
        """Give what is known, to be changed, to one process at a time; it replaces the file in one step."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / LOCK_FILE).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                known = list(self._read())
                before = list(known)
                yield known
                if known != before:
                    self._replace(known)
        except OSError as problem:
            raise StorageError.of(Sentence("%(name)s cannot be written", name=CONTRIBUTORS_FILE), problem) from problem

    def _replace(self, known: Sequence[_KnownContributors]) -> None:
        # mkstemp makes files that nobody else may read (mode 0600)
        descriptor, name = tempfile.mkstemp(prefix=f".{CONTRIBUTORS_FILE}-", dir=self.folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(known), indent=1) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.folder / CONTRIBUTORS_FILE)
        finally:
            Path(name).unlink(missing_ok=True)

    def _read(self) -> tuple[_KnownContributors, ...]:
        """Read the file, each time: it is small, and a token that was revoked is so from this moment on."""
        try:
            return msgspec.json.decode(
                (self.folder / CONTRIBUTORS_FILE).read_bytes(), type=tuple[_KnownContributors, ...]
            )
        except FileNotFoundError:
            return ()
        except OSError as problem:
            raise StorageError.of(Sentence("%(name)s cannot be read", name=CONTRIBUTORS_FILE), problem) from problem
        except msgspec.DecodeError as problem:
            raise SettingError(
                CONTRIBUTORS_FILE, Sentence("cannot be read: %(words)s; make the tokens anew", words=problem)
            ) from problem


def contributors_of(publication: Publication) -> Contributors:
    """Return the contributors of a publication."""
    return Contributors(publication.root / WORK_FOLDER, publication.base)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _check_text(text: str) -> None:
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise SettingError(
            "token",
            Sentence("%(text)s is too long, or holds a line break or another control character", text=repr(text[:60])),
        )
