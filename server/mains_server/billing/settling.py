"""Differences of corrected bills as lines of the next bill: each explains itself, and each is booked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
from mains_spi import Explanation
from psycopg import Connection

from mains_server.billing.draft import CENTS_PLACES, MICRO_PLACES, PRICE_PLACES, Draft, DraftLine, DraftTax, LineTerms
from mains_server.billing.due import SettlementRow
from mains_server.money.rules import tax_on

EN16931 = "en16931"
NOT_METERED = "NOT_METERED"
CORRECTION = "correction"
"""What stands for the tariff in the explanation of a difference."""
TAKEN_BACK = " was taken back"
# The bill that had a difference before, if it was taken back since, no longer has it. One that was withdrawn meanwhile
# is on no bill.
MARK = """
update settlement_line s set booked_invoice_id = %(invoice)s
where s.customer_id = %(customer)s and s.id = any(%(lines)s::bigint[]) and s.withdrawn_by_id is null and (
  s.booked_invoice_id is null or exists (
    select from invoice n
    where n.customer_id = s.customer_id and n.corrects_invoice_id = s.booked_invoice_id and n.kind = 'CREDIT'
  )
)
"""


class SettledMeanwhile(Exception):
    """A difference was withdrawn or booked elsewhere while a bill was worked out; nothing of this bill is kept."""


def with_settlements(draft: Draft, *, rows: Sequence[SettlementRow], accounts: Mapping[str, str]) -> Draft:
    """Put differences on a bill as lines of their own, and keep which rows they are, to be booked with it."""
    return with_lines(draft, rows=rows, accounts=accounts)._replace(settles=tuple(row.id for row in rows))


def with_lines(draft: Draft, *, rows: Sequence[SettlementRow], accounts: Mapping[str, str]) -> Draft:
    """Put differences on a bill as lines of their own after those it has, with the tax of the days they are for."""
    lines = [_line(row, currency=draft.currency, accounts=accounts) for row in rows]
    taxes = _taxes(draft, lines=lines)
    net = draft.net + sum(line.net for line in lines if not line.terms.is_after_tax)
    support = draft.support - sum(line.net for line in lines if line.terms.is_after_tax)
    tax = sum(entry.tax for entry in taxes)
    return draft._replace(
        lines=(*draft.lines, *lines),
        taxes=taxes,
        net=net,
        tax=tax,
        support=support,
        total=net + tax - support,
        inputs=_with_written(draft, rows=rows),
    )


def mark_settled(connection: Connection, *, billed: Iterable[tuple[int, int, tuple[int, ...]]]) -> None:
    """Note on differences which invoice has them, given as invoice, customer and rows, in its transaction."""
    for invoice_id, customer_id, rows in billed:
        marked = connection.execute(MARK, {"invoice": invoice_id, "customer": customer_id, "lines": list(rows)})
        if marked.rowcount != len(rows):
            raise SettledMeanwhile(f"a difference of customer {customer_id} is not waiting any more; bill it again")


def explained(written: Mapping[str, Any]) -> tuple[str, Explanation]:
    """Explain a difference as it was written down: what was due less what was billed; its steps give the net again."""
    billed, due, currency = written["billed"], written["due"], written["currency"]
    days = f"{written['from']} to {written['to']}"
    taken_back = written.get("taken_back")
    source = f"{taken_back}{TAKEN_BACK}, {days}" if taken_back else f"correction of {written['document']}, {days}"
    since = f", since {taken_back}{TAKEN_BACK}" if taken_back else ""
    counted = {"unit": currency, "quality": ""}
    why: dict[str, Any] = {
        "v": 1,
        "tariff": CORRECTION,
        "component": written["code"],
        "inputs": [
            {"id": "i1", "name": "due", "value": due, "source": source, **counted},
            {"id": "i2", "name": "billed", "value": billed, "source": written["document"], **counted},
        ],
        "steps": [{"id": "s1", "op": "sub", "args": ["i1", "i2"], "value": written["net"]}],
        "result": "s1",
        "rounding": {"name": EN16931, "line": CENTS_PLACES},
    }
    return f"{due} {currency} - {billed} {currency} billed by {written['document']} for {days}{since}", why


def taken_back_in(why: Explanation) -> str:
    """Find the bill that was taken back, in the explanation of a line that takes its difference off; else nothing."""
    (source,) = (str(part["source"]) for part in why["inputs"] if part["name"] == "due")
    number, told, _ = source.partition(TAKEN_BACK)
    return number if told else ""


def written_in(inputs: bytes | str | None) -> list[dict[str, Any]]:
    """Read the differences that stand on a bill, as they are written down beside its question."""
    return [] if inputs is None else orjson.loads(inputs).get("settles") or []


def _line(row: SettlementRow, *, currency: str, accounts: Mapping[str, str]) -> DraftLine:
    cents = _cents(row.net)
    price = abs(cents) * 10 ** (PRICE_PLACES - CENTS_PLACES)
    terms = LineTerms(
        code=row.code,
        period_from=row.period_from,
        period_to=row.period_to,
        unit="1",
        unit_price=price,
        price_unit=currency,
        tax_code=row.tax_code,
        tax_rate=row.tax_rate,
        is_after_tax=row.is_after_tax,
        account=accounts[row.code],
    )
    one = 10**MICRO_PLACES
    return DraftLine(terms, one if cents > 0 else -one, cents, price, NOT_METERED)


def _taxes(draft: Draft, *, lines: Iterable[DraftLine]) -> tuple[DraftTax, ...]:
    """Tax a bill's sums with the lines that settle others."""
    added: dict[tuple[str, Decimal], int] = {}
    for line in lines:
        if not line.terms.is_after_tax:
            key = (line.terms.tax_code, line.terms.tax_rate)
            added[key] = added.get(key, 0) + line.net
    return taxes_with(draft.taxes, added=added, rounding=draft.rounding)


def taxes_with(
    taxes: Iterable[DraftTax], *, added: Mapping[tuple[str, Decimal], int], rounding: str
) -> tuple[DraftTax, ...]:
    """Give the taxes of a bill with more cents to be taxed by code and rate.

    The sum of each rate is taxed anew where tax is taken once per rate (EN 16931); else the tax on what comes is added.
    """
    known = {(entry.code, entry.rate): entry for entry in taxes}
    for (code, rate), net in added.items():
        before = known.get((code, rate), DraftTax(code, rate, 0, 0))
        base = before.base + net
        if rounding == EN16931:
            tax = _cents(tax_on(_money(base), rate=rate))
        else:
            tax = before.tax + _cents(tax_on(_money(net), rate=rate))
        known[code, rate] = DraftTax(code, rate, base, tax)
    return tuple(known[key] for key in sorted(known))


def _with_written(draft: Draft, *, rows: Iterable[SettlementRow]) -> bytes:
    document = orjson.loads(draft.inputs)
    new = [_written(row, currency=draft.currency) for row in rows]
    document["settles"] = [*(document.get("settles") or ()), *new]
    return orjson.dumps(document)


def _written(row: SettlementRow, *, currency: str) -> dict[str, Any]:
    said = {"taken_back": row.taken_back} if row.taken_back else {}
    return {
        "code": row.code,
        "from": row.period_from.isoformat(),
        "to": row.period_to.isoformat(),
        "billed": f"{row.billed:f}",
        "due": f"{row.due:f}",
        "net": f"{row.net:f}",
        "currency": currency,
        "document": row.document_number,
        "tax_code": row.tax_code,
        "tax_rate": f"{row.tax_rate:f}",
        "is_after_tax": row.is_after_tax,
        **said,
    }


def _cents(amount: Decimal) -> int:
    return int(amount.scaleb(CENTS_PLACES))


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-CENTS_PLACES)
