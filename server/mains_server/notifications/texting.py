"""Text messages leave by a gateway: what it is asked and what it answered are read by a notification channel's package.

The call is bounded, follows no redirect, and leaves no trace of a secret or a number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from mains_spi import (
    NotificationChannel,
    ProviderAccess,
    SendAnswer,
    SendOutcome,
    SendReading,
    SendRequest,
    TextEncoding,
    segments_of,
    shortest,
    without_accents,
)

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.calling import CALL_SECONDS_MAX, CallFailed, call_out
from mains_server.adapters.channels import ChannelHost, LiveChannel
from mains_server.delivery.records import ReceiptOutcome
from mains_server.notifications.records import Handed, WaitingNotice

AGAIN_SECONDS_MAX = 6 * 60 * 60
OUTCOMES: Mapping[SendOutcome, ReceiptOutcome] = {
    SendOutcome.ACCEPTED: ReceiptOutcome.ACCEPTED,
    SendOutcome.REFUSED: ReceiptOutcome.REFUSED,
    SendOutcome.PUT_OFF: ReceiptOutcome.PUT_OFF,
    SendOutcome.UNREACHABLE: ReceiptOutcome.UNREACHABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A notification channel that is set up: installed, with an address and all its secrets."""

    live: LiveChannel
    access: ProviderAccess

    @property
    def card(self) -> NotificationChannel:
        """Give its identity card."""
        return self.live.card


def gateways_of(
    host: ChannelHost, *, secrets: Mapping[str, str], addresses: Mapping[str, str]
) -> Mapping[str, Gateway]:
    """Set up the channels whose address and secrets are given, by code; `secrets` are named `<code>.<name>`."""
    found = {}
    for code, live in sorted(host.live.items()):
        address = addresses.get(code, live.card.address)
        own = {name: secrets.get(f"{code}.{name}") for name in live.card.secrets}
        if address is None or None in own.values():
            continue
        given = tuple((name, secret) for name, secret in own.items() if secret is not None)
        found[code] = Gateway(live=live, access=ProviderAccess(address=address, secrets=given))
    return found


def reference_of(*, notice_id: int, occasion: str, number: int) -> str:
    """Name a notice to a gateway: the same one always alike, and none like one of another database."""
    told = sha256(f"{notice_id} {occasion} {number}".encode()).hexdigest()
    return f"{notice_id}-{told[:20]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCarrier:
    """Hands notices to a gateway; `leaves_accents_out` where that saves a segment."""

    gateway: Gateway
    sender: str
    leaves_accents_out: bool = False
    answer_within_seconds: float = CALL_SECONDS_MAX

    async def carry(self, notice: WaitingNotice, *, subject: str, body: str, now: datetime) -> Handed:
        """Send a text message; tried again it keeps its reference, so that the gateway sends it once."""
        text = self._worded(body.strip())
        reason = _wrong_with(text, card=self.gateway.card)
        if reason is not None:
            return Handed(outcome=ReceiptOutcome.REFUSED, detail=reason)
        request = SendRequest(
            access=self.gateway.access,
            reference=reference_of(notice_id=notice.id, occasion=notice.occasion, number=notice.number),
            to=notice.address,
            text=text,
            sender=self.sender,
            language=notice.language,
        )
        try:
            reading = await self._ask(request)
        except (AdapterFailed, CallFailed) as failure:
            return Handed(outcome=ReceiptOutcome.UNREACHABLE, detail=str(failure))
        kept = without_accents(notice.body) if text != body.strip() else None
        return self._handed(reading, segments=len(segments_of(text).parts), kept=kept)

    def _worded(self, body: str) -> str:
        takes_all = TextEncoding.UCS2 in self.gateway.card.encodings
        if not takes_all:
            return without_accents(body)
        return shortest(body) if self.leaves_accents_out else body

    async def _ask(self, request: SendRequest) -> SendReading:
        live = self.gateway.live
        call = await asyncio.to_thread(live.plan_send, request)
        heard = await call_out(call, seconds_max=self.answer_within_seconds)
        answer = SendAnswer(access=request.access, status=heard.status, headers=heard.headers, body=heard.body)
        return await asyncio.to_thread(live.read_send_answer, answer)

    def _handed(self, reading: SendReading, *, segments: int, kept: str | None) -> Handed:
        card, counted = self.gateway.card, reading.segments or segments
        cost = reading.cost if reading.cost is not None or card.segment_cost is None else card.segment_cost * counted
        again = reading.again_in_seconds
        is_taken = reading.outcome is SendOutcome.ACCEPTED
        return Handed(
            outcome=OUTCOMES[reading.outcome],
            detail=(reading.reason or reading.outcome.name.lower().replace("_", " "))[:500],
            gateway=card.code,
            message_id=reading.message_id,
            segments=counted if is_taken else None,
            cost=cost if is_taken else None,
            currency=(reading.currency or card.currency) if is_taken and cost is not None else None,
            again_in=None if again is None else timedelta(seconds=min(max(again, 0), AGAIN_SECONDS_MAX)),
            body=kept,
        )


def _wrong_with(text: str, *, card: NotificationChannel) -> str | None:
    cut = segments_of(text)
    if cut.encoding not in card.encodings:
        return f"{card.code} carries no {cut.encoding.name}"
    if len(cut.parts) > card.segments_max:
        return f"the text takes {len(cut.parts)} segments; {card.code} carries {card.segments_max}"
    return None
