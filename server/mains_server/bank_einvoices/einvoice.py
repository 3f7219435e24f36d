"""E-invoices as a file that Baltic banks take: the e-invoice description 1.2 (E_Invoice), as sent to banks. Pure.

A bank that wants another version, or more in it, is served here and nowhere else (docs/decisions/0042).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from mains_server.bank_einvoices.records import BankInvoice, file_id
from mains_server.customers.records import CustomerKind
from mains_server.documents.phrases import PHRASES
from mains_server.documents.records import Sheet, SheetLine
from mains_server.documents.rules import is_sum, settled_text
from mains_server.invoices.records import InvoiceKind

VERSION = "1.2"
SHORT, NORMAL, LONG, REGISTRATION = 20, 100, 500, 15
NAMES = {"lv": ("Rēķins", "Kredītrēķins"), "en": ("Invoice", "Credit note"), "ru": ("Счёт", "Кредитовый счёт")}


def einvoice_file(*, day: date, number: int, invoices: Sequence[BankInvoice]) -> bytes:
    """Write invoices for one bank, with their count and what is to be paid; the same ones make the same file."""
    assert invoices and len({one.bank for one in invoices}) == 1, "a file goes to one bank, with something in it"
    root = Element("E_Invoice")
    header = SubElement(root, "Header")
    _text(header, "Date", day.isoformat())
    _text(header, "FileId", file_id(day, number=number))
    _text(header, "Version", VERSION)
    for one in invoices:
        _invoice(root, one)
    footer = SubElement(root, "Footer")
    _text(footer, "TotalNumberInvoices", str(len(invoices)))
    _text(footer, "TotalAmount", _cents(sum((one.to_pay for one in invoices), Decimal(0))))
    indent(root)
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _invoice(root: Element, one: BankInvoice) -> None:
    sheet = one.sheet
    invoice = SubElement(
        root,
        "Invoice",
        invoiceId=sheet.number,
        serviceId=_cut(sheet.contract_number, SHORT),
        regNumber=_cut(_registered(sheet), REGISTRATION),
        channelId=one.bank,
        channelAddress=one.iban,
        languageId=sheet.language.value,
        presentment="YES",
        invoiceGlobUniqId=sheet.number,
        sellerRegnumber=_cut(sheet.seller.registration_number, REGISTRATION),
    )
    _parties(invoice, sheet)
    _information(invoice, sheet)
    _sums(invoice, one)
    _items(invoice, sheet)
    _payment(invoice, one)


def _parties(invoice: Element, sheet: Sheet) -> None:
    parties = SubElement(invoice, "InvoiceParties")
    seller = SubElement(parties, "SellerParty")
    _text(seller, "Name", _cut(sheet.seller.name, NORMAL))
    _text(seller, "RegNumber", _cut(sheet.seller.registration_number, REGISTRATION))
    _text(seller, "VATRegNumber", _cut(sheet.seller.vat_number, REGISTRATION))
    buyer = SubElement(parties, "BuyerParty")
    _text(buyer, "UniqueCode", _cut(sheet.buyer.number, SHORT))
    _text(buyer, "Name", _cut(sheet.buyer.name, NORMAL))
    if sheet.buyer.registration_number is not None:
        _text(buyer, "RegNumber", _cut(sheet.buyer.registration_number, REGISTRATION))
    if sheet.buyer.vat_number is not None:
        _text(buyer, "VATRegNumber", _cut(sheet.buyer.vat_number, REGISTRATION))


def _information(invoice: Element, sheet: Sheet) -> None:
    is_credit = sheet.kind is InvoiceKind.CREDIT
    information = SubElement(invoice, "InvoiceInformation")
    kind = SubElement(information, "Type", type="CRE" if is_credit else "DEB")
    if is_credit and sheet.corrects is not None:
        _text(kind, "SourceInvoice", _cut(sheet.corrects.number, SHORT))
    _text(information, "ContractNumber", _cut(sheet.contract_number, NORMAL))
    _text(information, "DocumentName", NAMES[sheet.language.value][is_credit])
    _text(information, "InvoiceNumber", sheet.number)
    _text(information, "InvoiceDate", sheet.issued_on.isoformat())
    _text(information, "DueDate", sheet.due_on.isoformat())
    period = SubElement(information, "Period")
    _text(period, "StartDate", sheet.days[0].isoformat())
    # The format's periods have their last day in them.
    _text(period, "EndDate", date.fromordinal(sheet.days[1].toordinal() - 1).isoformat())


def _sums(invoice: Element, one: BankInvoice) -> None:
    sheet = one.sheet
    group = SubElement(invoice, "InvoiceSumGroup")
    _text(group, "InvoiceSum", _cents(sheet.net))
    if sheet.support:
        support = SubElement(group, "Addition", addCode="DSC")
        _text(support, "AddContent", "Support")
        _text(support, "AddSum", _cents(-sheet.support))
    for tax in sheet.taxes:
        vat = SubElement(group, "VAT", vatId="TAX")
        _text(vat, "SumBeforeVAT", _cents(tax.base))
        _text(vat, "VATRate", _cents(tax.rate * 100))
        _text(vat, "VATSum", _cents(tax.tax))
    _text(group, "TotalVATSum", _cents(sheet.tax))
    _text(group, "TotalSum", _cents(sheet.total))
    _text(group, "TotalToPay", _cents(one.to_pay))
    _text(group, "Currency", sheet.currency)


def _items(invoice: Element, sheet: Sheet) -> None:
    group = SubElement(SubElement(invoice, "InvoiceItem"), "InvoiceItemGroup")
    for line in sheet.lines:
        entry = SubElement(group, "ItemEntry")
        _text(entry, "RowNo", str(line.position))
        _text(entry, "Description", _cut(_described(line, sheet=sheet), LONG))
        _text(entry, "ItemSum", _cents(line.net))
    if not sheet.lines:
        _text(SubElement(group, "ItemEntry"), "Description", NAMES[sheet.language.value][0])


def _payment(invoice: Element, one: BankInvoice) -> None:
    sheet = one.sheet
    payment = SubElement(invoice, "PaymentInfo")
    _text(payment, "Currency", sheet.currency)
    # References of this format are figures alone, so ours (RF, ISO 11649) stands in the words, which allow few letters.
    _text(payment, "PaymentDescription", f"{sheet.payment_reference} {sheet.number}")
    _text(payment, "Payable", "YES" if one.to_pay > 0 else "NO")
    _text(payment, "PayDueDate", sheet.due_on.isoformat())
    _text(payment, "PaymentTotalSum", _cents(one.to_pay))
    _text(payment, "PayerName", _cut(sheet.buyer.name, NORMAL))
    _text(payment, "PaymentId", sheet.number)
    _text(payment, "PayToAccount", sheet.seller.iban.replace(" ", ""))
    _text(payment, "PayToName", _cut(sheet.seller.name, NORMAL))


def _described(line: SheetLine, *, sheet: Sheet) -> str:
    """Say a line in words: prices have more digits than the format's four, so they are not its own elements.

    A difference is told as on paper, and of a sum as it stands only what invoice it is for.
    """
    label, say = line.label.in_language(sheet.language), PHRASES[sheet.language]
    if line.settles is not None:
        told = settled_text(line.settles, currency=sheet.currency, language=sheet.language, say=say)
        return f"{label}: {told}"
    if is_sum(line, currency=sheet.currency):
        return f"{label}: {say['about'].format(number=line.about)}" if line.about else label
    return f"{label}: {line.quantity.normalize():f} {line.unit} × {line.unit_price.normalize():f} {line.price_unit}"


def _registered(sheet: Sheet) -> str:
    """Give what the customer is known by: a business's registration; no bank needs a household's personal code."""
    is_business = sheet.buyer.kind is not CustomerKind.PRIVATE
    return (sheet.buyer.registration_number if is_business else None) or sheet.buyer.number


def _cents(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _cut(words: str, length: int) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(plain.split())[:length]


def _text(parent: Element, name: str, words: str) -> None:
    SubElement(parent, name).text = words
