"""Mains: the GraphQL schema and its read mapping."""
