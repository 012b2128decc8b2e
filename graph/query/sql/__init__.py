"""SPARQL as SQL over the release's index: exactly or not at all.

A query's tree becomes an algebra of plain values, and that one statement of SQL (DuckDB). What cannot be told exactly,
from the text or only from the data, is the engine's (``UnsupportedError``); the engine also writes all answers. Nothing
here is the truth: the index is made of what the engine's own store holds.
"""
