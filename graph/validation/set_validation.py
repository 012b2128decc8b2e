"""Validation of much that has no release: a passing index finds who is in doubt, and pySHACL reads their neighbourhood.

Nothing is read node by node that can be told beforehand: what shapes read from some focus nodes is fetched in a few set
queries. Whatever else pySHACL asks for is looked up when it does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import duckdb
from pyshacl.shape import Shape
from rdflib import Literal, URIRef
from rdflib.plugins.stores.memory import SimpleMemory
from rdflib.term import Node

from graph.model.rdf_terms import genid_iri
from graph.releases.index_loading import SOURCE
from graph.releases.triple_index import term
from graph.sources.batches import Chunk
from graph.validation.candidates import candidates
from graph.validation.conformance import evaluate
from graph.validation.constraints import apart
from graph.validation.exact_terms import from_oxigraph, quiet_rdflib, to_oxigraph
from graph.validation.reach import Reads
from graph.validation.report import Report, read_report
from graph.validation.shapes import Shapes, load_shapes
from graph.validation.validated_graph import DataTriples, Pattern, Triple

Asked = tuple[int, int | None, bool]
"""A node, a predicate or None for any, and whether it is the object that is given."""


def can_fetch(shapes: Sequence[Chunk], *, base: str) -> bool:
    """Whether it is known what shapes read; of others everything has to be at hand.

    Raises:
        ShapesError: the shapes are not usable.
    """
    usable = load_shapes(shapes, base=base)
    return usable.reads is not None and not usable.reads.reads.everywhere()


@apart
def validate_passing(
    index: duckdb.DuckDBPyConnection, names: Sequence[str], shapes: Iterable[Chunk], *, base: str
) -> Report:
    """Validate everything that a passing index holds.

    Args:
        index: the index; its graphs are ``SOURCE`` and a number each.
        names: by that number, how messages shall call it.
        shapes: the shapes, of which is known what they read.
        base: the publication's base.

    Raises:
        ShapesError: the shapes are not usable.
    """
    usable = load_shapes(shapes, base=base)
    fetched = FetchedTriples(index, usable, base)
    doubtful = candidates(index, usable)

    def focus(shape: Shape) -> list[Node]:
        return [*fetched.nodes(doubtful.get(shape.node, {})), *shape.target()[0]]

    report = read_report(evaluate(DataTriples(store=fetched), usable, focus, fetched.fetch), usable.graph)
    return report.located(_Sources(index, names, report).find)


class FetchedTriples(SimpleMemory):
    """A read-only rdflib store over an index whose terms are as they were written."""

    def __init__(self, index: duckdb.DuckDBPyConnection, shapes: Shapes, base: str) -> None:
        """Read from ``index``, which must not change meanwhile."""
        super().__init__()
        quiet_rdflib()
        self._index, self._below = index, genid_iri(base, "")
        self._held = dict[Asked, list[Triple]]()
        self._numbers = dict[Node, int]()
        self._terms = dict[int, Node]()
        self._ahead = _Ahead(shapes.reads.reads, self) if shapes.reads is not None else None

    def triples(
        self,
        triple_pattern: Pattern,
        context: object = None,  # noqa: ARG002  rdflib's signature
    ) -> Iterator[tuple[Triple, Iterator[None]]]:
        """Yield the triples that match, as rdflib asks for them."""
        for triple in self._matching(*triple_pattern):
            yield triple, iter(())

    def nodes(self, numbers: Mapping[int, object]) -> list[Node]:
        """Return the terms of some numbers as pySHACL is to see them: blank nodes are some again."""
        self._know(numbers)
        return [self._terms[each] for each in numbers]

    def number(self, node: Node) -> int:
        """Return the number of a term, -1 where nothing is said of it."""
        if node not in self._numbers:
            found = to_oxigraph(node)
            rows = self._index.execute(
                "SELECT id, text, tag FROM term_hashes JOIN terms USING (id) WHERE hash = md5_number_lower(?)",
                [str(found)],
            ).fetchall()
            self._numbers[node] = next((row[0] for row in rows if term(*row) == found), -1)
        return self._numbers[node]

    def fetch(self, shape: Shape, nodes: Sequence[Node]) -> None:
        """Read what a shape reads from some focus nodes, and let go of what was read before."""
        self._held.clear()
        if self._ahead is not None:
            self._ahead.fetch(shape.node, {self.number(each) for each in nodes})

    def read(self, wanted: Iterable[Asked]) -> None:
        """Hold what is asked for, all at once."""
        fresh = [each for each in wanted if each not in self._held]
        self._held.update((each, []) for each in fresh)
        for inverse in (False, True):
            for is_any in (False, True):
                some = [each for each in fresh if each[2] is inverse and (each[1] is None) is is_any]
                if some:
                    self._read(some, inverse=inverse, is_any=is_any)

    def others(self, asked: Asked) -> Iterator[int]:
        """Yield the numbers of the nodes to which triples lead that are held."""
        place = 0 if asked[2] else 2
        return (self._numbers[triple[place]] for triple in self._held[asked])

    def _read(self, some: list[Asked], *, inverse: bool, is_any: bool) -> None:
        table, end = ("by_object", "o") if inverse else ("by_subject", "s")
        same = "" if is_any else "AND held.p = asked.p"
        rows = self._index.execute(
            f"""SELECT held.s, held.p, held.o FROM {table} AS held
                JOIN (SELECT unnest($1::BIGINT[]) AS n, unnest($2::BIGINT[]) AS p) AS asked
                    ON held.{end} = asked.n {same}""",
            [[each[0] for each in some], [each[1] for each in some]],
        ).fetchall()
        self._know({number for row in rows for number in row})
        terms = self._terms
        for subject, predicate, object_ in rows:
            asked = (object_ if inverse else subject), None if is_any else predicate, inverse
            self._held[asked].append((terms[subject], terms[predicate], terms[object_]))

    def _know(self, numbers: Iterable[int]) -> None:
        unknown = [each for each in numbers if each not in self._terms]
        if not unknown:
            return
        query = "SELECT id, text, tag FROM terms WHERE id IN (SELECT unnest($1::BIGINT[]))"
        for row in self._index.execute(query, [unknown]).fetchall():
            node = from_oxigraph(term(*row), data_below=self._below)
            self._terms[row[0]], self._numbers[node] = node, row[0]

    def _matching(self, subject: Node | None, predicate: Node | None, object_: Node | None) -> Iterable[Triple]:
        if isinstance(subject, Literal):
            return ()
        verb = None if predicate is None else self.number(predicate)
        if subject is not None:
            key: Asked = (self.number(subject), verb, False)
            if key not in self._held and object_ is not None:
                key = (self.number(object_), verb, True)
        elif object_ is not None:
            key = (self.number(object_), verb, True)
        else:
            return self._all(verb)
        if key not in self._held:
            self.read([key])
        return [
            each
            for each in self._held[key]
            if (subject is None or each[0] == subject) and (object_ is None or each[2] == object_)
        ]

    def _all(self, verb: int | None) -> Iterator[Triple]:
        where = "" if verb is None else f"WHERE p = {verb}"
        rows = self._index.execute(f"SELECT s, p, o FROM by_subject {where}").fetchall()
        self._know({number for row in rows for number in row})
        return ((self._terms[s], self._terms[p], self._terms[o]) for s, p, o in rows)

    def __len__(self, context: object = None) -> int:
        """Return 1: pySHACL asks for the graph's truth only, and often."""
        return 1


MOST_FETCHED = 500_000
"""How many reads are told beforehand; the rest is looked up."""


class _Ahead:
    """What shapes read from their focus nodes on, as ``graph.validation.reach`` has it, walked forwards."""

    def __init__(self, reads: Reads, fetched: FetchedTriples) -> None:
        self._reads, self._fetched = reads, fetched
        self._skipped = defaultdict[int, set[int]](set)
        for target, sources in reads.skips.items():
            for each in sources:
                self._skipped[each].add(target)
        self._steps = defaultdict[int, list[tuple[int | None, bool, int]]](list)
        for step in reads.steps:
            if not step.returns:
                verb = None if step.predicate is None else fetched.number(URIRef(step.predicate))
                self._steps[step.source].append((verb, step.inverse, step.target))

    def fetch(self, shape: Node, nodes: set[int]) -> None:
        waiting, seen = {self._reads.at_focus(shape): nodes - {-1}}, defaultdict[int, set[int]](set)
        count = 0
        while waiting and count < MOST_FETCHED:
            for state, some in self._without_reading(waiting).items():
                waiting[state] = some - seen[state]
                seen[state] |= some
            reads = [
                ((node, verb, inverse), target)
                for state, some in waiting.items()
                for verb, inverse, target in self._steps[state]
                for node in some
            ]
            count += len(reads)
            self._fetched.read(dict.fromkeys(asked for asked, _ in reads))
            waiting = defaultdict(set)
            for asked, target in reads:
                if self._leads_on(target):
                    waiting[target].update(self._fetched.others(asked))

    def _leads_on(self, state: int) -> bool:
        return bool(self._steps[state] or self._skipped[state])

    def _without_reading(self, places: Mapping[int, set[int]]) -> dict[int, set[int]]:
        """Return the places, and those to which they lead without a read."""
        found, waiting = defaultdict[int, set[int]](set), list(places.items())
        while waiting:
            state, nodes = waiting.pop()
            if fresh := nodes - found[state]:
                found[state] |= fresh
                waiting += [(each, fresh) for each in self._skipped[state]]
        return found


class _Sources:
    """In which sources a statement of a report, or failing that its subject, stands."""

    def __init__(self, index: duckdb.DuckDBPyConnection, names: Sequence[str], report: Report) -> None:
        self._order = {name: place for place, name in enumerate(names)}
        self._numbers = _numbers(
            index, {text for each in report.results for text in (each.focus, each.value, f"<{each.path}>") if text}
        )
        sources = defaultdict[int, set[str]](set)
        for number, iri in index.execute("SELECT g, text FROM graph_sets JOIN terms ON id = graph").fetchall():
            sources[number].add(names[int(iri.removeprefix(SOURCE))])
        subjects = {self._numbers.get(each.focus, -1) for each in report.results}
        self._speaking, self._stating = defaultdict[int, set[str]](set), dict[tuple[int, int, int], set[str]]()
        query = "SELECT s, p, o, g FROM by_subject WHERE s IN (SELECT unnest($1::BIGINT[]))"
        for subject, predicate, object_, number in index.execute(query, [list(subjects)]).fetchall():
            self._speaking[subject] |= sources[number]
            self._stating[subject, predicate, object_] = sources[number]

    def find(self, focus: str, path: str | None, value: str | None) -> tuple[str, ...]:
        """Return their names, in order."""
        subject, verb, object_ = (self._numbers.get(each or "", -1) for each in (focus, f"<{path}>", value))
        found = self._stating.get((subject, verb, object_)) or self._speaking.get(subject, set())
        return tuple(sorted(found, key=self._order.__getitem__))


def _numbers(index: duckdb.DuckDBPyConnection, texts: Collection[str]) -> dict[str, int]:
    """Return the numbers of terms in N-Triples, as far as a triple has them."""
    rows = index.execute(
        """SELECT text, id FROM (SELECT unnest($1::VARCHAR[]) AS text) AS asked
            JOIN term_hashes ON hash = md5_number_lower(asked.text)""",
        [list(texts)],
    )
    return dict(rows.fetchall())
