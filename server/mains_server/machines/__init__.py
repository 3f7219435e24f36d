"""Tokens by which the software of customers and partners asks."""
