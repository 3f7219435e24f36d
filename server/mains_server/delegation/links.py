"""Links of invitations: which one and until when, signed, so that nothing of them is stored.

The signature only says that we made the link; whether the invitation is still open is asked when it is used.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from hashlib import sha256

TOKEN_LENGTH_MAX = 200
PURPOSE = b"mains invitation 1:"


@dataclass(frozen=True, slots=True)
class InvitationLinks:
    """Signs the numbers of invitations and reads them back; what another secret signed, or changed, is none."""

    secret: bytes

    def sign(self, invitation_id: int) -> str:
        """Give an invitation's token; it is the same each time, so that a message can be sent again."""
        return f"{invitation_id}.{self._signature(str(invitation_id))}"

    def read(self, token: str) -> int | None:
        """Give the number of the invitation that a token is of; None if we did not sign it."""
        number, _, signature = token.partition(".")
        if len(token) > TOKEN_LENGTH_MAX or not token.isascii() or not number.isdigit():
            return None
        return int(number) if hmac.compare_digest(signature, self._signature(number)) else None

    def _signature(self, number: str) -> str:
        made = hmac.new(self.secret, PURPOSE + number.encode(), sha256).digest()
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
