"""The settings of a publication: what ``hamkor.toml`` may say, with defaults.

It is the one place that reads settings. It does not act on any of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from graph.errors import SettingError

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the file: immutable, and a key it does not know is an error."""


class EngineSettings(Section, frozen=True):
    """``[engine]``: where queries run."""

    memory_mb: Annotated[int, msgspec.Meta(ge=0)] = 2048
    workers: Count = 2
    cache_mb: Annotated[int, msgspec.Meta(ge=0)] = 64


class LimitSettings(Section, frozen=True):
    """``[limits]``: what one request may cost (seconds, MiB)."""

    query_seconds: Positive = 30.0
    query_memory_mb: Count = 1024
    query_mb: Positive = 1.0
    result_mb: Count = 256
    upload_mb: Count = 64
    queue_seconds: Positive = 5.0
    literal_mb: Annotated[int, msgspec.Meta(ge=1, le=16)] = 16


class FederationSettings(Section, frozen=True):
    """``[federation]``: which SPARQL services a query may call."""

    services: tuple[str, ...] = ()


class PrivacySettings(Section, frozen=True):
    """``[privacy]``: what is withheld from every output."""

    withhold_graphs: tuple[str, ...] = ()
    withhold: tuple[str, ...] = ()


class LogSettings(Section, frozen=True):
    """``[log]``: what is written to standard error while serving."""

    access: bool = False
    slow_seconds: Positive = 1.0


class AboutSettings(Section, frozen=True):
    """``[about]``: what the catalogue says of the dataset; texts are tables from language to text."""

    title: dict[str, str] = {}
    description: dict[str, str] = {}
    publisher: dict[str, str] = {}
    contact: str = ""
    license: str = "https://creativecommons.org/licenses/by/4.0/"
    code_license: str = "https://www.apache.org/licenses/LICENSE-2.0"


class Settings(Section, frozen=True):
    """Everything that ``hamkor.toml`` may say."""

    base: str = "https://w3id.org/hamkor/"
    languages: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("en", "ru", "uz")
    about: AboutSettings = AboutSettings()
    engine: EngineSettings = EngineSettings()
    limits: LimitSettings = LimitSettings()
    federation: FederationSettings = FederationSettings()
    privacy: PrivacySettings = PrivacySettings()
    log: LogSettings = LogSettings()


def read_settings(path: Path) -> Settings:
    """Return the settings of the file ``path``; defaults where it is absent.

    Raises:
        SettingError: the file is no TOML, has a key that is not known, or a value of the wrong type or range.
    """
    if not path.exists():
        return Settings()
    try:
        settings = msgspec.toml.decode(path.read_bytes(), type=Settings)
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as problem:
        raise SettingError(path.name, str(problem)) from problem
    _check_base(path.name, settings.base)
    return settings


def _check_base(path: str, base: str) -> None:
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc or not base.endswith("/"):
        raise SettingError(path, f"base must be an absolute http(s) IRI that ends in '/', not {base!r}")
    if parts.query or parts.fragment or any(sign in base for sign in ' <>"{}|\\^`'):
        raise SettingError(path, f"base must have no query, fragment, space or bracket: {base!r}")
