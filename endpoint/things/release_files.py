"""Files of a release, sent whole or in part; one that is not there yet is made, a large one beside the service.

What they hold is ``graph.releases.dumps``'s.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, cast

import msgspec
from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from endpoint.current import publication, snapshot
from endpoint.http.jobs import made
from endpoint.http.problems import ProblemError
from endpoint.http.semantics import CACHE, HeaderLink, held
from endpoint.things.representations import PlacedFile
from graph.model.errors import Sentence
from graph.releases.dumps import WHOLE, Dump, ReadyFile, downloads_of, make_here

ONE_RANGE = re.compile(r"bytes=(\d{1,18}-\d{0,18}|-\d{1,18})\Z")
NOT_IN_FILES = re.compile(r"[^A-Za-z0-9._-]")
PIECE = 1 << 18


def ready_file(dump: Dump) -> ReadyFile:
    """Return a file of the release, made where it was not there.

    Raises:
        FormatError: the format cannot express it.
        ProblemError: it takes longer than a client will wait.
    """
    release = snapshot().release
    files = downloads_of(publication(), release)

    def there() -> ReadyFile | None:
        files.refuse_impossible(dump)
        return files.ready(dump)

    given = msgspec.json.encode(dump.table).decode() if dump.table is not None else ""
    return made(dump.name, files.size(dump), there, lambda: make_here(publication(), release, dump), given=given)


def sent_file(dump: Dump, ready: ReadyFile, links: Iterable[HeaderLink]) -> Response:
    """Return the file, or the part of it that is asked for (RFC 9110 14), or a 304.

    Raises:
        ProblemError: 412, it is not what the client demands; 416, there is no such part.
    """
    release = snapshot().release
    made_at = datetime.fromisoformat(release.manifest.created)
    held(request.method, ready.sha256, made_at, request.headers.get)
    response = Response(
        FileWrapper(cast("IO[bytes]", Parts(ready.parts)), PIECE),
        content_type=dump.media_type,
        direct_passthrough=True,
    )
    response.set_etag(ready.sha256)
    response.last_modified = made_at
    response.content_length = ready.size
    kind = NOT_IN_FILES.sub("-", dump.name.removesuffix(f".{dump.ending}").rpartition("/")[2])
    filename = f"{kind}-{release.id}.{dump.ending}"
    response.headers.update(
        {
            "Cache-Control": CACHE,
            "Content-Disposition": f'attachment; filename="{filename}"',
            "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(ready.sha256)).decode()}:",
        }
    )
    for link in (HeaderLink(f"{publication().base}{WHOLE}", "collection", "text/html"), *links):
        response.headers.add("Link", str(link))
    try:
        response.make_conditional(_with_one_range(ready.size), accept_ranges=True, complete_length=ready.size)
    except RequestedRangeNotSatisfiable as problem:
        response.close()
        unsatisfied = {"Content-Range": f"bytes */{ready.size}"}
        raise ProblemError(
            "range", Sentence("the file has %(size)s bytes", size=ready.size), {}, unsatisfied
        ) from problem
    return response


def _with_one_range(size: int) -> dict[str, object]:
    """Return the request without a Range that is passed over: several ranges, other units, nonsense (RFC 9110 14.2)."""
    environ = dict(request.environ)
    environ.pop("HTTP_IF_MATCH", None)  # seen to already; werkzeug takes a star for a tag
    found = ONE_RANGE.match(request.headers.get("Range", ""))
    if found is None or request.headers.get("If-Range", "").startswith("W/"):  # RFC 9110 13.1.5: only a strong tag
        environ.pop("HTTP_RANGE", None)
    elif found[1].startswith("-") and int(found[1][1:]) > size:
        environ["HTTP_RANGE"] = "bytes=0-"  # the last bytes, more than there are: all
    return environ


class Parts(PlacedFile):
    """Files one behind the other, read as one."""

    def __init__(self, parts: Sequence[tuple[Path, int]]) -> None:
        super().__init__(sum(size for _, size in parts))
        self._parts = parts
        self._open: tuple[Path, io.BufferedReader] | None = None

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, as far as the part goes in which they are; none at the end."""
        begin_of_part = 0
        for path, length in self._parts:
            if self._place < begin_of_part + length:
                stream = self._stream(path)
                stream.seek(self._place - begin_of_part)
                left = begin_of_part + length - self._place
                data = stream.read(left if size < 0 else min(size, left))
                self._place += len(data)
                return data
            begin_of_part += length
        return b""

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            self._open[1].close()
        self._open = None
        super().close()

    def _stream(self, path: Path) -> io.BufferedReader:
        if self._open is None or self._open[0] != path:
            if self._open is not None:
                self._open[1].close()
            self._open = path, path.open("rb")
        return self._open[1]
