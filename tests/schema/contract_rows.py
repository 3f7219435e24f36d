"""Rows that a contract has: its terms, events and fees, and its levelled payment."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from mains_server.contracts.records import ContractStep, Settlement
from mains_server.levelling.records import LetterChannel, PlanReason, UsageBasis
from mains_server.levelling.records import RunStatus as LevelledStatus

from tests.schema import town


def offer(n: int) -> dict[str, Any]:
    named = {"id": n, "customer_id": 1, "contract_id": n, "product": f"offered {n}"}
    return {**named, "starts": town.month(n % 2), "made_at": town.THEN}


def former_terms(contract: int, customer: int) -> dict[str, Any]:
    """Tell of the product that a contract had in January 2022."""
    days = {"starts": town.THEN.date(), "ends": date(2022, 2, 1), "settlement": Settlement.INVOICE}
    return {"id": contract, "customer_id": customer, "contract_id": contract, "product": f"former {contract}", **days}


def event(contract: int, customer: int) -> dict[str, Any]:
    """Tell of a contract's conclusion."""
    told = {"step": ContractStep.CONCLUDED, "day": date(1975, 1, contract), "noted_at": town.THEN}
    return {"id": contract, "customer_id": customer, "contract_id": contract, **told}


def fee(contract: int, customer: int) -> dict[str, Any]:
    """Tell of a reminder that a contract pays for."""
    named = {"id": contract, "customer_id": customer, "contract_id": contract, "reason": f"fee {contract}"}
    told = {"code": "reminder", "quantity": 1, "unit": "pcs", "source": "test", "key": "k"}
    return {**named, **told, "day": town.THEN.date(), "noted_at": town.THEN}


def terms_document(n: int) -> dict[str, Any]:
    texts = {"text_lv": f"Noteikumi {n}", "text_en": f"Terms {n}", "text_ru": f"Условия {n}"}
    return {"id": n, "adapter": "heat_co", "product": "heat", "version": f"{n}", "starts": town.month(0), **texts}


def levelled_version(n: int, contract: int, customer: int) -> dict[str, Any]:
    """Tell of version n of a contract's levelled payment."""
    named = {"id": n, "customer_id": customer, "plan_id": contract, "contract_id": contract, "once_key": f"{n}"}
    days = {"starts": town.month(0), "known_on": town.month(0), "priced_from": town.month(0), "made_at": town.THEN}
    made = {"number": n, "reason": PlanReason.YEARLY, "usage": [], "basis": UsageBasis.FORECAST, "currency": "EUR"}
    sums = ("base_total", "used_before", "paid_before", "difference", "total", "going_on")
    return {**named, **days, **made, **dict.fromkeys(sums, Decimal(0))}


def levelled_letter(n: int, contract: int, customer: int) -> dict[str, Any]:
    """Tell of the letter about version n."""
    named = {"version_id": n, "customer_id": customer, "contract_id": contract, "new_amount": Decimal(6000 + n)}
    sent = {"channel": LetterChannel.EMAIL, "language": "lv", "starts": town.month(0), "made_at": town.THEN}
    rest = {"old_amount": Decimal(1), "base_part": Decimal(1), "difference_part": Decimal(1), "currency": "EUR"}
    return {**named, **sent, **rest}


def levelled_run(n: int) -> dict[str, Any]:
    """Tell of a recalculation that goes on."""
    days = {"starts": town.month(0), "known_on": town.month(0), "started_at": town.THEN}
    return {"id": n, "adapter": f"power_{n}", "year": 2022, "status": LevelledStatus.RUNNING, **days}


def levelled_hold(n: int, customer: int, contract: int) -> dict[str, Any]:
    """Tell of a settlement that is held."""
    named = {"id": n, "customer_id": customer, "contract_id": contract, "task": "settlement"}
    return {**named, "code": "X", "reason": f"held {n}", "held_at": town.THEN}
