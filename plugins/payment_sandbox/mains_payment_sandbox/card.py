"""Payment provider `sandbox_card`: the payer's consent reserves the money, and the server captures or voids it."""

from __future__ import annotations

from mains_spi import (
    CallRequest,
    EventReading,
    EventRequest,
    Labels,
    PaymentProvider,
    ProviderAnswer,
    ProviderCall,
    ProviderReport,
    hookimpl,
)

from mains_payment_sandbox.speaking import call_for, card_of, event_of, report_of

CODE = "sandbox_card"
LABELS = Labels("Maksājumu karte (izmēģinājums)", "Payment card (sandbox)", "Платёжная карта (проба)")


@hookimpl
def describe_provider() -> PaymentProvider:
    """Give the identity card."""
    return card_of(code=CODE, labels=LABELS, pays_by="CARD", is_two_phase=True)


@hookimpl
def plan_call(request: CallRequest) -> ProviderCall:
    """Give the request that asks for an act."""
    return call_for(request, code=CODE, capture="manual")


@hookimpl
def read_answer(request: ProviderAnswer) -> ProviderReport:
    """Read what was answered."""
    return report_of(request)


@hookimpl
def read_event(request: EventRequest) -> EventReading:
    """Prove and read a webhook."""
    return event_of(request)
