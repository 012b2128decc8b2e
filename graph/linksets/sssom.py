"""A linkset as a table of SSSOM (Simple Standard for Sharing Ontological Mappings), TSV with its metadata before it.

It also holds what is no link: mappings that somebody has refused (``predicate_modifier`` Not), so that nobody proposes
them again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from graph.linksets.linkset import SEMAPV, TOOL, Linkset
from graph.namespaces import DCT, OWL, SCHEMA, SKOS

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
