"""The metadata of a table: where it lies and what it says (Metadata Vocabulary for Tabular Data).

The csvw library checks and models the descriptions. It would fetch a schema or dialect that is given by URL; those are
read from beside the table here, or refused, before the library sees them: nothing is ever fetched. What the
recommendation lets a processor pass over with a warning (a property that does not exist, a value of the wrong kind) is
an error here: a publication's metadata is its own to correct. Foreign keys are not followed; the shapes are for that.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from csvw.metadata import Dialect, Schema, Table, TableGroup
from csvw.metadata_utils import dialect_props

from graph.errors import SourceError
from graph.recognition import CODINGS, GROUP_FILE, METADATA_SUFFIX
from graph.sources.tabular.columns import UNDETERMINED, Column, column

CONTEXT = "http://www.w3.org/ns/csvw"
MOST_BESIDE, LIKENESS = 10_000, 0.7
JSON_NAME = re.compile(r"json|csvm")
INHERITED = frozenset(
    ("aboutUrl", "datatype", "default", "lang", "null", "ordered", "propertyUrl", "required", "separator")
) | {"textDirection", "valueUrl"}
LIBRARY_REFUSALS = (ValueError, TypeError, KeyError, AttributeError, AssertionError, UserWarning)
Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TableDescription:
    """What is known of a table before it is read.

    Attributes:
        source: the file that says it, for messages: the metadata, or the table itself.
        url: the table's URL, against which its URI templates are resolved.
        dialect: how the file is written.
        columns: its columns as described; physical ones may be absent, then the header gives them.
        inherited: what columns found in the header inherit.
        primary_key: names of the columns that are unique together, or empty.
        language: the language of the header, or "und".
        suppressed: whether the table gives no triples.
    """

    source: str
    url: str
    dialect: Dialect
    columns: tuple[Column, ...]
    inherited: Properties
    primary_key: tuple[str, ...]
    language: str
    suppressed: bool

    @property
    def header_rows(self) -> int:
        """How many rows of the file are its header."""
        return int(self.dialect.headerRowCount) if self.dialect.header else 0

    def column(self, number: int, title: str) -> Column:
        """Return a column that only the header knows (Model for Tabular Data 8, embedded metadata)."""
        with refusals(self.source, title):
            return column(number, {**self.inherited, **({"titles": title} if title else {})})


def describe_table(path: Path, name: str, base: str, *, is_needed: bool = False) -> TableDescription:
    """Return the description of a CSV file: ``<file>-metadata.json``, else ``csv-metadata.json``, else the default.

    Args:
        path: the CSV file; one that is packed may be called in its metadata with or without the suffix that says so.
        name: how the user calls it, for messages.
        base: the IRI of the folder that the table's URL is relative to.
        is_needed: the default will not do: no shape and no query knows its predicates.

    Raises:
        SourceError: the metadata cannot be read or used, or names anything remote; or it is needed and not there.
    """
    names = (path.name, path.name.removesuffix(path.suffix)) if path.suffix.lower() in CODINGS else (path.name,)
    for file in (*(each + METADATA_SUFFIX for each in names), GROUP_FILE):
        found = path.with_name(file)
        if not found.is_file():
            continue
        source = name.removesuffix(path.name) + file
        group = _document(found, source)
        own_base, language = _check_context(group, source)
        url_base = urljoin(base, own_base)
        for table in _tables(group, source):
            url = urljoin(url_base, str(table.get("url", "")))
            if unquote(urlsplit(url).path.rpartition("/")[2]) in names:
                return _description(group if "tables" in group else {}, table, url, (found, source, language))
        if file != GROUP_FILE:
            raise SourceError(source, f"it describes no table {names[-1]}", remedy=f'give a table "url": "{names[-1]}"')
    if is_needed:
        raise _undescribed(path, name, names[-1] + METADATA_SUFFIX)
    return TableDescription(name, urljoin(base, names[-1]), Dialect(), (), {}, (), UNDETERMINED, suppressed=False)


def _undescribed(path: Path, name: str, wanted: str) -> SourceError:
    """Return the error of a table without metadata; it names what may be meant as such."""
    beside = {each.name for each in islice(path.parent.iterdir(), MOST_BESIDE) if each.is_file()}
    taken = {each + METADATA_SUFFIX for each in beside} | {GROUP_FILE}
    free = {each.casefold(): each for each in beside - taken if JSON_NAME.search(each.casefold())}
    if near := get_close_matches(wanted.casefold(), free, n=1, cutoff=LIKENESS):
        remedy = f"rename {free[near[0]]} to {wanted}"
    elif GROUP_FILE in beside:
        remedy = f"{GROUP_FILE} describes other tables; add this one to it, or write {wanted}"
    else:
        remedy = f"write {wanted} beside it, as hamkor template does"
    problem = f"nothing says what its columns mean: there is no CSVW metadata {wanted}"
    return SourceError(name, problem, remedy=remedy)


@contextmanager
def refusals(source: str, where: str | None = None) -> Iterator[None]:
    """Turn what the csvw library says against a description, warnings included, into a SourceError."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            yield
        except LIBRARY_REFUSALS as problem:
            text = str(problem) or "a value is not allowed"
            raise SourceError(
                source, text, column=where, remedy="see the Metadata Vocabulary for Tabular Data"
            ) from None


def _description(group: Properties, table: Properties, url: str, place: tuple[Path, str, str]) -> TableDescription:
    path, source, language = place
    schema = _local(table.get("tableSchema", group.get("tableSchema")) or {}, path, source)
    dialect = _local(table.get("dialect", group.get("dialect")) or {}, path, source)
    inherited = _inherited(group) | _inherited(table) | _inherited(schema)
    described = schema.get("columns", [])
    columns = []
    with refusals(source, "columns"):
        if not isinstance(described, list) or not all(isinstance(each, dict) for each in described):
            raise TypeError("columns is a list of objects")
    for number, each in enumerate(described, 1):
        with refusals(source, str(each.get("name") or each.get("titles") or number)):
            columns.append(column(number, {**inherited, **each}, language))
    with refusals(source):
        TableGroup.fromvalue(_without(group, "tables", "tableSchema", "dialect", "datatype"))
        checked = Table.fromvalue(_without(table, "tableSchema", "dialect", "datatype"))
        plain = [_without(each, "datatype") for each in described]
        key = Schema.fromvalue({**_without(schema, "datatype"), "columns": plain}).primaryKey or []
        described_dialect = Dialect(**dialect_props(dict(dialect)))
    _check_names([each.name for each in columns], key, source)
    return TableDescription(
        source, url, described_dialect, tuple(columns), inherited, tuple(key),
        str(inherited.get("lang", UNDETERMINED)), suppressed=checked.suppressOutput,
    )  # fmt: skip


def _document(path: Path, source: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"), parse_float=Decimal)
    except json.JSONDecodeError as problem:
        raise SourceError(source, f"not JSON: {problem.msg}", problem.lineno, problem.colno) from problem
    except (UnicodeDecodeError, RecursionError) as problem:
        raise SourceError(source, f"not JSON: {problem}", remedy="save it as UTF-8 JSON") from problem
    except OSError as problem:
        raise SourceError(source, problem.strerror or str(problem)) from problem
    if not isinstance(document, dict):
        raise SourceError(source, "the metadata is no JSON object", 1)
    return document


def _check_context(document: Properties, source: str) -> tuple[str, str]:
    """Return ``@base`` (or an empty string) and ``@language`` of the context; none but CSVW's own is known here."""
    context = document.get("@context")
    names, local = (context[0], context[1:]) if isinstance(context, list) and context else (context, [])
    known = all(isinstance(each, dict) and each.keys() <= {"@base", "@language"} for each in local)
    if names != CONTEXT or not known:
        raise SourceError(
            source,
            f"the context {json.dumps(context, ensure_ascii=False)[:120]} is not CSVW's",
            column="@context",
            remedy=f'write "@context": "{CONTEXT}"; other contexts are never fetched',
        )
    options = {name: str(value) for each in local for name, value in each.items()}
    return options.get("@base", ""), options.get("@language", UNDETERMINED)


def _tables(document: dict[str, Any], source: str) -> list[dict[str, Any]]:
    tables = document.get("tables", [document])
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise SourceError(source, "tables is a list of at least one table description", column="tables")
    return tables


def _local(value: Any, path: Path, source: str) -> dict[str, Any]:  # noqa: ANN401  as found in the metadata
    """Return an object that may be given by the name of a file beside the metadata."""
    if isinstance(value, str):
        file = path.parent / value
        if urlsplit(value).scheme or not file.resolve().is_relative_to(path.parent.resolve()):
            remedy = "nothing is fetched: write the object itself, or the name of a file in the same folder"
            raise SourceError(source, f"{value} is not a file beside the metadata", remedy=remedy)
        value = _document(file, source.removesuffix(path.name) + value)
    if not isinstance(value, dict):
        raise SourceError(source, f"{str(value)[:60]} stands where an object belongs")
    return value


def _inherited(properties: Properties) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name in INHERITED}


def _without(properties: Properties, *names: str) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in names}


def _check_names(names: list[str], key: list[str], source: str) -> None:
    if twice := {name for name in names if names.count(name) > 1}:
        raise SourceError(source, "two columns have this name", column=min(twice), remedy="rename one of them")
    if names and (unknown := set(key) - set(names)):
        raise SourceError(source, f"the primary key names {min(unknown)}, which is no column", column="primaryKey")
