"""What is measured, and how to measure it again: see README.md in this folder. Not part of what users install."""
