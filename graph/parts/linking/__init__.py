"""Linking: finding the right thing by any of its names, and saying how sure one can be.

A room over releases: names folded across scripts, an index of names beside the store of each release, search and
reconciliation over it. It reads releases and knows no HTTP.
"""
