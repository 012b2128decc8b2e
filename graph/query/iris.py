"""IRIs as a query writes them: relative ones, prefixed names, and what its prologue declares for them.

It reads no tokens. Relative IRIs are resolved by the engine's own library, so that the guard and the engine can never
mean two different IRIs by the same text.
"""

from __future__ import annotations

from pyoxigraph import NamedNode, RdfFormat, parse


class Declarations:
    """The BASE and PREFIX declarations of one query, as far as it has been read."""

    def __init__(self, base: str | None) -> None:
        self._base = base
        self._namespaces: dict[str, str] = {}

    def declare_base(self, reference: str) -> None:
        """Take the IRI reference of a BASE declaration, which may itself be relative."""
        self._base = self.resolve(reference)

    def declare_prefix(self, prefix: str, reference: str) -> None:
        """Take a PREFIX declaration; a later one of the same prefix replaces the earlier (SPARQL 1.2 section 4.1.1).

        Args:
            prefix: the prefix without its colon, the empty one included.
            reference: the IRI reference without its angle brackets.
        """
        self._namespaces[prefix] = self.resolve(reference)

    def has_prefix(self, prefix: str) -> bool:
        """Whether the prefix is declared."""
        return prefix in self._namespaces

    def resolve(self, reference: str) -> str:
        """Return the IRI that a reference means here.

        What cannot be resolved (no base, no legal IRI) comes back as it is: the engine refuses it, no list holds it.
        """
        return resolved(reference, self._base) or reference

    def is_legal(self, reference: str) -> bool:
        """Whether a reference gives a legal absolute IRI here."""
        return resolved(reference, self._base) is not None

    def expand(self, name: str) -> str:
        """Return the IRI that a prefixed name means; its prefix must be declared (SPARQL 1.1 section 4.1.1)."""
        prefix, _, local = name.partition(":")
        return self._namespaces[prefix] + local.replace("\\", "")


def resolved(reference: str, base: str | None) -> str | None:
    """Resolve an IRI reference against a base (RFC 3987 section 6.5), as the engine does; None if that gives no IRI."""
    try:
        quad = next(parse(f"<{reference}> <x:p> <x:o> .", format=RdfFormat.TURTLE, base_iri=base))
    except (SyntaxError, ValueError):
        return None
    return quad.subject.value if isinstance(quad.subject, NamedNode) else None
