"""Whether a contract may be as somebody wants it: the product's own bounds, and what its adapter says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from mains_spi import Attribute, Channel, ContractCheck, Product
from mains_spi import Settlement as ProductSettlement
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.live import LiveAdapter
from mains_server.contracts import queries
from mains_server.contracts.life import LifeRefusal
from mains_server.contracts.records import Contract, Settlement, SupplyPoint, Terms
from mains_server.contracts.rules import value_on
from mains_server.customers.queries import customer_by_id, protections_of_customer
from mains_server.customers.rules import tax_kind


class ProductNotOffered(LifeRefusal):
    """The utility does not sell this product, or not on that day."""

    code = "PRODUCT_NOT_OFFERED"
    path = "product"


class SettlementNotAllowed(LifeRefusal):
    """The product is not settled that way."""

    code = "SETTLEMENT_NOT_ALLOWED"
    path = "settlement"


class ChannelNotAllowed(LifeRefusal):
    """The product's invoices are not delivered that way."""

    code = "CHANNEL_NOT_ALLOWED"
    path = "delivery"


class ProtectedSettlesByInvoice(LifeRefusal):
    """Who is protected settles by invoice while the status lasts."""

    code = "PROTECTED_SETTLES_BY_INVOICE"
    path = "settlement"


class AdapterSaysNothing(LifeRefusal):
    """The adapter raised, hung or talked nonsense when it was asked, so nobody knows whether it would allow this."""

    code = "ADAPTER_SILENT"
    is_retryable = True


class ContractNotAllowed(LifeRefusal):
    """The adapter has a reason of its own; the message says it."""

    code = "CONTRACT_NOT_ALLOWED"


async def check_allowed(
    session: AsyncSession, *, adapter: LiveAdapter, contract: Contract, terms: Terms, today: date, is_new: bool = False
) -> Product:
    """Refuse terms of a contract that its product, its adapter or the customer's protected status rules out.

    With `is_new` the product is newly agreed, so it must still be sold.
    """
    product = offered(
        adapter, code=terms.product, on=max(terms.starts, today), is_had=not is_new and _had(contract, terms)
    )
    check_product(product, adapter=adapter, contract=contract, terms=terms)
    customer = await customer_by_id(session, customer_id=contract.customer_id)
    assert customer is not None
    lasting = [
        held
        for held in await protections_of_customer(session, customer_id=contract.customer_id)
        if held.ends is None or held.ends > terms.starts
    ]
    if lasting and terms.settlement is not Settlement.INVOICE:
        until = lasting[-1].ends
        raise ProtectedSettlesByInvoice(
            "while a customer is protected the contract is settled by invoice", next_allowed=until
        )
    named = {*(attribute.name for attribute in adapter.utility.attributes), "kind", "delivery", "settlement"}
    protection = next((held.kind.name.lower() for held in lasting if held.starts <= terms.starts), None)
    for point in await _points(session, contract=contract, day=terms.starts):
        told = _told(contract, terms=terms, point=point)
        told |= {"kind": tax_kind(customer.kind)} | ({} if protection is None else {"protected": protection})
        attributes = tuple(Attribute(name, value) for name, value in sorted(told.items()) if name in named)
        check = ContractCheck(product=terms.product, on=terms.starts, attributes=attributes)
        with _heard():
            problems = adapter.check_contract(check)
        for problem in problems:
            if problem.severity == "refuse":
                raise ContractNotAllowed(problem.labels.en)
    return product


def offered(adapter: LiveAdapter, *, code: str, on: date, is_had: bool = False) -> Product:
    """Give a product that is offered on a day; one that the contract has already need not be offered any more."""
    with _heard():
        products = adapter.products(on=on)
    for product in products:
        if product.code == code:
            return product
    if is_had:
        return Product(code=code, labels=adapter.utility.labels, tariff=code, price_list=code)
    raise ProductNotOffered(f"{adapter.code} has no product {code!r} on {on}; choose one that is offered")


@contextmanager
def _heard() -> Iterator[None]:
    try:
        yield
    except AdapterFailed as failed:
        raise AdapterSaysNothing("the utility's adapter did not say whether this can be; try again later") from failed


def check_product(product: Product, *, adapter: LiveAdapter, contract: Contract, terms: Terms) -> None:
    """Refuse a settlement or delivery that a product does not have, or that its adapter has no word for."""
    if ProductSettlement[terms.settlement.name] not in product.settlements:
        allowed = ", ".join(settlement.name for settlement in product.settlements)
        raise SettlementNotAllowed(f"{product.code} is settled by: {allowed}")
    by_adapter = {attribute.name: attribute.values for attribute in adapter.utility.attributes}.get("delivery")
    is_known = not by_adapter or contract.delivery.name.lower() in by_adapter
    if Channel[contract.delivery.name] not in product.channels or not is_known:
        allowed = ", ".join(channel.name for channel in product.channels)
        raise ChannelNotAllowed(f"the invoices of {product.code} are delivered by: {allowed}")


def _had(contract: Contract, terms: Terms) -> bool:
    return any(held.product == terms.product for held in contract.terms)


async def _points(session: AsyncSession, *, contract: Contract, day: date) -> Sequence[SupplyPoint]:
    ids = [
        cover.supply_point_id
        for cover in contract.covers
        if (cover.starts or contract.starts) <= max(day, contract.starts) and (cover.ends is None or day < cover.ends)
    ]
    found = [await queries.supply_point_by_id(session, supply_point_id=point) for point in ids]
    return [point for point in found if point is not None]


def _told(contract: Contract, *, terms: Terms, point: SupplyPoint) -> dict[str, str]:
    """Tell an adapter of a contract at one of its places what billing would tell it."""
    told = {"delivery": contract.delivery.name.lower(), "settlement": terms.settlement.name.lower()}
    places = {
        "premise": point.premise_kind.name.lower(),
        "phases": point.phases,
        "amperes": point.amperes,
        "area": point.area_m2,
        "residents": point.residents,
    }
    told |= {name: str(value) for name, value in places.items() if value is not None}
    for name in {attribute.name for attribute in contract.attributes}:
        value = value_on(contract.attributes, name=name, day=terms.starts)
        if value is not None:
            told[name] = value
    return told
