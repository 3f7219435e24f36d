"""GraphQL over HTTP: bodies, limits, and the schema built from its rooms."""
