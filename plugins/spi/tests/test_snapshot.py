from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from mains_spi import (
    Attribute,
    BadRecord,
    FactValue,
    Group,
    InexactNumber,
    Member,
    Occupant,
    Quality,
    Series,
    Used,
    When,
    request_from_json,
    request_to_json,
)
from mains_spi.prices import PriceRow, PriceVersion
from mains_spi.record import ALWAYS


@pytest.fixture
def whole_request(make):
    """A request in which every kind of record stands."""
    days = make.january
    version = PriceVersion(
        id="v1",
        list="dso",
        period=ALWAYS,
        rows=(
            PriceRow("fixed", Decimal("2.40"), "EUR/A/year", (When("amperes", above=16, upto=63),), Decimal("0.21")),
        ),
        known_from=date(2022, 12, 1),
        decision="1/16",
    )
    start = datetime(2022, 12, 31, 22, tzinfo=UTC)
    member = Member(
        "F1",
        (Attribute("area", Decimal("44.60"), unit="m2"),),
        (make.usage("dhw", "3.00", "m3", quality=Quality.ESTIMATED),),
        (Occupant("C7", days, (Attribute("kind", "private"),)),),
    )
    return make.request(
        prices=[version],
        usage=(make.usage("kwh", "100.500", "kWh", zone="day", place="P1", source="reading 7"),),
        attributes={"amperes": "25"},
        series=(Series("spot", "EUR/kWh", start, timedelta(minutes=15), (Decimal("-0.1"), None)),),
        facts=(FactValue("circulation_MWh", days, Decimal("6"), "MWh"),),
        used=(Used("kwh", "year", Decimal("900")),),
        group=Group("house", (), (make.usage("heat", "66.44", "MWh"),), (member,)),
        known_at=date(2023, 2, 1),
    )


def test_request_survives_json(whole_request):
    document = json.loads(json.dumps(request_to_json(whole_request)))

    rebuilt = request_from_json(document)

    assert rebuilt == whole_request
    assert request_to_json(rebuilt) == document
    assert document["usage"][0]["value"] == "100.500"


def test_float_in_json_is_refused(whole_request):
    document = request_to_json(whole_request)
    document["usage"][0]["value"] = 100.5

    with pytest.raises(InexactNumber, match=r"request.usage\[0\].value"):
        request_from_json(document)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "1e5000", "١٢", "1_000", " 1", "1." + "0" * 25])
def test_strange_numbers_in_json_are_refused(whole_request, word):
    document = request_to_json(whole_request)
    document["facts"][0]["value"] = word

    with pytest.raises(InexactNumber):
        request_from_json(document)


def test_unknown_field_and_version_are_refused(whole_request):
    document = request_to_json(whole_request)

    with pytest.raises(BadRecord, match="unknown field `colour`"):
        request_from_json({**document, "colour": "red"})
    with pytest.raises(BadRecord, match="version 2"):
        request_from_json({**document, "v": 2})


def test_missing_field_is_refused(whole_request):
    document = request_to_json(whole_request)
    del document["usage"][0]["unit"]

    with pytest.raises(BadRecord, match=r"request.usage\[0\]"):
        request_from_json(document)
