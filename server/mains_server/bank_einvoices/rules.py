"""Accounts and their banks, and what of an invoice can go to one. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from schwifty import IBAN

from mains_server.access.records import Refusal
from mains_server.customers.contact import written_iban

BIC_LENGTH = 8
"""A BIC without the branch: the format's channels have 10 characters at most."""


class BankNotServed(Refusal):
    """The utility sends no e-invoices to this bank."""

    code = "BANK_NOT_SERVED"
    path = "iban"


def account_at(text: str, *, banks: Collection[str]) -> tuple[str, str]:
    """Give an account one way, and the BIC of its bank, which must be one that e-invoices are sent to.

    IbanMalformed refuses what is no account; BankNotServed an account elsewhere.
    """
    iban = written_iban(text)
    bic = IBAN(iban).bic
    bank = None if bic is None else str(bic.compact)[:BIC_LENGTH]
    if bank is None or bank not in banks:
        served = ", ".join(sorted(banks)) or "none"
        raise BankNotServed(f"e-invoices are sent to accounts at these banks: {served}")
    return iban, bank


def hidden(iban: str) -> str:
    """Show of an account only its country, bank and last digits, as receipts do."""
    return f"{iban[:8]}…{iban[-4:]}"


def is_too_late(*, due_on: date, today: date, to_pay: Decimal) -> bool:
    """Tell whether a bank would refuse an invoice, since it was due before today and is still to be paid."""
    return to_pay > 0 and due_on < today
