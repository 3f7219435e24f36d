"""A price list that had been wrong: finds the bills that were priced by it, and puts each of them right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost
from mains_server.billing import lookups
from mains_server.billing.corrections import CorrectionRequest, WorkedOff, correct_within
from mains_server.billing.records import Corrected, CorrectionReason
from mains_server.db.unit_of_work import read_session, unit_of_work


class TariffUnknown(Refusal):
    """There is no such version of a price list."""

    code = "TARIFF_UNKNOWN"
    path = "tariff"


class TariffNotKnownYet(Refusal):
    """A version that is known only later prices nothing today."""

    code = "TARIFF_NOT_KNOWN_YET"
    path = "tariff"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepriceRequest:
    """The version that came in a wrong one's place, by adapter, list and code; what the customers read; and when."""

    adapter: str
    list: str
    code: str
    note: str
    issued_on: date
    now: datetime
    at_most: int


class _OnlyLookedAt(Exception):
    """Takes back what a correction did, once it is known what that is."""

    def __init__(self, corrected: Corrected) -> None:
        super().__init__(corrected.document_number)
        self.corrected = corrected


async def reprice(engine: AsyncEngine, *, host: AdapterHost, request: RepriceRequest) -> WorkedOff:
    """Correct all bills of a version's days that other versions of its list priced, each in its own transaction.

    A house is corrected whole, with the first of its bills. What is refused stays as it was; done again, only that is
    left. Raises `TariffUnknown` and `TariffNotKnownYet`.
    """
    corrected: list[Corrected] = []
    refused: list[tuple[str, Refusal]] = []
    for one in await _found(engine, request=request):
        try:
            async with unit_of_work(engine) as session:
                corrected.append(await correct_within(session, engine=engine, host=host, request=one))
        except Refusal as refusal:
            refused.append((one.document_number, refusal))
    return WorkedOff(corrected=tuple(corrected), refused=tuple(refused))


async def foretell_repricing(engine: AsyncEngine, *, host: AdapterHost, request: RepriceRequest) -> WorkedOff:
    """Tell what `reprice` would do, by doing it and taking it back; the numbers of its documents are not theirs yet."""
    corrected: list[Corrected] = []
    refused: list[tuple[str, Refusal]] = []
    for one in await _found(engine, request=request):
        try:
            async with unit_of_work(engine) as session:
                raise _OnlyLookedAt(await correct_within(session, engine=engine, host=host, request=one))
        except _OnlyLookedAt as seen:
            corrected.append(seen.corrected)
        except Refusal as refusal:
            refused.append((one.document_number, refusal))
    return WorkedOff(corrected=tuple(corrected), refused=tuple(refused))


async def _found(engine: AsyncEngine, *, request: RepriceRequest) -> list[CorrectionRequest]:
    async with read_session(engine) as session:
        version = await lookups.price_version(session, adapter=request.adapter, name=request.list, code=request.code)
        if version is None:
            raise TariffUnknown(f"{request.adapter} has no version {request.code} of the price list {request.list}")
        version_id, known_from = version
        if known_from > request.now:
            raise TariffNotKnownYet(f"{request.list}/{request.code} is known from {known_from:%Y-%m-%d}; wait for it")
        numbers = await lookups.priced_otherwise(session, version_id=version_id, at_most=request.at_most)
    return [
        CorrectionRequest(
            document_number=number,
            reason=CorrectionReason.PRICE,
            note=request.note,
            issued_on=request.issued_on,
            now=request.now,
        )
        for number in numbers
    ]
