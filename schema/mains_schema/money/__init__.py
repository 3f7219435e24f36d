"""Payments, bank statements and debts."""
