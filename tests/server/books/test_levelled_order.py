"""With plans, instalments, settlements and switches of product in any order, the books balance after each step.

`MAINS_LEVELLED_ORDER_SEED` and `MAINS_LEVELLED_ORDER_RUNS` try other orders, or more of them.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.databases import Databases
from tests.server.books.any_order import Household
from tests.server.books.levelled_order import LevellingWorld, levelling_world
from tests.server.books.test_any_order import ACTIONS as PLAIN
from tests.server.books.test_any_order import AnyOrder

RUNS = int(os.environ.get("MAINS_LEVELLED_ORDER_RUNS", "12"))
SEED = int(os.environ.get("MAINS_LEVELLED_ORDER_SEED", "1"))
STEPS = 50
ACTIONS = (
    *[action for action in PLAIN if action not in ("find out", "correct")],
    *["level"] * 3,
    *["pay instalments"] * 3,
    *["settle now"] * 2,
    "change amount",
    "stop",
    "look",
    "look",
    "recalculate",
    "switch",
    "correct",
    "pay late",
    "bank takes back",
)


class LevelledOrder(AnyOrder):
    """Contracts that are levelled, switched, paid, settled and billed, in any order."""

    world: LevellingWorld

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        self._lent = self.databases.one()
        self._opened = levelling_world(self._lent.__enter__())
        self.world = self._opened.__enter__()
        for daily in (3, 7):
            self.world.move_in(daily=daily)

    @rule(action=st.sampled_from(ACTIONS), which=st.integers(0, 11), much=st.integers(0, 39))
    def step(self, action: str, which: int, much: int) -> None:
        """Do one thing."""
        getattr(self, action.replace(" ", "_"))(self.world.households[which % len(self.world.households)], much)

    def level(self, household: Household, much: int) -> None:
        """Begin a levelled payment."""
        self.seen["levelled"] += self.world.level(household, kwh=100 * much)

    def pay_instalments(self, household: Household, much: int) -> None:
        """Let months go by in which all with a plan pay, by the contract's number; some read their meters."""
        for month in range(1 + much % 3):
            self.world.wait_for_month_end()
            for one in self.levelled():
                self.world.pay_for(one, cents=1000 + 100 * much)
                self.seen["instalment"] += 1
                if month == 0 or much % 2:
                    self.world.read(one, days_ago=0)
        self.world.look()

    def settle_now(self, household: Household, much: int) -> None:
        """Read a meter and settle."""
        for one in self.levelled()[much % 2 :][:1]:
            self.world.read(one, days_ago=0)
            self.seen["settled"] += self.world.settle_now(one)

    def change_amount(self, household: Household, much: int) -> None:
        """Pay another amount."""
        self.seen["amount"] += self.world.change_amount(household, cents=250 * much)

    def levelled(self) -> list[Household]:
        """Give those with a plan."""
        return [one for one in self.world.households if self.world.plan(one) is not None]

    def stop(self, household: Household, much: int) -> None:
        """Go back to invoices."""
        self.seen["stopped"] += self.world.stop(household)

    def look(self, household: Household, much: int) -> None:
        """Have the utility do what is due, after which nothing is left on accounts that no plan runs on."""
        self.world.look()
        assert self.world.left_on_closed_accounts() == []

    def pay_late(self, household: Household, much: int) -> None:
        """Pay on a contract's number, whether it is levelled, was once, or never."""
        self.world.pay_for(household, cents=100 + 250 * much)
        self.seen["late"] += self.world.plan(household) is None

    def bank_takes_back(self, household: Household, much: int) -> None:
        """Have a bank take back what a customer paid last, or some of it."""
        self.seen["taken back by the bank"] += self.world.bank_takes_back(household, cents=100 * much)

    def recalculate(self, household: Household, much: int) -> None:
        """Work all plans out anew."""
        self.world.recalculate()

    def switch(self, household: Household, much: int) -> None:
        """Have the other product."""
        self.seen["switched"] += self.world.switch(household, product=("fixed", "other")[much % 2])

    @invariant()
    def accounts_are_bills_less_payments(self) -> None:
        """Have receivable, deferred and prepaid add up to what was billed and not paid."""
        assert self.world.unbalanced_accounts() == []

    @invariant()
    def settlements_are_no_debts(self) -> None:
        """Have nothing open of what a running plan was settled by."""
        assert self.world.settlements_seen_as_debts() == []


def run(databases: Databases, *, runs: int, steps: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    machine = type("LevelledOrderHere", (LevelledOrder,), {"databases": databases, "seen": seen})
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


def test_a_few_orders_balance(test_databases: Databases) -> None:
    run(test_databases, runs=2, steps=15)


@pytest.mark.slow
def test_the_books_balance_after_each_step(test_databases: Databases) -> None:
    print(f"MAINS_LEVELLED_ORDER_SEED={SEED}")

    seen = run(test_databases, runs=RUNS, steps=STEPS)

    print(dict(seen))
    assert {"levelled", "instalment", "settled", "amount", "stopped", "switched"} <= {k for k, n in seen.items() if n}
