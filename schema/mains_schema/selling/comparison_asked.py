"""Asks the offers room to compare products, for visitors by what they type and for contracts the viewer sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from mains_server.contracts.tables import Contract as C
from mains_server.db.unit_of_work import unit_of_work
from mains_server.offers.comparing import compare_products
from mains_server.offers.limiting import claim_comparison
from mains_server.offers.records import (
    CONTRACTS_MAX,
    Comparison,
    ComparisonProblem,
    ComparisonRefused,
    ComparisonRequest,
    ComponentCost,
    Connection,
    Consumption,
    CustomerSort,
    MonthUse,
    ProductCost,
    YearCost,
)
from mains_spi import Period as Days
from mains_spi import Product
from sqlalchemy import select
from sqlmodel import col

from mains_schema.common.scopes import CONTRACTS
from mains_schema.common.words import in_language
from mains_schema.declaring.errors import not_found, rate_limited, unauthenticated
from mains_schema.declaring.given import Given
from mains_schema.declaring.node import number_of
from mains_schema.declaring.resolve import Reads
from mains_schema.declaring.scalars import Money, Period, Quantity
from mains_schema.selling.comparison import (
    ComparedComponent,
    ComparedConsumption,
    ComparedCost,
    ComparedMonth,
    ComparedProduct,
    ComparisonBasis,
    ComparisonConnectionInput,
    ComparisonConsumptionInput,
    ComparisonPart,
    ComparisonUserError,
    ProductComparison,
    ProductComparisonAnswer,
    ProductComparisonInput,
    ProductCrossing,
    ProductNotCompared,
    ZoneComparison,
)

COMPARISON_ROWS = 1000
AT_ONCE_MAX = 8
GIVEN = (
    Given("on", date | None, "Day whose prices hold, and before whose month the twelve months end; by default today."),
    Given("also", list[ComparisonPart] | None, "What else to work out; by default nothing."),
)


async def product_comparison(reads: Reads, *, input: ProductComparisonInput) -> ProductComparisonAnswer:
    """Compare for a visitor, or for a contract that the viewer sees."""
    also = input.also or []
    contract = None
    if input.contract_id:
        contract = await _seen(reads, number_of(input.contract_id, type_name="Contract"))
    together = input.together or []
    if len(together) >= CONTRACTS_MAX:
        return _refused(
            ComparisonProblem.CONTRACT_NOT_COMPARABLE, f"Name at most {CONTRACTS_MAX} contracts.", "together"
        )
    others = [await _seen(reads, number_of(one, type_name="Contract")) for one in together]
    await _counted(reads)
    return await _compared(
        reads,
        ComparisonRequest(
            on=input.on or reads.today,
            adapter=input.adapter or None,
            consumption=_consumption(input.consumption) if input.consumption else None,
            connection=_connection(input.connection) if input.connection else None,
            contract_id=contract,
            together=tuple(others),
            wants_crossings=ComparisonPart.CROSSINGS in also,
            wants_zones=ComparisonPart.ZONES in also,
        ),
    )


async def comparison_of_contract(
    reads: Reads, contract_id: int, *, on: date | None = None, also: Sequence[ComparisonPart] | None = None
) -> ProductComparisonAnswer:
    """Compare for a contract's own last twelve months."""
    return await _compared(
        reads,
        ComparisonRequest(
            on=on or reads.today,
            contract_id=contract_id,
            wants_crossings=ComparisonPart.CROSSINGS in (also or ()),
            wants_zones=ComparisonPart.ZONES in (also or ()),
        ),
    )


async def _counted(reads: Reads) -> None:
    """Count a visitor's comparison, and refuse it where their address compared very often."""
    if reads.viewer.is_signed_in or reads.address is None:
        return
    async with unit_of_work(reads.engine) as session:
        may_compare = await claim_comparison(session, address=reads.address, now=reads.now)
    if not may_compare:
        raise rate_limited("You have compared very often; sign in, or try again in a minute.")


class _UnderWay:
    """Counts the comparisons of this process, since anybody may ask for one; the event loop is their only thread."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take one on, or say that there are too many."""
        if self.count >= AT_ONCE_MAX:
            raise rate_limited("Many are comparing products right now. Try again in a second.", seconds=1)
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


UNDER_WAY = _UnderWay()


async def _compared(reads: Reads, request: ComparisonRequest) -> ProductComparisonAnswer:
    assert reads.host is not None
    with UNDER_WAY.one():
        try:
            found = await compare_products(reads.engine, host=reads.host, request=request, today=reads.today)
        except ComparisonRefused as refused:
            return _refused(refused.problem, refused.message, refused.path)
    return ProductComparisonAnswer(comparison=_comparison(reads, found, request), user_errors=[])


def _refused(problem: ComparisonProblem, message: str, path: str | None) -> ProductComparisonAnswer:
    error = ComparisonUserError(code=problem, message=message, path=path)
    return ProductComparisonAnswer(comparison=None, user_errors=[error])


async def _seen(reads: Reads, number: int) -> int:
    if not reads.viewer.is_signed_in:
        raise unauthenticated()
    condition = CONTRACTS.condition(reads.viewer)
    statement = select(col(C.id)).where(col(C.id) == number)
    rows = await reads.rows(statement if condition is None else statement.where(condition))
    if not rows:
        raise not_found("There is no such contract, or it is not yours to see.")
    return number


def _consumption(told: ComparisonConsumptionInput) -> Consumption:
    return Consumption(
        a_month=_told(told.a_month),
        a_year=_told(told.a_year),
        months=tuple(told.months) if told.months else None,
        night_share=_told(told.night_share),
        day=_told(told.day),
        night=_told(told.night),
    )


def _connection(told: ComparisonConnectionInput) -> Connection:
    return Connection(
        sort=told.customer or CustomerSort.PRIVATE,
        phases=told.phases if isinstance(told.phases, int) else None,
        amperes=told.amperes if isinstance(told.amperes, int) else None,
        zones=told.zones if isinstance(told.zones, int) else 1,
        protected=told.protected or None,
    )


def _told(value: Decimal | None) -> Decimal | None:
    """Read a number that may be left out; zero is a number."""
    return value if isinstance(value, Decimal) else None


def _comparison(reads: Reads, found: Comparison, request: ComparisonRequest) -> ProductComparison:
    unit, currency = found.unit, found.currency
    return ProductComparison(
        adapter=found.adapter,
        on=found.on,
        consumption=ComparedConsumption(
            a_year=Quantity(value=found.use.total, unit=unit),
            night=_quantity(found.use.night, unit),
            months=[_month(month, unit) for month in found.use.months],
            measured=_period(found.use.measured),
            months_measured=None if found.use.measured is None else found.use.months_measured,
        ),
        allowance=_quantity(found.allowance_a_month, unit),
        above_allowance=_quantity(found.above_a_year, unit),
        products=[_product(reads, one, unit=unit, currency=currency) for one in found.products],
        not_compared=[
            ProductNotCompared(
                code=one.product.code, name=_name(reads, one.product), reason_code=one.code, reason=one.reason
            )
            for one in found.not_compared
        ],
        crossings=[
            ProductCrossing(
                from_a_month=Quantity(value=Decimal(one.from_a_month), unit=unit),
                cheaper=one.cheaper.code,
                dearer=one.dearer.code,
                changes_cheapest=one.changes_cheapest,
            )
            for one in found.crossings
        ]
        if request.wants_crossings
        else None,
        zones=[
            ZoneComparison(
                code=one.product.code,
                one_zone=Money(amount=one.one_zone.payable, currency=currency),
                two_zones=Money(amount=one.two_zones.payable, currency=currency),
                saving=Money(amount=one.saving, currency=currency),
                pays_from=one.pays_from,
            )
            for one in found.zones
        ]
        if request.wants_zones
        else None,
        apart=None if found.apart is None else Money(amount=found.apart, currency=currency),
    )


def _product(reads: Reads, one: ProductCost, *, unit: str, currency: str) -> ComparedProduct:
    product = one.product
    is_exchange = one.exchange is not None
    return ComparedProduct(
        code=product.code,
        name=_name(reads, product),
        is_present=one.is_present,
        basis=ComparisonBasis.PAST_EXCHANGE_PRICES if is_exchange else ComparisonBasis.PRICES_OF_THE_DAY,
        exchange_period=_period(one.exchange),
        agreed_price_until=one.agreed_until,
        is_by_own_intervals=one.is_by_own_intervals,
        cost=_cost(reads, one.cost, currency=currency),
        difference=None if one.difference is None else Money(amount=one.difference, currency=currency),
        cost_above_allowance=None if one.above is None else _cost(reads, one.above, currency=currency),
        recommended_from=_quantity(product.recommended_from, unit),
        recommended_upto=_quantity(product.recommended_upto, unit),
        is_in_recommended_range=one.is_in_recommended_range,
    )


def _cost(reads: Reads, cost: YearCost, *, currency: str) -> ComparedCost:
    return ComparedCost(
        components=[_component(reads, part, currency=currency) for part in cost.components],
        net=Money(amount=cost.net, currency=currency),
        tax=Money(amount=cost.tax, currency=currency),
        gross=Money(amount=cost.payable, currency=currency),
    )


def _component(reads: Reads, part: ComponentCost, *, currency: str) -> ComparedComponent:
    return ComparedComponent(
        code=part.code,
        label=in_language(reads, part.label_lv, part.label_en, part.label_ru),
        is_support=part.is_support,
        net=Money(amount=part.net, currency=currency),
        tax=Money(amount=part.tax, currency=currency),
        gross=Money(amount=part.gross, currency=currency),
    )


def _month(month: MonthUse, unit: str) -> ComparedMonth:
    return ComparedMonth(
        month=month.month,
        total=Quantity(value=month.total, unit=unit),
        night=_quantity(month.night, unit),
        is_estimated=month.is_estimated,
    )


def _quantity(value: Decimal | None, unit: str) -> Quantity | None:
    return None if value is None else Quantity(value=value, unit=unit)


def _period(days: Days | None) -> Period | None:
    return None if days is None else Period(start=days.start, end=days.end)


def _name(reads: Reads, product: Product) -> str:
    return in_language(reads, product.labels.lv, product.labels.en, product.labels.ru)
