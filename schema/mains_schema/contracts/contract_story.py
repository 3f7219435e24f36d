"""What was agreed on contracts by civil days, with which terms, what is charged besides, and what was offered."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import strawberry
from mains_server.bank_einvoices.rules import hidden
from mains_server.bank_einvoices.tables import BankEinvoiceAccount as BA
from mains_server.contracts.records import ContractStep, Settlement
from mains_server.contracts.tables import ContractEvent as CE
from mains_server.contracts.tables import ContractFee as CF
from mains_server.contracts.tables import ContractFormerTerms as FT
from mains_server.contracts.tables import ContractOffer as CO
from mains_server.contracts.tables import TermsDocument as TD

from mains_schema.common.words import in_language
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    column,
    computed,
    described,
    embed,
    key,
    mapped,
    one,
    orders,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Period, Quantity
from mains_schema.declaring.scope import EVERYONE, allowed

if TYPE_CHECKING:
    from mains_schema.billing.invoice import Invoice
    from mains_schema.contracts.contract import Contract
    from mains_schema.declaring.resolve import Reads

described(
    ContractStep,
    "What is done in the life of a contract.",
    {
        "CONCLUDED": "It was concluded; `day` is its first.",
        "POINT_ADDED": "It covers one more supply point from `day` on.",
        "POINT_ENDED": "It no longer covers a supply point from `day` on.",
        "PRODUCT_SWITCHED": "It has another product from `day` on, and kept its number.",
        "SETTLEMENT_CHANGED": "It is paid in another way from `day` on.",
        "DELIVERY_CHANGED": "Its invoices are delivered in another way.",
        "OFFER_ACCEPTED": "What was offered was agreed from `day` on.",
        "OFFER_LAPSED": "Nobody answered the offer, so it is the universal service from `day` on.",
        "TERMINATED": "It ends; `day` is the first without it. A switch in the portal ends the old contract too.",
        "TERMINATION_WITHDRAWN": "Its end was taken back; `day` is when it would have ended.",
        "WITHDRAWN": "It was withdrawn from; `day` is the first without it.",
    },
)


def is_automatic(reads: Reads, person_id: int | None) -> bool:
    """Tell whether nobody took a step but a job of the utility."""
    return person_id is None


@mapped(TD, scope=EVERYONE)
class TermsDocument(Node):
    """The terms of a product's contracts as they are offered from a day on; never edited, only followed by others."""

    id: strawberry.ID = key("Global id.", TD.id)
    adapter: str = column("Code of the utility.", TD.adapter)
    product_code: str = column("Code of the product.", TD.product)
    version: str = column("Its version, unique for the product.", TD.version)
    starts_on: date = column("Day from which new contracts are concluded on it.", TD.starts)
    text: str = computed("The terms in the viewer's language.", in_language, TD.text_lv, TD.text_en, TD.text_ru)


@mapped(FT, scope=allowed(FT.customer_id, FT.contract_id))
class ContractFormerTerms:
    """What was agreed on a contract before the terms it has now; bills of these days are priced by it."""

    product_code: str = column("Code of the product.", FT.product)
    settlement: Settlement = column("How it was paid.", FT.settlement)
    period: Period = embed("Days on which it was in force.", Period, start=FT.starts, end=FT.ends)
    price_fixed_until: date | None = column(
        "The day until which, exclusive, the price was agreed; null if it could change.", FT.price_fixed_until
    )
    terms: TermsDocument | None = one("The terms it was agreed on; null if none were laid down.", FT.terms_document_id)


def hidden_iban(reads: Reads, iban: str) -> str:
    """Show of an account only its country, bank and last digits."""
    return hidden(iban)


@mapped(BA, scope=allowed(BA.customer_id, BA.contract_id))
class ContractEinvoiceAccount:
    """That a contract's invoices are shown at an account in the customer's internet bank."""

    iban: str = computed("The account in part, such as `LV80BANK…5001`.", hidden_iban, BA.iban)
    bank: str = column("BIC of its bank, 8 characters.", BA.bank)
    agreed_at: datetime = column("When it was agreed on.", BA.agreed_at)
    ended_at: datetime | None = column("When another way or account took its place; null while it holds.", BA.ended_at)


@mapped(CE, scope=allowed(CE.customer_id, CE.contract_id))
class ContractEvent:
    """A step in a contract's life as it was noted; never changed."""

    step: ContractStep = column("What was done.", CE.step)
    day: date = column("The civil day for which it was done.", CE.day)
    noted_at: datetime = column("When it was noted.", CE.noted_at)
    is_automatic: bool = computed(
        "Whether the utility's own job did it; else a person asked for it.", is_automatic, CE.person_id
    )


@mapped(CF, scope=allowed(CF.customer_id, CF.contract_id))
class ContractFee(Node):
    """A fee of a day besides what is used, such as a reminder; the bill that covers the day charges it, or the next."""

    id: strawberry.ID = key("Global id.", CF.id)
    code: str = column("Which fee, by the code of the utility's quantity.", CF.code)
    quantity: Quantity = embed("How many, or how much of an agreed sum.", Quantity, value=CF.quantity, unit=CF.unit)
    day: date = column("The civil day it is for.", CF.day)
    reason: str = column("Why it is charged, for people.", CF.reason)
    invoice: Invoice | None = one("The invoice that charges it; null until one does.", CF.invoice_id)


@orders
class ContractOfferOrder(OrderBy):
    """Order of offers."""

    FIRST_DAY = ascending("Those whose agreed price ends first.", CO.starts)


@mapped(CO, scope=allowed(CO.customer_id, CO.contract_id))
class ContractOffer(Node):
    """A product offered for the time after the agreed price; without an answer the universal service follows."""

    id: strawberry.ID = key("Global id.", CO.id)
    product_code: str = column("Code of the offered product.", CO.product)
    starts_on: date = column("Day on which the agreed price has ended, and the first with this product.", CO.starts)
    made_at: datetime = column("When it was made.", CO.made_at)
    accepted_at: datetime | None = column("When it was accepted; null if it was not.", CO.accepted_at)
    lapsed_at: datetime | None = column(
        "When the universal service followed, since nobody answered; null if it did not.", CO.lapsed_at
    )
    contract: Contract = one("The contract it was made for.", CO.contract_id)
