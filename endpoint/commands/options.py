"""What holds for every command: the publication, how errors are told, how progress shows."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from io import TextIOWrapper
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, ParamSpec

import click
import pyoxigraph as ox

from endpoint.served_parts import SERVED
from graph.model.errors import HamkorError, QueryLimitError, QueryRefusedError, QuerySyntaxError, in_a_line
from graph.model.publication import Publication, find_publication, open_publication
from graph.releases.release import Patience

if TYPE_CHECKING:
    from rich.console import Console

    from graph.pipeline.steps import Progress
    from graph.sources.document_checks import DocumentWarning

# What holds for every command: which publication is meant, and how an error is told.

P = ParamSpec("P")
WAIT_SECONDS = 60.0
MOST_SHOWN = 200
QUERY_ERRORS = (QuerySyntaxError, QueryRefusedError, QueryLimitError)


@dataclass(frozen=True, slots=True)
class Options:
    """The options before the command's name."""

    folder: Path | None = None
    verbose: bool = False
    wait: float = WAIT_SECONDS

    @property
    def patience(self) -> Patience:
        """How long the command waits while another process makes a release; it says so once."""

        def told() -> None:
            text = f"another process is making a release: waiting up to {self.wait:g} seconds for it (--wait)"
            click.echo(f"hamkor: {text}", err=True)

        return Patience(self.wait, told)

    def publication(self) -> Publication:
        """Return the publication that the user means.

        Raises:
            SettingError: there is none.
        """
        return find_publication(Path.cwd()) if self.folder is None else open_publication(self.folder)


def publication_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let ``--publication`` stand behind the command's name, too, and give the command its ``Options``."""

    def take(context: click.Context, _: click.Parameter, value: Path | None) -> None:
        if value is not None:
            context.obj = replace(_options(context), folder=value)

    return click.option(
        "--publication",
        type=click.Path(path_type=Path, file_okay=False),
        expose_value=False,
        callback=take,
        help="The publication's folder. Default: the nearest one, from here upwards, with a hamkor.toml.",
    )(click.pass_obj(command))


def _options(context: click.Context) -> Options:
    return context.obj if isinstance(context.obj, Options) else Options()


def wait_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command that writes have ``--wait``; its ``Options`` say how patient it is."""

    def take(context: click.Context, _: click.Parameter, value: float) -> None:
        context.obj = replace(_options(context), wait=value)

    @wraps(command)
    def and_tell(*arguments: Any, **options: Any) -> None:  # noqa: ANN401  click's own
        try:
            command(*arguments, **options)
        except SystemExit:  # of several things it may have done some
            _written(_options(click.get_current_context()))
            raise
        _written(_options(click.get_current_context()))

    text = "How many seconds to wait while another process makes a release."
    return click.option(
        "--wait", type=click.FloatRange(min=0), metavar="SECONDS", default=WAIT_SECONDS, show_default=True,
        expose_value=False, callback=take, help=text,
    )(and_tell)  # fmt: skip


def _written(options: Options) -> None:
    """Let parts do what they do when a command has published."""
    publication = options.publication()
    for each in SERVED if publication.is_replicated else ():
        if each.after_writing:
            resolve_name(f"graph.{each.after_writing}")(publication)


def language_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command ``--lang``, a language tag; ``text`` says of what it is the language."""

    def check(_: click.Context, __: click.Parameter, value: str) -> str:
        try:
            ox.Literal("", language=value)
        except ValueError as problem:
            raise click.BadParameter(f"{value!r} is no language; write a tag such as en, ru, uz") from problem
        return value

    return click.option("--lang", default="en", show_default=True, callback=check, help=text)


def readable_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Turn every error into one line on standard error and an exit status; ``--verbose`` shows the trace."""

    @wraps(command)
    def run(*arguments: P.args, **options: P.kwargs) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # a terminal may not know every letter
        try:
            command(*arguments, **options)
            sys.stdout.flush()
        except HamkorError as problem:
            _fail(str(problem), 1 if isinstance(problem, QUERY_ERRORS) else 2)
        except BrokenPipeError:  # the reader has what it wanted; what is left goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except OSError as problem:
            _give_up_output()
            place = f"{in_a_line(problem.filename)}: " if problem.filename else ""
            _fail(f"{place}{problem.strerror or problem}", 2)
        except (click.exceptions.Exit, click.Abort, click.ClickException):
            raise
        except UnicodeEncodeError as problem:  # an argument of bytes that are no UTF-8 comes as lone surrogates
            _fail(f"{in_a_line(ascii(problem.object)[:MOST_SHOWN])} is not UTF-8", 2)
        except Exception as problem:  # noqa: BLE001  the last resort: no traceback reaches a user
            _fail(f"this should not have happened: {type(problem).__name__}: {problem} (--verbose shows where)", 2)

    return run


def _give_up_output() -> None:
    """Let what standard output does not take go nowhere, or Python would try again at its end and exit with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, status: int) -> None:
    context = click.get_current_context(silent=True)
    options = context.find_object(Options) if context is not None else None
    if options is not None and options.verbose:
        traceback.print_exc()
    click.echo(f"hamkor: {message}", err=True)
    sys.exit(status)


# Progress on standard error: a moving line on a terminal, a line a step elsewhere.


@contextmanager
def progress_shown() -> Iterator[Progress]:
    """Give a function that shows what is being done and how many triples have been taken so far."""
    from rich.console import Console  # noqa: PLC0415  commands that show no progress start without it

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _plain(console)
        return
    with console.status("") as status:
        yield lambda step, taken: status.update(f"{step} · {taken:,} triples")


def _plain(console: Console) -> Progress:
    steps = set[str]()

    def show(step: str, taken: int) -> None:
        if step not in steps:
            steps.add(step)
            console.print(f"{step} ({taken:,} triples)", soft_wrap=True)

    return show


def warn_of_document(warning: DocumentWarning) -> None:
    """Say on standard error, in one line, what is left out of a file, or doubtful in it."""
    click.echo(f"hamkor: warning: {warning}", err=True)
