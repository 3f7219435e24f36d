"""Brings a plan and the settlement of its contract together: where they part, somebody is billed twice or never."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import takewhile

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.adapters.live import LiveAdapter
from mains_server.contracts.queries import contract_by_id, lock_contract
from mains_server.contracts.records import Contract, Settlement
from mains_server.contracts.terms import Step, change_settlement
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.queries import billed_until
from mains_server.levelling import operations, queries


async def end_with_settlement(engine: AsyncEngine, *, contract_id: int, now: datetime) -> bool:
    """End a plan on the day from which its contract is settled by invoice, as if it had been stopped for that day.

    So it is where other terms came without it, such as a product that is not levelled after the agreed price ended.
    """
    async with unit_of_work(engine) as session:
        await lock_contract(session, contract_id=contract_id)
        contract = await contract_by_id(session, contract_id=contract_id)
        plan = await queries.plan_of(session, contract_id=contract_id)
        if contract is None or plan is None or plan.ends is not None or contract.settlement is not Settlement.INVOICE:
            return False
        by_invoice = takewhile(lambda terms: terms.settlement is Settlement.INVOICE, reversed(contract.terms))
        since = min(terms.starts for terms in by_invoice)
        await operations.end_plan(session, plan=plan, ends=max(since, plan.starts), now=now)
        return True


async def go_over_to_invoices(
    session: AsyncSession, *, contract: Contract, adapter: LiveAdapter, ends: date, now: datetime
) -> None:
    """Settle a contract by invoice from the day on which its plan ends, if it goes on and nothing else was agreed.

    So it is where the plan was stopped for the contract's last day, and the termination was taken back. The contract
    is held. Refuses as `change_settlement` does.
    """
    goes_on = contract.ends is None or ends < contract.ends
    if goes_on and contract.terms_on(ends).settlement is Settlement.LEVELLED:
        await change_settlement(
            session,
            contract_id=contract.id,
            settlement=Settlement.INVOICE,
            starts=ends,
            adapter=adapter,
            billed_until=billed_until,
            step=Step(now=now, today=ends - timedelta(days=1)),
        )
