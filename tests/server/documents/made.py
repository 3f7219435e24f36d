"""Sheets written by hand, with sums that anybody can check."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from mains_server.customers.records import CustomerKind
from mains_server.documents.records import (
    Bar,
    Chart,
    Corrected,
    DocumentLanguage,
    MeterUse,
    Sheet,
    SheetBuyer,
    SheetLine,
    SheetPlace,
    SheetSeller,
    SheetTax,
    Words,
)
from mains_server.invoices.records import InvoiceKind, LineQuality

D = Decimal
MARCH, APRIL = date(2023, 3, 1), date(2023, 4, 1)
EVIL = '#import "x" *bold* $1$ @ref <a>&amp;]]> \\u{0} `raw` // = + - _ ~ [#set page()] "quoted" \'x\''


def words(text: str) -> Words:
    return Words(lv=f"{text} lv", en=f"{text} en", ru=f"{text} ru")


def line(position: int, *, net: str, rate: str = "0.2100", **more: Any) -> SheetLine:
    """A line of `net`, by default one piece at that price; a negative one is minus one piece."""
    amount = D(net)
    made = SheetLine(
        position=position,
        code=f"charge_{position}",
        label=words(f"Maksa {position}"),
        period_from=MARCH,
        period_to=APRIL,
        quantity=D(-1 if amount < 0 else 1),
        unit="1",
        unit_price=amount.copy_abs(),
        price_unit="EUR",
        net=amount,
        tax_code=f"tax_{rate}",
        tax_rate=D(rate),
        is_after_tax=False,
        quality=LineQuality.NOT_METERED,
        explanation="",
        meters=(),
    )
    return replace(made, **more)


def tax(*, base: str, amount: str, rate: str = "0.2100") -> SheetTax:
    return SheetTax(code=f"tax_{rate}", rate=D(rate), base=D(base), tax=D(amount))


ENERGY = line(
    1,
    net="15.00",
    label=Words(lv="Elektroenerģija", en="Energy", ru="Электроэнергия"),
    quantity=D("100.000000"),
    unit="kWh",
    unit_price=D("0.15000000"),
    price_unit="EUR/kWh",
    quality=LineQuality.ESTIMATED,
    explanation="100 kWh x 0.15 EUR/kWh",
    meters=(
        MeterUse(
            serial="EL-1", first=D(500), last=D(600), quantity=D(100), unit="kWh", is_estimated=True,
            source="meter EL-1: 500 to 600",
        ),
    ),
)  # fmt: skip


SELLER = SheetSeller(
    name="SIA Tirgotājs",
    registration_number="40003000021",
    vat_number="LV40003000021",
    address="Lielā iela 1, Jelgava, LV-3001, LV",
    iban="LV80BANK0000435195001",
)
BUYER = SheetBuyer(
    number="200001",
    kind=CustomerKind.PRIVATE,
    name="Ģirts Ķiķauka-Žagariņš",
    address="Čiekuru iela 5-3, Jelgava, LV-3002",
    country="LV",
    registration_number=None,
    vat_number=None,
)
CHART = Chart(
    label=words("Enerģija"),
    unit="kWh",
    bars=(
        Bar(month=date(2023, 1, 1), value=D(80), is_estimated=False),
        Bar(month=date(2023, 2, 1), value=None, is_estimated=False),
        Bar(month=MARCH, value=D(100), is_estimated=True),
    ),
)


def sheet(**more: Any) -> Sheet:
    """100 kWh at 0.15 = 15.00 and a fee of 5.00: net 20.00, tax at 21 % 4.20, total 24.20."""
    made = Sheet(
        invoice_id=7,
        customer_id=1,
        contract_id=2,
        language=DocumentLanguage.LV,
        number="E-000007",
        kind=InvoiceKind.REGULAR,
        period_from=MARCH,
        period_to=APRIL,
        issued_on=date(2023, 4, 10),
        due_on=date(2023, 4, 30),
        currency="EUR",
        net=D("20.00"),
        tax=D("4.20"),
        support=D("0.00"),
        total=D("24.20"),
        prepaid=D("0.00"),
        levelled=D("0.00"),
        payment_reference="RF24E000007",
        utility=words("Elektrība"),
        seller=SELLER,
        buyer=BUYER,
        contract_number="E-200001",
        product=words("Universālais"),
        supply_address="Čiekuru iela 5-3, Jelgava, LV-3002",
        supply_points=("43Z-STO00000001A",),
        corrects=None,
        lines=(ENERGY, line(2, net="5.00")),
        taxes=(tax(base="20.00", amount="4.20"),),
        notes=(words("Paziņojums"),),
        charts=(CHART,),
    )
    return replace(made, **more)


def two_rates() -> Sheet:
    """20.00 at 21 % is 4.20, 100.00 less support of 12.50 at 12 % is 10.50: 107.50 + 14.70 = 122.20."""
    return sheet(
        net=D("107.50"),
        tax=D("14.70"),
        total=D("122.20"),
        lines=(ENERGY, line(2, net="5.00"), line(3, net="100.00", rate="0.1200"), line(4, net="-12.50", rate="0.1200")),
        taxes=(tax(base="87.50", amount="10.50", rate="0.1200"), tax(base="20.00", amount="4.20")),
    )


def supported_after_tax(*, support: str = "20.00") -> Sheet:
    """24.20 less support after tax."""
    given = line(3, net=f"-{support}", rate="0.0000", is_after_tax=True, tax_code="none")
    plain = sheet()
    return replace(plain, support=D(support), total=plain.total - D(support), lines=(*plain.lines, given))


def prepaid(amount: str) -> Sheet:
    """24.20 of which some was paid ahead."""
    return sheet(prepaid=D(amount))


def credit_note(of: Sheet | None = None) -> Sheet:
    """What takes an invoice back: every quantity and amount negated."""
    taken = of or supported_after_tax()
    return replace(
        taken,
        invoice_id=8,
        number="E-000008",
        kind=InvoiceKind.CREDIT,
        net=-taken.net,
        tax=-taken.tax,
        support=-taken.support,
        total=-taken.total,
        prepaid=D("0.00"),
        corrects=Corrected(number=taken.number, issued_on=taken.issued_on),
        lines=tuple(replace(one, quantity=-one.quantity, net=-one.net) for one in taken.lines),
        taxes=tuple(replace(one, base=-one.base, tax=-one.tax) for one in taken.taxes),
        notes=(),
        charts=(),
    )


def below_nothing() -> Sheet:
    """An estimate that was too high: 200 kWh fewer at 0.15 are -30.00, a fee of 5.00; net -25.00, tax -5.25: -30.25."""
    too_much = replace(
        ENERGY,
        net=D("-30.00"),
        quantity=D("-200.000000"),
        explanation="-200 kWh x 0.15 EUR/kWh",
        quality=LineQuality.ACTUAL,
        meters=(
            MeterUse(
                serial="EL-1", first=D(800), last=D(600), quantity=D(-200), unit="kWh", is_estimated=False,
                source="meter EL-1: 800 to 600",
            ),
        ),
    )  # fmt: skip
    return sheet(
        kind=InvoiceKind.FINAL,
        net=D("-25.00"),
        tax=D("-5.25"),
        total=D("-30.25"),
        lines=(too_much, line(2, net="5.00")),
        taxes=(tax(base="-25.00", amount="-5.25"),),
    )


def business() -> Sheet:
    """A firm, which the network of e-invoices can reach."""
    plain = sheet()
    buyer = replace(
        plain.buyer,
        kind=CustomerKind.BUSINESS,
        name='SIA "Ēka & Co" <īpašais>',
        registration_number="40003521600",
        vat_number="LV40003521600",
    )
    return replace(plain, buyer=buyer)


def named(name: str) -> Sheet:
    """A customer of that name, at an address of that name."""
    plain = sheet()
    return replace(
        plain, buyer=replace(plain.buyer, name=name, address=name), supply_address=name, notes=(words(name),)
    )


def interest_note() -> Sheet:
    """Interest of 0.88 over March and 0.30 over ten days of it, on invoices of which no bill follows; no tax."""
    grown = line(1, net="0.88", rate="0.0000", quantity=D("0.88"), unit="EUR", unit_price=D(1), price_unit="EUR/EUR")
    lines = (
        replace(grown, explanation="E-000005: 0.88 EUR x 1 EUR/EUR", label=words("Procenti")),
        replace(grown, position=2, period_to=date(2023, 3, 11), net=D("0.30"), quantity=D("0.30")),
    )
    return sheet(
        kind=InvoiceKind.INTEREST,
        period_from=date(2023, 4, 10),
        period_to=date(2023, 4, 11),
        lines=lines,
        taxes=(tax(base="1.18", amount="0.00", rate="0.0000"),),
        net=D("1.18"),
        tax=D("0.00"),
        total=D("1.18"),
        supply_points=(),
        charts=(),
        notes=(),
    )


def reminded() -> Sheet:
    """Interest of 0.88 without tax, and a reminder whose printed 0.06 contain 21 % of tax: 0.05 and 0.01 of tax."""
    plain = interest_note()
    text = line(2, net="0.05", label=words("Īsziņa"), unit="pcs", unit_price=D("0.04958678"), price_unit="EUR/pcs")
    return replace(
        plain,
        lines=(plain.lines[0], replace(text, explanation="E-000005: 1 pcs x 0.06 EUR/pcs / 1.21")),
        taxes=(
            tax(base="0.88", amount="0.00", rate="0.0000"),
            tax(base="0.05", amount="0.01"),
        ),
        net=D("0.93"),
        tax=D("0.01"),
        total=D("0.94"),
    )


def with_interest(amount: str = "1.18") -> Sheet:
    """A bill of 20.00 and 4.20 tax that also charges interest, without tax, or takes some off."""
    plain = sheet()
    interest = line(len(plain.lines) + 1, net=amount, rate="0.0000", label=words("Procenti"))
    return replace(
        plain,
        lines=(*plain.lines, interest),
        taxes=(tax(base=amount, amount="0.00", rate="0.0000"), *plain.taxes),
        net=plain.net + interest.net,
        total=plain.total + interest.net,
    )


def two_places() -> Sheet:
    """A home and a cottage on one contract: energy for both of 15.00, and a network fee of 2.50 at each."""
    counted = MeterUse(
        serial="EL-1", first=D(500), last=D(560), quantity=D(60), unit="kWh", is_estimated=False,
        source="meter EL-1: 500 to 560", place="P1",
    )  # fmt: skip
    cottage = replace(counted, serial="EL-2", first=D(0), last=D(40), quantity=D(40), place="P2")
    lines = (
        replace(ENERGY, meters=(counted, cottage), quality=LineQuality.ACTUAL),
        line(2, net="2.50", label=words("Tīkls"), place="P1", meters=(counted,)),
        line(3, net="2.50", label=words("Tīkls"), place="P2"),
    )
    places = (
        SheetPlace(identifier="P1", address="Čiekuru iela 5-3, Jelgava, LV-3002"),
        SheetPlace(identifier="P2", address="Ežmalas, Ozolnieki, LV-3018"),
    )
    return sheet(lines=lines, places=places, supply_points=("P1", "P2"))
