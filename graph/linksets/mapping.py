"""What a checked answer sheet says: mappings from the rows' things to ours, each with how it came about and how sure.

A mapping is a value; as Turtle and as SSSOM it is written elsewhere. Persons are in none: a table of names must not
become a table of people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from graph.errors import SourceError
from graph.linking.entity import Entity
from graph.linking.evidence import Evidence
from graph.linking.kinds import PERSON
from graph.linking.reconciliation import Candidate, Question, Reconciler
from graph.linking.search import Search
from graph.linksets.matching import constraints
from graph.linksets.naming import RowNames
from graph.linksets.relations import REFERENCE, SAME_AS, predicate_of
from graph.linksets.sheet import Answer, open_sheet

MANUAL, LEXICAL, SIMILAR = "ManualMappingCuration", "LexicalMatching", "LexicalSimilarityThresholdMatching"
"""Why one may believe a mapping, in the terms of SEMAPV."""
AGREED = 1.0
CONSIDERED = 50


@dataclass(frozen=True, slots=True)
class Mapping:
    """One row's thing and ours.

    Attributes:
        row: the number of the row.
        subject: the IRI of the row's thing.
        subject_label: its name in the table.
        predicate: the property that links them.
        entity: ours.
        justification: a term of SEMAPV.
        confidence: how sure, from 0 to 1.
        is_negative: whether it says that they are not so related.
        remark: why the property is weaker than was asked for, or an empty string.
    """

    row: int
    subject: str
    subject_label: str
    predicate: str
    entity: Entity
    justification: str
    confidence: float
    is_negative: bool = False
    remark: str = ""


@dataclass
class Acceptance:
    """Makes mappings of answers."""

    sheet: Path
    search: Search
    reconciler: Reconciler
    names: RowNames
    everything_same: bool = False
    _evidence: Evidence = field(init=False)

    def __post_init__(self) -> None:
        """Take the evidence that the reconciler has."""
        self._evidence = self.reconciler.evidence

    def mappings(self) -> list[Mapping]:
        """Return what the sheet says, in its order.

        Raises:
            SourceError: a cell holds what it may not, or a row has no IRI.
        """
        with open_sheet(self.sheet) as answers:
            return list(_without_shared(list(self._made(answers))))

    def _made(self, answers: Iterable[Answer]) -> Iterator[Mapping]:
        for answer in answers:
            if answer.match:
                yield self._mapping(answer)

    def _mapping(self, answer: Answer) -> Mapping:
        entity = self._entity(answer)
        subject = self.names.name(answer.row, answer.iri, answer.name)
        if not subject:
            raise self._error(answer, "the row has no IRI", "say with --base below which to make one")
        relation = answer.relation or ("same" if self.everything_same else "")
        candidate = self._candidate(answer, entity)
        predicate = predicate_of(entity.kinds, relation, all_holds=self._holds(answer, entity, candidate))
        is_wished = relation in ("same", "exact")
        remark = "not everything in the row agrees" if is_wished and predicate == REFERENCE else ""
        confidence = candidate.score / 100 if answer.is_automatic and candidate is not None else 1.0
        justification = MANUAL
        if answer.is_automatic and candidate is not None:
            is_exact = candidate.features["exact_name"] or candidate.features["identifier"]
            justification = LEXICAL if is_exact else SIMILAR
        return Mapping(
            answer.row, subject, answer.name, predicate, entity, justification, round(confidence, 4),
            is_negative=relation == "not", remark=remark,
        )  # fmt: skip

    def _entity(self, answer: Answer) -> Entity:
        found = self.search.candidates.identified(answer.match)
        if not found:
            problem = f"nothing here has the id {answer.match[:100]!r}"
            raise self._error(answer, problem, "write an id of the candidates, or leave it empty")
        entity = self.search.index.entities(found[:1])[0]
        if PERSON in entity.kinds:
            raise self._error(answer, "persons are not linked", "leave it empty")
        return entity

    def _candidate(self, answer: Answer, entity: Entity) -> Candidate | None:
        """Return what reconciliation thinks of the thing today; None where it does not think of it."""
        question = Question(answer.name, constraints=constraints(dict(answer.given)), limit=CONSIDERED)
        found = self.reconciler.candidates(question) if answer.name else []
        return next((each for each in found if each.entity.iri == entity.iri), None)

    def _holds(self, answer: Answer, entity: Entity, candidate: Candidate | None) -> bool:
        """Whether the names are surely one, and everything else that the row says agrees."""
        if candidate is None or not candidate.is_sure:
            return False
        each = constraints(dict(answer.given))
        found = [self._evidence.agreement(entity, [one]) for one in each]
        return all(one is not None and one.value == AGREED for one in found)

    def _error(self, answer: Answer, problem: str, remedy: str) -> SourceError:
        return SourceError(str(self.sheet), problem, answer.row + 1, "match", remedy)


def _without_shared(found: list[Mapping]) -> Iterator[Mapping]:
    """Yield mappings; no two rows are the very same thing, so of those that would be, none is."""
    shared = Counter(each.entity.iri for each in found if each.predicate == SAME_AS and not each.is_negative)
    for each in found:
        if each.predicate == SAME_AS and shared[each.entity.iri] > 1:
            yield replace(each, predicate=REFERENCE, remark="several rows are matched with it")
        else:
            yield each
