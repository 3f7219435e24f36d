"""Finds the installed payment providers, lets in those that keep their contract, and asks them one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from mains_spi import (
    PAYMENT_PROVIDER_GROUP,
    REQUIRED_PROVIDER_HOOKS,
    CallRequest,
    EventReading,
    EventRequest,
    PaymentProvider,
    PaymentProviderHooks,
    ProviderAnswer,
    ProviderCall,
    ProviderReport,
)

from mains_server.adapters.admitting import PlainContract, admit_each
from mains_server.adapters.asking import AdapterLine, ask_hook
from mains_server.adapters.loading import FoundPlugin
from mains_server.adapters.records import Plugin

ROADS = ("CARD", "BANK_TRANSFER")
METHODS = ("GET", "POST", "PUT", "DELETE")


class UnknownProvider(Exception):
    """No active payment provider has this code; the message says which there are, or why it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveProvider:
    """A payment provider that keeps the contract, with its line."""

    card: PaymentProvider
    plugin: Any
    line: AdapterLine

    def plan_call(self, request: CallRequest) -> ProviderCall:
        """Give the HTTP request that asks the provider for an act; it goes to the provider's address alone."""
        answer: ProviderCall = ask_hook(self.line, "plan_call", self.plugin, request, wanted=ProviderCall)
        if answer.method not in METHODS or not is_below(answer.url, request.access.address):
            raise self.line.failure(hook="plan_call", reason="asks for a request that does not go to its address")
        return answer

    def read_answer(self, request: ProviderAnswer) -> ProviderReport:
        """Tell what an answer says."""
        answer: ProviderReport = ask_hook(self.line, "read_answer", self.plugin, request, wanted=ProviderReport)
        return answer

    def read_event(self, request: EventRequest) -> EventReading:
        """Prove a webhook and tell what it says."""
        answer: EventReading = ask_hook(self.line, "read_event", self.plugin, request, wanted=EventReading)
        if (answer.event is None) == (answer.refused is None):
            raise self.line.failure(hook="read_event", reason="gives neither an event nor why not, or both")
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHost:
    """The payment providers found, active or set aside, and the live ones by code."""

    providers: tuple[Plugin[PaymentProvider], ...]
    live: Mapping[str, LiveProvider]

    def provider(self, code: str) -> LiveProvider:
        """Give a provider, or say why it is not there."""
        if code in self.live:
            return self.live[code]
        for provider in self.providers:
            if provider.name == code:
                raise UnknownProvider(f"payment provider {code} is set aside: {provider.reason}")
        there = ", ".join(sorted(self.live)) or "none"
        raise UnknownProvider(f"no payment provider {code[:40]!r} is installed; there are {there}")


def load_providers(*, plugins: Iterable[FoundPlugin] | None = None) -> ProviderHost:
    """Let in every payment provider that keeps the contract, one by one."""
    found, live = admit_each(CONTRACT, make=LiveProvider, plugins=plugins)
    return ProviderHost(providers=found, live=live)


def _wrong_with_card(card: PaymentProvider) -> str | None:
    if card.pays_by not in ROADS:
        return f"pays by {card.pays_by!r}; there are {', '.join(ROADS)}"
    if not card.currencies or not 0 < card.amount_min <= card.amount_max:
        return "takes no currency, or no amount"
    if card.address is not None and not card.address.startswith("https://"):
        return "its address is not of https"
    return None


CONTRACT = PlainContract(
    group=PAYMENT_PROVIDER_GROUP,
    hooks=PaymentProviderHooks,
    required=REQUIRED_PROVIDER_HOOKS,
    describe="describe_provider",
    card=PaymentProvider,
    wrong_with=_wrong_with_card,
)


def is_below(url: str, address: str) -> bool:
    """Tell whether a URL is an address or below it, on the same host and by the same scheme."""
    asked, ours = urlsplit(url), urlsplit(address)
    below = f"{ours.path.rstrip('/')}/"
    climbs = ".." in unquote(asked.path).split("/")
    is_there = (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc) and not climbs
    return is_there and f"{asked.path}/".startswith(below)
