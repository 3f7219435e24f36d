"""Triggers of the audit room; a migration makes them. Their function is in `mains_server.db.views`."""

TRIGGERS = tuple(
    f"\ncreate trigger append_only before update or delete or truncate on {table}"
    "\nfor each statement execute function refuse_change()\n"
    for table in ("audit_entry", "audit_seal")
)
