"""The answers of Sadales tīkls, as its guide and its users show them."""

import io
from decimal import Decimal as D

import pytest
from mains_server.intervals.json_stream import JsonStream
from mains_server.intervals.rules import FileRefused
from mains_server.intervals.sadales_tikls import read_objects, read_usage

from tests.server.intervals.conftest import written

VALUES = [
    {"cDt": "2020-11-11T01:00:00.000+02:00", "cVR": D("1.5"), "cVV": D("1.25"), "cVRSt": "D"},
    {"cDt": "2020-11-12T00:00:00.000+02:00", "cVR": D("0.5")},
]


def consumption(document):
    return list(read_usage(JsonStream(io.BytesIO(written(document))), time_zone="Europe/Riga"))


def objects(*addresses):
    listed = [
        {
            "oEIC": f"43Z-{at}",
            "oName": "x",
            "oStatus": "A",
            "oAddr": address,
            "mpList": [{"mList": [{"mNr": f"M{at}"}]}],
        }
        for at, address in enumerate(addresses)
    ]
    return read_objects(JsonStream(io.BytesIO(written({"cEIC": "12X", "oList": listed}))))


def test_a_meter_has_its_values_with_what_is_billed_and_why():
    (meter,) = consumption([{"mpNr": "3", "mList": [{"mNr": "M-1", "cList": VALUES}]}])

    assert (meter.point, meter.serial, meter.are_starts, meter.row) == (None, "M-1", False, 1)
    assert [(value.at, value.value, value.mask, value.row) for value in meter.values] == [
        (1605049200, D("1.25"), 2, 1),
        (1605132000, D("0.5"), 0, 2),
    ]


@pytest.mark.parametrize(
    "document",
    [
        [{"oEIC": "43Z-1", "mpNr": "3", "mList": [{"mNr": 17, "cList": VALUES}]}],
        [{"mList": [{"cList": VALUES, "mNr": "17"}], "mpNr": "3", "oEIC": "43Z-1"}],
        {"oEIC": "43Z-1", "mpList": [{"mpNr": "3", "mList": [{"mNr": "17", "cList": VALUES}]}]},
    ],
)
def test_the_object_may_stand_beside_or_around_and_names_have_no_order(document):
    (meter,) = consumption(document)

    assert (meter.point, meter.serial, len(meter.values)) == ("43Z-1", "17", 2)


def test_an_address_may_be_an_object_or_a_text():
    assert objects("Brīvības iela 1, Rīga", {"country": "LV", "street": "Brīvības iela"}) == {
        "M0": "43Z-0",
        "M1": "43Z-1",
    }


def test_an_object_without_meters_says_nothing():
    listed = {"oList": [{"oEIC": "43Z-1", "oAddr": "x", "mpList": []}]}

    assert read_objects(JsonStream(io.BytesIO(written(listed)))) == {}


@pytest.mark.parametrize(
    "listed", [{"oList": 5}, {"oList": [{"oEIC": 5.5}]}, {"oList": [{"oEIC": "1", "mpList": {}}]}, []]
)
def test_a_list_of_another_shape_is_refused(listed):
    with pytest.raises(FileRefused):
        read_objects(JsonStream(io.BytesIO(written(listed))))


def test_more_than_a_year_of_quarters_is_refused(monkeypatch):
    monkeypatch.setattr("mains_server.intervals.sadales_tikls.VALUES_OF_METER_MAX", 1)

    with pytest.raises(FileRefused):
        consumption([{"mpNr": "3", "mList": [{"mNr": "M-1", "cList": VALUES}]}])
