"""One document of others, or one answer of their endpoint, fetched into a file: bounded, from public addresses, whole.

Nothing is parsed here. The address that was judged is the one that is called, so that a name server cannot change its
mind in between, and every redirection is judged anew. What may have been cut on its way is no answer.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import httpx
import msgspec

from graph.model.errors import HarvestError, QueryRefusedError, Quotation, Sentence
from graph.model.formats import FORMATS, JSON_LD, RDF_XML, RESULTS_JSON, STRINGS_AND_COMMENTS, recognised
from graph.query.federation import Address, addresses_allowed, is_public
from graph.sources.reader import RDF_FORMATS

MIB = 1 << 20
MOST_REDIRECTS = 5
PIECE, HEAD = 1 << 16, 256
GZIP, GZIP_WINDOW = b"\x1f\x8b", 31
UTF8 = ("", "utf-8", "utf8", "us-ascii")
DOCUMENTS = (
    "text/turtle, application/n-triples, application/ld+json, application/rdf+xml;q=0.9, application/trig;q=0.8, "
    "application/n-quads;q=0.8, */*;q=0.1"
)
ANSWERS = f"{RDF_XML.media_type}, {JSON_LD.media_type};q=0.8"
"""What an endpoint is asked for: of these one sees whether they are whole."""
WITH_AN_END = frozenset({RDF_XML.name, JSON_LD.name, RESULTS_JSON.name})
"""Formats that cannot be cut without that being seen."""
BY_TYPE = {each.media_type: each.name for each in FORMATS if each.name in RDF_FORMATS} | {
    "application/x-turtle": "turtle", "text/n3": "turtle", "text/rdf+n3": "turtle", "text/nquads": "nquads",
    "application/x-trig": "trig",
}  # fmt: skip
SAYING_LITTLE = frozenset({
    "", "text/plain", "text/xml", "application/xml", "application/json", "application/octet-stream",
    "binary/octet-stream", "application/gzip", "application/x-gzip",
})  # fmt: skip
"""Media types under which there is RDF, and other things as well: then the name of the file says the format."""
PAGES = ("text/html", "application/xhtml+xml")
CUT = ("X-SQL-State", "X-SPARQL-MaxRows")
"""Header fields by which an engine says that it has answered with a part only."""
AGAIN = frozenset({429, 503})
LONGEST_RETRY = 86_400.0
LONGEST_VALIDATOR = 1_000
QUERY_FORM = re.compile(
    rb"\b(SELECT|ASK|CONSTRUCT|DESCRIBE|INSERT|DELETE|LOAD|CLEAR|DROP|CREATE)\b(?!\s*:)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What is asked of others, and what it may cost.

    Attributes:
        address: of the document, or of the endpoint.
        query: what the endpoint is asked; empty for a document.
        form: the format, where the server is not to say it; "json" asks an endpoint for solutions; else empty.
        etag: of what is there already, as the server gave it, or empty; so is last_modified.
        last_modified: when that was changed last.
        seconds: from the first look at the name to the last byte.
        most_mb: MiB of the document, packed or not.
        agent: how the call introduces itself (User-Agent).
        allow_private: whether addresses that are not public may be called.
    """

    address: str
    query: str
    form: str
    etag: str
    last_modified: str
    seconds: float
    most_mb: int
    agent: str
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """What came.

    Attributes:
        is_new: whether there is a document; otherwise it is as it was.
        address: where it was in the end: against this its relative IRIs are resolved.
        form: the name of its format.
        etag: to ask with the next time; empty where the server gives none, as last_modified.
        last_modified: when the server says that it was changed.
    """

    is_new: bool
    address: str
    form: str = ""
    etag: str = ""
    last_modified: str = ""


def fetch(request: FetchRequest, path: Path) -> FetchedDocument:
    """Fetch a document into a file, unpacked.

    Raises:
        HarvestError: it may not be fetched, does not come, not whole, or not as RDF.
    """
    try:
        return asyncio.run(_fetch(request, path))
    except TimeoutError as problem:
        said = Sentence("it has not come whole within %(seconds)s seconds", seconds=f"{request.seconds:g}")
        raise HarvestError(said) from problem
    except httpx.HTTPError as problem:
        words = Quotation(str(problem) or type(problem).__name__)
        raise HarvestError(Sentence("it cannot be reached, or broke off: %(words)s", words=words)) from problem


async def _fetch(request: FetchRequest, path: Path) -> FetchedDocument:
    limits = httpx.Limits(max_keepalive_connections=0)  # a kept one is found by its address, whatever host it was for
    url, seen = request.address, set[str]()
    async with (
        asyncio.timeout(request.seconds),
        httpx.AsyncClient(timeout=None, follow_redirects=False, trust_env=False, limits=limits) as client,  # noqa: S113
    ):
        for _ in range(MOST_REDIRECTS + 1):
            seen.add(url)
            async with _opened(client, url, request) as response:
                if not response.has_redirect_location:
                    return await _taken(response, url, request, path)
                url = _redirected(url, response.headers["Location"], request)
            if url in seen:
                raise HarvestError(Sentence("it redirects in a circle, by <%(address)s>", address=shown(url)))
    raise HarvestError(Sentence("it redirects more than %(most)s times", most=MOST_REDIRECTS))


def _redirected(url: str, location: str, request: FetchRequest) -> str:
    try:
        target = urljoin(url, location)
    except ValueError as problem:  # such as brackets around what is no IPv6 address
        raise HarvestError(Sentence("it redirects to what is no address")) from problem
    if request.query:
        # most redirections would make a GET of it (RFC 9110 15.4)
        said = Sentence("the endpoint redirects to <%(address)s>, which is not followed", address=shown(target))
        raise HarvestError(said, Sentence("write that address into hamkor.toml"))
    return target


def shown(address: str) -> str:
    """Return an address as it may stand in a message: without names, passwords, parameters and fragment."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        place = f"[{host}]" if ":" in host else host
        text = f"{parts.scheme}://{place}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        return "…"
    return "".join(sign for sign in text if sign.isprintable())[:HEAD] + ("?…" if parts.query else "")


@asynccontextmanager
async def _opened(client: httpx.AsyncClient, address: str, request: FetchRequest) -> AsyncIterator[httpx.Response]:
    """Give the response of an address, its body unread; of several machines, the first that answers is asked."""
    host, url = _host(address), httpx.URL(address)
    headers = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": request.agent,
        "Accept": _accept(request),
        "Accept-Encoding": "gzip",
    }
    # a form, which every endpoint takes (SPARQL 1.1 Protocol 2.1.2): Virtuoso 7 never answers a query sent as it is
    content = urlencode({"query": request.query}).encode() if request.query else None
    if content:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    else:  # of a POST they would mean something else (RFC 9110 13.1.2)
        headers |= {"If-None-Match": request.etag} if request.etag else {}
        headers |= {"If-Modified-Since": request.last_modified} if request.last_modified else {}
    *others, last = await _addresses(host, allow_private=request.allow_private)
    for place in (*others, last):
        asked = client.build_request(
            "POST" if content else "GET", url.copy_with(host=str(place)), content=content, headers=headers,
            extensions={"sni_hostname": host},
        )  # fmt: skip
        try:
            response = await client.send(asked, stream=True)
        except httpx.ConnectError:
            if place is last:
                raise
            continue
        try:
            yield response
        finally:
            await response.aclose()
        return


def _accept(request: FetchRequest) -> str:
    if not request.query:
        return DOCUMENTS
    return RESULTS_JSON.media_type if request.form == RESULTS_JSON.name else ANSWERS


def _host(address: str) -> str:
    try:
        url = httpx.URL(address)
        host = url.raw_host.decode("ascii").removesuffix(".")
        usable = url.scheme in ("http", "https") and bool(host)
    except (httpx.InvalidURL, ValueError):
        usable = False
    if not usable:
        raise HarvestError(Sentence("<%(address)s> is no http or https address", address=shown(address)))
    if url.userinfo:
        raise HarvestError(Sentence("<%(address)s> comes with a name or a password", address=shown(address)))
    return host


async def _addresses(host: str, *, allow_private: bool) -> tuple[Address, ...]:
    try:
        found = await asyncio.to_thread(addresses_allowed, host, allow_private=True)
    except QueryRefusedError as problem:
        raise HarvestError(Sentence("the host %(host)s has no address", host=host)) from problem
    for each in found:
        if not allow_private and not is_public(each):
            raise HarvestError(
                Sentence("the host %(host)s has the address %(address)s, which is not public", host=host, address=each),
                Sentence("where you mean it, write allow_private = true for this source"),
            )
    return found


async def _taken(response: httpx.Response, url: str, request: FetchRequest, path: Path) -> FetchedDocument:
    """Write what a response holds to the file, and say what it is."""
    headers = response.headers
    if response.status_code == httpx.codes.NOT_MODIFIED and (request.etag or request.last_modified):
        return FetchedDocument(False, url, etag=request.etag, last_modified=request.last_modified)
    _check_status(response, request)
    coding = headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise HarvestError(Sentence("it comes in the encoding %(coding)s, which was not asked for", coding=coding[:50]))
    await _written(response, path, request.most_mb)
    is_packed = "gzip" in coding
    if is_packed:
        _unpack(path, request.most_mb)
    if _begins(path).startswith(GZIP):  # the document itself is a packed file
        _unpack(path, request.most_mb)
        is_packed = True
    _check_document(path)
    form = request.form or _form(headers.get("Content-Type", ""), url, path)
    has_length = "Content-Length" in headers or "chunked" in headers.get("Transfer-Encoding", "").lower()
    if form not in WITH_AN_END and (request.query or not (has_length or is_packed)):
        said = Sentence("nobody can tell whether it is whole: it comes as %(form)s, which has no end", form=form)
        remedy = (
            Sentence("RDF/XML and JSON-LD have one") if request.query else Sentence("its server has to say its length")
        )
        raise HarvestError(said, remedy)
    return FetchedDocument(True, url, form, _kept(headers, "ETag"), _kept(headers, "Last-Modified"))


def _kept(headers: httpx.Headers, name: str) -> str:
    """Return a field that is sent back the next time; what cannot be a field of ours is forgotten."""
    text = headers.get(name, "")
    return text if text.isascii() and text.isprintable() and len(text) <= LONGEST_VALIDATOR else ""


def _check_status(response: httpx.Response, request: FetchRequest) -> None:
    status, headers = response.status_code, response.headers
    for name in CUT:
        if headers.get(name, "").strip() not in ("", "00000"):
            raise HarvestError(
                Sentence("it is cut: the server says %(header)s: %(value)s", header=name, value=headers[name][:100])
            )
    if status == httpx.codes.PARTIAL_CONTENT:
        raise HarvestError(Sentence("it is cut: the server answered with a part only (206)"))
    if status != httpx.codes.OK:
        said = Sentence(
            "the server answered %(status)s", status=Quotation(f"{status} {response.reason_phrase}".strip())
        )
        raise HarvestError(said, retry_seconds=_retry(headers.get("Retry-After", "")) if status in AGAIN else 0.0)
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type in PAGES:
        raise HarvestError(
            Sentence("it is an HTML page, and no RDF"), Sentence("look for the address of the data behind it")
        )
    charset = response.charset_encoding or ""
    if charset.strip("\"' ").lower() not in UTF8:
        raise HarvestError(Sentence("it is in %(charset)s, and RDF is read in UTF-8", charset=charset[:50]))
    if request.form == "" and media_type not in BY_TYPE and media_type not in SAYING_LITTLE:
        said = Sentence("its type %(media_type)s is no RDF that is read", media_type=media_type[:100])
        raise HarvestError(said, Sentence("where it is RDF all the same, write its format into hamkor.toml"))


def _retry(text: str) -> float:
    """Return how many seconds a server asks to be left alone (RFC 9110 10.2.3), a day at most."""
    if text.strip().isdecimal():
        return min(float(text.strip()[:9]), LONGEST_RETRY)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    left = until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)
    return min(max(left.total_seconds(), 0.0), LONGEST_RETRY)


def _form(content_type: str, url: str, path: Path) -> str:
    """Return the name of a document's format, by its type or else by its name, and how it begins."""
    media_type = content_type.partition(";")[0].strip().lower()
    if form := BY_TYPE.get(media_type):
        return form
    name = urlsplit(url).path.rpartition("/")[2].removesuffix(".gz")  # what was packed is no longer
    found = recognised(path, name).form
    if found not in RDF_FORMATS:
        said = Sentence("neither its type %(media_type)s nor its name says its format", media_type=media_type or "—")
        raise HarvestError(said, Sentence("write its format into hamkor.toml"))
    return found


async def _written(response: httpx.Response, path: Path, most_mb: int) -> None:
    left = most_mb * MIB
    with path.open("wb") as spool:
        async for piece in response.aiter_raw(PIECE):
            left -= len(piece)
            if left < 0:
                raise _too_large(most_mb)
            spool.write(piece)


def _unpack(path: Path, most_mb: int) -> None:
    """Replace a packed file by what it holds; at most so much is written, whatever it could become."""
    packed, left, inflate = path.with_suffix(".packed"), most_mb * MIB, zlib.decompressobj(GZIP_WINDOW)
    path.replace(packed)
    try:
        with packed.open("rb") as source, path.open("wb") as spool:
            while data := inflate.unconsumed_tail or inflate.unused_data or source.read(PIECE):
                if inflate.eof:  # a file may have several members (RFC 1952 2.2)
                    inflate = zlib.decompressobj(GZIP_WINDOW)
                piece = inflate.decompress(data, PIECE)
                left -= len(piece)
                if left < 0:
                    raise _too_large(most_mb)
                spool.write(piece)
            if not inflate.eof:
                raise HarvestError(Sentence("it is packed with gzip and breaks off"))
    except zlib.error as problem:
        raise HarvestError(Sentence("it is no gzip: %(words)s", words=Quotation(problem))) from problem
    finally:
        packed.unlink()


def _too_large(most_mb: int) -> HarvestError:
    remedy = Sentence("raise limits.upload_mb in hamkor.toml, or ask for less")
    return HarvestError(Sentence("it is larger than %(most)s MiB", most=most_mb), remedy)


def _begins(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD)


def _check_document(path: Path) -> None:
    head = _begins(path).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not head:
        raise HarvestError(Sentence("it is empty"))
    if head.startswith(GZIP):
        raise HarvestError(Sentence("it is packed with gzip twice"), Sentence("pack it once"))
    if head.startswith((b"<!doctype html", b"<html")):
        raise HarvestError(
            Sentence("it is an HTML page, and no RDF"), Sentence("look for the address of the data behind it")
        )


# Whether an endpoint gives all that there is: engines have ceilings, and Virtuoso says nothing of its own where a
# CONSTRUCT meets it. So the solutions of the query's pattern are asked for, a number each, and counted by the endpoint.


@dataclass(frozen=True, slots=True)
class ConstructQuery:
    """A CONSTRUCT in the pieces that its solutions can be asked for with.

    Attributes:
        prologue: what stands before CONSTRUCT.
        dataset: its FROM clauses.
        pattern: from the first brace of its pattern to the end.
    """

    prologue: str
    dataset: str
    pattern: str

    @property
    def rows(self) -> str:
        """A query that has a row for each solution."""
        return f"{self.prologue}SELECT (1 AS ?hamkor_row) {self.dataset} WHERE {self.pattern}"

    @property
    def count(self) -> str:
        """A query that says how many there are: one row, which no ceiling cuts."""
        inner = f"SELECT (1 AS ?hamkor_row) WHERE {self.pattern}"
        return f"{self.prologue}SELECT (COUNT(*) AS ?hamkor_rows) {self.dataset} WHERE {{ {{ {inner}\n}} }}"


def construct_of(text: str) -> ConstructQuery | None:
    """Return a CONSTRUCT in pieces, or None where it is none.

    It is not read as our own queries are: engines of others know words that ours does not.
    """
    data = text.encode()
    masked = STRINGS_AND_COMMENTS.sub(lambda found: b" " * len(found[0]), data)
    form = QUERY_FORM.search(masked)
    if form is None or form[1].upper() != b"CONSTRUCT":
        return None
    start = form.end()
    template = re.match(rb"\s*\{", masked[start:])
    if template is not None:
        start = _closing(masked, start + template.end())
    opening = masked.find(b"{", start)
    if opening < 0:
        return None
    dataset = re.sub(rb"\bWHERE\s*$", b"", masked[start:opening], flags=re.IGNORECASE)
    return ConstructQuery(
        data[: form.start()].decode(), data[start : start + len(dataset)].decode(), data[opening:].decode()
    )


def _closing(masked: bytes, start: int) -> int:
    """Return the place behind the brace that closes the one before ``start``."""
    depth = 1
    for found in re.finditer(rb"[{}]", masked[start:]):
        depth += 1 if found[0] == b"{" else -1
        if not depth:
            return start + found.end()
    return len(masked)


class _Bindings(msgspec.Struct):
    bindings: list[dict[str, msgspec.Raw]]


class _Solutions(msgspec.Struct):
    results: _Bindings


class _Value(msgspec.Struct):
    value: str


def check_whole(request: FetchRequest, query: ConstructQuery, path: Path) -> None:
    """Make sure that an endpoint gives all solutions of a query.

    Args:
        request: as it was asked for the graph.
        query: the same, in pieces.
        path: a file for the answers.

    Raises:
        HarvestError: it gives fewer than it counts, or cannot be asked.
    """
    rows = len(_solutions(request, query.rows, path))
    counted = _solutions(request, query.count, path)
    try:
        count = int(msgspec.json.decode(next(iter(counted[0].values())), type=_Value).value)
    except (IndexError, StopIteration, ValueError) as problem:
        raise HarvestError(Sentence("the endpoint does not say how many solutions there are")) from problem
    if rows != count:
        said = Sentence("it is cut: the endpoint counts %(count)s solutions and gives %(rows)s", count=count, rows=rows)
        raise HarvestError(said, Sentence("ask for less, or for a part in a graph of its own"))


def _solutions(request: FetchRequest, query: str, path: Path) -> list[dict[str, msgspec.Raw]]:
    fetch(replace(request, query=query, form=RESULTS_JSON.name), path)
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Solutions).results.bindings
    except msgspec.DecodeError as problem:
        words = Quotation(problem)
        raise HarvestError(Sentence("the endpoint's count cannot be read: %(words)s", words=words)) from problem
