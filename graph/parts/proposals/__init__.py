"""What people propose: forms drawn from shapes, proposals as differences, and what becomes of them.

A proposal is in no release, cache, index or log. It waits beside the publication until who holds a reviewer's token
accepts it, which makes a release, or declines it.
"""
