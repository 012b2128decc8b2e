"""The shapes of a publication, checked before they are used: SHACL that pySHACL can run to the end.

It does not validate data; that is the gate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rdflib import BNode, Graph
from rdflib.namespace import SH

from graph.errors import ShapesError
from graph.sources.chunks import Chunk
from graph.validation.terms import to_rdflib


def load_shapes(chunks: Iterable[Chunk], *, base: str) -> Graph:
    """Return the shapes graph.

    Raises:
        ShapesError: a pattern is no regular expression that pySHACL understands.
    """
    shapes = to_rdflib(chunks, blank_below=f"{base}.well-known/genid/")
    for shape, pattern in shapes.subject_objects(SH.pattern):
        try:
            re.compile(str(pattern))
        except re.error as problem:
            place = str(shapes.value(shape, SH.path) if isinstance(shape, BNode) else shape)
            raise ShapesError(place, f"sh:pattern {str(pattern)!r} cannot be used: {problem}") from problem
    return shapes
