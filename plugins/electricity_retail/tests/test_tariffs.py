"""Every product can be billed in every month of the demonstration, whatever the connection."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import mains_electricity_retail
import pytest
from mains_electricity_retail.card import UTILITY
from mains_electricity_retail.offers import PRODUCTS
from mains_electricity_retail.tariffs import EXCHANGE, FIXED, FIXED_WITH_FEE, OF_PRODUCT, TWO_ZONE_CALENDAR
from mains_spi import (
    Attribute,
    Bill,
    CannotRate,
    Cohort,
    Period,
    PriceVersion,
    RatingRequest,
    Series,
    TaxRate,
    Usage,
    bind_product,
    compile_cohort,
    evaluate,
    tax_codes,
    vet,
)
from mains_spi.civil import zone_at

FIRST, LAST = date(2022, 3, 1), date(2024, 6, 1)
CONNECTIONS = [("1", a) for a in (16, 20, 25, 32, 40)] + [("3", a) for a in (16, 20, 25, 32, 40, 50, 63, 100)]
HOUR = timedelta(hours=1)


def months() -> list[Period]:
    found, start = [], FIRST
    while start <= LAST:
        end = (start + timedelta(days=32)).replace(day=1)
        found.append(Period(start, end))
        start = end
    return found


MONTHS = months()
PRICES_CHANGE = (date(2022, 3, 1), date(2022, 5, 1), date(2022, 9, 1), date(2022, 10, 1), date(2023, 1, 1))
PRICES_CHANGE += (date(2023, 5, 1), date(2023, 7, 1), date(2023, 8, 1), date(2023, 9, 1), date(2024, 1, 1))
ERAS = [month for month in MONTHS if month.start in PRICES_CHANGE]


class Question:
    """Asks for bills with the shipped prices."""

    def __init__(self, versions: tuple[PriceVersion, ...], taxes: tuple[TaxRate, ...]) -> None:
        self.versions = versions
        self.taxes = taxes

    def of(self, product: str, month: Period, used: str = "300", **attributes: str) -> RatingRequest:
        product_list = next(p.price_list for p in PRODUCTS if p.code == product)
        asked = {
            "kind": "private",
            "phases": "1",
            "amperes": "20",
            "zones": "1",
            "protected": "none",
            "delivery": "email",
            "exchange_step": "hour",
            **attributes,
        }
        zones = ("T1", "T2") if asked["zones"] == "2" else (None,)
        usage = [Usage("energy", month, Decimal(used), "kWh", zone) for zone in zones]
        if asked["delivery"] == "post":
            usage.append(Usage("paper_invoices", month, Decimal(1), "pcs"))
        bound = bind_product(versions=self.versions, price_list=product_list, period=month)
        return RatingRequest(
            contract="1",
            period=month,
            prices=(*self.versions, *bound),
            taxes=self.taxes,
            tax_codes=tax_codes(UTILITY),
            usage=tuple(usage),
            attributes=tuple(Attribute(name, value) for name, value in asked.items()),
            series=_series(month) if product == "dinamiskais" else (),
            known_at=month.end + timedelta(days=14),
        )

    def bill(self, product: str, month: Period, used: str = "300", **attributes: str) -> Bill:
        return evaluate(OF_PRODUCT[product], self.of(product, month, used, **attributes))


@pytest.fixture(scope="module")
def question(price_versions: tuple[PriceVersion, ...], tax_rates: tuple[TaxRate, ...]) -> Question:
    return Question(price_versions, tax_rates)


def _series(month: Period) -> tuple[Series, ...]:
    start = datetime(month.start.year, month.start.month, 1, tzinfo=UTC) - timedelta(hours=3)
    hours = (month.days + 1) * 24
    prices = tuple(Decimal(h % 48 * 10 - 20) for h in range(hours))
    return (
        Series("nordpool.lv", "EUR/MWh", start, HOUR, prices),
        Series("profile.lv", "1", start, HOUR, tuple(Decimal(1 + h % 3) for h in range(hours))),
    )


def amount(bill: Bill, code: str) -> Decimal:
    return sum((line.net for line in bill.lines if line.code == code), Decimal(0))


@pytest.mark.parametrize("tariff", [FIXED, FIXED_WITH_FEE, EXCHANGE], ids=lambda tariff: tariff.code)
def test_the_tariffs_and_the_shipped_prices_go_together(tariff, question: Question) -> None:
    product = next(code for code, its in OF_PRODUCT.items() if its is tariff)

    assert vet(tariff, question.of(product, MONTHS[0]).prices, UTILITY) == ()


@pytest.mark.slow
@pytest.mark.parametrize("product", OF_PRODUCT)
@pytest.mark.parametrize("kind", ["private", "business"])
def test_every_product_month_and_connection_can_be_billed(product: str, kind: str, question: Question) -> None:
    for month in MONTHS:
        for phases, amperes in CONNECTIONS:
            bill = question.bill(product, month, kind=kind, phases=phases, amperes=str(amperes))
            assert bill.total > 0, (month, phases, amperes)


@pytest.mark.parametrize("month", ERAS, ids=lambda month: month.start.isoformat())
def test_every_connection_can_be_billed_in_every_era_of_prices(month: Period, question: Question) -> None:
    for phases, amperes in CONNECTIONS:
        bill = question.bill("universalais", month, phases=phases, amperes=str(amperes))
        assert bill.total > 0, (phases, amperes)


@pytest.mark.parametrize("product", OF_PRODUCT)
def test_every_product_can_be_billed_in_every_month(product: str, question: Question) -> None:
    for month in MONTHS:
        assert question.bill(product, month, delivery="post").total > 0, month


@pytest.mark.parametrize("product", ["universalais", "izdevigais_600", "dinamiskais"])
@pytest.mark.parametrize("protected", ["low_income", "disability", "large_family"])
@pytest.mark.parametrize("used", ["0", "17", "100", "101", "4000"])
def test_support_never_takes_more_than_there_is(product: str, protected: str, used: str, question: Question) -> None:
    for month in ERAS:
        bill = question.bill(product, month, used, protected=protected, zones="2", phases="3")
        delivery = sum(amount(bill, code) for code in ("dso_variable_day", "dso_variable_night"))
        energy = sum(amount(bill, code) for code in ("energy", "energy_day", "energy_night"))
        assert Decimal(0) <= -amount(bill, "network_support") <= amount(bill, "dso_fixed") + delivery
        assert -amount(bill, "price_cap_support") <= max(energy, Decimal(0))
        assert bill.total - bill.payable <= max(bill.net, Decimal(0))
        assert bill.payable >= min(bill.tax, Decimal(0))


def test_the_eras_are_all_the_days_on_which_a_shipped_price_changes(question: Question) -> None:
    days = {v.period.start for v in question.versions if FIRST < v.period.start <= LAST}

    assert days | {FIRST} == set(PRICES_CHANGE)


def test_a_business_gets_no_support(question: Question) -> None:
    bill = question.bill("universalais", Period(date(2022, 12, 1), date(2023, 1, 1)), kind="business")

    supports = {line.code for line in bill.lines if line.net < 0}

    assert supports == {"oik_discount"}


def test_one_hour_less_in_march_and_one_more_in_october(question: Question) -> None:
    for start, end, hours in ((date(2023, 3, 1), date(2023, 4, 1), 743), (date(2023, 10, 1), date(2023, 11, 1), 745)):
        month = Period(start, end)
        whole = question.of("dinamiskais", month)
        begin = datetime(2023, start.month, 1, tzinfo=UTC) - timedelta(hours=2 if start.month == 3 else 3)
        metered = Series("energy", "kWh", begin, HOUR, (Decimal("0.5"),) * hours)
        request = RatingRequest(
            contract="1",
            period=month,
            prices=whole.prices,
            taxes=whole.taxes,
            tax_codes=whole.tax_codes,
            attributes=whole.attributes,
            series=(*whole.series, metered),
        )
        assert evaluate(EXCHANGE, request).lines[0].quantity == Decimal(hours) / 2


def test_a_missing_hour_holds_the_bill(question: Question) -> None:
    request = question.of("dinamiskais", MONTHS[0])
    gap = (*request.series[0].values[:100], None, *request.series[0].values[101:])
    holed = Series("nordpool.lv", "EUR/MWh", request.series[0].start, HOUR, gap)

    with pytest.raises(CannotRate, match="missing_interval"):
        evaluate(EXCHANGE, question_with(request, holed))


def question_with(request: RatingRequest, series: Series) -> RatingRequest:
    return RatingRequest(
        contract=request.contract,
        period=request.period,
        prices=request.prices,
        taxes=request.taxes,
        tax_codes=request.tax_codes,
        usage=request.usage,
        attributes=request.attributes,
        series=(series, *request.series[1:]),
    )


@pytest.mark.parametrize(
    ("instant", "zone"),
    [
        ("2023-02-01T04:59", "T2"),  # Wednesday 06:59
        ("2023-02-01T05:00", "T1"),  # Wednesday 07:00
        ("2023-02-01T20:59", "T1"),  # Wednesday 22:59
        ("2023-02-01T21:00", "T2"),  # Wednesday 23:00
        ("2023-02-04T10:00", "T2"),  # Saturday noon
        ("2023-07-03T04:00", "T1"),  # Monday 07:00 in summer time
    ],
)
def test_night_is_from_23_to_7_and_the_weekend(instant: str, zone: str) -> None:
    assert zone_at(TWO_ZONE_CALENDAR, datetime.fromisoformat(instant).replace(tzinfo=UTC)) == zone


@pytest.mark.parametrize(
    "month", [Period(date(2022, 6, 1), date(2022, 7, 1)), Period(date(2022, 12, 1), date(2023, 1, 1))]
)
@pytest.mark.parametrize("kind", ["private", "business"])
@pytest.mark.parametrize("product", ["universalais", "izdevigais_600"])
def test_the_run_can_compile_ordinary_contracts(product: str, kind: str, month: Period, question: Question) -> None:
    request = question.of(product, month, kind=kind)
    conditions = RatingRequest(
        contract=request.contract,
        period=month,
        prices=request.prices,
        taxes=request.taxes,
        tax_codes=request.tax_codes,
        attributes=request.attributes,
        known_at=request.known_at,
    )

    cohort = compile_cohort(tariff=OF_PRODUCT[product], conditions=conditions)

    assert isinstance(cohort, Cohort), cohort
    assert [column.name for column in cohort.columns] == ["energy"]
    total = cohort.rate([(300_000_000,)])[0][-2]
    assert Decimal(total) / 100 == evaluate(OF_PRODUCT[product], request).total


def test_the_adapter_gives_the_tariff_of_each_product() -> None:
    from mains_spi import TariffRequest

    for product in PRODUCTS:
        tariff = mains_electricity_retail.tariff(TariffRequest(product.code, FIRST))
        assert tariff.code == product.tariff
