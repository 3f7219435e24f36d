"""An invoice over a home and a cottage says of each line, and of each meter, where it is."""

from dataclasses import replace
from datetime import date

import pytest
from mains_server.documents.operations import sheets_of_invoices
from mains_spi import hookimpl

pytestmark = pytest.mark.asyncio


async def test_each_charge_of_a_place_and_each_meter_has_its_place(town, bill, press, small):
    at_each = tuple(
        replace(part, each_place=True) if getattr(part, "code", "") == "network" else part
        for part in small.FIXED.components
    )

    class ByPlace(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def tariff(self, request):
            return replace(small.FIXED, components=at_each)

    home, cottage = town.point(amperes=16), town.point(amperes=20)
    town.contract(customer=town.customer(), points=(home, cottage))
    for point, used in ((home, "1100"), (cottage, "1040")):
        town.read(town.meter(point), (date(2023, 1, 1), "1000"), (date(2023, 2, 1), used))
    (invoice,) = bill(plugin=ByPlace())

    sheet = (await sheets_of_invoices(press(ByPlace()), invoice_ids=[invoice]))[invoice]

    assert [(one.identifier, one.address) for one in sheet.places] == [
        ("P00001", "Meža iela 1, Jelgava, LV-3001"),
        ("P00002", "Meža iela 2, Jelgava, LV-3001"),
    ]
    assert [(line.code, line.place) for line in sheet.lines] == [
        ("energy", ""), ("fee", ""), ("network", "P00001"), ("network", "P00002"), ("paper", ""),
    ]  # fmt: skip
    assert [(meter.serial, meter.place) for meter in sheet.meters] == [("M1", "P00001"), ("M2", "P00002")]


async def test_an_invoice_of_one_place_says_it_once(town, bill, press):
    town.household()
    (invoice,) = bill()

    sheet = (await sheets_of_invoices(press(), invoice_ids=[invoice]))[invoice]

    assert sheet.places == ()
    assert {line.place for line in sheet.lines} | {meter.place for meter in sheet.meters} == {""}
