"""The demo utility begins: prices, sellers, people, contracts, meters and what they showed, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from importlib.resources import files
from itertools import pairwise

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import grant_owner
from mains_server.adapters.host import AdapterHost
from mains_server.customers.queries import customer_by_number
from mains_server.demo import cast
from mains_server.demo.electricity import build_business, build_households
from mains_server.demo.exchange import build_month
from mains_server.demo.heat import settle_house
from mains_server.demo.house import FIRST_MONTH, MONTH_COUNT, build_house, month_starts
from mains_server.demo.levelled import settle_levelled_home
from mains_server.demo.smart import settle_smart_home
from mains_server.demo.supply import settle_business, settle_households
from mains_server.demo.terms import lay_down_terms
from mains_server.demo.weather import degree_days
from mains_server.dunning.operations import lay_down_policy
from mains_server.dunning.policy_file import read_policies
from mains_server.facts.operations import load_series
from mains_server.facts.records import Stretch
from mains_server.invoices.operations import register_seller
from mains_server.invoices.records import SellerDraft
from mains_server.tariffs.operations import load_price_versions, load_products, load_tax_rates
from mains_server.tariffs.price_file import read_price_file

FAMILY_PREMISE = "12"
NEIGHBOUR_PREMISE = "14"
ADAPTERS = ("district_heating", "electricity_retail")
SELLERS = (
    ("district_heating", 'SIA "Jelgavas siltums (demo)"', "40003000013", "LV97HABA0012345678910", "H"),
    ("electricity_retail", 'SIA "Elektrības tirgotājs (demo)"', "40003000021", "LV80BANK0000435195001", "E"),
)


async def is_settled(session: AsyncSession) -> bool:
    """Tell whether the demo's first customer is there, and with it everything else."""
    return await customer_by_number(session, number="100000") is not None


async def settle(session: AsyncSession, *, host: AdapterHost, now: datetime) -> None:
    """Add the whole demo, the same on every machine; the caller's transaction makes it all or nothing."""
    await _load_trade(session, host=host, on=FIRST_MONTH)
    await load_series(session, stretches=tuple(_exchange()))
    months = month_starts(first=FIRST_MONTH, count=MONTH_COUNT + 1)
    await load_series(session, stretches=tuple(degree_days(months)))
    house = build_house()
    premises = await settle_house(session, house=house, now=now)
    family_id = premises[FAMILY_PREMISE]
    households = await settle_households(
        session, supplies=build_households(), days=house.days, family_id=family_id, now=now
    )
    await settle_smart_home(session, days=house.days, now=now)
    business_id = await settle_business(session, supplies=build_business(), days=house.days, now=now)
    levelled_id = await settle_levelled_home(session, days=house.days, now=now)
    await cast.admit_owner(session, login=cast.OWNER, customer_id=family_id, now=now)
    delegate_id = await cast.admit_delegate(session, login=cast.DELEGATE, customer_id=family_id, now=now)
    await grant_owner(session, customer_id=households[1], person_id=delegate_id, now=now)
    await cast.admit_owner(session, login=cast.NEIGHBOUR, customer_id=premises[NEIGHBOUR_PREMISE], now=now)
    await cast.admit_owner(session, login=cast.BUSINESS, customer_id=business_id, now=now)
    await cast.admit_owner(session, login=cast.MANAGER, customer_id=premises["manager"], now=now)
    await cast.admit_staff(session, now=now)
    await cast.admit_owner(session, login=cast.LEVELLED, customer_id=levelled_id, now=now)


async def _load_trade(session: AsyncSession, *, host: AdapterHost, on: date) -> None:
    for code, name, registration_number, iban, series in SELLERS:
        seller = SellerDraft(
            adapter=code, starts=on, name=name, registration_number=registration_number,
            vat_number=f"LV{registration_number}", address="Jelgava, LV-3001, LV", iban=iban, series=series,
        )  # fmt: skip
        await register_seller(session, draft=seller)
        await lay_down_terms(session, adapter=host.adapter(code), on=on)
        await load_products(session, adapter=code, products=host.adapter(code).products(on=on))
        text = files(f"mains_{code}").joinpath("data/prices.toml").read_text("utf-8")
        prices = read_price_file(text=text, name=f"{code}/prices.toml")
        await load_price_versions(session, versions=prices.versions)
        await load_tax_rates(session, rates=prices.rates)
        for policy in read_policies(files("mains_server.demo").joinpath(f"debts_{code}.toml").read_text("utf-8")):
            await lay_down_policy(session, policy=policy)


def _exchange() -> Iterator[Stretch]:
    months = month_starts(first=FIRST_MONTH, count=MONTH_COUNT + 1)
    for index, (first, following) in enumerate(pairwise(months)):
        month = build_month(first=first, following=following, index=index)
        for name, unit, values in (("nordpool.lv", "EUR/MWh", month.prices), ("profile.lv", "1", month.weights)):
            yield Stretch(
                name=name,
                unit=unit,
                starts_at=month.starts_at,
                step_seconds=3600,
                values=values,
                known_at=month.ends_at,
                source="demo",
            )
