"""What SMS gateways and mail servers said of notices, word by word as it came."""

from __future__ import annotations

from datetime import datetime

import strawberry
from mains_server.notifications.records import ReportOutcome
from mains_server.notifications.tables import NoticeReport as NR

from mains_schema.declaring.mapping import column, described, key, mapped
from mains_schema.declaring.node import Node
from mains_schema.declaring.scope import allowed

described(
    ReportOutcome,
    "What a gateway or mail server says of a notice.",
    {
        "ON_ITS_WAY": "The network or the mail server has it.",
        "PUT_OFF": "It was not taken now, and is tried again.",
        "DELIVERED": "It arrived; mail servers never say so.",
        "FAILED": "It was refused or did not arrive.",
    },
    name="NoticeReportOutcome",
)


@mapped(NR, scope=allowed(NR.customer_id))
class NoticeReport(Node):
    """What an SMS gateway reported of a text message, part by part if it had several, or a mail server answered."""

    id: strawberry.ID = key("Global id.", NR.id)
    gateway: str = column("Code of the gateway; `mail` for the mail server.", NR.gateway)
    outcome: ReportOutcome = column("What became of it.", NR.outcome)
    reason: str | None = column("The other side's own words, mostly English; null where it says nothing.", NR.reason)
    occurred_at: datetime = column("When that was, by the other side's clock if it tells.", NR.occurred_at)
    received_at: datetime = column("When we heard of it.", NR.received_at)
