"""The way back for who lost the authenticator app, its codes and every passkey: opened by the utility, used by them."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from mains_server.access.records import ADMINS, Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.recovery import operations, rules, using
from mains_server.recovery.operations import Desk
from mains_server.recovery.records import StoppedBy, WantedRecovery
from mains_server.recovery.tables import AccountRecovery as AR
from mains_server.signin.records import SigninRefused
from mains_server.signin.throttling import network
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Context, Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import OrderBy, column, descending, described, key, mapped, orders
from mains_schema.declaring.node import Node, number_of
from mains_schema.declaring.payload import (
    IN_ENGLISH,
    RETRYABLE,
    USER_ERROR_PATH,
    USER_ERRORS,
    made_error,
    user_error,
)
from mains_schema.declaring.scope import oneself_or
from mains_schema.parties.passwords import claimed

TOKEN = "The token of the link."
WHICH = "Global id of the way back."


class RecoveryErrorCode(Enum):
    """Why nothing was done about a way back."""

    REAUTHENTICATION_NEEDED = "REAUTHENTICATION_NEEDED"
    ACCOUNT_UNKNOWN = "ACCOUNT_UNKNOWN"
    NOTHING_LOST = "NOTHING_LOST"
    REASON_MISSING = "REASON_MISSING"
    RECOVERY_OPEN = "RECOVERY_OPEN"
    ONESELF_NOT_PERMITTED = "ONESELF_NOT_PERMITTED"
    NOT_TO_BE_APPROVED = "NOT_TO_BE_APPROVED"
    RECOVERY_UNKNOWN = "RECOVERY_UNKNOWN"
    CODE_WRONG = "CODE_WRONG"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"


CODES: Mapping[str, str] = {
    "REAUTHENTICATION_NEEDED": "The viewer proved who they are longer than five minutes ago: `sessionProve` first.",
    "ACCOUNT_UNKNOWN": "Nobody signs in by this address.",
    "NOTHING_LOST": "The account has no second factor: resetting the password is enough.",
    "REASON_MISSING": f"The reason or the proof is not {rules.WORDS_MIN} to {rules.WORDS_MAX} characters that can be"
    " shown.",
    "RECOVERY_OPEN": "There is a way back into this account already; withdraw it first.",
    "ONESELF_NOT_PERMITTED": "Nobody opens or approves a way back for themselves, or approves what they opened.",
    "NOT_TO_BE_APPROVED": "It was approved already, or needs nobody's approval.",
    "RECOVERY_UNKNOWN": "There is no such way back, it has ended, or it does not act yet.",
    "CODE_WRONG": "The code is wrong, or is too old; which of them is not told.",
    "TOO_MANY_ATTEMPTS": "This was tried too often; try again later.",
}
described(RecoveryErrorCode, "Why nothing was done about a way back into an account.", CODES)
described(
    StoppedBy,
    "Who stopped a way back into an account.",
    {
        "LINK": "Somebody with the link that everybody on file was sent.",
        "SESSION": "The person, signed in.",
        "STAFF": "An administrator.",
    },
)


@strawberry.type(description="Why nothing was done about a way back into an account.")
class RecoveryUserError:
    """A refusal."""

    code: RecoveryErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@orders
class AccountRecoveryOrder(OrderBy):
    """Order of ways back."""

    NEWEST = descending("Last opened first.", AR.opened_at)


@mapped(AR, scope=oneself_or(ADMINS, AR.person_id))
class AccountRecovery(Node):
    """A way back into an account whose app, codes and passkeys are lost. Its person and administrators see it."""

    id: strawberry.ID = key("Global id.", AR.id)
    reason: str = column("Why, as the administrator who opened it says.", AR.reason)
    proof: str = column("What proved to them who asks.", AR.proof)
    needs_approval: bool = column("Whether another administrator has to approve it.", AR.needs_approval)
    opened_at: datetime = column("When it was opened, and everybody on file told.", AR.opened_at)
    approved_at: datetime | None = column("When it was approved; null before that.", AR.approved_at)
    acts_at: datetime = column("Until when it waits at least.", AR.acts_at)
    link_sent_at: datetime | None = column(
        "When the account's address was sent the link; null before that.", AR.link_sent_at
    )
    expires_at: datetime = column("Until when it can be used.", AR.expires_at)
    stopped_at: datetime | None = column("When it was stopped; null if it was not.", AR.stopped_at)
    stopped_by: StoppedBy | None = column("Who stopped it; null if nobody did.", AR.stopped_by)
    done_at: datetime | None = column("When another app was set up by it; null before that.", AR.done_at)


@strawberry.input(description="Whose way back to open, and why.")
class AccountRecoveryOpenInput:
    """An account, a reason and a proof."""

    email: str = strawberry.field(description="E-mail address that they sign in with.")
    reason: str = strawberry.field(description="Why, in 3 to 500 characters; the person reads it.")
    proof: str = strawberry.field(
        description="What proved who they are, in 3 to 500 characters, such as what was seen and where; no numbers of"
        " documents. The person reads it."
    )


@strawberry.input(description="Which way back.")
class AccountRecoveryInput:
    """One way back."""

    recovery_id: strawberry.ID = strawberry.field(description=WHICH)


@strawberry.input(description="What stops a way back.")
class AccountRecoveryStopInput:
    """A token, or none."""

    token: str | None = strawberry.field(
        description=f"{TOKEN} Leave it out to stop the way back into the viewer's own account.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="The link that came when the wait was over.")
class AccountRecoveryBeginInput:
    """A token."""

    token: str = strawberry.field(description=TOKEN)


@strawberry.input(description="The link, and a code of the new app.")
class AccountRecoveryFinishInput:
    """A token and a code."""

    token: str = strawberry.field(description=TOKEN)
    code: str = strawberry.field(description="The six digits that the new app shows; spaces do not matter.")


@strawberry.type(description="The way back, or why there is none.")
class AccountRecoveryPayload:
    """The outcome of what administrators do."""

    recovery: AccountRecovery | None = strawberry.field(description="The way back; null if it was refused.")
    user_errors: list[RecoveryUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="Whether a way back was stopped.")
class AccountRecoveryStopPayload:
    """The outcome."""

    is_stopped: bool = strawberry.field(description="Whether it does nothing any more.")
    user_errors: list[RecoveryUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="What the new app is set up with, or why it is not.")
class AccountRecoveryBeginPayload:
    """The secret is shown this once."""

    uri: str | None = strawberry.field(
        description="`otpauth:` address to show as a QR code; keep it secret. Null if it was refused."
    )
    secret: str | None = strawberry.field(
        description="The same secret in base 32, for typing into the app. Null if it was refused."
    )
    user_errors: list[RecoveryUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="Recovery codes of the new app, or why there are none.")
class AccountRecoveryFinishPayload:
    """The codes are shown this once."""

    recovery_codes: list[str] = strawberry.field(
        description="Ten codes, each good once where the app is lost; shown this once. Empty if it was refused."
    )
    user_errors: list[RecoveryUserError] = strawberry.field(description=USER_ERRORS)


async def account_recovery_open(info: Info, given: AccountRecoveryOpenInput) -> AccountRecoveryPayload:
    """Open a way back."""
    context = info.context
    wanted = WantedRecovery(email=given.email, reason=given.reason, proof=given.proof)
    try:
        async with unit_of_work(context.engine) as session:
            number = await operations.open_recovery(session, viewer=context.viewer, wanted=wanted, desk=_desk(context))
    except Refusal as refusal:
        return AccountRecoveryPayload(recovery=None, user_errors=[_error(refusal)])
    return AccountRecoveryPayload(recovery=changed(AccountRecovery, number), user_errors=[])


async def account_recovery_approve(info: Info, given: AccountRecoveryInput) -> AccountRecoveryPayload:
    """Approve what another administrator opened."""
    context, number = info.context, _number(given)
    try:
        async with unit_of_work(context.engine) as session:
            await operations.approve_recovery(session, viewer=context.viewer, recovery_id=number, desk=_desk(context))
    except Refusal as refusal:
        return AccountRecoveryPayload(recovery=None, user_errors=[_error(refusal)])
    return AccountRecoveryPayload(recovery=changed(AccountRecovery, number), user_errors=[])


async def account_recovery_withdraw(info: Info, given: AccountRecoveryInput) -> AccountRecoveryPayload:
    """Stop a way back for the utility."""
    context, number = info.context, _number(given)
    try:
        async with unit_of_work(context.engine) as session:
            await operations.withdraw_recovery(session, recovery_id=number, desk=_desk(context))
    except Refusal as refusal:
        return AccountRecoveryPayload(recovery=None, user_errors=[_error(refusal)])
    return AccountRecoveryPayload(recovery=changed(AccountRecovery, number), user_errors=[])


async def account_recovery_stop(info: Info, given: AccountRecoveryStopInput) -> AccountRecoveryStopPayload:
    """Stop a way back, by its link or in a session of the person's own."""
    context = info.context
    if not given.token and context.viewer.session_id is None:
        raise unauthenticated()
    try:
        await _counted(context)
        async with unit_of_work(context.engine) as session:
            await _stopped(session, context, token=given.token or None)
    except Refusal as refusal:
        return AccountRecoveryStopPayload(is_stopped=False, user_errors=[_error(refusal)])
    return AccountRecoveryStopPayload(is_stopped=True, user_errors=[])


async def account_recovery_begin(info: Info, given: AccountRecoveryBeginInput) -> AccountRecoveryBeginPayload:
    """Give the secret of a new app to who has the link."""
    context = info.context
    try:
        await _counted(context)
        async with unit_of_work(context.engine) as session:
            made = await using.begin_use(session, token=given.token, desk=_desk(context))
    except Refusal as refusal:
        return AccountRecoveryBeginPayload(uri=None, secret=None, user_errors=[_error(refusal)])
    return AccountRecoveryBeginPayload(uri=made.uri, secret=made.secret, user_errors=[])


async def account_recovery_finish(info: Info, given: AccountRecoveryFinishInput) -> AccountRecoveryFinishPayload:
    """Put the new app in the place of the old one; a wrong code is counted, so its transaction is kept."""
    context = info.context
    try:
        await _counted(context)
        async with unit_of_work(context.engine) as session:
            made = await using.finish_use(session, token=given.token, code=given.code, desk=_desk(context))
    except Refusal as refusal:
        return AccountRecoveryFinishPayload(recovery_codes=[], user_errors=[_error(refusal)])
    if isinstance(made, SigninRefused):
        return AccountRecoveryFinishPayload(recovery_codes=[], user_errors=[_code_error(made)])
    return AccountRecoveryFinishPayload(recovery_codes=list(made), user_errors=[])


def _stopped(session: AsyncSession, context: Context, *, token: str | None) -> Awaitable[Any]:
    if token is not None:
        return operations.stop_by_token(session, token=token, desk=_desk(context))
    return operations.stop_own(session, viewer=context.viewer, desk=_desk(context))


async def _counted(context: Context) -> None:
    await claimed(context, (rules.TRIES_OF_NETWORK, network(context.reads.address)))


def _desk(context: Context) -> Desk:
    services = context.services
    return Desk(policy=services.recovery, seal=Seal(services.links.secret), now=context.now)


def _number(given: AccountRecoveryInput) -> int:
    return number_of(given.recovery_id, type_name="AccountRecovery")


def _code_error(made: SigninRefused) -> RecoveryUserError:
    code = RecoveryErrorCode[made.code.name]
    is_retryable = made.retry_at is not None
    return made_error(RecoveryUserError, code, made.message, path="code", is_retryable=is_retryable)


def _error(refusal: Refusal) -> RecoveryUserError:
    return user_error(RecoveryUserError, RecoveryErrorCode, refusal)
