"""Who may keep which webhooks, what of them is refused, and what is kept of a secret."""

import pytest
from mains_server.access.records import Refusal
from mains_server.webhooks import operations
from mains_server.webhooks.operations import (
    CustomerPrivate,
    DeliveryNotFailed,
    DescriptionWrong,
    EndpointDisabled,
    EndpointUnknown,
    EventsWrong,
    TooManyCustomers,
    TooManyEndpoints,
    WebhookCustomerUnknown,
    WebhookNotPermitted,
)
from mains_server.webhooks.records import Chosen, EndpointChange, WebhookKind
from mains_server.webhooks.rules import OWN_ENDPOINTS_MAX

from tests.server.webhooks.conftest import READINGS, SEAL

pytestmark = pytest.mark.asyncio
URL = "https://partner.example/hook"
ENDPOINTS = "select count(*) from webhook_endpoint"


@pytest.mark.parametrize(
    ("who", "given", "refusal"),
    [
        ("owner", {}, WebhookNotPermitted),
        ("admin", {"customer_id": 1}, WebhookCustomerUnknown),
        ("owner", {"customer_id": 999}, WebhookCustomerUnknown),
        ("admin", {"customer_ids": (999,)}, WebhookCustomerUnknown),
        ("admin", {"customer_ids": ()}, TooManyCustomers),
        ("admin", {"customer_ids": tuple(range(1, 102))}, TooManyCustomers),
        ("admin", {"description": ""}, DescriptionWrong),
        ("admin", {"description": "  "}, DescriptionWrong),
        ("admin", {"description": "x" * 201}, DescriptionWrong),
        ("admin", {"description": "a\nb"}, DescriptionWrong),
        ("admin", {"chosen": ()}, EventsWrong),
        ("admin", {"chosen": READINGS * 2}, EventsWrong),
    ],
)
async def test_bad_endpoints_are_refused_and_nothing_is_kept(partners, who, given, refusal):
    with pytest.raises(refusal):
        await partners.endpoint(URL, by=getattr(partners, who), **given)

    assert await partners.rows(ENDPOINTS) == [(0,)]


async def test_households_have_no_webhooks_of_their_own(partners):
    await partners.utility.run("update customer set kind = 'PRIVATE'")

    with pytest.raises(CustomerPrivate):
        await partners.endpoint(URL, by=partners.owner, customer_id=partners.business)

    assert await partners.rows(ENDPOINTS) == [(0,)]


async def test_a_business_has_a_few_of_its_own(partners):
    mine = {"by": partners.owner, "customer_id": partners.business}
    for _ in range(OWN_ENDPOINTS_MAX):
        await partners.endpoint(URL, **mine)

    with pytest.raises(TooManyEndpoints):
        await partners.endpoint(URL, **mine)

    kept = await partners.rows("select distinct customer_id, coverage, customer_ids from webhook_endpoint")
    assert kept == [(partners.business, "NAMED_CUSTOMERS", [partners.business])]


async def test_a_secret_is_given_once_and_kept_sealed(partners):
    made = await partners.endpoint(URL)

    [(sealed,)] = await partners.rows("select sealed from webhook_secret")
    assert made.secret.startswith("whsec_")
    assert made.secret.encode() not in sealed
    assert SEAL.open(sealed, occasion=operations.occasion_of(made.endpoint_id)) == {"secret": made.secret}


async def test_one_secret_before_the_new_one_holds_for_a_day_and_no_more(partners):
    made = await partners.endpoint(URL)
    for _ in range(3):
        await partners.act(operations.rotate_secret, endpoint_id=made.endpoint_id, seal=SEAL, now=partners.now)

    ends = await partners.rows("select ends_at - created_at = interval '24 hours' from webhook_secret order by id")
    assert ends == [(True,), (True,), (True,), (None,)]


@pytest.mark.parametrize("who", ["owner", "admin"])
async def test_what_is_of_others_is_unknown(partners, who):
    theirs = {"admin": {"by": partners.owner, "customer_id": partners.business}, "owner": {}}[who]
    made = await partners.endpoint(URL, **theirs)
    by, endpoint_id, now = getattr(partners, who), made.endpoint_id, partners.now
    await partners.utility.run(
        "insert into webhook_delivery (endpoint_id, kind, number, state, tries, occurred_at) "
        "values (:id, 'TEST', 1, 'FAILED', 1, :now)",
        id=endpoint_id,
        now=now,
    )

    for what, given in (
        (operations.change_endpoint, {"change": EndpointChange(description="Mine")}),
        (operations.rotate_secret, {"seal": SEAL, "now": now}),
        (operations.enable_endpoint, {}),
        (operations.ping_endpoint, {"now": now}),
        (operations.send_failed_again, {"since": now, "now": now}),
    ):
        with pytest.raises(EndpointUnknown):
            await partners.act(what, by=by, endpoint_id=endpoint_id, **given)
    with pytest.raises(DeliveryNotFailed):
        await partners.act(operations.send_again, by=by, delivery_id=1, now=now)


async def test_administrators_may_disable_a_customers_own_and_owners_their_former_owners(partners):
    made = await partners.endpoint(URL, by=partners.owner, customer_id=partners.business)
    await partners.act(operations.disable_endpoint, endpoint_id=made.endpoint_id, now=partners.now)

    assert await partners.state() == ("DISABLED", "ASKED", 0)
    await partners.act(operations.enable_endpoint, by=partners.owner, endpoint_id=made.endpoint_id)
    await partners.utility.run("update webhook_endpoint set person_id = :other", other=partners.admin)
    await partners.act(operations.disable_endpoint, by=partners.owner, endpoint_id=made.endpoint_id, now=partners.now)
    with pytest.raises(EndpointUnknown):
        await partners.act(operations.enable_endpoint, by=partners.owner, endpoint_id=made.endpoint_id)


async def test_what_is_changed_is_changed_and_the_rest_is_left(partners):
    made = await partners.endpoint(URL)
    chosen = (Chosen(kind=WebhookKind.INVOICE_ISSUED, document="d"),)

    await partners.act(
        operations.change_endpoint, endpoint_id=made.endpoint_id, change=EndpointChange(url=URL + "2", chosen=chosen)
    )

    assert await partners.rows("select url, description from webhook_endpoint") == [(URL + "2", "Test")]
    assert await partners.rows("select kind, document from webhook_choice") == [("INVOICE_ISSUED", "d")]


async def test_nothing_is_sent_to_a_disabled_endpoint(partners):
    made = await partners.endpoint(URL)
    await partners.act(operations.disable_endpoint, endpoint_id=made.endpoint_id, now=partners.now)
    await partners.happens(7)

    counts = await partners.send()

    assert counts == {}
    for what, given in (
        (operations.ping_endpoint, {"now": partners.now}),
        (operations.send_failed_again, {"since": partners.now, "now": partners.now}),
    ):
        with pytest.raises(EndpointDisabled):
            await partners.act(what, endpoint_id=made.endpoint_id, **given)


async def test_a_ping_goes_past_what_waits(partners, receiver):
    made = await partners.endpoint(receiver.url)
    await partners.happens(*[7] * 3)
    receiver.will(500)
    await partners.send()

    number = await partners.act(operations.ping_endpoint, endpoint_id=made.endpoint_id, now=partners.now)
    await partners.send()

    assert receiver.bodies[-1]["type"] == "webhook.test"
    assert receiver.bodies[-1]["data"] == {"ping": f"msg_{number}"}


async def test_refusals_have_their_codes():
    codes = {one.code for one in Refusal.__subclasses__() if one.__module__ == operations.__name__}

    assert len(codes) == 10
