"""What a bank file says is read exactly, in both versions; what cannot be right is refused by name."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from mains_server.statements.camt import read_statements
from mains_server.statements.records import BankLine, StatementFoot, StatementHead
from mains_server.statements.refusals import BankFileRefused

from tests.server.statements.camt_files import IBAN, SPACE, Paid, bank_file, file, statement, text_of

ONE = Paid(amount="43.10", ref="B1", text="Rēķins H-000419", structured="RF04H000123", end_to_end="E1")


def refused(content):
    with pytest.raises(BankFileRefused) as caught:
        list(read_statements(content if hasattr(content, "read") else BytesIO(content)))
    return caught.value.code


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_statement_is_read_whole(version):
    out = Paid(amount="3.00", side="DBIT", name="Banka", iban="LV11BANK0000000000001", text="Komisija")

    head, first, second, foot = read_statements(bank_file(ONE, out, version=version))

    assert head == StatementHead(
        message_id="M1",
        statement_id="S1",
        iban=IBAN,
        currency="EUR",
        opens_on=date(2024, 2, 9),
        closes_on=date(2024, 2, 9),
        opening=Decimal("1000.00"),
        closing=Decimal("1040.10"),
    )
    assert first == BankLine(
        booked_on=date(2024, 2, 9),
        amount=Decimal("43.10"),
        servicer_reference="B1",
        end_to_end_id="E1",
        party_name="Anna Ozola",
        party_iban="LV97HABA0012345678910",
        reference="RF04H000123",
        text="Rēķins H-000419",
    )
    assert (second.amount, second.party_name, second.party_iban) == (
        Decimal("-3.00"), "Banka", "LV11BANK0000000000001",
    )  # fmt: skip
    assert foot == StatementFoot(pending=0)


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_batch_is_its_details(version):
    batch = Paid(amount="30.00", ref="B9", batch=(Paid(amount="10.00", text="a"), Paid(amount="20.00", text="b")))

    _, first, second, _ = read_statements(bank_file(batch, version=version))

    assert [(one.amount, one.text, one.servicer_reference) for one in (first, second)] == [
        (Decimal("10.00"), "a", "B9"),
        (Decimal("20.00"), "b", "B9"),
    ]


def test_a_batch_whose_details_have_no_amounts_is_one_line_to_divide():
    details = (Paid(amount="10.00", states_amount=False), Paid(amount="20.00", states_amount=False))

    _, line, _ = read_statements(bank_file(Paid(amount="30.00", batch=details)))

    assert (line.amount, line.is_undetailed) == (Decimal("30.00"), True)


@pytest.mark.parametrize("version", ["02", "08"])
def test_what_is_not_booked_is_left_out_and_counted(version):
    pending = Paid(amount="5.00", status="PDNG")

    head, line, foot = read_statements(bank_file(pending, ONE, Paid(amount="0.00"), version=version))

    assert (head.closing, line.amount, foot.pending) == (Decimal("1043.10"), Decimal("43.10"), 2)


def test_a_reversal_says_so():
    _, line, _ = read_statements(bank_file(Paid(amount="43.10", side="DBIT", is_reversal=True)))

    assert (line.amount, line.is_reversal, line.party_name) == (Decimal("-43.10"), True, "Anna Ozola")


def test_several_statements_come_one_after_another():
    found = list(read_statements(file(statement(ONE), statement(ONE, number="S2", opening="-5.00"))))

    assert [type(one).__name__ for one in found] == ["StatementHead", "BankLine", "StatementFoot"] * 2
    assert (found[3].statement_id, found[3].opening, found[3].closing) == ("S2", Decimal("-5.00"), Decimal("38.10"))


WHOLE = text_of(statement(ONE))
BAD = {
    "wrong encoding": (WHOLE.encode("utf-16"), "FILE_ENCODING"),
    "declared encoding": (WHOLE.replace("UTF-8", "windows-1257").encode(), "FILE_ENCODING"),
    "bytes of another encoding": (WHOLE.encode("windows-1257"), "FILE_ENCODING"),
    "truncated": (WHOLE.encode()[:-30], "FILE_NOT_XML"),
    "truncated within a letter": (WHOLE.encode()[: WHOLE.encode().index("ē".encode()) + 1], "FILE_ENCODING"),
    "nothing": (b"", "FILE_NOT_XML"),
    "no XML": (b"date;amount\n2024-02-09;43.10\n", "FILE_NOT_XML"),
    "a document type": (WHOLE.replace("<Document", "<!DOCTYPE Document><Document", 1).encode(), "XML_DECLARES"),
    "an entity": (
        WHOLE.replace("<Document", '<!DOCTYPE D [<!ENTITY a "b">]><Document', 1).encode(), "XML_DECLARES",
    ),
    "a reference to no entity": (WHOLE.replace("Anna", "&anna;").encode(), "FILE_NOT_XML"),
    "deep": (WHOLE.replace("<GrpHdr>", "<GrpHdr>" + "<a>" * 30, 1).encode(), "XML_BOUNDS"),
    "a huge text": (WHOLE.replace("Anna", "A" * 5_000).encode(), "XML_BOUNDS"),
    "a huge attribute": (WHOLE.replace('Ccy="EUR"', f'Ccy="{"E" * 3_000}"').encode(), "XML_BOUNDS"),
    "a tag without end": (WHOLE.encode()[:-11] + b"<" + b"a" * 500_000, "XML_BOUNDS"),
    "another message": (WHOLE.replace("camt.053.001.02", "camt.052.001.02").encode(), "FORMAT_UNKNOWN"),
    "another version": (WHOLE.replace("camt.053.001.02", "camt.053.001.13").encode(), "FORMAT_UNKNOWN"),
    "no namespace": (WHOLE.replace(f' xmlns="{SPACE}02"', "").encode(), "FORMAT_UNKNOWN"),
    "another root": (b"<html/>", "FORMAT_UNKNOWN"),
    "no statement": (text_of().encode(), "FILE_EMPTY"),
    "no message id": (WHOLE.replace("M1", "").encode(), "STATEMENT_INCOMPLETE"),
    "no opening balance": (WHOLE.replace("OPBD", "OPAV").encode(), "STATEMENT_INCOMPLETE"),
    "no closing balance": (WHOLE.replace("CLBD", "CLAV").encode(), "STATEMENT_INCOMPLETE"),
    "no IBAN": (WHOLE.replace(f"<Id><IBAN>{IBAN}</IBAN></Id><Ccy>", "<Id/><Ccy>").encode(), "STATEMENT_INCOMPLETE"),
    "a negative amount": (WHOLE.replace(">43.10<", ">-43.10<").encode(), "VALUE_MALFORMED"),
    "an amount in words": (WHOLE.replace(">43.10<", ">NaN<").encode(), "VALUE_MALFORMED"),
    "a tenth of a cent": (WHOLE.replace(">43.10<", ">43.101<").encode(), "VALUE_MALFORMED"),
    "an amount too large": (WHOLE.replace(">43.10<", ">999999999999999.00<").encode(), "VALUE_MALFORMED"),
    "no side": (WHOLE.replace("CRDT", "BOTH").encode(), "VALUE_MALFORMED"),
    "an unknown status": (WHOLE.replace("BOOK", "MAYB").encode(), "VALUE_MALFORMED"),
    "a day that is none": (WHOLE.replace("09</Dt></BookgDt>", "30</Dt></BookgDt>").encode(), "VALUE_MALFORMED"),
    "another currency": (
        text_of(statement(Paid(amount="43.10", currency="USD"))).encode(), "CURRENCY_NOT_ACCEPTED",
    ),
    "details that do not add up": (
        text_of(statement(Paid(amount="30.00", batch=(Paid(amount="10.00"), Paid(amount="19.99"))))).encode(),
        "DETAILS_DO_NOT_ADD_UP",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_by_name(name):
    content, code = BAD[name]

    assert refused(content) == code
