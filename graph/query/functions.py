"""The functions that the engine can call by IRI, and what it says of others.

It calls nothing itself. pyoxigraph 0.5.13 has the XPath constructor functions of SPARQL 1.1 section 17.5 with those of
the calendar types, and most of GeoSPARQL 1.1; custom aggregates it has none. The test calls each of them, so that a
new version of the engine cannot pass unnoticed.
"""

from __future__ import annotations

import re

from graph.errors import QuerySyntaxError


def _iris(namespace: str, names: str) -> frozenset[str]:
    return frozenset(namespace + name for name in names.split())


_XSD = "http://www.w3.org/2001/XMLSchema#"
_GEOF = "http://www.opengis.net/def/function/geosparql/"

CASTS = _iris(
    _XSD,
    "string boolean double float integer decimal date time dateTime duration yearMonthDuration dayTimeDuration "
    "gYear gYearMonth gMonth gMonthDay gDay",
)

GEOSPARQL = _iris(
    _GEOF,
    "area asGeoJSON centroid convexHull coordinateDimension difference dimension distance ehContains ehCoveredBy "
    "ehCovers ehDisjoint ehEquals ehInside ehMeet ehOverlap envelope getSRID intersection isEmpty isSimple length "
    "perimeter rcc8dc rcc8ec rcc8eq rcc8ntpp rcc8ntppi rcc8po rcc8tpp rcc8tppi relate sfContains sfCrosses "
    "sfDisjoint sfEquals sfIntersects sfOverlaps sfTouches sfWithin spatialDimension symDifference union",
)

EXTENSION_FUNCTIONS = CASTS | GEOSPARQL

_UNSUPPORTED = re.compile(
    r"The custom function <(?P<iri>[^>]*)> (?:is not supported|requires (?P<arity>.*))", re.DOTALL
)


def unsupported(error: Exception) -> QuerySyntaxError | None:
    """Return the syntax error for what the engine raises in mid-evaluation about a function, or None for all else.

    The guard has refused unknown functions by then; what remains is a wrong number of arguments.
    """
    found = _UNSUPPORTED.search(str(error))
    if found is None:
        return None
    if found["arity"]:
        return QuerySyntaxError(f"the function <{found['iri']}> takes another number of arguments", token=found["iri"])
    return unknown_function(found["iri"])


def unknown_function(iri: str) -> QuerySyntaxError:
    """Return the error for a call of a function that the engine does not have, without a place."""
    return QuerySyntaxError(f"the engine has no function <{iri}>; the service description lists those it has")
