"""Clean books give no finding, and each planted defect is named by its check."""

from datetime import date
from decimal import Decimal

import pytest
import pytest_asyncio
from mains_server.books.queries import CHECKS, check_books, run_check
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.records import CreditRequest
from mains_server.payments.operations import credit_invoice, receive_payment
from mains_server.payments.prepaid import take_over
from mains_server.payments.records import PaymentMethod, PaymentRequest, ReturnKind, ReturnRequest
from mains_server.payments.returning import confirm_refund, reserve_refund
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.server.books.bank_defects import BANK_DEFECTS, banked
from tests.server.books.giving_defects import GIVING_DEFECTS, give_below_nothing
from tests.server.books.settlement_defects import CORRECT, SETTLEMENT_DEFECTS

pytestmark = pytest.mark.asyncio

RUN = """
insert into billing_run (id, adapter, period_from, period_to, issued_on, status, started_at)
values ({0}, 'test_heat', date '2024-0{0}-01', date '2024-0{1}-01', date '2024-0{1}-01', 'DONE', now())
"""
CHUNK = """
insert into billing_chunk (id, run_id, contract_ids, status, invoiced, held, done_at)
select {0}, {0}, array_agg(id), 'DONE', {1}, {2}, now() from contract
"""
HOLD = """
insert into billing_hold (customer_id, run_id, contract_id, code, reason, held_at)
select customer_id, 2, id, 'no_reading', 'no reading', now() from contract where number = 'K-2'
"""
OF_T1 = "(select id from invoice where document_number = 'T-000001')"
OF_T2 = "(select id from invoice where document_number = 'T-000002')"
LATE_CORRECTION = f"""
insert into correction_due (customer_id, contract_id, invoice_id, reading_id, day, noted_at)
select customer_id, contract_id, id, 1, date '2024-03-01', now() from invoice where id = {OF_T2}
"""
OF_NOTE = "(select id from invoice where document_number = 'T-000004')"
OF_K3 = "(select id from contract where number = 'K-3')"
ENTRY = "(select min(id) from ledger_entry where account = 'tax:vat')"


@pytest_asyncio.fixture
async def books(utility):
    """T-000001 and 2 of January, T-000003 of February; T-000001 is credited by T-000004 and replaced by T-000005."""
    first, second = await utility.customer("C-1"), await utility.customer("C-2")
    contract, held = await utility.contract(first, "K-1"), await utility.contract(second, "K-2")
    wrong = await utility.invoice(first, contract, nets=("10.02", "20.03"), support="5.00")
    await utility.invoice(second, held, nets=("50.00",))
    await utility.invoice(first, contract, month=2, nets=("40.00", "0.00"))
    await utility.plant(
        *(RUN.format(month, month + 1) for month in (1, 2)),
        CHUNK.format(1, 2, 0),
        CHUNK.format(2, 1, 1),
        HOLD,
        "update invoice set run_id = extract(month from period_from)",
    )
    request = PaymentRequest(
        customer_id=first,
        amount=Decimal("60.00"),
        currency="EUR",
        method=PaymentMethod.CARD,
        received_on=date(2024, 2, 9),
        reference="",
        idempotency_key="k1",
    )
    async with unit_of_work(utility.engine) as session:
        await receive_payment(session, request=request, now=utility.now)
    credit = CreditRequest(document_number=wrong.document_number, issued_on=date(2024, 2, 10))
    async with unit_of_work(utility.engine) as session:
        await credit_invoice(session, request=credit, now=utility.now)
    await utility.invoice(first, contract, nets=("30.00",), revision=1)
    await levelled(utility)
    await give_below_nothing(utility)
    await gone_back(utility)
    await banked(utility)
    return utility


async def gone_back(utility):
    """Of 50.00 that customer C-5 paid for nothing, 30.00 are refunded: 20.00 have arrived, 10.00 are on their way."""
    request = PaymentRequest(
        customer_id=await utility.customer("C-5"),
        amount=Decimal("50.00"),
        currency="EUR",
        method=PaymentMethod.CARD,
        received_on=date(2024, 2, 9),
        reference="",
        idempotency_key="k5",
        provider="sandbox",
    )
    async with unit_of_work(utility.engine) as session:
        payment = await receive_payment(session, request=request, now=utility.now)
        returned = [
            await reserve_refund(session, request=_refund(payment.id, amount), now=utility.now)
            for amount in ("10.00", "20.00")
        ]
        await confirm_refund(session, returned=returned[1], on=date(2024, 2, 10), now=utility.now)


def _refund(payment_id, amount):
    return ReturnRequest(
        payment_id=payment_id, kind=ReturnKind.REFUND, reason="twice", key=amount, amount=Decimal(amount)
    )


async def levelled(utility):
    """Two levelled contracts of customer C-3: of K-3 20.00 are prepaid, of K-4 21.00 deferred (121.00 used)."""
    third = await utility.customer("C-3")
    contracts = [await utility.contract(third, number) for number in ("K-3", "K-4")]
    for number, amount, contract in zip(("K-3", "K-4"), ("20.00", "100.00"), contracts, strict=True):
        await utility.run("update contract set settlement = 'LEVELLED' where id = :id", id=contract)
        request = PaymentRequest(
            customer_id=third,
            amount=Decimal(amount),
            currency="EUR",
            method=PaymentMethod.CARD,
            received_on=date(2024, 2, 9),
            reference="",
            idempotency_key=number,
            contract_number=number,
        )
        async with unit_of_work(utility.engine) as session:
            await receive_payment(session, request=request, now=utility.now)
    invoice = await utility.invoice(third, contracts[1])
    async with unit_of_work(utility.engine) as session:
        await take_over(session, document_number=invoice.document_number, now=utility.now)


async def test_clean_books_give_no_finding(books):
    async with read_session(books.engine) as session:
        report = await check_books(session)

    assert report.findings == ()
    assert report.count == 0
    assert len(report.results) == len(CHECKS) == len({check.name for check in CHECKS})


async def test_empty_books_give_no_finding(utility):
    async with read_session(utility.engine) as session:
        assert (await check_books(session)).count == 0


PLANTED_FEE = (
    "insert into contract_fee (id, customer_id, contract_id, code, quantity, unit, day, reason, source, key, noted_at)"
    " select 7, customer_id, id, 'sms', 1, 'pcs', '2024-02-05', 'reminder', 'test', 'k', '2000-01-01'"
    " from contract where number = 'K-1'"
)

INTEREST = (
    "insert into interest_charge (id, customer_id, contract_id, invoice_id, number, until, amount, currency, fee_key,"
    " made_at) select 1, customer_id, contract_id, id, 1, '2024-04-01', {0}, 'EUR', 'k', now()"
    f" from invoice where id = {OF_T1}"
)

CAPTURED = """
insert into payment_intent (id, customer_id, person_id, amount, currency, provider, pays_by, reference, status,
    language, payee, shown_reference, payment_id, captured_amount, created_at, changed_at, checks)
select 7, customer_id, 1, 50, 'EUR', 'sandbox', 'CARD', 'mains-7', 'CAPTURED', 'lv', 'us', 'RF', id, {0}, now(),
    now(), 0 from payment where provider is not null
"""
REFUNDED = """
insert into payment_refund (id, customer_id, payment_id, intent_id, return_id, amount, currency, reason, reference,
    status, requested_by_person_id, requested_at, changed_at, checks)
select 8, customer_id, payment_id, 7, id, {0}, 'EUR', '?', 'mains-refund-8', '{1}', 1, now(), now(), 0
from payment_return where amount = 10
"""

DEFECTS = [
    ("interest-has-fee", "interest charge 1", INTEREST.format("1.00")),
    ("interest-has-fee", "interest charge 1", PLANTED_FEE, INTEREST.format("-1.01")),
    ("transactions-balance", "in EUR", f"update ledger_entry set amount = amount + 0.01 where id = {ENTRY}"),
    ("transactions-balance", "in SEK", f"update ledger_entry set currency = 'SEK' where id = {ENTRY}"),
    (
        "transactions-have-entries",
        "(payment:",
        "delete from ledger_entry e using ledger_transaction t where t.id = e.transaction_id and t.kind = 'PAYMENT'",
    ),
    ("entries-have-transaction", "ledger entry", "delete from ledger_transaction where kind = 'PAYMENT'"),
    ("entries-have-transaction", "ledger entry", f"update ledger_entry set customer_id = 99 where id = {ENTRY}"),
    ("bookings-have-document", "(invoice:", f"delete from invoice where id = {OF_T2}"),
    ("bookings-have-document", "(credit_note:", f"delete from invoice where id = {OF_NOTE}"),
    ("bookings-have-document", "(payment:", "delete from payment"),
    ("invoices-booked-once", "T-000002", f"delete from ledger_transaction where document_id = {OF_T2}"),
    (
        "invoices-booked-once",
        "T-000002",
        "insert into ledger_transaction (customer_id, key, kind, document_id, effective_on, booked_at)"
        f" select customer_id, 'again', kind, document_id, effective_on, now() from ledger_transaction"
        f" where document_id = {OF_T2} and kind = 'INVOICE'",
    ),
    ("invoices-booked-right", "T-000002", f"update invoice set net = 49.99, tax = 10.51 where id = {OF_T2}"),
    (
        "invoices-booked-right",
        "T-000002",
        "update ledger_entry set account = 'tax:vat' where account = 'revenue:energy' and transaction_id ="
        f" (select id from ledger_transaction where kind = 'INVOICE' and document_id = {OF_T2})",
    ),
    ("payments-booked-once", "payment", "delete from ledger_transaction where kind = 'PAYMENT'"),
    ("payments-booked-once", "payment", "update payment set amount = 61.00"),
    (
        "balances-agree",
        "customer C-2",
        "delete from ledger_entry where account = 'receivable'"
        " and customer_id = (select id from customer where number = 'C-2')",
    ),
    ("balances-agree", "customer C-1", "update payment set amount = 61.00"),
    ("invoice-totals", "T-000002", f"update invoice set total = total + 1 where id = {OF_T2}"),
    ("invoice-nets", "T-000002", f"update invoice_line set net = net - 0.01 where invoice_id = {OF_T2}"),
    ("invoice-nets", "T-000002", f"delete from invoice_line where invoice_id = {OF_T2}"),
    ("invoice-nets", "T-000001", f"update invoice_line set is_after_tax = false where invoice_id = {OF_T1}"),
    ("invoice-taxes", "T-000002", f"update invoice_tax set tax = tax - 0.01 where invoice_id = {OF_T2}"),
    ("invoice-taxes", "T-000002", f"delete from invoice_tax where invoice_id = {OF_T2}"),
    ("tax-bases", "vat 0.2100", f"update invoice_tax set base = base - 0.01 where invoice_id = {OF_T2}"),
    ("tax-bases", "vat 0.1200", f"update invoice_line set tax_rate = 0.12 where invoice_id = {OF_T2}"),
    (
        "tax-bases",
        "vat 0.2100",
        "insert into invoice_tax (customer_id, invoice_id, contract_id, tax_code, rate, currency, base, tax)"
        " select customer_id, invoice_id, contract_id, tax_code, rate, currency, 0, 0 from invoice_tax"
        f" where invoice_id = {OF_T2}",
    ),
    ("tax-amounts", "T-000002 vat 0.2100", f"update invoice_tax set tax = 10.51 where invoice_id = {OF_T2}"),
    ("lines-have-invoice", "line", f"delete from invoice where id = {OF_T2}"),
    ("lines-have-invoice", "tax", f"update invoice_tax set currency = 'SEK' where invoice_id = {OF_T2}"),
    ("lines-have-invoice", "line", f"update invoice_line set customer_id = 99 where invoice_id = {OF_T2}"),
    ("numbers-gapless", "series T", f"delete from invoice where id = {OF_T2}"),
    ("numbers-gapless", "series T", "update invoice set number = 1 where number = 2"),
    ("numbers-gapless", "series T", "update invoice_series set last_number = 7"),
    ("numbers-gapless", "series T", "update invoice_series set last_number = 4"),
    ("document-numbers", "invoice", f"update invoice set document_number = 'T-2' where id = {OF_T2}"),
    ("credit-notes", "T-000004", f"update invoice set total = total + 1 where id = {OF_NOTE}"),
    ("credit-notes", "T-000004", f"update invoice set corrects_invoice_id = null where id = {OF_NOTE}"),
    (
        "credit-notes",
        "T-000005",
        "drop index invoice_credited_once",
        f"update invoice set kind = 'CREDIT', revision = 9, corrects_invoice_id = {OF_T1} where number = 5",
    ),
    ("replacements-follow-credits", "T-000005", f"update invoice set corrects_invoice_id = {OF_T2} where number = 5"),
    (
        "replacements-follow-credits",
        "T-000003",
        f"update invoice set corrects_invoice_id = {OF_T1}, revision = 1 where number in (3, 5)",
    ),
    ("replacements-follow-credits", "T-000003", "update invoice set corrects_invoice_id = 99 where number = 3"),
    ("amounts-sane", "T-000001", "update invoice set support = -support where document_number = 'T-000001'"),
    ("credit-notes", "T-000004", f"update invoice set total = -total where id = {OF_NOTE}"),
    ("amounts-sane", "T-000002", f"update invoice set due_on = issued_on - 1 where id = {OF_T2}"),
    ("amounts-sane", "T-000002", f"update invoice set period_to = period_from where id = {OF_T2}"),
    ("payments-not-exceeded", "payment", "update payment set amount = 48.39"),
    ("payments-not-exceeded", "payment", "update payment_allocation set amount = -amount"),
    ("invoices-not-exceeded", "T-000003", "update invoice set total = 48.39 where document_number = 'T-000003'"),
    ("invoices-not-exceeded", "T-000001", "delete from payment_allocation where amount < 0"),
    ("allocations-have-both", "allocation", "delete from payment"),
    ("allocations-have-both", "allocation", "delete from invoice where document_number = 'T-000003'"),
    ("allocations-have-both", "allocation", "update payment set currency = 'SEK'"),
    (
        "payments-positive",
        "payment",
        "alter table payment drop constraint payment_positive",
        "update payment set amount = 0",
    ),
    ("payments-not-exceeded", "payment", "update payment_return set amount = 41 where amount = 20"),
    ("payments-not-exceeded", "payment", "update payment_return set amount = -amount"),
    ("bookings-have-document", "(payment_return:", "delete from payment_return where amount = 10"),
    ("bookings-have-document", "(refund_sent:", "delete from payment_return where amount = 20"),
    ("balances-agree", "customer C-5", "update payment_return set amount = 11 where amount = 10"),
    ("returns-booked-once", "return", "delete from ledger_transaction where kind = 'PAYMENT_RETURN'"),
    ("returns-booked-once", "return", "update payment_return set amount = 11 where amount = 10"),
    ("returns-booked-once", "return", "delete from payment where provider is not null"),
    (
        "money-lies-where-it-came",
        "account clearing:sandbox",
        "update ledger_entry set account = 'bank:card' where account = 'clearing:sandbox' and amount < 0",
    ),
    ("captures-are-payments", "intent 7 mains-7", CAPTURED.format("49.00")),
    ("captures-are-payments", "payment", "update payment set idempotency_key = 'intent:x' where provider is not null"),
    ("refunds-are-returns", "refund 8 mains-refund-8", CAPTURED.format("50.00"), REFUNDED.format("10.00", "REFUNDED")),
    ("refunds-are-returns", "refund 8 mains-refund-8", CAPTURED.format("50.00"), REFUNDED.format("9.00", "REQUESTED")),
    ("refunds-are-returns", "refund 8 mains-refund-8", CAPTURED.format("50.00"), REFUNDED.format("10.00", "FAILED")),
    ("refunds-on-their-way", "refunds in EUR", "update ledger_entry set account = 'prepaid' where account = 'refunds'"),
    (
        "money-lies-where-it-came",
        "account bank:card",
        "update payment set method = 'CASH' where provider is null and method <> 'INVOICE'",
    ),
    ("billed-once", "contract K-1", "update invoice set period_from = '2024-01-31' where number = 3"),
    ("billed-once", "contract K-1", f"update invoice set kind = 'FINAL' where id = {OF_NOTE}"),
    ("billed-without-hole", "contract K-2", "delete from billing_hold"),
    ("billed-without-hole", "contract K-2", "update billing_hold set released_at = now()"),
    ("billed-without-hole", "contract K-1", "update invoice set period_from = '2024-02-02' where number = 3"),
    ("billed-without-hole", "contract K-1", "delete from invoice where number = 5"),
    ("billed-in-force", "T-000003", "update contract set ends = '2024-02-15' where number = 'K-1'"),
    ("billed-in-force", "T-000002", "delete from contract where number = 'K-2'"),
    ("fees-billed-once", "fee 7 (sms", PLANTED_FEE),
    ("fees-billed-once", "fee 7 (sms", PLANTED_FEE, f"update contract_fee set invoice_id = {OF_T2}"),
    ("corrections-have-invoice", "correction due 1", "set local session_replication_role = replica", LATE_CORRECTION),
    ("chunks-complete", "run 1 chunk 1 contract K-2", f"delete from invoice where id = {OF_T2}"),
    ("chunks-complete", "run 2 chunk 2 contract K-2", "delete from billing_hold"),
    ("chunks-counted", "run 2 test_heat", "update billing_chunk set invoiced = 2"),
    ("chunks-counted", "run 1 test_heat", f"delete from invoice where id = {OF_T2}"),
    ("bookings-have-document", "(prepayment:", "delete from prepayment where amount = 20"),
    ("bookings-have-document", "(prepaid_use:", "delete from prepaid_use"),
    ("balances-agree", "customer C-3", "update prepayment set amount = 21 where amount = 20"),
    ("payments-not-exceeded", "payment", "update prepayment set amount = 21 where amount = 20"),
    ("invoices-not-exceeded", "T-000006", "update prepaid_use set amount = 121.01"),
    ("prepaid-agrees", "customer C-3", "update prepaid_use set amount = 120"),
    ("prepaid-agrees", "customer C-3", f"update prepayment set contract_id = {OF_K3} where amount = 100"),
    ("prepaid-agrees", "customer C-3", "update ledger_entry set account = 'prepaid' where account = 'deferred'"),
    ("prepaid-booked-once", "PREPAYMENT", "delete from ledger_transaction where kind = 'PREPAYMENT'"),
    ("prepaid-booked-once", "PREPAID_USE", "update prepaid_use set amount = 120"),
    ("prepaid-has-both", "prepayment", "update payment set currency = 'SEK' where amount = 20"),
    ("prepaid-has-both", "use", f"update prepaid_use set contract_id = {OF_K3}"),
    ("corrections-have-documents", "correction 1 of T-000003", CORRECT.format("REPLACED", "null")),
    ("corrections-have-documents", "correction 1 of T-000003", CORRECT.format("CREDITED", "null")),
    (
        "corrections-have-documents",
        "correction 1 of T-000003",
        CORRECT.format("UNCHANGED", "null"),
        f"update correction set credit_note_id = {OF_NOTE}",
    ),
    ("runs-finished", "run 2 test_heat", "update billing_chunk set status = 'WAITING' where id = 2"),
]


DEFECTS += BANK_DEFECTS + GIVING_DEFECTS + SETTLEMENT_DEFECTS


async def test_each_planted_defect_is_named(books, subtests):
    for name, document, *statements in DEFECTS:
        with subtests.test(check=name, defect=statements[0]):
            findings = await found_after(books, statements, name=name)

            assert any(document in finding.document for finding in findings), findings


async def found_after(books, statements, *, name):
    """Damage the books, check one claim, and mend the books again by not committing."""
    (check,) = (check for check in CHECKS if check.name == name)
    async with AsyncSession(books.engine) as session:
        await session.execute(text("set local session_replication_role = replica"))
        for statement in statements:
            await session.execute(text(statement))
        return (await run_check(session, check=check)).findings


async def test_every_check_has_a_planted_defect():
    assert {defect[0] for defect in DEFECTS} == {check.name for check in CHECKS}


async def test_a_finding_says_what_was_expected_and_what_was_found(books):
    defect = f"update invoice set total = total + 1 where id = {OF_T2}"

    (finding,) = await found_after(books, [defect], name="invoice-totals")

    assert (finding.document, finding.expected, finding.found) == ("T-000002", "60.50", "61.50")


async def test_many_findings_are_counted_but_not_all_listed(books):
    await books.plant("update invoice set total = total + 1")

    async with read_session(books.engine) as session:
        report = await check_books(session, listed_max=2)

    (totals,) = (result for result in report.results if result.name == "invoice-totals")
    assert (totals.count, len(totals.findings)) == (9, 2)
