"""JSON-LD that reads like JSON: triples compacted with the publication's own context (JSON-LD 1.1 API, 5.2).

Nothing is ever fetched: the context is the publication's file, and a context that names another is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import pyoxigraph as ox

from graph.errors import SettingError
from graph.namespaces import PREFIXES, RDF_TYPE, XSD
from graph.publication import CONTEXT_FILE, Publication

CONTEXT_NAME = "context.jsonld"

Context = dict[str, Any]
INTEGER = re.compile(r"(0|-?[1-9][0-9]{0,14})\Z")
"""The canonical form of a whole number that JSON's readers hold exactly (RFC 8259 section 6)."""
TRUTH = ("true", "false")
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\\\^`]+\Z")
STUMBLES = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
"""What the processor raises, beside its own errors, where a context or a frame is not as it takes it for granted."""


def read_context(publication: Publication) -> Context | None:
    """Return the value of ``@context`` in the publication's context file, or None where there is no such file.

    What means nothing there is left out: a base, which documents that name their context by its URL do not take from
    it (JSON-LD 1.1, 4.1.3), and keywords that are null.

    Raises:
        SettingError: the file is no JSON object with a ``@context`` that is one, or its base is no absolute IRI.
    """
    path: Path = publication.root / CONTEXT_FILE
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise SettingError(CONTEXT_FILE, f"is no JSON: {problem}") from problem
    context = document.get("@context") if isinstance(document, dict) else None
    if not isinstance(context, dict):
        raise SettingError(CONTEXT_FILE, "must be an object whose @context is an object")
    base = context.get("@base")
    if base is not None and not (isinstance(base, str) and ABSOLUTE.match(base)):
        raise SettingError(CONTEXT_FILE, f"its @base {json.dumps(base)} is no absolute IRI; leave it out")
    idle = {key for key in ("@vocab", "@language", "@direction") if context.get(key, key) is None}
    return {key: value for key, value in context.items() if key not in idle | {"@base"}}


def prefixes(publication: Publication, context: Context | None) -> dict[str, str]:
    """Return the prefixes with which the publication's IRIs are shortened: well-known ones, then its own over them.

    Its own are the terms of its context that stand for an IRI ending in ``#``, ``/`` or ``:``.
    """
    own = {
        term: iri
        for term, iri in (context or {}).items()
        if isinstance(iri, str) and not term.startswith("@") and ":" in iri and iri.endswith(("#", "/", ":"))
    }
    vocabulary = f"{publication.base}ns#"
    known = {} if vocabulary in own.values() else {"ns": vocabulary}
    return {**PREFIXES, **known, **own}


def compacted(triples: Iterable[ox.Triple], context: Mapping[str, Any], context_url: str = "") -> bytes:
    """Return the triples, grouped by subject, as one JSON-LD document in UTF-8.

    Args:
        triples: in the order in which their subjects shall stand.
        context: terms and prefixes.
        context_url: the URL by which the document names its context; without one it holds it.

    Raises:
        SettingError: the context is not usable, or names another document.
    """
    return written(compact(triples, context), context_url)


def compact(triples: Iterable[ox.Triple], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the triples as one JSON-LD document, its nodes under ``@graph``.

    Raises:
        SettingError: as ``compacted``.
    """
    from pyld import jsonld  # noqa: PLC0415  most answers need no JSON-LD

    options = {"documentLoader": no_document, "graph": True}
    try:
        return cast("dict[str, Any]", jsonld.compact(nodes_of(triples), {"@context": dict(context)}, options))
    except (jsonld.JsonLdError, *STUMBLES) as problem:
        raise SettingError(CONTEXT_FILE, innermost(problem)) from problem


def written(document: Mapping[str, Any], context_url: str = "") -> bytes:
    """Return a document as bytes; with a URL it names its context instead of holding it."""
    if context_url:
        document = {"@context": context_url} | {key: value for key, value in document.items() if key != "@context"}
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def nodes_of(triples: Iterable[ox.Triple]) -> list[dict[str, Any]]:
    """Return the triples as expanded node objects; whole numbers and truth values are JSON's own."""
    return [
        _native(_with_type(node)) for node in json.loads(ox.serialize(triples, format=ox.RdfFormat.JSON_LD) or b"[]")
    ]


def no_document(url: str, _options: object) -> dict[str, Any]:
    """Load no document, whatever its URL (JSON-LD 1.1 API, 9.4)."""
    from pyld import jsonld  # noqa: PLC0415  as above

    raise jsonld.JsonLdError("not fetched: documents stand on their own", "jsonld.LoadDocumentError", {"url": url})


def _native(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node with those numbers and truth values as JSON has them that mean the very same literal there."""
    for values in node.values():
        for each in values if isinstance(values, list) else ():
            kind, text = (each.get("@type"), str(each.get("@value"))) if isinstance(each, dict) else ("", "")
            if (kind == XSD + "integer" and INTEGER.match(text)) or (kind == XSD + "boolean" and text in TRUTH):
                each["@value"] = json.loads(text)
                del each["@type"]
    return node


def _with_type(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node object with its classes under ``@type``, where JSON-LD has them."""
    classes = node.pop(RDF_TYPE, [])
    node["@type"] = [each["@id"] for each in classes if "@id" in each]
    return node if classes else {key: value for key, value in node.items() if key != "@type"}


def innermost(problem: BaseException) -> str:
    """Return what was wrong at the bottom of a chain of errors, as one line."""
    if problem.__cause__ is not None:
        return innermost(problem.__cause__)
    details = getattr(problem, "details", None) or {}
    if "url" in details:
        return f"names the context <{details['url']}>, which is not fetched; write its terms into the file"
    text = str(problem.args[0] if problem.args else problem)
    return f"the JSON-LD processor stumbles over it: {text}" if isinstance(problem, STUMBLES) else text
