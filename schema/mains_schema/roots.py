"""The root fields: where every query and mutation begins."""

from __future__ import annotations

from datetime import date

import strawberry

from mains_schema.billing.bill_preview import BILL_PREVIEW_ROWS, PREVIEW_GIVEN, BillPreview, bill_preview
from mains_schema.billing.mutations_bank_einvoices import BankEinvoiceMutations
from mains_schema.billing.mutations_billing import BillingMutations
from mains_schema.billing.mutations_delivery import DeliveryMutations
from mains_schema.contracts.contract_inputs import ContractPlanInput
from mains_schema.contracts.contract_life import (
    PREVIEW_ROWS,
    ContractPreview,
    contract_conclude_preview,
    contract_switch_preview,
    contract_termination_preview,
)
from mains_schema.contracts.mutations_contract import ContractMutations
from mains_schema.contracts.mutations_levelled import LevelledMutations
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.context import Context
from mains_schema.declaring.errors import forbidden, unauthenticated
from mains_schema.declaring.gates import gate, given
from mains_schema.declaring.given import Given, asked_with
from mains_schema.declaring.mapping import by_id, connection, mine, section
from mains_schema.declaring.node import Node
from mains_schema.metering.mutations_allocation import AllocationMutations
from mains_schema.metering.mutations_meter import MeterMutations
from mains_schema.metering.mutations_reading import ReadingMutations
from mains_schema.metering.reading_link import (
    LINK_ROWS,
    ReadingLinkView,
    reading_link,
)
from mains_schema.money.mutations_bank import BankMutations
from mains_schema.money.mutations_debt import DebtMutations
from mains_schema.money.mutations_events import PaymentEventMutations
from mains_schema.money.mutations_paying import PayingMutations
from mains_schema.money.mutations_payouts import PayoutMutations
from mains_schema.money.paying import PAYABLE_ROWS, Payable, PaymentProvider, payable, payment_providers
from mains_schema.parties.delegation_link import INVITATION_ROWS, DelegationOffer, delegation_offer
from mains_schema.parties.mutations_account import AccountMutations
from mains_schema.parties.mutations_delegation import DelegationMutations
from mains_schema.parties.mutations_impersonation import ImpersonationMutations
from mains_schema.parties.mutations_machine_tokens import MachineTokenMutations
from mains_schema.parties.mutations_openid import OpenidMutations
from mains_schema.parties.mutations_passkeys import PasskeyMutations
from mains_schema.parties.mutations_privacy import PrivacyMutations
from mains_schema.parties.mutations_recovery import RecoveryMutations
from mains_schema.parties.mutations_second_factor import SecondFactorMutations
from mains_schema.parties.mutations_session import SessionMutations
from mains_schema.parties.mutations_staff import StaffMutations
from mains_schema.parties.openid import OpenidProvider, openid_providers
from mains_schema.parties.viewer import Viewer
from mains_schema.selling.adapter import UtilityAdapter, utility_adapters
from mains_schema.selling.comparison import ProductComparisonAnswer, ProductComparisonInput
from mains_schema.selling.comparison_asked import COMPARISON_ROWS, product_comparison
from mains_schema.selling.tariff import (
    PriceVersion,
    PriceVersionFilter,
    PriceVersionOrder,
    Product,
    ProductFilter,
    ProductOrder,
)
from mains_schema.staff import Staff
from mains_schema.telling.application import ApplicationType, application_types
from mains_schema.telling.application_customer import ApplicationCustomerMutations
from mains_schema.telling.demo_inbox import DEMO_INBOX_GIVEN, DEMO_INBOX_ROWS, DemoMessage, demo_inbox
from mains_schema.telling.mutations_announcement import AnnouncementMutations
from mains_schema.telling.mutations_application import ApplicationMutations
from mains_schema.telling.mutations_letters import LetterMutations
from mains_schema.telling.mutations_notice import NoticeMutations
from mains_schema.telling.mutations_outage import OutageMutations
from mains_schema.telling.mutations_webhook import WebhookMutations


def staff_only(context: Context) -> None:
    """Let employees in."""
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    if not context.viewer.is_employee:
        raise forbidden("Only employees of the utility can see this.")


@section
class Query:
    """Everything that can be read."""

    viewer: Viewer = mine("Who is signed in, and everything that is theirs. UNAUTHENTICATED without a session.")
    node: Node | None = by_id("Anything by its global id; null if it is gone or not for the viewer to see.")
    products: Connection[Product] = connection(
        "What the utilities sell, for everybody to see.", orders=ProductOrder, filters=ProductFilter
    )
    price_versions: Connection[PriceVersion] = connection(
        "Dated prices, for everybody to see.", orders=PriceVersionOrder, filters=PriceVersionFilter
    )

    utility_adapters: list[UtilityAdapter] = given(
        "The utilities served and what they can do, for everybody to see; at most a few dozen.", utility_adapters
    )
    application_types: list[ApplicationType] = given(
        "What one can apply for with each utility, with the forms, for everybody to see; at most a few dozen.",
        application_types,
    )
    payment_providers: list[PaymentProvider] = given(
        "The payment providers that are set up, for everybody to see; at most twenty.", payment_providers
    )
    openid_providers: list[OpenidProvider] = given(
        "The internet banks and other providers that one can sign in with, for everybody to see; at most a few.",
        openid_providers,
    )
    payable: Payable | None = asked_with(
        "What is to be paid by a payment reference or contract number, also somebody else's; null if nothing is known"
        " by it. RATE_LIMITED after many guesses from one address, or from all.",
        payable,
        given=(Given("reference", str, "A payment reference (`RF...`) or contract number; spaces do not matter."),),
        rows=PAYABLE_ROWS,
    )
    demo_inbox: list[DemoMessage] = asked_with(
        "What a demonstration sent to anybody, the last first, at most 100: mails, text messages and letters, none of"
        " which leaves it. FORBIDDEN everywhere else.",
        demo_inbox,
        given=DEMO_INBOX_GIVEN,
        rows=DEMO_INBOX_ROWS,
    )
    staff: Staff = gate(
        "Everything operational. FORBIDDEN to who is not an employee of the utility.", Staff, check=staff_only
    )

    delegation_offer: DelegationOffer | None = asked_with(
        "What an invitation offers, for whoever has its link's token; no session is needed. Null for every token that"
        " is not of an open invitation.",
        delegation_offer,
        given=(Given("token", str, "The token of the link."),),
        rows=INVITATION_ROWS,
    )
    reading_link: ReadingLinkView = asked_with(
        "What a one-time link asks for, for whoever has its token; no session is needed.",
        reading_link,
        given=(Given("token", str, "The token of the link."),),
        rows=LINK_ROWS,
    )
    contract_conclude_preview: ContractPreview = asked_with(
        "What concluding a contract would bring, before it is concluded. Asking changes nothing.",
        contract_conclude_preview,
        given=(Given("contract", ContractPlanInput, "The contract to look at."),),
        rows=PREVIEW_ROWS,
    )
    contract_switch_preview: ContractPreview = asked_with(
        "What another product would bring a contract: a fee, its first day, perhaps a new number. Changes nothing.",
        contract_switch_preview,
        given=(
            Given("contract_id", strawberry.ID, "Global id of the contract."),
            Given("product", str, "Code of the product."),
            Given("starts_on", date, "First day with it: the first of a month."),
        ),
        rows=PREVIEW_ROWS,
    )
    contract_termination_preview: ContractPreview = asked_with(
        "What terminating a contract would cost, by the rule of its product. Asking changes nothing.",
        contract_termination_preview,
        given=(
            Given("contract_id", strawberry.ID, "Global id of the contract."),
            Given("ends_on", date, "First day without supply."),
        ),
        rows=PREVIEW_ROWS,
    )

    bill_preview: BillPreview = asked_with(
        "A contract's bill of any days, worked out by the code that issues it, for who sees the contract; also of days"
        " to come, which are foretold. NOT_FOUND for a contract one does not see.",
        bill_preview,
        given=PREVIEW_GIVEN,
        rows=BILL_PREVIEW_ROWS,
    )

    product_comparison: ProductComparisonAnswer = asked_with(
        "What a year would cost on each product of a utility, for everybody by a typed consumption, or for a contract"
        " one sees by its own last twelve months. RATE_LIMITED while too many ask at once, and beyond 60 a minute for"
        " who is not signed in.",
        product_comparison,
        given=(Given("input", ProductComparisonInput, "What to compare."),),
        rows=COMPARISON_ROWS,
    )


@section
class Mutation(
    SessionMutations,
    SecondFactorMutations,
    OpenidMutations,
    PasskeyMutations,
    RecoveryMutations,
    AccountMutations,
    ReadingMutations,
    MeterMutations,
    BillingMutations,
    ContractMutations,
    AllocationMutations,
    LevelledMutations,
    DebtMutations,
    BankMutations,
    DeliveryMutations,
    BankEinvoiceMutations,
    PayingMutations,
    PrivacyMutations,
    NoticeMutations,
    LetterMutations,
    AnnouncementMutations,
    OutageMutations,
    ApplicationMutations,
    ApplicationCustomerMutations,
    DelegationMutations,
    ImpersonationMutations,
    MachineTokenMutations,
    StaffMutations,
    PaymentEventMutations,
    PayoutMutations,
    WebhookMutations,
):
    """Everything that can be done."""
