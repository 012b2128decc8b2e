"""What becomes of a proposal: asked of the shapes, accepted as one release with its provenance, or declined.

To accept is to publish, and can be done twice without harm: the release names the proposal, so whoever comes after a
kill sees whether it has been made. Changes of graphs that files fill are kept as a patch, which the next build applies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyoxigraph as ox

from graph.model.errors import HamkorError, ReleaseError, Sentence
from graph.model.publication import Publication, open_publication
from graph.model.rdf_terms import DCT, PROV, RDF_TYPE, RDFS_LABEL, XSD
from graph.parts.contribution.work import explanation
from graph.parts.proposals.proposal_store import (
    CheckedProposal,
    Content,
    Decision,
    KeptProposal,
    ProposalAcceptance,
    ProposalCheck,
    ValueChange,
    proposals_of,
)
from graph.parts.proposals.proposed_rows import rows_of, stale, statement_line, statements_of
from graph.parts.proposals.shape_form import ACCEPTED_GRAPH, term_of
from graph.pipeline.write import GraphEdit, SourcePatch, publish, rehearse, stored_report
from graph.releases.exact_forms import open_forms
from graph.releases.release import Patience, Release, current_release
from graph.sources.rdf_patches import PatchFile, PatchRow, patch_file, remove_patch
from graph.validation.report import ValidationFailedError

# A proposal as it is published.

ACTIVITY = "accepted/"
"""Below the base: what was done when a proposal was accepted."""
NAMES = {"en": "Accepted proposals", "ru": "Принятые предложения", "uz": "Qabul qilingan takliflar"}
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class ProposedWrites:
    """A proposal as it is published: edits of graphs, and the rows of those that files fill."""

    edits: list[GraphEdit]
    patch: list[PatchRow]

    @property
    def graphs(self) -> frozenset[str]:
        """The graphs that files fill."""
        return frozenset(each.graph for each in self.patch)


def writes_of(release: Release, rows: Sequence[PatchRow]) -> ProposedWrites:
    """Return how rows are written to a release: what contributors wrote is edited, all else is a patch besides."""
    contributed = {each.iri for each in release.manifest.graphs if each.origin == "contributed"}
    graphs = dict.fromkeys(each.graph for each in rows)
    edits = [
        GraphEdit(
            graph,
            frozenset(each.line for each in rows if each.graph == graph and each.is_added),
            frozenset(each.line for each in rows if each.graph == graph and not each.is_added),
        )
        for graph in graphs
    ]
    return ProposedWrites(edits, [each for each in rows if each.graph not in contributed])


# What the shapes say of it, for whoever proposes and whoever reviews.


def check(what: ProposalCheck) -> CheckedProposal:
    """Return what the shapes find in the release with some changes, and do not find without; nothing is published.

    Raises:
        HamkorError: as ``graph.pipeline.write.rehearse``.
    """
    publication = open_publication(Path(what.root))
    release = current_release(publication)
    writes = writes_of(release, rows_of(what.thing, what.changes))
    report = rehearse(publication, writes.edits, tells_withheld=False, patch=SourcePatch(writes.graphs))
    fresh = report.new_since(stored_report(release, publication.base), (f"<{what.thing}>",))
    helps = explanation(publication, (), what.thing, fresh)
    violations = sum(each.severity == "Violation" for each in fresh)
    return CheckedProposal(tuple(helps.found(each) for each in fresh[:MOST_SHOWN]), violations)


# A decision, and what comes of it.


def accept(what: ProposalAcceptance) -> Decision:
    """Accept a proposal, as a process of its own does it.

    Raises:
        HamkorError: as ``accept_proposal``.
    """
    publication = open_publication(Path(what.root))
    patience = Patience(publication.settings.limits.queue_seconds)
    try:
        return accept_proposal(publication, what.id, what.decision, patience)
    except ValidationFailedError as problem:  # whoever waits for this process knows no report
        number = problem.report.count("Violation")
        said = Sentence("the release would violate the shapes in %(number)s places", number=number)
        raise ReleaseError(said, Sentence("accept other changes, or decline it")) from problem


def decline(what: ProposalAcceptance) -> Decision:
    """Decline a proposal, as a process of its own does it.

    Raises:
        HamkorError: as ``decline_proposal``.
    """
    return decline_proposal(open_publication(Path(what.root)), what.id, what.decision)


def accept_proposal(publication: Publication, name: str, decision: Decision, patience: Patience) -> Decision:
    """Make a release of the chosen changes of a proposal; return the decision with the release that has them.

    A comment, or a wish to be taken out, makes none: to accept it says that it has been dealt with. One that was about
    to be accepted when a process was killed is accepted as it was decided then.

    Raises:
        ReleaseError: it does not wait any more, nothing of it is chosen, or a value is no longer there.
        HamkorError: as ``graph.pipeline.write.publish``; then it goes on waiting.
    """
    store = proposals_of(publication)
    proposal, time = store.get(name), datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    content = proposal.content if proposal is not None else None
    if content is not None and not content.changes:
        release = current_release(publication).id
        return _decided(store.accept(name, msgspec.structs.replace(decision, time=time, release=release)))
    if proposal is None or proposal.state != "accepting":
        _check_chosen(publication, content, decision)
        proposal = store.begin(name, msgspec.structs.replace(decision, time=time))
    return _decided(_carry_out(publication, proposal, patience))


def _check_chosen(publication: Publication, content: Content | None, decision: Decision) -> None:
    if content is None:
        return
    if not decision.chosen or max(decision.chosen) >= len(content.changes) or min(decision.chosen) < 0:
        raise ReleaseError(Sentence("no change is chosen"), Sentence("choose some, or decline it"))
    gone = [
        each for each in stale(current_release(publication), content.thing, content.changes) if each in decision.chosen
    ]
    if gone:
        change = content.changes[gone[0]]
        problem = Sentence("the value %(value)s has changed since", value=(change.removed or change.added)[:200])
        raise ReleaseError(problem, Sentence("look at it again, and accept the others"))


def _carry_out(publication: Publication, proposal: KeptProposal, patience: Patience) -> KeptProposal:
    """Publish what was decided, unless the release has it already; let the proposal be accepted, or wait again."""
    store, content, decision = proposals_of(publication), proposal.content, proposal.decision
    if content is None or decision is None:  # both are there as long as it is about to be accepted
        raise ReleaseError(Sentence("the proposal %(name)s is damaged", name=proposal.id))
    if not _is_in(publication, proposal.id):
        release = current_release(publication)
        chosen = [each for number, each in enumerate(content.changes) if number in decision.chosen]
        rows = [*rows_of(content.thing, chosen), *_provenance(publication, proposal, content, decision)]
        writes = writes_of(release, [*rows, *_overtaken(publication, release, proposal.id, content.thing, chosen)])
        heading = (f"proposal {proposal.id}: {content.label or content.thing}", decision.words)

        def file() -> PatchFile | None:
            return patch_file(publication, proposal.id, writes.patch, heading) if writes.patch else None

        try:
            publish(publication, writes.edits, patience=patience, patch=SourcePatch(writes.graphs, file))
        except HamkorError:
            if not _is_in(publication, proposal.id):  # it may have been made, and only what comes after has failed
                remove_patch(publication, proposal.id)
                store.reopen(proposal.id)
                raise
    made = current_release(publication).id
    return store.accept(proposal.id, msgspec.structs.replace(decision, release=made))


def _is_in(publication: Publication, name: str) -> bool:
    """Whether the current release says that a proposal was accepted."""
    activity = ox.NamedNode(f"{publication.base}{ACTIVITY}{name}")
    store = current_release(publication).store
    return next(store.quads_for_pattern(activity, None, None, ox.DefaultGraph()), None) is not None


def _decided(proposal: KeptProposal) -> Decision:
    return proposal.decision or Decision()


def resume_proposals(publication: Publication, patience: Patience) -> list[str]:
    """Finish what killed processes have left: proposals that were about to be accepted; return their ids.

    Raises:
        HamkorError: as ``accept_proposal``.
    """
    left = proposals_of(publication).queue(("accepting",))
    for each in left:
        _carry_out(publication, each, patience)
    return [each.id for each in left]


def decline_proposal(publication: Publication, name: str, decision: Decision) -> Decision:
    """Decline a proposal: its author reads why.

    Raises:
        ReleaseError: it does not wait any more, or no reason is given.
    """
    if not decision.words.strip():
        raise ReleaseError(Sentence("nothing says why it is declined"), Sentence("write a sentence to its author"))
    time = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return _decided(proposals_of(publication).decline(name, msgspec.structs.replace(decision, time=time)))


# Where an accepted change comes from (PROV-O): in whose words it was proposed, who accepted it, and when.


def _provenance(
    publication: Publication, proposal: KeptProposal, content: Content, decision: Decision
) -> list[PatchRow]:
    base, graph = publication.base, publication.graph(ACCEPTED_GRAPH)
    activity = f"{base}{ACTIVITY}{proposal.id}"
    reviewer = f"{activity}/reviewer"
    day = f"{XSD}dateTime"
    generated = PROV + ("generated" if content.kind == "new" else "influenced")
    statements: list[tuple[str, str, ox.NamedNode | ox.Literal]] = [
        (activity, RDF_TYPE, ox.NamedNode(PROV + "Activity")),
        (activity, generated, ox.NamedNode(content.thing)),
        (activity, PROV + "startedAtTime", _time(proposal.made.isoformat().replace("+00:00", "Z"), day)),
        (activity, PROV + "endedAtTime", _time(decision.time, day)),
        (activity, PROV + "wasAssociatedWith", ox.NamedNode(reviewer)),
        (reviewer, RDF_TYPE, ox.NamedNode(PROV + "Agent")),
        (reviewer, RDFS_LABEL, ox.Literal(decision.name or "the publisher")),
    ]
    statements += [(activity, RDFS_LABEL, ox.Literal(_called(content, tag), language=tag)) for tag in NAMES]
    statements += [(graph, RDFS_LABEL, ox.Literal(text, language=tag)) for tag, text in NAMES.items()]
    if decision.words.strip():
        words = ox.Literal(decision.words.strip(), language=content.language)
        statements.append((activity, DCT + "description", words))
    if content.source.strip():
        statements.append((activity, DCT + "source", _source(content.source.strip())))
    return [PatchRow(graph, statement_line(one, two, str(three)), is_added=True) for one, two, three in statements]


def _overtaken(
    publication: Publication, release: Release, name: str, thing: str, chosen: Sequence[ValueChange]
) -> list[PatchRow]:
    """Return what is said of statements with names of their own (``rdf:Statement``) that speak of a value that goes.

    They stay, since their sources have said it, and are marked as overtaken (``prov:wasInvalidatedBy``), so that none
    looks as if it still backed something. One that is a side of a disagreement is left alone: there it is a claim.
    """
    base, forms, marked = publication.base, open_forms(release.folder), list[PatchRow]()
    claim, activity = ox.NamedNode(f"{base}ns#claim"), f"<{base}{ACTIVITY}{name}>"
    for each in chosen:
        if not each.removed or each.thing:
            continue
        line = statement_line(thing, each.predicate, each.removed)
        if {*forms.graphs(release.store, line)} - {*each.graphs}:
            continue  # another graph says it, too
        for statement in statements_of(release.store, thing, each.predicate, term_of(each.removed)):
            if next(release.store.quads_for_pattern(None, claim, statement, ox.DefaultGraph()), None) is None:
                said = statement_line(statement.value, PROV + "wasInvalidatedBy", activity)
                marked.append(PatchRow(publication.graph(ACCEPTED_GRAPH), said, is_added=True))
    return marked


CALLED = {"en": "Accepted proposal: {}", "ru": "Принятое предложение: {}", "uz": "Qabul qilingan taklif: {}"}


def _called(content: Content, tag: str) -> str:
    return CALLED[tag].format(content.label or content.thing)


def _time(text: str, datatype: str) -> ox.Literal:
    return ox.Literal(text, datatype=ox.NamedNode(datatype))


def _source(text: str) -> ox.NamedNode | ox.Literal:
    if text.startswith(("https://", "http://")) and " " not in text:
        try:
            return ox.NamedNode(text)
        except ValueError:  # an address that is none stays a text, as it was given
            return ox.Literal(text)
    return ox.Literal(text)
