"""``hamkor harvest``: what others keep, asked for now; and how each source stands."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from endpoint.commands.options import Options, publication_option, wait_option
from graph.model.errors import Sentence, SettingError
from graph.model.publication import Publication
from graph.model.settings import harvested_graph
from graph.parts.harvest.harvesting import Harvested, HarvestedSource, harvest, harvests


@click.command("harvest")
@click.option("--now", "names", multiple=True, metavar="NAME", help="This graph, whether it is due or not; repeatable.")
@click.option("--status", is_flag=True, help="Fetch nothing; say how each source stands.")
@wait_option
@publication_option
def harvest_command(options: Options, names: tuple[str, ...], status: bool) -> None:
    """Fetch what others keep: the sources under [[harvest]] in hamkor.toml that are due.

    Each fills a graph of its own, through the checks that contributions go through. What fails leaves the graph as
    it is. hamkor serve does the same by itself. docs/harvest.md says what is fetched, and what is not.

    Exit status: 0 all came, 1 a source came to nothing, 2 something could not be read or written.

    \b
      hamkor harvest
      hamkor harvest --now ngo-x/clubs
      hamkor harvest --status
    """  # noqa: D301  click reads \b as the sign itself
    publication = options.publication()
    if publication.origin is not None:
        raise SettingError(str(publication.root), Sentence("a copy has what its publisher harvests; run it there"))
    if not publication.settings.harvest:
        click.echo("Nothing to harvest: hamkor.toml has no [[harvest]]")
        return
    wanted = _wanted(publication, names)
    if status:
        for each in wanted:
            _stands(publication, each)
        return
    now = datetime.now(UTC)
    due = [each for each in wanted if names or each.is_due(now)]
    if not due:
        click.echo("Nothing is due; --now NAME asks all the same, --status says when it will be")
    came = []
    for each in due:
        came.append(harvest(publication, each.graph, options.wait))
        _told(publication, came[-1])
    sys.exit(1 if any(each.harvest.problem for each in came) else 0)


def _wanted(publication: Publication, names: tuple[str, ...]) -> list[HarvestedSource]:
    """Return the sources that are named, or all."""
    found = harvests(publication)
    wanted = {name if ":" in name else publication.graph(name): name for name in names}
    for graph, name in wanted.items():
        if all(each.graph != graph for each in found):
            known = ", ".join(each.settings.graph for each in found)
            problem = Sentence(
                "no source is harvested into %(name)s; there are %(names)s", name=repr(name), names=known
            )
            raise SettingError("hamkor.toml", problem)
    return [each for each in found if not wanted or each.graph in wanted]


def _told(publication: Publication, came: Harvested) -> None:
    name = _name(publication, came.harvest)
    if came.harvest.problem:
        click.echo(f"hamkor: {name}: {came.harvest.problem}", err=True)
    elif came.release:
        click.echo(f"{name}: release {came.release}")
    else:
        click.echo(f"{name}: nothing has changed")


def _stands(publication: Publication, each: HarvestedSource) -> None:
    state = each.state
    click.echo(f"{_name(publication, each)}  <{each.settings.address}>, every {each.settings.every}")
    click.echo(f"  last there {_moment(state.had)}, changed {_moment(state.changed)}, due {_moment(state.due, 'now')}")
    if each.problem:
        click.echo(f"  failed {state.failures} times, last {_moment(state.asked)}: {each.problem}")


def _name(publication: Publication, each: HarvestedSource) -> str:
    return harvested_graph(publication.base, each.settings).removeprefix(publication.graph(""))


def _moment(moment: datetime | None, never: str = "never") -> str:
    return never if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
