"""Topics of utilities' own: which there are, and by which channels a customer hears of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mains_spi import NoticeTopic

from mains_server.adapters.live import LiveAdapter
from mains_server.notifications.records import Channel

Utilities = Mapping[str, LiveAdapter]


def own_topics_of(utilities: Utilities) -> Mapping[tuple[str, str], NoticeTopic]:
    """Collect the topics that active utilities declare, by the codes of utility and topic, as they are declared."""
    return {(code, topic.code): topic for code, live in utilities.items() for topic in live.utility.notice_topics}


def usual_channels(topic: NoticeTopic) -> tuple[Channel, ...]:
    """Give the channels by which who has not chosen hears of a topic."""
    return tuple(Channel[one.name] for one in topic.channels)


def own_channels(
    *, chosen: Iterable[Channel] | None, usual: Iterable[Channel], is_refusable: bool
) -> tuple[Channel, ...]:
    """Give the channels to try: the customer's, or the usual ones, then the portal; a letter where one must be told.

    Who chose none of what may be refused finds it in the portal alone.
    """
    wanted = tuple(usual if chosen is None else chosen)
    last = Channel.PORTAL if is_refusable else Channel.POST
    return wanted if last in wanted else (*wanted, last)
