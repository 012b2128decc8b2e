"""Immutable releases: staged beside the current one, verified, and made current in one atomic step."""
