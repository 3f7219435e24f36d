"""Loads a golden bill: a TOML file that a person wrote and worked out by hand. The form: docs/golden_bills.md."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

from mains_spi import Rounding

from mains_kit.errors import KeyMissing, ValueUnreadable
from mains_kit.golden_request import read_request
from mains_kit.records import Expected, ExpectedLine, ExpectedStep, ExpectedSums, ExpectedTax, GoldenBill
from mains_kit.tables import Table, read_tables

SECTIONS = (
    "bill",
    "attributes",
    "attribute",
    "price",
    "tax",
    "usage",
    "series",
    "fact",
    "used",
    "place",
    "building",
    "member",
    "rounding",
    "expect",
)
BILL_KEYS = (
    *("title", "source", "utility", "product", "kind", "contract"),
    *("period", "from", "to", "on", "known_at", "timezone"),
)
TaxStage = Literal["per_rate", "per_line", "per_unit", "end"]


def load_golden(path: Path, *, product: str | None = None) -> GoldenBill:
    """Read a golden bill, or refuse it naming file, line, key and remedy; ``product`` replaces the file's own."""
    table = read_tables(path).only(*SECTIONS)
    bill = table.child("bill")
    if bill is None:
        raise table.refusal(KeyMissing, "bill", "this is missing", "Begin the file with [bill], a title and a source")
    bill.only(*BILL_KEYS)
    period = bill.days()
    return GoldenBill(
        table=table,
        title=bill.word("title"),
        source=bill.word("source"),
        utility=bill.word("utility"),
        product=product or bill.word("product"),
        on=bill.day("on") or period.start,
        request=read_request(table=table, bill=bill, period=period),
        rounding=_rounding(table.child("rounding")),
        expected=_expected(table),
    )


def golden_files(folder: Path) -> tuple[Path, ...]:
    """Find the golden bills of a folder and of those inside it."""
    return tuple(sorted(folder.rglob("*.toml")))


def _rounding(table: Table | None) -> Rounding | None:
    if table is None:
        return None
    table.only("name", "line", "tax", "tax_places", "total")
    plain = Rounding()
    has_line = table.word("line", str(plain.line)) != "none"
    return Rounding(
        name=table.word("name"),
        line=table.whole("line", 2) if has_line else None,
        tax=cast(TaxStage, table.choice("tax", ("per_rate", "per_line", "per_unit", "end"), plain.tax)),
        tax_places=table.whole("tax_places", plain.tax_places),
        total=table.whole("total", plain.total),
    )


def _expected(root: Table) -> Expected:
    table = root.child("expect")
    if table is None:
        raise root.refusal(KeyMissing, "expect", "this is missing", "Add [expect] with net, tax and total")
    table.only("net", "tax", "total", "payable", "lines", "currency", "remark", "line", "tax_group", "member", "step")
    expected = Expected(
        sums=_sums(table, member=None),
        all_lines=table.choice("lines", ("all", "some"), "all") == "all" and table.has_children("line"),
        lines=tuple(_line(item) for item in table.children("line")),
        taxes=tuple(_tax(item) for item in table.children("tax_group")),
        members=tuple(_member(item) for item in table.children("member")),
        steps=tuple(_step(item) for item in table.children("step")),
        currency=table.word_or_none("currency"),
        remark=table.word_or_none("remark"),
    )
    if expected.sums.total is None and not (expected.lines or expected.members or expected.steps):
        raise table.refusal(KeyMissing, "total", "nothing is expected", 'Add total = "..." or [[expect.line]]')
    return expected


def _sums(table: Table, *, member: str | None) -> ExpectedSums:
    return ExpectedSums(
        table=table,
        member=member,
        net=table.number_or_none("net"),
        tax=table.number_or_none("tax"),
        total=table.number_or_none("total"),
        payable=table.number_or_none("payable"),
    )


def _member(table: Table) -> ExpectedSums:
    table.only("id", "net", "tax", "total", "payable")
    return _sums(table, member=table.word("id"))


def _line(table: Table) -> ExpectedLine:
    table.only(
        *("code", "member", "from", "to", "quantity", "unit", "price", "base", "net", "rate", "gross"),
        *("estimated", "printed", "remark"),
    )
    _printed_needs_remark(table)
    return ExpectedLine(
        table=table,
        code=table.word("code"),
        member=table.word_or_none("member"),
        start=table.day("from"),
        end=table.day("to"),
        quantity=table.number_or_none("quantity"),
        unit=table.word_or_none("unit"),
        price=table.number_or_none("price"),
        base=table.number_or_none("base"),
        net=table.number_or_none("net"),
        rate=table.number_or_none("rate"),
        gross=table.number_or_none("gross"),
        estimated=table.claim("estimated"),
        printed=table.number_or_none("printed"),
        remark=table.word_or_none("remark"),
    )


def _printed_needs_remark(table: Table) -> None:
    if "printed" in table.values and "remark" not in table.values:
        raise table.refusal(
            KeyMissing, "remark", "the publisher's figure differs and nothing says why", 'Add remark = "..."'
        )


def _tax(table: Table) -> ExpectedTax:
    table.only("code", "rate", "net", "tax")
    return ExpectedTax(
        table=table,
        code=table.word("code"),
        rate=table.number("rate"),
        net=table.number_or_none("net"),
        tax=table.number_or_none("tax"),
    )


def _step(table: Table) -> ExpectedStep:
    table.only("name", "formula", "member", "printed", "value", "remark")
    value, printed = table.number_or_none("value"), table.number("printed")
    if value is not None and "remark" not in table.values:
        raise table.refusal(
            KeyMissing, "remark", "the publisher's figure differs and nothing says why", 'Add remark = "..."'
        )
    if value is not None and value == printed:
        raise table.refusal(
            ValueUnreadable, "value", "it is the figure printed, so there is no slip", "Leave value out"
        )
    return ExpectedStep(
        table=table,
        name=table.word("name"),
        formula=table.word("formula"),
        member=table.word_or_none("member"),
        printed=printed,
        value=value,
        remark=table.word_or_none("remark"),
    )
