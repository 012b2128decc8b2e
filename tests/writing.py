"""The type of the fixture ``publication``: a function that writes files and opens their folder as a publication."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graph.model.publication import Publication

Write = Callable[[Mapping[str, str | bytes]], Publication]
