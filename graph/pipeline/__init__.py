"""How a release comes about: from files, from a write, or not at all; in this process or in a child."""
