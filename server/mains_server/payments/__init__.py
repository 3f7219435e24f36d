"""Money received and what it settled."""
