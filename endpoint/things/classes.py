"""Classes: as tables (``/class``), and as the publication's own vocabulary (``/ns``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import blake2b
from tempfile import SpooledTemporaryFile
from types import MappingProxyType
from typing import IO
from urllib.parse import unquote

import pyoxigraph as ox
from cachetools import LRUCache
from flask import Blueprint, Response, render_template, request

from endpoint.current import Snapshot, languages, snapshot, urls
from endpoint.http.languages import N_, translated
from endpoint.http.problems import ProblemError
from endpoint.http.responses import answer, as_page, document_links, negotiated, page
from endpoint.http.semantics import (
    AS_CSVW,
    AS_HTML,
    AS_JSON_LD,
    AS_PARQUET,
    AS_TABLE,
    AS_WORKBOOK,
    OFFERS,
    VARY,
    HeaderLink,
    Representation,
    entity_tag,
)
from endpoint.pages.figures import Diagram, Edge, diagram
from endpoint.pages.front import class_called, class_name, overview
from endpoint.pages.term_names import Names, PageShapes, PathStep, Shown, names_for, shapes_of, text_in
from endpoint.pages.thing_page import interface_names
from endpoint.things.release_files import ready_file, sent_file
from endpoint.things.representations import rdf_document
from endpoint.things.resources import describing, downloads
from graph.export.documents import CONTEXT_NAME
from graph.export.views import (
    MOST_ROWS,
    ClassTable,
    SaidOf,
    TableProperty,
    description,
    headings,
    rows,
    table_of,
    things_of,
    write_csv,
    write_workbook,
)
from graph.model.description import LABEL_PROPERTIES, labels, preferred_tag
from graph.model.errors import Sentence
from graph.model.rdf_terms import COMPUTED_GRAPHS, DCT, ONTOLOGY_GRAPH, OWL, RDF, RDF_TYPE, RDFS, SKOS
from graph.releases.dumps import Dump, class_dump
from graph.releases.indexed_things import FEW, said_by_index
from graph.releases.parquet_files import ClassContent

# The page of the vocabulary: its classes with their properties, its properties with what they lead to, a diagram.

CLASSES = frozenset({OWL + "Class", RDFS + "Class"})
PROPERTIES = frozenset({RDF + "Property", *(OWL + kind + "Property" for kind in ("Object", "Datatype", "Annotation"))})
RELATIONS = MappingProxyType({
    RDFS + "subClassOf": N_("Kind of"), RDFS + "subPropertyOf": N_("Kind of"), RDFS + "domain": N_("Said of"),
    RDFS + "range": N_("Leads to"), OWL + "inverseOf": N_("Inverse of"),
})  # fmt: skip
SAID_OF = N_("Its properties")


@dataclass(frozen=True, slots=True)
class TermShown:
    """One class or property: its short name, its label, what it means, and how it relates to others."""

    iri: str
    name: str
    label: Shown
    comment: Shown | None
    relations: tuple[tuple[str, tuple[Shown, ...]], ...]


@dataclass(frozen=True, slots=True)
class TermsPage:
    """What the page of a vocabulary shows."""

    iri: str
    title: Shown
    summary: Shown | None
    classes: tuple[TermShown, ...]
    properties: tuple[TermShown, ...]
    others: tuple[TermShown, ...]
    diagram: Diagram | None


class VocabularyTerms:
    """A vocabulary, read from its triples."""

    def __init__(self, iri: str, triples: Sequence[ox.Triple], names: Names) -> None:
        """Read the vocabulary ``iri``."""
        self._iri, self._names = iri, names
        self._about: dict[str, list[ox.Triple]] = {}
        for triple in triples:
            if isinstance(triple.subject, ox.NamedNode):
                self._about.setdefault(triple.subject.value, []).append(triple)
        kinds = {each: set(self._iris(each, RDF_TYPE)) for each in self._about if each != iri}
        self._classes = sorted(each for each, kind in kinds.items() if kind & CLASSES)
        self._properties = sorted(each for each, kind in kinds.items() if kind & PROPERTIES and not kind & CLASSES)
        self._others = sorted(set(kinds) - {*self._classes, *self._properties})

    def page(self) -> TermsPage:
        """Return the page."""
        return TermsPage(
            self._iri,
            self._names.thing(self._iri),
            self._text(self._iri, (RDFS + "comment", DCT + "description")),
            tuple(self._term(each) for each in self._by_label(self._classes)),
            tuple(self._term(each) for each in self._by_label(self._properties)),
            tuple(self._term(each) for each in self._by_label(self._others)),
            self._diagram(),
        )

    def _iris(self, iri: str, predicate: str) -> list[str]:
        return [
            each.object.value
            for each in self._about.get(iri, ())
            if each.predicate.value == predicate and isinstance(each.object, ox.NamedNode)
        ]

    def _by_label(self, iris: Iterable[str]) -> list[str]:
        return sorted(iris, key=lambda each: self._names.thing(each).text.casefold())

    def _term(self, iri: str) -> TermShown:
        relations: dict[str, list[Shown]] = {}
        for predicate, name in RELATIONS.items():
            for each in self._by_label(self._iris(iri, predicate)):
                relations.setdefault(translated(name), []).append(self._names.thing(each))
        own = [each for each in self._properties if iri in self._iris(each, RDFS + "domain")]
        if own:
            relations[translated(SAID_OF)] = [self._names.thing(each) for each in self._by_label(own)]
        lists = tuple((name, tuple(self._names.told_apart(things))) for name, things in relations.items())
        return TermShown(
            iri, iri.rpartition("#")[2], self._names.thing(iri), self._text(iri, (RDFS + "comment",)), lists
        )

    def _text(self, iri: str, predicates: Sequence[str]) -> Shown | None:
        found = [
            self._names.term(each.object)
            for each in self._about.get(iri, ())
            if each.predicate.value in predicates and isinstance(each.object, ox.Literal)
        ]
        return next(iter(self._names.best(found)), None)

    def _diagram(self) -> Diagram | None:
        """Return the classes and what leads from one to another; of two inverse properties one."""
        edges: list[Edge] = []
        inverse: set[str] = set()
        for each in self._properties:
            inverse.update(self._iris(each, OWL + "inverseOf") if each not in inverse else ())
            if each not in inverse:
                edges += [
                    Edge(source, target, self._names.thing(each))
                    for source in self._iris(each, RDFS + "domain")
                    for target in self._iris(each, RDFS + "range")
                    if not target.startswith("http://www.w3.org/2001/XMLSchema#")
                ]
        labels = {iri: self._names.thing(iri) for edge in edges for iri in (edge.source, edge.target)}
        return diagram(edges, frozenset(self._classes), labels)


# Classes as tables: ``/class`` lists them, ``/class/<name>`` shows one, ``.csv``, ``.xlsx`` and ``.parquet`` are all
# its things; the last is a file of the release, and made once.
#
# ``<name>.csv-metadata.json`` describes the CSV file (CSVW) and leads back to RDF. A class is named by its local name
# in the publication's vocabulary, with a prefix (``schema:City``), or by a hash where none is known. What columns there
# are is decided in ``graph.export.views``, in which order and under which names by the shapes.

classes = Blueprint("classes", __name__)
PAGE, PIECE, IN_MEMORY = 50, 1 << 16, 8 << 20
MOST_KEPT, MOST_TAGS = 8, 64
SUFFIXES = (AS_CSVW.suffix, AS_TABLE.suffix, AS_WORKBOOK.suffix, AS_PARQUET.suffix, AS_HTML.suffix)
DESCRIPTIONS = (f"{RDFS}comment", f"{SKOS}definition", f"{DCT}description")


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """A class, its name in the path, how many things it has, and whether it stands behind those that matter most."""

    thing: Shown
    name: str
    count: int
    is_further: bool


@classes.get("/class")
def classes_listed() -> Response:
    """All classes that have things here: first those that the publication is about."""
    as_page()
    rows = listed_classes(snapshot())
    further = [each for each in rows if each.is_further]
    return page("classes.html", classes=[each for each in rows if not each.is_further], further=further)


def listed_classes(here: Snapshot) -> list[ClassEntry]:
    """Return all classes that have things here, those first that the publication is about."""
    names, counts = names_for(here, urls(), languages()), here.release.manifest.statistics.classes
    shown = [iri for iri, _ in here.once(overview).classes if iri in counts]
    further = sorted(counts.keys() - set(shown))
    told = names.told_apart(names.plural(iri) for iri in (*shown, *further))
    rows = [ClassEntry(each, class_name(here, each.iri), counts[each.iri], each.iri not in shown) for each in told]
    first, rest = rows[: len(shown)], sorted(rows[len(shown) :], key=lambda each: each.thing.text.casefold())
    return [*first, *rest]


@classes.get("/class/<path:name>")
def one(name: str) -> Response:
    """One class: a page, or its things as a table."""
    here, name = snapshot(), unquote(name)
    suffix = next((each for each in SUFFIXES if name.endswith(f".{each}")), "")
    name = name.removesuffix(f".{suffix}") if suffix else name
    iri = class_of(here, name)

    def url(suffix: str) -> str:
        return urls().absolute(urls().link(f"class/{name}.{suffix}"))

    representation = negotiated("class", suffix, url)
    links = [HeaderLink(url(each.suffix), "alternate", each.media_type) for each in OFFERS["class"]]
    links.append(HeaderLink(url(AS_CSVW.suffix), "describedby", AS_CSVW.media_type))
    links.append(HeaderLink(here.publication.settings.about.license, "license"))
    location = "" if suffix else url(representation.suffix)
    if representation is AS_HTML:
        body = _class_page(here, iri, name, links)
    elif representation is AS_CSVW:
        body = _description(here, iri, name)
    elif representation is AS_PARQUET:
        return _parquet(here, name, location, links)
    else:
        return _file(here, iri, name, representation, location, links)
    return answer(
        representation, lambda: body, tag=entity_tag(representation.name, body), location=location, links=links
    )


def class_of(here: Snapshot, name: str) -> str:
    """Return the class that a name means.

    Raises:
        ProblemError: no class with things has this name.
    """
    iri = class_called(here, name)
    if iri not in here.release.manifest.statistics.classes:
        raise ProblemError("not-found", Sentence("no class %(name)s has things here", name=repr(name[:200])))
    return iri


def properties_of(here: Snapshot, iri: str) -> list[TableProperty]:
    """Return the properties of a class, in the order and with the names of its shapes; none where it has no shape."""
    found = dict[str, TableProperty]()
    for each in here.once(_shapes).of([iri]):
        if isinstance(each.path, PathStep) and not each.path.is_inverse:
            lower = {tag.lower(): text for tag, text in each.names.items()}
            found.setdefault(each.path.predicate, TableProperty(each.path.predicate, lower, each.descriptions))
    return list(found.values())


def table(here: Snapshot, iri: str, said: SaidOf | None = None) -> ClassTable:
    """Return the table of a class; it is made once a release, and kept while others are asked for seldom.

    Args:
        here: the release.
        iri: the class.
        said: who says what is said of its things, where somebody has been asked already.

    Raises:
        QueryLimitError: it is too large.
    """
    kept = here.once(_tables)
    found = kept.get(iri)
    if found is None:
        found = kept[iri] = table_of(here.release.store, iri, properties_of(here, iri), said or _said(here, iri))
    return found


def _said(here: Snapshot, iri: str) -> SaidOf | None:
    """Return who says what is said of the things of a class; None: the store, which is faster for few things."""
    count = here.release.manifest.statistics.classes.get(iri, 0)
    return said_by_index(here.release.folder, iri) if FEW < count <= MOST_ROWS else None


def _shapes(here: Snapshot) -> PageShapes:
    return shapes_of(here)


def _tables(_: Snapshot) -> LRUCache[str, ClassTable]:
    return LRUCache(MOST_KEPT)


def _listed(_: Snapshot) -> LRUCache[str, tuple[str, ...]]:
    return LRUCache(MOST_KEPT)


def _tags(_: Snapshot) -> LRUCache[tuple[str, ...], str]:
    return LRUCache(MOST_TAGS)


def _class_page(here: Snapshot, iri: str, name: str, links: list[HeaderLink]) -> bytes:
    names, kept = names_for(here, urls(), languages()), here.once(_listed)
    things = kept.get(iri)
    if things is None:
        things = kept[iri] = things_of(here.release.store, iri)
    number = request.args.get("page", "1")
    last = max(1, -(-len(things) // PAGE))
    if not (number.isascii() and number.isdecimal() and 1 <= int(number[:9]) <= last):
        raise ProblemError("not-found", Sentence("there is no page %(number)s of this class", number=number[:20]))
    start = (int(number) - 1) * PAGE
    return render_template(
        "class.html", title=names.thing(iri), comment=_comment(here, iri), name=name, total=len(things),
        things=[names.thing(each) for each in things[start : start + PAGE]], start=start, number=int(number), last=last,
        links=links, formats=[(each.title, urls().link(f"class/{name}.{each.suffix}")) for each in OFFERS["class"][1:]],
        adds=iri in here.once(_shapes).by_class,
    ).encode()  # fmt: skip


def _comment(here: Snapshot, iri: str) -> tuple[str, str]:
    """Return what is said of a class, in the reader's language, and the language."""
    for predicate in DESCRIPTIONS:
        texts = _texts(here, iri, predicate)
        if texts:
            return text_in(texts, languages())
    return "", ""


def _texts(here: Snapshot, iri: str, predicate: str) -> dict[str, str]:
    quads = here.release.store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(predicate), None, ox.DefaultGraph())
    return {each.object.language or "": each.object.value for each in quads if isinstance(each.object, ox.Literal)}


def _description(here: Snapshot, iri: str, name: str) -> bytes:
    titles = next((texts for each in LABEL_PROPERTIES if (texts := _texts(here, iri, each))), {})
    licence = here.publication.settings.about.license
    about = {"dc:license": {"@id": licence}} if licence else {}
    url = f"{name.rpartition('/')[2]}.{AS_TABLE.suffix}"
    return description(table(here, iri), _relative(url), here.publication.settings.languages, titles, about)


def _relative(url: str) -> str:
    """Return a relative reference whose first segment may hold a colon (RFC 3986 4.2)."""
    return f"./{url}" if ":" in url else url


def _file(
    here: Snapshot, iri: str, name: str, representation: Representation, location: str, links: list[HeaderLink]
) -> Response:
    """Return a table as a file; its tag is the digest of its bytes."""
    tags, key = here.once(_tags), (iri, representation.name, *languages())
    file, tag = None, tags.get(key, "")
    if not tag:
        file = _made(here, iri, representation)
        tag = tags[key] = _digest(file)
    response = answer(representation, lambda: b"", tag=tag, location=location, links=links)
    if response.status_code == 304:
        if file is not None:
            file.close()
        return response
    file = file or _made(here, iri, representation)
    size = file.seek(0, 2)
    file.seek(0)
    response.response = iter(partial(file.read, PIECE), b"")
    response.call_on_close(file.close)
    response.headers["Content-Length"] = str(size)
    kind = "attachment" if representation is AS_WORKBOOK else "inline"
    response.headers["Content-Disposition"] = f'{kind}; filename="{name.replace(":", "-")}.{representation.suffix}"'
    return response


def _made(here: Snapshot, iri: str, representation: Representation) -> IO[bytes]:
    """Return a table written to a file."""
    # of the languages in which the description of the table has its headings, so that the one fits the other
    said = _said(here, iri)
    found, language = table(here, iri, said), preferred_tag(here.publication.settings.languages, languages())
    known = dict[str, str]()

    def name(thing: str) -> str:
        if thing not in known:
            label = labels(here.release.store, (thing,), languages()).get(thing)
            known[thing] = label.text if label else ""
        return known[thing]

    lines: Iterator[list[str]] = rows(here.release.store, found, name, said)
    # the caller sends it, and it is closed with the response
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    if representation is AS_TABLE:
        write_csv(headings(found, language), lines, file)
    else:
        created = datetime.fromisoformat(here.release.manifest.created)
        write_workbook(found, headings(found, language), lines, file, created)
    file.seek(0)
    return file


def class_table_dump(here: Snapshot, name: str) -> Dump:
    """Return the file with the table of a class, of any size; it is the same for every reader.

    Raises:
        ProblemError: no class with things has this name.
    """
    iri = class_of(here, name)
    shown = tuple(each.predicate for each in properties_of(here, iri))
    return class_dump(name, ClassContent(iri, shown, tuple(here.publication.settings.languages)))


def _parquet(here: Snapshot, name: str, location: str, links: list[HeaderLink]) -> Response:
    dump = class_table_dump(here, name)
    response = sent_file(dump, ready_file(dump), links)
    response.headers["Vary"] = VARY
    if location:
        response.headers["Content-Location"] = location
    return response


def _digest(file: IO[bytes]) -> str:
    digest = blake2b(digest_size=12)
    for piece in iter(partial(file.read, PIECE), b""):
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


# The publication's own vocabulary: ``/ns``, its terms as RDF and as a table, and ``/context.jsonld``.
#
# Terms are hash IRIs below ``<base>ns``, so that one document describes them all.

vocabulary = Blueprint("vocabulary", __name__)


@vocabulary.get("/ns", defaults={"suffix": ""})
@vocabulary.get("/ns.<suffix>")
def ontology(suffix: str) -> Response:
    """The ontology: everything that is stated of the vocabulary and its terms."""
    here, iri = urls(), f"{urls().base}ns"
    triples = list(snapshot().once(_triples))
    if not triples:
        return describing(iri, suffix, "vocabulary")
    representation = negotiated("vocabulary", suffix, lambda each: here.absolute(here.document(iri, each)))
    links = document_links(iri, OFFERS["vocabulary"])
    form = representation.format
    body = _page(iri, triples, links) if form is None else rdf_document(snapshot(), triples, form)
    location = "" if suffix else here.absolute(here.document(iri, representation.suffix))
    tag = entity_tag(representation.name, body)
    return answer(representation, lambda: body, tag=tag, location=location, links=links)


def _triples(here: Snapshot) -> tuple[ox.Triple, ...]:
    """Return what is stated of the vocabulary and its terms, in whichever graph; nothing where no term is."""
    iri, aside = f"{here.publication.base}ns", {here.publication.graph(name) for name in COMPUTED_GRAPHS}
    terms = here.stated_of(iri)
    quads = here.release.store.quads_for_pattern(ox.NamedNode(iri), None, None, None)
    own = {
        each.triple
        for each in quads
        if isinstance(each.graph_name, ox.NamedNode) and each.graph_name.value not in aside
    }
    ontology = here.publication.graph(ONTOLOGY_GRAPH) in here.graphs
    return tuple(sorted({*own, *terms}, key=str)) if terms or (own and ontology) else ()


def _page(iri: str, triples: list[ox.Triple], links: list[HeaderLink]) -> bytes:
    view = VocabularyTerms(iri, triples, interface_names()).page()
    return render_template("vocabulary.html", page=view, links=links, downloads=downloads(iri, "vocabulary")).encode()


@vocabulary.get(f"/{CONTEXT_NAME}")
def context() -> Response:
    """The JSON-LD context, for those who write data of this kind."""
    found = snapshot().context
    if found is None:
        raise ProblemError("not-found", Sentence("this publication has no JSON-LD context"))
    body = json.dumps({"@context": found}, ensure_ascii=False, indent=1).encode() + b"\n"
    return answer(AS_JSON_LD, lambda: body, tag=entity_tag(body))
