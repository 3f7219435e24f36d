"""Dated prices, products and tax rates."""
