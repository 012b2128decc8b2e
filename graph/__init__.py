"""The engine: a publication's files become named graphs, are entailed, validated, released and queried.

It is no web server: HTTP lives in the package ``endpoint``, which imports this one and is never imported by it.
"""
