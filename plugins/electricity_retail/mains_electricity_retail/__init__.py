"""Electricity retail: energy at a fixed or exchange price, network, mandatory procurement and state support."""

from __future__ import annotations

from mains_spi import (
    ContractCheck,
    Note,
    NotesRequest,
    Problem,
    Product,
    ProductsRequest,
    Tariff,
    TariffRequest,
    Utility,
    hookimpl,
)

from mains_electricity_retail import card, checks, offers, tariffs


@hookimpl
def describe_utility() -> Utility:
    """Give the identity card."""
    return card.UTILITY


@hookimpl
def products(request: ProductsRequest) -> tuple[Product, ...]:
    """Give what a customer can have; it is the same on every day."""
    return offers.PRODUCTS


@hookimpl
def tariff(request: TariffRequest) -> Tariff:
    """Give a product's tariff."""
    return tariffs.tariff_on(request.product, on=request.on)


@hookimpl
def check_contract(request: ContractCheck) -> tuple[Problem, ...]:
    """Give what is wrong with a contract's attributes."""
    return checks.contract_problems(request)


@hookimpl
def invoice_notes(request: NotesRequest) -> tuple[Note, ...]:
    """Give sentences to print on the invoice."""
    return checks.notes_of(request)
