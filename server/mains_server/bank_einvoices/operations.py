"""Accounts are agreed on, waiting invoices are put into files for their banks, and files are handed over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.bank_einvoices import queries, statements
from mains_server.bank_einvoices.einvoice import einvoice_file
from mains_server.bank_einvoices.records import BankInvoice, EinvoiceAccount
from mains_server.bank_einvoices.rules import account_at, hidden, is_too_late
from mains_server.bank_einvoices.tables import BankEinvoiceAccount, BankEinvoiceEntry, BankEinvoiceFile
from mains_server.delivery.operations import note_handed_over, note_try, put_in_bank_file
from mains_server.delivery.queries import waiting_for_bank
from mains_server.delivery.records import Answer, Envelope, HandedOver, ReceiptOutcome, SendingRules
from mains_server.delivery.sending import documents_for
from mains_server.documents.operations import AdapterSilent, Press
from mains_server.documents.queries import sheets_of
from mains_server.documents.records import DocumentKind, Sheet

INVOICES_IN_FILE_MAX = 1000
INVOICES_AT_ONCE = 5000


class NoBankInvoices(Refusal):
    """No invoice waits for a bank."""

    code = "NO_BANK_INVOICES"


class BankFileUnknown(Refusal):
    """There is no such file."""

    code = "BANK_FILE_UNKNOWN"
    path = "number"


class BankFileHandedOver(Refusal):
    """The file was handed over before."""

    code = "BANK_FILE_HANDED_OVER"
    path = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """By whom files are made and when; `banks` are those served now, `rules` say what follows where one cannot be."""

    banks: Collection[str]
    press: Press
    today: date
    person_id: int | None = None
    rules: SendingRules = field(default_factory=SendingRules)


async def agree_account(
    session: AsyncSession,
    *,
    customer_id: int,
    contract_id: int,
    iban: str,
    banks: Collection[str],
    now: datetime,
    person_id: int | None,
) -> EinvoiceAccount:
    """Agree that a contract's invoices are shown at an account; an earlier account of the contract ends.

    IbanMalformed and BankNotServed refuse. The contract's delivery is `contracts`' to change.
    """
    account, bank = account_at(iban, banks=banks)
    await end_account(session, customer_id=customer_id, contract_id=contract_id, now=now)
    session.add(
        BankEinvoiceAccount(
            customer_id=customer_id,
            contract_id=contract_id,
            iban=account,
            bank=bank,
            agreed_at=now,
            agreed_by_person_id=person_id,
        )
    )
    await session.flush()
    return EinvoiceAccount(contract_id=contract_id, iban=account, bank=bank)


async def end_account(session: AsyncSession, *, customer_id: int, contract_id: int, now: datetime) -> None:
    """Let no account of a contract hold any more."""
    asked = {"customer": customer_id, "contract": contract_id, "now": now}
    await session.execute(text(statements.END), asked)


async def set_aside(session: AsyncSession, *, making: Making) -> int:
    """Give up, with a receipt, what no bank would take, and count it: no account, a bank not served, due before today.

    What is given up goes by post where the rules say so. It comes before `make_files`, in a transaction of its own.
    """
    count = 0
    waiting = await waiting_for_bank(session, most=INVOICES_AT_ONCE)
    agreed = await queries.accounts_of(session, contract_ids=[one.contract_id for one in waiting])
    opened = await queries.open_invoices(session, invoice_ids=[one.invoice_id for one in waiting])
    for envelope in waiting:
        answer = _given_up(agreed.get(envelope.contract_id), opened[envelope.invoice_id], making=making)
        if answer is not None:
            account = agreed.get(envelope.contract_id)
            await note_try(
                session,
                envelope=envelope,
                address=None if account is None else hidden(account.iban),
                answer=answer,
                files=(),
                rules=making.rules,
                now=making.press.now,
            )
            count += 1
    return count


async def make_files(session: AsyncSession, *, making: Making) -> tuple[int, ...]:
    """Put invoices that wait into files, one or more for each utility and bank, and give the files' ids.

    Two at once never take the same invoice. A file is closed when it is made; its invoices are delivered when it is
    handed over. NoBankInvoices refuses.
    """
    waiting = await waiting_for_bank(session, most=INVOICES_AT_ONCE)
    ids = [one.invoice_id for one in waiting]
    agreed = await queries.accounts_of(session, contract_ids=[one.contract_id for one in waiting])
    opened = await queries.open_invoices(session, invoice_ids=ids)
    sheets = await _sheets(session, waiting=waiting, press=making.press)
    groups: Mapping[tuple[str, str, str], list[tuple[Envelope, BankInvoice]]] = defaultdict(list)
    for envelope in waiting:
        account, state = agreed.get(envelope.contract_id), opened[envelope.invoice_id]
        if envelope.invoice_id in sheets and account is not None and not _given_up(account, state, making=making):
            sheet = sheets[envelope.invoice_id]
            invoice = BankInvoice(sheet=sheet, iban=account.iban, bank=account.bank, to_pay=state.to_pay)
            groups[state.adapter, account.bank, state.currency].append((envelope, invoice))
    if not groups:
        raise NoBankInvoices("no invoice waits for a bank")
    await session.execute(text(statements.HOLD_NUMBERS))
    made = []
    for adapter, bank, currency in sorted(groups):
        group = groups[adapter, bank, currency]
        for start in range(0, len(group), INVOICES_IN_FILE_MAX):
            part = group[start : start + INVOICES_IN_FILE_MAX]
            made.append(await _make(session, part, adapter=adapter, bank=bank, making=making))
    return tuple(made)


async def hand_over(session: AsyncSession, *, file_id: int, person_id: int | None, now: datetime) -> int:
    """Mark that a file was handed over to its bank, which delivers what is in it, each with a receipt; give its id.

    BankFileUnknown and BankFileHandedOver refuse.
    """
    file = await queries.bank_file(session, file_id=file_id)
    if file is None:
        raise BankFileUnknown("there is no such file")
    asked = {"file": file_id, "now": now, "person": person_id}
    if await session.scalar(text(statements.HAND_OVER), asked) is None:
        raise BankFileHandedOver("this file was handed over before")
    entries = [
        HandedOver(
            delivery_id=row.delivery_id,
            customer_id=row.customer_id,
            address=hidden(row.iban),
            detail=f"{file.bank}, file {file_id}",
            files=(file.name,),
        )
        for row in await queries.entries_of(session, file_id=file_id)
    ]
    await note_handed_over(session, entries=entries, now=now)
    return file_id


async def _sheets(session: AsyncSession, *, waiting: Sequence[Envelope], press: Press) -> Mapping[int, Sheet]:
    """Give what invoices say, writing it down first where nobody has asked for their documents yet."""
    ids = [one.invoice_id for one in waiting]
    written = await sheets_of(session, invoice_ids=ids)
    for envelope in waiting:
        if envelope.invoice_id not in written:
            # One that cannot be written down now waits for the next file.
            with suppress(AdapterSilent):
                await documents_for(press, envelope=envelope, kinds=(DocumentKind.XML,))
    return await sheets_of(session, invoice_ids=ids) if len(written) < len(ids) else written


def _given_up(account: EinvoiceAccount | None, invoice: Any, *, making: Making) -> Answer | None:
    if account is None:
        return Answer(outcome=ReceiptOutcome.NO_ADDRESS, detail="no account is agreed on")
    if account.bank not in making.banks:
        return Answer(outcome=ReceiptOutcome.NO_ADDRESS, detail=f"no e-invoices are sent to {account.bank}")
    if is_too_late(due_on=invoice.due_on, today=making.today, to_pay=invoice.to_pay):
        return Answer(outcome=ReceiptOutcome.REFUSED, detail=f"it was due on {invoice.due_on}, before today")
    return None


async def forget_bank_files(session: AsyncSession, *, before: datetime) -> int:
    """Take the XML of files away that were made before, and count them; it holds names, addresses and accounts."""
    return len((await session.execute(text(statements.FORGET), {"before": before})).all())


async def _make(
    session: AsyncSession, part: Sequence[tuple[Envelope, BankInvoice]], *, adapter: str, bank: str, making: Making
) -> int:
    last = await session.scalar(text(statements.LAST_NUMBER), {"bank": bank, "day": making.today})
    invoices = [invoice for _, invoice in part]
    number = int(last or 0) + 1
    content = einvoice_file(day=making.today, number=number, invoices=invoices)
    file = BankEinvoiceFile(
        adapter=adapter,
        bank=bank,
        day=making.today,
        number=number,
        invoices=len(invoices),
        total=sum((one.to_pay for one in invoices), Decimal(0)),
        currency=invoices[0].sheet.currency,
        sha256=sha256(content).hexdigest(),
        size=len(content),
        content=content,
        made_at=making.press.now,
        made_by_person_id=making.person_id,
    )
    session.add(file)
    await session.flush()
    entries = [
        {
            "customer_id": envelope.customer_id,
            "file_id": file.id,
            "position": position,
            "delivery_id": envelope.delivery_id,
            "invoice_id": envelope.invoice_id,
            "iban": invoice.iban,
            "to_pay": invoice.to_pay,
        }
        for position, (envelope, invoice) in enumerate(part, start=1)
    ]
    await session.execute(insert(BankEinvoiceEntry), entries)
    await put_in_bank_file(session, delivery_ids=[envelope.delivery_id for envelope, _ in part], file_id=file.id)
    return file.id
