"""Damages of corrections and of what they put on other bills, that the checks of the books must name."""

OF_T1 = "(select id from invoice where document_number = 'T-000001')"
OF_T2 = "(select id from invoice where document_number = 'T-000002')"
CORRECT = """
insert into correction (id, customer_id, contract_id, invoice_id, reason, note, outcome, difference, currency,
    corrected_on, corrected_at, rating_group_id)
select 1, customer_id, contract_id, id, 'READING', 'read', '{0}', 0, 'EUR', now(), now(), {1} from invoice
where document_number = 'T-000003'
"""
DIFFER = """
insert into settlement_line (id, customer_id, contract_id, correction_id, invoice_id, position, adapter, code,
    period_from, period_to, tax_code, tax_rate, is_after_tax, currency, billed, due, net, booked_invoice_id)
select 1, customer_id, contract_id, 1, id, 1, 'test_heat', 'energy', period_from, period_to, 'vat', 0.21, false, 'EUR',
    {0}, {1}, {2}, {3} from invoice where document_number = 'T-000003'
"""
TAKE_OFF = """
insert into settlement_line (id, customer_id, contract_id, correction_id, invoice_id, position, adapter, code,
    period_from, period_to, tax_code, tax_rate, is_after_tax, currency, billed, due, net, takes_back_id)
select 2, customer_id, contract_id, correction_id, invoice_id, 2, adapter, code, period_from, period_to, tax_code,
    tax_rate, is_after_tax, currency, 1.00, 0, {0}, 1 from settlement_line
"""
WITHDRAW = "update settlement_line set withdrawn_by_id = 2"
AGAIN = """
insert into correction (id, customer_id, contract_id, invoice_id, reason, note, outcome, difference, currency,
    corrected_on, corrected_at)
select 2, customer_id, contract_id, invoice_id, reason, note, 'UNCHANGED', 0, currency, corrected_on, corrected_at
from correction
"""
WRITTEN = """
update invoice set inputs = '{"settles": [{"net": "1.00", "is_after_tax": false}]}'
where document_number = 'T-000003'
"""
HOUSE = """
insert into rating_group (id, run_id, adapter, building_id, period_from, period_to, inputs, net)
values (1, null, 'test_heat', 1, '2024-02-01', '2024-03-01', '{}', 41.00)
"""
SETTLEMENT_DEFECTS = [
    ("settlements-are-differences", "correction 1", DIFFER.format("40.00", "41.00", "2.00", "null")),
    ("settlements-are-differences", "correction 1", DIFFER.format("39.00", "41.00", "2.00", "null")),
    ("settlements-are-differences", "correction 1", DIFFER.format("40.00", "41.00", "1.00", "null"), WRITTEN),
    ("settlements-written", "T-000003", DIFFER.format("40.00", "41.00", "1.00", "id")),
    (
        "settlements-taken-off",
        "difference 2 of energy",
        CORRECT.format("REPLACED", "null"),
        DIFFER.format("40.00", "41.00", "1.00", OF_T2),
        TAKE_OFF.format("-2.00"),
    ),
    (
        "settlements-taken-off",
        "difference 2 of energy",
        CORRECT.format("NEXT_BILL", "null"),
        DIFFER.format("40.00", "41.00", "1.00", OF_T2),
        TAKE_OFF.format("-1.00"),
    ),
    (
        "settlements-taken-off",
        "difference 2 of energy",
        CORRECT.format("REPLACED", "null"),
        DIFFER.format("40.00", "41.00", "1.00", "null"),
        TAKE_OFF.format("-1.00"),
    ),
    (
        "settlements-withdrawn",
        "difference 1 of energy",
        CORRECT.format("NEXT_BILL", "null"),
        AGAIN,
        DIFFER.format("40.00", "41.00", "1.00", "id"),
        WITHDRAW,
    ),
    (
        "settlements-withdrawn",
        "difference 1 of energy",
        CORRECT.format("NEXT_BILL", "null"),
        DIFFER.format("40.00", "41.00", "1.00", "null"),
        WITHDRAW,
    ),
    (
        "settled-as-found",
        "T-000003",
        CORRECT.format("NEXT_BILL", "null"),
        AGAIN,
        DIFFER.format("40.00", "41.00", "1.00", "null"),
        WITHDRAW,
    ),
    (
        "settled-as-found",
        "T-000001",
        DIFFER.format("40.00", "41.00", "1.00", "null"),
        f"update settlement_line set invoice_id = {OF_T1}",
    ),
    ("settlements-on-bill", "difference 1", DIFFER.format("40.00", "41.00", "1.00", OF_T1)),
    ("settlements-on-bill", "difference 1", DIFFER.format("40.00", "41.00", "1.00", "99")),
    (
        "settlements-make-the-house",
        "question 1 of building 1",
        HOUSE,
        CORRECT.format("NEXT_BILL", "1"),
        DIFFER.format("40.00", "40.50", "0.50", "null"),
    ),
]
