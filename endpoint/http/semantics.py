"""Answers as HTTP has them: from what was asked and what is to be sent to status, header fields and bytes.

Pure: it sees neither Flask nor the event loop, so that both ways of a query (``endpoint.sparql``) say the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import quote

from werkzeug.http import http_date, parse_date, parse_etags

from endpoint.http.negotiation import (
    AS_HTML,
    AS_PROBLEM,
    AS_TEXT,
    OFFERS,
    SMALLEST,
    Coding,
    Representation,
    choose,
    coding_for,
    tags_of,
)
from endpoint.http.problems import Problem

Fields = tuple[tuple[str, str], ...]
"""Header fields of an answer, their names in small letters."""
Asked = Callable[[str], str | None]
"""Returns what the request says in a header field, whose name is in small letters; None where it is silent."""

FRESH_SECONDS, STALE_SECONDS = 60, 600
CACHE = f"public, max-age={FRESH_SECONDS}, stale-while-revalidate={STALE_SECONDS}"
"""A URL without a release in it may mean another release soon; the ETag makes asking again cheap."""
VARY = "Accept, Accept-Profile, Accept-Language"
OF_QUERIES = "Accept, Accept-Encoding, Accept-Datetime"
"""By what the answer to a query varies, where it is no page: it has no language and no profile."""
RETRY_SECONDS = "5"

# Everything here is public, so any page may read it (Fetch standard, CORS protocol). A token for writing is no
# credential that a browser sends by itself: a page can only send one that it was given.
ALWAYS: Fields = (
    ("access-control-allow-origin", "*"),
    (
        "access-control-expose-headers",
        "Link, Location, ETag, Content-Location, Memento-Datetime, Retry-After, Vary, Allow, X-Hamkor-Release, "
        "Accept-Ranges, Content-Disposition, Content-Range, Repr-Digest",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
)

IN_A_LINK = "%/:?#[]@!$&'()*+,;="
"""What stays as it is in the target of a link; the rest, above all letters beyond ASCII, is percent-encoded.

Commas and semicolons stay: RFC 8288 3 reads a target to its ``>``, and encoded they would be another IRI's.
"""


@dataclass(frozen=True, slots=True)
class HeaderLink:
    """A link of the header Link (RFC 8288).

    The profile of an alternate is said twice: Content Negotiation by Profile calls the attribute ``formats``.
    """

    target: str
    relation: str
    media_type: str = ""
    profile: str = ""

    @property
    def safe_target(self) -> str:
        """The target as a header can have it."""
        return quote(self.target, safe=IN_A_LINK)

    def __str__(self) -> str:
        formats = self.profile if self.relation == "alternate" else ""
        attributes = (("type", self.media_type), ("formats", formats), ("profile", self.profile))
        return f'<{self.safe_target}>; rel="{self.relation}"' + "".join(
            f'; {name}="{value}"' for name, value in attributes if value
        )


def entity_tag(*parts: object) -> str:
    """Return a strong entity tag (RFC 9110 8.8.3) for what these parts determine byte for byte."""
    digest = blake2b(digest_size=12)
    for part in parts:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def known(tag: str, made: datetime, asked: Asked) -> str:
    """Return the tag under which the client has an answer, compressed or not, or an empty string (RFC 9110 13.1).

    Where it names no tag, just the date is as good. A later one says nothing: an earlier release may be current again.

    Args:
        tag: the answer's; empty for one that is not kept, which nobody has.
        made: when its release was made.
        asked: the request's fields.
    """
    if not tag:
        return ""
    named = asked("if-none-match")
    if named is None:
        since = asked("if-modified-since")
        return tag if since is not None and parse_date(since) == made else ""
    theirs = parse_etags(named)
    return next((each for each in tags_of(tag) if theirs.star_tag or theirs.contains_weak(each)), "")


def validators(tag: str, made: datetime, vary: str = VARY, *, is_known: bool = False) -> Fields:
    """Return the fields that say for whom and for how long an answer may be kept.

    Args:
        tag: its entity tag; empty for an answer that nobody may keep.
        made: when its release was made.
        vary: by which fields of a request it varies.
        is_known: whether the client has it; beside a tag, a 304 then says no date (RFC 9110 15.4.5).
    """
    if not tag:
        return (("cache-control", "no-store"), ("vary", vary))
    date = () if is_known else (("last-modified", _written(made)),)
    return (("etag", f'"{tag}"'), *date, ("cache-control", CACHE), ("vary", vary))


@lru_cache(maxsize=64)
def _written(made: datetime) -> str:
    return http_date(made)


def coding_of(size: int, asked: Asked) -> Coding | None:
    """Return how an answer of so many bytes is sent smaller, where the client takes that and it is worth it."""
    return coding_for(asked("accept-encoding") or "") if size >= SMALLEST else None


def problem_form(asked: Asked, *, pages: bool) -> Representation:
    """Return how a problem is told: as JSON, as text, or as a page where there are ``pages``; text to who reads none.

    Who would rather have a page where there is none reads text, not JSON: it is a person.
    """
    found = choose(asked("accept"), OFFERS["problem"]) or AS_TEXT
    return AS_TEXT if found is AS_HTML and not pages else found


def problem_body(problem: Problem, form: Representation, type_url: str) -> str:
    """Return a problem as JSON (RFC 9457) or as text; ``type_url`` is where its type is explained."""
    if form is not AS_PROBLEM:
        return problem.text()
    return json.dumps(problem.document(type_url), ensure_ascii=False, indent=1) + "\n"


def problem_fields(problem: Problem, form: Representation) -> Fields:
    """Return the fields of a problem: what belongs to it, and that nobody keeps it."""
    own = tuple((name.lower(), value) for name, value in problem.headers.items())
    later = (("retry-after", RETRY_SECONDS),) if problem.status == 503 and "Retry-After" not in problem.headers else ()
    vary = "Accept, Accept-Language, Accept-Encoding" if form is AS_HTML else "Accept, Accept-Encoding"
    return (("content-type", form.content_type), ("cache-control", "no-cache"), ("vary", vary), *later, *own)
