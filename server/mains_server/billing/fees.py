"""Fees that were noted on contracts: taken into the bill that covers their day or comes after it, each exactly once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from mains_spi import Tariff
from psycopg import Connection

from mains_server.adapters.rules import charged_now_and_then
from mains_server.billing.due import DueRow, Fee, Measured, Problem
from mains_server.billing.usage import MICRO

# The bill that had a fee before, if it was taken back since, no longer has it.
MARK = """
update contract_fee f set invoice_id = %(invoice)s
where f.customer_id = %(customer)s and f.id = any(%(fees)s::bigint[]) and (
  f.invoice_id is null or exists (
    select from invoice n
    where n.customer_id = f.customer_id and n.corrects_invoice_id = f.invoice_id and n.kind = 'CREDIT'
  )
)
"""


class FeeBilledMeanwhile(Exception):
    """A fee went onto another bill while this one was worked out; nothing of this one is kept, and it is repeated."""


def by_contract(fees: Iterable[Fee]) -> Mapping[int, tuple[Fee, ...]]:
    """Sort fees by their contract."""
    found: dict[int, list[Fee]] = defaultdict(list)
    for fee in fees:
        found[fee.contract_id].append(fee)
    return {contract: tuple(own) for contract, own in found.items()}


def as_measured(fees: Sequence[Fee], *, due: DueRow) -> tuple[Measured, ...]:
    """Count a contract's fees like what it used: one quantity for each code, over the days of the bill."""
    if not fees:
        return ()
    by_code: dict[tuple[str, str], list[Fee]] = defaultdict(list)
    for fee in fees:
        by_code[(fee.code, fee.unit)].append(fee)
    return tuple(
        Measured(code, None, unit, due.starts, due.ends, _micro(own), None, False, _source(own), "")
        for (code, unit), own in sorted(by_code.items())
    )


def unpriced(fees: Sequence[Fee], *, tariff: Tariff | None) -> Problem | None:
    """Find a fee that a tariff would leave out; what is noted must not vanish."""
    known = charged_now_and_then(tariff)
    for fee in fees:
        if tariff is not None and fee.code not in known:
            return Problem("fee_not_priced", f"tariff {tariff.code} does not charge `{fee.code}` of {fee.day}; add it")
    return None


def mark_billed(connection: Connection, *, billed: Iterable[tuple[int, int, tuple[int, ...]]]) -> None:
    """Note on fees which invoice has them, given as invoice, customer and fees, in the transaction of that invoice."""
    for invoice_id, customer_id, fees in billed:
        marked = connection.execute(MARK, {"invoice": invoice_id, "customer": customer_id, "fees": list(fees)})
        if marked.rowcount != len(fees):
            raise FeeBilledMeanwhile(f"a fee of customer {customer_id} went onto another bill; bill the contract again")


def _micro(fees: Iterable[Fee]) -> int:
    return sum(int(fee.quantity * MICRO) for fee in fees)


def _source(fees: Iterable[Fee]) -> str:
    return "; ".join(f"{fee.day.isoformat()}: {fee.reason}" for fee in fees)
