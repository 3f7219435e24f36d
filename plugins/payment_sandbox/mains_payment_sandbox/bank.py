"""Payment provider `sandbox`: the payer's bank moves the money when the payer agrees."""

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

CODE = "sandbox"
LABELS = Labels("Internetbanka (izmēģinājums)", "Internet bank (sandbox)", "Интернет-банк (проба)")


@hookimpl
def describe_provider() -> PaymentProvider:
    """Give the identity card."""
    return card_of(code=CODE, labels=LABELS, pays_by="BANK_TRANSFER", is_two_phase=False)


@hookimpl
def plan_call(request: CallRequest) -> ProviderCall:
    """Give the request that asks for an act."""
    return call_for(request, code=CODE, capture="automatic")


@hookimpl
def read_answer(request: ProviderAnswer) -> ProviderReport:
    """Read what was answered."""
    return report_of(request)


@hookimpl
def read_event(request: EventRequest) -> EventReading:
    """Prove and read a webhook."""
    return event_of(request)
