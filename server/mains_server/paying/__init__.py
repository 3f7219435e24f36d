"""Paying through payment providers: intents, their events, refunds, and what becomes of the unknown."""
