"""The bill of any days that somebody asks for, also of days to come, of which the use is foretold."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date

import psycopg
from mains_spi import Period
from psycopg import Connection, IsolationLevel
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.access.records import Refusal
from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter
from mains_server.billing import queries
from mains_server.billing.estimates import Estimator, Forecaster
from mains_server.billing.parts import first_unbilled
from mains_server.billing.preview import NothingToBill, Previewed, preview_by
from mains_server.billing.records import Hold, PreviewRequest
from mains_server.contracts.queries import contract_by_id
from mains_server.contracts.records import Contract, ContractBilling
from mains_server.db.addresses import psycopg_dsn
from mains_server.db.unit_of_work import read_session

PREVIEW_DAYS_MAX = 800
AHEAD_DAYS_MAX = 62


class PeriodNotPreviewed(Refusal):
    """A preview is of at least one day, at most 800, and not further ahead than two months."""

    code = "PERIOD_NOT_PREVIEWED"
    path = "from"


class PreviewOutsideContract(Refusal):
    """There is no bill of days on which the contract is not in force."""

    code = "PERIOD_OUTSIDE_CONTRACT"
    path = "from"


class PreviewNotBilled(Refusal):
    """The contract's cost is billed to others, or its utility's adapter is not at work."""

    code = "CONTRACT_NOT_BILLED"
    path = "contractId"


class PreviewHeld(Refusal):
    """The bill cannot be worked out as things are; the message says what is missing."""

    code = "BILL_HELD"
    is_retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A bill of the days asked for, and the days of it that nobody can know yet."""

    previewed: Previewed
    forecast: Period | None


async def foresee(engine: AsyncEngine, *, host: AdapterHost, contract_id: int, period: Period, today: date) -> Foreseen:
    """Work out a contract's bill of any days as it would be issued now, as if none of them were billed.

    Fees and differences of earlier bills that wait for a bill are on that of days which have none yet; on one of days
    that are billed are the fees that they have.
    Days from today on are foretold by the rules that estimate what nobody read, at the prices known today; they are
    marked as estimated. Raises the refusals of this file.
    """
    if period.days > PREVIEW_DAYS_MAX or (period.end - today).days > AHEAD_DAYS_MAX:
        raise PeriodNotPreviewed(f"ask for at most {PREVIEW_DAYS_MAX} days, at most {AHEAD_DAYS_MAX} of them ahead")
    async with read_session(engine) as session:
        contract = await contract_by_id(session, contract_id=contract_id)
    adapter = None if contract is None else host.live.get(contract.adapter)
    if contract is None or adapter is None or contract.billing is ContractBilling.BY_MEMBERS:
        raise PreviewNotBilled("this contract gets no bill itself, or its utility's adapter is not at work")
    _require_in_force(contract, period=period)
    address = psycopg_dsn(engine.url.render_as_string(hide_password=False))
    previewed = await asyncio.to_thread(_previewed, address, adapter, contract_id, period, today)
    ahead = None if period.end <= today else Period(max(period.start, today), period.end)
    return Foreseen(previewed=previewed, forecast=ahead)


def _require_in_force(contract: Contract, *, period: Period) -> None:
    if period.start < contract.starts or (contract.ends is not None and period.end > contract.ends):
        ends = "without end" if contract.ends is None else f"until {contract.ends}"
        raise PreviewOutsideContract(f"the contract is in force from {contract.starts}, {ends}; choose days within")


def _previewed(address: str, adapter: LiveAdapter, contract_id: int, period: Period, today: date) -> Previewed:
    issued_on = max(today, period.end)
    estimator = Estimator(adapter=adapter, on=today) if period.end <= today else Forecaster(adapter=adapter, on=today)
    try:
        with psycopg.connect(address) as connection:
            connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
            request = _request(connection, adapter=adapter, contract_id=contract_id, period=period, on=issued_on)
            found = preview_by(connection, adapter=adapter, request=request, estimator=estimator)
    except NothingToBill as nothing:
        raise PreviewNotBilled(str(nothing)) from nothing
    except AdapterFailed as failure:
        raise PreviewHeld(str(failure)) from failure
    if isinstance(found, Hold):
        raise PreviewHeld(f"{found.code}: {found.reason}")
    return found


def _request(
    connection: Connection, *, adapter: LiveAdapter, contract_id: int, period: Period, on: date
) -> PreviewRequest:
    """Ask for the bill of some days by which of them are billed: what waits comes on their first one."""
    asked = queries.Asked(adapter=adapter.code, period=period, contracts=(contract_id,))
    standing = [
        part
        for part in queries.billed_parts(connection, asked=asked)
        if not part.is_taken_back and period.meets(Period(part.starts, part.ends))
    ]
    is_whole = first_unbilled(period, standing=standing) is None
    return PreviewRequest(
        contract_id=contract_id,
        period=period,
        issued_on=on,
        is_anew=bool(standing),
        of_invoices=tuple(part.invoice_id for part in standing) if is_whole else None,
    )
