"""Both providers of the sandbox keep the contract."""

import json

from mains_kit import PaymentProviderContract
from mains_payment_sandbox import bank, card
from mains_payment_sandbox.signing import signature
from mains_spi import ProviderAccess

EVENT = {
    "id": "evt_1",
    "type": "payment.captured",
    "occurredAt": "2024-02-10T09:29:58+00:00",
    "payment": {"id": "pay_1", "reference": "mains-1", "status": "captured", "amount": "12.50", "currency": "EUR"},
}


class Keeps(PaymentProviderContract):
    access = ProviderAccess(address="https://sandbox.example", secrets=(("key", "secret-of-ours"),))
    event = json.dumps(EVENT).encode()

    def signed(self, body, at):
        return (("sandbox-signature", signature(key="secret-of-ours", body=body, timestamp=int(at.timestamp()))),)


class TestBank(Keeps):
    provider = bank


class TestCard(Keeps):
    provider = card


del Keeps, PaymentProviderContract
