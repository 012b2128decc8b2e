"""Patches folded into the files that they correct: the files as they would be, after which the patches can go.

A patch says statement by statement what a file no longer says and what it says besides. Where a statement stands in a
file is looked for in its text; each way of changing the text is tried, and only one is taken after which the file says
exactly what it should, read as a build reads it. So what is folded is right, and what cannot be is left in its patch.
"""

from __future__ import annotations

import difflib
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urljoin

import pyoxigraph as ox

from graph.model.errors import SourceError
from graph.model.formats import METADATA_SUFFIX
from graph.model.publication import PATCHES_FOLDER, Publication, SourceFile
from graph.model.rdf_terms import RDF_TYPE, XSD, Term
from graph.releases.exact_forms import parsed
from graph.sources.rdf_patches import PatchRow, patch_lines, read_patch
from graph.sources.reader import read_source

LARGEST_BYTES, MOST_TRIED = 4 << 20, 60
"""Larger files are left alone; so many ways of changing a text are tried for one statement."""
TURTLE, LINES, TABLES = (".ttl",), (".nt", ".nq"), (".csv", ".tsv")
LOCAL = re.compile(r"[A-Za-z][\w-]*", re.ASCII)
TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<space>\s+)|(?P<iri><[^<>"{}|^`\x00-\x20]*>)"""
    r"""|(?P<string>\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?P<tag>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)|(?P<typed>\^\^)"""
    r"""|(?P<name>(?:[^\W\d_][\w.-]*)?:(?:[\w:%.-]|\\.)*(?<!\.)|_:[\w.-]+(?<!\.))"""
    r"""|(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?<!\.))|(?P<word>[A-Za-z]+)|(?P<mark>[;,.\[\]()])""",
    re.DOTALL,
)
NUMBERS = (("integer", r"[-+]?\d+"), ("decimal", r"[-+]?\d*\.\d+"), ("double", r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+"))


@dataclass(frozen=True, slots=True)
class TurtleTerm:
    """A term in the text of a file, with where it begins and ends; ``kind`` is the token's that it begins with.

    ``of`` holds subject and predicate of the statement whose object it seems to be; None for what has no name.
    """

    term: Term | None
    start: int
    end: int
    kind: str
    of: tuple[Term | None, Term | None] = (None, None)


@dataclass
class TurtleText:
    """The text of a Turtle file: its terms in their order, and the names in which terms are written there."""

    terms: list[TurtleTerm] = field(default_factory=list)
    prefixes: dict[str, str] = field(default_factory=dict)
    base: str = ""
    _open: list[list[Term | None]] = field(default_factory=lambda: [[]])

    @classmethod
    def read(cls, text: str, base: str) -> TurtleText:
        """Read a text as far as it can be; whoever changes it tries whether that was right."""
        found, tokens = (
            cls(base=base),
            [each for each in TOKEN.finditer(text) if each.lastgroup not in ("comment", "space")],
        )
        place = 0
        while place < len(tokens):
            place += found._take(tokens, place)
        return found

    def _take(self, tokens: Sequence[re.Match[str]], place: int) -> int:
        """Take a term or a mark; return how many tokens that were."""
        token, kind = tokens[place], str(tokens[place].lastgroup)
        following = [each[0] for each in tokens[place + 1 : place + 3]]
        if token[0].lower() in ("@prefix", "prefix") and len(following) == 2:
            self.prefixes[following[0].removesuffix(":")] = urljoin(self.base, following[1][1:-1])
            return 3
        if token[0].lower() in ("@base", "base") and following:
            self.base = urljoin(self.base, following[0][1:-1])
            return 2
        term, length = self._term(token[0], kind, tokens[place + 1 : place + 3])
        of = self._stands(term, token[0] if kind == "mark" else "")
        self.terms.append(TurtleTerm(term, token.start(), tokens[place + length - 1].end(), kind, of))
        return length

    def _stands(self, term: Term | None, mark: str) -> tuple[Term | None, Term | None]:
        """Return of which subject and predicate a term is the object, as far as the marks before it say it."""
        # a guess, for the order of attempts alone: each is tried, so a collection that confuses it only costs time
        if mark == ".":
            self._open = [[]]
        elif mark == ";":
            del self._open[-1][1:]
        elif mark in ("[", "("):
            self._open.append([None] if mark == "[" else [None, None])
        elif mark in ("]", ")") and len(self._open) > 1:
            self._open.pop()
            self._open[-1] = self._open[-1] or [None]
        elif not mark and len(self._open[-1]) < 2:
            self._open[-1].append(term)
        elif not mark:
            return self._open[-1][0], self._open[-1][1]
        return None, None

    def places(self, row: PatchRow) -> list[int]:
        """Return where the object of a statement stands, those places first that seem to be of that statement."""
        wanted = parsed(row.line)
        found = [place for place, each in enumerate(self.terms) if each.term == wanted.object]
        return sorted(found, key=lambda place: self.terms[place].of != (wanted.subject, wanted.predicate))

    def _term(self, text: str, kind: str, following: Sequence[re.Match[str]]) -> tuple[Term | None, int]:
        if kind == "string":
            return _literal(self, text, [each[0] for each in following], [str(each.lastgroup) for each in following])
        if kind in ("iri", "name"):
            iri = self.iri(text)
            return (ox.NamedNode(iri) if iri else None), 1
        if kind == "number":
            name = next((name for name, form in NUMBERS if re.fullmatch(form, text)), "integer")
            return ox.Literal(text, datatype=ox.NamedNode(XSD + name)), 1
        if text in ("true", "false"):
            return ox.Literal(text, datatype=ox.NamedNode(XSD + "boolean")), 1
        return (ox.NamedNode(RDF_TYPE) if text == "a" else None), 1

    def iri(self, text: str) -> str:
        """Return the IRI that is meant; empty where none is."""
        try:
            if text.startswith("<"):
                return ox.NamedNode(urljoin(self.base, text[1:-1])).value
            prefix, _, local = text.partition(":")
            return ox.NamedNode(self.prefixes[prefix] + re.sub(r"\\(.)", r"\1", local)).value
        except (KeyError, ValueError):
            return ""

    def written(self, term: Term) -> str:
        """Return a term as this file would write it."""
        if isinstance(term, ox.NamedNode):
            for prefix, space in sorted(self.prefixes.items(), key=lambda each: -len(each[1])):
                if term.value.startswith(space) and LOCAL.fullmatch(term.value.removeprefix(space)):
                    return f"{prefix}:{term.value.removeprefix(space)}"
            local = term.value.removeprefix(self.base)
            return f"<{local}>" if self.base.endswith("/") and re.fullmatch(r"[\w/-]+", local) else str(term)
        if (
            isinstance(term, ox.Literal)
            and term.datatype.value == XSD + "integer"
            and re.fullmatch(NUMBERS[0][1], term.value)
        ):
            return term.value
        if isinstance(term, ox.Literal) and not term.language and term.datatype.value != XSD + "string":
            return f"{ox.Literal(term.value)}^^{self.written(term.datatype)}"
        return str(term)


def _literal(own: TurtleText, text: str, following: Sequence[str], kinds: Sequence[str]) -> tuple[Term | None, int]:
    """Return the literal that a string begins, and of how many tokens it is."""
    tag, datatype, length = "", "", 1
    if kinds[:1] == ["tag"]:
        tag, length = following[0], 2
    elif kinds[:1] == ["typed"] and len(following) > 1:
        datatype, length = f"^^<{own.iri(following[1])}>", 3
    line = f"<urn:x> <urn:x> {text}{tag}{datatype} ."
    try:
        (found,) = ox.parse(line.encode(), ox.RdfFormat.TURTLE, lenient=True)
    except (ValueError, SyntaxError):
        return None, length
    return found.object, length


# One statement in a text: ways of taking it out, or of putting another in its place.


def _replaced(text: str, row: PatchRow, new: Term, base: str) -> Iterator[str]:
    """Yield a Turtle text with another value in the place of that of a statement, wherever that stands."""
    read = TurtleText.read(text, base)
    for each in (read.terms[place] for place in read.places(row)):
        yield text[: each.start] + read.written(new) + text[each.end :]


def _removed(text: str, row: PatchRow, base: str) -> Iterator[str]:
    """Yield a Turtle text without the value of a statement: with its comma, its property, or the whole statement."""
    read = TurtleText.read(text, base)
    terms = read.terms
    for place in read.places(row):
        if place < 2 or place + 1 >= len(terms):
            continue
        each, before, after = terms[place], terms[place - 1], terms[place + 1]
        marks = text[before.start : before.end], text[after.start : after.end]
        spans = [(before.start, each.end)] if marks[0] == "," else []
        spans += [(each.start, after.end)] if marks[1] == "," else []
        spans += [(before.start, after.end)] if marks[1] == ";" else []
        if marks[1] in (".", ";"):
            previous = terms[place - 2]
            is_further = text[previous.start : previous.end] == ";"
            spans += [(previous.start, each.end)] if is_further else []
            spans += [(previous.start, after.end)] if marks[1] == "." and not is_further else []
        for start, end in spans:
            head = text[:start] + _comments(text[start:end])
            yield (head.rstrip(" \t") if text[end : end + 1] in ("\n", "\r", "") else head) + text[end:]


def _comments(text: str) -> str:
    """Return the comments in a piece of a Turtle text, with the blanks and line ends around them; else nothing."""
    tokens = [*TOKEN.finditer(text)]
    if not any(each.lastgroup == "comment" for each in tokens):
        return ""
    return "".join(each[0] for each in tokens if each.lastgroup in ("comment", "space"))


def _cells(text: str, old: Term, new: Term) -> Iterator[str]:
    """Yield the text of a table with another cell in the place of one, wherever the one stands whole."""
    for before, after in zip(_spellings(old), _spellings(new), strict=False):
        for found in re.finditer(rf'(?<![^,;\t\r\n"|]){re.escape(before)}(?![^,;\t\r\n"|])', text):
            if not re.search(r'[,;\t\r\n"|]', after):
                yield text[: found.start()] + after + text[found.end() :]


def _spellings(term: Term) -> tuple[str, ...]:
    """Return what may stand in a cell of a table for a term: its text, or the last part of an IRI."""
    if isinstance(term, ox.Literal):
        return (term.value,)
    return (term.value, re.split(r"[/#]", term.value)[-1]) if isinstance(term, ox.NamedNode) else ()


# Whole patches.

Statement = tuple[str, bytes]
"""A graph, and a line of it."""


@dataclass(frozen=True, slots=True)
class FoldedFile:
    """A file before and after; ``before`` is None for a new one, ``after`` for one that goes."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Folded:
    """What comes of folding patches: the files that change, and the rows that could not be folded, by the patch."""

    files: tuple[FoldedFile, ...]
    left: Mapping[str, tuple[PatchRow, ...]]


@dataclass
class _Source:
    """A file of the sources while patches are folded into it."""

    file: SourceFile
    before: str | None
    text: str
    lines: Mapping[str, frozenset[bytes]]

    @property
    def suffix(self) -> str:
        return self.file.path.suffix.lower()


class PatchFolding:
    """Folds patches of one publication, one after the other, as they are applied."""

    def __init__(self, publication: Publication) -> None:
        """Read the patches, and the files that they correct.

        Raises:
            SourceError: one cannot be read.
        """
        self._publication, self._base = publication, publication.base
        self._rows = {path: read_patch(path, _name_of(path)) for path in publication.patches()}
        # of every role: patches correct concepts in schemes as they do facts
        self._files = publication.sources(may_be_none=True) if self._rows else ()
        self._sources = [self._source(each) for each in self._files if _can_be_changed(each)]
        self._before = {each.file.name: each.before for each in self._sources}
        self._elsewhere = self._said_elsewhere()

    def _source(self, file: SourceFile) -> _Source:
        text = file.path.read_bytes().decode("utf-8", errors="surrogateescape")
        return _Source(file, text, text, self._lines(file))

    def _lines(self, file: SourceFile) -> dict[str, frozenset[bytes]]:
        found = dict[str, set[bytes]]()
        for each in read_source(file, base=self._base, limits=self._publication.settings.limits):
            found.setdefault(each.graph, set()).update(each.lines())
        return {graph: frozenset(lines) for graph, lines in found.items()}

    def _said_elsewhere(self) -> set[Statement]:
        """Return which statements of the patches stand in files that are left alone: of other formats, or too large."""
        asked, found = {_statement(each) for rows in self._rows.values() for each in rows}, set[Statement]()
        for file in self._files:
            if not _can_be_changed(file):
                for each in read_source(file, base=self._base, limits=self._publication.settings.limits):
                    found |= asked.intersection((each.graph, line) for line in each.lines())
        return found

    def _said(self, file: SourceFile, text: str) -> dict[str, frozenset[bytes]] | None:
        """Return what a file says with some text, by the graph; None where it could not be read."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file.path.name
            path.write_bytes(text.encode("utf-8", errors="surrogateescape"))
            for beside in file.path.parent.glob(f"*{METADATA_SUFFIX}"):
                shutil.copyfile(beside, path.parent / beside.name)
            try:
                return self._lines(replace(file, path=path))
            except SourceError:
                return None

    def fold(self, paths: Iterable[Path]) -> Folded:
        """Return what comes of folding some patches, in their order; the others stay as they are.

        Raises:
            SourceError: a patch cannot be read.
        """
        left, files, wanted = dict[str, tuple[PatchRow, ...]](), list[FoldedFile](), set(paths)
        waiting = set[Statement]()
        for path, rows in self._rows.items():
            kept = self._patch(rows, waiting) if path in wanted else list(rows)
            waiting |= {_statement(each) for each in kept}
            if path in wanted:
                files += _cut_down(path, kept)
            if path in wanted and kept:
                left[_name_of(path)] = tuple(kept)
        changed = [
            FoldedFile(each.file.name, self._before.get(each.file.name), each.text)
            for each in self._sources if each.text != self._before.get(each.file.name)
        ]  # fmt: skip
        return Folded((*changed, *files), left)

    def _patch(self, rows: Sequence[PatchRow], waiting: set[Statement]) -> list[PatchRow]:
        """Fold the rows of a patch; return those that could not be.

        Args:
            rows: the rows, of which the last holds where several speak of one statement.
            waiting: the statements of which earlier patches speak that stay: who spoke of them in a file would come
                before these, and not after.
        """
        every = {_statement(each): each for each in rows}.values()
        gone = [each for each in every if not each.is_added]
        come, left = [each for each in every if each.is_added], list[PatchRow]()
        for row in gone:
            pair = next((each for each in come if each.graph == row.graph and _is_of_one(each, row)), None)
            together = [row, pair] if pair is not None else [row]
            holding = [each for each in self._sources if row.line in each.lines.get(row.graph, ())]
            is_bound = any(_statement(each) in waiting for each in together) or _statement(row) in self._elsewhere
            # no file says it any more, so nothing goes; what was to take its place is added like all that comes
            if not holding and not is_bound:
                continue
            if is_bound or not all(self._take(each, row, pair) for each in holding):
                left += together
            if pair is not None:
                come.remove(pair)
        return left + [each for each in come if _statement(each) in waiting or not self._add(each)]

    def _take(self, source: _Source, row: PatchRow, pair: PatchRow | None) -> bool:
        """Take a statement out of a file, and put the other one in its place where there is one."""
        old, base = parsed(row.line).object, self._base
        wanted = {graph: set(lines) for graph, lines in source.lines.items()}
        wanted[row.graph].discard(row.line)
        if pair is None:
            is_table = source.suffix in TABLES
            ways = (
                iter(())
                if is_table
                else _without_line(source, row)
                if source.suffix in LINES
                else _removed(source.text, row, base)
            )
            return self._tried(source, ways, wanted)
        wanted[row.graph].add(pair.line)
        new = parsed(pair.line).object
        if source.suffix in TABLES:
            return self._tried(source, _cells(source.text, old, new), wanted)
        if self._tried(source, _replaced(source.text, row, new, base), wanted):
            return True
        return self._take(source, row, None) and self._add(pair)

    def _tried(self, source: _Source, ways: Iterator[str], wanted: Mapping[str, set[bytes]]) -> bool:
        """Take the first way of changing a text after which the file says what is wanted."""
        goal = {graph: frozenset(lines) for graph, lines in wanted.items() if lines}
        for number, text in enumerate(ways):
            if number >= MOST_TRIED:
                return False
            said = self._said(source.file, text)
            if said is not None and {graph: lines for graph, lines in said.items() if lines} == goal:
                source.text, source.lines = text, said
                return True
        return False

    def _add(self, row: PatchRow) -> bool:
        """Write a statement at the end of a file of its graph, or of a new file."""
        if (
            any(row.line in each.lines.get(row.graph, ()) for each in self._sources)
            or _statement(row) in self._elsewhere
        ):
            return True
        fitting = [each for each in self._sources if each.suffix in (*TURTLE, *LINES) and each.file.graph == row.graph]
        subject = row.line.split(b" ", 1)[0]
        fitting.sort(key=lambda each: not any(line.startswith(subject) for line in each.lines.get(row.graph, ())))
        source = fitting[0] if fitting else self._new(row.graph)
        if source is None:
            return False
        line = row.line.decode()
        if source.suffix == ".ttl":
            read, triple = TurtleText.read(source.text, self._base), parsed(row.line)
            terms = (triple.subject, triple.predicate, triple.object)
            line = " ".join(read.written(each) for each in terms) + " ."
        # an editor of Windows would take a file of two kinds of line ends for changed throughout
        end = "\r\n" if "\r\n" in source.text else "\n"
        gap = "" if not source.text or source.text.endswith("\n") else end
        wanted = {graph: set(lines) for graph, lines in source.lines.items()}
        wanted.setdefault(row.graph, set()).add(row.line)
        ways = iter([f"{source.text}{gap}{each}{end}" for each in (line, row.line.decode())])
        is_done = self._tried(source, ways, wanted)
        if is_done and source.before is None and source not in self._sources:
            self._sources.append(source)
        return is_done

    def _new(self, graph: str) -> _Source | None:
        """Return a new file for a graph that no file fills; None where its name makes none, or a file fills it."""
        local = graph.removeprefix(f"{self._base}graph/")
        path = self._publication.root / "data" / f"{local}.ttl"
        # two files of one name and another ending fill one graph, which no build accepts
        is_taken = path.exists() or any(each.graph == graph for each in self._files)
        if local == graph or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", local) or is_taken:
            return None
        return _Source(SourceFile(path, f"data/{local}.ttl", "data", graph), None, "", {})


def difference(file: FoldedFile) -> Iterator[str]:
    """Yield a file's difference, which ``git apply`` and ``patch -p1`` take in the publication's folder.

    It has no line ``diff --git``: with one, git reads names from the top of the repository, and passes in silence over
    files that are not below the folder where it runs.
    """
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", each or "") for each in (file.before, file.after))
    # without it GNU patch takes what follows a blank for a time
    tab = "\t" if " " in file.name else ""
    old = "/dev/null" if file.before is None else f"a/{file.name}{tab}"
    new = "/dev/null" if file.after is None else f"b/{file.name}{tab}"
    for line in difflib.unified_diff(before, after, old, new):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _statement(row: PatchRow) -> Statement:
    return row.graph, row.line


def _name_of(path: Path) -> str:
    return f"{PATCHES_FOLDER}/{path.name}"


def _can_be_changed(file: SourceFile) -> bool:
    return file.path.suffix.lower() in (*TURTLE, *LINES, *TABLES) and file.path.stat().st_size <= LARGEST_BYTES


def _cut_down(path: Path, kept: Sequence[PatchRow]) -> Iterator[FoldedFile]:
    """Yield a patch without the rows that were folded, or as one that goes; nothing where all stay."""
    # a row written by hand has other blanks than one of ours: rows are told by what they say, not by their text
    text, rows = path.read_bytes().decode(), set(kept)
    lines = [line for line, row in patch_lines(text, _name_of(path)) if row is None or row in rows]
    after = "".join(lines) if kept else None
    if after != text:
        yield FoldedFile(_name_of(path), text, after)


def _without_line(source: _Source, row: PatchRow) -> Iterator[str]:
    """Yield the text of a file of lines without one of them."""
    pieces = re.findall(r"[^\n]*\n|[^\n]+", source.text)
    subject = row.line.split(b" ", 1)[0].decode()
    for place, piece in enumerate(pieces):
        if piece.lstrip().startswith(subject):
            yield "".join((*pieces[:place], *pieces[place + 1 :]))


def _is_of_one(one: PatchRow, other: PatchRow) -> bool:
    """Whether two rows speak of the same property of a thing."""
    return one.line.split(b" ", 2)[:2] == other.line.split(b" ", 2)[:2]
