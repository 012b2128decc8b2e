"""The columns of the table of a class: found in the data, so that each column holds terms of one kind.

A property becomes a column for each language and each datatype of its texts, and for the things to which it leads one
column for each of the most that a row has; so every cell can be read back as the very term it was made of. What cannot
(a property that leads to very many things, an IRI that a URI template would change) is there to be read by people only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import pyoxigraph as ox

from graph.errors import QueryLimitError
from graph.literals import is_legal
from graph.namespaces import RDF_TYPE, XSD
from graph.periods import Period, is_contact, published, spanned

MERGE = ox.DefaultGraph()
MOST_ROWS, MOST_COLUMNS, MOST_SAID = 20_000, 250, 2_000
MOST_THINGS = 8
"""To so many things a property may lead in a row before they share one cell."""
SEPARATORS = ("|", ";", "¦", "␞", "\x1f")
TEMPLATE_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[!#$&'()*+,;=:@/?\[\]A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})*\Z")
"""IRIs that a URI template leaves as they are (RFC 6570 3.2.3)."""
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")
TOO_MANY = "take a download, or ask for the properties you need by SPARQL and take the answer as CSV"
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Property:
    """A property that a table shows, with its names and descriptions by language tag."""

    predicate: str
    titles: Texts = field(hash=False)
    descriptions: Texts = field(hash=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: its name in the CSVW description, unique in the table.
        property: what it shows.
        kind: ``thing``, ``name`` (what these things are called), or ``text``.
        language: the language of its texts, in small letters, or empty.
        datatype: the IRI of their datatype; of texts with a language, and of things, empty.
        place: which of several things of a row stands in it, from 0; -1 where all do.
        separator: what stands between several values of a cell; empty where there is only one.
        is_exact: whether its cells lead back to the terms they were made of; a text that is no form of its datatype
            could not be read as one.
        published: when the telephones or addresses of mail in it were published, as far as their sources say.
    """

    name: str
    property: Property
    kind: str
    language: str = ""
    datatype: str = ""
    place: int = 0
    separator: str = ""
    is_exact: bool = True
    published: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The table of a class: its things in order, its columns, and whether its rows name them exactly."""

    kind: str
    things: tuple[str, ...]
    columns: tuple[Column, ...]
    is_exact: bool


@dataclass
class _Found:
    """What a property's values are like, over all rows."""

    most: dict[tuple[str, str], int] = field(default_factory=dict)
    separators: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    ill_typed: set[tuple[str, str]] = field(default_factory=set)
    is_exact: bool = True
    periods: set[Period] = field(default_factory=set)

    def add(self, values: Sequence[ox.NamedNode | ox.Literal]) -> None:
        """Take the values of one row."""
        counts = dict[tuple[str, str], int]()
        for each in values:
            kind = kind_of(each)
            counts[kind] = counts.get(kind, 0) + 1
            if isinstance(each, ox.NamedNode):
                self.is_exact = self.is_exact and TEMPLATE_SAFE.match(each.value) is not None
            else:
                self.separators.setdefault(kind, set()).update(one for one in SEPARATORS if one in each.value)
                if not is_legal(each.value, each.datatype.value):
                    self.ill_typed.add(kind)
        for kind, count in counts.items():
            self.most[kind] = max(self.most.get(kind, 0), count)

    def separator(self, kind: tuple[str, str]) -> str | None:
        """Return what may stand between several values; empty where there is only one, None where nothing may."""
        if self.most[kind] == 1:
            return ""
        return next((each for each in SEPARATORS if each not in self.separators.get(kind, ())), None)


def kind_of(term: ox.NamedNode | ox.Literal) -> tuple[str, str]:
    """Return what terms of one column share: language or datatype, both empty for things."""
    if isinstance(term, ox.NamedNode):
        return "", ""
    return (term.language.lower(), "") if term.language else ("", term.datatype.value)


def table_of(store: ox.Store, kind: str, properties: Sequence[Property]) -> Table:
    """Return the table of a class.

    Args:
        store: the release's.
        kind: the IRI of the class.
        properties: what it shows, in order; where there are none, all that its things have, by IRI.

    Raises:
        QueryLimitError: it has more rows or columns than a table may have.
    """
    things = things_of(store, kind)
    shown = {each.predicate: each for each in properties}
    found = {each: _Found() for each in shown}
    for thing in things:
        for predicate, values in said_of(store, thing, shown if properties else None).items():
            of = found.setdefault(predicate, _Found())
            of.add(values)
            if any(is_contact(predicate, each) for each in values) and (when := published(store, thing)) is not None:
                of.periods.add(when)
    ordered = list(found) if properties else sorted(found)
    columns = [column for each in ordered for column in _columns(shown.get(each, Property(each, {})), found[each])]
    if len(columns) > MOST_COLUMNS:
        raise QueryLimitError("columns of a table", MOST_COLUMNS, f"this table would have {len(columns)}", TOO_MANY)
    return Table(kind, things, tuple(_named_apart(columns)), all(TEMPLATE_SAFE.match(each) for each in things))


def things_of(store: ox.Store, kind: str) -> tuple[str, ...]:
    """Return the things of a class, in order.

    Raises:
        QueryLimitError: they are too many for a table.
    """
    quads = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(kind), MERGE)
    found = [quad.subject.value for quad in islice(quads, MOST_ROWS + 1) if isinstance(quad.subject, ox.NamedNode)]
    if len(found) > MOST_ROWS:
        raise QueryLimitError("rows of a table", MOST_ROWS, "the class has more things than a table holds", TOO_MANY)
    return tuple(sorted(found))


def said_of(
    store: ox.Store, thing: str, wanted: Iterable[str] | None
) -> dict[str, tuple[ox.NamedNode | ox.Literal, ...]]:
    """Return the values of a thing's properties, each in order; of these properties, or of all but its classes."""
    found = dict[str, set[ox.NamedNode | ox.Literal]]()
    keys = None if wanted is None else set(wanted)
    for quad in islice(store.quads_for_pattern(ox.NamedNode(thing), None, None, MERGE), MOST_SAID):
        predicate, term = quad.predicate.value, quad.object
        is_wanted = predicate != RDF_TYPE if keys is None else predicate in keys
        if is_wanted and isinstance(term, ox.NamedNode | ox.Literal) and term.value:
            found.setdefault(predicate, set()).add(term)
    return {predicate: tuple(sorted(values, key=str)) for predicate, values in found.items()}


def _columns(of: Property, found: _Found) -> Iterator[Column]:
    name = NOT_IN_NAMES.sub("_", re.split(r"[/#:]", of.predicate.rstrip("/#"))[-1]).strip("_") or "property"
    when = str(spanned(found.periods) or "")
    for kind in sorted(found.most):
        language, datatype = kind
        if kind == ("", ""):
            yield from (
                replace(each, published=when) for each in _of_things(name, of, found.most[kind], found.is_exact)
            )
            continue
        separator = found.separator(kind)
        end = f"_{NOT_IN_NAMES.sub('_', language)}" if language else ""
        if datatype and len([each for each in found.most if each[1]]) > 1:
            end = f"_{NOT_IN_NAMES.sub('_', re.split(r'[/#]', datatype)[-1])}"
        yield Column(
            name + end, of, "text", language, datatype or (XSD + "string"), -1 if separator != "" else 0,
            " " if separator is None else separator, separator is not None and kind not in found.ill_typed,
            when,
        )  # fmt: skip


def _of_things(name: str, of: Property, most: int, is_exact: bool) -> Iterator[Column]:
    if most > MOST_THINGS:
        yield Column(name, of, "thing", place=-1, separator=" ", is_exact=False)
    else:
        for place in range(most):
            yield Column(name + (f"_{place + 1}" if place else ""), of, "thing", place=place, is_exact=is_exact)
    yield Column(f"{name}_name", of, "name", place=-1, separator="; " if most > 1 else "", is_exact=False)


def _named_apart(columns: Sequence[Column]) -> Iterator[Column]:
    """Yield the columns with names that no two share; ``id`` is the row's."""
    taken = {"id", "type"}
    for each in columns:
        name, number = each.name, 2
        while name.lower() in taken:
            name, number = f"{each.name}_{number}", number + 1
        taken.add(name.lower())
        yield replace(each, name=name)
