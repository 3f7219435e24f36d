"""A golden bill that names what the adapter does not declare is refused, with a suggestion."""

import pytest
from mains_kit import rate_golden
from mains_kit.errors import BillHeld, PriceMissing, TermUnknown, UnitsDiffer

MEMBERS = '\n[building]\nid = "house"\n[[member]]\nid = "flat"\nusage = { hot_water = "1 m3" }\n'
REFUSED = [
    ((('utility = "example_cold_water"', 'utility = "water"'),), "", TermUnknown, "bill.utility: 'water' is not"),
    (
        (('product = "cold_water"', 'product = "warm_water"'),),
        "",
        TermUnknown,
        "bill.product: there is no product 'warm_water'. Did you mean 'cold_water'?",
    ),
    (
        (('cold_water = "7 m3"', 'cold_watter = "7 m3"'),),
        "",
        TermUnknown,
        "line 29: usage.cold_watter: there is no quantity 'cold_watter'. Did you mean 'cold_water'?",
    ),
    (
        (('cold_water = "7 m3"', 'cold_water = "7000 litre"'),),
        "",
        UnitsDiffer,
        "line 29: usage.cold_water: 'cold_water' is in litre, but the utility counts it in m3. Give it in m3.",
    ),
    (
        (("rows = { water", "rows = { watr"),),
        "",
        TermUnknown,
        "price[1].rows.watr: there is no price 'watr' in list 'water'. Did you mean 'water'?",
    ),
    (
        ((', fixed = "24.40 EUR/year"', ""),),
        "",
        PriceMissing,
        "price: these prices do not go with the tariff 'water'. fixed: version water 2024-01-01 of `water` has no row "
        "`fixed`: add it.",
    ),
    (
        (('"1.35 EUR/m3"', '"1.35 EUR/kWh"'),),
        "",
        UnitsDiffer,
        "sewage: price `water.sewage` of water 2024-01-01 is in EUR/kWh but the tariff says EUR/m3",
    ),
    ((('list = "water"', 'list = "watr"'),), "", TermUnknown, "price[1].list: there is no price list 'watr'"),
    ((('code = "standard"', 'code = "standart"'),), "", TermUnknown, "tax[1].code: there is no tax 'standart'"),
    (
        (('code = "sewage"', 'code = "sewerage"'),),
        "",
        TermUnknown,
        "expect.line[2].code: there is no charge 'sewerage'",
    ),
    ((), '\n[attributes]\nseasn = "x"\n', TermUnknown, "attributes.seasn: there is no attribute 'seasn'"),
    ((), MEMBERS, TermUnknown, "member[1].usage.hot_water: there is no quantity 'hot_water'"),
    (
        (("from = 2024-01-01\n", "from = 2024-01-15\n"),),
        "",
        BillHeld,
        "bill: it cannot be worked out",
    ),
]


@pytest.mark.parametrize(("changes", "extra", "kind", "words"), REFUSED, ids=[row[3][:40] for row in REFUSED])
def test_bill_that_does_not_fit_is_refused(bill_of, adapter, changes, extra, kind, words):
    golden = bill_of(*changes, extra=extra)

    with pytest.raises(kind) as refusal:
        rate_golden(golden=golden, adapter=adapter)

    assert words in str(refusal.value)
