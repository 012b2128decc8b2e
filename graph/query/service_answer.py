"""An endpoint's answer to a SERVICE call: its media type and bytes, and whether they can be SPARQL results at all.

It makes no terms. The engine's parser runs in a worker, which may die of a hostile answer; what is looked at here, in
the process that serves everybody, is what goes wrong in practice: a page instead of results, an answer that breaks off.
So SERVICE SILENT can pass over such an answer, and the error of any other call names its endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from xml.parsers import expat

import msgspec
import pyoxigraph as ox

PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What an endpoint answered, whole.

    Attributes:
        content_type: the media type of SPARQL results that the endpoint's means to the engine, or what it said.
        body: the bytes.
    """

    content_type: str
    body: bytes

    def problem(self) -> str:
        """Return what is wrong with it as SPARQL results of a SELECT, or an empty string.

        Takes about 10 ms for 16 MiB of JSON and 100 ms of XML, in which other threads can run.
        """
        check = _CHECKS.get(ox.QueryResultsFormat.from_media_type(self.content_type))
        if check is None:
            return f"answered with {self.content_type or 'no media type'}, not with SPARQL results in JSON or XML"
        return check(self.body)


class _Results(msgspec.Struct):
    bindings: msgspec.Raw


class _Document(msgspec.Struct):
    results: _Results


def _json(body: bytes) -> str:
    try:
        msgspec.json.decode(body, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"answered with what is no SPARQL JSON: {error}"
    except RecursionError:
        return "answered with JSON that nests too deeply"
    return ""


def _xml(body: bytes) -> str:
    parser = expat.ParserCreate(namespace_separator=" ")
    names: list[str] = []

    def begin(name: str, _: dict[str, str]) -> None:
        names.append(name.rpartition(" ")[2])
        if names[-1] == "results":
            parser.StartElementHandler = None

    parser.StartElementHandler = begin
    try:
        for start in range(0, len(body), PIECE):
            parser.Parse(body[start : start + PIECE], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        return f"answered with what is no XML: {error}"
    known = names[:1] == ["sparql"] and names[-1] == "results"
    return "" if known else "answered with XML that is no result of a SELECT"


_CHECKS: dict[ox.QueryResultsFormat | None, Callable[[bytes], str]] = {
    ox.QueryResultsFormat.JSON: _json,
    ox.QueryResultsFormat.XML: _xml,
}
