"""Columns: the merge of a release as sorted arrays of numbers, for queries that join and count thousands of triples.

The engine goes from row to row; over arrays the same joins, groups and sums take a tenth of the time or less. A part
of SPARQL is read here (``reading``), exactly as the specification means it; every other query, and every case in which
an exact answer is not certain, is the engine's (``UnsupportedError``). Nothing here is the truth: the arrays are made
from the engine's own store.
"""
