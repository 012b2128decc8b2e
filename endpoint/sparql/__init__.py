"""``/sparql``: the short way on the event loop, the protocol in Flask, saved queries, the editor."""
