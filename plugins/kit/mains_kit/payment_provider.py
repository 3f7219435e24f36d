"""The test class an author of a payment provider inherits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal, localcontext
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from mains_spi import (
    CLOCKS_DIFFER_MAX,
    REQUIRED_PROVIDER_HOOKS,
    SPI_MAJOR,
    CallRequest,
    EventReading,
    EventRequest,
    PaymentProvider,
    PaymentProviderHooks,
    ProviderAccess,
    ProviderAct,
    ProviderAnswer,
    ProviderOutcome,
)

from mains_kit.hooks import expect_none, hook_mistakes
from mains_kit.walk import first_difference

ROUGH = Context(prec=3, rounding=ROUND_DOWN)
CODE = re.compile(r"[a-z][a-z0-9_]*")
NOW = datetime(2024, 2, 10, 9, 30, tzinfo=UTC)
NONSENSE = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"{}",
    b'{"id": 1}',
    b"<a/>",
    b"[" * 5000,
    b'{"id": "' + b"9" * 9999,
)
REFUSALS = ("SIGNATURE_WRONG", "TIMESTAMP_TOO_FAR", "EVENT_MALFORMED")
Headers = tuple[tuple[str, str], ...]


class PaymentProviderContract:
    """Holds a payment provider to what it promises. Set ``provider`` to its module, ``access`` to where it is reached.

    ``event`` is the body of a good webhook about a payment, and ``signed`` gives the headers that it comes with.
    """

    provider: ClassVar[Any] = None
    access: ClassVar[ProviderAccess] = ProviderAccess(address="https://provider.example/api")
    event: ClassVar[bytes] = b""

    def signed(self, body: bytes, at: datetime) -> Headers:
        """Give the headers (names in small letters) of a webhook that the provider signs at an instant."""
        pytest.fail("write `signed`: the headers of a webhook as the provider signs it", pytrace=False)

    def test_provider_hooks_are_as_the_contract_has_them(self) -> None:
        """Every hook is known, marked and takes what it should."""
        expect_none(hook_mistakes(self.provider, hooks=PaymentProviderHooks, required=REQUIRED_PROVIDER_HOOKS))

    def test_provider_card_is_complete(self) -> None:
        """Labels in three languages, a road of the money, and amounts are there."""
        expect_none(_card_mistakes(self.provider.describe_provider()))

    def test_calls_go_to_the_provider_alone_and_tell_no_secret_in_an_address(self) -> None:
        """Every act has a request below the address; the same question gives the same request, to any caller."""
        for act in ProviderAct:
            call = self.provider.plan_call(self._request(act))
            with localcontext(ROUGH):
                again = self.provider.plan_call(self._request(act))
            assert first_difference(one=call, other=again, place="ProviderCall") is None, f"{act.name} changes"
            asked, ours = urlsplit(call.url), urlsplit(self.access.address)
            assert (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc), f"{act.name} goes to {call.url}"
            for name, secret in self.access.secrets:
                assert secret not in call.url, f"{act.name} writes the secret {name!r} into the address"

    def test_an_answer_that_cannot_be_read_is_unknown(self) -> None:
        """Nonsense and errors of the server raise nothing and never say that money came or did not."""
        for act in ProviderAct:
            for status in (200, 500, 502, 503):
                for body in NONSENSE:
                    answer = ProviderAnswer(act=act, access=self.access, status=status, headers=(), body=body)
                    found = self.provider.read_answer(answer).outcome
                    assert found is ProviderOutcome.UNKNOWN, f"{act.name}: {status} {body[:20]!r} is {found.name}"

    def test_a_signed_event_is_read_and_names_our_payment(self) -> None:
        """The good event gives an id, an instant with its zone, and the reference of our payment."""
        reading = self._read(self.event, self.signed(self.event, NOW), NOW)
        assert reading.event is not None and reading.refused is None, f"the good event is refused: {reading.refused}"
        report = reading.event.report
        assert reading.event.id and reading.event.occurred_at.tzinfo is not None, "the event has no id or zone"
        assert report is not None and report.reference, "the event does not name our payment"
        assert report.amount is None or isinstance(report.amount, Decimal)

    def test_an_event_that_was_changed_is_refused(self) -> None:
        """One bit of any byte changed, the signature left out or another's: nothing is read."""
        headers = self.signed(self.event, NOW)
        for place in range(len(self.event)):
            changed = self.event[:place] + bytes([self.event[place] ^ 1]) + self.event[place + 1 :]
            assert self._read(changed, headers, NOW).event is None, f"byte {place} can be changed"
        assert self._read(self.event, (), NOW).event is None, "an event without signature is read"
        assert self._read(self.event, tuple((name, "x") for name, _ in headers), NOW).event is None

    def test_an_event_of_another_time_is_refused(self) -> None:
        """Up to the tolerance clocks may differ; a second beyond it an event is refused."""
        headers = self.signed(self.event, NOW)
        for way in (-1, 1):
            at = NOW + way * CLOCKS_DIFFER_MAX
            assert self._read(self.event, headers, at).event is not None, f"refused at {at - NOW}"
            beyond = self._read(self.event, headers, at + way * timedelta(seconds=1))
            assert beyond.refused == "TIMESTAMP_TOO_FAR", f"read a second beyond the tolerance: {beyond}"

    def test_signed_nonsense_is_refused_in_words_of_the_contract(self) -> None:
        """What the provider signed and nobody can read raises nothing."""
        for body in NONSENSE:
            reading = self._read(body, self.signed(body, NOW), NOW)
            assert reading.refused in (None, *REFUSALS), f"{reading.refused!r} is no code of the contract"
            assert reading.event is None or reading.event.report is None, f"{body[:20]!r} says something of a payment"

    def _request(self, act: ProviderAct) -> CallRequest:
        return CallRequest(
            act=act,
            access=self.access,
            reference="mains-1",
            amount=Decimal("12.50"),
            currency="EUR",
            provider_id="p-1",
            refund_reference="mains-refund-1",
            return_url="https://portal.example/paid",
        )

    def _read(self, body: bytes, headers: Headers, at: datetime) -> EventReading:
        found: EventReading = self.provider.read_event(
            EventRequest(access=self.access, headers=headers, body=body, received_at=at)
        )
        return found


def _card_mistakes(card: PaymentProvider) -> Iterator[str]:
    if CODE.fullmatch(card.code) is None:
        yield f"code {card.code!r} is not of the form {CODE.pattern}"
    if card.spi_major != SPI_MAJOR:
        yield f"spi_major is {card.spi_major}: write SPI_MAJOR"
    if card.pays_by not in ("CARD", "BANK_TRANSFER"):
        yield f"pays_by is {card.pays_by!r}: write CARD or BANK_TRANSFER"
    if not card.currencies or not 0 < card.amount_min <= card.amount_max:
        yield "takes no currency, or no amount"
    if not all(word.strip() for word in (card.labels.lv, card.labels.en, card.labels.ru)):
        yield "the provider has no words in lv, en and ru"
