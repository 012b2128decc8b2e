"""Bodies that are sent: into files of the work folder, piece by piece, never larger than they may be.

Content codings are undone here (gzip, RFC 9110 8.4), multipart forms taken apart, media types turned into formats. What
the documents say is none of its business.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from endpoint.current import publication
from endpoint.http.problems import ProblemError
from endpoint.http.semantics import OFFERS, Representation
from graph.model.errors import QueryLimitError, Quotation, Sentence
from graph.model.formats import GROUP_FILE, METADATA_SUFFIX, TABLE, recognised
from graph.model.processes import HeldFolder
from graph.model.publication import UPLOADS_FOLDER
from graph.parts.contribution.contributed_document import SentDocument

PIECE = 1 << 16
GZIP_WINDOW = 31
MULTIPART = "multipart/form-data"
LONGEST_NAME = 200
"""Bytes of a table's name: with that of its metadata it is to be a file's."""
MOST_PARTS, MOST_TYPED = 100, 1 << 21
TABLES = "text/csv"
UNREAD_CSV = Sentence(
    "CSV needs its CSVW metadata: send a form with both files, clubs.csv and clubs.csv-metadata.json, or RDF"
)
READ: tuple[Representation, ...] = tuple(each for each in OFFERS["graph"] if each.format is not None)
ACCEPTED = ", ".join((*(each.media_type for each in READ), TABLES, MULTIPART))
"""The value of Accept-Post."""
CHARSETS = ("", "utf-8", "utf8", "us-ascii")


@contextmanager
def received() -> Iterator[Path]:
    """Give a folder of its own, in which ``body`` is what this request has sent; it is gone afterwards.

    Raises:
        ProblemError: 400 where it breaks off or is no gzip, 415 for another coding.
        QueryLimitError: it is larger than ``limits.upload_mb``.
    """
    uploads = publication().root / UPLOADS_FOLDER
    uploads.mkdir(parents=True, exist_ok=True)
    with HeldFolder(uploads) as folder:
        with (folder / "body").open("wb") as file:
            _receive(file)
        yield folder


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request has sent: documents, and the fields of a form."""

    documents: tuple[SentDocument, ...]
    fields: dict[str, str] = field(default_factory=dict)


def documents(folder: Path) -> tuple[SentDocument, ...]:
    """Return the documents that this request has sent, a multipart form's each by itself.

    Raises:
        ProblemError: 400 for a form that cannot be read, 415 for a media type that is none of ``ACCEPTED``.
    """
    found = sent(folder)
    if found.fields:
        remedy = {"remedy": Sentence("send each document with a file name")}
        raise ProblemError("bad-request", Sentence("a field of the form is no file"), remedy)
    if not all(is_described(each) for each in found.documents):
        raise _unread(UNREAD_CSV)
    return found.documents


def is_described(document: SentDocument) -> bool:
    """Whether a document says what it means: a table does by its CSVW metadata alone."""
    path = Path(document.path)
    beside = (path.with_name(path.name + METADATA_SUFFIX), path.with_name(GROUP_FILE))
    return document.format != TABLE or any(each.exists() for each in beside)


def sent(folder: Path) -> Sent:
    """Return what this request has sent, the fields of a multipart form included.

    Raises:
        ProblemError: as ``documents``.
    """
    media_type, parameters = parse_options_header(request.headers.get("Content-Type", ""))
    if media_type == MULTIPART:
        return _parts(folder, parameters.get("boundary", ""))
    if media_type == TABLES:
        return Sent((table(folder, "table.csv", folder / "body", None),))
    # without a type RDF/XML is to be tried (SPARQL 1.1 Graph Store HTTP Protocol 5.3)
    form = _format(media_type, parameters.get("charset", "")) if media_type else "rdfxml"
    return Sent((SentDocument(str(folder / "body"), form),))


def table(folder: Path, name: str, body: Path, metadata: Path | None, group: Path | None = None) -> SentDocument:
    """Return a table with its CSVW metadata beside it; without metadata it says nothing that shapes know.

    Args:
        folder: the request's.
        name: how whoever sent it calls it, which is what its metadata calls it.
        body: its file, which is moved.
        metadata: that of its metadata, or None.
        group: that of the metadata of several tables, or None.
    """
    safe = "".join("-" if each in '/\\"' or not each.isprintable() else each for each in name).lstrip(".")
    place = folder / f"table-{len(list(folder.glob('table-*')))}"
    place.mkdir()
    target = place / (safe.encode()[-LONGEST_NAME:].decode(errors="ignore") or "table.csv")
    body.rename(target)
    for source, beside in ((metadata, target.name + METADATA_SUFFIX), (group, GROUP_FILE)):
        if source is not None:
            shutil.copyfile(source, target.with_name(beside))
    return SentDocument(str(target), TABLE, name)


def _receive(file: IO[bytes]) -> None:
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        detail = Sentence("the content coding %(coding)s is not undone here", coding=coding[:50])
        raise ProblemError("media-type", detail, {}, {"Accept-Encoding": "gzip, identity"})
    left = publication().settings.limits.upload_mb << 20
    if (request.content_length or 0) > left:
        raise _too_large()
    for piece in _pieces() if coding == "identity" else _inflated(_pieces()):
        left -= len(piece)
        if left < 0:
            raise _too_large()
        file.write(piece)


def _pieces() -> Iterator[bytes]:
    """Yield the body as it arrives, with or without Content-Length; its end is the end of the request, or an error."""
    stream, length, size = request.environ["wsgi.input"], request.content_length, 0
    while piece := stream.read(PIECE):
        size += len(piece)
        yield piece
    if length is not None and size != length:
        raise ProblemError(
            "bad-request", Sentence("the body breaks off after %(size)s of %(length)s bytes", size=size, length=length)
        )


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what gzip has compressed, never more at a time than a piece, however small it was made."""
    inflater, ended = zlib.decompressobj(GZIP_WINDOW), True
    try:
        for compressed in pieces:
            rest = compressed
            while rest:
                if inflater.eof:  # another member follows (RFC 1952 2.2)
                    inflater = zlib.decompressobj(GZIP_WINDOW)
                yield inflater.decompress(rest, PIECE)
                rest = inflater.unconsumed_tail or inflater.unused_data
            ended = inflater.eof
        while not inflater.eof and (more := inflater.decompress(inflater.unconsumed_tail, PIECE)):
            yield more
            ended = inflater.eof
    except zlib.error as problem:
        raise ProblemError(
            "bad-request", Sentence("the body is no gzip: %(problem)s", problem=Quotation(problem))
        ) from problem
    if not ended:
        raise ProblemError("bad-request", Sentence("the gzip of the body breaks off"))


def _too_large() -> QueryLimitError:
    limit = publication().settings.limits.upload_mb
    return QueryLimitError(
        "limits.upload_mb",
        limit,
        Sentence("the body is larger than %(number)s MiB", number=str(limit)),
        Sentence("divide it"),
    )


def _format(media_type: str, charset: str) -> str:
    if charset.lower() not in CHARSETS:
        raise _unread(Sentence("the character set %(charset)s is not read here; send UTF-8", charset=charset[:50]))
    for each in READ:
        if each.format is not None and media_type in (each.media_type, *each.aliases):
            return each.format.name
    raise _unread(Sentence("%(media_type)s is not read here", media_type=media_type[:100]))


def _unread(detail: str) -> ProblemError:
    return ProblemError(
        "media-type", detail, {"remedy": Sentence("send %(types)s", types=ACCEPTED)}, {"Accept-Post": ACCEPTED}
    )


def _parts(folder: Path, boundary: str) -> Sent:
    found: list[Path] = []

    def part_file(**_: object) -> IO[bytes]:
        found.append(folder / f"part-{len(found)}")
        return found[-1].open("w+b")

    parser = MultiPartParser(stream_factory=part_file, max_form_memory_size=MOST_TYPED, max_form_parts=MOST_PARTS)  # type: ignore[arg-type]
    body = folder / "body"
    try:
        with body.open("rb") as stream:
            fields, files = parser.parse(stream, boundary.encode("latin-1"), body.stat().st_size)
    except (ValueError, RequestEntityTooLarge) as problem:
        raise ProblemError(
            "bad-request", Sentence("the multipart form cannot be read: %(problem)s", problem=Quotation(problem))
        ) from problem
    parts = [each for _, each in files.items(multi=True)]
    for each in parts:
        each.stream.close()
    given = [(path, each) for path, each in zip(found, parts, strict=True) if each.filename or path.stat().st_size]
    described = {_shown(each): path for path, each in given if _shown(each).endswith(METADATA_SUFFIX)}
    tables = {_shown(each) for _, each in given if _is_table(each)}
    _check_names(described, tables)
    read = tuple(
        table(folder, name, path, described.get(name + METADATA_SUFFIX), described.get(GROUP_FILE))
        if name in tables
        else SentDocument(str(path), _part_format(each, path), name)
        for path, each, name in ((path, each, _shown(each)) for path, each in given)
        if name not in described
    )
    return Sent(read, {name: values[-1] for name, values in fields.lists()})


def _check_names(described: Iterable[str], tables: Collection[str]) -> None:
    """Refuse metadata that is of no table: it would be left out in silence, and some table be without."""
    for name in described:
        if name != GROUP_FILE and name.removesuffix(METADATA_SUFFIX) not in tables:
            detail = Sentence("%(name)s is the metadata of no table of the form", name=name)
            wanted = ", ".join(sorted(each + METADATA_SUFFIX for each in tables)) or "clubs.csv" + METADATA_SUFFIX
            remedy = Sentence("call it %(names)s, and send the table too", names=wanted)
            raise ProblemError("bad-request", detail, {"remedy": remedy})


def _is_table(part: FileStorage) -> bool:
    return part.mimetype == TABLES or (part.filename or "").lower().endswith(".csv")


def _part_format(part: FileStorage, path: Path) -> str:
    """Return the format of a part by its type, or where that says none that is read, by its name and beginning."""
    media_type = part.mimetype
    known = any(each.format and media_type in (each.media_type, *each.aliases) for each in READ)
    if not known and (found := recognised(path, Path(part.filename or "").name)).form and not found.coding:
        return found.form
    return _format(media_type or "a part without a media type", part.mimetype_params.get("charset", ""))


def _shown(part: FileStorage) -> str:
    return "".join(sign for sign in (part.filename or "a part")[:100] if sign.isprintable())
