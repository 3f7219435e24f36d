"""Cold water and sewage by the cubic metre, with a yearly fee: the example of an adapter."""

from mains_spi import (
    BadRecord,
    Capability,
    ChargeCode,
    Labels,
    Monthly,
    PerUnit,
    Price,
    Problem,
    Product,
    ProductsRequest,
    Qty,
    QuantityKind,
    ReadingCheck,
    Tariff,
    TariffRequest,
    Utility,
    hookimpl,
)

from mains_example_cold_water.notices import FLUSHING, READ_PLEASE

CODE = "example_cold_water"
USUAL_M3_MAX = 1_000

UTILITY = Utility(
    code=CODE,
    spi_major=1,
    labels=Labels(lv="Aukstais ūdens", en="Cold water", ru="Холодная вода"),
    quantities=(QuantityKind("cold_water", "m3", labels=Labels(lv="Ūdens", en="Water", ru="Вода")),),
    charges=(
        ChargeCode("water", "standard", "revenue:water", Labels(lv="Ūdens", en="Water", ru="Вода")),
        ChargeCode("sewage", "standard", "revenue:sewage", Labels(lv="Kanalizācija", en="Sewage", ru="Канализация")),
        ChargeCode("fixed", "standard", "revenue:fixed", Labels(lv="Abonēšana", en="Connection", ru="Абонплата")),
    ),
    price_lists=("water",),
    capabilities=(Capability.SUBMIT_READINGS,),
    notice_texts=(READ_PLEASE,),
    notice_topics=(FLUSHING,),
)

m3 = Qty("cold_water", "m3")

TARIFF = Tariff(
    "water",
    "EUR",
    (
        PerUnit("water", m3, Price("water.water", "EUR/m3")),
        PerUnit("sewage", m3, Price("water.sewage", "EUR/m3")),
        Monthly("fixed", Price("water.fixed", "EUR/year"), prorate="year"),
    ),
)

PRODUCT = Product(code="cold_water", labels=UTILITY.labels, tariff="water", price_list="water")

TOO_MUCH = Problem(
    "reading_unusual",
    Labels(
        lv="Patēriņš ir neparasti liels. Lūdzu, pārbaudiet rādījumu.",
        en="This is an unusual amount of water. Please check the reading.",
        ru="Необычно большой расход. Пожалуйста, проверьте показание.",
    ),
    path="reading.value",
    severity="warn",
)


@hookimpl
def describe_utility() -> Utility:
    """Give the identity card."""
    return UTILITY


@hookimpl
def products(request: ProductsRequest) -> tuple[Product, ...]:
    """Give the one product there is."""
    return (PRODUCT,)


@hookimpl
def tariff(request: TariffRequest) -> Tariff:
    """Give its tariff, the same on every day."""
    if request.product != PRODUCT.code:
        raise BadRecord(f"there is no product {request.product!r}, only {PRODUCT.code!r}")
    return TARIFF


@hookimpl
def check_reading(request: ReadingCheck) -> tuple[Problem, ...]:
    """Ask again when a reading would mean more water than a home uses."""
    before = [r.value for r in request.register.readings if r.counts_for < request.reading.counts_for]
    return (TOO_MUCH,) if before and request.reading.value - before[-1] > USUAL_M3_MAX else ()
