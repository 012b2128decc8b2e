"""``/my-data``: who has signed in with a contributor's token sees the graphs that it may write, and what is in them.

What is written there is written as by PUT and PATCH: within the token's scope, through the gate, as one release.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cachetools import LRUCache
from flask import Blueprint, Flask, Response, request
from flask.sansio.blueprints import BlueprintSetupState

from endpoint.current import Snapshot, languages, publication, snapshot, urls
from endpoint.graphs.graph_writing import check_name
from endpoint.http.authorization import door
from endpoint.http.problems import Problem, ProblemError, problem_of
from endpoint.http.responses import as_page, see_other
from endpoint.pages.front import class_name
from endpoint.pages.term_names import Shown
from endpoint.pages.thing_page import content_names, interface_names
from endpoint.proposals.filled_form import addable_classes, known_things
from endpoint.proposals.proposing import asked_page, check_origin, not_kept, posted_fields, private_page
from endpoint.proposals.signed_in import (
    SignedInSession,
    begin_session,
    check_csrf,
    end_session,
    install_sessions,
    of_token,
    signed_in,
    whoever_signed_in,
)
from graph.model.contributors import WILDCARD, Contributor, may_write
from graph.model.errors import NO_WORDS, HamkorError, Said, Sentence
from graph.model.rdf_terms import is_absolute_iri
from graph.parts.proposals.graph_things import GraphThing, GraphThings, things_in
from graph.releases.manifest import GraphEntry

own_data = Blueprint("own_data", __name__)
own_data.after_request(not_kept)
PLACE, GRAPH, THING, DELETION, HISTORY = (
    "my-data", "my-data/graph", "my-data/thing", "my-data/delete", "my-data/history",
)  # fmt: skip
PAGE, MOST_KEPT = 50, 8
MOST_KB = 1024
"""KiB of a form: as much as a thing may be that anybody fills in by hand."""
GOING_ON = re.compile(r"my-data/(?:graph|thing|delete|history)\?[\w.~%&=+:/-]{1,4000}", re.ASCII)
"""Where one may want to be when one signs in: a path, as it can stand in a URL."""
OTHER = "other"
"""What stands in an address for things of which no class is stated."""


@own_data.record
def _install(setup: BlueprintSetupState) -> None:
    install_sessions(cast("Flask", setup.app))


# Which graphs somebody may write.


def own_graph(contributor: Contributor, iri: str) -> GraphEntry | None:
    """Return the entry of a graph that a contributor may write here; None where it is not there yet.

    Raises:
        ProblemError: 403, the token is not for it, or it is filled by a file or computed; 404, it is no name.
        GraphNameError: 400, no graph can be called so.
    """
    if not is_absolute_iri(iri):
        raise ProblemError("not-found", Sentence("no graph is named"))
    door().check(contributor, iri)
    check_name(iri, publication().base)
    entry = snapshot().graphs.get(iri)
    if entry is not None and entry.origin != "contributed":
        raise ProblemError("not-writable", Sentence("the graph <%(graph)s> is filled by a file", graph=iri))
    return entry


def graphs_of(contributor: Contributor) -> list[GraphEntry]:
    """Return the graphs that a contributor may write and that are there."""
    base = publication().base
    there = (each for each in snapshot().graphs.values() if each.origin == "contributed")
    return [each for each in there if may_write(contributor, each.iri, base)]


def beginnings(contributor: Contributor) -> tuple[list[str], list[str]]:
    """Return the graphs that a contributor may begin under just one name, and how names of further ones begin."""
    here, exact, open_ones = snapshot(), list[str](), list[str]()
    for pattern in contributor.graphs:
        if ":" in pattern or not WILDCARD.search(pattern):
            iri = pattern if ":" in pattern else publication().graph(pattern)
            exact += [iri] if iri not in here.graphs else []
        else:
            open_ones.append(WILDCARD.split(pattern, maxsplit=1)[0])
    return exact, open_ones


# Signing in, and the graphs.


@own_data.get(f"/{PLACE}")
def mine() -> Response:
    """The graphs of who has signed in; for others where to do that."""
    as_page()
    found = signed_in("write")
    return _graphs_page(*found) if found is not None else sign_in_page(status=200)


def sign_in_page(problem: Said = NO_WORDS, written: Mapping[str, str] | None = None, status: int = 403) -> Response:
    """Return the page where one signs in, to go on where one wanted to be.

    Args:
        problem: why the last attempt has failed, or empty.
        written: what somebody has written in a form, which must not be lost by signing in; None where it is no form.
        status: of the response.
    """
    origin = publication().origin
    publisher = origin.publisher.rstrip("/") + f"/{PLACE}" if origin is not None and origin.publisher else ""
    to = request.full_path.removeprefix("/") if request.method == "GET" else ""
    carried = written if written is not None else {"to": to} if GOING_ON.fullmatch(to) else {}
    return private_page(
        "my_data.html", status, contributor=None, problem=problem, carried=carried, is_here=written is not None,
        is_copy=origin is not None, publisher=publisher,
    )  # fmt: skip


def _graphs_page(
    contributor: Contributor, session: SignedInSession, problem: Problem | None = None, name: str = ""
) -> Response:
    names, here = content_names(), urls()
    rows = [(names.thing(each.iri), each, here.link(GRAPH, graph=each.iri)) for each in graphs_of(contributor)]
    exact, open_ones = beginnings(contributor)
    return private_page(
        "my_data.html", problem.status if problem is not None else 200, contributor=contributor, csrf=session.csrf,
        rows=sorted(rows, key=lambda row: row[0].text.casefold()), problem=problem.detail if problem else NO_WORDS,
        exact=[(iri, here.link(GRAPH, graph=iri)) for iri in exact],
        patterns=[each for each in contributor.graphs if WILDCARD.search(each)],
        name=name or (open_ones[0] if open_ones else ""), can_begin=bool(open_ones),
    )  # fmt: skip


@own_data.post(f"/{PLACE}")
def sign() -> Response:
    """Sign in with a token, or out; or begin a graph."""
    fields, here = posted_fields(MOST_KB), urls()
    if fields.get("action") in ("sign-out", "begin"):
        contributor, session = whoever_signed_in("write")
        check_csrf(session, fields)
        if fields["action"] == "begin":
            return _begun(contributor, session, fields.get("name", "").strip())
        response = see_other(here.absolute(here.link(PLACE)))
        end_session(response)
        return response
    check_origin()
    contributor_of = of_token(fields.get("token", "").strip(), "write")
    if contributor_of is None:
        return sign_in_page(Sentence("this is no token that may write a graph, or it has ended"))
    begin_session(contributor_of)
    to = fields.get("to", "")
    # a page of these and none of another host, whoever has made the address
    return see_other(here.absolute(f"{here.root}/{to}" if GOING_ON.fullmatch(to) else here.link(PLACE)))


def _begun(contributor: Contributor, session: SignedInSession, name: str) -> Response:
    """Lead to a graph that is to be; it begins with the first thing in it."""
    iri = name if "://" in name else publication().graph(name)
    try:
        if own_graph(contributor, iri) is not None:
            raise ProblemError("bad-request", Sentence("the graph <%(graph)s> exists already", graph=iri))
    except HamkorError as problem:
        return _graphs_page(contributor, session, problem_of(problem), name)
    return see_other(urls().absolute(urls().link(GRAPH, graph=iri)))


# The things of one graph.


@dataclass(frozen=True, slots=True)
class ListedThing:
    """A thing of a graph, with its name in the reader's language."""

    label: str
    thing: GraphThing


@dataclass(frozen=True, slots=True)
class ListedGraph:
    """The things of a graph by their names, and whether these are all."""

    things: tuple[ListedThing, ...]
    is_whole: bool


def _listed(_: Snapshot) -> LRUCache[tuple[str, ...], ListedGraph]:
    return LRUCache(MOST_KEPT)


def _things_of(iri: str) -> ListedGraph:
    """Return the things of a graph, looked up once a release for the readers of one language."""
    here = snapshot()
    kept, key = here.once(_listed), (iri, *languages())
    if (known := kept.get(key)) is not None:
        return known
    found: GraphThings = things_in(here.release.store, publication().base, iri)
    known_as = known_things()
    listed = [ListedThing(known_as.label(each.iri), each) for each in found.things if not here.withholds(each.iri)]
    listed.sort(key=lambda each: (each.label.casefold(), each.thing.iri))
    kept[key] = made = ListedGraph(tuple(listed), found.is_whole)
    return made


@own_data.get(f"/{GRAPH}")
def graph() -> Response:
    """What is in one graph, by class, with a search; where one adds to it, and how it came about."""
    as_page()
    found = signed_in("write")
    if found is None:
        return sign_in_page()
    contributor, _ = found
    iri, here = request.args.get("graph", ""), urls()
    entry = own_graph(contributor, iri)
    listed = _things_of(iri) if entry is not None else ListedGraph((), is_whole=True)
    chosen, wanted = request.args.get("class", ""), request.args.get("q", "").strip()
    matching = [each for each in listed.things if _is_of(each.thing, chosen) and _is_called(each, wanted)]
    number = asked_page()
    shown = matching[(number - 1) * PAGE : number * PAGE]
    terms, more = interface_names(), {"graph": iri, "class": chosen, "q": wanted}
    return private_page(
        "own_graph.html", graph=graph_name(iri), iri=iri, entry=entry, frequent=_frequent(listed.things),
        is_whole=listed.is_whole, start=(number - 1) * PAGE + 1, wanted=wanted, chosen=chosen,
        classes=_class_choices(listed.things, iri, wanted), addable=addable_classes(), saved=saved_release(),
        things=[
            (
                each.label, [terms.thing(kind).text for kind in each.thing.classes],
                here.link(THING, graph=iri, iri=each.thing.iri),
            )
            for each in shown
        ],
        before=here.link(GRAPH, **more, page=str(number - 1)) if number > 1 else "",
        after=here.link(GRAPH, **more, page=str(number + 1)) if number * PAGE < len(matching) else "",
    )  # fmt: skip


def graph_name(iri: str) -> Shown:
    """Return what a graph is called; one that is not there yet, by its name below the base."""
    if iri in snapshot().graphs:
        return content_names().thing(iri)
    return Shown(iri.removeprefix(f"{publication().base}graph/"))


def _frequent(things: Iterable[ListedThing]) -> str:
    """Return the class, as addresses have it, of which a graph describes most things; empty where it describes none."""
    counts = Counter(kind for each in things for kind in each.thing.classes)
    return next((class_name(snapshot(), kind) for kind, _ in counts.most_common(1)), "")


def _is_of(thing: GraphThing, chosen: str) -> bool:
    return not chosen or chosen in (thing.classes or (OTHER,))


def _is_called(each: ListedThing, wanted: str) -> bool:
    return wanted.casefold() in each.label.casefold() or wanted == each.thing.iri


def _class_choices(things: Iterable[ListedThing], iri: str, wanted: str) -> Sequence[tuple[str, str, int, str]]:
    """Return the classes that there are: key, name, how many things, and where these are listed."""
    counts = Counter(kind for each in things for kind in (each.thing.classes or (OTHER,)))
    terms, here = interface_names(), urls()
    rows = [
        (
            key,
            "" if key == OTHER else terms.thing(key).text,
            count,
            here.link(GRAPH, graph=iri, q=wanted, **{"class": key}),
        )
        for key, count in counts.items()
    ]
    return sorted(rows, key=lambda row: row[1].casefold())


def saved_release() -> str:
    """Return the id of the release that this page is to say something was saved in, or an empty string."""
    name = request.args.get("saved", "")
    return name if name == snapshot().release.id else ""
