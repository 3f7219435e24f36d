"""Invoices as they were issued, their lines and taxes, and how each line came about."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry
from mains_server.billing.tables import Correction as CN
from mains_server.invoices.records import InvoiceKind, InvoiceStatus, LineQuality
from mains_server.invoices.tables import InvoiceLine as L
from mains_server.invoices.tables import InvoiceState as I
from mains_server.invoices.tables import InvoiceTax as T
from mains_server.invoices.tables import Seller as S
from mains_server.payments.tables import PaymentAllocation as A

from mains_schema.billing.bill_preview import VERIFICATION_ROWS, InvoiceVerification, verification
from mains_schema.billing.document import DOCUMENT_GIVEN, DOCUMENT_ROWS_ABOUT, InvoiceDocument, documents
from mains_schema.billing.exchange import GIVEN as WEIGHTED_GIVEN
from mains_schema.billing.exchange import WEIGHTED_ROWS, WeightedPrice, weighted_price
from mains_schema.billing.explanation import EXPLANATION_ROWS, Explanation, explain
from mains_schema.billing.invoice_delivery import DELIVERY_ROWS, InvoiceDelivery, deliveries
from mains_schema.common.words import word
from mains_schema.declaring.given import asked_with
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    at_least,
    before,
    column,
    computed,
    descending,
    embed,
    filters,
    key,
    many,
    mapped,
    one,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Money, Period, Quantity, UnitPrice
from mains_schema.declaring.scope import EVERYONE, allowed

if TYPE_CHECKING:
    from mains_schema.billing.billing_corrections import Correction
    from mains_schema.contracts.contract import Contract
    from mains_schema.metering.supply import SupplyPoint
    from mains_schema.money.payment import PaymentAllocation
    from mains_schema.parties.customer import Customer


@orders
class InvoiceOrder(OrderBy):
    """Order of invoices."""

    NEWEST = descending("Last issued first.", I.issued_on)
    OLDEST = ascending("First issued first.", I.issued_on)


@filters
class InvoiceFilter:
    """Which invoices; conditions add up."""

    status: list[InvoiceStatus] | None = where("In one of these states.", one_of(I.status))
    kind: list[InvoiceKind] | None = where("Issued for one of these reasons.", one_of(I.kind))
    issued_from: date | None = where("Issued on this day or later.", at_least(I.issued_on))
    issued_before: date | None = where("Issued on an earlier day.", before(I.issued_on))


@mapped(S, scope=EVERYONE)
class Seller:
    """The legal party that invoices for a utility."""

    name: str = column("Firm.", S.name)
    registration_number: str = column("Number in the register of firms.", S.registration_number)
    vat_number: str = column("VAT number.", S.vat_number)
    address: str = column("Legal address, in one line.", S.address)
    iban: str = column("Bank account to pay to.", S.iban)


@mapped(L, scope=allowed(L.customer_id, L.contract_id))
class InvoiceLine:
    """One charge on an invoice; its net is quantity times price, rounded as the invoice's rounding says."""

    position: int = column("Place on the invoice, from 1.", L.position)
    code: str = column("Code of the charge, as the utility declares it.", L.code)
    label: str = computed(
        "The charge in the viewer's language; its code if the utility has no words.", word, L.adapter, L.code
    )
    period: Period = embed("Days it is for.", Period, start=L.period_from, end=L.period_to)
    quantity: Quantity = embed("How much is charged for.", Quantity, value=L.quantity, unit=L.unit)
    quality: LineQuality = column("How the quantity came about.", L.quality)
    unit_price: UnitPrice = embed("Price without tax.", UnitPrice, amount=L.unit_price, unit=L.price_unit)
    net: Money = embed("Charge without tax; negative for support.", Money, amount=L.net, currency=L.currency)
    tax_code: str = column("Code of the tax.", L.tax_code)
    tax_rate: Decimal = column("Tax rate as a share of one: 0.2100 is 21 %.", L.tax_rate)
    is_after_tax: bool = column("Whether it lowers what is to be paid and not the tax, as support may.", L.is_after_tax)
    supply_point: SupplyPoint | None = one(
        "The place that is charged by itself, as network fees are where a contract has several; null for a charge of"
        " the whole contract, and where it has one place.",
        L.supply_point_id,
    )
    explanation: Explanation | None = asked_with(
        "How the charge was worked out: formula, inputs with their source, steps. Costs more than other fields. "
        "Null on an invoice that no billing run issued, such as a credit note.",
        explain,
        L.invoice_id,
        L.position,
        given=(),
        rows=EXPLANATION_ROWS,
    )
    weighted_price: WeightedPrice | None = asked_with(
        "How the one price of energy at the exchange came about, with the days or intervals behind it. Costs more than"
        " other fields. Null on a line whose price was not weighted.",
        weighted_price,
        L.invoice_id,
        L.position,
        L.unit_price,
        L.price_unit,
        given=WEIGHTED_GIVEN,
        rows=WEIGHTED_ROWS,
    )


@mapped(T, scope=allowed(T.customer_id, T.contract_id))
class InvoiceTax:
    """The tax of an invoice at one rate."""

    code: str = column("Code of the tax.", T.tax_code)
    rate: Decimal = column("Rate as a share of one.", T.rate)
    base: Money = embed("Sum of the lines taxed at it.", Money, amount=T.base, currency=T.currency)
    tax: Money = embed("The tax on that.", Money, amount=T.tax, currency=T.currency)


@mapped(I, scope=allowed(I.customer_id, I.contract_id))
class Invoice(Node):
    """A bill as it was issued. Never edited: a credit note takes it back. total = net + tax - support."""

    id: strawberry.ID = key("Global id.", I.id)
    number: str = column("Number of the document, as printed.", I.document_number)
    adapter: str = column("Code of the utility.", I.adapter)
    kind: InvoiceKind = column("Why it was issued.", I.kind)
    status: InvoiceStatus = column("How far it is paid, today.", I.status)
    period: Period = embed("Days it is for.", Period, start=I.period_from, end=I.period_to)
    issued_on: date = column("Date of issue.", I.issued_on)
    due_on: date = column("Last day to pay.", I.due_on)
    net: Money = embed("Sum of the lines without tax.", Money, amount=I.net, currency=I.currency)
    tax: Money = embed("Tax.", Money, amount=I.tax, currency=I.currency)
    support: Money = embed("What is taken off after tax.", Money, amount=I.support, currency=I.currency)
    total: Money = embed("To pay.", Money, amount=I.total, currency=I.currency)
    paid: Money = embed("Paid so far.", Money, amount=I.paid, currency=I.currency)
    credited: Money = embed("Taken back by credit notes.", Money, amount=I.credited, currency=I.currency)
    levelled: Money = embed(
        "Taken over by the contract's levelled payment: what was prepaid pays it, instalments bring in the rest.",
        Money,
        amount=I.levelled,
        currency=I.currency,
    )
    open_amount: Money = embed("Still to pay.", Money, amount=I.open_amount, currency=I.currency)
    rounding: str = column("Name of the rounding that its sums follow.", I.rounding)
    customer_name: str = column("The customer's name on that day.", I.customer_name)
    billing_address: str = column("Billing address on that day, in one line.", I.billing_address)
    supply_address: str = column("Where was supplied, in one line.", I.supply_address)
    payment_reference: str = column("Reference to give when paying.", I.payment_reference)
    issued_at: datetime = column("When it was written.", I.issued_at)
    seller: Seller = one("Who invoices.", I.seller_id, to=S.id)
    contract: Contract = one("The contract billed.", I.contract_id)
    customer: Customer | None = one(
        "The customer; null for a delegate who sees only some of the customer's contracts.", I.customer_id
    )
    corrects: Invoice | None = one(
        "The invoice that this one takes back or replaces; null for most.", I.corrects_invoice_id
    )
    replaces: Invoice | None = one("The invoice in whose place it stands; null for most.", I.replaces_id)
    credited_by: Invoice | None = one("The credit note that took it back; null while it stands.", I.credit_note_id)
    replaced_by: Invoice | None = one("The invoice that stands in its place; null while it stands.", I.replaced_by_id)
    verification: InvoiceVerification = asked_with(
        "The invoice rated again from what is stored with it, and compared to the cent. Costs as much as 1,500 rows.",
        verification,
        I.id,
        given=(),
        rows=VERIFICATION_ROWS,
    )
    corrections: list[Correction] = many(
        "How often it was looked at again, and what came of it; none for most.", CN.invoice_id, order=(CN.id,), about=1
    )
    lines: list[InvoiceLine] = many("Charges in order, at most 60.", L.invoice_id, order=(L.position,), about=8)
    taxes: list[InvoiceTax] = many("Tax by rate; one to three.", T.invoice_id, order=(T.rate,), about=1)
    allocations: list[PaymentAllocation] = many(
        "What payments settled of it; a handful.", A.invoice_id, order=(A.id,), about=1
    )
    documents: list[InvoiceDocument] = asked_with(
        "PDF, e-invoice and spreadsheet to take away, one each, with links for who asks. Also of invoices of ended "
        "contracts and of credit notes, at any time. Empty without a session to come back with.",
        documents,
        I.id,
        given=DOCUMENT_GIVEN,
        rows=DOCUMENT_ROWS_ABOUT,
    )
    deliveries: list[InvoiceDelivery] = asked_with(
        "How it reached its customer: each way it was sent, with receipts. Empty for what was issued before deliveries"
        " were kept, or has no documents yet.",
        deliveries,
        I.id,
        given=(),
        rows=DELIVERY_ROWS,
    )
