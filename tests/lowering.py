"""A server whose bounds are lowered, in itself and in the processes that work for it: what has a fallback meets it.

    python -m tests.lowering DIR HOST PORT WORKERS

as ``endpoint.server``. Importing the module lowers the bounds: the processes that do the work load it as they begin.
"""

from __future__ import annotations

import sys

from tests.bounds import lower

lower()

if __name__ == "__main__":
    from endpoint import server
    from graph.model import processes

    processes.PRELOADED = (*processes.PRELOADED, "tests.lowering")
    sys.exit(server.main(sys.argv[1:5]))
