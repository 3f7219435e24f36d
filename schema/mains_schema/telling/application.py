"""Applications: what is applied for, what was answered, each step since, and the forms to draw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import orjson
import strawberry
from mains_server.access.records import Viewer
from mains_server.applications.records import ApplicationState, StepKind
from mains_server.applications.rules import types_of
from mains_server.applications.tables import Application as A
from mains_server.applications.tables import ApplicationAnswer as AA
from mains_server.applications.tables import ApplicationStep as AS
from mains_spi import ApplicationType as DeclaredType
from mains_spi import FieldKind, FormField, Labels, form_schema
from sqlalchemy import ColumnElement, and_, or_, select

from mains_schema.common.words import in_language
from mains_schema.declaring.context import Context
from mains_schema.declaring.expressions import plain
from mains_schema.declaring.given import asked_with
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    column,
    descending,
    described,
    embed,
    equals,
    filters,
    key,
    known,
    many,
    mapped,
    one,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Money
from mains_schema.declaring.scope import allowed, oneself
from mains_schema.telling.attachment import ATTACHMENT_ROWS, ApplicationAttachment, attachments

if TYPE_CHECKING:
    from mains_schema.contracts.contract import Contract
    from mains_schema.parties.customer import Customer

described(
    ApplicationState,
    "How an application stands.",
    {
        "SUBMITTED": "It came, and nobody has looked at it yet.",
        "IN_REVIEW": "An employee works on it.",
        "NEEDS_ANSWER": "It waits for the applicant's answer; the last step says to what.",
        "WITH_OPERATOR": "It waits for the network operator.",
        "OFFERED": "A cost offer waits for the applicant.",
        "ACCEPTED": "The applicant accepted the offer; the work follows.",
        "DONE": "What was applied for is done.",
        "REJECTED": "The utility cannot do it; the last step says why.",
        "OFFER_REFUSED": "The applicant did not accept the offer.",
        "WITHDRAWN": "The applicant took it back.",
    },
)
described(
    StepKind,
    "A step of an application.",
    {
        "SUBMIT": "It was sent in.",
        "TAKE_UP": "An employee took it up.",
        "ASK": "An employee asked for more.",
        "ANSWER": "The applicant answered.",
        "FORWARD": "It was sent to the network operator.",
        "OPERATOR_ANSWER": "The network operator answered.",
        "OFFER": "A cost offer was made.",
        "OFFER_ACCEPT": "The applicant accepted the offer.",
        "OFFER_REFUSE": "The applicant refused the offer.",
        "COMPLETE": "It was done.",
        "REJECT": "It was rejected.",
        "WITHDRAW": "The applicant withdrew it.",
        "CUSTOMER_CREATE": "The applicant became a customer.",
    },
)
described(
    FieldKind,
    "What somebody writes into a field.",
    {
        "TEXT": "Words.",
        "NUMBER": "A number such as `12.5`.",
        "DATE": "A day such as `2026-03-05`.",
        "CHOICE": "The value of one of the choices.",
        "CONSENT": "`true`, or `false`; a required one must be `true`.",
    },
)


@dataclass(frozen=True, slots=True, eq=False)
class Mine:
    """Applications of customers that one sees, and before they are a customer's, one's own."""

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Put both together; employees see all."""
        customers = allowed(A.customer_id, A.contract_id).condition(viewer)
        own = oneself(A.person_id).condition(viewer)
        if customers is None or own is None:
            return None
        return or_(customers, and_(plain(A.customer_id).is_(None), own))


@dataclass(frozen=True, slots=True, eq=False)
class OfMine:
    """Rows of applications that one sees."""

    application: object

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Look for the application."""
        seen = MINE.condition(viewer)
        return None if seen is None else plain(self.application).in_(select(plain(A.id)).where(seen).correlate(None))


MINE = Mine()


@orders
class ApplicationOrder(OrderBy):
    """Order of applications."""

    NEWEST = descending("Last sent in first.", A.created_at)
    OLDEST = ascending("First sent in first.", A.created_at)


@filters
class ApplicationFilter:
    """Which applications; conditions add up."""

    states: list[ApplicationState] | None = where("Which stand so.", one_of(A.state))
    adapter: str | None = where("Of the utility with this code.", equals(A.adapter))
    type: str | None = where("Of this type.", equals(A.type))


@mapped(AA, scope=OfMine(AA.application_id))
class ApplicationAnswer:
    """What was answered to a field of the form."""

    field: str = column("Name of the field.", AA.field)
    value: str = column("The answer, in the grammar of the field's kind.", AA.value)


@mapped(AS, scope=OfMine(AS.application_id))
class ApplicationStep:
    """A step that was taken on an application."""

    number: int = column("1 for sending it in.", AS.number)
    kind: StepKind = column("What was done.", AS.kind)
    at: datetime = column("When.", AS.at)
    is_staff: bool = column("Whether an employee of the utility did it.", AS.is_staff)
    note: str | None = column("What was written; null for nothing.", AS.note)


@mapped(A, scope=MINE)
class Application(Node):
    """An application to a utility, and its progress. Faults are not applied for: `UtilityAdapter.contacts`."""

    id: strawberry.ID = key("Global id.", A.id)
    adapter: str = column("Code of the utility.", A.adapter)
    type: str = column("Code of its type; `applicationTypes` has its words and form.", A.type)
    state: ApplicationState = column("How it stands.", A.state)
    created_at: datetime = column("When it was sent in.", A.created_at)
    changed_at: datetime = column("When its last step was taken.", A.changed_at)
    offer: Money | None = embed(
        "What it costs, by the last offer; null if none was made.",
        Money,
        amount=known(A.offer_amount),
        currency=known(A.offer_currency),
    )
    offer_until: date | None = column("Last day on which the offer is accepted; null without one.", A.offer_until)
    answers: list[ApplicationAnswer] = many(
        "What was answered, in the order of the form; at most 40.", AA.application_id, order=(AA.id,), about=5
    )
    steps: list[ApplicationStep] = many(
        "Its progress, the first step first; a few dozen at most.", AS.application_id, order=(AS.number,), about=5
    )
    attachments: list[ApplicationAttachment] = asked_with(
        "Files that were sent to it, at most ten, with links for who asks; empty without a session to come back with.",
        attachments,
        A.id,
        given=(),
        rows=ATTACHMENT_ROWS,
    )
    customer: Customer | None = one("Whose it is; null before somebody is a customer.", A.customer_id)
    contract: Contract | None = one("The contract that it is about; null if it is about none.", A.contract_id)
    result: Contract | None = one("The contract that came of it; null if none did.", A.result_contract_id)


@strawberry.type(description="One of the answers to a field.")
class ApplicationChoice:
    """A choice."""

    value: str = strawberry.field(description="The answer to send.")
    label: str = strawberry.field(description="What it is called in the viewer's language.")


@strawberry.type(description="A field of a form.")
class ApplicationField:
    """What a front end needs to draw it."""

    name: str = strawberry.field(description="Name of the field, for answers.")
    label: str = strawberry.field(description="What it is called in the viewer's language.")
    kind: FieldKind = strawberry.field(description="What is written into it.")
    is_required: bool = strawberry.field(description="Whether an answer is needed.")
    choices: list[ApplicationChoice] = strawberry.field(description="Answers of a CHOICE; empty otherwise.")


@strawberry.type(description="A type of application that a utility takes, with its form.")
class ApplicationType:
    """A form."""

    adapter: str = strawberry.field(description="Code of the utility.")
    code: str = strawberry.field(description="Code of the type, for `applicationSubmit`.")
    label: str = strawberry.field(description="What it is called in the viewer's language.")
    needs_contract: bool = strawberry.field(description="Whether it is about a contract, which must be named.")
    fields: list[ApplicationField] = strawberry.field(description="Its fields in order; at most 40.")
    json_schema: str = strawberry.field(
        description="The form as a JSON Schema (draft 2020-12) in the viewer's language: an object of texts, written as"
        " JSON, for front ends that draw forms by themselves."
    )


def application_types(context: Context) -> list[ApplicationType]:
    """List what the utilities at work take, with the forms."""
    return [
        _type(live.utility.code, declared, context)
        for live in context.services.host.live.values()
        for declared in types_of(live.utility).values()
    ]


def _type(adapter: str, declared: DeclaredType, context: Context) -> ApplicationType:
    language = context.reads.language
    spoken = language if language in ("lv", "en", "ru") else "en"
    return ApplicationType(
        adapter=adapter,
        code=declared.code,
        label=_label(declared.labels, context),
        needs_contract=declared.needs_contract,
        fields=[_field(field, context) for field in declared.fields],
        json_schema=orjson.dumps(form_schema(declared, language=spoken)).decode(),  # type: ignore[arg-type]
    )


def _field(field: FormField, context: Context) -> ApplicationField:
    return ApplicationField(
        name=field.name,
        label=_label(field.labels, context),
        kind=field.kind,
        is_required=field.is_required,
        choices=[ApplicationChoice(value=one.value, label=_label(one.labels, context)) for one in field.choices],
    )


def _label(labels: Labels, context: Context) -> str:
    return in_language(context.reads, labels.lv, labels.en, labels.ru)
