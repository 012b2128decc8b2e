"""Made-up and mutated queries over HTTP: nothing hangs, nothing is left, and every error is an honest one.

    python -m benchmarks.fuzz [--requests 20000] [--seed 1]

Real queries are cut, joined, nested and littered with what belongs elsewhere, and sent in every way that the SPARQL
protocol knows, and in some that it does not. Each is owed an answer, or an error below 500, or a 503 that names the
limit that was hit. It says what was owed and not given; ``requests`` and ``fault`` serve the test, which asks fewer.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from benchmarks import explore, queries
from benchmarks.knowledge import SMALLEST, Registry
from benchmarks.measure import CommandFailedError
from benchmarks.processes import Service
from benchmarks.registry import write
from benchmarks.start import free_port

ROOT: Final = Path(__file__).resolve().parents[1]
LEGAL: Final = ROOT / "tests" / "query" / "legal.rq"
SETTINGS: Final = """
[limits]
query_seconds = 0.5
query_memory_mb = 128
query_mb = 0.1
result_mb = 2
queue_seconds = 0.5
"""
TOKEN: Final = re.compile(
    r"""<[^<>"{}|^`\\\s]*>|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[?$]\w+|[\w-]*:[\w.-]*|\w+|\s+|[^\w\s]"""
)
#: What is put where it does not belong, or does: characters, then words divided by white space, then what holds some.
LITTER: Final = [
    *"{}()[];,.+-*/<>=!^|~?$@#:'\"_ \n\r\t\0",
    *r"""
    << >> <<( )>> {| |} ^^ && || <= != ''' "" \n \u0041 \uD800 a true 1e999 -0 .5 _:b [] () x:y <http://e/> <> <http://[>
    SELECT DISTINCT REDUCED ASK CONSTRUCT DESCRIBE WHERE FROM NAMED GRAPH OPTIONAL UNION MINUS FILTER EXISTS NOT BIND AS
    VALUES UNDEF HAVING LATERAL SERVICE LOAD RAND() NOW() UUID() BNODE() COUNT(*) SUM(?x) AVG(?x) SAMPLE(?x) COALESCE()
    GROUP_CONCAT(?x) IF(1,2,3) 1/0 STRDT('a',<b>) STRLANG('a','b') IRI('') STRAFTER('a','') REPLACE('a','','b')
    "x"^^<a:b>
    REGEX('a','(') REGEX('aaaaaaaaaaaaaaaaaaaaaaaa!','(a+)+$') SUBSTR('a',-5) ENCODE_FOR_URI(<a:b>) "x"@en "x"@ "x"^^x:
    """.split(),  # noqa: SIM905
    *(
        "GROUP BY",
        "ORDER BY",
        "LIMIT 1",
        "OFFSET 1",
        "LIMIT 99999999999999999999",
        "INSERT DATA",
        "VERSION '1.2'",
        "<a b>",
    ),
    *("PREFIX x: <http://e/>", "BASE <http://e/>", "BASE <>", "\N{PILE OF POO}", "'\\u0000'", "# a comment\n"),
    *("'2015-13-45'^^<http://www.w3.org/2001/XMLSchema#date>", "9" * 400),
    *(sign * 60 for sign in "?({!^"),
]
ACCEPTS: Final = [
    *("application/sparql-results+json", "application/sparql-results+xml", "text/csv", "text/tab-separated-values"),
    *("text/turtle", "application/ld+json", "application/rdf+xml", "application/n-triples", "text/html", "*/*", ""),
    *("image/png", "text/*;q=0.1, */*;q=0", "*", ",,;q=", "application/json;q=2", "x" * 300),
]
GRAPHS: Final = [f"https://w3id.org/hamkor/graph/{name}" for name in ("clubs", "places", "bodies", "nobody")]
DATASETS: Final = [*GRAPHS, "", "relative", "http://e/ ", "a:b", "urn:x", "<http://e/>", "\N{PILE OF POO}"]
#: Statuses below 500 that a request may have.
CLIENT_STATUSES: Final = frozenset({200, 400, 403, 405, 406, 413, 414, 415})
_CONNECTIONS: Final = 4


@dataclass(frozen=True)
class Request:
    """One request to ``/sparql``."""

    method: str
    query: str
    params: Sequence[tuple[str, str]] = ()
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""

    def send(self, client: httpx.Client, url: str) -> httpx.Response:
        """Send it; raises httpx.TransportError where there is no whole response."""
        return client.request(
            self.method, f"{url}/sparql", params=self.params, headers=self.headers, content=self.content
        )


def requests(seed: int, count: int) -> Iterator[Request]:
    """So many requests, the same for an equal seed."""
    draw, known = random.Random(f"fuzz {seed}"), _real()
    for _ in range(count):
        yield _sent(draw, _mutant(draw, known))


def _real() -> list[str]:
    """Queries that are legal; some of each template."""
    registry = Registry.of(SMALLEST, 1)
    mixes = (*queries.mix(registry, 2), *explore.mix(registry, 1))
    return [*LEGAL.read_text(encoding="utf-8").split("#---\n"), *(query.text for query in mixes)]


def _mutant(draw: random.Random, known: list[str]) -> str:
    text = _made(draw) if draw.random() < 0.5 else draw.choice(known)
    for _ in range(draw.choice((0, 0, 0, 0, 1, 1, 2, 5))):
        text = draw.choice(_MUTATIONS)(draw, text, known)[:60_000]
    return text


PROPERTIES: Final = (
    "a",
    "rdfs:label",
    "hk:region",
    "hk:city",
    "dct:subject",
    "hk:numberOfMembers",
    "skos:broader",
    "?p",
)
PATHS: Final = ("{}+", "{}*", "{}?", "^{}", "!({})", "({}|{})", "{}/{}", "({}/^{})*", "!(^{}|{})")
EXPRESSIONS: Final = r"""
    ?x=?y ?x<?z ?x+?y -?x ?x*?z ?x/0 !?x BOUND(?x) STR(?x) LANG(?y) DATATYPE(?z) isIRI(?x) isLITERAL(?y) sameTerm(?x,?y)
    STRLEN(?y) SUBSTR(?y,2,3) UCASE(?y) CONTAINS(STR(?y),'a') STRBEFORE(?y,'a') CONCAT(?x,?y) REGEX(?y,'a.*b','i')
    REPLACE(STR(?y),'a','b') ABS(?z) ROUND(?z) YEAR(?z) MONTH(?z) TZ(?z) MD5(STR(?x)) SHA512(STR(?x)) IF(?x,?y,?z)
    RAND()
    COALESCE(?x,1) STRDT(?y,xsd:integer) STRLANG(?y,'en') xsd:integer(?z) xsd:date(?z) IRI(?x) BNODE() UUID() NOW()
    ?x&&?y ?x||?z ?x+1 1.5e300*?z 'a'@en 2 true LANGMATCHES(LANG(?y),'*') TRIPLE(?x,?p,?y) SUBJECT(?x)
    ENCODE_FOR_URI(?y)
    """.split()  # noqa: SIM905
AGGREGATES: Final = ("COUNT(*)", "COUNT({})", "COUNT(DISTINCT {})", "SUM({})", "MIN({})", "AVG({})", "GROUP_CONCAT({})")


def _made(draw: random.Random) -> str:
    """A query that the grammar allows, most of the time."""
    body = _group(draw, 3)
    tail = draw.choice(("", "", " LIMIT 10", " LIMIT 100000 OFFSET 3", f" ORDER BY {draw.choice(EXPRESSIONS[7:9])} ?x"))
    expression, aggregate = draw.choice(EXPRESSIONS), draw.choice(AGGREGATES).format(draw.choice(("?x", "?z", "1")))
    text = draw.choice((
        f"SELECT * {body}{tail}", f"SELECT DISTINCT ?x ?y {body}{tail}", f"SELECT ({expression} AS ?made) {body}{tail}",
        f"SELECT ({aggregate} AS ?made) {body}",
        f"SELECT ?x ({aggregate} AS ?made) {body} GROUP BY ?x HAVING(?made > 1)",
        f"ASK {body}", f"CONSTRUCT {{ ?x a ?y . ?x ?p ?z }} WHERE {body}{tail}", f"DESCRIBE ?x {body} LIMIT 5",
    ))  # fmt: skip
    return queries.prefixed(text)


def _group(draw: random.Random, depth: int) -> str:
    return "{ " + " ".join(_pattern(draw, depth) for _ in range(draw.choice((1, 1, 2, 3)))) + " }"


def _pattern(draw: random.Random, depth: int) -> str:
    kind = draw.randrange(12) if depth else draw.randrange(6)
    if kind < 4:
        return f"{draw.choice(('?x', '?y', '?x', '[]'))} {_verb(draw)} {draw.choice(('?x', '?y', '?z', '?z', '5'))} ."
    if kind < 6:
        return f"FILTER({draw.choice(EXPRESSIONS)}) BIND({draw.choice(EXPRESSIONS)} AS ?b{draw.randrange(1000)})"
    inner = _group(draw, depth - 1)
    return (
        f"OPTIONAL {inner}", f"{inner} UNION {_group(draw, depth - 1)}", f"MINUS {inner}", f"FILTER NOT EXISTS {inner}",
        f"{{ SELECT ?x (COUNT(*) AS ?n{draw.randrange(1000)}) {inner} GROUP BY ?x }}", f"GRAPH ?g {inner}",
    )[kind - 6]  # fmt: skip


def _verb(draw: random.Random) -> str:
    if draw.random() < 0.7:
        return draw.choice(PROPERTIES)
    return draw.choice(PATHS).replace("{}", "%s").replace("%s", draw.choice(PROPERTIES[:-1]))


def _tokens(draw: random.Random, text: str, known: list[str]) -> str:
    """Some tokens are left out, doubled, exchanged, or other ones put in."""
    tokens = TOKEN.findall(text) or [" "]
    for _ in range(draw.randint(1, 4)):
        here, there = draw.randrange(len(tokens)), draw.randrange(len(tokens))
        match draw.randrange(6):
            case 0:
                tokens[here] = ""
            case 1:
                tokens[here] = f"{tokens[here]} {tokens[here]}"
            case 2:
                tokens[here], tokens[there] = tokens[there], tokens[here]
            case 3:
                tokens[here] = draw.choice(LITTER)
            case 4:
                tokens[here] += f" {draw.choice(LITTER)} "
            case _:
                tokens[here] = draw.choice(TOKEN.findall(draw.choice(known)) or [""])
    return "".join(tokens)


def _characters(draw: random.Random, text: str, _: list[str]) -> str:
    """Some characters are others, or gone."""
    for _ in range(draw.randint(1, 3)):
        place = draw.randrange(len(text) + 1)
        text = text[:place] + draw.choice(("", chr(draw.randrange(1, 0x3000)), draw.choice(LITTER))) + text[place + 1 :]
    return text


def _cut(draw: random.Random, text: str, _: list[str]) -> str:
    """A part of it."""
    ends = sorted((draw.randrange(len(text) + 1), draw.randrange(len(text) + 1)))
    return text[: ends[1]] if draw.random() < 0.5 else text[ends[0] : ends[1]]


def _joined(draw: random.Random, text: str, known: list[str]) -> str:
    """The beginning of one and the end of another."""
    other = draw.choice(known)
    return text[: draw.randrange(len(text) + 1)] + other[draw.randrange(len(other) + 1) :]


def _nested(draw: random.Random, text: str, known: list[str]) -> str:
    """One inside of the other."""
    place = text.find("{") + 1
    inner = draw.choice((text, draw.choice(known)))
    before, after = draw.choice(
        (("{ ", " }"), ("OPTIONAL { ", " }"), ("FILTER EXISTS { ", " }"), ("GRAPH ?g { ", " }"))
    )
    return text[:place] + before * (many := draw.choice((1, 1, 2, 30))) + inner + after * many + text[place:]


def _variables(draw: random.Random, text: str, _: list[str]) -> str:
    """Terms become variables, or variables the same one: joins become products."""
    name = draw.choice(("?s", "?x", "?anything", "_:b"))
    pattern = draw.choice((r"\?\w+", r"<[^<>\s]*>", r"\b\w*:\w+", r'"[^"]*"'))
    return re.sub(pattern, lambda found: name if draw.random() < 0.4 else found[0], text)


_MUTATIONS: Final[list[Callable[[random.Random, str, list[str]], str]]] = [
    _tokens, _tokens, _tokens, _characters, _cut, _joined, _nested, _variables,
]  # fmt: skip


def _sent(draw: random.Random, query: str) -> Request:
    params = [
        (
            draw.choice(("default-graph-uri", "named-graph-uri")),
            draw.choice(DATASETS if draw.random() < 0.1 else GRAPHS),
        )
        for _ in range(draw.choice((0, 0, 0, 0, 1, 2, 3)))
    ]
    if draw.random() < 0.1:
        names = ("format", "output", "version", "update", "query", "lang", "x")
        params.append((draw.choice(names), draw.choice(("json", "csv", "turtle", "html", "1.2", "ASK {}", "x"))))
    accept = draw.choice(ACCEPTS if draw.random() < 0.2 else ACCEPTS[:4])
    headers = {"Accept": accept, "Accept-Encoding": draw.choice(("gzip", "identity"))}
    encoded = query.encode("utf-8", "surrogatepass")
    if draw.random() < 0.05:
        encoded += draw.choice((b"\xff", b"\x00", b"\xed\xa0\x80"))
    match draw.randrange(12):
        case 0 | 1 | 2 | 3:
            return Request(draw.choice(("GET", "GET", "HEAD")), query, [("query", _text(query)), *params], headers)
        case 4 | 5 | 6 | 7:
            form = str(httpx.QueryParams([("query", _text(query)), *params])).encode()
            return Request("POST", query, (), headers | {"Content-Type": "application/x-www-form-urlencoded"}, form)
        case 8 | 9 | 10:
            return Request("POST", query, params, headers | {"Content-Type": "application/sparql-query"}, encoded)
        case _:
            types = (
                "text/plain",
                "application/sparql-update",
                "application/sparql-query;charset=utf-16",
                "",
                "multipart/form-data",
            )
            method = draw.choice(("POST", "PUT", "QUERY", "PATCH", "OPTIONS"))
            return Request(method, query, params, headers | {"Content-Type": draw.choice(types)}, encoded)


def _text(query: str) -> str:
    """The query as far as a URL can hold it."""
    return query.encode("utf-8", "replace").decode()


def fault(request: Request, response: httpx.Response, seconds: float, deadline: float) -> str:
    """What is wrong with a response; an empty string where it is honest and in time."""
    if seconds > deadline:
        return f"{seconds:.1f} seconds"
    if response.status_code in CLIENT_STATUSES or (request.method == "OPTIONS" and response.status_code == 204):
        return ""
    said = response.text if request.method != "HEAD" else "limits.…"  # GET would say it
    # the last where a machine that does much else gives no worker in the half second that a query has
    honest = "limits.", "queue is full", "the query engine does not answer"
    if response.status_code == 503 and any(each in said for each in honest) and "Retry-After" in response.headers:
        return ""
    return f"status {response.status_code}: {said[:300]}"


def _ask(url: str, wanted: Sequence[Request], patience: float) -> tuple[Counter[int], list[str]]:
    statuses, faults = Counter[int](), list[str]()
    with httpx.Client(timeout=patience * 3, trust_env=False) as client:
        for request in wanted:
            began = time.perf_counter()
            try:
                response = request.send(client, url)
            except httpx.TransportError as problem:
                faults.append(f"{problem!r}\n{request}")
                continue
            statuses[response.status_code] += 1
            if wrong := fault(request, response, time.perf_counter() - began, patience):
                faults.append(f"{wrong}\n{request}")
    return statuses, faults


def ask(url: str, wanted: Sequence[Request], patience: float) -> tuple[Counter[int], list[str]]:
    """Send all on some connections at once; how many had which status, and what was wrong with which."""
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        found = list(pool.map(lambda n: _ask(url, wanted[n::_CONNECTIONS], patience), range(_CONNECTIONS)))
    return sum((statuses for statuses, _ in found), Counter[int]()), [each for _, faults in found for each in faults]


def prepare(folder: Path) -> Path:
    """Write a small registry with small limits as a publication."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "hamkor.toml").write_text(SETTINGS)
    with (folder / "data" / "registry.nq").open("wb") as file:
        write(Registry.of(SMALLEST, 1), file)
    return folder


def _run(folder: Path, seed: int, count: int) -> int:
    port = free_port()
    hamkor = Path(sys.executable).with_name("hamkor")
    command = (str(hamkor), "serve", "--port", str(port), "--publication", str(folder))
    service = Service(command, folder / "log", ROOT)
    service.start()
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, service)
        time.sleep(1.0)
        before, began = len(service.processes()), time.perf_counter()
        statuses, faults = ask(url, list(requests(seed, count)), 5.0)
        time.sleep(2.0)
        after, seconds = len(service.processes()), time.perf_counter() - began
    finally:
        service.end()
    print("\n".join(faults[:20]))
    print(f"{count} requests in {seconds:.0f} s, {dict(sorted(statuses.items()))}, {len(faults)} faults; "
          f"processes before {before}, after {after}")  # fmt: skip
    return int(bool(faults) or after > before)


def _wait(url: str, service: Service) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{url}/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
        if not service.runs:
            break
    raise CommandFailedError(service.said())


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000, help="how many (default 20000)")
    parser.add_argument("--seed", type=int, default=1, help="any whole number (default 1)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hamkor-fuzz-") as folder:
        raise SystemExit(_run(prepare(Path(folder)), options.seed, options.requests))


if __name__ == "__main__":
    main()
