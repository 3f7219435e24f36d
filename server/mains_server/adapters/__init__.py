"""Finds, vets and asks utility adapters."""
