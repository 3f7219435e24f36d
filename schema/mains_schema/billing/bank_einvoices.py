"""Invoices for internet banks: files that employees make, download and hand over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal
from mains_server.bank_einvoices import queries
from mains_server.bank_einvoices.operations import (
    INVOICES_AT_ONCE,
    INVOICES_IN_FILE_MAX,
    Making,
    hand_over,
    make_files,
    set_aside,
)
from mains_server.bank_einvoices.records import BankFile
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.delivery.records import SendingRules
from mains_server.documents.operations import Press
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.declaring.scalars import Money

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads


class BankEinvoiceErrorCode(Enum):
    """Why nothing was done with files for banks."""

    NO_BANK_INVOICES = "NO_BANK_INVOICES"
    BANK_FILE_UNKNOWN = "BANK_FILE_UNKNOWN"
    BANK_FILE_HANDED_OVER = "BANK_FILE_HANDED_OVER"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    BankEinvoiceErrorCode,
    "Why nothing was done with files for banks.",
    {
        "NO_BANK_INVOICES": "No invoice waits for a bank.",
        "BANK_FILE_UNKNOWN": "There is no such file.",
        "BANK_FILE_HANDED_OVER": "The file was handed over before.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="E-invoices of one utility that go to one bank together, as E_Invoice 1.2.")
class BankEinvoiceFile:
    """A file."""

    number: int = strawberry.field(description="Its number.")
    file_name: str = strawberry.field(description="Its name when it is downloaded.")
    adapter: str = strawberry.field(description="Code of the utility.")
    bank: str = strawberry.field(description="BIC of the bank.")
    day: date = strawberry.field(description="Day on which it was made.")
    invoices: int = strawberry.field(description=f"How many invoices are in it, at most {INVOICES_IN_FILE_MAX}.")
    total: Money = strawberry.field(description="What was to be paid on them when it was made.")
    sha256: str = strawberry.field(description="SHA-256 of the file.")
    size: int = strawberry.field(description="Its bytes.")
    made_at: datetime = strawberry.field(description="When it was made, and closed.")
    handed_over_at: datetime | None = strawberry.field(description="When it was handed over; null until then.")
    url: str = strawberry.field(
        description="Path of the file on this server, to GET with the header Authorization of an employee. It is kept"
        " for 30 days (`MAINS_FILES_KEPT`), since it holds addresses and accounts; then the path is 404."
    )


@strawberry.type(description="Why nothing was done with files for banks.")
class BankEinvoiceUserError:
    """A refusal."""

    code: BankEinvoiceErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="That the invoices which wait for banks are put into files.")
class BankEinvoiceFilesMakeInput:
    """A key."""

    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which file was handed over to its bank.")
class BankEinvoiceFileHandOverInput:
    """A file and a key."""

    number: int = strawberry.field(description="The file's number.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="Files for banks, or why nothing was done.")
class BankEinvoiceFilesPayload:
    """Files, or a refusal."""

    files: list[BankEinvoiceFile] = strawberry.field(description="The files; empty if it was refused.")
    user_errors: list[BankEinvoiceUserError] = strawberry.field(description=USER_ERRORS)


async def bank_einvoice_files(reads: Reads) -> list[BankEinvoiceFile]:
    """Read the last files."""
    async with read_session(reads.engine) as session:
        return [_shown(one) for one in await queries.bank_files(session)]


async def bank_einvoice_files_make(info: Info, given: BankEinvoiceFilesMakeInput) -> BankEinvoiceFilesPayload:
    """Put the invoices that wait into files, or say why not."""
    context, person_id = info.context, _staff(info)
    services = context.services
    making = Making(
        banks=services.einvoice_banks,
        press=Press(engine=context.engine, host=services.host, now=context.now),
        today=context.now.date(),
        person_id=person_id,
        rules=SendingRules(falls_back_to_post=services.falls_back_to_post),
    )

    async def do(session: AsyncSession) -> list[int]:
        return list(await make_files(session, making=making))

    async with unit_of_work(context.engine) as session:
        await set_aside(session, making=making)
    return await _once(info, "bank_einvoice_files_make", key=given.idempotency_key, body={}, do=do)


async def bank_einvoice_file_hand_over(info: Info, given: BankEinvoiceFileHandOverInput) -> BankEinvoiceFilesPayload:
    """Mark a file as handed over, or say why not."""
    context, person_id = info.context, _staff(info)

    async def do(session: AsyncSession) -> list[int]:
        return [await hand_over(session, file_id=given.number, person_id=person_id, now=context.now)]

    body: dict[str, object] = {"number": given.number}
    return await _once(info, "bank_einvoice_file_hand_over", key=given.idempotency_key, body=body, do=do)


async def _once(
    info: Info,
    operation: str,
    *,
    key: str,
    body: dict[str, object],
    do: Callable[[AsyncSession], Awaitable[list[int]]],
) -> BankEinvoiceFilesPayload:
    context = info.context
    mine = {"person_id": context.viewer.person_id, "operation": operation, "key": key}
    try:
        async with unit_of_work(context.engine) as session:
            answer = await claim_request(session, **mine, body=body, now=context.now)  # type: ignore[arg-type]
            numbers = await do(session) if answer is None else answer["numbers"]
            if answer is None:
                await keep_answer(session, **mine, answer={"numbers": numbers})  # type: ignore[arg-type]
            made = [await queries.bank_file(session, file_id=int(number)) for number in numbers]
    except Refusal as refusal:
        error = user_error(BankEinvoiceUserError, BankEinvoiceErrorCode, refusal)
        return BankEinvoiceFilesPayload(files=[], user_errors=[error])
    return BankEinvoiceFilesPayload(files=[_shown(one) for one in made if one is not None], user_errors=[])


def _staff(info: Info) -> int:
    person_id = info.context.viewer.person_id
    assert person_id is not None, "an employee is signed in"
    return person_id


def _shown(one: BankFile) -> BankEinvoiceFile:
    return BankEinvoiceFile(
        number=one.id,
        file_name=one.name,
        adapter=one.adapter,
        bank=one.bank,
        day=one.day,
        invoices=one.invoices,
        total=Money(amount=one.total, currency=one.currency),
        sha256=one.sha256,
        size=one.size,
        made_at=one.made_at,
        handed_over_at=one.handed_over_at,
        url=f"/bank-einvoices/{one.id}",
    )


FILES_MADE_OF = INVOICES_AT_ONCE
"""How many invoices one request puts into files; who has more asks again."""
