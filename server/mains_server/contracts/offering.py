"""What follows when an agreed price ends: an offer in time, its acceptance, or else the universal service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from mains_spi import Product
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.live import LiveAdapter
from mains_server.contracts import statements
from mains_server.contracts.admission import check_allowed
from mains_server.contracts.concluding import price_until
from mains_server.contracts.desk import Desk
from mains_server.contracts.life import DaysBilled, LifeRefusal, check_unbilled
from mains_server.contracts.records import Contract, ContractStep, Settlement, Terms
from mains_server.contracts.tables import ContractOffer
from mains_server.contracts.terms import BilledUntil, Step, agree, locked_contract

BATCH = 500


class NoOffer(LifeRefusal):
    """There is no offer that could be accepted any more."""

    code = "NO_OFFER"


async def make_offers(session: AsyncSession, *, adapter: LiveAdapter, step: Step) -> int:
    """Offer a product to contracts whose agreed price ends soon, once each, and tell how many were offered one.

    It is the product they have, where it is still sold; else the universal service. Call it until it gives 0.
    """
    rules = adapter.utility.contract_rules
    last = step.today + timedelta(days=rules.offer_days_before)
    found = await statements.price_ends(session, adapter=adapter.code, after=step.today, upto=last, count=BATCH)
    sold = {product.code for product in adapter.products(on=step.today)}
    rows = [
        {
            "customer_id": ending.customer_id,
            "contract_id": ending.contract_id,
            "product": ending.product if ending.product in sold else rules.universal_product or ending.product,
            "starts": ending.price_fixed_until,
            "made_at": step.now,
        }
        for ending in found
    ]
    if rows:
        await session.execute(insert(ContractOffer).on_conflict_do_nothing(), rows)
    return len(rows)


async def accept_offer(session: AsyncSession, *, desk: Desk, contract_id: int, product: str | None) -> int:
    """Agree on the offered product, or another one, from the day the price ends, and return the contract's id."""
    contract = await desk.held_contract(session, contract_id)
    offer = await statements.open_offer(session, contract_id=contract_id)
    if offer is None or offer.starts <= desk.today or contract.price_fixed_until != offer.starts:
        raise NoOffer(f"contract {contract.number} has no offer that waits for an answer")
    adapter = desk.adapter(contract.adapter)
    check_unbilled(offer.starts, billed_until=await desk.billed_until(session, contract_id))
    terms = replace(
        contract.terms_on(offer.starts), starts=offer.starts, product=product or offer.product, price_fixed_until=None
    )
    sold = await check_allowed(session, adapter=adapter, contract=contract, terms=terms, today=desk.today, is_new=True)
    agreed = await _priced(session, terms=terms, product=sold, adapter=adapter, today=desk.today)
    await agree(session, contract=contract, terms=agreed, what=ContractStep.OFFER_ACCEPTED, step=desk.step)
    offer.accepted_at = desk.now
    await session.flush()
    return contract_id


async def let_lapse(
    session: AsyncSession, *, adapter: LiveAdapter, billed_until: BilledUntil, step: Step
) -> Sequence[int]:
    """Put contracts whose agreed price has ended without an answer into the universal service, and give their ids.

    They are settled by invoice there unless it allows what they had. Where days are billed already the next first of a
    month is taken. Call it until it gives none.
    """
    code = adapter.utility.contract_rules.universal_product
    if code is None:
        return ()
    universal = next((one for one in adapter.products(on=step.today) if one.code == code), None)
    if universal is None:
        return ()
    ended = await statements.price_ends(session, adapter=adapter.code, after=None, upto=step.today, count=BATCH)
    for ending in ended:
        contract = await locked_contract(session, contract_id=ending.contract_id)
        await _lapse(
            session, contract=contract, universal=universal, adapter=adapter, billed_until=billed_until, step=step
        )
    return [ending.contract_id for ending in ended]


async def _lapse(
    session: AsyncSession,
    *,
    contract: Contract,
    universal: Product,
    adapter: LiveAdapter,
    billed_until: BilledUntil,
    step: Step,
) -> None:
    assert contract.price_fixed_until is not None
    starts = max(contract.price_fixed_until, contract.terms[-1].starts)
    try:
        check_unbilled(starts, billed_until=await billed_until(session, contract.id))
    except DaysBilled as billed:
        assert billed.next_allowed is not None
        starts = billed.next_allowed
    allowed = {settlement.name for settlement in universal.settlements}
    had = contract.terms_on(starts).settlement
    terms = Terms(
        starts=starts,
        product=universal.code,
        settlement=had if had.name in allowed else Settlement.INVOICE,
        terms_document_id=None,
    )
    agreed = await _priced(session, terms=terms, product=universal, adapter=adapter, today=step.today)
    await agree(session, contract=contract, terms=agreed, what=ContractStep.OFFER_LAPSED, step=step)
    offer = await statements.open_offer(session, contract_id=contract.id)
    if offer is not None:
        offer.lapsed_at = step.now
    await session.flush()


async def _priced(session: AsyncSession, *, terms: Terms, product: Product, adapter: LiveAdapter, today: date) -> Terms:
    document = await statements.terms_document_on(session, adapter=adapter.code, product=product.code, day=today)
    until = price_until(product, starts=terms.starts)
    return replace(terms, price_fixed_until=until, terms_document_id=document)
