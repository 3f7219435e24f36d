"""Mails that are due are sent one by one, each held by whoever sends it until its receipt is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.mail import hand_over, invoice_mail
from mains_server.delivery.operations import note_try
from mains_server.delivery.queries import next_mail
from mains_server.delivery.records import Answer, DeliveryState, Envelope, MailServer, ReceiptOutcome, SendingRules
from mains_server.delivery.rules import mail_address
from mains_server.documents.operations import AdapterSilent, Press, document_of
from mains_server.documents.records import DocumentFile, DocumentKind, DocumentWanted

HELD = "held"
"""A mail whose document cannot be made while its adapter is silent."""
SENT_AS = (DocumentKind.PDF, DocumentKind.XML)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postman:
    """What mail is sent with: the documents, the server it is handed to, and what is done where that fails."""

    press: Press
    server: MailServer
    rules: SendingRules = field(default_factory=SendingRules)


async def send_mails(postman: Postman) -> Counter[str]:
    """Send every mail that is due, and count what became of them.

    The row of a mail is held while the server is spoken to, so no two workers send it. Who dies between the server's
    250 and the end of the transaction leaves it waiting: it is sent again under the same Message-ID, a duplicate that
    mail programs show once.
    """
    counts: Counter[str] = Counter()
    held: list[int] = []
    while True:
        async with unit_of_work(postman.press.engine) as session:
            envelope = await next_mail(session, now=postman.press.now, held=held)
            if envelope is None:
                return counts
            state = await _send(session, postman=postman, envelope=envelope)
        counts[state] += 1
        # Any other is done with, or is due again later than now.
        if state == HELD:
            held.append(envelope.delivery_id)


async def _send(session: AsyncSession, *, postman: Postman, envelope: Envelope) -> str:
    now = postman.press.now
    address = mail_address(envelope.email)
    files: tuple[DocumentFile, ...] = ()
    if address is None:
        detail = "no e-mail address" if not envelope.email else "not an address that mail can be sent to"
        answer = Answer(outcome=ReceiptOutcome.NO_ADDRESS, detail=detail)
    else:
        try:
            files = await documents_for(postman.press, envelope=envelope, kinds=SENT_AS)
        except AdapterSilent:
            return HELD
        mail = invoice_mail(envelope, address=address, files=files, sender=postman.server.sender, now=now)
        answer = await hand_over(mail, server=postman.server)
    state: DeliveryState = await note_try(
        session,
        envelope=envelope,
        address=address or envelope.email,
        answer=answer,
        files=[file.document.file_name for file in files],
        rules=postman.rules,
        now=now,
    )
    return state.name.lower()


async def documents_for(
    press: Press, *, envelope: Envelope, kinds: tuple[DocumentKind, ...]
) -> tuple[DocumentFile, ...]:
    """Give an invoice's documents in its customer's language, making those that are not there."""
    wanted = [DocumentWanted(invoice_id=envelope.invoice_id, kind=kind, language=envelope.language) for kind in kinds]
    return tuple([await document_of(press, wanted=one) for one in wanted])
