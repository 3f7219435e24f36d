"""The file for the bank: its parts in their order, its sums, and names with their letters."""

from datetime import UTC, datetime
from decimal import Decimal as D
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from mains_server.paying.pain import NAMESPACE, Transfer, pain_file

NOW = datetime(2024, 2, 10, 9, 30, tzinfo=UTC)
ANNA = Transfer(
    reference="mains-r-1",
    amount=D("12.30"),
    currency="EUR",
    name="Ģirts Šķēle & dēls",
    iban="LV80BANK0000435195001",
    words="RF18 <H>",
)
OTHER = Transfer(
    reference="mains-r-2", amount=D("0.70"), currency="EUR", name="B", iban="DE89370400440532013000", words="x"
)


def written(*transfers):
    content = pain_file(
        name="mains-1", payer_name="Siltums SIA", payer_iban="LV80 BANK 0000 4351 9500 1", transfers=transfers, now=NOW
    )
    return ElementTree.fromstring(content)


def leaves(element):
    """Give every text with its path, in the order of the file."""
    name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
    if len(element) == 0:
        return [(name, element.text)]
    return [(f"{name}/{path}", text) for child in element for path, text in leaves(child)]


def test_a_file_is_written_in_the_order_of_the_format():
    assert [(path.removeprefix("Document/CstmrCdtTrfInitn/"), text) for path, text in leaves(written(ANNA))] == [
        ("GrpHdr/MsgId", "mains-1"),
        ("GrpHdr/CreDtTm", "2024-02-10T09:30:00Z"),
        ("GrpHdr/NbOfTxs", "1"),
        ("GrpHdr/CtrlSum", "12.30"),
        ("GrpHdr/InitgPty/Nm", "Siltums SIA"),
        ("PmtInf/PmtInfId", "mains-1"),
        ("PmtInf/PmtMtd", "TRF"),
        ("PmtInf/BtchBookg", "false"),
        ("PmtInf/NbOfTxs", "1"),
        ("PmtInf/CtrlSum", "12.30"),
        ("PmtInf/PmtTpInf/SvcLvl/Cd", "SEPA"),
        ("PmtInf/ReqdExctnDt/Dt", "2024-02-10"),
        ("PmtInf/Dbtr/Nm", "Siltums SIA"),
        ("PmtInf/DbtrAcct/Id/IBAN", "LV80BANK0000435195001"),
        ("PmtInf/DbtrAgt/FinInstnId/Othr/Id", "NOTPROVIDED"),
        ("PmtInf/ChrgBr", "SLEV"),
        ("PmtInf/CdtTrfTxInf/PmtId/EndToEndId", "mains-r-1"),
        ("PmtInf/CdtTrfTxInf/Amt/InstdAmt", "12.30"),
        ("PmtInf/CdtTrfTxInf/Cdtr/Nm", "Ģirts Šķēle & dēls"),
        ("PmtInf/CdtTrfTxInf/CdtrAcct/Id/IBAN", "LV80BANK0000435195001"),
        ("PmtInf/CdtTrfTxInf/RmtInf/Ustrd", "RF18 <H>"),
    ]


def test_count_and_sum_are_of_all_transfers():
    told = dict(leaves(written(ANNA, OTHER)))

    # 12.30 + 0.70
    assert (told["Document/CstmrCdtTrfInitn/PmtInf/NbOfTxs"], told["Document/CstmrCdtTrfInitn/GrpHdr/CtrlSum"]) == (
        "2",
        "13.00",
    )


@given(st.text(max_size=300))
def test_any_name_makes_a_file_that_can_be_read(name):
    found = dict(leaves(written(Transfer(**{**fields(ANNA), "name": name, "words": name}))))

    shown = found["Document/CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Cdtr/Nm"] or ""
    assert len(shown) <= 70 and (shown == "" or shown.isprintable())


def fields(transfer):
    return {name: getattr(transfer, name) for name in Transfer.__slots__}
