"""What each part adds to the service and to the command line, by name, so that nothing is loaded unasked.

To leave a part out, take it out of ``SERVED``, and what needs it (``graph.pipeline.parts``): its routes and commands
are gone, and no page leads to them. Nothing is discovered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from graph.pipeline.parts import CONTRIBUTION, LINKING, LINKSETS, PROPOSALS, REPLICATION, TEMPLATES, Part


@dataclass(frozen=True, slots=True)
class ServedPart:
    """What a part adds to what is served and to what can be called.

    Attributes:
        part: which.
        blueprints: its routes, each as ``module:name`` below ``endpoint``, in the order in which they are registered.
        commands: the names of its commands, and in which module of ``endpoint.commands`` each is.
        standing: what it tells of a publication at ``/ready`` and ``/metrics``, as ``module:name`` below ``endpoint``:
            a function that is given the publication and returns a ``Standing``.
        begins_copy: what lets a folder follow a URL, given both, as ``module:name`` below ``graph``.
        companion: a module below ``graph`` that runs as a process beside the service of a replicated publication, and
            is given its folder.
        after_writing: what it does when a command has published, as ``module:name`` below ``graph``.
    """

    part: Part
    blueprints: tuple[str, ...] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    standing: str = ""
    begins_copy: str = ""
    companion: str = ""
    after_writing: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with what a part does.

    Attributes:
        facts: members of the object that ``/ready`` answers with.
        gauges: name, meaning and value of figures for ``/metrics``.
    """

    facts: Mapping[str, object] = field(default_factory=dict)
    gauges: tuple[tuple[str, str, float], ...] = ()


SERVED: tuple[ServedPart, ...] = (
    ServedPart(
        LINKING,
        ("things.search:search", "reconcile.reconciliation_api:reconcile", "reconcile.reconciliation_api:draft"),
    ),
    ServedPart(LINKSETS, ("things.same_as:same_as",), {"link": "linking", "check": "linking"}),
    ServedPart(TEMPLATES, ("things.starting_files:starting",), {"template": "templating"}),
    ServedPart(
        CONTRIBUTION,
        (
            "graphs.graph_writing:writing",
            "graphs.graph_writing:updating",
            "graphs.validation_service:validating",
        ),
        {"publish": "contributing", "withdraw": "contributing", "token": "contributing"},
    ),
    ServedPart(PROPOSALS),
    ServedPart(
        REPLICATION,
        ("replication.replication_service:replicating",),
        {"push": "replicating", "fetch": "replicating"},
        standing="replication.replication_service:standing",
        begins_copy="parts.replication.follow:begin_copy",
        companion="parts.replication.companion",
        after_writing="parts.replication.companion:send_beside",
    ),
)
