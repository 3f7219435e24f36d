"""Who compares: a visitor who types a consumption and a connection, or a contract with its own last twelve months."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from mains_spi import Attribute, Comparing, ContractAttribute, Period, Series
from psycopg import Connection

from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter
from mains_server.billing.attributes import AttributeTeller
from mains_server.billing.cases import PAPER
from mains_server.billing.due import DatedValue, Traits
from mains_server.offers.combining import combined
from mains_server.offers.measuring import measured_year
from mains_server.offers.pricing import Conditions, Used
from mains_server.offers.queries import ComparedContract, compared_contract
from mains_server.offers.records import (
    CONTRACTS_MAX,
    ComparisonProblem,
    ComparisonRefused,
    ComparisonRequest,
    CustomerSort,
    YearUse,
)
from mains_server.offers.records import Connection as Connected
from mains_server.offers.rules import typed_use

TIME_ZONE = "Europe/Riga"
MICRO = 10**6
AMPERES_MAX = 1000
FIRST_DAY, DAYS_AHEAD_MAX = date(2000, 1, 1), 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who compares: a year of use at a connection, told in the adapter's words, perhaps with a product already.

    `shares` are the parts of the year that each place of a contract over several uses, in the order of the places.
    """

    adapter: LiveAdapter
    comparing: Comparing
    use: YearUse
    connection: Connected
    conditions: Conditions
    letters_a_month: int
    present: str | None
    time_zone: str
    series: Mapping[int, Series] = field(default_factory=dict)
    shares: tuple[Fraction, ...] = ()

    def counted(self, *, total: Decimal, night: Decimal | None, zones: int) -> Used:
        """Write down a month's use as a bill of so many zones counts it, at each of the places."""
        name = self.comparing.quantity
        found: dict[tuple[str, str | None, str], Decimal] = {(PAPER, None, ""): Decimal(self.letters_a_month)}
        zoned: list[tuple[str | None, Decimal]] = [(None, total)]
        if zones != 1 and night is not None:
            zoned = [(self.comparing.day, total - night), (self.comparing.night, night)]
        for zone, amount in zoned:
            for place, part in self._at_places(amount):
                found[name, zone, place] = part
        return found

    def with_attribute(self, *, name: str | None, value: str) -> Conditions:
        """Tell the same customer with another value of one attribute, if there is one of that name."""
        told = tuple(
            Attribute(one.name, value, one.period, one.unit) if one.name == name else one
            for one in self.conditions.attributes
        )
        return replace(self.conditions, attributes=told)

    def _at_places(self, amount: Decimal) -> Iterator[tuple[str, Decimal]]:
        """Split an amount over the places to the millionth; the last one gets what is left."""
        rest = amount
        for place, share in zip(self.conditions.places, self.shares, strict=True):
            part = Decimal(int(Fraction(amount) * share * MICRO)) / MICRO
            if place is self.conditions.places[-1]:
                part = rest
            rest -= part
            yield place.name, part
        if not self.conditions.places:
            yield "", amount


def refuse_day(on: date, *, today: date) -> None:
    """Refuse a day of which no prices can be known."""
    if not FIRST_DAY <= on <= today + timedelta(days=DAYS_AHEAD_MAX):
        raise ComparisonRefused(
            ComparisonProblem.DAY_OUT_OF_RANGE,
            f"Choose a day from {FIRST_DAY} to {DAYS_AHEAD_MAX} days from today.",
            path="on",
        )


def asker_of(connection: Connection, *, host: AdapterHost, request: ComparisonRequest) -> Asker:
    """Read who compares: a visitor by what they typed, or contracts by their own last twelve months."""
    if request.contract_id is None:
        if request.together:
            raise ComparisonRefused(
                ComparisonProblem.CONTRACT_NOT_COMPARABLE, "Name the first contract in `contractId`.", path="together"
            )
        return _visitor(host, request=request)
    if request.consumption is not None or request.connection is not None or request.adapter is not None:
        raise ComparisonRefused(
            ComparisonProblem.CONSUMPTION_TWICE,
            "Give a contract, or a utility with a consumption and a connection, not both.",
            path="contractId",
        )
    contracts = (request.contract_id, *request.together)
    if len(set(contracts)) != len(contracts) or len(contracts) > CONTRACTS_MAX:
        raise ComparisonRefused(
            ComparisonProblem.CONTRACT_NOT_COMPARABLE,
            f"Name at most {CONTRACTS_MAX} contracts, each once.",
            path="together",
        )
    return _customer(connection, host=host, contracts=contracts, on=request.on)


def _visitor(host: AdapterHost, *, request: ComparisonRequest) -> Asker:
    adapter, comparing = _comparable(host, code=request.adapter)
    if request.consumption is None:
        raise ComparisonRefused(
            ComparisonProblem.CONSUMPTION_MISSING, "Say how much is used, or name a contract.", path="consumption"
        )
    use = typed_use(request.consumption)
    told = request.connection or Connected()
    _refuse_connection(told, adapter=adapter, comparing=comparing, use=use)
    day = Period(request.on, request.on + timedelta(days=1))
    teller = AttributeTeller(utility=adapter.utility, period=day)
    return Asker(
        adapter=adapter,
        comparing=comparing,
        use=use,
        connection=told,
        conditions=Conditions(attributes=teller.tell(_traits(told, comparing=comparing, day=day, names=teller.units))),
        letters_a_month=0,
        present=None,
        time_zone=TIME_ZONE,
    )


def _customer(connection: Connection, *, host: AdapterHost, contracts: Sequence[int], on: date) -> Asker:
    known = [_contract(connection, contract_id=contract) for contract in contracts]
    first = known[0]
    adapter, comparing = _comparable(host, code=first.adapter)
    if any(contract.adapter != first.adapter for contract in known):
        raise ComparisonRefused(
            ComparisonProblem.CONTRACT_NOT_COMPARABLE, "The contracts are of different utilities.", path="together"
        )
    parts = [
        measured_year(connection, adapter=adapter, contract=contract, comparing=comparing, on=on) for contract in known
    ]
    is_one = len(parts) == 1
    teller = AttributeTeller(utility=adapter.utility, period=parts[0].day)
    measured = parts[0] if is_one else combined(parts, teller=teller)
    return Asker(
        adapter=adapter,
        comparing=comparing,
        use=measured.use,
        connection=measured.connection,
        conditions=Conditions(
            attributes=teller.tell(measured.traits),
            places=measured.places,
            present=measured.present_on(on) if is_one else None,
        ),
        letters_a_month=measured.letters_a_month,
        present=measured.due.product if is_one else None,
        time_zone=first.time_zone,
        series=measured.series,
        shares=measured.shares,
    )


def _contract(connection: Connection, *, contract_id: int) -> ComparedContract:
    contract = compared_contract(connection, contract_id=contract_id)
    if contract is None or not contract.is_billed_directly:
        raise ComparisonRefused(
            ComparisonProblem.CONTRACT_NOT_COMPARABLE,
            "This contract is billed to the members of a house; their products cannot be chosen one by one.",
            path="contractId",
        )
    return contract


def _comparable(host: AdapterHost, *, code: str | None) -> tuple[LiveAdapter, Comparing]:
    adapter = None if code is None else host.live.get(code)
    if adapter is None:
        raise ComparisonRefused(
            ComparisonProblem.UTILITY_UNKNOWN, "There is no such utility; `utilityAdapters` lists them.", path="adapter"
        )
    if adapter.utility.comparing is None:
        raise ComparisonRefused(
            ComparisonProblem.UTILITY_NOT_COMPARABLE,
            "This utility has no products to choose between.",
            path="adapter",
        )
    return adapter, adapter.utility.comparing


def _refuse_connection(told: Connected, *, adapter: LiveAdapter, comparing: Comparing, use: YearUse) -> None:
    """Refuse what no customer can be like; whether there is a price for it is told product by product."""
    declared = {attribute.name: attribute for attribute in adapter.utility.attributes}
    for name, value in (("phases", told.phases), ("amperes", told.amperes)):
        if value is None and name in declared and declared[name].default is None:
            raise ComparisonRefused(
                ComparisonProblem.CONNECTION_MISSING, f"Prices depend on {name}; give them.", path=f"connection.{name}"
            )
    allowed = declared["phases"].values if "phases" in declared else ()
    if told.phases is not None and allowed and str(told.phases) not in allowed:
        raise ComparisonRefused(
            ComparisonProblem.CONNECTION_OUT_OF_RANGE,
            f"Phases are one of {', '.join(allowed)}.",
            path="connection.phases",
        )
    if told.amperes is not None and not 1 <= told.amperes <= AMPERES_MAX:
        raise ComparisonRefused(
            ComparisonProblem.CONNECTION_OUT_OF_RANGE,
            f"Amperes are from 1 to {AMPERES_MAX}.",
            path="connection.amperes",
        )
    _refuse_protection(told, allowed=_values(declared, comparing.protected))
    if told.zones not in (1, 2) or (told.zones == 2 and comparing.zones is None):
        raise ComparisonRefused(
            ComparisonProblem.ZONES_NOT_OFFERED,
            "This utility does not count in so many zones.",
            path="connection.zones",
        )
    if told.zones == 2 and use.night is None:
        raise ComparisonRefused(
            ComparisonProblem.CONSUMPTION_MISSING,
            "With two zones say how much falls to night and weekend: `nightShare`, or `day` and `night`.",
            path="consumption.nightShare",
        )


def _values(declared: Mapping[str, ContractAttribute], name: str | None) -> tuple[str, ...]:
    found = None if name is None else declared.get(name)
    return () if found is None else found.values


def _refuse_protection(told: Connected, *, allowed: Sequence[str]) -> None:
    if told.protected is not None and told.protected not in allowed:
        raise ComparisonRefused(
            ComparisonProblem.PROTECTION_UNKNOWN,
            f"Protected customers are one of {', '.join(allowed) or 'none here'}.",
            path="connection.protected",
        )


def _traits(told: Connected, *, comparing: Comparing, day: Period, names: Mapping[str, object]) -> Traits:
    """Tell what was typed as a contract would be told, leaving out what the adapter does not ask for."""
    dated = []
    if comparing.zones is not None:
        dated.append(DatedValue(comparing.zones, str(told.zones), day.start, day.end))
    if comparing.protected is not None and told.protected is not None:
        dated.append(DatedValue(comparing.protected, told.protected, day.start, day.end))
    return Traits(
        kind="PRIVATE" if told.sort is CustomerSort.PRIVATE else "BUSINESS",
        delivery=None,
        settlement="INVOICE" if "settlement" in names else None,
        premise_kind=None,
        phases=told.phases if "phases" in names else None,
        amperes=told.amperes if "amperes" in names else None,
        area_m2=None,
        residents=None,
        dated=tuple(dated),
    )
