"""The invariants of payments, of levelled payment (what is prepaid and what is deferred), billing and corrections."""

from __future__ import annotations

from mains_server.books.records import Check

PAYMENT_CHECKS = (
    Check(
        name="payments-not-exceeded",
        claim="What a payment settled, what contracts hold of it and what went back do not exceed it, none below zero.",
        statement="""
            select 'payment ' || p.id, '0.00 to ' || p.amount,
                sum(a.settled) || ' and held ' || sum(a.held) || ' and gone back ' || sum(a.back)
            from payment p join (
                select payment_id, customer_id, amount as settled, 0 as held, 0 as back from payment_allocation
                union all select payment_id, customer_id, 0, amount, 0 from prepayment
                union all select payment_id, customer_id, 0, 0, amount from payment_return
            ) a on a.payment_id = p.id and a.customer_id = p.customer_id
            group by p.id, p.customer_id
            having sum(a.settled) < 0 or sum(a.held) < 0 or sum(a.back) < 0
                or sum(a.settled) + sum(a.held) + sum(a.back) > p.amount
        """,
    ),
    Check(
        name="invoices-not-exceeded",
        claim="What was paid on an invoice, or taken over from it, does not exceed what it asks after credit notes.",
        statement="""
            select document_number, '0.00 to ' || total - credited, paid + levelled from invoice_state
            where paid < 0 or levelled < 0 or paid + levelled <> 0
                and paid + levelled > case kind when 'CREDIT' then 0 else total - credited end
        """,
    ),
    Check(
        name="allocations-have-both",
        claim="Every allocation has its payment and its invoice, of the same customer and currency.",
        statement="""
            select 'allocation ' || a.id,
                'payment ' || a.payment_id || ' and invoice ' || a.invoice_id || ' in ' || a.currency,
                concat_ws(' and ', 'payment ' || p.id || ' in ' || p.currency,
                    'invoice ' || i.id || ' in ' || i.currency)
            from payment_allocation a
            left join payment p on p.id = a.payment_id and p.customer_id = a.customer_id
            left join invoice i
                on i.id = a.invoice_id and i.customer_id = a.customer_id and i.contract_id = a.contract_id
            where p.currency is distinct from a.currency or i.currency is distinct from a.currency
        """,
    ),
    Check(
        name="payments-positive",
        claim="A payment is of more than nothing.",
        statement="select 'payment ' || id, 'more than 0.00', amount from payment where amount <= 0",
    ),
    Check(
        name="returns-booked-once",
        claim="Money that went back has its payment, and one ledger transaction of its amount; a withdrawal none.",
        statement="""
            select 'return ' || r.id || ' of payment ' || r.payment_id, r.amount || ' ' || p.currency || ' once',
                coalesce(sum(e.amount), 0) || ' in ' || count(distinct t.id)
            from payment_return r
            left join payment p on p.id = r.payment_id and p.customer_id = r.customer_id and p.currency = r.currency
            left join ledger_transaction t
                on t.document_id = r.id and t.customer_id = r.customer_id and t.kind = 'PAYMENT_RETURN'
            left join ledger_entry e on e.transaction_id = t.id and e.customer_id = t.customer_id
                and e.account = 'receivable' and e.currency = r.currency
            group by r.id, r.customer_id, p.id, p.currency
            having p.id is null or case r.kind when 'WITHDRAWAL' then count(t.id) <> 0
                else count(distinct t.id) <> 1 or coalesce(sum(e.amount), 0) <> r.amount end
        """,
    ),
    Check(
        name="money-lies-where-it-came",
        claim="An account of money received has by customers' bookings the payments that came there less what left it.",
        statement="""
            select 'account ' || account || ' in ' || currency, sum(documents), sum(ledger)
            from (
                select account, currency, amount as ledger, 0 as documents from ledger_entry
                where customer_id <> 0 and (account like 'bank:%' or account like 'clearing:%')
                union all
                select case when p.method = 'INVOICE' then 'bank:bank_transfer'
                    when p.provider is null then 'bank:' || lower(p.method)
                    else 'clearing:' || lower(p.provider) end, p.currency, 0, m.amount
                from payment p join (
                    select id as payment_id, customer_id, amount from payment where method <> 'INVOICE'
                    union all select payment_id, customer_id, -amount from payment_return where kind = 'REVERSAL'
                    union all select r.payment_id, r.customer_id, -r.amount from payment_return r
                    join ledger_transaction t
                        on t.document_id = r.id and t.customer_id = r.customer_id and t.kind = 'REFUND_SENT'
                ) m on m.payment_id = p.id and m.customer_id = p.customer_id
            ) b group by account, currency having sum(documents) <> sum(ledger)
        """,
    ),
)

LEVELLED_CHECKS = (
    Check(
        name="prepaid-agrees",
        claim="What is prepaid and deferred by the ledger is what levelled contracts were paid less what they used.",
        statement="""
            select 'customer ' || coalesce(c.number, 'id ' || customer_id),
                'prepaid ' || sum(prepaid) || ' deferred ' || sum(deferred) || ' ' || currency,
                'prepaid ' || sum(by_ledger_prepaid) || ' deferred ' || sum(by_ledger_deferred)
            from (
                select customer_id, currency, greatest(sum(amount), 0) as prepaid,
                    greatest(-sum(amount), 0) as deferred,
                    0 as by_ledger_prepaid, 0 as by_ledger_deferred
                from (
                    select customer_id, contract_id, currency, amount from prepayment
                    union all select customer_id, contract_id, currency, -amount from prepaid_use
                ) a group by customer_id, contract_id, currency
                union all select customer_id, currency, 0, 0,
                    case account when 'prepaid' then -amount else 0 end,
                    case account when 'deferred' then amount else 0 end
                from ledger_entry where account in ('prepaid', 'deferred')
            ) b left join customer c on c.id = customer_id group by customer_id, currency, c.number
            having sum(prepaid) <> sum(by_ledger_prepaid) or sum(deferred) <> sum(by_ledger_deferred)
        """,
    ),
    Check(
        name="prepaid-booked-once",
        claim="What a levelled contract holds or takes over has exactly one ledger transaction, of its amount.",
        statement="""
            select d.kind || ' ' || d.id, d.amount || ' ' || d.currency || ' once',
                coalesce(sum(e.amount), 0) || ' in ' || count(distinct t.id)
            from (
                select 'PREPAYMENT' as kind, id, customer_id, currency, amount from prepayment
                union all select 'PREPAID_USE', id, customer_id, currency, -amount from prepaid_use
            ) d
            left join ledger_transaction t
                on t.document_id = d.id and t.customer_id = d.customer_id and t.kind = d.kind
            left join ledger_entry e on e.transaction_id = t.id and e.customer_id = t.customer_id
                and e.account = 'receivable' and e.currency = d.currency
            group by d.kind, d.id, d.customer_id, d.currency, d.amount
            having count(distinct t.id) <> 1 or coalesce(sum(e.amount), 0) <> d.amount
        """,
    ),
    Check(
        name="prepaid-has-both",
        claim="What a levelled contract holds or takes over has its payment or invoice, of that customer and currency.",
        statement="""
            select 'prepayment ' || h.id, 'payment ' || h.payment_id || ' in ' || h.currency,
                'payment ' || p.id || ' in ' || p.currency
            from prepayment h left join payment p on p.id = h.payment_id and p.customer_id = h.customer_id
            where p.currency is distinct from h.currency
            union all
            select 'use ' || u.id, 'invoice ' || u.invoice_id || ' of contract ' || u.contract_id,
                'invoice ' || i.id || ' of contract ' || i.contract_id
            from prepaid_use u left join invoice i on i.id = u.invoice_id and i.customer_id = u.customer_id
            where (i.contract_id, i.currency) is distinct from (u.contract_id, u.currency)
        """,
    ),
)

BILLING_CHECKS = (
    Check(
        name="billed-once",
        claim="No contract is billed twice for a day, credited invoices aside.",
        statement="""
            select 'contract ' || coalesce(c.number, 'id ' || b.contract_id), 'billed from ' || reached,
                document_number || ' from ' || period_from
            from (
                select contract_id, customer_id, document_number, period_from, max(period_to) over (
                    partition by contract_id order by period_from, id rows between unbounded preceding and 1 preceding
                ) as reached from invoice i where kind <> 'CREDIT' and not exists (
                    select from invoice n
                    where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id and n.kind = 'CREDIT')
            ) b left join contract c on c.id = b.contract_id and c.customer_id = b.customer_id
            where period_from < reached
        """,
    ),
    Check(
        name="billed-without-hole",
        claim="Every day in force that its utility's finished runs cover is billed, held, or credited by an employee.",
        statement="""
            with wanted as (
                select c.id, c.number,
                    range_agg(daterange(r.period_from, r.period_to) * daterange(c.starts, c.ends)) as days
                from contract c join billing_run r on r.adapter = c.adapter and r.status = 'DONE'
                left join contract_former_terms f on f.contract_id = c.id and f.customer_id = c.customer_id
                    and f.starts <= greatest(c.starts, r.period_from) and f.ends > greatest(c.starts, r.period_from)
                where c.billing = 'DIRECT' and coalesce(f.settlement, c.settlement) = 'INVOICE'
                    and c.signed_on <= r.issued_on
                group by c.id, c.number
            ), answered as (
                select contract_id, range_agg(days) as days from (
                    select contract_id, daterange(period_from, period_to) as days from invoice i
                    where kind <> 'CREDIT' and not exists (
                        select from invoice n
                        where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id and n.kind = 'CREDIT')
                    union all select h.contract_id, daterange(r.period_from, r.period_to)
                    from billing_hold h join billing_run r on r.id = h.run_id where h.released_at is null
                    union all select i.contract_id, daterange(i.period_from, i.period_to)
                    from correction c join invoice i on i.id = c.invoice_id and i.customer_id = c.customer_id
                    where c.outcome = 'CREDITED'
                ) a group by contract_id
            )
            select 'contract ' || number, 'billed or held for ' || (w.days - coalesce(a.days, '{}')), null
            from wanted w left join answered a on a.contract_id = w.id where not w.days <@ coalesce(a.days, '{}')
        """,
    ),
    Check(
        name="billed-in-force",
        claim="A contract is billed only for days on which it is in force, credited invoices and interest notes aside.",
        statement="""
            select i.document_number, 'contract ' || c.number || ' in force ' || daterange(c.starts, c.ends),
                'billed for ' || i.period_from || ' to ' || i.period_to
            from invoice i left join contract c on c.id = i.contract_id and c.customer_id = i.customer_id
            where i.kind not in ('CREDIT', 'INTEREST')
                and (c.id is null or i.period_from < c.starts or i.period_to > c.ends) and not exists (
                    select from invoice n
                    where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id and n.kind = 'CREDIT')
        """,
    ),
    Check(
        name="fees-billed-once",
        claim="Every fee for a day of its contract that is billed up to its end, or on a later bill, is on one bill.",
        statement="""
            select 'fee ' || f.id || ' (' || f.code || ' of ' || f.day || ')', 'an invoice of contract ' || c.number,
                i.document_number
            from contract_fee f join contract c on c.id = f.contract_id and c.customer_id = f.customer_id
            left join invoice i on i.id = f.invoice_id and i.customer_id = f.customer_id and i.kind <> 'CREDIT'
            where (f.invoice_id is not null and i.contract_id is distinct from f.contract_id)
                or (f.invoice_id is null and exists (
                    select from invoice b
                    where b.contract_id = f.contract_id and b.customer_id = f.customer_id
                        and b.kind not in ('CREDIT', 'INTEREST') and b.period_to > f.day
                        and b.issued_at > f.noted_at and not exists (
                            select from invoice n where n.customer_id = b.customer_id
                                and n.corrects_invoice_id = b.id and n.kind = 'CREDIT')))
        """,
    ),
    Check(
        name="corrections-have-invoice",
        claim="Every correction that is due names an invoice of its contract that counts over its day.",
        statement="""
            select 'correction due ' || d.id, 'invoice ' || d.invoice_id, null from correction_due d
            where not exists (
                select from invoice i where i.id = d.invoice_id and i.customer_id = d.customer_id
                    and i.contract_id = d.contract_id and d.day between i.period_from and i.period_to
            )
        """,
    ),
    Check(
        name="chunks-complete",
        claim="Every direct contract of a chunk that is done has an invoice for the run's period or a hold.",
        statement="""
            select 'run ' || k.run_id || ' chunk ' || k.id || ' contract ' || c.number, 'an invoice or a hold', null
            from billing_chunk k join billing_run r on r.id = k.run_id cross join unnest(k.contract_ids) u (contract_id)
            join contract c on c.id = u.contract_id and c.billing = 'DIRECT'
            left join contract_former_terms f on f.contract_id = c.id and f.customer_id = c.customer_id
                and f.starts <= greatest(c.starts, r.period_from) and f.ends > greatest(c.starts, r.period_from)
            where coalesce(f.settlement, c.settlement) = 'INVOICE' and k.status = 'DONE' and not exists (
                select from invoice i
                where i.contract_id = c.id and i.customer_id = c.customer_id and i.kind <> 'CREDIT'
                    and i.period_from < r.period_to and i.period_to > r.period_from
            ) and not exists (select from billing_hold h where h.run_id = r.id and h.contract_id = c.id)
        """,
    ),
    Check(
        name="chunks-counted",
        claim="A run's chunks count as many invoices as the run has issued.",
        statement="""
            select 'run ' || r.id || ' ' || r.adapter, coalesce(k.invoiced, 0) || ' invoices', coalesce(i.issued, 0)
            from billing_run r
            left join (
                select run_id, sum(invoiced) as invoiced from billing_chunk where status = 'DONE' group by run_id
            ) k on k.run_id = r.id
            left join (
                select run_id, count(*) as issued from invoice where kind <> 'CREDIT' group by run_id
            ) i on i.run_id = r.id
            where coalesce(k.invoiced, 0) <> coalesce(i.issued, 0)
        """,
    ),
    Check(
        name="runs-finished",
        claim="A run that is done has no chunk waiting.",
        statement="""
            select 'run ' || r.id || ' ' || r.adapter, 'every chunk done', 'chunk ' || k.id || ' ' || lower(k.status)
            from billing_run r join billing_chunk k on k.run_id = r.id where r.status = 'DONE' and k.status <> 'DONE'
        """,
    ),
)

CORRECTION_CHECKS = (
    Check(
        name="corrections-have-documents",
        claim="A correction has its credit note and replacement, or the note alone where it only credits, or neither.",
        statement="""
            select 'correction ' || c.id || ' of ' || i.document_number, lower(c.outcome),
                concat_ws(' and ', n.document_number, r.document_number)
            from correction c
            left join invoice i on i.id = c.invoice_id and i.customer_id = c.customer_id
            left join invoice n on n.id = c.credit_note_id and n.customer_id = c.customer_id
                and n.corrects_invoice_id = c.invoice_id and n.kind = 'CREDIT'
            left join invoice r on r.id = c.replacement_id and r.customer_id = c.customer_id
                and r.corrects_invoice_id = c.invoice_id and r.kind <> 'CREDIT' and r.total = i.total + c.difference
            where i.id is null or case c.outcome when 'REPLACED' then n.id is null or r.id is null
                when 'CREDITED' then c.replacement_id is not null or n.total is distinct from c.difference
                else c.credit_note_id is not null or c.replacement_id is not null end
        """,
    ),
)

DEBT_CHECKS = (
    Check(
        name="interest-has-fee",
        claim="Late interest that was charged or taken off, and is not taken back, is a fee of its amount.",
        statement="""
            select 'interest charge ' || h.id, abs(h.amount), coalesce(f.quantity, 0)
            from interest_charge h
            left join contract_fee f on f.customer_id = h.customer_id and f.contract_id = h.contract_id
                and f.key = h.fee_key
            where h.takes_back_id is null
                and not exists (
                    select from interest_charge b where b.takes_back_id = h.id and b.customer_id = h.customer_id
                )
                and f.quantity is distinct from abs(h.amount)
        """,
    ),
)
