"""Changes in the applications room: somebody applies, and each step since."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from mains_spi import ApplicationType, FieldError, answers_mistakes
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import claim_request
from mains_server.access.queries import owner_of, viewer_of_person
from mains_server.access.records import OPERATORS, Permission, Refusal, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.applications import queries, rules
from mains_server.applications.records import ApplicationState, NewApplication, StepKind, StepRequest
from mains_server.applications.tables import Application, ApplicationAnswer, ApplicationStep
from mains_server.contracts.queries import contract_by_id
from mains_server.customers.queries import customer_by_id
from mains_server.db.idempotency import keep_answer
from mains_server.db.outbox import append_event

STAFF_WHO_DECIDE = OPERATORS
OPEN_MAX = 20


class ApplicationUnknown(Refusal):
    """There is no such application that the viewer may take this step on."""

    code = "APPLICATION_UNKNOWN"
    path = "applicationId"


class TypeUnknown(Refusal):
    """There is no such utility now, or it takes no such applications."""

    code = "TYPE_UNKNOWN"
    path = "type"


class ApplicantNotPermitted(Refusal):
    """The viewer may not request services for this customer or contract, or there is none; they look alike."""

    code = "CONTRACT_UNKNOWN"
    path = "contractId"


class ContractNeeded(Refusal):
    """The application is about a contract, and none is named."""

    code = "CONTRACT_NEEDED"
    path = "contractId"


class ApplicationsTooMany(Refusal):
    """The person has as many open applications as one may have."""

    code = "APPLICATIONS_TOO_MANY"


class AnswersWrong(Refusal):
    """Answers do not fit the form; `errors` says which and why."""

    code = "ANSWERS_WRONG"
    path = "answers"

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors[:5]))
        self.errors = errors


async def once(
    session: AsyncSession,
    *,
    viewer: Viewer,
    asked: tuple[str, str, Mapping[str, Any]],
    now: datetime,
    do: Callable[[], Awaitable[int]],
) -> int:
    """Do a request, `asked` by its operation, key and body, once; give its application's number, each time the same."""
    assert viewer.person_id is not None, "who applies is signed in"
    operation, key, body = asked
    named: dict[str, Any] = {"person_id": viewer.person_id, "operation": operation, "key": key}
    answer = await claim_request(session, **named, body=body, now=now)
    if answer is not None:
        return int(answer["number"])
    number = await do()
    await keep_answer(session, **named, answer={"number": number})
    return number


async def submit_application(
    session: AsyncSession, *, viewer: Viewer, new: NewApplication, host: AdapterHost, now: datetime
) -> int:
    """Take an application in, and give its number.

    An operator may write down what a customer said: it is then the customer's owner's, its first step an employee's.
    Raises `AnswersWrong` with each field that does not do, or another `Refusal`; nothing is written then.
    """
    assert viewer.person_id is not None, "who applies is signed in"
    kind = _type(host, new)
    customer_id, is_staff = await _customer(session, viewer=viewer, new=new, kind=kind)
    owner = await owner_of(session, customer_id=customer_id) if is_staff and customer_id is not None else None
    answers = {name: value.strip() for name, value in new.answers if value.strip()}
    twice = len({name for name, _ in new.answers}) < len(new.answers)
    errors = tuple(answers_mistakes(kind, answers))
    if twice:
        errors = (*errors, FieldError(field="answers", code="UNKNOWN", message="a field is answered twice"))
    if errors:
        raise AnswersWrong(errors)
    if not is_staff and await queries.held_open_count(session, person_id=viewer.person_id) >= OPEN_MAX:
        raise ApplicationsTooMany(f"one has at most {OPEN_MAX} open applications; withdraw one that is not needed")
    row = Application(
        person_id=owner or viewer.person_id,
        customer_id=customer_id,
        contract_id=new.contract_id,
        adapter=new.adapter,
        type=kind.code,
        state=ApplicationState.SUBMITTED,
        created_at=now,
        changed_at=now,
    )
    session.add(row)
    await session.flush()
    for field in kind.fields:
        if field.name in answers:
            session.add(ApplicationAnswer(application_id=row.id, field=field.name, value=answers[field.name]))
    by_staff = Hand(viewer, is_staff=is_staff)
    await note_step(session, row=row, kind=StepKind.SUBMIT, hand=by_staff, note=None, now=now)
    return row.id


async def take_step(session: AsyncSession, *, viewer: Viewer, step: StepRequest, now: datetime, today: date) -> int:
    """Take a step on an application, and give its number; refuse one that is not the viewer's, or not possible now."""
    row = await queries.hold_application(session, application_id=step.application_id)
    is_staff_step = rules.MOVES[step.kind].is_staff
    if row is None or not (bool(viewer.staff & STAFF_WHO_DECIDE) if is_staff_step else is_applicant(viewer, row)):
        raise ApplicationUnknown("there is no such application on which you may do this")
    move = rules.require_step(step.kind, state=row.state)
    note = rules.require_note(move, step.note)
    if step.kind is StepKind.OFFER:
        assert step.offer is not None, "an OFFER brings an offer"
        rules.require_offer(step.offer, today=today)
        row.offer_amount, row.offer_currency = step.offer.amount, step.offer.currency
        row.offer_until = step.offer.until
    if step.kind is StepKind.OFFER_ACCEPT and row.offer_until is not None and today > row.offer_until:
        raise rules.OfferOver(f"the offer held until {row.offer_until}; ask for another")
    if step.kind is StepKind.COMPLETE and step.contract_id is not None:
        row.result_contract_id = await _result(session, row=row, contract_id=step.contract_id, now=now)
    row.state, row.changed_at = move.after, now
    await note_step(session, row=row, kind=step.kind, hand=Hand(viewer, is_staff=is_staff_step), note=note, now=now)
    return row.id


@dataclass(frozen=True, slots=True)
class Hand:
    """Who takes a step, and whether as an employee."""

    viewer: Viewer
    is_staff: bool


def _type(host: AdapterHost, new: NewApplication) -> ApplicationType:
    live = host.live.get(new.adapter)
    kind = None if live is None else rules.types_of(live.utility).get(new.type)
    if kind is None:
        raise TypeUnknown("there is no such utility now, or it takes no such applications")
    return kind


async def _customer(
    session: AsyncSession, *, viewer: Viewer, new: NewApplication, kind: ApplicationType
) -> tuple[int | None, bool]:
    """Give the customer that it is for, and whether an employee writes it down on the customer's behalf."""
    is_office = bool(viewer.staff & STAFF_WHO_DECIDE)
    unknown = ApplicantNotPermitted("there is no such customer or contract for which you may request services")
    if new.contract_id is None:
        if kind.needs_contract:
            raise ContractNeeded("name the contract that this is about")
        is_own = new.customer_id is None or new.customer_id in viewer.customers_with(Permission.REQUEST_SERVICES)
        if not is_own and not (is_office and await customer_by_id(session, customer_id=new.customer_id or 0)):
            raise unknown
        return new.customer_id, not is_own
    contract = await contract_by_id(session, contract_id=new.contract_id)
    if contract is None or contract.adapter != new.adapter or new.customer_id not in (None, contract.customer_id):
        raise unknown
    is_own = viewer.may(Permission.REQUEST_SERVICES, customer_id=contract.customer_id, contract_id=contract.id)
    if not is_own and not is_office:
        raise unknown
    return contract.customer_id, not is_own


def is_applicant(viewer: Viewer, row: Application) -> bool:
    """Tell whether the viewer may take the applicant's steps."""
    if row.customer_id is None:
        return viewer.person_id == row.person_id
    if row.contract_id is None:
        return row.customer_id in viewer.customers_with(Permission.REQUEST_SERVICES)
    return viewer.may(Permission.REQUEST_SERVICES, customer_id=row.customer_id, contract_id=row.contract_id)


async def _result(session: AsyncSession, *, row: Application, contract_id: int, now: datetime) -> int:
    """Give the contract that came of it; an application that was nobody's yet becomes its customer's.

    It must be the applicant's own, since whoever sees the customer sees the application from then on.
    """
    contract = await contract_by_id(session, contract_id=contract_id)
    unknown = ApplicantNotPermitted("there is no such contract of the applicant's with this utility")
    if contract is None or contract.adapter != row.adapter or row.customer_id not in (None, contract.customer_id):
        raise unknown
    if row.customer_id is None:
        applicant = await viewer_of_person(session, person_id=row.person_id, now=now)
        needed = {"customer_id": contract.customer_id, "contract_id": contract.id}
        if applicant is None or not applicant.may(Permission.REQUEST_SERVICES, **needed):
            raise unknown
        row.customer_id = contract.customer_id
    return contract.id


async def note_step(
    session: AsyncSession, *, row: Application, kind: StepKind, hand: Hand, note: str | None, now: datetime
) -> None:
    """Write a step down under the next number, and tell the outbox."""
    assert hand.viewer.person_id is not None, "who takes a step is signed in"
    number = await queries.last_step(session, application_id=row.id) + 1
    session.add(
        ApplicationStep(
            application_id=row.id,
            number=number,
            kind=kind,
            at=now,
            person_id=hand.viewer.person_id,
            is_staff=hand.is_staff,
            note=note,
        )
    )
    payload = {
        "application_id": row.id,
        "person_id": row.person_id,
        "step": kind.name,
        "number": number,
        "state": row.state.name,
    }
    append_event(session, kind="application.changed", payload=payload, customer_id=row.customer_id, now=now)
    await session.flush()
