"""Who asks: the person signed in, and everything that is theirs or delegated to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import StaffRole
from mains_server.access.tables import AccessGrant as AG
from mains_server.access.tables import Person as PE
from mains_server.applications.tables import Application as AP
from mains_server.contracts.tables import Building as BU
from mains_server.contracts.tables import SupplyPoint as SP
from mains_server.customers.tables import Customer as C
from mains_server.delegation.tables import DelegationActivity as DA
from mains_server.delegation.tables import PaymentApproval as PA
from mains_server.intake.tables import ReadingUpload as RU
from mains_server.machines.tables import MachineToken as MT
from mains_server.openid.tables import OpenidLink as OL
from mains_server.outages.tables import OutageCalendar as OC
from mains_server.passkeys.tables import Passkey as PK
from mains_server.paying.tables import PaymentIntent as N
from mains_server.recovery.tables import AccountRecovery as AR
from mains_server.signin.tables import Session as SE

from mains_schema.common.scopes import MY_CONTRACTS, my_buildings, my_points
from mains_schema.contracts.contract import ContractFilter
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.given import asked_with
from mains_schema.declaring.mapping import column, computed, connection, key, mapped
from mains_schema.declaring.node import Node
from mains_schema.declaring.scope import granted, oneself
from mains_schema.metering.intake import ReadingUploadOrder
from mains_schema.money.paying import PaymentIntentFilter, PaymentIntentOrder
from mains_schema.parties.customer import CustomerOrder
from mains_schema.parties.delegation import ActivityOrder, CustomerAccessOrder, PaymentApprovalOrder
from mains_schema.parties.machine_tokens import MachineTokenOrder
from mains_schema.parties.privacy import DataExport, data_export
from mains_schema.parties.recovery import AccountRecoveryOrder
from mains_schema.parties.second_factor import SecondFactor, second_factor
from mains_schema.parties.sessions import SessionOrder
from mains_schema.telling.application import ApplicationFilter, ApplicationOrder

if TYPE_CHECKING:
    from mains_schema.contracts.contract import Contract
    from mains_schema.declaring.resolve import Reads
    from mains_schema.metering.intake import ReadingUpload
    from mains_schema.metering.supply import Building, SupplyPoint
    from mains_schema.money.paying import PaymentIntent
    from mains_schema.parties.customer import Customer
    from mains_schema.parties.delegation import Activity, CustomerAccess, PaymentApproval
    from mains_schema.parties.machine_tokens import MachineToken
    from mains_schema.parties.openid import OpenidLink
    from mains_schema.parties.passkeys import Passkey
    from mains_schema.parties.recovery import AccountRecovery
    from mains_schema.parties.sessions import Session
    from mains_schema.telling.application import Application
    from mains_schema.telling.outage import OutageCalendar


def roles_of(reads: Reads) -> list[StaffRole]:
    """List the viewer's roles as an employee."""
    return sorted(reads.viewer.staff, key=lambda role: role.name)


@mapped(PE, scope=oneself(PE.id))
class Viewer(Node):
    """The person who is signed in."""

    id: strawberry.ID = key("Global id.", PE.id)
    email: str = column("E-mail address one signs in with.", PE.email)
    name: str = column("Full name.", PE.name)
    language: str = column("Language of answers and letters: `lv`, `en` or `ru`.", PE.language)
    phone: str | None = column("Phone number; null if none is known.", PE.phone)
    staff_roles: list[StaffRole] = computed("Roles as an employee of the utility; empty for customers.", roles_of)
    customers: Connection[Customer] = connection(
        "Customers that are the viewer's own or wholly delegated to them.", orders=CustomerOrder, within=granted(C.id)
    )
    accesses: Connection[CustomerAccess] = connection(
        "The viewer's rights on customers, their own and delegated ones, to switch by; ended ones too.",
        AG.person_id,
        orders=CustomerAccessOrder,
    )
    payment_approvals: Connection[PaymentApproval] = connection(
        "Payments of the viewer's that needed an owner's word.", PA.person_id, orders=PaymentApprovalOrder
    )
    activity: Connection[Activity] = connection(
        "What the viewer did for customers, and about who may.", DA.person_id, orders=ActivityOrder
    )
    contracts: Connection[Contract] = connection(
        "Contracts that are the viewer's own or delegated to them.", filters=ContractFilter, within=MY_CONTRACTS
    )
    supply_points: Connection[SupplyPoint] = connection(
        "Where these contracts supply or supplied, with the house's own point beside a premise; for who manages a "
        "house, its premises too. The short way to meters, readings and consumption.",
        within=my_points(SP.id),
    )
    buildings: Connection[Building] = connection("The houses in which these are.", within=my_buildings(BU.id))
    payment_intents: Connection[PaymentIntent] = connection(
        "Payments through providers that the viewer began.",
        N.person_id,
        orders=PaymentIntentOrder,
        filters=PaymentIntentFilter,
    )
    data_export: DataExport | None = asked_with(
        "All that is stored about the viewer and the customers they own, to take away; null without a session.",
        data_export,
        PE.id,
        given=(),
        rows=1,
    )
    applications: Connection[Application] = connection(
        "What the viewer applied for, as far as they still see it.",
        AP.person_id,
        orders=ApplicationOrder,
        filters=ApplicationFilter,
    )
    second_factor: SecondFactor | None = asked_with(
        "The app whose codes signing in needs too; null if the password is enough.",
        second_factor,
        PE.id,
        given=(),
        rows=1,
    )
    openid_links: Connection[OpenidLink] = connection(
        "Internet banks and other providers that the viewer signs in with.", OL.person_id
    )
    passkeys: Connection[Passkey] = connection("Passkeys that the viewer signs in with.", PK.person_id)
    account_recoveries: Connection[AccountRecovery] = connection(
        "Ways back into the viewer's account that the utility opened; stop one that is not theirs at once.",
        AR.person_id,
        orders=AccountRecoveryOrder,
    )
    outage_calendars: Connection[OutageCalendar] = connection(
        "Links that the viewer made to calendars of outages.", OC.person_id
    )
    reading_uploads: Connection[ReadingUpload] = connection(
        "Files of readings that the viewer announced.", RU.person_id, orders=ReadingUploadOrder
    )
    machine_tokens: Connection[MachineToken] = connection(
        "Tokens of the viewer's own software, or of the partner they answer for; ended ones too.",
        MT.person_id,
        orders=MachineTokenOrder,
    )
    sessions: Connection[Session] = connection(
        "Where the viewer is signed in: sessions that nobody ended.", SE.person_id, orders=SessionOrder
    )
