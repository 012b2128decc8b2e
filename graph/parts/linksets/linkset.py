"""A linkset as RDF, each link with its evidence, and as a table of SSSOM."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

import pyoxigraph as ox

from graph.model.namespaces import DCT, OWL, PREFIXES, RDF_TYPE, RDFS_LABEL, SCHEMA, SKOS, VOID, XSD
from graph.parts.linksets.matching import CheckedMapping

# A linkset as RDF: VoID says what it links, by what and how often, and each link has its evidence (owl:Axiom, SSSOM).
#
# The terms for the evidence are those of SSSOM's own RDF form. Every node has an IRI below the linkset's.

SSSOM = "https://w3id.org/sssom/"
SEMAPV = "https://w3id.org/semapv/vocab/"
DC = "http://purl.org/dc/elements/1.1/"
TOOL = "hamkor link"


@dataclass(frozen=True, slots=True)
class Linkset:
    """A set of mappings and what is said of it.

    Attributes:
        iri: its IRI.
        subjects: the IRI of the dataset from which it links.
        subject_space: where the IRIs of that begin.
        objects: the IRI of the dataset to which it links.
        object_space: where the IRIs of that begin.
        table: what the table is called.
        target: what the dataset to which it links is called.
        author: who answers for it.
        license: the IRI of its licence.
        date: the day on which it was made, as xsd:date.
        mappings: what it holds, negative ones included.
    """

    iri: str
    subjects: str
    subject_space: str
    objects: str
    object_space: str
    table: str
    target: str
    author: str
    license: str
    date: str
    mappings: Sequence[CheckedMapping]

    @property
    def links(self) -> list[CheckedMapping]:
        """What it links; negative mappings are no links."""
        return [each for each in self.mappings if not each.is_negative]


def turtle(linkset: Linkset) -> bytes:
    """Return a linkset as Turtle."""
    names = {**PREFIXES, "sssom": SSSOM, "semapv": SEMAPV, "dc": DC, "foaf": "http://xmlns.com/foaf/0.1/"}
    triples = [*_about(linkset), *_links(linkset.links), *_evidence(linkset)]
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    used = {prefix: iri for prefix, iri in names.items() if f"<{iri}".encode() in text}
    return ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=used) or b""


def _about(linkset: Linkset) -> Iterator[ox.Triple]:
    labels = {
        "en": f"Links from {linkset.table} to {linkset.target}",
        "ru": f"Ссылки из {linkset.table} в {linkset.target}",
        "uz": f"{linkset.table} dan {linkset.target} ga havolalar",
    }
    yield _link(linkset.iri, RDF_TYPE, VOID + "Linkset")
    for language, text in labels.items():
        yield _text(linkset.iri, RDFS_LABEL, ox.Literal(text, language=language))
    yield _link(linkset.iri, VOID + "subjectsTarget", linkset.subjects)
    yield _link(linkset.iri, VOID + "objectsTarget", linkset.objects)
    for predicate in sorted({each.predicate for each in linkset.links}):
        yield _link(linkset.iri, VOID + "linkPredicate", predicate)
    count = ox.Literal(str(len(linkset.links)), datatype=ox.NamedNode(XSD + "integer"))
    yield _text(linkset.iri, VOID + "triples", count)
    yield _text(linkset.iri, DC + "creator", ox.Literal(linkset.author))
    yield _link(linkset.iri, DCT + "license", linkset.license)
    yield _text(linkset.iri, DCT + "issued", ox.Literal(linkset.date, datatype=ox.NamedNode(XSD + "date")))
    yield _link(linkset.subjects, RDF_TYPE, VOID + "Dataset")
    yield _text(linkset.subjects, RDFS_LABEL, ox.Literal(f"Dataset of {linkset.author}", language="en"))
    yield _text(linkset.subjects, VOID + "uriSpace", ox.Literal(linkset.subject_space))


def _links(mappings: Iterable[CheckedMapping]) -> Iterator[ox.Triple]:
    for each in mappings:
        yield _link(each.subject, each.predicate, each.entity.iri)


def _evidence(linkset: Linkset) -> Iterator[ox.Triple]:
    for each in linkset.links:
        node = f"{linkset.iri}{'-' if '#' in linkset.iri else '#'}row-{each.row}"
        yield _link(node, RDF_TYPE, OWL + "Axiom")
        yield _link(node, OWL + "annotatedSource", each.subject)
        yield _link(node, OWL + "annotatedProperty", each.predicate)
        yield _link(node, OWL + "annotatedTarget", each.entity.iri)
        yield _link(node, SSSOM + "mapping_justification", SEMAPV + each.justification)
        confidence = ox.Literal(f"{each.confidence:g}", datatype=ox.NamedNode(XSD + "decimal"))
        yield _text(node, SSSOM + "confidence", confidence)


def _link(subject: str, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target))


def _text(subject: str, predicate: str, value: ox.Literal) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), value)


# A linkset as a table of SSSOM (Simple Standard for Sharing Ontological Mappings), TSV with its metadata before it.
#
# It also holds what is no link: mappings that somebody has refused (``predicate_modifier`` Not), so that nobody
# proposes them again.

COLUMNS = (
    "subject_id", "subject_label", "predicate_id", "predicate_modifier", "object_id", "object_label",
    "mapping_justification", "confidence", "author_label", "mapping_date", "mapping_tool", "mapping_tool_version",
)  # fmt: skip
FIXED = {"owl": OWL, "skos": SKOS, "schema": SCHEMA, "dct": DCT, "semapv": SEMAPV}
NAMESPACE = re.compile(r"(.*[/#])([^/#]*)\Z", re.DOTALL)
SIGNS_OF_TABLES = re.compile(r"[\t\r\n]+")


@dataclass
class Curies:
    """Writes IRIs short, and remembers what the prefixes mean."""

    prefixes: dict[str, str] = field(default_factory=dict)

    def short(self, iri: str) -> str:
        """Return an IRI as a CURIE; of one that is below no prefix, its folder becomes one."""
        for prefix, space in self.prefixes.items():
            if iri.startswith(space):
                return f"{prefix}:{iri.removeprefix(space)}"
        found = NAMESPACE.match(iri)
        self.prefixes[f"ns{len(self.prefixes)}"] = found[1] if found else iri
        return self.short(iri)


def sssom(linkset: Linkset) -> bytes:
    """Return a linkset as SSSOM."""
    curies = Curies({"hamkor": linkset.object_space, "source": linkset.subject_space, **FIXED})
    rows = list(_rows(linkset, curies))
    said: dict[str, object] = {
        "mapping_set_id": linkset.iri,
        "mapping_set_title": f"Links from {linkset.table} to {linkset.target}",
        "license": linkset.license,
        "creator_label": [linkset.author],
        "mapping_date": linkset.date,
        "subject_source": curies.short(linkset.subjects),
        "object_source": curies.short(linkset.objects),
    }
    lines = [*_metadata({"curie_map": curies.prefixes, **said}), "\t".join(COLUMNS), *rows]
    return ("\n".join(lines) + "\n").encode()


def _metadata(said: Mapping[str, object]) -> Iterable[str]:
    """Yield YAML in comments; JSON texts are YAML, too."""
    for name, value in said.items():
        if isinstance(value, Mapping):
            yield f"#{name}:"
            yield from (f"#  {key}: {json.dumps(text, ensure_ascii=False)}" for key, text in value.items())
        elif isinstance(value, list):
            yield f"#{name}:"
            yield from (f"#  - {json.dumps(text, ensure_ascii=False)}" for text in value)
        else:
            yield f"#{name}: {json.dumps(value, ensure_ascii=False)}"


def _rows(linkset: Linkset, curies: Curies) -> Iterable[str]:
    for each in linkset.mappings:
        cells = (
            curies.short(each.subject), each.subject_label, curies.short(each.predicate),
            "Not" if each.is_negative else "", curies.short(each.entity.iri), each.entity.names[0].text,
            f"semapv:{each.justification}", f"{each.confidence:g}", linkset.author, linkset.date, TOOL,
            version("hamkor"),
        )  # fmt: skip
        yield "\t".join(SIGNS_OF_TABLES.sub(" ", cell) for cell in cells)
