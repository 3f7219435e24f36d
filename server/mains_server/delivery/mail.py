"""A mail with an invoice, and the conversation with a mail server."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime

import aiosmtplib

from mains_server.delivery.records import Answer, Envelope, MailServer, ReceiptOutcome
from mains_server.delivery.rules import message_id
from mains_server.documents.records import DocumentFile, DocumentLanguage
from mains_server.documents.rules import MEDIA_TYPES

SUBJECTS = {
    DocumentLanguage.LV: "Rēķins {number}",
    DocumentLanguage.EN: "Invoice {number}",
    DocumentLanguage.RU: "Счёт {number}",
}
TEXTS = {
    DocumentLanguage.LV: (
        "Labdien!\n\nPielikumā rēķins {number}: PDF lasīšanai un drukāšanai, XML grāmatvedības programmai.\n"
        "Rēķinu arhīvs ir klientu portālā.\n\n{seller}\n"
    ),
    DocumentLanguage.EN: (
        "Good day,\n\nInvoice {number} is attached: as PDF to read and print, as XML for accounting software.\n"
        "All your invoices are in the customer portal.\n\n{seller}\n"
    ),
    DocumentLanguage.RU: (
        "Здравствуйте!\n\nВо вложении счёт {number}: PDF для чтения и печати, XML для бухгалтерской программы.\n"
        "Архив счетов находится на портале клиентов.\n\n{seller}\n"
    ),
}

CREDIT_SUBJECTS = {
    DocumentLanguage.LV: "Kredītrēķins {number}: rēķins {taken} atcelts",
    DocumentLanguage.EN: "Credit note {number}: invoice {taken} was taken back",
    DocumentLanguage.RU: "Кредитовый счёт {number}: счёт {taken} отменён",
}
CREDIT_TEXTS = {
    DocumentLanguage.LV: (
        "Labdien!\n\nPielikumā kredītrēķins {number}, kas atceļ rēķinu {taken}: PDF lasīšanai un drukāšanai, XML"
        " grāmatvedības programmai.\nRēķins {taken} vairs nav jāmaksā. Ja par to jau samaksājāt, nauda ir Jums par"
        " labu un tiks ieskaitīta citos rēķinos.\nRēķinu arhīvs ir klientu portālā.\n\n{seller}\n"
    ),
    DocumentLanguage.EN: (
        "Good day,\n\nCredit note {number}, which takes back invoice {taken}, is attached: as PDF to read and print, as"
        " XML for accounting software.\nInvoice {taken} is not to be paid any more. If you have paid it, the money is"
        " to your credit and pays your other invoices.\nAll your invoices are in the customer portal.\n\n{seller}\n"
    ),
    DocumentLanguage.RU: (
        "Здравствуйте!\n\nВо вложении кредитовый счёт {number}, который отменяет счёт {taken}: PDF для чтения и печати,"
        " XML для бухгалтерской программы.\nПлатить по счёту {taken} больше не нужно. Если Вы его уже оплатили, деньги"
        " засчитаны в Вашу пользу и пойдут на оплату других счетов.\nАрхив счетов находится на портале клиентов."
        "\n\n{seller}\n"
    ),
}


WITHDRAWN_TEXTS = {
    DocumentLanguage.LV: (
        "Labdien!\n\nPielikumā kredītrēķins {number}, kas atceļ rēķinu {taken}: PDF lasīšanai un drukāšanai, XML"
        " grāmatvedības programmai.\nTas, kas pēc rēķina {taken} bija Jums par labu, vairs nav; ja ar to bija apmaksāti"
        " citi rēķini, tie atkal ir apmaksājami.\nRēķinu arhīvs ir klientu portālā.\n\n{seller}\n"
    ),
    DocumentLanguage.EN: (
        "Good day,\n\nCredit note {number}, which takes back invoice {taken}, is attached: as PDF to read and print, as"
        " XML for accounting software.\nWhat was to your credit by invoice {taken} is no longer; where it had paid"
        " other invoices, those are open again.\nAll your invoices are in the customer portal.\n\n{seller}\n"
    ),
    DocumentLanguage.RU: (
        "Здравствуйте!\n\nВо вложении кредитовый счёт {number}, который отменяет счёт {taken}: PDF для чтения и печати,"
        " XML для бухгалтерской программы.\nСумма, которая была в Вашу пользу по счёту {taken}, больше не в Вашу"
        " пользу; если ею были оплачены другие счета, они снова открыты.\nАрхив счетов находится на портале клиентов."
        "\n\n{seller}\n"
    ),
}


class MailPolicy(EmailPolicy):
    """Writes mails as SMTP takes them, with every letter and space of a subject.

    The standard library's own folding loses the space between two words of which both have to be encoded.
    """

    def fold(self, name: str, value: str) -> str:
        """Write a header on as many lines as it needs."""
        if name.lower() != "subject" or value.isascii():
            return str(super().fold(name, value))
        written = Header(str(value), "utf-8", header_name=name).encode(linesep=self.linesep)
        return f"{name}: {written}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        """Write a header as bytes."""
        if name.lower() != "subject" or value.isascii():
            return bytes(super().fold_binary(name, value))
        return self.fold(name, value).encode("ascii")


MAIL_POLICY = MailPolicy(linesep="\r\n")
DETAIL_CHARACTERS_MAX = 500
FAILED_FOR_GOOD = 500


def invoice_mail(
    envelope: Envelope, *, address: str, files: Sequence[DocumentFile], sender: str, now: datetime
) -> EmailMessage:
    """Write the mail of an invoice or credit note with its files, in the customer's language.

    Tried again it keeps its Message-ID.
    """
    words = {"number": envelope.document_number, "seller": " ".join(envelope.seller.split())}
    subjects, texts = SUBJECTS, TEXTS
    if envelope.takes_back is not None:
        words["taken"] = envelope.takes_back
        subjects, texts = CREDIT_SUBJECTS, WITHDRAWN_TEXTS if envelope.withdraws else CREDIT_TEXTS
    mail = EmailMessage(policy=MAIL_POLICY)
    mail["From"], mail["To"] = sender, address
    mail["Subject"] = subjects[envelope.language].format(**words)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(envelope, sender=sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(texts[envelope.language].format(**words))
    for file in files:
        main, _, sub = MEDIA_TYPES[file.document.kind].partition(";")[0].partition("/")
        mail.add_attachment(file.content, maintype=main, subtype=sub, filename=file.document.file_name)
    return mail


async def hand_over(mail: EmailMessage, *, server: MailServer) -> Answer:
    """Hand a mail to a server, and tell what it answered: accepted, refused for good, or to be tried again.

    Only what is said about the recipient or the mail itself refuses it; a server that does not take us (greeting,
    encryption, password, sender) is unreachable, since that is for the operator to mend.
    """
    context = ssl.create_default_context()
    if not server.is_verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        refused, reply = await aiosmtplib.send(
            mail,
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls == "tls",
            start_tls={"starttls": True, "none": False, "tls": False}.get(server.tls),
            tls_context=context,
            timeout=server.seconds_max,
        )
    except aiosmtplib.SMTPRecipientsRefused as failure:
        answers = [(one.code, one.message) for one in failure.recipients]
        return _judged(*answers[0]) if answers else _judged(FAILED_FOR_GOOD, str(failure))
    except (aiosmtplib.SMTPDataError, aiosmtplib.SMTPRecipientRefused) as failure:
        return _judged(failure.code, failure.message)
    except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as failure:
        return Answer(outcome=ReceiptOutcome.UNREACHABLE, detail=_short(f"{type(failure).__name__}: {failure}"))
    if refused:
        answer = next(iter(refused.values()))
        return _judged(answer.code, answer.message)
    return Answer(outcome=ReceiptOutcome.ACCEPTED, detail=_short(reply))


def _judged(code: int, message: str) -> Answer:
    """Tell a refusal for good (5xx) from one that may pass (4xx, or a server that hung up)."""
    outcome = ReceiptOutcome.REFUSED if code >= FAILED_FOR_GOOD else ReceiptOutcome.PUT_OFF
    return Answer(outcome=outcome, detail=_short(f"{code} {message}"))


def _short(text: str) -> str:
    return " ".join(text.split())[:DETAIL_CHARACTERS_MAX]
