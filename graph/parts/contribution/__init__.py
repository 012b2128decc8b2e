"""What others send: documents read within bounds, and published or rehearsed in a process of their own."""
