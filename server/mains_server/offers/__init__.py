"""Compares the products of a utility for a consumption, with the engine that bills."""
