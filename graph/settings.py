"""The settings of a publication: what ``hamkor.toml`` may say, with defaults.

It is the one place that reads settings. It does not act on any of them.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
import pyoxigraph as ox

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
    lookup_mb: Annotated[int, msgspec.Meta(ge=0)] = 512


class LimitSettings(Section, frozen=True):
    """``[limits]``: what one request may cost (seconds, MiB)."""

    query_seconds: Positive = 30.0
    query_memory_mb: Count = 1024
    query_mb: Positive = 1.0
    result_mb: Count = 256
    upload_mb: Count = 64
    upload_seconds: Positive = 120.0
    upload_memory_mb: Count = 2048
    writes_per_minute: Count = 60
    require_if_match: bool = False
    queue_seconds: Positive = 5.0
    literal_mb: Annotated[int, msgspec.Meta(ge=1, le=16)] = 16
    query_tokens: Count = 500_000
    query_nesting: Annotated[int, msgspec.Meta(ge=1, le=400)] = 400


class FederationSettings(Section, frozen=True):
    """``[federation]``: which SPARQL services a query may call, and what one call may cost (seconds, MiB)."""

    services: tuple[str, ...] = ()
    seconds: Positive = 10.0
    result_mb: Count = 16
    allow_private: bool = False


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
        settings = msgspec.convert(tomllib.loads(path.read_bytes().decode("utf-8-sig")), Settings)
    except UnicodeDecodeError as problem:
        raise SettingError(path.name, "the file is not UTF-8; save it as UTF-8") from problem
    except OSError as problem:
        raise SettingError(path.name, problem.strerror or str(problem)) from problem
    except tomllib.TOMLDecodeError as problem:
        raise SettingError(path.name, f"no TOML: {problem}") from problem
    except msgspec.ValidationError as problem:
        raise SettingError(path.name, _explained(str(problem))) from problem
    _check_base(path.name, settings.base)
    _check_languages(path.name, settings)
    _check_iris(path.name, settings)
    return settings


def _explained(problem: str) -> str:
    """Return a message of msgspec with the setting's name first, as it stands in the file."""
    text, _, place = problem.partition(" - at `$.")
    place = place.rstrip("`")
    if unknown := re.search(r"unknown field `(.*)`", text):
        section: type[msgspec.Struct] = Settings
        for part in filter(None, place.split(".")):
            section = next(each.type for each in msgspec.structs.fields(section) if each.name == part)
        name = f"{place}.{unknown[1]}" if place else unknown[1]
        return f"unknown setting `{name}`; known are {', '.join(section.__struct_fields__)}"
    return f"`{place}`: {text}"


def _check_base(path: str, base: str) -> None:
    if not re.match(r"https?://[^/]", base) or not base.endswith("/"):
        raise SettingError(path, f"base must be an absolute http(s) IRI that ends in '/', not {base!r}")
    if "?" in base or "#" in base or not _is_iri(base):
        raise SettingError(path, f"base must be an IRI without query, fragment, space or bracket, not {base!r}")


def _check_languages(path: str, settings: Settings) -> None:
    about = settings.about
    for key, tags in (
        ("languages", settings.languages),
        *((f"about.{name}", tuple(getattr(about, name))) for name in ("title", "description", "publisher")),
    ):
        for tag in tags:
            if not _is_language(tag):
                raise SettingError(path, f"{key}: {tag!r} is no language; write a tag such as en, ru, uz-Latn")
            if tags.count(tag) > 1:
                raise SettingError(path, f"{key}: {tag!r} twice; name each language once")


def _check_iris(path: str, settings: Settings) -> None:
    for key, iris in (
        ("about.license", (settings.about.license,)),
        ("about.code_license", (settings.about.code_license,)),
        ("federation.services", settings.federation.services),
        ("privacy.withhold", settings.privacy.withhold),
    ):
        for iri in iris:
            if not _is_iri(iri):
                raise SettingError(path, f"{key}: {iri!r} is no absolute IRI")


def _is_iri(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


def _is_language(tag: str) -> bool:
    try:
        ox.Literal("", language=tag)
    except ValueError:
        return False
    return True
