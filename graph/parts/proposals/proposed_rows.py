"""A proposal as rows that come to graphs and go; what of it has changed since, whom it touches, what marks it.

Nothing is published here, and no shape is asked: that is ``graph.parts.proposals.decisions``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

import msgspec
import pyoxigraph as ox

from graph.catalogue.contents import personal_graphs
from graph.model.description import PERSON, kinds_of
from graph.model.publication import Publication
from graph.model.rdf_terms import RDF, RDF_TYPE, XSD, Term
from graph.parts.proposals.proposal_store import Content, KeptProposal, Mark, ValueChange
from graph.parts.proposals.shape_form import term_of
from graph.releases.exact_forms import open_forms
from graph.releases.release import Release
from graph.sources.batches import lines_of
from graph.sources.rdf_patches import PatchRow

MOST_TOUCHED, MOST_STATEMENTS = 100, 1_000


def rows_of(thing: str, changes: Iterable[ValueChange]) -> list[PatchRow]:
    """Return the lines that come and go with some changes of a thing, graph by graph, each once.

    What one change takes and another gives stays: a patch is applied row by row, and the last one would win.
    """
    rows = dict[PatchRow, None]()
    for each in changes:
        of = each.thing or thing
        for graph in each.graphs:
            if each.removed:
                rows[PatchRow(graph, statement_line(of, each.predicate, each.removed), is_added=False)] = None
            if each.added:
                rows[PatchRow(graph, statement_line(of, each.predicate, each.added), is_added=True)] = None
    return [each for each in rows if replace(each, is_added=not each.is_added) not in rows]


def statement_line(thing: str, predicate: str, term: str) -> bytes:
    """Return a statement as a line; the term is in N-Triples syntax."""
    (line,) = lines_of([ox.Triple(ox.NamedNode(thing), ox.NamedNode(predicate), term_of(term))])
    return line


def stale(release: Release, thing: str, changes: Sequence[ValueChange]) -> list[int]:
    """Return the numbers of the changes whose value is no longer where it was, or has come there by other ways."""
    forms, found = open_forms(release.folder), list[int]()
    for number, each in enumerate(changes):
        for row in rows_of(thing, [each]):
            if (row.graph in forms.graphs(release.store, row.line)) == row.is_added:
                found.append(number)
                break
    return found


def statements_of(store: ox.Store, thing: str, predicate: str, value: Term) -> list[ox.NamedNode]:
    """Return the statements with names of their own (``rdf:Statement``) that say that a thing has a value."""
    merge, node = ox.DefaultGraph(), ox.NamedNode
    about = (quad.subject for quad in store.quads_for_pattern(None, node(RDF + "subject"), node(thing), merge))
    found = [each for each in islice(about, MOST_STATEMENTS) if isinstance(each, ox.NamedNode)]
    wanted = ((RDF + "predicate", node(predicate)), (RDF + "object", value))
    return sorted(
        (
            each for each in found
            if all(next(store.quads_for_pattern(each, node(by), to, merge), None) is not None for by, to in wanted)
        ),
        key=str,
    )  # fmt: skip


# What marks it.

LINK = re.compile(r"https?://|www\.", re.I)
NUMBER = re.compile(r"(?<![\w/])\+?\d[\d\s().-]{6,}\d|[^\s@]+@[^\s@]+\.\w+")
"""What may be somebody's telephone number, or address of mail."""


def links_in(*texts: str) -> int:
    """Return how many web addresses stand in some texts."""
    return sum(len(LINK.findall(each)) for each in texts)


def marks_of(store: ox.Store, base: str, content: Content, personal: Iterable[str]) -> tuple[Mark, ...]:
    """Return what a reviewer should see at once: that a proposal speaks of a person, or names a number.

    Args:
        store: the release's.
        base: the publication's base.
        content: the proposal.
        personal: the IRIs of graphs of personal data.
    """
    types = {
        quad.object.value
        for quad in store.quads_for_pattern(
            ox.NamedNode(content.thing), ox.NamedNode(RDF_TYPE), None, ox.DefaultGraph()
        )
        if isinstance(quad.object, ox.NamedNode)
    }
    types |= {each.added[1:-1] for each in content.changes if each.predicate == RDF_TYPE}
    graphs = {graph for each in content.changes for graph in each.graphs}
    said = [each for change in content.changes for each in (change.added,) if each.startswith(("<tel:", "<mailto:"))]
    texts = [content.reason, content.source, *(_text(each.added) for each in content.changes if each.added)]
    found = list[Mark](["removal"] if content.kind == "removal" else [])
    if PERSON in kinds_of(types, base) or graphs & set(personal):
        found.append("person")
    if said or any(NUMBER.search(each) for each in texts):
        found.append("number")
    return (*found, "links") if links_in(content.reason, content.source) > 1 else tuple(found)


def marked(publication: Publication, store: ox.Store, content: Content) -> Content:
    """Return a proposal with its marks, by what the publication says which of its graphs are of persons."""
    marks = marks_of(store, publication.base, content, personal_graphs(publication))
    return msgspec.structs.replace(content, marks=marks)


def _text(term: str) -> str:
    found = term_of(term)
    is_text = isinstance(found, ox.Literal) and found.datatype.value in (XSD + "string", RDF + "langString")
    return found.value if is_text and isinstance(found, ox.Literal) else ""


# What a proposal looks like to people at a terminal, and to git.


def patch_text(proposal: KeptProposal, numbers: Iterable[int] | None = None) -> str:
    """Return the changes of a proposal as an RDF Patch."""
    content = proposal.content
    if content is None:
        return ""
    wanted = set(range(len(content.changes)) if numbers is None else numbers)
    chosen = [each for number, each in enumerate(content.changes) if number in wanted]
    rows = "".join(each.text() for each in rows_of(content.thing, chosen))
    return f"H id <urn:x-hamkor:proposal:{proposal.id}> .\nTX .\n{rows}TC .\n"


def touched(store: ox.Store, thing: str, changes: Iterable[ValueChange], most: int = MOST_TOUCHED) -> list[str]:
    """Return which other things a change touches: those that point to the thing, or state one of its statements."""
    node, found = ox.NamedNode(thing), dict[str, None]()
    for quad in store.quads_for_pattern(None, None, node, ox.DefaultGraph()):
        if isinstance(quad.subject, ox.NamedNode) and len(found) < most:
            found[quad.subject.value] = None
    for each in changes:
        if each.removed and isinstance(term := term_of(each.removed), ox.NamedNode):
            found[term.value] = None
    return list(found)
