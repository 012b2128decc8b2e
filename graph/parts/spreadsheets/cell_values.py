"""A cell in, values of a property out, or what is wrong with it: dates, numbers, telephones, texts, things by name.

A value is read as people here write it, and what may be two things is asked, never guessed: a misspelt city, a comma
that may divide thousands or decimals, a day of a two-digit year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import product
from types import MappingProxyType

import pyoxigraph as ox

from graph.model.description import KINDS, PERSON, kinds_of
from graph.model.errors import NO_WORDS, Said, Sentence
from graph.model.rdf_terms import RANGES, RDF_TYPE, XSD, is_absolute_iri, is_legal
from graph.parts.linking.name_comparison import fold
from graph.parts.linking.reconciliation import Question, Reconciler, read_date
from graph.parts.proposals.coordinates import Axis, Position, decimal, read_angle, read_position
from graph.parts.proposals.form_fields import FormField, KnownThings, fits
from graph.parts.proposals.new_things import point_statements
from graph.parts.spreadsheets.column_recognition import EMAIL, MAIL, MOMENTS, TELEPHONE, ColumnUse
from graph.parts.spreadsheets.import_space import COORDINATES, NEW, NamedThings
from graph.parts.spreadsheets.sheet_cells import Cell, is_blank, shown
from graph.parts.templates.fields import IRI, Value

EPOCH = date(1899, 12, 30)
"""Day 0 of Excel's calendar."""
FIRST_SERIAL, LAST_SERIAL = 10_000, 75_000
"""Numbers that may be days: 1927 to 2105."""
NUMBERS = frozenset((*(XSD + each for each in RANGES), XSD + "integer", XSD + "decimal", XSD + "double", XSD + "float"))
GROUPED = r"[+-]?\d{1,3}(?:[ \u00a0\u202f']\d{3})*(?:[.,]\d+)?|[+-]?\d+(?:[.,]\d+)?"
COMMAS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
DOTS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?")
NUMBER = re.compile(GROUPED)
ONE_COMMA, ONE_DOT = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}"), re.compile(r"[+-]?[1-9]\d{0,2}\.000")
"""A sign that may divide thousands, or decimals; behind the dot, decimals that a whole number may have."""
LEADING_NUMBER = re.compile(r"\s*[^\d\s]{0,20}\s*([+-]?\d[\d \u00a0\u202f]*(?:[.,]\d+)?)(?!\d|[eE][+-]?\d)")
CUT_NUMBER = re.compile(r"\d[.,]\d+[eE]\+?\d+")
SHORT_YEAR = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{2}")
CLOCK = re.compile(r"[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*\Z")
TRUE = frozenset(("да", "yes", "ha", "ҳа", "true", "+", "1", "истина", "есть", "bor", "✓", "y", "x"))
FALSE = frozenset(("нет", "no", "yoʻq", "yo'q", "yoq", "йўқ", "false", "-", "0", "ложь", "n"))
SEPARATORS = re.compile(r"\s*(?:[;|\n]|,(?=\s*\+)|/(?=\s*\+))\s*")
HOME = "998"
"""The country code of numbers that are written without one."""
CYRILLIC, UZBEK = re.compile(r"[\u0400-\u04ff]"), re.compile(r"[ўқғҳЎҚҒҲ]")
UZBEK_LATIN = re.compile(r"[oOgG][ʻʼ'’`‘]|\b(?:va|uchun|klubi|markazi|jamiyati|ota-onalar\w*|bolalar)\b", re.I)
PLAIN_SPACE = re.compile(r"[\s\u00a0\u202f\ufeff\u200b]+")


@dataclass(frozen=True, slots=True)
class LikelyThing:
    """A thing that may be meant: its IRI, what it is called, and how likely it is, from 0 to 100."""

    iri: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong with a cell, or worth a look.

    Attributes:
        problem: what it is.
        remedy: what to do.
        is_fault: whether nothing was made of the cell.
        alternatives: things that may be meant, likeliest first.
        may_be_new: whether a new thing may be made of it, if somebody says so.
        asks: the text that is answered, where it is not that of the cell.
    """

    problem: Said
    remedy: Said = NO_WORDS
    is_fault: bool = True
    alternatives: tuple[LikelyThing, ...] = ()
    may_be_new: bool = False
    asks: str = ""


@dataclass(frozen=True, slots=True)
class CellMatch:
    """A name in a cell, and the thing that it was taken for; what else it may be."""

    text: str
    taken: LikelyThing
    alternatives: tuple[LikelyThing, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadCell:
    """What a cell says: values of properties, with what was matched and what is wrong."""

    values: tuple[tuple[str, Value], ...] = ()
    problems: tuple[CellProblem, ...] = ()
    matches: tuple[CellMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Bad:
    """Why a text is no value."""

    problem: CellProblem


@dataclass
class CellReader:
    """Reads the cells of a table.

    Attributes:
        fields: property → what may be said by it.
        things: the things of the release.
        reconciler: which of them a name may mean; None where the release has no index of names.
        language: of texts whose script and column do not say it.
        named: the new things that cells name.
        answers: folded text → IRI of the thing that it means, empty for none, ``new`` for a new one: what the user has
            answered.
    """

    fields: dict[str, FormField]
    things: KnownThings
    reconciler: Reconciler | None
    language: str
    named: NamedThings
    answers: dict[str, str] = field(default_factory=dict)
    _decimals: dict[int, str] = field(default_factory=dict)
    _found: dict[tuple[str, str], tuple[LikelyThing, ...]] = field(default_factory=dict)

    def look_at(self, use: ColumnUse, cells: Iterable[Cell]) -> None:
        """Find out by all cells of a column by which sign its numbers have decimals."""
        signs = set[str]()
        for each in cells:
            text = PLAIN_SPACE.sub(" ", each).strip() if isinstance(each, str) else ""
            if COMMAS.fullmatch(text) and (text.count(",") > 1 or "." in text):
                signs.add(".")
            elif DOTS.fullmatch(text) and (text.count(".") > 1 or "," in text):
                signs.add(",")
            elif NUMBER.fullmatch(text) and not (ONE_COMMA.fullmatch(text) or ONE_DOT.fullmatch(text)):
                signs |= {each for each in ".," if each in text}
        self._decimals[use.column] = signs.pop() if len(signs) == 1 else ""

    def read(self, cell: Cell, use: ColumnUse) -> ReadCell:
        """Return what a cell says by the property of its column."""
        if is_blank(cell):
            return ReadCell()
        if use.target.paths == COORDINATES:
            return self._position(cell)
        values, problems, matches = list[tuple[str, Value]](), list[CellProblem](), list[CellMatch]()
        of = self.fields[use.target.paths[0]]
        for part in self._parts(cell, of):
            path, found = self._read(part, use, of)
            match found:
                case Bad(problem):
                    problems.append(problem)
                    continue
                case CellMatch():
                    matches.append(found)
                    values.append((path, ox.NamedNode(found.taken.iri)))
                    continue
            values.append((path, found))
            problems += self._remarks(part, path, of, found)
        return ReadCell(tuple(dict.fromkeys(values)), tuple(problems), tuple(matches))

    def _position(self, cell: Cell) -> ReadCell:
        """Return what a cell says that holds both coordinates."""
        at = read_position(shown(cell), self.named.surroundings())
        if isinstance(at, Position):
            return ReadCell(tuple(point_statements(at)))
        return ReadCell(problems=(_no_place(cell, at),))

    def _degrees(self, cell: Cell, of: FormField, datatypes: Sequence[str]) -> Value | Bad:
        """Return latitude or longitude, in whatever notation; a sign before decimals is none between thousands here."""
        axis: Axis = "latitude" if of.path == COORDINATES[0] else "longitude"
        is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
        found = read_angle(f"{cell:.7f}" if is_number else shown(cell), axis)
        if not isinstance(found, float):
            return Bad(_no_place(cell, found))
        numeric = [each for each in datatypes if each in NUMBERS] or [XSD + "decimal"]
        return ox.Literal(decimal(found), datatype=ox.NamedNode(numeric[0]))

    def _parts(self, cell: Cell, of: FormField) -> list[Cell]:
        """Return the values of a cell that holds several, where there may be several."""
        if isinstance(cell, str) and of.most != 1 and (of.classes or of.choices or _is_of_telephones(of)):
            return [each for each in SEPARATORS.split(cell.strip()) if each]
        return [cell]

    def _read(self, cell: Cell, use: ColumnUse, of: FormField) -> tuple[str, Value | CellMatch | Bad]:
        text = shown(cell).strip()
        if of.choices:
            return of.path, self._choice(text, of)
        if _is_of_telephones(of):
            return of.path, telephone(cell)
        if of.path == EMAIL and MAIL.fullmatch(text):
            return of.path, ox.NamedNode(f"mailto:{text.removeprefix('mailto:')}")
        if of.classes or set(of.kinds) == {IRI}:
            return self._thing(text, use, of)
        return of.path, self._literal(cell, text, use, of)

    def _remarks(self, cell: Cell, path: str, of: FormField, value: Value) -> list[CellProblem]:
        if path != of.path:
            problem = Sentence("nothing that is known here is called %(text)s", text=repr(shown(cell).strip()[:100]))
            may_be_new = bool(self.named.class_of(of))
            return [CellProblem(problem, Sentence("its name alone is kept"), is_fault=False, may_be_new=may_be_new)]
        if any(value.value == each.iri for each in self.named.among([(path, value)])):
            problem = Sentence("%(text)s becomes a new thing: <%(iri)s>", text=shown(cell).strip(), iri=value.value)
            return [CellProblem(problem, is_fault=False)]
        digits = re.sub(r"\D", "", shown(cell))
        if _is_of_telephones(of) and not digits.startswith(HOME) and value.value.startswith(f"tel:+{HOME}"):
            problem = Sentence("the number was completed to %(number)s", number=value.value.removeprefix("tel:"))
            return [CellProblem(problem, is_fault=False)]
        return []

    # Things by name

    def _choice(self, text: str, of: FormField) -> Value | Bad:
        choices = [each for each in of.choices if isinstance(each, ox.NamedNode | ox.Literal)]
        named = [(each, label) for each in choices for label in self._names_of(each)]
        wanted = fold(text)
        exact = dict.fromkeys(each for each, label in named if fold(label) == wanted)
        if len(exact) == 1:
            return next(iter(exact))
        if isinstance(known := self._answer(text), CellMatch):
            return ox.NamedNode(known.taken.iri)
        several = tuple(LikelyThing(each.value, self.things.label(each.value), 0.0) for each in choices)
        return Bad(
            CellProblem(
                Sentence("%(text)s is none of the values that there may be", text=repr(text[:100])),
                Sentence("write one of %(names)s", names=", ".join(each.label for each in several)),
                alternatives=several,
            )
        )

    def _names_of(self, term: Value) -> list[str]:
        if isinstance(term, ox.Literal):
            return [term.value]
        merge, labels = ox.DefaultGraph(), [re.split(r"[/#]", term.value)[-1], term.value, str(term)]
        for quad in self.things.store.quads_for_pattern(term, None, None, merge):
            if isinstance(quad.object, ox.Literal) and quad.predicate.value.endswith(("abel", "name")):
                labels.append(quad.object.value)
        return labels

    def _thing(self, text: str, use: ColumnUse, of: FormField) -> tuple[str, Value | CellMatch | Bad]:
        if re.match(r"(?:https?|urn|mailto|tel):", text) and is_absolute_iri(text):
            return of.path, ox.NamedNode(text)
        if not of.classes:
            problem = Sentence("%(text)s is no address (IRI)", text=repr(text[:100]))
            return of.path, Bad(CellProblem(problem, Sentence("write one that begins with https://")))
        known = self._answer(text) or self._new(text, use, of)
        if known is not None:
            return of.path, known
        alternatives, is_safe = self._candidates(text, of)
        if is_safe:
            return of.path, CellMatch(text, alternatives[0], alternatives[1:])
        spare = use.target.paths[1:]
        if spare and (not alternatives or fold(text) in self.answers):
            return spare[0], ox.Literal(text, language=use.target.language or self.language_of(text))
        return of.path, Bad(_unknown(text, alternatives, may_be_new=bool(self.named.class_of(of))))

    def _answer(self, text: str) -> CellMatch | None:
        iri = self.answers.get(fold(text))
        return CellMatch(text, LikelyThing(iri, self.things.label(iri), 100.0)) if iri and iri != NEW else None

    def _new(self, text: str, use: ColumnUse, of: FormField) -> Value | None:
        """Return the new thing that a text names, where that was answered, and nothing is called so by now."""
        class_iri = self.named.class_of(of) if self.answers.get(fold(text)) == NEW else ""
        if not class_iri or self.things.named(text, of):
            return None
        made = self.named.named(text, class_iri, use.target.language or self.language_of(text))
        return ox.NamedNode(made.iri)

    def _candidates(self, text: str, of: FormField) -> tuple[tuple[LikelyThing, ...], bool]:
        """Return the things that a name may mean, likeliest first, and whether the first one surely is."""
        exact = [each for each in self.things.named(text, of) if fits(each, of.patterns)]
        if len(exact) == 1:
            return (LikelyThing(exact[0], self.things.label(exact[0]), 100.0),), True
        if self.reconciler is None:
            return tuple(LikelyThing(each, self.things.label(each), 100.0) for each in exact), False
        kinds = tuple(each for each in kinds_of(of.classes, self.things.base) if each in KINDS and each != PERSON)
        question = Question(text[:200], kinds or (), limit=8)
        found = [each for each in self.reconciler.candidates(question) if self._is_of(each.entity.iri, of)]
        alternatives = tuple(
            LikelyThing(each.entity.iri, self.things.label(each.entity.iri), each.score) for each in found
        )
        return alternatives[:5], bool(found) and found[0].match

    def _is_of(self, iri: str, of: FormField) -> bool:
        kinds = self.things.store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(RDF_TYPE), None, ox.DefaultGraph())
        return fits(iri, of.patterns) and any(
            isinstance(each.object, ox.NamedNode) and each.object.value in of.classes for each in kinds
        )

    # Texts, numbers, days

    def _literal(self, cell: Cell, text: str, use: ColumnUse, of: FormField) -> Value | Bad:
        datatypes = [each for each in of.kinds if not each.startswith("@") and each != IRI]
        if of.path in COORDINATES:
            return self._degrees(cell, of, datatypes)
        if not datatypes or XSD + "string" in datatypes:
            has_language = of.has_languages or bool(use.target.language)
            tag = (use.target.language or self.language_of(text, of, use.heading)) if has_language else None
            return ox.Literal(text, language=tag)
        if set(datatypes) <= {*MOMENTS}:
            return moment(cell, datatypes)
        if set(datatypes) <= NUMBERS:
            return number(cell, datatypes, self._decimals.get(use.column, ""))
        return truth(cell) if XSD + "boolean" in datatypes else self._of_datatype(cell, text, datatypes)

    def _of_datatype(self, cell: Cell, text: str, datatypes: Sequence[str]) -> Value | Bad:
        forms = [text, *_moments(cell, text)]
        for form, each in product(forms, datatypes):
            if is_legal(form, each):
                return ox.Literal(form, datatype=ox.NamedNode(each))
        problem = Sentence(
            "%(text)s is no value of the kind %(kind)s", text=repr(text[:100]), kind=_local(datatypes[0])
        )
        return Bad(CellProblem(problem, Sentence("write it as the other rows have it, or leave it empty")))

    def language_of(self, text: str, of: FormField | None = None, heading: str = "") -> str:
        """Return in which language a text is, by its script and letters; the default where they do not say it."""
        if CYRILLIC.search(text):
            return self._as_allowed("uz-cyrl" if UZBEK.search(text) else "ru", of)
        if UZBEK_LATIN.search(text):
            return self._as_allowed("uz", of)
        if heading and not CYRILLIC.search(heading) and UZBEK_LATIN.search(f"{heading} {text}"):
            return self._as_allowed("uz", of)
        return self.language

    def _as_allowed(self, tag: str, of: FormField | None) -> str:
        tags = [each[1:].lower() for each in of.kinds if each.startswith("@")] if of is not None else []
        if not tags or tag in tags or "*" in tags:
            return tag
        return next((each for each in tags if each.partition("-")[0] == tag.partition("-")[0]), tag)


def _unknown(text: str, alternatives: Sequence[LikelyThing], *, may_be_new: bool) -> CellProblem:
    if not alternatives:
        remedy = Sentence("write its IRI, say what it is, or give the column another meaning")
        if may_be_new:
            remedy = Sentence("say that it is new, or write its IRI, or give the column another meaning")
        return CellProblem(
            Sentence("nothing that is known here is called %(text)s", text=repr(text[:100])), remedy,
            may_be_new=may_be_new,
        )  # fmt: skip
    names = ", ".join(f"{each.label} ({each.score:.0f})" for each in alternatives[:3])
    return CellProblem(
        Sentence("%(text)s is not surely a thing that is known here", text=repr(text[:100])),
        Sentence("is it %(names)s? correct the cell, or say so", names=names),
        alternatives=tuple(alternatives),
        may_be_new=may_be_new,
    )


def _no_place(cell: Cell, why: Said) -> CellProblem:
    return CellProblem(Sentence("%(text)s does not say where it is", text=repr(shown(cell).strip()[:100])), why)


def _moments(cell: Cell, text: str) -> Iterator[str]:
    """Yield a cell as XML Schema writes a time of a day, where it is one: a spreadsheet's, or as people write it."""
    if isinstance(cell, datetime):
        yield cell.isoformat()
    elif clock := CLOCK.search(text):
        day = read_date(text[: clock.start()])
        if len(day) == 3:
            hour, minute, *second = clock[0].strip(" T").split(":")
            yield f"{day[0]:04}-{day[1]:02}-{day[2]:02}T{int(hour):02}:{minute}:{second[0] if second else '00'}"


def _is_of_telephones(of: FormField) -> bool:
    return of.path == TELEPHONE or any(each.startswith("^tel:") for each in of.patterns)


def _local(iri: str) -> str:
    return re.split(r"[/#]", iri)[-1]


# Numbers, days, telephones: each as people here write them.


def telephone(cell: Cell) -> Value | Bad:
    """Return a telephone number as an IRI (RFC 3966), from a text or from a number that a spreadsheet made of it."""
    text = shown(cell).strip()
    text = re.sub(r"[.,]0\Z", "", text) if re.fullmatch(r"\d{7,15}[.,]0", text) else text
    if CUT_NUMBER.fullmatch(text):
        problem = Sentence("the program has rounded the number to %(text)s", text=text)
        return Bad(CellProblem(problem, Sentence("let the column be text, and write the number again")))
    text = text.removeprefix("tel:")
    digits = re.sub(r"\D", "", text)
    if not re.fullmatch(r"\+?[\d\s().\u00a0\u2011\u2013-]+", text) or not 7 <= len(digits) <= 15:
        problem = Sentence("%(text)s is no telephone number", text=repr(text[:100]))
        return Bad(CellProblem(problem, Sentence("write it such as %(example)s", example="+998 90 123-45-67")))
    if text.startswith("+") or (len(digits) == 12 and digits.startswith(HOME)):
        return ox.NamedNode(f"tel:+{digits}")
    if len(digits) == 9:
        return ox.NamedNode(f"tel:+{HOME}{digits}")
    problem = Sentence("the number %(text)s has no country code", text=repr(text[:100]))
    return Bad(CellProblem(problem, Sentence("write it such as %(example)s", example="+998 90 123-45-67")))


def truth(cell: Cell) -> Value | Bad:
    """Return a yes or no."""
    text = shown(cell).strip().casefold()
    if text in TRUE or text in FALSE:
        return ox.Literal("true" if text in TRUE else "false", datatype=ox.NamedNode(XSD + "boolean"))
    problem = Sentence("%(text)s is neither yes nor no", text=repr(text[:100]))
    return Bad(CellProblem(problem, Sentence("write it such as %(example)s", example="да / нет")))


def number(cell: Cell, datatypes: Sequence[str], decimal: str) -> Value | Bad:
    """Return a number, in the narrowest of some datatypes.

    Args:
        cell: the cell.
        datatypes: what it may be.
        decimal: the sign before decimals in this column; empty where nothing says it.
    """
    if isinstance(cell, bool | date | time | timedelta):
        return _no_number(shown(cell))
    if isinstance(cell, int | float):
        return _as_number(shown(cell), shown(cell), datatypes)
    text = PLAIN_SPACE.sub(" ", cell).strip().replace("\u2212", "-")
    plain = _plain_number(text, decimal)
    whole = all(_local(each) in RANGES or _local(each) == "integer" for each in datatypes)
    if whole and ONE_DOT.fullmatch(text) and not decimal:
        return _of_two(text, text.partition(".")[0], text.replace(".", ""))
    if plain is None and ONE_COMMA.fullmatch(text):
        if whole:
            return _as_number(text.replace(",", ""), text, datatypes)
        return _of_two(text, text.replace(",", "."), text.replace(",", ""))
    return _no_number(text) if plain is None else _as_number(plain, text, datatypes)


def _of_two(text: str, one: str, other: str) -> Bad:
    problem = Sentence("%(text)s may be %(one)s or %(other)s", text=text, one=one, other=other)
    return Bad(CellProblem(problem, Sentence("write it without a sign between thousands, or with a full stop")))


def _plain_number(text: str, decimal: str) -> str | None:
    """Return a number as XML Schema writes it; None where it is none, or may be two."""
    if COMMAS.fullmatch(text) and (text.count(",") > 1 or "." in text or decimal == "."):
        return text.replace(",", "")
    if DOTS.fullmatch(text) and (text.count(".") > 1 or "," in text or decimal == ","):
        return text.replace(".", "").replace(",", ".")
    if not NUMBER.fullmatch(text) or (ONE_COMMA.fullmatch(text) and decimal != ","):
        return None
    return re.sub(r"[ ']", "", text).replace(",", ".")


def _as_number(plain: str, text: str, datatypes: Sequence[str]) -> Value | Bad:
    trimmed = re.sub(r"\.0+\Z", "", plain)
    for each in sorted(datatypes, key=lambda one: _local(one) not in RANGES and _local(one) != "integer"):
        for form in (trimmed, plain):
            if is_legal(form, each):
                return ox.Literal(form, datatype=ox.NamedNode(each))
    return _no_number(text)


def _no_number(text: str) -> Bad:
    found = LEADING_NUMBER.match(text)
    remedy = (
        Sentence("write only %(number)s, and the rest into another column", number=found[1].strip())
        if found and found[1].strip() != text
        else Sentence("write it with digits alone")
    )
    return Bad(
        CellProblem(Sentence("%(text)s is no number of the kind that is asked for", text=repr(text[:100])), remedy)
    )


DAY_EXAMPLES = MappingProxyType({"date": "2014-02-01", "gYearMonth": "2014-02", "gYear": "2014"})


def moment(cell: Cell, datatypes: Sequence[str]) -> Value | Bad:
    """Return a day, a month or a year, as precise as it is written, in one of some datatypes."""
    text = shown(cell).strip()
    parts = _date_of(cell, text, datatypes)
    if not parts:
        problem = Sentence("%(text)s is no date", text=repr(text[:100]))
        if SHORT_YEAR.fullmatch(text):
            problem = Sentence("the year of %(text)s has two digits", text=repr(text))
        examples = ", ".join(DAY_EXAMPLES[_local(each)] for each in datatypes if _local(each) in DAY_EXAMPLES)
        return Bad(CellProblem(problem, Sentence("write it such as %(example)s", example=examples)))
    wanted = MOMENTS[3 - len(parts)]
    if wanted in datatypes:
        form = "-".join(f"{each:02}" for each in parts)
        return ox.Literal(form.zfill(4) if len(parts) == 1 else form, datatype=ox.NamedNode(wanted))
    examples = ", ".join(DAY_EXAMPLES[_local(each)] for each in datatypes)
    finer = len(parts) > max(3 - MOMENTS.index(each) for each in datatypes)
    problem = (
        Sentence("%(text)s is more precise than is asked for", text=repr(text[:100]))
        if finer
        else Sentence("%(text)s is less precise than is asked for", text=repr(text[:100]))
    )
    return Bad(CellProblem(problem, Sentence("write it such as %(example)s", example=examples)))


def _date_of(cell: Cell, text: str, datatypes: Sequence[str]) -> tuple[int, ...]:
    if isinstance(cell, datetime | date):
        return cell.year, cell.month, cell.day
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if float(cell).is_integer() and 1000 <= cell <= 2200:
            return (int(cell),)
        if FIRST_SERIAL <= cell <= LAST_SERIAL:
            day = EPOCH + timedelta(days=int(cell))
            return day.year, day.month, day.day
        return ()
    if re.fullmatch(r"\d{5}", text) and FIRST_SERIAL <= int(text) <= LAST_SERIAL and XSD + "date" in datatypes:
        day = EPOCH + timedelta(days=int(text))
        return day.year, day.month, day.day
    return read_date(CLOCK.sub("", text))
