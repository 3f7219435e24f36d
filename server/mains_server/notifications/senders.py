"""Whom letters are from: the utility that a notice is about, as it is registered on the day, or else the operator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.documents.lettering import Sender
from mains_server.invoices.queries import sellers


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterHeads:
    """What an operator set for letters: who it is, and how its utilities are reached, by adapter."""

    operator: Sender | None = None
    contacts: Mapping[str, str] = field(default_factory=dict)


NO_HEADS = LetterHeads()
"""Nothing is set: letters about a contract have their utility's head, others are for headed paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Senders:
    """Whom the letters of one day are from."""

    operator: Sender | None = None
    by_utility: Mapping[str, Sender] = field(default_factory=dict)

    def of(self, adapter: str | None) -> Sender | None:
        """Give the sender of a letter about a utility, or about none; None where nobody is known to send it."""
        return self.operator if adapter is None else self.by_utility.get(adapter, self.operator)


async def senders_on(
    session: AsyncSession, *, adapters: Iterable[str | None], day: date, heads: LetterHeads
) -> Senders:
    """Find who sends letters of these utilities on a day: the seller that bills for each, as it is registered then."""
    wanted = set(adapters)
    by_utility: dict[str, Sender] = {}
    for seller in await sellers(session):  # By utility and day, so that the last one that has begun stays.
        if seller.adapter in wanted and seller.starts <= day:
            by_utility[seller.adapter] = Sender(
                name=seller.name,
                address=seller.address,
                registration_number=seller.registration_number,
                contact=heads.contacts.get(seller.adapter, ""),
            )
    return Senders(operator=heads.operator, by_utility=by_utility)
