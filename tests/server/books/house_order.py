"""A house of three flats and a shop on district heating in which things happen in any order, for the state machine.

It is the small house of the journeys with its real tariff. Every meter has a truth that grows day by day.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import pairwise

import psycopg
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter
from mains_server.adapters.loading import load_adapters
from mains_server.allocation.operations import announce_method, cancel_method, correct_area
from mains_server.allocation.records import AllocationChoice, NewArea, NewMethod
from mains_server.billing.operations import note_correction
from mains_server.billing.records import RunRequest
from mains_server.billing.run import Shift, run_billing
from mains_server.contracts.operations import conclude_contract, end_contract
from mains_server.contracts.records import Coverage, NewContract
from mains_server.db.engine import make_engine
from mains_server.demo.cast import MANAGER, OPERATOR
from mains_server.invoices.queries import is_billed
from mains_server.metering.operations import submit_reading
from mains_server.metering.records import ReadingSource, ReadingSubmission, SystemViewer
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_spi import Period
from sqlalchemy.ext.asyncio import AsyncSession

from tests.journeys.small_house import ADAPTER, DAYS, settle_small_house
from tests.server.billing.small_utility import Town
from tests.server.books.any_order import World, next_month

# The last known price goes on, so that there is always something to bill.
PRICES_GO_ON = """
update price_version v set ends = null
where adapter = 'district_heating' and not exists (
    select from price_version o where o.adapter = v.adapter and o.list = v.list and o.starts > v.starts
)
"""
METERS = """
select r.id, coalesce(p.premise, 'house') || ' ' || r.quantity, p.id
from register r join supply_point p on p.id = r.supply_point_id order by r.id
"""
# What a day's use is, in thousandths: 9 MWh and 30 m3 a month for the house, of which the meters of the flats tell 26.
DAILY = {"house heat": 300, "house hot_water": 1000, "flat 1 hot_water": 266, "flat 2 hot_water": 333,
         "flat 3 hot_water": 233, "shop hot_water": 33}  # fmt: skip
METHODS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("circulation_sharing", "area"),),
    (("circulation_sharing", "premise"),),
    (("circulation", "none"),),
    (("circulation", "constant"),),
    (("circulation", "none"), ("circulation_sharing", "area")),
    (("unmetered_water", "norm"), ("hot_water_norm", "1.5")),
    (("heating_sharing", "allocators"),),
)
# A month of which every premise has a standing bill and nothing is due: what it was billed, also since by corrections.
HOUSE_MONTHS = """
with standing as (
    select i.id, i.customer_id, i.period_from, i.period_to, i.contract_id from invoice i
    where i.kind <> 'CREDIT' and not exists (
        select from invoice n where n.corrects_invoice_id = i.id and n.kind = 'CREDIT'
    )
), premises as (
    select m.day as period_from, count(distinct s.supply_point_id) as number
    from (select distinct period_from as day from standing) m
    join standing i on i.period_from <= m.day and i.period_to > m.day
    join contract_supply_point s on s.contract_id = i.contract_id and s.starts <= m.day
        and (s.ends is null or s.ends > m.day)
    group by m.day
)
select i.period_from, max(i.period_to), (
    coalesce(sum((select sum(l.net) from invoice_line l where l.invoice_id = i.id and not l.is_after_tax
        and l.code in ('heating', 'hot_water', 'circulation'))), 0)
    - coalesce(sum((select sum((w ->> 'net')::numeric) from invoice o, jsonb_array_elements(o.inputs -> 'settles') w
        where o.id = i.id and not (w ->> 'is_after_tax')::boolean)), 0)
    + coalesce(sum((select sum(s.net) from settlement_line s where s.invoice_id = i.id and not s.is_after_tax
        and s.withdrawn_by_id is null)), 0)
)
from standing i join premises p on p.period_from = i.period_from
where p.number = 4 and not exists (
    select from correction_due d join standing o on o.id = d.invoice_id
    where d.settled_at is null and o.period_from = i.period_from
)
group by i.period_from having count(distinct i.period_to) = 1
order by 1
"""
HEAT = """
select b.value - a.value from reading a join reading b on b.register_id = a.register_id
where a.register_id = %s and a.status = 'ACCEPTED' and b.status = 'ACCEPTED' and a.counts_for = %s and b.counts_for = %s
"""
# A vote that changes nothing cuts nothing, so that both a month in parts and a whole one can be right.
VOTED_INSIDE = """
select distinct a.starts from contract_attribute a join contract c on c.id = a.contract_id
where c.number = 'M-1' and a.starts > %s and a.starts < %s order by a.starts
"""
PRICE = """
select r.value from price_row r join price_version v on v.id = r.version_id
where v.adapter = 'district_heating' and v.list = 'heat' and v.starts <= %s and (v.ends is null or v.ends > %s)
  and r.unit = 'EUR/MWh' and r.conditions = '[]' order by r.position limit 1
"""


@cache
def heat_host() -> AdapterHost:
    """Load the adapters once."""
    return load_adapters(on=DAYS[0])


@dataclass(kw_only=True)
class Counter:
    """A register of the house, and what it really counts a day from some day on, in thousandths of its unit."""

    register: int
    point: int
    habits: dict[date, int]

    def truth(self, day: date) -> Decimal:
        """Tell what the register shows at the start of a civil day."""
        value, since, daily = 0, DAYS[0], 0
        for changed, uses in sorted(self.habits.items()):
            if changed > day:
                break
            value += daily * (changed - since).days
            since, daily = changed, uses
        return Decimal(value + daily * (day - since).days).scaleb(-3)


@dataclass(kw_only=True)
class HouseWorld(World):
    """The house, its database and its calendar; what is refused by name leaves nothing behind."""

    today: date = DAYS[0]
    counters: list[Counter] = field(default_factory=list)
    methods: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.town = Town(self.connection, count={"customer": 100, "contract": 100})
        self.host = heat_host()
        self.engine = make_engine(address=self.address, connections_max=4)
        assert self.do(lambda session: settle_small_house(session, host=self.host))
        self.connection.execute("delete from reading where counts_for > %s", [DAYS[0]])
        self.connection.execute(PRICES_GO_ON)
        for register, name, point in self.connection.execute(METERS).fetchall():
            self.counters.append(Counter(register=register, point=point, habits={DAYS[0]: DAILY[name]}))

    @property
    def adapter(self) -> LiveAdapter:
        """Give the adapter of district heating."""
        return self.host.adapter(ADAPTER)

    def bill_month(self, first: date) -> None:
        """Run the billing of the month that begins on a day."""
        if first < DAYS[0]:
            return
        self.steps += 1
        asked = RunRequest(adapter=ADAPTER, period=Period(first, next_month(first)), issued_on=self.today, now=self.now)
        run_billing(self.connection, request=asked, shift=Shift(adapter=self.adapter, now=self.now))

    def read_counter(self, counter: Counter, *, days_ago: int) -> bool:
        """Send in what a register showed some days ago, as whoever has the place then would."""
        taken = self.today - timedelta(days=days_ago)
        day = counted_day(taken)
        held = self.connection.execute(
            "select contract_id from contract_supply_point where supply_point_id = %s", [counter.point]
        ).fetchall()
        viewer = SystemViewer(
            source=ReadingSource.PORTAL, actor="somebody", contract_ids=frozenset(contract for (contract,) in held)
        )
        submission = ReadingSubmission(
            register_id=counter.register,
            value=str(counter.truth(day)),
            idempotency_key=f"step-{self.steps}",
            taken_at=self.now - timedelta(days=days_ago),
        )
        return self.do(
            lambda session: submit_reading(
                session,
                viewer=viewer,
                request=submission,
                now=self.now,
                is_billed=is_billed,
                host=self.host,
                note_correction=note_correction,
            )
        )

    def estimated(self) -> list[tuple[Counter, date]]:
        """List registers and days of which only an estimate is known."""
        rows = self.connection.execute(
            "select register_id, counts_for from reading where status = 'ACCEPTED' and source = 'ESTIMATION'"
            " order by counts_for, register_id"
        )
        by_register = {counter.register: counter for counter in self.counters}
        return [(by_register[register], day) for register, day in rows]

    def vote(self, *, choice: int, starts: date) -> bool:
        """Let a method hold from a day on."""
        choices = tuple(AllocationChoice(name=name, value=value) for name, value in METHODS[choice % len(METHODS)])
        method = NewMethod(
            contract_id=self.contract_of("M-1"),
            choices=choices,
            valid_from=starts,
            decision_reference=f"Minutes {self.steps}",
            decided_on=self.today,
        )

        async def announce(session: AsyncSession) -> None:
            viewer = await self.viewer(session, MANAGER.email)
            self.methods.append(
                await announce_method(
                    session, viewer=viewer, method=method, host=self.host, key=f"v{self.steps}", now=self.now
                )
            )

        return self.do(announce)

    def call_off(self, method: int) -> bool:
        """Call a method off, if it has not begun."""

        async def cancel(session: AsyncSession) -> None:
            viewer = await self.viewer(session, MANAGER.email)
            await cancel_method(session, viewer=viewer, method_id=method, key=f"c{self.steps}", now=self.now)

        return self.do(cancel)

    def measure(self, counter: Counter, *, area_m2: Decimal) -> bool:
        """Put another area of a premise on file."""
        area = NewArea(supply_point_id=counter.point, area_m2=area_m2, reason="measured anew")

        async def correct(session: AsyncSession) -> None:
            viewer = await self.viewer(session, OPERATOR.email)
            await correct_area(session, viewer=viewer, area=area, key=f"a{self.steps}", now=self.now)

        return self.do(correct)

    def change_hands(self, counter: Counter, *, day: date) -> bool:
        """Let a premise have another customer from a day on."""
        ((contract,),) = self.connection.execute(
            "select contract_id from contract_supply_point where supply_point_id = %s order by starts desc limit 1",
            [counter.point],
        ).fetchall()
        new = NewContract(
            customer_id=self.town.customer(),
            number=f"N{self.steps}",
            adapter=ADAPTER,
            product="heat_flat",
            starts=day,
            covers=(Coverage(supply_point_id=counter.point),),
            signed_on=self.today,
        )

        async def move(session: AsyncSession) -> None:
            await end_contract(session, contract_id=contract, ends=day)
            await conclude_contract(session, contract=new)

        return self.do(move)

    def pay_somebody(self, *, which: int, cents: int) -> None:
        """Receive money from one of the customers who are billed."""
        rows = self.connection.execute("select distinct customer_id from invoice order by 1").fetchall()
        if rows:
            (customer,) = rows[which % len(rows)]
            payment = PaymentRequest(
                customer_id=customer,
                amount=Decimal(cents).scaleb(-2),
                currency="EUR",
                method=PaymentMethod.BANK_TRANSFER,
                received_on=self.today,
                reference="",
                idempotency_key=f"step-{self.steps}",
            )
            assert self.do(lambda session: receive_payment(session, request=payment, now=self.now))

    async def viewer(self, session: AsyncSession, email: str) -> Viewer:
        """Give somebody with what they may do."""
        ((person,),) = self.connection.execute("select id from person where email = %s", [email]).fetchall()
        found = await viewer_of_person(session, person_id=person, now=self.now)
        assert found is not None
        return found

    def contract_of(self, number: str) -> int:
        """Give a contract by its number."""
        ((contract,),) = self.connection.execute("select id from contract where number = %s", [number]).fetchall()
        return int(contract)

    def billed_months(self) -> list[tuple[date, Decimal]]:
        """Tell what all premises together were billed for each month of which nothing is missing or due."""
        return [(starts, billed) for starts, _, billed in self.connection.execute(HOUSE_MONTHS).fetchall()]

    def houses_that_do_not_add_up(self) -> list[tuple[date, Decimal, Decimal]]:
        """Hold what all premises were billed for a month against the heat meter and the tariff, worked out here.

        Months whose ends nobody read or estimated, and such with a correction due, are left out. Where a vote begins
        inside a month, each part of it is rounded by itself.
        """
        (heat, *_) = self.counters
        wrong = []
        for starts, ends, billed in self.connection.execute(HOUSE_MONTHS).fetchall():
            used = self.connection.execute(HEAT, [heat.register, starts, ends]).fetchone()
            price = self.connection.execute(PRICE, [starts, starts]).fetchone()
            assert used is not None and price is not None
            voted = [day for (day,) in self.connection.execute(VOTED_INSIDE, [starts, ends]).fetchall()]
            due = [cost_of(used[0], price=price[0], days=[starts, *cuts, ends]) for cuts in ([], voted)]
            if billed not in due:
                wrong.append((starts, due[0], billed))
        return wrong


def cost_of(used: Decimal, *, price: Decimal, days: list[date]) -> Decimal:
    """Work out a month's heat, where a voted method begins within it in rounded parts.

    Usage is divided by days with cumulative rounding to three decimals (golden/vote_from_the_15th.toml).
    """
    whole = (days[-1] - days[0]).days
    upto = [rounded(used * (day - days[0]).days / whole, "0.001") for day in days]
    return sum((rounded((b - a) * price, "0.01") for a, b in pairwise(upto)), Decimal(0))


def rounded(value: Decimal, step: str) -> Decimal:
    return value.quantize(Decimal(step), rounding=ROUND_HALF_UP)


def counted_day(taken: date) -> date:
    """Tell for which civil day a reading of heat counts: from the 25th for the next first of a month."""
    return next_month(taken) if taken.day >= 25 else taken


@contextmanager
def house_world(address: str) -> Iterator[HouseWorld]:
    """Open the house on an empty database."""
    with (
        asyncio.Runner() as runner,
        psycopg.connect(address, autocommit=True, options="-c plan_cache_mode=force_generic_plan") as connection,
    ):
        made = HouseWorld(address=address, connection=connection, runner=runner)
        try:
            yield made
        finally:
            made.close()
