"""Who asks for a step in a contract's life, what they may do, and that a repeated request is done once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import claim_request
from mains_server.access.records import OPERATORS, Permission, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter
from mains_server.contracts.admission import ProductNotOffered
from mains_server.contracts.life import LifeRefusal
from mains_server.contracts.operations import ContractUnknown
from mains_server.contracts.queries import contract_by_id
from mains_server.contracts.records import Contract
from mains_server.contracts.terms import BilledUntil, Step, locked_contract
from mains_server.customers.operations import CustomerUnknown
from mains_server.db.idempotency import keep_answer

STAFF_WHO_CONTRACT = OPERATORS


class NotPermitted(LifeRefusal):
    """Who asks may see the contract, but was not given the right to change it."""

    code = "NOT_PERMITTED"


@dataclass(frozen=True, slots=True)
class StepAsked:
    """A step that was asked for: its name, the key of the request, and what makes it the same request when repeated."""

    operation: str
    key: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who asks, when, and what the rooms above tell: until when a contract is billed."""

    viewer: Viewer
    host: AdapterHost
    now: datetime
    today: date
    billed_until: BilledUntil

    @property
    def is_staff(self) -> bool:
        """Tell whether an employee asks who may change contracts."""
        return bool(self.viewer.staff & STAFF_WHO_CONTRACT)

    @property
    def step(self) -> Step:
        """Give who takes a step and when."""
        return Step(now=self.now, today=self.today, person_id=self.viewer.person_id)

    def adapter(self, code: str) -> LiveAdapter:
        """Give a utility's adapter; one that is not at work cannot be contracted with."""
        found = self.host.live.get(code)
        if found is None:
            raise ProductNotOffered(f"there is no utility {code!r} to contract with now")
        return found

    def admit_customer(self, customer_id: int) -> None:
        """Refuse who may not contract for a customer; a customer that is not theirs to see looks like none."""
        if self.is_staff or customer_id in self.viewer.customers_with(Permission.REQUEST_SERVICES):
            return
        if self.viewer.is_staff or any(grant.customer_id == customer_id for grant in self.viewer.grants):
            raise NotPermitted("ask the customer's owner for the right to request services on all contracts")
        raise CustomerUnknown("there is no such customer for whom you may contract")

    def admit_contract(self, contract: Contract | None) -> Contract:
        """Refuse who may not change a contract; one that is not theirs to see looks like none."""
        if contract is None:
            raise ContractUnknown("there is no such contract")
        given = {"customer_id": contract.customer_id, "contract_id": contract.id}
        if self.is_staff or self.viewer.may(Permission.REQUEST_SERVICES, **given):
            return contract
        if self.viewer.is_staff or self.viewer.may(Permission.VIEW, **given):
            raise NotPermitted("ask the customer's owner for the right to request services")
        raise ContractUnknown("there is no such contract")

    async def contract(self, session: AsyncSession, contract_id: int) -> Contract:
        """Give a contract that the viewer may change, to look at."""
        return self.admit_contract(await contract_by_id(session, contract_id=contract_id))

    async def held_contract(self, session: AsyncSession, contract_id: int) -> Contract:
        """Give a contract that the viewer may change, held until the transaction ends."""
        await self.contract(session, contract_id)
        return await locked_contract(session, contract_id=contract_id)


async def once(session: AsyncSession, *, desk: Desk, asked: StepAsked, do: Callable[[], Awaitable[int]]) -> int:
    """Do a request once for a person and key, and give the number it made or changed; again, the same number."""
    assert desk.viewer.person_id is not None, "who changes contracts is signed in"
    named: dict[str, Any] = {"person_id": desk.viewer.person_id, "operation": asked.operation, "key": asked.key}
    answer = await claim_request(session, **named, body=asked.body, now=desk.now)
    if answer is not None:
        return int(answer["number"])
    number = await do()
    await keep_answer(session, **named, answer={"number": number})
    return number
