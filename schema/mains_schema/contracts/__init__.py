"""Contracts and their life, levelled payment included."""
