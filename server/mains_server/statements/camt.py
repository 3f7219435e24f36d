"""Reads camt.053 (ISO 20022, versions 001.02 and 001.08) statement by statement and line by line.

Source of the fields: the message definition reports of ISO 20022, BankToCustomerStatementV02 and V08.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from mains_server.statements.entries import Fields, foot_of, head_of, lines_of
from mains_server.statements.records import BankLine, StatementFoot, StatementHead
from mains_server.statements.refusals import BankFileRefused
from mains_server.statements.xml_stream import read_pieces

NAMESPACES = ("urn:iso:std:iso:20022:tech:xsd:camt.053.001.02", "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08")
STATEMENTS_MAX = 1_000
LINES_MAX = 100_000

Event = StatementHead | BankLine | StatementFoot
Tree = Mapping[str, Any]


def _paths(*paths: str) -> Tree:
    """Make a tree of the paths of interest; at its leaves stands the path itself."""
    tree: dict[str, Any] = {}
    for path in paths:
        at = tree
        for name in path.split("/")[:-1]:
            at = at.setdefault(name, {})
        at.setdefault(path.split("/")[-1], {})[""] = path
    return tree


HEAD = _paths("Id", "FrToDt/FrDtTm", "FrToDt/ToDtTm", "Acct/Id/IBAN", "Acct/Ccy")
BALANCE = _paths("Tp/CdOrPrtry/Cd", "Amt", "CdtDbtInd", "Dt/Dt", "Dt/DtTm")
ENTRY = _paths(
    "Amt", "CdtDbtInd", "RvslInd", "Sts", "Sts/Cd", "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm",
    "AcctSvcrRef", "AddtlNtryInf", "NtryDtls/Btch/NbOfTxs",
)  # fmt: skip
PARTY = ("Nm", "Pty/Nm")
DETAIL = _paths(
    "Refs/AcctSvcrRef", "Refs/EndToEndId", "Amt", "CdtDbtInd", "AmtDtls/TxAmt/Amt", "RmtInf/Ustrd",
    "RmtInf/Strd/CdtrRefInf/Ref", "RltdPties/DbtrAcct/Id/IBAN", "RltdPties/CdtrAcct/Id/IBAN", "RtrInf/Rsn/Cd",
    "AddtlTxInf",
    *(f"RltdPties/{who}/{name}" for who in ("Dbtr", "Cdtr", "UltmtDbtr") for name in PARTY),
)  # fmt: skip


def read_statements(file: BinaryIO) -> Iterator[Event]:
    """Give heads, lines and feet in the order of the file, holding a piece of it at a time; raises BankFileRefused."""
    reader = _Reader()
    for _ in read_pieces(file, listener=reader):
        while reader.found:
            yield reader.found.popleft()
    if not reader.statements:
        raise BankFileRefused("FILE_EMPTY", "there is no statement in the file")


class _Reader:
    """Follows the elements and collects what is of interest of the statement and entry that they are in."""

    def __init__(self) -> None:
        self.found: deque[Event] = deque()
        self.statements = 0
        self._lines = 0
        self._pending = 0
        self._names: dict[str, str] = {}
        self._space: str | None = None
        self._path: list[str] = []
        self._nodes: list[Tree | None] = []
        self._fields: Fields | None = None
        self._message_id = ""
        self._head: Fields = Fields()
        self._balances: list[Fields] = []
        self._entry: Fields | None = None
        self._is_head_given = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Find out what begins, and where its values go."""
        local = self._names.get(name) or self._local(name)
        self._path.append(local)
        if len(self._path) <= 4:
            self._nodes.append(self._enter(len(self._path), local))
        elif local == "TxDtls" and self._entry is not None and len(self._path) == 6:
            self._fields = self._entry.begin_detail()
            self._nodes.append(DETAIL)
        else:
            node = self._nodes[-1]
            self._nodes.append(None if node is None else node.get(local))
        if local == "Amt" and self._fields is not None:
            self._fields.currency_next = attributes.get("Ccy", "")

    def end(self, text: str) -> None:
        """Keep a value that is of interest; hand over what is complete."""
        local, node = self._path.pop(), self._nodes.pop()
        depth = len(self._path)
        if node is not None and self._fields is not None and (path := node.get("")) is not None:
            self._fields.put(path, text.strip())
        if depth == 5 and local == "TxDtls" and self._entry is not None:
            self._fields = self._entry
        elif depth == 3:
            self._leave_part(local, text)
        elif depth == 2 and local == "Stmt":
            self._leave_statement()

    def _local(self, name: str) -> str:
        space, _, local = name.rpartition(" ")
        if self._space is None:
            if local != "Document" or space not in NAMESPACES:
                raise BankFileRefused(
                    "FORMAT_UNKNOWN", "this is no camt.053 statement of version 001.02 or 001.08; choose it at the bank"
                )
            self._space = space
        known = local if space == self._space else "?"
        if len(self._names) < 1_000:
            self._names[name] = known
        return known

    def _enter(self, depth: int, local: str) -> Tree | None:
        if depth == 3 and local == "Stmt":
            self.statements += 1
            self._head, self._balances, self._pending, self._is_head_given = Fields(), [], 0, False
            if self.statements > STATEMENTS_MAX:
                raise BankFileRefused("TOO_MANY_LINES", f"a file has at most {STATEMENTS_MAX} statements")
        if depth < 4 or self._path[2] != "Stmt":
            return None
        if local == "Bal":
            if self._is_head_given:
                raise BankFileRefused("STATEMENT_INCOMPLETE", "a statement's balances stand before its entries")
            self._fields = Fields()
            self._balances.append(self._fields)
            return BALANCE
        if local == "Ntry":
            self._give_head()
            self._fields = self._entry = Fields()
            return ENTRY
        self._fields = self._head
        return HEAD.get(local)

    def _leave_part(self, local: str, text: str) -> None:
        if local == "MsgId" and self._path[2] == "GrpHdr":
            self._message_id = text.strip()
        if local == "Ntry" and self._entry is not None:
            lines = lines_of(self._entry, place=f"entry {self._lines + 1}")
            self._entry = None
            if not lines:
                self._pending += 1
            self._lines += len(lines)
            if self._lines > LINES_MAX:
                raise BankFileRefused("TOO_MANY_LINES", f"a file has at most {LINES_MAX} movements; ask for fewer days")
            self.found.extend(lines)
        self._fields = None

    def _leave_statement(self) -> None:
        self._give_head()
        self.found.append(foot_of(pending=self._pending))

    def _give_head(self) -> None:
        if not self._is_head_given:
            self.found.append(head_of(self._head, balances=self._balances, message_id=self._message_id))
            self._is_head_given = True
