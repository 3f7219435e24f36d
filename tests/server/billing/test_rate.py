"""What an adapter prices itself is rounded and taxed like anything else; unusual bills are held."""

from datetime import date, timedelta
from decimal import Decimal
from threading import Event

from mains_server.billing.records import Bounds
from mains_spi import Charge, Labels, Problem, RatingResult, hookimpl

D = Decimal


def _bill(town, bill, small, rate):
    town.household(product="own")
    town.household()
    plugin = type("Rating", (small.SmallUtility,), {"rate": hookimpl(lambda self, request: rate(request))})()
    return bill(plugin=plugin)


def test_its_charges_are_rounded_and_taxed_like_any_others(town, small, bill, totals):
    def rate(request):
        charge = Charge(code="energy", period=request.period, quantity=D("3"), unit="kWh", unit_price=D("0.335"))
        return RatingResult((charge,))

    state = _bill(town, bill, small, rate)

    assert (state.invoiced, state.held) == (2, 0)
    assert totals()[1] == D("1.22")


def test_raising_holds_only_its_own_contract(town, small, bill, holds):
    def rate(request):
        raise ValueError("no idea")

    state = _bill(town, bill, small, rate)

    assert (state.invoiced, state.held) == (1, 1)
    (hold,) = holds(state)
    assert (hold.code, hold.reason) == ("adapter_failed", "adapter small, hook rate: ValueError: no idea")


def test_hanging_holds_only_its_own_contract(town, connection, small, bill, holds, monkeypatch):
    monkeypatch.setattr(small, "PATIENCE", timedelta(seconds=2))
    is_over = Event()

    state = _bill(town, bill, small, lambda request: is_over.wait(60))
    is_over.set()

    (hold,) = holds(state)
    assert (state.invoiced, state.held) == (1, 1)
    assert hold.reason == "adapter small, hook rate: gave no answer within 2 s"


def test_nonsense_holds_only_its_own_contract(town, small, bill, holds):
    state = _bill(town, bill, small, lambda request: {"total": 3})

    (hold,) = holds(state)
    assert "is a dict, not a RatingResult" in hold.reason


def test_an_undeclared_charge_holds(town, small, bill, holds):
    def rate(request):
        charge = Charge(code="tip", period=request.period, quantity=D(1), unit="pcs", unit_price=D(1))
        return RatingResult((charge,))

    (hold,) = holds(_bill(town, bill, small, rate))

    assert hold.code == "unknown_charge"


def test_its_own_problem_holds_with_its_words(town, small, bill, holds):
    def rate(request):
        return RatingResult(problems=(Problem("no_plan", Labels("", "the plan is missing", "")),))

    (hold,) = holds(_bill(town, bill, small, rate))

    assert (hold.code, hold.reason) == ("adapter_no_plan", "the plan is missing")


def _history(town, contract, *totals):
    for month, total in enumerate(totals, start=1):
        day = date(2022, month, 1)
        town.insert(
            "invoice", customer_id=1, contract_id=contract, adapter="small", seller_id=1, series="X", number=month,
            document_number=f"X-{month}", kind="REGULAR", revision=0, period_from=day,
            period_to=date(2022, month + 1, 1), issued_on=day, due_on=day, currency="EUR", net=total, tax=0,
            support=0, total=total, rounding="en16931", customer_name="", billing_address="", supply_address="",
            payment_reference="", issued_at=day,
        )  # fmt: skip


def test_a_bill_far_above_the_usual_is_held(town, bill, holds):
    contract = town.household(used="100")
    _history(town, contract, 2, 2, D("2.60"))

    (hold,) = holds(bill())

    assert (hold.code, hold.reason) == (
        "unusually_high", "the bill would be 22.02 EUR, more than 10 times the usual 2.20 EUR",
    )  # fmt: skip


def test_ten_times_the_usual_is_still_billed(town, bill):
    contract = town.household(used="100")
    _history(town, contract, D("2.20"), D("2.20"), D("2.21"))

    assert bill().held == 0


def test_too_little_history_says_nothing(town, bill):
    contract = town.household(used="100")
    _history(town, contract, 1, 1)

    assert bill().held == 0


def test_a_negative_total_is_held(town, connection, bill, holds, counts):
    contract = town.household(used="0")
    town.attribute(contract, "protected", "low_income")
    connection.execute("update price_row set value = 50 where name = 'gift'")

    (hold,) = holds(bill())

    assert (hold.code, hold.reason) == ("negative_total", "the bill would be -46.13 EUR")
    assert counts()["invoice"] == 0


def test_too_many_lines_are_held(town, bill, holds):
    town.household()

    (hold,) = holds(bill(bounds=Bounds(lines_max=3)))

    assert hold.code == "too_many_lines"
