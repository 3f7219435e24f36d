"""A grandmother who owns a flat with two contracts, and people whom she may ask to help."""

from dataclasses import dataclass
from typing import Any

import pytest_asyncio
from mains_server.access.operations import create_person, grant_owner
from mains_server.access.queries import grants_on_customer, viewer_of_person
from mains_server.access.records import GrantRole, NewPerson, Permission
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delegation import operations
from mains_server.delegation.records import DelegationTerms, NewInvitation
from sqlalchemy import text

VIEW = frozenset({Permission.VIEW})
PAY = frozenset({Permission.VIEW, Permission.PAY})


@dataclass
class Family:
    """The grandmother's flat, and the persons of the story by name."""

    utility: Any
    customer_id: int
    contracts: list[int]
    persons: dict[str, int]

    @property
    def now(self) -> Any:
        return self.utility.now

    async def viewer(self, name, at=None):
        async with unit_of_work(self.utility.engine) as session:
            return await viewer_of_person(session, person_id=self.persons[name], now=at or self.now)

    async def invite(self, *, by="grandmother", role=GrantRole.DELEGATE, at=None, email="x@example.lv", **given):
        terms = DelegationTerms(**({"permissions": VIEW} | given))
        new = NewInvitation(customer_id=self.customer_id, role=role, name="Helper", email=email, terms=terms)
        viewer = await self.viewer(by, at)
        async with unit_of_work(self.utility.engine) as session:
            return await operations.invite(session, viewer=viewer, new=new, now=at or self.now)

    async def accept(self, invitation, name, at=None):
        async with unit_of_work(self.utility.engine) as session:
            return await operations.accept(
                session, invitation_id=invitation, person_id=self.persons[name], now=at or self.now
            )

    async def delegate(self, name, **given):
        return await self.accept(await self.invite(**given), name)

    async def act(self, what, *, by, **given):
        viewer = await self.viewer(by)
        async with unit_of_work(self.utility.engine) as session:
            return await what(session, viewer=viewer, now=self.now, **given)

    async def grants(self, at=None):
        """Give who may what on the flat now, by person."""
        names = {number: name for name, number in self.persons.items()}
        async with unit_of_work(self.utility.engine) as session:
            found = await session.execute(text("select id, person_id from access_grant"))
            whose = {row.id: names[row.person_id] for row in found}
            held = await grants_on_customer(session, customer_id=self.customer_id, now=at or self.now)
        return {whose[one.id]: "OWNER" if one.role is GrantRole.OWNER else _words(one) for one in held}

    async def log(self):
        async with unit_of_work(self.utility.engine) as session:
            found = await session.execute(text("select kind, amount from delegation_activity order by id"))
            return [row.kind if row.amount is None else f"{row.kind} {row.amount}" for row in found]

    async def told(self):
        async with unit_of_work(self.utility.engine) as session:
            found = await session.scalars(
                text("select kind from outbox_event where kind like 'delegation.%' order by id")
            )
            return list(found)


def _words(grant) -> str:
    return " ".join(sorted(one.name for one in grant.permissions))


@pytest_asyncio.fixture
async def family(utility):
    customer_id = await utility.customer("C-1")
    contracts = [await utility.contract(customer_id, f"K-{n}") for n in (1, 2)]
    persons = {}
    async with unit_of_work(utility.engine) as session:
        for name in ("grandmother", "anna", "juris", "buyer"):
            new = NewPerson(email=f"{name}@example.lv", name=name, language="lv")
            persons[name] = (await create_person(session, person=new, now=utility.now)).id
        await grant_owner(session, customer_id=customer_id, person_id=persons["grandmother"], now=utility.now)
    return Family(utility, customer_id, contracts, persons)
