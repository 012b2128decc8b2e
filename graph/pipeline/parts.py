"""The parts of ``graph``: what is optional, what each needs of the others, and what it does to a release in the making.

To leave a part out, take it out of ``PARTS``, and what needs it: the pipeline then makes releases without what the part
adds. What a part adds to the service and to the command line says ``endpoint.served_parts``. Nothing is discovered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line reads this list at every start, and loads nothing for it
    from graph.releases.change import ReleaseRevision
    from graph.sources.batches import GraphChange


@dataclass(frozen=True, slots=True)
class Part:
    """What is optional, as one whole.

    Attributes:
        name: how it is called.
        packages: where it is, below ``graph.parts``; no other part is there, and nothing of the core imports it.
        needs: the parts without which it cannot be.
        doing: what its steps do, told while they run.
        after_build: its step where a release has been made from nothing; the catalogue is written inside its block.
        after_change: its step where one has been made by changes of its parent; it comes to what ``after_build`` does.
    """

    name: str
    packages: tuple[str, ...]
    needs: tuple[str, ...] = ()
    doing: str = ""
    after_build: Callable[[ReleaseRevision], AbstractContextManager[None]] | None = None
    after_change: Callable[[ReleaseRevision, Sequence[GraphChange]], None] | None = None


def _names_beside(revision: ReleaseRevision) -> AbstractContextManager[None]:
    from graph.parts.linking.index_builder import index_beside  # noqa: PLC0415  the service reads this list, and no more

    members = {iri: revision.place(iri) for iri in revision.entries}
    return index_beside(
        revision.folder, revision.base, members, sum(each.triples for each in revision.entries.values())
    )


def _names_renewed(revision: ReleaseRevision, changes: Sequence[GraphChange]) -> None:
    from graph.parts.linking.index_builder import make_index, renew_index  # noqa: PLC0415  as above

    folder, base, parent = revision.folder, revision.base, revision.parent
    if parent is None or not renew_index(parent, folder, base, revision.store, changes):
        make_index(folder, base, {iri: revision.place(iri) for iri in revision.entries})


LINKING = Part(
    "linking", ("linking",), doing="writing the index of names", after_build=_names_beside, after_change=_names_renewed
)
LINKSETS = Part("linksets", ("linksets",), needs=("linking",))
TEMPLATES = Part("templates", ("templates",))
CONTRIBUTION = Part("contribution", ("contribution", "update"), needs=("templates",))
PARTS: tuple[Part, ...] = (LINKING, LINKSETS, TEMPLATES, CONTRIBUTION)


def left_out(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the names of the parts that are not among these: a release without them is not one with them."""
    return tuple(each.name for each in PARTS if each not in parts)
