"""Turns the fields of a statement's head and entries into records, and refuses what cannot be right. Pure."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from mains_server.money.records import AMOUNT_MAX
from mains_server.payments.rules import ACCEPTED_CURRENCIES
from mains_server.statements.records import BankLine, StatementFoot, StatementHead
from mains_server.statements.refusals import BankFileRefused

OPENING = ("OPBD", "PRCD")
CLOSING = ("CLBD",)
NOT_BOOKED = frozenset({"PDNG", "INFO", "FUTR"})
DETAILS_MAX = 10_000
TEXTS_MAX = 20
TEXT_MAX = 1_000
ID_MAX = 140
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,5})?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T.{1,30}|Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}", re.ASCII)
# What banks write where they have no reference.
_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NOTAVAILABLE", "NONREF", "0"})


class Stated(NamedTuple):
    """An amount as it stands in a file, with its currency."""

    amount: str
    currency: str


class Fields:
    """The values of interest of a part of a statement by their paths, and for an entry those of its details."""

    __slots__ = ("amounts", "currency_next", "details", "values")

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.amounts: dict[str, Stated] = {}
        self.details: list[Fields] = []
        self.currency_next = ""

    def put(self, path: str, text: str) -> None:
        """Keep a value: of texts all, of anything else the first."""
        values = self.values
        if path not in values:
            if text:
                values[path] = text
        elif path == "RmtInf/Ustrd" and len(values[path]) < TEXT_MAX:
            values[path] += " " + text

    def put_amount(self, path: str, text: str) -> None:
        """Keep an amount with its currency, the first."""
        self.amounts.setdefault(path, Stated(text, self.currency_next))

    def begin_detail(self) -> Fields:
        """Begin the next detail of an entry."""
        if len(self.details) >= DETAILS_MAX:
            raise BankFileRefused("TOO_MANY_LINES", f"an entry has at most {DETAILS_MAX} details")
        self.details.append(Fields())
        return self.details[-1]

    def first(self, *paths: str) -> str:
        """Give the first of some values that is there, shortened to what a bank may write."""
        for path in paths:
            if path in self.values:
                return self.values[path][:TEXT_MAX]
        return ""


def head_of(head: Fields, *, balances: list[Fields], message_id: str) -> StatementHead:
    """Make the head of a statement; balances are those booked, at its opening and closing."""
    statement_id = head.first("Id")
    if not statement_id or not message_id or max(len(statement_id), len(message_id)) > ID_MAX:
        raise BankFileRefused("STATEMENT_INCOMPLETE", "a statement has no id, or its message has none")
    place = f"statement {statement_id[:40]}"
    iban = head.first("Acct/Id/IBAN").replace(" ", "").upper()
    if not _IBAN.fullmatch(iban):
        raise BankFileRefused("STATEMENT_INCOMPLETE", f"{place}: the account is not given by its IBAN")
    opening = _balance(balances, codes=OPENING, place=place)
    closing = _balance(balances, codes=CLOSING, place=place)
    currency = head.first("Acct/Ccy") or closing.amounts["Amt"].currency
    starts = head.first("FrToDt/FrDtTm") or opening.first("Dt/Dt", "Dt/DtTm")
    opens_on = _day(starts, place=place)
    closes_on = _day(closing.first("Dt/Dt", "Dt/DtTm") or head.first("FrToDt/ToDtTm"), place=place)
    return StatementHead(
        message_id=message_id,
        statement_id=statement_id,
        iban=iban,
        currency=currency,
        opens_on=min(opens_on, closes_on),
        closes_on=closes_on,
        opening=_signed(opening, currency=currency, place=place),
        closing=_signed(closing, currency=currency, place=place),
    )


def foot_of(*, pending: int) -> StatementFoot:
    """Make the foot of a statement."""
    return StatementFoot(pending=pending)


def lines_of(entry: Fields, *, place: str) -> list[BankLine]:
    """Make the movements of an entry: none where it is not booked or moves nothing, several of a batch with details.

    The amounts of several details add up to the entry's, or the file is refused. Where the bank gives none for any of
    them, the entry is one movement that somebody must divide.
    """
    status = entry.first("Sts/Cd", "Sts").upper()
    if status in NOT_BOOKED:
        return []
    if status != "BOOK":
        raise BankFileRefused("VALUE_MALFORMED", f"{place}: {status[:20] or 'nothing'} is not a status of an entry")
    currency = entry.amounts.get("Amt", Stated("", "")).currency
    amount = _signed(entry, currency=currency, place=place)
    if not amount:
        return []
    if currency not in ACCEPTED_CURRENCIES:
        raise BankFileRefused("CURRENCY_NOT_ACCEPTED", f"{place} is in {currency[:3]}, which we keep no accounts in")
    details = entry.details
    stated = [_stated(detail, is_out=amount < 0, currency=currency, place=place) for detail in details]
    if len(details) > 1 and not any(stated):
        return [_line(entry, None, amount=amount, place=place, is_undetailed=True)]
    if any(stated) and sum((one or Decimal(0) for one in stated), Decimal(0)) != amount:
        raise BankFileRefused(
            "DETAILS_DO_NOT_ADD_UP", f"{place}: the details do not add up to {amount}; fetch the file again"
        )
    if len(details) > 1:
        parts = zip(details, stated, strict=True)
        return [_line(entry, detail, amount=part, place=place) for detail, part in parts if part]
    is_undetailed = not details and entry.first("NtryDtls/Btch/NbOfTxs") not in ("", "1")
    return [_line(entry, details[0] if details else None, amount=amount, place=place, is_undetailed=is_undetailed)]


def _line(
    entry: Fields, detail: Fields | None, *, amount: Decimal, place: str, is_undetailed: bool = False
) -> BankLine:
    more = detail or Fields()
    party, account = ("Dbtr", "DbtrAcct") if amount > 0 else ("Cdtr", "CdtrAcct")
    is_reversal = entry.first("RvslInd").lower() in ("true", "1") or bool(more.first("RtrInf/Rsn/Cd"))
    if is_reversal:
        party, account = _known_side(more, party)
    names = more.first(f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm")
    texts = (more.first("RmtInf/Ustrd"), more.first("AddtlTxInf"), entry.first("AddtlNtryInf"))
    end_to_end = more.first("Refs/EndToEndId")
    return BankLine(
        booked_on=_day(entry.first("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"), place=place),
        amount=amount,
        is_reversal=is_reversal,
        is_undetailed=is_undetailed,
        servicer_reference=_reference(more.first("Refs/AcctSvcrRef")) or _reference(entry.first("AcctSvcrRef")),
        end_to_end_id=_reference(end_to_end),
        party_name=names or more.first("RltdPties/UltmtDbtr/Nm", "RltdPties/UltmtDbtr/Pty/Nm"),
        party_iban=more.first(f"RltdPties/{account}/Id/IBAN").replace(" ", "").upper()[:34],
        reference=more.first("RmtInf/Strd/CdtrRefInf/Ref")[:ID_MAX],
        text=next((words for words in texts if words), ""),
    )


def _known_side(detail: Fields, party: str) -> tuple[str, str]:
    """Of a movement that was taken back banks turn the parties round, or do not: take the side that is named."""
    other = "Cdtr" if party == "Dbtr" else "Dbtr"
    is_named = detail.first(f"RltdPties/{party}Acct/Id/IBAN", f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm")
    side = party if is_named else other
    return side, f"{side}Acct"


def _reference(text: str) -> str:
    return "" if text.upper() in _NO_REFERENCE else text[:ID_MAX]


def _stated(detail: Fields, *, is_out: bool, currency: str, place: str) -> Decimal | None:
    """Give what a detail says of its amount in the account's currency, signed; None where it says nothing."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        said = detail.amounts.get(path)
        if said is not None and said.currency == currency:
            amount = _amount(said.amount, place=place)
            side = detail.first("CdtDbtInd")
            return -amount if (side == "DBIT" if side else is_out) else amount
    return None


def _balance(balances: list[Fields], *, codes: tuple[str, ...], place: str) -> Fields:
    for code in codes:
        for balance in balances:
            if balance.first("Tp/CdOrPrtry/Cd") == code and "Amt" in balance.amounts:
                return balance
    raise BankFileRefused("STATEMENT_INCOMPLETE", f"{place} has no balance {codes[0]}")


def _signed(fields: Fields, *, currency: str, place: str) -> Decimal:
    said = fields.amounts.get("Amt")
    if said is None:
        raise BankFileRefused("VALUE_MALFORMED", f"{place}: an amount is missing")
    if said.currency != currency or not currency:
        raise BankFileRefused(
            "CURRENCY_NOT_ACCEPTED", f"{place}: an amount is in {said.currency[:3]}, not {currency[:3]}"
        )
    side = fields.first("CdtDbtInd")
    if side not in ("CRDT", "DBIT"):
        raise BankFileRefused("VALUE_MALFORMED", f"{place}: {side[:20] or 'nothing'} is neither CRDT nor DBIT")
    amount = _amount(said.amount, place=place)
    return -amount if side == "DBIT" else amount


def _amount(text: str, *, place: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise BankFileRefused("VALUE_MALFORMED", f"{place}: {text[:20]!r} is not an amount")
    amount = Decimal(text)
    cents = amount.quantize(Decimal("0.01"))
    if cents != amount or cents > AMOUNT_MAX:
        raise BankFileRefused("VALUE_MALFORMED", f"{place}: {text[:20]} is not an amount in cents")
    return cents


def _day(text: str, *, place: str) -> date:
    try:
        return _date(text)
    except ValueError:
        raise BankFileRefused("VALUE_MALFORMED", f"{place}: {text[:20]!r} is not a date") from None


@lru_cache(maxsize=100)
def _date(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text[:10])
