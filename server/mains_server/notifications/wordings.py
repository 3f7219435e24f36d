"""Notices in the words of a utility: what adapters bring stands in the place of the server's own text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mains_spi import NOTICE_LANGUAGES, NoticeText

from mains_server.adapters.host import AdapterHost

Wording = Mapping[str, Mapping[str, str]]
"""The parts of a template by language: `subject`, `text` and `sms`."""


@dataclass(frozen=True, slots=True)
class Wordings:
    """What utilities word themselves, by adapter and template."""

    by_adapter: Mapping[tuple[str, str], Wording] = field(default_factory=dict)

    def of(self, template: str, *, adapter: str | None) -> Wording | None:
        """Give a utility's own words for a template; None where it has none and the server's hold."""
        return None if adapter is None else self.by_adapter.get((adapter, template))


THE_SERVERS = Wordings()
"""No utility words anything itself."""


def wordings_of(host: AdapterHost) -> Wordings:
    """Collect the words that the active adapters bring; they were vetted when the adapters were let in."""
    found = {
        (code, text.template): _wording(text) for code, live in host.live.items() for text in live.utility.notice_texts
    }
    return Wordings(found)


def _wording(text: NoticeText) -> Wording:
    return {
        language: {part: getattr(getattr(text, language), part) for part in ("subject", "text", "sms")}
        for language in NOTICE_LANGUAGES
    }
