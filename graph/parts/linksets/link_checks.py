"""Whether the links of a release are sound, and whether the identifiers of others still answer."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin, urlsplit

import httpx
import pyoxigraph as ox

from graph.model.errors import QueryRefusedError, Sentence
from graph.model.rdf_terms import MEANS_LIKE, MEANS_SAME
from graph.parts.linksets.answer_sheet import SAME_AS
from graph.parts.linksets.linkset import MERGE, identifier_of
from graph.query.federation import addresses_allowed

# Whether the links of a release are sound, as far as can be told without a network.
#
# Identifiers that nobody can have given, that two things of ours share, or of which one thing has two; links that make
# two things of ours one. What each link says is for people to judge.

Kind = Literal["malformed", "spelling", "duplicate", "two ways", "merged", "unanswered"]
SERIOUS: tuple[Kind, ...] = ("malformed", "duplicate", "two ways", "merged")
SHOWN = 5


@dataclass(frozen=True, slots=True)
class LinkFinding:
    """What is wrong with some links.

    Attributes:
        kind: what.
        about: the IRIs of which it speaks.
        message: one line for a person, with the remedy.
        graphs: the named graphs that state the links.
    """

    kind: Kind
    about: tuple[str, ...]
    message: str
    graphs: tuple[str, ...]

    @property
    def is_serious(self) -> bool:
        """Whether it is a mistake for sure."""
        return self.kind in SERIOUS


Triple = tuple[str, str, str]


def check_links(store: ox.Store, base: str) -> list[LinkFinding]:
    """Return what is wrong with the links of a release, the worst first."""
    links = sorted(_links(store))
    checks = (_malformed(links, base), _duplicates(links, base), _two_ways(links, base), _merged(links, base))
    found = [each for check in checks for each in check]
    located = [(finding, triples) for finding, triples in found]
    return [
        LinkFinding(each.kind, each.about, each.message, _graphs(store, triples))
        for each, triples in sorted(located, key=lambda each: (not each[0].is_serious, each[0].kind, each[0].about))
    ]


def foreign(store: ox.Store, base: str) -> list[str]:
    """Return every http or https IRI of others to which a link leads, or from which one comes."""
    ends = {end for subject, _, target in _links(store) for end in (subject, target)}
    return sorted(each for each in ends if not each.startswith(base) and each.startswith(("http://", "https://")))


def _links(store: ox.Store) -> Iterator[Triple]:
    for predicate in (*MEANS_SAME, *MEANS_LIKE):
        for quad in store.quads_for_pattern(None, ox.NamedNode(predicate), None, MERGE):
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
                yield quad.subject.value, predicate, quad.object.value


def _graphs(store: ox.Store, triples: Iterable[Triple]) -> tuple[str, ...]:
    graphs = set[str]()
    for subject, predicate, target in triples:
        nodes = ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(target)
        for quad in store.quads_for_pattern(*nodes, None):
            if isinstance(quad.graph_name, ox.NamedNode):
                graphs.add(quad.graph_name.value)
    return tuple(sorted(graphs))


Found = Iterator[tuple[LinkFinding, list[Triple]]]


def _malformed(links: list[Triple], base: str) -> Found:
    by_end = defaultdict[str, list[Triple]](list)
    for link in links:
        for end in (link[0], link[2]):
            if not end.startswith(base):
                by_end[end].append(link)
    for iri, triples in sorted(by_end.items()):
        found = identifier_of(iri)
        if found is None:
            continue
        if not found.is_wellformed:
            message = f"<{iri}> is no identifier of {found.authority.name}; a right one is <{found.authority.example}>"
            yield LinkFinding("malformed", (iri,), message, ()), triples
        elif found.iri != iri:
            message = f"<{iri}> is written <{found.iri}> by {found.authority.name}; so programs do not find it"
            yield LinkFinding("spelling", (iri,), message, ()), triples


def _canonical(iri: str) -> str:
    """Return an IRI as its authority writes it, or so that http and https, slash and none are one."""
    found = identifier_of(iri)
    if found is not None and found.is_wellformed:
        return found.iri
    scheme, _, rest = iri.partition("://")
    return f"https://{rest.rstrip('/')}" if scheme in ("http", "https") else iri


def _pairs(links: list[Triple], base: str) -> Iterator[tuple[str, str, Triple]]:
    """Yield ours, the canonical identifier of theirs, and the link, for each link that says that they are the same."""
    for link in links:
        subject, predicate, target = link
        if predicate in MEANS_SAME and subject.startswith(base) != target.startswith(base):
            ours, theirs = (subject, target) if subject.startswith(base) else (target, subject)
            yield ours, _canonical(theirs), link


def _duplicates(links: list[Triple], base: str) -> Found:
    """Find identifiers of others that two things of ours have."""
    by_identifier = defaultdict[str, dict[str, list[Triple]]](dict)
    for ours, theirs, link in _pairs(links, base):
        by_identifier[theirs].setdefault(ours, []).append(link)
    for theirs, things in sorted(by_identifier.items()):
        if len(things) > 1:
            shown = ", ".join(f"<{each}>" for each in sorted(things)[:SHOWN])
            message = (
                f"{len(things)} things of ours are the same as <{theirs}>: {shown}; leave one, or use schema:sameAs"
            )
            yield LinkFinding("duplicate", tuple(sorted(things)), message, ()), _all(things)


def _two_ways(links: list[Triple], base: str) -> Found:
    """Find things of ours that are the same as two identifiers of one authority, which gives each thing one."""
    by_authority = defaultdict[tuple[str, str], dict[str, list[Triple]]](dict)
    for ours, theirs, link in _pairs(links, base):
        if (found := identifier_of(theirs)) is not None:
            by_authority[ours, found.authority.name].setdefault(theirs, []).append(link)
    for (ours, authority), identifiers in sorted(by_authority.items()):
        if len(identifiers) > 1:
            shown = " and ".join(f"<{each}>" for each in sorted(identifiers)[:SHOWN])
            message = f"<{ours}> is the same as {shown} of {authority}, which gives each thing one; find out which"
            yield LinkFinding("two ways", (ours,), message, ()), _all(identifiers)


def _merged(links: list[Triple], base: str) -> Found:
    """Find things of ours that chains of owl:sameAs make one, at whatever distance (union-find)."""
    above = dict[str, str]()

    def root(node: str) -> str:
        while (higher := above.get(node, node)) != node:
            above[node] = node = above.get(higher, higher)
        return node

    same = [link for link in links if link[1] == SAME_AS]
    for subject, _, target in same:
        above[root(_canonical(subject))] = root(_canonical(target))
    clusters = defaultdict[str, set[str]](set)
    for subject, _, target in same:
        clusters[root(_canonical(subject))].update(each for each in (subject, target) if each.startswith(base))
    for key, ours in sorted(clusters.items()):
        if len(ours) > 1:
            shown = ", ".join(f"<{each}>" for each in sorted(ours)[:SHOWN])
            message = f"owl:sameAs makes these one: {shown}; take out a link of the chain between them"
            triples = [link for link in same if root(_canonical(link[0])) == key]
            yield LinkFinding("merged", tuple(sorted(ours)), message, ()), triples


def _all(found: dict[str, list[Triple]]) -> list[Triple]:
    return [link for each in found.values() for link in each]


# Whether identifiers of others still answer: HEAD, a few at a time, within a time limit, to public addresses only.
#
# Nothing of the answers is kept but the status. Where a host is not on the public internet, it is not called; the
# address that was judged is the one that is called, so a name server cannot change its mind in between.

AT_ONCE, A_HOST = 8, 2
SECONDS, MOST_REDIRECTS = 10.0, 5
GONE = frozenset({404, 410, 451})
AGENT = "hamkor check links"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of asking for an IRI: a status, or why there is none."""

    iri: str
    status: int = 0
    problem: str = ""

    @property
    def is_there(self) -> bool:
        """Whether it answers; a server that only refuses robots or HEAD does."""
        return not self.problem and self.status not in GONE and self.status < 500


def ask_all(
    iris: Iterable[str], told: Callable[[Reply], None] = lambda _: None, *, allow_private: bool = False
) -> list[Reply]:
    """Ask for every IRI; return the replies, in their order.

    Args:
        iris: http or https IRIs.
        told: called with each reply, as it comes.
        allow_private: whether private addresses may be called (the setting ``federation.allow_private``).
    """
    return asyncio.run(_ask_all(list(iris), told, allow_private))


async def _ask_all(iris: list[str], told: Callable[[Reply], None], allow_private: bool) -> list[Reply]:
    everywhere, hosts = asyncio.Semaphore(AT_ONCE), dict[str, asyncio.Semaphore]()
    async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=False) as client:

        async def one(iri: str) -> Reply:
            host = urlsplit(iri).netloc
            async with hosts.setdefault(host, asyncio.Semaphore(A_HOST)), everywhere:
                reply = await _ask(client, iri, allow_private)
            told(reply)
            return reply

        return list(await asyncio.gather(*(one(each) for each in iris)))


async def _ask(client: httpx.AsyncClient, iri: str, allow_private: bool) -> Reply:
    url = iri
    try:
        async with asyncio.timeout(SECONDS):
            for _ in range(MOST_REDIRECTS):
                response = await _head(client, url, allow_private)
                if not response.is_redirect:
                    return Reply(iri, response.status_code)
                url = urljoin(url, response.headers.get("Location", ""))
        return Reply(iri, problem=f"more than {MOST_REDIRECTS} redirections")
    except TimeoutError:
        return Reply(iri, problem=f"no answer within {SECONDS:g} s")
    except QueryRefusedError as problem:
        return Reply(iri, problem=problem.problem.replace(" of a SERVICE clause", ""))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
        return Reply(iri, problem=str(problem).partition("\n")[0] or type(problem).__name__)


async def _head(client: httpx.AsyncClient, url: str, allow_private: bool) -> httpx.Response:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(Sentence("%(url)s is no web address", url=url[:200]))
    addresses = await asyncio.to_thread(addresses_allowed, parts.hostname, allow_private=allow_private)
    address = str(addresses[0])
    target = httpx.URL(url).copy_with(host=address)
    headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": AGENT, "Accept": "*/*"}
    extensions = {"sni_hostname": parts.hostname}
    for method in ("HEAD", "GET"):  # some servers know no HEAD
        async with client.stream(method, target, headers=headers, extensions=extensions) as response:
            if response.status_code not in (400, 405, 501):
                return response
    return response
