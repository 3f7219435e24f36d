"""Whatever happens in a house, and in whatever order, the books balance after each step and its premises add up to it.

`MAINS_HOUSE_ORDER_SEED` and `MAINS_HOUSE_ORDER_RUNS` try other orders, or more of them; a run of fifty steps takes a
quarter of a minute or more.
"""

from __future__ import annotations

import os
from collections import Counter as Tally
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from mains_server.billing.records import CorrectionReason

from tests.databases import Databases
from tests.server.books.any_order import next_month
from tests.server.books.house_order import HouseWorld, house_world

RUNS = int(os.environ.get("MAINS_HOUSE_ORDER_RUNS", "12"))
SEED = int(os.environ.get("MAINS_HOUSE_ORDER_SEED", "1"))
STEPS = 50
ACTIONS = (
    *["live a month"] * 5,
    *["find out"] * 3,
    *["vote"] * 3,
    *["work off"] * 2,
    "read",
    "bill",
    "pay",
    "wait",
    "change",
    "call off",
    "measure",
    "change hands",
    "take back",
    "correct",
)


class HouseOrder(RuleBasedStateMachine):
    """A house with votes, readings, estimates, bills, corrections and payments, in any order."""

    databases: ClassVar[Databases]
    seen: ClassVar[Tally[str]]

    def __init__(self) -> None:
        super().__init__()
        self._lent = self.databases.one()
        self._opened = house_world(self._lent.__enter__())
        self.world: HouseWorld = self._opened.__enter__()
        self.live_a_month(63)  # without any month that was read nothing could be estimated

    def teardown(self) -> None:
        """Give the database back."""
        try:
            self.world.work_off()
            assert list(self.world.findings()) == []
            assert self.world.houses_that_do_not_add_up() == []
            self.seen.update(self.world.happened())
        finally:
            self._opened.__exit__(None, None, None)
            self._lent.__exit__(None, None, None)

    @rule(action=st.sampled_from(ACTIONS), much=st.integers(0, 63))
    def step(self, action: str, much: int) -> None:
        """Do one thing."""
        getattr(self, action.replace(" ", "_"))(much)

    def live_a_month(self, much: int) -> None:
        """Let a month end, have some of the six registers read, and bill."""
        self.world.wait_for_month_end()
        for at, counter in enumerate(self.world.counters):
            if much & (1 << at):
                self.world.read_counter(counter, days_ago=0)
        self.world.wait(days=9)
        self.world.bill()

    def find_out(self, much: int) -> None:
        """Send in what a register showed on a day that was only estimated."""
        days = self.world.estimated()
        if days:
            counter, day = days[much % len(days)]
            self.seen["found out"] += self.world.read_counter(counter, days_ago=(self.world.today - day).days)

    def vote(self, much: int) -> None:
        """Vote a method from the first of a month on, or from a day inside one."""
        starts = next_month(self.world.today) + timedelta(days=14 * (much % 4 == 3))
        self.seen["voted"] += self.world.vote(choice=much // 2, starts=starts)

    def call_off(self, much: int) -> None:
        """Call a method off."""
        if self.world.methods:
            method = self.world.methods[much % len(self.world.methods)]
            self.seen["called off"] += self.world.call_off(method)

    def measure(self, much: int) -> None:
        """Correct the area of a premise."""
        premises = self.world.counters[2:]
        area = Decimal(300 + much).scaleb(-1)
        self.seen["measured"] += self.world.measure(premises[much % len(premises)], area_m2=area)

    def change_hands(self, much: int) -> None:
        """Sell a flat as of a first of a month, or as of a day inside one."""
        premises = self.world.counters[2:]
        day = next_month(self.world.today) + timedelta(days=9 * (much % 2))
        self.seen["sold"] += self.world.change_hands(premises[much // 2 % len(premises)], day=day)

    def read(self, much: int) -> None:
        """Send in a reading of some days ago."""
        counter = self.world.counters[much % len(self.world.counters)]
        self.world.read_counter(counter, days_ago=much // len(self.world.counters))

    def bill(self, much: int) -> None:
        """Run the billing of one of the last months, for the first time or again."""
        self.world.bill(months_ago=1 + much % 3)

    def wait(self, much: int) -> None:
        """Let days go by."""
        self.world.wait(days=1 + much % 31)

    def change(self, much: int) -> None:
        """Let a register count another part of what it counted at first, from today on."""
        counter = self.world.counters[much % len(self.world.counters)]
        first = counter.habits[min(counter.habits)]
        counter.habits[self.world.today] = first * (80 + much % 40) // 100

    def pay(self, much: int) -> None:
        """Receive money."""
        self.world.pay_somebody(which=much, cents=1 + 157 * much)

    def take_back(self, much: int) -> None:
        """Credit some invoice, and have its days billed anew."""
        numbers = self.world.live_invoices()
        if numbers:
            self.world.take_back(numbers[much % len(numbers)])

    def correct(self, much: int) -> None:
        """Look at some invoice again, for one reason or another."""
        numbers = self.world.live_invoices()
        if numbers:
            reason = list(CorrectionReason)[much % len(CorrectionReason)]
            self.seen["corrected"] += self.world.correct(numbers[much % len(numbers)], reason=reason)

    def work_off(self, much: int) -> None:
        """Correct what is noted as due."""
        self.world.work_off()

    @invariant()
    def books_balance(self) -> None:
        """Have no check of the books find anything."""
        assert list(self.world.findings()) == []

    @invariant()
    def premises_add_up_to_the_house(self) -> None:
        """Bill the house's heat by its tariff to the cent, over all premises, with what corrections settle."""
        assert self.world.houses_that_do_not_add_up() == []


def run(databases: Databases, *, runs: int, steps: int) -> Tally[str]:
    seen: Tally[str] = Tally()
    machine = type("HouseOrderHere", (HouseOrder,), {"databases": databases, "seen": seen})
    run_state_machine_as_test(
        with_seed(SEED)(machine),
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    return seen


def test_a_house_adds_up_after_a_vote_an_estimate_and_the_truth(test_databases: Databases) -> None:
    """January's heat is estimated as December's, 9.3 MWh, and was 350 kWh a day: 10.85 MWh x 72.39 are 785.43."""
    with test_databases.one() as address, house_world(address) as world:
        heat, *others = world.counters
        heat.habits[date(2024, 1, 1)] = 350
        assert world.vote(choice=0, starts=next_month(world.today))
        for month in range(2):
            world.wait_for_month_end()
            for counter in others if month else world.counters:
                assert world.read_counter(counter, days_ago=0)
            world.wait(days=9)
            world.bill()
        estimated = dict(world.billed_months())
        ((counter, day),) = world.estimated()

        assert counter is heat and world.read_counter(heat, days_ago=(world.today - day).days)
        noted = dict(world.billed_months())
        assert world.work_off() == 0

        assert estimated[date(2024, 1, 1)] == Decimal("673.23")
        assert date(2024, 1, 1) not in noted
        assert dict(world.billed_months())[date(2024, 1, 1)] == Decimal("785.43")
        assert world.houses_that_do_not_add_up() == []
        assert list(world.findings()) == []


@pytest.mark.slow
def test_the_books_of_a_house_balance_after_each_step(test_databases: Databases) -> None:
    print(f"MAINS_HOUSE_ORDER_SEED={SEED}")

    seen = run(test_databases, runs=RUNS, steps=STEPS)

    print(dict(seen))
    if RUNS >= 20:
        told = ("found out", "voted", "called off", "measured", "sold", "corrected", "correction due", "invoice credit")
        assert all(seen[kind] for kind in told)
