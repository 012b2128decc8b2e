"""The second mix: the questions of the registry mix in other words, so that nothing is tuned to one wording.

AVG beside SUM, ``LANG() =`` beside ``LANGMATCHES``, HAVING, a sub-SELECT, MINUS, OPTIONAL in OPTIONAL, a property as a
variable, inverse paths, values that are bound. Nothing is tuned by it: it is asked when all else is done. It runs
nothing.
"""

from __future__ import annotations

import random
from typing import Final

from benchmarks import names
from benchmarks.knowledge import Registry
from benchmarks.quads import BASE
from benchmarks.queries import HOMEPAGE, Query, Template, drawn_club, iri, mix


def who_points_to(registry: Registry, draw: random.Random) -> str:
    """Everything that points to one club, and by which property."""
    return f"SELECT ?thing ?property WHERE {{ ?thing ?property {iri('club', draw.randrange(registry.clubs))} }}"


def named_in_russian(registry: Registry, draw: random.Random) -> str:
    """Bodies by a beginning and a town in their Russian names."""
    body = registry.body(draw.randrange(registry.bodies))
    town = registry.city_name(body.city).ru
    return f"""
        SELECT ?label ?body WHERE {{
          ?body rdfs:label ?label . FILTER(LANG(?label) = "ru" && STRENDS(?label, "{town}"))
          ?body org:classification [] .
          FILTER(STRSTARTS(STR(?label), "{names.BODY_NAMES[body.name].ru[:6]}"))
        }} ORDER BY ?label ?body LIMIT 25"""


def average_by_region(_: Registry, draw: random.Random) -> str:
    """Regions whose clubs are large on average: averages over all clubs, and a condition on groups."""
    return f"""
        SELECT ?region (AVG(?n) AS ?average) (MAX(?n) AS ?largest) (COUNT(DISTINCT ?city) AS ?cities) WHERE {{
          ?club hk:numberOfMembers ?n ; hk:city ?city . ?city schema:containedInPlace ?region .
          FILTER(?n > {draw.randrange(5, 15)})
        }} GROUP BY ?region HAVING(COUNT(?club) > 10 && AVG(?n) > 20) ORDER BY ?average ?region"""


def above_the_average(registry: Registry, draw: random.Random) -> str:
    """Clubs of a city that are larger than its average club: a sub-SELECT joined with what it is about."""
    city = iri("city", registry.club(draw.randrange(registry.clubs)).city)
    return f"""
        SELECT ?club ?n ?average WHERE {{
          {{ SELECT (AVG(?m) AS ?average) WHERE {{ ?any hk:city {city} ; hk:numberOfMembers ?m }} }}
          ?club hk:city {city} ; hk:numberOfMembers ?n . FILTER(?n > ?average)
        }} ORDER BY DESC(?n) ?club"""


def people_if_any(registry: Registry, draw: random.Random) -> str:
    """The clubs of a project with their people, and what there is to say of these."""
    club = registry.club(draw.randrange(registry.clubs))
    return f"""
        SELECT ?label ?name ?role ?until WHERE {{
          ?club hk:project {iri("project", club.project)} ; rdfs:label ?label . FILTER(LANG(?label) = "ru")
          OPTIONAL {{
            ?membership org:organization ?club ; org:role ?role .
            OPTIONAL {{ ?membership org:member ?person . ?person foaf:name ?name
              OPTIONAL {{ ?membership schema:endDate ?until }} }}
          }}
        }} ORDER BY ?label ?name ?role ?until LIMIT 200"""


def below_a_body(_: Registry, draw: random.Random) -> str:
    """All bodies below one, by an inverse path, with where they are."""
    root = iri("body", draw.randrange(len(names.REGIONS)))
    return f"""
        SELECT (COUNT(DISTINCT ?below) AS ?bodies) (COUNT(DISTINCT ?place) AS ?places) WHERE {{
          {root} ^org:subOrganizationOf+ ?below . ?below schema:location ?place
        }}"""


def pairs_of_counts(registry: Registry, draw: random.Random) -> str:
    """How many clubs of a region grew: two counts of one club, compared, those of a project taken away."""
    club = registry.club(draw.randrange(registry.clubs))
    region = iri("region", names.REGIONS[club.region].slug)
    return f"""
        SELECT (COUNT(DISTINCT ?club) AS ?grown) WHERE {{
          ?club hk:region {region} .
          ?one hk:countedClub ?club ; hk:memberCount ?before . ?two hk:countedClub ?club ; hk:memberCount ?after .
          FILTER(?after - ?before > {draw.randrange(1, 9)})
          MINUS {{ ?club hk:project {iri("project", club.project)} }}
        }}"""


def by_property(registry: Registry, draw: random.Random) -> str:
    """By which properties things refer to a city, and how often."""
    city = iri("city", registry.club(draw.randrange(registry.clubs)).city)
    return f"SELECT ?p (COUNT(*) AS ?n) WHERE {{ ?s ?p {city} }} GROUP BY ?p ORDER BY DESC(?n) ?p"


def without_homepage(registry: Registry, draw: random.Random) -> str:
    """Clubs of a target group and a month without a homepage: MINUS where the first mix says NOT EXISTS."""
    club = registry.club(drawn_club(registry, draw, lambda n: registry.club(n).extra != HOMEPAGE))
    group = f"<{BASE}scheme/target-group/{names.TARGET_GROUPS[club.target]}>"
    return f"""
        SELECT ?club ?founded WHERE {{
          ?club hk:targetGroup {group} ; hk:foundedEarliest ?founded ; hk:project {iri("project", club.project)} .
          MINUS {{ ?club foaf:homepage ?page }}
        }} ORDER BY DESC(?founded) ?club LIMIT 30"""


def forums_by_year(_: Registry, draw: random.Random) -> str:
    """In how many years, and by how many bodies, each role was taken: an expression as a key of groups."""
    return f"""
        SELECT ?year ?role (COUNT(DISTINCT ?body) AS ?bodies) WHERE {{
          ?participation hk:role ?role ; hk:participant ?body ; schema:startDate ?date .
        }} GROUP BY (YEAR(?date) AS ?year) ?role HAVING(COUNT(*) > {draw.randrange(2, 5)}) ORDER BY ?year ?role"""


def topics_with_names(registry: Registry, draw: random.Random) -> str:
    """The topics above one topic with their names, and how many clubs deal with each: a sub-SELECT below a path."""
    topic = registry.club(draw.randrange(registry.clubs)).topics[0]
    return f"""
        SELECT ?topic ?label ?clubs WHERE {{
          {iri("topic", topic)} skos:broader* ?topic . ?topic skos:prefLabel ?label . FILTER(LANG(?label) = "en")
          {{ SELECT ?topic (COUNT(?club) AS ?clubs) WHERE {{ ?club dct:subject ?topic }} GROUP BY ?topic }}
        }} ORDER BY DESC(?clubs) ?topic"""


def sizes_of_two(_: Registry, draw: random.Random) -> str:
    """How many clubs of two regions are small, middling or large: values given, a value bound, groups by it."""
    first, second = draw.sample(range(len(names.REGIONS)), 2)
    regions = f"{iri('region', names.REGIONS[first].slug)} {iri('region', names.REGIONS[second].slug)}"
    size = f'IF(?n < {draw.randrange(15, 25)}, "small", IF(?n < {draw.randrange(60, 90)}, "middling", "large"))'
    return f"""
        SELECT ?region ?size (COUNT(*) AS ?clubs) (SUM(?n) AS ?members) WHERE {{
          VALUES ?region {{ {regions} }}
          ?club hk:region ?region ; hk:numberOfMembers ?n .
          BIND({size} AS ?size)
        }} GROUP BY ?region ?size ORDER BY ?region ?size"""


TEMPLATES: Final[dict[str, Template]] = {
    "who-points-to": who_points_to,
    "named-in-russian": named_in_russian,
    "average-by-region": average_by_region,
    "above-the-average": above_the_average,
    "people-if-any": people_if_any,
    "below-a-body": below_a_body,
    "pairs-of-counts": pairs_of_counts,
    "by-property": by_property,
    "without-homepage": without_homepage,
    "forums-by-year": forums_by_year,
    "topics-with-names": topics_with_names,
    "sizes-of-two": sizes_of_two,
}


def second_mix(registry: Registry, rounds: int, seed: int = 1) -> list[Query]:
    """So many rounds of the twelve, as ``benchmarks.queries.mix`` gives those of the first."""
    return mix(registry, rounds, seed, TEMPLATES)
