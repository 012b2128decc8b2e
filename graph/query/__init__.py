"""SPARQL over a release: what is read before it runs, where it runs, and what comes back."""
