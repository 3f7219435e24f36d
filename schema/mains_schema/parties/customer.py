"""Customers: the parties to contracts, and what they owe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import strawberry
from mains_server.access.tables import AccessGrant as AG
from mains_server.applications.tables import Application as AP
from mains_server.contracts.tables import Contract as CO
from mains_server.customers.records import CustomerKind, ProtectionKind
from mains_server.customers.tables import Customer as C
from mains_server.customers.tables import CustomerProtection as CP
from mains_server.delegation.tables import DelegationActivity as DA
from mains_server.delegation.tables import DelegationInvitation as DI
from mains_server.delegation.tables import PaymentApproval as PA
from mains_server.invoices.tables import InvoiceState as I
from mains_server.ledger.tables import CustomerBalance as B
from mains_server.notifications.tables import Notice as NO
from mains_server.payments.tables import Payment as P
from mains_server.webhooks.tables import WebhookEndpoint as WE

from mains_schema.billing.document import ARCHIVE_GIVEN, ARCHIVE_ROWS_ABOUT, InvoiceArchive, archive_of_customer
from mains_schema.billing.invoice import InvoiceFilter, InvoiceOrder
from mains_schema.contracts.contract import ContractOrder
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.given import asked_with
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    column,
    connection,
    embed,
    equals,
    filters,
    key,
    many,
    mapped,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Address, Money, Period
from mains_schema.declaring.scope import allowed
from mains_schema.money.debt import DEBT_ROWS, Debt, debts_of_customer
from mains_schema.money.payment import PaymentFilter, PaymentOrder
from mains_schema.parties.account_statement import GIVEN as STATEMENT_GIVEN
from mains_schema.parties.account_statement import ROWS_ABOUT as STATEMENT_ROWS_ABOUT
from mains_schema.parties.account_statement import AccountStatementOf, statements_of_customer
from mains_schema.parties.delegation import (
    ActivityOrder,
    CustomerAccessOrder,
    DelegationInvitationOrder,
    PaymentApprovalOrder,
)
from mains_schema.telling.application import ApplicationFilter, ApplicationOrder
from mains_schema.telling.notice import NoticeFilter, NoticeOrder
from mains_schema.telling.preferences import PREFERENCE_ROWS, NoticePreference, notice_preferences

if TYPE_CHECKING:
    from mains_schema.billing.invoice import Invoice
    from mains_schema.contracts.contract import Contract
    from mains_schema.money.payment import Payment
    from mains_schema.parties.delegation import Activity, CustomerAccess, DelegationInvitation, PaymentApproval
    from mains_schema.telling.application import Application
    from mains_schema.telling.notice import Notice
    from mains_schema.telling.webhook import WebhookEndpoint


@mapped(B, scope=allowed(B.customer_id))
class Balance:
    """What a customer owes in one currency, by the ledger."""

    owed: Money = embed("Still to pay; negative is credit.", Money, amount=B.balance, currency=B.currency)


@mapped(CP, scope=allowed(CP.customer_id))
class CustomerProtection:
    """A customer's protected status and when it holds."""

    kind: ProtectionKind = column("Why the customer is protected.", CP.kind)
    period: Period = embed("When it holds.", Period, start=CP.starts, end=CP.ends)


@orders
class CustomerOrder(OrderBy):
    """Order of customers."""

    NAME = ascending("By name.", C.name)


@filters
class CustomerFilter:
    """Which customers; conditions add up."""

    number: str | None = where("The one with this customer number.", equals(C.number))
    kind: list[CustomerKind] | None = where("Of one of these kinds.", one_of(C.kind))


@mapped(C, scope=allowed(C.id))
class Customer(Node):
    """A party to contracts: a household, a business or a building's manager."""

    id: strawberry.ID = key("Global id.", C.id)
    number: str = column("Customer number, as printed on invoices.", C.number)
    kind: CustomerKind = column("What the customer is before the tax law.", C.kind)
    name: str = column("Full name or firm.", C.name)
    registration_number: str | None = column("Number in the register of firms; null for people.", C.registration_number)
    vat_number: str | None = column("VAT number; null if not registered for VAT.", C.vat_number)
    language: str = column("Language of what is sent: `lv`, `en` or `ru`.", C.language)
    email: str | None = column("E-mail address; null if none is known.", C.email)
    phone: str | None = column("Phone number; null if none is known.", C.phone)
    iban: str | None = column("Bank account that money is paid back to; null if none is known.", C.iban)
    address: Address = embed(
        "Billing address.",
        Address,
        line=C.address_line,
        city=C.address_city,
        postcode=C.address_postcode,
        country=C.address_country,
    )
    protections: list[CustomerProtection] = many(
        "Protected status over time, oldest first; a handful.", CP.customer_id, order=(CP.starts,), about=1
    )
    balances: list[Balance] = many(
        "What is owed, one entry for each currency; empty before the first invoice.", B.customer_id, order=(), about=1
    )
    debts: list[Debt] = asked_with(
        "What is open on all contracts, by age and by invoice, one entry for each currency; empty where nothing is.",
        debts_of_customer,
        C.id,
        given=(),
        rows=DEBT_ROWS,
    )
    accesses: Connection[CustomerAccess] = connection(
        "Who may act for the customer, ended rights too; a delegate sees only their own.",
        AG.customer_id,
        orders=CustomerAccessOrder,
    )
    invitations: Connection[DelegationInvitation] = connection(
        "Who is invited to act for the customer, for its owner.", DI.customer_id, orders=DelegationInvitationOrder
    )
    payment_approvals: Connection[PaymentApproval] = connection(
        "Payments of delegates that need, or needed, the owner's word.", PA.customer_id, orders=PaymentApprovalOrder
    )
    activity: Connection[Activity] = connection(
        "Who did what for the customer; a delegate sees only what they did and what was about them.",
        DA.customer_id,
        orders=ActivityOrder,
    )
    contracts: Connection[Contract] = connection("Contracts.", CO.customer_id, orders=ContractOrder)
    invoices: Connection[Invoice] = connection(
        "Invoices of all contracts.", I.customer_id, orders=InvoiceOrder, filters=InvoiceFilter
    )
    invoice_archive: InvoiceArchive | None = asked_with(
        "Links to all that was issued on all contracts in a period. Null without a session to come back with. "
        "BAD_INPUT for a period that is reversed or too long.",
        archive_of_customer,
        C.id,
        given=ARCHIVE_GIVEN,
        rows=ARCHIVE_ROWS_ABOUT,
    )
    payments: Connection[Payment] = connection(
        "Payments received; `receivedFrom` a year ago gives those of the last twelve months.",
        P.customer_id,
        orders=PaymentOrder,
        filters=PaymentFilter,
    )
    applications: Connection[Application] = connection(
        "What was applied for in the customer's name.",
        AP.customer_id,
        orders=ApplicationOrder,
        filters=ApplicationFilter,
    )
    notices: Connection[Notice] = connection(
        "What the customer was told, and how.", NO.customer_id, orders=NoticeOrder, filters=NoticeFilter
    )
    notice_preferences: list[NoticePreference] = asked_with(
        "By which channels the customer hears of each topic.",
        notice_preferences,
        C.id,
        given=(),
        rows=PREFERENCE_ROWS,
    )
    webhook_endpoints: Connection[WebhookEndpoint] = connection(
        "The customer's own webhooks, for its owner; at most five.", WE.customer_id
    )
    account_statement: list[AccountStatementOf] = asked_with(
        "What was billed and paid in some days with the balance after each, to be printed; one for each currency, one"
        " at least. BAD_INPUT for a period that is reversed or too long.",
        statements_of_customer,
        C.id,
        given=STATEMENT_GIVEN,
        rows=STATEMENT_ROWS_ABOUT,
    )
