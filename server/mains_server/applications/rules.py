"""Calculations of the applications room: the forms every utility takes, and which step leads where. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mains_spi import ApplicationType, Capability, FieldChoice, FieldKind, FormField, Labels, Utility

from mains_server.access.records import Refusal
from mains_server.applications.records import ApplicationState, Offer, StepKind

S = ApplicationState
OPEN = frozenset({S.SUBMITTED, S.IN_REVIEW, S.NEEDS_ANSWER, S.WITH_OPERATOR, S.OFFERED, S.ACCEPTED})
NOTE_CHARACTERS_MAX = 4_000
OFFER_MAX = Decimal(1_000_000)
FILE_NAME_CHARACTERS_MAX = 120
NEEDED = {"two_zone_meter": Capability.TWO_ZONES, "allocation_method": Capability.BUILDINGS}
"""What a utility must do for it to be applied for there."""


@dataclass(frozen=True, slots=True)
class Move:
    """From which states a step is taken, to which, and whether by employees or by the applicant."""

    before: frozenset[ApplicationState]
    after: ApplicationState
    is_staff: bool
    needs_note: bool = False


MOVES: Mapping[StepKind, Move] = {
    StepKind.TAKE_UP: Move(frozenset({S.SUBMITTED}), S.IN_REVIEW, True),
    StepKind.ASK: Move(frozenset({S.SUBMITTED, S.IN_REVIEW}), S.NEEDS_ANSWER, True, needs_note=True),
    StepKind.ANSWER: Move(frozenset({S.NEEDS_ANSWER}), S.IN_REVIEW, False, needs_note=True),
    StepKind.FORWARD: Move(frozenset({S.SUBMITTED, S.IN_REVIEW}), S.WITH_OPERATOR, True),
    StepKind.OPERATOR_ANSWER: Move(frozenset({S.WITH_OPERATOR}), S.IN_REVIEW, True, needs_note=True),
    StepKind.OFFER: Move(frozenset({S.IN_REVIEW, S.WITH_OPERATOR, S.OFFERED}), S.OFFERED, True),
    StepKind.OFFER_ACCEPT: Move(frozenset({S.OFFERED}), S.ACCEPTED, False),
    StepKind.OFFER_REFUSE: Move(frozenset({S.OFFERED}), S.OFFER_REFUSED, False),
    StepKind.COMPLETE: Move(frozenset({S.SUBMITTED, S.IN_REVIEW, S.ACCEPTED}), S.DONE, True),
    StepKind.REJECT: Move(OPEN - {S.ACCEPTED}, S.REJECTED, True, needs_note=True),
    StepKind.WITHDRAW: Move(OPEN - {S.ACCEPTED}, S.WITHDRAWN, False),
}


class StepNotPossible(Refusal):
    """The application stands so that this step cannot be taken."""

    code = "STEP_NOT_POSSIBLE"
    path = "applicationId"


class ApplicationNoteWrong(Refusal):
    """A note is missing where the step needs one, or is too long."""

    code = "NOTE_WRONG"
    path = "note"


class OfferWrong(Refusal):
    """An offer is below nothing, beyond measure, not in whole cents, or over before it is made."""

    code = "OFFER_WRONG"
    path = "amount"


class OfferOver(Refusal):
    """The last day of the offer is over."""

    code = "OFFER_OVER"
    path = "applicationId"


class AttachmentNameWrong(Refusal):
    """A file has no name that could be shown."""

    code = "ATTACHMENT_NAME_WRONG"
    path = "name"


class AttachmentTypeWrong(Refusal):
    """A file is none of the types that are taken, whatever it is called."""

    code = "ATTACHMENT_TYPE_WRONG"


def require_file_name(name: str) -> str:
    """Give a file's name without outer space; refuse one that cannot be shown, or that is a path."""
    kept = name.strip()
    if not 1 <= len(kept) <= FILE_NAME_CHARACTERS_MAX or not kept.isprintable() or set(kept) & set('/\\"'):
        raise AttachmentNameWrong(f"a name has 1 to {FILE_NAME_CHARACTERS_MAX} printable characters, and no slashes")
    return kept


def require_media_type(content: bytes) -> str:
    """Tell by its content what a file is: PDF, PNG or JPEG, from its first bytes to its last; refuse everything else.

    Sources: ISO 32000-1, 7.5 (header, `%%EOF` near the end); PNG, 5.2 and 11.2 (signature, IHDR first, IEND last);
    ISO 10918-1, annex B (SOI and EOI markers).
    """
    tail = content[-1024:]
    if content.startswith(b"%PDF-") and b"%%EOF" in tail:
        return "application/pdf"
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR" and content[-8:-4] == b"IEND":
        return "image/png"
    if content.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in tail:
        return "image/jpeg"
    raise AttachmentTypeWrong("a file is a whole PDF, PNG or JPEG")


def require_step(kind: StepKind, *, state: ApplicationState) -> Move:
    """Give what a step does; refuse it where the state does not allow it."""
    move = MOVES.get(kind)
    if move is None or state not in move.before:
        raise StepNotPossible(f"this cannot be done while the application is {state.name}")
    return move


def require_note(move: Move, note: str | None) -> str | None:
    """Give a note without outer space, None for nothing; refuse what does not do for the step."""
    kept = (note or "").strip()
    if move.needs_note and not kept:
        raise ApplicationNoteWrong("say what it is about")
    if len(kept) > NOTE_CHARACTERS_MAX or any(not one.isprintable() and one not in "\n\t" for one in kept):
        raise ApplicationNoteWrong(f"a note has at most {NOTE_CHARACTERS_MAX} characters, all of which can be printed")
    return kept or None


def require_offer(offer: Offer, *, today: date) -> None:
    """Refuse an offer that nobody can mean."""
    is_exact = offer.amount == offer.amount.quantize(Decimal("0.01"))
    if not Decimal(0) <= offer.amount <= OFFER_MAX or not is_exact:
        raise OfferWrong("an offer is 0 to 1,000,000, in whole cents")
    if offer.currency != "EUR":
        raise OfferWrong("an offer is in EUR")
    if offer.until < today:
        raise OfferWrong("an offer holds until today or later")


def types_of(utility: Utility) -> Mapping[str, ApplicationType]:
    """Give the types that a utility takes by code: the usual ones it has a use for, and those it adds or rewords."""
    usual = [one for one in USUAL if one.code not in NEEDED or NEEDED[one.code] in utility.capabilities]
    return {one.code: one for one in (*usual, *utility.applications)}


def _text(name: str, lv: str, en: str, ru: str, **more: object) -> FormField:
    return FormField(name=name, labels=Labels(lv, en, ru), **more)  # type: ignore[arg-type]


ADDRESS = _text("address", "Adrese", "Address", "Адрес")
PHONE = _text("phone", "Tālrunis", "Phone", "Телефон", is_required=False, characters_max=40)
WORDS = _text("text", "Ziņa", "Message", "Сообщение", characters_max=4_000)
DAY = _text("day", "Vēlamā diena", "Wished day", "Желаемый день", kind=FieldKind.DATE)
PREMISE_USE = _text(
    "use",
    "Izmantošana",
    "Use",
    "Использование",
    kind=FieldKind.CHOICE,
    choices=(
        FieldChoice(value="dwelling", labels=Labels("Mājoklis", "Dwelling", "Жильё")),
        FieldChoice(value="business", labels=Labels("Uzņēmums", "Business", "Предприятие")),
    ),
)
LOAD = _text(
    "load_kw",
    "Vēlamā jauda, kW",
    "Wished load, kW",
    "Желаемая мощность, кВт",
    kind=FieldKind.NUMBER,
    minimum=Decimal("0.1"),
    maximum=Decimal(100_000),
    unit="kW",
)
USUAL = (
    ApplicationType(
        code="new_connection",
        labels=Labels("Jauns pieslēgums", "New connection", "Новое подключение"),
        fields=(ADDRESS, PREMISE_USE, LOAD, DAY, PHONE),
    ),
    ApplicationType(
        code="two_zone_meter",
        labels=Labels("Divu zonu skaitītājs", "Meter with two zones", "Двухзонный счётчик"),
        fields=(DAY, PHONE),
        needs_contract=True,
    ),
    ApplicationType(
        code="own_meter",
        labels=Labels("Savs skaitītājs kopīgā mājā", "Own meter in a shared house", "Свой счётчик в общем доме"),
        fields=(ADDRESS, DAY, PHONE),
    ),
    ApplicationType(
        code="termination",
        labels=Labels("Līguma izbeigšana", "Termination", "Расторжение договора"),
        fields=(DAY, _text("reason", "Iemesls", "Reason", "Причина", is_required=False, characters_max=500)),
        needs_contract=True,
    ),
    ApplicationType(
        code="allocation_method",
        labels=Labels("Sadales metodes maiņa", "Another allocation method", "Смена метода распределения"),
        fields=(_text("decision", "Kopsapulces lēmums", "Decision of the owners", "Решение собственников"), DAY, WORDS),
        needs_contract=True,
    ),
    ApplicationType(
        code="free_text",
        labels=Labels("Cits iesniegums", "Another application", "Другое заявление"),
        fields=(WORDS, PHONE),
    ),
)
