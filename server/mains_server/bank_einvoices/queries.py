"""Questions to the bank e-invoices room: agreed accounts, and files for banks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.bank_einvoices import statements
from mains_server.bank_einvoices.records import BankFile, EinvoiceAccount

FILES_SHOWN = 50


async def accounts_of(session: AsyncSession, *, contract_ids: Sequence[int]) -> Mapping[int, EinvoiceAccount]:
    """Tell the accounts that hold now, by contract; a contract without one is left out."""
    rows = await session.execute(text(statements.AGREEMENTS), {"contracts": list(contract_ids)})
    return {row.contract_id: EinvoiceAccount(**row._mapping) for row in rows}


async def open_invoices(session: AsyncSession, *, invoice_ids: Sequence[int]) -> Mapping[int, Any]:
    """Tell of invoices their utility, when they are due, and what is still to be paid on them, by id."""
    rows = await session.execute(text(statements.OPEN), {"invoices": list(invoice_ids)})
    return {row.id: row for row in rows}


async def bank_files(session: AsyncSession) -> tuple[BankFile, ...]:
    """List the last files, the newest first, without their content."""
    rows = await session.execute(text(statements.FILES), {"file": None, "most": FILES_SHOWN})
    return tuple(BankFile(**row._mapping) for row in rows)


async def bank_file(session: AsyncSession, *, file_id: int) -> BankFile | None:
    """Give one file without its content; None where there is none."""
    row = (await session.execute(text(statements.FILES), {"file": file_id, "most": 1})).one_or_none()
    return None if row is None else BankFile(**row._mapping)


async def bank_file_content(session: AsyncSession, *, file_id: int) -> bytes | None:
    """Give the XML of a file, byte for byte as it was made; None where there is none."""
    content = await session.scalar(text(statements.CONTENT), {"file": file_id})
    return None if content is None else bytes(content)


async def entries_of(session: AsyncSession, *, file_id: int) -> Sequence[Any]:
    """List what is in a file, in its order."""
    return (await session.execute(text(statements.ENTRIES), {"file": file_id})).all()
