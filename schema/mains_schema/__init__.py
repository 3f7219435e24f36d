"""Mains: the GraphQL schema and its read mapping."""

# Before any type names an enum of a room, the enum gets its descriptions here.
from mains_schema.common import words as words
