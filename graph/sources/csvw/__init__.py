"""CSV on the Web: a table and its metadata in, triples out."""
