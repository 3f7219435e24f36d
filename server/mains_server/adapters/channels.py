"""Finds the installed notification channels, lets in those that keep their contract, and asks them one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from mains_spi import (
    NOTIFICATION_CHANNEL_GROUP,
    REQUIRED_CHANNEL_HOOKS,
    SPI_MAJOR,
    EventRequest,
    NotificationChannel,
    NotificationChannelHooks,
    ProviderCall,
    ReportReading,
    SendAnswer,
    SendReading,
    SendRequest,
)

from mains_server.adapters.asking import AdapterFailed, AdapterLine, ask_hook
from mains_server.adapters.loading import (
    AdapterRefused,
    FoundPlugin,
    found_plugin,
    import_plugin,
    refuse_wrong_plain_hooks,
)
from mains_server.adapters.providers import METHODS, is_below
from mains_server.adapters.records import AdapterState, Channel
from mains_server.adapters.rules import CODE


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

    channels: tuple[Channel, ...]
    live: Mapping[str, LiveChannel]


def load_channels(*, plugins: Iterable[FoundPlugin] | None = None) -> ChannelHost:
    """Let in every notification channel that keeps the contract, one by one."""
    channels: list[Channel] = []
    live: dict[str, LiveChannel] = {}
    for found in installed_channels() if plugins is None else plugins:
        try:
            admitted = _admit(found)
            if live.setdefault(admitted.card.code, admitted) is not admitted:
                taken = live[admitted.card.code].line.adapter
                raise AdapterRefused(f"the code {admitted.card.code} is taken by {taken}")
            state, reason, card = AdapterState.ACTIVE, None, admitted.card
        except AdapterRefused as refusal:
            state, reason, card = AdapterState.SET_ASIDE, str(refusal), None
        channels.append(Channel(name=found.name, version=found.version, state=state, reason=reason, card=card))
    return ChannelHost(channels=tuple(channels), live=live)


def installed_channels() -> tuple[FoundPlugin, ...]:
    """Find the notification channels that installed packages announce, in the order of their names."""
    points = sorted(entry_points(group=NOTIFICATION_CHANNEL_GROUP), key=lambda point: (point.name, point.value))
    return tuple(found_plugin(point) for point in points)


def _admit(found: FoundPlugin) -> LiveChannel:
    plugin: Any = import_plugin(found)
    refuse_wrong_plain_hooks(plugin, hooks=NotificationChannelHooks, required=REQUIRED_CHANNEL_HOOKS)
    line = AdapterLine(adapter=found.name)
    try:
        card: NotificationChannel = ask_hook(line, "describe_channel", plugin, wanted=NotificationChannel)
    except AdapterFailed as failure:
        raise AdapterRefused(f"hook {failure.hook}: {failure.reason}") from failure
    reason = _wrong_with_card(card)
    if reason is not None:
        raise AdapterRefused(reason)
    return LiveChannel(card=card, plugin=plugin, line=line)


def _wrong_with_card(card: NotificationChannel) -> str | None:
    if card.spi_major != SPI_MAJOR:
        return f"speaks mains-spi {card.spi_major}, this server speaks {SPI_MAJOR}"
    if CODE.fullmatch(card.code) is None:
        return f"code {card.code!r} is not of the form {CODE.pattern}"
    if card.road != "SMS":
        return f"carries {card.road!r}; there is only SMS"
    if not card.encodings or card.segments_max < 1:
        return "carries no encoding, or no segment"
    if card.address is not None and not card.address.startswith("https://"):
        return "its address is not of https"
    return None
