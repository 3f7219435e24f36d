"""The invariants of payments, and of levelled payment: what is prepaid and what is deferred."""

from __future__ import annotations

from mains_server.books.records import Check

PAYMENT_CHECKS = (
    Check(
        name="payments-not-exceeded",
        claim="What a payment settled and what contracts hold of it do not exceed it, and nothing is taken back twice.",
        statement="""
            select 'payment ' || p.id, '0.00 to ' || p.amount, sum(a.settled) || ' and held ' || sum(a.held)
            from payment p join (
                select payment_id, customer_id, amount as settled, 0 as held from payment_allocation
                union all select payment_id, customer_id, 0, amount from prepayment
            ) a on a.payment_id = p.id and a.customer_id = p.customer_id
            group by p.id, p.customer_id
            having sum(a.settled) < 0 or sum(a.held) < 0 or sum(a.settled) + sum(a.held) > p.amount
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
