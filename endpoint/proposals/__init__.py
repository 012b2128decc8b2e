"""Proposals over HTTP: a thing as a form, the page that says what became of it, and the reviewers' pages."""
