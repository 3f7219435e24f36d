"""The channel keeps the contract."""

import json

from mains_kit import NotificationChannelContract
from mains_sms_sandbox import channel
from mains_sms_sandbox.signing import HEADER, signature
from mains_spi import ProviderAccess

REPORT = {
    "id": "dlr_1",
    "messageId": "sms_1",
    "reference": "mains-1",
    "status": "delivered",
    "occurredAt": "2024-02-10T09:29:58+00:00",
}


class TestChannel(NotificationChannelContract):
    channel = channel
    access = ProviderAccess(address="https://sandbox.example", secrets=(("key", "secret-of-ours"),))
    report = json.dumps(REPORT).encode()

    def signed(self, body, at):
        return ((HEADER, signature(key="secret-of-ours", body=body, timestamp=int(at.timestamp()))),)


del NotificationChannelContract
