"""What can go wrong, with the facts in fields.

Every error that a user can cause is one of these; its text is one readable line that names the place and the
remedy. They carry no HTTP status and no exit code: those belong to the package ``endpoint``.
"""

from __future__ import annotations

from dataclasses import dataclass


class HamkorError(Exception):
    """The root of all errors that this software raises on purpose."""


@dataclass
class SourceError(HamkorError):
    """A source file could not be read.

    Attributes:
        path: the file, as the user named it or relative to the publication.
        problem: what is wrong, in one sentence without a full stop.
        line: 1-based line (for tables: row) or None where the whole file is meant.
        column: 1-based character column, a table's column name, or None.
        remedy: what the user can do about it, or an empty string.
    """

    path: str
    problem: str
    line: int | None = None
    column: int | str | None = None
    remedy: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        return f"{place}: {self.problem}" + (f" ({self.remedy})" if self.remedy else "")


@dataclass
class SettingError(HamkorError):
    """A setting in ``hamkor.toml``, or the publication's folder, is not usable."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@dataclass
class ReleaseError(HamkorError):
    """A release could not be made, found or opened."""

    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        return self.problem + (f" ({self.remedy})" if self.remedy else "")


@dataclass
class ShapesError(HamkorError):
    """The shapes themselves cannot be used."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"
