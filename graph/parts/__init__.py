"""What is optional: each part is a package of its own, which the core does without."""
