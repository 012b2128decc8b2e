"""Replication: releases go into object storage and out of it again; copies follow, and serve what they have.

What is optional about this part: a publication that nobody copies has none of it, and loads none of it.
"""
