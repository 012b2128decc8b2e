"""What others keep, fetched from time to time: documents and SPARQL endpoints become contributed graphs.

``harvesting`` is its face: what is due, what came of it, and the process that does it beside the service.
"""
