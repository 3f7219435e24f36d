"""A utility is served by one adapter, or it is said why by none."""

import pytest
from mains_server.adapters.host import UnknownAdapter


def test_a_utility_is_found_by_its_code(water, host_of):
    assert host_of(water()).adapter("water").code == "water"


def test_a_utility_nobody_serves_is_told(water, host_of):
    with pytest.raises(UnknownAdapter, match="no adapter is installed for gas"):
        host_of(water()).adapter("gas")


def test_a_utility_whose_adapter_is_set_aside_is_told_with_the_reason(water, host_of):
    old = type("Old", (water,), {"spi_major": 0})

    with pytest.raises(UnknownAdapter, match="adapter water is set aside: speaks mains-spi 0, this server speaks 1"):
        host_of(old()).adapter("water")
