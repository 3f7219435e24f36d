"""An adapter that cannot be asked is named, with the hook and the line where it broke."""

from datetime import date
from types import SimpleNamespace

import mains_example_cold_water
import pytest
from mains_kit import Adapter, AdapterUnusable, installed_adapter, load_adapter
from mains_kit.adapter import hook_mistakes
from mains_kit.errors import HookRaised
from mains_spi import BadRecord, hookimpl

DAY = date(2024, 1, 1)


@hookimpl
def products(request):
    raise KeyError(request.on)


def broken(**hooks: object) -> Adapter:
    return Adapter(SimpleNamespace(**hooks))


def test_hooks_answer(adapter):
    assert adapter.name == "mains_example_cold_water"
    assert adapter.utility().code == "example_cold_water"
    assert adapter.product(code="cold_water", on=DAY).tariff == "water"
    assert adapter.tariff(product="cold_water", on=DAY).code == "water"
    assert (adapter.has("check_reading"), adapter.has("measure")) == (True, False)


def test_installed_adapter_is_found_by_its_utility():
    assert installed_adapter(utility="example_cold_water").plugin is mains_example_cold_water


def test_adapter_is_loaded_by_its_name():
    assert load_adapter(name="mains_example_cold_water").plugin is mains_example_cold_water


def test_unknown_product_is_refused_with_a_suggestion(adapter):
    with pytest.raises(AdapterUnusable, match=r"no product 'cold_watr' on 2024-01-01\. Did you mean 'cold_water'\?"):
        adapter.product(code="cold_watr", on=DAY)


def test_hook_that_raises_is_named_with_its_line():
    with pytest.raises(HookRaised, match=r"\.products raised KeyError: .* \(test_adapter\.py, line \d+\)"):
        broken(products=products).products(on=DAY)


def test_hook_that_refuses_keeps_its_reason(adapter):
    with pytest.raises(HookRaised) as refusal:
        adapter.tariff(product="gas", on=DAY)

    assert isinstance(refusal.value.__cause__, BadRecord)


@pytest.mark.parametrize(
    ("hooks", "words"),
    [
        ({}, "has no hook `describe_utility`: write it and put @hookimpl above it"),
        ({"describe_utility": lambda: None}, "is no hook yet: put @hookimpl above it"),
        ({"describe_utility": hookimpl(lambda: None)}, "answered with a NoneType: give a Utility"),
    ],
)
def test_hook_that_is_none_is_named(hooks, words):
    with pytest.raises(AdapterUnusable) as refusal:
        broken(**hooks).utility()

    assert words in str(refusal.value)


def test_missing_hooks_are_named():
    assert hook_mistakes(adapter=broken()) == (
        "hook `describe_utility` is missing: write it and put @hookimpl above it",
        "hook `products` is missing: write it and put @hookimpl above it",
    )


def test_hooks_of_an_object_are_looked_at():
    class Plugin:
        describe_utility = products = staticmethod(mains_example_cold_water.products)

        @hookimpl
        def messure(self, request):
            return ()

    assert hook_mistakes(adapter=Adapter(Plugin())) == (
        "hook `describe_utility` takes (request): write def describe_utility()",
        "hook `messure` is unknown. Did you mean 'measure'?",
    )
