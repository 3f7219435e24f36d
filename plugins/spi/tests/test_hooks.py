"""The hooks as pluggy sees them, and the small functions beside them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pluggy
import pytest
from mains_spi import (
    PROJECT,
    REQUIRED_HOOKS,
    ChargeCode,
    ChargeTax,
    Hooks,
    Labels,
    Product,
    ProductsRequest,
    Utility,
    hookimpl,
    tax_codes,
)

WORD = Labels("ūdens", "water", "вода")


class Adapter:
    @hookimpl
    def describe_utility(self):
        charge = ChargeCode("water", "reduced", "6110", WORD)
        return Utility(code="water", spi_major=1, labels=WORD, quantities=(), charges=(charge,), price_lists=("water",))

    @hookimpl
    def products(self, request):
        return (Product(code=f"water-{request.on.year}", labels=WORD, tariff="water", price_list="water"),)


@pytest.fixture
def host():
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    return manager


def test_an_adapter_answers_directly(host):
    host.register(Adapter())

    assert host.hook.describe_utility().code == "water"
    assert host.hook.products(request=ProductsRequest(date(2023, 1, 1)))[0].code == "water-2023"


def test_unknown_hooks_are_found(host):
    class Odd(Adapter):
        @hookimpl
        def prices(self):
            return ()

    host.register(Odd())

    with pytest.raises(pluggy.PluginValidationError, match="prices"):
        host.check_pending()


def test_wrong_signatures_are_found(host):
    class Odd:
        @hookimpl
        def tariff(self, contract):
            return None

    with pytest.raises(pluggy.PluginValidationError, match="contract"):
        host.register(Odd())


def test_every_hook_is_documented():
    hooks = [name for name in vars(Hooks) if not name.startswith("_")]

    assert len(hooks) == 10
    assert set(REQUIRED_HOOKS) <= set(hooks)
    assert all(getattr(Hooks, name).__doc__ for name in hooks)


def test_tax_codes_of_a_utility():
    assert tax_codes(Adapter().describe_utility()) == (ChargeTax("water", "reduced"),)


def test_products_have_trade_terms_with_defaults():
    (product,) = Adapter().products(ProductsRequest(date(2023, 1, 1)))

    assert (product.exit_fee, product.term_months, product.rated) == (None, None, False)
    assert Product(code="u", labels=WORD, tariff="t", price_list="p", exit_fee=15).exit_fee == Decimal(15)
