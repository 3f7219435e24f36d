"""E-invoices: UBL 2.1 by EN 16931 with the identifiers of Peppol BIS Billing 3.0, for invoices and credit notes.

Support after tax is money that the state pays: it is told as paid already (BT-113), see decision 0018.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from threading import Lock
from typing import Any

from mains_server.documents.phrases import PHRASES
from mains_server.documents.records import DocumentLanguage, MeterUse, Sheet, SheetBuyer, SheetLine, SheetSeller
from mains_server.documents.rules import plain_amount, reason_text, settled_text, storable
from mains_server.invoices.records import InvoiceKind, LineQuality

CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
CORE_LEVEL = "en16931"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
# Electronic address schemes (EAS): Latvia's register of firms, and its VAT numbers. 9925 would be Belgium's.
REGISTRATION_SCHEMES = {"LV": "0218"}
VAT_SCHEMES = {"LV": "9939"}
# UNECE Recommendation 20; what is not there is a unit by agreement.
UNITS = {
    "1": "C62", "pcs": "C62", "kWh": "KWH", "MWh": "MWH", "GJ": "GV", "m3": "MTQ", "m2": "MTK", "A": "AMP",
    "month": "MON", "day": "DAY", "year": "ANN", "h": "HUR", "kW": "KWT",
}  # fmt: skip
UNIT_BY_AGREEMENT = "ZZ"
INVOICE, CREDIT_NOTE = "380", "381"
CREDIT_TRANSFER, NOT_DEFINED = "30", "1"
# Categories of UNCL5305, and the reason why something is not subject to VAT (docs/decisions/0066).
STANDARD_RATE, EXEMPT, OUTSIDE_VAT, ZERO_RATED = "S", "E", "O", "Z"
NOT_SUBJECT = "VATEX-EU-O"
NAME_MAX = 1_000
WORDS = {
    DocumentLanguage.LV: {
        "support": "Atbalsts pēc nodokļa aprēķina: {amount} {currency}; iekļauts jau samaksātajā summā (BT-113).",
        "estimated": "Aprēķināts pēc novērtējuma",
        "nothing": "Nav maksājumu",
        "untaxed": "Nav apliekams ar PVN",
        "meter": "Skaitītājs",
        "place": "Piegādes vieta",
    },
    DocumentLanguage.EN: {
        "support": "Support after tax: {amount} {currency}; contained in the amount paid already (BT-113).",
        "estimated": "Estimated",
        "nothing": "No charges",
        "untaxed": "Not subject to VAT",
        "meter": "Meter",
        "place": "Supply point",
    },
    DocumentLanguage.RU: {
        "support": "Поддержка после налога: {amount} {currency}; включена в уже оплаченную сумму (BT-113).",
        "estimated": "Рассчитано по оценке",
        "nothing": "Нет начислений",
        "untaxed": "Не облагается НДС",
        "meter": "Счётчик",
        "place": "Место поставки",
    },
}
COUNTRY = re.compile(r"[A-Z]{2}")
POSTCODE = re.compile(r"(?:[A-Z]{1,2}-)?[0-9]{3,6}")
# The validators let a line differ by so much from quantity times price; shared-out cents are less.
PRICE_SLACK = Decimal("0.02")
BASES = (Decimal(1), Decimal(1000))
_ONE_AT_A_TIME = Lock()


def e_invoice(sheet: Sheet) -> bytes:
    """Write an invoice, or a credit note with positive amounts, as XML in the customer's language."""
    from facturx import generate_ubl_xml
    from lxml import etree

    with _ONE_AT_A_TIME:  # The library changes tables of its own while it works.
        written = generate_ubl_xml(_terms(sheet), level=CORE_LEVEL, check_xsd=False, check_schematron=False)
    tree = etree.fromstring(written)
    # It knows EN 16931 alone and has put that identifier where Peppol's belongs.
    tree.find(f"{{{CBC}}}CustomizationID").text = CUSTOMIZATION
    return bytes(etree.tostring(tree, pretty_print=True, xml_declaration=True, encoding="UTF-8"))


def _terms(sheet: Sheet) -> dict[str, Any]:
    """Give the business terms of EN 16931 by their numbers."""
    sign = -1 if sheet.kind is InvoiceKind.CREDIT else 1
    taxes = _taxes(sheet, sign=sign)
    net = sign * sheet.net
    tax = sum((Decimal(subtotal["BT-117"]) for subtotal in taxes), Decimal(0))
    paid = sign * sheet.support + sheet.prepaid + sheet.levelled
    terms = {
        "BT-1": sheet.number,
        "BT-2": sheet.issued_on,
        "BT-3": CREDIT_NOTE if sheet.kind is InvoiceKind.CREDIT else INVOICE,
        "BT-5": sheet.currency,
        "BT-9": sheet.due_on,
        "BT-10": sheet.contract_number,
        "BT-12": sheet.contract_number,
        "BT-23": PROFILE,
        "BT-24": CUSTOMIZATION,
        "BT-73": sheet.days[0],
        "BT-74": _last_day(sheet.days[1]),
        "BT-81": CREDIT_TRANSFER if sheet.seller.iban else NOT_DEFINED,
        "BT-83": sheet.payment_reference,
        "BG-4": _seller(sheet.seller, is_taxable=_is_taxable(sheet)),
        "BG-7": _buyer(sheet.buyer, is_taxable=_is_taxable(sheet)),
        "BG-13": _delivery(sheet),
        "BG-23": taxes,
        "BG-25": list(_lines(sheet, sign=sign)),
        "BT-106": plain_amount(net),
        "BT-109": plain_amount(net),
        "BT-110": plain_amount(tax),
        "BT-112": plain_amount(net + tax),
        "BT-115": plain_amount(net + tax - paid),
    }
    if sheet.seller.iban:
        terms |= {"BT-84": sheet.seller.iban.replace(" ", ""), "BT-85": storable(sheet.seller.name)}
    if paid:
        terms["BT-113"] = plain_amount(paid)
    if sheet.corrects is not None:
        terms["BG-3"] = [{"BT-25": sheet.corrects.number, "BT-26": sheet.corrects.issued_on}]
    note = "; ".join(_notes(sheet))
    return terms | ({"BG-1": [{"BT-22": note}]} if note else {})


def _notes(sheet: Sheet) -> Iterator[str]:
    """Give what is told in words; Peppol has room for one note, so they are joined."""
    words = WORDS[sheet.language]
    if sheet.why is not None:
        reason = reason_text(sheet.why, say=PHRASES[sheet.language])
        yield f"{reason} {storable(sheet.why.note)}".strip()
    for note in sheet.notes:
        yield storable(note.in_language(sheet.language))
    for line in sheet.lines:
        if line.is_after_tax:
            amount = plain_amount(line.net.copy_abs())
            told = words["support"].format(amount=amount, currency=sheet.currency)
            yield f"{storable(line.label.in_language(sheet.language))}. {told}"


def _seller(seller: SheetSeller, *, is_taxable: bool) -> dict[str, Any]:
    address = address_parts(seller.address, country=seller.vat_number[:2])
    country = address["country_code"]
    ids = _ids(registration_number=seller.registration_number, vat_number=seller.vat_number, country=country)
    return {"name": storable(seller.name), **address, **_fitting(ids, is_taxable=is_taxable)}


def _fitting(ids: dict[str, str], *, is_taxable: bool) -> dict[str, str]:
    """Leave VAT numbers out where nothing is subject to VAT (BR-O-02)."""
    return {name: value for name, value in ids.items() if is_taxable or name != "vat_identifier"}


def _buyer(buyer: SheetBuyer, *, is_taxable: bool) -> dict[str, Any]:
    name = storable(buyer.name)[:NAME_MAX] or buyer.number
    ids = _ids(registration_number=buyer.registration_number, vat_number=buyer.vat_number, country=buyer.country or "")
    ids = _fitting(ids, is_taxable=is_taxable)
    return {
        "name": name,
        "identifiers": {None: buyer.number},
        **address_parts(buyer.address, country=buyer.country),
        **ids,
    }


def _ids(*, registration_number: str | None, vat_number: str | None, country: str) -> dict[str, str]:
    """Give the numbers of a firm, and its address in the network by one of them; a private person has none."""
    found: dict[str, str] = {}
    if registration_number and country in REGISTRATION_SCHEMES:
        found |= {"einvoicing_addr": registration_number, "einvoicing_addr_schemeid": REGISTRATION_SCHEMES[country]}
    elif vat_number and vat_number[:2] in VAT_SCHEMES:
        found |= {"einvoicing_addr": vat_number, "einvoicing_addr_schemeid": VAT_SCHEMES[vat_number[:2]]}
    if registration_number:
        found["legal_identifier"] = registration_number
    if vat_number:
        found["vat_identifier"] = vat_number
    return found


def _delivery(sheet: Sheet) -> dict[str, Any]:
    place = address_parts(sheet.supply_address, country=sheet.buyer.country)
    return {**place, "identifiers": {None: storable(sheet.supply_points[0])}} if sheet.supply_points else place


def address_parts(text: str, *, country: str) -> dict[str, str]:
    """Take apart an address that was written in one line: `street, city, postcode, country`, the last ones if there."""
    parts = [part.strip() for part in storable(text).split(",") if part.strip()]
    found = {"country_code": country.upper() if COUNTRY.fullmatch(country.upper()) else "LV"}
    if len(parts) > 1 and COUNTRY.fullmatch(parts[-1]):
        found["country_code"] = parts.pop()
    if len(parts) > 1 and POSTCODE.fullmatch(parts[-1]):
        found["postcode"] = parts.pop()
    if parts:
        found["city"] = parts.pop()
    if parts:
        found["addr_l1"] = ", ".join(parts)
    return found


def _taxes(sheet: Sheet, *, sign: int) -> list[dict[str, str]]:
    """Give one subtotal a rate; a rate of nothing stands for lines that were not taxed."""
    sums: dict[Decimal, tuple[Decimal, Decimal]] = {}
    for tax in sheet.taxes:
        base, amount = sums.get(tax.rate, (Decimal(0), Decimal(0)))
        sums[tax.rate] = base + sign * tax.base, amount + sign * tax.tax
    untold = {line.tax_rate for line in sheet.lines if not line.is_after_tax} - set(sums)
    for rate in untold or ({Decimal(0)} if not sums else set()):
        untaxed = (line.net for line in sheet.lines if line.tax_rate == rate and not line.is_after_tax)
        sums[rate] = sign * sum(untaxed, Decimal(0)), Decimal(0)
    return [
        {"BT-116": plain_amount(base), "BT-117": plain_amount(amount), **_subtotal_terms(rate, sheet=sheet)}
        for rate, (base, amount) in sorted(sums.items())
    ]


def _subtotal_terms(rate: Decimal, *, sheet: Sheet) -> dict[str, str]:
    """Give a subtotal's category, with its rate where it has one and with the reason where there is no tax."""
    category = _category(rate, sheet=sheet)
    terms = {"BT-118": category}
    if category != OUTSIDE_VAT:
        terms["BT-119"] = _percent(rate)
    if category in (EXEMPT, OUTSIDE_VAT):
        terms["BT-120"] = WORDS[sheet.language]["untaxed"]
    if category == OUTSIDE_VAT:
        terms["BT-121"] = NOT_SUBJECT
    return terms


def _line_terms(rate: Decimal, *, sheet: Sheet) -> dict[str, str]:
    category = _category(rate, sheet=sheet)
    return {"BT-151": category, **({} if category == OUTSIDE_VAT else {"BT-152": _percent(rate)})}


def _lines(sheet: Sheet, *, sign: int) -> Iterator[dict[str, Any]]:
    taxed = [line for line in sheet.lines if not line.is_after_tax]
    for line in taxed:
        yield _line(line, sheet=sheet, sign=sign)
    if not taxed:
        nothing = {"BT-126": "1", "BT-129": "0", "BT-130": UNITS["1"], "BT-131": "0.00", "BT-146": "0"}
        words = WORDS[sheet.language]["nothing"]
        yield {**nothing, **_line_terms(Decimal(0), sheet=sheet), "BT-153": words}


def _line(line: SheetLine, *, sheet: Sheet, sign: int) -> dict[str, Any]:
    words = WORDS[sheet.language]
    net = sign * line.net
    told = [storable(_explanation(line, sheet=sheet))] if line.explanation else []
    told += [words["estimated"]] if line.quality is LineQuality.ESTIMATED else []
    return {
        "BT-126": str(line.position),
        "BT-127-00": [{"BT-127": "; ".join(told)}] if told else [],
        **_price(line, net=net, sign=sign),
        "BT-131": plain_amount(net),
        "BT-134": line.period_from,
        "BT-135": _last_day(line.period_to),
        **_line_terms(line.tax_rate, sheet=sheet),
        "BT-153": storable(line.label.in_language(sheet.language)) or line.code,
        "BT-155": line.code,
        "BG-32": [
            *_place(line, sheet=sheet, word=words["place"]),
            *(attribute for meter in line.meters for attribute in _meter(meter, word=words["meter"])),
        ],
    }


def _explanation(line: SheetLine, *, sheet: Sheet) -> str:
    if line.settles is None:
        return line.explanation
    say, language = PHRASES[sheet.language], sheet.language
    return settled_text(line.settles, currency=sheet.currency, language=language, say=say)


def _price(line: SheetLine, *, net: Decimal, sign: int) -> Mapping[str, str]:
    """Give quantity and price so that their product is the line: a price is never negative, a quantity may be."""
    quantity, price = sign * line.quantity, line.unit_price
    if price < 0:
        quantity, price = -quantity, -price
    for base in BASES:
        if abs(quantity * price / base - net) <= PRICE_SLACK:
            found = {"BT-129": _plain(quantity), "BT-130": UNITS.get(line.unit, UNIT_BY_AGREEMENT)}
            return {**found, "BT-146": _plain(price), **({} if base == 1 else {"BT-149": _plain(base)})}
    return {"BT-129": "-1" if net < 0 else "1", "BT-130": UNITS["1"], "BT-146": plain_amount(net.copy_abs())}


def _place(line: SheetLine, *, sheet: Sheet, word: str) -> Iterator[dict[str, str]]:
    if line.place:
        yield {"BT-160": word, "BT-161": storable(f"{line.place}, {sheet.address_of(line.place)}")}


def _meter(meter: MeterUse, *, word: str) -> Iterator[dict[str, str]]:
    unit = storable(meter.unit)
    if meter.first is not None and meter.last is not None:
        told = f"{_plain(meter.first)} – {_plain(meter.last)} = {_plain(meter.quantity)} {unit}"
    else:
        told = f"{_plain(meter.quantity)} {unit}"
    yield {
        "BT-160": f"{word} {storable(meter.serial)}",
        "BT-161": told + (" (ESTIMATED)" if meter.is_estimated else ""),
    }


def _last_day(ends: date) -> date:
    return ends - timedelta(days=1)


def _category(rate: Decimal, *, sheet: Sheet) -> str:
    """Choose a category; on a mixed bill what is not subject to VAT is exempt, as the norm lets nothing stand beside O.

    Only the line that says that there are no charges is zero-rated.
    """
    if rate:
        return STANDARD_RATE
    if not any(not line.is_after_tax for line in sheet.lines):
        return ZERO_RATED
    return EXEMPT if _is_taxable(sheet) else OUTSIDE_VAT


def _is_taxable(sheet: Sheet) -> bool:
    """Tell whether any charge is taxed, or there are none."""
    rates = [line.tax_rate for line in sheet.lines if not line.is_after_tax]
    return not rates or any(rates)


def _percent(rate: Decimal) -> str:
    return _plain(rate * 100)


def _plain(value: Decimal) -> str:
    """Write a number without an exponent and without zeros behind its last digit."""
    written = f"{value.normalize():f}"
    return "0" if written == "-0" else written
