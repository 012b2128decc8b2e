"""The shapes of the registry's statements: one template a kind of thing, in the terms of docs/model.md.

A template is written as a reader of Turtle expects it (a subject at the margin, its predicates and objects indented)
and compiled once into N-Quads text with gaps. It parses nothing and knows no numbers: registry.py fills the gaps.
"""

from __future__ import annotations

from functools import cache
from typing import Final

BASE: Final = "https://w3id.org/hamkor/"
PREFIXES: Final = {
    "id": f"{BASE}id/",
    "scheme": f"{BASE}scheme/",
    "hk": f"{BASE}ns#",
    "schema": "https://schema.org/",
    "org": "http://www.w3.org/ns/org#",
    "cv": "http://data.europa.eu/m8g/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "lode": "http://linkedevents.org/ontology/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "prov": "http://www.w3.org/ns/prov#",
    "dct": "http://purl.org/dc/terms/",
    "qb": "http://purl.org/linked-data/cube#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

#: The named graphs in the order in which the file has them.
GRAPHS: Final = ("schemes", "places", "bodies", "projects", "forums", "clubs", "contacts", "sources")

#: Kind of thing → (named graph, template). Every template writes the same number of statements for every thing of its
#: kind: this is what makes the size of a registry known before it is written.
TEMPLATES: Final = {
    "scheme": (
        "schemes",
        """
scheme:{slug}
  a skos:ConceptScheme
  rdfs:label "{label}"@en
""",
    ),
    "concept": (
        "schemes",
        """
scheme:{scheme}/{slug}
  a skos:Concept
  skos:inScheme scheme:{scheme}
  rdfs:label "{label}"@en
  skos:prefLabel "{label}"@en
""",
    ),
    "topic": (
        "schemes",
        """
scheme:topic/topic-{n}
  a skos:Concept
  skos:inScheme scheme:topic
  rdfs:label "{name.en} {n}"@en
  rdfs:label "{name.ru} {n}"@ru
  rdfs:label "{name.uz} {n}"@uz-Latn
  skos:prefLabel "{name.en} {n}"@en
  skos:prefLabel "{name.ru} {n}"@ru
  skos:prefLabel "{name.uz} {n}"@uz-Latn
  {place_in_tree}
""",
    ),
    "country": (
        "places",
        """
id:place/uzbekistan
  a schema:Country
  rdfs:label "Uzbekistan"@en
  rdfs:label "Узбекистан"@ru
  rdfs:label "Oʻzbekiston"@uz-Latn
  skos:notation "UZ"
""",
    ),
    "region": (
        "places",
        """
id:place/{region.slug}
  a schema:AdministrativeArea
  rdfs:label "{region.name.en}"@en
  rdfs:label "{region.name.ru}"@ru
  rdfs:label "{region.name.uz}"@uz-Latn
  schema:containedInPlace id:place/uzbekistan
  skos:notation "{region.iso}"
""",
    ),
    "city": (
        "places",
        """
id:place/city-{n}
  a schema:City
  rdfs:label "{name.en}"@en
  rdfs:label "{name.ru}"@ru
  rdfs:label "{name.uz}"@uz-Latn
  schema:containedInPlace id:place/{region}
  geo:hasGeometry id:geometry/city-{n}
id:geometry/city-{n}
  a geo:Geometry
  rdfs:label "Point of {name.en}"@en
  geo:asWKT "POINT({longitude:.5f} {latitude:.5f})"^^geo:wktLiteral
""",
    ),
    "body": (
        "bodies",
        """
id:body/body-{n}
  a {type}
  rdfs:label "{name.en} No. {n}, {city.en}"@en
  rdfs:label "{name.ru} № {n}, {city.ru}"@ru
  rdfs:label "{n}-sonli {name.uz}, {city.uz}"@uz-Latn
  skos:prefLabel "{name.en} No. {n}, {city.en}"@en
  skos:prefLabel "{name.ru} № {n}, {city.ru}"@ru
  skos:prefLabel "{n}-sonli {name.uz}, {city.uz}"@uz-Latn
  hk:asWritten "{name.en} of {city.en} ({n})"
  org:classification scheme:organisation-kind/{kind}
  schema:foundingDate "{year}"^^xsd:gYear
  schema:location id:place/city-{city_number}
  prov:wasDerivedFrom id:source/register-of-bodies
  {above}
  {extra}
""",
    ),
    "project": (
        "projects",
        """
id:project/project-{n}
  a hk:Project
  rdfs:label "Project {n}: {topic.en}"@en
  rdfs:label "Проект {n}: {topic.ru}"@ru
  rdfs:label "{n}-loyiha: {topic.uz}"@uz-Latn
  hk:pilotRegion id:place/{region}
  schema:startDate "{year}"^^xsd:gYear
  schema:funder id:body/body-{funder}
  dct:subject scheme:topic/topic-{topic_number}
  hk:targetGroup scheme:target-group/{target}
  prov:wasDerivedFrom id:source/register-of-projects
""",
    ),
    "forum": (
        "forums",
        """
id:forum/forum-{n}
  a hk:Forum
  rdfs:label "Forum {n}: {topic.en}"@en
  rdfs:label "Форум {n}: {topic.ru}"@ru
  rdfs:label "{n}-forum: {topic.uz}"@uz-Latn
  schema:name "Forum {n}: {topic.en}"@en
  schema:startDate "{month}-{day:02}"^^xsd:date
  schema:endDate "{month}-{last_day:02}"^^xsd:date
  schema:location id:place/city-{city_number}
  lode:atPlace id:place/city-{city_number}
  schema:organizer id:body/body-{organiser}
  dct:subject scheme:topic/topic-{topic_number}
  dct:subject scheme:topic/topic-{second_topic}
  hk:targetGroup scheme:target-group/{target}
  dct:type scheme:event-kind/international-forum
  prov:wasDerivedFrom id:source/register-of-forums
""",
    ),
    "participation": (
        "forums",
        """
id:forum/forum-{forum}
  hk:participation id:participation/forum-{forum}-{n}
id:participation/forum-{forum}-{n}
  a hk:Participation
  rdfs:label "Body {body} as {role}, forum {forum}"@en
  hk:participationIn id:forum/forum-{forum}
  hk:participant id:body/body-{body}
  hk:role scheme:role/{role}
  schema:startDate "{month}-{day:02}"^^xsd:date
  prov:wasDerivedFrom id:source/register-of-forums
""",
    ),
    "club": (
        "clubs",
        """
id:club/club-{n}
  a hk:ParentsClub
  rdfs:label "Parents’ club “{name.en}” No. {n}, {city.en}"@en
  rdfs:label "Клуб родителей «{name.ru}» № {n}, {city.ru}"@ru
  rdfs:label "{n}-sonli «{name.uz}» ota-onalar klubi, {city.uz}"@uz-Latn
  hk:asWritten "Parent's Club {n} in {city.en}"
  org:classification scheme:organisation-kind/parents-club
  schema:foundingDate "{month}"^^xsd:gYearMonth
  hk:foundedEarliest "{month}-01"^^xsd:date
  hk:foundedLatest "{month}-{last_day}"^^xsd:date
  hk:city id:place/city-{city_number}
  hk:region id:place/{region}
  hk:project id:project/project-{project}
  hk:targetGroup scheme:target-group/{target}
  hk:numberOfMembers "{members}"^^xsd:integer
  dct:subject scheme:topic/topic-{topic}
  dct:subject scheme:topic/topic-{second_topic}
  prov:wasDerivedFrom id:source/register-of-clubs
  {extra}
""",
    ),
    "member-count": (
        "clubs",
        """
id:member-count/club-{club}-{n}
  a hk:MemberCount
  rdfs:label "Members of club {club}, count {n}"@en
  hk:countedClub id:club/club-{club}
  hk:countUnit scheme:unit/parents
  hk:memberCount "{members}"^^xsd:integer
  hk:countEarliest "{month}-01"^^xsd:date
  hk:countLatest "{month}-{last_day}"^^xsd:date
  qb:dataSet id:data-set/member-counts
  prov:wasDerivedFrom id:source/register-of-clubs
""",
    ),
    "further-name": ("clubs", 'id:club/club-{club}\n  skos:altLabel "{name.en} (further name {n})"@en\n'),
    "person": (
        "contacts",
        """
id:person/person-{n}
  a foaf:Person
  rdfs:label "{given} {family}"@en
  foaf:name "{given} {family}"
  foaf:givenName "{given}"
  foaf:familyName "{family}"
id:membership/person-{n}-{role}
  a org:Membership
  rdfs:label "{given} {family}, {role} of club {club}"@en
  org:member id:person/person-{n}
  org:organization id:club/club-{club}
  org:role scheme:role/{role}
  schema:startDate "{month}-01"^^xsd:date
  prov:wasDerivedFrom id:source/register-of-clubs
  {extra}
""",
    ),
    "source": (
        "sources",
        """
id:source/register-of-{things}
  a prov:Entity
  a schema:CreativeWork
  rdfs:label "Register of {things}"@en
""",
    ),
    "data-set": (
        "sources",
        """
id:data-set/member-counts
  a qb:DataSet
  rdfs:label "Member counts"@en
""",
    ),
}


@cache
def template(kind: str) -> str:
    """The N-Quads text of one thing of a kind, with the gaps still open."""
    graph, text = TEMPLATES[kind]
    lines, subject = [], ""
    for line in text.strip("\n").splitlines():
        if not line.startswith(" "):
            subject = _term(line)
        else:
            lines.append(f"{subject} {statement(line.strip())} <{BASE}graph/{graph}> .\n")
    return "".join(lines)


def statement(text: str) -> str:
    """``predicate object`` written out in full; a line that is nothing but a gap stays as it is."""
    predicate, _, value = text.partition(" ")
    return f"{_term(predicate)} {_term(value)}" if value else predicate


def _term(text: str) -> str:
    if text == "a":
        return f"<{PREFIXES['rdf']}type>"
    if text.startswith('"'):
        literal, mark, datatype = text.rpartition("^^")
        return f"{literal}^^{_term(datatype)}" if mark else text
    if text.startswith("<"):
        return text
    prefix, colon, local = text.partition(":")
    return f"<{PREFIXES[prefix]}{local}>" if colon else text
