"""An import looked at, published as one release, or proposed thing by thing: what a process of its own does.

Where anything is at fault nothing is published and nothing proposed, and what is at fault comes back.
"""

from __future__ import annotations

import msgspec

from graph.model.errors import ReleaseError, Sentence, StorageError, packed
from graph.parts.proposals.proposal_store import Content, ValueChange, proposals_of
from graph.parts.proposals.proposed_rows import marked
from graph.parts.spreadsheets.import_preview import ImportOutcome, ImportPreview, ImportRequest
from graph.parts.spreadsheets.imported_things import RowThing
from graph.parts.spreadsheets.spreadsheet_import import SpreadsheetImport
from graph.pipeline.write import Published, publish
from graph.releases.release import Patience
from graph.validation.report import ValidationFailedError
from graph.withholding.withholding import withholding_of


def preview_import(request: ImportRequest) -> ImportPreview:
    """Return what would come of an import; nothing is published or remembered.

    Raises:
        HamkorError: the file, or what is said of it, cannot be understood.
    """
    return SpreadsheetImport(request).preview()


def publish_import(request: ImportRequest) -> ImportOutcome:
    """Publish an import as one release; where anything is at fault, nothing is published.

    Raises:
        HamkorError: as ``preview_import``, or as ``graph.pipeline.write.publish``, but for violations.
    """
    work = SpreadsheetImport(request)
    patience = Patience(work.publication.settings.limits.queue_seconds)
    return publish_checked(work, patience)


def publish_checked(work: SpreadsheetImport, patience: Patience) -> ImportOutcome:
    """Publish an import that has been begun; the shapes are asked by the gate alone.

    Raises:
        HamkorError: as ``publish_import``.
    """
    found = work.preview(asks_shapes=False)
    if not work.request.graph:
        raise ReleaseError(Sentence("no graph is named"), Sentence("say into which graph the things go"))
    if found.faults:
        return ImportOutcome(work.preview())
    edit = work.edit(work.request.graph)
    try:
        done: Published = publish(
            work.publication, [edit], contributor=work.request.contributor, expected=work.request.expected,
            patience=patience,
        )  # fmt: skip
    except ValidationFailedError:
        return ImportOutcome(work.preview())
    made = ImportOutcome(found, done.release.id, done.changed, done.release.manifest.triples)
    try:
        work.remember()
    except OSError as problem:  # it is published all the same
        said = Sentence("it is published, and what was said of columns and names could not be kept for the next time")
        return msgspec.structs.replace(made, forgotten=packed(StorageError.of(said, problem).sentence))
    return made


# The same, proposed: each thing by itself, for whoever reviews.

MOST_PROPOSED = 100


class ImportProposal(msgspec.Struct, frozen=True):
    """An import as it is proposed.

    Attributes:
        request: the import.
        reason: why, in the words of whoever proposes it.
        source: where that can be read.
        language: in which they read the pages.
        address: where they want an answer.
    """

    request: ImportRequest
    reason: str = ""
    source: str = ""
    language: str = "en"
    address: str = ""


class ProposedThing(msgspec.Struct, frozen=True):
    """A thing that was proposed: what it is called, the id of the proposal, and the secret of its author."""

    label: str
    id: str
    secret: str


class ProposedImport(msgspec.Struct, frozen=True):
    """What became of it: the things that were proposed, or none where something is at fault."""

    preview: ImportPreview
    proposed: tuple[ProposedThing, ...] = ()


def propose_import(what: ImportProposal) -> ProposedImport:
    """Keep a proposal for each thing that is new or changes; where anything is at fault, none is kept.

    Raises:
        ReleaseError: they are more than ``MOST_PROPOSED``, nothing changes, or one is withheld.
        HamkorError: as ``preview_import``, or as ``ProposalStore.add``.
    """
    work = SpreadsheetImport(msgspec.structs.replace(what.request, graph="", adds=True))
    found, publication = work.preview(), work.publication
    if found.faults:
        return ProposedImport(found)
    changed = [each for each in work.made.things if each.changes]
    if not changed:
        raise ReleaseError(Sentence("nothing would change"), Sentence("look whether the file is the right one"))
    if len(changed) > MOST_PROPOSED:
        problem = Sentence("%(number)s things would be proposed", number=len(changed))
        remedy = Sentence("propose at most %(most)s at a time, or ask the publisher for a token", most=MOST_PROPOSED)
        raise ReleaseError(problem, remedy)
    suppression = withholding_of(publication).suppression
    if any(suppression.lists(each.iri) for each in changed):
        raise ReleaseError(Sentence("one of the things is withheld here"))
    settings = publication.settings.proposals
    kept = proposals_of(publication).add_all(  # all or none: of half of them nobody would have the addresses
        [_content(work, each, what) for each in changed], what.address,
        most=settings.most_waiting, keep_days=settings.keep_days,
    )  # fmt: skip
    proposed = (ProposedThing(each.label, *names) for each, names in zip(changed, kept, strict=True))
    return ProposedImport(found, tuple(proposed))


def _content(work: SpreadsheetImport, thing: RowThing, what: ImportProposal) -> Content:
    graphs = next((each.graphs for each in thing.changes if each.added), ())
    along = (  # new things that its cells name are proposed with it: without them it would lead nowhere
        ValueChange(path, "", str(term), graphs, each.iri) for each in thing.named for path, term in each.statements()
    )
    content = Content(
        "new" if thing.is_new else "change", thing.iri, thing.label, (*along, *thing.changes), what.reason, what.source,
        what.language, work.release.id, violations=0,
    )  # fmt: skip
    return marked(work.publication, work.release.store, content)
