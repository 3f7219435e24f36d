"""A bad adapter is set aside with one line of reason; the others work as if it were not there."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from mains_server.adapters.loading import FoundPlugin, installed_plugins
from mains_server.adapters.records import AdapterState
from mains_spi import Const, Labels, PerUnit, Price, Product, Qty, Rounding, Tariff, hookimpl


def _reason(host, name="bad"):
    (adapter,) = [a for a in host.adapters if a.name == name]
    assert adapter.state is AdapterState.SET_ASIDE
    assert "\n" not in adapter.reason
    return adapter.reason


def _bad(plugin):
    return FoundPlugin(name="bad", version="0.1", load=lambda: plugin)


def test_an_honest_adapter_is_active(water, host_of):
    (adapter,) = host_of(water()).adapters

    assert adapter.state is AdapterState.ACTIVE
    assert adapter.reason is None
    assert adapter.code == "water"
    assert [product.code for product in adapter.products] == ["tap"]


def test_installed_plugins_come_in_the_order_of_their_names():
    names = [plugin.name for plugin in installed_plugins()]

    assert names == sorted(names)


def test_an_import_error_sets_aside_and_the_rest_go_on(water, host_of):
    def load():
        raise ModuleNotFoundError("No module named 'numpyy'")

    host = host_of(FoundPlugin(name="bad", version="0.1", load=load), water())

    assert _reason(host) == "cannot be imported: ModuleNotFoundError: No module named 'numpyy'"
    assert host.codes() == ("water",)


def test_a_module_that_leaves_the_process_is_only_an_import_error(host_of):
    def load():
        raise SystemExit(3)

    assert _reason(host_of(FoundPlugin(name="bad", version="", load=load))) == "cannot be imported: SystemExit: 3"


def test_an_unknown_hook_sets_aside(water, host_of):
    class Bad(water):
        @hookimpl
        def describe_utilty(self):
            return None

    host = host_of(_bad(Bad()), water())

    assert _reason(host) == "unknown hook 'describe_utilty'"
    assert host.codes() == ("water",)


def test_a_wrong_signature_sets_aside(water, host_of):
    class Bad(water):
        @hookimpl
        def tariff(self, request, session):
            return None

    host = host_of(_bad(Bad()), water())

    assert _reason(host).startswith("wrong signature: tariff(self, request, session)") or "session" in _reason(host)
    assert host.codes() == ("water",)


def test_a_missing_hook_sets_aside(host_of):
    class Bad:
        @hookimpl
        def products(self, request):
            return ()

    assert _reason(host_of(_bad(Bad()))) == "hook describe_utility is missing"


def test_a_rated_product_without_rate_is_a_missing_hook(water, host_of):
    class Bad(water):
        @hookimpl
        def products(self, request):
            return (Product(code="tap", labels=Labels("", "", ""), tariff="", price_list="tap", rated=True),)

    assert _reason(host_of(_bad(Bad()))) == "hook rate is missing"


def test_another_major_version_sets_aside(water, host_of):
    class Bad(water):
        spi_major = 2

    host = host_of(_bad(Bad()))

    assert _reason(host) == "speaks mains-spi 2, this server speaks 1"
    assert host.adapters[0].code == "water"


def test_a_second_adapter_for_the_same_utility_is_set_aside(water, host_of):
    host = host_of(water(), _bad(water()))

    assert _reason(host) == "utility water is already served by water"
    assert host.adapter("water").name == "water"


def test_the_same_plugin_twice_is_set_aside(water, host_of):
    plugin = water()

    assert _reason(host_of(plugin, _bad(plugin))).startswith("cannot be registered: ValueError")


@pytest.mark.parametrize("code", ["", "Water", "water-2", "ūdens"])
def test_an_unreadable_code_sets_aside(water, host_of, code):
    bad = type("Bad", (water,), {"code": code})

    assert _reason(host_of(_bad(bad()))) == f"utility code {code!r} is not of the form [a-z][a-z0-9_]*"


def test_an_adapter_that_raises_while_it_is_asked_is_set_aside(water, host_of):
    class Bad(water):
        @hookimpl
        def products(self, request):
            raise RuntimeError(f"no products on {request.on}")

    host = host_of(_bad(Bad()), water())

    assert _reason(host) == "hook products: RuntimeError: no products on 2023-01-01"
    assert host.codes() == ("water",)


def test_an_adapter_that_hangs_while_it_is_asked_is_set_aside(water, host_of, forever):
    class Bad(water):
        @hookimpl
        def describe_utility(self):
            forever()

    host = host_of(_bad(Bad()), patience=timedelta(milliseconds=200))

    assert _reason(host) == "hook describe_utility: gave no answer within 0.2 s"


def test_a_tariff_that_the_vet_refuses_sets_aside(water, host_of):
    class Bad(water):
        @hookimpl
        def tariff(self, request):
            per_mwh = Price("product.water", "EUR/MWh")
            return Tariff("tap", "EUR", (PerUnit("water", Qty("m3", "m3"), per_mwh),))

    host = host_of(_bad(Bad()), water())

    assert _reason(host).startswith("hook tariff: tariff tap: water: ")
    assert host.codes() == ("water",)


def test_a_measure_that_nobody_would_ask_sets_aside(water, host_of):
    class Bad(water):
        @hookimpl
        def measure(self, request):
            return ()

    host = host_of(_bad(Bad()), water())

    assert _reason(host).startswith("hook measure is not asked by this server yet")
    assert host.codes() == ("water",)


def test_a_charge_declared_twice_sets_aside(water, host_of):
    class Bad(water):
        @hookimpl
        def describe_utility(self):
            card = water().describe_utility()
            return replace(card, charges=card.charges * 2)

    assert _reason(host_of(_bad(Bad()))) == "charge 'water' is declared twice"


@pytest.mark.parametrize("account", ["", "Water", "support:water", "revenue:"])
def test_an_account_that_cannot_be_booked_on_sets_aside(water, host_of, account):
    class Bad(water):
        @hookimpl
        def describe_utility(self):
            card = water().describe_utility()
            return replace(card, charges=(replace(card.charges[0], account=account),))

    reason = _reason(host_of(_bad(Bad())))

    assert reason == f"charge 'water' has the account {account!r}, not one such as revenue:water"


def test_the_tariff_of_another_day_is_asked_and_vetted_when_it_is_needed(water, host_of):
    class Changing(water):
        @hookimpl
        def tariff(self, request):
            rounding = Rounding() if request.on < date(2024, 1, 1) else Rounding("later")
            return Tariff("tap", "EUR", (PerUnit("water", Qty("m3", "m3"), Const(Decimal(2), "EUR/m3")),), rounding)

    adapter = host_of(Changing()).adapter("water")

    assert adapter.tariff(product="tap", on=date(2023, 1, 1)).rounding.name == "en16931"
    assert adapter.tariff(product="tap", on=date(2024, 1, 1)).rounding.name == "later"
