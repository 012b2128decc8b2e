"""The commands of ``hamkor``, one module each; each has a ``command`` and holds no rule of its own."""
