"""Mutations in the life of a contract, for customers and for the utility's employees."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OPERATORS

from mains_schema.contracts.contract_inputs import (
    ContractAcceptOfferInput,
    ContractAddSupplyPointInput,
    ContractConcludeInput,
    ContractDeliveryChangeInput,
    ContractEndSupplyPointInput,
    ContractStepInput,
    ContractSwitchProductInput,
    ContractTerminateInput,
)
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
    ContractFeeAddInput,
    CustomerProtectionEndInput,
    CustomerProtectionGrantInput,
    CustomerProtectionPayload,
    contract_fee_add,
    customer_protection_end,
    customer_protection_grant,
)
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by

OURS = "For the customer's owner, and delegates with REQUEST_SERVICES."
STAFF = "NOT_PERMITTED to customers."


@section
class ContractMutations:
    """What is done with contracts."""

    @also_by(OPERATORS)
    @resolved(f"Concludes a contract over one or several supply points, with the next number. {OURS}")
    async def contract_conclude(
        self,
        info: Info,
        given: Annotated[ContractConcludeInput, strawberry.argument(name="input", description="What.")],
    ) -> ContractPayload:
        """Conclude a contract."""
        return await contract_conclude(info, given)

    @also_by(OPERATORS)
    @resolved(f"Lets a contract cover a free supply point from a day on. {OURS}")
    async def contract_add_supply_point(
        self,
        info: Info,
        given: Annotated[ContractAddSupplyPointInput, strawberry.argument(name="input", description="Which.")],
    ) -> ContractPayload:
        """Add a supply point."""
        return await contract_add_supply_point(info, given)

    @also_by(OPERATORS)
    @resolved(f"Lets a contract no longer cover one of its supply points. {OURS}")
    async def contract_end_supply_point(
        self,
        info: Info,
        given: Annotated[ContractEndSupplyPointInput, strawberry.argument(name="input", description="Which.")],
    ) -> ContractPayload:
        """End a supply point."""
        return await contract_end_supply_point(info, given)

    @also_by(OPERATORS)
    @resolved(
        "Gives a contract another product from a first of a month on: to customers as a new contract with a new"
        f" number, through staff with its number kept. {OURS}"
    )
    async def contract_switch_product(
        self,
        info: Info,
        given: Annotated[ContractSwitchProductInput, strawberry.argument(name="input", description="Which.")],
    ) -> ContractPayload:
        """Switch the product."""
        return await contract_switch_product(info, given)

    @also_by(OPERATORS)
    @resolved(f"Accepts what was offered for the time after the agreed price. {OURS}")
    async def contract_accept_offer(
        self,
        info: Info,
        given: Annotated[ContractAcceptOfferInput, strawberry.argument(name="input", description="Whose.")],
    ) -> ContractPayload:
        """Accept an offer."""
        return await contract_accept_offer(info, given)

    @also_by(OPERATORS)
    @resolved(f"Ends a contract; `contractTerminationPreview` shows the fee before. {OURS}")
    async def contract_terminate(
        self,
        info: Info,
        given: Annotated[ContractTerminateInput, strawberry.argument(name="input", description="Which.")],
    ) -> ContractPayload:
        """Terminate a contract."""
        return await contract_terminate(info, given)

    @also_by(OPERATORS)
    @resolved(f"Lets a terminated contract go on, before it has ended and been billed to its end. {OURS}")
    async def contract_termination_withdraw(
        self, info: Info, given: Annotated[ContractStepInput, strawberry.argument(name="input", description="Which.")]
    ) -> ContractPayload:
        """Take a termination back."""
        return await contract_termination_withdraw(info, given)

    @also_by(OPERATORS)
    @resolved(
        "Withdraws from a contract concluded at a distance, within 14 days and without a fee: before it starts it never"
        f" was, later the days supplied are billed. {OURS}"
    )
    async def contract_withdraw(
        self, info: Info, given: Annotated[ContractStepInput, strawberry.argument(name="input", description="Which.")]
    ) -> ContractPayload:
        """Withdraw from a contract."""
        return await contract_withdraw(info, given)

    @also_by(OPERATORS)
    @resolved(f"Has a contract's invoices delivered in another way from the next one on. {OURS}")
    async def contract_delivery_change(
        self,
        info: Info,
        given: Annotated[ContractDeliveryChangeInput, strawberry.argument(name="input", description="How.")],
    ) -> ContractPayload:
        """Change the delivery."""
        return await contract_delivery_change(info, given)

    @also_by(OPERATORS)
    @resolved(f"Notes a fee, which the next bill charges at the utility's price, once. {STAFF}")
    async def contract_fee_add(
        self, info: Info, given: Annotated[ContractFeeAddInput, strawberry.argument(name="input", description="What.")]
    ) -> ContractPayload:
        """Note a fee."""
        return await contract_fee_add(info, given)

    @also_by(OPERATORS)
    @resolved(f"Records that a household is protected, with its proof, from a day that is not billed. {STAFF}")
    async def customer_protection_grant(
        self,
        info: Info,
        given: Annotated[CustomerProtectionGrantInput, strawberry.argument(name="input", description="Whom.")],
    ) -> CustomerProtectionPayload:
        """Record a protected status."""
        return await customer_protection_grant(info, given)

    @also_by(OPERATORS)
    @resolved(f"Lets a protected status end on a day that is not billed. {STAFF}")
    async def customer_protection_end(
        self,
        info: Info,
        given: Annotated[CustomerProtectionEndInput, strawberry.argument(name="input", description="Whose.")],
    ) -> CustomerProtectionPayload:
        """End a protected status."""
        return await customer_protection_end(info, given)
