"""Cents for everybody are what the rule for one plan says in exact amounts, and what is written is what was meant."""

from datetime import UTC, date, datetime
from decimal import Decimal
from json import loads

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.billing.expected import millionths, millionths_told
from mains_server.levelling import rules
from mains_server.levelling.records import RecalculationRequest
from mains_server.levelling.renewing import StandingPlan, event_rows, renewed

FIRST, NOW = date(2023, 6, 1), datetime(2023, 5, 10, 8, tzinfo=UTC)
CENTS = st.integers(0, 10**9)
FIRSTS = st.dates(date(2020, 1, 1), date(2030, 12, 31)).map(lambda day: day.replace(day=1))


def standing(**change):
    own = {
        "plan_id": 1,
        "customer_id": 2,
        "contract_id": 3,
        "currency": "EUR",
        "number": 4,
        "usage": '[{"quantity": "energy", "zone": null, "unit": "kWh", "value": "12.345", "source": "a \\\\ b"}]',
        "basis": "FORECAST",
        "starts": date(2023, 2, 1),
        "base_total": 0,
        "total": 0,
        "going_on": 0,
        "used_before": 0,
        "paid": 0,
        "delivery": "EMAIL",
        "language": "lv",
        "traits": "x",
    }
    return StandingPlan(**{**own, **change})


def euros(cents):
    return Decimal(cents).scaleb(-2)


@given(total=CENTS, month=st.integers(0, 40))
def test_shares_in_cents_are_the_shares(total, month):
    assert euros(rules.twelfth_cents(total, month=month)) == rules.twelfth(euros(total), month=month)
    assert euros(rules.upto_cents(total, months=month)) == rules.upto(euros(total), months=month)


@given(
    first=FIRSTS, starts=FIRSTS, base=CENTS, total=CENTS, going_on=CENTS, used=CENTS, paid=st.integers(-100, 10**9),
    cost=CENTS,
)  # fmt: skip
def test_a_plan_is_renewed_by_the_rule_for_one(first, starts, base, total, going_on, used, paid, cost):
    plan = standing(starts=first, base_total=base, total=total, going_on=going_on, used_before=used, paid=paid)

    made = renewed(plan, cost=cost, starts=starts)

    begins = max(first, starts)
    used_by_rule = rules.used_upto(used_before=euros(used), cost=euros(base), version_starts=first, starts=begins)
    wanted = rules.amounts_by_rule(cost=euros(cost), used=used_by_rule, paid=euros(paid))
    assert (made.starts, euros(made.used), euros(made.used - paid)) == (begins, used_by_rule, wanted.difference)
    assert (euros(made.total), euros(made.cost)) == (wanted.total, wanted.base_total)
    months = rules.months_between(first, begins)
    assert euros(made.old_amount) == rules.twelfth(euros(total if months < 12 else going_on), month=months)
    assert euros(made.new_amount) == rules.twelfth(wanted.total, month=0)
    assert euros(made.base_part) == rules.twelfth(wanted.base_total, month=0)


@pytest.mark.parametrize(("count", "events"), [(0, 0), (1, 1), (20, 1), (21, 2)])
def test_versions_are_told_some_at_a_time(count, events):
    request = RecalculationRequest(adapter="a", year=2023, starts=FIRST, known_on=FIRST, now=NOW)

    rows = list(event_rows(ids=list(range(7, 7 + count)), request=request))

    told = [loads(row[row.index(b"{") : row.index(b"}") + 1]) for row in rows]
    assert len(rows) == events
    assert [one for payload in told for one in payload["versionIds"]] == list(range(7, 7 + count))
    assert {payload["reason"] for payload in told} <= {"YEARLY"}


def test_what_is_expected_is_counted_in_millionths():
    expected = standing().expected()

    assert expected == (3, "x", (("energy", None, "kWh"),), (12_345_000,))


@pytest.mark.parametrize("told", ["0", "1200", "1196.721", "0.000001", "12.0000000", "1E+3", "100000.5"])
def test_a_stored_usage_is_read_to_the_millionth(told):
    assert millionths_told(told) == millionths(Decimal(told))
