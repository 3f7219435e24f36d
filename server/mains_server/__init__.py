"""Mains: the server behind the GraphQL API of a utility."""
