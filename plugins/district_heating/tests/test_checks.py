"""Contracts that cannot be billed are refused in words."""

from __future__ import annotations

from datetime import date

import mains_district_heating
import pytest
from mains_spi import Attribute, ContractCheck


def problems(product: str, **attributes: str) -> list[str]:
    said = tuple(Attribute(name, value) for name, value in attributes.items())
    request = ContractCheck(product=product, on=date(2022, 3, 1), attributes=said)
    return [problem.code for problem in mains_district_heating.check_contract(request)]


@pytest.mark.parametrize("area", ["0", "-5", "abc", "NaN"])
def test_an_area_is_a_positive_number(area: str) -> None:
    assert problems("heat_flat", area=area) == ["area_unreadable"]


def test_a_house_needs_a_season() -> None:
    assert problems("heat_house") == ["season_missing"]
    assert problems("heat_house", season="winter") == []


def test_an_unknown_product_is_refused() -> None:
    assert problems("gas") == ["product_unknown"]
