"""Files in, quads out: readers that say which file, line and column could not be read."""
