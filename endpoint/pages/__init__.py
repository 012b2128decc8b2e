"""What pages show: values, names and links, computed here so that templates only lay them out."""
