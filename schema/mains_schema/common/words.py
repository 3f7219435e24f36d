"""Enums of the rooms with their descriptions, and the words that codes stand for in the viewer's language."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from mains_server.access.records import GrantRole, Permission, StaffRole
from mains_server.adapters.queries import attribute_code, label, value_code
from mains_server.adapters.records import AdapterState, AttributeScope
from mains_server.allocation.records import Announcer
from mains_server.billing.records import CorrectionOutcome, CorrectionReason, RunStatus
from mains_server.billing.verifying import VerificationOutcome
from mains_server.contracts.records import ContractBilling, Delivery, PointRole, PremiseKind, Settlement
from mains_server.customers.records import CustomerKind, ProtectionKind
from mains_server.intake.records import RowOutcome, UploadMode, UploadStatus
from mains_server.invoices.records import InvoiceKind, InvoiceStatus, LineQuality
from mains_server.metering.records import ReadingQuality, ReadingSource, ReadingStatus
from mains_server.payments.records import PaymentMethod
from mains_server.signin.records import SessionMode
from mains_spi import Capability

from mains_schema.declaring.mapping import described
from mains_schema.declaring.resolve import Reads


def word(reads: Reads, adapter: str, code: str) -> str:
    """Say a utility's code in the viewer's language; a code without words stands for itself."""
    return label(dict(reads.labels), adapter=adapter, code=code, language=reads.language)


def attribute_word(reads: Reads, adapter: str, name: str) -> str:
    """Say what a utility calls an attribute in the viewer's language; one without words stands for itself."""
    return _said(reads, adapter, attribute_code(name), otherwise=name)


def value_word(reads: Reads, adapter: str, name: str, value: str) -> str:
    """Say what a utility calls a value of an attribute in the viewer's language; a number stands for itself."""
    return _said(reads, adapter, value_code(name, value), otherwise=value)


def _said(reads: Reads, adapter: str, code: str, *, otherwise: str) -> str:
    said = label(dict(reads.labels), adapter=adapter, code=code, language=reads.language)
    return otherwise if said == code else said


def in_language(reads: Reads, lv: str, en: str, ru: str) -> str:
    """Choose the text of the viewer's language."""
    return {"lv": lv, "en": en, "ru": ru}.get(reads.language, lv)


_ENUMS: Mapping[type[Enum], tuple[str, Mapping[str, str]]] = {
    SessionMode: (
        "How a front end keeps a session's tokens.",
        {
            "BEARER": "Apps keep the tokens themselves, and send them as `Authorization: Bearer <token>`.",
            "COOKIE": "The browser keeps them in cookies that no script can read.",
        },
    ),
    Permission: (
        "What somebody may do on a contract.",
        {
            "VIEW": "See it with its meters, readings and invoices.",
            "PAY": "Pay its invoices.",
            "SUBMIT_READINGS": "Send in readings of its meters.",
            "REQUEST_SERVICES": "Ask the utility for changes to it.",
        },
    ),
    GrantRole: (
        "How a person stands to a customer.",
        {"OWNER": "It is their own; they may do everything.", "DELEGATE": "The owner lets them do some things."},
    ),
    StaffRole: (
        "What an employee of the utility does.",
        {"OPERATOR": "Serves customers.", "BILLING_CLERK": "Bills and books payments.", "ADMIN": "Sets the system up."},
    ),
    Announcer: (
        "In which capacity somebody announced a method.",
        {"MANAGER": "For the house, by the contract over it.", "STAFF": "For the utility, as one of its employees."},
    ),
    AdapterState: (
        "Whether a utility's adapter works.",
        {"ACTIVE": "It is asked.", "SET_ASIDE": "It could not be loaded; its contracts are held from billing."},
    ),
    AttributeScope: (
        "Whose attribute something is that a utility prices by.",
        {"CONTRACT": "The contract's.", "PREMISE": "The premise's.", "BUILDING": "The whole building's."},
    ),
    Capability: (
        "What a utility offers beyond a bill; show what works.",
        {
            "SUBMIT_READINGS": "Customers send in readings.",
            "BUILDINGS": "Buildings are billed as a whole and shared out.",
            "TWO_ZONES": "Day and night have prices of their own.",
            "SPOT_PRICE": "Energy is billed at the exchange's price.",
            "LEVELLED": "Contracts may be paid in equal monthly amounts.",
            "INTERVALS": "Smart meters give usage by hour or quarter.",
            "INSTANT_INVOICE": "Customers get an invoice at once on their reading.",
        },
    ),
    RunStatus: (
        "How far a billing run is.",
        {
            "RUNNING": "Not everything is billed; it may be under way or stopped.",
            "DONE": "Everything is billed or held.",
        },
    ),
    ContractBilling: (
        "Who gets a contract's invoices.",
        {"DIRECT": "The contract itself.", "BY_MEMBERS": "The premises of the building, each its share."},
    ),
    Delivery: (
        "How invoices are delivered.",
        {
            "PORTAL": "They are only shown here.",
            "EMAIL": "By e-mail.",
            "POST": "By post.",
            "BANK": "In the customer's internet bank, as e-invoices.",
        },
    ),
    PointRole: (
        "What a supply point serves.",
        {"PREMISE": "One flat, shop or house.", "BUILDING": "A whole building, at its substation."},
    ),
    PremiseKind: (
        "What a premise is used for; the tax may depend on it.",
        {
            "DWELLING": "Somebody lives there.",
            "NON_RESIDENTIAL": "A shop, office or the like.",
            "NOT_APPLICABLE": "It is no premise, such as a substation.",
        },
    ),
    Settlement: (
        "How a contract is paid.",
        {"INVOICE": "An invoice by reading.", "LEVELLED": "A constant monthly amount, settled about once a year."},
    ),
    CustomerKind: (
        "What a customer is before the tax law.",
        {
            "PRIVATE": "A household.",
            "BUSINESS": "A business or institution.",
            "BUILDING_MANAGER": "Who manages a building and holds its supply contract.",
        },
    ),
    ProtectionKind: (
        "Why a customer is protected.",
        {"LOW_INCOME": "Low income.", "LARGE_FAMILY": "A large family.", "DISABILITY": "A disability."},
    ),
    InvoiceKind: (
        "Why an invoice was issued.",
        {
            "REGULAR": "For a past period, on readings.",
            "INSTANT": "At once when a reading was sent in.",
            "ESTIMATED": "For a past period, on an estimate.",
            "SETTLEMENT": "For the time of a levelled payment, on what was used.",
            "CREDIT": "It takes an earlier invoice back.",
            "FINAL": "The contract has ended.",
            "INTEREST": "Late interest and reminders after a contract's last bill; its period is the day of issue.",
        },
    ),
    CorrectionReason: (
        "Why an invoice was looked at again.",
        {
            "READING": "What was used: a true reading came, or one was wrong.",
            "PRICE": "The prices it was priced by.",
            "ATTRIBUTE": "What the contract or its place is like, such as an area.",
            "MISTAKE": "It should not have been issued as it was, whatever its figures.",
        },
    ),
    CorrectionOutcome: (
        "What came of looking at an invoice again.",
        {
            "REPLACED": "A credit note took it back, and another invoice stands in its place.",
            "NEXT_BILL": "The next bill settles the difference.",
            "UNCHANGED": "It came out the same.",
            "CREDITED": "A credit note took it back, and nothing stands in its place until its days are billed again.",
        },
    ),
    VerificationOutcome: (
        "Whether an invoice comes out the same when it is rated again from what is stored with it.",
        {
            "EQUAL": "Every line and the total come out to the same cent.",
            "DIFFERENT": "Something comes out otherwise.",
            "NOT_VERIFIABLE": "It cannot be rated again, such as a credit note.",
        },
    ),
    InvoiceStatus: (
        "How far an invoice is paid, today.",
        {
            "OPEN": "Nothing is paid.",
            "PARTLY_PAID": "A part is paid.",
            "PAID": "Nothing is left to pay.",
            "CREDITED": "A credit note took it back, or it is that note.",
        },
    ),
    LineQuality: (
        "How a line's quantity came about.",
        {
            "ACTUAL": "Read on a meter.",
            "ESTIMATED": "Estimated, since a reading was missing; a later bill corrects it.",
            "APPORTIONED": "Read, and divided by days because something changed within the period.",
            "NOT_METERED": "Nothing is measured for it, as for a monthly fee.",
        },
    ),
    ReadingSource: (
        "By which road a reading came.",
        {
            "PORTAL": "The customer, signed in.",
            "LINK": "The customer, by a one-time link.",
            "MANAGER": "The building's manager.",
            "STAFF": "An employee, for instance on the phone.",
            "SMS": "The customer, by text message.",
            "INSTALLER": "Who installed or removed the meter.",
            "CONTROL_ROUND": "The utility's control round.",
            "SMART_METER": "The meter itself.",
            "IMPORT": "Another system.",
            "ESTIMATION": "Nobody looked: it was worked out.",
        },
    ),
    ReadingQuality: (
        "Whether somebody saw a figure.",
        {"ACTUAL": "It was read.", "ESTIMATED": "It was worked out."},
    ),
    ReadingStatus: (
        "What became of a reading; only ACCEPTED ones are billed.",
        {
            "ACCEPTED": "It counts.",
            "FLAGGED": "It is implausible; somebody will look at it.",
            "REJECTED": "Somebody looked at it and set it aside.",
            "SUPERSEDED": "A later one took its place.",
        },
    ),
    UploadMode: (
        "What one bad row does to the others.",
        {"ALL_OR_NOTHING": "None is taken.", "PER_ROW": "The right ones are taken."},
    ),
    UploadStatus: (
        "How far an upload is.",
        {
            "WAITING": "Its file has not come.",
            "TAKEN": "Its file was taken; each row has its outcome.",
            "REFUSED": "Nothing of its file was taken.",
        },
    ),
    RowOutcome: (
        "What became of one of several readings.",
        {
            "ACCEPTED": "It was taken and counts.",
            "FLAGGED": "It was taken; somebody will look at it before it counts.",
            "UNCHANGED": "It was known already.",
            "REFUSED": "It was not taken; the code says why.",
            "LEFT_OUT": "It was right, and not taken because another was not.",
        },
    ),
    PaymentMethod: (
        "By which road money came.",
        {
            "BANK_TRANSFER": "Bank transfer.",
            "CARD": "Payment card.",
            "CASH": "Cash.",
            "DIRECT_DEBIT": "Direct debit from the payer's account.",
            "INVOICE": "No money came: an invoice below nothing, which `invoice` names, is credit of the customer.",
        },
    ),
}

for _enum, (_doc, _values) in _ENUMS.items():
    described(_enum, _doc, _values)
