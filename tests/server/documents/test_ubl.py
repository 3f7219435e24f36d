"""E-invoices say what the sheet says, and keep the rules of EN 16931."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from lxml import etree
from mains_server.documents.records import Corrected, DocumentLanguage
from mains_server.documents.ubl import address_parts, e_invoice
from mains_server.invoices.records import LineQuality

from tests.server.documents import made
from tests.server.documents.validating import mistakes, terms

D = Decimal
BUSINESS = made.business()
SHEETS = {
    "plain": made.sheet(),
    "two rates and support before tax": made.two_rates(),
    "support after tax": made.supported_after_tax(),
    "support of all": made.supported_after_tax(support="24.20"),
    "paid in part": made.prepaid("10.00"),
    "paid whole": made.prepaid("24.20"),
    "more paid than owed": made.prepaid("30.00"),
    "covered by levelled payment": made.sheet(levelled=D("24.20")),
    "credit note": made.credit_note(),
    "credit note of two rates": made.credit_note(made.two_rates()),
    "interest note": made.interest_note(),
    "credit note of an interest note": made.credit_note(made.interest_note()),
    "interest and a reminder": made.reminded(),
    "credit note of interest and a reminder": made.credit_note(made.reminded()),
    "interest note of a business": replace(made.interest_note(), buyer=BUSINESS.buyer),
    "interest on a bill": made.with_interest(),
    "credit note of interest on a bill": made.credit_note(made.with_interest()),
    "interest taken off a bill": made.with_interest("-1.18"),
    "two places": made.two_places(),
    "below nothing": made.below_nothing(),
    "below nothing with support after tax": replace(
        made.below_nothing(),
        support=D("-5.00"),
        total=D("-25.25"),
        lines=(
            *made.below_nothing().lines,
            made.line(3, net="5.00", rate="0.0000", is_after_tax=True, tax_code="none"),
        ),
    ),
    "credit note of one below nothing": made.credit_note(made.below_nothing()),
    "business": made.business(),
    "Russian": made.sheet(language=DocumentLanguage.RU),
    "no lines": made.sheet(lines=(), taxes=(), net=D("0.00"), tax=D("0.00"), total=D("0.00")),
    "a strange name": made.named(made.EVIL),
    "a long name": made.named("Ā" * 10_000),
    "right to left and pictures": made.named("עברית \u202egnp.exe 🏠👨\u200d👩\u200d👧"),
    "controls": made.named("a\x00b\x1fc\x7f\u2028d\ud800e"),
    "untaxed": made.sheet(
        lines=(made.line(1, net="20.00", rate="0.0000"),),
        taxes=(made.tax(base="20.00", amount="0.00", rate="0.0000"),),
        tax=D("0.00"),
        total=D("20.00"),
    ),
    "negative in all": made.sheet(
        lines=(made.line(1, net="-20.00"),),
        taxes=(made.tax(base="-20.00", amount="-4.20"),),
        net=D("-20.00"),
        tax=D("-4.20"),
        total=D("-24.20"),
    ),
}


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
def test_the_rules_of_the_norm_are_kept(sheet):
    assert mistakes(e_invoice(sheet)) == []


def test_the_network_knows_what_it_is():
    content = e_invoice(made.business())

    assert terms(content, "CustomizationID") == [
        "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
    ]
    assert terms(content, "ProfileID") == ["urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"]
    assert b'<cbc:EndpointID schemeID="0218">40003000021</cbc:EndpointID>' in content
    assert b'<cbc:EndpointID schemeID="0218">40003521600</cbc:EndpointID>' in content
    assert b"9925" not in content


def test_a_firm_without_a_register_number_is_reached_by_its_vat_number_and_a_person_not_at_all():
    firm = made.business()
    firm = replace(firm, buyer=replace(firm.buyer, registration_number=None))

    assert b'<cbc:EndpointID schemeID="9939">LV40003521600</cbc:EndpointID>' in e_invoice(firm)
    assert e_invoice(made.sheet()).count(b"<cbc:EndpointID") == 1
    assert mistakes(e_invoice(firm)) == []


def test_support_after_tax_is_money_paid_already():
    content = e_invoice(made.supported_after_tax())

    # 20.00 + 4.20 = 24.20, of which the state pays 20.00, so 4.20 are left.
    assert terms(content, "TaxInclusiveAmount") == ["24.20"]
    assert terms(content, "PrepaidAmount") == ["20.00"]
    assert terms(content, "PayableAmount") == ["4.20"]
    assert terms(content, "LineExtensionAmount") == ["20.00", "15.00", "5.00"]
    assert "Atbalsts pēc nodokļa aprēķina: 20.00 EUR" in "".join(terms(content, "Note"))


@pytest.mark.parametrize(("paid", "payable"), [("10.00", "14.20"), ("24.20", "0.00"), ("30.00", "-5.80")])
def test_what_was_paid_ahead_is_taken_off(paid, payable):
    content = e_invoice(made.prepaid(paid))

    assert terms(content, "PrepaidAmount") == [paid]
    assert terms(content, "PayableAmount") == [payable]


def test_a_bill_below_nothing_asks_for_less_than_nothing_and_its_credit_note_for_as_much():
    below, note = e_invoice(made.below_nothing()), e_invoice(made.credit_note(made.below_nothing()))

    # The note of a bill below nothing has the amounts of the bill, as any credit note has.
    assert terms(below, "PayableAmount") == terms(note, "PayableAmount") == ["-30.25"]


def test_each_rate_has_one_subtotal():
    content = e_invoice(made.two_rates())

    assert terms(content, "TaxableAmount") == ["87.50", "20.00"]
    assert terms(content, "TaxAmount") == ["14.70", "10.50", "4.20"]
    assert terms(content, "InvoicedQuantity") == ["100", "1", "1", "-1"]
    assert terms(content, "PriceAmount") == ["0.15", "5", "100", "12.5"]


@pytest.mark.parametrize("turned", [False, True], ids=["note", "credit note"])
def test_a_note_of_interest_alone_is_not_subject_to_vat(turned):
    note = replace(made.interest_note(), buyer=BUSINESS.buyer)

    content = e_invoice(made.credit_note(note) if turned else note)

    assert vat(content) == [("O", None, "VATEX-EU-O", "Nav apliekams ar PVN"), *[("O", None, None, None)] * 2]
    # The norm wants no VAT number there (BR-O-02); seller and buyer are told by their register numbers.
    assert terms(content, "CompanyID") == ["40003000021", "40003521600"]


def test_interest_on_a_bill_is_exempt_with_its_reason_beside_what_is_taxed():
    content = e_invoice(made.with_interest())

    assert vat(content) == [
        ("E", "0", None, "Nav apliekams ar PVN"),
        ("S", "21", None, None),
        *[("S", "21", None, None)] * 2,
        ("E", "0", None, None),
    ]
    assert "LV40003000021" in terms(content, "CompanyID")


def test_a_bill_without_charges_is_zero_rated():
    content = e_invoice(SHEETS["no lines"])

    assert vat(content) == [("Z", "0", None, None), ("Z", "0", None, None)]


def vat(content):
    """Give category, rate and reason of each subtotal, and then of each line."""
    found = []
    for category in etree.fromstring(content).iter("{*}TaxCategory", "{*}ClassifiedTaxCategory"):
        parts = {etree.QName(part).localname: part.text for part in category}
        reason = (parts.get("TaxExemptionReasonCode"), parts.get("TaxExemptionReason"))
        found.append((parts["ID"], parts.get("Percent"), *reason))
    return found


def test_a_credit_note_has_positive_amounts_and_names_what_it_takes_back():
    content = e_invoice(made.credit_note())

    assert content.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<CreditNote ")
    assert terms(content, "CreditNoteTypeCode") == ["381"]
    assert terms(content, "ID")[:2] == ["E-000008", "E-000007"]
    assert terms(content, "CreditedQuantity") == ["100", "1"]
    assert terms(content, "TaxInclusiveAmount") == ["24.20"]
    assert terms(content, "PrepaidAmount") == ["20.00"]
    assert terms(content, "PayableAmount") == ["4.20"]
    assert terms(content, "PaymentDueDate") == ["2023-04-30"]


def test_lines_have_their_days_their_meters_and_how_they_came_about():
    content = e_invoice(made.sheet())

    assert terms(content, "StartDate") == ["2023-03-01"] * 3
    assert terms(content, "EndDate") == ["2023-03-31"] * 3
    assert terms(content, "Value") == ["500 – 600 = 100 kWh (ESTIMATED)"]
    assert terms(content, "Note")[1] == "100 kWh x 0.15 EUR/kWh; Aprēķināts pēc novērtējuma"


@pytest.mark.parametrize(
    ("more", "quantity", "price", "base"),
    [
        # 2,000 kWh at 75 EUR/MWh are 150.00; an exchange price below zero turns the quantity round; a share has a cent
        # more than its price says; a minimum has nothing to do with quantity and price.
        ({"net": "150.00", "quantity": D(2000), "unit": "kWh", "unit_price": D(75)}, "2000", "75", ["1000"]),
        ({"net": "-0.50", "quantity": D(10), "unit": "kWh", "unit_price": D("-0.05")}, "-10", "0.05", []),
        ({"net": "6.62", "quantity": D(1), "unit_price": D("6.61277877")}, "1", "6.61277877", []),
        ({"net": "9.99", "quantity": D(3), "unit": "kWh", "unit_price": D("0.1")}, "1", "9.99", []),
        ({"net": "-9.99", "quantity": D(3), "unit": "kWh", "unit_price": D("0.1")}, "-1", "9.99", []),
    ],
)
def test_quantity_times_price_is_the_line_and_no_price_is_negative(more, quantity, price, base):
    line = made.line(1, quality=LineQuality.ACTUAL, **more)
    net = line.net
    tax = (net * D("0.21")).quantize(D("0.01"), rounding="ROUND_HALF_UP")
    sheet = made.sheet(
        lines=(line,), net=net, tax=tax, total=net + tax, taxes=(made.tax(base=str(net), amount=str(tax)),)
    )
    content = e_invoice(sheet)

    assert terms(content, "InvoicedQuantity") == [quantity]
    assert terms(content, "PriceAmount") == [price]
    assert terms(content, "BaseQuantity") == base
    assert mistakes(content) == []


def test_a_replacement_names_what_it_replaces():
    replacing = made.sheet(corrects=Corrected(number="E-000001", issued_on=date(2023, 3, 9)))

    assert terms(e_invoice(replacing), "ID")[1] == "E-000001"


def test_the_same_sheet_gives_the_same_bytes():
    assert e_invoice(made.two_rates()) == e_invoice(made.two_rates())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Lielā iela 1, Jelgava, LV-3001, LV", ("Lielā iela 1", "Jelgava", "LV-3001", "LV")),
        ("Lielā iela 1, dz. 3, Jelgava, LV-3001", ("Lielā iela 1, dz. 3", "Jelgava", "LV-3001", "EE")),
        ("Jelgava, LV-3001, LT", (None, "Jelgava", "LV-3001", "LT")),
        ("Jelgava", (None, "Jelgava", None, "EE")),
        ("", (None, None, None, "EE")),
    ],
)
def test_an_address_is_taken_apart(text, parts):
    found = address_parts(text, country="EE")

    assert tuple(found.get(name) for name in ("addr_l1", "city", "postcode", "country_code")) == parts


def test_a_line_says_at_which_of_several_places_it_is():
    content = e_invoice(made.two_places())

    names, values = terms(content, "Name"), terms(content, "Value")
    assert [value for value in values if value.startswith("P")] == [
        "P1, Čiekuru iela 5-3, Jelgava, LV-3002",
        "P2, Ežmalas, Ozolnieki, LV-3018",
    ]
    assert names.count("Piegādes vieta") == 2
    assert "Piegādes vieta" not in terms(e_invoice(made.sheet()), "Name")
