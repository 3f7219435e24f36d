"""Rows of invoice lines and taxes; what alike lines share is written once and copied."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from struct import Struct
from typing import ClassVar

from mains_server.billing.binary import boolean, day, integer, numeric, text
from mains_server.billing.draft import CENTS_PLACES, MICRO_PLACES, PRICE_PLACES, Draft, LineTerms
from mains_server.money.rules import round_half_up

RATE_PLACES = 4

_head = Struct("!hiqiqiq").pack


class LineRows:
    """Writes the lines and taxes of one chunk's invoices."""

    COLUMNS: ClassVar[str] = (
        "customer_id, invoice_id, contract_id, position, quantity, net, unit_price, quality, adapter, code,"
        " period_from, period_to, unit, price_unit, currency, tax_code, tax_rate, is_after_tax"
    )
    TAX_COLUMNS: ClassVar[str] = "customer_id, invoice_id, contract_id, base, tax, tax_code, rate, currency"

    def __init__(self, *, adapter: str) -> None:
        self._adapter = text(adapter)
        self._tails: dict[LineTerms, bytes] = {}
        self._qualities: dict[str, bytes] = {}

    def of(self, draft: Draft, *, invoice_id: int) -> Iterator[bytes]:
        """Write the lines of one invoice."""
        head = _head(18, 8, draft.due.customer_id, 8, invoice_id, 8, draft.due.contract_id)
        for position, line in enumerate(draft.lines, start=1):
            terms = line.terms
            yield b"".join(
                (
                    head,
                    integer(position),
                    numeric(line.quantity, MICRO_PLACES),
                    numeric(line.net, CENTS_PLACES),
                    numeric(line.unit_price, PRICE_PLACES),
                    self._quality(line.quality),
                    self._tails.get(terms) or self._tail(terms, currency=draft.currency),
                )
            )

    def taxes(self, draft: Draft, *, invoice_id: int) -> Iterator[bytes]:
        """Write the taxes of one invoice."""
        head = _head(8, 8, draft.due.customer_id, 8, invoice_id, 8, draft.due.contract_id)
        for tax in draft.taxes:
            yield b"".join(
                (
                    head,
                    numeric(tax.base, CENTS_PLACES),
                    numeric(tax.tax, CENTS_PLACES),
                    text(tax.code),
                    _rate(tax.rate),
                    text(draft.currency),
                )
            )

    def _quality(self, quality: str) -> bytes:
        if quality not in self._qualities:
            self._qualities[quality] = text(quality)
        return self._qualities[quality]

    def _tail(self, terms: LineTerms, *, currency: str) -> bytes:
        """Write what all lines of these terms share; the terms are kept by identity, one object for a whole cohort."""
        tail = b"".join(
            (
                *(self._adapter, text(terms.code), day(terms.period_from), day(terms.period_to), text(terms.unit)),
                *(text(terms.price_unit), text(currency), text(terms.tax_code), _rate(terms.tax_rate)),
                boolean(terms.is_after_tax),
            )
        )
        self._tails[terms] = tail
        return tail


def _rate(rate: Decimal) -> bytes:
    return numeric(int(round_half_up(rate, places=RATE_PLACES).scaleb(RATE_PLACES)), RATE_PLACES)
