"""Reads camt.053 (ISO 20022, versions 001.02 and 001.08) statement by statement and line by line.

Source of the fields: the message definition reports of ISO 20022, BankToCustomerStatementV02 and V08.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from mains_server.statements.entries import Fields, foot_of, head_of, lines_of
from mains_server.statements.records import BankLine, StatementFoot, StatementHead
from mains_server.statements.refusals import BankFileRefused
from mains_server.statements.xml_stream import Node, read_pieces

NAMESPACES = ("urn:iso:std:iso:20022:tech:xsd:camt.053.001.02", "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08")
STATEMENTS_MAX = 1_000
LINES_MAX = 100_000
STATEMENT = "BkToCstmrStmt/Stmt"
BALANCE, ENTRY = f"{STATEMENT}/Bal", f"{STATEMENT}/Ntry"
DETAIL = f"{ENTRY}/NtryDtls/TxDtls"
MESSAGE_ID = "BkToCstmrStmt/GrpHdr/MsgId"
PARTY = ("Nm", "Pty/Nm")
# What is of interest in each part, by paths from it.
PARTS: Mapping[str, tuple[str, ...]] = {
    STATEMENT: ("Id", "FrToDt/FrDtTm", "FrToDt/ToDtTm", "Acct/Id/IBAN", "Acct/Ccy"),
    BALANCE: ("Tp/CdOrPrtry/Cd", "Amt", "CdtDbtInd", "Dt/Dt", "Dt/DtTm"),
    ENTRY: (
        "Amt", "CdtDbtInd", "RvslInd", "Sts", "Sts/Cd", "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm",
        "AcctSvcrRef", "AddtlNtryInf", "NtryDtls/Btch/NbOfTxs",
    ),
    DETAIL: (
        "Refs/AcctSvcrRef", "Refs/EndToEndId", "Amt", "CdtDbtInd", "AmtDtls/TxAmt/Amt", "RmtInf/Ustrd",
        "RmtInf/Strd/CdtrRefInf/Ref", "RltdPties/DbtrAcct/Id/IBAN", "RltdPties/CdtrAcct/Id/IBAN", "RtrInf/Rsn/Cd",
        "AddtlTxInf",
        *(f"RltdPties/{who}/{name}" for who in ("Dbtr", "Cdtr", "UltmtDbtr") for name in PARTY),
    ),
    MESSAGE_ID: (),
}  # fmt: skip

Event = StatementHead | BankLine | StatementFoot


def _tree(space: str) -> Node:
    """Make the tree of what is of interest in one version of the format."""
    root = Node()
    for part, paths in PARTS.items():
        at = _descend(root, part, space=space)
        at.hear_of(part=part)
        for path in paths:
            _descend(at, path, space=space).hear_of(path=path, has_currency=path.endswith("Amt"))
    return root


def _descend(at: Node, path: str, *, space: str) -> Node:
    for name in path.split("/"):
        at = at.children.setdefault(f"{space} {name}", Node())
    return at


ROOTS = {f"{space} Document": _tree(space) for space in NAMESPACES}


def read_statements(file: BinaryIO) -> Iterator[Event]:
    """Give heads, lines and feet in the order of the file, holding a piece of it at a time; raises BankFileRefused."""
    reader = _Reader()
    for _ in read_pieces(file, listener=reader):
        while reader.found:
            yield reader.found.popleft()
    if not reader.statements:
        raise BankFileRefused("FILE_EMPTY", "there is no statement in the file")


class _Reader:
    """Collects what is of interest of the statement, balance, entry or detail that it is in."""

    def __init__(self) -> None:
        self.found: deque[Event] = deque()
        self.statements = 0
        self._lines = 0
        self._pending = 0
        self._fields = Fields()
        self._message_id = ""
        self._head = Fields()
        self._balances: list[Fields] = []
        self._entry = Fields()
        self._is_head_given = False

    def root(self, name: str) -> Node:
        """Refuse what is no statement of a known version."""
        if name not in ROOTS:
            raise BankFileRefused(
                "FORMAT_UNKNOWN", "this is no camt.053 statement of version 001.02 or 001.08; choose it at the bank"
            )
        return ROOTS[name]

    def begin(self, node: Node, attributes: dict[str, str]) -> None:
        """Find out where the values of what begins go."""
        if node.part:
            self._begin_part(node.part)
        else:
            self._fields.currency_next = attributes.get("Ccy", "")

    def end(self, node: Node, text: str) -> None:
        """Keep a value that is of interest; hand over what is complete."""
        if node.part:
            self._end_part(node.part, text)
        elif node.has_currency:
            self._fields.put_amount(node.path, text)
        else:
            self._fields.put(node.path, text)

    def _begin_part(self, part: str) -> None:
        if part == DETAIL:
            self._fields = self._entry.begin_detail()
        elif part == ENTRY:
            self._give_head()
            self._fields = self._entry = Fields()
        elif part == BALANCE:
            if self._is_head_given:
                raise BankFileRefused("STATEMENT_INCOMPLETE", "a statement's balances stand before its entries")
            self._fields = Fields()
            self._balances.append(self._fields)
        elif part == STATEMENT:
            self.statements += 1
            self._head, self._balances, self._pending, self._is_head_given = Fields(), [], 0, False
            self._fields = self._head
            if self.statements > STATEMENTS_MAX:
                raise BankFileRefused("TOO_MANY_LINES", f"a file has at most {STATEMENTS_MAX} statements")

    def _end_part(self, part: str, text: str) -> None:
        if part == DETAIL:
            self._fields = self._entry
        elif part == ENTRY:
            self._take_entry()
            self._fields = self._head
        elif part == BALANCE:
            self._fields = self._head
        elif part == STATEMENT:
            self._give_head()
            self.found.append(foot_of(pending=self._pending))
        else:
            self._message_id = text

    def _take_entry(self) -> None:
        lines = lines_of(self._entry, place=f"entry {self._lines + 1}")
        if not lines:
            self._pending += 1
        self._lines += len(lines)
        if self._lines > LINES_MAX:
            raise BankFileRefused("TOO_MANY_LINES", f"a file has at most {LINES_MAX} movements; ask for fewer days")
        self.found.extend(lines)

    def _give_head(self) -> None:
        if not self._is_head_given:
            self.found.append(head_of(self._head, balances=self._balances, message_id=self._message_id))
            self._is_head_given = True
