from __future__ import annotations

from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)
from mains_schema.declaring.mapping import Asked, ReadField, source_of
from mains_schema.http.build import export_sdl
from mains_schema.live.feeds import FEEDS
from mains_schema.served import schema

ROOT = Path(__file__).parents[2]
TYPES = {
    name: kind
    for name, kind in schema()._schema.type_map.items()
    if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
}


def test_the_exported_schema_is_the_served_one() -> None:
    assert (ROOT / "schema/schema.graphql").read_text() == export_sdl(schema()), "run `mains sdl` and read the diff"


def test_there_is_no_float() -> None:
    assert "Float" not in schema()._schema.type_map
    assert "Float" not in export_sdl(schema())


def test_everything_is_described() -> None:
    silent = [name for name, kind in TYPES.items() if not kind.description]
    for name, kind in TYPES.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, declared in kind.fields.items():
                silent += [] if declared.description else [f"{name}.{field}"]
                silent += [f"{name}.{field}({a})" for a, given in declared.args.items() if not given.description]
        if isinstance(kind, GraphQLInputObjectType):
            silent += [f"{name}.{field}" for field, declared in kind.fields.items() if not declared.description]
        if isinstance(kind, GraphQLEnumType):
            silent += [f"{name}.{value}" for value, declared in kind.values.items() if not declared.description]

    assert silent == []


def test_nulls_are_explained() -> None:
    unexplained = [
        f"{name}.{field}"
        for name, kind in TYPES.items()
        if isinstance(kind, GraphQLObjectType)
        for field, declared in kind.fields.items()
        if not str(declared.type).endswith("!")
        and not any(word in (declared.description or "") for word in ("null", "Null", "empty", "no longer"))
    ]

    assert unexplained == []


SIGNIN = {
    f"Mutation.{name}": "it writes"
    for name in (
        "customerUpdate",
        "passwordChange",
        "passwordReset",
        "passwordResetRequest",
        "registrationAddBegin",
        "registrationAddConfirm",
        "registrationBegin",
        "registrationConfirm",
        "sessionEnd",
        "sessionProve",
        "sessionRefresh",
        "sessionRevokeAll",
        "viewerUpdate",
    )
}
PAYING = {
    "Mutation.paymentCreate": "it writes, and asks the provider",
    "Mutation.paymentRefresh": "it asks the provider",
    "Mutation.refundCreate": "it writes, and asks the provider",
    **{f"Mutation.paymentEvent{deed}": "it writes" for deed in ("Book", "BookRefund", "TakeBack", "SetAside")},
    **{f"Mutation.{deed}": "it writes" for deed in ("payoutFileMake", "payoutFileConfirm", "payoutFileCancel")},
    "Mutation.refundReject": "it writes",
    "Staff.payoutFiles": "they are few, and are without their content",
    "Query.payable": "the paying room looks it up, for who can quote it",
}
LEVELLED = {
    "Mutation.levelledPlanStart": "it writes",
    "Mutation.levelledPlanChangeAmount": "it writes",
    "Mutation.levelledPlanChangeForecast": "it writes",
    "Mutation.levelledPlanStop": "it writes",
    "Mutation.levelledPlanSettle": "it writes",
    "Mutation.levelledPlansRecalculate": "it writes",
    "Contract.levelledPlan": "the levelling room reads it with its months",
    "Contract.levelledExplanation": "billing works it out again",
    "Contract.levelledPlanPreview": "the levelling room works it out",
}
CONTRACT_STEPS = [
    f"Mutation.{name}"
    for name in (
        "contractConclude",
        "contractAddSupplyPoint",
        "contractEndSupplyPoint",
        "contractSwitchProduct",
        "contractAcceptOffer",
        "contractTerminate",
        "contractTerminationWithdraw",
        "contractWithdraw",
        "contractDeliveryChange",
        "contractFeeAdd",
        "customerProtectionGrant",
        "customerProtectionEnd",
    )
]


DEBTS = {
    **{
        f"Mutation.{name}": "it writes"
        for name in ("debtArrange", "debtArrangementCancel", "invoiceDispute", "invoiceDisputeClose")
    },
    **dict.fromkeys(
        ("Contract.debts", "Customer.debts", "Building.debts", "Contract.debtArrangements"),
        "the dunning room reads it with what it works out for today",
    ),
    "Contract.debtArrangementPreview": "the dunning room plans it",
}
BANK = {
    **{
        f"Mutation.{name}": "it writes"
        for name in (
            "bankStatementUploadCreate",
            "bankLineMatch",
            "bankLineSplit",
            "bankLineSetAside",
            "bankLineTakeBack",
            "bankLineReverse",
        )
    },
    "Customer.accountStatement": "the payments room writes it",
}
DELIVERIES = {
    **dict.fromkeys(("Mutation.invoiceDeliver", "Mutation.printMailingMake"), "it writes"),
    **dict.fromkeys(("Mutation.bankEinvoiceFilesMake", "Mutation.bankEinvoiceFileHandOver"), "it writes"),
    "Invoice.deliveries": "the delivery room reads it with its receipts",
    **dict.fromkeys(
        [f"Mutation.staff{name}" for name in ("Invite", "RoleGive", "RoleTake", "Deactivate")], "it writes"
    ),
    "Staff.employees": "persons are rows of their own customers' alone; of administrators",
    "Staff.auditTrail": "names people and customers whatever became of their rows; of administrators",
    **dict.fromkeys(("Mutation.noticePreferenceSet", "Mutation.eventSendAgain"), "it writes"),
    **dict.fromkeys(("Mutation.noticeMailingMake", "Mutation.noticeMailingPost"), "it writes"),
    "Customer.noticePreferences": "the usual channels are no rows",
    "Staff.undeliveredEvents": "the outbox is no table of the schema",
    "Mutation.announcementSend": "it writes",
    **dict.fromkeys(("Staff.announcements", "Staff.announcementPreview"), "the notifications room counts"),
    "Staff.noticeMailings": "the files themselves are not read",
    "Staff.bankEinvoiceFiles": "the files themselves are not read",
    "Staff.printMailings": "the files themselves are not read",
}
CORRECTIONS = [
    f"Mutation.{name}"
    for name in ("invoiceInstantCreate", "invoiceCorrect", "invoiceCredit", "correctionsSettle", "billingHoldAccept")
]
OUTAGES = [
    f"Mutation.outage{name}"
    for name in ("Plan", "Move", "Cancel", "Restore", "UploadCreate", "CalendarCreate", "CalendarRevoke")
]
WEBHOOKS = [
    f"Mutation.webhook{name}"
    for name in ("Create", "Update", "SecretRotate", "Disable", "Enable", "Test", "DeliveryResend", "FailedResend")
]
APPLICATIONS = [
    f"Mutation.application{name}"
    for name in (
        "Submit",
        "AttachmentCreate",
        "Offer",
        "Complete",
        "CustomerCreate",
        "TakeUp",
        "Ask",
        "Answer",
        "Forward",
        "OperatorAnswer",
        "OfferAccept",
        "OfferRefuse",
        "Reject",
        "Withdraw",
    )
]
DELEGATION = {
    **{
        f"Mutation.{name}": "it writes"
        for name in (
            "delegationInvite",
            "ownershipOffer",
            "delegationInvitationWithdraw",
            "delegationAccept",
            "delegationDecline",
            "delegationRevoke",
            "delegationLeave",
            "delegationUpdate",
            "delegatedPaymentApprove",
            "delegatedPaymentRefuse",
            "impersonationBegin",
            "impersonationEnd",
            "machineTokenCreate",
            "machineTokenRevoke",
            "partnerTokenCreate",
        )
    },
    "Query.delegationOffer": "whoever has the token is no viewer",
    "Query.demoInbox": "the process keeps what it caught",
    "CustomerAccess.spentThisMonth": "the delegation room sums the month, which begins where the utility bills",
}
ALLOCATION_STEPS = [
    f"Mutation.{name}" for name in ("allocationMethodAnnounce", "allocationMethodCancel", "supplyPointAreaCorrect")
]


PRIVACY = {"Viewer.dataExport": "links are signed for who asks", "Mutation.customerErase": "it writes"}
SECOND_FACTOR = {
    "Viewer.secondFactor": "the sign-in room counts the recovery codes that are left",
    **dict.fromkeys(
        (
            "Mutation.openidSignInBegin",
            "Mutation.openidSignInFinish",
            "Mutation.openidLinkBegin",
            "Mutation.openidLinkFinish",
            "Mutation.openidLink",
            "Mutation.openidUnlink",
            "Mutation.accountRecoveryApprove",
            "Mutation.accountRecoveryBegin",
            "Mutation.accountRecoveryFinish",
            "Mutation.accountRecoveryOpen",
            "Mutation.accountRecoveryStop",
            "Mutation.accountRecoveryWithdraw",
            "Mutation.passkeyProveBegin",
            "Mutation.passkeyProveFinish",
            "Mutation.passkeyRegisterBegin",
            "Mutation.passkeyRegisterFinish",
            "Mutation.passkeyRemove",
            "Mutation.passkeyRename",
            "Mutation.passkeySignInBegin",
            "Mutation.passkeySignInFinish",
            "Mutation.sessionConfirm",
            "Mutation.secondFactorBegin",
            "Mutation.secondFactorConfirm",
            "Mutation.secondFactorRecoveryCodesRenew",
            "Mutation.secondFactorDisable",
        ),
        "it writes",
    ),
}


def test_hand_written_fields_are_few_and_have_a_reason() -> None:
    """Each costs more than a declared one, so each is listed here with its reason."""
    reasons = {
        **{f"Mutation.{name}": "it writes" for name in ("sessionCreate", "sessionRevoke")},
        "Mutation.readingSubmit": "it writes",
        "Mutation.readingSubmitMany": "it writes",
        "Mutation.readingUploadCreate": "it writes",
        "Mutation.readingLinkCreate": "it writes",
        "Mutation.readingLinkRevoke": "it writes",
        "Mutation.readingLinkSubmit": "it writes",
        "Building.readingRound": "it takes a day, and only who manages the house may ask",
        "Query.readingLink": "whoever has the token is no viewer",
        **dict.fromkeys(("Mutation.readingAccept", "Mutation.readingReject"), "it writes"),
        **dict.fromkeys(("Mutation.meterInstall", "Mutation.meterReplace"), "it writes"),
        **dict.fromkeys(CONTRACT_STEPS, "it writes"),
        "Query.contractConcludePreview": "the contracts room plans it",
        "Query.contractSwitchPreview": "the contracts room plans it",
        "Query.contractTerminationPreview": "the contracts room plans it",
        **dict.fromkeys((*ALLOCATION_STEPS, *OUTAGES, *APPLICATIONS, *WEBHOOKS), "it writes"),
        **dict.fromkeys(CORRECTIONS, "it writes"),
        **(LEVELLED | DEBTS | DELIVERIES | PAYING | SIGNIN | DELEGATION),
        **dict.fromkeys(("InvoiceLine.weightedPrice", "InvoiceLine.explanation"), "billing works it out"),
        "Invoice.verification": "billing works it out again",
        "Query.billPreview": "billing works it out, and foretells the rest",
        **(BANK | PRIVACY | SECOND_FACTOR),
        "SupplyPoint.consumption": "the consumption room works it out",
        "Building.consumption": "the consumption room works it out",
        "Product.prices": "the offers room works them out",
        "SupplyPoint.gaps": "the intervals room works it out",
        "Query.productComparison": "the offers room works it out",
        "Contract.productComparison": "the offers room works it out",
        "Application.attachments": "links are signed for who asks",
        "Invoice.documents": "links are signed for who asks",
        **dict.fromkeys(("Contract.invoiceArchive", "Customer.invoiceArchive"), "links are signed for who asks"),
        **{f"Subscription.{name}": "an event says which row" for name in FEEDS},
        "Contract.readingWindow": "billing works the bill out that comes if nothing is sent",
    }
    found = {
        f"{name}.{field}"
        for name, kind in TYPES.items()
        if isinstance(kind, GraphQLObjectType)
        for field, declared in kind.fields.items()
        if (strawberry_field := declared.extensions.get("strawberry-definition")) is not None
        and (
            isinstance(source_of(strawberry_field), Asked)
            or (strawberry_field.base_resolver is not None and not isinstance(strawberry_field, ReadField))
        )
    }

    assert found == reasons.keys()
