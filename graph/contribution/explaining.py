"""Results of validation as their sender understands them: the line, why, how to mend it, an example that passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from graph.catalogue.personal import graph_named
from graph.contribution.positions import Positions, positions
from graph.contribution.values import Document, Found
from graph.errors import ReleaseError, SourceError
from graph.jsonld import prefixes, read_context
from graph.namespaces import RDF_TYPE
from graph.publication import Publication
from graph.releases.release import current_release
from graph.sources.chunks import Chunk
from graph.sources.document_warnings import DocumentWarning
from graph.templates.advice import Advice, Adviser
from graph.templates.fields import Shapes
from graph.validation.report import READING, Result

EXPLAINED = 1000
"""How many results get a line; a report that is longer is read by programs."""
NONE = Advice({}, {}, "")


@dataclass(frozen=True)
class Explanation:
    """What is known beside the report itself."""

    adviser: Adviser | None
    places: Sequence[tuple[str, Positions]]
    warnings: Mapping[str, DocumentWarning] = field(default_factory=dict)
    """What is told of how the documents were read, by its place."""

    def found(self, result: Result) -> Found:
        """Return a result with all that helps."""
        if result.shape == READING and result.files and (told := self.warnings.get(result.files[0])) is not None:
            messages = dict(result.messages)
            return Found(result.severity, result.focus, None, None, messages, READING, told.path, told.line)
        advice = self.adviser.advice(result.shape, result.component) if self.adviser else NONE
        name, line = self._place(result)
        return Found(
            result.severity, result.focus, result.path, result.value, dict(result.messages), result.shape, name, line,
            advice.why, advice.remedy, advice.example,
        )  # fmt: skip

    def _place(self, result: Result) -> tuple[str, int | None]:
        for name, found in self.places:
            if (line := found.line(result.focus[1:-1], result.path)) is not None:
                return name, line
        return "", None


def explanation(
    publication: Publication,
    documents: Iterable[Document],
    graph: str,
    results: Sequence[Result],
    warnings: Iterable[DocumentWarning] = (),
) -> Explanation:
    """Return what helps with some results.

    Args:
        publication: against whose shapes they are.
        documents: what was sent.
        graph: the graph for which it was sent.
        results: what is wrong.
        warnings: what is told of how the documents were read.
    """
    if not results:
        return Explanation(None, ())
    nodes = {each.focus[1:-1] for each in results[:EXPLAINED] if each.focus.startswith("<")}
    places = []
    for each in documents:
        try:
            places.append((each.name, positions(each, nodes, publication.base, graph)))
        except (OSError, SourceError):  # it was read a moment ago; without lines the report is still right
            continue
    return Explanation(_adviser(publication), tuple(places), {each.place: each for each in warnings})


def _adviser(publication: Publication) -> Adviser | None:
    try:
        store = current_release(publication).store
    except ReleaseError:  # there is none yet, so nothing can be said by example
        return None
    personal = frozenset(graph_named(publication, name) for name in publication.settings.privacy.personal_graphs)
    names = prefixes(publication, read_context(publication))
    return Adviser(Shapes(store, publication.base), names, personal)


def nodes_of_classes(chunks: Iterable[Chunk]) -> dict[str, set[str]]:
    """Return the classes that are stated in some chunks → the nodes that have them, in N-Triples syntax."""
    found, mark = dict[str, set[str]](), f" <{RDF_TYPE}> <".encode()
    for chunk in chunks:
        for line in chunk.lines():
            if mark in line:
                subject, _, target = line.partition(mark)
                found.setdefault(target.removesuffix(b"> .").decode(), set()).add(subject.decode())
    return found


def counted(nodes: dict[str, set[str]]) -> dict[str, int]:
    """Return how many nodes there are of each class, most first."""
    return dict(Counter({each: len(found) for each, found in nodes.items()}).most_common())
