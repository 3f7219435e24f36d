"""A bill below nothing for the books that are damaged, and the damages that its checks must name."""

from datetime import date

from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.records import CreditRequest
from mains_server.payments.operations import credit_invoice

BOOK = """
insert into ledger_transaction (customer_id, key, kind, document_id, effective_on, booked_at)
select customer_id, 'planted ' || id, '{0}', id, now(), now() from {1}
"""
GIVING_DEFECTS = [
    ("bills-below-nothing-give", "T-000002", "update invoice set total = -total where document_number = 'T-000002'"),
    ("bills-below-nothing-give", "T-000009", "delete from payment where method = 'INVOICE'"),
    ("bills-below-nothing-give", "T-000007", "update payment set amount = 60.49 where amount = 60.50"),
    ("bills-below-nothing-give", "T-000007", "delete from payment_return where kind = 'WITHDRAWAL'"),
    ("bills-below-nothing-give", "T-000007", "delete from invoice where total = 60.50 and kind = 'CREDIT'"),
    ("bills-below-nothing-give", "payment", "delete from invoice where document_number = 'T-000007'"),
    ("bills-below-nothing-give", "payment", "update payment_return set kind = 'WITHDRAWAL' where kind = 'REFUND'"),
    ("payments-booked-once", "payment", BOOK.format("PAYMENT", "payment where method = 'INVOICE'")),
    ("returns-booked-once", "return", BOOK.format("PAYMENT_RETURN", "payment_return where kind = 'WITHDRAWAL'")),
]


async def give_below_nothing(utility):
    """T-000007 of customer C-6 gave 60.50 and was taken back by T-000008; T-000009 in its place gave 12.10."""
    customer = await utility.customer("C-6")
    contract = await utility.contract(customer, "K-6", ends=date(2024, 2, 1))
    given = await utility.invoice(customer, contract, nets=("-50.00",))
    credit = CreditRequest(document_number=given.document_number, issued_on=date(2024, 2, 10))
    async with unit_of_work(utility.engine) as session:
        await credit_invoice(session, request=credit, now=utility.now)
    await utility.invoice(customer, contract, nets=("-10.00",), revision=1)
