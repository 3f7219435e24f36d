"""A question to an adapter ends in time, whatever the adapter does."""

import decimal
from datetime import timedelta
from decimal import Decimal

import pytest
from mains_server.adapters.asking import AdapterFailed, AdapterLine

SOON = timedelta(milliseconds=100)
LONG = timedelta(seconds=30)


def _line(*, answer_within=LONG):
    return AdapterLine(adapter="water", answer_within=answer_within)


def test_an_answer_comes_back():
    assert _line().ask(hook="products", call=lambda: 7) == 7


def test_an_exception_is_one_line_that_names_adapter_and_hook():
    def call():
        raise ValueError("two\n  lines")

    with pytest.raises(AdapterFailed) as failure:
        _line().ask(hook="rate", call=call)

    assert str(failure.value) == "adapter water, hook rate: ValueError: two lines"
    assert failure.value.reason == "ValueError: two lines"


def test_even_leaving_the_process_is_only_a_failed_call():
    with pytest.raises(AdapterFailed, match="SystemExit"):
        _line().ask(hook="rate", call=lambda: exit(1))


def test_a_call_that_hangs_is_left_in_time(forever):
    returned = []

    def call():
        forever()
        returned.append("late")

    with pytest.raises(AdapterFailed, match=r"gave no answer within 0\.1 s"):
        _line(answer_within=SOON).ask(hook="rate", call=call)

    assert returned == []


def test_after_three_hangs_in_a_row_it_is_not_asked_any_more(forever):
    line = _line(answer_within=SOON)
    for _ in range(3):
        with pytest.raises(AdapterFailed, match="no answer"):
            line.ask(hook="rate", call=forever)

    with pytest.raises(AdapterFailed, match="is not asked any more after 3 calls without an answer"):
        line.ask(hook="rate", call=lambda: 1)


def test_an_answer_in_between_starts_the_count_anew(forever):
    line = _line()
    for call in (forever, forever, lambda: 1, forever, forever):
        line.answer_within = SOON if call is forever else LONG
        try:
            line.ask(hook="rate", call=call)
        except AdapterFailed:
            continue

    line.answer_within = LONG
    assert line.ask(hook="rate", call=lambda: 2) == 2


def test_a_changed_decimal_context_stays_in_the_call():
    def call():
        decimal.getcontext().prec = 3

    _line().ask(hook="rate", call=call)

    assert Decimal(1) / Decimal(3) == Decimal("0." + "3" * 28)
