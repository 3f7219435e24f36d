"""How ways back into accounts are opened, as an operator set it up."""

from __future__ import annotations

from mains_server.recovery.records import RecoveryPolicy
from mains_server.settings import Settings


def recovery_policy_of(settings: Settings) -> RecoveryPolicy:
    """Give the wait, by how many administrators, and the page that links lead to."""
    return RecoveryPolicy(
        delay=settings.recovery_delay, needs_two=settings.recovery_by_two, page=settings.recovery_page
    )
