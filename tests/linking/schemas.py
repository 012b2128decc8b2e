"""The testbench's JSON schemas of both versions, from the shared suites; whoever asks skips where they are absent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

SUITES = Path(__file__).resolve().parents[3] / "shared" / "suites" / "reconciliation"
PLACE = "https://reconciliation-api.github.io/specs"


@cache
def validator(version: str, name: str) -> Draft7Validator:
    """What validates against one schema of "0.2" or "1.0-draft"."""
    folder = SUITES / version / "schemas"
    if not folder.is_dir():
        pytest.skip("the suite reconciliation is not beside the repository")
    registry: Registry[Any] = Registry()
    for path in folder.glob("*.json"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        resource = Resource.from_contents(schema, default_specification=DRAFT7)
        places = [schema["$id"], f"{PLACE}/{version}/schemas/{path.name}", f"{PLACE}/draft/schemas/{path.name}"]
        if path.name == "openapi.json":
            places.append("http://swagger.io/v2/schema.json")
        registry = registry.with_resources((place, resource) for place in places)
    return Draft7Validator(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")), registry=registry)


def check(document: object, version: str, name: str) -> None:
    """Make sure that a document conforms to a schema."""
    problems = [
        f"{list(each.absolute_path)}: {each.message}" for each in validator(version, name).iter_errors(document)
    ]
    assert not problems, problems[:5]


def examples(version: str, kind: str, verdict: str) -> Iterator[Path]:
    """The suite's examples of a kind that are "valid" or "invalid"; none where the suite is absent."""
    yield from sorted((SUITES / version / "examples" / kind / verdict).glob("*.json"))


def every_example() -> Iterator[tuple[str, str, str, Path]]:
    """Version, kind, verdict and path of every example of which the kind has a schema."""
    for version in ("0.2", "1.0-draft"):
        for folder in sorted((SUITES / version / "examples").glob("*/*")):
            if (SUITES / version / "schemas" / f"{folder.parent.name}.json").exists():
                for path in sorted(folder.glob("*.json")):
                    yield version, folder.parent.name, folder.name, path
