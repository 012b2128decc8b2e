"""Named graphs over HTTP: read, written, updated, validated; and who may."""
