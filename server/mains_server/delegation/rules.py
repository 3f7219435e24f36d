"""What can be delegated and to whom, which month a payment counts in, and what a cap still lets through. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from mains_server.access.operations import DelegationEmpty, DelegationEndsTooEarly
from mains_server.access.records import GrantRole, PaymentLimits, Permission, Refusal
from mains_server.delegation.records import DelegationTerms, NewInvitation
from mains_server.money.records import NotMoney, require_amount

INVITATION_LASTS = timedelta(days=7)
# So long an owner sees whom they invited and who never came.
INVITATIONS_KEPT_FOR = timedelta(days=90)
OPEN_INVITATIONS_MAX = 20
NAME_CHARACTERS_MAX = 100
EMAIL_CHARACTERS_MAX = 254
# Where the utilities bill, so that a month is theirs and not that of UTC.
MONTH_ZONE = ZoneInfo("Europe/Riga")
_EMAIL = re.compile(r"[^@\s,;<>()\"']{1,64}@[^@\s,;<>()\"'.]+(\.[^@\s,;<>()\"'.]+)+")
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")


class InvitedNotNamed(Refusal):
    """An invitation goes to one address, by mail or by phone, and the invited has a name for the owner."""

    code = "INVITED_NOT_NAMED"


class LimitWrong(Refusal):
    """A limit is a positive amount to the cent, and limits only who may pay."""

    code = "LIMIT_WRONG"


class AboveCapPerPayment(Refusal):
    """The payment is more than the delegate may pay at once."""

    code = "ABOVE_CAP_PER_PAYMENT"


class AboveCapPerMonth(Refusal):
    """With the payment the delegate would pay more than they may in a month."""

    code = "ABOVE_CAP_PER_MONTH"


def check_invited(new: NewInvitation) -> None:
    """Refuse an invitation to nobody, to two addresses, or to what is none."""
    if not new.name.strip() or len(new.name) > NAME_CHARACTERS_MAX or not new.name.isprintable():
        raise InvitedNotNamed(f"say in 1 to {NAME_CHARACTERS_MAX} characters who is invited")
    if (new.email is None) == (new.phone is None):
        raise InvitedNotNamed("give an e-mail address or a phone number; one of them")
    if new.email is not None and not (len(new.email) <= EMAIL_CHARACTERS_MAX and _EMAIL.fullmatch(new.email)):
        raise InvitedNotNamed("this is no e-mail address")
    if new.phone is not None and not _PHONE.fullmatch(plain_phone(new.phone)):
        raise InvitedNotNamed("give the phone number with its country, such as +371 20000000")


def check_terms(terms: DelegationTerms, *, role: GrantRole, owned: frozenset[int], now: datetime) -> None:
    """Refuse to delegate nothing, others' contracts, or for no time; an owner's rights have no limits."""
    if role is GrantRole.OWNER:
        return
    if not terms.permissions or terms.contract_ids == frozenset() or not (terms.contract_ids or owned) <= owned:
        raise DelegationEmpty("name at least one permission, and all contracts or at least one of this customer's")
    if terms.ends_at is not None and terms.ends_at <= now:
        raise DelegationEndsTooEarly("choose an end in the future, or none")
    given = (terms.limits.cap_payment, terms.limits.cap_month, terms.limits.approval_above)
    limits = [one for one in given if one is not None]
    if limits and Permission.PAY not in terms.permissions:
        raise LimitWrong("limits of money go with the permission to pay")
    for limit in limits:
        try:
            require_amount(limit)
        except NotMoney as refusal:
            raise LimitWrong(str(refusal)) from refusal
        if limit <= 0:
            raise LimitWrong("a limit is more than 0.00; leave the permission to pay out instead")


def plain_phone(phone: str) -> str:
    """Write a phone number the one way it is kept: its country's plus sign and digits."""
    return re.sub(r"[\s()-]", "", phone)


def month_of(now: datetime) -> date:
    """Give the first day of the month that a payment made now counts in."""
    return now.astimezone(MONTH_ZONE).date().replace(day=1)


def check_caps(amount: Decimal, *, limits: PaymentLimits, spent_this_month: Decimal) -> None:
    """Refuse what is above a delegate's caps; exactly the cap may be paid."""
    cap_payment, cap_month = limits.cap_payment, limits.cap_month
    if cap_payment is not None and amount > cap_payment:
        raise AboveCapPerPayment(f"you may pay at most {cap_payment} EUR at a time")
    if cap_month is not None and spent_this_month + amount > cap_month:
        left = max(cap_month - spent_this_month, Decimal("0.00"))
        raise AboveCapPerMonth(f"you may pay {left} EUR more this month")
