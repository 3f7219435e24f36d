"""Pauses, and which events are told."""

from datetime import UTC, datetime, timedelta

import pytest
from mains_server.webhooks import rules
from mains_server.webhooks.records import WebhookKind

NOW = datetime(2024, 2, 10, 12, 0, tzinfo=UTC)


def test_pauses_grow_as_the_standard_suggests_and_end_after_ten_tries():
    pauses = [rules.pause_after(tries, delivery_id=1) for tries in range(1, 11)]

    assert pauses[-1] is None
    for pause, usual in zip(pauses, rules.PAUSES, strict=False):
        assert usual <= pause <= usual + usual / 10


def test_messages_that_failed_together_are_not_tried_together():
    assert len({rules.pause_after(3, delivery_id=number) for number in range(100)}) > 5


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, None), (4, None), (5, 1), (6, 2), (10, 32), (11, 60), (5_000, 60)]
)
def test_an_endpoint_is_left_alone_longer_each_time(failures, minutes):
    assert rules.endpoint_pause(failures) == (None if minutes is None else timedelta(minutes=minutes))


@pytest.mark.parametrize(("failures", "days", "is_over"), [(10, 5, True), (9, 30, False), (500, 4, False)])
def test_an_endpoint_is_given_up_after_days_of_failures_and_not_of_silence(failures, days, is_over):
    since = NOW - timedelta(days=days)

    assert rules.is_given_up(failures=failures, failing_since=since, now=NOW) is is_over


def test_a_body_says_its_type_and_when_it_happened_with_milliseconds():
    body = rules.body_of(kind=WebhookKind.INVOICE_ISSUED, occurred_at=NOW, content={"a": "ē"})

    assert body.decode() == '{"type":"invoice.issued","timestamp":"2024-02-10T12:00:00.000Z","data":{"a":"ē"}}'


def test_every_kind_but_the_ping_comes_from_somewhere():
    assert {one.kind for one in rules.SOURCES} == set(WebhookKind) - {WebhookKind.TEST}
