"""What a golden bill expects is read, and a slip of the publisher needs a reason."""

from datetime import date
from decimal import Decimal

import pytest
from mains_kit import golden_files
from mains_kit.errors import KeyMissing, ValueUnreadable
from mains_spi import Rounding

STEP = '\n[[expect.step]]\nname = "rest"\nformula = "net()"\nprinted = "19.93"\n'


def test_bill_is_read(bill_of):
    golden = bill_of()

    assert (golden.title, golden.utility, golden.product) == (
        "A flat, 7 m3 in January 2024",
        "example_cold_water",
        "cold_water",
    )
    assert golden.on == date(2024, 1, 1)
    assert golden.rounding is None
    assert golden.expected.sums.total == Decimal("24.10")
    assert [(line.code, line.net) for line in golden.expected.lines] == [
        ("water", Decimal("8.40")),
        ("sewage", Decimal("9.45")),
        ("fixed", Decimal("2.07")),
    ]
    assert golden.expected.all_lines


def test_lines_are_complete_unless_said_otherwise(bill_of):
    assert not bill_of(("[expect]", '[expect]\nlines = "some"')).expected.all_lines
    assert not bill_of(name="nothing_used").expected.all_lines


def test_rounding_replaces_only_what_is_given(bill_of):
    text = '\n[rounding]\nname = "publisher"\ntax = "per_unit"\ntax_places = "5"\n'

    assert bill_of(extra=text).rounding == Rounding("publisher", tax="per_unit", tax_places=5)
    assert bill_of(extra='\n[rounding]\nname = "end"\nline = "none"\ntax = "end"\n').rounding == Rounding(
        "end", line=None, tax="end"
    )


def test_slip_of_the_publisher_needs_a_remark(bill_of):
    with pytest.raises(KeyMissing, match=r"expect\.step\[2\]\.remark"):
        bill_of(extra=f'{STEP}value = "19.92"\n')
    with pytest.raises(KeyMissing, match=r"expect\.line\[1\]\.remark"):
        bill_of(('net = "8.40"', 'net = "8.40"\nprinted = "8.41"'))


def test_slip_that_is_none_is_refused(bill_of):
    with pytest.raises(ValueUnreadable, match=r"expect\.step\[2\]\.value: it is the figure printed"):
        bill_of(extra=f'{STEP}value = "19.930"\nremark = "why"\n')


def test_bill_that_expects_nothing_is_refused(bill_of):
    with pytest.raises(KeyMissing, match=r"expect\.total: nothing is expected"):
        bill_of(('net = "1.87"\ntax = "0.39"\ntotal = "2.26"\n', ""), name="nothing_used")


def test_golden_files_are_found_in_folders_inside(tmp_path):
    for name in ("b.toml", "a/c.toml", "a/readme.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    assert [file.name for file in golden_files(tmp_path)] == ["c.toml", "b.toml"]
