"""Content negotiation (RFC 9110, 12.4 and 12.5.1): from what a client accepts to the representation that it gets.

A pure module: given an Accept header and the offers of a route (``endpoint.representations``) it chooses one of them;
and where these come in several profiles, by Accept-Profile (Content Negotiation by Profile, W3C draft of 2023) one of
those first. It sees no request and writes no response.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from endpoint.representations import Profile, Representation

WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
RANGE = re.compile(rf"({WORD})/({WORD})\Z")
PARAMETER = re.compile(rf';[ \t]*({WORD})=({WORD}|"(?:[^"\\]|\\.)*")')
QUALITY = re.compile(r"(?:0?\.[0-9]+|[01](?:\.[0-9]*)?)\Z")
PROFILE = re.compile(r"<([^<>]*)>([^,<]*)")
MOST_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of an Accept header."""

    type: str
    subtype: str
    quality: float = 1.0
    parameters: dict[str, str] = field(default_factory=dict)

    def specificity(self, media_type: str, parameters: dict[str, str] | None) -> int:
        """Return how exactly it names a media type: 0 not at all, 1 ``*/*``, 2 ``type/*``, 3 in full, 4+ parameters.

        ``parameters`` None means that parameters are not looked at.
        """
        top, _, sub = media_type.partition("/")
        if self.type == "*":
            return 1
        if self.type != top or self.subtype not in ("*", sub):
            return 0
        if self.subtype == "*":
            return 2
        if parameters is None:
            return 3
        met = all(parameters.get(name) == value for name, value in self.parameters.items())
        return 3 + len(self.parameters) if met else 0


ANYTHING = (MediaRange("*", "*"),)


def parse_accept(header: str | None) -> tuple[MediaRange, ...]:
    """Return the media ranges of an Accept header.

    Malformed elements are passed over, and with nothing left it is ``*/*``; of a very long header the beginning counts.
    """
    elements = (_media_range(element) for element in _elements((header or "")[:MOST_CHARACTERS]))
    return tuple(each for each in elements if each is not None) or ANYTHING


def _elements(header: str) -> list[str]:
    """Split at commas that stand outside quoted strings."""
    return [part.strip() for part in re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+', header)]


def _media_range(element: str) -> MediaRange | None:
    name, semicolon, rest = element.partition(";")
    name = name.strip().lower()
    # Java's HttpURLConnection sends "*; q=.2" for "*/*;q=0.2"
    found = RANGE.match("*/*" if name == "*" else name)
    if found is None or (found[1] == "*" and found[2] != "*"):
        return None
    parameters, quality = {}, 1.0
    for key, value in PARAMETER.findall(semicolon + re.sub(r"[ \t]+;", ";", rest)):
        if key.lower() != "q":
            parameters[key.lower()] = _unquoted(value, key.lower())
        elif QUALITY.match(value) and float(value) <= 1:
            quality = float(value)
            break  # what follows q are not parameters of the media range (RFC 7231 5.3.2)
        else:
            return None
    return MediaRange(found[1], found[2], quality, parameters)


def _unquoted(value: str, name: str) -> str:
    plain = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    return plain.lower() if name == "charset" else plain


def choose(header: str | None, offered: Sequence[Representation]) -> Representation | None:
    """Return the representation that suits a client best, or None where none is acceptable.

    Higher quality wins, then the range that names it more exactly, then the server's order. Parameters that no
    representation has (another profile, another charset) are looked at first and disregarded where they would leave
    the client with nothing.
    """
    ranges = parse_accept(header)
    return _best(ranges, offered, exact=True) or _best(ranges, offered, exact=False)


def _best(ranges: Sequence[MediaRange], offered: Sequence[Representation], *, exact: bool) -> Representation | None:
    rated = [(*_rating(each, ranges, exact=exact), -place, each) for place, each in enumerate(offered)]
    quality, _, _, best = max(rated, key=lambda each: each[:3])
    return best if quality > 0 else None


def _rating(offer: Representation, ranges: Sequence[MediaRange], *, exact: bool) -> tuple[float, int]:
    """Return the quality of an offer and the specificity of the range that gives it."""
    parameters = offer.parameters if exact else None
    own = max(((each.specificity(offer.media_type, parameters), each.quality) for each in ranges), default=(0, 0.0))
    if own[0] >= 3 and own[1] == 0:
        return 0.0, own[0]
    # other names count only where they stand in full: a wildcard already speaks of the offer's own name
    named = [
        (each.quality, specificity)
        for each in ranges
        for alias in offer.aliases
        if (specificity := each.specificity(alias, parameters)) >= 3
    ]
    if own[0] >= 3 or not named:
        return max([(own[1] if own[0] else 0.0, own[0]), *named])
    return max(named)


def parse_accept_profile(header: str | None) -> tuple[tuple[str, float], ...]:
    """Return the profiles of an Accept-Profile header and their quality, best first.

    They stand in angle brackets, since they may hold commas and semicolons; malformed elements are passed over.
    """
    found = list[tuple[str, float]]()
    for iri, rest in PROFILE.findall((header or "")[:MOST_CHARACTERS]):
        quality = next((value for key, value in PARAMETER.findall(rest) if key.lower() == "q"), "1")
        if QUALITY.match(quality) and float(quality) <= 1:
            found.append((iri, float(quality)))
    return tuple(sorted(found, key=lambda each: -each[1]))


def choose_profile(
    accept: str | None, accept_profile: str | None, profiles: Sequence[Profile]
) -> tuple[Profile, Representation] | None:
    """Return the profile and the representation in it that suit a client best, or None where none is acceptable.

    The profile goes before the media type. What is not known is passed over; a profile that cannot be had in an
    acceptable type gives way to the next, and at last to the default, which is the first.
    """
    wanted = parse_accept_profile(accept_profile)
    refused = {iri for iri, quality in wanted if quality == 0}
    liked = [each for iri, quality in wanted if quality > 0 for each in profiles if each.iri == iri]
    others = [each for each in profiles if each.iri not in refused] if refused else [profiles[0]]
    for profile in dict.fromkeys((*liked, *others[:1])):
        if (found := choose(accept, profile.offers)) is not None:
            return profile, found
    return None
