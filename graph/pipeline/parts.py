"""The parts of ``graph``: what is optional, what each needs of the others, and what it does to a release in the making.

To leave a part out, take it out of ``PARTS``, and what needs it: the pipeline then makes releases without what the part
adds. What a part adds to the service and to the command line says ``endpoint.served_parts``. Nothing is discovered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line reads this list at every start, and loads nothing for it
    from graph.model.publication import Publication
    from graph.releases.change import ReleaseRevision
    from graph.sources.batches import GraphChange
    from graph.withholding.withholding import Withholding


@dataclass(frozen=True, slots=True)
class Part:
    """What is optional, as one whole.

    Attributes:
        name: how it is called.
        packages: where it is, below ``graph.parts``; no other part is there, and nothing of the core imports it.
        needs: the parts without which it cannot be.
        doing: what its step does, in the words in which progress is told.
        step: what it does to a release in the making, when that has its graphs and conclusions: made by these changes
            of its parent or, where there is None, from nothing. Both ways come to the same. The catalogue is written
            inside its block.
        forget: what takes away of what it keeps beside the releases whatever is withheld, as ``module:name`` below
            ``graph.parts``: a function that is given the publication and what is withheld.
    """

    name: str
    packages: tuple[str, ...]
    needs: tuple[str, ...] = ()
    doing: str = ""
    step: Callable[[ReleaseRevision, Sequence[GraphChange] | None], AbstractContextManager[None]] | None = None
    forget: str = ""


@contextmanager
def _names(revision: ReleaseRevision, changes: Sequence[GraphChange] | None) -> Iterator[None]:
    from graph.parts.linking.index_builder import (  # noqa: PLC0415  who reads this list need not load what it names
        index_beside,
        make_index,
        renew_index,
    )

    folder, base, parent = revision.folder, revision.base, revision.parent
    members = {iri: revision.place(iri) for iri in revision.entries}
    if changes is None:
        # all names take as long as half of the loading: a process of its own reads them beside the catalogue
        with index_beside(folder, base, members, sum(each.triples for each in revision.entries.values())):
            yield
        return
    if parent is None or not renew_index(parent, folder, base, revision.store, changes):
        make_index(folder, base, members)
    yield


LINKING = Part("linking", ("linking",), doing="writing the index of names", step=_names)
LINKSETS = Part("linksets", ("linksets",), needs=("linking",))
TEMPLATES = Part("templates", ("templates",))
CONTRIBUTION = Part("contribution", ("contribution",), needs=("templates",))
PROPOSALS = Part(
    "proposals", ("proposals",), needs=("templates", "contribution"), forget="proposals.proposal_store:forget_withheld"
)
REPLICATION = Part("replication", ("replication",))
HARVEST = Part("harvest", ("harvest",), needs=("templates", "contribution"))
SPREADSHEETS = Part(
    "spreadsheets", ("spreadsheets",), needs=("linking", "linksets", "templates", "contribution", "proposals"),
    forget="spreadsheets.import_memory:forget_withheld",
)  # fmt: skip
PARTS: tuple[Part, ...] = (
    LINKING, LINKSETS, TEMPLATES, CONTRIBUTION, PROPOSALS, REPLICATION, HARVEST, SPREADSHEETS,
)  # fmt: skip


def forget_withheld_by(publication: Publication, parts: Sequence[Part] = PARTS) -> Callable[[Withholding], None]:
    """Return what takes away, of all that parts keep beside the releases of a publication, whatever is withheld."""

    def forget(withholding: Withholding) -> None:
        for each in parts:
            if each.forget:
                resolve_name(f"graph.parts.{each.forget}")(publication, withholding)

    return forget


def left_out(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the names of the parts that are not among these: a release without them is not one with them."""
    return tuple(each.name for each in PARTS if each not in parts)
