"""Mutations about what is stored of people."""

from __future__ import annotations

from mains_server.access.records import ADMINS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by
from mains_schema.parties.privacy import CustomerErasePayload, customer_erase


@section
class PrivacyMutations:
    """Erasing customers."""

    customer_erase: CustomerErasePayload = by(ADMINS)(
        mutation(
            "Takes away all that is stored about a customer, but what the law keeps: documents and postings."
            " It cannot be undone.",
            customer_erase,
            given="Whom.",
        )
    )
