"""How the things of which the catalogue speaks are called: IRIs that stay the same from release to release.

The dataset is ``<base>dataset``; everything that belongs to it is a fragment of that, so that one document describes
them all. Only the files of a release carry its id.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

from graph.namespaces import DATASET, RELEASE

DOWNLOADS = "downloads"


@dataclass(frozen=True, slots=True)
class Names:
    """The IRIs of one release's catalogue.

    Attributes:
        base: the publication's base.
        release: the id of the release.
    """

    base: str
    release: str

    @property
    def dataset(self) -> str:
        """The dataset."""
        return f"{self.base}{DATASET}"

    def part(self, name: str) -> str:
        """Return the IRI of something that the dataset has one of: its catalogue, its publisher."""
        return f"{self.dataset}#{name}"

    def one_of(self, kind: str, what: str) -> str:
        """Return the IRI of one of many things of a kind; which one, an IRI or a path tells."""
        return f"{self.dataset}#{kind}-{sha256(what.encode()).hexdigest()[:12]}"

    def version(self, release: str) -> str:
        """Return the IRI of a release."""
        return f"{self.base}{RELEASE}/{release}"

    def file(self, name: str) -> str:
        """Return the IRI of a file of this release; it never means another file."""
        return f"{self.version(self.release)}/{DOWNLOADS}/{quote(name)}"

    def route(self, name: str) -> str:
        """Return the IRI of one of the service's own addresses."""
        return f"{self.base}{name}"
