"""``hamkor query`` and ``export``: the current release, asked and taken home."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import pyoxigraph as ox
from rich.console import Console
from rich.table import Table

from endpoint.commands.options import Options, language_option, publication_option
from endpoint.http.languages import in_script, reached
from graph.export.documents import chunks_about, distinct, used_prefixes, write_chunks
from graph.model.description import CONTACTS, called, contact_published, preferred_tag
from graph.model.errors import (
    FormatError,
    QueryRefusedError,
    QuerySyntaxError,
    ReleaseError,
    Sentence,
    SourceError,
    in_a_line,
)
from graph.model.formats import (
    DATASET_FORMATS,
    PARQUET,
    RESULT_FORMATS,
    RESULTS_JSON,
    TRIPLE_FORMATS,
    TURTLE,
    Format,
    format_named,
)
from graph.model.publication import Publication
from graph.model.rdf_terms import PREFIXES, RELEASE
from graph.query.embedded import EmbeddedEngine, syntax_error
from graph.query.engine import QueryForm, QueryRequest
from graph.query.saved_queries import ExampleQuery, read_examples
from graph.query.sparql.guard import read_query
from graph.releases.parquet_files import write_chunks_table
from graph.releases.release import Release, current_release
from graph.releases.store import merged
from graph.sources.batches import Chunk

# ``hamkor query``: SPARQL over the current release, on the command line.

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
def query_command(
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


def _text(
    text: str | None, path: Path | None, example: str | None, question: ExampleQuery | None, language: str
) -> str:
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
    raise QueryRefusedError(
        Sentence("no example %(example)s", example=repr(example)), Sentence("hamkor query --list shows what there is")
    )


def _decoded(query: bytes, name: str) -> str:
    if len(query) > LARGEST:
        raise SourceError(name, Sentence("larger than %(largest)s MiB, which no query is", largest=LARGEST >> 20))
    try:
        return query.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise QuerySyntaxError(Sentence("%(name)s is not UTF-8; save it as UTF-8", name=name)) from problem


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


def _print_table(body: bytes, question: ExampleQuery | None, cells: Cells) -> None:
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


# ``hamkor export``: a thing, a named graph or everything, in any RDF format, or as a table of statements (Parquet).


@click.command("export")
@click.argument("iri", required=False)
@click.option("--graph", "graph_name", help="A named graph: its name (clubs) or its IRI.")
@click.option("--all", "everything", is_flag=True, help="All named graphs.")
@click.option("--format", "form", type=click.Choice([each.name for each in (*TRIPLE_FORMATS, PARQUET)]))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: standard output.")
@publication_option
def export_command(
    options: Options, iri: str | None, graph_name: str | None, everything: bool, form: str | None, output: Path | None
) -> None:
    """Write what the current release holds: about one IRI, one named graph, or everything.

    The default format is Turtle, and N-Quads for everything. Literals come out exactly as they were put in. Parquet is
    one table: a row for each statement of each graph.

    \b
      hamkor export https://w3id.org/hamkor/id/club/termez
      hamkor export --graph clubs --format jsonld
      hamkor export --all -o hamkor.nq
      hamkor export --all --format parquet -o hamkor.parquet
    """  # noqa: D301  click reads \b as the sign itself
    if sum(map(bool, (iri, graph_name, everything))) != 1:
        raise click.UsageError("give one of: an IRI, --graph NAME, --all")
    publication = options.publication()
    release = current_release(publication)
    if form == PARQUET.name:
        _export_table(publication, release, iri, graph_name, output)
        return
    wanted = format_named(form or ("nquads" if everything else "turtle"))
    if wanted is None:
        raise click.UsageError(f"no format {form!r}")
    once = wanted not in DATASET_FORMATS
    chunks = _chunks(publication, release, iri, graph_name, once=once)
    prefixes = {"hk": f"{publication.base}ns#", **PREFIXES}
    if iri is not None:
        prefixes = used_prefixes(chunks, prefixes)
    try:
        with nullcontext(sys.stdout.buffer) if output is None else output.open("wb") as stream:
            write_chunks(chunks, stream, wanted, prefixes)
    except FormatError:
        if output is not None and output.is_file():
            output.unlink()  # a part of a document would be taken for the whole
        raise


def _export_table(
    publication: Publication, release: Release, iri: str | None, name: str | None, output: Path | None
) -> None:
    """Write statements as Parquet; it is made beside where it goes, and is there whole or not at all."""
    chunks = _chunks(publication, release, iri, name, once=False)
    with TemporaryDirectory(dir=output.absolute().parent if output is not None else None) as held:
        folder = Path(held)
        made = folder / f"statements.{PARQUET.suffix}"
        write_chunks_table(chunks, folder, made, {"release": f"{publication.base}{RELEASE}/{release.id}"})
        if output is not None:
            made.replace(output)
            return
        with made.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)


def _chunks(
    publication: Publication, release: Release, iri: str | None, name: str | None, *, once: bool
) -> Iterable[Chunk]:
    """Return what is asked for; ``once``: without the names of graphs, each triple once."""
    if name is not None:
        return release.read_graph(name if ":" in name else publication.graph(name))
    if iri is None:
        return merged(release.folder, release.manifest, release.manifest.graphs) if once else release.read_all()
    found = list(chunks_about(release.read_all(), iri))
    if not found:
        raise ReleaseError(
            Sentence("nothing is said about <%(iri)s> in release %(release)s", iri=in_a_line(iri), release=release.id),
            Sentence("is the IRI complete?"),
        )
    return list(distinct(found)) if once else found


# ``hamkor engine``: what the engine that queries are asked of does, and which release its datasets hold.


@click.command("engine")
@click.option("--load", "is_loaded", is_flag=True, help="Bring a dataset to the current release, where none holds it.")
@click.option(
    "--measure",
    "is_measured",
    is_flag=True,
    help="Also find out how many rows an answer has at most, and what the engine does when its time is up.",
)
@publication_option
def engine_command(options: Options, is_loaded: bool, is_measured: bool) -> None:
    """Show what an engine of others does, found out by asking it, and which release its datasets hold.

    Queries run in one where the settings say engine.kind = "sparql". User and password, or a token, are taken from
    the environment: HAMKOR_ENGINE_USER and HAMKOR_ENGINE_PASSWORD, or HAMKOR_ENGINE_TOKEN.

    \b
      hamkor engine
      hamkor engine --load --measure
    """  # noqa: D301  click reads \b as the sign itself
    from graph.query.external.capabilities import measured, probed  # noqa: PLC0415  for this command alone
    from graph.query.external.dataset_loading import DatasetWriter, brought  # noqa: PLC0415
    from graph.query.external.engine_exchange import EngineClient  # noqa: PLC0415
    from graph.query.external.external_engine import patient  # noqa: PLC0415
    from graph.query.external.external_service import loading_order  # noqa: PLC0415

    publication = options.publication()
    datasets = publication.settings.engine.datasets
    if not datasets:
        click.echo('queries run here (engine.kind = "embedded")')
        return
    release = current_release(publication)
    if is_loaded:
        loaded = brought(loading_order(publication, release), release)
        click.echo(f"{loaded.dataset.url}: holds {release.id}; {loaded.changed:,} triples were sent")
    for each in datasets:
        writer = DatasetWriter(each, EngineClient(f"Hamkor (+{publication.base})"))
        held = writer.marker().release
        is_current = " (current)" if held == release.id else ""
        click.echo(f"{each.url}: holds {held or 'no release'}{is_current}")
        lines = probed(writer).lines()
        lines += measured(patient(each.url, writer.client.product), writer.client).lines() if is_measured else []
        for line in lines:
            click.echo(f"  {line}")
