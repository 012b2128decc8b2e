"""Things and the documents about them: found, described, represented, linked."""
