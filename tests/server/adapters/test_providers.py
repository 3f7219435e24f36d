"""A bad payment provider is set aside with one line of reason; its calls go below its own address, and nowhere else."""

from decimal import Decimal as D
from types import SimpleNamespace

import pytest
from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.loading import FoundPlugin
from mains_server.adapters.providers import UnknownProvider, load_providers
from mains_server.adapters.records import AdapterState
from mains_spi import CallRequest, Labels, PaymentProvider, ProviderAccess, ProviderAct, ProviderCall, hookimpl

CARD = PaymentProvider(
    code="till",
    spi_major=1,
    labels=Labels("lv", "en", "ru"),
    pays_by="CARD",
    currencies=("EUR",),
    amount_min=D("0.01"),
    amount_max=D("100.00"),
    is_two_phase=False,
    can_refund=False,
)
ADDRESS = "https://till.example/api"
REQUEST = CallRequest(
    act=ProviderAct.QUERY, access=ProviderAccess(address=ADDRESS), reference="r", amount=D("1.00"), currency="EUR"
)


class Made:
    """A plug-in with some hooks; unlike a namespace it can be told apart, as a module can."""

    def __init__(self, *, url=f"{ADDRESS}/payments", card=CARD, lacks=()):
        @hookimpl
        def describe_provider():
            return card

        @hookimpl
        def plan_call(request):
            return ProviderCall(method="GET", url=url)

        @hookimpl
        def read_answer(request):
            return SimpleNamespace()

        @hookimpl
        def read_event(request):
            return None

        hooks = (describe_provider, plan_call, read_answer, read_event)
        vars(self).update({hook.__name__: hook for hook in hooks if hook.__name__ not in lacks})


def host_of(plugin):
    return load_providers(plugins=[FoundPlugin(name="till", version="1", load=lambda: plugin)])


@pytest.mark.parametrize("url", [ADDRESS, f"{ADDRESS}/", f"{ADDRESS}/payments?reference=r"])
def test_calls_below_the_address_are_made(url):
    assert host_of(Made(url=url)).provider("till").plan_call(REQUEST).url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://till.example/apix",
        "https://till.example/apix/payments",
        "https://till.example/",
        "https://till.example/api/../secret",
        "https://till.example/api/%2e%2E/secret",
        "http://till.example/api",
        "https://till.example.org/api",
        "https://till.example:8443/api",
        "https://till.example@evil.example/api",
        "/api/payments",
    ],
)
def test_calls_elsewhere_are_not(url):
    with pytest.raises(AdapterFailed, match="does not go to its address"):
        host_of(Made(url=url)).provider("till").plan_call(REQUEST)


def test_a_provider_without_a_hook_is_set_aside_and_says_why():
    host = host_of(Made(lacks=("read_event",)))

    assert [(one.state, one.reason) for one in host.providers] == [
        (AdapterState.SET_ASIDE, "hook read_event is missing")
    ]
    with pytest.raises(UnknownProvider, match="hook read_event is missing"):
        host.provider("till")


def test_an_answer_of_another_kind_is_not_believed():
    with pytest.raises(AdapterFailed, match="read_answer"):
        host_of(Made()).provider("till").read_answer(REQUEST)
