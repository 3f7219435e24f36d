"""Calls a payment provider over HTTP, as `adapters/calling.py` does: whatever goes wrong is an unknown outcome.

Never called inside a transaction: a provider that is slow must not keep rows or connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog
from mains_spi import (
    CallRequest,
    EventReading,
    EventRequest,
    PaymentProvider,
    ProviderAccess,
    ProviderAnswer,
    ProviderOutcome,
    ProviderReport,
)

from mains_server.access.records import Refusal
from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.calling import CALL_SECONDS_MAX, Answered, CallFailed, call_out
from mains_server.adapters.providers import LiveProvider, ProviderHost, UnknownProvider

LOG = structlog.get_logger("mains_server.paying")
NOT_ANSWERED = ProviderReport(outcome=ProviderOutcome.UNKNOWN, reason="the provider gave no answer")


class ProviderUnknown(Refusal):
    """No such payment provider is set up here."""

    code = "PROVIDER_UNKNOWN"
    path = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminals:
    """The payment providers that are set up: installed, with an address and all their secrets."""

    host: ProviderHost
    access: Mapping[str, ProviderAccess]
    answer_within_seconds: float = CALL_SECONDS_MAX

    @property
    def codes(self) -> tuple[str, ...]:
        """Give the codes of those that can be used."""
        return tuple(sorted(self.access))

    @property
    def roads(self) -> Mapping[str, str]:
        """Give the road of the money, CARD or BANK_TRANSFER, of each provider that is installed."""
        return {code: live.card.pays_by for code, live in self.host.live.items()}

    def card(self, code: str) -> PaymentProvider:
        """Give the identity card of a provider that can be used."""
        return self._live(code).card

    async def ask(self, *, provider: str, request: CallRequest) -> ProviderReport:
        """Ask a provider for an act and tell what it says; whatever goes wrong is UNKNOWN, for nobody knows."""
        try:
            live = self._live(provider)
            request = replace(request, access=self.access[provider])
            call = await asyncio.to_thread(live.plan_call, request)
            answer = await call_out(call, seconds_max=self.answer_within_seconds)
            return await asyncio.to_thread(live.read_answer, _as_told(answer, request=request))
        except (AdapterFailed, CallFailed, ProviderUnknown) as failure:
            LOG.warning("provider_not_heard", provider=provider, act=request.act.name, reason=str(failure))
            return NOT_ANSWERED

    async def read_event(self, *, provider: str, request: EventRequest) -> EventReading:
        """Let a provider prove and read a webhook; ProviderUnknown and AdapterFailed pass."""
        live = self._live(provider)
        return await asyncio.to_thread(live.read_event, replace(request, access=self.access[provider]))

    def _live(self, code: str) -> LiveProvider:
        if code not in self.access:
            raise ProviderUnknown(f"there is no payment provider by this code; there are {', '.join(self.codes)}")
        try:
            return self.host.provider(code)
        except UnknownProvider as unknown:
            raise ProviderUnknown(str(unknown)) from unknown


NO_TERMINALS = Terminals(host=ProviderHost(providers=(), live={}), access={})


def terminals_of(host: ProviderHost, *, secrets: Mapping[str, str], addresses: Mapping[str, str]) -> Terminals:
    """Set up the providers whose address and secrets are given; `secrets` are named `<code>.<name>`."""
    access = {}
    for code, live in host.live.items():
        address = addresses.get(code, live.card.address)
        own = {name: secrets.get(f"{code}.{name}") for name in live.card.secrets}
        if address is None or None in own.values():
            continue
        given = tuple((name, secret) for name, secret in own.items() if secret is not None)
        access[code] = ProviderAccess(address=address, secrets=given)
    return Terminals(host=host, access=access)


def _as_told(answer: Answered, *, request: CallRequest) -> ProviderAnswer:
    return ProviderAnswer(
        act=request.act, access=request.access, status=answer.status, headers=answer.headers, body=answer.body
    )
