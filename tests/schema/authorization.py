"""The authorization matrix: who may read each field and do each mutation; a column an actor, all about customer 1.

`TYPES` has a row for each type with an id, which holds for the type's columns and relations. `FIELDS` has a row for
each field that no declared scope protects (roots, and what a room works out), and for each that differs from its type.
`SUBSCRIPTIONS` says who is told of an event of customer 1, and `MUTATIONS` has a row for each mutation. What a row says
is proven for each field and actor by itself.

A row names an audience of `AUDIENCES`. To add an actor, add a column to `ACTORS` and name it in the audiences it is of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mains_schema.declaring.node import encode_id

from tests.schema.authorization_of_ways import WAYS

OWNER, MANAGER, STRANGER = 1, 3, 5

# The columns, with the person who stands for each.
ACTORS: Mapping[str, int | None] = {
    "anonymous": None,
    "stranger": STRANGER,  # owns customer 5, of another house
    "owner": OWNER,
    "view": 101,  # delegates of the whole customer, each with one permission
    "pay": 102,
    "submit": 103,
    "request": 104,
    "view one": 105,  # sees contract 1 alone, as an accountant
    "revoked": 106,  # had every permission until this very moment
    "invitee": 107,  # is invited to everything and has not answered
    "payer": 108,  # began to pay an invoice of customer 1 by its reference
    "manager": MANAGER,  # of the house in which customer 1 lives
    "operator": 109,
    "clerk": 110,
    "admin": 111,
    "looking": 112,  # an operator who looks as the owner of customer 1 does, and changes nothing
}

STAFF = frozenset({"operator", "clerk"})  # who deal with customers; an administrator as such does not
OWNER_SEES = frozenset({"owner", "looking"})
CONTRACT = OWNER_SEES | {"view", "view one"}
# All that an employee who looks may do is end it.
LOOKING_MAY = frozenset({"impersonationEnd"})

AUDIENCES: Mapping[str, frozenset[str]] = {
    "everybody": frozenset(ACTORS),
    "signed in": frozenset(ACTORS) - {"anonymous"},
    "owner": frozenset({"owner"}),  # as the person
    "owns": OWNER_SEES,
    "view": frozenset({"view"}),
    "manager": frozenset({"manager"}),
    "owner, or admin": frozenset({"owner", "admin"}),
    "owns, or admin": OWNER_SEES | {"admin"},
    "staff": STAFF,
    "employees": STAFF | {"admin"},
    "admin": frozenset({"admin"}),
    "operators": frozenset({"operator"}),
    "clerks": frozenset({"clerk"}),
    "payer": frozenset({"payer"}),
    "payer, or staff": STAFF | {"payer"},
    "customer, or staff": STAFF | OWNER_SEES | {"view"},
    "contract": CONTRACT,
    "customer": OWNER_SEES | {"view"},
    "house": CONTRACT | {"manager"},
    "contract, or staff": STAFF | CONTRACT,
    "house, or staff": STAFF | CONTRACT | {"manager"},
    "manager, or staff": STAFF | {"manager"},
    "manager, or operators": frozenset({"manager", "operator"}),
    "owner, or staff": STAFF | {"owner"},
    "owns, or staff": STAFF | OWNER_SEES,
    "pays": frozenset({"owner", "pay"}),
    "pays, or clerks": frozenset({"owner", "pay", "clerk"}),
    "submits, or operators": frozenset({"owner", "submit", "operator"}),
    "submits for the house, or operators": frozenset({"owner", "submit", "manager", "operator"}),
    "submits, or staff": STAFF | {"owner", "submit"},
    "requests": frozenset({"owner", "request"}),
    "requests, or operators": frozenset({"owner", "request", "operator"}),
    "requests, or staff": STAFF | {"owner", "request"},
}

TYPES: Mapping[str, str] = {
    "Activity": "owns, or staff",
    "Application": "customer, or staff",
    "AllocationMethod": "house, or staff",
    "BankAccount": "clerks",
    "BankLine": "clerks",
    "BankStatement": "clerks",
    "BankStatementUpload": "clerks",
    "BillingRun": "clerks",
    "Building": "house, or staff",
    "Contract": "contract, or staff",
    "ContractFee": "contract, or staff",
    "ContractOffer": "contract, or staff",
    "Correction": "contract, or staff",
    "CorrectionDue": "clerks",
    "Customer": "customer, or staff",
    "CustomerAccess": "owns, or staff",
    "DelegationInvitation": "owns, or staff",
    "FactStretch": "clerks",
    "HeldContract": "clerks",
    "IntervalDay": "contract, or staff",
    "Invoice": "contract, or staff",
    "LevelledHold": "clerks",
    "LevelledLetter": "contract, or staff",
    "LevelledRun": "clerks",
    "MachineToken": "owner, or admin",
    "Meter": "house, or staff",
    "OpenidLink": "owner",
    "Passkey": "owner",
    "AccountRecovery": "owner, or admin",
    "Outage": "house, or staff",
    "OutageCalendar": "owner",
    "OutageNotice": "customer, or staff",
    "OutagePlace": "house, or staff",
    "OutageRevision": "house, or staff",
    "Payment": "customer, or staff",
    "Notice": "customer, or staff",
    "NoticeReport": "customer, or staff",
    "PaymentApproval": "owner, or staff",
    "PaymentApproval": "owns, or staff",
    "PaymentEvent": "clerks",
    "PaymentIntent": "payer, or staff",
    "PaymentRefund": "customer, or staff",
    "PriceVersion": "everybody",
    "Product": "everybody",
    "Reading": "house, or staff",
    "ReadingLink": "submits, or staff",
    "ReadingUpload": "owner",
    "ReadingUploadRow": "owner",
    "Register": "house, or staff",
    "Session": "owner",
    "SupplyPoint": "house, or staff",
    "TermsDocument": "everybody",
    "Viewer": "owner",
    "WebhookDelivery": "owns, or admin",
    "WebhookEndpoint": "owns, or admin",
}

FIELDS: Mapping[str, str] = {
    "Application.attachments": "customer, or staff",
    "AllocationMethod.contract": "manager, or staff",
    "Building.consumption": "house, or staff",
    "Building.debts": "house, or staff",
    "Building.readingRound": "manager, or staff",
    "Contract.customer": "customer, or staff",
    "Contract.customerBalances": "customer, or staff",
    "Contract.debtArrangementPreview": "contract, or staff",
    "Contract.debtArrangements": "contract, or staff",
    "Contract.debts": "contract, or staff",
    "Contract.invoiceArchive": "contract, or staff",
    "Contract.levelledExplanation": "contract, or staff",
    "Contract.levelledPlan": "contract, or staff",
    "Contract.levelledPlanPreview": "contract, or staff",
    "Contract.permissions": "contract",
    "Contract.productComparison": "contract, or staff",
    "Contract.readingLinks": "owner, or staff",
    "Contract.readingWindow": "contract, or staff",
    "Customer.accountStatement": "customer, or staff",
    "Customer.debts": "customer, or staff",
    "Customer.invoiceArchive": "customer, or staff",
    "Customer.noticePreferences": "customer, or staff",
    "Outage.notices": "customer, or staff",
    "Customer.activity": "owns, or staff",
    "Customer.invitations": "owns, or staff",
    "Customer.webhookEndpoints": "owns",
    "WebhookEndpoint.customer": "owns",
    "Customer.paymentApprovals": "owns, or staff",
    "CustomerAccess.spentThisMonth": "owns, or staff",
    "Invoice.customer": "customer, or staff",
    "Invoice.deliveries": "contract, or staff",
    "Invoice.documents": "contract, or staff",
    "Invoice.verification": "contract, or staff",
    "Product.prices": "everybody",
    "Query.applicationTypes": "everybody",
    "Query.billPreview": "contract, or staff",
    "Query.contractConcludePreview": "signed in",
    "Query.contractSwitchPreview": "signed in",
    "Query.contractTerminationPreview": "signed in",
    "Query.delegationOffer": "everybody",
    "Query.demoInbox": "everybody",
    "Query.node": "customer, or staff",
    "Query.openidProviders": "everybody",
    "Query.payable": "everybody",
    "Query.paymentProviders": "everybody",
    "Query.priceVersions": "everybody",
    "Query.productComparison": "everybody",
    "Query.products": "everybody",
    "Query.readingLink": "everybody",
    "Query.staff": "employees",
    "Query.utilityAdapters": "everybody",
    "Query.viewer": "signed in",
    "ReadingLink.contract": "owner, or staff",
    "ReadingLink.supplyPoint": "owner, or staff",
    "Register.intervalDays": "contract, or staff",
    "Staff.accountRecoveries": "admin",
    "Staff.applications": "operators",
    "Staff.auditTrail": "admin",
    "Staff.bankAccounts": "clerks",
    "Staff.bankLines": "clerks",
    "Staff.bankQueue": "clerks",
    "Staff.bankStatements": "clerks",
    "Staff.billingRuns": "clerks",
    "Staff.contractOffers": "operators",
    "Staff.contracts": "staff",
    "Staff.corrections": "clerks",
    "Staff.correctionsDue": "clerks",
    "Staff.customers": "staff",
    "Staff.employees": "admin",
    "Staff.factStretches": "clerks",
    "Staff.flaggedReadings": "operators",
    "Staff.invoices": "staff",
    "Staff.levelledHolds": "clerks",
    "Staff.levelledRuns": "clerks",
    "Staff.machineTokens": "admin",
    "Staff.notices": "operators",
    "Staff.undeliveredEvents": "operators",
    "Staff.announcements": "operators",
    "Staff.announcementPreview": "operators",
    "Staff.outages": "operators",
    "Staff.paymentEvents": "clerks",
    "Staff.paymentIntents": "clerks",
    "Staff.paymentRefunds": "clerks",
    "Staff.payments": "clerks",
    "Staff.payoutFiles": "clerks",
    "Staff.noticeMailings": "staff",
    "Staff.bankEinvoiceFiles": "clerks",
    "Staff.printMailings": "staff",
    "Staff.webhookEndpoints": "admin",
    "Viewer.dataExport": "owner",
    "Viewer.secondFactor": "owner",
    "SupplyPoint.consumption": "house, or staff",
    "SupplyPoint.gaps": "house, or staff",
    "SupplyPoint.intervalDays": "contract, or staff",
}

# Employees are told of customers they act for themselves, as everybody is.
SUBSCRIPTIONS: Mapping[str, str] = {
    "balanceChanged": "customer",
    "inboxMessage": "customer",
    "invoiceIssued": "contract",
    "outageChanged": "house",
    "paymentChanged": "customer",
    "paymentIntentChanged": "payer",
    "readingAccepted": "house",
}


@dataclass(frozen=True, slots=True)
class Act:
    """A mutation's row: who may do it, how all others who are signed in are refused, and what it is given.

    Arguments are made up by their names and types; `given` replaces some. Who may do it is refused nothing, or for
    another reason than those; who may not changes nothing.
    """

    audience: str
    refused: tuple[str, ...] = ("FORBIDDEN",)
    given: Mapping[str, str] = field(default_factory=dict)


def an_id(type_name: str, number: int) -> str:
    """Word a global id."""
    return f'"{encode_id(type_name=type_name, number=number)}"'


CONTRACT_DESK = ("CONTRACT_UNKNOWN", "NOT_PERMITTED")
CUSTOMER_DESK = ("CUSTOMER_UNKNOWN", "NOT_PERMITTED")
WEBHOOK = ("ENDPOINT_UNKNOWN",)
INVOICE_DESK = ("INVOICE_UNKNOWN", "NOT_PERMITTED")

MUTATIONS: Mapping[str, Act] = {
    "allocationMethodAnnounce": Act(
        "manager, or operators", ("CONTRACT_NOT_MANAGED",), {"contractId": an_id("Contract", 3)}
    ),
    "allocationMethodCancel": Act("manager, or operators", ("METHOD_UNKNOWN",)),
    "applicationAnswer": Act("requests", ("APPLICATION_UNKNOWN",)),
    "applicationAttachmentCreate": Act("requests, or operators", ("APPLICATION_UNKNOWN",)),
    "applicationOfferAccept": Act("requests", ("APPLICATION_UNKNOWN",)),
    "applicationOfferRefuse": Act("requests", ("APPLICATION_UNKNOWN",)),
    "applicationWithdraw": Act("requests", ("APPLICATION_UNKNOWN",)),
    "applicationAsk": Act("operators"),
    "applicationComplete": Act("operators"),
    "applicationForward": Act("operators"),
    "applicationOffer": Act("operators"),
    "applicationOperatorAnswer": Act("operators"),
    "applicationReject": Act("operators"),
    "applicationTakeUp": Act("operators"),
    "applicationSubmit": Act("signed in", ()),
    "bankEinvoiceFileHandOver": Act("clerks"),
    "bankEinvoiceFilesMake": Act("clerks"),
    "bankLineMatch": Act("clerks", given={"invoiceIds": "[]"}),
    "bankLineReverse": Act("clerks"),
    "bankLineSetAside": Act("clerks"),
    "bankLineSplit": Act("clerks", given={"invoiceIds": "[]"}),
    "bankLineTakeBack": Act("clerks"),
    "bankStatementUploadCreate": Act("clerks"),
    "contractAcceptOffer": Act("requests, or operators", CONTRACT_DESK),
    "contractAddSupplyPoint": Act("requests, or operators", CONTRACT_DESK),
    "contractConclude": Act("requests, or operators", CUSTOMER_DESK),
    "contractDeliveryChange": Act("requests, or operators", CONTRACT_DESK),
    "contractEndSupplyPoint": Act("requests, or operators", CONTRACT_DESK),
    "contractFeeAdd": Act("operators", CONTRACT_DESK),
    "contractSwitchProduct": Act("requests, or operators", CONTRACT_DESK),
    "contractTerminate": Act("requests, or operators", CONTRACT_DESK),
    "contractTerminationWithdraw": Act("requests, or operators", CONTRACT_DESK),
    "contractWithdraw": Act("requests, or operators", CONTRACT_DESK),
    "correctionsSettle": Act("clerks"),
    "customerErase": Act("admin"),
    "customerProtectionEnd": Act("operators", CUSTOMER_DESK),
    "customerProtectionGrant": Act("operators", CUSTOMER_DESK),
    "customerUpdate": Act("owner", CUSTOMER_DESK),
    "debtArrange": Act("requests, or operators", CONTRACT_DESK),
    "debtArrangementCancel": Act("operators", CONTRACT_DESK),
    "delegatedPaymentApprove": Act("owner", ("APPROVAL_UNKNOWN",)),
    "delegatedPaymentRefuse": Act("owner", ("APPROVAL_UNKNOWN",), {"approvalId": an_id("PaymentApproval", 9)}),
    "delegationAccept": Act("signed in", ()),
    "delegationDecline": Act("everybody", ()),
    "delegationInvitationWithdraw": Act("owner", ("INVITATION_UNKNOWN",)),
    "delegationInvite": Act("owner", ("CUSTOMER_UNKNOWN", "NOT_OWNER"), {"email": "null"}),
    "delegationLeave": Act("view", ("DELEGATION_UNKNOWN",), {"delegationId": an_id("CustomerAccess", 101)}),
    "delegationRevoke": Act("owner", ("DELEGATION_UNKNOWN",), {"delegationId": an_id("CustomerAccess", 105)}),
    "delegationUpdate": Act("owner", ("DELEGATION_UNKNOWN",), {"delegationId": an_id("CustomerAccess", 104)}),
    "ownershipOffer": Act("owner", ("CUSTOMER_UNKNOWN", "NOT_OWNER")),
    "impersonationBegin": Act("operators", ("NOT_PERMITTED",)),
    "impersonationEnd": Act("signed in", ()),
    "invoiceCorrect": Act("clerks"),
    "invoiceDeliver": Act("staff"),
    "invoiceDispute": Act("requests, or operators", INVOICE_DESK),
    "invoiceDisputeClose": Act("operators", INVOICE_DESK),
    "invoiceInstantCreate": Act("submits, or staff", ("CONTRACT_UNKNOWN",)),
    "levelledPlanChangeAmount": Act("requests, or staff", ("CONTRACT_UNKNOWN",)),
    "levelledPlanChangeForecast": Act("requests, or staff", ("CONTRACT_UNKNOWN",)),
    "levelledPlanSettle": Act("clerks"),
    "levelledPlanStart": Act("requests, or staff", ("CONTRACT_UNKNOWN",)),
    "levelledPlanStop": Act("requests, or staff", ("CONTRACT_UNKNOWN",)),
    "levelledPlansRecalculate": Act("clerks"),
    "machineTokenCreate": Act("signed in", ()),
    "machineTokenRevoke": Act("owner, or admin", ("TOKEN_UNKNOWN",), {"tokenId": an_id("MachineToken", 1)}),
    "meterInstall": Act("operators"),
    "meterReplace": Act("operators"),
    "passwordChange": Act("signed in", ()),
    "passwordReset": Act("everybody", ()),
    "passwordResetRequest": Act("everybody", ()),
    "announcementSend": Act("operators"),
    "applicationCustomerCreate": Act("operators"),
    "eventSendAgain": Act("operators", given={"eventId": an_id("UndeliveredEvent", 1)}),
    "noticePreferenceSet": Act("requests, or operators", CUSTOMER_DESK),
    "openidLink": Act("signed in", ()),
    "openidLinkBegin": Act("signed in", ()),
    "openidLinkFinish": Act("signed in", ()),
    "openidSignInBegin": Act("everybody", ()),
    "openidSignInFinish": Act("everybody", ()),
    "openidUnlink": Act("owner", ("LINK_UNKNOWN",), {"linkId": an_id("OpenidLink", 1)}),
    "outageCalendarCreate": Act("signed in", ()),
    "outageCalendarRevoke": Act("owner", ("CALENDAR_UNKNOWN",), {"calendarId": an_id("OutageCalendar", 1)}),
    "outageCancel": Act("operators"),
    "outageMove": Act("operators"),
    "outagePlan": Act("operators"),
    "outageRestore": Act("operators"),
    "outageUploadCreate": Act("operators"),
    **{name: Act(*row) for name, row in WAYS.items()},
    "paymentCreate": Act("pays", ("CONTRACT_NOT_PAYABLE",), {"provider": '"card"', "contractId": an_id("Contract", 1)}),
    "paymentRefresh": Act("payer, or staff", ("INTENT_UNKNOWN",)),
    "paymentEventBook": Act("clerks"),
    "paymentEventBookRefund": Act("clerks"),
    "paymentEventSetAside": Act("clerks"),
    "paymentEventTakeBack": Act("clerks"),
    "payoutFileCancel": Act("clerks"),
    "payoutFileConfirm": Act("clerks"),
    "payoutFileMake": Act("clerks"),
    "refundReject": Act("clerks"),
    "noticeMailingMake": Act("staff"),
    "noticeMailingPost": Act("staff"),
    "printMailingMake": Act("staff"),
    "partnerTokenCreate": Act("admin"),
    "readingAccept": Act("operators"),
    "readingLinkCreate": Act("submits, or operators", ("CONTRACT_UNKNOWN",)),
    "readingLinkRevoke": Act("submits, or operators", ("LINK_UNKNOWN",)),
    "readingLinkSubmit": Act("everybody", ()),
    "readingReject": Act("operators"),
    "readingSubmit": Act("submits for the house, or operators", ("REGISTER_UNKNOWN",)),
    "readingSubmitMany": Act("submits for the house, or operators", ("REGISTER_UNKNOWN",)),
    "readingUploadCreate": Act(
        "manager", ("UPLOAD_NOT_ALLOWED", "BUILDING_UNKNOWN"), {"source": "MANAGER", "buildingId": an_id("Building", 1)}
    ),
    "refundCreate": Act("pays, or clerks", ("PAYMENT_UNKNOWN",)),
    "registrationAddBegin": Act("signed in", ()),
    "registrationAddConfirm": Act("signed in", ()),
    "registrationBegin": Act("everybody", ()),
    "registrationConfirm": Act("everybody", ()),
    "secondFactorBegin": Act("signed in", ()),
    "secondFactorConfirm": Act("signed in", ()),
    "secondFactorDisable": Act("signed in", ()),
    "secondFactorRecoveryCodesRenew": Act("signed in", ()),
    "sessionConfirm": Act("everybody", ()),
    "sessionCreate": Act("everybody", ()),
    "sessionEnd": Act("owner", ("SESSION_UNKNOWN",)),
    "sessionProve": Act("signed in", ()),
    "sessionRefresh": Act("everybody", (), {"refreshToken": '"unknown"'}),
    "sessionRevoke": Act("signed in", ()),
    "sessionRevokeAll": Act("signed in", ()),
    "viewerUpdate": Act("signed in", ()),
    "staffDeactivate": Act("admin"),
    "staffInvite": Act("admin"),
    "staffRoleGive": Act("admin"),
    "staffRoleTake": Act("admin"),
    "supplyPointAreaCorrect": Act("operators"),
    "webhookCreate": Act("owner", CUSTOMER_DESK, {"customerId": an_id("Customer", 1)}),
    "webhookDeliveryResend": Act("owner", ("DELIVERY_NOT_FAILED",)),
    "webhookDisable": Act("owner, or admin", WEBHOOK),
    "webhookEnable": Act("owner", WEBHOOK),
    "webhookFailedResend": Act("owner", WEBHOOK),
    "webhookSecretRotate": Act("owner", WEBHOOK),
    "webhookTest": Act("owner", WEBHOOK),
    "webhookUpdate": Act("owner", WEBHOOK, {"url": "null", "events": "null"}),
}
