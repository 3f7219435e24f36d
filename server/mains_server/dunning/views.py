"""SQL triggers of the dunning room."""

from mains_server.ledger.views import append_only

TRIGGERS = (
    append_only("dunning_policy"),
    append_only("reminder"),
    append_only("interest_charge"),
    append_only("debt_part"),
    append_only("arranged_invoice"),
)
