"""Rounding policies, tax and allocation; pure."""
