"""Spreadsheets of people who know no RDF: read, understood column by column, checked, and made things of.

Faces: ``spreadsheet_import`` (a file in, things and every fault by its cell out), ``import_memory`` (what is remembered
for the next time). Nothing is published here but through ``graph.parts.contribution`` and ``graph.parts.proposals``.
"""
