"""The invariants of bank accounts: what the bank says is what the books say, and every movement is somebody's once."""

from __future__ import annotations

from mains_server.books.records import Check

BANK_CHECKS = (
    Check(
        name="bank-agrees",
        claim="A bank account has by the ledger what its latest statement closes with.",
        statement="""
            select 'account ' || a.iban, s.closing || ' ' || a.currency, coalesce(e.balance, 0)
            from bank_account a
            left join lateral (
                select closing from bank_statement s where s.bank_account_id = a.id and s.is_proved
                order by s.closes_on desc, s.id desc limit 1
            ) s on true
            left join (
                select account, currency, sum(amount) as balance from ledger_entry
                where account like 'bank:%' group by account, currency
            ) e on e.account = 'bank:' || lower(a.iban) and e.currency = a.currency
            where s.closing is distinct from coalesce(e.balance, 0)
        """,
    ),
    Check(
        name="bank-lines-booked-once",
        claim="Every movement on a bank account has exactly one ledger transaction, of its amount on that account.",
        statement="""
            select 'line ' || l.id || ' of ' || a.iban, l.amount || ' ' || l.currency || ' once',
                coalesce(sum(e.amount), 0) || ' in ' || count(distinct t.id)
            from statement_line l join bank_account a on a.id = l.bank_account_id
            left join ledger_transaction t on t.customer_id = 0 and t.document_id = l.id and t.kind = 'STATEMENT_LINE'
            left join ledger_entry e on e.transaction_id = t.id and e.customer_id = 0
                and e.account = 'bank:' || lower(a.iban) and e.currency = l.currency
            group by l.id, a.iban having count(distinct t.id) <> 1 or coalesce(sum(e.amount), 0) <> l.amount
        """,
    ),
    Check(
        name="unmatched-agrees",
        claim="What is nobody's by the ledger is the movements that wait to be matched.",
        statement="""
            select 'unmatched in ' || currency, sum(waiting), sum(ledger)
            from (
                select currency, 0 as waiting, amount as ledger from ledger_entry where account = 'unmatched'
                union all select currency, -amount, 0 from statement_line where state in ('NEW', 'QUEUED')
            ) b group by currency having sum(waiting) <> sum(ledger)
        """,
    ),
    Check(
        name="bank-parts-make-the-line",
        claim="A matched movement is the payments it was divided into, or takes such back; no other movement is any.",
        statement="""
            select 'line ' || l.id, lower(l.state) || ' ' || l.amount, 'payments of ' || coalesce(p.paid, 0)
            from statement_line l left join (
                select s.line_id, sum(s.amount) as paid,
                    bool_and(p.amount is not distinct from abs(s.amount) and p.currency = s.currency) as agrees
                from statement_part s left join payment p on p.id = s.payment_id and p.customer_id = s.customer_id
                group by s.line_id
            ) p on p.line_id = l.id
            where coalesce(p.paid, 0) <> case when l.state in ('MATCHED', 'REVERSED') then l.amount else 0 end
                or not coalesce(p.agrees, true)
        """,
    ),
    Check(
        name="bank-parts-booked-once",
        claim="Every part of a movement that became a payment has exactly one ledger transaction, of its amount.",
        statement="""
            select 'part ' || s.id || ' of line ' || s.line_id, s.amount || ' ' || s.currency || ' once',
                coalesce(sum(e.amount), 0) || ' in ' || count(distinct t.id)
            from statement_part s
            left join ledger_transaction t on t.customer_id = 0 and t.document_id = s.id and t.kind = 'STATEMENT_MATCH'
            left join ledger_entry e on e.transaction_id = t.id and e.customer_id = 0 and e.account = 'unmatched'
                and e.currency = s.currency
            group by s.id, s.customer_id having count(distinct t.id) <> 1 or coalesce(sum(e.amount), 0) <> s.amount
        """,
    ),
    Check(
        name="bank-asides-booked-once",
        claim="A movement that is set aside, and no other, is taken by the ledger from what is nobody's, once.",
        statement="""
            select 'line ' || l.id, case l.state when 'SET_ASIDE' then l.amount else 0 end || ' ' || l.currency,
                coalesce(a.amount, 0)
            from statement_line l left join (
                select t.document_id, sum(e.amount) as amount from ledger_transaction t
                join ledger_entry e on e.transaction_id = t.id and e.customer_id = 0 and e.account = 'unmatched'
                where t.customer_id = 0 and t.kind = 'STATEMENT_ASIDE' group by t.document_id
            ) a on a.document_id = l.id
            where coalesce(a.amount, 0) <> case l.state when 'SET_ASIDE' then l.amount else 0 end
        """,
    ),
    Check(
        name="payouts-agree",
        claim="What payment providers paid out and kept by the ledger is the movements that were said to be it.",
        statement="""
            select 'provider ' || account || ' in ' || currency, sum(said), sum(ledger)
            from (
                select account, currency, amount as ledger, 0 as said from ledger_entry
                where customer_id = 0 and (account like 'clearing:%' or account like 'fee:%')
                union all select 'clearing:' || payout_provider, currency, 0, -amount - payout_fee from statement_line
                where aside = 'PROVIDER_PAYOUT'
                union all select 'fee:' || payout_provider, currency, 0, payout_fee from statement_line
                where aside = 'PROVIDER_PAYOUT'
            ) b group by account, currency having sum(said) <> sum(ledger)
        """,
    ),
    Check(
        name="bank-bookings-have-document",
        claim="Every booking of bank statements has its statement, movement or part.",
        statement="""
            select 'ledger transaction ' || t.id || ' (' || t.key || ')', lower(t.kind) || ' ' || t.document_id, null
            from ledger_transaction t
            left join statement_line l on l.id = t.document_id and t.kind in ('STATEMENT_LINE', 'STATEMENT_ASIDE')
            left join statement_part s on s.id = t.document_id and t.kind = 'STATEMENT_MATCH'
            left join bank_statement b on b.id = t.document_id and t.kind = 'STATEMENT_OPENING'
            where t.kind like 'STATEMENT_%' and (t.customer_id <> 0 or coalesce(l.id, s.id, b.id) is null)
        """,
    ),
    Check(
        name="bank-reversals-agree",
        claim="What movements take back of a payment is what went back of it for that.",
        statement="""
            select 'payment ' || payment_id, sum(back), sum(returned)
            from (
                select payment_id, customer_id, -amount as back, 0 as returned from statement_part where amount < 0
                union all select payment_id, customer_id, 0, amount from payment_return
                where idempotency_key like 'statement_line:%'
            ) b group by payment_id, customer_id having sum(back) <> sum(returned)
        """,
    ),
)
