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
from graph.sources.rdf_patches import PatchRow, read_patch
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
    """A term in the text of a file, with where it begins and ends; ``kind`` is the token's that it begins with."""

    term: Term | None
    start: int
    end: int
    kind: str


@dataclass
class TurtleText:
    """The text of a Turtle file: its terms in their order, and the names in which terms are written there."""

    terms: list[TurtleTerm] = field(default_factory=list)
    prefixes: dict[str, str] = field(default_factory=dict)
    base: str = ""

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
        self.terms.append(TurtleTerm(term, token.start(), tokens[place + length - 1].end(), kind))
        return length

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


def _replaced(text: str, old: Term, new: Term, base: str) -> Iterator[str]:
    """Yield a Turtle text with one value in the place of another, wherever that stands."""
    read = TurtleText.read(text, base)
    for each in read.terms:
        if each.term == old:
            yield text[: each.start] + read.written(new) + text[each.end :]


def _removed(text: str, old: Term, base: str) -> Iterator[str]:
    """Yield a Turtle text without one value: with its comma, its property, or its whole statement."""
    terms = TurtleText.read(text, base).terms
    for place, each in enumerate(terms):
        if each.term != old or place < 2 or place + 1 >= len(terms):
            continue
        before, after = terms[place - 1], terms[place + 1]
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
            head = text[:start]
            yield (head.rstrip(" \t") if text[end : end + 1] in ("\n", "\r", "") else head) + text[end:]


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
        """Read the files that fill graphs of data.

        Raises:
            SourceError: one cannot be read.
        """
        self._publication, self._base = publication, publication.base
        self._sources = [
            found for each in publication.sources(may_be_none=True)
            if each.role == "data" and (found := self._source(each)) is not None
        ]  # fmt: skip
        self._before = {each.file.name: each.before for each in self._sources}

    def _source(self, file: SourceFile) -> _Source | None:
        is_text = file.path.suffix.lower() in (*TURTLE, *LINES, *TABLES)
        if not is_text or file.path.stat().st_size > LARGEST_BYTES:
            return None
        text = file.path.read_bytes().decode("utf-8", errors="surrogateescape")
        return _Source(file, text, text, self._said(file, text) or {})

    def _said(self, file: SourceFile, text: str) -> dict[str, frozenset[bytes]] | None:
        """Return what a file says with some text, by the graph; None where it could not be read."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file.path.name
            path.write_bytes(text.encode("utf-8", errors="surrogateescape"))
            for beside in file.path.parent.glob(f"*{METADATA_SUFFIX}"):
                shutil.copyfile(beside, path.parent / beside.name)
            found = dict[str, set[bytes]]()
            try:
                for each in read_source(
                    replace(file, path=path), base=self._base, limits=self._publication.settings.limits
                ):
                    found.setdefault(each.graph, set()).update(each.lines())
            except SourceError:
                return None
        return {graph: frozenset(lines) for graph, lines in found.items()}

    def fold(self, paths: Iterable[Path]) -> Folded:
        """Return what comes of folding some patches, in their order.

        Raises:
            SourceError: a patch cannot be read.
        """
        left, files = dict[str, tuple[PatchRow, ...]](), list[FoldedFile]()
        for path in paths:
            name = f"{PATCHES_FOLDER}/{path.name}"
            rows = read_patch(path, name)
            kept = self._patch(rows)
            if kept:
                left[name] = tuple(kept)
            text = path.read_text(encoding="utf-8")
            after = _with_rows(text, {each.text() for each in kept}) if kept else None
            if after != text:
                files.append(FoldedFile(name, text, after))
        changed = [
            FoldedFile(each.file.name, self._before.get(each.file.name), each.text)
            for each in self._sources if each.text != self._before.get(each.file.name)
        ]  # fmt: skip
        return Folded((*changed, *files), left)

    def _patch(self, rows: Sequence[PatchRow]) -> list[PatchRow]:
        """Fold the rows of a patch; return those that could not be."""
        gone = [each for each in rows if not each.is_added]
        come, left = [each for each in rows if each.is_added], list[PatchRow]()
        for row in gone:
            holding = [each for each in self._sources if row.line in each.lines.get(row.graph, ())]
            if not holding and self._is_read(row.graph):
                continue  # no file says it any more
            pair = next((each for each in come if each.graph == row.graph and _is_of_one(each, row)), None)
            if not holding or not all(self._take(each, row, pair) for each in holding):
                left += [row, pair] if pair is not None else [row]
            if pair is not None:
                come.remove(pair)
        return left + [each for each in come if not self._add(each)]

    def _is_read(self, graph: str) -> bool:
        files = [each for each in self._publication.sources(may_be_none=True) if each.role == "data"]
        known = {each.file.name for each in self._sources}
        return all(each.name in known for each in files) or any(graph in each.lines for each in self._sources)

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
                else _removed(source.text, old, base)
            )
            return self._tried(source, ways, wanted)
        wanted[row.graph].add(pair.line)
        new = parsed(pair.line).object
        if source.suffix in TABLES:
            return self._tried(source, _cells(source.text, old, new), wanted)
        if self._tried(source, _replaced(source.text, old, new, base), wanted):
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
        if any(row.line in each.lines.get(row.graph, ()) for each in self._sources):
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
        gap = "" if not source.text or source.text.endswith("\n") else "\n"
        wanted = {graph: set(lines) for graph, lines in source.lines.items()}
        wanted.setdefault(row.graph, set()).add(row.line)
        return self._tried(
            source, iter([f"{source.text}{gap}{line}\n", f"{source.text}{gap}{row.line.decode()}\n"]), wanted
        )

    def _new(self, graph: str) -> _Source | None:
        """Return a new file for a graph that no file fills; None where its name makes none, or the file is there."""
        local = graph.removeprefix(f"{self._base}graph/")
        path = self._publication.root / "data" / f"{local}.ttl"
        if local == graph or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", local) or path.exists():
            return None
        source = _Source(SourceFile(path, f"data/{local}.ttl", "data", graph), None, "", {})
        self._sources.append(source)
        return source


def difference(file: FoldedFile) -> Iterator[str]:
    """Yield a file's difference as git writes it."""
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", each or "") for each in (file.before, file.after))
    yield f"diff --git a/{file.name} b/{file.name}\n"
    if file.before is None:
        yield "new file mode 100644\n"
    if file.after is None:
        yield "deleted file mode 100644\n"
    old = "/dev/null" if file.before is None else f"a/{file.name}"
    new = "/dev/null" if file.after is None else f"b/{file.name}"
    for line in difflib.unified_diff(before, after, old, new):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


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


def _with_rows(text: str, kept: set[str]) -> str:
    """Return the text of a patch with no other rows than some."""
    pieces = re.findall(r"[^\n]*\n|[^\n]+", text)
    return "".join(each for each in pieces if not each.startswith(("A ", "D ")) or each in kept)
