"""What is told of the sources that are harvested: on ``/dataset``, and in ``/metrics``. Nothing is fetched here."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Blueprint
from flask.sansio.blueprints import BlueprintSetupState
from markupsafe import Markup

from endpoint.current import languages, publication, snapshot, urls
from endpoint.http.responses import told
from endpoint.pages.term_names import Shown, names_for
from endpoint.served_parts import Standing
from graph.model.errors import HamkorError, Sentence
from graph.model.publication import Publication

if TYPE_CHECKING:
    from graph.parts.harvest.harvesting import HarvestedSource

harvested = Blueprint("harvested", __name__)
REFUSED = Sentence("what it says is not published here")
"""What everybody is told where only the operator is to know why."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source on the page of the dataset.

    Attributes:
        name: of the graph that it fills.
        address: where it is.
        had: when it was there last, in ISO 8601, or an empty string: never.
        problem: why it came to nothing the last time, in the reader's language, or nothing.
    """

    name: Shown
    address: str
    had: str
    problem: Markup


@harvested.record_once
def _install_rows(state: BlueprintSetupState) -> None:
    """Let the page of the dataset ask for the sources; no other page looks at them."""
    state.app.jinja_env.globals["harvest_rows"] = rows


def rows() -> list[SourceRow]:
    """Return the sources of the publication, each with how it stands."""
    names = names_for(snapshot(), urls(), languages())
    return [_row(each, names.thing(each.graph)) for each in _sources(publication())]


def _sources(publication: Publication) -> tuple[HarvestedSource, ...]:
    """Return the publication's sources; what reads them is loaded where there are any."""
    if not publication.settings.harvest:
        return ()
    from graph.parts.harvest.harvesting import harvests  # noqa: PLC0415  takes 110 ms to load, with all that fetches

    return harvests(publication)


def _row(harvest: HarvestedSource, name: Shown) -> SourceRow:
    had = "" if harvest.state.had is None else f"{harvest.state.had:%Y-%m-%dT%H:%M:%SZ}"
    return SourceRow(name, harvest.settings.address, had, _told(harvest))


def _told(harvest: HarvestedSource) -> Markup:
    if not harvest.problem:
        return Markup()
    return told(REFUSED if harvest.state.is_private else harvest.problem)


def standing(publication: Publication) -> Standing:
    """Return how old what is harvested is, and how often in succession it came to nothing, by graph."""
    now, age, failures = datetime.now(UTC), dict[str, float](), dict[str, float]()
    with suppress(HamkorError):  # the figures of all else are wanted when the disk fails
        for each in _sources(publication):
            if each.state.had is not None:
                age[each.graph] = max((now - each.state.had).total_seconds(), 0.0)
            failures[each.graph] = float(each.state.failures)
    if not failures:
        return Standing()
    return Standing(by_graph={
        ("harvest_age_seconds", "Seconds since a source was last there, changed or not"): age,
        ("harvest_failures", "How often in succession a source came to nothing"): failures,
    })  # fmt: skip
