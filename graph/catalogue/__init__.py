"""What a release says of itself: VoID, DCAT-AP 3.0.1, PROV, schema.org; from settings, manifest and data."""
