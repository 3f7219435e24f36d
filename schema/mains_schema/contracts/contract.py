"""Contracts: who has what supplied, at which price, and how it is billed and paid."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import Permission
from mains_server.bank_einvoices.tables import BankEinvoiceAccount as BA
from mains_server.contracts.records import ContractBilling, Delivery, Settlement
from mains_server.contracts.tables import Contract as C
from mains_server.contracts.tables import ContractAttribute as CA
from mains_server.contracts.tables import ContractEvent as CE
from mains_server.contracts.tables import ContractFee as CF
from mains_server.contracts.tables import ContractFormerTerms as FT
from mains_server.contracts.tables import ContractOffer as CO
from mains_server.contracts.tables import ContractSupplyPoint as CSP
from mains_server.intake.tables import ReadingLink as RL
from mains_server.invoices.tables import InvoiceState as I
from mains_server.ledger.tables import CustomerBalance as B
from mains_server.levelling.tables import LevelledLetter as LL
from mains_server.tariffs.tables import Product as PR

from mains_schema.billing.document import ARCHIVE_GIVEN, ARCHIVE_ROWS_ABOUT, InvoiceArchive, archive_of_contract
from mains_schema.billing.invoice import InvoiceFilter, InvoiceOrder
from mains_schema.common.scopes import CONTRACTS
from mains_schema.common.words import word
from mains_schema.contracts import levelled_preview
from mains_schema.contracts.contract_story import (
    ContractEinvoiceAccount,
    ContractEvent,
    ContractFee,
    ContractFormerTerms,
    ContractOffer,
    TermsDocument,
)
from mains_schema.contracts.levelled import LevelledExplanation, LevelledPlan, levelled_explanation, levelled_plan
from mains_schema.contracts.levelled_preview import LevelledPreviewAnswer
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.given import asked_with
from mains_schema.declaring.mapping import (
    OrderBy,
    asked,
    column,
    computed,
    connection,
    descending,
    embed,
    equals,
    filters,
    key,
    looked_up,
    many,
    mapped,
    one,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Period
from mains_schema.declaring.scope import allowed
from mains_schema.metering.reading_link import ReadingLinkOrder
from mains_schema.metering.window import WINDOW_ROWS, ReadingWindow, reading_window
from mains_schema.money.debt import (
    DEBT_ROWS,
    PREVIEW_GIVEN,
    PREVIEW_ROWS,
    Debt,
    DebtArrangement,
    DebtArrangementPreview,
    arrangement_preview,
    arrangements_of_contract,
    debts_of_contract,
)
from mains_schema.selling import comparison_asked
from mains_schema.selling.comparison import ProductComparisonAnswer

if TYPE_CHECKING:
    from mains_schema.billing.invoice import Invoice
    from mains_schema.contracts.levelled_story import LevelledLetter
    from mains_schema.declaring.resolve import Reads
    from mains_schema.metering.reading_link import ReadingLink
    from mains_schema.metering.supply import Supply
    from mains_schema.parties.customer import Balance, Customer
    from mains_schema.selling.tariff import Product


def permissions_on(reads: Reads, customer_id: int, contract_id: int) -> list[Permission]:
    """List what the viewer may do on a contract."""
    may = reads.viewer.may
    return [part for part in Permission if may(part, customer_id=customer_id, contract_id=contract_id)]


@orders
class ContractOrder(OrderBy):
    """Order of contracts."""

    NEWEST = descending("Latest first day first.", C.starts)


@filters
class ContractFilter:
    """Which contracts; conditions add up."""

    number: str | None = where("The one with this contract number.", equals(C.number))
    adapter: list[str] | None = where("Of one of these utilities, by code.", one_of(C.adapter))
    billing: list[ContractBilling] | None = where("Billed in one of these ways.", one_of(C.billing))
    settlement: list[Settlement] | None = where("Paid in one of these ways.", one_of(C.settlement))


@mapped(CA, scope=allowed(CA.customer_id, CA.contract_id))
class ContractAttribute:
    """A dated value that the utility prices by, such as the number of zones."""

    name: str = column("Code of the attribute, as the utility declares it.", CA.name)
    value: str = column("Its value.", CA.value)
    period: Period = embed("When it holds.", Period, start=CA.starts, end=CA.ends)
    decision: str | None = column(
        "What it rests on, such as the minutes of the owners' vote; null where it was agreed with the contract.",
        CA.decision,
    )


@mapped(C, scope=CONTRACTS)
class Contract(Node):
    """A customer's agreement with one utility on one product, over one or several supply points."""

    id: strawberry.ID = key("Global id.", C.id)
    number: str = column("Contract number.", C.number)
    adapter: str = column("Code of the utility.", C.adapter)
    product_code: str = column("Code of the product agreed last; `termsSince` says since when.", C.product)
    product_name: str = computed("The product's name in the viewer's language.", word, C.adapter, C.product)
    product: Product | None = one(
        "The product; null if the utility has never declared it.",
        looked_up(PR.id, PR.adapter == C.adapter, PR.code == C.product),
    )
    billing: ContractBilling = column("Who gets the invoices.", C.billing)
    settlement: Settlement = column("How it is paid.", C.settlement)
    delivery: Delivery = column("How invoices are delivered.", C.delivery)
    einvoice_accounts: list[ContractEinvoiceAccount] = many(
        "Accounts in internet banks at which its invoices are or were shown, the first first; one of them holds while"
        " `delivery` is BANK. Few; empty where there was none.",
        BA.contract_id,
        order=(BA.id,),
        about=1,
    )
    payment_term_days: int = column("Days from issue until an invoice is due.", C.payment_term_days)
    signed_on: date = column("Day on which it was concluded.", C.signed_on)
    period: Period = embed(
        "Days of supply; `to` is null while it runs without end.", Period, start=C.starts, end=C.ends
    )
    price_fixed_until: date | None = column(
        "The day until which, exclusive, the agreed price holds; null if it may change any time.", C.price_fixed_until
    )
    terms_since: date | None = column(
        "The day since which product, settlement, terms and agreed price hold, or will; null since it starts.",
        C.terms_since,
    )
    terms: TermsDocument | None = one("The terms it was agreed on; null if none were laid down.", C.terms_document_id)
    former_terms: list[ContractFormerTerms] = many(
        "What was agreed before, oldest first; a handful.", FT.contract_id, order=(FT.starts,), about=1
    )
    fees: list[ContractFee] = many(
        "Fees noted on it, by day; a few a year.", CF.contract_id, order=(CF.day, CF.id), about=2
    )
    offers: list[ContractOffer] = many(
        "What was offered for the time after an agreed price, oldest first; one a year at most.",
        CO.contract_id,
        order=(CO.starts,),
        about=1,
    )
    events: list[ContractEvent] = many(
        "The steps of its life, in the order in which they were noted; a few a year.",
        CE.contract_id,
        order=(CE.id,),
        about=5,
    )
    permissions: list[Permission] = computed(
        "What the viewer may do here as owner or delegate; empty for staff.", permissions_on, C.customer_id, C.id
    )
    customer: Customer | None = one(
        "The customer; null for a delegate who sees only some of the customer's contracts.", C.customer_id
    )
    supplies: list[Supply] = many(
        "Supply points covered, and when; one for most contracts, at most a few dozen.",
        CSP.contract_id,
        order=(CSP.supply_point_id,),
        about=2,
    )
    attributes: list[ContractAttribute] = many(
        "Values the utility prices by, by name; at most a few dozen.", CA.contract_id, order=(CA.name, CA.id), about=5
    )
    reading_window: ReadingWindow | None = asked_with(
        "The reading window that is open or comes next, with the bill that comes if nothing is sent. Costs as much as"
        " 1,200 rows. Null where nobody is asked to read: levelled or ended contracts, meters that tell themselves.",
        reading_window,
        C.id,
        given=(),
        rows=WINDOW_ROWS,
    )
    levelled_plan: LevelledPlan | None = asked(
        "How the contract pays by levelled amounts, with all months; null where it pays by invoice.",
        levelled_plan,
        C.id,
    )
    levelled_letters: Connection[LevelledLetter] = connection(
        "What the customer was told of amounts of its levelled payment, the first first; empty where there is none.",
        LL.contract_id,
    )
    levelled_explanation: LevelledExplanation | None = asked(
        "How the amount of the levelled payment came about, worked out again. Costs more than other fields. Null where"
        " there is none.",
        levelled_explanation,
        C.id,
    )
    levelled_plan_preview: LevelledPreviewAnswer = asked_with(
        "What beginning or changing a levelled payment would mean, by the calculation that makes it. Nothing is changed"
        " by asking. Costs more than other fields.",
        levelled_preview.levelled_plan_preview,
        C.id,
        given=levelled_preview.GIVEN,
        rows=levelled_preview.ROWS_ABOUT,
    )
    product_comparison: ProductComparisonAnswer = asked_with(
        "What the last twelve months would cost on each product, at the prices of a day.",
        comparison_asked.comparison_of_contract,
        C.id,
        given=comparison_asked.GIVEN,
        rows=comparison_asked.COMPARISON_ROWS,
    )
    customer_balances: list[Balance] = many(
        "What the customer owes over all contracts, by currency; empty for a delegate who sees only some of them.",
        B.customer_id,
        own=C.customer_id,
        order=(),
        about=1,
    )
    debts: list[Debt] = asked_with(
        "What is open on it, by age and by invoice, one entry for each currency; empty where nothing is open.",
        debts_of_contract,
        C.id,
        given=(),
        rows=DEBT_ROWS,
    )
    debt_arrangements: list[DebtArrangement] = asked_with(
        "Debts of it that are or were paid in parts, the first first; few.",
        arrangements_of_contract,
        C.id,
        given=(),
        rows=DEBT_ROWS,
    )
    debt_arrangement_preview: DebtArrangementPreview = asked_with(
        "How its overdue debt would be paid in parts. Nothing is changed by asking. UNAUTHENTICATED without a session.",
        arrangement_preview,
        C.id,
        given=PREVIEW_GIVEN,
        rows=PREVIEW_ROWS,
    )
    reading_links: Connection[ReadingLink] = connection(
        "Links by which readings may be sent in once; for who may send them in.",
        RL.contract_id,
        orders=ReadingLinkOrder,
    )
    invoices: Connection[Invoice] = connection("Invoices.", I.contract_id, orders=InvoiceOrder, filters=InvoiceFilter)
    invoice_archive: InvoiceArchive | None = asked_with(
        "Links to all that was issued on it in a period. Null without a session to come back with. BAD_INPUT for a "
        "period that is reversed or too long.",
        archive_of_contract,
        C.customer_id,
        C.id,
        given=ARCHIVE_GIVEN,
        rows=ARCHIVE_ROWS_ABOUT,
    )
