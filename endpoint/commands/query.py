"""``hamkor query``: SPARQL over the current release, on the command line."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click
import pyoxigraph as ox
from rich.console import Console
from rich.table import Table

from endpoint.commands.options import Options, language_option, publication_option
from endpoint.pages.numbers import reached
from endpoint.transliteration import in_script
from graph.errors import QueryRefusedError, QuerySyntaxError, SourceError
from graph.formats import RESULT_FORMATS, RESULTS_JSON, TRIPLE_FORMATS, TURTLE, Format, format_named
from graph.labels import called, preferred_tag
from graph.periods import CONTACTS, contact_published
from graph.query.embedded import EmbeddedEngine
from graph.query.engine import QueryForm, QueryRequest
from graph.query.examples import Example, read_examples
from graph.query.guard import read_query
from graph.query.syntax import syntax_error
from graph.releases.release import current_release

LARGEST = 16 << 20
"""Bytes of a query in a file, or on standard input, which may have no end."""
CHANGING = {
    "en": "as published {}; may have changed",
    "ru": "по публикации {}; могло измениться",
    "uz": "{}-yillarda eʼlon qilingan; oʻzgargan boʻlishi mumkin",
}
"""What is told beside a telephone or an address of mail, in the languages of pages."""
NAMES = ("table", *(each.name for each in RESULT_FORMATS + TRIPLE_FORMATS))


@click.command("query")
@click.argument("text", required=False)
@click.option("-f", "--file", "path", type=click.Path(path_type=Path, exists=True), help="Read the query from a file.")
@click.option("-e", "--example", help="Run the stored example query of this name.")
@language_option("The language in which an example is asked and a table names things: en, ru, uz.")
@click.option("--list", "listing", is_flag=True, help="List the stored example queries.")
@click.option("--format", "form", type=click.Choice(NAMES), help="Default: table, or turtle for a graph.")
@publication_option
def command(
    options: Options,
    text: str | None,
    path: Path | None,
    example: str | None,
    lang: str,
    listing: bool,
    form: str | None,
) -> None:
    """Ask the current release in SPARQL: TEXT, a file, or a stored example.

    Updates and SERVICE calls are refused. "-" as TEXT reads standard input.

    \b
      hamkor query 'SELECT ?club WHERE { ?club a <https://w3id.org/hamkor/ns#ParentsClub> }'
      hamkor query -f question.rq --format csv
      hamkor query --list
      hamkor query --example clubs-by-region
      hamkor query --example clubs-by-region --lang ru
    """  # noqa: D301  click reads \b as the sign itself
    publication = options.publication()
    release = current_release(publication)
    engine = EmbeddedEngine(release)
    examples = read_examples(release.store, publication.base)
    if listing:
        for each in examples:
            click.echo(f"{each.slug:32} {each.label((lang,))}")
        return
    question = next((each for each in examples if each.slug == example), None)
    query = read_query(_text(text, path, example, question, lang))
    wanted = _format(form, query.form)
    request = QueryRequest(query.text, query.form, wanted, f"{publication.base}sparql", clauses=query.clauses)
    try:
        answer = engine.answer(request)
    except QuerySyntaxError as problem:
        if problem.line is None and problem.problem.startswith("error at"):
            raise syntax_error(SyntaxError(problem.problem), query) from problem
        raise
    body = answer.body if isinstance(answer.body, bytes) else answer.body.read_bytes()
    if form in (None, "table") and wanted is RESULTS_JSON:
        _print_table(body, question, Cells(release.store, publication.base, lang))
    else:
        click.echo(body, nl=not body.endswith(b"\n"))


def _text(text: str | None, path: Path | None, example: str | None, question: Example | None, language: str) -> str:
    given = [each for each in (text, path, example) if each is not None]
    if len(given) != 1:
        raise click.UsageError("give one query: as TEXT, with --file or with --example")
    if path is not None:
        with path.open("rb") as stream:
            return _decoded(stream.read(LARGEST + 1), str(path))
    if text is not None:
        return _decoded(sys.stdin.buffer.read(LARGEST + 1), "standard input") if text == "-" else text
    if question is not None:
        return question.asked((language,))
    raise QueryRefusedError(f"no example {example!r}", "hamkor query --list shows what there is")


def _decoded(query: bytes, name: str) -> str:
    if len(query) > LARGEST:
        raise SourceError(name, f"larger than {LARGEST >> 20} MiB, which no query is")
    try:
        return query.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise QuerySyntaxError(f"{name} is not UTF-8; save it as UTF-8") from problem


def _format(name: str | None, form: QueryForm) -> Format:
    if name in (None, "table"):
        return TURTLE if form in ("CONSTRUCT", "DESCRIBE") else RESULTS_JSON
    return format_named(name or "") or RESULTS_JSON


@dataclass(frozen=True, slots=True)
class Cells:
    """How a table writes terms: the release that names things, its base, and the reader's language."""

    store: ox.Store
    base: str
    language: str

    def written(self, term: object, *, with_iri: bool) -> str:
        """Return a term as text: a thing by its name as on pages, and below it the IRI, for who asks on with it."""
        if not isinstance(term, ox.NamedNode):
            return term.value if isinstance(term, ox.Literal) else str(term)
        if term.value.startswith(CONTACTS):
            period = contact_published(self.store, term.value)
            told = CHANGING[preferred_tag(CHANGING, (self.language,))]
            return reached(term.value) + (f"\n{told.format(period)}" if period else "")
        label = called(self.store, term.value, (self.language,), self.base)
        if label is None:
            return term.value
        name = in_script(label, (self.language,)).text
        return f"{name}\n{term.value}" if with_iri else name


def _print_table(body: bytes, question: Example | None, cells: Cells) -> None:
    results = ox.parse_query_results(body, ox.QueryResultsFormat.JSON)
    if isinstance(results, ox.QueryBoolean):
        click.echo("true" if results else "false")
        return
    table = Table(show_edge=False, header_style="bold")
    for variable in results.variables:
        name = question.column(variable.value, (cells.language,)) if question else variable.value
        table.add_column(name, overflow="fold")
    for solution in results:
        table.add_row(*("" if each is None else cells.written(each, with_iri=question is None) for each in solution))
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(f"{table.row_count} solution{'s' * (table.row_count != 1)}")
