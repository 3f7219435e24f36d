"""SQL triggers of the statements room."""

from mains_server.ledger.views import append_only

# What the bank said of a movement stays; only how far it has come and what was decided may change.
LINE_FACTS = """
create trigger facts_stay before update of id, bank_account_id, statement_id, position, booked_on, amount, currency,
    is_reversal, is_undetailed, fingerprint, occurrence, servicer_reference, end_to_end_id, party_name,
    party_iban, reference, text or delete or truncate on statement_line
for each statement execute function refuse_change()
"""

PARTS_STAY = append_only("statement_part")
