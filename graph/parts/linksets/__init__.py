"""Linksets: other people's tables matched with this graph, the links that come of it, and whether links are sound.

A room over linking: spreadsheets in, answer sheets out and in again, linksets as Turtle and SSSOM; clusters of what is
the same; checks of identifiers. It publishes nothing: a linkset is contributed as any other graph is.
"""
