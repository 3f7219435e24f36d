"""Which channels a topic takes, quiet hours, pauses between tries, and what may be refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from mains_server.notifications.records import Addressee, Channel, Topic

FIRST_PAUSE = timedelta(minutes=1)
PAUSE_MAX = timedelta(hours=6)
TRIES_MAX = 10
EVENT_TRIES_MAX = 10
QUIET_FROM, QUIET_UNTIL = time(21), time(8)
"""No text message rings at night by the clock where the customer lives; a utility's courtesy, no law's figure."""

DEFAULTS: Mapping[Topic, tuple[Channel, ...]] = {
    Topic.INVOICE: (Channel.EMAIL,),
    Topic.PAYMENT: (Channel.EMAIL,),
    Topic.REMINDER: (Channel.EMAIL, Channel.SMS),
    Topic.OUTAGE: (Channel.SMS, Channel.EMAIL),
    Topic.READING_WINDOW: (Channel.EMAIL, Channel.SMS),
    Topic.CONTRACT: (Channel.EMAIL,),
    Topic.OFFERS: (Channel.EMAIL,),
    Topic.ACCOUNT: (Channel.EMAIL, Channel.SMS),
    Topic.UTILITY: (Channel.EMAIL,),
}
"""Without a customer's choice. A utility says itself what is usual for a topic of its own (`topics.own_channels`)."""
LAST_RESORT: Mapping[Topic, Channel] = {
    Topic.INVOICE: Channel.PORTAL,
    Topic.PAYMENT: Channel.PORTAL,
    Topic.REMINDER: Channel.POST,
    Topic.OUTAGE: Channel.POST,
    Topic.READING_WINDOW: Channel.PORTAL,
    Topic.CONTRACT: Channel.POST,
    Topic.OFFERS: Channel.PORTAL,
    Topic.UTILITY: Channel.PORTAL,
}
REFUSABLE = frozenset({Topic.OFFERS, Topic.PAYMENT, Topic.READING_WINDOW})
"""What nobody has to be told; the others a contract or the law asks for, and they end in a letter or the inbox."""


def channels_for(topic: Topic, *, preferred: Mapping[Topic, Sequence[Channel]]) -> tuple[Channel, ...]:
    """Give the channels of a topic in the order to try: the customer's, or the usual ones, then the last resort."""
    chosen = tuple(preferred[topic]) if topic in preferred else DEFAULTS[topic]
    if not chosen and topic in REFUSABLE:
        return (Channel.PORTAL,)
    last = LAST_RESORT.get(topic)
    return chosen if last is None or last in chosen else (*chosen, last)


def address_for(channel: Channel, addressee: Addressee) -> str | None:
    """Give where a channel reaches somebody; None where it does not. The portal needs no address but a customer."""
    if channel is Channel.PORTAL:
        return "" if addressee.customer_id is not None else None
    return {Channel.EMAIL: addressee.email, Channel.SMS: addressee.phone, Channel.POST: addressee.postal}[channel]


def begins_at(channel: Channel, topic: Topic, *, now: datetime, time_zone: str) -> datetime:
    """Tell when a notice may go out: at once, but text messages not at night, unless somebody waits for a code."""
    if channel is not Channel.SMS or topic is Topic.ACCOUNT:
        return now
    zone = ZoneInfo(time_zone)
    local = now.astimezone(zone)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return now
    day = local.date() + timedelta(days=1 if local.time() >= QUIET_FROM else 0)
    return datetime.combine(day, QUIET_UNTIL, tzinfo=zone).astimezone(now.tzinfo)


def pause(tries: int) -> timedelta:
    """Give the time until the next try: a minute, then twice as long each time, six hours at most."""
    return min(FIRST_PAUSE * (1 << min(max(tries - 1, 0), 16)), PAUSE_MAX)


def dialled(phone: str | None) -> str | None:
    """Write a phone number as gateways take it, without what stands between its figures; None where it is none."""
    digits = "".join(one for one in phone or "" if one.isdecimal() or one == "+")
    return digits if 7 <= len(digits.lstrip("+")) <= 15 else None
