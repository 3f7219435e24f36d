"""The utilities served, each by its adapter, and what they can do."""

from __future__ import annotations

import strawberry
from mains_server.adapters.queries import list_adapters
from mains_server.adapters.records import Adapter, AdapterState, AttributeScope
from mains_server.notifications.records import Channel
from mains_server.notifications.topics import usual_channels
from mains_spi import Capability, ContractAttribute

from mains_schema.common.words import attribute_word, in_language, value_word
from mains_schema.declaring.context import Context


@strawberry.type(description="A value that an attribute can have.")
class UtilityAttributeValue:
    """One choice."""

    value: str = strawberry.field(description="Code of the value.")
    label: str = strawberry.field(
        description="What it is called in the viewer's language; its code if it has no words."
    )


@strawberry.type(description="Something that a utility prices by: what a contract, a premise or a building is.")
class UtilityAttribute:
    """What a front end needs to draw a form."""

    name: str = strawberry.field(description="Code of the attribute, as contracts and methods name it.")
    label: str = strawberry.field(description="What it is called in the viewer's language.")
    scope: AttributeScope = strawberry.field(description="Whose attribute it is.")
    values: list[UtilityAttributeValue] = strawberry.field(
        description="The values it can have; empty for a number or a text. At most a few dozen."
    )
    unit: str | None = strawberry.field(description="Unit of a number; `1` for a plain one, null for words.")
    default: str | None = strawberry.field(description="What holds where nothing is agreed; null if nothing does.")
    is_voted: bool = strawberry.field(
        description="Whether the owners of a building decide it, so that `allocationMethodAnnounce` takes it."
    )


@strawberry.type(description="Whom to call.")
class UtilityContacts:
    """The network's operator, and the utility."""

    operator: str = strawberry.field(description="Who runs the network.")
    fault_phone: str | None = strawberry.field(
        description="The operator's line for faults, which are not applied for; null where the utility takes them."
    )
    phone: str | None = strawberry.field(description="The utility's own phone; null if it has none.")
    email: str | None = strawberry.field(description="The utility's own e-mail address; null if it has none.")


@strawberry.type(description="A topic of a utility's own, which its announcements are about.")
class UtilityNoticeTopic:
    """One topic."""

    code: str = strawberry.field(description="Code of the topic, as preferences and notices name it.")
    label: str = strawberry.field(description="What it is called in the viewer's language.")
    about: str = strawberry.field(description="What one hears of, in a sentence in the viewer's language.")
    is_refusable: bool = strawberry.field(
        description="Whether one may choose no channel; it is then only in the portal."
    )
    channels: list[Channel] = strawberry.field(
        description="By which channels who has not chosen hears of it, in the order in which they are tried."
    )


@strawberry.type(description="A utility and the adapter that knows its tariffs.")
class UtilityAdapter:
    """One installed adapter."""

    code: str = strawberry.field(description="Code of the utility, as contracts and invoices name it.")
    name: str = strawberry.field(
        description="What the utility is called in the viewer's language; its code if unknown."
    )
    version: str = strawberry.field(description="Version of the adapter.")
    state: AdapterState = strawberry.field(description="Whether the adapter works.")
    reason: str | None = strawberry.field(description="Why it was set aside, for staff; null otherwise.")
    capabilities: list[Capability] = strawberry.field(
        description="What the utility offers beyond a bill; at most seven."
    )
    attributes: list[UtilityAttribute] = strawberry.field(
        description="What it prices by, with the words for a form; at most a few dozen. Empty if it was set aside."
    )
    contacts: UtilityContacts | None = strawberry.field(
        description="Whom to call about faults and everything else; null if the adapter names nobody, or was set aside."
    )
    notice_topics: list[UtilityNoticeTopic] = strawberry.field(
        description="Topics of its own; at most 20. Empty if it was set aside."
    )


def utility_adapters(context: Context) -> list[UtilityAdapter]:
    """List the utilities in the order in which their adapters were loaded."""
    return [_shown(adapter, context) for adapter in list_adapters(context.services.host)]


def _shown(adapter: Adapter, context: Context) -> UtilityAdapter:
    labels = adapter.labels
    return UtilityAdapter(
        code=adapter.code,
        name=adapter.code if labels is None else in_language(context.reads, labels.lv, labels.en, labels.ru),
        version=adapter.version,
        state=adapter.state,
        reason=adapter.reason if context.viewer.is_employee else None,
        capabilities=list(adapter.capabilities),
        attributes=[_attribute(part, adapter, context) for part in adapter.attributes],
        contacts=_contacts(adapter),
        notice_topics=_topics(adapter, context),
    )


def _topics(adapter: Adapter, context: Context) -> list[UtilityNoticeTopic]:
    if adapter.utility is None or not adapter.is_active:
        return []
    return [
        UtilityNoticeTopic(
            code=one.code,
            label=in_language(context.reads, one.labels.lv, one.labels.en, one.labels.ru),
            about=in_language(context.reads, one.about.lv, one.about.en, one.about.ru),
            is_refusable=one.is_refusable,
            channels=list(usual_channels(one)),
        )
        for one in adapter.utility.notice_topics
    ]


def _contacts(adapter: Adapter) -> UtilityContacts | None:
    contacts = None if adapter.utility is None else adapter.utility.contacts
    if contacts is None or not adapter.is_active:
        return None
    return UtilityContacts(
        operator=contacts.operator,
        fault_phone=contacts.fault_phone,
        phone=contacts.phone,
        email=contacts.email,
    )


def _attribute(part: ContractAttribute, adapter: Adapter, context: Context) -> UtilityAttribute:
    reads = context.reads
    return UtilityAttribute(
        name=part.name,
        label=attribute_word(reads, adapter.code, part.name),
        scope=AttributeScope[part.scope.upper()],
        values=[
            UtilityAttributeValue(value=value, label=value_word(reads, adapter.code, part.name, value))
            for value in part.values
        ],
        unit=part.unit,
        default=part.default,
        is_voted=part.is_voted,
    )
