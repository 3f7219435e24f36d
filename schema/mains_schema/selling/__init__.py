"""Utilities, their products and prices, and comparing them."""
