"""The metadata of a table: where it lies, what it says of each column, and its URI templates (Metadata Vocabulary).

Rows are read in ``graph.sources.csvw.records``, cells by ``graph.sources.csvw.records``.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from itertools import chain, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

import pyoxigraph as ox
from csvw.metadata import Column as Description
from csvw.metadata import Dialect, Schema, Table, TableGroup
from csvw.metadata_utils import NAMESPACES, dialect_props
from uritemplate import URITemplate
from uritemplate.variable import Operator

from graph.model.errors import Quotation, Sentence, SourceError, said_by
from graph.model.formats import CODINGS, GROUP_FILE, METADATA_SUFFIX
from graph.sources.csvw.records import Datatype, datatype

# A column of a table: what its metadata says, and how the text of a cell becomes its value.
#
# The csvw library checks the description; the properties that a column inherits are in it already (see ``metadata``).

UNDETERMINED = "und"
Value = str | tuple[str, ...] | None
"""The lexical form of a cell's value, those of a list, or null."""


class MissingValueError(ValueError):
    """A cell of a required column is null."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, virtual ones included.

    Attributes:
        name: the name that URI templates and default predicates use, percent-encoded.
        number: its 1-based position in the table.
        titles: the texts that its header may have, each with its language; empty where any will do.
        virtual: whether no cell of the file belongs to it.
        suppressed: whether it gives no triples.
        about: the URI template of the subjects, or None for the row's own node.
        property: the URI template of the predicates, or None for the default.
        value: the URI template of the objects, or None for literals.
        language: the language of its strings, or None.
        ordered: whether a list of values becomes an rdf:List.
    """

    name: str
    number: int
    titles: tuple[tuple[str, str], ...]
    virtual: bool
    suppressed: bool
    about: str | None
    property: str | None
    value: str | None
    language: str | None
    ordered: bool
    required: bool
    separator: str | None
    default: str
    nulls: frozenset[str]
    datatype: Datatype = field(repr=False)

    def may_be_headed(self, texts: Iterable[str], language: str) -> bool:
        """Whether one of these texts in this language is a title of the column (Metadata Vocabulary 5.5.1)."""
        wanted = set(texts)
        return any(text in wanted and same_language(tag, language) for tag, text in self.titles)

    def read(self, text: str) -> Value:
        """Return the value of a cell (Model for Tabular Data 6.4).

        Raises:
            MissingValueError: the value is null, and the column is required.
            ValueError: the text breaks the column's datatype.
        """
        text = self.datatype.normalised(text) or self.datatype.normalised(self.default)
        if not self.separator:
            return self._single(text)
        if not text or text in self.nulls:
            self._refuse_missing()
            return None
        parts = text.split(self.separator)
        if self.datatype.base not in ("string", "anyAtomicType"):
            parts = [part.strip() for part in parts]
        values = (self._single(part or self.default) for part in parts)
        return tuple(value for value in values if value is not None)

    def _single(self, text: str) -> str | None:
        if text not in self.nulls:
            return self.datatype.read(text)
        self._refuse_missing()
        return None

    def _refuse_missing(self) -> None:
        if self.required:
            raise MissingValueError(Sentence("the cell is empty, and the column is required"))


def same_language(one: str, other: str) -> bool:
    """Whether two language tags agree as titles have to: cut to the shorter one they are equal; und is any language."""
    parts = (one.lower().split("-"), other.lower().split("-"))
    return UNDETERMINED in (one, other) or all(first == second for first, second in zip(*parts, strict=False))


def column(number: int, properties: Mapping[str, Any], language: str = UNDETERMINED) -> Column:
    """Return the column that a column description describes (Metadata Vocabulary 5.6).

    Args:
        number: its 1-based position.
        properties: the description, inherited properties included.
        language: the language of titles that have none of their own: the metadata's ``@language``.

    Raises:
        ValueError, TypeError, AttributeError: it is not usable; these are the csvw library's.
    """
    facts = Description.fromvalue({name: value for name, value in properties.items() if name != "datatype"})
    if facts.required not in (None, True, False):
        raise ValueError(Sentence("Invalid value for property required: %(text)s", text=str(facts.required)))
    titles = [(tag or language, text) for tag, texts in (facts.titles or {}).items() for text in texts]
    own = (text for tag, text in titles if tag in (language, UNDETERMINED))
    name = facts.name or next((_name(text) for text in own), f"_col.{number}")
    return Column(
        name=name,
        number=number,
        titles=(*titles, (UNDETERMINED, facts.name)) if facts.name else tuple(titles),
        virtual=facts.virtual,
        suppressed=facts.suppressOutput,
        about=_template(facts.aboutUrl),
        property=_template(facts.propertyUrl),
        value=_template(facts.valueUrl),
        language=None if facts.lang == "und" else facts.lang,
        ordered=bool(facts.ordered),
        required=bool(facts.required),
        separator=facts.separator,
        default=facts.default,
        nulls=frozenset(facts.null),
        datatype=datatype(properties.get("datatype")),
    )


def _name(title: str) -> str:
    """Return the name that a title gives: what a variable of a URI template may be called, which has no - and no ~."""
    return quote(title, safe="").replace("-", "%2D").replace("~", "%7E")


def _template(value: Any) -> str | None:  # noqa: ANN401  the library's own type
    return None if value is None else str(value.uri)


# The metadata of a table: where it lies and what it says (Metadata Vocabulary for Tabular Data).
#
# The csvw library checks and models the descriptions. It would fetch a schema or dialect that is given by URL; those
# are read from beside the table here, or refused, before the library sees them: nothing is ever fetched. What the
# recommendation lets a processor pass over with a warning (a property that does not exist, a value of the wrong kind)
# is an error here: a publication's metadata is its own to correct. Foreign keys are not followed; the shapes are for
# that.

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
            raise SourceError(
                source,
                Sentence("it describes no table %(name)s", name=names[-1]),
                remedy=Sentence('give a table "url": "%(name)s"', name=names[-1]),
            )
    if is_needed:
        raise _undescribed(path, name, names[-1] + METADATA_SUFFIX)
    return TableDescription(name, urljoin(base, names[-1]), Dialect(), (), {}, (), UNDETERMINED, suppressed=False)


def _undescribed(path: Path, name: str, wanted: str) -> SourceError:
    """Return the error of a table without metadata; it names what may be meant as such."""
    beside = {each.name for each in islice(path.parent.iterdir(), MOST_BESIDE) if each.is_file()}
    taken = {each + METADATA_SUFFIX for each in beside} | {GROUP_FILE}
    free = {each.casefold(): each for each in beside - taken if JSON_NAME.search(each.casefold())}
    if near := get_close_matches(wanted.casefold(), free, n=1, cutoff=LIKENESS):
        remedy = Sentence("rename %(name)s to %(wanted)s", name=free[near[0]], wanted=wanted)
    elif GROUP_FILE in beside:
        remedy = Sentence(
            "%(name)s describes other tables; add this one to it, or write %(wanted)s", name=GROUP_FILE, wanted=wanted
        )
    else:
        remedy = Sentence("write %(name)s beside it, as hamkor template does", name=wanted)
    problem = Sentence("nothing says what its columns mean: there is no CSVW metadata %(name)s", name=wanted)
    return SourceError(name, problem, remedy=remedy)


@contextmanager
def refusals(source: str, where: str | None = None) -> Iterator[None]:
    """Turn what the csvw library says against a description, warnings included, into a SourceError."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            yield
        except LIBRARY_REFUSALS as problem:
            text = said_by(problem) or Sentence("a value is not allowed")
            raise SourceError(
                source, text, column=where, remedy=Sentence("see the Metadata Vocabulary for Tabular Data")
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
            raise TypeError(Sentence("columns is a list of objects"))
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
        raise SourceError(
            source, Sentence("not JSON: %(words)s", words=problem.msg), problem.lineno, problem.colno
        ) from problem
    except (UnicodeDecodeError, RecursionError) as problem:
        raise SourceError(
            source, Sentence("not JSON: %(words)s", words=problem), remedy=Sentence("save it as UTF-8 JSON")
        ) from problem
    except OSError as problem:
        raise SourceError(source, Quotation(problem.strerror or str(problem))) from problem
    if not isinstance(document, dict):
        raise SourceError(source, Sentence("the metadata is no JSON object"), 1)
    return document


def _check_context(document: Properties, source: str) -> tuple[str, str]:
    """Return ``@base`` (or an empty string) and ``@language`` of the context; none but CSVW's own is known here."""
    context = document.get("@context")
    names, local = (context[0], context[1:]) if isinstance(context, list) and context else (context, [])
    known = all(isinstance(each, dict) and each.keys() <= {"@base", "@language"} for each in local)
    if names != CONTEXT or not known:
        raise SourceError(
            source,
            Sentence("the context %(name)s is not CSVW's", name=json.dumps(context, ensure_ascii=False)[:120]),
            column="@context",
            remedy=Sentence('write "@context": "%(iri)s"; other contexts are never fetched', iri=CONTEXT),
        )
    options = {name: str(value) for each in local for name, value in each.items()}
    return options.get("@base", ""), options.get("@language", UNDETERMINED)


def _tables(document: dict[str, Any], source: str) -> list[dict[str, Any]]:
    tables = document.get("tables", [document])
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise SourceError(source, Sentence("tables is a list of at least one table description"), column="tables")
    return tables


def _local(value: Any, path: Path, source: str) -> dict[str, Any]:  # noqa: ANN401  as found in the metadata
    """Return an object that may be given by the name of a file beside the metadata."""
    if isinstance(value, str):
        file = path.parent / value
        if urlsplit(value).scheme or not file.resolve().is_relative_to(path.parent.resolve()):
            remedy = Sentence("nothing is fetched: write the object itself, or the name of a file in the same folder")
            raise SourceError(source, Sentence("%(name)s is not a file beside the metadata", name=value), remedy=remedy)
        value = _document(file, source.removesuffix(path.name) + value)
    if not isinstance(value, dict):
        raise SourceError(source, Sentence("%(text)s stands where an object belongs", text=str(value)[:60]))
    return value


def _inherited(properties: Properties) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name in INHERITED}


def _without(properties: Properties, *names: str) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in names}


def _check_names(names: list[str], key: list[str], source: str) -> None:
    if twice := {name for name in names if names.count(name) > 1}:
        raise SourceError(
            source, Sentence("two columns have this name"), column=min(twice), remedy=Sentence("rename one of them")
        )
    if names and (unknown := set(key) - set(names)):
        raise SourceError(
            source,
            Sentence("the primary key names %(name)s, which is no column", name=min(unknown)),
            column="primaryKey",
        )


# URI templates of the metadata (RFC 6570; Metadata Vocabulary 5.1.3): expanded, prefixes resolved, made absolute.
#
# The expansion is the uritemplate library's. One rule is our own: a template that writes a null value into the middle
# of an IRI (``id/club/{city}`` without a city) gives no IRI, since it would give the same wrong one for every such row.

ROW_VARIABLES = frozenset({"_row", "_sourceRow"})
COLUMN_VARIABLES = frozenset({"_column", "_sourceColumn", "_name"})
OPAQUE_SCHEMES = frozenset({"did", "doi", "geo", "info", "mailto", "sms", "tag", "tel", "urn"})
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?!//)")
Variables = Mapping[str, str | int | list[str]]


class UriTemplate:
    """One URI template of one column.

    Attributes:
        variables: the names that it uses, those of its column left out: they are filled in already.
        needed: those that must not be null.
        is_the_column_s_own: whether the result depends on the column, so that other columns cannot share it.
    """

    def __init__(self, text: str, base: str, own: Variables) -> None:
        """Prepare a template.

        Args:
            text: as the metadata has it.
            base: the IRI against which its results are resolved: the table's URL.
            own: the values of ``_column``, ``_sourceColumn`` and ``_name``.

        Raises:
            ValueError: it is no template, or it has no variables and gives no IRI.
        """
        self.text, self.base, self.own = text, base, own
        if (scheme := SCHEME.match(text)) and scheme[1] not in OPAQUE_SCHEMES | NAMESPACES.keys():
            raise ValueError(
                Sentence(
                    "%(scheme)s: in %(text)s is no prefix that CSVW predefines; write the IRI in full",
                    scheme=scheme[1],
                    text=text,
                )
            )
        self._template = URITemplate(text)
        self.variables = frozenset(self._template.variable_names) - COLUMN_VARIABLES
        self.is_the_column_s_own = not COLUMN_VARIABLES.isdisjoint(self._template.variable_names)
        plain = [each for each in self._template.variables if each.operator in (Operator.default, Operator.reserved)]
        self.needed = self.variables.intersection(chain.from_iterable(each.variable_names for each in plain))
        self._values: list[str | int | list[str] | None] = []
        self._latest = None if self.variables else self._iri({})

    def expand(self, variables: Variables) -> ox.NamedNode | None:
        """Return the IRI for these variables, null ones absent; None where a needed one is absent.

        Raises:
            ValueError: the result is no IRI.
        """
        values = [variables.get(name) for name in self.variables]
        if self._latest and values == self._values:  # the columns of a row mostly share their subject
            return self._latest
        if not self.needed <= variables.keys():
            return None
        self._values, self._latest = values, self._iri(variables)
        return self._latest

    def _iri(self, variables: Variables) -> ox.NamedNode:
        text = self._template.expand({**variables, **self.own})
        prefix, colon, local = text.partition(":")
        if colon and prefix in NAMESPACES:
            text = NAMESPACES[prefix] + local
        try:
            return ox.NamedNode(text if ABSOLUTE.match(text) else urljoin(self.base, text))
        except ValueError as problem:
            raise ValueError(
                Sentence(
                    "%(text)s gives %(iri)s, which is no IRI: %(words)s",
                    text=self.text,
                    iri=text[:200],
                    words=problem,
                )
            ) from problem
