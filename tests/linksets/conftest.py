"""The flagship, searched and served, as the tests of linking have it."""

from tests.linking.conftest import flagship_reconciler, flagship_search, service

__all__ = ["flagship_reconciler", "flagship_search", "service"]
