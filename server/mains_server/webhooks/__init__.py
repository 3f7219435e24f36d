"""Webhooks: what happens is posted to partners, signed, as they chose to hear of it."""
