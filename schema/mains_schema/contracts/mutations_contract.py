"""Mutations in the life of a contract, for customers and for the utility's employees."""

from __future__ import annotations

from mains_server.access.records import OPERATORS

from mains_schema.contracts.contract_life import (
    ContractPayload,
    contract_accept_offer,
    contract_add_supply_point,
    contract_conclude,
    contract_delivery_change,
    contract_end_supply_point,
    contract_switch_product,
    contract_terminate,
    contract_termination_withdraw,
    contract_withdraw,
)
from mains_schema.contracts.contract_staff import (
    CustomerProtectionPayload,
    contract_fee_add,
    customer_protection_end,
    customer_protection_grant,
)
from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import also_by

OURS = "For the customer's owner, and delegates with REQUEST_SERVICES."
STAFF = "NOT_PERMITTED to customers."


@section
class ContractMutations:
    """What is done with contracts."""

    contract_conclude: ContractPayload = also_by(OPERATORS)(
        mutation(
            f"Concludes a contract over one or several supply points, with the next number. {OURS}",
            contract_conclude,
            given="What.",
        )
    )
    contract_add_supply_point: ContractPayload = also_by(OPERATORS)(
        mutation(
            f"Lets a contract cover a free supply point from a day on. {OURS}",
            contract_add_supply_point,
            given="Which.",
        )
    )
    contract_end_supply_point: ContractPayload = also_by(OPERATORS)(
        mutation(
            f"Lets a contract no longer cover one of its supply points. {OURS}",
            contract_end_supply_point,
            given="Which.",
        )
    )
    contract_switch_product: ContractPayload = also_by(OPERATORS)(
        mutation(
            "Gives a contract another product from a first of a month on: to customers as a new contract with a new"
            f" number, through staff with its number kept. {OURS}",
            contract_switch_product,
            given="Which.",
        )
    )
    contract_accept_offer: ContractPayload = also_by(OPERATORS)(
        mutation(
            f"Accepts what was offered for the time after the agreed price. {OURS}",
            contract_accept_offer,
            given="Whose.",
        )
    )
    contract_terminate: ContractPayload = also_by(OPERATORS)(
        mutation(
            f"Ends a contract; `contractTerminationPreview` shows the fee before. {OURS}",
            contract_terminate,
            given="Which.",
        )
    )
    contract_termination_withdraw: ContractPayload = also_by(OPERATORS)(
        mutation(
            f"Lets a terminated contract go on, before it has ended and been billed to its end. {OURS}",
            contract_termination_withdraw,
            given="Which.",
        )
    )
    contract_withdraw: ContractPayload = also_by(OPERATORS)(
        mutation(
            "Withdraws from a contract concluded at a distance, within 14 days and without a fee: before it starts it"
            f" never was, later the days supplied are billed. {OURS}",
            contract_withdraw,
            given="Which.",
        )
    )
    contract_delivery_change: ContractPayload = also_by(OPERATORS)(
        mutation(
            f"Has a contract's invoices delivered in another way from the next one on. {OURS}",
            contract_delivery_change,
            given="How.",
        )
    )
    contract_fee_add: ContractPayload = also_by(OPERATORS)(
        mutation(
            f"Notes a fee, which the next bill charges at the utility's price, once. {STAFF}",
            contract_fee_add,
            given="What.",
        )
    )
    customer_protection_grant: CustomerProtectionPayload = also_by(OPERATORS)(
        mutation(
            f"Records that a household is protected, with its proof, from a day that is not billed. {STAFF}",
            customer_protection_grant,
            given="Whom.",
        )
    )
    customer_protection_end: CustomerProtectionPayload = also_by(OPERATORS)(
        mutation(
            f"Lets a protected status end on a day that is not billed. {STAFF}", customer_protection_end, given="Whose."
        )
    )
