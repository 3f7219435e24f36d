"""Bank statements: what came in and went out, and whose it is."""
