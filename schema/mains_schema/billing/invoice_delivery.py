"""How invoices reach their customers: deliveries with receipts, and letters for the printer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.delivery import queries
from mains_server.delivery.operations import deliver_again
from mains_server.delivery.posting import LETTERS_MAX, make_mailing, set_aside_unaddressed
from mains_server.delivery.records import Delivered, DeliveryChannel, DeliveryState, ReceiptOutcome
from mains_server.delivery.records import PrintMailing as Mailing
from mains_server.documents.operations import Press
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

DELIVERY_ROWS = 5
described(
    DeliveryChannel,
    "By which road an invoice is delivered.",
    {
        "PORTAL": "It is shown in the portal.",
        "EMAIL": "By e-mail, with PDF and e-invoice.",
        "POST": "By letter.",
        "BANK": "To the customer's internet bank, as an e-invoice.",
    },
)
described(
    DeliveryState,
    "How a delivery stands.",
    {
        "WAITING": "It is to be sent, perhaps once more.",
        "DELIVERED": "It was shown, taken by the customer's mail server's road, or handed to the printer or the bank.",
        "FAILED": "It was refused, or tried too often.",
        "NO_ADDRESS": "There is no address that it could go to.",
    },
)
described(
    ReceiptOutcome,
    "What came of one try.",
    {
        "SHOWN": "It is in the portal.",
        "ACCEPTED": "The mail server took it.",
        "PUT_OFF": "The mail server asked to try again later.",
        "REFUSED": "The mail server refuses the address or the mail for good.",
        "UNREACHABLE": "The mail server was not reached, or does not let us in.",
        "NO_ADDRESS": "There is no address that it could go to.",
        "PRINTED": "It is in a mailing for the printer.",
        "HANDED_OVER": "It went to the customer's bank in a file.",
    },
)


class DeliveryErrorCode(Enum):
    """Why an invoice was not delivered."""

    INVOICE_UNKNOWN = "INVOICE_UNKNOWN"
    NO_LETTERS = "NO_LETTERS"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    DeliveryErrorCode,
    "Why nothing was delivered.",
    {
        "INVOICE_UNKNOWN": "There is no such invoice.",
        "NO_LETTERS": "No letter waits for the printer.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="What came of one try to deliver an invoice.")
class DeliveryReceipt:
    """A receipt."""

    at: datetime = strawberry.field(description="When.")
    address: str | None = strawberry.field(description="Where to; null in the portal, or where there is none.")
    outcome: ReceiptOutcome = strawberry.field(description="What came of it.")
    detail: str = strawberry.field(description="What the mail server answered, or which mailing it is in; in English.")
    files: list[str] = strawberry.field(description="Names of the files that were sent.")


@strawberry.type(description="An invoice on its way by one channel.")
class InvoiceDelivery:
    """A delivery."""

    number: int = strawberry.field(description="1 came with the issue; later ones were asked for, or follow a mail.")
    channel: DeliveryChannel = strawberry.field(description="By which road.")
    state: DeliveryState = strawberry.field(description="How it stands.")
    created_at: datetime = strawberry.field(description="When it began.")
    next_try_at: datetime | None = strawberry.field(description="When a mail is tried next; null if it is not.")
    receipts: list[DeliveryReceipt] = strawberry.field(description="Its tries, the first first; a handful.")


@strawberry.type(description="Letters that are printed together.")
class PrintMailing:
    """A mailing."""

    number: int = strawberry.field(description="Its number.")
    made_at: datetime = strawberry.field(description="When it was made, and closed.")
    letters: int = strawberry.field(description=f"How many letters are in it, at most {LETTERS_MAX}.")
    sha256: str = strawberry.field(description="SHA-256 of its ZIP.")
    size: int = strawberry.field(description="Bytes of its ZIP.")
    url: str = strawberry.field(
        description="Path of its ZIP on this server, to GET with the header Authorization of an employee. The ZIP is"
        " kept for 30 days (`MAINS_FILES_KEPT`), since it holds addresses; then the path is 404."
    )


@strawberry.type(description="Why nothing was delivered.")
class DeliveryUserError:
    """A refusal."""

    code: DeliveryErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="Which invoice is delivered once more, and how.")
class InvoiceDeliverInput:
    """An invoice and a channel."""

    invoice_id: strawberry.ID = strawberry.field(description="Global id of the invoice.")
    channel: DeliveryChannel = strawberry.field(description="By which road.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="That the letters which wait are put into one mailing.")
class PrintMailingMakeInput:
    """A key."""

    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="The deliveries of an invoice, or why nothing was sent.")
class InvoiceDeliverPayload:
    """Deliveries, or a refusal."""

    deliveries: list[InvoiceDelivery] = strawberry.field(description="All deliveries of the invoice; empty if refused.")
    user_errors: list[DeliveryUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="The mailing, or why there is none.")
class PrintMailingPayload:
    """A mailing, or a refusal."""

    mailing: PrintMailing | None = strawberry.field(description="The mailing; null if it was refused.")
    user_errors: list[DeliveryUserError] = strawberry.field(description=USER_ERRORS)


async def deliveries(reads: Reads, invoice_id: int) -> list[InvoiceDelivery]:
    """Read how an invoice reached its customer."""

    async def run(invoices: list[int]) -> list[list[InvoiceDelivery]]:
        async with read_session(reads.engine) as session:
            found = await queries.deliveries_of(session, invoice_ids=invoices)
        by_invoice: dict[int, list[InvoiceDelivery]] = defaultdict(list)
        for one in found:
            by_invoice[one.invoice_id].append(_shown(one))
        return [by_invoice[invoice] for invoice in invoices]

    shown: list[InvoiceDelivery] = await reads.load("deliveries", invoice_id, run)
    return shown


async def print_mailings(reads: Reads) -> list[PrintMailing]:
    """Read the last mailings."""
    async with read_session(reads.engine) as session:
        return [_mailing(one) for one in await queries.print_mailings(session)]


async def invoice_deliver(info: Info, given: InvoiceDeliverInput) -> InvoiceDeliverPayload:
    """Deliver an invoice once more, or say why not."""
    number = number_of(given.invoice_id, type_name="Invoice")
    body = {"invoice": number, "channel": given.channel.name}
    person_id = _staff(info)

    async def do(session: AsyncSession) -> int:
        return await deliver_again(
            session, invoice_id=number, channel=given.channel, person_id=person_id, now=info.context.now
        )

    try:
        await _once(info, "invoice_deliver", key=given.idempotency_key, body=body, do=do)
    except Refusal as refusal:
        return InvoiceDeliverPayload(deliveries=[], user_errors=[_error(refusal)])
    async with read_session(info.context.engine) as session:
        found = await queries.deliveries_of(session, invoice_ids=[number])
    return InvoiceDeliverPayload(deliveries=[_shown(one) for one in found], user_errors=[])


async def print_mailing_make(info: Info, given: PrintMailingMakeInput) -> PrintMailingPayload:
    """Put the letters that wait into one mailing, or say why not."""
    context, person_id = info.context, _staff(info)
    press = Press(engine=context.engine, host=context.services.host, now=context.now)

    async def do(session: AsyncSession) -> int:
        return await make_mailing(session, press=press, person_id=person_id)

    async with unit_of_work(context.engine) as session:
        await set_aside_unaddressed(session, now=context.now)
    try:
        number = await _once(info, "print_mailing_make", key=given.idempotency_key, body={}, do=do)
    except Refusal as refusal:
        return PrintMailingPayload(mailing=None, user_errors=[_error(refusal)])
    async with read_session(context.engine) as session:
        made = next(one for one in await queries.print_mailings(session) if one.id == number)
    return PrintMailingPayload(mailing=_mailing(made), user_errors=[])


async def _once(
    info: Info, operation: str, *, key: str, body: dict[str, object], do: Callable[[AsyncSession], Awaitable[int]]
) -> int:
    context = info.context
    assert context.viewer.person_id is not None, "employees are signed in"
    async with unit_of_work(context.engine) as session:
        answer = await claim_request(
            session, person_id=context.viewer.person_id, operation=operation, key=key, body=body, now=context.now
        )
        if answer is not None:
            return int(answer["number"])
        number = await do(session)
        await keep_answer(
            session, person_id=context.viewer.person_id, operation=operation, key=key, answer={"number": number}
        )
        return number


def _staff(info: Info) -> int:
    person_id = info.context.viewer.person_id
    assert person_id is not None, "an employee is signed in"
    return person_id


def _error(refusal: Refusal) -> DeliveryUserError:
    return user_error(DeliveryUserError, DeliveryErrorCode, refusal)


def _shown(one: Delivered) -> InvoiceDelivery:
    return InvoiceDelivery(
        number=one.number,
        channel=one.channel,
        state=one.state,
        created_at=one.created_at,
        next_try_at=one.next_try_at,
        receipts=[
            DeliveryReceipt(
                at=receipt.at,
                address=receipt.address,
                outcome=receipt.outcome,
                detail=receipt.detail,
                files=list(receipt.files),
            )
            for receipt in one.receipts
        ],
    )


def _mailing(one: Mailing) -> PrintMailing:
    return PrintMailing(
        number=one.id,
        made_at=one.made_at,
        letters=one.letters,
        sha256=one.sha256,
        size=one.size,
        url=f"/mailings/{one.id}",
    )
