"""Rows of invoice lines and taxes; what alike lines share is written once and copied."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from struct import Struct
from typing import ClassVar

from mains_server.billing.binary import bigint, boolean, day, integer, numeric, text, word
from mains_server.billing.draft import CENTS_PLACES, MICRO_PLACES, PRICE_PLACES, Draft, DraftLine, LineTerms
from mains_server.money.rules import round_half_up

RATE_PLACES = 4

_head = Struct("!hiqiqiq").pack


class LineRows:
    """Writes the lines and taxes of one chunk's invoices."""

    COLUMNS: ClassVar[str] = (
        "customer_id, invoice_id, contract_id, position, quantity, net, unit_price, quality, adapter, code,"
        " period_from, period_to, unit, price_unit, currency, tax_code, tax_rate, is_after_tax, supply_point_id"
    )
    TAX_COLUMNS: ClassVar[str] = "customer_id, invoice_id, contract_id, base, tax, tax_code, rate, currency"

    def __init__(self, *, adapter: str) -> None:
        self._adapter = text(adapter)
        self._tails: dict[tuple[LineTerms, int, str], bytes] = {}

    def of(self, draft: Draft, *, invoice_id: int) -> Iterator[bytes]:
        """Write the lines of one invoice."""
        head = _head(19, 8, draft.due.customer_id, 8, invoice_id, 8, draft.due.contract_id)
        tails, currency = self._tails, draft.currency
        for position, line in enumerate(draft.lines, start=1):
            yield b"".join(
                (
                    head,
                    integer(position),
                    numeric(line.quantity, MICRO_PLACES),
                    numeric(line.net, CENTS_PLACES),
                    tails.get((line.terms, line.unit_price, line.quality)) or self._tail(line, currency=currency),
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
                    word(tax.code),
                    _rate(tax.rate),
                    word(draft.currency),
                )
            )

    def _tail(self, line: DraftLine, *, currency: str) -> bytes:
        """Write what alike lines share; the terms are kept by identity, one object for a whole cohort."""
        terms = line.terms
        tail = b"".join(
            (
                *(numeric(line.unit_price, PRICE_PLACES), text(line.quality)),
                *(self._adapter, text(terms.code), day(terms.period_from), day(terms.period_to), text(terms.unit)),
                *(text(terms.price_unit), text(currency), text(terms.tax_code), _rate(terms.tax_rate)),
                *(boolean(terms.is_after_tax), bigint(terms.supply_point_id)),
            )
        )
        self._tails[terms, line.unit_price, line.quality] = tail
        return tail


@lru_cache(maxsize=256)
def _rate(rate: Decimal) -> bytes:
    return numeric(int(round_half_up(rate, places=RATE_PLACES).scaleb(RATE_PLACES)), RATE_PLACES)
