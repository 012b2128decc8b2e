"""What one request may ask of reconciliation, and how what is wrong with one is said."""

from __future__ import annotations

import json
from typing import Any

from flask import request

from endpoint.problems import ProblemError
from endpoint.sentences import Quotation, Sentence

BATCH = 50
"""How many questions one request may hold."""
MOST_EXTENDED, MOST_PROPERTIES = 1000, 50
MOST_BYTES = 4 << 20
LONGEST_TEXT = 2000
MOST_CONSTRAINTS, MOST_VALUES = 20, 50
LIMIT, MOST_CANDIDATES = 5, 50
LARGEST_NUMBER = 1_000_000


def body() -> bytes:
    """Return the body of the request.

    Raises:
        ProblemError: 413, it is too large.
    """
    length = request.content_length or 0
    read = request.stream.read(MOST_BYTES + 1) if length <= MOST_BYTES else b""
    if max(length, len(read)) > MOST_BYTES:
        raise ProblemError(
            "too-large",
            Sentence("the request is larger than %(most)s bytes", most=MOST_BYTES),
            {"remedy": Sentence("send less at a time")},
        )
    return read


def parsed(text: str | bytes, what: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        ProblemError: 400, it is none.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise bad(what, f"is no JSON: {problem}") from problem
    if not isinstance(found, dict):
        raise bad(what, "is no JSON object")
    return found


def bad(what: str, problem: str) -> ProblemError:
    """Return the error that a part of a request is not understood."""
    return ProblemError("bad-request", Sentence("%(what)s %(problem)s", what=what, problem=Quotation(problem)))


def texts(value: object, what: str) -> tuple[str, ...]:
    """Return the values of a property as texts: a text, a number, a boolean, an entity, or a list of these.

    Raises:
        ProblemError: 400, it is something else, or too much.
    """
    values = value if isinstance(value, list) else [value]
    if len(values) > MOST_VALUES:
        raise bad(what, f"has more than {MOST_VALUES} values")
    return tuple(each for each in (_text(value, what) for value in values) if each)


def _text(value: object, what: str) -> str:
    if isinstance(value, dict):
        value = value.get("id") or value.get("name") or ""
        if not isinstance(value, str):
            raise bad(what, "has an id that is no text")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad(what, "has a value that is no text, number, boolean or entity")
    return value.strip()[:LONGEST_TEXT]


def number(value: object, what: str, default: int, most: int) -> int:
    """Return a whole number above 0, at most ``most``; the default for 0 and where there is none.

    Raises:
        ProblemError: 400, it is no number, or below 0.
    """
    if value is None or value == "":
        return default
    try:
        found = int(float(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1
    except (ValueError, OverflowError):
        found = -1
    if not 0 <= found <= LARGEST_NUMBER:
        raise bad(what, "is no number from 0 on")
    return min(found or default, most)
