"""Coordinates as people write them: decimal degrees, or degrees, minutes and seconds, with or without the letters.

Without letters latitude comes first, unless only the other order can be meant: by the range, or by where those places
are that are known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from graph.model.errors import Sentence

LONGEST = 200
DECIMALS = 6
"""So many say where something is to a tenth of a metre."""
LATITUDE = r"[NS]|[СЮ](?:\.?\s?ш)?|(?:sh|j)\.?\s?k"
LONGITUDE = r"[EW]|[ВЗ](?:\.?\s?д)?|(?:sh|g[ʻʼ'‘’`]?)\.?\s?u"
"""How hemispheres are called: in English, Russian (северной широты) and Uzbek (shimoliy kenglik, sharqiy uzunlik)."""
HEMISPHERE = rf"(?:{LATITUDE}|{LONGITUDE})\.?"
ANGLE = (
    rf"(?:(?P<before>{HEMISPHERE})\s*)?(?P<degrees>[-+]?\d{{1,3}}(?:[.,]\d{{1,17}})?)\s*[°º˚]?"
    r"(?:\s*(?P<minutes>\d{1,2}(?:[.,]\d{1,12})?)\s*['′’ʹ]"
    r"(?:\s*(?P<seconds>\d{1,2}(?:[.,]\d{1,12})?)\s*(?:[\"″”]|''|′′))?)?"
    rf"(?:\s*(?P<after>{HEMISPHERE}))?"
)
SOUTH_OR_WEST = re.compile(r"S\.?|[WЮЗJG].*", re.I)
ONE = re.compile(ANGLE, re.I)
SEPARATED = re.compile(r"\s*[,;/]\s*|\s+|(?<=[^\W\d_])\.?\s*")
WKT = re.compile(r"POINT\s*\(\s*(-?\d{1,3}(?:\.\d+)?)\s+(-?\d{1,3}(?:\.\d+)?)\s*\)", re.I)
GEO = re.compile(r"geo:(-?\d{1,3}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)(?:[,;].*)?", re.I)
"""A location as a URI (RFC 5870)."""
UNCLEAR = re.compile(r"\d{1,3},\d+,\d+")
AS_EXAMPLE = Sentence("write latitude and longitude, such as 42.46, 59.60 or 42°27′N 59°36′E")
ONE_AS_EXAMPLE = Sentence("write it in degrees, such as 42.46 or 42°27′36″")
OUT_OF_RANGE = Sentence("latitude goes to 90 degrees and longitude to 180, minutes and seconds to 60")
ONE_OF_EACH = Sentence("one of the two is a latitude (N, S), the other a longitude (E, W)")
Axis = Literal["latitude", "longitude"]


@dataclass(frozen=True, slots=True)
class Position:
    """A point in degrees (WGS 84)."""

    latitude: float
    longitude: float

    @property
    def is_valid(self) -> bool:
        """Whether there is such a point."""
        return abs(self.latitude) <= 90 and abs(self.longitude) <= 180

    def turned(self) -> Position:
        """Return the point of the same two numbers in the other order."""
        return Position(self.longitude, self.latitude)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Between which degrees places are that are known."""

    south: float
    west: float
    north: float
    east: float

    def hold(self, at: Position) -> bool:
        """Whether a point is there."""
        return self.south <= at.latitude <= self.north and self.west <= at.longitude <= self.east


def read_position(text: str, known: Surroundings | None = None) -> Position | Sentence:
    """Return the point that is meant, or what is wrong with the text.

    Args:
        text: what somebody wrote.
        known: where places are that are known; tells which order is meant where either may be.
    """
    plain = _plain(text)
    if len(plain) > LONGEST:
        return AS_EXAMPLE
    if found := WKT.fullmatch(plain):
        return _in_range(Position(float(found[2]), float(found[1])))
    if found := GEO.fullmatch(plain):
        return _in_range(Position(float(found[1]), float(found[2])))
    pair = None if UNCLEAR.fullmatch(plain) else _pair(plain)
    return AS_EXAMPLE if pair is None else _position(*pair, known)


def read_angle(text: str, axis: Axis) -> float | Sentence:
    """Return the degrees that are meant where one of the two is written by itself, or what is wrong with the text."""
    found = ONE.fullmatch(plain) if len(plain := _plain(text)) <= LONGEST else None
    if found is None:
        return ONE_AS_EXAMPLE
    degrees = _degrees(found)
    if _axis(found) not in ("", axis):
        return ONE_OF_EACH
    is_valid = degrees is not None and abs(degrees) <= (90 if axis == "latitude" else 180)
    return degrees if degrees is not None and is_valid else OUT_OF_RANGE


def _plain(text: str) -> str:
    return text.strip().replace("\u2212", "-").replace("\u00a0", " ")


def _in_range(at: Position) -> Position | Sentence:
    return at if at.is_valid else OUT_OF_RANGE


def _pair(text: str) -> tuple[re.Match[str], re.Match[str]] | None:
    """Return the two angles of a text: split where both halves are one, first where both are good."""
    found = list[tuple[re.Match[str], re.Match[str]]]()
    for gap in sorted(SEPARATED.finditer(text), key=lambda each: (-len(each[0].strip()), -each.start())):
        first, second = ONE.fullmatch(text[: gap.start()].strip()), ONE.fullmatch(text[gap.end() :].strip())
        if first is not None and second is not None:
            found.append((first, second))
    # a letter between two numbers may be of either
    return min(found, key=lambda pair: None in (_degrees(pair[0]), _degrees(pair[1])), default=None)


def _position(first: re.Match[str], second: re.Match[str], known: Surroundings | None) -> Position | Sentence:
    axes = [_axis(each) for each in (first, second)]
    degrees = [_degrees(each) for each in (first, second)]
    if None in degrees:
        return OUT_OF_RANGE
    at = Position(degrees[0] or 0.0, degrees[1] or 0.0)
    if axes[0] and axes[0] == axes[1]:
        return ONE_OF_EACH
    if any(axes):
        return _in_range(at.turned() if "longitude" in axes[:1] or "latitude" in axes[1:] else at)
    is_turned = not at.is_valid or (known is not None and not known.hold(at) and known.hold(at.turned()))
    return _in_range(at.turned() if is_turned else at)


def _axis(angle: re.Match[str]) -> str:
    letters = (angle["before"] or angle["after"] or "").strip(".")
    if not letters:
        return ""
    return "latitude" if re.fullmatch(LATITUDE, letters, re.I) else "longitude"


def _degrees(angle: re.Match[str]) -> float | None:
    """Return an angle in degrees; None where it can be none, or has two signs."""
    whole, minutes, seconds = (
        float((angle[each] or "0").replace(",", ".")) for each in ("degrees", "minutes", "seconds")
    )
    has_sign, letters = angle["degrees"].startswith(("-", "+")), (angle["before"], angle["after"])
    if minutes >= 60 or seconds >= 60 or all(letters) or (has_sign and any(letters)):
        return None
    size = abs(whole) + minutes / 60 + seconds / 3600
    is_other = angle["degrees"].startswith("-") or bool(SOUTH_OR_WEST.fullmatch(letters[0] or letters[1] or ""))
    return round(-size if is_other else size, DECIMALS)


def decimal(degrees: float) -> str:
    """Return degrees as an xsd:decimal is written."""
    return f"{degrees:.{DECIMALS}f}".rstrip("0").rstrip(".")
