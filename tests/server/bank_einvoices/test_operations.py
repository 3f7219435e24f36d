"""Invoices for internet banks: agreed, put into files once, handed over once, and given up with a receipt."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from lxml import etree
from mains_server.access.records import Refusal
from mains_server.bank_einvoices.operations import (
    Making,
    agree_account,
    end_account,
    forget_bank_files,
    hand_over,
    make_files,
    set_aside,
)
from mains_server.bank_einvoices.queries import bank_file, bank_file_content, bank_files
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest

pytestmark = pytest.mark.asyncio
SWEDBANK, SEB, CITADELE = "LV62HABA0551234567890", "LV02UNLA0050123456789", "LV97PARX0050123456789"
BANKS = frozenset({"HABALV22", "UNLALV2X"})
AT_SWEDBANK = "LV62HABA…7890"


def making(office, *, later=timedelta(0), banks=BANKS):
    """Make files on the office's day, or later."""
    press = office.press(later=later)
    return Making(banks=banks, press=press, today=press.now.date())


async def agreed(office, contract, iban):
    """Agree on an account for a contract."""
    (customer,) = office.rows("select customer_id from contract where id = %s", contract)[0]
    async with unit_of_work(office.engine) as session:
        return await agree_account(
            session, customer_id=customer, contract_id=contract, iban=iban, banks=BANKS, now=office.now, person_id=None
        )


async def made(office, **given):
    """Make files of what waits."""
    async with unit_of_work(office.engine) as session:
        return await make_files(session, making=making(office, **given))


async def handed(office, file):
    """Hand a file over."""
    async with unit_of_work(office.engine) as session:
        return await hand_over(session, file_id=file, person_id=7, now=office.now)


async def content(office, file):
    """Give the bytes of a file."""
    async with read_session(office.engine) as session:
        return await bank_file_content(session, file_id=file)


async def paid(office, invoice):
    """Have an invoice paid whole."""
    (customer, total) = office.rows("select customer_id, total from invoice where id = %s", invoice)[0]
    request = PaymentRequest(
        customer_id=customer, amount=total, currency="EUR", method=PaymentMethod.BANK_TRANSFER, reference="",
        idempotency_key="paid", received_on=office.now.date(),
    )  # fmt: skip
    async with unit_of_work(office.engine) as session:
        await receive_payment(session, request=request, now=office.now)


async def test_each_bank_gets_its_file_with_count_and_sum(office):
    for iban in (SWEDBANK, SWEDBANK.lower(), SEB):
        await agreed(office, office.household(delivery="BANK"), iban)
    invoices = await office.issue()
    assert await office.begin() == 3

    files = await made(office)

    async with read_session(office.engine) as session:
        first, second = [await bank_file(session, file_id=file) for file in files]
        assert [one.id for one in await bank_files(session)] == [second.id, first.id]
    totals = dict(office.rows("select id, total from invoice"))
    assert (first.bank, first.name, first.invoices) == ("HABALV22", "einvoices-HABALV22-20230210-001.xml", 2)
    assert first.total == totals[invoices[0]] + totals[invoices[1]] > 0
    assert (second.bank, second.number, second.invoices, second.total) == ("UNLALV2X", 1, 1, totals[invoices[2]])
    written = etree.fromstring(await content(office, first.id))
    assert written.findtext("Footer/TotalNumberInvoices") == "2"
    assert Decimal(written.findtext("Footer/TotalAmount")) == first.total
    assert [one.get("channelAddress") for one in written.iterfind("Invoice")] == [SWEDBANK] * 2
    assert await office.deliveries(invoices[0]) == [("BANK", "WAITING", [])]


async def test_an_invoice_is_in_one_file_and_delivered_once(office):
    await agreed(office, office.household(delivery="BANK"), SWEDBANK)
    (invoice,) = await office.issue()
    await office.begin()
    (file,) = await made(office)

    with pytest.raises(Refusal) as nothing:
        await made(office)
    assert await handed(office, file) == file
    with pytest.raises(Refusal) as again:
        await handed(office, file)
    with pytest.raises(Refusal) as unknown:
        await handed(office, file + 1)

    codes = [one.value.code for one in (nothing, again, unknown)]
    assert codes == ["NO_BANK_INVOICES", "BANK_FILE_HANDED_OVER", "BANK_FILE_UNKNOWN"]
    assert await office.deliveries(invoice) == [("BANK", "DELIVERED", [("HANDED_OVER", AT_SWEDBANK)])]
    assert office.rows("select detail, files from delivery_receipt") == [
        (f"HABALV22, file {file}", ["einvoices-HABALV22-20230210-001.xml"])
    ]
    assert office.rows("select count(*) from bank_einvoice_handover") == [(1,)]


async def test_two_at_once_take_each_invoice_once(office):
    for _ in range(4):
        await agreed(office, office.household(delivery="BANK"), SWEDBANK)
    await office.issue()
    await office.begin()

    outcomes = await asyncio.gather(made(office), made(office), return_exceptions=True)

    assert not [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, Refusal)]
    assert office.rows("select sum(invoices)::int from bank_einvoice_file") == [(4,)]
    assert office.rows("select count(distinct delivery_id) from bank_einvoice_entry") == [(4,)]


async def test_a_file_is_forgotten_and_that_it_was_made_is_not(office):
    await agreed(office, office.household(delivery="BANK"), SWEDBANK)
    await office.issue()
    await office.begin()
    (file,) = await made(office)

    counts = []
    for before in (office.now, office.now + timedelta(seconds=1), office.now + timedelta(seconds=1)):
        async with unit_of_work(office.engine) as session:
            counts.append(await forget_bank_files(session, before=before))

    assert counts == [0, 1, 0]
    assert await content(office, file) is None
    assert await handed(office, file) == file


async def test_a_file_stays_as_it_was_made(office):
    await agreed(office, office.household(delivery="BANK"), SWEDBANK)
    await office.issue()
    await office.begin()
    (file,) = await made(office)
    before = await content(office, file)

    await agreed(office, office.rows("select id from contract")[0][0], SEB)
    office.rows("update customer set name = 'Cita' returning id")

    assert await content(office, file) == before
    assert office.rows("select sha256, size from bank_einvoice_file") == [(sha256(before).hexdigest(), len(before))]
    for statement in ("update bank_einvoice_file set invoices = 2", "delete from bank_einvoice_entry"):
        with pytest.raises(Exception, match="append"):
            office.town.connection.execute(statement)


@pytest.mark.parametrize(
    ("why", "later", "banks", "receipt"),
    [
        ("none", timedelta(0), BANKS, ("NO_ADDRESS", None)),
        ("ended", timedelta(0), BANKS, ("NO_ADDRESS", None)),
        ("bank", timedelta(0), frozenset({"UNLALV2X"}), ("NO_ADDRESS", AT_SWEDBANK)),
        ("late", timedelta(days=60), BANKS, ("REFUSED", AT_SWEDBANK)),
    ],
)
async def test_what_no_bank_would_take_goes_by_post(office, why, later, banks, receipt):
    contract = office.household(delivery="BANK")
    if why != "none":
        await agreed(office, contract, SWEDBANK)
    (invoice,) = await office.issue()
    await office.begin()
    if why == "ended":
        (customer,) = office.rows("select customer_id from contract")[0]
        async with unit_of_work(office.engine) as session:
            await end_account(session, customer_id=customer, contract_id=contract, now=office.now)

    with pytest.raises(Refusal) as nothing:
        await made(office, later=later, banks=banks)
    async with unit_of_work(office.engine) as session:
        count = await set_aside(session, making=making(office, later=later, banks=banks))

    assert (nothing.value.code, count) == ("NO_BANK_INVOICES", 1)
    assert await office.deliveries(invoice) == [("BANK", "FAILED" if why == "late" else "NO_ADDRESS", [receipt]),
                                                ("POST", "WAITING", [])]  # fmt: skip
    assert office.rows("select count(*) from bank_einvoice_file") == [(0,)]


@pytest.mark.parametrize(
    ("iban", "code"),
    [
        ("", "IBAN_MALFORMED"),
        ("LV63HABA0551234567890", "IBAN_MALFORMED"),
        ("HABALV22", "IBAN_MALFORMED"),
        (CITADELE, "BANK_NOT_SERVED"),
        ("DE89370400440532013000", "BANK_NOT_SERVED"),
    ],
)
async def test_an_account_that_no_file_goes_to_is_refused(office, iban, code):
    contract = office.household(delivery="BANK")
    await agreed(office, contract, SWEDBANK)

    with pytest.raises(Refusal) as refused:
        await agreed(office, contract, iban)

    assert (refused.value.code, refused.value.path) == (code, "iban")
    assert office.rows("select iban, ended_at from bank_einvoice_account") == [(SWEDBANK, None)]


async def test_what_was_paid_is_shown_and_not_paid_again(office):
    await agreed(office, office.household(delivery="BANK"), SWEDBANK)
    (invoice,) = await office.issue()
    await office.begin()
    await paid(office, invoice)

    (file,) = await made(office)

    written = etree.fromstring(await content(office, file))
    assert written.findtext("Invoice/PaymentInfo/Payable") == "NO"
    assert written.findtext("Invoice/PaymentInfo/PaymentTotalSum") == "0.00"
    assert written.findtext("Footer/TotalAmount") == "0.00"
