"""The invariants of differences that corrections put on other bills, and of taking them back off.

A bill's own lines are all its lines but those that are written beside its question (`inputs -> 'settles'`).
"""

from __future__ import annotations

from mains_server.books.records import Check

SETTLEMENT_CHECKS = (
    Check(
        name="settlements-are-differences",
        claim="A difference is what was due less what was billed by the bill's own lines and what settled it since.",
        statement="""
            select 'correction ' || s.correction_id,
                s.due - s.billed || ' of ' || coalesce(l.net, 0) - coalesce(w.net, 0) + coalesce(e.net, 0),
                s.net || ' of ' || s.billed
            from (
                select correction_id, customer_id, invoice_id, sum(due) as due, sum(billed) as billed, sum(net) as net
                from settlement_line where takes_back_id is null group by correction_id, customer_id, invoice_id
            ) s
            left join lateral (
                select sum(l.net) as net from invoice_line l
                where l.invoice_id = s.invoice_id and l.customer_id = s.customer_id
            ) l on true
            left join lateral (
                select sum((w ->> 'net')::numeric) as net
                from invoice i cross join jsonb_array_elements(i.inputs -> 'settles') w
                where i.id = s.invoice_id and i.customer_id = s.customer_id
            ) w on true
            left join lateral (
                select sum(e.net) as net from settlement_line e
                where e.invoice_id = s.invoice_id and e.customer_id = s.customer_id
                    and e.correction_id < s.correction_id
                    and (e.withdrawn_by_id is null or e.withdrawn_by_id > s.correction_id)
            ) e on true
            where s.net <> s.due - s.billed
                or s.billed <> coalesce(l.net, 0) - coalesce(w.net, 0) + coalesce(e.net, 0)
        """,
    ),
    Check(
        name="settlements-on-bill",
        claim="A difference that a bill has settled is a line of that bill, once, and of the same contract.",
        statement="""
            select 'difference ' || s.id || ' of ' || s.code, s.net || ' on one line',
                count(l.id) || ' lines of ' || coalesce(i.document_number, 'no bill')
            from settlement_line s
            left join invoice i on i.id = s.booked_invoice_id and i.customer_id = s.customer_id
                and i.contract_id = s.contract_id and i.kind <> 'CREDIT'
            left join invoice_line l on l.invoice_id = i.id and l.customer_id = i.customer_id
                and (l.code, l.period_from, l.period_to, l.net, l.tax_rate)
                    = (s.code, s.period_from, s.period_to, s.net, s.tax_rate)
            where s.booked_invoice_id is not null
            group by s.id, s.customer_id, s.code, s.net, i.document_number, s.booked_invoice_id
            having count(l.id) < 1
        """,
    ),
    Check(
        name="settlements-written",
        claim="What is written beside a standing bill's question as lines of other bills is what is booked on it.",
        statement="""
            select i.document_number, s.net || ' in ' || s.number, coalesce(w.net, 0) || ' in ' || w.number
            from (
                select booked_invoice_id, customer_id, sum(net) as net, count(*) as number
                from settlement_line where booked_invoice_id is not null group by booked_invoice_id, customer_id
            ) s
            join invoice i on i.id = s.booked_invoice_id and i.customer_id = s.customer_id
            cross join lateral (
                select sum((w ->> 'net')::numeric) as net, count(*) as number
                from jsonb_array_elements(i.inputs -> 'settles') w
            ) w
            where (w.net, w.number) is distinct from (s.net, s.number) and not exists (
                select from invoice n
                where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id and n.kind = 'CREDIT'
            )
        """,
    ),
    Check(
        name="settlements-make-the-house",
        claim="What the premises of a corrected house should have been billed adds up to the house.",
        statement="""
            select 'question ' || g.id || ' of building ' || g.building_id, g.net,
                coalesce(s.due, 0) + coalesce(r.net, 0) - coalesce(w.net, 0)
            from rating_group g
            left join (
                select c.rating_group_id, sum(l.due) filter (where not l.is_after_tax) as due
                from correction c join settlement_line l on l.correction_id = c.id and l.customer_id = c.customer_id
                group by c.rating_group_id
            ) s on s.rating_group_id = g.id
            left join (
                select c.rating_group_id, sum(l.net) as net
                from correction c join invoice_line l on l.invoice_id = c.replacement_id
                    and l.customer_id = c.customer_id and not l.is_after_tax
                group by c.rating_group_id
            ) r on r.rating_group_id = g.id
            left join (
                select c.rating_group_id, sum((w ->> 'net')::numeric) as net
                from correction c join invoice i on i.id = c.replacement_id and i.customer_id = c.customer_id
                cross join jsonb_array_elements(i.inputs -> 'settles') w
                where not (w ->> 'is_after_tax')::boolean
                group by c.rating_group_id
            ) w on w.rating_group_id = g.id
            where g.net is not null and g.net <> coalesce(s.due, 0) + coalesce(r.net, 0) - coalesce(w.net, 0)
        """,
    ),
    Check(
        name="settlements-taken-off",
        claim="What takes a difference back off is its negation, by the correction that took its bill back.",
        statement="""
            select 'difference ' || s.id || ' of ' || s.code, -t.net || ' off difference ' || t.id || ' on a bill',
                s.net || ' off ' || s.takes_back_id
            from settlement_line s
            left join settlement_line t on t.id = s.takes_back_id and t.customer_id = s.customer_id
                and t.takes_back_id is null and t.withdrawn_by_id is null and t.booked_invoice_id is not null
            left join correction c on c.id = s.correction_id and c.customer_id = s.customer_id
                and c.invoice_id = s.invoice_id and c.outcome in ('REPLACED', 'CREDITED')
            where s.takes_back_id is not null and (c.id is null
                or (s.contract_id, s.invoice_id, s.code, s.period_from, s.period_to, s.tax_code, s.tax_rate,
                    s.is_after_tax, s.currency, s.billed, s.due, s.net)
                is distinct from (t.contract_id, t.invoice_id, t.code, t.period_from, t.period_to, t.tax_code,
                    t.tax_rate, t.is_after_tax, t.currency, t.net, 0, -t.net))
        """,
    ),
    Check(
        name="settlements-withdrawn",
        claim="A difference that a later correction of its bill has withdrawn is on no bill that stands.",
        statement="""
            select 'difference ' || s.id || ' of ' || s.code, 'no bill that stands, by a correction of its bill',
                concat_ws(' by ', coalesce(i.document_number, 'no bill'), 'correction ' || c.id)
            from settlement_line s
            left join correction c on c.id = s.withdrawn_by_id and c.customer_id = s.customer_id
                and c.invoice_id = s.invoice_id and c.id > s.correction_id
            left join invoice i on i.id = s.booked_invoice_id and i.customer_id = s.customer_id and not exists (
                select from invoice n
                where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id and n.kind = 'CREDIT'
            )
            where s.withdrawn_by_id is not null and (c.id is null or i.id is not null)
        """,
    ),
    Check(
        name="settled-as-found",
        claim="A bill's own lines and what others settle of it are what was last found due; of one taken back nothing.",
        statement="""
            with put as (
                select invoice_id, customer_id, sum(net) filter (where withdrawn_by_id is null) as net,
                    max(correction_id) filter (where takes_back_id is null) as last
                from settlement_line group by invoice_id, customer_id
            )
            select i.document_number, case when k.is_back then 0 else d.due end,
                case when k.is_back then 0 else coalesce(l.net, 0) - coalesce(w.net, 0) end + coalesce(p.net, 0)
            from put p join invoice i on i.id = p.invoice_id and i.customer_id = p.customer_id
            cross join lateral (
                select exists (
                    select from invoice n
                    where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id and n.kind = 'CREDIT'
                ) as is_back
            ) k
            left join lateral (
                select sum(s.due) as due from settlement_line s
                where s.correction_id = p.last and s.customer_id = p.customer_id
            ) d on true
            left join lateral (
                select sum(l.net) as net from invoice_line l
                where l.invoice_id = i.id and l.customer_id = i.customer_id
            ) l on true
            left join lateral (
                select sum((w ->> 'net')::numeric) as net from jsonb_array_elements(i.inputs -> 'settles') w
            ) w on true
            where case when k.is_back then coalesce(p.net, 0) <> 0
                else d.due is distinct from coalesce(l.net, 0) - coalesce(w.net, 0) + coalesce(p.net, 0) end
        """,
    ),
)
