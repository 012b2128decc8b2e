"""``/validate``: would this conform, if it were published? Open to everybody; nothing is written.

A program POSTs a document as it would PUT it. A browser gets a page: paste, or choose a file; pick what it is to be
checked as; and read what is wrong, where, why and how to mend it. What is sent is judged with the rest of the release,
in a process of its own.
"""

from __future__ import annotations

import codecs
import re
from datetime import UTC, datetime
from pathlib import Path

from flask import Blueprint, Response, request

from endpoint.current import languages, publication, snapshot, urls
from endpoint.graphs.graph_store import wanted_graph
from endpoint.graphs.graph_writing import (
    ACCEPTED,
    Sent,
    check_name,
    is_described,
    received,
    report_format,
    report_response,
    sent,
    table,
)
from endpoint.http.authorization import contributor_of_request
from endpoint.http.jobs import works
from endpoint.http.problems import ProblemError, document_problem
from endpoint.http.responses import as_page, page
from endpoint.pages.term_names import names_for
from endpoint.things.starting_files import templates
from graph.model.contributors import Contributor
from graph.model.errors import HamkorError, Sentence, SourceError
from graph.model.formats import METADATA_SUFFIX, TABLE
from graph.parts.contribution.contributed_document import FORMATS, Contribution, Outcome, SentDocument

validating = Blueprint("validating", __name__)
UNNAMED = "contribution"
TYPED = "typed"
MOST_CLASSES = 20
LONGEST_HEADER = 1 << 16


@validating.get("/validate")
def form() -> Response:
    """Paste or choose a document."""
    try:
        classes = templates().classes()
        names = names_for(snapshot(), urls(), languages(), classes.values())
    except HamkorError:  # there is no release yet, but whoever asks may still send something
        classes, names = {}, None
    as_page()
    return page("validate.html", accepted=ACCEPTED, classes=classes, names=names)


@validating.post("/validate")
def validate() -> Response:
    """Return the report on what is sent, as if it were PUT into the graph of ``graph=``."""
    iri = wanted_graph() or publication().graph(UNNAMED)
    check_name(iri, publication().base)
    with received() as folder:
        found = sent(folder)
        only = _classes(found)
        report = folder / "report"
        contribution = Contribution(
            str(publication().root), "put", iri, _documents(folder, found, only), str(report), report_format(),
            _who(iri), languages=languages(), only=only,
        )  # fmt: skip
        try:
            outcome = works().rehearse(
                "graph.parts.contribution.work:rehearse_contribution", contribution, Outcome, request.remote_addr or ""
            )
        except SourceError as problem:
            raise document_problem(problem) from problem
        response = report_response(outcome.report, report, 200, only=only)
    response.headers["Accept-Post"] = ACCEPTED
    return response


def _classes(found: Sent) -> tuple[str, ...]:
    """Return the IRIs of the classes as which it is to be checked; none for all.

    Raises:
        ProblemError: 400 for one that no shape knows.
    """
    asked = [each for each in (*request.args.getlist("class"), found.fields.get("class", "")) if each][:MOST_CLASSES]
    if not asked:
        return ()
    library = templates()
    known = library.classes()
    targets = library.examples.shapes.targets()
    wanted = tuple(known.get(each, each) for each in asked)
    for each in wanted:
        if each not in targets:
            remedy = Sentence("name one by its IRI, or as one of %(known)s", known=", ".join(known))
            raise ProblemError(
                "bad-request",
                Sentence("no shape is for things of the class %(name)s", name=repr(each[:200])),
                {"remedy": remedy},
            )
    return wanted


def _documents(folder: Path, found: Sent, only: tuple[str, ...]) -> tuple[SentDocument, ...]:
    """Return what is to be checked: files, or what was typed; a table without metadata as the class's template has it.

    Raises:
        ProblemError: 400 where there is nothing.
    """
    documents = list(found.documents)
    if (text := found.fields.get("text", "")).strip():
        typed = folder / TYPED
        typed.write_text(text, encoding="utf-8")
        wanted = found.fields.get("format", "")
        kind = wanted if wanted in (*FORMATS, TABLE) else "jsonld" if text.lstrip()[:1] in ("{", "[") else "turtle"
        documents.append(table(folder, "table.csv", typed, None) if kind == TABLE else SentDocument(str(typed), kind))
    if not documents:
        raise ProblemError(
            "bad-request", Sentence("there is nothing to check"), {"remedy": Sentence("paste a text or choose a file")}
        )
    return tuple(_described(each, only) for each in documents)


def _described(document: SentDocument, only: tuple[str, ...]) -> SentDocument:
    """Give a table that has no metadata that of the template of its class, or of the class with just its columns."""
    if is_described(document):
        return document
    path = Path(document.path)
    beside = path.with_name(path.name + METADATA_SUFFIX)
    library = templates()
    header = _header(path)
    names = [name for name, iri in library.classes().items() if not only or iri in only]
    same = (name for name in names if _cells((library.text(name, "csv", "") or b"").decode()) == header)
    name = next(same, names[0] if only and names else "")
    if not name:
        remedy = Sentence(
            "send it as a file, with its CSVW metadata as %(name)s, or use a template",
            name=path.name + METADATA_SUFFIX,
        )
        raise ProblemError(
            "bad-request", Sentence("nothing says what the columns of the table mean"), {"remedy": remedy}
        )
    described = library.text(name, "metadata", "") or b""
    beside.write_bytes(described.replace(f'"{name}.csv"'.encode(), f'"{path.name}"'.encode()))
    return document


def _header(path: Path) -> list[str]:
    """Return the cells of a table's first line, as a spreadsheet program may have written it."""
    with path.open("rb") as stream:
        start = stream.read(LONGEST_HEADER)
    encoding = "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    text = start.decode(encoding, errors="replace")
    return _cells(text.partition("\n")[2] if text.lower().startswith("sep=") else text)


def _cells(text: str) -> list[str]:
    """Return the names in a first line, whatever divides them; those that are empty at its end are none."""
    line = text.partition("\n")[0].strip().rstrip(",;\t")
    return [each.strip().strip('"') for each in re.split("[,;\t]", line)]


def _who(iri: str) -> Contributor:
    """Return who asks: whose token is sent, or somebody who may write this graph and no other.

    Raises:
        ProblemError: 401 or 429 where a token is sent that is not good.
    """
    if request.headers.get("Authorization"):
        return contributor_of_request()
    now = datetime.now(UTC)
    return Contributor("", "", "", (iri,), now, now)
