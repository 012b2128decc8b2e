"""What everything else stands on: errors, names, formats, settings, a publication, labels and descriptions."""
