"""Whether identifiers of others still answer: HEAD, a few at a time, within a time limit, to public addresses only.

Nothing of the answers is kept but the status. Where a host is not on the public internet, it is not called; the address
that was judged is the one that is called, so a name server cannot change its mind in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from graph.errors import QueryRefusedError
from graph.query.federation import addresses_allowed

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
        raise ValueError(f"{url[:200]} is no web address")
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
