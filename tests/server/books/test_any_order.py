"""Whatever happens in whatever order, the books balance after each step, and in the end what was used is billed.

`MAINS_ANY_ORDER_SEED` and `MAINS_ANY_ORDER_RUNS` try other orders, or more of them.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from mains_server.billing.records import CorrectionReason

from tests.databases import Databases
from tests.server.books.any_order import Household, SettlingNext, World, world

RUNS = int(os.environ.get("MAINS_ANY_ORDER_RUNS", "200"))
SEED = int(os.environ.get("MAINS_ANY_ORDER_SEED", "1"))
STEPS = 50
HOUSEHOLDS_MAX = 4
# One rule chooses among all of them: Hypothesis would leave out some rules in each run, and nothing is billed then.
ACTIONS = (
    *["live a month"] * 4,
    *["read"] * 2,
    *["find out"] * 3,
    *["bill"] * 2,
    *["pay"] * 2,
    "wait",
    "change",
    "bill now",
    "bill now",
    "take back",
    "correct",
    "work off",
    "work off",
    "move in",
    "move out",
)
# Where the next bill settles what was wrong, what matters is what happens to a bill after another has settled it.
SETTLING_ACTIONS = (*ACTIONS, *["rewire"] * 6, *["take back"] * 2, "correct", "end late", "end late")


class AnyOrder(RuleBasedStateMachine):
    """Contracts, readings, bills, corrections and payments, in any order."""

    databases: ClassVar[Databases]
    seen: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self._lent = self.databases.one()
        self._opened = self.opened(self._lent.__enter__())
        self.world: World = self._opened.__enter__()
        for daily in (3, 7):
            self.world.move_in(daily=daily)

    def opened(self, address: str) -> AbstractContextManager[World]:
        """Open the world that things happen in."""
        return world(address)

    def teardown(self) -> None:
        """Give the database back."""
        try:
            if not self.world.work_off():
                assert self.world.waiting_in_vain() == []
            assert list(self.world.findings()) == []
            assert self.world.bills_that_are_not_the_readings() == []
            self.seen.update(self.world.happened())
        finally:
            self._opened.__exit__(None, None, None)
            self._lent.__exit__(None, None, None)

    @rule(action=st.sampled_from(ACTIONS), which=st.integers(0, 11), much=st.integers(0, 39))
    def step(self, action: str, which: int, much: int) -> None:
        """Do one thing."""
        getattr(self, action.replace(" ", "_"))(self.world.households[which % len(self.world.households)], much)

    def live_a_month(self, household: Household, much: int) -> None:
        """Let a month end, have some people read their meters, and bill."""
        self.world.wait_for_month_end()
        for at, one in enumerate(self.world.households):
            if much & (1 << at):
                self.world.read(one, days_ago=0)
        self.world.wait(days=9 + much % 3)
        self.world.bill()

    def read(self, household: Household, much: int) -> None:
        """Send in a reading of some days ago."""
        self.world.read(household, days_ago=much)

    def find_out(self, household: Household, much: int) -> None:
        """Send in what a meter showed on a day that was only estimated."""
        days = self.world.estimated_days(household)
        if days:
            self.world.read(household, days_ago=(self.world.today - days[much % len(days)]).days)

    def bill(self, household: Household, much: int) -> None:
        """Run the billing of one of the last months, for the first time or again."""
        self.world.bill(months_ago=1 + much % 3)

    def bill_now(self, household: Household, much: int) -> None:
        """Bill by a reading of today."""
        self.world.read(household, days_ago=0)
        self.world.bill_now(household)

    def wait(self, household: Household, much: int) -> None:
        """Let days go by."""
        self.world.wait(days=1 + much)

    def change(self, household: Household, much: int) -> None:
        """Let somebody use more or less from today on."""
        household.habits[max(household.starts, self.world.today)] = much % 10

    def pay(self, household: Household, much: int) -> None:
        """Receive money."""
        self.world.pay(household, cents=1 + 157 * much)

    def take_back(self, household: Household, much: int) -> None:
        """Credit some invoice, and have its days billed anew."""
        numbers = self.world.live_invoices()
        if numbers:
            self.world.take_back(numbers[much % len(numbers)])

    def correct(self, household: Household, much: int) -> None:
        """Look at some invoice again, for one reason or another."""
        numbers = self.world.live_invoices()
        if numbers:
            reason = list(CorrectionReason)[much % len(CorrectionReason)]
            self.world.correct(numbers[much % len(numbers)], reason=reason)

    def work_off(self, household: Household, much: int) -> None:
        """Correct what is noted as due."""
        self.world.work_off()

    def move_in(self, household: Household, much: int) -> None:
        """Have another customer, if there are not enough."""
        if len(self.world.households) < HOUSEHOLDS_MAX:
            self.world.move_in(daily=much % 10)

    def move_out(self, household: Household, much: int) -> None:
        """End a contract, but not everybody's."""
        if much % 3 == 0:
            self.world.move_out(household)

    @invariant()
    def books_balance(self) -> None:
        """Have no check of the books find anything."""
        assert list(self.world.findings()) == []

    @invariant()
    def bills_are_what_was_read(self) -> None:
        """Bill between two days what the readings of the two days say, unless a correction is noted as due."""
        assert self.world.bills_that_are_not_the_readings() == []


class AnySettlingOrder(AnyOrder):
    """The same, of a utility that puts the difference of a wrong bill on the next one."""

    def opened(self, address: str) -> AbstractContextManager[World]:
        """Open the world that things happen in."""
        return world(address, utility=SettlingNext())

    @rule(action=st.sampled_from(SETTLING_ACTIONS), which=st.integers(0, 11), much=st.integers(0, 39))
    def step(self, action: str, which: int, much: int) -> None:
        """Do one thing."""
        getattr(self, action.replace(" ", "_"))(self.world.households[which % len(self.world.households)], much)

    def rewire(self, household: Household, much: int) -> None:
        """Find that a connection was billed wrongly, and look at one of its bills again."""
        self.world.rewire(household)
        numbers = self.world.live_invoices(household)
        if numbers:
            self.world.correct(numbers[much % len(numbers)], reason=CorrectionReason.ATTRIBUTE)

    def end_late(self, household: Household, much: int) -> None:
        """Tell late that a contract ended: with its last billed day, or a little later."""
        self.world.move_out(household, ends=self.world.last_billed(household) + timedelta(days=much % 2))


@pytest.mark.slow
@pytest.mark.parametrize("order", [AnyOrder, AnySettlingOrder], ids=["replacing", "settling"])
def test_the_books_balance_after_each_step(test_databases: Databases, order: type[AnyOrder]) -> None:
    seen: Counter[str] = Counter()
    print(f"MAINS_ANY_ORDER_SEED={SEED}")
    machine = type("AnyOrderHere", (order,), {"databases": test_databases, "seen": seen})

    run_state_machine_as_test(
        with_seed(SEED)(machine),
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )

    print(dict(seen))
