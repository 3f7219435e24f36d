"""Adapters are listed with their state, and their codes have words."""

from mains_server.adapters.queries import label, labels_of, list_adapters
from mains_spi import Labels


def test_all_adapters_are_listed_also_those_set_aside(water, host_of):
    old = type("Old", (water,), {"spi_major": 0, "code": "old"})

    listed = list_adapters(host_of(old(), water()))

    assert [(adapter.code, adapter.is_active) for adapter in listed] == [("old", False), ("water", True)]


def test_labels_are_found_by_adapter_and_code(water, host_of):
    words = labels_of(host_of(water()))

    assert words == {
        ("water", "water"): Labels("Ūdens", "Water", "Вода"),
        ("water", "tap"): Labels("Krāns", "Tap", "Кран"),
    }


def test_a_label_is_said_in_the_language_or_in_english_or_as_its_code(water, host_of):
    words = labels_of(host_of(water()))

    assert label(words, adapter="water", code="tap", language="lv") == "Krāns"
    assert label(words, adapter="water", code="tap", language="de") == "Tap"
    assert label(words, adapter="water", code="well", language="lv") == "well"
