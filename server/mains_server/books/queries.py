"""The invariants of the books, each one SELECT that must find nothing, and the run of them all."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.books.bank_checks import BANK_CHECKS
from mains_server.books.paying_checks import GIVING_CHECKS, PAYING_CHECKS
from mains_server.books.records import BooksReport, Check, CheckResult, Finding
from mains_server.books.settlement_checks import SETTLEMENT_CHECKS
from mains_server.books.statements import (
    BILLING_CHECKS,
    CORRECTION_CHECKS,
    DEBT_CHECKS,
    LEVELLED_CHECKS,
    PAYMENT_CHECKS,
)

FINDINGS_LISTED = 100
CORRECTIONS_DUE = "select count(*) from correction_due where settled_at is null"


async def check_books(session: AsyncSession, *, listed_max: int = FINDINGS_LISTED) -> BooksReport:
    """Run every check; give it a session that sees one moment of the database (`read_session`)."""
    return BooksReport(
        results=tuple([await run_check(session, check=check, listed_max=listed_max) for check in CHECKS]),
        corrections_due=await session.scalar(text(CORRECTIONS_DUE)) or 0,
    )


async def run_check(session: AsyncSession, *, check: Check, listed_max: int = FINDINGS_LISTED) -> CheckResult:
    """Run one check: count what breaks its claim and list the first findings."""
    listed = f"""
        select f.document::text, f.expected::text, f.found::text, count(*) over () as findings
        from ({check.statement}) f (document, expected, found) order by 1, 2, 3 limit {listed_max:d}
    """
    rows = list(await session.execute(text(listed)))
    findings = tuple(
        Finding(check=check.name, document=row.document, expected=row.expected or "", found=row.found or "nothing")
        for row in rows
    )
    return CheckResult(name=check.name, claim=check.claim, count=rows[0].findings if rows else 0, findings=findings)


LEDGER_CHECKS = (
    Check(
        name="transactions-balance",
        claim="Every ledger transaction sums to zero in each currency.",
        statement="""
            select 'ledger transaction ' || transaction_id || ' in ' || currency, 0.00, sum(amount)
            from ledger_entry group by customer_id, transaction_id, currency having sum(amount) <> 0
        """,
    ),
    Check(
        name="transactions-have-entries",
        claim="Every ledger transaction has entries.",
        statement="""
            select 'ledger transaction ' || t.id || ' (' || t.key || ')', 'entries', 'none' from ledger_transaction t
            where not exists (
                select from ledger_entry e where e.transaction_id = t.id and e.customer_id = t.customer_id
            )
        """,
    ),
    Check(
        name="entries-have-transaction",
        claim="Every ledger entry belongs to a transaction of its customer.",
        statement="""
            select 'ledger entry ' || e.id, 'ledger transaction ' || e.transaction_id, null from ledger_entry e
            where not exists (
                select from ledger_transaction t where t.id = e.transaction_id and t.customer_id = e.customer_id
            )
        """,
    ),
    Check(
        name="bookings-have-document",
        claim="Every booking of an invoice, credit note, payment, prepayment, use of it or return has that document.",
        statement="""
            select 'ledger transaction ' || t.id || ' (' || t.key || ')', lower(t.kind) || ' ' || t.document_id, null
            from ledger_transaction t
            left join invoice i on i.id = t.document_id and i.customer_id = t.customer_id
                and t.kind = case i.kind when 'CREDIT' then 'CREDIT_NOTE' else 'INVOICE' end
            left join payment p on p.id = t.document_id and p.customer_id = t.customer_id and t.kind = 'PAYMENT'
            left join prepayment h on h.id = t.document_id and h.customer_id = t.customer_id and t.kind = 'PREPAYMENT'
            left join prepaid_use u on u.id = t.document_id and u.customer_id = t.customer_id and t.kind = 'PREPAID_USE'
            left join payment_return r on r.id = t.document_id and r.customer_id = t.customer_id
                and t.kind in ('PAYMENT_RETURN', 'REFUND_SENT')
            where t.kind <> 'REVERSAL' and t.kind not like 'STATEMENT_%'
                and coalesce(i.id, p.id, h.id, u.id, r.id) is null
        """,
    ),
    Check(
        name="invoices-booked-once",
        claim="Every invoice and credit note has exactly one ledger transaction.",
        statement="""
            select i.document_number, '1 ledger transaction', count(t.id)
            from invoice i left join ledger_transaction t on t.document_id = i.id and t.customer_id = i.customer_id
                and t.kind = case i.kind when 'CREDIT' then 'CREDIT_NOTE' else 'INVOICE' end
            group by i.id, i.customer_id, i.document_number having count(t.id) <> 1
        """,
    ),
    Check(
        name="invoices-booked-right",
        claim="An invoice's booking is its total, net, tax and support, in its currency.",
        statement="""
            select i.document_number,
                concat_ws(' ', 'total', i.total, 'net', i.net, 'tax', i.tax, 'support', i.support),
                concat_ws(' ', 'total', b.total, 'net', b.net, 'tax', b.tax, 'support', b.support)
            from invoice i join (
                select t.customer_id, t.document_id, e.currency,
                    coalesce(sum(e.amount) filter (where e.account = 'receivable'), 0) as total,
                    coalesce(-sum(e.amount) filter (where e.account like 'revenue:%'), 0) as net,
                    coalesce(-sum(e.amount) filter (where e.account like 'tax:%'), 0) as tax,
                    coalesce(sum(e.amount) filter (where e.account like 'support:%'), 0) as support
                from ledger_transaction t
                join ledger_entry e on e.transaction_id = t.id and e.customer_id = t.customer_id
                where t.kind in ('INVOICE', 'CREDIT_NOTE') group by t.id, t.customer_id, t.document_id, e.currency
            ) b on b.document_id = i.id and b.customer_id = i.customer_id
            where (i.total, i.net, i.tax, i.support, i.currency) <> (b.total, b.net, b.tax, b.support, b.currency)
        """,
    ),
    Check(
        name="payments-booked-once",
        claim="Every payment has exactly one ledger transaction, of its amount; what a bill gave has none.",
        statement="""
            select 'payment ' || p.id, p.amount || ' ' || p.currency || ' once',
                coalesce(-sum(e.amount), 0) || ' in ' || count(t.id)
            from payment p
            left join ledger_transaction t on t.document_id = p.id and t.customer_id = p.customer_id
                and t.kind = 'PAYMENT'
            left join ledger_entry e on e.transaction_id = t.id and e.customer_id = t.customer_id
                and e.account = 'receivable' and e.currency = p.currency
            group by p.id, p.customer_id
            having case p.method when 'INVOICE' then count(t.id) <> 0
                else count(t.id) <> 1 or coalesce(-sum(e.amount), 0) <> p.amount end
        """,
    ),
    Check(
        name="balances-agree",
        claim="What a customer owes by the ledger is the open invoices less the payments nothing was done with.",
        statement="""
            select 'customer ' || coalesce(c.number, 'id ' || customer_id), sum(documents) || ' ' || currency,
                sum(ledger)
            from (
                select customer_id, currency, amount as ledger, 0 as documents from ledger_entry
                where account = 'receivable'
                union all select customer_id, currency, 0, open_amount from invoice_state
                union all select customer_id, currency, 0, -amount from payment
                union all select customer_id, currency, 0, amount from payment_allocation
                union all select customer_id, currency, 0, amount from prepayment
                union all select customer_id, currency, 0, amount from payment_return
            ) b left join customer c on c.id = customer_id
            group by customer_id, currency, c.number having sum(ledger) <> sum(documents)
        """,
    ),
)

INVOICE_CHECKS = (
    Check(
        name="invoice-totals",
        claim="An invoice's total is net + tax - support.",
        statement="""
            select document_number, net + tax - support, total from invoice where total <> net + tax - support
        """,
    ),
    Check(
        name="invoice-nets",
        claim="An invoice's net is the sum of its lines before tax, its support that of the lines after tax.",
        statement="""
            select i.document_number, 'net ' || coalesce(l.net, 0) || ' support ' || coalesce(l.support, 0),
                'net ' || i.net || ' support ' || i.support
            from invoice i left join (
                select invoice_id, customer_id, coalesce(sum(net) filter (where not is_after_tax), 0) as net,
                    coalesce(-sum(net) filter (where is_after_tax), 0) as support
                from invoice_line group by invoice_id, customer_id
            ) l on l.invoice_id = i.id and l.customer_id = i.customer_id
            where i.net <> coalesce(l.net, 0) or i.support <> coalesce(l.support, 0)
        """,
    ),
    Check(
        name="invoice-taxes",
        claim="An invoice's tax is the sum of its taxes by rate.",
        statement="""
            select i.document_number, coalesce(sum(t.tax), 0), i.tax
            from invoice i left join invoice_tax t on t.invoice_id = i.id and t.customer_id = i.customer_id
            group by i.id, i.customer_id, i.document_number, i.tax having i.tax <> coalesce(sum(t.tax), 0)
        """,
    ),
    Check(
        name="tax-bases",
        claim="The base of a tax is the sum of the lines at its code and rate, and each rate stands once.",
        statement="""
            select 'invoice ' || invoice_id || ' ' || tax_code || ' ' || rate, sum(base) || ' in 1',
                sum(taxed) || ' in ' || sum(rows)
            from (
                select invoice_id, tax_code, tax_rate as rate, net as base, 0 as taxed, 0 as rows
                from invoice_line where not is_after_tax
                union all select invoice_id, tax_code, rate, 0, base, 1 from invoice_tax
            ) b group by invoice_id, tax_code, rate having sum(base) <> sum(taxed) or sum(rows) <> 1
        """,
    ),
    Check(
        name="tax-amounts",
        claim="A tax is its base times its rate, to the cent; by other roundings than en16931, within a cent a line.",
        statement="""
            select i.document_number || ' ' || t.tax_code || ' ' || t.rate, round(t.base * t.rate, 2), t.tax
            from invoice_tax t join invoice i on i.id = t.invoice_id and i.customer_id = t.customer_id
            where case i.rounding when 'en16931' then t.tax <> round(t.base * t.rate, 2)
                else abs(t.tax - t.base * t.rate) > 0.01 * (
                    select count(*) from invoice_line l where l.invoice_id = i.id and l.customer_id = i.customer_id
                ) end
        """,
    ),
    Check(
        name="lines-have-invoice",
        claim="Every invoice line and tax belongs to an invoice of its customer, contract and currency.",
        statement="""
            select what || ' ' || r.id, 'invoice ' || invoice_id || ' of the same customer, contract and currency',
                i.document_number
            from (
                select 'line' as what, id, invoice_id, customer_id, contract_id, currency from invoice_line
                union all select 'tax', id, invoice_id, customer_id, contract_id, currency from invoice_tax
            ) r left join invoice i on i.id = r.invoice_id
            where (r.customer_id, r.contract_id, r.currency) is distinct from (i.customer_id, i.contract_id, i.currency)
        """,
    ),
    Check(
        name="numbers-gapless",
        claim="The invoice numbers of a series follow each other without gap or double, up to the last one drawn.",
        statement="""
            select 'series ' || series, 'number ' || before + 1, 'number ' || number from (
                select series, number, lag(number) over (partition by series order by number) as before from (
                    select series, number from invoice union all select code, last_number + 1 from invoice_series
                ) drawn
            ) n where number <> before + 1 and not (before is null)
        """,
    ),
    Check(
        name="document-numbers",
        claim="A document number is its series and number.",
        statement="""
            select 'invoice ' || id, expected, document_number from (
                select id, document_number,
                    series || '-' || lpad(number::text, greatest(6, length(number::text)), '0') as expected from invoice
            ) i where document_number <> expected
        """,
    ),
    Check(
        name="credit-notes",
        claim="A credit note takes back one invoice whole, once.",
        statement="""
            select document_number, 'one of ' || coalesce(-original, 0), notes || ' of ' || total from (
                select n.document_number, n.total, i.total as original,
                    count(*) over (partition by n.corrects_invoice_id) as notes,
                    coalesce((n.total, n.net, n.tax) = (-i.total, -i.net, -i.tax), false) as is_whole
                from invoice n left join invoice i
                    on i.id = n.corrects_invoice_id and i.customer_id = n.customer_id and i.kind <> 'CREDIT'
                where n.kind = 'CREDIT'
            ) n where notes <> 1 or not is_whole
        """,
    ),
    Check(
        name="replacements-follow-credits",
        claim="An invoice that comes in another's place follows one of its contract that was taken back, once.",
        statement="""
            select document_number, 'in the place of one that was taken back',
                coalesce(original, 'nothing') || ' in ' || times
            from (
                select n.document_number, i.document_number as original, i.id, i.customer_id,
                    count(*) over (partition by n.customer_id, n.corrects_invoice_id) as times,
                    exists (
                        select from invoice c where c.customer_id = i.customer_id and c.corrects_invoice_id = i.id
                            and c.kind = 'CREDIT'
                    ) and n.revision = i.revision + 1 and i.kind <> 'CREDIT' as follows
                from invoice n
                left join invoice i on i.id = n.corrects_invoice_id and i.customer_id = n.customer_id
                    and i.contract_id = n.contract_id
                where n.kind <> 'CREDIT' and n.corrects_invoice_id is not null
            ) r where times <> 1 or follows is not true
        """,
    ),
    Check(
        name="amounts-sane",
        claim="No bill that asks for money takes support back, nothing is due before it is issued, periods have days.",
        statement="""
            select document_number, 'the right sign, due after its issue, a period', concat_ws(' ', kind, 'total',
                total, 'support', support, 'due', due_on, 'issued', issued_on, 'for', period_from, 'to', period_to)
            from (select *, case kind when 'CREDIT' then -1 else 1 end as sign from invoice) i
            where (total * sign >= 0 and support * sign < 0) or due_on < issued_on or period_to <= period_from
        """,
    ),
)

CHECKS = (
    LEDGER_CHECKS
    + INVOICE_CHECKS
    + PAYMENT_CHECKS
    + GIVING_CHECKS
    + BILLING_CHECKS
    + CORRECTION_CHECKS
    + SETTLEMENT_CHECKS
    + LEVELLED_CHECKS
    + BANK_CHECKS
    + PAYING_CHECKS
    + DEBT_CHECKS
)
