"""How something here is cited: one value, and what reference managers read of it: BibTeX, RIS and CSL-JSON.

The sentence is a template's (``cited`` in ``macros.html``), since it marks the language of each part and speaks Uzbek,
for which the Citation Style Language has no locale. What neither settings nor data say is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from endpoint.current import languages, snapshot, urls
from endpoint.http.negotiation import AS_BIBTEX, AS_RIS, CITATIONS, Representation
from endpoint.http.semantics import IN_A_LINK
from endpoint.pages.front import best
from endpoint.pages.term_names import names_for
from graph.catalogue.dataset_description import title_of
from graph.model.labels import Label

NOTHING = Label("", "")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
LATEX = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", **{sign: f"\\{sign}" for sign in "&%$#_"},
})  # fmt: skip
"""What TeX takes for more than a letter. BibTeX counts braces behind a backslash, too, so these go by their names."""


@dataclass(frozen=True, slots=True)
class Citation:
    """What one says of something here in a list of references.

    Attributes:
        title: what it is called, or empty.
        creator: who publishes it, or empty.
        container: the dataset of which it is an entry; empty for the dataset itself and its releases.
        version: the release.
        day: when that was made, as ISO 8601 writes a day (UTC).
        url: where it is found for good.
    """

    title: Label
    creator: Label
    container: Label
    version: str
    day: str
    url: str

    @property
    def year(self) -> str:
        """The year of the release."""
        return self.day[:4]


def dataset_citation(url: str) -> Citation:
    """Return how the dataset is cited as it is in the release that is looked at.

    Args:
        url: the IRI of the dataset, or that of this release.
    """
    here, wanted = snapshot(), languages()
    settings, manifest = here.publication.settings, here.release.manifest
    title, creator = best(title_of(settings), wanted), best(settings.about.publisher, wanted)
    return cited((title, creator, NOTHING), manifest.id, manifest.created[:10], url)


def thing_citation(iri: str) -> Citation:
    """Return how that is cited which the release says of a thing: under its own IRI where that is ours."""
    here, whole = urls(), dataset_citation("")
    url = iri if iri.startswith(here.base) else here.base + here.document(iri).removeprefix(f"{here.root}/")
    title = names_for(snapshot(), here, languages()).label(iri) or NOTHING
    return cited((title, whole.creator, whole.title), whole.version, whole.day, url)


def cited(names: tuple[Label, Label, Label], version: str, day: str, url: str) -> Citation:
    """Return a citation of a title, a creator and a container, each as one line, and of an address as a URI."""
    title, creator, container = (Label(_line(each.text), each.language) for each in names)
    return Citation(title, creator, container, version, day, quote(url, safe=IN_A_LINK))


def _line(text: str) -> str:
    """Return a text as one line: in RIS a line end would begin another field."""
    return " ".join(CONTROL.sub(" ", text).split())


def citation_links(link: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return title and path of each form in which something is cited.

    Args:
        link: makes the path for a suffix, in the languages of the page: they choose among titles.
    """
    return [(each.title, link(each.suffix)) for each in CITATIONS]


def citation_body(citation: Citation, representation: Representation) -> bytes:
    """Return a citation in one of the forms of ``CITATIONS``."""
    if representation is AS_BIBTEX:
        return bibtex(citation).encode()
    return ris(citation).encode() if representation is AS_RIS else csl_json(citation).encode()


def bibtex(citation: Citation) -> str:
    """Return a citation as an entry of BibTeX; names stand in two pairs of braces, so that no style changes them."""
    year, month, day = citation.day.split("-")
    texts = {"author": citation.creator, "title": citation.title, "booktitle": citation.container,
             "publisher": citation.creator}  # fmt: skip
    rows = [f"{name} = {{{{{each.text.translate(LATEX)}}}}}" for name, each in texts.items() if each.text]
    rows += [f"version = {{{citation.version}}}", f"year = {{{year}}}", f"month = {MONTHS[int(month) - 1]}",
             f"day = {{{int(day)}}}", f"url = {{{citation.url}}}"]  # fmt: skip
    if citation.title.language:
        rows.append(f"language = {{{citation.title.language}}}")
    kind = "incollection" if citation.container.text else "misc"
    fields = "".join(f"  {row},\n" for row in rows)
    return f"@{kind}{{{_key(citation)},\n{fields}}}\n"


def _key(citation: Citation) -> str:
    """Return a key of BibTeX: address and version, with no sign that ends a key."""
    place = re.sub(r"[^A-Za-z0-9./_-]+", "-", citation.url.partition("://")[2])
    return place if place.endswith(citation.version) else f"{place}:{citation.version}"


def ris(citation: Citation) -> str:
    """Return a citation as RIS: a data file, or a page that is an entry of one."""
    kind = "ELEC" if citation.container.text else "DATA"
    fields = (
        ("AU", citation.creator.text), ("TI", citation.title.text), ("T2", citation.container.text),
        ("PB", citation.creator.text), ("ET", citation.version), ("PY", citation.year),
        ("DA", citation.day.replace("-", "/")), ("LA", citation.title.language), ("UR", citation.url),
    )  # fmt: skip
    lines = [f"TY  - {kind}", *(f"{tag}  - {value}" for tag, value in fields if value), "ER  - "]
    return "".join(f"{line}\r\n" for line in lines)


def csl_json(citation: Citation) -> str:
    """Return a citation as data of the Citation Style Language 1.0.2: a list of one item."""
    creator = citation.creator.text
    item: dict[str, object] = {
        "id": f"{citation.url}#{citation.version}",
        "type": "entry" if citation.container.text else "dataset",
        "title": citation.title.text,
        "author": [{"literal": creator}] if creator else [],
        "container-title": citation.container.text,
        "publisher": creator,
        "issued": {"date-parts": [[int(part) for part in citation.day.split("-")]]},
        "version": citation.version,
        "URL": citation.url,
        "language": citation.title.language,
    }
    return json.dumps([{name: value for name, value in item.items() if value}], ensure_ascii=False, indent=1) + "\n"
