"""Who can sign in to the demo, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import add_staff, create_person, grant_delegate, grant_owner
from mains_server.access.records import NewDelegate, NewPerson, Permission, StaffRole
from mains_server.signin.operations import set_password

PASSWORD = "mains-demo-2022"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Somebody who can sign in: what they are in the demo, and with what."""

    role: str
    email: str
    name: str
    language: str = "lv"
    phone: str | None = None
    password: str = PASSWORD


OWNER = Login(role="owner", email="owner@demo.example", name="Anna Bērziņa", phone="+371 20000001")
DELEGATE = Login(role="delegate", email="delegate@demo.example", name="Mārtiņš Bērziņš")
NEIGHBOUR = Login(role="neighbour", email="neighbour@demo.example", name="Ilze Kalniņa", language="ru")
BUSINESS = Login(role="business", email="business@demo.example", name="Juris Ceplis", language="en")
MANAGER = Login(role="building_manager", email="manager@demo.example", name="Daina Vītola", phone="+371 20000002")
LEVELLED = Login(role="levelled", email="levelled@demo.example", name="Rita Vienāda")
OPERATOR = Login(role="operator", email="operator@demo.example", name="Zane Operatore")
CLERK = Login(role="billing_clerk", email="clerk@demo.example", name="Edgars Norēķinis")
ADMIN = Login(role="admin", email="admin@demo.example", name="Līga Pārvaldniece")

# Who administers is an operator and a clerk too, as in a small office: what needs two clerks can be tried out then.
STAFF = (
    (OPERATOR, (StaffRole.OPERATOR,)),
    (CLERK, (StaffRole.BILLING_CLERK,)),
    (ADMIN, (StaffRole.ADMIN, StaffRole.BILLING_CLERK, StaffRole.OPERATOR)),
)
LOGINS = (OWNER, DELEGATE, NEIGHBOUR, BUSINESS, MANAGER, LEVELLED, OPERATOR, CLERK, ADMIN)


async def admit_owner(session: AsyncSession, *, login: Login, customer_id: int, now: datetime) -> int:
    """Let somebody sign in as a customer's owner, and return the person's id."""
    person_id = await _admit(session, login=login, now=now)
    await grant_owner(session, customer_id=customer_id, person_id=person_id, now=now)
    return person_id


async def admit_delegate(session: AsyncSession, *, login: Login, customer_id: int, now: datetime) -> int:
    """Let somebody sign in who looks at and pays a customer's invoices."""
    person_id = await _admit(session, login=login, now=now)
    permissions = frozenset({Permission.VIEW, Permission.PAY})
    delegate = NewDelegate(customer_id=customer_id, person_id=person_id, permissions=permissions)
    await grant_delegate(session, delegate=delegate, now=now)
    return person_id


async def admit_staff(session: AsyncSession, *, now: datetime) -> None:
    """Let the utility's employees sign in."""
    for login, roles in STAFF:
        person_id = await _admit(session, login=login, now=now)
        for role in roles:
            await add_staff(session, person_id=person_id, role=role, now=now)


async def _admit(session: AsyncSession, *, login: Login, now: datetime) -> int:
    new = NewPerson(email=login.email, name=login.name, language=login.language, phone=login.phone)
    person = await create_person(session, person=new, now=now)
    await set_password(session, person_id=person.id, password=login.password, now=now)
    return person.id
