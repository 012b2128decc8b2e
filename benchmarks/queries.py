"""The registry mix: twelve query templates with seeded parameters that are known to have answers.

Every query has a total order or is a set, so that the answers of two servers can be compared; none needs more than
the default graph as the merge of all graphs. It runs nothing: see explore.py for the other mix, runaways.py for the
queries that no server should finish.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from benchmarks import names
from benchmarks.knowledge import Registry
from benchmarks.quads import BASE, PREFIXES

#: What a query of each template is made from: the registry, and a generator for its parameters.
Template = Callable[[Registry, random.Random], str]
#: Templates whose work grows with the registry; the other eight are light.
HEAVY: Final = frozenset({"label-search", "clubs-by-region", "count-over-join", "topic-tree"})

#: The value of ``extra`` with which a club has a homepage, as registry.py writes it.
HOMEPAGE: Final = 2


class Query(NamedTuple):
    """One query to be asked: the name of its template, and its text."""

    name: str
    text: str


def prefixed(text: str) -> str:
    """The query with a PREFIX line for each prefix that stands in it, and without the margin of the source."""
    lines = [line.strip() for line in text.strip().splitlines()]
    used = [f"PREFIX {prefix}: <{iri}>" for prefix, iri in PREFIXES.items() if f"{prefix}:" in text]
    return "\n".join([*used, *lines]) + "\n"


_SEGMENTS: Final = {
    "club": "club/club",
    "city": "place/city",
    "body": "body/body",
    "forum": "forum/forum",
    "project": "project/project",
    "person": "person/person",
}


def iri(kind: str, n: int | str) -> str:
    """The IRI of the n-th thing of a kind, or of the region with that slug, in angle brackets."""
    if kind == "topic":
        return f"<{BASE}scheme/topic/topic-{n}>"
    return f"<{BASE}id/place/{n}>" if kind == "region" else f"<{BASE}id/{_SEGMENTS[kind]}-{n}>"


def lookup(registry: Registry, draw: random.Random) -> str:
    """Everything said of one club."""
    return f"SELECT ?property ?value WHERE {{ {iri('club', draw.randrange(registry.clubs))} ?property ?value }}"


def describe(registry: Registry, draw: random.Random) -> str:
    """One body described; servers differ in what they add to its own statements."""
    return f"DESCRIBE {iri('body', draw.randrange(registry.bodies))}"


def label_search(registry: Registry, draw: random.Random) -> str:
    """Bodies by a word and a town in their names, in one of three languages."""
    body = registry.body(draw.randrange(registry.bodies))
    field, tag = draw.choice((("en", "en"), ("ru", "ru"), ("uz", "uz-Latn")))
    word = max(getattr(names.BODY_NAMES[body.name], field).lower().split(), key=len)
    town = getattr(registry.city_name(body.city), field).lower()
    return f"""
        SELECT ?body ?label WHERE {{
          ?body org:classification ?kind ; rdfs:label ?label .
          FILTER(LANGMATCHES(LANG(?label), "{tag}"))
          FILTER(CONTAINS(LCASE(STR(?label)), "{word}") && CONTAINS(LCASE(STR(?label)), "{town}"))
        }} ORDER BY ?body LIMIT 20"""


def clubs_by_region(_: Registry, draw: random.Random) -> str:
    """Clubs and members of every region: a join over all clubs, grouped."""
    return f"""
        SELECT ?region ?label (COUNT(?club) AS ?clubs) (SUM(?n) AS ?members) WHERE {{
          ?club a hk:ParentsClub ; hk:region ?region ; hk:numberOfMembers ?n .
          ?region rdfs:label ?label . FILTER(LANG(?label) = "{draw.choice(("en", "ru"))}")
        }} GROUP BY ?region ?label ORDER BY DESC(?members) ?region"""


def top_k(registry: Registry, draw: random.Random) -> str:
    """The ten largest clubs of a city."""
    return f"""
        SELECT ?club ?label ?n WHERE {{
          ?club hk:city {_city_of_a_club(registry, draw)} ; hk:numberOfMembers ?n ; rdfs:label ?label .
          FILTER(LANG(?label) = "en")
        }} ORDER BY DESC(?n) ?club LIMIT 10"""


def optional_chain(registry: Registry, draw: random.Random) -> str:
    """The clubs of a city, with what not all of them have."""
    return f"""
        SELECT ?club ?label ?homepage ?name ?person ?until WHERE {{
          ?club hk:city {_city_of_a_club(registry, draw)} ; rdfs:label ?label . FILTER(LANG(?label) = "ru")
          OPTIONAL {{ ?club foaf:homepage ?homepage }}
          OPTIONAL {{ ?club skos:altLabel ?name }}
          OPTIONAL {{
            ?membership org:organization ?club ; org:member ?person
            OPTIONAL {{ ?membership schema:endDate ?until }}
          }}
        }} ORDER BY ?club ?name ?person"""


def path(registry: Registry, draw: random.Random) -> str:
    """Where a body and all bodies above it are, up to the country."""
    body = iri("body", draw.randrange(len(names.REGIONS), registry.bodies))
    return f"""
        SELECT DISTINCT ?place ?label WHERE {{
          {body} org:subOrganizationOf*/schema:location/schema:containedInPlace* ?place .
          ?place rdfs:label ?label . FILTER(LANG(?label) = "en")
        }} ORDER BY ?place"""


def count_over_join(registry: Registry, draw: random.Random) -> str:
    """How many counts of clubs of a region were above a number."""
    club = registry.club(draw.randrange(registry.clubs))
    return f"""
        SELECT (COUNT(*) AS ?n) WHERE {{
          ?city schema:containedInPlace {iri("region", names.REGIONS[club.region].slug)} .
          ?club hk:city ?city .
          ?count hk:countedClub ?club ; hk:memberCount ?members .
          FILTER(?members > {min(draw.randrange(60), club.members - 1)})
        }}"""


def union(registry: Registry, draw: random.Random) -> str:
    """Clubs, bodies and forums of a city."""
    city = _city_of_a_club(registry, draw)
    return f"""
        SELECT DISTINCT ?thing ?label WHERE {{
          {{ ?thing hk:city {city} }} UNION {{ ?thing schema:location {city} }} UNION {{ ?thing lode:atPlace {city} }}
          ?thing rdfs:label ?label . FILTER(LANG(?label) = "en")
        }} ORDER BY ?thing"""


def not_exists(registry: Registry, draw: random.Random) -> str:
    """Clubs of a project without a homepage."""
    club = drawn_club(registry, draw, lambda n: registry.club(n).extra != HOMEPAGE)
    return f"""
        SELECT ?club ?founded WHERE {{
          ?club hk:project {iri("project", registry.club(club).project)} ; hk:foundedEarliest ?founded .
          FILTER NOT EXISTS {{ ?club foaf:homepage ?homepage }}
        }} ORDER BY ?founded ?club LIMIT 50"""


def roles_by_date(registry: Registry, draw: random.Random) -> str:
    """How often each role was taken in the year of a forum."""
    year = 2005 + registry.forum(draw.randrange(registry.forums)).month // 12
    return f"""
        SELECT ?role (COUNT(?participation) AS ?n) WHERE {{
          ?participation a hk:Participation ; hk:role ?role ; schema:startDate ?date .
          FILTER(?date >= "{year}-01-01"^^xsd:date && ?date < "{year + 1}-01-01"^^xsd:date)
        }} GROUP BY ?role ORDER BY ?role"""


def topic_tree(registry: Registry, draw: random.Random) -> str:
    """How many clubs deal with each topic below a topic that is one or two steps from the root."""
    topic = registry.club(draw.randrange(registry.clubs)).topics[0]
    while topic > 30:
        topic = (topic - 1) // 5
    return f"""
        SELECT ?topic (COUNT(?club) AS ?clubs) WHERE {{
          ?topic skos:broader* {iri("topic", topic)} .
          ?club dct:subject ?topic ; a hk:ParentsClub .
        }} GROUP BY ?topic ORDER BY DESC(?clubs) ?topic"""


TEMPLATES: Final[dict[str, Template]] = {
    "lookup": lookup,
    "describe": describe,
    "label-search": label_search,
    "clubs-by-region": clubs_by_region,
    "top-k": top_k,
    "optional-chain": optional_chain,
    "path": path,
    "count-over-join": count_over_join,
    "union": union,
    "not-exists": not_exists,
    "roles-by-date": roles_by_date,
    "topic-tree": topic_tree,
}


def mix(registry: Registry, rounds: int, seed: int = 1, templates: dict[str, Template] | None = None) -> list[Query]:
    """So many rounds, each with every template once in an order of its own; the same for an equal seed."""
    draw = random.Random(f"registry mix {seed}")
    return [query for _ in range(rounds) for query in _round(registry, draw, templates or TEMPLATES)]


def _round(registry: Registry, draw: random.Random, templates: dict[str, Template]) -> Iterator[Query]:
    for name in draw.sample(sorted(templates), len(templates)):
        yield Query(name, prefixed(templates[name](registry, draw)))


def _city_of_a_club(registry: Registry, draw: random.Random) -> str:
    return iri("city", registry.club(draw.randrange(registry.clubs)).city)


def drawn_club(registry: Registry, draw: random.Random, fits: Callable[[int], bool]) -> int:
    """The number of a club that fits, found by trying; RuntimeError if a thousand do not."""
    for _ in range(1000):
        n = draw.randrange(registry.clubs)
        if fits(n):
            return n
    raise RuntimeError("no club of the registry fits")
