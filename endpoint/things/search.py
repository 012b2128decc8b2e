"""Things found by their names: ``/search`` by any of them or by a telephone number, ``/suggest`` while one is typed."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

import pyoxigraph as ox
from flask import Blueprint, Response, render_template, request
from flask.sansio.blueprints import BlueprintSetupState

from endpoint.current import BY_NAME, Snapshot, languages, snapshot, urls
from endpoint.http.languages import DAY, in_script, partial
from endpoint.http.problems import ProblemError
from endpoint.http.responses import POLICY as OF_PAGES
from endpoint.http.responses import answer
from endpoint.http.semantics import AS_HTML, HeaderLink, Representation, choose, entity_tag
from graph.model.description import (
    DATA_SET,
    DOCUMENT,
    KINDS,
    PERSON,
    TERMS,
    UNTYPED,
    Label,
    Period,
    language_chain,
    language_rank,
    narrowest,
    person_published,
    published,
    spanned,
)
from graph.model.errors import Sentence
from graph.model.rdf_terms import CV, FOAF, ORG, SCHEMA, VCARD
from graph.parts.linking.candidate_search import LONGEST_QUERY, Hit, Search, SearchScope, restated
from graph.parts.linking.candidate_search import suggested as suggested_names
from graph.parts.linking.name_comparison import words
from graph.parts.linking.names_index import LABEL, Entity, Name, id_of, open_index
from graph.parts.linking.reconciliation import Reconciler

# What finds things in the release of a request by their names, and how what was found is called and described.
#
# Search, suggestions, reconciliation and identifiers share it. Who is found decides ``graph.parts.linking``.


@dataclass(frozen=True)
class Finder:
    """What finds things in one release."""

    search: Search
    reconciler: Reconciler


def finder() -> Finder:
    """Return what finds things in the release of this request.

    Raises:
        ProblemError: the release has no index of names.
    """
    found = snapshot().once(_finder)
    if found is None:
        detail = Sentence("release %(id)s has no index of names", id=snapshot().release.id)
        raise ProblemError("unavailable", detail, {"remedy": Sentence("change the data and run hamkor build")})
    return found


def _finder(here: Snapshot) -> Finder | None:
    index = open_index(here.release.folder)
    if index is None:
        return None
    search = Search(index, here.publication.base)
    return Finder(search, Reconciler(search))


@dataclass(frozen=True, slots=True)
class Tongue:
    """In which languages somebody reads; language tags in small letters, the best first."""

    chain: tuple[str, ...]

    def label(self, entity: Entity) -> tuple[str, str]:
        """Return what a thing is called, and the language of that."""
        names = [each for each in entity.names if each.rank == LABEL] or entity.names
        best = min(names, key=lambda each: language_rank(each.language, self.chain))
        label = in_script(Label(best.text, best.language), self.chain)
        return label.text, label.language

    def kind(self, kind: str) -> str:
        """Return what a kind of thing is called."""
        return self.of(KINDS[kind].names) if kind in KINDS else kind

    def of(self, names: Mapping[str, str]) -> str:
        """Return the text in the best language of those that there are."""
        return names[min(names, key=lambda tag: language_rank(tag, self.chain))]

    def description(self, entity: Entity, finds: Finder) -> str:
        """Return a line that tells a thing from its namesakes: its kind, its places, its founding."""
        around = finds.reconciler.evidence.around(entity)
        places = ", ".join(dict.fromkeys(self.label(each)[0] for each in around))
        founded = partial(entity.founded, next((tag for tag in self.chain if tag in DAY), "en"))
        return " · ".join(part for part in (self.kind(main_kind(entity)), places, founded) if part)


def main_kind(entity: Entity) -> str:
    """Return the most telling kind of a thing: a narrower one before a broader one."""
    return next(iter(narrowest(entity.kinds)), entity.kinds[0])


def tongue() -> Tongue:
    """Return the languages of this request."""
    return Tongue(language_chain(languages()))


def view_of(entity: Entity) -> str:
    """Return the URL at which one reads about a thing."""
    return urls().absolute(urls().read(entity.iri))


def place_iri(text: str, finds: Finder) -> str:
    """Return the IRI of a place that is named by its id or IRI.

    Raises:
        ProblemError: there is no such place.
    """
    found = finds.search.candidates.identified(text)
    if not found:
        detail = Sentence("no place %(text)s in release %(id)s", text=repr(text[:200]), id=snapshot().release.id)
        raise ProblemError(
            "bad-request", detail, {"remedy": Sentence("name it by its id, such as place~termez, or its IRI")}
        )
    return finds.search.index.entities(found[:1])[0].iri


# What answers at a telephone number that somebody has typed, or at its last seven digits: clubs, offices, no persons.
#
# It is looked up in the data; no index holds a number, and nobody is found by a part that many numbers share.

PROPERTIES = (VCARD + "hasValue", VCARD + "hasTelephone", SCHEMA + "telephone", FOAF + "phone")
CONTACTS = (VCARD + "hasTelephone", CV + "contactPoint", SCHEMA + "contactPoint")
"""How a body has a telephone that is a thing of its own."""
TYPED = re.compile(r"[+(]?\d[\d\s().+-]*\Z")
LOCAL_DIGITS, MOST_DIGITS, MOST_NUMBERS, MOST_FOUND, STEPS = 7, 15, 100_000, 20, 3


def answering(text: str, scope: SearchScope, finds: Finder) -> list[tuple[Entity, Period | None]]:
    """Return the things in a scope that are at a number, each with when that was published.

    What is typed before the last seven digits of the number must agree.
    """
    digits = re.sub(r"\D", "", text)
    if not TYPED.match(text.strip()) or not LOCAL_DIGITS <= len(digits) <= MOST_DIGITS:
        return []
    here = snapshot()
    found = here.once(_numbers).get(digits[-LOCAL_DIGITS:], ())
    nodes = [node for number, node in found if number.endswith(digits) or digits.endswith(number)]
    store, ids = here.release.store, dict[str, list[Period | None]]()
    for node in nodes:
        for iri in _owners(store, node):
            ids.setdefault(id_of(iri, here.publication.base), []).append(published(store, node))
    numbers = [n for each in ids if (n := finds.search.index.number(each)) is not None]
    inside = finds.search.candidates.within(numbers, scope)
    bodies = [each for each in finds.search.index.entities(inside) if PERSON not in each.kinds][:MOST_FOUND]
    return [(each, spanned(ids[each.id])) for each in bodies]


def _numbers(here: Snapshot) -> dict[str, list[tuple[str, str]]]:
    """Return last seven digits → number and the node that has it, of so many numbers as fit into a few megabytes."""
    found = defaultdict[str, list[tuple[str, str]]](list)
    for name in PROPERTIES:
        quads = here.release.store.quads_for_pattern(None, ox.NamedNode(name), None, ox.DefaultGraph())
        for quad in islice(quads, MOST_NUMBERS):
            text = getattr(quad.object, "value", "")
            digits = re.sub(r"\D", "", text.removeprefix("tel:"))
            is_number = text.startswith("tel:") or TYPED.match(text)
            if is_number and LOCAL_DIGITS <= len(digits) <= MOST_DIGITS and isinstance(quad.subject, ox.NamedNode):
                found[digits[-LOCAL_DIGITS:]].append((digits, quad.subject.value))
    return dict(found)


def _owners(store: ox.Store, node: str) -> list[str]:
    """Return a node, what has it as its telephone or contact point, and of a membership the body."""
    reached, todo = dict.fromkeys([node]), [node]
    for _ in range(STEPS):
        found = {next_one for each in todo for next_one in _beside(store, ox.NamedNode(each))}
        todo = sorted(found - reached.keys())
        reached |= dict.fromkeys(todo)
    return list(reached)


def _beside(store: ox.Store, node: ox.NamedNode) -> Iterator[str]:
    merge = ox.DefaultGraph()
    for name in CONTACTS:
        for quad in islice(store.quads_for_pattern(None, ox.NamedNode(name), node, merge), MOST_FOUND):
            if isinstance(quad.subject, ox.NamedNode):
                yield quad.subject.value
    for quad in islice(store.quads_for_pattern(node, ox.NamedNode(ORG + "organization"), None, merge), MOST_FOUND):
        if isinstance(quad.object, ox.NamedNode):
            yield quad.object.value


# ``/search`` finds things by any of their names, ``/suggest`` while one is being typed; as a page and as JSON.
#
# Persons are found by just their name and suggested to nobody: what is published of them may be read, and is not
# offered.

search = Blueprint("search", __name__)

POLICY = f"script-src 'self'; connect-src 'self'; {OF_PAGES}"
"""What the page may do: suggest while somebody types, with the one script, from this host."""


@dataclass(frozen=True, slots=True)
class Found:
    """A thing that was found: by which name, how well, and when the number at which it answers was published."""

    entity: Entity
    matched: str
    score: float | None = None
    published: Period | None = None


AS_DATA = Representation("json", "application/json", "json", "JSON", "application/json", ("text/json",))
OFFERED = (AS_HTML, AS_DATA)
SHOWN, FACETED, SUGGESTED, MOST_SUGGESTED = 20, 200, 10, 50
LEAST_SCORE, LEAST_ASKED, LEAST_OF_BEST, OTHER_FORM = 40.0, 0.5, 0.6, 3.0
"""What a hit must score, what share of what was asked for it must have, where words are missing what share of the best
score it must have; and what it loses by another case form.
"""
EXACT, DOCUMENTS = 98.0, 2
FEWEST_LETTERS_GO_ON = 4
MOST_PAGES = 50
CYRILLIC = re.compile("[\u0400-\u04ff]")
APPARATUS = frozenset(("query", DATA_SET, UNTYPED, *TERMS))
"""Kinds of what describes: found behind the things that a publication is about. Documents come last of all."""


@search.get("/search", defaults={"suffix": ""})
@search.get("/search.<suffix>")
def found(suffix: str) -> Response:
    """What a text finds, with how many of each type and in each place."""
    representation = _representation(suffix)
    view = _view(finder(), tongue())
    parameters = {name: request.args.getlist(name) for name in ("q", "type", "place", "lang", "page")}
    links = [HeaderLink(urls().absolute(urls().route("search.json", **parameters)), "alternate", "application/json")]
    if representation is AS_DATA:
        body = (json.dumps(view, ensure_ascii=False, indent=1) + "\n").encode()
    else:
        body = render_template("search.html", **view, links=links, is_as_typed=_is_as_typed).encode()
    response = answer(representation, lambda: body, tag=entity_tag(body), links=links)
    if representation is AS_HTML:
        response.headers["Content-Security-Policy"] = POLICY
    return response


@search.get("/suggest")
def suggested() -> Response:
    """What a name may become that is being typed, as JSON."""
    finds, reader = finder(), tongue()
    text, scope = request.args.get("q", ""), _scope(finds, without=(PERSON,))
    entities = _suggested(text, scope, min(_number("limit", SUGGESTED), MOST_SUGGESTED), finds)
    results = [_result(Found(entity, name.text), finds, reader) for entity, name in entities]
    body = json.dumps({"results": results}, ensure_ascii=False).encode()
    return answer(AS_DATA, lambda: body, tag=entity_tag(body))


@search.record
def _offer(setup: BlueprintSetupState) -> None:
    """Let other parts find things by their names, where this one is served."""
    setup.app.extensions[BY_NAME] = begun


def begun(text: str, kinds: tuple[str, ...]) -> Iterator[str]:
    """Yield the IRIs of things of some kinds that a name may become, as ``/suggest`` has them: no persons.

    Nothing is found in a release without an index of names.
    """
    finds = snapshot().once(_finder)
    if finds is not None:
        for entity, _ in _suggested(text[:LONGEST_QUERY], SearchScope(kinds, "", (PERSON,)), MOST_SUGGESTED, finds):
            yield entity.iri


def _suggested(text: str, scope: SearchScope, most: int, finds: Finder) -> list[tuple[Entity, Name]]:
    """Return things whose names go on as a text begins, documents last; where there are none, what it may mean."""
    found = suggested_names(finds.search.candidates, text[:LONGEST_QUERY], scope, most)
    meant = [] if found else [each for each in finds.search.hits(text, scope, most) if _is_shown(each)]
    return sorted(found, key=lambda each: _tier(each[0]) == DOCUMENTS) or [(each.entity, each.name) for each in meant]


def _representation(suffix: str) -> Representation:
    if suffix not in ("", "json", "html"):
        raise ProblemError("not-found", Sentence("a search cannot be had as .%(suffix)s", suffix=suffix))
    wanted = suffix or request.args.get("format", "")
    named = next((each for each in OFFERED if each.suffix == wanted), None)
    found = named or choose(request.headers.get("Accept"), OFFERED)
    if found is None:
        alternatives = [{"type": each.media_type} for each in OFFERED]
        raise ProblemError("not-acceptable", Sentence("a search is a page or JSON"), {"alternatives": alternatives})
    return found


def _scope(finds: Finder, without: tuple[str, ...] = ()) -> SearchScope:
    kinds = tuple(each for each in request.args.getlist("type") if each)
    place = request.args.get("place", "")
    return SearchScope(kinds, place_iri(place, finds) if place else "", without)


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) > 0):
        raise ProblemError(
            "bad-request", Sentence("%(name)s=%(text)s is no number above 0", name=name, text=repr(text[:50]))
        )
    return int(text) if text else default


def _view(finds: Finder, reader: Tongue) -> dict[str, object]:
    """Return what page and JSON show."""
    text, scope = request.args.get("q", "").strip(), _scope(finds)
    number = min(_number("page", 1), MOST_PAGES)
    if text:
        found = _found(text, scope, finds)
        here = found[(number - 1) * SHOWN : number * SHOWN]
        shown = [_result(each, finds, reader) for each in here]
        everything = [each.entity for each in found]
        total = len(found)
    elif scope != SearchScope():
        scope = SearchScope(scope.kinds, scope.place, (PERSON,))
        total = finds.search.count(scope)
        everything = finds.search.all_in(scope, FACETED)
        listed = finds.search.all_in(scope, SHOWN, (number - 1) * SHOWN)
        shown = [_result(Found(each, reader.label(each)[0]), finds, reader) for each in listed]
    else:
        shown, everything, total = [], [], 0
    return {
        "query": text, "type": list(scope.kinds), "place": request.args.get("place", ""), "page": number,
        "total": total, "pages": min(MOST_PAGES, -(-total // SHOWN)), "results": shown,
        "facets": {"type": _kinds(everything, reader), "place": _places(everything, finds, reader)},
        "release": snapshot().release.id,
    }  # fmt: skip


def _is_as_typed(name: str) -> bool:
    """Whether a name is in the script in which the request asks; in another one it tells its reader nothing."""
    return bool(CYRILLIC.search(name)) == bool(CYRILLIC.search(request.args.get("q", "")))


def _found(text: str, scope: SearchScope, finds: Finder) -> list[Found]:
    """Return what a text finds: what is at that number, else what bears the name; what describes comes behind."""
    if called := answering(text, scope, finds):
        return [Found(each, text, None, when) for each, when in called]
    hits = [each for each in finds.search.hits(text, scope, FACETED) if _is_shown(each)]
    hits += _of_other_forms(text, scope, hits, finds)
    best = max((each.score for each in hits), default=0.0)
    hits = [each for each in hits if not each.alike.left or each.score >= LEAST_OF_BEST * best]
    hits.sort(key=lambda each: (not _is_exact(each), bool(each.alike.left), _tier(each.entity), *each.order))
    return [Found(each.entity, each.name.text, each.score) for each in hits] + _longer(text, scope, hits, finds)


def _of_other_forms(text: str, scope: SearchScope, hits: list[Hit], finds: Finder) -> Iterator[Hit]:
    """Yield further things that have the words of a text in another case form, or those which it abbreviates."""
    known = {each.entity.id for each in hits}
    for other in restated(finds.search.index, text[:LONGEST_QUERY]):
        for hit in finds.search.hits(other, scope, SHOWN):
            if PERSON not in hit.entity.kinds and hit.entity.id not in known and _is_shown(hit):
                known.add(hit.entity.id)
                yield replace(hit, score=hit.score - OTHER_FORM)


def _is_shown(hit: Hit) -> bool:
    """Whether a hit is good enough; a person only under just this name, or an identifier."""
    is_whole = not (hit.alike.misspelt or hit.alike.left)
    is_meant = hit.score >= LEAST_SCORE and hit.alike.asked >= LEAST_ASKED
    return hit.is_identified or (is_meant and (PERSON not in hit.entity.kinds or is_whole))


def _is_exact(hit: Hit) -> bool:
    """Whether several words were asked for, and are just this name: who types a title means what bears it."""
    is_whole = not (hit.alike.misspelt or hit.alike.left or hit.alike.further)
    return hit.is_identified or (is_whole and hit.score >= EXACT and " " in hit.name.fold)


def _tier(entity: Entity) -> int:
    """Return 0 for a thing, 1 for what describes, ``DOCUMENTS`` for a document."""
    if DOCUMENT in entity.kinds:
        return DOCUMENTS
    return 1 if APPARATUS.issuperset(entity.kinds) else 0


def _longer(text: str, scope: SearchScope, hits: list[Hit], finds: Finder) -> list[Found]:
    """Return what has a longer word, where little has just the one: who types Termiz means Termizdagi, too."""
    if len(hits) >= SHOWN or len((words(text) or [""])[-1]) < FEWEST_LETTERS_GO_ON:
        return []
    known = {each.entity.id for each in hits}
    going_on = suggested_names(finds.search.candidates, text[:LONGEST_QUERY], replace(scope, without=(PERSON,)), SHOWN)
    found = [Found(entity, name.text) for entity, name in going_on if entity.id not in known]
    return sorted(found, key=lambda each: _tier(each.entity))


def _result(found: Found, finds: Finder, reader: Tongue) -> dict[str, object]:
    entity, score, when = found.entity, found.score, found.published
    if PERSON in entity.kinds:
        when = person_published(snapshot().release.store, entity.iri)
    label, language = reader.label(entity)
    result: dict[str, object] = {
        "id": entity.id,
        "iri": entity.iri,
        "url": view_of(entity),
        "label": label,
        "language": language,
        "matched": found.matched,
        "type": [{"id": each, "name": reader.kind(each)} for each in entity.kinds],
        "kind": reader.kind(main_kind(entity)),
        "description": reader.description(entity, finds),
    }
    result |= {"published": str(when)} if when is not None else {}
    return result | ({"score": round(score, 1)} if score is not None else {})


def _kinds(entities: Iterable[Entity], reader: Tongue) -> list[dict[str, object]]:
    counts = Counter(kind for each in entities for kind in each.kinds)
    return [{"id": kind, "name": reader.kind(kind), "count": count} for kind, count in _most(counts)]


def _places(entities: Iterable[Entity], finds: Finder, reader: Tongue) -> list[dict[str, object]]:
    around = finds.reconciler.evidence.around
    places = {place.id: place for each in entities for place in around(each)}
    counts = Counter(place.id for each in entities for place in set(around(each)))
    return [{"id": id_, "name": reader.label(places[id_])[0], "count": count} for id_, count in _most(counts)]


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:SHOWN]
