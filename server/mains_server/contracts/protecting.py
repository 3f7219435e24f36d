"""Protected statuses of customers: recorded with their proof, never beside a settlement they rule out."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.contracts import queries
from mains_server.contracts.desk import Desk, NotPermitted
from mains_server.contracts.life import DayOutside, LifeRefusal, check_unbilled
from mains_server.contracts.records import Contract, Settlement
from mains_server.contracts.terms import locked_contract
from mains_server.customers.operations import CustomerUnknown, end_protection, protect_customer
from mains_server.customers.queries import customer_by_id, lock_customer
from mains_server.customers.records import CustomerKind, Protection, ProtectionKind

PROOF_CHARACTERS_MAX = 200


class ProofMissing(Refusal):
    """A protected status needs a reference to its proof."""

    code = "PROOF_MISSING"
    path = "proof"


class NotAHousehold(Refusal):
    """Only a household can be a protected customer."""

    code = "NOT_A_HOUSEHOLD"
    path = "customerId"


class ContractIsLevelled(LifeRefusal):
    """A contract of the customer is paid by levelled amounts, which a protected customer cannot have."""

    code = "CONTRACT_IS_LEVELLED"


async def grant_protection(session: AsyncSession, *, desk: Desk, customer_id: int, protection: Protection) -> int:
    """Record a protected status from its day on, and return the customer's id; only staff may.

    Days that were billed without it are corrected first; a levelled contract is changed to settlement by invoice first.
    """
    await _admit(session, desk=desk, customer_id=customer_id)
    proof = protection.proof.strip()
    if not 1 <= len(proof) <= PROOF_CHARACTERS_MAX or not proof.isprintable():
        raise ProofMissing(f"give the number of the certificate or decision, at most {PROOF_CHARACTERS_MAX} characters")
    if protection.ends is not None and protection.ends <= protection.starts:
        raise DayOutside("a protected status ends after it starts")
    customer = await customer_by_id(session, customer_id=customer_id)
    if customer is None or customer.kind is not CustomerKind.PRIVATE:
        raise NotAHousehold("only a household can be a protected customer")
    for contract in await _contracts(session, customer_id=customer_id):
        _check_settlement(contract, protection=protection)
        check_unbilled(protection.starts, billed_until=await desk.billed_until(session, contract.id))
    await protect_customer(session, customer_id=customer_id, protection=protection)
    return customer_id


async def stop_protection(
    session: AsyncSession, *, desk: Desk, customer_id: int, kind: ProtectionKind, ends: date
) -> int:
    """Let a protected status end on a day, its first one without, and return the customer's id; only staff may."""
    await _admit(session, desk=desk, customer_id=customer_id)
    for contract in await _contracts(session, customer_id=customer_id):
        check_unbilled(ends, billed_until=await desk.billed_until(session, contract.id))
    await end_protection(session, customer_id=customer_id, kind=kind, ends=ends)
    return customer_id


def _check_settlement(contract: Contract, *, protection: Protection) -> None:
    """Refuse a status on a day on which the contract is levelled, or will be."""
    for terms, following in zip(contract.terms, (*contract.terms[1:], None), strict=True):
        ends = contract.ends if following is None else following.starts
        is_after = protection.ends is not None and protection.ends <= terms.starts
        is_before = ends is not None and ends <= protection.starts
        if terms.settlement is Settlement.LEVELLED and not is_after and not is_before:
            raise ContractIsLevelled(
                f"contract {contract.number} is paid by levelled amounts from {terms.starts}; change it to settlement"
                " by invoice first, and begin the status on that day",
                next_allowed=ends,
            )


async def _admit(session: AsyncSession, *, desk: Desk, customer_id: int) -> None:
    if not desk.is_staff:
        raise NotPermitted("only operators and administrators record protected statuses")
    if not await lock_customer(session, customer_id=customer_id):
        raise CustomerUnknown("there is no such customer")


async def _contracts(session: AsyncSession, *, customer_id: int) -> list[Contract]:
    ids = await queries.contract_ids_of_customer(session, customer_id=customer_id)
    return [await locked_contract(session, contract_id=contract_id) for contract_id in sorted(ids)]
