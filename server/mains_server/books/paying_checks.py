"""The invariants of payments through providers, and of those that no money came for: what bills below nothing gave."""

from __future__ import annotations

from mains_server.books.records import Check

PAYING_CHECKS = (
    Check(
        name="captures-are-payments",
        claim="A captured payment through a provider has its payment, of that provider and amount; no other has.",
        statement="""
            select 'intent ' || i.id || ' ' || i.reference,
                coalesce(i.captured_amount || ' ' || i.currency || ' by ' || i.provider, 'no payment'),
                concat_ws(' ', p.amount, p.currency, 'by', p.provider)
            from payment_intent i
            left join payment p on p.id = i.payment_id and p.customer_id = i.customer_id
            where case i.status when 'CAPTURED'
                then (p.amount, p.currency, p.provider) is distinct from (i.captured_amount, i.currency, i.provider)
                else i.payment_id is not null end
            union all
            select 'payment ' || p.id, '1 captured intent', count(i.id)::text
            from payment p left join payment_intent i on i.payment_id = p.id and i.customer_id = p.customer_id
            where p.idempotency_key like 'intent:%' group by p.id, p.customer_id having count(i.id) <> 1
        """,
    ),
    Check(
        name="refunds-are-returns",
        claim="A refund through a provider has its return, of its payment and amount, sent or undone as it says.",
        statement="""
            select 'refund ' || f.id || ' ' || f.reference, f.amount || ' ' || lower(f.status),
                concat_ws(' ', r.amount, 'sent', count(t.id), 'undone', count(u.id))
            from payment_refund f
            left join payment_return r on r.id = f.return_id and r.customer_id = f.customer_id
                and r.payment_id = f.payment_id and r.amount = f.amount and r.kind = 'REFUND'
            left join payment_return u on u.payment_id = f.payment_id and u.customer_id = f.customer_id
                and u.idempotency_key = 'undone:' || f.return_id and u.amount = -f.amount
            left join ledger_transaction t on t.document_id = f.return_id and t.customer_id = f.customer_id
                and t.kind = 'REFUND_SENT'
            group by f.id, f.customer_id, r.id, r.customer_id
            having r.id is null
                or count(t.id) <> case f.status when 'REFUNDED' then 1 else 0 end
                or count(u.id) <> case f.status when 'FAILED' then 1 else 0 end
        """,
    ),
    Check(
        name="refunds-on-their-way",
        claim="What the ledger has on its way to customers is what went back to them and was not sent or undone.",
        statement="""
            select 'refunds in ' || currency, sum(documents), sum(ledger)
            from (
                select currency, -amount as ledger, 0 as documents from ledger_entry where account = 'refunds'
                union all
                select r.currency, 0, r.amount from payment_return r where r.kind = 'REFUND' and not exists (
                    select from ledger_transaction t where t.document_id = r.id and t.customer_id = r.customer_id
                        and t.kind = 'REFUND_SENT')
            ) b group by currency having sum(documents) <> sum(ledger)
        """,
    ),
)

GIVING_CHECKS = (
    Check(
        name="bills-below-nothing-give",
        claim="A bill below nothing gave one payment of its amount, withdrawn with the bill; no other bill gave any.",
        statement="""
            with below as (
                select i.id, i.customer_id, i.document_number, -i.total as amount, i.currency, exists (
                    select from invoice n
                    where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id and n.kind = 'CREDIT'
                ) as is_back
                from invoice i where i.total < 0 and i.kind <> 'CREDIT'
            ), gave as (
                select p.id, p.customer_id, p.invoice_id, p.amount, p.currency,
                    coalesce(sum(r.amount) filter (where r.kind = 'WITHDRAWAL'), 0) as withdrawn
                from payment p
                left join payment_return r on r.payment_id = p.id and r.customer_id = p.customer_id
                group by p.id, p.customer_id
                having p.method = 'INVOICE' or count(r.id) filter (where r.kind = 'WITHDRAWAL') > 0
            )
            select coalesce(b.document_number, 'payment ' || g.id),
                case when b.id is null then 'nothing' else b.amount || ' ' || b.currency || ', withdrawn '
                    || case when b.is_back then b.amount else 0.00 end end,
                g.amount || ' ' || g.currency || ', withdrawn ' || g.withdrawn
            from below b full join gave g on g.invoice_id = b.id and g.customer_id = b.customer_id
            where (b.amount, b.currency, case when b.is_back then b.amount else 0 end)
                    is distinct from (g.amount, g.currency, g.withdrawn)
                and not (b.is_back and g.id is null)
        """,
    ),
)
