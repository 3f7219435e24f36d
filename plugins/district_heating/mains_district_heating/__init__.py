"""District heating of apartment houses: one heat meter a house, shared out over flats and shops to the cent."""

from __future__ import annotations

from mains_spi import ContractCheck, Problem, Product, ProductsRequest, Tariff, TariffRequest, Utility, hookimpl

from mains_district_heating import card, checks, tariffs


@hookimpl
def describe_utility() -> Utility:
    """Give the identity card."""
    return card.UTILITY


@hookimpl
def products(request: ProductsRequest) -> tuple[Product, ...]:
    """Give what a customer can have; it is the same on every day."""
    return card.PRODUCTS


@hookimpl
def tariff(request: TariffRequest) -> Tariff:
    """Give a product's tariff."""
    return tariffs.OF_PRODUCT[request.product]


@hookimpl
def check_contract(request: ContractCheck) -> tuple[Problem, ...]:
    """Give what is wrong with a contract's attributes."""
    return checks.contract_problems(request)
