"""What employees of the utility see: everything, and the work of billing."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import ADMINS, CLERKS, OFFICE, OPERATORS
from mains_server.access.tables import Person as PE
from mains_server.billing.records import RunStatus
from mains_server.billing.rules import ACCEPTABLE
from mains_server.billing.tables import BillingHold as H
from mains_server.billing.tables import BillingRun as BR
from mains_server.billing.tables import CorrectionDue as CD

from mains_schema.billing.bank_einvoices import BankEinvoiceFile, bank_einvoice_files
from mains_schema.billing.billing_corrections import CorrectionOrder
from mains_schema.billing.invoice import InvoiceFilter, InvoiceOrder
from mains_schema.billing.invoice_delivery import PrintMailing, print_mailings
from mains_schema.contracts.contract import ContractFilter
from mains_schema.contracts.contract_story import ContractOfferOrder
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.given import asked_with
from mains_schema.declaring.mapping import (
    OrderBy,
    column,
    computed,
    connection,
    descending,
    embed,
    key,
    known,
    looked_up,
    mapped,
    one,
    orders,
    section,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.roles import by
from mains_schema.declaring.scalars import Money, Period
from mains_schema.declaring.scope import CLERKS_ONLY
from mains_schema.metering.metering_staff import FlaggedReadingFilter, FlaggedReadingOrder, Waiting
from mains_schema.money.bank import BankLineFilter, BankLineOrder, BankStatementOrder, Queued
from mains_schema.money.paying import (
    PaymentEventFilter,
    PaymentEventOrder,
    PaymentIntentFilter,
    PaymentIntentOrder,
    PaymentRefundOrder,
)
from mains_schema.money.payment import PaymentFilter, PaymentOrder
from mains_schema.money.payout_desk import PayoutFile, payout_files
from mains_schema.parties.audit_trail import AUDIT_GIVEN, AUDIT_ROWS, AuditTrail, audit_trail
from mains_schema.parties.customer import CustomerFilter, CustomerOrder
from mains_schema.parties.employees import Employee, employees
from mains_schema.parties.machine_tokens import MachineTokenOrder
from mains_schema.parties.recovery import AccountRecoveryOrder
from mains_schema.selling.fact import FactStretchFilter
from mains_schema.telling.announcement import (
    ANNOUNCEMENTS_MAX,
    PREVIEW_GIVEN,
    Announcement,
    AnnouncementPreview,
    announcement_preview,
    sent_announcements,
)
from mains_schema.telling.application import ApplicationFilter, ApplicationOrder
from mains_schema.telling.letters import NoticeMailing, notice_mailings
from mains_schema.telling.notice import EVENTS_MAX, NoticeFilter, NoticeOrder, UndeliveredEvent, undelivered_events
from mains_schema.telling.outage import OutageFilter, OutageOrder
from mains_schema.telling.webhook import WebhookEndpointOrder

if TYPE_CHECKING:
    from mains_schema.billing.billing_corrections import Correction
    from mains_schema.billing.invoice import Invoice
    from mains_schema.contracts.contract import Contract
    from mains_schema.contracts.contract_story import ContractOffer
    from mains_schema.contracts.levelled_story import LevelledHold, LevelledRun
    from mains_schema.declaring.resolve import Reads
    from mains_schema.metering.meter import Reading
    from mains_schema.money.bank import BankAccount, BankLine, BankStatement
    from mains_schema.money.paying import PaymentEvent, PaymentIntent, PaymentRefund
    from mains_schema.money.payment import Payment
    from mains_schema.parties.customer import Customer
    from mains_schema.parties.machine_tokens import MachineToken
    from mains_schema.parties.recovery import AccountRecovery
    from mains_schema.selling.fact import FactStretch
    from mains_schema.telling.application import Application
    from mains_schema.telling.notice import Notice
    from mains_schema.telling.outage import Outage
    from mains_schema.telling.webhook import WebhookEndpoint


@orders
class BillingRunOrder(OrderBy):
    """Order of billing runs."""

    NEWEST = descending("Last started first.", BR.started_at)


def acceptable(reads: Reads, code: str, total: Decimal | None, released_at: datetime | None) -> bool:
    """Tell whether an employee may say that a bill is right though unusual."""
    return code in ACCEPTABLE and total is not None and released_at is None


@mapped(H, scope=CLERKS_ONLY)
class HeldContract(Node):
    """A contract that a run could not bill. The next start of the run tries it again.

    One that is only unusual can be accepted (`billingHoldAccept`); the run then issues it, if it comes to that total.
    """

    id: strawberry.ID = key("Global id.", H.id)
    code: str = column("Short stable code of the reason.", H.code)
    reason: str = column("What is wrong and what to do about it, for people.", H.reason)
    total: Money | None = embed(
        "What the bill would come to; null where something is missing, so that there is none.",
        Money,
        amount=known(H.total),
        currency=known(H.currency),
    )
    is_acceptable: bool = computed(
        "True while it is held only for being unusual, so that an employee may accept it.",
        acceptable,
        H.code,
        H.total,
        H.released_at,
    )
    accepted_total: Money | None = embed(
        "The total for which an employee accepted it; null where nobody did, or it came out otherwise since.",
        Money,
        amount=known(H.accepted_total),
        currency=known(H.currency),
    )
    accepted_at: datetime | None = column("When it was accepted; null if it was not.", H.accepted_at)
    accepted_by: str | None = column(
        "Name of the employee who accepted it; null if nobody did, and for the command line.",
        looked_up(PE.name, PE.id == H.accepted_by_person_id),
    )
    accepted_note: str | None = column("Why it is right, in their words; null if it was not accepted.", H.accepted_note)
    held_at: datetime = column("When it was held.", H.held_at)
    released_at: datetime | None = column("When a later run billed it; null while it is held.", H.released_at)
    contract: Contract = one("The contract.", H.contract_id)
    run: BillingRun = one("The run.", H.run_id)


@mapped(BR, scope=CLERKS_ONLY)
class BillingRun(Node):
    """One billing of one utility's period; started again it goes on where it was."""

    id: strawberry.ID = key("Global id.", BR.id)
    adapter: str = column("Code of the utility.", BR.adapter)
    period: Period = embed("Days billed.", Period, start=BR.period_from, end=BR.period_to)
    issued_on: date = column("Date on its invoices.", BR.issued_on)
    issue_by: date | None = column(
        "Day by which the utility wants them issued; null for runs of old. A later run is late and no less valid.",
        BR.issue_by,
    )
    status: RunStatus = column("How far it is.", BR.status)
    started_at: datetime = column("When it was first started.", BR.started_at)
    finished_at: datetime | None = column("When everything was billed or held; null before that.", BR.finished_at)
    held_contracts: Connection[HeldContract] = connection("Contracts it could not bill, with reasons.", H.run_id)


@mapped(CD, scope=CLERKS_ONLY)
class CorrectionDue(Node):
    """A bill that is known to be wrong.

    A true reading came for a day that was billed on an estimate, the network operator told what a smart meter counted
    otherwise than it was billed, another premise of its house was billed anew, or what an earlier bill left for this
    one, such as unspent support, came out otherwise.
    """

    id: strawberry.ID = key("Global id.", CD.id)
    day: date = column("The day of the estimate, the first that was told otherwise, or the bill's first.", CD.day)
    noted_at: datetime = column("When the true reading, the file, or the other bill came.", CD.noted_at)
    settled_at: datetime | None = column("When a correction was issued; null while it is due.", CD.settled_at)
    contract: Contract = one("The contract.", CD.contract_id)
    invoice: Invoice = one("The invoice that is wrong.", CD.invoice_id)
    reading: Reading | None = one("The true reading; null where there is another reason.", CD.reading_id)


@section
class Staff:
    """Everything operational; employees of the utility alone can read it, each what their role needs."""

    customers: Connection[Customer] = by(OFFICE)(
        connection("All customers.", orders=CustomerOrder, filters=CustomerFilter)
    )
    contracts: Connection[Contract] = by(OFFICE)(
        connection("All contracts, in the order they were made.", filters=ContractFilter)
    )
    invoices: Connection[Invoice] = by(OFFICE)(connection("All invoices.", orders=InvoiceOrder, filters=InvoiceFilter))
    bank_accounts: Connection[BankAccount] = by(CLERKS)(connection("The utility's accounts at banks."))
    bank_statements: Connection[BankStatement] = by(CLERKS)(
        connection("All bank statements.", orders=BankStatementOrder)
    )
    bank_lines: Connection[BankLine] = by(CLERKS)(
        connection("All movements on the accounts.", orders=BankLineOrder, filters=BankLineFilter)
    )
    bank_queue: Connection[BankLine] = by(CLERKS)(
        connection(
            "Movements that wait for somebody to say whose they are.",
            orders=BankLineOrder,
            filters=BankLineFilter,
            within=Queued(),
        )
    )
    payments: Connection[Payment] = by(CLERKS)(connection("All payments.", orders=PaymentOrder, filters=PaymentFilter))
    payment_intents: Connection[PaymentIntent] = by(CLERKS)(
        connection(
            "Payments through providers, such as those whose outcome is unknown.",
            orders=PaymentIntentOrder,
            filters=PaymentIntentFilter,
        )
    )
    payment_refunds: Connection[PaymentRefund] = by(CLERKS)(
        connection("Refunds through providers and by bank.", orders=PaymentRefundOrder)
    )
    payment_events: Connection[PaymentEvent] = by(CLERKS)(
        connection(
            "What payment providers told; HELD and UNMATCHED wait for somebody to look at them.",
            orders=PaymentEventOrder,
            filters=PaymentEventFilter,
        )
    )
    flagged_readings: Connection[Reading] = by(OPERATORS)(
        connection(
            "Readings that wait for somebody to look at them.",
            orders=FlaggedReadingOrder,
            filters=FlaggedReadingFilter,
            within=Waiting(),
        )
    )
    billing_runs: Connection[BillingRun] = by(CLERKS)(connection("All billing runs.", orders=BillingRunOrder))
    corrections_due: Connection[CorrectionDue] = by(CLERKS)(
        connection("Bills that true readings show to be wrong, settled or not, in the order in which they were noted.")
    )
    contract_offers: Connection[ContractOffer] = by(OPERATORS)(
        connection("Products offered for the time after an agreed price.", orders=ContractOfferOrder)
    )
    corrections: Connection[Correction] = by(CLERKS)(
        connection("Invoices that were looked at again, and what came of them.", orders=CorrectionOrder)
    )
    levelled_runs: Connection[LevelledRun] = by(CLERKS)(
        connection("Yearly recalculations of levelled payments, in the order in which they were first ordered.")
    )
    levelled_holds: Connection[LevelledHold] = by(CLERKS)(
        connection(
            "Levelled payments that could not be settled or worked out anew, done since or not, in the order in which"
            " they were first held."
        )
    )
    fact_stretches: Connection[FactStretch] = by(CLERKS)(
        connection(
            "Exchange prices and other figures from outside, in the order in which they were told.",
            filters=FactStretchFilter,
        )
    )
    audit_trail: AuditTrail = by(ADMINS)(
        asked_with(
            "What was done, by whom, on whom, when, from where and why; the newest first.",
            audit_trail,
            given=AUDIT_GIVEN,
            rows=AUDIT_ROWS,
        )
    )
    employees: list[Employee] = by(ADMINS)(
        asked_with(
            "Who works with the server, or did; those who do first, by name. At most 500.",
            employees,
            given=(),
            rows=500,
        )
    )
    machine_tokens: Connection[MachineToken] = by(ADMINS)(
        connection("Tokens of software, of partners and of customers.", orders=MachineTokenOrder)
    )
    account_recoveries: Connection[AccountRecovery] = by(ADMINS)(
        connection("Ways back into accounts, also those that have ended.", orders=AccountRecoveryOrder)
    )
    notices: Connection[Notice] = by(OPERATORS)(
        connection("All notices; those that FAILED may want a call.", orders=NoticeOrder, filters=NoticeFilter)
    )
    announcements: list[Announcement] = by(OPERATORS)(
        asked_with(
            f"What was announced, the last first; at most {ANNOUNCEMENTS_MAX}.",
            sent_announcements,
            given=(),
            rows=ANNOUNCEMENTS_MAX,
        )
    )
    announcement_preview: AnnouncementPreview = by(OPERATORS)(
        asked_with(
            "Counts whom an announcement would be for; what `announcementSend` would refuse of it is BAD_INPUT.",
            announcement_preview,
            given=PREVIEW_GIVEN,
            rows=10,
        )
    )
    undelivered_events: list[UndeliveredEvent] = by(OPERATORS)(
        asked_with(
            f"What happened and could not be told on, the last given up first; at most {EVENTS_MAX}.",
            undelivered_events,
            given=(),
            rows=EVENTS_MAX,
        )
    )
    applications: Connection[Application] = by(OPERATORS)(
        connection("All applications.", orders=ApplicationOrder, filters=ApplicationFilter)
    )
    outages: Connection[Outage] = by(OPERATORS)(
        connection("All planned outages.", orders=OutageOrder, filters=OutageFilter)
    )
    webhook_endpoints: Connection[WebhookEndpoint] = by(ADMINS)(
        connection("All webhooks, the utility's and customers' own.", orders=WebhookEndpointOrder)
    )
    payout_files: list[PayoutFile] = by(CLERKS)(
        asked_with(
            "Refunds that the bank is to send, as files, the newest first; at most 50.",
            payout_files,
            given=(),
            rows=50,
        )
    )
    notice_mailings: list[NoticeMailing] = by(OFFICE)(
        asked_with(
            "Notices by letter that were put together for the printer, the newest first; at most 50.",
            notice_mailings,
            given=(),
            rows=50,
        )
    )
    bank_einvoice_files: list[BankEinvoiceFile] = by(CLERKS)(
        asked_with(
            "Invoices that were put into files for banks, the newest first; at most 50.",
            bank_einvoice_files,
            given=(),
            rows=50,
        )
    )
    print_mailings: list[PrintMailing] = by(OFFICE)(
        asked_with(
            "Letters that were put together for the printer, the newest first; at most 50.",
            print_mailings,
            given=(),
            rows=50,
        )
    )
