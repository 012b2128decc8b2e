"""SPARQL as text: its terminals, its grammar, what may run, and what is rewritten before it runs."""
