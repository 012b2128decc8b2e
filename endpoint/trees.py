"""Documents as developers like them: the JSON-LD about a thing as one tree, where the publication has a frame for it.

The tree names its context by URL, on the host that was asked; ``context=inline`` writes it into the document. What no
frame is for is compacted (``endpoint.documents``), and holds its context.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pyoxigraph as ox
from cachetools import LRUCache
from flask import request

from endpoint.current import Snapshot, snapshot, urls
from endpoint.documents import rdf_document
from graph.errors import SettingError
from graph.formats import JSON_LD, Format
from graph.framing import Frame, frame_for, framed, read_frames
from graph.jsonld import CONTEXT_NAME, written
from graph.namespaces import RDF_TYPE

log = logging.getLogger("hamkor")
INLINE = "inline"
MOST_FRAMED = 5_000
"""Of more triples no tree is made: framing takes a second for so many, and longer than in proportion."""
MOST_KEPT = 256
"""So many trees are kept with a release: framing takes longer than all else that makes a document."""


def thing_document(iri: str, triples: Sequence[ox.Triple], form: Format) -> bytes:
    """Return the document about a thing.

    Raises:
        FormatError: the format cannot express it.
    """
    here = snapshot()
    if form is not JSON_LD or any(isinstance(each.object, ox.Triple) for each in triples):
        return rdf_document(here, triples, form)
    frame = frame_of(here, iri, triples) if len(triples) <= MOST_FRAMED else None
    if frame is None or here.context is None:
        return rdf_document(here, triples, form)
    kept = here.once(_kept)
    key = urls().absolute(urls().document(iri))  # where the rest is to be had depends on the host that was asked
    tree = kept.get(key)
    try:
        if tree is None:
            tree = kept[key] = framed(triples, iri, frame, here.context)
    except SettingError as problem:  # as in endpoint.documents; or what is nested too deeply for PyLD
        log.warning("a document goes without its frame: %s", problem)
        return rdf_document(here, triples, form)
    is_inline = request.args.get("context") == INLINE
    return written(tree, "" if is_inline else urls().absolute(urls().route(CONTEXT_NAME)))


def frame_of(here: Snapshot, iri: str, triples: Sequence[ox.Triple]) -> Frame | None:
    """Return the frame for a thing that is described by these triples, where there is one."""
    classes = {
        each.object.value
        for each in triples
        if each.subject == ox.NamedNode(iri)
        and each.predicate.value == RDF_TYPE
        and isinstance(each.object, ox.NamedNode)
    }
    return frame_for(here.once(_frames), classes, here.release.manifest.statistics.classes)


def _frames(here: Snapshot) -> tuple[Frame, ...]:
    try:
        return read_frames(here.publication, here.context)
    except SettingError as problem:
        log.warning("documents go without frames: %s", problem)
        return ()


def _kept(_: Snapshot) -> LRUCache[str, dict[str, Any]]:
    return LRUCache(MOST_KEPT)
