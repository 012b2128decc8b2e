"""Things of a class as a table: which columns it has, what stands in its cells, and how it leads back to RDF (CSVW)."""
