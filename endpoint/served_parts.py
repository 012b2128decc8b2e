"""What each part adds to the service and to the command line, by name, so that nothing is loaded unasked.

To leave a part out, take it out of ``SERVED``, and what needs it (``graph.pipeline.parts``): its routes and commands
are gone, and no page leads to them. Nothing is discovered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from graph.model.publication import Publication
from graph.pipeline.parts import (
    CONTRIBUTION,
    HARVEST,
    LINKING,
    LINKSETS,
    PROPOSALS,
    REPLICATION,
    SPREADSHEETS,
    TEMPLATES,
    Part,
)


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
        companion: a module below ``graph`` that runs as a process beside the service, and is given its folder.
        has_work: whether there is anything for that process to do.
        after_writing: what it does when a command has published, as ``module:name`` below ``graph``.
        forwarding: what hands on to a publisher what its copy cannot answer, as ``module:name`` below ``endpoint``: a
            function that is given the publication and how answers leave, and returns it, or None.
    """

    part: Part
    blueprints: tuple[str, ...] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    standing: str = ""
    begins_copy: str = ""
    companion: str = ""
    has_work: Callable[[Publication], bool] = lambda publication: publication.is_replicated
    after_writing: str = ""
    forwarding: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with what a part does.

    Attributes:
        facts: members of the object that ``/ready`` answers with.
        gauges: name, meaning and value of figures for ``/metrics``.
        by_graph: name and meaning of figures, and their values by the IRIs of graphs.
        awaited: ids of releases that are to be here, and may not be yet.
    """

    facts: Mapping[str, object] = field(default_factory=dict)
    gauges: tuple[tuple[str, str, float], ...] = ()
    by_graph: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    awaited: tuple[str, ...] = ()


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
    ServedPart(
        PROPOSALS,
        (
            "proposals.proposing:proposing",
            "proposals.reviewing:reviewing",
            "proposals.own_data:own_data",
            "proposals.own_form:own_form",
            "proposals.own_history:own_history",
            "proposals.shape_documents:shaping",
        ),
        {"proposals": "reviewing_proposals"},
    ),
    ServedPart(
        REPLICATION,
        ("replication.replication_service:replicating",),
        {"push": "replicating", "fetch": "replicating"},
        standing="replication.replication_service:standing",
        begins_copy="parts.replication.follow:begin_copy",
        companion="parts.replication.companion",
        after_writing="parts.replication.companion:send_beside",
        forwarding="replication.publisher_forward:forwarding",
    ),
    ServedPart(
        HARVEST,
        ("harvested:harvested",),
        {"harvest": "harvests"},
        standing="harvested:standing",
        companion="parts.harvest.harvesting",
        # a copy has what its publisher has fetched
        has_work=lambda publication: bool(publication.settings.harvest) and publication.origin is None,
    ),
    ServedPart(SPREADSHEETS, ("spreadsheets.uploading:uploading",), {"import": "importing"}),
)
