"""By which property a link is made: the strongest that what is known can answer for, and none stronger.

Who states ``owl:sameAs`` states everything of either thing of the other. So it is made only of single things (never of
concepts), only where somebody says that it is the very same thing, and only where nothing that their table says of it
differs. ``schema:sameAs`` says that the other is a page by which one can tell what is meant, which a match does mean.
"""

from __future__ import annotations

from collections.abc import Collection

from graph.namespaces import DCT, OWL, SCHEMA, SKOS

SAME_AS = OWL + "sameAs"
REFERENCE = SCHEMA + "sameAs"
RELATED = DCT + "relation"
EXACT, CLOSE = SKOS + "exactMatch", SKOS + "closeMatch"
CONCEPT = "concept"
OF_CONCEPTS = {
    "": CLOSE, "same": EXACT, "exact": EXACT, "close": CLOSE, "broad": SKOS + "broadMatch",
    "narrow": SKOS + "narrowMatch", "related": SKOS + "relatedMatch", "not": CLOSE,
}  # fmt: skip
OF_THINGS = {
    "": REFERENCE, "same": SAME_AS, "exact": SAME_AS, "close": REFERENCE, "broad": RELATED, "narrow": RELATED,
    "related": RELATED, "not": REFERENCE,
}  # fmt: skip
PREDICATES = frozenset({*OF_CONCEPTS.values(), *OF_THINGS.values()})


def predicate_of(kinds: Collection[str], relation: str, *, all_holds: bool) -> str:
    """Return the property that links a row to a thing.

    Args:
        kinds: of the thing.
        relation: what a person says, a key of ``graph.linksets.sheet.RELATIONS``.
        all_holds: whether nothing that the table says of it differs from what is known here.
    """
    if CONCEPT in kinds:
        return OF_CONCEPTS[relation]
    found = OF_THINGS[relation]
    return REFERENCE if found == SAME_AS and not all_holds else found
