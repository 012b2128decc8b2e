"""What each part adds to the service and to the command line, by name, so that nothing is loaded unasked.

To leave a part out, take it out of ``SERVED``, and what needs it (``graph.pipeline.parts``): its routes and commands
are gone, and no page leads to them. Nothing is discovered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from graph.pipeline.parts import CONTRIBUTION, LINKING, LINKSETS, PROPOSALS, TEMPLATES, Part


@dataclass(frozen=True, slots=True)
class ServedPart:
    """What a part adds to what is served and to what can be called.

    Attributes:
        part: which.
        blueprints: its routes, each as ``module:name`` below ``endpoint``, in the order in which they are registered.
        commands: the names of its commands, and in which module of ``endpoint.commands`` each is.
    """

    part: Part
    blueprints: tuple[str, ...] = ()
    commands: Mapping[str, str] = field(default_factory=dict)


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
)
