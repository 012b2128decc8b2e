"""How graphs leave the house: in every RDF format, as JSON-LD and as views of one vocabulary."""
