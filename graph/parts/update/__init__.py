"""SPARQL 1.1 Update, read through the guard and turned into writes: nothing here changes a store that is served."""
