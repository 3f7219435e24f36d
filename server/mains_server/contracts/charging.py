"""Fees noted on contracts: what is charged on a civil day besides what is used, until a bill takes it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from mains_spi import Period
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.adapters.live import LiveAdapter
from mains_server.contracts import statements
from mains_server.contracts.life import LifeRefusal
from mains_server.contracts.records import Contract, ContractBilling
from mains_server.contracts.tables import ContractFee
from mains_server.contracts.terms import BilledUntil
from mains_server.tariffs.queries import price_versions

EXIT_FEE, SWITCH_FEE = "exit_fee", "switch_fee"
QUANTITY_MAX = Decimal(10_000)
PLACES_MAX = 6
HOME_ZONE = "Europe/Riga"


class FeeUnknown(LifeRefusal):
    """The utility charges no such fee."""

    code = "FEE_UNKNOWN"
    path = "code"


class FeeQuantityWrong(LifeRefusal):
    """A fee is charged a number of times above nothing, or comes to a sum above nothing."""

    code = "FEE_QUANTITY_WRONG"
    path = "quantity"


class FeeOutside(LifeRefusal):
    """The contract is not in force on the day of the fee, or no bill of it will come any more."""

    code = "FEE_OUTSIDE"
    path = "day"


def switch_fee_key(starts: date) -> str:
    """Name the fee for leaving a product on a day for another one, so that it is noted once."""
    return f"{SWITCH_FEE} {starts}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFee:
    """A fee to be noted; `key` makes that it is noted once, `source` says what caused it."""

    code: str
    quantity: Decimal
    day: date
    reason: str
    source: str
    key: str


async def note_fee(
    session: AsyncSession, *, contract: Contract, fee: NewFee, adapter: LiveAdapter, now: datetime
) -> int:
    """Note a fee on a contract, and return its id; the same key notes it once.

    The bill that covers the day takes it in, or the next one where that is issued; so the day may be past.
    """
    unit = _unit(adapter, code=fee.code, on=fee.day)
    is_exact = fee.quantity.is_finite() and -int(fee.quantity.as_tuple().exponent) <= PLACES_MAX
    if not is_exact or not 0 < fee.quantity <= QUANTITY_MAX:
        raise FeeQuantityWrong(f"give a quantity above 0, up to {QUANTITY_MAX}, with at most {PLACES_MAX} decimals")
    if fee.day < contract.starts or (contract.ends is not None and fee.day >= contract.ends):
        raise FeeOutside(f"contract {contract.number} is not in force on {fee.day}")
    values = {"code": fee.code, "quantity": fee.quantity, "unit": unit, "day": fee.day, "reason": fee.reason}
    added = await session.scalar(
        insert(ContractFee)
        .values(
            customer_id=contract.customer_id,
            contract_id=contract.id,
            source=fee.source,
            key=fee.key,
            noted_at=now,
            **values,
        )
        .on_conflict_do_nothing()
        .returning(col(ContractFee.id))
    )
    if added is not None:
        return int(added)
    return await statements.fee_id_by_key(session, contract_id=contract.id, key=fee.key)


async def require_bill_to_come(session: AsyncSession, *, contract: Contract, billed_until: BilledUntil) -> None:
    """Refuse a fee that no bill would take in: of a house whose flats are billed, or of a contract after its last bill.

    What dunning charges after the last bill goes onto notes; whoever notes anything else would wait for it forever.
    """
    if contract.billing is ContractBilling.BY_MEMBERS:
        raise FeeOutside(f"contract {contract.number} gets no bills, its flats do; note the fee on a flat's contract")
    billed = await billed_until(session, contract.id)
    if contract.ends is not None and billed is not None and billed >= contract.ends:
        raise FeeOutside(f"the last bill of contract {contract.number} is issued; take it back first")


async def forget_fee(session: AsyncSession, *, contract: Contract, key: str) -> bool:
    """Take back a fee that no bill has taken in, since its cause is taken back, and say whether there was one."""
    gone = await session.scalars(
        delete(ContractFee)
        .where(
            col(ContractFee.customer_id) == contract.customer_id,
            col(ContractFee.contract_id) == contract.id,
            col(ContractFee.key) == key,
            col(ContractFee.invoice_id).is_(None),
        )
        .returning(col(ContractFee.id))
    )
    return gone.first() is not None


async def set_fees_aside(session: AsyncSession, *, contract: Contract, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Take back fees by their keys that no bill has taken in, and give them as plain JSON to put them back by."""
    gone = await session.scalars(
        delete(ContractFee)
        .where(
            col(ContractFee.customer_id) == contract.customer_id,
            col(ContractFee.contract_id) == contract.id,
            col(ContractFee.key).in_(keys),
            col(ContractFee.invoice_id).is_(None),
        )
        .returning(ContractFee)
    )
    return [
        {
            "code": fee.code,
            "quantity": f"{fee.quantity:f}",
            "unit": fee.unit,
            "day": fee.day.isoformat(),
            "reason": fee.reason,
            "source": fee.source,
            "key": fee.key,
            "noted_at": fee.noted_at.isoformat(),
        }
        for fee in gone
    ]


async def put_fees_back(session: AsyncSession, *, contract: Contract, fees: Sequence[Mapping[str, Any]]) -> None:
    """Note fees again that were set aside, as they were."""
    for fee in fees:
        values = {
            **fee,
            "quantity": Decimal(fee["quantity"]),
            "day": date.fromisoformat(fee["day"]),
            "noted_at": datetime.fromisoformat(fee["noted_at"]),
            "customer_id": contract.customer_id,
            "contract_id": contract.id,
        }
        await session.execute(insert(ContractFee).values(values).on_conflict_do_nothing())


async def release_fees(session: AsyncSession, *, contract: Contract, invoice_id: int, but: Sequence[str]) -> None:
    """Let the fees of an invoice that was taken back wait for another one, all but those of some codes."""
    await session.execute(
        update(ContractFee)
        .where(
            col(ContractFee.customer_id) == contract.customer_id,
            col(ContractFee.contract_id) == contract.id,
            col(ContractFee.invoice_id) == invoice_id,
            col(ContractFee.code).not_in(but),
        )
        .values(invoice_id=None)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePrice:
    """What one of a fee costs on a day, as its price list prints it; `tax_included` is the rate that it contains."""

    adapter: str
    code: str
    value: Decimal
    unit: str
    tax_included: Decimal | None


async def price_of_fee(
    session: AsyncSession, *, adapter: LiveAdapter, code: str, on: date, now: datetime
) -> FeePrice | None:
    """Tell what a fee costs on a day; None where the utility's prices of that day do not say it."""
    term = adapter.fee_price(code, on=on)
    if term is None:
        return None
    period = Period(on, on + timedelta(days=1))
    versions = await price_versions(
        session, adapter=adapter.code, lists=[term.list], period=period, known_at=now, time_zone=HOME_ZONE
    )
    for row in (row for version in versions for row in version.rows):
        if f"{term.list}.{row.name}" == term.name:
            return FeePrice(
                adapter=adapter.code, code=code, value=row.value, unit=row.unit, tax_included=row.tax_included
            )
    return None


def _unit(adapter: LiveAdapter, *, code: str, on: date) -> str:
    known = adapter.fee_codes(on=on)
    for quantity in adapter.utility.quantities:
        if quantity.name == code and code in known:
            return quantity.unit
    raise FeeUnknown(f"{adapter.code} charges no fee {code!r}; it charges: {', '.join(sorted(known)) or 'none'}")
