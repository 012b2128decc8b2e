"""What the columns of a table mean: properties of a class, found by headings in any language, by values, or by hand.

A heading is compared with the names that shapes give a property, with its label, with its name in templates and tables
of classes, and with what its values are called. A column that means nothing here is told, with why.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType
from typing import Literal

import pyoxigraph as ox

from graph.model.description import PERSON, kinds_of
from graph.model.errors import NO_WORDS, Said, Sentence, SourceError
from graph.model.rdf_terms import (
    APPARATUS_GRAPHS,
    COMPUTED_GRAPHS,
    ONTOLOGY_GRAPH,
    RDF_TYPE,
    RDFS_LABEL,
    VCARD,
    XSD,
    graph_iri,
    is_absolute_iri,
)
from graph.parts.linking.name_comparison import words
from graph.parts.linking.reconciliation import read_date
from graph.parts.proposals.form_fields import FormField, KnownThings, form_fields, unexpected
from graph.parts.proposals.new_things import LATITUDE, LONGITUDE
from graph.parts.spreadsheets.sheet_cells import Cell, shown
from graph.parts.spreadsheets.table_layout import TableLayout
from graph.parts.templates.fields import IRI, TemplateShapes

Role = Literal["values", "iri", "key", "none"]
How = Literal["", "name", "values", "hand", "remembered"]
LEAST = 0.6
EXACT, OF_CLASS, OF_PROPERTY = 1.0, 0.85, 0.8
STEM, LONGEST_HEADING = 4, 150
"""Letters that two words share at least, which are forms of one; and how long a text may be that is a heading."""
MOST_LABELS, MOST_LOOKED_AT = 5_000, 200
SHARE = 0.6
"""So many of a column's values must be of a kind for the column to be."""
TELEPHONE, EMAIL = VCARD + "hasTelephone", VCARD + "hasEmail"
BOTH = f"{LATITUDE}|{LONGITUDE}"
"""What a column means that holds both coordinates."""
COORDINATES = MappingProxyType({
    LATITUDE: MappingProxyType({"en": "latitude", "ru": "широта", "uz": "kenglik"}),
    LONGITUDE: MappingProxyType({"en": "longitude", "ru": "долгота", "uz": "uzunlik"}),
    BOTH: MappingProxyType({"en": "latitude and longitude", "ru": "широта и долгота", "uz": "kenglik va uzunlik"}),
})  # fmt: skip
"""What everybody calls them, also where the data says them otherwise (GeoSPARQL)."""
SHORT_NAMES = MappingProxyType({
    LATITUDE: ("lat",), LONGITUDE: ("lon", "long", "lng"),
    BOTH: ("coordinates", "координаты", "koordinatalar", "koordinatalari", "gps", "gps-координаты", "geo", "wkt",
           "point", "lat lon", "lat long", "latitude longitude", "широта долгота", "kenglik uzunlik", "геоточка"),
})  # fmt: skip
MAIL = re.compile(r"(?:mailto:)?[^\s@<>\"(),;:]{1,64}@[^\s@<>\"(),;:]{1,190}\.\w{2,30}")
TELEPHONES = re.compile(r"\+?[\d\s().-]{7,20}(?:[,;/\n]\s*\+?[\d\s().-]{7,20})*")
MOMENTS = (XSD + "date", XSD + "gYearMonth", XSD + "gYear")
TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.I)
LANGUAGES = MappingProxyType({
    "en": ("en", "eng", "angl", "ingliz"), "ru": ("ru", "rus", "rusch", "russk"), "uz": ("uz", "uzb", "ozb", "uzbek"),
})  # fmt: skip
"""How a heading says in which language its column is: the beginnings of folded words."""
FILLERS = frozenset(
    ("data", "god", "date", "year", "number", "kolichestvo", "kol", "chislo", "soni", "yili", "yil", "sana", "sanasi")
)
"""Folded words that say nothing more beside the name of a property."""
PEOPLE = (
    "contact person", "contact name", "chairperson", "chairman", "chair", "head", "director", "leader", "coordinator",
    "full name", "first name", "given name", "last name", "family name", "surname", "patronymic", "контактное лицо",
    "председатель", "руководитель", "директор", "координатор", "ответственный", "ответственное лицо", "ФИО", "Ф.И.О.",
    "фамилия", "отчество", "aloqa shaxsi", "aloqa uchun shaxs", "masʼul shaxs", "rais", "rahbar", "direktor",
    "F.I.Sh.", "FISh", "familiyasi", "otasining ismi", "ФИШ", "раис", "раҳбар",
)  # fmt: skip
"""How columns are called that say who somebody is."""
BESIDE_PEOPLE = frozenset(words(
    "telephone phone mobile tel telefon raqami number nomer номер телефон телефона мобильный сотовый email mail e "
    "почта электронная pochta адрес address manzil name имя и ismi фио and va of the uchun клуба организации"
))  # fmt: skip
"""Folded words that may stand beside these: what is said of somebody is about them, too."""
NO_PEOPLE = Sentence("it names people, and these are taken from no table: each of them has to agree")
IRIS = frozenset(("iri", "uri", "url"))
KEYS = frozenset(("id", "key", "kod", "kluch", "klyuch", "identifikator", "identifier", "kalit", "kodi", "code"))
ROW_NUMBERS = re.compile(r"\s*(?:№|#|n|no\.?|nr\.?|т/?р|t/?r|№?\s*п/?п\.?|№\s*п\s*/\s*п)\s*", re.I)
PUBLISHED = r" \((?:as published|по публикации|eʼlon qilingan:) [^)]*\)"
EXPORTED_NAME = re.compile(rf"(?P<rest>.+?) \((?:name|название|nomi)\)(?:{PUBLISHED})?(?: \[[\w.]+\])?", re.I)
EXPORTED = re.compile(
    r"(?P<rest>.+?)(?: \((?P<tag>[a-z]{2,3}(?:-[a-z0-9]+)*)\))?"  # as ``graph.export.views.title`` makes it
    rf"(?P<then>{PUBLISHED})?(?P<number> \d{{1,2}})?(?: \[(?P<column>[\w.]+)\])?"
)
"""A heading as tables of classes have it: with a language, a time, a number or the name of the column behind it."""


@dataclass(frozen=True, slots=True)
class ColumnTarget:
    """Where the values of a column go.

    Attributes:
        paths: properties, of which a value goes to the first that can have it.
        language: the tag of its texts; empty where each says itself by its script.
        role: values of properties, the IRI of the row's thing, a key of it, or nothing.
    """

    paths: tuple[str, ...] = ()
    language: str = ""
    role: Role = "none"


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column, and what it is taken for.

    Attributes:
        column: its number, from 0.
        heading: what stands above it.
        target: where its values go.
        how: by what it was recognised.
        score: how surely, from 0 to 1.
        reason: why it is not taken, or nothing.
    """

    column: int
    heading: str
    target: ColumnTarget
    how: How = ""
    score: float = 0.0
    reason: Said = NO_WORDS


@dataclass(frozen=True, slots=True)
class _Name:
    """A name of a property: its folded words, which property, and how much it counts."""

    words: tuple[str, ...]
    path: str
    weight: float


@dataclass(frozen=True, slots=True)
class _Claim:
    column: int
    path: str
    language: str
    score: float


@dataclass
class ClassVocabulary:
    """What may be said of things of a class, by the names that people have for it.

    Attributes:
        shapes: of the release.
        class_iri: the class.
        things: the things of the release.
        prefixes: prefix → namespace.
    """

    shapes: TemplateShapes
    class_iri: str
    things: KnownThings
    prefixes: Mapping[str, str]
    fields: dict[str, FormField] = field(init=False)
    class_words: frozenset[str] = field(init=False)
    _by_start: dict[str, list[_Name]] = field(default_factory=dict)
    _fits: dict[str, float] = field(default_factory=dict)
    _people_names: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the shapes, and the labels of properties."""
        found = (each for each in form_fields(self.shapes, (self.class_iri,)) if not each.is_inverse)
        self.fields = {each.path: each for each in found if each.path != RDF_TYPE}
        self.class_words = frozenset(
            word for text in self._labels((self.class_iri,)) for word in words(text)
        ) | frozenset(words(re.split(r"[/#]", self.class_iri)[-1]))
        for name in dict.fromkeys(self._named()):
            for start in {each[:STEM] for each in name.words}:  # whatever has the same stem begins so
                self._by_start.setdefault(start, []).append(name)

    def field_of(self, path: str) -> FormField:
        """Return the field of a property; one of which no shape speaks takes what it has elsewhere."""
        path = LATITUDE if path == BOTH else path
        known = self.fields.get(path)
        return known if known is not None else replace(unexpected(path), kinds=self.shapes.used(path))

    def fit(self, heading: str) -> float:
        """Return how well a text is the heading of a column of such things."""
        if len(heading) > LONGEST_HEADING:
            return 0.0
        if heading not in self._fits:
            self._fits[heading] = self._fit(heading)
        return self._fits[heading]

    def _fit(self, heading: str) -> float:
        folded = frozenset(words(heading))
        if folded & (IRIS | KEYS) and len(folded) == 1:
            return EXACT
        best = max((score for _, _, score in self.meanings(heading)), default=0.0)
        return best if best >= LEAST else 0.0

    def meanings(self, heading: str) -> Iterator[tuple[str, str, float]]:
        """Yield which properties a heading may name: each with the language that it names, and how surely."""
        yield from self._written_out(heading)
        exported = EXPORTED.fullmatch(heading)
        if exported is not None and any(exported[each] for each in ("tag", "then", "number", "column")):
            named = list(self._named_in_tables(exported["column"] or ""))
            yield from named
            if named:  # the name of the column stands there since several properties are called so
                return
            text, language = exported["rest"], exported["tag"] or ""
        else:
            text, language = without_language(heading)
        asked = words(text)
        if not asked and language:
            yield RDFS_LABEL, language, OF_CLASS
        for name in dict.fromkeys(name for word in asked for name in self._by_start.get(word[:STEM], ())):
            if score := self._likeness(asked, name):
                tag = language if self.field_of(name.path).has_languages else ""
                yield name.path, tag, score
        kinds = {each for each in asked if any(_same_stem(each, word) for word in self.class_words)}
        # "name" may be that of a person, unless the class is named beside it
        if kinds and {*asked} - kinds <= FILLERS | {"imya", "ismi"}:
            yield RDFS_LABEL, language, 0.7

    def of_people(self, heading: str) -> bool:
        """Whether a heading names who somebody is, or what is said of them, and nothing that the class has itself."""
        asked = words(heading)
        if any(score >= OF_PROPERTY for _, _, score in self.meanings(heading)):  # координаты are no координатор
            return False
        return any(_is_about(asked, name, BESIDE_PEOPLE | FILLERS | self.class_words) for name in self._people())

    def _people(self) -> list[tuple[str, ...]]:
        """Return how people are called in tables, and how the shapes call roles and what is said of persons."""
        if not self._people_names:
            texts = [*PEOPLE]
            for role in (each for each in self._leading_here() if self._is_of_person(each)):
                fields = form_fields(self.shapes, role.classes)
                choices = [each.value for of in fields for each in of.choices if isinstance(each, ox.NamedNode)]
                texts += [*role.names.values(), *(self.things.label(each) for each in choices)]
            self._people_names += [tuple(words(each)) for each in texts if words(each)]
        return self._people_names

    def _leading_here(self) -> list[FormField]:
        return [each for each in form_fields(self.shapes, (self.class_iri,)) if each.is_inverse and each.classes]

    def _is_of_person(self, role: FormField) -> bool:
        named = {name for of in form_fields(self.shapes, role.classes) for name in of.classes}
        return PERSON in kinds_of({*named, *role.classes}, self.shapes.base)

    def elsewhere(self, heading: str) -> str:
        """Return of which class it is said what a heading names, where things of it lead to those of the rows."""
        asked = tuple(words(heading))
        for role in self._leading_here():
            for of in form_fields(self.shapes, role.classes):
                if any(tuple(words(text)) == asked for text in of.names.values()):
                    return role.classes[0]
        return ""

    def _written_out(self, heading: str) -> Iterator[tuple[str, str, float]]:
        """Yield what a heading says that is a property's IRI, its short form, or its name in templates and tables."""
        text, _, tag = heading.strip().partition("@")
        if path := self.iri(text):
            yield path, tag, EXACT
        yield from self._named_in_tables(heading.strip())

    def _named_in_tables(self, name: str) -> Iterator[tuple[str, str, float]]:
        local, _, ending = name.partition("_")
        for path in self.fields:
            if re.split(r"[/#]", path)[-1] == local:
                language = ending.replace("_", "-") if TAG.fullmatch(ending.replace("_", "-")) else ""
                yield path, language if self.fields[path].has_languages else "", EXACT

    def iri(self, text: str) -> str:
        """Return the IRI that a text is, or stands for with a prefix; empty where it is none."""
        prefix, colon, local = text.partition(":")
        if text.startswith(("http://", "https://", "urn:")) and is_absolute_iri(text):
            return text
        is_short = colon and prefix in self.prefixes and re.fullmatch(r"[\w.-]+", local)
        return self.prefixes[prefix] + local if is_short else ""

    def _likeness(self, asked: Sequence[str], name: _Name) -> float:
        """Return how well the words of a heading say a name."""
        if tuple(asked) == name.words:
            return name.weight
        rest = [*asked]
        for word in name.words:
            found = next((each for each in rest if _same_stem(each, word)), None)
            if found is None:
                is_part = len("".join(asked)) > 3 and all(any(_same_stem(a, b) for b in name.words) for a in asked)
                return LEAST * name.weight if is_part else 0.0
            rest.remove(found)
        others = [each for each in rest if each not in FILLERS and each not in self.class_words]
        return name.weight * max(0.9 - 0.1 * len(others), LEAST)

    def _named(self) -> Iterator[_Name]:
        for path, of in self.fields.items():
            for text in of.names.values():
                yield _Name(tuple(words(text)), path, EXACT)
            for text in self._labels(of.classes):
                yield _Name(tuple(words(text)), path, OF_CLASS)
        yield from self._labelled()

    def _labels(self, iris: Iterable[str]) -> Iterator[str]:
        ontology = ox.NamedNode(graph_iri(self.shapes.base, ONTOLOGY_GRAPH))
        for iri in iris:
            for quad in self.shapes.store.quads_for_pattern(
                ox.NamedNode(iri), ox.NamedNode(RDFS_LABEL), None, ontology
            ):
                if isinstance(quad.object, ox.Literal):
                    yield quad.object.value

    def _labelled(self) -> Iterator[_Name]:
        """Yield the labels of properties of which no shape of the class speaks, and that things of it may have."""
        store, ontology = self.shapes.store, ox.NamedNode(graph_iri(self.shapes.base, ONTOLOGY_GRAPH))
        quads = store.quads_for_pattern(None, ox.NamedNode(RDFS_LABEL), None, ontology)
        used = dict[str, bool]()
        for quad in islice(quads, MOST_LABELS):
            if not isinstance(quad.subject, ox.NamedNode) or not isinstance(quad.object, ox.Literal):
                continue
            path = quad.subject.value
            if path not in used:
                used[path] = path not in self.fields and path != RDF_TYPE and self._is_said_of_things(quad.subject)
            if used[path]:
                yield _Name(tuple(words(quad.object.value)), path, OF_PROPERTY)
        for path, texts in COORDINATES.items():
            if path not in self.fields:
                every = (*texts.values(), *SHORT_NAMES[path])
                yield from (_Name(tuple(words(each)), path, OF_PROPERTY) for each in every)

    def _is_said_of_things(self, path: ox.NamedNode) -> bool:
        """Whether things have a property that are no persons, and not the vocabulary, the shapes or the catalogue."""
        apart = {graph_iri(self.shapes.base, each) for each in (*APPARATUS_GRAPHS, *COMPUTED_GRAPHS)}
        quads = islice(self.shapes.store.quads_for_pattern(None, path, None, None), MOST_LOOKED_AT)
        subjects = dict.fromkeys(
            each.subject
            for each in quads
            if isinstance(each.graph_name, ox.NamedNode) and each.graph_name.value not in apart
        )
        return any(isinstance(each, ox.NamedNode) and not self.things.is_person(each.value) for each in subjects)


def without_language(heading: str) -> tuple[str, str]:
    """Return a heading without the words that name a language, and its tag; empty where it names none."""
    for pattern in (
        r"[(\[]\s*([^)\]]+)\s*[)\]]",
        r"(?:\bна\s+|\bпо-|\bin\s+)?\b([\w'ʻʼ’`]+)(?:\s+til\w*|\s+язык\w*)?\s*\Z",
    ):
        for found in re.finditer(pattern, heading, re.I):
            if tag := _language_of(found[1]):
                return (heading[: found.start()] + " " + heading[found.end() :]).strip(" ,-–—/"), tag
    return heading, ""


def _language_of(text: str) -> str:
    folded = words(text)
    if len(folded) > 3:
        return ""
    if TAG.fullmatch(text.strip()) and text.strip().lower().partition("-")[0] in LANGUAGES:
        return text.strip().lower()
    for tag, starts in LANGUAGES.items():
        for word in folded:
            if any(word == each if len(each) < 3 else word.startswith(each) and len(word) < 12 for each in starts):
                return tag
    return ""


def _is_about(asked: Sequence[str], name: Sequence[str], others: Container[str]) -> bool:
    """Whether a heading has all words of a name, and besides only such as may stand there."""
    rest = [*asked]
    for word in name:
        # short words have other ends in other cases, too: лицо, лица
        found = next((each for each in rest if _same_stem(each, word) or each[:-1] == word[:-1] != ""), None)
        if found is None:
            return False
        rest.remove(found)
    return all(each in others for each in rest)


def _same_stem(one: str, other: str) -> bool:
    if one == other:
        return True
    shared = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return shared >= max(STEM, 0.7 * min(len(one), len(other))) and abs(len(one) - len(other)) <= 4


# All columns together: each property is taken by the column that fits best, those that are left by their values.


@dataclass
class ColumnRecogniser:
    """Recognises the columns of one table.

    Attributes:
        vocabulary: what they may mean.
        table: the table.
        by_hand: heading or letter of a column → what the user says that it is; ``-`` for nothing.
        remembered: heading → what it was the last time.
        file: how the user calls the file, for messages.
    """

    vocabulary: ClassVocabulary
    table: TableLayout
    by_hand: Mapping[str, str] = field(default_factory=dict)
    remembered: Mapping[str, str] = field(default_factory=dict)
    file: str = ""

    def uses(self) -> tuple[ColumnUse, ...]:
        """Return what each column with a heading or a value is taken for.

        Raises:
            SourceError: what is said by hand of a column cannot be, or there is no such column.
        """
        found = dict(self._by_hand())
        taken = {path for each in found.values() for path in each.target.paths}
        for column, use in self._structural():
            found.setdefault(column, use)
        for column in range(self.table.sheet.width):
            if column not in found and any(self.vocabulary.of_people(each) for each in self.table.headings[column]):
                found[column] = self._use(column, ColumnTarget(), "", 0.0, NO_PEOPLE)
        for claim in self._claims():
            if claim.column not in found and self._is_free(claim, found.values()):
                target = ColumnTarget((*claim.path.split("|"), *self._spare(claim)), claim.language, "values")
                found[claim.column] = self._use(claim.column, target, "name", claim.score)
        for column in range(self.table.sheet.width):
            if column not in found and self.table.cells(column):
                found[column] = self._by_values(
                    column, taken | {p for each in found.values() for p in each.target.paths}
                )
        return tuple(found[each] for each in sorted(found))

    def _use(self, column: int, target: ColumnTarget, how: How, score: float, reason: Said = NO_WORDS) -> ColumnUse:
        return ColumnUse(column, self.table.heading(column), target, how, score, reason)

    def _by_hand(self) -> Iterator[tuple[int, ColumnUse]]:
        known = dict[str, int]()
        for column in range(self.table.sheet.width):
            for each in (self.table.heading(column), *self.table.headings[column][:1]):
                known.setdefault(_plain(each), column)
        hands: tuple[tuple[How, Mapping[str, str]], ...] = (("hand", self.by_hand), ("remembered", self.remembered))
        seen = set[int]()
        for how, said in hands:
            for name, text in said.items():
                column_of = known.get(_plain(name))
                if column_of is None and how == "hand" and (place := re.fullmatch(r"#?([A-Z]{1,3})", name)):
                    column_of = _column_number(place[1])
                if column_of is None or column_of >= self.table.sheet.width:
                    if how == "remembered":  # another table than the last time
                        continue
                    shown_names = ", ".join(
                        each for each in map(self.table.heading, range(self.table.sheet.width)) if each
                    )
                    raise SourceError(
                        self.file, Sentence("there is no column %(name)s", name=repr(name[:100])),
                        remedy=Sentence("its columns are: %(names)s", names=shown_names[:1000]),
                    )  # fmt: skip
                if column_of not in seen:
                    seen.add(column_of)
                    yield column_of, self._use(column_of, self._target(text), how, 1.0)

    def _target(self, text: str) -> ColumnTarget:
        """Return what a text such as ``hk:city``, ``rdfs:label@ru``, ``hk:city|vcard:locality``, ``iri`` or ``-`` says.

        Raises:
            SourceError: it says nothing.
        """
        said = text.strip()
        if said in ("", "-"):
            return ColumnTarget()
        if said.lower() in ("iri", "key"):
            return ColumnTarget(role="iri" if said.lower() == "iri" else "key")
        names, _, tag = said.partition("@")
        paths = [path for each in names.split("|") for path in self._path(each.strip()).split("|")]
        if not all(paths) or (tag and not TAG.fullmatch(tag)):
            raise SourceError(
                self.file, Sentence("%(text)s is no property that is known here", text=repr(said[:100])),
                remedy=Sentence("write one as in hk:city, a heading such as its name, iri, key, or - for nothing"),
            )  # fmt: skip
        return ColumnTarget(tuple(paths), tag.lower(), "values")

    def _path(self, text: str) -> str:
        if path := self.vocabulary.iri(text):
            return path
        if re.fullmatch(r"[\w-]*:[\w.-]*", text):  # a prefix that is none, and no heading
            return ""
        found = sorted(self.vocabulary.meanings(text), key=lambda each: -each[2])
        return found[0][0] if found and found[0][2] >= OF_PROPERTY else ""

    def _structural(self) -> Iterator[tuple[int, ColumnUse]]:
        """Yield the columns that say which thing a row is, or say nothing."""
        headings = [self.table.headings[each][:1] for each in range(self.table.sheet.width)]
        titles = [each[0] if each else "" for each in headings]
        has_iri = has_key = False
        for column, title in enumerate(titles):
            folded = words(title)
            if not has_iri and len(folded) == 1 and folded[0] in IRIS and self._are_iris(column):
                has_iri = True
                yield column, self._use(column, ColumnTarget(role="iri"), "name", EXACT)
            elif not has_key and len(folded) == 1 and folded[0] in KEYS and not self._is_field(title):
                has_key = True
                yield column, self._use(column, ColumnTarget(role="key"), "name", EXACT)
            elif ROW_NUMBERS.fullmatch(title) and self._counts(column):
                reason = Sentence("it numbers the rows")
                yield column, self._use(column, ColumnTarget(), "name", EXACT, reason)
            elif (named := EXPORTED_NAME.fullmatch(title)) and any(
                each == named["rest"] or each.startswith(f"{named['rest']} ") for each in titles if each != title
            ):
                reason = Sentence("it says how the things of the column %(name)s are called", name=named["rest"][:100])
                yield column, self._use(column, ColumnTarget(), "name", EXACT, reason)

    def _are_iris(self, column: int) -> bool:
        cells = self.table.cells(column)
        return all(isinstance(each, str) and self.vocabulary.iri(each.strip()) for each in cells[:MOST_LOOKED_AT])

    def _is_field(self, title: str) -> bool:
        return any(
            score == EXACT and path in self.vocabulary.fields for path, _, score in self.vocabulary.meanings(title)
        )

    def _counts(self, column: int) -> bool:
        texts = [shown(each).strip().rstrip(".") for each in self.table.cells(column)]
        return all(each.isdecimal() for each in texts)

    def _claims(self) -> list[_Claim]:
        claims = list[_Claim]()
        for column in range(self.table.sheet.width):
            parts = self.table.headings[column]
            texts = [(each, 1.0 - 0.05 * place) for place, each in enumerate(parts)]
            texts += [(" ".join(reversed(parts)), 0.9)] if len(parts) > 1 else []
            for text, weight in texts:
                claims += [
                    _Claim(column, path, language, score * weight)
                    for path, language, score in self.vocabulary.meanings(text)
                    if score * weight >= LEAST
                ]
        return sorted(
            claims, key=lambda each: (-each.score, each.column, each.path not in self.vocabulary.fields, each.path)
        )

    def _is_free(self, claim: _Claim, uses: Iterable[ColumnUse]) -> bool:
        """Whether a property may have another column: of another language, or as there may be several values."""
        of = self.vocabulary.field_of(claim.path)
        if not self._can_be(claim.column, of):
            return False
        wanted = {*claim.path.split("|")}
        others = [each for each in uses if wanted & {*_first_meant(each)}]
        if not others:
            return True
        if of.has_languages and all(each.target.language != claim.language for each in others):
            return True
        if self.table.headings[claim.column][0].endswith("]"):  # a table of the class has a column for each datatype
            return claim.score >= EXACT
        return (bool(of.classes) or set(of.kinds) == {IRI}) and of.most is None and claim.score >= EXACT

    def _can_be(self, column: int, of: FormField) -> bool:
        """Whether the values of a column may be those of a property of which only the label fits."""
        if of.path in self.vocabulary.fields or set(of.kinds) != {IRI}:
            return True
        cells = [shown(each) for each in self.table.cells(column)]
        if of.path == EMAIL and all(MAIL.fullmatch(each.strip()) for each in cells):
            return True
        return of.path == TELEPHONE or all(self.vocabulary.iri(each.strip()) for each in cells[:MOST_LOOKED_AT])

    def _spare(self, claim: _Claim) -> tuple[str, ...]:
        """Return the property that takes the names of things that are not known, where the class has one.

        It is called as the first one is, and more: "city" and "city, by its name".
        """
        of = self.vocabulary.field_of(claim.path)
        if not of.classes:
            return ()
        return tuple(
            each.path
            for each in self.vocabulary.fields.values()
            if each.path != of.path and not each.classes and each.has_languages
            and any(re.match(rf"{re.escape(name)}\W", each.names.get(tag, "")) for tag, name in of.names.items())
        )[:1]  # fmt: skip

    def _by_values(self, column: int, taken: set[str]) -> ColumnUse:
        cells = self.table.cells(column)[:MOST_LOOKED_AT]
        if self.vocabulary.elsewhere(self.table.heading(column)):  # a day of a count is no day of a founding
            return self._use(column, ColumnTarget(), "", 0.0, self._reason(self.table.heading(column)))
        for path, of in self.vocabulary.fields.items():
            if path not in taken and of.classes and self._share_known(cells, of) >= SHARE:
                claim = _Claim(column, path, "", SHARE)
                target = ColumnTarget((path, *self._spare(claim)), "", "values")
                return self._use(column, target, "values", SHARE)
        if all(_is_telephone(each) for each in cells):
            wanting = [each.path for each in self.vocabulary.fields.values() if _wants_telephones(each)]
            path = next(iter(wanting), TELEPHONE)
            if path not in taken and (wanting or self.vocabulary.shapes.used(TELEPHONE)):
                return self._use(column, ColumnTarget((path,), "", "values"), "values", SHARE)
        dates = [path for path, of in self.vocabulary.fields.items() if of.kinds and set(of.kinds) <= {*MOMENTS}]
        free = [each for each in dates if each not in taken and set(self.vocabulary.fields[each].kinds) != {MOMENTS[0]}]
        if len(free) == 1 and all(_is_date(each) for each in cells):
            return self._use(column, ColumnTarget((free[0],), "", "values"), "values", SHARE)
        return self._use(column, ColumnTarget(), "", 0.0, self._reason(self.table.heading(column)))

    def _reason(self, heading: str) -> Sentence:
        if not heading:
            return Sentence("it has no heading, and its values do not say what it is")
        if other := self.vocabulary.elsewhere(heading):
            name = self.vocabulary.things.label(other)
            return Sentence("it is said of another kind of thing: make a table of its own (%(name)s)", name=name)
        return Sentence("nothing that can be said of such a thing is called so")

    def _share_known(self, cells: Sequence[Cell], of: FormField) -> float:
        texts = dict.fromkeys(each.strip() for each in cells if isinstance(each, str) and 2 < len(each) < 100)
        if not texts or len(texts) < len({shown(each) for each in cells}) * SHARE:
            return 0.0
        return sum(len(self.vocabulary.things.named(each, of)) == 1 for each in texts) / len(texts)


def _first_meant(use: ColumnUse) -> tuple[str, ...]:
    """Return the properties of which a column holds values surely; what follows takes what is left over."""
    return use.target.paths if "|".join(use.target.paths) == BOTH else use.target.paths[:1]


def _wants_telephones(of: FormField) -> bool:
    return any(each.startswith("^tel:") for each in of.patterns)


def _is_telephone(cell: Cell) -> bool:
    text = shown(cell).strip()
    digits = re.sub(r"\D", "", text)
    return len(digits) >= 9 and TELEPHONES.fullmatch(text) is not None and not read_date(text)


def _is_date(cell: Cell) -> bool:
    text = shown(cell).strip()
    return len(read_date(text)) > 1 or re.fullmatch(r"(?:19|20)\d\d", text) is not None


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _column_number(letters: str) -> int:
    number = 0
    for each in letters:
        number = number * 26 + ord(each) - 64
    return number - 1


def target_text(target: ColumnTarget, prefixes: Mapping[str, str]) -> str:
    """Return what a user would write for a target, as ``ColumnRecogniser`` reads it."""
    if target.role != "values":
        return "-" if target.role == "none" else target.role
    text = "|".join(short(each, prefixes) for each in target.paths)
    return f"{text}@{target.language}" if target.language else text


def short(iri: str, prefixes: Mapping[str, str]) -> str:
    """Return an IRI with a prefix, where one fits."""
    fitting = [(len(space), name) for name, space in prefixes.items() if name and iri.startswith(space)]
    length, name = max(fitting, default=(0, ""))
    return f"{name}:{iri[length:]}" if name and re.fullmatch(r"[\w.-]+", iri[length:]) else iri
