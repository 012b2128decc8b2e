"""``hamkor import``: a spreadsheet becomes things, after a look at what its columns mean and what is wrong with it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click
import msgspec

from endpoint.commands.contributing import graph_named
from endpoint.commands.options import Options, language_option, publication_option, wait_option
from graph.model.description import preferred_tag
from graph.model.errors import in_a_line, unpacked
from graph.model.publication import Publication
from graph.parts.spreadsheets.import_files import SUFFIXES, form_of, import_files
from graph.parts.spreadsheets.import_memory import memory_beside, memory_of
from graph.parts.spreadsheets.import_preview import ImportFinding, ImportPreview, ImportRequest
from graph.parts.spreadsheets.import_writing import ImportProposal, propose_import, publish_checked
from graph.parts.spreadsheets.spreadsheet_import import SpreadsheetImport

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
STANDARD_OUTPUT = Path("-")
SHOWN = 200
LONGEST = 60


def _pairs(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(_pair(each) for each in values)
    for name in pairs:
        if not name:
            raise click.BadParameter("write it as in 'Город=hk:city'")
    return pairs


def _pair(text: str) -> tuple[str, str]:
    """Return what stands on both sides of a sign of equality; a name may have some, and so may an IRI."""
    if found := re.match(r"(.+?)=((?:https?|urn):.*)", text, re.DOTALL):
        return found[1], found[2]
    name, _, value = text.rpartition("=")
    return name, value


def _base(_: click.Context, __: click.Parameter, value: str) -> str:
    if value and not (value.startswith(("http://", "https://")) and value.endswith(("/", "#"))):
        raise click.BadParameter(f"{value!r} is no web address that ends in / or #")
    return value


@click.command("import")
@click.argument("file", type=FILE)
@click.option("--class", "class_name", required=True, help="What a row is: the name of a class, or its IRI.")
@click.option("--sheet", default="", help="The sheet. Default: the one whose headings fit best.")
@click.option("--column", "columns", multiple=True, callback=_pairs,
              help="HEADING=PROPERTY: what a column is; hk:city, rdfs:label@ru, iri, key, - for none.")  # fmt: skip
@click.option("--match", "answers", multiple=True, callback=_pairs,
              help="TEXT=ID: the thing that a name in a cell means; new where it is not here, - for none.")  # fmt: skip
@click.option("--base", default="", callback=_base, help="Your own web address, below which new things are named.")
@click.option("--text-language", default="", metavar="TAG", help="The language of texts that do not say it.")
@click.option("--graph", "graph_name", default="", help="Publish into this graph: its name (ngo-x/clubs) or its IRI.")
@click.option("--add", is_flag=True, help="Keep what the graph holds of things that are not in the table.")
@click.option("--propose", is_flag=True, help="Propose it to whoever reviews, thing by thing.")
@click.option("--reason", default="", help="With --propose: why.")
@click.option("--output", "-o", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False),
              help="Write the things to a file; - is standard output.")  # fmt: skip
@click.option("--format", "form", type=click.Choice([*SUFFIXES]), help="Of the output. Default: what its suffix says.")
@click.option("--leave-out", is_flag=True, help="Leave out cells that cannot be read, and go on.")
@click.option("--check", is_flag=True, help="Show what would come of it, and write nothing.")
@click.option("--forget", is_flag=True, help="Do not take what was said of the table the last time.")
@click.option("--json", "as_json", is_flag=True, help="Show it as JSON.")
@click.option("--quiet", is_flag=True, help="Show what is at fault and nothing else.")
@language_option("The language of messages and headings: en, ru, uz.")
@wait_option
@publication_option
def import_command(  # noqa: PLR0913, PLR0917  an argument for each option
    options: Options, file: Path, class_name: str, sheet: str, columns: dict[str, str], answers: dict[str, str],
    base: str, text_language: str, graph_name: str, add: bool, propose: bool, reason: str, output: Path | None,
    form: str | None, leave_out: bool, check: bool, forget: bool, as_json: bool, quiet: bool, lang: str,
) -> None:  # fmt: skip
    """Make things of the rows of FILE, a spreadsheet: .xlsx, .ods or CSV of any program.

    Shows what each column is taken for, which rows are left out, which names were taken for which things, and by cell
    everything that is wrong, also what the shapes say. With --graph it is published as one release, with --propose
    proposed, with --output written to a file; without one of these it is only shown. What you say of columns and names
    is remembered for the next time.

    Exit status: 0 done, 1 something is at fault and nothing was published, 2 a file could not be read or written.

    \b
      hamkor import clubs.xlsx --class ParentsClub
      hamkor import clubs.xlsx --class ParentsClub --column 'Где=hk:city' --match 'Самаркнад=place~samarkand'
      hamkor import clubs.xlsx --class ParentsClub --base https://ngo-x.example/ --graph ngo-x/clubs
      hamkor import clubs.xlsx --class ParentsClub -o clubs.ttl
    """  # noqa: D301  click reads \b as the sign itself
    if sum((bool(graph_name), propose, output is not None)) > 1:
        raise click.UsageError("give one of --graph, --propose and --output")
    publication = options.publication()
    graph = graph_named(publication, graph_name) if graph_name else ""
    request = ImportRequest(
        str(publication.root), str(file), str(file), class_name, graph, sheet, columns, answers, base, text_language,
        (lang, *publication.settings.languages), adds=add, leaves_out=leave_out,
    )  # fmt: skip
    class_iri = SpreadsheetImport(request).class_iri
    memory = memory_of(publication, graph, class_iri) if graph else memory_beside(file)
    if forget and not check:
        memory.unlink(missing_ok=True)
    work = SpreadsheetImport(msgspec.structs.replace(request, memory="" if forget and check else str(memory)))
    shows = _Showing(to_error=output == STANDARD_OUTPUT, quiet=quiet, as_json=as_json, languages=request.languages)
    if graph and not check:
        _publish(options, work, shows)
    elif propose and not check:
        _propose(work, shows, reason, lang)
    else:
        found = work.preview()
        shows.preview(found)
        if output is not None and not check and not found.unread:
            _write(found, output, form, publication, lang)
            work.remember()
        sys.exit(1 if found.faults else 0)


def _publish(options: Options, work: SpreadsheetImport, shows: _Showing) -> None:
    outcome = publish_checked(work, options.patience)
    shows.preview(outcome.preview)
    if not outcome.release:
        sys.exit(1)
    if outcome.forgotten:
        click.echo(in_a_line(str(unpacked(outcome.forgotten))), err=True)
    if shows.quiet:
        click.echo(outcome.release)
    elif not shows.as_json:
        click.echo(f"{'Release' if outcome.changed else 'Nothing has changed since release'} {outcome.release}")


def _propose(work: SpreadsheetImport, shows: _Showing, reason: str, lang: str) -> None:
    found = propose_import(ImportProposal(work.request, reason, language=lang))
    shows.preview(found.preview)
    if not found.proposed:
        sys.exit(1)
    for each in found.proposed:  # the addresses come first: nobody else has them
        click.echo(f"{each.id}\t/proposal/~{each.secret}\t{in_a_line(each.label)}")
    work.remember()


def _write(found: ImportPreview, output: Path, form: str | None, publication: Publication, lang: str) -> None:
    if output == STANDARD_OUTPUT:
        made = import_files(found, form or "turtle", "things", publication, lang)
        sys.stdout.buffer.write(next(iter(made.values())))
        return
    for name, content in import_files(found, form or form_of(output), output.name, publication, lang).items():
        output.with_name(name).write_bytes(content)
        click.echo(f"written: {output.with_name(name)}", err=True)


class _Showing:
    """Shows an import at a terminal; what cells hold is shown in one line, whatever signs are in it."""

    def __init__(self, *, to_error: bool, quiet: bool, as_json: bool, languages: tuple[str, ...]) -> None:
        self.to_error, self.quiet, self.as_json, self.languages = to_error, quiet, as_json, languages

    def _line(self, text: str) -> None:
        click.echo(in_a_line(text), err=self.to_error)

    def preview(self, found: ImportPreview) -> None:
        """Show all of it."""
        if self.as_json:
            shown = msgspec.structs.replace(found, statements=b"")
            click.echo(msgspec.json.format(msgspec.json.encode(shown), indent=1).decode(), err=self.to_error)
            return
        if not self.quiet:
            self._columns(found)
            self._rows(found)
        for each in found.findings[:SHOWN]:
            if not self.quiet or each.severity == "fault":
                self._finding(each)
        if len(found.findings) > SHOWN:
            self._line(f"… and {len(found.findings) - SHOWN} more")
        if not self.quiet:
            new, changed = (sum(each.state == state for each in found.rows) for state in ("new", "changed"))
            gone = f", {len(found.gone)} gone" if found.gone else ""
            told = f"{len(found.rows)} things: {new} new, {changed} changed{gone}; {found.faults} faults"
            self._line(f"{told}; texts that do not say their language: {found.language}")

    def _columns(self, found: ImportPreview) -> None:
        where = f"sheet {found.sheet}, " if found.sheet else ""
        self._line(f"{where}heading in row {', '.join(map(str, found.headings))}")
        for name, reason in found.others:
            self._line(f"  sheet {name} is not read: {unpacked(reason)}")
        for each in found.columns:
            heading = each.heading[:LONGEST] or "(no heading)"
            if each.target == "-":
                said = unpacked(each.reason) or "you said so"
                self._line(f"  {each.letter}  {heading}: not taken, {said}")
            else:
                self._line(f"  {each.letter}  {heading}: {each.target} (by {each.how}, {each.score:.0%})")
        for row in found.left_out[:SHOWN]:
            self._line(f"  row {row.row} is left out, {unpacked(row.reason)}: {row.text[:LONGEST]}")

    def _rows(self, found: ImportPreview) -> None:
        for match in found.matches:
            if match.taken.label != match.text:
                others = "".join(f", or {each.label} ({each.score:.0f})" for each in match.alternatives[:3])
                self._line(f"  {match.cell}  {match.text!r} is {match.taken.label} ({match.taken.score:.0f}){others}")
        for thing in found.rows[:SHOWN]:
            self._line(f"  {thing.row}  {thing.state}  {thing.label[:LONGEST]}  <{thing.iri}>")
        for named in found.named[:SHOWN]:
            said = ", ".join(f"{path} {text}" for path, text in named.values if path != "rdf:type")
            self._line(f"  new  {named.label[:LONGEST]}  <{named.iri}>  {said}")
        for iri in found.gone[:SHOWN]:
            self._line(f"  gone  <{iri}>")

    def _finding(self, each: ImportFinding) -> None:
        place = f"{each.cell} " if each.cell else ""
        column = f"[{each.column[:LONGEST]}] " if each.column else ""
        problem = _words(each.problem, self.languages)
        remedy = _words(each.remedy, self.languages)
        value = f" (here {each.value[:LONGEST]!r})" if each.is_of_shapes and each.value else ""
        times = f" [{each.rows} rows]" if each.rows > 1 else ""
        self._line(f"{each.severity}: {place}{column}{problem}{value}{'; ' + remedy if remedy else ''}{times}")


def _words(said: object, languages: tuple[str, ...]) -> str:
    """Return what is wrong: our own sentence, or the best of the messages of a shape."""
    known = unpacked(said)
    if isinstance(known, dict):
        return str(known.get(preferred_tag(known, languages), ""))
    return str(known or "")
