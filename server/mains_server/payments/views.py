"""SQL triggers of the payments room."""

from mains_server.ledger.views import append_only

TRIGGERS = (
    append_only("payment"),
    append_only("payment_allocation"),
    append_only("prepayment"),
    append_only("prepaid_use"),
    append_only("payment_return"),
)
