"""What must not be published: which graphs, things, names and numbers, and how they stay out of every release."""
