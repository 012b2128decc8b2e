"""The explore mix: what somebody does who looks for a club, step by step, after the Berlin SPARQL Benchmark.

Its queries 1 to 5 and 7 to 12 in the registry's vocabulary: product → club, product type → target group, feature →
topic, producer → project, offer → membership, review → member count. The sequence is the benchmark's own order of 24
steps. Where BSBM limits without a total order, an order is added, so that answers can be compared. It runs nothing.
"""

from __future__ import annotations

import random
from typing import Final

from benchmarks import names
from benchmarks.knowledge import Club, Registry
from benchmarks.quads import BASE
from benchmarks.queries import HOMEPAGE, Query, Template, drawn_club, iri, prefixed


def by_features(registry: Registry, draw: random.Random) -> str:
    """BSBM 1: clubs for a target group that deal with two topics and have more than so many members."""
    _, club = _a_club(registry, draw)
    return f"""
        SELECT DISTINCT ?club ?label WHERE {{
          ?club rdfs:label ?label ; hk:targetGroup {_target(club)} ;
            dct:subject {iri("topic", club.topics[0])} ; dct:subject {iri("topic", club.topics[1])} ;
            hk:numberOfMembers ?n .
          FILTER(?n > {draw.randrange(club.members)}) FILTER(LANG(?label) = "en")
        }} ORDER BY ?label ?club LIMIT 10"""


def basic_facts(registry: Registry, draw: random.Random) -> str:
    """BSBM 2: what a page on a club shows, with optional parts."""
    n, _ = _a_club(registry, draw)
    club = iri("club", n)
    return f"""
        SELECT ?label ?founded ?earliest ?project ?city ?members ?topic ?homepage ?name ?note WHERE {{
          {club} rdfs:label ?label ; schema:foundingDate ?founded ; hk:foundedEarliest ?earliest ;
            hk:project ?p ; hk:city ?c ; hk:numberOfMembers ?members ; dct:subject ?t .
          ?p rdfs:label ?project . ?c rdfs:label ?city . ?t rdfs:label ?topic .
          FILTER(LANG(?label) = "ru" && LANG(?project) = "ru" && LANG(?city) = "ru" && LANG(?topic) = "ru")
          OPTIONAL {{ {club} foaf:homepage ?homepage }}
          OPTIONAL {{ {club} skos:altLabel ?name }}
          OPTIONAL {{ {club} dct:description ?note }}
        }}"""


def with_one_without_other(registry: Registry, draw: random.Random) -> str:
    """BSBM 3: clubs with one topic that do not deal with another, by a left join and ``!BOUND``."""
    _, club = _a_club(registry, draw)
    other = next(n for n in iter(lambda: draw.randrange(registry.topics), None) if n not in club.topics)
    return f"""
        SELECT ?club ?label WHERE {{
          ?club rdfs:label ?label ; hk:targetGroup {_target(club)} ; dct:subject {iri("topic", club.topics[0])} ;
            hk:numberOfMembers ?n .
          FILTER(?n > {draw.randrange(club.members)}) FILTER(LANG(?label) = "en")
          OPTIONAL {{ ?club dct:subject {iri("topic", other)} ; rdfs:label ?unwanted }}
          FILTER(!BOUND(?unwanted))
        }} ORDER BY ?label ?club LIMIT 10"""


def either_of_two(registry: Registry, draw: random.Random) -> str:
    """BSBM 4: clubs with one topic or another, each above a number of members of its own."""
    (_, one), (_, other) = _a_club(registry, draw), _a_club(registry, draw)
    arms = " UNION ".join(
        f"{{ ?club hk:targetGroup {_target(club)} ; dct:subject {iri('topic', club.topics[0])} ; "
        f"hk:numberOfMembers ?n . FILTER(?n > {draw.randrange(club.members)}) }}"
        for club in (one, other)
    )
    return f"""
        SELECT DISTINCT ?club ?label ?homepage WHERE {{
          {arms}
          ?club rdfs:label ?label . FILTER(LANG(?label) = "en")
          OPTIONAL {{ ?club foaf:homepage ?homepage }}
        }} ORDER BY ?label ?club LIMIT 10"""


def similar(registry: Registry, draw: random.Random) -> str:
    """BSBM 5: clubs that share a topic with a club and have about as many members; the club is among them."""
    n, _ = _a_club(registry, draw)
    club = iri("club", n)
    return f"""
        SELECT DISTINCT ?other ?label WHERE {{
          {club} dct:subject ?topic ; hk:numberOfMembers ?n .
          ?other dct:subject ?topic ; hk:numberOfMembers ?m ; rdfs:label ?label .
          FILTER(LANG(?label) = "en") FILTER(?m < (?n + 20) && ?m > (?n - 20))
        }} ORDER BY ?label ?other LIMIT 5"""


def persons_and_counts(registry: Registry, draw: random.Random) -> str:
    """BSBM 7: a club with its persons who have no end date, and its counts."""
    n, _ = _a_club(registry, draw)
    club = iri("club", n)
    return f"""
        SELECT ?label ?membership ?person ?name ?count ?members ?read WHERE {{
          {club} rdfs:label ?label . FILTER(LANG(?label) = "en")
          OPTIONAL {{
            ?membership org:organization {club} ; org:member ?person .
            ?person foaf:name ?name .
            OPTIONAL {{ ?membership schema:endDate ?end }}
            FILTER(!BOUND(?end))
          }}
          OPTIONAL {{
            ?count hk:countedClub {club} ; hk:memberCount ?members
            OPTIONAL {{ ?count hk:countEarliest ?read }}
          }}
        }} ORDER BY ?membership ?count"""


def in_a_language(registry: Registry, draw: random.Random) -> str:
    """BSBM 8: the twenty latest forums on a topic that have a name in a language."""
    forum = registry.forum(draw.randrange(registry.forums))
    return f"""
        SELECT ?forum ?label ?start ?place WHERE {{
          ?forum dct:subject {iri("topic", forum.topics[0])} ; a hk:Forum ; rdfs:label ?label ;
            schema:startDate ?start ; schema:location ?city .
          FILTER(LANGMATCHES(LANG(?label), "{draw.choice(("en", "ru", "uz"))}"))
          OPTIONAL {{ ?city skos:prefLabel ?place }}
        }} ORDER BY DESC(?start) ?forum LIMIT 20"""


def describe_the_person(registry: Registry, draw: random.Random) -> str:
    """BSBM 9: the persons of a club, described."""
    n, _ = _a_club(registry, draw)
    return f"DESCRIBE ?person WHERE {{ ?membership org:organization {iri('club', n)} ; org:member ?person }}"


def roles_from_a_day(registry: Registry, draw: random.Random) -> str:
    """BSBM 10: the first ten roles of a body in forums in the country, from the first day of a year on."""
    forum = draw.randrange(registry.forums)
    body = registry.participation(forum, draw.randrange(12)).body
    year = 2005 + registry.forum(forum).month // 12
    return f"""
        SELECT DISTINCT ?participation ?role ?date WHERE {{
          ?participation hk:participant {iri("body", body)} ; hk:role ?role ; schema:startDate ?date ;
            hk:participationIn ?forum .
          ?forum lode:atPlace ?city . ?city schema:containedInPlace ?region .
          ?region schema:containedInPlace <{BASE}id/place/uzbekistan> .
          FILTER(?date >= "{year}-01-01"^^xsd:date)
        }} ORDER BY ?date ?participation LIMIT 10"""


def all_around(registry: Registry, draw: random.Random) -> str:
    """BSBM 11: everything said of a membership and everything that points to it."""
    n = draw.randrange(registry.clubs)
    membership = f"<{BASE}id/membership/person-{n}-contact-person>"
    return f"""
        SELECT ?property ?value ?isValueOf WHERE {{
          {{ {membership} ?property ?value }} UNION {{ ?isValueOf ?property {membership} }}
        }}"""


def export(registry: Registry, draw: random.Random) -> str:
    """BSBM 12: a club with a homepage in another vocabulary."""
    club = iri("club", drawn_club(registry, draw, lambda n: registry.club(n).extra == HOMEPAGE))
    return f"""
        CONSTRUCT {{
          {club} schema:name ?label ; schema:url ?homepage ; schema:location ?city ; schema:numberOfEmployees ?n .
          ?city schema:name ?name .
        }} WHERE {{
          {club} rdfs:label ?label ; foaf:homepage ?homepage ; hk:city ?city ; hk:numberOfMembers ?n .
          ?city rdfs:label ?name .
        }}"""


TEMPLATES: Final[dict[str, Template]] = {
    "by-features": by_features,
    "basic-facts": basic_facts,
    "with-one-without-other": with_one_without_other,
    "either-of-two": either_of_two,
    "similar": similar,
    "persons-and-counts": persons_and_counts,
    "in-a-language": in_a_language,
    "describe-the-person": describe_the_person,
    "roles-from-a-day": roles_from_a_day,
    "all-around": all_around,
    "export": export,
}
_NUMBERS: Final = dict(zip((1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12), TEMPLATES, strict=True))
#: BSBM's query mix without query 6, which later versions dropped.
SEQUENCE: Final = tuple(
    _NUMBERS[n] for n in (1, 2, 2, 3, 2, 2, 4, 2, 2, 5, 7, 7, 7, 7, 8, 9, 9, 8, 9, 9, 10, 10, 11, 12)
)


def mix(registry: Registry, rounds: int, seed: int = 1) -> list[Query]:
    """So many times the sequence, each step with parameters of its own; the same for an equal seed."""
    draw = random.Random(f"explore mix {seed}")
    return [Query(name, prefixed(TEMPLATES[name](registry, draw))) for _ in range(rounds) for name in SEQUENCE]


def _a_club(registry: Registry, draw: random.Random) -> tuple[int, Club]:
    n = draw.randrange(registry.clubs)
    return n, registry.club(n)


def _target(club: Club) -> str:
    return f"<{BASE}scheme/target-group/{names.TARGET_GROUPS[club.target]}>"
