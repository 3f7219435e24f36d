"""A contract's delivery is chosen together with the account that a bank shows its invoices at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.live import LiveAdapter
from mains_server.bank_einvoices import queries
from mains_server.bank_einvoices.operations import agree_account, end_account
from mains_server.contracts.records import Contract, Delivery
from mains_server.contracts.terms import NothingChanges, Step, change_delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryChange:
    """How a contract's invoices are to be delivered; with BANK the account, at one of the banks served."""

    delivery: Delivery
    iban: str | None
    banks: Collection[str]


async def change_with_account(
    session: AsyncSession, *, contract: Contract, change: DeliveryChange, adapter: LiveAdapter, step: Step
) -> None:
    """Have the invoices of a contract that is held delivered in another way, or shown at another account.

    The refusals are those of `agree_account` and `change_delivery`. Any other way ends the account's agreement.
    """
    mine = {"customer_id": contract.customer_id, "contract_id": contract.id}
    if change.delivery is not Delivery.BANK:
        await change_delivery(session, contract_id=contract.id, delivery=change.delivery, adapter=adapter, step=step)
        await end_account(session, **mine, now=step.now)
        return
    before = (await queries.accounts_of(session, contract_ids=[contract.id])).get(contract.id)
    agreed = await agree_account(
        session, **mine, iban=change.iban or "", banks=change.banks, now=step.now, person_id=step.person_id
    )
    if contract.delivery is not Delivery.BANK:
        await change_delivery(session, contract_id=contract.id, delivery=change.delivery, adapter=adapter, step=step)
    elif before is not None and before.iban == agreed.iban:
        raise NothingChanges(f"the invoices of contract {contract.number} are shown at this account already")
