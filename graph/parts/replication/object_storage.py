"""Object storage as replication needs it: S3, Google, Azure, a folder, or a publisher's own service over HTTP.

It reads and writes objects by name, in bounded memory, and moves one of them by compare and swap. What is in them is
``graph.parts.replication.replicated``'s. Credentials come from the environment alone (AWS_…, GOOGLE_…, AZURE_…).
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from graph.model.errors import (
    ForeignReleaseError,
    Quotation,
    ReplicationError,
    Sentence,
    SettingError,
    StorageAwayError,
)

if TYPE_CHECKING:  # a publication that is not replicated need not have it
    from obstore.store import ObjectStore

OBJECT_SCHEMES = ("s3", "gs", "az")
SERVED = "replication/"
"""Below which a publisher's own service has its releases (``endpoint.replication``)."""
TOKEN_VARIABLE = "HAMKOR_REPLICATION_TOKEN"  # noqa: S105  the name of a variable
CONNECT_SECONDS, CONTROL_SECONDS, FILE_SECONDS, RETRIES = 5, 10, 3600, 2
PIECE = 4 << 20
SWAPPED = ".lock"
UNTRUSTED = re.compile(r"InvalidCertificate\(\s*(\w+)")
"""What obstore says of a certificate; only in what it adds for its own authors."""
HOW = Sentence("write s3://bucket/prefix, gs://…, az://…, file:///folder or https://host/")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What was read.

    Attributes:
        content: the bytes.
        tag: its entity tag, by which a later swap or look knows it again.
    """

    content: bytes
    tag: str


@dataclass(frozen=True)
class ObjectStorage:
    """One place in object storage.

    Attributes:
        url: where; it holds no credentials.
    """

    url: str

    @property
    def is_served(self) -> bool:
        """Whether it is a publisher's own service, which is read only and sends files as they are."""
        return self.url.startswith(("http://", "https://"))

    @property
    def folder(self) -> Path | None:
        """The folder, where it is one."""
        parts = urlsplit(self.url)
        return Path(unquote(parts.path)) if parts.scheme == "file" else None

    @cached_property
    def _control(self) -> ObjectStore:
        return self._opened(CONTROL_SECONDS)

    @cached_property
    def _files(self) -> ObjectStore:
        return self._opened(FILE_SECONDS)

    def _opened(self, seconds: int) -> ObjectStore:
        try:
            from obstore.exceptions import BaseError  # noqa: PLC0415  needed by those who replicate, and by nobody else
            from obstore.store import HTTPStore, LocalStore, from_url  # noqa: PLC0415
        except ImportError as problem:
            raise ReplicationError(
                Sentence("replication needs the package obstore, which is not installed"),
                Sentence("pip install obstore"),
            ) from problem
        if self.folder is not None:
            try:
                return LocalStore(self.folder)
            except BaseError as problem:
                raise _away(self.url, problem) from problem
        is_plain = self.url.startswith("http://") or os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true")
        client: dict[str, Any] = {
            "timeout": timedelta(seconds=seconds),
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "allow_http": is_plain,
        }
        retry: dict[str, Any] = {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=seconds)}
        try:
            if self.is_served:
                token = os.environ.get(TOKEN_VARIABLE, "")
                client |= {"default_headers": {"Authorization": f"Bearer {token}"}} if token else {}
                return HTTPStore((self.url + SERVED).rstrip("/"), client_options=client, retry_config=retry)  # type: ignore[arg-type]
            return from_url(self.url, client_options=client, retry_config=retry)  # type: ignore[call-overload,no-any-return]
        except (BaseError, ValueError) as problem:
            raise SettingError(self.url, Quotation(_first_line(problem))) from problem

    def begin(self) -> None:
        """Make the folder, where it is one and is not there yet; only who sends does this.

        Raises:
            StorageAwayError: it cannot be made.
        """
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                raise _away(self.url, problem) from problem

    def read(self, name: str, most: int, known: str = "") -> StoredObject | None:
        """Return an object, or None where it is the one that is known already.

        Args:
            name: which.
            most: in bytes; a larger one is refused.
            known: the entity tag of what is known.

        Raises:
            FileNotFoundError: there is none.
            StorageAwayError: the storage does not answer, or not to us.
            ReplicationError: it is too large.
        """
        import obstore  # noqa: PLC0415  see ``_opened``
        from obstore.exceptions import NotModifiedError  # noqa: PLC0415

        with self._told(name):
            try:
                found = obstore.get(self._control, name, options={"if_none_match": known} if known else {})
            except NotModifiedError:
                return None
            parts, size = list[bytes](), 0
            for part in found:
                size += len(part)
                if size > most:
                    raise ReplicationError(Sentence("%(name)s in the storage is larger than it may be", name=name))
                parts.append(bytes(part))
            return StoredObject(b"".join(parts), found.meta["e_tag"] or "")

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield an object piece by piece.

        Raises:
            FileNotFoundError: there is none.
            StorageAwayError: the storage does not answer, or breaks off.
        """
        import obstore  # noqa: PLC0415  see ``_opened``

        with self._told(name):
            for part in obstore.get(self._files, name).stream(min_chunk_size=PIECE):
                yield bytes(part)

    def has(self, name: str) -> bool:
        """Whether there is an object of this name.

        Raises:
            StorageAwayError: the storage does not answer.
        """
        import obstore  # noqa: PLC0415  see ``_opened``

        try:
            with self._told(name):
                obstore.head(self._control, name)
        except FileNotFoundError:
            return False
        return True

    def write(self, name: str, content: bytes | Path) -> None:
        """Write an object whole or not at all.

        Raises:
            StorageAwayError: the storage does not take it.
        """
        import obstore  # noqa: PLC0415  see ``_opened``

        with self._told(name):
            obstore.put(self._files, name, content)

    def swap(self, name: str, content: bytes, known: str) -> str:
        """Put an object in the place of the one that is known, unless another is there by now; return its entity tag.

        Args:
            name: which.
            content: what it is to be.
            known: the entity tag of what is known to be there; empty where there is none.

        Raises:
            ForeignReleaseError: somebody else has put another one there meanwhile.
            StorageAwayError: the storage does not take it.
        """
        if self.folder is not None:
            return self._swap_in_folder(self.folder, name, content, known)
        import obstore  # noqa: PLC0415  see ``_opened``
        from obstore.exceptions import AlreadyExistsError, PreconditionError  # noqa: PLC0415

        with self._told(name):
            try:
                mode: Any = {"e_tag": known} if known else "create"
                return obstore.put(self._control, name, content, mode=mode, use_multipart=False)["e_tag"] or ""
            except (AlreadyExistsError, PreconditionError, FileNotFoundError) as problem:
                raise _overtaken(self.url) from problem

    def _swap_in_folder(self, folder: Path, name: str, content: bytes, known: str) -> str:
        """Compare and swap by a lock: obstore offers none for folders."""
        import obstore  # noqa: PLC0415  see ``_opened``

        with self._told(name), (folder / f".{name}{SWAPPED}").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                found = obstore.head(self._control, name)["e_tag"] or ""
            except FileNotFoundError:
                found = ""
            if found != known:
                raise _overtaken(self.url)
            fresh = folder / f".{name}-{token_hex(4)}"
            with fresh.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(folder / name)
            return obstore.head(self._control, name)["e_tag"] or ""

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names of all objects below a prefix.

        Raises:
            StorageAwayError: the storage does not answer.
        """
        import obstore  # noqa: PLC0415  see ``_opened``

        with self._told(prefix):
            for some in obstore.list(self._control, prefix):
                for each in some:
                    yield each["path"]

    def remove(self, names: list[str]) -> None:
        """Remove objects; one that is gone already is no error.

        Raises:
            StorageAwayError: the storage does not do it.
        """
        import obstore  # noqa: PLC0415  see ``_opened``

        for name in names:
            with suppress(FileNotFoundError), self._told(name):
                obstore.delete(self._control, name)

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Say in our words what the storage meets."""
        from obstore.exceptions import BaseError  # noqa: PLC0415  see ``_opened``

        try:
            yield
        except FileNotFoundError as problem:
            if self.folder is not None and not self.folder.is_dir():  # a disk that is not mounted, for one
                raise _away(self.url, problem) from problem
            raise
        except (BaseError, NotImplementedError, OSError) as problem:
            if isinstance(problem, BaseError) and "InvalidPath" in type(problem).__name__:
                raise ReplicationError(
                    Sentence("%(name)s is no name that the storage takes", name=repr(name))
                ) from problem
            raise _away(self.url, problem) from problem


def open_storage(url: str) -> ObjectStorage:
    """Return the storage at a URL; nothing is asked of it yet.

    Raises:
        SettingError: the URL is of no kind that is known, holds credentials or a query, or would go over the network
            without TLS.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if "@" in parts.netloc:
        told = url.replace(parts.netloc, "…@" + parts.netloc.rpartition("@")[2])  # never shown: it would be logged
        raise SettingError(told, Sentence("a URL holds no credentials here; they come from the environment"))
    if parts.query or parts.fragment:
        raise SettingError(
            f"{scheme}://{parts.netloc}{parts.path}",
            Sentence("a URL holds no query here; credentials come from the environment"),
        )
    if scheme == "file" and parts.path.startswith("/") and parts.netloc in ("", "localhost"):
        return ObjectStorage(f"file://{parts.path}")
    if scheme in OBJECT_SCHEMES and re.fullmatch(r"[\w.-]+", parts.netloc):
        return ObjectStorage(url.rstrip("/"))
    if scheme in ("http", "https") and parts.hostname:
        if scheme == "http" and not _is_loopback(parts.hostname):
            raise SettingError(url, Sentence("http is for this machine only; write https"))
        return ObjectStorage(url.rstrip("/") + "/")
    raise SettingError(url, Sentence("this is no storage; %(remedy)s", remedy=HOW))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _overtaken(url: str) -> ForeignReleaseError:
    return ForeignReleaseError(
        Sentence("another publisher has made another release current in %(url)s meanwhile", url=url),
        Sentence("one publication has one publisher: stop one of them, or give each a prefix of its own"),
    )


def _away(url: str, problem: Exception) -> StorageAwayError:
    if untrusted := UNTRUSTED.search(str(problem)):
        said = Sentence("%(url)s: its certificate is not trusted (%(words)s)", url=url, words=Quotation(untrusted[1]))
        return StorageAwayError(said, Sentence("name the file of your own authority in SSL_CERT_FILE"))
    return StorageAwayError(
        Sentence("%(url)s: %(words)s", url=url, words=Quotation(_first_line(problem))),
        Sentence("what is here stays as it is; it is tried again"),
    )


def _first_line(problem: Exception) -> str:
    """Return what a library says, in one line; obstore adds its own source after an empty one."""
    return re.sub(r"\s+", " ", str(problem).partition("\n\n")[0])[:300]


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return sha256(content).hexdigest()
