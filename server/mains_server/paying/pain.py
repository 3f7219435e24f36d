"""Transfers as a file that banks take: ISO 20022 pain.001.001.09, in euro within SEPA. Pure.

A bank that wants another version, or more in it, is served here and nowhere else. Names keep their letters; words of
which nothing can be printed are left out, since one empty element has a bank refuse the whole file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
NAME_LENGTH_MAX = 70
WORDS_LENGTH_MAX = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money to an account; `reference` comes back with what the bank says of it, and has 35 characters at most."""

    reference: str
    amount: Decimal
    currency: str
    name: str
    iban: str
    words: str


def pain_file(*, name: str, payer_name: str, payer_iban: str, transfers: Sequence[Transfer], now: datetime) -> bytes:
    """Write transfers from one account, with their count and sum; a bank takes a `name` once."""
    assert transfers and len(name) <= 35, "a file has transfers, and a name that a bank can keep"
    document = Element("Document", xmlns=NAMESPACE)
    initiation = SubElement(document, "CstmrCdtTrfInitn")
    header = SubElement(initiation, "GrpHdr")
    _text(header, "MsgId", name)
    _text(header, "CreDtTm", now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _totals(header, transfers)
    _text(SubElement(header, "InitgPty"), "Nm", _cut(payer_name, NAME_LENGTH_MAX))
    payment = SubElement(initiation, "PmtInf")
    _text(payment, "PmtInfId", name)
    _text(payment, "PmtMtd", "TRF")
    _text(payment, "BtchBookg", "false")
    _totals(payment, transfers)
    _text(SubElement(SubElement(payment, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _text(SubElement(payment, "ReqdExctnDt"), "Dt", now.date().isoformat())
    _text(SubElement(payment, "Dbtr"), "Nm", _cut(payer_name, NAME_LENGTH_MAX))
    _account(payment, "DbtrAcct", payer_iban.replace(" ", ""))
    # Within SEPA the IBAN is enough; the format wants an agent all the same.
    agent = SubElement(SubElement(payment, "DbtrAgt"), "FinInstnId")
    _text(SubElement(agent, "Othr"), "Id", "NOTPROVIDED")
    _text(payment, "ChrgBr", "SLEV")
    for transfer in transfers:
        _transfer(payment, transfer)
    indent(document)
    written: bytes = tostring(document, encoding="UTF-8", xml_declaration=True)
    return written


def _transfer(payment: Element, transfer: Transfer) -> None:
    assert len(transfer.reference) <= 35 and transfer.amount > 0, "a bank takes no longer references, and no nothing"
    one = SubElement(payment, "CdtTrfTxInf")
    _text(SubElement(one, "PmtId"), "EndToEndId", transfer.reference)
    amount = SubElement(SubElement(one, "Amt"), "InstdAmt", Ccy=transfer.currency)
    amount.text = f"{transfer.amount:.2f}"
    _text(SubElement(one, "Cdtr"), "Nm", _cut(transfer.name, NAME_LENGTH_MAX))
    _account(one, "CdtrAcct", transfer.iban)
    words = _cut(transfer.words, WORDS_LENGTH_MAX)
    if words:
        _text(SubElement(one, "RmtInf"), "Ustrd", words)


def _totals(parent: Element, transfers: Sequence[Transfer]) -> None:
    _text(parent, "NbOfTxs", str(len(transfers)))
    _text(parent, "CtrlSum", f"{sum((one.amount for one in transfers), Decimal(0)):.2f}")


def _account(parent: Element, name: str, iban: str) -> None:
    _text(SubElement(SubElement(parent, name), "Id"), "IBAN", iban)


def _text(parent: Element, name: str, words: str) -> None:
    SubElement(parent, name).text = words


def _cut(words: str, length: int) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(plain.split())[:length]
