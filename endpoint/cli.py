"""The command line's face: ``hamkor``, whose commands are modules of ``endpoint.commands``, imported when called.

It holds no rule of its own. Exit status: 0 done; 1 the data does not conform, or the query is not legal; 2 something
could not be read or written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import click

from endpoint.commands.options import Options, readable_errors
from endpoint.served_parts import SERVED, ServedPart

CORE = {
    "build": "releasing", "validate": "releasing", "serve": "releasing", "query": "asking", "export": "asking",
    "releases": "releasing", "withhold": "releasing", "backup": "releasing", "restore": "releasing",
    "init": "releasing", "engine": "asking",
}  # fmt: skip
"""The commands that are always there, and in which module of ``endpoint.commands`` each is."""
ORDER = (
    "init", "build", "validate", "serve", "publish", "import", "withdraw", "harvest", "link", "check", "template",
    "query", "export", "engine", "releases", "withhold", "proposals", "token", "backup", "restore", "push", "fetch",
)  # fmt: skip
"""The order in which one meets the commands, of the core and of the parts."""


def commands(parts: Iterable[ServedPart]) -> dict[str, str]:
    """Return all commands, in their order, and in which module of ``endpoint.commands`` each is."""
    found = {name: module for each in (CORE, *(part.commands for part in parts)) for name, module in each.items()}
    return {name: found[name] for name in sorted(found, key=ORDER.index)}


class Commands(click.Group):
    """The commands, found by name; help lists them in the order in which one meets them."""

    parts: tuple[ServedPart, ...] = SERVED

    def main(self, *arguments: Any, **options: Any) -> None:  # type: ignore[override]  # noqa: ANN401  click's own
        """Run a command; whatever it is, no error of it reaches a user as a traceback, nor one of its arguments."""
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:  # closed by whoever calls: what is said goes nowhere
                setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  until the end
        readable_errors(super().main)(*arguments, **options)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; no file and no IRI has a name with NUL in it."""
        if any("\0" in each for each in args):
            raise click.UsageError("an argument holds the character NUL", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> None:
        """Run a command, and tell its errors while it is known whether the trace is wanted."""
        readable_errors(super().invoke)(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names of all commands."""
        return [*commands(self.parts)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command, importing what it needs; None where there is none of that name."""
        module = commands(self.parts).get(cmd_name)
        if module is None:
            return None
        command: click.Command = resolve_name(f"endpoint.commands.{module}:{cmd_name}_command")
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--publication",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The publication's folder. Default: the nearest one, from here upwards, with a hamkor.toml.",
)
@click.option("--verbose", is_flag=True, help="Show the trace of an error.")
@click.version_option(package_name="hamkor", prog_name="hamkor")
@click.pass_context
def main(context: click.Context, folder: Path | None, verbose: bool) -> None:
    """Publish a folder of RDF: check it with SHACL, release it, serve it through SPARQL and pages.

    A publication is a folder with data/ (Turtle, TriG, N-Triples, N-Quads, JSON-LD, RDF/XML, or CSV with CSVW
    metadata) and, where wanted, ontology/, shapes/ and a hamkor.toml. Begin with:

    \b
      hamkor build       check everything and make a release
      hamkor serve       serve it at http://127.0.0.1:8000
      hamkor query 'SELECT * WHERE { ?s ?p ?o } LIMIT 5'

    Exit status: 0 done; 1 the data does not conform, or the query is not legal; 2 something could not be read
    or written.
    """  # noqa: D301  click reads \b as the sign itself
    context.obj = Options(folder, verbose)
