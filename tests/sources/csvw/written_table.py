"""A table and its metadata, written by a test into a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from graph.model.errors import SourceError
from graph.sources.csvw.conversion import read_table
from graph.sources.csvw.records import CELL_CHARACTERS

BASE = "http://example.org/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XSD = "http://www.w3.org/2001/XMLSchema#"


class WrittenTable:
    """A folder in which a test writes one table and its metadata."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "t.csv"

    def write(self, text: str | bytes, metadata: dict[str, Any] | str | None = None) -> WrittenTable:
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if metadata is not None:
            if isinstance(metadata, dict):
                metadata = json.dumps({"@context": "http://www.w3.org/ns/csvw", "url": "t.csv", **metadata})
            self.path.with_name("t.csv-metadata.json").write_text(metadata, encoding="utf-8")
        return self

    def columns(self, text: str, *columns: dict[str, Any], **schema: object) -> WrittenTable:
        return self.write(text, {"tableSchema": {"columns": list(columns), **schema}})

    def triples(self, cell_limit: int = CELL_CHARACTERS) -> list[ox.Triple]:
        return list(read_table(self.path, base=BASE, name="data/t.csv", cell_limit=cell_limit))

    def objects(self) -> list[ox.NamedNode | ox.Literal]:
        return [triple.object for triple in self.triples()]

    def error(self, cell_limit: int = CELL_CHARACTERS) -> SourceError:
        with pytest.raises(SourceError) as caught:
            self.triples(cell_limit)
        return caught.value


def literal(form: str, datatype: str = "string") -> ox.Literal:
    return ox.Literal(form, datatype=ox.NamedNode(datatype if ":" in datatype else XSD + datatype))
