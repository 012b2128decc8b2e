"""The values of ``graph.change`` under their first name; no more than that, and only until nobody asks for it here."""

from graph.change import NONE, GraphChange, Lines, MergeChange

__all__ = ["NONE", "GraphChange", "Lines", "MergeChange"]
