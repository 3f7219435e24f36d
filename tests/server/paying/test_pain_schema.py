"""Every file for the bank keeps the message definition of pain.001.001.09: order, counts, kinds and lengths of parts.

The schema itself is not ours to ship: it comes with a package that only tests have. What is written here besides is
what our files use and SEPA asks of each part; a part that is not here fails. Source: ISO 20022, message definition
report of Payments Initiation, CustomerCreditTransferInitiationV09.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal as D
from functools import cache
from importlib.metadata import distribution
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from mains_server.paying.pain import NAMESPACE, Transfer, pain_file
from mains_server.paying.rules import is_iban

NOW = datetime(2024, 2, 10, 9, 30, tzinfo=UTC)
MANY = 10**9
TEXT_35, TEXT_140 = r".{1,35}", r".{1,140}"
COUNT, SUM, AMOUNT = r"[0-9]{1,15}", r"[0-9]{1,16}\.[0-9]{2}", r"(?!0+\.00)[0-9]{1,9}\.[0-9]{2}"
DAY, INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
IBAN = r"[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}"
PARTY = [("Nm", 1, 1, r".{1,70}")]  # SEPA: 70 of the 140 signs, and not to be left out
ACCOUNT = [("Id", 1, 1, [("IBAN", 1, 1, IBAN)])]
AGENT = [("FinInstnId", 1, 1, [("Othr", 1, 1, [("Id", 1, 1, "NOTPROVIDED")])])]
# Each part: its name, how often at least and at most, and its own parts in their order, or what its text looks like.
MESSAGE = [
    ("CstmrCdtTrfInitn", 1, 1, [
        ("GrpHdr", 1, 1, [
            ("MsgId", 1, 1, TEXT_35),
            ("CreDtTm", 1, 1, INSTANT),
            ("NbOfTxs", 1, 1, COUNT),
            ("CtrlSum", 0, 1, SUM),
            ("InitgPty", 1, 1, PARTY),
        ]),
        ("PmtInf", 1, MANY, [
            ("PmtInfId", 1, 1, TEXT_35),
            ("PmtMtd", 1, 1, "TRF"),
            ("BtchBookg", 0, 1, "true|false"),
            ("NbOfTxs", 0, 1, COUNT),
            ("CtrlSum", 0, 1, SUM),
            ("PmtTpInf", 0, 1, [("SvcLvl", 0, MANY, [("Cd", 1, 1, "SEPA")])]),
            ("ReqdExctnDt", 1, 1, [("Dt", 1, 1, DAY)]),
            ("Dbtr", 1, 1, PARTY),
            ("DbtrAcct", 1, 1, ACCOUNT),
            ("DbtrAgt", 1, 1, AGENT),
            ("ChrgBr", 0, 1, "SLEV"),
            ("CdtTrfTxInf", 1, MANY, [
                ("PmtId", 1, 1, [("EndToEndId", 1, 1, TEXT_35)]),
                ("Amt", 1, 1, [("InstdAmt", 1, 1, AMOUNT)]),
                ("Cdtr", 1, 1, PARTY),
                ("CdtrAcct", 1, 1, ACCOUNT),
                ("RmtInf", 0, 1, [("Ustrd", 1, 1, TEXT_140)]),
            ]),
        ]),
    ]),
]  # fmt: skip
IBANS = ("LV80BANK0000435195001", "DE89370400440532013000", "GB82WEST12345698765432", "EE382200221020145685")
PRINTED = st.text(max_size=200).filter(lambda name: any(letter.isprintable() and letter.strip() for letter in name))
TRANSFERS = st.builds(
    Transfer,
    reference=st.from_regex(r"[A-Za-z0-9-]{1,35}", fullmatch=True),
    amount=st.integers(1, 99_999_999_999).map(lambda cents: D(cents).scaleb(-2)),
    currency=st.just("EUR"),
    name=PRINTED,
    iban=st.sampled_from(IBANS),
    words=st.text(max_size=300),
)


@cache
def schema():
    """Give the schema of the message as ISO 20022 publishes it; the package's own code is not needed for it."""
    return etree.XMLSchema(etree.parse(str(distribution("sepaxml").locate_file("sepaxml/schemas/pain.001.001.09.xsd"))))


def local(element):
    assert element.tag.startswith(f"{{{NAMESPACE}}}"), element.tag
    return element.tag.removeprefix(f"{{{NAMESPACE}}}")


def require_parts(element, parts):
    """Hold an element against its definition: its parts in their order and number, or the text it has."""
    assert set(element.attrib) == ({"Ccy"} if local(element) == "InstdAmt" else set()), element.attrib
    if isinstance(parts, str):
        assert len(element) == 0
        assert re.fullmatch(parts, element.text or "", re.DOTALL), (local(element), element.text)
        return
    assert not (element.text or "").strip()
    rest = list(element)
    for name, least, most, inner in parts:
        found = 0
        while rest and local(rest[0]) == name:
            require_parts(rest.pop(0), inner)
            found += 1
        assert least <= found <= most, (local(element), name, found)
    assert rest == [], [local(one) for one in rest]


def texts(element, name):
    return [one.text for one in element.iter(f"{{{NAMESPACE}}}{name}")]


@given(
    st.lists(TRANSFERS, min_size=1, max_size=8),
    st.from_regex(r"mains-[0-9]{1,29}", fullmatch=True),
    PRINTED,
    st.sampled_from(IBANS),
)
def test_any_file_is_as_the_message_is_defined(transfers, name, payer, iban):
    content = pain_file(name=name, payer_name=payer, payer_iban=iban, transfers=transfers, now=NOW)

    document = ElementTree.fromstring(content)
    assert (content.split(b"\n")[0], local(document)) == (b"<?xml version='1.0' encoding='UTF-8'?>", "Document")
    schema().assertValid(etree.fromstring(content))
    require_parts(document, MESSAGE)
    sent = [one.amount for one in transfers]
    assert [D(text) for text in texts(document, "InstdAmt")] == sent
    assert texts(document, "NbOfTxs") == [str(len(sent))] * 2
    assert [D(text) for text in texts(document, "CtrlSum")] == [sum(sent, D(0))] * 2
    assert {one.get("Ccy") for one in document.iter(f"{{{NAMESPACE}}}InstdAmt")} == {"EUR"}
    assert texts(document, "IBAN") == [iban, *(one.iban for one in transfers)]
    assert all(is_iban(one) for one in texts(document, "IBAN"))
    assert texts(document, "EndToEndId") == [one.reference for one in transfers]
    assert all(letter.isprintable() for text in document.itertext() if text.strip() for letter in text)


@pytest.mark.parametrize("words", ["", " ", "\u200b", "\n\t"])
def test_words_of_which_nothing_can_be_printed_are_left_out(words):
    one = Transfer(reference="r", amount=D("1.00"), currency="EUR", name="A", iban=IBANS[0], words=words)

    document = ElementTree.fromstring(
        pain_file(name="mains-1", payer_name="B", payer_iban=IBANS[1], transfers=(one,), now=NOW)
    )

    require_parts(document, MESSAGE)
    assert texts(document, "Ustrd") == []


@pytest.mark.parametrize(
    "damage",
    [
        ("<MsgId>mains-1</MsgId>", ""),
        ("<MsgId>mains-1</MsgId>", f"<MsgId>{'x' * 36}</MsgId>"),
        ("<Nm>A</Nm>", "<Nm />"),
        ("<InstdAmt Ccy", "<InstdAmt X"),
        (">1.00</InstdAmt>", ">1.0</InstdAmt>"),
        (">1.00</InstdAmt>", ">0.00</InstdAmt>"),
        ("<ChrgBr>SLEV</ChrgBr>", "<ChrgBr>SHAR</ChrgBr>"),
        ("<PmtMtd>TRF</PmtMtd>", "<PmtMtd>TRF</PmtMtd><PmtMtd>TRF</PmtMtd>"),
        ("<BtchBookg>false</BtchBookg>", "<Made>up</Made>"),
    ],
)
def test_the_definition_notices_what_is_wrong(damage):
    one = Transfer(reference="r", amount=D("1.00"), currency="EUR", name="A", iban=IBANS[0], words="w")
    content = pain_file(name="mains-1", payer_name="B", payer_iban=IBANS[1], transfers=(one,), now=NOW).decode()
    assert damage[0] in content

    with pytest.raises(AssertionError):
        require_parts(ElementTree.fromstring(content.replace(*damage)), MESSAGE)


@pytest.mark.parametrize(
    "damage",
    [
        ("<MsgId>mains-1</MsgId>", ""),
        ("<MsgId>mains-1</MsgId>", f"<MsgId>{'x' * 36}</MsgId>"),
        ("<InstdAmt Ccy", "<InstdAmt X"),
        (">1.00</InstdAmt>", ">-1.00</InstdAmt>"),
        ("<PmtMtd>TRF</PmtMtd>", "<PmtMtd>CASH</PmtMtd>"),
        ("<BtchBookg>false</BtchBookg>", "<Made>up</Made>"),
        (NAMESPACE, NAMESPACE.replace("09", "03")),
    ],
)
def test_the_schema_notices_what_is_wrong(damage):
    one = Transfer(reference="r", amount=D("1.00"), currency="EUR", name="A", iban=IBANS[0], words="w")
    content = pain_file(name="mains-1", payer_name="B", payer_iban=IBANS[1], transfers=(one,), now=NOW).decode()
    assert damage[0] in content

    assert schema().validate(etree.fromstring(content.encode()))
    assert not schema().validate(etree.fromstring(content.replace(*damage).encode()))
