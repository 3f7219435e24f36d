"""Proof that the books balance."""
