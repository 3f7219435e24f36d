"""Everything the billing run reads, as records; the SQL stands in `statements`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, NamedTuple, TypeVar

import orjson
from mains_spi import Period
from psycopg import Connection
from psycopg.rows import TupleRow
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.billing import statements
from mains_server.billing.due import (
    AttributeRow,
    BilledPart,
    ContractDays,
    ContractRow,
    DueRow,
    Fee,
    FigureRow,
    GapRow,
    HistoryRow,
    IntervalDayRow,
    MeteredDay,
    PastRow,
    PremiseRow,
    ReadingRow,
    SeriesRow,
    StoredInvoice,
    StoredLine,
    UsageRow,
    VersionRow,
)
from mains_server.billing.records import Hold, IssuedSingle, Run, RunSeller, RunState, RunStatus
from mains_server.invoices.records import InvoiceKind
from mains_server.metering.rules import a_year_before

Row = TypeVar("Row", bound=NamedTuple)

# Shared, so that runs of two utilities do not wait for each other; who votes or corrects a house holds it alone.
HOLD_HOUSES = f"""
select id from building where id in (
  select h.building_id from ({statements.HOUSES}) h
  join supply_point p on p.building_id = h.building_id
  join contract_supply_point s on s.supply_point_id = p.id
  where s.contract_id = any(%(contracts)s::bigint[])
)
order by id for share
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which contracts of which utility, over which days; the parameters that most statements share."""

    adapter: str
    period: Period
    contracts: tuple[int, ...]
    stretches: Mapping[int, Period] = field(default_factory=dict)
    of_invoices: tuple[int, ...] | None = None

    def of(self, contracts: Sequence[int]) -> Asked:
        """Ask the same of other contracts."""
        return replace(self, contracts=tuple(contracts))

    def only(self, stretches: Mapping[int, Period]) -> Asked:
        """Ask of some contracts only a stretch of the period, since they are billed in part."""
        return replace(self, stretches=stretches)

    def parameters(self, **more: Any) -> dict[str, Any]:
        """Give the parameters of a statement."""
        own: dict[str, Any] = {"adapter": self.adapter, "from": self.period.start, "to": self.period.end}
        partly = {
            "partly": list(self.stretches),
            "partly_from": [days.start for days in self.stretches.values()],
            "partly_to": [days.end for days in self.stretches.values()],
        }
        return {**own, **partly, "contracts": list(self.contracts), **self._of_invoices(), **more}

    def _of_invoices(self) -> dict[str, Any]:
        return {"of_invoices": None if self.of_invoices is None else list(self.of_invoices)}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOn:
    """A period, and the civil day at whose end things are asked as they were known then."""

    period: Period
    known_at: date
    time_zone: str

    def parameters(self) -> dict[str, Any]:
        """Give the parameters of a statement."""
        own = {"from": self.period.start, "to": self.period.end, "time_zone": self.time_zone}
        return {**own, "known_at": self.known_at}


def due_points(connection: Connection, *, asked: Asked) -> list[DueRow]:
    """Read contracts with their customers and supply points."""
    return _rows(connection, statements.DUE, asked.parameters(), kind=DueRow)


def attributes(connection: Connection, *, asked: Asked, wants_protection: bool) -> list[AttributeRow]:
    """Read contracts' dated attributes, and the protection of their customers where the adapter prices by it."""
    rows = _rows(connection, statements.ATTRIBUTES, asked.parameters(), kind=AttributeRow)
    return (
        rows + _rows(connection, statements.PROTECTIONS, asked.parameters(), kind=AttributeRow)
        if wants_protection
        else rows
    )


def usage(connection: Connection, *, asked: Asked, quantities: Sequence[str]) -> list[UsageRow]:
    """Read what the registers of contracts' supply points counted, of the quantities that the adapter declares."""
    return _rows(connection, statements.USAGE, asked.parameters(quantities=list(quantities)), kind=UsageRow)


def fees(connection: Connection, *, asked: Asked, quantities: Sequence[str]) -> list[Fee]:
    """Read the fees of contracts that no bill has yet, of the quantities that the adapter declares."""
    return _rows(connection, statements.FEES, asked.parameters(quantities=list(quantities)), kind=Fee)


def readings(connection: Connection, *, asked: Asked, registers: Sequence[int]) -> list[ReadingRow]:
    """Read the accepted readings of some registers."""
    return (
        _rows(connection, statements.READINGS, asked.parameters(registers=list(registers)), kind=ReadingRow)
        if registers
        else []
    )


def gaps(connection: Connection, *, asked: Asked, pairs: Sequence[tuple[int, int]]) -> list[GapRow]:
    """Read what estimates have to know of contracts and their registers that were not read."""
    parameters = asked.parameters(registers=[register for _, register in pairs])
    parameters["contracts"] = [contract for contract, _ in pairs]
    return _rows(connection, statements.GAPS, parameters, kind=GapRow)


def past(connection: Connection, *, asked: Asked, registers: Sequence[int]) -> list[PastRow]:
    """Read the accepted readings, around a period, that estimates for some registers may rest on."""
    return _rows(connection, statements.PAST, asked.parameters(registers=list(registers)), kind=PastRow)


def interval_days(
    connection: Connection, *, registers: Sequence[int], by_zone: Sequence[int], known: KnownOn
) -> list[IntervalDayRow]:
    """Read the days of registers that send intervals as they were known at the end of a civil day, in order."""
    asked = {**known.parameters(), "registers": list(registers), "by_zone": list(by_zone)}
    return _rows(connection, statements.INTERVAL_DAYS, asked, kind=IntervalDayRow)


def history(connection: Connection, *, asked: Asked) -> dict[int, HistoryRow]:
    """Read what contracts' bills of the twelve months before came to, and who was billed near these days."""
    parameters = asked.parameters(**_whole_month(asked), year_before=a_year_before(asked.period.start))
    return {row.contract_id: row for row in _rows(connection, statements.HISTORY, parameters, kind=HistoryRow)}


def billed_parts(connection: Connection, *, asked: Asked) -> list[BilledPart]:
    """Read the bills of some days and of the month that they begin in, in order; also those that were taken back."""
    return _rows(connection, statements.BILLED_PARTS, asked.parameters(**_whole_month(asked)), kind=BilledPart)


def _whole_month(asked: Asked) -> dict[str, date]:
    month = asked.period.start.replace(day=1)
    return {"month": month, "to": max(asked.period.end, (month + timedelta(days=31)).replace(day=1))}


def contract_days(connection: Connection, *, asked: Asked) -> list[ContractDays]:
    """Read on which days of a period contracts are in force."""
    return _rows(connection, statements.CONTRACT_DAYS, asked.parameters(), kind=ContractDays)


def house_contracts(connection: Connection, *, asked: Asked) -> dict[int, list[int]]:
    """Find the buildings of these contracts that are rated whole, with the contracts of their managers."""
    buildings = [row[0] for row in _tuples(connection, statements.BUILDINGS, asked.parameters())]
    found: dict[int, list[int]] = {}
    if buildings:
        for building, contract in _tuples(
            connection, statements.HOUSE_CONTRACTS, asked.parameters(buildings=buildings)
        ):
            found.setdefault(building, []).append(contract)
    return found


def hold_houses(connection: Connection, *, asked: Asked) -> None:
    """Hold the houses that contracts are rated with until the transaction ends, in order; who votes for one waits."""
    _tuples(connection, HOLD_HOUSES, asked.parameters())


def premises(connection: Connection, *, asked: Asked, buildings: Sequence[int]) -> dict[int, list[PremiseRow]]:
    """Read the premises of buildings, each with the contracts that have it."""
    found: dict[int, list[PremiseRow]] = {}
    if buildings:
        for row in _rows(connection, statements.PREMISES, asked.parameters(buildings=list(buildings)), kind=PremiseRow):
            found.setdefault(row.building_id, []).append(row)
    return found


def _rows(connection: Connection, statement: str, parameters: dict[str, Any], *, kind: type[Row]) -> list[Row]:
    return list(map(kind._make, _tuples(connection, statement, parameters)))


def _tuples(connection: Connection, statement: str, parameters: dict[str, Any]) -> list[TupleRow]:
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(statement, parameters).fetchall()


def versions(connection: Connection, *, adapter: str, period: Period, time_zone: str) -> list[VersionRow]:
    """Read the price versions of a utility that hold in a period, with their prices."""
    asked = {"adapter": adapter, "from": period.start, "to": period.end, "time_zone": time_zone}
    return _rows(connection, statements.VERSIONS, asked, kind=VersionRow)


def tax_rates(connection: Connection, *, period: Period) -> list[TupleRow]:
    """Read the tax rates that hold in a period."""
    return _tuples(connection, statements.TAXES, {"from": period.start, "to": period.end})


def figures(
    connection: Connection, *, names: Sequence[str], subjects: Sequence[str], known: KnownOn
) -> list[FigureRow]:
    """Read kept figures of some subjects as they were known at the end of a civil day, what became known last first."""
    asked = {**known.parameters(), "names": list(names), "subjects": list(subjects)}
    return _rows(connection, statements.FIGURES, asked, kind=FigureRow) if names else []


def series(connection: Connection, *, names: Sequence[str], known: KnownOn) -> list[SeriesRow]:
    """Read series over a period as they were known at the end of a civil day."""
    return (
        _rows(connection, statements.SERIES, {**known.parameters(), "names": list(names)}, kind=SeriesRow)
        if names
        else []
    )


def lock_run(connection: Connection, *, adapter: str, period: Period) -> Run:
    """Find a utility's run of a period and take hold of it, so that only one process plans its chunks."""
    asked = {"adapter": adapter, "from": period.start, "to": period.end}
    (row,) = _tuples(connection, statements.RUN, asked)
    return _run(row)


def run_by_id(connection: Connection, *, run_id: int) -> Run:
    """Find a run."""
    (row,) = _tuples(connection, statements.RUN_BY_ID, {"run": run_id})
    return _run(row)


def has_waiting_chunks(connection: Connection, *, run_id: int) -> bool:
    """Tell whether some of a run's chunks are not done; a chunk that somebody works on counts as waiting."""
    return bool(_tuples(connection, statements.IS_WAITING, {"run": run_id})[0][0])


def unbilled(connection: Connection, *, adapter: str, period: Period) -> list[tuple[int, int | None]]:
    """List the contracts that are due and not billed, each with the building it is rated with; buildings last."""
    asked = {"adapter": adapter, "from": period.start, "to": period.end}
    return [(contract, building) for contract, building in _tuples(connection, statements.UNBILLED, asked)]


def lock_contract(connection: Connection, *, contract_id: int) -> ContractRow | None:
    """Find a contract and take hold of it until the transaction ends."""
    found = _rows(connection, statements.LOCK_CONTRACT, {"contract": contract_id}, kind=ContractRow)
    return found[0] if found else None


def issued_single(connection: Connection, *, invoice_id: int, is_new: bool) -> IssuedSingle:
    """Read an invoice that was asked for alone as it was issued."""
    ((number, customer, document, kind, starts, ends, *rest),) = _tuples(
        connection, statements.SINGLE, {"invoice": invoice_id}
    )
    issued_on, due_on, currency, total = rest
    return IssuedSingle(
        invoice_id=number,
        customer_id=customer,
        document_number=document,
        kind=InvoiceKind[kind],
        period=Period(starts, ends),
        issued_on=issued_on,
        due_on=due_on,
        currency=currency,
        total=total,
        is_new=is_new,
    )


def claim_chunk(connection: Connection, *, run_id: int) -> tuple[int, list[int]] | None:
    """Take the next chunk that nobody has, until the transaction ends; None when there is none."""
    found = _tuples(connection, statements.CLAIM, {"run": run_id})
    return (found[0][0], found[0][1]) if found else None


def run_state(connection: Connection, *, run: Run) -> RunState:
    """Tell how far a run is."""
    (row,) = _tuples(connection, statements.STATE, {"run": run.id})
    contracts, done, invoiced, held = (int(number) for number in row)
    return RunState(run=run, contracts=contracts, contracts_done=done, invoiced=invoiced, held=held)


def seller_on(connection: Connection, *, adapter: str, on: date) -> RunSeller | None:
    """Find who invoices for a utility on a day."""
    found = _tuples(connection, statements.SELLER, {"adapter": adapter, "on": on})
    return RunSeller(id=found[0][0], series=found[0][1]) if found else None


def billed_already(connection: Connection, *, contracts: Sequence[int], period: Period) -> list[tuple[int, Period]]:
    """List contracts with the bills that stand on some days of a period."""
    asked = {"contracts": list(contracts), "from": period.start, "to": period.end}
    return [(row[0], Period(row[1], row[2])) for row in _tuples(connection, statements.BILLED, asked)]


def billed_since(
    connection: Connection, *, series: str, seen: int, first: int, run_id: int | None
) -> list[tuple[int, Period]]:
    """List contracts with the bills that others numbered after `seen` and before `first`; hold the series meanwhile."""
    asked = {"series": series, "seen": seen, "first": first, "run": run_id}
    return [(row[0], Period(row[1], row[2])) for row in _tuples(connection, statements.BILLED_SINCE, asked)]


def last_number(connection: Connection, *, series: str) -> int:
    """Tell the last number of a series that is drawn for good."""
    ((number,),) = _tuples(connection, statements.LAST_NUMBER, {"series": series})
    return int(number)


def _run(row: TupleRow) -> Run:
    run_id, adapter, period_from, period_to, issued_on, status, started_at, issue_by = row
    return Run(
        id=run_id,
        adapter=adapter,
        period=Period(period_from, period_to),
        issued_on=issued_on,
        status=RunStatus[status],
        started_at=started_at,
        issue_by=issue_by,
    )


async def customers_of_run(session: AsyncSession, *, run_id: int) -> list[int]:
    """List the customers whose contracts a run billed or held."""
    return list(await session.scalars(text(statements.CUSTOMERS_OF_RUN), {"run": run_id}))


async def holds_of_run(session: AsyncSession, *, run_id: int) -> tuple[Hold, ...]:
    """List the contracts that a run holds, with the reasons."""
    rows = (await session.execute(text(statements.HOLDS), {"run": run_id})).all()
    return tuple(Hold(customer_id=row[0], contract_id=row[1], code=row[2], reason=row[3]) for row in rows)


async def stored_invoices(session: AsyncSession, *, invoice_ids: Sequence[int]) -> list[StoredInvoice]:
    """Read issued invoices with the inputs they were billed by."""
    return [StoredInvoice(*row) for row in await _stored(session, statements.STORED_INVOICES, ids=invoice_ids)]


async def stored_lines(session: AsyncSession, *, invoice_ids: Sequence[int]) -> dict[int, list[StoredLine]]:
    """Read the lines of issued invoices, by invoice."""
    found: dict[int, list[StoredLine]] = {invoice_id: [] for invoice_id in invoice_ids}
    for row in await _stored(session, statements.STORED_LINES, ids=invoice_ids):
        found[row[0]].append(StoredLine(*row))
    return found


def lock_registers(connection: Connection, registers: Sequence[int]) -> None:
    """Take hold of registers until the transaction ends, so that nobody's reading comes between estimate and bill."""
    connection.execute(statements.LOCK_REGISTERS, {"registers": list(registers)})


async def stored_versions(session: AsyncSession, *, ids: Collection[int], time_zone: str) -> list[VersionRow]:
    """Read price versions again that invoices were billed by; the day one became known is told in a time zone."""
    rows = await _stored(session, statements.STORED_VERSIONS, ids=ids, time_zone=time_zone)
    versions = (VersionRow(*row) for row in rows)
    return [version._replace(conditions=orjson.loads(version.conditions or "[]")) for version in versions]


async def stored_days(session: AsyncSession, *, ids: Collection[int]) -> list[MeteredDay]:
    """Read the days of smart meters again whose intervals invoices were billed by."""
    return [MeteredDay(*row) for row in await _stored(session, statements.STORED_DAYS, ids=ids)]


async def stored_series(session: AsyncSession, *, ids: Collection[int]) -> list[SeriesRow]:
    """Read stretches of series again that invoices were billed by."""
    return [SeriesRow(*row) for row in await _stored(session, statements.STORED_SERIES, ids=ids)]


async def _stored(session: AsyncSession, statement: str, *, ids: Collection[int], **more: str) -> Sequence[Any]:
    return (await session.execute(text(statement), {"ids": sorted(ids), **more})).all() if ids else ()
