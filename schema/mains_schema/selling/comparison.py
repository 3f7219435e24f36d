"""Comparison of products: what is asked, and the whole yearly cost of each by component."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum

import strawberry
from mains_server.offers.records import ComparisonProblem, CustomerSort

from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import USER_ERROR_PATH
from mains_schema.declaring.scalars import Money, Period, Quantity

described(
    ComparisonProblem,
    "Why products were not compared.",
    {
        "UTILITY_UNKNOWN": "There is no such utility.",
        "UTILITY_NOT_COMPARABLE": "The utility has no products to choose between.",
        "CONTRACT_NOT_COMPARABLE": "The contract is billed to a house's members, supplies nothing on the day, its "
        "supply points differ, or they are several and crossings or zones are asked for.",
        "CONSUMPTION_MISSING": "It was not said how much is used, or how much of it at night.",
        "CONSUMPTION_TWICE": "It was said in several ways, or a contract was named besides.",
        "CONSUMPTION_OUT_OF_RANGE": "It is negative, absurdly high, or has more than three decimals.",
        "MONTHS_NOT_TWELVE": "Not twelve months were given.",
        "SPLIT_DOES_NOT_ADD_UP": "Day and night do not come to the whole.",
        "ZONES_NOT_OFFERED": "The utility does not count in so many zones.",
        "CONNECTION_MISSING": "Prices depend on phases or amperes, which were not given.",
        "CONNECTION_OUT_OF_RANGE": "No connection has these phases or amperes.",
        "PROTECTION_UNKNOWN": "The utility knows no such protected customers.",
        "DAY_OUT_OF_RANGE": "The day lies before 2000 or more than a year ahead.",
        "NO_USAGE": "Nothing was measured in the contract's last twelve months; type a consumption instead.",
        "NOTHING_COMPARABLE": "No product could be worked out, since a price or its series is missing.",
    },
    name="ComparisonErrorCode",
)
described(
    CustomerSort,
    "Who would be the customer; taxes and support depend on it.",
    {"PRIVATE": "A person or household.", "BUSINESS": "A company or a house's manager."},
)


class ComparisonPart(Enum):
    """What else is worked out."""

    CROSSINGS = "CROSSINGS"
    ZONES = "ZONES"


described(
    ComparisonPart,
    "What a comparison works out besides; left out since each takes longer.",
    {
        "CROSSINGS": "At which consumption the order of products changes.",
        "ZONES": "One zone against two.",
    },
)


class ComparisonBasis(Enum):
    """Which energy prices a product was compared at."""

    PRICES_OF_THE_DAY = "PRICES_OF_THE_DAY"
    PAST_EXCHANGE_PRICES = "PAST_EXCHANGE_PRICES"


described(
    ComparisonBasis,
    "Which energy prices a product was compared at.",
    {
        "PRICES_OF_THE_DAY": "Those in force on the day, as if they held for a year.",
        "PAST_EXCHANGE_PRICES": "Exchange prices of the last twelve known months. What the next twelve will be nobody "
        "knows: a comparison, not a promise.",
    },
)


@strawberry.input(description="A consumption as a visitor types it: exactly one of a month, a year, twelve months.")
class ComparisonConsumptionInput:
    """How much is used, in the utility's unit; for electricity kWh."""

    a_month: Decimal | None = strawberry.field(
        description="In each month, 0 to 1,000,000, at most three decimals.", default=strawberry.UNSET
    )
    a_year: Decimal | None = strawberry.field(
        description="In a year, taken as twelve equal months; 0 to 12,000,000.", default=strawberry.UNSET
    )
    months: list[Decimal] | None = strawberry.field(
        description="In each of twelve months, January first.", default=strawberry.UNSET
    )
    night_share: Decimal | None = strawberry.field(
        description="Share at night and weekends, 0 to 1; for two zones.", default=strawberry.UNSET
    )
    day: Decimal | None = strawberry.field(
        description="By day, of the month or year given; with `night` it must add up to it.", default=strawberry.UNSET
    )
    night: Decimal | None = strawberry.field(description="At night and weekends, likewise.", default=strawberry.UNSET)


@strawberry.input(description="What prices depend on besides the consumption.")
class ComparisonConnectionInput:
    """Customer and connection."""

    customer: CustomerSort | None = strawberry.field(
        description="Who would be the customer; by default PRIVATE.", default=strawberry.UNSET
    )
    phases: int | None = strawberry.field(description="Phases of the connection: 1 or 3.", default=strawberry.UNSET)
    amperes: int | None = strawberry.field(
        description="Amperes of its main fuse, 1 to 1,000.", default=strawberry.UNSET
    )
    zones: int | None = strawberry.field(
        description="Time zones the meter counts in: 1, the default, or 2.", default=strawberry.UNSET
    )
    protected: str | None = strawberry.field(
        description="Group of protected customers, as the utility names it: `low_income`, `disability`, "
        "`large_family`; by default none.",
        default=strawberry.UNSET,
    )


@strawberry.input(
    description="What to compare: `adapter`, `consumption` and `connection` for anybody; or `contractId` alone for its "
    "own last twelve months."
)
class ProductComparisonInput:
    """A consumption or a contract, and the day whose prices count."""

    adapter: str | None = strawberry.field(
        description="Code of the utility; left out with a contract.", default=strawberry.UNSET
    )
    consumption: ComparisonConsumptionInput | None = strawberry.field(
        description="How much is used; left out with a contract.", default=strawberry.UNSET
    )
    connection: ComparisonConnectionInput | None = strawberry.field(
        description="Customer and connection; left out with a contract.", default=strawberry.UNSET
    )
    contract_id: strawberry.ID | None = strawberry.field(
        description="Global id of a contract; NOT_FOUND if the viewer does not see it.", default=strawberry.UNSET
    )
    together: list[strawberry.ID] | None = strawberry.field(
        description="Global ids of other contracts of its customer, at most 9: compared as the one contract that they "
        "would become, such as a home, a cottage and a garage, whose use together decides. Not with `also`.",
        default=strawberry.UNSET,
    )
    on: date | None = strawberry.field(
        description="Day whose prices hold, and before whose month the twelve months end; by default today. From 2000 "
        "to a year ahead.",
        default=strawberry.UNSET,
    )
    also: list[ComparisonPart] | None = strawberry.field(
        description="What else to work out; by default nothing.", default=strawberry.UNSET
    )


@strawberry.type(description="One charge of a year.")
class ComparedComponent:
    """What it comes to, without and with tax."""

    code: str = strawberry.field(description="Code of the charge, as bills name it.")
    label: str = strawberry.field(description="Its name in the viewer's language.")
    is_support: bool = strawberry.field(description="Whether it is taken off: support and discounts are negative.")
    net: Money = strawberry.field(description="Without tax.")
    tax: Money = strawberry.field(description="Its part of the tax, which bills work out on their sum.")
    gross: Money = strawberry.field(description="With tax.")


@strawberry.type(description="What a year costs: twelve bills, each worked out to the cent as it would be issued.")
class ComparedCost:
    """The sum and its components."""

    components: list[ComparedComponent] = strawberry.field(
        description="Its charges in the order of a bill, those that come to nothing left out; a dozen or so."
    )
    net: Money = strawberry.field(description="Without tax.")
    tax: Money = strawberry.field(description="The tax.")
    gross: Money = strawberry.field(description="What is paid, with tax and after support.")


@strawberry.type(description="A product and what a year on it would cost.")
class ComparedProduct:
    """One product."""

    code: str = strawberry.field(description="Code of the product; `products` gives its terms.")
    name: str = strawberry.field(description="Name in the viewer's language.")
    is_present: bool = strawberry.field(description="Whether the contract is on it already; false for visitors.")
    basis: ComparisonBasis = strawberry.field(description="Which energy prices were taken.")
    exchange_period: Period | None = strawberry.field(
        description="The months whose exchange prices were taken; null for other products."
    )
    agreed_price_until: date | None = strawberry.field(
        description="Of the contract's own product: the day until which the price agreed on it was taken, for the "
        "months that begin before; after it the price of the day. Null where no price is agreed."
    )
    is_by_own_intervals: bool = strawberry.field(
        description="Whether the contract's own intervals weighed the exchange prices, and not the typical profile."
    )
    cost: ComparedCost = strawberry.field(description="The whole year.")
    difference: Money | None = strawberry.field(
        description="How much more than the present product, or than contracts compared `together` cost `apart`; below "
        "nothing if less; null for visitors."
    )
    cost_above_allowance: ComparedCost | None = strawberry.field(
        description="What lies above a protected customer's allowance, as the whole year of a customer who uses only "
        "that and has no support; null where there is no allowance."
    )
    recommended_from: Quantity | None = strawberry.field(
        description="Consumption a month above which it is advised; null if any."
    )
    recommended_upto: Quantity | None = strawberry.field(
        description="Consumption a month up to which it is advised; null if any."
    )
    is_in_recommended_range: bool | None = strawberry.field(
        description="Whether the average month, or of protected customers what lies above the allowance, is in the "
        "advised range. Advice, never a condition. Null where there is no advice."
    )


@strawberry.type(description="A product that could not be worked out.")
class ProductNotCompared:
    """Which, and why."""

    code: str = strawberry.field(description="Code of the product.")
    name: str = strawberry.field(description="Name in the viewer's language.")
    reason_code: str = strawberry.field(description="Short stable code, such as `missing_price`.")
    reason: str = strawberry.field(description="The same for people, in English.")


@strawberry.type(description="Where the order of two products changes.")
class ProductCrossing:
    """From a consumption on, one costs less than another."""

    from_a_month: Quantity = strawberry.field(
        description="Smallest whole consumption a month, on average, from which it does; the year keeps its shape."
    )
    cheaper: str = strawberry.field(description="Code of the product that costs less from there on.")
    dearer: str = strawberry.field(description="Code of the other one.")
    changes_cheapest: bool = strawberry.field(description="Whether it is then the cheapest of all.")


@strawberry.type(description="One zone against two on a product, for the same year.")
class ZoneComparison:
    """What two zones save."""

    code: str = strawberry.field(description="Code of the product.")
    one_zone: Money = strawberry.field(description="The year counted in one zone.")
    two_zones: Money = strawberry.field(description="The year counted by day, and night with weekends.")
    saving: Money = strawberry.field(description="What two zones save; below nothing if they cost more.")
    pays_from: Decimal | None = strawberry.field(
        description="Smallest share of night and weekend, three decimals, from which two zones cost no more; null if "
        "they never save."
    )


@strawberry.type(description="What was used, or would be, in one calendar month.")
class ComparedMonth:
    """One of twelve."""

    month: int = strawberry.field(description="1 is January.")
    total: Quantity = strawberry.field(description="How much.")
    night: Quantity | None = strawberry.field(description="Of it at night and weekends; null if that is not known.")
    is_estimated: bool = strawberry.field(
        description="Whether nobody measured it: estimated as bills are, or the daily mean of the known months."
    )


@strawberry.type(description="The consumption that was compared for.")
class ComparedConsumption:
    """A year by month."""

    a_year: Quantity = strawberry.field(description="The year.")
    night: Quantity | None = strawberry.field(description="Of it at night and weekends; null if that is not known.")
    months: list[ComparedMonth] = strawberry.field(description="Its twelve months, January first.")
    measured: Period | None = strawberry.field(description="The days it was taken from; null if it was typed.")
    months_measured: int | None = strawberry.field(
        description="How many of these months were measured, the others being estimated; null if it was typed."
    )


@strawberry.type(
    description="All products of a utility for one consumption, the cheapest first. A comparison, not an offer: prices "
    "are those in force on the day, as if they held for the year."
)
class ProductComparison:
    """The products and what they were compared for."""

    adapter: str = strawberry.field(description="Code of the utility.")
    on: date = strawberry.field(description="The day whose prices, taxes and support were taken, as known then.")
    consumption: ComparedConsumption = strawberry.field(description="What it was compared for.")
    allowance: Quantity | None = strawberry.field(
        description="What a protected customer gets at the support price, a month; null where there is none."
    )
    above_allowance: Quantity | None = strawberry.field(description="What the year comes to above it; null likewise.")
    products: list[ComparedProduct] = strawberry.field(description="The cheapest first; a dozen or so.")
    not_compared: list[ProductNotCompared] = strawberry.field(description="Products that could not be worked out.")
    crossings: list[ProductCrossing] | None = strawberry.field(
        description="Where the order changes, from 1 to 2,000 a month; null unless asked for with `also`."
    )
    zones: list[ZoneComparison] | None = strawberry.field(
        description="One zone against two, product by product; null unless asked for with `also`."
    )
    apart: Money | None = strawberry.field(
        description="What contracts that were compared `together` cost in the year as they are, each on its product, "
        "with tax; null for others, and where a product cannot be worked out."
    )


@strawberry.type(description="Why products were not compared.")
class ComparisonUserError:
    """A refusal."""

    code: ComparisonProblem = strawberry.field(description="What is wrong.")
    message: str = strawberry.field(description="The same for people, in English, with what to do.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)


@strawberry.type(description="A comparison, or why there is none.")
class ProductComparisonAnswer:
    """One of the two."""

    comparison: ProductComparison | None = strawberry.field(description="The comparison; null if it was refused.")
    user_errors: list[ComparisonUserError] = strawberry.field(description="Why it was refused; empty if it was not.")
