"""Finds the installed notification channels, lets in those that keep their contract, and asks them one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mains_spi import (
    NOTIFICATION_CHANNEL_GROUP,
    REQUIRED_CHANNEL_HOOKS,
    EventRequest,
    NotificationChannel,
    NotificationChannelHooks,
    ProviderCall,
    ReportReading,
    SendAnswer,
    SendReading,
    SendRequest,
)

from mains_server.adapters.admitting import PlainContract, admit_each
from mains_server.adapters.asking import AdapterLine, ask_hook
from mains_server.adapters.loading import FoundPlugin
from mains_server.adapters.providers import METHODS, is_below
from mains_server.adapters.records import Plugin


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveChannel:
    """A notification channel that keeps the contract, with its line."""

    card: NotificationChannel
    plugin: Any
    line: AdapterLine

    def plan_send(self, request: SendRequest) -> ProviderCall:
        """Give the HTTP request that asks the gateway to send; it goes to the gateway's address alone."""
        answer: ProviderCall = ask_hook(self.line, "plan_send", self.plugin, request, wanted=ProviderCall)
        if answer.method not in METHODS or not is_below(answer.url, request.access.address):
            raise self.line.failure(hook="plan_send", reason="asks for a request that does not go to its address")
        return answer

    def read_send_answer(self, request: SendAnswer) -> SendReading:
        """Tell what an answer says."""
        answer: SendReading = ask_hook(self.line, "read_send_answer", self.plugin, request, wanted=SendReading)
        return answer

    def read_report(self, request: EventRequest) -> ReportReading:
        """Prove a delivery report and tell what it says."""
        answer: ReportReading = ask_hook(self.line, "read_report", self.plugin, request, wanted=ReportReading)
        if (answer.report is None) == (answer.refused is None):
            raise self.line.failure(hook="read_report", reason="gives neither a report nor why not, or both")
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHost:
    """The notification channels found, active or set aside, and the live ones by code."""

    channels: tuple[Plugin[NotificationChannel], ...]
    live: Mapping[str, LiveChannel]


def load_channels(*, plugins: Iterable[FoundPlugin] | None = None) -> ChannelHost:
    """Let in every notification channel that keeps the contract, one by one."""
    found, live = admit_each(CONTRACT, make=LiveChannel, plugins=plugins)
    return ChannelHost(channels=found, live=live)


def _wrong_with_card(card: NotificationChannel) -> str | None:
    if card.road != "SMS":
        return f"carries {card.road!r}; there is only SMS"
    if not card.encodings or card.segments_max < 1:
        return "carries no encoding, or no segment"
    if card.address is not None and not card.address.startswith("https://"):
        return "its address is not of https"
    return None


CONTRACT = PlainContract(
    group=NOTIFICATION_CHANNEL_GROUP,
    hooks=NotificationChannelHooks,
    required=REQUIRED_CHANNEL_HOOKS,
    describe="describe_channel",
    card=NotificationChannel,
    wrong_with=_wrong_with_card,
)
