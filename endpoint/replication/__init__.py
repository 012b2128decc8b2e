"""Replication as the service shows it: a publisher's releases for copies to fetch, and how a copy stands."""
