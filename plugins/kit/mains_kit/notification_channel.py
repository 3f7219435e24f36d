"""The test class an author of a notification channel inherits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Context, localcontext
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from mains_spi import (
    CLOCKS_DIFFER_MAX,
    REQUIRED_CHANNEL_HOOKS,
    SPI_MAJOR,
    EventRequest,
    NotificationChannel,
    NotificationChannelHooks,
    ProviderAccess,
    ReportReading,
    SendAnswer,
    SendOutcome,
    SendRequest,
)

from mains_kit.hooks import expect_none, hook_mistakes
from mains_kit.payment_provider import CODE, NONSENSE, REFUSALS, Headers
from mains_kit.walk import first_difference

ROUGH = Context(prec=3, rounding=ROUND_DOWN)
NOW = datetime(2024, 2, 10, 9, 30, tzinfo=UTC)
CURRENCY = re.compile(r"[A-Z]{3}")
TEXTS = ("Good day", "Labdien, Ģirt! Jūsu rēķins ir gatavs.", "Добрый день & до свидания\n{€}", "a" * 1000)


class NotificationChannelContract:
    """Holds a notification channel to what it promises. Set ``channel`` to its module, ``access`` to where it is.

    ``report`` is the body of a good delivery report, and ``signed`` gives the headers that it comes with.
    """

    channel: ClassVar[Any] = None
    access: ClassVar[ProviderAccess] = ProviderAccess(address="https://gateway.example/api")
    report: ClassVar[bytes] = b""

    def signed(self, body: bytes, at: datetime) -> Headers:
        """Give the headers (names in small letters) of a report that the gateway signs at an instant."""
        pytest.fail("write `signed`: the headers of a report as the gateway signs it", pytrace=False)

    def test_channel_hooks_are_as_the_contract_has_them(self) -> None:
        """Every hook is known, marked and takes what it should."""
        expect_none(hook_mistakes(self.channel, hooks=NotificationChannelHooks, required=REQUIRED_CHANNEL_HOOKS))

    def test_channel_card_is_complete(self) -> None:
        """Labels in three languages, what the channel can carry, and what it costs are there."""
        expect_none(_card_mistakes(self.channel.describe_channel()))

    def test_messages_go_to_the_gateway_alone_and_tell_no_secret_in_an_address(self) -> None:
        """Any text is asked to be sent below the address; the same question gives the same request, to any caller."""
        for text in TEXTS:
            call = self.channel.plan_send(self._request(text))
            with localcontext(ROUGH):
                again = self.channel.plan_send(self._request(text))
            assert first_difference(one=call, other=again, place="ProviderCall") is None, f"{text[:20]!r} changes"
            asked, ours = urlsplit(call.url), urlsplit(self.access.address)
            assert (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc), f"a message goes to {call.url}"
            for name, secret in self.access.secrets:
                assert secret not in call.url, f"the secret {name!r} is written into the address"
            assert "37120000000" not in call.url, "the number is written into the address, which logs keep"

    def test_an_answer_that_cannot_be_read_is_unreachable(self) -> None:
        """Nonsense and errors of the server raise nothing and never say that a message was taken or refused."""
        for status in (200, 500, 502, 503):
            for body in NONSENSE:
                answer = SendAnswer(access=self.access, status=status, headers=(), body=body)
                found = self.channel.read_send_answer(answer).outcome
                is_left_open = found in (SendOutcome.UNREACHABLE, SendOutcome.PUT_OFF)
                assert is_left_open, f"{status} {body[:20]!r} is {found.name}"

    def test_a_signed_report_is_read_and_names_our_message(self) -> None:
        """The good report gives an id, an instant with its zone, and the reference of our message."""
        reading = self._read(self.report, self.signed(self.report, NOW), NOW)
        assert reading.report is not None and reading.refused is None, f"the good report is refused: {reading.refused}"
        assert reading.report.id and reading.report.reference, "the report does not name our message"
        assert reading.report.occurred_at.tzinfo is not None, "the report's instant has no zone"

    def test_a_report_that_was_changed_is_refused(self) -> None:
        """One bit of any byte changed, the signature left out or another's: nothing is read."""
        headers = self.signed(self.report, NOW)
        for place in range(len(self.report)):
            changed = self.report[:place] + bytes([self.report[place] ^ 1]) + self.report[place + 1 :]
            assert self._read(changed, headers, NOW).report is None, f"byte {place} can be changed"
        assert self._read(self.report, (), NOW).report is None, "a report without signature is read"
        assert self._read(self.report, tuple((name, "x") for name, _ in headers), NOW).report is None

    def test_a_report_of_another_time_is_refused(self) -> None:
        """Up to the tolerance clocks may differ; a second beyond it a report is refused."""
        headers = self.signed(self.report, NOW)
        for way in (-1, 1):
            at = NOW + way * CLOCKS_DIFFER_MAX
            assert self._read(self.report, headers, at).report is not None, f"refused at {at - NOW}"
            beyond = self._read(self.report, headers, at + way * timedelta(seconds=1))
            assert beyond.refused == "TIMESTAMP_TOO_FAR", f"read a second beyond the tolerance: {beyond}"

    def test_signed_nonsense_is_no_report(self) -> None:
        """What the gateway signed and nobody can read raises nothing."""
        for body in NONSENSE:
            reading = self._read(body, self.signed(body, NOW), NOW)
            assert reading.refused in REFUSALS, f"{reading.refused!r} is no code of the contract"
            assert reading.report is None, f"{body[:20]!r} says something of a message"

    def _request(self, text: str) -> SendRequest:
        return SendRequest(access=self.access, reference="mains-1", to="+37120000000", text=text, sender="Mains")

    def _read(self, body: bytes, headers: Headers, at: datetime) -> ReportReading:
        found: ReportReading = self.channel.read_report(
            EventRequest(access=self.access, headers=headers, body=body, received_at=at)
        )
        return found


def _card_mistakes(card: NotificationChannel) -> Iterator[str]:
    if CODE.fullmatch(card.code) is None:
        yield f"code {card.code!r} is not of the form {CODE.pattern}"
    if card.spi_major != SPI_MAJOR:
        yield f"spi_major is {card.spi_major}: write SPI_MAJOR"
    if card.road != "SMS":
        yield f"road is {card.road!r}: write SMS"
    if not card.encodings or card.segments_max < 1:
        yield "carries no encoding, or no segment"
    if card.segment_cost is not None and card.segment_cost < 0:
        yield "a segment costs less than nothing"
    if CURRENCY.fullmatch(card.currency) is None:
        yield f"currency {card.currency!r} is not of the form {CURRENCY.pattern}"
    if not all(word.strip() for word in (card.labels.lv, card.labels.en, card.labels.ru)):
        yield "the channel has no words in lv, en and ru"
