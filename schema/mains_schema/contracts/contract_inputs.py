"""What is asked for with a contract: the inputs of the steps in its life."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry
from mains_server.contracts.concluding import WantedContract
from mains_server.contracts.records import Delivery

from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import KEY_WORDS

POINTS_MAX = 30
STARTS_ON = "First day, civil."
CONTRACT_ID = "Global id of the contract."
PRODUCT = "Code of the product, of those that `products` lists as offered."


@strawberry.input(description="A value the utility prices by, such as `zones`.")
class ContractAttributeInput:
    """A named value."""

    name: str = strawberry.field(description="Code of the attribute, as `utilityAdapters` lists it.")
    value: str = strawberry.field(description="Its value.")


@strawberry.input(description="A contract to be looked at before it is concluded.")
class ContractPlanInput:
    """What somebody wants to conclude."""

    customer_id: strawberry.ID = strawberry.field(description="Global id of the customer.")
    adapter: str = strawberry.field(description="Code of the utility.")
    product: str | None = strawberry.field(
        description=f"{PRODUCT} Left out it is the universal service.", default=strawberry.UNSET
    )
    supply_points: list[str] = strawberry.field(
        description="Identifiers of the supply points, such as EIC codes: 1 to 30, all on one contract."
    )
    starts_on: date = strawberry.field(description=STARTS_ON)
    from_other_utility: bool | None = strawberry.field(
        description="Whether another company supplies now. It must be told until the 15th to start on the next first.",
        default=strawberry.UNSET,
    )
    delivery: Delivery | None = strawberry.field(
        description="How invoices are delivered; in the portal if left out, and never BANK."
        " Choose that afterwards, with its account.",
        default=strawberry.UNSET,
    )
    attributes: list[ContractAttributeInput] | None = strawberry.field(
        description="Values the utility prices by; those left out are its defaults.", default=strawberry.UNSET
    )
    monthly_usage: Decimal | None = strawberry.field(
        description="Expected use a month of all supply points together, in the utility's unit, for advice alone.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="A contract to be concluded.")
class ContractConcludeInput(ContractPlanInput):
    """What somebody concludes."""

    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="A supply point that a contract is to cover.")
class ContractAddSupplyPointInput:
    """A place and its first day."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    supply_point: str = strawberry.field(description="Identifier of the supply point, such as its EIC code.")
    starts_on: date = strawberry.field(description=STARTS_ON)
    from_other_utility: bool | None = strawberry.field(
        description="Whether another company supplies it now; then the first of a month.", default=strawberry.UNSET
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="A supply point that a contract is no longer to cover.")
class ContractEndSupplyPointInput:
    """A place and its first day without."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    supply_point: str = strawberry.field(description="Identifier of the supply point, such as its EIC code.")
    ends_on: date = strawberry.field(description="First day on which the contract no longer covers it.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Another product for a contract.")
class ContractSwitchProductInput:
    """A product and its first day."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    product: str = strawberry.field(description=PRODUCT)
    starts_on: date = strawberry.field(description="First day with it: the first of a month.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="An answer to an offer.")
class ContractAcceptOfferInput:
    """A contract whose open offer is accepted."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    product: str | None = strawberry.field(
        description=f"{PRODUCT} Left out it is the offered one.", default=strawberry.UNSET
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="The end of a contract.")
class ContractTerminateInput:
    """A contract and its first day without supply."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    ends_on: date = strawberry.field(description="First day on which it is no longer in force.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="A contract and a key.")
class ContractStepInput:
    """A contract that something is done with."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Another way of delivering a contract's invoices.")
class ContractDeliveryChangeInput:
    """A contract and how its invoices come."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    delivery: Delivery = strawberry.field(description="How invoices are delivered from the next one on.")
    iban: str | None = strawberry.field(
        description="IBAN of the customer's account whose internet bank shows the invoices; needed for BANK, else left"
        " out. Given again with BANK it takes the place of the account before.",
        default=strawberry.UNSET,
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


def wanted_of(given: ContractPlanInput) -> WantedContract:
    """Read what somebody wants to conclude."""
    return WantedContract(
        customer_id=number_of(given.customer_id, type_name="Customer"),
        adapter=given.adapter,
        product=given.product or None,
        supply_points=tuple(given.supply_points[: POINTS_MAX + 1]),
        starts=given.starts_on,
        is_from_other_utility=bool(given.from_other_utility or False),
        delivery=given.delivery or Delivery.PORTAL,
        attributes=tuple((one.name, one.value) for one in (given.attributes or [])[:POINTS_MAX]),
        monthly_usage=given.monthly_usage or None,
    )


def body_of(given: Any) -> dict[str, Any]:
    """Write down what a request asks for, its key aside, so that a repetition is told from another request."""
    return {name: _plain(value) for name, value in vars(given).items() if name != "idempotency_key"}


def _plain(value: Any) -> Any:
    if value is None or value is strawberry.UNSET:
        return None
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, ContractAttributeInput):
        return [value.name, value.value]
    return value if isinstance(value, bool) else str(value)
