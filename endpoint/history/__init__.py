"""Earlier releases over HTTP: Memento, ``/releases``, and queries over them."""
