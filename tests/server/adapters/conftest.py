"""A small honest adapter, and a way to load plug-ins that nobody installed."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from threading import Event

import pytest
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import FoundPlugin, load_adapters
from mains_spi import (
    Capability,
    ChargeCode,
    Labels,
    PerUnit,
    Price,
    Product,
    Qty,
    QuantityKind,
    RatingResult,
    Tariff,
    Utility,
    hookimpl,
)

WATER = Labels("Ūdens", "Water", "Вода")


class Water:
    """Sells water by the cubic metre, and nothing else."""

    code = "water"
    spi_major = 1

    @hookimpl
    def describe_utility(self):
        return Utility(
            code=self.code,
            spi_major=self.spi_major,
            labels=WATER,
            quantities=(QuantityKind("m3", "m3"),),
            charges=(ChargeCode("water", "standard", "revenue.water", WATER),),
            price_lists=("tap",),
            capabilities=(Capability.SUBMIT_READINGS,),
        )

    @hookimpl
    def products(self, request):
        return (Product(code="tap", labels=Labels("Krāns", "Tap", "Кран"), tariff="tap", price_list="tap"),)

    @hookimpl
    def tariff(self, request):
        return Tariff("tap", "EUR", (PerUnit("water", Qty("m3", "m3"), Price("product.water", "EUR/m3")),))


class RatedWater(Water):
    """Prices by itself, through the hook `rate`."""

    @hookimpl
    def products(self, request):
        return (Product(code="tap", labels=WATER, tariff="", price_list="tap", rated=True),)

    @hookimpl
    def rate(self, request):
        return RatingResult()


def found(plugin, *, name="water") -> FoundPlugin:
    return FoundPlugin(name=name, version="1.0.0", load=lambda: plugin)


@pytest.fixture
def water() -> type[Water]:
    """Give the small adapter, to be made or inherited from."""
    return Water


@pytest.fixture
def rated_water() -> type[RatedWater]:
    """Give the small adapter that prices by itself."""
    return RatedWater


@pytest.fixture
def host_of() -> Callable[..., AdapterHost]:
    """Give a host of plug-ins that nobody installed; a test whose calls hang asks for less patience."""

    def load(*plugins: object, patience: timedelta = timedelta(seconds=30)) -> AdapterHost:
        installed = [plugin if isinstance(plugin, FoundPlugin) else found(plugin) for plugin in plugins]
        return load_adapters(on=date(2023, 1, 1), plugins=installed, answer_within=patience)

    return load


@pytest.fixture
def forever() -> Iterator[Callable[[], None]]:
    """Give a call that hangs until the test is over."""
    is_over = Event()
    yield lambda: is_over.wait(60) and None
    is_over.set()
