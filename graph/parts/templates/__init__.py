"""Templates: files to start from, made of the shapes and of what the data already holds; and advice on results.

A template says which properties things of a class have, and is filled in with an example that passes. It reads a
release's store and writes texts; it validates nothing.
"""
