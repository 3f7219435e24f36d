"""Changes that people make to webhooks: endpoints made, changed, given new secrets, disabled, pinged, sent to again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Refusal, StaffRole, Viewer
from mains_server.customers.queries import customers_by_ids
from mains_server.customers.records import CustomerKind
from mains_server.db.outbox import rouse
from mains_server.notifications.sealing import Seal
from mains_server.webhooks import queries, statements
from mains_server.webhooks.records import (
    Chosen,
    DisabledBecause,
    EndpointChange,
    Made,
    NewEndpoint,
    WebhookCoverage,
    WebhookDeliveryState,
    WebhookKind,
    WebhookState,
)
from mains_server.webhooks.rules import (
    CUSTOMERS_MAX,
    DESCRIPTION_CHARACTERS_MAX,
    ENDPOINTS_MAX,
    OVERLAP,
    OWN_ENDPOINTS_MAX,
)
from mains_server.webhooks.signing import new_secret
from mains_server.webhooks.tables import WebhookChoice, WebhookDelivery, WebhookEndpoint, WebhookSecret

KINDS_WITH_OWN = frozenset({CustomerKind.BUSINESS, CustomerKind.BUILDING_MANAGER})


class WebhookNotPermitted(Refusal):
    """Who asks may not do this: the utility's webhooks are its administrators', a customer's own its owner's."""

    code = "NOT_PERMITTED"


class WebhookCustomerUnknown(Refusal):
    """There is no such customer, or it is not the viewer's."""

    code = "CUSTOMER_UNKNOWN"
    path = "customerId"


class CustomerPrivate(Refusal):
    """Households have no webhooks of their own."""

    code = "CUSTOMER_PRIVATE"
    path = "customerId"


class TooManyCustomers(Refusal):
    """An endpoint for named customers names few."""

    code = "TOO_MANY_CUSTOMERS"
    path = "customerIds"


class TooManyEndpoints(Refusal):
    """So many endpoints are a mistake."""

    code = "TOO_MANY_ENDPOINTS"


class DescriptionWrong(Refusal):
    """A description says in a few words what an endpoint is for."""

    code = "DESCRIPTION_WRONG"
    path = "description"


class EventsWrong(Refusal):
    """An endpoint hears of at least one kind of event, and of each once."""

    code = "EVENTS_WRONG"
    path = "events"


class EndpointUnknown(Refusal):
    """There is no such endpoint of the viewer's."""

    code = "ENDPOINT_UNKNOWN"
    path = "endpointId"


class EndpointDisabled(Refusal):
    """What is disabled is told of nothing; enable it first."""

    code = "ENDPOINT_DISABLED"
    path = "endpointId"


class DeliveryNotFailed(Refusal):
    """There is no such delivery of the viewer's that was given up."""

    code = "DELIVERY_NOT_FAILED"
    path = "deliveryId"


def insist_may_make(*, viewer: Viewer, customer_id: int | None) -> None:
    """Refuse who may not make an endpoint, before anything is looked up for them."""
    if customer_id is None and StaffRole.ADMIN not in viewer.staff:
        raise WebhookNotPermitted("only administrators of the utility register its partners; name your customer")
    if customer_id is not None and customer_id not in viewer.customers_owned:
        raise WebhookCustomerUnknown("there is no such customer that you own")


async def create_endpoint(
    session: AsyncSession, *, viewer: Viewer, new: NewEndpoint, seal: Seal, now: datetime
) -> Made:
    """Make an endpoint that is told of everything from now on, and give its secret, this once.

    The address was let through by `Gate.insist`, and the documents were proven against the schema.
    """
    insist_may_make(viewer=viewer, customer_id=new.customer_id)
    _insist_on_words(new.description, new.chosen)
    customer_ids = (new.customer_id,) if new.customer_id is not None else new.customer_ids
    await _insist_on_customers(session, new=new, customer_ids=customer_ids)
    most = ENDPOINTS_MAX if new.customer_id is None else OWN_ENDPOINTS_MAX
    if await queries.endpoints_count(session, customer_id=new.customer_id) >= most:
        raise TooManyEndpoints(f"at most {most} endpoints are kept; change one that is there")
    assert viewer.person_id is not None
    row = WebhookEndpoint(
        customer_id=new.customer_id,
        person_id=viewer.person_id,
        url=new.url,
        description=new.description.strip(),
        language=new.language,
        coverage=WebhookCoverage.ALL_CUSTOMERS if customer_ids is None else WebhookCoverage.NAMED_CUSTOMERS,
        customer_ids=sorted(set(customer_ids or ())),
        state=WebhookState.ACTIVE,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    _choose(session, row.id, new.chosen)
    await session.execute(text(statements.FIRST_LOOK))
    return Made(row.id, _keep_secret(session, row.id, seal=seal, now=now))


async def change_endpoint(session: AsyncSession, *, viewer: Viewer, endpoint_id: int, change: EndpointChange) -> None:
    """Change an endpoint's address, words or kinds; what waits is told by what holds then."""
    row = await _held(session, viewer=viewer, endpoint_id=endpoint_id)
    _insist_on_words(row.description if change.description is None else change.description, change.chosen)
    row.url = row.url if change.url is None else change.url
    row.description = row.description if change.description is None else change.description.strip()
    if change.chosen is not None:
        await session.execute(delete(WebhookChoice).where(col(WebhookChoice.endpoint_id) == row.id))
        _choose(session, row.id, change.chosen)
    await session.flush()


async def rotate_secret(session: AsyncSession, *, viewer: Viewer, endpoint_id: int, seal: Seal, now: datetime) -> Made:
    """Give an endpoint a new secret; the one before signs too for 24 hours more, and no other does."""
    row = await _held(session, viewer=viewer, endpoint_id=endpoint_id)
    ends = {"endpoint": row.id, "now": now, "ends_at": now + OVERLAP}
    await session.execute(text(statements.END_SECRETS), ends)
    await session.execute(text(statements.FORGET_SECRETS), {"endpoint": row.id, "now": now})
    return Made(row.id, _keep_secret(session, row.id, seal=seal, now=now))


async def disable_endpoint(session: AsyncSession, *, viewer: Viewer, endpoint_id: int, now: datetime) -> None:
    """Tell an endpoint nothing any more; administrators may end a customer's own too, and owners a former owner's."""
    row = await queries.held_endpoint(session, endpoint_id=endpoint_id)
    may = row is not None and (StaffRole.ADMIN in viewer.staff or row.customer_id in viewer.customers_owned)
    if row is None or not may:
        raise EndpointUnknown("there is no such endpoint of yours")
    if row.state is WebhookState.ACTIVE:
        row.state, row.disabled_because, row.disabled_at = WebhookState.DISABLED, DisabledBecause.ASKED, now
    await session.flush()


async def enable_endpoint(session: AsyncSession, *, viewer: Viewer, endpoint_id: int) -> None:
    """Tell an endpoint again: what waited goes on, and of what happened meanwhile it is not told."""
    row = await _held(session, viewer=viewer, endpoint_id=endpoint_id)
    row.state, row.disabled_because, row.disabled_at = WebhookState.ACTIVE, None, None
    row.failures, row.failing_since, row.paused_until = 0, None, None
    await session.flush()
    await rouse(session)


async def ping_endpoint(session: AsyncSession, *, viewer: Viewer, endpoint_id: int, now: datetime) -> int:
    """Queue a message of the type `webhook.test`, and give its number."""
    row = await _held(session, viewer=viewer, endpoint_id=endpoint_id)
    _insist_is_active(row)
    delivery = WebhookDelivery(
        endpoint_id=row.id,
        kind=WebhookKind.TEST,
        number=row.id,
        state=WebhookDeliveryState.WAITING,
        occurred_at=now,
        next_try_at=now,
    )
    row.paused_until = None
    session.add(delivery)
    await session.flush()
    await rouse(session)
    return delivery.id


async def send_again(session: AsyncSession, *, viewer: Viewer, delivery_id: int, now: datetime) -> int:
    """Put a delivery that was given up back among those that wait, under the same message id; give its endpoint."""
    endpoint_id = await queries.endpoint_of_delivery(session, delivery_id=delivery_id)
    if endpoint_id is None:
        raise DeliveryNotFailed("there is no such delivery of yours that was given up")
    try:
        row = await _held(session, viewer=viewer, endpoint_id=endpoint_id)
    except EndpointUnknown as unknown:
        raise DeliveryNotFailed("there is no such delivery of yours that was given up") from unknown
    _insist_is_active(row)
    if await session.scalar(text(statements.SEND_AGAIN), {"id": delivery_id, "now": now}) is None:
        raise DeliveryNotFailed("this delivery was not given up")
    await rouse(session)
    return endpoint_id


async def send_failed_again(
    session: AsyncSession, *, viewer: Viewer, endpoint_id: int, since: datetime, now: datetime
) -> int:
    """Put all that was given up of an endpoint since an instant back among those that wait, and count it."""
    row = await _held(session, viewer=viewer, endpoint_id=endpoint_id)
    _insist_is_active(row)
    values = {"endpoint": row.id, "since": since, "now": now}
    found = await session.execute(text(statements.SEND_FAILED_AGAIN), values)
    await rouse(session)
    return int(found.rowcount)  # type: ignore[attr-defined]


async def _held(session: AsyncSession, *, viewer: Viewer, endpoint_id: int) -> WebhookEndpoint:
    """Take hold of an endpoint that the viewer keeps: an administrator the utility's, an owner what they made."""
    row = await queries.held_endpoint(session, endpoint_id=endpoint_id)
    if row is not None and row.customer_id is None and StaffRole.ADMIN in viewer.staff:
        return row
    if row is not None and row.customer_id in viewer.customers_owned and row.person_id == viewer.person_id:
        return row
    raise EndpointUnknown("there is no such endpoint of yours")


def _insist_is_active(row: WebhookEndpoint) -> None:
    if row.state is not WebhookState.ACTIVE:
        raise EndpointDisabled("this endpoint is disabled; enable it first")


def _insist_on_words(description: str, chosen: Sequence[Chosen] | None) -> None:
    if not 1 <= len(description.strip()) <= DESCRIPTION_CHARACTERS_MAX or not description.isprintable():
        raise DescriptionWrong(f"say in 1 to {DESCRIPTION_CHARACTERS_MAX} characters what the endpoint is for")
    kinds = [] if chosen is None else [one.kind for one in chosen]
    if chosen is not None and (not kinds or len(set(kinds)) < len(kinds) or WebhookKind.TEST in kinds):
        raise EventsWrong("name at least one kind of event, and each once")


async def _insist_on_customers(
    session: AsyncSession, *, new: NewEndpoint, customer_ids: tuple[int, ...] | None
) -> None:
    if customer_ids is None:
        return
    if not 1 <= len(customer_ids) <= CUSTOMERS_MAX:
        raise TooManyCustomers(f"name 1 to {CUSTOMERS_MAX} customers")
    known = await customers_by_ids(session, customer_ids=sorted(set(customer_ids)))
    if len(known) < len(set(customer_ids)):
        raise WebhookCustomerUnknown("there is no such customer")
    if new.customer_id is not None and known[0].kind not in KINDS_WITH_OWN:
        raise CustomerPrivate("only businesses and managers of buildings have webhooks of their own")


def _choose(session: AsyncSession, endpoint_id: int, chosen: Sequence[Chosen]) -> None:
    session.add_all(WebhookChoice(endpoint_id=endpoint_id, kind=one.kind, document=one.document) for one in chosen)


def _keep_secret(session: AsyncSession, endpoint_id: int, *, seal: Seal, now: datetime) -> str:
    secret = new_secret()
    sealed = seal.close({"secret": secret}, occasion=occasion_of(endpoint_id))
    session.add(WebhookSecret(endpoint_id=endpoint_id, sealed=sealed, created_at=now))
    return secret


def occasion_of(endpoint_id: int) -> str:
    """Name what an endpoint's secrets are sealed for, so that none can be put in the place of another's."""
    return f"webhook endpoint {endpoint_id}"
