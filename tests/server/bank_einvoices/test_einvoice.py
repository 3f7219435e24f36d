"""The file that banks take: exact words and sums, in the order of the e-invoice description 1.2."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from lxml import etree
from mains_server.bank_einvoices.einvoice import einvoice_file
from mains_server.bank_einvoices.records import BankInvoice
from mains_server.bank_einvoices.rules import hidden, is_too_late
from mains_server.customers.records import CustomerKind
from mains_server.documents.records import (
    Cause,
    Corrected,
    DocumentLanguage,
    Settled,
    Sheet,
    SheetBuyer,
    SheetLine,
    SheetSeller,
    SheetTax,
    Why,
    Words,
)
from mains_server.invoices.records import InvoiceKind, LineQuality

D = Decimal
WORDS = Words(lv="Elektroenerģija", en="Electricity", ru="Электроэнергия")
JANUARY, FEBRUARY = date(2023, 1, 1), date(2023, 2, 1)
LINE = SheetLine(
    position=1, code="energy", label=WORDS, period_from=JANUARY, period_to=FEBRUARY, quantity=D("100.000000"),
    unit="kWh", unit_price=D("0.15123450"), price_unit="EUR/kWh", net=D("15.12"), tax_code="standard",
    tax_rate=D("0.21"), is_after_tax=False, quality=LineQuality.ACTUAL, explanation="", meters=(),
)  # fmt: skip
# 15.12 net; a fifth and one hundredth of it, 3.18, is tax; 2.00 of support leaves 16.30.
SHEET = Sheet(
    invoice_id=1, customer_id=2, contract_id=3, language=DocumentLanguage.LV, number="S-000001",
    kind=InvoiceKind.REGULAR, period_from=JANUARY, period_to=FEBRUARY, issued_on=date(2023, 2, 10),
    due_on=date(2023, 2, 25), currency="EUR", net=D("15.12"), tax=D("3.18"), support=D("2.00"), total=D("16.30"),
    prepaid=D(0), levelled=D(0), payment_reference="RF18539007547034", utility=WORDS,
    seller=SheetSeller(
        name="Mazais & Co", registration_number="40003521600", vat_number="LV40003521600", address="Lielā iela 1",
        iban="LV80 BANK 0000 4351 9500 1",
    ),
    buyer=SheetBuyer(
        number="C-7", kind=CustomerKind.PRIVATE, name="Anna Āboliņa", address="Zaļā iela 2", country="LV",
        registration_number=None, vat_number=None,
    ),
    contract_number="K-42", product=WORDS, supply_address="Zaļā iela 2", supply_points=(), corrects=None,
    lines=(LINE,), taxes=(SheetTax(code="standard", rate=D("0.21"), base=D("15.12"), tax=D("3.18")),), notes=(),
    charts=(),
)  # fmt: skip
ONE = BankInvoice(sheet=SHEET, iban="LV62HABA0551234567890", bank="HABALV22", to_pay=D("16.30"))
FILE = """<?xml version='1.0' encoding='UTF-8'?>
<E_Invoice>
  <Header>
    <Date>2023-02-10</Date>
    <FileId>20230210-001</FileId>
    <Version>1.2</Version>
  </Header>
  <Invoice invoiceId="S-000001" serviceId="K-42" regNumber="C-7" channelId="HABALV22" channelAddress="LV62HABA0551234567890" languageId="lv" presentment="YES" invoiceGlobUniqId="S-000001" sellerRegnumber="40003521600">
    <InvoiceParties>
      <SellerParty>
        <Name>Mazais &amp; Co</Name>
        <RegNumber>40003521600</RegNumber>
        <VATRegNumber>LV40003521600</VATRegNumber>
      </SellerParty>
      <BuyerParty>
        <UniqueCode>C-7</UniqueCode>
        <Name>Anna Āboliņa</Name>
      </BuyerParty>
    </InvoiceParties>
    <InvoiceInformation>
      <Type type="DEB" />
      <ContractNumber>K-42</ContractNumber>
      <DocumentName>Rēķins</DocumentName>
      <InvoiceNumber>S-000001</InvoiceNumber>
      <InvoiceDate>2023-02-10</InvoiceDate>
      <DueDate>2023-02-25</DueDate>
      <Period>
        <StartDate>2023-01-01</StartDate>
        <EndDate>2023-01-31</EndDate>
      </Period>
    </InvoiceInformation>
    <InvoiceSumGroup>
      <InvoiceSum>15.12</InvoiceSum>
      <Addition addCode="DSC">
        <AddContent>Support</AddContent>
        <AddSum>-2.00</AddSum>
      </Addition>
      <VAT vatId="TAX">
        <SumBeforeVAT>15.12</SumBeforeVAT>
        <VATRate>21.00</VATRate>
        <VATSum>3.18</VATSum>
      </VAT>
      <TotalVATSum>3.18</TotalVATSum>
      <TotalSum>16.30</TotalSum>
      <TotalToPay>16.30</TotalToPay>
      <Currency>EUR</Currency>
    </InvoiceSumGroup>
    <InvoiceItem>
      <InvoiceItemGroup>
        <ItemEntry>
          <RowNo>1</RowNo>
          <Description>Elektroenerģija: 100 kWh × 0.1512345 EUR/kWh</Description>
          <ItemSum>15.12</ItemSum>
        </ItemEntry>
      </InvoiceItemGroup>
    </InvoiceItem>
    <PaymentInfo>
      <Currency>EUR</Currency>
      <PaymentDescription>RF18539007547034 S-000001</PaymentDescription>
      <Payable>YES</Payable>
      <PayDueDate>2023-02-25</PayDueDate>
      <PaymentTotalSum>16.30</PaymentTotalSum>
      <PayerName>Anna Āboliņa</PayerName>
      <PaymentId>S-000001</PaymentId>
      <PayToAccount>LV80BANK0000435195001</PayToAccount>
      <PayToName>Mazais &amp; Co</PayToName>
    </PaymentInfo>
  </Invoice>
  <Footer>
    <TotalNumberInvoices>1</TotalNumberInvoices>
    <TotalAmount>16.30</TotalAmount>
  </Footer>
</E_Invoice>"""  # noqa: E501


def written(*invoices):
    """Write and read a file."""
    return etree.fromstring(einvoice_file(day=date(2023, 2, 10), number=1, invoices=invoices))


def test_a_file_word_for_word():
    content = einvoice_file(day=date(2023, 2, 10), number=1, invoices=[ONE])

    assert content.decode() == FILE
    assert einvoice_file(day=date(2023, 2, 10), number=1, invoices=[ONE]) == content


def test_only_what_is_to_be_paid_is_summed():
    credit = replace(
        SHEET, kind=InvoiceKind.CREDIT, total=D("-16.30"), corrects=Corrected(number="S-000001", issued_on=JANUARY)
    )

    file = written(ONE, replace(ONE, sheet=credit, to_pay=D("0.00")), replace(ONE, to_pay=D("0.05")))

    assert [one.findtext("PaymentInfo/Payable") for one in file.iterfind("Invoice")] == ["YES", "NO", "YES"]
    assert file.find("Invoice[2]/InvoiceInformation/Type").get("type") == "CRE"
    assert file.findtext("Invoice[2]/InvoiceInformation/Type/SourceInvoice") == "S-000001"
    assert file.findtext("Invoice[2]/InvoiceInformation/DocumentName") == "Kredītrēķins"
    # 16.30 + 0.00 + 0.05
    assert (file.findtext("Footer/TotalNumberInvoices"), file.findtext("Footer/TotalAmount")) == ("3", "16.35")


def test_a_difference_and_a_sum_say_what_they_are_for():
    why = Why(cause=Cause.READING, note="98 nolasīts kā 89", is_house=False)
    settles = Settled(document="S-000000", due=D("12.00"), billed=D("13.95"), why=why)
    interest = replace(
        LINE, unit="EUR", price_unit="EUR/EUR", unit_price=D(1), label=Words(lv="Procenti", en="", ru="")
    )
    support = replace(LINE, quantity=D(-1), unit="1", unit_price=D("2.00"), price_unit="EUR", net=D("-2.00"))
    lines = (replace(LINE, settles=settles), replace(interest, about="S-000000"), interest, support)

    file = written(replace(ONE, sheet=replace(SHEET, lines=lines)))

    found = [one.text for one in file.iterfind("Invoice/InvoiceItem/InvoiceItemGroup/ItemEntry/Description")]
    assert found == [
        "Elektroenerģija: Starpība ar rēķinu S-000000: pareizi 12,00 EUR, iepriekš aprēķināti 13,95 EUR."
        " Iemesls: precizēts skaitītāja rādījums. 98 nolasīts kā 89",
        "Procenti: Par rēķinu S-000000",
        "Procenti",
        "Elektroenerģija",
    ]


def test_words_that_are_too_long_or_unprintable_are_cut():
    seller = replace(SHEET.seller, name="A\n" + "b" * 200)
    business = replace(SHEET.buyer, kind=CustomerKind.BUSINESS, registration_number="40003521600")

    file = written(
        replace(ONE, sheet=replace(SHEET, seller=seller, buyer=business, lines=(), contract_number="9" * 40))
    )

    assert file.findtext("Invoice/PaymentInfo/PayToName") == "A " + "b" * 98
    assert (file.find("Invoice").get("serviceId"), file.find("Invoice").get("regNumber")) == ("9" * 20, "40003521600")
    assert file.findtext("Invoice/InvoiceItem/InvoiceItemGroup/ItemEntry/Description") == "Rēķins"


def test_a_bill_below_nothing_is_shown_and_asks_for_nothing():
    below = replace(SHEET, net=D("-15.12"), tax=D("-3.18"), support=D("0.00"), total=D("-18.30"))
    root = etree.fromstring(
        einvoice_file(day=date(2023, 2, 10), number=1, invoices=[replace(ONE, sheet=below, to_pay=D("0.00"))])
    )

    assert [root.findtext(f".//{name}") for name in ("TotalSum", "TotalToPay", "TotalAmount")] == [
        "-18.30",
        "0.00",
        "0.00",
    ]


@pytest.mark.parametrize(
    ("due_on", "to_pay", "is_late"),
    [(10, "1.00", False), (9, "1.00", True), (9, "0.00", False), (25, "1.00", False)],
)
def test_what_was_due_before_today_is_too_late(due_on, to_pay, is_late):
    assert is_too_late(due_on=date(2023, 2, due_on), today=date(2023, 2, 10), to_pay=D(to_pay)) is is_late


def test_an_account_is_shown_in_part():
    assert hidden("LV62HABA0551234567890") == "LV62HABA…7890"
