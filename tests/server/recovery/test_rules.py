"""How a way back stands at each moment."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.recovery import rules
from mains_server.recovery.records import Moments, RecoveryState

OPENED = datetime(2023, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACTS, EXPIRES = OPENED + 72 * HOUR, OPENED + 240 * HOUR
S = RecoveryState
instants = st.none() | st.integers(min_value=0, max_value=300).map(lambda hours: OPENED + hours * HOUR)


def moments(**more):
    return Moments(**{"acts_at": ACTS, "expires_at": EXPIRES, "needs_approval": False, **more})


@pytest.mark.parametrize(
    ("more", "at", "state"),
    [
        ({}, OPENED, S.WAITING),
        ({}, ACTS - timedelta(seconds=1), S.WAITING),
        ({}, ACTS, S.READY),
        ({}, EXPIRES - timedelta(seconds=1), S.READY),
        ({}, EXPIRES, S.EXPIRED),
        ({"needs_approval": True}, OPENED, S.UNAPPROVED),
        ({"needs_approval": True}, ACTS, S.UNAPPROVED),
        ({"needs_approval": True}, EXPIRES, S.EXPIRED),
        ({"needs_approval": True, "approved_at": OPENED}, ACTS - timedelta(seconds=1), S.WAITING),
        ({"needs_approval": True, "approved_at": ACTS + HOUR}, ACTS + HOUR, S.READY),
        ({"stopped_at": OPENED}, ACTS, S.STOPPED),
        ({"stopped_at": ACTS}, EXPIRES, S.STOPPED),
        ({"done_at": ACTS}, EXPIRES, S.DONE),
    ],
)
def test_states(more, at, state):
    assert rules.state_of(moments(**more), now=at) is state


@given(approved=instants, stopped=instants, done=instants, needs=st.booleans(), hours=st.integers(0, 300))
def test_nothing_acts_before_its_wait_unapproved_or_after_its_end(approved, stopped, done, needs, hours):
    now = OPENED + hours * HOUR
    more = {"approved_at": approved, "stopped_at": stopped, "done_at": done, "needs_approval": needs}

    is_ready = rules.state_of(moments(**more), now=now) is S.READY

    may_act = ACTS <= now < EXPIRES and stopped is None and done is None and (approved is not None or not needs)
    assert is_ready is may_act


@pytest.mark.parametrize("text", ["", "  ", "ab", "x" * 501, "a\u0007bcd"])
def test_a_reason_that_says_nothing_is_none(text):
    assert rules.plain_words(text) is None


def test_tokens_stand_behind_the_page():
    assert rules.link("https://portal.example/back", use="stop", token="t") == "https://portal.example/back#stop=t"
    assert rules.link(None, use="stop", token="t") == "t"
