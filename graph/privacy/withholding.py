"""What a publication withholds, asked of each triple before it gets anywhere: settings and suppression list together.

A withheld graph is left out whole. Of a withheld thing every triple is left out in which it stands; of a name or a
number, every triple in whose texts or IRIs that stands, whoever wrote it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import chain
from urllib.parse import urljoin

from graph.errors import WriteRefusedError
from graph.privacy.suppression import Suppression, read_suppression
from graph.privacy.traces import Traces
from graph.privacy.words import decoded
from graph.publication import Publication
from graph.sources.chunks import Chunk

TERM = re.compile(rb'<([^<>"]*)>|"((?:[^"\\]|\\.)*)"')
ESCAPED = re.compile(r"\\(.)")
CODEPOINT = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
IRI, BASE = re.compile(r"<([^<>\s]*)>"), re.compile(r"\bBASE\s*<([^<>\s]*)>", re.I)
DECLARED = re.compile(r"\bPREFIX\s*([^\s:<>]*):\s*<([^<>\s]*)>", re.I)
PREFIXED = re.compile(r"((?<![\w.-])[\w.-]*):((?:[\w.:%-]|\\.)*)")
REMEMBERED = 100_000


@dataclass(frozen=True)
class Withholding:
    """What is withheld.

    Attributes:
        base: the publication's base.
        graphs: IRIs of graphs.
        iris: IRIs of things that the settings name.
        suppression: what ``hamkor withhold`` has added.
    """

    base: str
    graphs: frozenset[str]
    iris: frozenset[str]
    suppression: Suppression
    _known: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    def __bool__(self) -> bool:
        """Whether anything is withheld."""
        return bool(self.graphs or self.iris or self.suppression)

    @cached_property
    def mark(self) -> bytes:
        """The fingerprint of all this; empty where nothing is withheld."""
        if not self:
            return b""
        parts = [*sorted(self.graphs), "", *sorted(self.iris), "", *sorted(e.hex() for e in self.suppression.hashes)]
        return sha256("\n".join(parts).encode()).digest()

    def withholds(self, iri: str) -> bool:
        """Whether an IRI is withheld, as a graph or as a thing, or bears a name that is."""
        if iri not in self._known:
            if len(self._known) > REMEMBERED:
                self._known.clear()
            listed = iri in self.iris or iri in self.graphs
            self._known[iri] = listed or (bool(self.suppression) and self.suppression.holds_iri(iri))
        return self._known[iri]

    def holds(self, line: bytes) -> bool:
        """Whether a line of N-Triples speaks of what is withheld."""
        for iri, text in TERM.findall(line):
            if iri:
                if self.withholds(iri.decode()):
                    return True
            elif text and self.suppression and self.suppression.holds_text(ESCAPED.sub(" ", text.decode())):
                return True
        return False

    def passed(self, chunks: Iterable[Chunk], traces: Traces) -> Iterator[Chunk]:
        """Yield what may be published, and note the things below the base that may not."""
        for chunk in chunks:
            if not self:
                yield chunk
            elif self.withholds(chunk.graph):
                self._note(chunk.lines(), traces)
                traces.triples += len(chunk.lines())
            else:
                yield from self._kept(chunk, traces)

    def _kept(self, chunk: Chunk, traces: Traces) -> Iterator[Chunk]:
        lines = chunk.lines()
        held = {line for line in lines if self.holds(line)}
        if not held:
            yield chunk
            return
        self._note((line for line in held if self.withholds(_subject(line))), traces)
        traces.triples += len(held)
        if left := [line for line in lines if line not in held]:
            yield Chunk(chunk.graph, b"\n".join(left) + b"\n")

    def _note(self, lines: Iterable[bytes], traces: Traces) -> None:
        for line in lines:
            subject = _subject(line)
            if subject.startswith(self.base):
                traces.add(subject)

    def holds_query(self, text: str) -> bool:
        """Whether a query speaks of what is withheld: in its texts, its IRIs, or its prefixed names."""
        plain = CODEPOINT.sub(lambda found: chr(min(int(found[1] or found[2], 16), sys.maxunicode)), text)
        if self.suppression and self.suppression.holds_text(decoded(ESCAPED.sub(" ", plain))):
            return True
        prefixes = dict(DECLARED.findall(plain))
        base = next(iter(BASE.findall(plain)), f"{self.base}sparql")
        found = ((prefix, local) for prefix, local in PREFIXED.findall(plain) if prefix in prefixes)
        names = (prefixes[prefix] + ESCAPED.sub(r"\1", local) for prefix, local in found)
        return any(self.withholds(_resolved(base, each)) for each in chain(IRI.findall(plain), names))

    def refuse(self, graph: str, lines: Iterable[bytes]) -> None:
        """Make sure that nothing withheld is written.

        Raises:
            WriteRefusedError: it is; the message does not say what.
        """
        if self and (self.withholds(graph) or any(self.holds(line) for line in lines)):
            raise WriteRefusedError(graph, "withheld", "ask the publisher")


def _subject(line: bytes) -> str:
    return line[1 : line.find(b">")].decode()


def _resolved(base: str, iri: str) -> str:
    try:
        return urljoin(base, iri)
    except ValueError:
        return iri


def withholding_of(publication: Publication) -> Withholding:
    """Return what a publication withholds.

    Raises:
        SettingError: the suppression list cannot be read.
    """
    privacy = publication.settings.privacy
    graphs = (name if ":" in name else publication.graph(name) for name in privacy.withhold_graphs)
    suppression = read_suppression(*publication.suppression_files)
    return Withholding(publication.base, frozenset(graphs), frozenset(privacy.withhold), suppression)
