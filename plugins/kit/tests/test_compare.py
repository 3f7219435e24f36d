"""Every figure that differs is named with the key that expects it, and by how much."""

import pytest
from mains_kit import differences, rate_golden

DIFFERENT = [
    ((('tax = "4.18"', 'tax = "4.17"'),), ["expect: bill tax: expected 4.17, got 4.18 (+0.01)"]),
    (
        (('net = "8.40"', 'net = "8.50"'),),
        ["expect.line[1]: line `water` net: expected 8.50, got 8.40 (-0.10)"],
    ),
    ((('quantity = "7"', 'quantity = "8"'),), ["expect.line[1]: line `water` quantity: expected 8, got 7 (-1)"]),
    ((('price = "1.20"', 'price = "1.2"'),), []),
    ((('price = "1.20"', 'price = "1.25"'),), ["expect.line[1]: line `water` price: expected 1.25, got 1.20 (-0.05)"]),
    ((('unit = "m3"', 'unit = "kWh"'),), ["expect.line[1]: line `water` unit: expected kWh, got m3"]),
    (
        (('[[expect.line]]\ncode = "fixed"\nnet = "2.07"\n', ""),),
        ["expect: line `fixed` 2024-01-01 to 2024-02-01: expected no such line, got net 2.07 (+2.07)"],
    ),
    (
        (('code = "fixed"', 'code = "fixed"\nfrom = 2024-01-15'),),
        [
            "expect.line[3]: line `fixed` from 2024-01-15: expected a line, got none",
            "expect: line `fixed` 2024-01-01 to 2024-02-01: expected no such line, got net 2.07 (+2.07)",
        ],
    ),
    (
        (('printed = "4.18"', 'printed = "4.19"'),),
        ["expect.step[1]: step 'VAT on the whole bill' = net() * 0.21: expected 4.19, got 4.18 (-0.01)"],
    ),
    ((('printed = "4.18"', 'printed = "4.19"\nvalue = "4.18"\nremark = "a slip"'),), []),
    (
        (("[expect]", '[expect]\ncurrency = "SEK"'),),
        ["expect: currency: expected SEK, got EUR"],
    ),
]


@pytest.mark.parametrize(("changes", "found"), DIFFERENT, ids=[row[0][0][1].split("\n")[0] for row in DIFFERENT])
def test_difference_is_named(bill_of, adapter, changes, found):
    golden = bill_of(*changes)

    bill = rate_golden(golden=golden, adapter=adapter)

    assert [str(difference) for difference in differences(golden=golden, bill=bill)] == found


def test_tax_group_is_compared(bill_of, adapter):
    golden = bill_of(
        extra='\n[[expect.tax_group]]\ncode = "standard"\nrate = "0.21"\nnet = "19.92"\ntax = "4.20"\n'
        '\n[[expect.tax_group]]\ncode = "reduced"\nrate = "0.12"\n'
    )

    bill = rate_golden(golden=golden, adapter=adapter)

    assert [str(difference) for difference in differences(golden=golden, bill=bill)] == [
        "expect.tax_group[1]: tax standard at 0.21 tax: expected 4.20, got 4.18 (-0.02)",
        "expect.tax_group[2]: tax reduced at 0.12: expected a tax group, got none",
    ]
