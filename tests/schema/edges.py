"""The town with values on the edges of what scalars can say, with ties in every order, and explanations for some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from mains_schema.declaring.mapping import mapping_of
from mains_schema.declaring.node import encode_id
from mains_schema.declaring.shape import Shape, shape_of
from mains_schema.served import schema
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.records import Adapter, AdapterState
from mains_server.allocation.tables import AllocationMethod, AllocationValue
from mains_server.bank_einvoices.tables import BankEinvoiceAccount
from mains_server.billing.explain import NotExplained
from mains_server.billing.records import LineExplanation
from mains_server.billing.tables import Correction, CorrectionDue, SettlementLine
from mains_server.contracts.tables import ContractEvent, ContractFee, ContractFormerTerms, ContractOffer, TermsDocument
from mains_server.delegation.tables import DelegationActivity, DelegationInvitation, PaymentApproval
from mains_server.intake.tables import ReadingLink, ReadingUpload, ReadingUploadRow
from mains_server.intervals.tables import IntervalDay, IntervalImport
from mains_server.levelling.tables import LevelledHold, LevelledLetter, LevelledRun, LevelledVersion
from mains_server.machines.tables import MachineToken
from mains_server.notifications.tables import Notice, NoticeReport
from mains_server.openid.tables import OpenidLink
from mains_server.passkeys.tables import Passkey
from mains_server.paying.tables import PaymentEvent, PaymentIntent, PaymentRefund
from mains_server.payments.tables import PaymentReturn
from mains_server.recovery.tables import AccountRecovery
from mains_server.signin.tables import Session
from mains_spi import Capability, Labels, Utility
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema import acting_rows, contract_rows, crowd, metering_rows, payment_rows
from tests.schema.application_rows import application_rows
from tests.schema.asking import NO_ADAPTERS, Asker
from tests.schema.bank_rows import bank_rows, einvoice_account
from tests.schema.correction_rows import corrected, settled
from tests.schema.fuzz import Vocabulary
from tests.schema.machine_rows import machine_token
from tests.schema.notice_rows import notice_report
from tests.schema.outage_rows import outage_rows
from tests.schema.recovery_rows import recovery
from tests.schema.town import invoice, month, reading, settle
from tests.schema.webhook_rows import webhook_rows

CUSTOMERS = 4
MONTHS = 5
LINES = 2
IDS_EACH = 12
WORDS = ("heat_co", "heat", "K-000001", "C-000002", "C-000003", "", "ā", "2022", "INV")
NOWHERE = 999
EDGES = (
    "set session_replication_role = replica",  # invoices are never changed, but here
    "update invoice set issued_at = issued_at + interval '0.5 second' * (id % 3)",
    "update invoice set issued_at = issued_at + interval '0.999999 second' where id % 2 = 0",
    "update invoice set net = -999999999999.99, total = 999999999999.99 where id % 5 = 0",
    "update invoice set issued_on = date '2022-03-10' where id % 4 = 0",
    "update reading set value = 0 where id % 3 = 0",
    "update reading set value = 123456789012.000001, taken_at = taken_at + interval '0.1234 second' where id % 7 = 0",
    "update invoice_line set quantity = -0.000001, unit_price = 0 where id % 2 = 0",
    "update customer set name = E'A \"quoted\" \\\\ name\\n\\t\\x1f\\x7f ā 💡' where id = 2",
    "update contract set number = E'K-\\'1\\'' where id = 4",
    "update customer set phone = '' where id = 1",
    "update correction set difference = -999999999999.99, note = '' where id % 2 = 0",
    "update settlement_line set billed = 0, due = 999999999999.99 where id % 2 = 0",
    "update terms_document set text_lv = E'\"1\" ā\n\t💡' where id % 2 = 0",
    "update statement_line set amount = -999999999999.99, text = E'\"1\" ā\n\t💡' where id % 2 = 0",
    "reset session_replication_role",
)
UTILITY = Utility(
    code="heat_co",
    spi_major=1,
    labels=Labels("Siltums", "Heat", "Тепло"),
    quantities=(),
    charges=(),
    price_lists=("heat",),
    capabilities=(Capability.BUILDINGS, Capability.SUBMIT_READINGS),
)
HOST = AdapterHost(
    adapters=(
        Adapter(name="heat", version="1.0", state=AdapterState.ACTIVE, utility=UTILITY),
        Adapter(name="broken", version="0.1", state=AdapterState.SET_ASIDE, reason="import failed: no module x"),
    ),
    live={},
)


async def edgy_town(engine: AsyncEngine) -> Asker:
    """Settle the town, move its values to the edges, and give what asks it."""
    async with engine.begin() as connection:
        await settle(connection, customers=CUSTOMERS, months=MONTHS, lines=LINES)
        for table, rows in _come_in():
            await connection.execute(insert(table), rows)
        for statement in EDGES:
            await connection.exec_driver_sql(statement)
    return Asker(schema(), engine, replace(NO_ADAPTERS, host=HOST, explain=explains_some))


def _come_in() -> Sequence[tuple[Any, list[dict[str, Any]]]]:
    """Give what came in by other roads than the portal: files, links, intervals, and what a late reading leaves."""
    numbers = range(1, CUSTOMERS + 1)
    return (
        (Session, [acting_rows.signed_in(n) for n in numbers]),
        (OpenidLink, [acting_rows.openid_link(n) | {"person_id": n} for n in numbers]),
        (AccountRecovery, [recovery(n) | {"person_id": n} for n in numbers]),
        (Passkey, [acting_rows.passkey(n) | {"person_id": n} for n in numbers]),
        (MachineToken, [machine_token(n) for n in numbers]),
        (ReadingUpload, [metering_rows.upload(n) | {"person_id": n} for n in numbers]),
        (ReadingUploadRow, [metering_rows.upload_row(n) | {"upload_id": n} for n in numbers]),
        (ReadingLink, [metering_rows.link(n) | dict.fromkeys(("customer_id", "contract_id"), n) for n in numbers]),
        (CorrectionDue, [_correction(n) for n in numbers]),
        (Correction, [corrected(n) for n in numbers]),
        (SettlementLine, [settled(n) for n in numbers]),
        (TermsDocument, [contract_rows.terms_document(n) for n in numbers]),
        (BankEinvoiceAccount, [einvoice_account(n, n) for n in numbers]),
        (ContractEvent, [contract_rows.event(n, n) for n in numbers]),
        (ContractFormerTerms, [contract_rows.former_terms(n, n) | _terms(n) for n in numbers]),
        (ContractFee, [contract_rows.fee(n, n) | _billed(n) for n in numbers]),
        (ContractOffer, [contract_rows.offer(n) | {"customer_id": n} for n in numbers]),
        (AllocationMethod, [metering_rows.allocation_method(n) for n in numbers]),
        (AllocationValue, [metering_rows.allocation_value(n) for n in numbers]),
        *bank_rows(range(min(numbers), max(numbers) + 1)),
        *application_rows(numbers),
        *outage_rows(numbers, buildings=1),
        *webhook_rows(numbers),
        (LevelledVersion, [contract_rows.levelled_version(n, n, n) for n in numbers]),
        (LevelledLetter, [contract_rows.levelled_letter(n, n, n) for n in numbers]),
        (LevelledRun, [contract_rows.levelled_run(n) for n in numbers]),
        (LevelledHold, [contract_rows.levelled_hold(n, n, n) for n in numbers]),
        (PaymentIntent, [payment_rows.intent(n) for n in numbers]),
        (DelegationInvitation, [acting_rows.invitation(n) for n in numbers]),
        (PaymentApproval, [acting_rows.approval(n) for n in numbers]),
        (DelegationActivity, [acting_rows.activity(n) for n in numbers]),
        (PaymentReturn, [payment_rows.payment_return(n) for n in numbers]),
        (PaymentRefund, [payment_rows.refund(n) for n in numbers]),
        (PaymentEvent, [payment_rows.payment_event(n) for n in numbers]),
        (Notice, [acting_rows.notice(n) for n in numbers]),
        (NoticeReport, [notice_report(n) for n in numbers]),
        (IntervalImport, [metering_rows.interval_import()]),
        (IntervalDay, [metering_rows.interval_day(n, n, month(1)) for n in numbers]),
    )


def _correction(n: int) -> dict[str, Any]:
    of = {"customer_id": n, "contract_id": n, "invoice_id": invoice(n, 1)["id"], "reading_id": reading(n, 1)["id"]}
    return crowd.correction(n) | of


def _terms(n: int) -> dict[str, Any]:
    return {"terms_document_id": n if n % 2 else None, "price_fixed_until": month(n) if n % 2 else None}


def _billed(n: int) -> dict[str, Any]:
    return {"invoice_id": invoice(n, 1)["id"] if n % 2 else None, "quantity": Decimal("0.000001") * n}


async def vocabulary(asker: Asker) -> Vocabulary:
    """Read ids of every type that has them, and add one of each type that no row has."""
    ids = {}
    for name, shape in keyed_shapes().items():
        assert shape.key is not None
        async with asker.engine.connect() as connection:
            found = (await connection.execute(select(shape.key).order_by(shape.key).limit(IDS_EACH))).scalars().all()
        ids[name] = [encode_id(type_name=name, number=number) for number in [*found, NOWHERE]]
    return Vocabulary(ids=ids, words=WORDS)


def keyed_shapes() -> Mapping[str, Shape]:
    """Give the shapes of the types that `node(id)` knows."""
    schema_types = schema()._schema
    found = {}
    for kind in schema_types.get_possible_types(schema_types.type_map["Node"]):  # type: ignore[arg-type]
        cls: Any = kind.extensions["strawberry-definition"].origin
        assert mapping_of(cls) is not None
        found[kind.name] = shape_of(cls)
    return found


async def explains_some(invoices: Sequence[int]) -> Mapping[int, Sequence[LineExplanation]]:
    """Explain as billing does: some lines are, some are not, and one invoice that is none spoils the lot."""
    if any(number % 4 == 0 for number in invoices):
        raise NotExplained("not by a run")
    return {number: [_line(number, position) for position in range(1, number % 4)] for number in invoices}


def _line(invoice: int, position: int) -> LineExplanation:
    given = {"id": "a", "name": 'use "x"', "value": "1/3", "unit": "", "source": "s", "quality": "ACTUAL"}
    series = {**given, "id": "b", "value": ["0", "-0.000001"], "decision": "No. 1"}
    step = {"id": "c", "op": "mul", "args": ["a", "b"], "value": "0.000000"}
    why: Any = {
        "tariff": "heat",
        "inputs": [given, series],
        "steps": [step, {**step, "op": "round", "places": 2}],
        "result": "c",
        "rounding": {"name": "per_rate"} if position % 2 else {},
    }
    return LineExplanation(
        invoice_id=invoice, position=position, code="heating", net=Decimal(0), text="a × b\u2028", why=why
    )
