"""What finds things in the release of a request by their names, and how what was found is called and described.

Search, suggestions, reconciliation and identifiers share it. Who is found decides ``graph.parts.linking``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from endpoint.current import Snapshot, languages, snapshot, urls
from endpoint.http.languages import in_script
from endpoint.http.problems import ProblemError
from endpoint.pages.values import DAY, partial
from graph.model.errors import Sentence
from graph.model.kinds import KINDS
from graph.model.labels import Label, language_chain, language_rank
from graph.parts.linking.candidate_search import Search
from graph.parts.linking.entities import LABEL, Entity
from graph.parts.linking.names_index import open_index
from graph.parts.linking.reconciliation import Reconciler


@dataclass(frozen=True)
class Finder:
    """What finds things in one release."""

    search: Search
    reconciler: Reconciler


def finder() -> Finder:
    """Return what finds things in the release of this request.

    Raises:
        ProblemError: the release has no index of names.
    """
    found = snapshot().once(_finder)
    if found is None:
        detail = Sentence("release %(id)s has no index of names", id=snapshot().release.id)
        raise ProblemError("unavailable", detail, {"remedy": Sentence("change the data and run hamkor build")})
    return found


def _finder(here: Snapshot) -> Finder | None:
    index = open_index(here.release.folder)
    if index is None:
        return None
    search = Search(index, here.publication.base)
    return Finder(search, Reconciler(search))


@dataclass(frozen=True, slots=True)
class Tongue:
    """In which languages somebody reads; language tags in small letters, the best first."""

    chain: tuple[str, ...]

    def label(self, entity: Entity) -> tuple[str, str]:
        """Return what a thing is called, and the language of that."""
        names = [each for each in entity.names if each.rank == LABEL] or entity.names
        best = min(names, key=lambda each: language_rank(each.language, self.chain))
        label = in_script(Label(best.text, best.language), self.chain)
        return label.text, label.language

    def kind(self, kind: str) -> str:
        """Return what a kind of thing is called."""
        return self.of(KINDS[kind].names) if kind in KINDS else kind

    def of(self, names: Mapping[str, str]) -> str:
        """Return the text in the best language of those that there are."""
        return names[min(names, key=lambda tag: language_rank(tag, self.chain))]

    def description(self, entity: Entity, finds: Finder) -> str:
        """Return a line that tells a thing from its namesakes: its kind, its places, its founding."""
        around = finds.reconciler.evidence.around(entity)
        places = ", ".join(dict.fromkeys(self.label(each)[0] for each in around))
        founded = partial(entity.founded, next((tag for tag in self.chain if tag in DAY), "en"))
        return " · ".join(part for part in (self.kind(main_kind(entity)), places, founded) if part)


def main_kind(entity: Entity) -> str:
    """Return the most telling kind of a thing: a narrower one before a broader one."""
    broader = {KINDS[each].broader for each in entity.kinds if each in KINDS}
    return next((each for each in entity.kinds if each not in broader), entity.kinds[0])


def tongue() -> Tongue:
    """Return the languages of this request."""
    return Tongue(language_chain(languages()))


def view_of(entity: Entity) -> str:
    """Return the URL at which one reads about a thing."""
    return urls().absolute(urls().read(entity.iri))


def place_iri(text: str, finds: Finder) -> str:
    """Return the IRI of a place that is named by its id or IRI.

    Raises:
        ProblemError: there is no such place.
    """
    found = finds.search.candidates.identified(text)
    if not found:
        detail = Sentence("no place %(text)s in release %(id)s", text=repr(text[:200]), id=snapshot().release.id)
        raise ProblemError(
            "bad-request", detail, {"remedy": Sentence("name it by its id, such as place~termez, or its IRI")}
        )
    return finds.search.index.entities(found[:1])[0].iri
