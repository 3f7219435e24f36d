"""The sandbox's money: payments, refunds and disputes in memory, each changed under one lock."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from threading import RLock
from typing import Any

from mains_payment_sandbox.speaking import AMOUNT

NOTHING = Decimal("0.00")


class Refused(Exception):
    """An act that cannot be done, by a status and a code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass(slots=True, kw_only=True)
class Refund:
    """Money on its way back to the payer."""

    id: str
    reference: str
    payment: Payment
    amount: Decimal
    status: str = "refund_pending"

    def told(self) -> dict[str, Any]:
        """Give the refund as JSON."""
        return {
            "id": self.payment.id,
            "reference": self.payment.reference,
            "refundReference": self.reference,
            "status": self.status,
            "amount": f"{self.amount:.2f}",
            "currency": self.payment.currency,
        }


@dataclass(slots=True, kw_only=True)
class Payment:
    """A payment, from its creation to its end."""

    id: str
    reference: str
    amount: Decimal
    currency: str
    description: str
    language: str
    return_url: str | None
    provider: str
    is_manual: bool
    page_url: str
    status: str = "pending"
    captured: Decimal = NOTHING
    disputed: Decimal = NOTHING
    is_unknown: bool = False
    refunds: list[Refund] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Give the payment as JSON; the amount is what was captured, once it was."""
        return {
            "id": self.id,
            "reference": self.reference,
            "status": "unknown" if self.is_unknown else self.status,
            "amount": f"{self.captured if self.status == 'captured' else self.amount:.2f}",
            "currency": self.currency,
            "pageUrl": self.page_url,
        }


class Till:
    """All payments of the sandbox; every act by a reference is done once."""

    def __init__(self, *, address: str) -> None:
        self.address = address
        self.lock = RLock()
        self._by_reference: dict[str, Payment] = {}
        self._by_id: dict[str, Payment] = {}
        self._refunds: dict[str, Refund] = {}

    def create(self, asked: dict[str, Any]) -> Payment:
        """Begin a payment, or give the one that the reference stands for."""
        amount, reference = amount_of(asked.get("amount")), str(asked.get("reference") or "")
        if not reference or asked.get("currency") != "EUR":
            raise Refused(422, "malformed")
        with self.lock:
            earlier = self._by_reference.get(reference)
            if earlier is not None:
                if earlier.amount != amount:
                    raise Refused(409, "reference_reused")
                return earlier
            id_ = f"pay_{secrets.token_hex(8)}"
            payment = Payment(
                id=id_,
                reference=reference,
                amount=amount,
                currency="EUR",
                description=str(asked.get("description") or ""),
                language=str(asked.get("language") or "lv"),
                return_url=asked.get("returnUrl"),
                provider=str(asked.get("provider") or "sandbox"),
                is_manual=asked.get("capture") == "manual",
                page_url=f"{self.address}/pay/{id_}",
            )
            self._by_reference[reference] = self._by_id[id_] = payment
            return payment

    def payment(self, id_: str) -> Payment:
        """Give a payment by its id."""
        if id_ not in self._by_id:
            raise Refused(404, "unknown")
        return self._by_id[id_]

    def by_reference(self, reference: str) -> Payment:
        """Give a payment by its shop's reference."""
        if reference not in self._by_reference:
            raise Refused(404, "unknown")
        return self._by_reference[reference]

    def refund_by_reference(self, reference: str) -> Refund:
        """Give a refund by its shop's reference."""
        if reference not in self._refunds:
            raise Refused(404, "unknown")
        return self._refunds[reference]

    def decide(self, payment: Payment, *, is_paid: bool) -> bool:
        """Take the payer's decision, once; tell whether it was the first."""
        with self.lock:
            if payment.status != "pending":
                return False
            if not is_paid:
                payment.status = "failed"
            elif payment.is_manual:
                payment.status = "authorized"
            else:
                payment.status, payment.captured = "captured", payment.amount
            return True

    def capture(self, payment: Payment, *, amount: Decimal) -> None:
        """Take what was reserved, once."""
        with self.lock:
            refusals = {"captured": "already_captured", "voided": "already_voided"}
            if payment.status != "authorized":
                raise Refused(409, refusals.get(payment.status, "not_authorized"))
            if amount > payment.amount:
                raise Refused(409, "amount_too_large")
            payment.status, payment.captured = "captured", amount

    def void(self, payment: Payment) -> None:
        """Let go of what was reserved, or of a payment that nobody has decided on."""
        with self.lock:
            if payment.status == "voided":
                return
            if payment.status not in ("authorized", "pending"):
                raise Refused(409, "already_captured" if payment.status == "captured" else "not_authorized")
            payment.status = "voided"

    def refund(self, payment: Payment, *, reference: str, amount: Decimal) -> Refund:
        """Begin a refund, or give the one that the reference stands for; never more than was captured goes back."""
        with self.lock:
            if reference in self._refunds:
                return self._refunds[reference]
            if payment.status != "captured":
                raise Refused(409, "not_captured")
            gone = sum((one.amount for one in payment.refunds if one.status != "refund_failed"), payment.disputed)
            if not reference or amount > payment.captured - gone:
                raise Refused(409, "refund_exceeds_capture")
            refund = Refund(id=f"ref_{secrets.token_hex(8)}", reference=reference, payment=payment, amount=amount)
            payment.refunds.append(refund)
            self._refunds[reference] = refund
            return refund

    def finish(self, refund: Refund, *, has_failed: bool) -> None:
        """End a refund."""
        with self.lock:
            refund.status = "refund_failed" if has_failed else "refunded"

    def dispute(self, payment: Payment, *, amount: Decimal) -> None:
        """Let the payer's bank take money back."""
        with self.lock:
            if payment.status != "captured" or amount > payment.captured - payment.disputed:
                raise Refused(409, "not_captured")
            payment.disputed += amount

    def give_back(self, payment: Payment, *, amount: Decimal) -> None:
        """Let the payer's bank give money again that it took, as when the shop wins a dispute."""
        with self.lock:
            if amount > payment.disputed:
                raise Refused(409, "not_disputed")
            payment.disputed -= amount

    def captures(self) -> Iterator[dict[str, str]]:
        """Give all that was captured, by reference."""
        with self.lock:
            taken = [one for one in self._by_id.values() if one.status == "captured"]
        return ({"reference": one.reference, "amount": f"{one.captured:.2f}"} for one in taken)


def amount_of(value: object) -> Decimal:
    """Read an amount, more than nothing and to the cent."""
    if not isinstance(value, str) or AMOUNT.fullmatch(value) is None or Decimal(value) <= 0:
        raise Refused(422, "malformed")
    return Decimal(value)
