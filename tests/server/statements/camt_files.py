"""Bank files for tests: camt.053 in both versions, written element by element as the standard has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from io import BytesIO
from xml.sax.saxutils import escape

IBAN = "LV80BANK0000435195001"
SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."


@dataclass(frozen=True, kw_only=True)
class Paid:
    """A detail, or an entry with one detail."""

    amount: str
    side: str = "CRDT"
    day: str = "2024-02-09"
    ref: str = ""
    text: str = ""
    structured: str = ""
    name: str = "Anna Ozola"
    iban: str = "LV97HABA0012345678910"
    end_to_end: str = "NOTPROVIDED"
    is_reversal: bool = False
    status: str = "BOOK"
    currency: str = "EUR"
    batch: tuple[Paid, ...] = ()
    states_amount: bool = True


def statement(
    *paid: Paid,
    version: str = "02",
    opening: str = "1000.00",
    closing: str | None = None,
    iban: str = IBAN,
    message: str = "M1",
    number: str = "S1",
    days: tuple[str, str] = ("2024-02-09", "2024-02-09"),
    currency: str = "EUR",
) -> str:
    """Write a statement; without a closing balance it is the right one."""
    if closing is None:
        closing = str(Decimal(opening) + sum((_signed(one) for one in paid if one.status == "BOOK"), Decimal(0)))
    balances = _balance("OPBD", opening, days[0], currency) + _balance("CLBD", closing, days[1], currency)
    return (
        f"<Stmt><Id>{number}</Id><CreDtTm>{days[1]}T23:59:00</CreDtTm><FrToDt><FrDtTm>{days[0]}T00:00:00</FrDtTm>"
        f"<ToDtTm>{days[1]}T23:59:59</ToDtTm></FrToDt><Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"{balances}{''.join(entry(one, version=version, turn=turn) for turn, one in enumerate(paid, start=1))}</Stmt>"
    )


def file(*statements: str, version: str = "02", message: str = "M1") -> BytesIO:
    """Write a file of statements."""
    return BytesIO(text_of(*statements, version=version, message=message).encode())


def text_of(*statements: str, version: str = "02", message: str = "M1") -> str:
    """Write a file of statements as text."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{SPACE}{version}"><BkToCstmrStmt><GrpHdr><MsgId>'
        f"{message}</MsgId><CreDtTm>2024-02-10T06:00:00</CreDtTm></GrpHdr>{''.join(statements)}</BkToCstmrStmt>"
        "</Document>"
    )


def bank_file(*paid: Paid, version: str = "02", message: str = "M1", **named: object) -> BytesIO:
    """Write a file of one statement."""
    return file(statement(*paid, version=version, **named), version=version, message=message)


def entry(one: Paid, *, version: str, turn: int) -> str:
    """Write an entry; its number is that of its turn, as banks do."""
    status = f"<Sts>{one.status}</Sts>" if version == "02" else f"<Sts><Cd>{one.status}</Cd></Sts>"
    details = one.batch or (replace(one, states_amount=False),)
    count = f"<Btch><NbOfTxs>{len(details)}</NbOfTxs></Btch>" if one.batch else ""
    inner = "".join(_detail(each, version=version) for each in details)
    reversal = "<RvslInd>true</RvslInd>" if one.is_reversal else ""
    ref = f"<AcctSvcrRef>{one.ref}</AcctSvcrRef>" if one.ref else ""
    return (
        f'<Ntry><NtryRef>{turn}</NtryRef><Amt Ccy="{one.currency}">{one.amount}</Amt><CdtDbtInd>{one.side}</CdtDbtInd>'
        f"{reversal}{status}<BookgDt><Dt>{one.day}</Dt></BookgDt><ValDt><Dt>{one.day}</Dt></ValDt>{ref}"
        f"<NtryDtls>{count}{inner}</NtryDtls></Ntry>"
    )


def _detail(one: Paid, *, version: str) -> str:
    who, other = ("Dbtr", "Cdtr") if one.side == "CRDT" else ("Cdtr", "Dbtr")
    name = f"<Nm>{escape(one.name)}</Nm>" if version == "02" else f"<Pty><Nm>{escape(one.name)}</Nm></Pty>"
    amount = ""
    if one.states_amount and version == "02":
        amount = f'<AmtDtls><TxAmt><Amt Ccy="{one.currency}">{one.amount}</Amt></TxAmt></AmtDtls>'
    elif one.states_amount:
        amount = f'<Amt Ccy="{one.currency}">{one.amount}</Amt><CdtDbtInd>{one.side}</CdtDbtInd>'
    structured = f"<Strd><CdtrRefInf><Ref>{one.structured}</Ref></CdtrRefInf></Strd>" if one.structured else ""
    ref = f"<AcctSvcrRef>{one.ref}</AcctSvcrRef>" if one.ref else ""
    return (
        f"<TxDtls><Refs>{ref}<EndToEndId>{one.end_to_end}</EndToEndId></Refs>{amount}<RltdPties><{who}>{name}</{who}>"
        f"<{who}Acct><Id><IBAN>{one.iban}</IBAN></Id></{who}Acct><{other}Acct><Id><IBAN>{IBAN}</IBAN></Id></{other}Acct>"
        f"</RltdPties><RmtInf><Ustrd>{escape(one.text)}</Ustrd>{structured}</RmtInf></TxDtls>"
    )


def _balance(code: str, amount: str, day: str, currency: str) -> str:
    side = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{amount.lstrip("-")}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _signed(one: Paid) -> Decimal:
    return Decimal(one.amount) if one.side == "CRDT" else -Decimal(one.amount)
