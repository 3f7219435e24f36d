"""Tests a Mains utility adapter. Import every public name from here."""

from mains_kit.adapter import Adapter, installed_adapter, load_adapter
from mains_kit.compare import Difference, differences
from mains_kit.contract import AdapterContract
from mains_kit.errors import AdapterUnusable, ExplanationRefused, GoldenFileRefused
from mains_kit.fact_source import FactSourceContract
from mains_kit.golden import golden_files, load_golden
from mains_kit.notification_channel import NotificationChannelContract
from mains_kit.payment_provider import PaymentProviderContract
from mains_kit.rating import bill_of_charges, rate_golden
from mains_kit.records import GoldenBill

__all__ = [
    "Adapter",
    "AdapterContract",
    "AdapterUnusable",
    "Difference",
    "ExplanationRefused",
    "FactSourceContract",
    "GoldenBill",
    "GoldenFileRefused",
    "NotificationChannelContract",
    "PaymentProviderContract",
    "bill_of_charges",
    "differences",
    "golden_files",
    "installed_adapter",
    "load_adapter",
    "load_golden",
    "rate_golden",
]
