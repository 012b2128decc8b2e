"""SHACL: what a valid graph is, whether this one is valid, and the report of why not."""
