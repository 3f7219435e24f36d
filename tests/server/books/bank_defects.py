"""A bank account for the books that are damaged, and the damages that its checks must name."""

from mains_server.db.unit_of_work import unit_of_work
from mains_server.money.rules import creditor_reference
from mains_server.statements.importing import take_in
from mains_server.statements.matching import match_new_lines
from mains_server.statements.operations import our_ibans
from mains_server.statements.records import FileSource

from tests.server.statements.camt_files import Paid, bank_file

BANK_DEFECTS = [
    ("bank-agrees", "account LV80", "update bank_statement set closing = closing + 1"),
    ("bank-agrees", "account LV80", "delete from ledger_transaction where kind = 'STATEMENT_OPENING'",
        "delete from ledger_entry where account = 'brought_forward' or amount = 1000"),
    ("bank-lines-booked-once", "line", "update statement_line set amount = 11 where amount = 10"),
    ("bank-lines-booked-once", "line", "delete from ledger_transaction where key = 'statement_line:1'"),
    ("unmatched-agrees", "unmatched in EUR", "update statement_line set state = 'MATCHED' where amount = 7"),
    ("bank-parts-make-the-line", "line", "update statement_part set amount = 9"),
    ("bank-parts-make-the-line", "line", "delete from statement_part"),
    ("bank-parts-make-the-line", "line", "update statement_line set state = 'QUEUED' where amount = 10"),
    ("bank-parts-booked-once", "part", "delete from ledger_transaction where kind = 'STATEMENT_MATCH'"),
    ("bank-reversals-agree", "payment", "update statement_part set amount = -amount"),
    ("bank-asides-booked-once", "line", "update statement_line set state = 'SET_ASIDE' where amount = 7"),
    ("payouts-agree", "provider clearing:sandbox",
        "update statement_line set aside = 'PROVIDER_PAYOUT', payout_provider = 'sandbox', payout_fee = 0"
        " where amount = 7"),
    ("bank-bookings-have-document", "(statement_line:", "delete from statement_line where amount = 7"),
    ("bank-bookings-have-document", "(statement_match:", "delete from statement_part"),
    ("bank-bookings-have-document", "(statement_opening:", "delete from bank_statement"),
]  # fmt: skip


async def banked(utility):
    """The bank says that T-000002 was paid by its reference, that somebody paid 7.00, and that it took 3.00 itself."""
    paid = (
        Paid(amount="10.00", structured=creditor_reference("T-000002")),
        Paid(amount="7.00", text="paldies"),
        Paid(amount="3.00", side="DBIT", text="Komisija"),
    )
    async with unit_of_work(utility.engine) as session:
        source = FileSource(ibans=await our_ibans(session, more=()), now=utility.now)
        await take_in(session, file=bank_file(*paid), source=source)
    await match_new_lines(utility.engine, now=utility.now)
