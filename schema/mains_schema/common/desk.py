"""The desk at which a viewer asks for steps in a contract's life, and about its debts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mains_server.adapters.host import AdapterHost
from mains_server.contracts.desk import Desk
from mains_server.invoices.queries import billed_until

from mains_schema.declaring.errors import unauthenticated

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads


def desk_of(reads: Reads) -> Desk:
    """Give the desk at which the viewer asks for steps in a contract's life; who is not signed in has none."""
    if not reads.viewer.is_signed_in:
        raise unauthenticated()
    host = reads.host or AdapterHost(adapters=(), live={})
    return Desk(viewer=reads.viewer, host=host, now=reads.now, today=reads.today, billed_until=billed_until)
