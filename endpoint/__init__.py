"""HTTP and the command line over releases: what people and programs meet.

It holds no rule of the graph itself: those are in the package ``graph``, through which everything here reads.
"""
