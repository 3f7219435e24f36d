"""Rows of the authorization matrix: who may do what about passkeys, and about the way back into an account.

Each row is what `Act` of `authorization.py` takes: an audience, how all others are refused, and what it is given.
"""

from __future__ import annotations

from collections.abc import Mapping

from mains_schema.declaring.node import encode_id

Row = tuple[str, tuple[str, ...], Mapping[str, str]]

PASSKEY = {"passkeyId": f'"{encode_id(type_name="Passkey", number=1)}"'}
RECOVERY = {"recoveryId": f'"{encode_id(type_name="AccountRecovery", number=1)}"'}
NOTHING: Mapping[str, str] = {}
FORBIDDEN = ("FORBIDDEN",)

WAYS: Mapping[str, Row] = {
    "accountRecoveryApprove": ("admin", FORBIDDEN, RECOVERY),
    "accountRecoveryBegin": ("everybody", (), NOTHING),
    "accountRecoveryFinish": ("everybody", (), NOTHING),
    "accountRecoveryOpen": ("admin", FORBIDDEN, NOTHING),
    "accountRecoveryStop": ("everybody", (), {"token": '"x"'}),
    "accountRecoveryWithdraw": ("admin", FORBIDDEN, RECOVERY),
    "passkeyProveBegin": ("signed in", ("PASSKEY_UNKNOWN",), NOTHING),
    "passkeyProveFinish": ("signed in", (), NOTHING),
    "passkeyRegisterBegin": ("signed in", (), NOTHING),
    "passkeyRegisterFinish": ("signed in", (), NOTHING),
    "passkeyRemove": ("owner", ("PASSKEY_UNKNOWN",), PASSKEY),
    "passkeyRename": ("owner", ("PASSKEY_UNKNOWN",), {**PASSKEY, "name": '"Mine"'}),
    "passkeySignInBegin": ("everybody", (), NOTHING),
    "passkeySignInFinish": ("everybody", (), NOTHING),
}
